//! Every code has a page, and every example on it does what the page says. The drawing of each failing example is a snapshot:
//! the smallest `.net` that earns the code, and how it is told.

use crate::support::{files, read, snapshot_folder};
use gradc::diagnostics::Diagnostic;
use gradc::diagnostics::pages::{self, Page};
use gradc::diagnostics::render::render;
use gradc::pipeline::{self, Checked, Options};
use std::collections::BTreeSet;

/// The codes that the sources can report: every `Code("…")`.
fn codes_in_sources() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for path in files("src", "rs").iter().filter(|path| !path.ends_with("tests.rs")) {
        for (_, rest) in
            read(path).match_indices("Code(\"").map(|(at, found)| (at, read(path)[at + found.len()..].to_owned()))
        {
            codes.insert(rest.chars().take_while(|character| *character != '"').collect());
        }
    }
    codes
}

/// A fenced block of a page: what stands after the fence, and the text.
struct Block {
    fence: String,
    text: String,
}

fn blocks(page: &Page) -> Vec<Block> {
    blocks_of(page.code, page.text)
}

fn blocks_of(name: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(fence), None) => open = Some(Block { fence: fence.trim().to_owned(), text: String::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{name}: a block is not closed");
    blocks
}

fn options() -> Options {
    Options { memory_limit: 4 << 30, ..Options::default() }
}

fn check(text: &str) -> Checked {
    pipeline::check("example.net", text.to_owned(), &options())
}

/// The codes of everything that is told of a file, its run included.
fn run(text: &str) -> BTreeSet<&'static str> {
    let checked = check(text);
    let mut told = checked.diagnostics.clone();
    if !told.iter().any(Diagnostic::is_error) {
        match checked.run(&options(), &|_| {}) {
            Ok(ran) => {
                told.extend(ran.diagnosis.findings.into_iter().map(|finding| finding.diagnostic));
                told.extend(ran.failed);
            }
            Err(mistakes) => told.extend(mistakes),
        }
    }
    told.iter().map(|diagnostic| diagnostic.code.0).collect()
}

fn drawn(checked: &Checked) -> String {
    checked
        .diagnostics
        .iter()
        .map(|diagnostic| render(diagnostic, &checked.sources, false))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let with_page: BTreeSet<String> = pages::all().iter().map(|page| page.code.to_owned()).collect();
    assert_eq!(codes_in_sources(), with_page, "left: codes in src, right: pages in docs/codes");
}

#[test]
fn the_binary_holds_the_pages_of_the_folder() {
    for path in files("docs/codes", "md").iter().filter(|path| !path.ends_with("README.md")) {
        let code = path.trim_start_matches("docs/codes/").trim_end_matches(".md");
        assert_eq!(pages::page(code).map(|page| page.text.to_owned()), Some(read(path)), "{path}");
    }
}

