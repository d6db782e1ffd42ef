//! Binary numbers in files: idx, npy, npz and safetensors hold the same thing, an array with a type and a byte order. It is read
//! as a stream in small pieces, from one example to another, and every number is checked to be one.

use super::source::Sink;
use crate::diagnostics::{Diagnostic, data};
use crate::run::data::file::reason;
use crate::shape::Shape;
use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// The number types that files hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::run) enum ElementType {
    /// One byte, 0 or 1.
    Bool,
    /// Unsigned, of this many bytes.
    Unsigned(usize),
    /// Two's complement, of this many bytes.
    Signed(usize),
    /// IEEE binary16, 32 or 64: of this many bytes.
    Float(usize),
    /// The upper half of a binary32.
    BFloat16,
}

impl ElementType {
    /// Bytes of one element.
    pub(in crate::run) const fn bytes(self) -> usize {
        match self {
            Self::Bool => 1,
            Self::Unsigned(bytes) | Self::Signed(bytes) | Self::Float(bytes) => bytes,
            Self::BFloat16 => 2,
        }
    }

    /// Whether it can hold what is no finite number.
    const fn is_float(self) -> bool {
        match self {
            Self::Bool | Self::Unsigned(_) | Self::Signed(_) => false,
            Self::Float(_) | Self::BFloat16 => true,
        }
    }

    /// The number that eight or fewer bytes, least significant first and padded with zeros, stand for.
    fn number(self, bits: u64) -> f64 {
        match self {
            Self::Bool => f64::from(u8::from(bits != 0)),
            Self::Unsigned(_) => bits as f64,
            Self::Signed(bytes) => {
                let unused = 64 - 8 * bytes as u32;
                ((bits << unused) as i64 >> unused) as f64
            }
            Self::Float(2) => half::f16::from_bits(bits as u16).to_f64(),
            Self::Float(4) => f64::from(f32::from_bits(bits as u32)),
            Self::Float(_) => f64::from_bits(bits),
            Self::BFloat16 => half::bf16::from_bits(bits as u16).to_f64(),
        }
    }
}

/// An array in a file, examples first.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::run) struct Array {
    /// What each number is.
    pub(in crate::run) element: ElementType,
    /// Whether the most significant byte stands first.
    pub(in crate::run) big_endian: bool,
    /// All extents, examples first; their product times the element's size fits in 63 bits, and none is zero.
    pub(in crate::run) shape: Shape,
    /// The byte of the (decompressed) file where the numbers begin.
    pub(in crate::run) offset: u64,
}

impl Array {
    /// An array whose size is checked.
    ///
    /// # Errors
    /// E0605 where no machine can hold it, E0608 where it is empty.
    pub(in crate::run) fn new(
        file: &data::File,
        element: ElementType,
        big_endian: bool,
        shape: Shape,
        offset: u64,
    ) -> Result<Self, Diagnostic> {
        if shape.0.contains(&0) {
            return Err(data::none_left(file.span, &format!("`{}` holds an array of shape {shape}", file.path)));
        }
        // Twice the extents checked: half of it is then room for the header's length.
        let bytes = shape.checked_elements().and_then(|count| count.checked_mul(element.bytes()));
        if bytes.is_none_or(|bytes| bytes > usize::MAX / 4) {
            return Err(data::absurd_size(file, &format!("an array of shape {shape}")));
        }
        Ok(Self { element, big_endian, shape, offset })
    }

    /// The number of examples; 1 for a scalar.
    pub(in crate::run) fn examples(&self) -> usize {
        self.shape.0.first().copied().unwrap_or(1)
    }

    /// The shape of one example.
    pub(in crate::run) fn example(&self) -> Shape {
        Shape::new(self.shape.0.get(1..).unwrap_or_default())
    }

    /// The byte after the last number.
    pub(in crate::run) fn end(&self) -> u64 {
        self.offset + (self.shape.elements() * self.element.bytes()) as u64
    }

