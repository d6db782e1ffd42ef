//! `gradc fix`: every change of every example is one that can be made; what is told of a change was measured; what is made is that
//! change and nothing else.

use crate::support::{Finished, files, finish, finish_with_input, program, read, repository, snapshot};
use gradc::pipeline::{self, Options};
use gradc::remedy::{Kind, apply, candidates};
use gradc::source::{Source, Sources};
use gradc::syntax::format::format;
use serde_json::Value;

/// Sigmoids over sigmoids.
const DEEP: &str = "\
# What would help?
param depth = 6 # layers

data { source: moons(0.1); take: 32 }

network deep {
  input(2)
  dense(8, sigmoid) # the first
  repeat depth { dense(8, sigmoid) }
  dense(2)

  loss: cross_entropy
}

train { optimizer: sgd(rate: 0.1); steps: 20 } # short
report { seeds: 0..3 }
";

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    std::fs::write(folder.path().join("deep.net"), text).expect("it can be written");
    folder
}

#[track_caller]
fn run(folder: &tempfile::TempDir, arguments: &[&str], status: i32) -> Finished {
    let output = program(arguments).current_dir(folder.path()).output().expect("the program starts");
    Finished::of(output).with_status(status)
}

#[track_caller]
fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

fn comments(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| Some(line.split_once('#')?.1.trim())).collect()
}

/// What does not compile is not tried; that it is written well is held here. Only a path around layers, a norm and
/// `auto` have conditions.
#[test]
fn every_change_of_every_example_can_be_written_and_checked() {
    let options = Options { folder: repository().join("examples"), memory_limit: 4 << 30, ..Options::default() };
    let mut count = 0;
    for path in files("examples", "net").iter().filter(|path| !path.contains("09_mistakes")) {
        let text = read(path);
        let checked = pipeline::check(path, text.clone(), &options);
        for candidate in candidates(&checked, &options) {
            let what = format!("{path}: {}", candidate.what);
            let changed = apply(&text, &candidate.edits).unwrap_or_else(|| panic!("{what}: its edits touch"));
            let mut sources = Sources::new();
            let id = sources.add(Source::new("changed.net", &changed));
            let in_style =
                format(&sources, id).unwrap_or_else(|_| panic!("{what} is no text of the language\n{changed}"));
            assert_eq!(in_style, changed, "{what}: an example in style stays in it");
            assert_eq!(comments(&changed), comments(&text), "{what}\n{changed}");
            let after = pipeline::check(path, changed.clone(), &options);
            let error = after.diagnostics.iter().find(|one| one.is_error());
            let may_not_fit = candidate.kinds.iter().any(|kind| matches!(kind, Kind::Residual | Kind::Norm))
                || candidate.what == "weights: auto";
            assert!(error.is_none() || may_not_fit, "{what}\n{changed}\n{error:?}");
            count += 1;
        }
    }
    assert!(count > 100, "{count} changes");
}

#[test]
fn what_helps_a_deep_net_of_sigmoids_is_measured_ranked_and_made() {
    let folder = folder(DEEP);
    let told = run(&folder, &["fix", "deep.net", "--threads", "1"], 0);
    snapshot("fix", "deep", &format!("{}\n{}", told.stdout, told.stderr));
    assert!(told.stdout.lines().all(|line| line.chars().count() <= 100), "{}", told.stdout);
    let again = run(&folder, &["fix", "deep.net", "--threads", "2"], 0);
    assert_eq!((&again.stdout, &again.stderr), (&told.stdout, &told.stderr), "threads");
    assert!(run(&folder, &["fix", "deep.net", "--ascii"], 0).stdout.is_ascii());
    let path = folder.path().join("deep.net");
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), DEEP, "nothing was changed");

    let before = json(&run(&folder, &["run", "deep.net", "--format", "json"], 0).stdout);
    assert_eq!(before["verdict"]["word"], "vanishing");
    run(&folder, &["fix", "deep.net", "--apply", "1"], 0);
    let changed = std::fs::read_to_string(&path).expect("it is there");
    assert_eq!(comments(&changed), comments(DEEP));
    let after = json(&run(&folder, &["run", "deep.net", "--format", "json"], 0).stdout);
    assert_eq!(after["verdict"]["word"], "healthy", "{changed}");
}

/// The numbers of a trial are those of a run of the changed file.
#[test]
fn a_row_has_what_a_run_of_the_changed_file_reports() {
    let folder = folder(DEEP);
    let study = json(&run(&folder, &["fix", "deep.net", "--format", "json", "--seed", "4"], 0).stdout);
    let changes = study["changes"].as_array().expect("a list");
    assert!(changes.len() > 10, "{} changes", changes.len());
    for (at, change) in changes.iter().enumerate().step_by(7) {
        let number = (at + 1).to_string();
        run(&folder, &["fix", "deep.net", "--seed", "4", "--apply", &number, "--output", "other.net"], 0);
        let report = run(&folder, &["run", "other.net", "--format", "json", "--seed", "4"], 0).stdout;
        let report = json(&report);
        let steps = report["steps"].as_array().expect("a list");
        let last = steps.last().expect("a run reports");
        assert_eq!(change["seeds"][0]["loss"], last["loss"], "{change}");
        assert_eq!(change["seeds"][0]["first_loss"], steps[0]["loss"], "{change}");
    }
}

#[test]
fn no_candidate_helped_is_an_answer() {
    // Zero weights and a rate of next to nothing.
    let text = "data { source: gaussian(2); take: 8 }\nnetwork zero {\n  input(2)\n  dense(3, relu)\n  dense(1)\n\n  loss: mse\n  \
                weights: zeros\n  biases: none\n}\ntrain { optimizer: sgd(rate: 1e-9); steps: 1 }\n";
    let told = finish_with_input(&["fix", "-", "--seeds", "2", "--steps", "1"], text.as_bytes()).with_status(0);
    snapshot("fix", "nothing_helps", &format!("{}\n{}", told.stdout, told.stderr));
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let folder = folder(DEEP);
    let wrong = run(&folder, &["fix", "deep.net", "--seeds", "1", "--steps", "1", "--apply", "99"], 2);
    assert!(wrong.stderr.contains("there is no change 99"), "{}", wrong.stderr);
    let no_loss = finish_with_input(&["fix", "-"], b"network n {\n  input(2)\n  dense(1)\n}\n").with_status(2);
    assert!(no_loss.stderr.contains("no loss"), "{}", no_loss.stderr);
    finish(&["fix", "examples/09_mistakes.net"]).with_status(2);
}
