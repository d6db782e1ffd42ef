//! `safetensors(path, x:, y:)`, and the tensors that initial weights are read from. The header is read and checked whole, the
//! numbers only as they are asked for.

use super::elements::{Array, ElementType};
use super::file;
use super::source::{Count, Header, Labels, Opened, Reader, Sink};
use crate::diagnostics::{Diagnostic, data, near};
use crate::model::Spanned;
use crate::shape::Shape;
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

const FORMAT: &str = "a safetensors file";
/// The format's own limit.
const LONGEST_HEADER: u64 = 100_000_000;

/// An open safetensors file.
#[derive(Debug)]
pub(in crate::run) struct Tensors {
    /// What diagnostics call it.
    pub(in crate::run) file: data::File,
    reader: BufReader<File>,
    metadata: Metadata,
    /// The first byte after the header.
    start: u64,
}

impl Tensors {
    /// Opens a file and checks its header.
    ///
    /// # Errors
    /// E0601 to E0603.
    pub(in crate::run) fn open(base: &Path, path: &Spanned<String>) -> Result<Self, Diagnostic> {
        let file::Opened { file, mut reader, bytes } = file::open(base, path)?;
        let wrong = |found: &str| data::wrong_format(&file, FORMAT, found);
        let mut length = [0; 8];
        if bytes < 8 {
            return Err(wrong(&format!("it has {bytes} bytes, fewer than its header's length takes")));
        }
        let failed = |error: std::io::Error| data::unreadable_file(&file, &file::reason(&error));
        reader.read_exact(&mut length).map_err(failed)?;
        let length = u64::from_le_bytes(length);
        if length > (bytes - 8).min(LONGEST_HEADER) {
            return Err(wrong(&format!("its header claims {length} bytes")));
        }
        let mut text = vec![0; usize::try_from(length).expect("a header's length is below the limit")];
        reader.read_exact(&mut text).map_err(failed)?;
        let metadata: Metadata =
            serde_json::from_slice(&text).map_err(|error| wrong(&format!("its header says {error}")))?;
        let start = 8 + length;
        let end = start + metadata.data_len() as u64;
        if bytes < end {
            return Err(data::truncated(&file, bytes, end));
        }
        if bytes > end {
            return Err(data::trailing(&file, end));
        }
        Ok(Self { file, reader, metadata, start })
    }

    /// Shapes, formats and places of the tensors, and what is written beside them.
    pub(in crate::run) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// All that stands after the header; no longer than the header says.
    ///
    /// # Errors
    /// E0601 where it cannot be read.
    pub(in crate::run) fn contents(&mut self) -> Result<Vec<u8>, Diagnostic> {
        let mut contents = Vec::new();
        let read = self.reader.seek(SeekFrom::Start(self.start));
        let read =
            read.and_then(|_| self.reader.by_ref().take(self.metadata.data_len() as u64).read_to_end(&mut contents));
        read.map_err(|error| data::unreadable_file(&self.file, &file::reason(&error)))?;
        Ok(contents)
    }

    /// The names of the tensors, sorted.
    pub(in crate::run) fn names(&self) -> Vec<String> {
        let mut names = self.metadata.offset_keys();
        names.sort_unstable();
        names
    }

    /// The tensor of a name, if there is one.
    ///
    /// # Errors
    /// E0607 where it holds no numbers that can be used.
    pub(in crate::run) fn find(&self, name: &str) -> Result<Option<Array>, Diagnostic> {
        let Some(info) = self.metadata.info(name) else { return Ok(None) };
        let element = match info.dtype {
            Dtype::BOOL => ElementType::Bool,
            Dtype::U8 => ElementType::Unsigned(1),
            Dtype::I8 => ElementType::Signed(1),
            Dtype::U16 => ElementType::Unsigned(2),
            Dtype::I16 => ElementType::Signed(2),
            Dtype::U32 => ElementType::Unsigned(4),
            Dtype::I32 => ElementType::Signed(4),
            Dtype::U64 => ElementType::Unsigned(8),
            Dtype::I64 => ElementType::Signed(8),
            Dtype::F16 => ElementType::Float(2),
            Dtype::BF16 => ElementType::BFloat16,
            Dtype::F32 => ElementType::Float(4),
            Dtype::F64 => ElementType::Float(8),
            other => {
                let usable = "booleans, integers and floats of 2, 4 or 8 bytes";
                return Err(data::wrong_tensor_type(&self.file, name, &format!("{other} numbers"), usable));
            }
        };
        let offset = self.start + info.data_offsets.0 as u64;
        Array::new(&self.file, element, false, Shape::new(info.shape.as_slice()), offset).map(Some)
    }