    /// Reads examples `rows` from a reader that stands where the numbers begin; the end of the file is checked where the last
    /// example is read and `to_end` is set.
    ///
    /// # Errors
    /// E0602 where it cannot be decompressed, E0603 where it ends too early or too late, E0604 where a number is none.
    pub(in crate::run) fn read(
        &self,
        reader: &mut dyn Read,
        file: &data::File,
        rows: Range<usize>,
        to_end: bool,
        sink: &mut dyn Sink,
    ) -> Result<(), Diagnostic> {
        let size = self.element.bytes();
        let columns = self.example().elements();
        let mut place = Place { file, array: self, at: self.offset };
        place.skip(reader, (rows.start * columns * size) as u64)?;
        let mut bytes = [0; PIECE];
        let mut numbers = [0.0; PIECE];
        let mut element = rows.start * columns;
        let last = rows.end * columns;
        while element < last {
            let count = (PIECE / size).min(last - element);
            let piece = &mut bytes[..count * size];
            place.fill(reader, piece)?;
            let numbers = &mut numbers[..count];
            self.decode(piece, numbers);
            if self.element.is_float()
                && let Some(bad) = numbers.iter().position(|number| !number.is_finite())
            {
                return Err(self.not_finite(file, element + bad, numbers[bad]));
            }
            sink.accept(numbers);
            element += count;
        }
        if to_end && rows.end == self.examples() {
            place.expect_end(reader)?;
        }
        Ok(())
    }

    fn decode(&self, bytes: &[u8], numbers: &mut [f64]) {
        let size = self.element.bytes();
        if size == 1 && self.element == ElementType::Unsigned(1) {
            for (byte, number) in bytes.iter().zip(numbers) {
                *number = f64::from(*byte);
            }
            return;
        }
        for (bytes, number) in bytes.chunks_exact(size).zip(numbers) {
            let mut word = [0; 8];
            word[..size].copy_from_slice(bytes);
            if self.big_endian {
                word[..size].reverse();
            }
            *number = self.element.number(u64::from_le_bytes(word));
        }
    }

    fn not_finite(&self, file: &data::File, element: usize, value: f64) -> Diagnostic {
        let mut rest = element;
        let index: Vec<usize> = self.shape.strides().iter().map(|stride| (rest / stride, rest %= stride).0).collect();
        let byte = self.offset + (element * self.element.bytes()) as u64;
        let what = if value.is_nan() { "is not a number" } else { "is infinite" };
        data::bad_value(file, &format!("element {} (byte {byte})", Shape(index)), what)
    }
}

/// Numbers decoded at a time.
const PIECE: usize = 4096;

/// Where a reader stands.
struct Place<'a> {
    file: &'a data::File,
    array: &'a Array,
    at: u64,
}

impl Place<'_> {
    fn fill(&mut self, reader: &mut dyn Read, mut into: &mut [u8]) -> Result<(), Diagnostic> {
        while !into.is_empty() {
            let count = self.read(reader, into)?;
            if count == 0 {
                return Err(data::truncated(self.file, self.at, self.array.end()));
            }
            self.at += count as u64;
            into = &mut into[count..];
        }
        Ok(())
    }

    fn skip(&mut self, reader: &mut dyn Read, mut count: u64) -> Result<(), Diagnostic> {
        let mut discarded = [0; PIECE];
        while count > 0 {
            let piece = PIECE.min(usize::try_from(count).unwrap_or(PIECE));
            self.fill(reader, &mut discarded[..piece])?;
            count -= piece as u64;
        }
        Ok(())
    }

    fn expect_end(&mut self, reader: &mut dyn Read) -> Result<(), Diagnostic> {
        match self.read(reader, &mut [0])? {
            0 => Ok(()),
            _ => Err(data::trailing(self.file, self.array.end())),
        }
    }

    fn read(&self, reader: &mut dyn Read, into: &mut [u8]) -> Result<usize, Diagnostic> {
        loop {
            match reader.read(into) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(read_error(self.file, &error, self.at, self.array.end())),
                Ok(count) => return Ok(count),
            }
        }
    }
}

