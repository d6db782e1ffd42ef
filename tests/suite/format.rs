//! `gradc fmt`: every text of the repository keeps its tree and its comments, and the files themselves are in the one style.

use crate::support::{files, finish, finish_with_input, read};
use gradc::diagnostics::pages;
use gradc::source::{Source, Sources};
use gradc::syntax::format::format;
use std::path::PathBuf;

/// Formats a text; none where it does not parse.
fn formatted(text: &str) -> Option<String> {
    let mut sources = Sources::new();
    let id = sources.add(Source::new("text.net", text));
    format(&sources, id).ok()
}

/// Every `.net` file outside what is built, the prelude among them.
fn net_files() -> Vec<String> {
    ["benches", "examples", "grammar", "tests"].iter().flat_map(|folder| files(folder, "net")).collect()
}

#[test]
fn every_file_of_ours_is_in_the_one_style() {
    let mut wrong = Vec::new();
    let mut formats = 0;
    for path in net_files() {
        let text = read(&path);
        let Some(once) = formatted(&text) else { continue };
        formats += 1;
        if once != text {
            wrong.push(path);
        }
    }
    assert!(wrong.is_empty(), "not as `gradc fmt` writes them: {wrong:?}");
    assert!(formats > 10, "only {formats} files parse");
}

#[test]
fn every_example_of_the_pages_is_formatted_once() {
    let mut formats = 0;
    for page in pages::all() {
        for text in page.text.split("```net").skip(1) {
            let text = text.split_once('\n').map_or("", |(_, text)| text);
            let text = text.split_once("```").map_or(text, |(text, _)| text);
            let Some(once) = formatted(text) else { continue };
            formats += 1;
            assert_eq!(formatted(&once), Some(once), "{}\n{text}", page.code);
        }
    }
    assert!(formats > 50, "only {formats} examples parse");
}

/// A folder with one file in the style, one that is not and one that does not parse.
fn folder() -> (tempfile::TempDir, [PathBuf; 3]) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::create_dir(folder.path().join("inner")).expect("a folder can be made");
    let paths = ["a.net", "inner/b.net", "inner/c.net"].map(|name| folder.path().join(name));
    for (path, text) in paths.iter().zip(["param a = 1\n", "param  b=1 # one\n", "param c = (\n"]) {
        std::fs::write(path, text).expect("a file can be written");
    }
    (folder, paths)
}

#[test]
fn only_what_differs_is_written() {
    let (folder, [tidy, wild, broken]) = folder();
    let modified = |path: &PathBuf| std::fs::metadata(path).and_then(|file| file.modified()).expect("it is there");
    let before = modified(&tidy);
    let finished = finish(&["fmt", folder.path().to_str().expect("a UTF-8 path")]).with_status(2);
    assert_eq!(finished.stdout, "");
    assert!(finished.stderr.contains("E0102") && finished.stderr.contains("formatted "), "{}", finished.stderr);
    assert_eq!(std::fs::read_to_string(&wild).expect("it is there"), "param b = 1  # one\n");
    assert_eq!(std::fs::read_to_string(&broken).expect("it is there"), "param c = (\n");
    assert_eq!(modified(&tidy), before);
}

#[test]
fn a_check_names_what_differs_and_writes_nothing() {
    let (_folder, paths) = folder();
    let [tidy, wild, broken] = paths.map(|path| path.to_str().expect("a UTF-8 path").to_owned());
    assert_eq!(finish(&["fmt", "--check", &tidy]).with_status(0).stdout, "");
    assert_eq!(finish(&["fmt", "--check", &tidy, &wild]).with_status(1).stdout, format!("{wild}\n"));
    assert_eq!(finish(&["fmt", "--check", &wild, &broken, &wild]).with_status(2).stdout, format!("{wild}\n"));
    let diff = finish(&["fmt", "--diff", &wild]).with_status(0).stdout;
    assert!(diff.contains("\n-param  b=1 # one\n+param b = 1  # one\n"), "{diff}");
    finish(&["fmt", "--check", "--diff", &wild]).with_status(1);
    assert_eq!(std::fs::read_to_string(&wild).expect("it is there"), "param  b=1 # one\n");
}

#[test]
fn standard_input_is_formatted_to_standard_output() {
    let finished = finish_with_input(&["fmt", "-"], b"param  b=1;param c=2").with_status(0);
    assert_eq!((&*finished.stdout, &*finished.stderr), ("param b = 1\nparam c = 2\n", ""));
    assert_eq!(finish_with_input(&["fmt", "--check", "-"], b"param  b=1").with_status(1).stdout, "<stdin>\n");
    assert_eq!(finish_with_input(&["fmt", "-"], b"param  b=").with_status(2).stdout, "");
}

#[test]
fn a_folder_without_files_is_said() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let finished = finish(&["fmt", folder.path().to_str().expect("a UTF-8 path")]).with_status(2);
    assert!(finished.stderr.contains("there is no `.net` file in the folder"), "{}", finished.stderr);
}
