//! The memory of a program: one zeroed region, aligned to `ALIGNMENT`, and typed views of its buffers. A view's number format
//! is checked, its place was checked when the program was verified.

use super::{ALIGNMENT, Buffer, Program};
use crate::shape::Precision;
use std::fmt;
use std::ops::Range;

/// A number format that a buffer can hold.
pub trait Element: bytemuck::Pod {
    /// Which one it is.
    const PRECISION: Precision;
}

impl Element for f32 {
    const PRECISION: Precision = Precision::F32;
}

impl Element for f64 {
    const PRECISION: Precision = Precision::F64;
}

/// The machine did not give the memory that a program needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// How much was asked for.
    pub bytes: usize,
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the machine refused {} bytes of memory", self.bytes)
    }
}

impl std::error::Error for OutOfMemory {}

const WORD: usize = size_of::<u64>();

/// Storage for every buffer of one program.
#[derive(Debug)]
pub struct Memory {
    /// Asked for at the alignment of a word, because the allocator then hands out pages that are zero without touching them;
    /// so a little more than is needed, to align within.
    words: Box<[u64]>,
    /// The first aligned word.
    start: usize,
    bytes: usize,
}

impl Memory {
    /// Zeroed memory for `program`.
    ///
    /// # Errors
    /// Where the machine does not give it.
    pub fn new(program: &Program) -> Result<Self, OutOfMemory> {
        Self::of_bytes(program.memory_bytes)
    }

    /// Zeroed memory of this many bytes, at least.
    ///
    /// # Errors
    /// Where the machine does not give it.
    pub fn of_bytes(bytes: usize) -> Result<Self, OutOfMemory> {
        let refused = OutOfMemory { bytes };
        let padded = bytes.checked_add(2 * ALIGNMENT).ok_or(refused)?;
        let words: Box<[u64]> = bytemuck::allocation::try_zeroed_slice_box(padded / WORD).map_err(|()| refused)?;
        let start = words.as_ptr().align_offset(ALIGNMENT);
        assert!(start < ALIGNMENT / WORD, "an aligned word is at most one alignment away");
        Ok(Self { words, start, bytes })
    }

    /// How many bytes there are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The first byte, at a multiple of `ALIGNMENT`; `Buffer::offset` counts from here.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.words[self.start..].as_mut_ptr().cast()
    }

    /// All of it as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words[self.start..])[..self.bytes]
    }

    fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words[self.start..])[..self.bytes]
    }

    /// The contents of a buffer.
    ///
    /// # Panics
    /// Where the buffer has another number format or belongs to another program.
    #[must_use]
    pub fn view<T: Element>(&self, buffer: &Buffer) -> &[T] {
        bytemuck::cast_slice(&self.as_bytes()[place::<T>(buffer)])
    }

    /// The contents of a buffer, to be changed.
    ///
    /// # Panics
    /// As `view`.
    pub fn view_mut<T: Element>(&mut self, buffer: &Buffer) -> &mut [T] {
        bytemuck::cast_slice_mut(&mut self.as_bytes_mut()[place::<T>(buffer)])
    }

    /// The contents of two buffers that do not overlap: one to read and one to change.
    ///
    /// # Panics
    /// As `view`, and where they overlap.
    pub fn disjoint<R: Element, W: Element>(&mut self, read: &Buffer, write: &Buffer) -> (&[R], &mut [W]) {
        let (read, write) = (place::<R>(read), place::<W>(write));
        let bytes = self.as_bytes_mut();
        let (read, write) = if read.end <= write.start {
            let (low, high) = bytes.split_at_mut(write.start);
            (&low[read], &mut high[..write.len()])
        } else {
            assert!(write.end <= read.start, "a verified step reads and writes different places");
            let (low, high) = bytes.split_at_mut(read.start);
            (&high[..read.len()], &mut low[write])
        };
        (bytemuck::cast_slice(read), bytemuck::cast_slice_mut(write))
    }

    /// Copies the contents of one buffer over another of equal size.
    ///
    /// # Panics
    /// Where their sizes or number formats differ, or one belongs to another program.
    pub fn copy(&mut self, from: &Buffer, to: &Buffer) {
        assert_eq!((from.bytes(), from.precision), (to.bytes(), to.precision), "equal buffers are copied");
        self.as_bytes_mut().copy_within(from.place(), to.offset);
    }

    /// One element of a buffer; an f64 holds every number of either format.
    pub(super) fn load(&self, buffer: &Buffer, element: usize) -> f64 {
        match buffer.precision {
            Precision::F32 => f64::from(self.view::<f32>(buffer)[element]),
            Precision::F64 => self.view::<f64>(buffer)[element],
        }
    }

    /// Changes one element of a buffer to a number of its format.
    pub(super) fn store(&mut self, buffer: &Buffer, element: usize, number: f64) {
        match buffer.precision {
            Precision::F32 => self.view_mut::<f32>(buffer)[element] = number as f32,
            Precision::F64 => self.view_mut::<f64>(buffer)[element] = number,
        }
    }
}

fn place<T: Element>(buffer: &Buffer) -> Range<usize> {
    assert!(buffer.precision == T::PRECISION, "a buffer is read in its own number format");
    buffer.place()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    fn buffer(offset: usize, elements: usize, precision: Precision) -> Buffer {
        Buffer { shape: Shape::new([elements]), precision, offset }
    }

    #[test]
    fn memory_is_aligned_and_zero() {
        for bytes in [0, 1, 64, 100, 1 << 20] {
            let mut memory = Memory::of_bytes(bytes).unwrap();
            assert_eq!(memory.as_mut_ptr().align_offset(ALIGNMENT), 0);
            assert_eq!(memory.as_bytes().len(), bytes);
            assert!(memory.as_bytes().iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn an_impossible_size_is_an_error_and_no_abort() {
        for bytes in [usize::MAX, usize::MAX / 2, 1 << 60] {
            assert_eq!(Memory::of_bytes(bytes).unwrap_err(), OutOfMemory { bytes });
        }
    }

    #[test]
    fn buffers_are_views_of_the_same_bytes() {
        let mut memory = Memory::of_bytes(192).unwrap();
        let (a, b) = (buffer(0, 3, Precision::F32), buffer(64, 2, Precision::F64));
        memory.view_mut::<f32>(&a).copy_from_slice(&[1.0, 2.0, 3.0]);
        memory.view_mut::<f64>(&b).copy_from_slice(&[4.0, 5.0]);
        let (read, write) = memory.disjoint::<f32, f64>(&a, &b);
        write[0] += f64::from(read[2]);
        let (read, write) = memory.disjoint::<f64, f32>(&b, &a);
        write[0] = read[0] as f32;
        assert_eq!(memory.view::<f64>(&b), [7.0, 5.0]);
        assert_eq!(memory.view::<f32>(&a), [7.0, 2.0, 3.0]);
        memory.store(&a, 1, 3.5);
        assert_eq!(memory.load(&a, 1), 3.5);
    }

    #[test]
    #[should_panic(expected = "different places")]
    fn overlapping_buffers_are_not_lent_twice() {
        let mut memory = Memory::of_bytes(64).unwrap();
        memory.disjoint::<f32, f32>(&buffer(0, 8, Precision::F32), &buffer(16, 8, Precision::F32));
    }

    #[test]
    #[should_panic(expected = "own number format")]
    fn a_buffer_is_not_read_in_another_format() {
        let memory = Memory::of_bytes(64).unwrap();
        let _ = memory.view::<f64>(&buffer(0, 1, Precision::F32));
    }
}
