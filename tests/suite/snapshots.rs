//! `gradc test` and `gradc diff` as a team meets them: a first snapshot, a change, its review, continuous integration.

use crate::support::{Finished, files, program, read, repository, snapshot};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small network whose report is `healthy`.
const SMALL: &str = "\
network small {
  input(4)
  repeat 3 { dense(6, tanh) }
  dense(1)
  loss: mse
}

expect not exploding
";
/// One mistake of a name.
const MISTAKEN: &str = "network m {\n  input(2)\n  dense(3, rellu)\n  dense(1)\n  loss: mse\n}\n";

/// A folder of files that is gone when the test is over.
struct Project(tempfile::TempDir);

impl Project {
    fn of(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().expect("a folder can be made"));
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("it is in the project")).expect("a folder can be made");
        std::fs::write(path, text).expect("a file can be written");
    }

    fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} has no {old}");
        self.write(path, &text.replacen(old, new, 1));
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).expect("a file can be read")
    }

    fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command.current_dir(self.0.path());
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], status: i32) -> Finished {
        Finished::of(self.command(arguments).output().expect("the program starts")).with_status(status)
    }
}

/// Everything a command says, as a transcript.
fn told(arguments: &[&str], finished: &Finished) -> String {
    let Finished { status, stdout, stderr } = finished;
    let gap = if stderr.is_empty() { "" } else { "--- standard error\n" };
    format!("$ gradc {}\n{stdout}{gap}{stderr}[exit status {status}]\n\n", arguments.join(" "))
}

#[test]
fn a_report_is_accepted_held_changed_and_accepted_again() {
    let project = Project::of(&[("small.net", SMALL), ("nets/deep.net", &SMALL.replace("repeat 3", "repeat 5"))]);
    let mut text = String::new();
    let mut step = |arguments: &[&str], status: i32| {
        text.push_str(&told(arguments, &project.run(arguments, status)));
    };
    step(&["test"], 0);
    assert!(!project.has("small.net.snap"), "nothing is written unasked");
    step(&["test", "--accept-new"], 0);
    let first = project.read("small.net.snap");
    step(&["test"], 0);
    project.replace("small.net", "tanh", "sigmoid");
    step(&["test"], 1);
    step(&["test", "--accept-new"], 1);
    assert_eq!(project.read("small.net.snap"), first, "only new ones were asked for");
    step(&["test", "--accept", "nets"], 0);
    assert_eq!(project.read("small.net.snap"), first, "only `nets` was asked for");
    step(&["test", "--accept", "small.net"], 0);
    step(&["test", "--check"], 0);
    snapshot("testing", "a_change_is_told_and_accepted", &text);
    snapshot("testing", "what_a_snapshot_holds", &first);
}

#[test]
fn layers_that_come_and_go_are_said_so() {
    let project = Project::of(&[("small.net", SMALL)]);
    project.run(&["test", "--accept"], 0);
    project.replace("small.net", "dense(1)", "dense(5, relu); dense(5, relu)\n  out = dense(1)");
    let finished = project.run(&["test"], 1);
    assert!(finished.stdout.contains("2 layers added"), "{}", finished.stdout);
    project.replace("small.net", "repeat 3", "repeat 1");
    let finished = project.run(&["test"], 1);
    assert!(finished.stdout.contains("1 layer added; 1 layer removed"), "{}", finished.stdout);
}

#[test]
fn comments_and_blank_lines_change_no_snapshot() {
    let project = Project::of(&[("small.net", SMALL)]);
    project.run(&["test", "--accept"], 0);
    project.write("small.net", &format!("# One more comment.\n\n{SMALL}\n# And one.\n"));
    project.run(&["test", "--check"], 0);
    // Nor does the folder it is run from, or where it stands.
    let elsewhere = Project::of(&[("a/b/small.net", SMALL), ("a/b/small.net.snap", &project.read("small.net.snap"))]);
    elsewhere.run(&["test", "--check", "a"], 0);
}

