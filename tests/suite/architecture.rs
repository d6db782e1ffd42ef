//! The invariants of the house that a reader of the sources can check: imports go up the list, one crate has one door, and so
//! on. The list is `src/lib.rs` itself.

use crate::support::{files, read, repository};

/// A source text without comments and without the contents of its string literals; the lines stay where they are.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|next| *next != '\n').is_some() {},
            'r' if raw_string(&code, &rest).is_some() => {
                let fence = raw_string(&code, &rest).expect("it was just found");
                let body: String = rest.clone().skip(fence + 1).collect();
                let end = body.find(&format!("\"{}", "#".repeat(fence))).expect("the compiler has seen its end");
                code.push_str("r\"");
                code.extend(body[..end].chars().filter(|inner| *inner == '\n'));
                code.push('"');
                let length = fence + 1 + body[..end].chars().count() + 1 + fence;
                rest.nth(length - 1);
            }
            '"' => {
                code.push('"');
                while let Some(inner) = rest.next() {
                    match inner {
                        '\\' => code.extend(rest.next().filter(|escaped| *escaped == '\n')),
                        '\n' => code.push('\n'),
                        '"' => break,
                        _ => {}
                    }
                }
                code.push('"');
            }
            // A character literal that would open a string or comment.
            '\'' => {
                let mut ahead = rest.clone();
                let first = ahead.next();
                let literal = if first == Some('\\') { (ahead.next(), ahead.next()).1 } else { ahead.next() };
                code.push('\'');
                if literal == Some('\'') {
                    rest = ahead;
                    code.push('\'');
                }
            }
            other => code.push(other),
        }
    }
    code
}

/// The number of `#` of a raw string that begins after the `r` just read.
fn raw_string(code: &str, rest: &std::iter::Peekable<std::str::Chars>) -> Option<usize> {
    if code.chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_') {
        return None;
    }
    let fence = rest.clone().take_while(|next| *next == '#').count();
    (rest.clone().nth(fence) == Some('"')).then_some(fence)
}

/// Whether `word` occurs in `code` with no letter, digit or `_` around it.
fn has_word(code: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The modules in import order.
fn modules() -> Vec<String> {
    let lib = read("src/lib.rs");
    lib.lines().filter_map(|line| Some(line.strip_prefix("pub mod ")?.trim_end_matches(';').to_owned())).collect()
}

/// The module that a file belongs to: `src/jit/emit.rs` → `jit`, `src/source.rs` → `source`.
fn module_of(path: &str) -> &str {
    let path = path.strip_prefix("src/").expect("sources are in src");
    path.split('/').next().expect("a path has a first part").trim_end_matches(".rs")
}

/// The modules that a text names after `crate::`.
fn imports(code: &str) -> Vec<&str> {
    let identifier = |text: &'_ str| text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let mut found = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut start = 0;
            for (offset, character) in group.char_indices() {
                match character {
                    '{' => depth += 1,
                    '}' if depth > 0 => depth -= 1,
                    ',' | '}' if depth == 0 => {
                        let entry = group[start..offset].trim();
                        found.push(&entry[..identifier(entry)]);
                        start = offset + 1;
                        if character == '}' {
                            break;
                        }
                    }
                    _ => {}
                }
            }
        } else {
            found.push(&rest[..identifier(rest)]);
        }
    }
    found
}

/// Every source with its code.
fn sources() -> Vec<(String, String)> {
    files("src", "rs").into_iter().map(|path| (path.clone(), code_of(&read(&path)))).collect()
}

#[track_caller]
fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn imports_go_up_the_list() {
    let modules = modules();
    let position = |name: &str| modules.iter().position(|module| module == name);
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let Some(own) = position(module_of(&path)) else { continue };
        for import in imports(&code) {
            if position(import).is_some_and(|import| import > own) {
                wrong.push(format!("{path} names crate::{import}"));
            }
        }
    }
    assert_none(&wrong, "a module may import only modules above it in src/lib.rs");
}

