//! `--format html` and `--format svg`: well-formed whatever the file holds, complete, the same bytes every time. How they look is the
//! business of `browser.rs`.

use crate::support::{Finished, files, finish, finish_with_input, program, read, repository};
use roxmltree::{Document, Node};
use std::collections::BTreeSet;

/// A network with a deep stack of layers of the given kind.
pub(crate) fn stack(layers: usize, settings: &str) -> String {
    format!(
        "network stack {{\n  input(8)\n  repeat {layers} {{ dense(8, tanh) }}\n  dense(2)\n  loss: cross_entropy\n{settings}\n}}\n"
    )
}

/// Comments, labels and strings that try to become markup.
pub(crate) const HOSTILE: &str = "# </style></script><script>alert(1)</script><b>bold&amp;</b> \" ' ` & \u{202e}\u{7}\n\
    network n {\n\tinput(3) # ]]> --> <!--\n  a_label_that_is_longer_than_any_room_a_chart_has_for_it = dense(2, sigmoid)\n  dense(1)\n  loss: mse\n}\n\
    expect exploding\nreport { seeds: [3, 9] }\n";

/// The examples that run.
fn examples() -> Vec<String> {
    files("examples", "net").into_iter().filter(|path| !path.contains("mistakes")).collect()
}

/// What a format makes of a text on standard input.
pub(crate) fn made(format: &str, text: &str) -> Finished {
    finish_with_input(&["run", "-", "--format", format], text.as_bytes())
}

/// A page as XML: its void elements closed. Every element must be closed, every attribute quoted, every character escaped.
#[track_caller]
fn page_as_xml(page: &str) -> String {
    let page = page.strip_prefix("<!DOCTYPE html>").expect("a page says that it is HTML");
    let mut xml = String::new();
    let mut rest = page;
    while let Some(at) = ["<meta ", "<br"].iter().filter_map(|void| rest.find(void)).min() {
        let end = at + rest[at..].find('>').expect("a tag ends");
        xml.push_str(&rest[..end]);
        xml.push('/');
        rest = &rest[end..];
    }
    xml + rest
}

/// The text below a node.
fn text_of(node: Node) -> String {
    node.descendants().filter_map(|inner| if inner.is_text() { inner.text() } else { None }).collect()
}

#[test]
fn pictures_are_the_bytes_that_are_committed() {
    for (example, picture) in [
        ("01_nielsen_digits", "docs/report.svg"),
        ("04_deep_relu_pytorch", "snapshots/04_deep_relu_pytorch/7-picture.svg"),
        ("05_residual", "snapshots/05_residual/7-picture.svg"),
    ] {
        let made = finish(&["run", "--format", "svg", &format!("examples/{example}.net")]).with_status(0).stdout;
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            std::fs::write(repository().join(picture), &made).expect("a snapshot can be written");
        }
        assert!(read(picture) == made, "{picture} differs; `INSTA_UPDATE=always cargo test` accepts the new one");
    }
}