#[test]
fn an_edited_snapshot_is_found_out() {
    let project = Project::of(&[("small.net", SMALL)]);
    project.run(&["test", "--accept"], 0);
    let snapshot = project.read("small.net.snap");
    let line = snapshot.lines().find(|line| line.starts_with("dense2")).expect("the table has a row").to_owned();
    project.write("small.net.snap", &snapshot.replace(&line, &line.replace("dense2", "dense7")));
    let finished = project.run(&["test"], 1);
    assert!(finished.stdout.contains("the numbers are the same, the words differ"), "{}", finished.stdout);
    // A merge that went wrong.
    project.write("small.net.snap", &format!("<<<<<<< ours\n{snapshot}"));
    let finished = project.run(&["test"], 1);
    assert!(finished.stdout.contains("its snapshot cannot be read"), "{}", finished.stdout);
    project.run(&["test", "--accept"], 0);
    assert_eq!(project.read("small.net.snap"), snapshot);
    // Line ends of another system are no change.
    project.write("small.net.snap", &snapshot.replace('\n', "\r\n"));
    project.run(&["test", "--check"], 0);
}

#[test]
fn a_change_within_the_tolerance_leaves_the_snapshot_as_it_is() {
    let project = Project::of(&[("small.net", SMALL)]);
    project.run(&["test", "--accept"], 0);
    // The weights of other digits: every norm moves by about a millionth.
    project.replace("small.net", "loss: mse", "loss: nearly\n");
    project.write("small.net", &format!("loss nearly(y, t) = 1.000001 * (y - t)^2\n{}", project.read("small.net")));
    let before = project.read("small.net.snap");
    project.run(&["test"], 1);
    project.run(&["test", "--tolerance", "1e-9"], 1);
    project.run(&["test", "--check", "--tolerance", "1e-4"], 0);
    project.run(&["test", "--accept", "--tolerance", "1e-4"], 0);
    assert_eq!(project.read("small.net.snap"), before);
    project.run(&["test", "--accept"], 0);
    assert_ne!(project.read("small.net.snap"), before);
}

#[test]
fn a_snapshot_without_its_file_is_stale() {
    let project = Project::of(&[("small.net", SMALL), ("old.net", SMALL)]);
    project.run(&["test", "--accept"], 0);
    std::fs::remove_file(project.path("old.net")).expect("a file can be removed");
    let finished = project.run(&["test"], 1);
    assert!(finished.stdout.contains("STALE    old.net.snap"), "{}", finished.stdout);
    project.run(&["test", "small.net"], 0);
    project.run(&["test", "--accept-new"], 1);
    assert!(project.has("old.net.snap"));
    project.run(&["test", "--accept"], 0);
    assert!(!project.has("old.net.snap"));
}

#[test]
fn continuous_integration_writes_nothing() {
    let project = Project::of(&[("small.net", SMALL)]);
    let in_ci = |value: &str, arguments: &[&str], status: i32| {
        let output = project.command(arguments).env("CI", value).output().expect("the program starts");
        Finished::of(output).with_status(status)
    };
    in_ci("true", &["test"], 1);
    for value in ["false", "0", ""] {
        in_ci(value, &["test"], 0);
    }
    project.run(&["test", "--check"], 1);
    for arguments in [["test", "--accept"], ["test", "--accept-new"], ["test", "--review"]] {
        let refused = in_ci("1", &arguments, 2);
        assert!(refused.stderr.contains("the variable `CI` is set"), "{}", refused.stderr);
    }
    assert!(!project.has("small.net.snap"));
    project.run(&["test", "--accept"], 0);
    in_ci("true", &["test"], 0);
}

#[test]
fn a_review_needs_a_person() {
    let project = Project::of(&[("small.net", SMALL)]);
    let refused = project.run(&["test", "--review"], 2);
    assert!(refused.stderr.contains("asks on a terminal"), "{}", refused.stderr);
}

#[test]
fn a_failed_expectation_fails_whatever_the_snapshot() {
    let project = Project::of(&[("small.net", &format!("{SMALL}expect vanishing\n"))]);
    let accepted = project.run(&["test", "--accept"], 1);
    assert!(accepted.stdout.contains("1 `expect` does not hold"), "{}", accepted.stdout);
    assert!(accepted.stderr.contains("error[G0100]"), "{}", accepted.stderr);
    project.run(&["test"], 1);
    project.write("small.net", SMALL);
    project.run(&["test", "--check"], 0);
}