#[test]
fn every_example_does_what_its_page_says() {
    let mut wrong = Vec::new();
    for page in pages::all() {
        let mut failing = 0;
        let mut sound = 0;
        let mut told = 0;
        for block in blocks(&page) {
            match block.fence.as_str() {
                "net,fails" => {
                    failing += 1;
                    let checked = check(&block.text);
                    let earned: BTreeSet<&str> =
                        checked.diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect();
                    if earned != BTreeSet::from([page.code]) {
                        wrong.push(format!(
                            "{}: a failing example earns {earned:?}\n{}\n{}",
                            page.code,
                            block.text,
                            drawn(&checked)
                        ));
                    }
                }
                "net" => {
                    sound += 1;
                    let checked = check(&block.text);
                    let fault = |diagnostic: &Diagnostic| diagnostic.is_error() || diagnostic.code.0 == page.code;
                    if checked.diagnostics.iter().any(fault) {
                        wrong.push(format!(
                            "{}: a sound example fails\n{}\n{}",
                            page.code,
                            block.text,
                            drawn(&checked)
                        ));
                    }
                }
                "net,run" => {
                    told += 1;
                    let earned = run(&block.text);
                    if !earned.contains(page.code) {
                        wrong.push(format!("{}: a run earns {earned:?}\n{}", page.code, block.text));
                    }
                }
                "text" => told += 1,
                other => wrong.push(format!("{}: a block is fenced `{other}`", page.code)),
            }
        }
        // A finding needs a run, and what is wrong with a data file needs the file: those pages show what is told.
        // Nothing earns a code that is retired.
        let shown = !page.code.starts_with('E')
            || told > 0
            || page.text.lines().next().is_some_and(|line| line.ends_with("(retired)"));
        if (failing == 0 && !shown) || (sound == 0 && failing > 0) || failing + sound + told == 0 {
            wrong.push(format!("{}: {failing} failing, {sound} sound and {told} other examples", page.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_failing_example_is_drawn() {
    let mut pictures = Vec::new();
    for page in pages::all() {
        let failing = blocks(&page).into_iter().filter(|block| block.fence == "net,fails");
        for (index, block) in failing.enumerate() {
            let name = if index == 0 { page.code.to_owned() } else { format!("{}-{}", page.code, index + 1) };
            pictures.push((name, format!("{}\n{}", block.text, drawn(&check(&block.text)))));
        }
    }
    snapshot_folder("diagnostics", &pictures);
}

#[test]
fn the_examples_of_guide_and_readme_are_sound() {
    for (path, least) in [("docs/language.md", 8), ("README.md", 2)] {
        let sound: Vec<Block> = blocks_of(path, &read(path)).into_iter().filter(|block| block.fence == "net").collect();
        assert!(sound.len() >= least, "{path} has {} examples", sound.len());
        for block in sound {
            let checked = check(&block.text);
            assert!(checked.diagnostics.is_empty(), "{path}\n{}\n{}", block.text, drawn(&checked));
        }
    }
}

#[test]
fn the_front_page_shows_a_real_report() {
    let readme = read("README.md");
    for name in ["5-report", "6-findings"] {
        let snapshot = read(&format!("snapshots/01_nielsen_digits/{name}.snap"));
        let shown = snapshot.splitn(3, "---\n").nth(2).expect("a snapshot has a head").trim();
        assert!(readme.contains(shown), "README.md shows another {name} than the snapshot");
    }
}

#[test]
fn the_front_page_shows_what_the_plateau_is() {
    let snapshot = read("snapshots/stuck/10_plateau.snap");
    let shown = snapshot.splitn(3, "---\n").nth(2).expect("a snapshot has a head").trim();
    assert!(read("README.md").contains(shown), "README.md shows another answer than the snapshot");
}

/// Files with several mistakes: the first line names the codes that must be raised, in order; no consequence of a mistake is
/// among them.
#[test]
fn one_run_reports_every_mistake() {
    let mut pictures = Vec::new();
    for path in files("tests/diagnostics", "net") {
        let text = read(&path);
        let codes = text.lines().next().and_then(|line| line.strip_prefix('#')).unwrap_or_default();
        let wanted: Vec<&str> = codes.split_whitespace().collect();
        // Relative, so that no message names a place of this machine: tests run in the repository's folder.
        let options = Options { memory_limit: 4 << 30, folder: "tests/diagnostics".into(), ..Options::default() };
        let checked = pipeline::check(&path, text.clone(), &options);
        let raised: Vec<&str> = checked.diagnostics.iter().map(|diagnostic| diagnostic.code.0).collect();
        assert_eq!(raised, wanted, "{path}\n{}", drawn(&checked));
        let name = path.trim_start_matches("tests/diagnostics/").trim_end_matches(".net");
        pictures.push((name.to_owned(), format!("{text}\n{}", drawn(&checked))));
    }
    assert!(pictures.len() >= 8, "{} files", pictures.len());
    snapshot_folder("mistakes", &pictures);
}