#[test]
fn every_module_is_in_the_list() {
    let modules = modules();
    let missing: Vec<String> = files("src", "rs")
        .into_iter()
        .filter(|path| {
            !["lib", "main"].contains(&module_of(path)) && !modules.iter().any(|module| module == module_of(path))
        })
        .collect();
    assert_none(&missing, "a file of no module in src/lib.rs");
}

#[test]
fn the_map_is_true() {
    let lib = read("src/lib.rs");
    let map: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("//!")).collect();
    let tabled: Vec<String> =
        map.iter().filter_map(|line| Some(line.trim().strip_prefix("| [`")?.split_once("`]")?.0.to_owned())).collect();
    assert_eq!(tabled, modules(), "the table of the map lists the modules in their order");
    let code: Vec<&str> = map.iter().flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    let paths: Vec<&str> = code.into_iter().filter(|word| word.contains('/')).collect();
    assert!(paths.len() > 20, "the map names places: {paths:?}");
    let gone: Vec<String> =
        paths.iter().filter(|path| !repository().join(path).exists()).map(ToString::to_string).collect();
    assert_none(&gone, "a place on the map is not there");
}

#[test]
fn a_crate_has_one_door() {
    const DOORS: &[(&str, &str)] = &[
        ("pest", "src/syntax/parser.rs"),
        ("pest_derive", "src/syntax/parser.rs"),
        ("ariadne", "src/diagnostics/render.rs"),
        ("include_dir", "src/diagnostics/pages.rs"),
        ("strsim", "src/diagnostics/near.rs"),
        ("cranelift", "src/jit/"),
        ("cranelift_jit", "src/jit/"),
        ("cranelift_module", "src/jit/"),
        ("cranelift_native", "src/jit/"),
        ("clap", "src/cli/"),
        ("anstream", "src/cli/"),
        ("indicatif", "src/cli/"),
        ("console", "src/cli/"),
        ("ignore", "src/cli/files.rs"),
        ("quick_junit", "src/cli/test/junit.rs, tests/suite/snapshots.rs"),
        ("similar", "src/cli/, src/snapshot/lines.rs, src/remedy/edit.rs"),
        ("npyz", "src/run/data/"),
        ("csv::Reader", "src/run/data/, src/sweep/file.rs"),
        ("csv::Writer", "src/report/csv.rs, src/sweep/file.rs"),
        ("flate2", "src/run/data/"),
        ("maud", "src/report/"),
        ("roxmltree", "tests/suite/pictures.rs, tests/suite/sweeps.rs"),
        ("insta", "tests/suite/support.rs"),
    ];
    let mut wrong = Vec::new();
    let tests = files("tests", "rs").into_iter().map(|path| (path.clone(), code_of(&read(&path))));
    for (path, code) in sources().into_iter().chain(tests) {
        for (name, door) in DOORS {
            // `name::` or `use name`: the word alone may be a variable or a file's extension.
            let forms = if name.contains(':') {
                vec![(*name).to_owned()]
            } else {
                vec![format!("{name}::"), format!("use {name}")]
            };
            let used = forms.iter().any(|form| {
                code.match_indices(form.as_str()).any(|(at, _)| {
                    let before = code[..at].chars().next_back();
                    let after = code[at + form.len()..].chars().next();
                    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':');
                    !inside(before) && (form.contains(':') || !inside(after) || after == Some(':'))
                })
            });
            if used && !door.split(", ").any(|door| path.starts_with(door)) {
                wrong.push(format!("{path} names {name}, whose door is {door}"));
            }
        }
    }
    assert_none(&wrong, "one crate, one door");
}