#[test]
fn mistakes_are_kept_only_where_they_are_meant() {
    let project = Project::of(&[("small.net", SMALL), ("bad/mistaken.net", MISTAKEN)]);
    let mut text = String::new();
    let mut step = |arguments: &[&str], status: i32| {
        text.push_str(&told(arguments, &project.run(arguments, status)));
    };
    step(&["test", "--accept"], 2);
    assert!(!project.has("bad/mistaken.net.snap"), "a slip is not accepted by the way");
    step(&["test", "--accept", "bad/mistaken.net"], 0);
    step(&["test", "--check"], 0);
    project.replace("bad/mistaken.net", "dense(1)", "dense(1, tanhh)");
    step(&["test"], 1);
    // A report's snapshot is not lost to a slip, though the file be named.
    project.replace("small.net", "tanh", "tahn");
    step(&["test", "--accept", "small.net"], 2);
    assert!(project.read("small.net.snap").starts_with("gradc snapshot 1: report\n"));
    step(&["test", "--accept"], 2);
    // Mended, the file has a report.
    project.write("bad/mistaken.net", SMALL);
    step(&["test", "bad"], 1);
    step(&["test", "bad", "--accept"], 0);
    snapshot("testing", "mistakes_are_kept_where_they_are_meant", &text);
}

#[test]
fn what_could_not_be_run_is_told_and_never_kept() {
    let without_data = SMALL.replace("loss: mse\n}", "loss: mse\n}\ndata { source: csv(\"gone.csv\", target: \"y\") }");
    let project = Project::of(&[
        ("no_data.net", &without_data),
        ("no_loss.net", &SMALL.replace("  loss: mse\n", "")),
        ("large.net", &SMALL.replace("dense(6, tanh)", "dense(3000, tanh)")),
    ]);
    let no_data = project.run(&["test", "--accept", "no_data.net"], 3);
    assert!(no_data.stdout.contains("not run: there is no file `gone.csv`"), "{}", no_data.stdout);
    let no_loss = project.run(&["test", "--accept", "no_loss.net"], 2);
    assert!(no_loss.stdout.contains("not run: the network `small` has no `loss`"), "{}", no_loss.stdout);
    let large = project.run(&["test", "--accept", "large.net", "--memory-limit", "20MB"], 3);
    assert!(large.stdout.contains("not run: "), "{}", large.stdout);
    assert!(files_of(&project).iter().all(|file| !file.ends_with(".snap")));
}

fn files_of(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.0.path()).expect("the project can be listed");
    entries.map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn what_ignore_files_leave_out_is_not_tested() {
    let project = Project::of(&[
        ("small.net", SMALL),
        (".gitignore", "drafts/\n"),
        ("drafts/draft.net", MISTAKEN),
        ("more/.ignore", "broken.net\n"),
        ("more/broken.net", MISTAKEN),
        (".hidden/small.net", MISTAKEN),
        ("notes.txt", "not a network\n"),
    ]);
    assert_eq!(project.run(&["test"], 0).stdout.lines().next(), Some("new      small.net  healthy; no snapshot yet"));
    project.run(&["test", "drafts/draft.net"], 2);
    for wrong in ["notes.txt", "nowhere", "more", "nowhere.net"] {
        let refused = project.run(&["test", wrong], 2);
        assert!(format!("{}{}", refused.stdout, refused.stderr).contains(wrong), "{wrong}");
    }
}

#[test]
fn several_threads_give_the_bytes_of_one() {
    let texts: Vec<(String, String)> = (1..9)
        .map(|depth| (format!("net{depth}.net"), SMALL.replace("repeat 3", &format!("repeat {}", 9 - depth))))
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let project = Project::of(&files);
    project.run(&["test", "--accept", "--threads", "3"], 0);
    project.replace("net2.net", "tanh", "relu");
    project.write("net5.net", MISTAKEN);
    for format in ["text", "json", "junit"] {
        let told = |threads: &str| {
            let Finished { stdout, stderr, .. } = project.run(&["test", "--format", format, "--threads", threads], 2);
            (stdout, stderr)
        };
        let one = told("1");
        for threads in ["2", "5"] {
            assert_eq!(told(threads), one, "{format} on {threads} threads");
        }
    }
}

