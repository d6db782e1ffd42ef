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

/// The help of every verb at so many columns; clap leaves blanks at the ends of some lines.
fn helps(columns: &str) -> String {
    let verbs =
        ["run", "check", "test", "diff", "explain", "emit", "fmt", "reference", "new"].map(|verb| vec![verb, "--help"]);
    let mut text = String::new();
    for arguments in [vec!["--help"]].iter().chain(&verbs) {
        let output = program(arguments).env("COLUMNS", columns).output().expect("the program starts");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        let help = String::from_utf8(output.stdout).expect("help is UTF-8");
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        text.push_str(&format!("$ gradc {}\n{}\n\n", arguments.join(" "), lines.join("\n")));
    }
    text
}

#[test]
fn help_is_worth_reading() {
    snapshot("reference", "help", &helps("80"));
}

#[test]
fn help_keeps_to_the_terminal_and_to_a_hundred_columns() {
    for (columns, most) in [("80", 80), ("200", 100)] {
        for line in helps(columns).lines() {
            assert!(line.chars().count() <= most, "at {columns} columns: {line}");
        }
    }
}

#[test]
fn help_is_coloured_as_wished() {
    let coloured = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let output = program(arguments).envs(variable).output().expect("the program starts");
        String::from_utf8_lossy(&output.stdout).contains('\u{1b}')
    };
    assert!(!coloured(&["--help"], None));
    assert!(coloured(&["run", "--help", "--color=always"], None));
    assert!(coloured(&["--color", "always", "--help"], Some(("NO_COLOR", "1"))));
    assert!(coloured(&["--help"], Some(("CLICOLOR_FORCE", "1"))));
    assert!(!coloured(&["--help", "--color", "never"], Some(("CLICOLOR_FORCE", "1"))));
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
        &["run"],
        &["run", "src"],
        &["run", "there-is-no-such-file.net"],
        &["run", "examples/08_underflow.net", "--threads", "0"],
        &["run", "examples/08_underflow.net", "--seed", "18446744073709551616"],
        &["emit", "examples/08_underflow.net"],
        &["emit", "--stage", "grph", "examples/08_underflow.net"],
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
        (&vec![0; 50 << 20][..], "is larger than 16 MiB"),
        (&b"\x7fELF\x02\x01\x01\x00\xd0\xfe"[..], "is not UTF-8 text: byte 0xd0 at offset 8, in line 1"),
    ] {
        let finished = finish_with_input(&["check", "-"], bytes).with_status(2);
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }
}

#[test]
fn nothing_at_all_is_an_error_with_a_place() {
    for verb in ["check", "run"] {
        let finished = finish_with_input(&[verb, "-"], b"").with_status(2);
        assert!(finished.stderr.contains("[ <stdin>:1:1 ]"), "{}", finished.stderr);
    }
}

#[test]
fn bytes_that_happen_to_be_text_are_told_apart_from_a_network() {
    let zeros = finish_with_input(&["run", "-"], &[0; 64]).with_status(2);
    assert!(zeros.stderr.contains("error[E01"), "{}", zeros.stderr);
}

#[test]
fn a_wrong_number_says_which_are_right() {
    for (option, value, words) in [
        ("--seed", "18446744073709551616", "a seed is a whole number from 0 to 18446744073709551615"),
        ("--seed", "x", "a seed is a whole number from 0 to 18446744073709551615"),
        ("--threads", "0", "a number of threads is from 1 to 1024"),
        ("--memory-limit", "lots", "a size is written as 512MiB, 2GB or 1e9"),
    ] {
        let finished = finish(&["run", "-", option, value]).with_status(2);
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }
}

#[test]
fn the_largest_seed_is_one() {
    finish_with_input(&["run", "-", "--seed", "18446744073709551615"], SOUND.as_bytes()).with_status(0);
}

/// A file with two params, both used.
const WITH_PARAMS: &str =
    "param width = 3\nparam act = tanh\nnetwork n {\n  input(2)\n  dense(width, act)\n  dense(1)\n  loss: mse\n}\n";

