//! `gradc new`: what it writes checks without a word and runs well.

use crate::support::{finish, snapshot};

#[test]
fn every_template_checks_and_runs() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let list = finish(&["new", "--list"]).with_status(0).stdout;
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 3, "{list}");
    for name in names {
        let path = folder.path().join(format!("my-{name}"));
        let path = path.to_str().expect("a UTF-8 path");
        let wrote = finish(&["new", path, "--template", name]).with_status(0);
        assert!(wrote.stderr.contains(&format!("gradc run {path}.net")), "{}", wrote.stderr);
        let file = format!("{path}.net");
        assert_eq!(finish(&["fmt", "--check", &file]).with_status(0).stdout, "", "{name}");
        assert_eq!(finish(&["check", &file]).with_status(0).stderr, "", "{name}");
        let ran = finish(&["run", &file]).with_status(0);
        assert!(ran.stdout.contains(&format!("my_{name}")), "{name}\n{}", ran.stdout);
        snapshot("templates", name, &ran.stdout);
    }
}

#[test]
fn no_file_is_overwritten() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("mine.net");
    std::fs::write(&path, "precious").expect("a file can be written");
    let finished = finish(&["new", path.to_str().expect("a UTF-8 path")]).with_status(2);
    assert!(finished.stderr.contains("already"), "{}", finished.stderr);
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "precious");
}

#[test]
fn a_near_template_is_named() {
    let finished = finish(&["new", "x", "--template", "residul"]).with_status(2);
    assert!(finished.stderr.contains("a template has a similar name: `residual`"), "{}", finished.stderr);
}
