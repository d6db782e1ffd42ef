//! `gradc sweep` and `gradc merge` as somebody with a cluster meets them: shards, interruptions, points that cannot be run.

use crate::support::{Finished, files, program, read, snapshot};
use std::path::PathBuf;
use std::process::{Child, Stdio};

/// Two activations by three depths by two rules and five seeds: 60 runs.
const GRID: &str = "\
param depth = 2
param act = tanh
param rule = he_normal

network small {
  input(4)
  repeat depth { dense(6, act) }
  dense(1)
  loss: mse
  weights: rule
}

report { seeds: 0..5 }
sweep { depth: [2, 4, 8]; act: [sigmoid, swish(beta: 2)]; rule: [he_normal, normal(0, 1 / sqrt(fan_in))] }
";

/// Points that cannot be run: a shape that does not fit, weights that are not finite.
const BROKEN: &str = "\
param width = 4
param size = 1

network small {
  input(4)
  residual { dense(width, tanh) }
  dense(1, exp)
  loss: mse
  weights: normal(0, size)
}

sweep { width: [4, 5]; size: [1, 1e30] }
";

struct Folder(tempfile::TempDir);

impl Folder {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder can be made"));
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("a file can be written");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("a file can be read")
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = program(arguments);
        command.current_dir(self.0.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program starts")
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], status: i32) -> Finished {
        let output = self.start(arguments).wait_with_output().expect("the program ends");
        Finished::of(output).with_status(status)
    }
}

#[test]
fn shards_of_several_processes_are_merged_to_the_bytes_of_one() {
    let folder = Folder::of(&[("grid.net", GRID)]);
    for ending in ["csv", "json"] {
        let whole = folder.run(&["sweep", "grid.net", "--format", ending, "--threads", "1"], 0).stdout;
        let parts: Vec<String> = (1..=7).map(|shard| format!("part{shard}.{ending}")).collect();
        let shards = parts.iter().enumerate().map(|(at, part)| {
            let (shard, threads) = (format!("{}/7", at + 1), format!("{}", 1 + at % 3));
            folder.start(&["sweep", "grid.net", "--shard", &shard, "--output", part, "--threads", &threads])
        });
        // All at once.
        for shard in shards.collect::<Vec<_>>() {
            Finished::of(shard.wait_with_output().expect("it ends")).with_status(0);
        }
        // In no order.
        let mut merge = vec!["merge"];
        merge.extend(parts.iter().rev().map(String::as_str));
        assert_eq!(folder.run(&merge, 0).stdout, whole);
        let output = format!("whole.{ending}");
        folder.run(&["sweep", "grid.net", "--output", &output, "--threads", "3"], 0);
        assert_eq!(folder.read(&output), whole, "a file has the same bytes, with more threads");
    }
    let converted = folder.run(&["merge", "whole.csv", "--format", "json"], 0).stdout;
    assert_eq!(converted, folder.read("whole.json"));
}

#[test]
fn a_row_has_what_a_run_of_its_values_reports() {
    let folder = Folder::of(&[("grid.net", GRID)]);
    let rows = folder.run(&["sweep", "grid.net", "--format", "json"], 0).stdout;
    for line in rows.lines().step_by(13) {
        let row: serde_json::Value = serde_json::from_str(line).expect("a row is JSON");
        let set = |name: &str| match &row[name] {
            serde_json::Value::String(text) => format!("{name}={text}"),
            number => format!("{name}={number}"),
        };
        let (depth, act, rule, seed) = (set("depth"), set("act"), set("rule"), row["seed"].to_string());
        let arguments = ["run", "grid.net", "--format", "json", "--seed", &seed, "--set", &depth, "--set", &act];
        let report = folder.run(&[&arguments[..], &["--set", &rule]].concat(), 0).stdout;
        let report: serde_json::Value = serde_json::from_str(&report).expect("a report is JSON");
        let step = &report["steps"][0];
        assert_eq!(row["verdict"], report["verdict"]["word"]);
        assert_eq!(row["ratio"], report["verdict"]["ratio"]);
        assert_eq!(row["factor_per_layer"], report["verdict"]["factor_per_layer"]);
        assert_eq!(row["loss"], step["loss"]);
        let r: Vec<_> = step["layers"]
            .as_array()
            .expect("layers")
            .iter()
            .map(|layer| &layer["pre_activation"]["per_example"])
            .collect();
        assert_eq!(row["r"].as_array().expect("a list").iter().collect::<Vec<_>>(), r);
    }
}