#[test]
fn only_the_edges_touch_the_world() {
    const FILES: &[&str] = &["src/cli/", "src/run/data/", "src/run/dump.rs", "src/run/checkpoint.rs"];
    const WORLD: &[(&str, &[&str])] = &[
        ("std::fs", FILES),
        ("fs::", FILES),
        ("File::open", FILES),
        ("std::env", &["src/cli/"]),
        ("env::var", &["src/cli/"]),
        ("std::time", &["src/cli/"]),
        ("Instant::now", &["src/cli/"]),
        ("SystemTime", &["src/cli/"]),
        ("IsTerminal", &["src/cli/"]),
        ("io::stdout", &["src/cli/"]),
        ("io::stderr", &["src/cli/"]),
        ("io::stdin", &["src/cli/"]),
        ("println!", &["src/cli/"]),
        ("print!", &["src/cli/"]),
        ("eprintln!", &["src/cli/"]),
        ("eprint!", &["src/cli/"]),
        ("process::exit", &["src/cli/interrupt.rs"]),
        ("available_parallelism", &["src/cli/"]),
    ];
    let mut wrong = Vec::new();
    // Tests may make files.
    let tests = |path: &str| path.ends_with("/tests.rs") || path.ends_with("/testing.rs");
    for (path, code) in sources().into_iter().filter(|(path, _)| !tests(path)) {
        for (word, places) in WORLD {
            let word_start = has_word_start(&code, word);
            if word_start && !places.iter().any(|place| path.starts_with(place)) {
                wrong.push(format!("{path} names {word}"));
            }
        }
    }
    assert_none(&wrong, "only the edges touch files, clock, environment and terminal");
}

/// Whether `word` occurs with no letter before it.
fn has_word_start(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        !code[..at].chars().next_back().is_some_and(|character| character.is_alphanumeric() || character == '_')
    })
}

#[test]
fn unsafe_is_in_the_jit_and_says_why() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        if !has_word(&code, "unsafe") {
            continue;
        }
        if !path.starts_with("src/jit/") {
            wrong.push(path);
            continue;
        }
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in code.lines().enumerate() {
            // What an `unsafe fn` asks of its caller is said in its docs; a block and an `impl` say why they are right.
            let claims = line
                .split("unsafe")
                .skip(1)
                .any(|rest| ["{", "impl"].iter().any(|next| rest.trim_start().starts_with(next)));
            if !claims || !has_word(line, "unsafe") {
                continue;
            }
            // The comment stands above, with nothing but comments, attributes and the statement's own lines between.
            let said = lines[number.saturating_sub(8)..=number].iter().any(|above| above.contains("SAFETY:"));
            if !said {
                wrong.push(format!("{path}:{} has no safety comment", number + 1));
            }
        }
    }
    assert_none(&wrong, "unsafe stands only in src/jit, each with its safety comment");
}

#[test]
fn every_file_says_what_lives_in_it() {
    let silent = files("src", "rs").into_iter().chain(files("tests", "rs")).chain(files("benches", "rs"));
    let silent: Vec<String> = silent.filter(|path| !read(path).starts_with("//! ")).collect();
    assert_none(&silent, "a file opens with `//!`");
}

#[test]
fn lints_are_expected_not_allowed() {
    let found = sources().into_iter().filter(|(_, code)| code.contains("#[allow") || code.contains("#![allow"));
    assert_none(
        &found.map(|(path, _)| path).collect::<Vec<_>>(),
        "`#[expect(lint, reason = \"…\")]`, never `#[allow]`",
    );
}

#[test]
fn files_are_named_after_what_they_hold() {
    const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager", "types"];
    let named = |path: &String| {
        let parts: Vec<&str> = path.split(['/', '.']).collect();
        parts.iter().any(|part| EMPTY_NAMES.contains(part))
    };
    assert_none(&files("src", "rs").into_iter().filter(named).collect::<Vec<_>>(), "a name that says nothing");
}

#[test]
fn the_reader_of_sources_sees_what_it_must() {
    let text = "use crate::{graph::{Graph, Op}, shape}; // crate::cli\nlet a = \"crate::jit\"; crate::run::Session; '\"'; unsafe {}";
    let code = code_of(text);
    assert_eq!(imports(&code), ["graph", "shape", "run"]);
    assert!(has_word(&code, "unsafe"));
    assert!(!has_word(&code_of("#[expect(unsafe_code)] \"unsafe\" // unsafe"), "unsafe"));
    assert_eq!(code_of("a(r#\"x\\\"\n\"#, r\"\\\", 'r') // b"), "a(r\"\n\", r\"\", '') ");
    assert_eq!(code_of("a \"x\ny\" '\\'' b \"\\\"//\" c // d\ne"), "a \"\n\" '' b \"\" c \ne");
}
