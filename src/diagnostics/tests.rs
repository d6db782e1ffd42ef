//! What holds of every drawing, and the pictures that show how one is read.

use super::render::render;
use super::{Code, Diagnostic, json};
use crate::source::{Source, SourceId, Sources, Span};
use proptest::prelude::*;

const CODE: Code = Code("E0000");

/// The place of the only occurrence of `needle`.
fn at(sources: &Sources, id: SourceId, needle: &str) -> Span {
    let text = &sources.get(id).text;
    let (start, _) = text.match_indices(needle).next().expect("the needle is in the text");
    Span::new(id, start..start + needle.len())
}

fn one(text: &str) -> (Sources, SourceId) {
    let mut sources = Sources::new();
    let id = sources.add(Source::new("a.net", text));
    (sources, id)
}

/// The drawing must equal the picture, which is indented as the test is.
#[track_caller]
fn assert_draws(diagnostic: &Diagnostic, sources: &Sources, picture: &[&str]) {
    let drawn = render(diagnostic, sources, false);
    assert_eq!(drawn, picture.join("\n") + "\n", "\n{drawn}");
}

#[test]
fn a_help_that_names_the_replacement_needs_no_diff() {
    let (sources, id) = one("network n {\n\tdens(10)\n}\n");
    let place = at(&sources, id, "dens");
    let diagnostic = Diagnostic::error(CODE, "unknown layer `dens`", place, "not a layer kind").note("a fact").fix(
        "a layer kind has a similar name: `dense`",
        place,
        "dense",
    );
    assert_draws(
        &diagnostic,
        &sources,
        &[
            "error[E0000]: unknown layer `dens`",
            "   ╭─[ a.net:2:2 ]",
            "   │",
            " 2 │     dens(10)",
            "   │     ──┬─",
            "   │       ╰─── not a layer kind",
            "   │",
            "   │ note: a fact",
            "   │ help: a layer kind has a similar name: `dense`",
            "───╯",
        ],
    );
}

#[test]
fn other_edits_are_drawn_as_lines_removed_and_added() {
    let (sources, id) = one("a = 1\nb = 2 +\n3\nc\n");
    let diagnostic = Diagnostic::error(CODE, "the line ends early", at(&sources, id, "+"), "after this").fix(
        "put the expression in parentheses",
        at(&sources, id, "2 +\n3"),
        "(2 +\n3)",
    );
    assert_draws(
        &diagnostic,
        &sources,
        &[
            "error[E0000]: the line ends early",
            "   ╭─[ a.net:2:7 ]",
            "   │",
            " 2 │ b = 2 +",
            "   │       ┬",
            "   │       ╰── after this",
            "   │",
            "   │ help: put the expression in parentheses",
            " 2 │ - b = 2 +",
            " 3 │ - 3",
            " 2 │ + b = (2 +",
            " 3 │ + 3)",
            "───╯",
        ],
    );
}

#[test]
fn an_inserted_line_is_drawn_alone() {
    let (sources, id) = one("network n {\n  input(2)\n}\n");
    let start = sources.get(id).line_start(3);
    let diagnostic = Diagnostic::error(CODE, "no loss", at(&sources, id, "network n"), "this network").fix(
        "name one",
        Span::new(id, start..start),
        "  loss: mse\n",
    );
    assert!(render(&diagnostic, &sources, false).ends_with("help: name one\n 3 │ +   loss: mse\n───╯\n"));
}

#[test]
fn labels_in_two_sources_share_a_frame() {
    let mut sources = Sources::new();
    let user = sources.add(Source::new("a.net", "activation relu(x) = x\n"));
    let prelude =
        sources.add(Source::new("prelude.net", format!("{}activation relu(x) = max(0, x)\n", "#\n".repeat(120))));
    let diagnostic = Diagnostic::warning(CODE, "`relu` is redefined", at(&sources, user, "relu"), "here")
        .label(at(&sources, prelude, "relu"), "first here");
    assert_draws(
        &diagnostic,
        &sources,
        &[
            "warning[E0000]: `relu` is redefined",
            "     ╭─[ a.net:1:12 ]",
            "     │",
            "   1 │ activation relu(x) = x",
            "     │            ──┬─",
            "     │              ╰─── here",
            "     │",
            "     ├─[ prelude.net:121:12 ]",
            "     │",
            " 121 │ activation relu(x) = max(0, x)",
            "     │            ──┬─",
            "     │              ╰─── first here",
            "─────╯",
        ],
    );
}

#[test]
fn the_end_of_the_file_is_a_place() {
    for (text, place) in [("", "a.net:1:1"), ("x", "a.net:1:2"), ("x\n", "a.net:2:1"), ("é\r\n", "a.net:2:1")] {
        let (sources, id) = one(text);
        let diagnostic =
            Diagnostic::error(CODE, "the file ends", Span::new(id, text.len()..text.len()), "expected `}`");
        let drawn = render(&diagnostic, &sources, false);
        assert!(drawn.contains(place) && drawn.contains("╰── expected `}`"), "{text:?}\n{drawn}");
    }
}

