//! `npz(path, x:, y:)`: numpy's zip archives of npy files, stored or deflated.

use super::elements::read_error;
use super::file;
use super::npy::{self, Described};
use super::source::{Opened, Reader, Sink};
use crate::diagnostics::{Diagnostic, data, near};
use crate::model::Spanned;
use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::path::Path;
use zip::ZipArchive;
use zip::result::ZipError;

struct Npz {
    file: data::File,
    archive: ZipArchive<BufReader<File>>,
    x: (String, Described),
    y: (String, Described),
}

/// Opens the archive and reads the headers of both arrays.
pub(super) fn open(
    base: &Path,
    path: &Spanned<String>,
    x: &Spanned<String>,
    y: &Spanned<String>,
) -> Result<Opened, Diagnostic> {
    let file::Opened { file, reader, .. } = file::open(base, path)?;
    let mut archive = ZipArchive::new(reader).map_err(|error| zip_error(&file, &error))?;
    let mut describe = |name: &Spanned<String>| {
        let entry = entry_name(&file, &archive, name)?;
        let mut contents = archive.by_name(&entry).map_err(|error| zip_error(&file, &error))?;
        let described = npy::describe(&file, &mut contents)?;
        if contents.size() != described.array.end() {
            let what =
                format!("`{entry}` has {} bytes, its header promises {}", contents.size(), described.array.end());
            return Err(data::wrong_format(&file, "an intact npz archive", &what));
        }
        Ok((entry, described))
    };
    let (x, y) = (describe(x)?, describe(y)?);
    let header = npy::header((&file, &x.1), (&file, &y.1))?;
    Ok(Opened::new(header, Npz { file, archive, x, y }))
}

impl Reader for Npz {
    fn read(mut self: Box<Self>, rows: Range<usize>, x: &mut dyn Sink, y: &mut dyn Sink) -> Result<(), Diagnostic> {
        let Self { file, archive, x: inputs, y: targets } = &mut *self;
        let mut read = |(entry, described): &(String, Described), sink: &mut dyn Sink| {
            let mut contents = archive.by_name(entry).map_err(|error| zip_error(file, &error))?;
            npy::describe(file, &mut contents)?;
            described.read(&mut contents, file, rows.clone(), sink)
        };
        read(inputs, x)?;
        read(targets, y)
    }
}

/// The name of an array's entry, `NAME.npy`.
fn entry_name(
    file: &data::File,
    archive: &ZipArchive<BufReader<File>>,
    name: &Spanned<String>,
) -> Result<String, Diagnostic> {
    let entry = format!("{}.npy", name.value);
    if archive.index_for_name(&entry).is_some() {
        return Ok(entry);
    }
    let names = archive.file_names().filter_map(Result::ok);
    let mut known: Vec<String> = names.filter_map(|name| Some(name.strip_suffix(".npy")?.to_owned())).collect();
    known.sort_unstable();
    let near = near::nearest(&name.value, known.iter().map(String::as_str));
    Err(data::not_in_file(file, "array", &name.value, name.span, near, &known))
}

fn zip_error(file: &data::File, error: &ZipError) -> Diagnostic {
    match error {
        ZipError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => read_error(file, error, 0, 0),
        _ => data::wrong_format(file, "an npz archive that can be read", &error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::{Folder, at, failure, npy, npz, read_all};

    fn open_bytes(bytes: &[u8], x: &str, y: &str) -> Result<Opened, Diagnostic> {
        let folder = Folder::with(&[("a.npz", bytes)]);
        open(folder.path(), &at("a.npz"), &at(x), &at(y))
    }

    fn arrays() -> [(&'static str, Vec<u8>); 2] {
        let x = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2), }", &[1, 2, 3, 4, 5, 6]);
        let y = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", &[7, 8, 9]);
        [("inputs.npy", x), ("labels.npy", y)]
    }

    #[test]
    fn stored_and_deflated_archives() {
        for deflated in [false, true] {
            let opened = open_bytes(&npz(&arrays(), deflated), "inputs", "labels").unwrap();
            assert_eq!(read_all(opened, 1..3).unwrap(), (vec![3.0, 4.0, 5.0, 6.0], vec![8.0, 9.0]));
        }
    }

    #[test]
    fn damaged_archives_and_missing_arrays() {
        let good = npz(&arrays(), true);
        let missing = failure(open_bytes(&good, "input", "labels"));
        assert_eq!((missing.code.0, missing.helps[0].edits[0].replacement.as_str()), ("E0606", "\"inputs\""));
        let [x, (_, y)] = arrays();
        let uneven = failure(open_bytes(&npz(&[x.clone(), ("y.npy", y[..y.len() - 1].to_vec())], true), "inputs", "y"));
        assert_eq!(uneven.code.0, "E0602", "{}", uneven.message);
        for length in [0, 10, good.len() / 2, good.len() - 1] {
            let error = failure(open_bytes(&good[..length], "inputs", "labels"));
            assert_eq!(error.code.0, "E0602", "{}", error.message);
        }
        let mut flipped = npz(&arrays(), false);
        let at = flipped.windows(6).position(|window| window == [1, 2, 3, 4, 5, 6]).unwrap();
        flipped[at] ^= 0x40;
        let error = read_all(open_bytes(&flipped, "inputs", "labels").unwrap(), 0..3).unwrap_err();
        assert_eq!(error.code.0, "E0602", "the checksum tells: {}", error.message);
    }
}
