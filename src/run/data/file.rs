//! Opening the files that a `.net` text names: paths relative to its folder, missing ones with their near misses, and only
//! regular files, so that nothing is waited for.

use crate::diagnostics::{Diagnostic, data, near};
use crate::model::Spanned;
use std::fs;
use std::io::{BufReader, ErrorKind};
use std::path::Path;

/// How many neighbours of a missing file are looked at.
const MOST_NEIGHBOURS: usize = 10_000;

/// An open file.
#[derive(Debug)]
pub(in crate::run) struct Opened {
    /// What diagnostics call it.
    pub(in crate::run) file: data::File,
    /// Its contents.
    pub(in crate::run) reader: BufReader<fs::File>,
    /// Its length in bytes.
    pub(in crate::run) bytes: u64,
}

/// Opens `path`, which is relative to `base`.
///
/// # Errors
/// E0601 where it is not there, not a file or not readable.
pub(in crate::run) fn open(base: &Path, path: &Spanned<String>) -> Result<Opened, Diagnostic> {
    let resolved = base.join(&path.value);
    let file = data::File { span: path.span, path: resolved.display().to_string() };
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            data::no_such_file(&file, near_miss(base, &path.value).as_deref())
        }
        _ => data::unreadable_file(&file, &reason(&error)),
    };
    // Opening a pipe would wait for its writer: what is no file is refused unopened.
    if !fs::metadata(&resolved).map_err(failed)?.is_file() {
        return Err(data::unreadable_file(&file, "it is not a file"));
    }
    let opened = fs::File::open(&resolved).map_err(failed)?;
    let bytes = opened.metadata().map_err(failed)?.len();
    Ok(Opened { file, reader: BufReader::new(opened), bytes })
}

/// What an error says of itself, without the operating system's number.
pub(in crate::run) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

/// The path, as it would be written, of a file in the same folder whose name is near.
fn near_miss(base: &Path, written: &str) -> Option<String> {
    let path = Path::new(written);
    let name = path.file_name()?.to_str()?;
    let folder = base.join(path.parent()?);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder.as_path() };
    let neighbours: Vec<String> = fs::read_dir(folder)
        .ok()?
        .take(MOST_NEIGHBOURS)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let near = near::nearest(name, neighbours.iter().map(String::as_str))?;
    Some(format!("{}{near}", written.strip_suffix(name)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::{Folder, at};

    #[test]
    fn a_missing_file_names_its_near_miss_as_it_would_be_written() {
        let folder = Folder::with(&[("data/train-images.gz", b"x"), ("data/other.csv", b"x")]);
        let missing = open(folder.path(), &at("data/train-imges.gz")).unwrap_err();
        assert_eq!(missing.code.0, "E0601");
        assert!(missing.message.ends_with("data/train-imges.gz`"), "{}", missing.message);
        assert_eq!(missing.helps[0].edits[0].replacement, "\"data/train-images.gz\"");
        let nothing_near = open(folder.path(), &at("elsewhere/train-images.gz")).unwrap_err();
        assert!(nothing_near.helps.is_empty());
    }

    #[test]
    fn only_files_are_opened() {
        let folder = Folder::with(&[("data/x", b"x")]);
        for path in ["data", ".", "/dev/zero", "", "data/x/y", "a\0b"] {
            assert_eq!(open(folder.path(), &at(path)).unwrap_err().code.0, "E0601", "{path:?}");
        }
        assert_eq!(open(folder.path(), &at("data/x")).unwrap().bytes, 1);
    }
}
