//! Source texts and places in them. A `Span` is a byte range of one source; lines and columns are worked out only where
//! something is shown.

use crate::arena::IdVec;
use std::ops::Range;

crate::id!(
    /// One source text: the prelude, or a user's file.
    SourceId,
    "source"
);

/// The largest source text accepted, in bytes; spans fit in 32 bits with room to spare.
pub const MAX_SOURCE_BYTES: usize = 16 << 20;

/// A byte range of a source. Both ends lie on character boundaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The text it points into.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span of `range` (in bytes) in `source`.
    #[must_use]
    pub fn new(source: SourceId, range: Range<usize>) -> Self {
        let narrow = |at: usize| u32::try_from(at).expect("a source is at most MAX_SOURCE_BYTES long");
        debug_assert!(range.start <= range.end, "a span runs forward");
        Self { source, start: narrow(range.start), end: narrow(range.end) }
    }

    /// From the start of `self` to the end of `last`.
    #[must_use]
    pub fn to(self, last: Span) -> Self {
        Self { source: self.source, start: self.start, end: last.end.max(self.start) }
    }

    /// The bytes as a range of the text.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A name with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name as written.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// One source text with the starts of its lines.
#[derive(Clone, Debug)]
pub struct Source {
    /// What messages call it: the path as the user gave it, `<stdin>`, or `prelude.net`.
    pub name: String,
    /// The whole text.
    pub text: String,
    line_starts: Vec<u32>,
}

impl Source {
    /// A source with the given display name.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0)
            .chain(newlines.map(|(at, _)| u32::try_from(at + 1).expect("a source is at most MAX_SOURCE_BYTES long")))
            .collect();
        Self { name: name.into(), text, line_starts }
    }

    /// Line (from 1) and column in characters (from 1) of a byte offset.
    #[must_use]
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1] as usize;
        let end = (offset as usize).min(self.text.len());
        (line, self.text[start..end].chars().count() + 1)
    }

    /// The byte where a line (from 1) starts.
    #[must_use]
    pub fn line_start(&self, line: usize) -> usize {
        self.line_starts[line - 1] as usize
    }

    /// The number of lines.
    #[must_use]
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }
}

/// All texts that take part in one compilation.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    texts: IdVec<SourceId, Source>,
}

impl Sources {
    /// No text yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    pub fn add(&mut self, source: Source) -> SourceId {
        self.texts.push(source)
    }

    /// The same texts, one of them under another name.
    #[must_use]
    pub fn renamed(&self, id: SourceId, name: &str) -> Self {
        let mut sources = self.clone();
        name.clone_into(&mut sources.texts[id].name);
        sources
    }

    /// The text of an id.
    #[must_use]
    pub fn get(&self, id: SourceId) -> &Source {
        &self.texts[id]
    }

    /// The characters of a span.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        &self.texts[span.source].text[span.range()]
    }

    /// The line (from 1) on which a span starts.
    #[must_use]
    pub fn line(&self, span: Span) -> usize {
        self.texts[span.source].line_column(span.start).0
    }
}