    /// Reads examples `rows` of one of its tensors.
    ///
    /// # Errors
    /// E0604 where a number is none.
    pub(in crate::run) fn read(
        &mut self,
        array: &Array,
        rows: Range<usize>,
        sink: &mut dyn Sink,
    ) -> Result<(), Diagnostic> {
        let sought = self.reader.seek(SeekFrom::Start(array.offset));
        sought.map_err(|error| data::unreadable_file(&self.file, &file::reason(&error)))?;
        array.read(&mut self.reader, &self.file, rows, false, sink)
    }
}

struct Pair {
    tensors: Tensors,
    x: Array,
    y: Array,
}

/// Opens the file and finds both tensors.
pub(super) fn open(
    base: &Path,
    path: &Spanned<String>,
    x: &Spanned<String>,
    y: &Spanned<String>,
) -> Result<Opened, Diagnostic> {
    let tensors = Tensors::open(base, path)?;
    let find = |name: &Spanned<String>| {
        tensors.find(&name.value)?.ok_or_else(|| {
            let known = tensors.names();
            let near = near::nearest(&name.value, known.iter().map(String::as_str));
            data::not_in_file(&tensors.file, "tensor", &name.value, name.span, near, &known)
        })
    };
    let (inputs, targets) = (find(x)?, find(y)?);
    if inputs.examples() != targets.examples() {
        let named = |span| data::File { span, path: tensors.file.path.clone() };
        return Err(data::uneven_counts(&named(x.span), inputs.examples(), &named(y.span), targets.examples()));
    }
    let header = Header::new(Count::Fixed(inputs.examples()), inputs.example(), targets.example(), Labels::Numbers);
    Ok(Opened::new(header, Pair { tensors, x: inputs, y: targets }))
}

impl Reader for Pair {
    fn read(mut self: Box<Self>, rows: Range<usize>, x: &mut dyn Sink, y: &mut dyn Sink) -> Result<(), Diagnostic> {
        let Self { tensors, x: inputs, y: targets } = &mut *self;
        tensors.read(inputs, rows.clone(), x)?;
        tensors.read(targets, rows, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::{Folder, at, failure, read_all, safetensors};

    fn open_bytes(bytes: &[u8], x: &str, y: &str) -> Result<Opened, Diagnostic> {
        let folder = Folder::with(&[("a.safetensors", bytes)]);
        open(folder.path(), &at("a.safetensors"), &at(x), &at(y))
    }

    #[test]
    fn two_tensors_are_read_by_name() {
        let x: Vec<u8> = (1..=6).flat_map(|number| f64::from(number).to_le_bytes()).collect();
        let bytes = safetensors(&[("data/x", "F64", "[3, 2]", &x), ("data/t", "U8", "[3]", &[7, 8, 9])]);
        let opened = open_bytes(&bytes, "data/x", "data/t").unwrap();
        assert_eq!(read_all(opened, 1..3).unwrap(), (vec![3.0, 4.0, 5.0, 6.0], vec![8.0, 9.0]));
    }

    #[test]
    fn hostile_headers_are_refused() {
        let good = safetensors(&[("x", "U8", "[2]", &[1, 2]), ("y", "U8", "[2]", &[3, 4])]);
        let header = |text: &str, data: &[u8]| [&(text.len() as u64).to_le_bytes(), text.as_bytes(), data].concat();
        let cases: [(&str, Vec<u8>, &str); 11] = [
            ("E0602", b"1234567".to_vec(), "7 bytes"),
            ("E0602", u64::MAX.to_le_bytes().to_vec(), "claims 18446744073709551615"),
            ("E0602", header("{\"x\": [", &[]), "its header says"),
            ("E0602", header(&"[".repeat(100_000), &[]), "its header says"),
            (
                "E0602",
                header("{\"x\":{\"dtype\":\"F64\",\"shape\":[1152921504606846976],\"data_offsets\":[0,8]}}", &[0; 8]),
                "header",
            ),
            ("E0602", header("{\"x\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,0]}}", &[0; 8]), "header"),
            ("E0603", good[..good.len() - 1].to_vec(), "its header promises"),
            ("E0603", [good.as_slice(), &[0]].concat(), "goes on"),
            ("E0606", safetensors(&[("images", "U8", "[2]", &[1, 2]), ("y", "U8", "[2]", &[3, 4])]), "no tensor `x`"),
            ("E0608", safetensors(&[("x", "U8", "[2]", &[1, 2]), ("y", "U8", "[3]", &[3, 4, 5])]), "has 2 examples"),
            ("E0607", safetensors(&[("x", "C64", "[1]", &[0; 8]), ("y", "U8", "[1]", &[3])]), "C64"),
        ];
        for (code, bytes, words) in cases {
            let error = failure(open_bytes(&bytes, "x", "y"));
            assert_eq!(error.code.0, code, "{}", error.message);
            assert!(error.message.contains(words), "{}", error.message);
        }
    }
}
