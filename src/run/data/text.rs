//! `text(path, window: 64)`: the characters of a UTF-8 file, each to be told from those before it.
//!
//! The different characters of the file, in the order of their code points, are numbered from 0: the vocabulary. Example `i` is the
//! characters i·window to (i + 1)·window, one after another without overlap; the target of each is the character after it. A
//! network that answers once for an example is asked for the character after its last. A held-out text is numbered as the
//! one that is trained on, and has no other characters.
//!
//! Inputs are numbers `[window]` where the network takes as many numbers, or indices, and one-hot `[window, vocabulary]` otherwise.

use super::file;
use super::source::{Count, Header, Labels, Network, Opened, Reader, Sink};
use crate::diagnostics::{Diagnostic, data};
use crate::model::Spanned;
use crate::shape::Shape;
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

/// The longest file, in bytes.
const LONGEST: u64 = 1 << 30;
/// The most different characters.
const MOST_CHARACTERS: usize = 1 << 16;

struct Characters {
    /// By number.
    text: Vec<u32>,
    window: usize,
    vocabulary: usize,
    one_hot: bool,
    every_step: bool,
}

/// Reads the file and numbers its characters.
pub(super) fn open(
    base: &Path,
    path: &Spanned<String>,
    window: usize,
    network: Network<'_>,
) -> Result<Opened, Diagnostic> {
    let file::Opened { file, mut reader, bytes } = file::open(base, path)?;
    if bytes > LONGEST {
        return Err(data::absurd_size(&file, &format!("a text of {bytes} bytes")));
    }
    let mut text = String::new();
    reader.read_to_string(&mut text).map_err(|error| match error.kind() {
        ErrorKind::InvalidData => data::wrong_format(&file, "a text in UTF-8", "bytes that are no characters"),
        _ => data::unreadable_file(&file, &file::reason(&error)),
    })?;
    let own: BTreeSet<char> = text.chars().collect();
    if own.len() > MOST_CHARACTERS {
        return Err(data::absurd_size(&file, &format!("{} different characters", own.len())));
    }
    let vocabulary: Vec<char> = match network.characters {
        None => own.into_iter().collect(),
        Some(known) => {
            let known: Vec<char> = known.iter().flat_map(|name| name.chars()).collect();
            if let Some(new) = own.into_iter().find(|character| known.binary_search(character).is_err()) {
                let what = format!("{new:?} is no character of the text that is trained on");
                return Err(data::bad_value(&file, "the text", &what));
            }
            known
        }
    };
    let number = |character| vocabulary.binary_search(&character).expect("it is of the vocabulary") as u32;
    let text: Vec<u32> = text.chars().map(number).collect();
    let examples = text.len().saturating_sub(1) / window.max(1);
    if examples == 0 {
        let why = format!("`{}` has {} characters, too few for {window} and one that follows", file.path, text.len());
        return Err(data::none_left(file.span, &why));
    }
    let count = vocabulary.len();
    let asked = network.input.map(Shape::elements);
    let one_hot = !network.integer_input && asked != Some(window) && asked == window.checked_mul(count);
    let every_step = network.output.is_none_or(|output| output.rank() > 1 && output.0[0] == window);
    let x = if one_hot { Shape::new([window, count]) } else { Shape::new([window]) };
    let y = if every_step { Shape::new([window]) } else { Shape::scalar() };
    let names = vocabulary.iter().map(ToString::to_string).collect();
    let columns = if one_hot { count } else { 1 };
    let header = Header { examples: Count::Fixed(examples), x, y, labels: Labels::Names { names, odd: None }, columns };
    Ok(Opened::new(header, Characters { text, window, vocabulary: count, one_hot, every_step }))
}

impl Reader for Characters {
    fn read(self: Box<Self>, rows: Range<usize>, x: &mut dyn Sink, y: &mut dyn Sink) -> Result<(), Diagnostic> {
        let numbers =
            |range: Range<usize>| -> Vec<f64> { self.text[range].iter().map(|own| f64::from(*own)).collect() };
        for row in rows {
            let places = row * self.window..(row + 1) * self.window;
            if self.one_hot {
                for own in &self.text[places.clone()] {
                    let hot: Vec<f64> =
                        (0..self.vocabulary).map(|at| f64::from(u8::from(at == *own as usize))).collect();
                    x.accept(&hot);
                }
            } else {
                x.accept(&numbers(places.clone()));
            }
            let first = if self.every_step { places.start + 1 } else { places.end };
            y.accept(&numbers(first..places.end + 1));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::{Folder, at};

    /// Shapes, names, and the numbers of the first two examples.
    fn read(text: &[u8], window: usize, network: Network<'_>) -> Result<(Header, Vec<f64>, Vec<f64>), Diagnostic> {
        let folder = Folder::with(&[("a.txt", text)]);
        let Opened { header, reader } = open(folder.path(), &at("a.txt"), window, network)?;
        let (mut x, mut y) = (Vec::new(), Vec::new());
        reader.read(0..2, &mut x, &mut y)?;
        Ok((header, x, y))
    }

    #[test]
    fn every_character_is_to_be_told_from_those_before_it() {
        let (header, x, y) = read("cabé\nca".as_bytes(), 3, Network::default()).unwrap();
        assert_eq!((header.examples, &header.x, &header.y), (Count::Fixed(2), &Shape::new([3]), &Shape::new([3])));
        let names = ["\n", "a", "b", "c", "é"].map(String::from).to_vec();
        assert_eq!(header.labels, Labels::Names { names, odd: None });
        assert_eq!((x, y), (vec![3.0, 1.0, 2.0, 4.0, 0.0, 3.0], vec![1.0, 2.0, 4.0, 0.0, 3.0, 1.0]));
    }

    #[test]
    fn a_network_is_given_what_it_takes() {
        let (input, output) = (Shape::new([2, 3]), Shape::new([3]));
        let network = Network { input: Some(&input), output: Some(&output), ..Network::default() };
        let (header, x, y) = read(b"abcab", 2, network).unwrap();
        assert_eq!((header.x, header.y), (Shape::new([2, 3]), Shape::scalar()));
        assert_eq!(x, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(y, [2.0, 1.0]);
    }

    #[test]
    fn a_held_out_text_is_numbered_as_the_one_trained_on() {
        let known = ["a", "b", "z"].map(String::from);
        let network = Network { characters: Some(&known), ..Network::default() };
        let (header, x, _) = read(b"zzbza", 2, network).unwrap();
        assert_eq!(x, [2.0, 2.0, 1.0, 2.0]);
        assert_eq!(header.labels, Labels::Names { names: known.to_vec(), odd: None });
        assert_eq!(read(b"abc", 1, network).unwrap_err().code.0, "E0604");
    }

    #[test]
    fn what_is_no_text_or_too_short_is_a_diagnostic() {
        assert_eq!(read(b"a\xffb", 1, Network::default()).unwrap_err().code.0, "E0602");
        assert_eq!(read(b"abc", 3, Network::default()).unwrap_err().code.0, "E0608");
        assert_eq!(read(b"", 1, Network::default()).unwrap_err().code.0, "E0608");
    }
}
