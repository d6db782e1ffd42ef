//! `--dump`: what the first report saw, as a safetensors file; and how such files are written. Names and shapes are those of the language's reference; NaNs have
//! one form. The file is written beside and renamed, so that what stood there is whole until the new one is.

use super::data::file_reason;
use super::tensor::Tensor;
use crate::diagnostics::{Diagnostic, data};
use crate::shape::Precision;
use safetensors::{Dtype, View};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io;
use std::path::Path;

/// A tensor as the format wants it.
pub(super) struct Stored {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    pub(super) bytes: Vec<u8>,
}

impl Stored {
    /// A tensor with its NaNs in one form.
    pub(super) fn of(tensor: &Tensor) -> Self {
        let dtype = match tensor.precision() {
            Precision::F32 => Dtype::F32,
            Precision::F64 => Dtype::F64,
        };
        Self { dtype, shape: tensor.shape().0, bytes: tensor.canonical_bytes() }
    }
}

impl View for &Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Writes tensors by name.
///
/// # Errors
/// E0609 where the file cannot be written.
pub(super) fn write(path: &Path, tensors: &[(String, Tensor)]) -> Result<(), Diagnostic> {
    let stored: Vec<(&str, Stored)> =
        tensors.iter().map(|(name, tensor)| (name.as_str(), Stored::of(tensor))).collect();
    let failed = |reason: String| data::cannot_write(&path.display().to_string(), &reason);
    write_beside(path, &stored, None).map_err(|error| failed(file_reason(&error)))
}

/// Writes a safetensors file beside `path` and puts it in its place once it is on the disk; a link keeps pointing where it does.
pub(super) fn write_beside(
    path: &Path,
    tensors: &[(&str, Stored)],
    metadata: Option<HashMap<String, String>>,
) -> io::Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gradc-").suffix(".safetensors");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Of a new file, less what the user's mask takes away; temporary files are private otherwise.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let beside = builder.tempfile_in(folder)?;
    let entries = tensors.iter().map(|(name, tensor)| (*name, tensor));
    safetensors::serialize_to_file(entries, metadata, beside.path()).map_err(io::Error::other)?;
    beside.as_file().sync_all()?;
    beside.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::Folder;
    use crate::shape::Shape;
    use safetensors::SafeTensors;

    #[test]
    fn tensors_are_found_again_and_the_old_file_is_replaced() {
        let folder = Folder::with(&[("out.safetensors", b"old")]);
        let path = folder.path().join("out.safetensors");
        let loss = Tensor::new(&Shape::scalar(), vec![0.5_f64]);
        let rows = Tensor::new(&Shape::new([2, 1]), vec![1.5_f32, f32::NAN]);
        write(&path, &[("loss".to_owned(), loss), ("grads/h[2].weight".to_owned(), rows)]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(
            (tensors.tensor("loss").unwrap().shape(), tensors.tensor("loss").unwrap().dtype()),
            (&[][..], Dtype::F64)
        );
        let rows = tensors.tensor("grads/h[2].weight").unwrap();
        assert_eq!(rows.data(), [1.5_f32.to_le_bytes(), 0x7FC0_0000_u32.to_le_bytes()].concat());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_diagnostic() {
        let folder = Folder::with(&[("file", b"")]);
        for place in ["nowhere/out.safetensors", "file/out.safetensors"] {
            assert_eq!(write(&folder.path().join(place), &[]).unwrap_err().code.0, "E0609");
        }
    }
}