#[test]
fn a_sweep_goes_on_where_it_ended_and_runs_nothing_again() {
    let folder = Folder::of(&[("grid.net", GRID)]);
    for ending in ["csv", "json"] {
        let whole = folder.run(&["sweep", "grid.net", "--format", ending], 0).stdout;
        let output = format!("rows.{ending}");
        // Rows as they came, of which one was not written to its end: one of them is recognised again.
        let (head, rows) = match ending {
            "csv" => whole.split_once('\n').map(|(head, rows)| (format!("{head}\n"), rows)).expect("there is a head"),
            _ => (String::new(), whole.as_str()),
        };
        let lines: Vec<&str> = rows.lines().collect();
        let marked = lines[30].replacen("sigmoid", "SIGMOID", 1).replacen("swish", "SWISH", 1);
        assert_ne!(marked, lines[30]);
        let partial = format!("{head}{marked}\n{}\n{}\n{}", lines[3], lines[59], &lines[7][..20]);
        folder.write(&output, &partial);
        let refused = folder.run(&["sweep", "grid.net", "--output", &output], 2);
        assert!(refused.stderr.contains("`--resume` goes on with the 57 that are left"), "{}", refused.stderr);
        assert_eq!(folder.read(&output), partial, "nothing was lost");
        folder.run(&["sweep", "grid.net", "--output", &output, "--resume"], 0);
        assert_eq!(folder.read(&output), whole.replacen(lines[30], &marked, 1));
        folder.write(&output, &head);
        folder.run(&["sweep", "grid.net", "--output", &output, "--resume"], 0);
        assert_eq!(folder.read(&output), whole);
    }
}

#[test]
fn what_cannot_be_put_together_is_told() {
    let other = GRID.replace("input(4)", "input(5)");
    let folder = Folder::of(&[("grid.net", GRID), ("other.net", &other), ("odd.csv", "a,b\n1,2\n"), ("empty.csv", "")]);
    for shard in ["1", "2", "3"] {
        folder.run(&["sweep", "grid.net", "--shard", &format!("{shard}/3"), "--output", &format!("{shard}.csv")], 0);
    }
    folder.run(&["sweep", "other.net", "--output", "other.csv"], 0);
    folder.run(&["sweep", "grid.net", "--output", "1.json", "--shard", "1/3"], 0);
    folder.write("cut.csv", &folder.read("3.csv")[..2000]);
    folder.write("hurt.csv", &folder.read("3.csv").replacen("60,", "sixty,", 1));
    let mut told = String::new();
    for (arguments, status) in [
        (&["merge", "1.csv", "3.csv"][..], 2),
        (&["merge", "1.csv", "2.csv", "3.csv", "1.csv"], 2),
        (&["merge", "1.csv", "other.csv"], 2),
        (&["merge", "1.csv", "1.json"], 2),
        (&["merge", "1.csv", "odd.csv"], 2),
        (&["merge", "1.csv", "empty.csv"], 2),
        (&["merge", "1.csv", "2.csv", "hurt.csv"], 2),
        (&["merge", "1.csv", "2.csv", "cut.csv"], 2),
        (&["merge", "nowhere.csv"], 2),
        (&["sweep", "grid.net", "--output", "other.csv", "--resume"], 2),
        (&["sweep", "grid.net", "--resume"], 2),
        (&["sweep", "grid.net", "--format", "csv", "--resume"], 2),
        (&["sweep", "grid.net", "--format", "json", "--resume", "--output", "1.csv"], 2),
        (&["sweep", "grid.net", "--set", "depth=3", "--set", "act=relu", "--format", "svg"], 2),
        (&["sweep", "grid.net", "--shard", "4/3"], 2),
    ] {
        let Finished { stderr, stdout, .. } = folder.run(arguments, status);
        assert_eq!(stdout, "", "{arguments:?}");
        told.push_str(&format!("$ gradc {}\n{stderr}\n", arguments.join(" ")));
    }
    snapshot("sweeps", "mistakes", &told);
    let partial = folder.run(&["merge", "1.csv", "3.csv", "--partial"], 0).stdout;
    assert_eq!(partial.lines().count(), 41);
}

