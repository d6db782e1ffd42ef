//! The examples in reading order: what each stage of the compiler makes of them, and their reports, as snapshots; and that their
//! bytes depend on nothing but the file: nor on the profile, for `cargo test --release` holds a release build to these snapshots.

use crate::experiment::{Means, run_by};
use crate::support::{files, finish, read, repository, snapshot};
use gradc::jit::Features;
use gradc::report::{csv, json};
use gradc::run::session::Executor;

fn examples() -> Vec<String> {
    files("examples", "net")
}

fn name(path: &str) -> &str {
    path.trim_start_matches("examples/").trim_end_matches(".net")
}

#[test]
fn every_example_is_printed_at_every_stage_as_its_snapshot_has_it() {
    for path in examples().iter().filter(|path| name(path) != "09_mistakes") {
        for (number, stage) in ["ast", "model", "graph", "kernels"].iter().enumerate() {
            let printed = finish(&["emit", "--stage", stage, path]).with_status(0);
            snapshot(name(path), &format!("{}-{stage}", number + 1), &printed.stdout);
        }
    }
}

#[test]
fn every_example_is_reported_as_its_snapshot_has_it() {
    for path in examples().iter().filter(|path| name(path) != "09_mistakes") {
        let printed = finish(&["run", path]).with_status(0);
        snapshot(name(path), "5-report", &printed.stdout);
        snapshot(name(path), "6-findings", &printed.stderr);
    }
}

#[test]
fn the_example_with_mistakes_is_drawn_as_its_snapshot_has_it() {
    let printed = finish(&["check", "examples/09_mistakes.net"]).with_status(2);
    snapshot("09_mistakes", "1-check", &printed.stderr);
}

#[test]
fn a_report_fits_in_a_hundred_columns() {
    for path in examples().iter().filter(|path| name(path) != "09_mistakes") {
        let printed = finish(&["run", path]).with_status(0);
        for line in printed.stdout.lines() {
            assert!(line.chars().count() <= 100, "{path}: {line}");
        }
    }
}

#[test]
fn a_report_has_a_form_without_a_character_beyond_ascii() {
    for path in examples().iter().filter(|path| name(path) != "09_mistakes") {
        let printed = finish(&["run", "--ascii", path]).with_status(0);
        assert!(printed.stdout.is_ascii(), "{path}\n{}", printed.stdout);
        // What has no stand-in would be a question mark.
        assert!(!printed.stdout.contains('?'), "{path}\n{}", printed.stdout);
    }
}

/// Unasked there are only the norms, which leaves a text that can be read.
#[test]
fn all_statistics_of_a_run_are_emitted_when_asked_for() {
    let emit = |more: &[&str]| {
        let arguments = [&["emit", "--stage", "graph", "examples/02_relu_he.net"], more].concat();
        finish(&arguments).with_status(0).stdout
    };
    let (norms, all) = (emit(&[]), emit(&["--statistics"]));
    let statistics = |text: &str| text.lines().filter(|line| line.ends_with(" statistic")).count();
    assert_eq!(statistics(&norms), 5 * 3 * 2, "a map and a sum for W, b and z of five layers");
    assert!(statistics(&all) > 10 * statistics(&norms) && all.contains("histogram"));
}

#[test]
fn reports_are_the_same_bytes_with_any_threads_any_processor_and_by_the_interpreter() {
    for path in ["examples/04_deep_relu_pytorch.net", "examples/06_own_activation.net", "examples/08_underflow.net"] {
        let text = read(path);
        let by = |threads, executor| {
            let run = run_by(&text, "examples", Means { threads, executor });
            (json::render(&run.report), csv::render(&run.report))
        };
        let jit = by(1, Executor::Jit(Features::default()));
        assert_eq!(jit, by(2, Executor::Jit(Features::default())), "{path}: threads");
        for (wide, native) in [(false, true), (false, false)] {
            assert_eq!(jit, by(2, Executor::Jit(Features { wide, native })), "{path}: wide {wide}, native {native}");
        }
        assert_eq!(jit, by(1, Executor::Interpreter), "{path}: interpreter");
    }
}

#[test]
fn the_json_report_keeps_to_its_published_schema() {
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(repository().join("docs/report.schema.json"), json::schema()).expect("docs can be written");
    }
    let published = read("docs/report.schema.json");
    assert_eq!(published, json::schema(), "docs/report.schema.json is `gradc::report::json::schema()`");
    let schema: serde_json::Value = serde_json::from_str(&published).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    for path in examples().iter().filter(|path| name(path) != "09_mistakes") {
        let printed = finish(&["run", "--format", "json", path]).with_status(0);
        let report: serde_json::Value = serde_json::from_str(&printed.stdout).expect("the report is JSON");
        let mistakes: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(mistakes.is_empty(), "{path}: {mistakes:?}");
    }
}
