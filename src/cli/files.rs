//! The `.net` files that paths mean: a file itself, a folder all that are below it.

use super::Failure;
use super::output::reason;
use std::path::{Path, PathBuf};

/// The files, each once, those of a folder in order of their paths. What a folder hides (`.git`) is not looked at, and no
/// link is followed out of it.
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

fn below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = entries.map_err(|error| {
            Failure::wrong(format!("cannot read the folder `{}`: {}", folder.display(), reason(&error)))
        })?;
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type());
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if kind.as_ref().is_ok_and(std::fs::FileType::is_dir) {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "net") && path.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
