//! The `.net` files that paths mean: a file itself, a folder all that are below it.

use super::Failure;
use super::output::reason;
use ignore::WalkBuilder;
use std::path::{Path, PathBuf};

/// The files, each once, those of a folder in order of their paths. What a folder hides (`.git`) is not looked at, nor what
/// `.gitignore` and `.ignore` leave out, and no link is followed out of it.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let below = below(path)?;
            if below.is_empty() {
                return Err(Failure::wrong(format!("there is no `.net` file in the folder `{}`", path.display())));
            }
            files.extend(below);
        } else {
            files.push(path.clone());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

/// The `.net` files of a folder and those below it.
fn below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = walk(folder)?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "net"));
    Ok(files)
}

/// All files of a folder and those below it, in order of their paths, that no ignore file leaves out. What those say is the same on
/// every machine: the folders' own count, the user's do not.
pub(super) fn walk(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut walk = WalkBuilder::new(folder);
    walk.require_git(false).git_global(false).git_exclude(false).sort_by_file_name(Ord::cmp);
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(|error| {
            let why = error.io_error().map_or_else(|| error.to_string(), reason);
            Failure::wrong(format!("cannot read the folder `{}`: {why}", folder.display()))
        })?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            files.push(entry.path().strip_prefix(".").unwrap_or(entry.path()).to_owned());
        }
    }
    Ok(files)
}
