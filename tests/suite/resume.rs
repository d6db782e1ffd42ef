//! Training that a killed process, an interrupt or a longer plan broke off: `--resume` goes on to the same bytes.

use crate::support::{Finished, finish, finish_with_input, program, snapshot};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const NET: &str = "data { source: spirals(3, 0.1); take: 96; split: 0.75; batch: 24; shuffle: true }\n\
    network spiral {\n  input(2)\n  repeat 3 { dense(12, tanh) }\n  dense(3)\n  loss: cross_entropy\n}\n\
    train { optimizer: adam(rate: 0.003); steps: 40_000; checkpoint: \"state.safetensors\" }\n\
    report { every: 2000 }\n";

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("there is room");
        std::fs::write(folder.path().join("spiral.net"), text).expect("the folder can be written");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn arguments(&self) -> Vec<String> {
        ["run", "--format", "json", "--save"]
            .map(str::to_owned)
            .into_iter()
            .chain([self.text("saved"), self.text("spiral.net")])
            .collect()
    }

    fn run(&self, more: &[&str]) -> Finished {
        let arguments = self.arguments();
        let all: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
        finish(&all)
    }

    fn start(&self) -> Child {
        let arguments = self.arguments();
        let all: Vec<&str> = arguments.iter().map(String::as_str).collect();
        program(&all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    /// The updates that a checkpoint has seen; none where there is no whole file.
    fn step(&self) -> Option<u64> {
        let bytes = std::fs::read(self.path("state.safetensors")).ok()?;
        let (_, metadata) =
            safetensors::SafeTensors::read_metadata(&bytes).expect("a checkpoint is there whole or not at all");
        let head: serde_json::Value = serde_json::from_str(&metadata.metadata().as_ref()?["gradc"]).ok()?;
        head["step"].as_u64()
    }

    /// Waits until training is under way, and is not done.
    fn wait(&self, child: &mut Child) {
        let start = Instant::now();
        while self.step().is_none_or(|step| step == 0) {
            assert!(
                child.try_wait().expect("it can be asked").is_none(),
                "training was over before it could be broken off"
            );
            assert!(start.elapsed() < Duration::from_mins(2), "no checkpoint in two minutes");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn leftovers(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path()).expect("the folder can be listed");
        entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(".gradc-")).count()
    }
}

fn same(one: &Path, other: &Path) -> bool {
    std::fs::read(one).expect("it was saved") == std::fs::read(other).expect("it was saved")
}

#[test]
fn a_killed_run_goes_on_to_the_same_report_and_parameters() {
    let (whole, broken) = (Place::with(NET), Place::with(NET));
    let mut child = broken.start();
    broken.wait(&mut child);
    child.kill().expect("it can be killed");
    let killed = Finished::of(child.wait_with_output().expect("it ended"));
    assert_eq!((killed.status, killed.stdout.as_str()), (-1, ""), "it was killed before its report");
    assert!(broken.step().is_some_and(|step| step < 40_000));

    let expected = whole.run(&[]).with_status(0);
    let resumed = broken.run(&["--resume"]).with_status(0);
    assert_eq!(resumed.stdout, expected.stdout);
    assert!(same(&whole.path("saved"), &broken.path("saved")));
    assert_eq!(broken.step(), Some(40_000));
    // Of a process that is killed while it writes, what it wrote beside may be left; no other process leaves any.
    assert!(broken.leftovers() <= 1 && whole.leftovers() == 0);
    // The end is a state like any other.
    assert_eq!(broken.run(&["--resume"]).with_status(0).stdout, expected.stdout);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_reports_what_there_is_and_goes_on_later() {
    let (whole, broken) = (Place::with(NET), Place::with(NET));
    let mut child = broken.start();
    broken.wait(&mut child);
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("there is a kill").success());
    let interrupted = Finished::of(child.wait_with_output().expect("it ended")).with_status(0);
    let report: serde_json::Value = serde_json::from_str(&interrupted.stdout).expect("the report so far is JSON");
    assert_eq!(report["training"]["end"], "interrupted");
    assert_eq!(broken.step(), report["training"]["updates"].as_u64(), "the state at the end was kept");
    let words = report["summary"][0].as_str().expect("a sentence");
    assert!(words.contains("`gradc run --resume` goes on"), "{words}");
    let expected = whole.run(&[]).with_status(0);
    assert_eq!(broken.run(&["--resume"]).with_status(0).stdout, expected.stdout);
    assert!(same(&whole.path("saved"), &broken.path("saved")));
}

#[test]
fn going_on_needs_a_checkpoint_that_fits() {
    let without = NET.replace("; checkpoint: \"state.safetensors\"", "");
    let told = finish_with_input(&["run", "--resume", "-"], without.as_bytes()).with_status(2);
    assert!(
        told.stderr.contains("the file names none") && told.stderr.contains("checkpoint: \"state.safetensors\""),
        "{}",
        told.stderr
    );
    let dump = finish(&["run", "--resume", "--dump", "x", "y.net"]).with_status(2);
    assert!(dump.stderr.contains("--dump"), "{}", dump.stderr);

    let place = Place::with(&NET.replace("40_000", "20"));
    let missing = place.run(&["--resume"]).with_status(3);
    assert!(missing.stderr.contains("E0601") && missing.stderr.contains("without `--resume`"), "{}", missing.stderr);
    place.run(&[]).with_status(0);
    std::fs::write(place.path("spiral.net"), NET.replace("40_000", "20").replace("rate: 0.003", "rate: 0.004"))
        .expect("it can be written");
    let other = place.run(&["--resume"]).with_status(3);
    assert_eq!(other.stdout, "");
    let drawn = other.stderr.replace(&place.folder.path().display().to_string(), "FOLDER");
    snapshot("resume", "another_experiment", &drawn);
}