#[test]
fn a_run_that_needs_all_the_memory_has_it_alone() {
    let large = SMALL.replace("dense(6, tanh)", "dense(1500, tanh)");
    let project = Project::of(&[("a.net", &large), ("b.net", &large), ("c.net", SMALL)]);
    // Enough for one of them and not for two.
    for threads in ["1", "3"] {
        let finished = project.run(&["test", "--memory-limit", "130MB", "--threads", threads], 0);
        assert!(finished.stdout.ends_with("without a snapshot\n"), "{}", finished.stdout);
    }
}

/// A project of every kind of outcome.
fn mixed() -> Project {
    let project = Project::of(&[
        ("nets/changed.net", SMALL),
        ("nets/failing.net", &format!("{SMALL}expect vanishing\n")),
        ("nets/gone.net", SMALL),
        ("ok.net", SMALL),
    ]);
    project.run(&["test", "--accept"], 1);
    project.replace("nets/changed.net", "6, tanh", "6, elu");
    std::fs::rename(project.path("nets/gone.net"), project.path("nets/moved.net")).expect("a file can be renamed");
    project.write("nets/mistaken.net", MISTAKEN);
    project
}

#[test]
fn junit_has_a_case_for_every_file() {
    let project = mixed();
    let finished = project.run(&["test", "--check", "--format", "junit", "--output", "out.xml"], 2);
    assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("", ""));
    let written = project.read("out.xml");
    let report = quick_junit::Report::deserialize_from_str(&written).expect("it is JUnit's XML");
    assert_eq!((report.tests, report.failures, report.errors), (6, 4, 1));
    snapshot("testing", "junit", &written);
}

#[test]
fn the_json_result_keeps_to_its_published_schema() {
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(repository().join("docs/test.schema.json"), gradc::cli::test_schema())
            .expect("docs can be written");
    }
    let published = read("docs/test.schema.json");
    assert_eq!(published, gradc::cli::test_schema(), "docs/test.schema.json is `gradc::cli::test_schema()`");
    let schema: serde_json::Value = serde_json::from_str(&published).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let finished = mixed().run(&["test", "--format", "json"], 2);
    assert_eq!(finished.stderr, "");
    let result: serde_json::Value = serde_json::from_str(&finished.stdout).expect("the result is JSON");
    let mistakes: Vec<String> = validator.iter_errors(&result).map(|error| error.to_string()).collect();
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let said: Vec<(&str, &str)> = result["files"]
        .as_array()
        .expect("there are files")
        .iter()
        .map(|file| (file["path"].as_str().unwrap_or_default(), file["status"].as_str().unwrap_or_default()))
        .collect();
    let expected = [
        ("nets/changed.net", "failed"),
        ("nets/failing.net", "failed"),
        ("nets/mistaken.net", "failed"),
        ("nets/moved.net", "new"),
        ("ok.net", "ok"),
        ("nets/gone.net.snap", "stale"),
    ];
    assert_eq!(said, expected);
}

