//! Colours for editors, from the same tables: `editors/vim` and `editors/textmate`, kept equal by a test.

use super::{Entry, entries};
use crate::syntax::{ITEM_WORDS, RESERVED};

/// The words of the language as an editor colours them.
struct Words {
    /// What begins an item.
    items: Vec<String>,
    /// What stands between the parts of a statement.
    keywords: Vec<String>,
    /// Values with a name.
    constants: Vec<String>,
    /// Layer kinds.
    layers: Vec<String>,
    /// Activations, losses, rules, sources, optimizers and functions.
    library: Vec<String>,
}

fn words() -> Words {
    const CONSTANTS: [&str; 8] = ["true", "false", "pi", "e", "inf", "first", "last", "none"];
    let entries = entries();
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let of = |belongs: &dyn Fn(&Entry) -> bool| {
        let mut names: Vec<String> =
            entries.iter().filter(|entry| belongs(entry)).map(|entry| entry.name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let layers = of(&|entry| entry.group == "layers");
    let mut library = of(&|entry| !matches!(entry.group, "layers" | "settings" | "statistics"));
    library.retain(|name| !layers.contains(name));
    let keywords: Vec<&str> = RESERVED
        .iter()
        .copied()
        .filter(|word| !CONSTANTS.contains(word) && *word != "input")
        .chain(["repeat"])
        .collect();
    Words { items: owned(&ITEM_WORDS), keywords: owned(&keywords), constants: owned(&CONSTANTS), layers, library }
}

/// `editors/vim/syntax/net.vim`
#[must_use]
pub fn vim() -> String {
    let words = words();
    let mut text = String::from(
        "\" Vim syntax of gradc's .net files. Written by gradc's own tables: a test keeps it so.\n\
         if exists('b:current_syntax') | finish | endif\n\
         syntax case match\n\
         syntax iskeyword @,48-57,_\n\n",
    );
    for (group, words) in [
        ("netKeyword", &words.keywords),
        ("netConstant", &words.constants),
        ("netLayer", &words.layers),
        ("netLibrary", &words.library),
    ] {
        text.push_str(&format!("syntax keyword {group} {}\n", words.join(" ")));
    }
    let items = words.items.join("\\|");
    text.push_str(&format!("syntax match netItem /^\\s*\\zs\\<\\%({items}\\)\\>\\ze\\s*[^:=( ]/\n"));
    text.push_str(
        "syntax match netKey /\\<\\h\\w*\\ze\\s*:/\n\
         syntax match netNumber /\\<\\d[0-9_]*\\%(\\.\\d[0-9_]*\\)\\=\\%([eE][+-]\\=\\d\\+\\)\\=\\>/\n\
         syntax region netString start=/\"/ skip=/\\\\./ end=/\"/ oneline\n\
         syntax match netComment /#.*$/ contains=@Spell\n\n\
         highlight default link netItem Statement\n\
         highlight default link netKeyword Keyword\n\
         highlight default link netConstant Constant\n\
         highlight default link netLayer Type\n\
         highlight default link netLibrary Function\n\
         highlight default link netKey Identifier\n\
         highlight default link netNumber Number\n\
         highlight default link netString String\n\
         highlight default link netComment Comment\n\n\
         let b:current_syntax = 'net'\n",
    );
    text
}

/// `editors/textmate/net.tmLanguage.json`
#[must_use]
pub fn textmate() -> String {
    let words = words();
    let any = |words: &[String]| words.join("|");
    let rule = |name: &str, pattern: String| serde_json::json!({ "name": format!("{name}.net"), "match": pattern });
    let grammar = serde_json::json!({
        "name": "gradc .net",
        "scopeName": "source.net",
        "fileTypes": ["net"],
        "comment": "Written by gradc's own tables: a test keeps it so.",
        "patterns": [
            rule("comment.line.number-sign", "#.*$".to_owned()),
            {
                "name": "string.quoted.double.net",
                "begin": "\"",
                "end": "\"|$",
                "patterns": [rule("constant.character.escape", "\\\\[\"\\\\nt]".to_owned())],
            },
            rule("constant.numeric", "\\b\\d[\\d_]*(?:\\.\\d[\\d_]*)?(?:[eE][+-]?\\d+)?\\b".to_owned()),
            rule("keyword.declaration", format!("^\\s*(?:{})\\b(?=\\s*[^:=(\\s])", any(&words.items))),
            rule("variable.parameter", "\\b[\\p{L}_][\\p{L}\\d_]*(?=\\s*:)".to_owned()),
            rule("keyword.control", format!("\\b(?:{})\\b", any(&words.keywords))),
            rule("constant.language", format!("\\b(?:{})\\b", any(&words.constants))),
            rule("entity.name.type", format!("\\b(?:{})\\b", any(&words.layers))),
            rule("support.function", format!("\\b(?:{})\\b", any(&words.library))),
        ],
    });
    format!("{grammar:#}\n")
}
