//! The part of a source that a diagnostic is drawn on: only the lines that labels touch, each made fit for a terminal.
//! What it costs depends on the labels, never on the length of the source or of its lines.
//!
//! - A line over `WIDEST_LINE` is cut to windows around the labels' ends, `…` for what is left out.
//! - Tabs become blanks; control and bidirectional characters become visible ones, so no source can steer the terminal.
//! - Any span is accepted: ends beyond the text or inside a character are moved to the nearest character boundary.

use crate::source::{Source, Span};
use std::collections::BTreeMap;
use std::ops::Range;

/// The most characters of a line that are shown whole.
const WIDEST_LINE: usize = 140;
/// Characters kept before each end of a label in a line that is cut.
const BEFORE: usize = 30;
/// Characters kept after each end of a label in a line that is cut.
const AFTER: usize = 40;
/// What stands for characters left out.
const CUT: char = '…';
/// Columns between tab stops.
const TAB: usize = 4;

/// Lines of a source as they are shown.
#[derive(Debug)]
pub(super) struct Excerpt {
    /// The shown lines, each with a blank at its end for labels at the end of the line, and with a newline.
    pub(super) text: String,
    /// For each shown line its number in the source, from 1; none for a gap.
    pub(super) numbers: Vec<Option<usize>>,
    /// For each given span its characters in `text`; at least one character wide.
    pub(super) places: Vec<Range<usize>>,
}

/// The excerpt of `source` that shows `spans`.
pub(super) fn excerpt(source: &Source, spans: &[Span]) -> Excerpt {
    let ranges: Vec<Range<usize>> = spans.iter().map(|span| clamp(&source.text, *span)).collect();

    // The byte offsets to be found again, by line.
    let mut anchors: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for offset in ranges.iter().flat_map(|range| [range.start, range.end]) {
        anchors.entry(line_of(source, offset)).or_default().push(offset);
    }

    let mut shown = Excerpt { text: String::new(), numbers: Vec::new(), places: Vec::new() };
    let mut characters = 0;
    let mut found: BTreeMap<usize, usize> = BTreeMap::new();
    let mut previous = None;
    for (line, mut offsets) in anchors {
        if previous.is_some_and(|previous| previous + 1 < line) {
            shown.numbers.push(None);
            shown.text.push('\n');
            characters += 1;
        }
        previous = Some(line);
        offsets.sort_unstable();
        offsets.dedup();
        let printed = print_line(&source.text, line_range(source, line), &offsets);
        found.extend(offsets.iter().copied().zip(printed.places.iter().map(|place| characters + place)));
        shown.numbers.push(Some(line));
        shown.text.push_str(&printed.text);
        shown.text.push_str(" \n");
        characters += printed.text.chars().count() + 2;
    }

    shown.places = ranges
        .iter()
        .map(|range| {
            let start = found[&range.start];
            start..found[&range.end].max(start + 1)
        })
        .collect();
    shown
}

/// Characters fit for a terminal: no control character, no invisible one that reorders text. Tabs are blanks.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut printed = String::with_capacity(text.len());
    let mut column = 0;
    for character in text.chars() {
        column += push_printable(&mut printed, character, column);
    }
    printed
}

/// Pushes `character` as it is shown at `column`; the number of characters pushed.
fn push_printable(printed: &mut String, character: char, column: usize) -> usize {
    let shown = match character {
        '\t' => {
            let blanks = TAB - column % TAB;
            printed.extend(std::iter::repeat_n(' ', blanks));
            return blanks;
        }
        '\0'..='\u{1f}' => char::from_u32(0x2400 + character as u32).expect("the control pictures are 0x2400..0x2420"),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' => char::REPLACEMENT_CHARACTER,
        visible => visible,
    };
    printed.push(shown);
    1
}

/// The bytes of a span that exist, on character boundaries, without the line ends it closes with.
fn clamp(text: &str, span: Span) -> Range<usize> {
    let start = text.floor_char_boundary((span.start as usize).min(text.len()));
    let end = text.ceil_char_boundary((span.end as usize).min(text.len())).max(start);
    start..start + text[start..end].trim_end_matches(['\n', '\r']).len()
}

/// The line (from 1) of an offset.
pub(super) fn line_of(source: &Source, offset: usize) -> usize {
    let (mut low, mut high) = (1, source.line_count());
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if source.line_start(middle) <= offset { low = middle } else { high = middle - 1 }
    }
    low
}

/// The bytes of a line (from 1) without its end.
pub(super) fn line_range(source: &Source, line: usize) -> Range<usize> {
    let start = source.line_start(line);
    let end = if line < source.line_count() { source.line_start(line + 1) } else { source.text.len() };
    start..start + source.text[start..end].trim_end_matches('\n').trim_end_matches('\r').len()
}

/// A line as shown, and where in it the offsets went (in characters).
pub(super) struct PrintedLine {
    pub(super) text: String,
    pub(super) places: Vec<usize>,
}

/// Prints the bytes `line` of `text`; `offsets` are ascending and within it (or at its end).
pub(super) fn print_line(text: &str, line: Range<usize>, offsets: &[usize]) -> PrintedLine {
    let mut printed = PrintedLine { text: String::new(), places: Vec::with_capacity(offsets.len()) };
    let mut column = 0;
    let mut waiting = offsets.iter().copied().peekable();
    let mut reached = line.start;
    for window in windows(text, &line, offsets) {
        if window.start > reached {
            printed.text.push(CUT);
            column += 1;
        }
        for (at, character) in text[window.clone()].char_indices() {
            while waiting.next_if(|offset| *offset <= window.start + at).is_some() {
                printed.places.push(column);
            }
            column += push_printable(&mut printed.text, character, column);
        }
        while waiting.next_if(|offset| *offset <= window.end).is_some() {
            printed.places.push(column);
        }
        reached = window.end;
    }
    if reached < line.end {
        printed.text.push(CUT);
    }
    // Offsets within the line's end (between `\r` and `\n`).
    printed.places.resize(offsets.len(), column);
    printed
}

/// The parts of a line that are shown, ascending and apart.
fn windows(text: &str, line: &Range<usize>, offsets: &[usize]) -> Vec<Range<usize>> {
    let whole = &text[line.clone()];
    // The first comparison spares counting the characters of a giant line.
    if whole.len() <= 4 * WIDEST_LINE && whole.chars().count() <= WIDEST_LINE {
        return vec![line.clone()];
    }
    let mut windows: Vec<Range<usize>> = Vec::new();
    for offset in offsets.iter().map(|offset| (*offset).min(line.end)) {
        let start =
            text[line.start..offset].char_indices().rev().nth(BEFORE - 1).map_or(line.start, |(at, _)| line.start + at);
        let end = text[offset..line.end].char_indices().nth(AFTER).map_or(line.end, |(at, _)| offset + at);
        match windows.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            Some(_) | None => windows.push(start..end),
        }
    }
    windows
}
