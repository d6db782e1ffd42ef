//! `gradc reference`: what is printed is what `docs/reference` holds, and every word can be asked for.

use crate::support::{files, finish, read, repository, snapshot};
use gradc::reference::{self, GROUPS, editors};

/// `INSTA_UPDATE=always cargo test` writes what changed, as it does with snapshots.
fn is_updating() -> bool {
    std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always")
}

/// Holds files to their texts, which are written where that is wished.
#[track_caller]
fn assert_files(pages: &[(String, String)]) {
    if is_updating() {
        for (path, text) in pages {
            let path = repository().join(path);
            std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
            std::fs::write(path, text).expect("a file can be written");
        }
    }
    for (path, text) in pages {
        assert_eq!(read(path), *text, "{path}: `INSTA_UPDATE=always cargo test` writes it");
    }
}

#[test]
fn the_colours_of_editors_are_what_the_compiler_says() {
    assert_files(&[
        ("editors/vim/syntax/net.vim".to_owned(), editors::vim()),
        ("editors/textmate/net.tmLanguage.json".to_owned(), editors::textmate()),
    ]);
}

/// The index of the pages.
fn index() -> String {
    let lines: Vec<String> =
        GROUPS.iter().map(|group| format!("- [{0}]({0}.md): {1}\n", group.name, group.summary)).collect();
    format!(
        "# Reference\n\nEvery word of the language, written by the compiler's own tables: `gradc reference NAME` prints the same.\n\n{}- [codes](../codes/README.md): every error, warning and finding\n",
        lines.concat()
    )
}

#[test]
fn the_pages_are_what_the_compiler_says() {
    let entries = reference::entries();
    let mut pages: Vec<(String, String)> = GROUPS
        .iter()
        .map(|group| (format!("docs/reference/{}.md", group.name), reference::page(group, &entries)))
        .collect();
    pages.push(("docs/reference/README.md".to_owned(), index()));
    assert_files(&pages);
    let mut known: Vec<&str> = pages.iter().map(|(path, _)| path.as_str()).collect();
    known.sort_unstable();
    assert_eq!(files("docs/reference", "md"), known, "pages of docs/reference");
}

#[test]
fn every_group_has_words_and_every_word_is_found() {
    let entries = reference::entries();
    for group in GROUPS {
        assert!(entries.iter().any(|entry| entry.group == group.name), "{}", group.name);
    }
    for entry in &entries {
        let page = reference::find(&entry.name).expect("every word has a page");
        assert!(page.contains(&format!("# `{}` (", entry.name)), "{}\n{page}", entry.name);
        assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
    }
}

#[test]
fn the_list_and_one_word_read_well() {
    let mut text = finish(&["reference"]).with_status(0).stdout;
    for topic in ["relu", "swish", "dense", "he_normal", "tanh", "adam", "schedules", "underflow_f16"] {
        text.push_str(&format!("\n$ gradc reference {topic}\n{}", finish(&["reference", topic]).with_status(0).stdout));
    }
    snapshot("reference", "reference", &text);
    snapshot("reference", "codes", &finish(&["explain", "--list"]).with_status(0).stdout);
}

#[test]
fn a_near_word_is_named() {
    for (topic, near) in
        [("ReLU", "relu"), ("sigmiod", "sigmoid"), ("LeakyReLU", "leaky_relu"), ("activation_s", "activations")]
    {
        let finished = finish(&["reference", topic]).with_status(2);
        assert!(finished.stderr.contains(&format!("`gradc reference {near}`")), "{}", finished.stderr);
    }
    assert_eq!(finish(&["reference", "E0201"]).with_status(0).stdout, finish(&["explain", "E0201"]).stdout);
}
