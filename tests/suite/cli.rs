//! The program as a user meets it: help, exit statuses, standard input, pipes, colour, odd files.

use crate::support::{finish, finish_with_input, program, snapshot};

/// The smallest file without a mistake.
const SOUND: &str = "network n {\n  input(2)\n  dense(3, tanh)\n  dense(1)\n  loss: mse\n}\n";
/// A file with one mistake of syntax.
const BROKEN: &str = "network n {\n  input(2\n  dense(1)\n}\n";

/// A folder of its own for a test's files.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder can be made")
}

#[test]
fn help_is_worth_reading() {
    let mut text = String::new();
    for arguments in [&["--help"][..], &["check", "--help"], &["explain", "--help"]] {
        let finished = finish(arguments).with_status(0);
        assert_eq!(finished.stderr, "");
        // clap leaves blanks at the ends of some lines.
        let help: Vec<&str> = finished.stdout.lines().map(str::trim_end).collect();
        text.push_str(&format!("$ gradc {}\n{}\n\n", arguments.join(" "), help.join("\n")));
    }
    snapshot("reference", "help", &text);
}

#[test]
fn a_sound_file_is_well() {
    let finished = finish_with_input(&["check", "-"], SOUND.as_bytes()).with_status(0);
    assert_eq!(finished.stderr, "");
}

#[test]
fn mistakes_are_drawn_and_counted_on_standard_error() {
    let finished = finish_with_input(&["check", "-"], BROKEN.as_bytes()).with_status(2);
    assert_eq!(finished.stdout, "");
    assert!(finished.stderr.contains("[ <stdin>:2:8 ]"), "{}", finished.stderr);
    assert!(
        finished.stderr.ends_with("says more\n") && finished.stderr.contains("1 error in <stdin>"),
        "{}",
        finished.stderr
    );
}

#[test]
fn json_goes_to_standard_output_one_object_a_line() {
    let finished = finish_with_input(&["check", "--format", "json", "-"], BROKEN.as_bytes()).with_status(2);
    assert_eq!(finished.stderr, "");
    let lines: Vec<serde_json::Value> =
        finished.stdout.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["level"], "error");
    assert!(lines[0]["code"]["code"].as_str().is_some_and(|code| code.starts_with("E01")));
}

#[test]
fn a_wrong_command_line_ends_with_two() {
    for arguments in [
        &["chekc", "x.net"][..],
        &["check"],
        &["check", "x.net", "--set", "a"],
        &["check", "x.net", "--memory-limit", "lots"],
        &["check", "x.net", "--seed", "-1"],
        &["check", "x.net", "--format", "yaml"],
        &["check", "there-is-no-such-file.net"],
        &["check", "src"],
        &["explain", "E9999"],
    ] {
        let finished = finish(arguments).with_status(2);
        assert_eq!(finished.stdout, "", "{arguments:?}");
        assert!(finished.stderr.starts_with("error: "), "{arguments:?}\n{}", finished.stderr);
    }
}

#[test]
fn a_near_file_is_named() {
    let folder = folder();
    std::fs::write(folder.path().join("digits.net"), SOUND).expect("a file can be written");
    for near in ["digit.net", "digits", "Digits.net"] {
        let path = folder.path().join(near);
        let finished = finish(&["check", path.to_str().expect("a UTF-8 path")]).with_status(2);
        assert!(finished.stderr.contains("a file has a similar name: `"), "{}", finished.stderr);
        assert!(finished.stderr.contains("digits.net`"), "{}", finished.stderr);
    }
}

#[test]
fn what_is_no_text_is_refused() {
    for (bytes, words) in [
        (&b"network n {\n\xff\n"[..], "is not UTF-8 text: byte 0xff at offset 12, in line 2"),
        (&vec![b' '; (16 << 20) + 1][..], "is larger than 16 MiB"),
    ] {
        let finished = finish_with_input(&["check", "-"], bytes).with_status(2);
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }
}

#[test]
fn nothing_at_all_is_an_error_with_a_place() {
    let finished = finish_with_input(&["check", "-"], b"").with_status(2);
    assert!(finished.stderr.contains("[ <stdin>:1:1 ]"), "{}", finished.stderr);
}

#[test]
fn colour_is_for_terminals_unless_wanted() {
    let coloured = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = program(arguments);
        command.envs(variable);
        let output = command.output().expect("the program starts");
        String::from_utf8_lossy(&output.stderr).contains('\u{1b}')
    };
    let file = ["check", "no-such-file.net"];
    assert!(!coloured(&file, None));
    assert!(coloured(&file, Some(("CLICOLOR_FORCE", "1"))));
    assert!(!coloured(&file, Some(("NO_COLOR", "1"))));
    assert!(coloured(&["check", "no-such-file.net", "--color", "always"], Some(("NO_COLOR", "1"))));
    assert!(!coloured(&["--color=never", "check", "no-such-file.net"], Some(("CLICOLOR_FORCE", "1"))));
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    let output = program(&["explain"]).stdout(writer).output().expect("the program starts");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let output = program(&["explain"]).stdout(full).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.starts_with("error: cannot write to standard output: no space left"), "{told}");
}

#[test]
fn explain_shows_the_page() {
    let listed = finish(&["explain"]).with_status(0).stdout;
    let first = listed.split_whitespace().next().expect("there are codes");
    let page = finish(&["explain", &first.to_lowercase()]).with_status(0).stdout;
    assert!(page.starts_with(&format!("# {first}: ")), "{page}");
}
