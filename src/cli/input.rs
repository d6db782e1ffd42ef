//! The spec a verb works on: a file, or standard input as `-`.

use super::Failure;
use super::output::reason;
use crate::diagnostics::near::nearest;
use crate::source::MAX_SOURCE_BYTES;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A spec as it was read.
#[derive(Debug)]
pub(super) struct Input {
    /// What messages call it.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
    /// The folder that the paths in it start from.
    pub(super) folder: PathBuf,
}

/// Reads the spec at `path`.
pub(super) fn read(path: &Path) -> Result<Input, Failure> {
    if path == Path::new("-") {
        let bytes = read_bounded(io::stdin().lock())
            .map_err(|error| Failure::wrong(format!("cannot read standard input: {}", reason(&error))))?;
        let name = "<stdin>".to_owned();
        return Ok(Input { text: text_of(bytes, "standard input")?, name, folder: PathBuf::new() });
    }
    let name = path.display().to_string();
    let bytes = File::open(path).and_then(read_bounded).map_err(|error| cannot_read(path, &error))?;
    let text = text_of(bytes, &format!("`{name}`"))?;
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Input { name, text, folder })
}

/// Reads at most one byte more than a source may have.
fn read_bounded(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_SOURCE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text_of(bytes: Vec<u8>, name: &str) -> Result<String, Failure> {
    if bytes.len() > MAX_SOURCE_BYTES {
        let limit = MAX_SOURCE_BYTES >> 20;
        return Err(Failure::wrong(format!("{name} is larger than {limit} MiB, the most a `.net` file may have"))
            .help("numbers in bulk belong in a data file, named by `data { source: … }`"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
        let byte = error.as_bytes()[valid];
        Failure::wrong(format!("{name} is not UTF-8 text: byte 0x{byte:02x} at offset {valid}, in line {line}"))
    })
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            let failure = Failure::wrong(format!("there is no file `{name}`"));
            match similar(path) {
                Some(similar) => failure.help(format!("a file has a similar name: `{}`", similar.display())),
                None => failure,
            }
        }
        io::ErrorKind::IsADirectory => Failure::wrong(format!("`{name}` is a folder, not a `.net` file")),
        _ => Failure::wrong(format!("cannot read `{name}`: {}", reason(error))),
    }
}

/// A `.net` file of the same folder with a similar name.
fn similar(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".net"))
        .collect();
    let wanted = path.file_name()?.to_str()?;
    let with_extension = format!("{wanted}.net");
    let exact = names.iter().map(String::as_str).find(|name| *name == with_extension);
    let near = exact.or_else(|| nearest(wanted, names.iter().map(String::as_str)))?;
    Some(path.with_file_name(near))
}
