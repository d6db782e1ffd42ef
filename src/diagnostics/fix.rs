//! The edits that are meant without doubt, made: what `check --fix` does in one round.

use super::{Diagnostic, Edit, Help};
use crate::source::SourceId;

/// What one round of edits makes of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// The text after it.
    pub text: String,
    /// Which of the diagnostics it mended, with what was done, in order of the text.
    pub made: Vec<(usize, Help)>,
}

/// Makes the certain edits of `diagnostics` in `text`, the text of `source`; none where there are none. Of two that touch the
/// same characters the first is made: the other may no longer be right.
#[must_use]
pub fn apply(text: &str, source: SourceId, diagnostics: &[Diagnostic]) -> Option<Fixed> {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut made = Vec::new();
    for (at, diagnostic) in diagnostics.iter().enumerate() {
        let fits = |help: &&Help| {
            let is_here = |edit: &Edit| edit.span.source == source && text.get(edit.span.range()).is_some();
            help.is_certain
                && !help.edits.is_empty()
                && help.edits.iter().all(is_here)
                && help.edits.iter().all(|edit| taken.iter().all(|other| are_apart(edit, other)))
        };
        if let Some(help) = diagnostic.helps.iter().find(fits) {
            taken.extend(&help.edits);
            made.push((at, help.clone()));
        }
    }
    if taken.is_empty() {
        return None;
    }
    taken.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut fixed = String::with_capacity(text.len());
    let mut reached = 0;
    for edit in taken {
        fixed.push_str(&text[reached..edit.span.range().start]);
        fixed.push_str(&edit.replacement);
        reached = edit.span.range().end;
    }
    fixed.push_str(&text[reached..]);
    Some(Fixed { text: fixed, made })
}

/// Whether no character, and no place between two, is touched by both.
fn are_apart(one: &Edit, other: &Edit) -> bool {
    one.span.end < other.span.start || other.span.end < one.span.start
}

#[cfg(test)]
mod tests {
    use super::apply;
    use crate::arena::Id as _;
    use crate::diagnostics::Diagnostic;
    use crate::diagnostics::syntax::UNEXPECTED;
    use crate::source::{SourceId, Span};

    fn rewrite(start: usize, end: usize, replacement: &str) -> Diagnostic {
        let span = Span::new(SourceId::new(0), start..end);
        Diagnostic::error(UNEXPECTED, "m", span, "l").rewrite("do", span, replacement)
    }

    fn applied(text: &str, diagnostics: &[Diagnostic]) -> Option<String> {
        apply(text, SourceId::new(0), diagnostics).map(|fixed| fixed.text)
    }

    #[test]
    fn edits_apart_are_made_together() {
        let edits = [rewrite(6, 7, "X"), rewrite(0, 1, ""), rewrite(3, 3, "in")];
        assert_eq!(applied("abcdefg", &edits).as_deref(), Some("bcindefX"));
    }

    #[test]
    fn of_two_that_touch_the_first_is_made() {
        assert_eq!(applied("abc", &[rewrite(0, 2, "x"), rewrite(1, 3, "y")]).as_deref(), Some("xc"));
        assert_eq!(applied("abc", &[rewrite(1, 1, "x"), rewrite(1, 1, "y")]).as_deref(), Some("axbc"));
        assert_eq!(applied("abc", &[rewrite(0, 1, "x"), rewrite(1, 2, "y")]).as_deref(), Some("xbc"));
    }

    #[test]
    fn what_is_not_certain_or_not_here_is_left() {
        let span = Span::new(SourceId::new(0), 0..1);
        let guess = Diagnostic::error(UNEXPECTED, "m", span, "l").fix("perhaps", span, "x");
        assert_eq!(applied("abc", &[guess, rewrite(2, 9, "x")]), None);
        let elsewhere = Span::new(SourceId::new(1), 0..1);
        assert_eq!(
            applied("abc", &[Diagnostic::error(UNEXPECTED, "m", elsewhere, "l").rewrite("do", elsewhere, "")]),
            None
        );
    }
}
