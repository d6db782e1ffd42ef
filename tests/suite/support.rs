//! What several suites need: snapshots (the only file that names insta), the repository's files, the built program.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Holds `text` to `snapshots/FOLDER/NAME.snap`. `INSTA_UPDATE=always cargo test` accepts what changed.
#[track_caller]
pub(crate) fn snapshot(folder: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path(repository().join("snapshots").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Holds every text to `snapshots/FOLDER/NAME.snap`, and the folder to these names: a snapshot that nothing makes is stale.
/// All that differ are shown before the test fails.
#[track_caller]
pub(crate) fn snapshot_folder(folder: &str, texts: &[(String, String)]) {
    let mut failed: Vec<&str> = Vec::new();
    for (name, text) in texts {
        if std::panic::catch_unwind(|| snapshot(folder, name, text)).is_err() {
            failed.push(name);
        }
    }
    let stale: Vec<String> = files(&format!("snapshots/{folder}"), "snap")
        .into_iter()
        .filter(|path| !texts.iter().any(|(name, _)| *path == format!("snapshots/{folder}/{name}.snap")))
        .collect();
    assert!(failed.is_empty() && stale.is_empty(), "snapshots that differ: {failed:?}, stale: {stale:?}");
}

/// The repository's top folder.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` (relative to the repository) whose name ends in `.EXTENSION`, sorted; paths are relative to the
/// repository and have forward slashes.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<String> {
    fn walk(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.expect("a folder of the repository can be listed").path();
            if path.is_dir() {
                walk(&path, extension, found);
            } else if path.extension() == Some(OsStr::new(extension)) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&repository().join(folder), extension, &mut found);
    let mut names: Vec<String> = found
        .iter()
        .map(|path| {
            let relative = path.strip_prefix(repository()).expect("it was found below the repository");
            relative.to_str().expect("our file names are UTF-8").replace('\\', "/")
        })
        .collect();
    names.sort();
    names
}

/// The text of a file of the repository.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The program, in the repository's folder, with no variable of the tester's environment that changes what it does.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradc"));
    command.args(arguments).current_dir(repository()).stdin(Stdio::null());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "COLUMNS", "CI"] {
        command.env_remove(variable);
    }
    command
}

/// Runs the program to its end.
pub(crate) fn finish(arguments: &[&str]) -> Finished {
    Finished::of(program(arguments).output().expect("the program starts"))
}

/// Runs the program with `input` on its standard input.
pub(crate) fn finish_with_input(arguments: &[&str], input: &[u8]) -> Finished {
    let mut child = program(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        // A program that does not want all of its input closes the pipe.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer does not panic");
    Finished::of(output)
}

/// What a finished program left.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The exit status; −1 where a signal ended it.
    pub(crate) status: i32,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl Finished {
    /// Of a program that has ended.
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        Self { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The same, where the exit status is as expected.
    #[track_caller]
    pub(crate) fn with_status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}