/// The diagnostic of a reader's error: of a stream that cannot be decompressed, that ends, or of the file itself.
pub(in crate::run) fn read_error(file: &data::File, error: &io::Error, at: u64, promised: u64) -> Diagnostic {
    match error.kind() {
        ErrorKind::UnexpectedEof => data::truncated(file, at, promised),
        ErrorKind::InvalidInput | ErrorKind::InvalidData => data::wrong_format(
            file,
            "intact",
            &format!("its compressed data are damaged at or after byte {at} of what they hold"),
        ),
        _ => data::unreadable_file(file, &reason(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::file;

    fn read(element: ElementType, big_endian: bool, bytes: &[u8]) -> Vec<f64> {
        let shape = Shape::new([bytes.len() / element.bytes()]);
        let array = Array::new(&file(), element, big_endian, shape, 0).unwrap();
        let mut numbers = Vec::new();
        array.read(&mut &*bytes, &file(), 0..array.examples(), true, &mut numbers).unwrap();
        numbers
    }

    #[test]
    fn every_type_in_both_byte_orders() {
        use ElementType::*;
        assert_eq!(read(Bool, false, &[0, 1, 2]), [0.0, 1.0, 1.0]);
        assert_eq!(read(Unsigned(1), true, &[255]), [255.0]);
        assert_eq!(read(Signed(1), true, &[255, 127]), [-1.0, 127.0]);
        assert_eq!(read(Signed(2), true, &[0xFF, 0xFE]), [-2.0]);
        assert_eq!(read(Unsigned(2), false, &[0xFF, 0xFE]), [65279.0]);
        assert_eq!(read(Signed(4), false, &(-70_000_i32).to_le_bytes()), [-70_000.0]);
        assert_eq!(read(Signed(8), true, &(-1_i64 << 40).to_be_bytes()), [-(1_i64 << 40) as f64]);
        assert_eq!(read(Unsigned(8), false, &u64::MAX.to_le_bytes()), [u64::MAX as f64]);
        assert_eq!(read(Float(2), false, &half::f16::from_f64(-0.375).to_le_bytes()), [-0.375]);
        assert_eq!(read(BFloat16, true, &half::bf16::from_f64(1.5).to_be_bytes()), [1.5]);
        assert_eq!(read(Float(4), true, &1e-40_f32.to_be_bytes()), [f64::from(1e-40_f32)]);
        assert_eq!(read(Float(8), false, &(-0.1_f64).to_le_bytes()), [-0.1]);
    }

    #[test]
    fn only_the_rows_asked_for_are_decoded() {
        let bytes: Vec<u8> = (0..40).collect();
        let array = Array::new(&file(), ElementType::Unsigned(1), false, Shape::new([10, 2, 2]), 0).unwrap();
        let mut numbers = Vec::new();
        array.read(&mut &bytes[..24], &file(), 4..6, true, &mut numbers).unwrap();
        assert_eq!(numbers, (16..24).map(f64::from).collect::<Vec<_>>());
    }

    #[test]
    fn ends_are_checked() {
        let array = Array::new(&file(), ElementType::Float(4), false, Shape::new([3]), 100).unwrap();
        let read = |bytes: &[u8]| array.read(&mut &*bytes, &file(), 0..3, true, &mut Vec::new());
        read(&[0; 12]).unwrap();
        let short = read(&[0; 11]).unwrap_err();
        assert_eq!(
            (short.code.0, short.message.contains("byte 111") && short.message.contains("112")),
            ("E0603", true)
        );
        assert_eq!(read(&[0; 13]).unwrap_err().code.0, "E0603");
    }

    #[test]
    fn what_is_no_number_is_named_by_its_place() {
        let array = Array::new(&file(), ElementType::Float(4), false, Shape::new([2, 3]), 8).unwrap();
        let mut bytes = [0; 24];
        bytes[16..20].copy_from_slice(&f32::NAN.to_le_bytes());
        let error = array.read(&mut &bytes[..], &file(), 0..2, true, &mut Vec::new()).unwrap_err();
        assert_eq!(error.code.0, "E0604");
        assert!(error.message.contains("element [1, 1] (byte 24)"), "{}", error.message);
    }

    #[test]
    fn absurd_and_empty_shapes_are_refused() {
        for (extents, code) in
            [(vec![1 << 60], "E0605"), (vec![1 << 40, 1 << 40], "E0605"), (vec![3, 0, 1 << 62], "E0608")]
        {
            let array = Array::new(&file(), ElementType::Float(8), false, Shape(extents), 0);
            assert_eq!(array.unwrap_err().code.0, code);
        }
    }
}
