//! Which files are tested: those named, and those of the folders named, without what ignore files leave out. Beside them, the
//! snapshots whose file is gone.

use super::Failure;
use crate::cli::files;
use std::path::{Path, PathBuf};

/// What stands after the whole name of a file in that of its snapshot: `deep.net.snap`.
pub(super) const SUFFIX: &str = ".snap";

/// What was found, each in order of the paths, and within a folder by name.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The files, each once.
    pub(super) files: Vec<PathBuf>,
    /// The snapshots without a file.
    pub(super) stale: Vec<PathBuf>,
}

/// Looks for them.
pub(super) fn find(paths: &[PathBuf]) -> Result<Found, Failure> {
    let mut found = Found::default();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut found)?;
        } else if path.extension().is_some_and(|extension| extension == "net") {
            add(path, &mut found.files);
        } else if let Some(file) = file_of(path).filter(|_| path.is_file()) {
            // As a shell's `*` gives them, snapshots stand for their files.
            let (path, paths) = if file.exists() { (&file, &mut found.files) } else { (path, &mut found.stale) };
            add(path, paths);
        } else {
            return Err(no_net_file(path));
        }
    }
    Ok(found)
}

/// The file that a snapshot is of, by its name.
fn file_of(snapshot: &Path) -> Option<PathBuf> {
    let file = snapshot.file_name()?.to_str()?.strip_suffix(SUFFIX).filter(|file| file.ends_with(".net"))?;
    Some(snapshot.with_file_name(file))
}

/// The snapshot of a file.
pub(super) fn snapshot_of(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(SUFFIX);
    PathBuf::from(path)
}

fn walk(folder: &Path, found: &mut Found) -> Result<(), Failure> {
    for path in files::walk(folder)? {
        if path.extension().is_some_and(|extension| extension == "net") {
            add(&path, &mut found.files);
        } else if file_of(&path).is_some_and(|file| !file.exists()) {
            add(&path, &mut found.stale);
        }
    }
    Ok(())
}

/// Adds a path that is not there under another spelling.
fn add(path: &Path, paths: &mut Vec<PathBuf>) {
    let is_same = |other: &PathBuf| match (other.canonicalize(), path.canonicalize()) {
        (Ok(other), Ok(path)) => other == path,
        _ => other == path,
    };
    if !paths.iter().any(is_same) {
        paths.push(path.to_owned());
    }
}

fn no_net_file(path: &Path) -> Failure {
    let name = path.display();
    if path.exists() {
        return Failure::wrong(format!("`{name}` is not a `.net` file"));
    }
    Failure::wrong(format!("there is no file or folder `{name}`"))
}
