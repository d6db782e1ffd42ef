//! Where the product goes: standard output, or a file that is written beside and renamed, so that it is there whole or not at
//! all.

use super::Failure;
use anstream::AutoStream;
use std::io::{self, Write};
use std::path::Path;

/// Writes the product to `path`, or to standard output. A reader that closes the pipe has read enough: no failure.
pub(super) fn write(product: &[u8], path: Option<&Path>) -> Result<(), Failure> {
    match path {
        Some(path) => write_file(path, product)
            .map_err(|error| Failure::not_done(format!("cannot write `{}`: {}", path.display(), reason(&error)))),
        None => write_stdout(product)
            .map_err(|error| Failure::not_done(format!("cannot write to standard output: {}", reason(&error)))),
    }
}

/// Finds out before a long run that its product would have nowhere to go.
pub(super) fn require_place(path: &Path) -> Result<(), Failure> {
    let refused = |why: String| Err(Failure::not_done(format!("cannot write `{}`: {why}", path.display())));
    if path.is_dir() {
        return refused("it is a folder".to_owned());
    }
    match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        Some(folder) => refused(format!("there is no folder `{}`", folder.display())),
        None => Ok(()),
    }
}

/// The same for text that may hold colours: they are left out where `path` is given, and where standard output does not want
/// them.
pub(super) fn write_coloured(product: &str, wish: anstream::ColorChoice, path: Option<&Path>) -> Result<(), Failure> {
    if path.is_some() {
        return write(anstream::adapter::strip_str(product).to_string().as_bytes(), path);
    }
    write_to(AutoStream::new(io::stdout().lock(), wish), product.as_bytes())
        .map_err(|error| Failure::not_done(format!("cannot write to standard output: {}", reason(&error))))
}

fn write_stdout(product: &[u8]) -> io::Result<()> {
    write_to(io::stdout().lock(), product)
}

fn write_to(mut stdout: impl Write, product: &[u8]) -> io::Result<()> {
    match stdout.write_all(product).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Writes a whole file or nothing. What is no regular file (a pipe, `/dev/null`) cannot be replaced and is written to.
pub(super) fn write_file(path: &Path, contents: &[u8]) -> io::Result<()> {
    let known = std::fs::metadata(path);
    if known.as_ref().is_ok_and(|known| !known.is_file()) {
        return std::fs::write(path, contents);
    }
    // A link keeps pointing where it does: the file behind it is replaced.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside =
        tempfile::Builder::new().prefix(".gradc-").permissions(permissions(known.ok())).tempfile_in(folder)?;
    beside.write_all(contents)?;
    beside.as_file().sync_all()?;
    beside.persist(&target)?;
    Ok(())
}

/// Those of the file that is replaced, else what a new file gets from the user's mask.
#[cfg(unix)]
fn permissions(known: Option<std::fs::Metadata>) -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    known.map_or_else(|| std::fs::Permissions::from_mode(0o666), |known| known.permissions())
}

/// The operating system's words without its number.
pub(super) fn reason(error: &io::Error) -> String {
    let words = error.to_string();
    let words = words.split(" (os error").next().unwrap_or_default();
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