#[test]
fn a_wrong_set_is_drawn_with_what_was_probably_meant() {
    for (set, code, words) in [
        ("widht=4", "E0201", "write `width`"),
        ("act=tahn", "E0201", "write `tanh`"),
        ("width=tanh", "E0303", "`width` holds a number"),
        ("width=2.5", "E0502", "dense(width, act)"),
        ("width=[", "E0102", "param width = ["),
        ("width=3; param x = 1", "E0", "--set"),
    ] {
        let finished = finish_with_input(&["run", "-", "--set", set], WITH_PARAMS.as_bytes()).with_status(2);
        assert_eq!(finished.stdout, "");
        assert!(finished.stderr.contains(&format!("error[{code}")), "{set}\n{}", finished.stderr);
        assert!(finished.stderr.contains(words), "{set}\n{}", finished.stderr);
    }
    finish_with_input(&["run", "-", "--set", "act=swish(beta: 2)"], WITH_PARAMS.as_bytes()).with_status(0);
}

#[test]
fn want_of_memory_is_of_the_world_and_not_of_the_spec() {
    for limit in ["100", "1KB", "10KB"] {
        let finished = finish_with_input(&["run", "-", "--memory-limit", limit], SOUND.as_bytes()).with_status(3);
        assert_eq!(finished.stdout, "");
        assert!(finished.stderr.contains("error[E0504]"), "{limit}\n{}", finished.stderr);
    }
    // More memory would not mend these.
    for text in [SOUND.replace("dense(3", "dense(1e300"), SOUND.replace("tanh", "tahn")] {
        finish_with_input(&["run", "-", "--memory-limit", "100"], text.as_bytes()).with_status(2);
    }
    finish_with_input(&["check", "-", "--memory-limit", "100"], SOUND.as_bytes()).with_status(2);
}

#[test]
fn a_product_without_a_place_is_refused_before_the_run() {
    let folder = folder();
    let missing = folder.path().join("missing").join("file");
    for option in ["--output", "--dump"] {
        for (path, words) in [(missing.as_path(), "there is no folder `"), (folder.path(), "it is a folder")] {
            let path = path.to_str().expect("a UTF-8 path");
            let finished = finish_with_input(&["run", "-", option, path], SOUND.as_bytes()).with_status(3);
            assert_eq!(finished.stdout, "");
            assert!(finished.stderr.starts_with(&format!("error: cannot write `{path}`: {words}")), "{finished:?}");
        }
    }
}

#[test]
fn a_report_goes_to_a_file_whole() {
    let folder = folder();
    let path = folder.path().join("report.txt");
    let to_file = ["run", "-", "--output", path.to_str().expect("a UTF-8 path")];
    assert_eq!(finish_with_input(&to_file, SOUND.as_bytes()).with_status(0).stdout, "");
    let printed = finish_with_input(&["run", "-"], SOUND.as_bytes()).with_status(0).stdout;
    assert_eq!(std::fs::read_to_string(path).expect("the report was written"), printed);
}

#[test]
fn mistakes_of_all_stages_are_told_in_order_of_the_text() {
    let text = "data { source: csv(\"none.csv\", target: \"y\") }\nnetwork n {\n  input(2)\n  dense(3, tahn)\n  \
                dense(1 2)\n  los: mse\n}\n";
    let finished = finish_with_input(&["run", "-"], text.as_bytes()).with_status(2);
    let lines: Vec<&str> = finished.stderr.lines().filter(|line| line.contains("[ <stdin>:")).collect();
    let places: Vec<&str> = lines.iter().filter_map(|line| line.split("stdin>:").nth(1)?.split(':').next()).collect();
    assert_eq!(places, ["1", "4", "5", "6"], "{}", finished.stderr);
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
    for arguments in [
        &["explain"][..],
        &["--help"],
        &["run", "examples/06_own_activation.net"],
        &["check", "examples/06_own_activation.net"],
        &["emit", "--stage", "graph", "examples/06_own_activation.net"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        let output = program(arguments).stdout(writer).output().expect("the program starts");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
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
    assert_eq!(listed, finish(&["explain", "--list"]).with_status(0).stdout);
    // The codes of a family stand below its title.
    let first = listed.lines().nth(1).and_then(|line| line.split_whitespace().next()).expect("there are codes");
    let page = finish(&["explain", &first.to_lowercase()]).with_status(0).stdout;
    assert!(page.starts_with(&format!("# {first}: ")), "{page}");
}