#[test]
fn a_comment_or_an_expect_makes_no_other_experiment() {
    let folder = Folder::of(&[("grid.net", GRID)]);
    folder.run(&["sweep", "grid.net", "--shard", "1/2", "--output", "1.csv"], 0);
    folder.write("grid.net", &format!("# Another comment.\n{GRID}\nexpect exploding\n"));
    folder.run(&["sweep", "grid.net", "--shard", "2/2", "--output", "2.csv"], 0);
    folder.run(&["merge", "1.csv", "2.csv"], 0);
}

#[test]
fn a_point_that_cannot_be_run_is_a_row_with_its_reason() {
    let folder = Folder::of(&[("broken.net", BROKEN)]);
    let text = folder.run(&["sweep", "broken.net"], 0).stdout;
    let rows = folder.run(&["sweep", "broken.net", "--format", "csv"], 0).stdout;
    snapshot("sweeps", "points_that_cannot_be_run", &format!("{text}\n{rows}"));
}

#[test]
fn a_sweep_is_a_table_a_map_and_a_picture() {
    let folder = Folder::of(&[("grid.net", GRID)]);
    folder.run(&["sweep", "grid.net", "--output", "rows.csv"], 0);
    let text = folder.run(&["sweep", "grid.net"], 0).stdout;
    assert_eq!(folder.run(&["merge", "rows.csv", "--format", "text"], 0).stdout, text);
    let ascii = folder.run(&["merge", "rows.csv", "--format", "text", "--ascii", "--map", "loss"], 0).stdout;
    assert!(ascii.is_ascii() && !ascii.contains('?'), "{ascii}");
    for line in text.lines().chain(ascii.lines()) {
        assert!(line.chars().count() <= 100, "{line}");
    }
    snapshot("sweeps", "text", &format!("{text}\n{ascii}"));
    let picture = folder.run(&["sweep", "grid.net", "--format", "svg"], 0).stdout;
    assert_eq!(folder.run(&["merge", "rows.csv", "--format", "svg"], 0).stdout, picture);
    roxmltree::Document::parse(&picture).expect("a picture keeps to the rules of XML");
    snapshot("sweeps", "picture", &picture);
}

#[test]
fn a_value_on_the_command_line_is_not_swept() {
    let folder = Folder::of(&[("grid.net", GRID)]);
    let rows = folder.run(&["sweep", "grid.net", "--set", "act=relu", "--seed", "3", "--format", "csv"], 0).stdout;
    let head = rows.lines().next().expect("there is a head");
    assert!(head.starts_with("run,runs,depth,rule,seed,"), "{head}");
    assert_eq!(rows.lines().count(), 1 + 3 * 2);
    let refused = folder.run(&["sweep", "grid.net", "--set", "depth=2", "--set", "acr=relu"], 2);
    assert!(refused.stderr.contains("E0201"), "{}", refused.stderr);
}

#[test]
fn the_columns_are_documented_in_their_order() {
    let page = read("docs/sweeps.md");
    let rows: Vec<(&str, &str)> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ")).collect();
    let columns = gradc::sweep::described();
    assert_eq!(rows, columns);
    assert!(files("docs", "md").contains(&"docs/sweeps.md".to_owned()));
}
