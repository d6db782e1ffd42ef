//! `idx(images, labels)`: the files of MNIST, plain or gzip (told by their first bytes, not by their names). Two zero bytes, a
//! type, the number of extents, the extents (32 bits, most significant byte first), the numbers, nothing after.

use super::elements::{Array, ElementType, read_error};
use super::file;
use super::source::{Count, Header, Labels, Opened, Reader, Sink};
use crate::diagnostics::{Diagnostic, data};
use crate::model::Spanned;
use crate::shape::Shape;
use flate2::bufread::MultiGzDecoder;
use std::io::{BufRead, Read};
use std::ops::Range;
use std::path::Path;

const GZIP: [u8; 2] = [0x1F, 0x8B];

/// One file whose header has been read; the reader stands at the first number.
struct Part {
    file: data::File,
    array: Array,
    reader: Box<dyn Read>,
}

struct Idx {
    images: Part,
    labels: Part,
}

/// Opens both files and reads their headers.
pub(super) fn open(base: &Path, images: &Spanned<String>, labels: &Spanned<String>) -> Result<Opened, Diagnostic> {
    let images = open_part(base, images)?;
    let labels = open_part(base, labels)?;
    let (examples, targets) = (images.array.examples(), labels.array.examples());
    if examples != targets {
        return Err(data::uneven_counts(&images.file, examples, &labels.file, targets));
    }
    let y = labels.array.example();
    let whole = !matches!(labels.array.element, ElementType::Float(_));
    let kind = if y.rank() == 0 && whole { Labels::Classes(None) } else { Labels::Numbers };
    let header = Header::new(Count::Fixed(examples), images.array.example(), y, kind);
    Ok(Opened::new(header, Idx { images, labels }))
}

impl Reader for Idx {
    fn read(mut self: Box<Self>, rows: Range<usize>, x: &mut dyn Sink, y: &mut dyn Sink) -> Result<(), Diagnostic> {
        let Self { images, labels } = &mut *self;
        images.array.read(&mut images.reader, &images.file, rows.clone(), true, x)?;
        labels.array.read(&mut labels.reader, &labels.file, rows, true, y)
    }
}

/// What is wrong with each of the files by itself.
pub(super) fn mistakes(base: &Path, images: &Spanned<String>, labels: &Spanned<String>) -> Vec<Diagnostic> {
    [images, labels].into_iter().filter_map(|path| open_part(base, path).err()).collect()
}

fn open_part(base: &Path, path: &Spanned<String>) -> Result<Part, Diagnostic> {
    let file::Opened { file, mut reader, bytes } = file::open(base, path)?;
    let start = reader.fill_buf().map_err(|error| read_error(&file, &error, 0, 4))?;
    let compressed = start.starts_with(&GZIP);
    let mut reader: Box<dyn Read> = if compressed { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) };
    let array = read_header(&file, &mut reader)?;
    // A plain file's length is known, so that `check` finds what is missing.
    if !compressed && bytes < array.end() {
        return Err(data::truncated(&file, bytes, array.end()));
    }
    if !compressed && bytes > array.end() {
        return Err(data::trailing(&file, array.end()));
    }
    Ok(Part { file, array, reader })
}

fn read_header(file: &data::File, reader: &mut dyn Read) -> Result<Array, Diagnostic> {
    let mut magic = [0; 4];
    fill(file, reader, &mut magic, 0)?;
    let [0, 0, code, rank] = magic else {
        let found = magic.map(|byte| format!("{byte:02x}")).join(" ");
        return Err(data::wrong_format(file, "an IDX file", &format!("it begins with {found} instead of 00 00")));
    };
    let element = match code {
        0x08 => ElementType::Unsigned(1),
        0x09 => ElementType::Signed(1),
        0x0B => ElementType::Signed(2),
        0x0C => ElementType::Signed(4),
        0x0D => ElementType::Float(4),
        0x0E => ElementType::Float(8),
        _ => {
            return Err(data::wrong_format(
                file,
                "an IDX file",
                &format!("byte 2 names the type {code:#04x}, which there is not"),
            ));
        }
    };
    if rank == 0 {
        return Err(data::wrong_format(file, "an IDX file of examples", "byte 3 says that it has no axis"));
    }
    let mut extents = vec![0; 4 * usize::from(rank)];
    fill(file, reader, &mut extents, 4)?;
    let extent = |bytes: &[u8]| bytes.iter().fold(0, |extent, byte| extent << 8 | usize::from(*byte));
    let shape = Shape(extents.chunks(4).map(extent).collect());
    Array::new(file, element, true, shape, 4 + extents.len() as u64)
}

