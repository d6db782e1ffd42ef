//! The lines in which two texts differ, with a few lines around them, as `diff -u` shows them. The only file that names
//! similar.

use similar::{ChangeTag, TextDiff};

/// Lines shown around a change.
const AROUND: usize = 2;

/// One line: what became of it, and its text without the newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// In both.
    Both(String),
    /// Only in the old text.
    Old(String),
    /// Only in the new text.
    New(String),
    /// Lines left out.
    Gap,
}

/// The differing lines; none where the texts are equal.
#[must_use]
pub fn differing(old: &str, new: &str) -> Vec<Line> {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        if !lines.is_empty() {
            lines.push(Line::Gap);
        }
        for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
            let text = change.value().trim_end_matches(['\n', '\r']).to_owned();
            lines.push(match change.tag() {
                ChangeTag::Equal => Line::Both(text),
                ChangeTag::Delete => Line::Old(text),
                ChangeTag::Insert => Line::New(text),
            });
        }
    }
    lines
}

/// The differing lines as text, in colour where `colour`.
#[must_use]
pub fn print(lines: &[Line], colour: bool) -> String {
    let mut text = String::new();
    for line in lines {
        let (sign, line, style) = match line {
            Line::Both(line) => (' ', line.as_str(), ""),
            Line::Old(line) => ('-', line.as_str(), "\u{1b}[31m"),
            Line::New(line) => ('+', line.as_str(), "\u{1b}[32m"),
            Line::Gap => ('~', "", ""),
        };
        let line = format!("{sign} {line}");
        let line = line.trim_end();
        if colour && !style.is_empty() {
            text.push_str(&format!("{style}{line}\u{1b}[0m\n"));
        } else {
            text.push_str(&format!("{line}\n"));
        }
    }
    text
}
