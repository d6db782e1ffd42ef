//! What the tests of the sources share: folders of files made on the spot, and small writers of every format.

use super::source::Opened;
use crate::arena::Id;
use crate::diagnostics::{Diagnostic, data};
use crate::model::{Activation, Model, SourceKind, Spanned, TargetKind, check};
use crate::scalar::Function;
use crate::shape::Shape;
use crate::source::{Source, SourceId, Sources, Span};
use crate::syntax;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// A folder that is gone when the test is over.
pub(in crate::run) struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder of these files.
    pub(in crate::run) fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, contents) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, contents).unwrap();
        }
        Self(folder)
    }

    /// Where it is.
    pub(in crate::run) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A span that no message is drawn at.
pub(in crate::run) fn span() -> Span {
    Span::new(SourceId::new(0), 0..1)
}

/// A string of the `.net` file.
pub(in crate::run) fn at(text: &str) -> Spanned<String> {
    Spanned { value: text.to_owned(), span: span() }
}

/// A file for messages.
pub(in crate::run) fn file() -> data::File {
    data::File { span: span(), path: "file".to_owned() }
}

/// The diagnostic of a source that must not open.
pub(super) fn failure(result: Result<Opened, Diagnostic>) -> Diagnostic {
    result.err().expect("the source does not open")
}

/// Inputs and targets of some examples.
pub(super) fn read_all(opened: Opened, rows: Range<usize>) -> Result<(Vec<f64>, Vec<f64>), Diagnostic> {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    opened.reader.read(rows, &mut x, &mut y)?;
    Ok((x, y))
}

/// The model of a text without mistakes.
pub(in crate::run) fn checked(text: &str) -> Model {
    let mut sources = Sources::new();
    let prelude = check::prelude(&mut sources);
    let id = sources.add(Source::new("test.net", text));
    let parsed = syntax::parse(&sources, id);
    assert_eq!(parsed.diagnostics, [], "{text}");
    let checked = check(&mut sources, &prelude, &parsed.file, &check::Options::default());
    checked.model.unwrap_or_else(|| panic!("{text}: {:#?}", checked.diagnostics))
}

/// A model in f64 whose input and output are said to have these shapes, without data.
pub(in crate::run) fn model(input: &[usize], output: &[usize]) -> Model {
    let text = "network test {\n input(1)\n dense(1)\n loss: mse\n precision: f64\n}\n";
    Model { input: Shape::new(input), output: Shape::new(output), ..checked(text) }
}

/// The model with a loss that takes such targets.
pub(in crate::run) fn with_loss(mut model: Model, target: TargetKind) -> Model {
    model.loss.as_mut().expect("the test's model has a loss").target = target;
    model
}

/// An activation of this function.
pub(in crate::run) fn activation(function: Function) -> Activation {
    let text = "data { source: teacher(1, 1, tanh) }\nnetwork test {\n input(1)\n dense(1)\n loss: mse\n}\n";
    let Some(SourceKind::Teacher { activation, .. }) = checked(text).data.map(|data| data.source.kind) else {
        panic!("the data come from a teacher")
    };
    Activation { function: Some(Arc::new(function)), ..activation }
}

/// gzip-compressed.
pub(in crate::run) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An IDX file.
pub(in crate::run) fn idx(code: u8, extents: &[u32], contents: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, extents.len() as u8];
    bytes.extend(extents.iter().flat_map(|extent| extent.to_be_bytes()));
    bytes.extend(contents);
    bytes
}

/// An npy file of version 1.
pub(in crate::run) fn npy(header: &str, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), contents].concat()
}

/// A zip archive.
pub(in crate::run) fn npz(entries: &[(&str, Vec<u8>)], deflated: bool) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let method = if deflated { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, contents) in entries {
        archive.start_file(*name, options).unwrap();
        archive.write_all(contents).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A safetensors file of (name, type, shape, contents).
pub(in crate::run) fn safetensors(tensors: &[(&str, &str, &str, &[u8])]) -> Vec<u8> {
    let mut offset = 0;
    let entries = tensors.iter().map(|(name, dtype, shape, contents)| {
        let start = offset;
        offset += contents.len();
        format!("{name:?}:{{\"dtype\":{dtype:?},\"shape\":{shape},\"data_offsets\":[{start},{offset}]}}")
    });
    let header = format!("{{{}}}", entries.collect::<Vec<_>>().join(","));
    let contents = tensors.iter().flat_map(|tensor| tensor.3.iter().copied());
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.into_bytes());
    bytes.extend(contents);
    bytes
}
