//! Edits made in a text.

use crate::diagnostics::Edit;
use crate::source::{Source, Sources};
use crate::syntax::format;
use similar::TextDiff;

/// A text with edits made: none where two of them touch. Where the text is in the one style, so is the result.
#[must_use]
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    // The same edit, come to twice, is one.
    edits.sort_by(|a, b| (a.span.start, a.span.end, &a.replacement).cmp(&(b.span.start, b.span.end, &b.replacement)));
    edits.dedup_by(|a, b| a.span == b.span && a.replacement == b.replacement);
    if edits.array_windows().any(|[left, right]| left.span.end >= right.span.start) {
        return None;
    }
    let mut edited = String::with_capacity(text.len());
    let mut reached = 0;
    for edit in edits {
        edited.push_str(&text[reached..edit.span.range().start]);
        edited.push_str(&edit.replacement);
        reached = edit.span.range().end;
    }
    edited.push_str(&text[reached..]);
    let was_in_style = in_style(text).is_some_and(|formatted| formatted == text);
    Some(if was_in_style { in_style(&edited).unwrap_or(edited) } else { edited })
}

/// A text in the one style; none where it has mistakes of syntax.
fn in_style(text: &str) -> Option<String> {
    let mut sources = Sources::new();
    let id = sources.add(Source::new("edited", text));
    format::format(&sources, id).ok()
}

/// What an edit changes, as a unified diff without the files' names.
#[must_use]
pub fn difference(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    diff.unified_diff().context_radius(1).to_string()
}