#[test]
fn every_page_and_picture_is_well_formed() {
    for path in examples() {
        let picture = finish(&["run", "--format", "svg", &path]).with_status(0).stdout;
        let document = Document::parse(&picture).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(document.root_element().tag_name().name(), "svg");
        let page = page_as_xml(&finish(&["run", "--format", "html", &path]).with_status(0).stdout);
        Document::parse(&page).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

#[test]
fn a_page_is_complete_for_those_who_do_not_see_it() {
    for path in examples() {
        let page = page_as_xml(&finish(&["run", "--format", "html", &path]).with_status(0).stdout);
        let document = Document::parse(&page).expect("a page is well formed");
        let elements = || document.descendants().filter(Node::is_element);
        let named = |name: &'static str| {
            elements().filter(move |node| node.has_tag_name(name) || node.tag_name().name() == name)
        };

        let ids: Vec<&str> = elements().filter_map(|node| node.attribute("id")).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{path}: an id occurs twice");
        let links: Vec<&str> = named("a").map(|link| link.attribute("href").expect("a link leads somewhere")).collect();
        assert!(!links.is_empty(), "{path}");
        for link in links {
            let target = link.strip_prefix('#').unwrap_or_else(|| panic!("{path}: {link} leads out of the page"));
            assert!(unique.contains(target), "{path}: {link} leads nowhere");
        }
        for node in elements().filter(|node| node.attribute("aria-labelledby").is_some()) {
            for id in node.attribute("aria-labelledby").unwrap_or_default().split(' ') {
                assert!(unique.contains(id), "{path}: nothing is labelled by {id}");
            }
        }
        for picture in named("svg") {
            assert_eq!(picture.attribute("role"), Some("img"), "{path}");
            for words in ["title", "desc"] {
                let said = picture.children().find(|child| child.tag_name().name() == words).map(text_of);
                assert!(said.is_some_and(|said| said.len() > 10), "{path}: a picture without {words}");
            }
        }
        for heading in named("th") {
            assert!(
                heading.attribute("scope").is_some(),
                "{path}: a heading of no row or column: {}",
                text_of(heading)
            );
        }
        for table in named("table") {
            assert!(table.children().any(|child| child.has_tag_name("caption")), "{path}: a table without caption");
            let spans = |row: Node| -> u32 {
                let span = |cell: Node| cell.attribute("colspan").map_or(1, |span| span.parse().expect("a number"));
                row.children().filter(Node::is_element).map(span).sum()
            };
            let rows: Vec<Node> = table.descendants().filter(|node| node.has_tag_name("tr")).collect();
            let head = spans(rows[0]);
            for row in table.children().filter(|child| child.has_tag_name("tbody")).flat_map(|body| body.children()) {
                assert_eq!(spans(row), head, "{path}: a row of another width: {}", text_of(row));
            }
        }
        assert_eq!(named("h1").count(), 1, "{path}");
        for forbidden in ["script", "link", "img", "iframe", "object"] {
            assert_eq!(named(forbidden).count(), 0, "{path}: a page needs no {forbidden}");
        }
        assert!(!page.contains("url(") && !page.contains("@import"), "{path}: a style that loads something");
    }
}

#[test]
fn a_page_tells_every_finding_and_every_number_of_the_report() {
    let path = "examples/04_deep_relu_pytorch.net";
    let page = page_as_xml(&finish(&["run", "--format", "html", path]).with_status(0).stdout);
    let document = Document::parse(&page).expect("a page is well formed");
    let text = text_of(document.root()).replace('\u{a0}', " ");
    let json = finish(&["run", "--format", "json", path]).with_status(0).stdout;
    let report: serde_json::Value = serde_json::from_str(&json).expect("the report is JSON");
    for finding in report["findings"].as_array().expect("a list") {
        let message = finding["message"].as_str().expect("words").replace('`', "");
        assert!(text.contains(&message), "{message}");
        let line = finding["line"].as_u64().expect("every finding of this file has a line");
        assert!(page.contains(&format!("id=\"line-{line}\"")), "{line}");
    }
    for layer in report["steps"][0]["layers"].as_array().expect("a list") {
        for tensor in ["weight", "bias", "pre_activation", "output"] {
            for statistic in ["l2", "rms", "mean", "max_abs"] {
                let value = layer[tensor][statistic].as_f64().expect("a number");
                assert!(text.contains(&format!("{value:.3e}")), "{} {tensor} {statistic} {value:e}", layer["name"]);
            }
        }
    }
}

#[test]
fn no_name_and_no_comment_becomes_markup() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let name = if cfg!(windows) { "a&b'c.net" } else { "<b>&\"'<script>.net" };
    let path = folder.path().join(name);
    std::fs::write(&path, HOSTILE).expect("a file can be written");
    for format in ["html", "svg"] {
        let output = program(&["run", "--format", format]).arg(&path).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "the expectation does not hold");
        let made = String::from_utf8(output.stdout).expect("UTF-8");
        let xml = if format == "html" { page_as_xml(&made) } else { made };
        let document = Document::parse(&xml).unwrap_or_else(|error| panic!("{format}: {error}"));
        let elements: BTreeSet<&str> = document.descendants().map(|node| node.tag_name().name()).collect();
        assert!(!elements.contains("script") && !elements.contains("b"), "{elements:?}");
        if format == "html" {
            let text = text_of(document.root());
            assert!(text.contains("</style></script><script>alert(1)</script><b>bold&amp;</b> \" ' ` &"), "{text}");
            assert!(text.contains(name), "the file is named");
            assert!(
                !text.contains(['\u{202e}', '\u{7}']),
                "characters that steer what reads them are shown, not passed on"
            );
            assert!(text.contains("The expectation of the file does not hold"), "{text}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    for format in ["html", "svg"] {
        let with = |threads| {
            let path = "examples/01_nielsen_digits.net";
            finish(&["run", "--format", format, "--threads", threads, path]).with_status(0)
        };
        assert_eq!(with("1").stdout, with("2").stdout, "{format}");
    }
}

#[test]
fn exit_status_and_talk_are_those_of_the_text_report() {
    let as_text = made("text", HOSTILE).with_status(1);
    for format in ["html", "svg"] {
        assert_eq!(made(format, HOSTILE).with_status(1).stderr, as_text.stderr, "{format}");
    }
}

#[test]
fn zero_and_what_is_not_finite_have_strips_of_their_own() {
    let zero = made("svg", &stack(3, "  weights: zeros")).with_status(0).stdout;
    let names = |picture: &str| -> Vec<String> {
        let document = Document::parse(picture).expect("a picture is well formed");
        let ticks = document.descendants().filter(|node| node.attribute("class") == Some("tick"));
        ticks.map(text_of).collect()
    };
    assert!(names(&zero).contains(&"0".to_owned()), "{:?}", names(&zero));
    let relu = stack(6, "  weights: constant(1e9)").replace("tanh", "relu");
    let infinite = made("svg", &relu).with_status(0).stdout;
    assert!(names(&infinite).contains(&"NaN, ∞".to_owned()), "{:?}", names(&infinite));
    let healthy = made("svg", &stack(3, "")).with_status(0).stdout;
    assert!(!names(&healthy).iter().any(|name| name == "0" || name.contains("NaN")), "{:?}", names(&healthy));
}

#[test]
fn a_network_without_weights_has_a_page_without_empty_sections() {
    let page = made("html", "network n {\n  input(2)\n  tanh\n  loss: mse\n}\n");
    let page = page_as_xml(&page.with_status(0).stdout);
    let document = Document::parse(&page).expect("a page is well formed");
    let sections: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name("section"))
        .filter_map(|node| node.attribute("id"))
        .collect();
    assert!(sections.contains(&"gradient") && !sections.contains(&"factors"), "{sections:?}");
}

#[test]
fn the_plane_of_phases_is_well_formed() {
    let svg = finish(&["phase", "--format", "svg", "examples/03_tanh_critical.net"]).with_status(0).stdout;
    let document = Document::parse(&svg).expect("the picture is XML");
    let classes: Vec<&str> = document.descendants().filter_map(|node| node.attribute("class")).collect();
    for class in ["critical", "level", "place", "axis"] {
        assert!(classes.contains(&class), "{class}");
    }
}