#[test]
fn two_runs_are_compared_in_any_form() {
    let other = SMALL.replace("dense(6, tanh)", "dense(6, relu)");
    let project = Project::of(&[("a.net", SMALL), ("b.net", &other), ("m.net", MISTAKEN), ("odd.json", "{}")]);
    for name in ["a", "b"] {
        project.run(&["run", &format!("{name}.net"), "--format", "json", "--output", &format!("{name}.json")], 0);
    }
    project.run(&["test", "--accept", "a.net", "b.net"], 0);
    for (old, new) in [("a.net", "a.json"), ("a.net.snap", "a.json"), ("a.json", "a.json"), ("a.net", "a.net.snap")] {
        assert_eq!(project.run(&["diff", old, new], 0).stdout, "equal\n", "{old} {new}");
    }
    let arguments = ["diff", "a.net", "b.net"];
    snapshot("testing", "diff", &told(&arguments, &project.run(&arguments, 1)));
    for (old, new) in [("a.json", "b.json"), ("a.net.snap", "b.json"), ("a.net", "b.net.snap")] {
        assert!(project.run(&["diff", old, new], 1).stdout.contains("‖∂C/∂W‖"), "{old} {new}");
    }
    let json = project.run(&["diff", "a.json", "b.json", "--format", "json"], 1).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["equal"], false);
    assert!(json["differences"].as_array().is_some_and(|differences| differences.len() > 20));
    // Everything in a report counts, to the last bit.
    let report = project.read("a.json");
    let at = report.find("\"max_abs\": ").expect("a report has it") + "\"max_abs\": ".len();
    project.write("c.json", &format!("{}9{}", &report[..at], &report[at..]));
    let finished = project.run(&["diff", "a.json", "c.json"], 1);
    assert!(finished.stdout.contains("max_abs"), "{}", finished.stdout);
    for (wrong, status) in [("m.net", 2), ("odd.json", 2), ("nowhere.net", 2)] {
        project.run(&["diff", "a.net", wrong], status);
    }
}

#[test]
fn the_examples_are_as_their_snapshots_have_them() {
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let accepted = program(&["test", "--accept", "examples", "examples/09_mistakes.net"]).output();
        assert!(accepted.expect("the program starts").status.success());
    }
    let output = program(&["test", "--check", "examples"]).output().expect("the program starts");
    let finished = Finished::of(output).with_status(0);
    assert!(finished.stdout.contains("examples/09_mistakes.net"), "{}", finished.stdout);
}

#[test]
fn what_training_gives_is_held() {
    let trained = format!("{SMALL}train {{ optimizer: sgd(rate: 0.1); steps: 4 }}\nreport {{ at: [0, 2, last] }}\n");
    let project = Project::of(&[("small.net", &trained)]);
    project.run(&["test", "--accept"], 0);
    project.run(&["test", "--check", "--threads", "1"], 0);
    project.replace("small.net", "rate: 0.1", "rate: 0.2");
    let finished = project.run(&["test"], 1);
    let table: Vec<&str> = finished.stdout.lines().skip_while(|line| !line.starts_with("step")).collect();
    assert!(table.iter().any(|line| line.trim_start().starts_with("2  dense1  ‖∂C/∂W‖")), "{}", finished.stdout);
    assert!(!table.iter().any(|line| line.trim_start().starts_with("0  ")), "{}", finished.stdout);
    project.replace("small.net", "at: [0, 2, last]", "at: [0, last]");
    let finished = project.run(&["test"], 1);
    assert!(finished.stdout.contains("removed"), "{}", finished.stdout);
}

#[test]
fn suggestions_hold_when_they_are_pasted() {
    for path in files("examples", "net").iter().filter(|path| !path.ends_with("09_mistakes.net")) {
        let text = read(path);
        let without: String = text
            .lines()
            .filter(|line| !line.starts_with("expect"))
            .fold(String::new(), |text, line| text + line + "\n");
        let project = Project::of(&[("x.net", &without)]);
        link(&repository().join("examples/data"), &project.path("data"));
        let suggested = project.run(&["test", "--suggest", "x.net"], 0).stdout;
        let lines: Vec<&str> = suggested.lines().filter(|line| line.starts_with("expect ")).collect();
        assert!((2..=5).contains(&lines.len()), "{path}: {suggested}");
        project.write("x.net", &format!("{without}{suggested}"));
        project.run(&["run", "x.net"], 0);
        assert_eq!(
            project.run(&["test", "--suggest", "x.net"], 0).stdout,
            "",
            "{path}: what is there is not suggested again"
        );
    }
}

fn link(folder: &Path, at: &Path) {
    std::fs::create_dir(at).expect("a folder can be made");
    for entry in std::fs::read_dir(folder).expect("it can be listed") {
        let entry = entry.expect("it can be listed");
        std::fs::copy(entry.path(), at.join(entry.file_name())).expect("a file can be copied");
    }
}