fn fill(file: &data::File, reader: &mut dyn Read, into: &mut [u8], at: u64) -> Result<(), Diagnostic> {
    let end = at + into.len() as u64;
    reader.read_exact(into).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            data::wrong_format(file, "an IDX file", &format!("it ends within its header of at least {end} bytes"))
        }
        _ => read_error(file, &error, at, end),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::{Folder, at, failure, gzip, idx, read_all};

    fn open_bytes(images: &[u8], labels: &[u8]) -> Result<Opened, Diagnostic> {
        let folder = Folder::with(&[("x", images), ("y", labels)]);
        open(folder.path(), &at("x"), &at("y"))
    }

    #[test]
    fn plain_and_compressed_files_hold_the_same() {
        let (images, labels) = (idx(0x08, &[3, 2, 2], &(0..12).collect::<Vec<_>>()), idx(0x08, &[3], &[7, 0, 9]));
        for (images, labels) in
            [(images.clone(), labels.clone()), (gzip(&images), gzip(&labels)), (gzip(&images), labels)]
        {
            let opened = open_bytes(&images, &labels).unwrap();
            assert_eq!(opened.header.x, Shape::new([2, 2]));
            assert_eq!(opened.header.labels, Labels::Classes(None));
            let (x, y) = read_all(opened, 1..3).unwrap();
            assert_eq!(x, (4..12).map(f64::from).collect::<Vec<_>>());
            assert_eq!(y, [0.0, 9.0]);
        }
    }

    #[test]
    fn damaged_files_are_named_with_the_place() {
        let labels = idx(0x08, &[2], &[0, 1]);
        let good = idx(0x08, &[2, 2], &[1, 2, 3, 4]);
        let cases: [(&str, Vec<u8>, &str); 9] = [
            ("E0602", b"".to_vec(), "within its header"),
            ("E0602", b"\x89PNG\r\n".to_vec(), "89 50 4e 47"),
            ("E0602", vec![0, 0, 8, 0], "no axis"),
            ("E0602", vec![0, 0, 7, 1, 0, 0, 0, 1, 0], "0x07"),
            ("E0602", vec![0, 0, 8, 200, 0, 0], "within its header of at least 804 bytes"),
            ("E0603", good[..good.len() - 1].to_vec(), "ends at byte 15, but its header promises 16"),
            ("E0603", [good.as_slice(), &[0]].concat(), "goes on after byte 16"),
            ("E0605", idx(0x0E, &[u32::MAX, u32::MAX, u32::MAX], &[]), "4294967295"),
            ("E0608", idx(0x08, &[0, 4], &[]), "[0, 4]"),
        ];
        for (code, images, words) in cases {
            let error = failure(open_bytes(&images, &labels));
            assert_eq!(error.code.0, code, "{}", error.message);
            assert!(error.message.contains(words), "{}", error.message);
            assert!(error.message.contains("x`"), "{}", error.message);
        }
        let uneven = failure(open_bytes(&idx(0x08, &[3, 1], &[1, 2, 3]), &labels));
        assert_eq!((uneven.code.0, uneven.secondary.len()), ("E0608", 1));
    }

    #[test]
    fn damaged_gzip_is_found_where_it_is_read() {
        let labels = idx(0x08, &[2000], &[1; 2000]);
        let pixels: Vec<u8> = (0..40_000_u32).map(|at| ((at * at) >> 7) as u8).collect();
        let good = gzip(&idx(0x08, &[2000, 20], &pixels));
        let cut = read_all(open_bytes(&good[..good.len() / 2], &labels).unwrap(), 0..2000).unwrap_err();
        assert_eq!(cut.code.0, "E0603", "{}", cut.message);
        // The first examples can still be had.
        assert!(read_all(open_bytes(&good[..good.len() / 2], &labels).unwrap(), 0..10).is_ok());
        let mut flipped = good.clone();
        let last = flipped.len() - 6;
        flipped[last] ^= 1;
        let damaged = read_all(open_bytes(&flipped, &labels).unwrap(), 0..2000).unwrap_err();
        assert_eq!(damaged.code.0, "E0602", "{}", damaged.message);
        let long = gzip(&[idx(0x08, &[2000, 20], &pixels), vec![0]].concat());
        let trailing = read_all(open_bytes(&long, &labels).unwrap(), 0..2000).unwrap_err();
        assert_eq!(trailing.code.0, "E0603", "{}", trailing.message);
    }

    #[test]
    fn a_gzip_bomb_is_decompressed_no_further_than_asked() {
        let labels = idx(0x08, &[1000], &[0; 1000]);
        let bomb = gzip(&idx(0x08, &[1000, 50_000], &vec![0; 50_000_000]));
        assert!(bomb.len() < 100_000);
        let opened = open_bytes(&bomb, &labels).unwrap();
        assert_eq!(read_all(opened, 0..1).unwrap().0.len(), 50_000);
    }
}