#[test]
fn a_giant_line_is_cut_around_its_labels() {
    let text =
        format!("{}dens(3);{}dans(4);{}", "dense(3);".repeat(100), "dense(3);".repeat(1_000_000), " ".repeat(500));
    let (sources, id) = one(&text);
    let diagnostic =
        Diagnostic::error(CODE, "unknown", at(&sources, id, "dens(3)"), "one").label(at(&sources, id, "dans"), "two");
    let drawn = render(&diagnostic, &sources, false);
    assert!(drawn.contains("…") && drawn.contains("one") && drawn.contains("two"));
    assert!(drawn.lines().all(|line| line.chars().count() < 200), "{drawn}");
}

#[test]
fn many_places_are_counted_not_drawn() {
    let (sources, id) = one(&"x\n".repeat(500));
    let mut diagnostic = Diagnostic::error(CODE, "many", Span::new(id, 0..1), "one");
    for line in 1..500 {
        diagnostic = diagnostic.label(Span::new(id, 2 * line..2 * line + 1), "another");
    }
    let drawn = render(&diagnostic, &sources, false);
    assert!(drawn.contains("note: 493 more places not drawn"), "{drawn}");
    assert!(drawn.lines().count() < 50);
}

#[test]
fn no_text_steers_the_terminal() {
    let (sources, id) = one("\"\u{1b}[2J\u{202e}\u{7}\" x\r\n");
    let diagnostic =
        Diagnostic::error(CODE, "not `\u{1b}[31m`\nor", Span::new(id, 0..5), "\u{9b}31m\n").note("\u{8}\nx").help("\r");
    let drawn = render(&diagnostic, &sources, false);
    assert!(drawn.chars().all(|c| c == '\n' || !c.is_control()), "{drawn:?}");
}

#[test]
fn without_a_place_there_is_no_frame() {
    let diagnostic = Diagnostic::error_without_place(CODE, "cannot read `x`").note("one\ntwo").help("do");
    assert_draws(
        &diagnostic,
        &Sources::new(),
        &["error[E0000]: cannot read `x`", "  note: one", "        two", "  help: do"],
    );
}

#[test]
fn json_has_the_names_of_rustc() {
    let (sources, id) = one("é é\n");
    let place = Span::new(id, 3..5);
    let diagnostic =
        Diagnostic::error(CODE, "m", place, "l").label(Span::new(id, 0..2), "s").note("n").fix("h", place, "e");
    let line = json::line(&diagnostic, &sources);
    let value: serde_json::Value = serde_json::from_str(&line).expect("a line is JSON");
    let span = |start, end, column_start, column_end, is_primary, label| {
        serde_json::json!({
            "file_name": "a.net", "byte_start": start, "byte_end": end, "line_start": 1, "line_end": 1,
            "column_start": column_start, "column_end": column_end, "is_primary": is_primary, "label": label,
        })
    };
    let mut replacement = span(3, 5, 3, 4, true, serde_json::Value::Null);
    replacement["suggested_replacement"] = "e".into();
    replacement["suggestion_applicability"] = "MaybeIncorrect".into();
    let child = |level, message, spans: Vec<serde_json::Value>| serde_json::json!({ "level": level, "code": null, "message": message, "spans": spans, "children": [], "rendered": null });
    assert_eq!(
        value,
        serde_json::json!({
            "level": "error", "code": { "code": "E0000" }, "message": "m",
            "spans": [span(3, 5, 3, 4, true, "l".into()), span(0, 2, 1, 2, false, "s".into())],
            "children": [child("note", "n", vec![]), child("help", "h", vec![replacement])],
            "rendered": render(&diagnostic, &sources, false),
        })
    );
    assert!(!line.contains('\n'));
}

/// Texts of what is hard to draw.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("dense(10)\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\t".to_owned()),
        Just("日本\u{301}".to_owned()),
        Just("x".repeat(150)),
        "\\PC{0,8}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Removes SGR sequences.
fn without_colour(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let first = pieces.next().unwrap_or_default().to_owned();
    first + &pieces.map(|piece| piece.split_once('m').map_or("", |(_, rest)| rest)).collect::<String>()
}

proptest! {
    #[test]
    fn any_span_of_any_text_can_be_drawn(
        texts in proptest::collection::vec(text(), 1..3),
        labels in proptest::collection::vec((0..2_usize, 0..400_usize, 0..400_usize, "\\PC{0,4}"), 1..9),
        edits in proptest::collection::vec((0..400_usize, 0..40_usize, text()), 0..3),
    ) {
        let mut sources = Sources::new();
        let ids: Vec<SourceId> = texts.iter().map(|text| sources.add(Source::new("a.net", text.clone()))).collect();
        // Ends beyond the text and inside characters included.
        let mut spans = labels.iter().map(|(source, start, length, _)| Span::new(ids[source % ids.len()], *start..start + length));
        let mut diagnostic = Diagnostic::error(CODE, "m", spans.next().expect("there is a label"), "primary");
        for span in spans {
            diagnostic = diagnostic.label(span, "secondary");
        }
        for (start, length, replacement) in edits {
            diagnostic = diagnostic.fix("do", Span::new(ids[0], start..start + length), replacement);
        }
        let plain = render(&diagnostic, &sources, false);
        prop_assert!(plain.chars().all(|c| c == '\n' || !c.is_control()));
        prop_assert!(plain.lines().all(|line| !line.ends_with(' ')));
        prop_assert_eq!(plain.matches("primary").count(), 1);
        prop_assert_eq!(plain, without_colour(&render(&diagnostic, &sources, true)));
    }
}
