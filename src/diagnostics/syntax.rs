//! `E01…`: mistakes of form. Characters, literals, delimiters, and statements that are none.

use super::{Code, Diagnostic, Edit, Help};
use crate::source::Span;

/// A token or statement that does not belong where it stands.
pub const UNEXPECTED: Code = Code("E0101");
/// A delimiter that is never closed.
pub const UNCLOSED: Code = Code("E0102");
/// A closing delimiter that closes nothing, or something else.
pub const UNMATCHED: Code = Code("E0103");
/// A limit of the parser: nesting, or the length of an expression or text.
pub const TOO_DEEP: Code = Code("E0104");
/// A number that is none.
pub const NUMBER: Code = Code("E0105");
/// A string that is none.
pub const STRING: Code = Code("E0106");
/// A top-level statement that begins with no item's word.
pub const UNKNOWN_ITEM: Code = Code("E0107");
/// A reserved word as a name.
pub const RESERVED: Code = Code("E0108");
/// Two comparisons in a row.
pub const CHAIN: Code = Code("E0109");
/// A statement that goes on over the end of its line.
pub const CONTINUATION: Code = Code("E0110");
/// `=` where `:` belongs, or the reverse.
pub const SWAPPED: Code = Code("E0111");
/// A positional argument after a named one.
pub const POSITIONAL: Code = Code("E0112");
/// A `{` on the line after its head.
pub const OWN_LINE: Code = Code("E0113");
/// Characters that are not part of the language.
pub const FOREIGN: Code = Code("E0114");
/// An item where none may stand.
pub const MISPLACED: Code = Code("E0115");
/// A version of the language that this compiler does not know.
pub const VERSION: Code = Code("E0116");

/// How many of the delimiters around an unclosed one are shown.
pub(crate) const MAX_OUTER_LABELS: usize = 3;

/// The longest piece of the user's text that a message repeats, in characters.
const MAX_QUOTED: usize = 40;

/// The user's characters in backticks: control characters made visible, long text cut.
fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_QUOTED).flat_map(char::escape_debug).collect();
    shown = shown.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().nth(MAX_QUOTED).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Nesting beyond the limit.
#[must_use]
pub fn nested_too_deep(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(
        TOO_DEEP,
        format!("nested deeper than {limit}"),
        span,
        format!("this is nested {} deep", limit + 1),
    )
    .note("blocks, brackets, unary operators, `^` and `else if` count together")
    .help("give the inner part a name of its own: a `param` or an `activation` for an expression, a `block` for layers")
}

/// An expression whose tree is too high to be worked on.
#[must_use]
pub fn expression_too_long(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(
        TOO_DEEP,
        "expression with too many operators",
        span,
        format!("more than {limit} operators, one within the other"),
    )
    .help("give parts of it names of their own, with `param`")
}

/// A text beyond the limit.
#[must_use]
pub fn text_too_long(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(TOO_DEEP, "text too long", span, format!("a text may have {limit} bytes"))
        .help("a `.net` file holds an experiment, not its data: name the data file in `data { source: … }`")
}

/// `(` ends at the closer of a bracket around it.
#[must_use]
pub fn unclosed_before(opened: Span, open: &str, close: &str, closer_span: Span, closer: &str) -> Diagnostic {
    Diagnostic::error(UNCLOSED, format!("unclosed `{open}`"), opened, "this is never closed")
        .label(closer_span, format!("`{closer}` closes what is around it"))
        .fix(format!("close it with `{close}`"), before(closer_span), close)
}

/// Brackets that are open where a line begins that ends them.
#[must_use]
pub fn unclosed_brackets(innermost: (Span, &str, &str), outer: &[(Span, &str)], end: Option<Span>) -> Diagnostic {
    let (span, open, close) = innermost;
    let mut diagnostic = Diagnostic::error(UNCLOSED, format!("unclosed `{open}`"), span, "this is never closed");
    for (span, open) in outer {
        diagnostic = diagnostic.label(*span, format!("nor is this `{open}`"));
    }
    if let Some(end) = end {
        diagnostic = diagnostic.label(end, "the statement ends before this");
    }
    diagnostic.help(format!("close it with `{close}`"))
}

/// Delimiters that are open at the end of the text. `item` is a top-level item that stands inside; `slip` the place of a
/// head and of a `}` that stands further left than the head it closes; `end` where the text ends.
#[must_use]
pub fn unclosed_at_end(
    innermost: (Span, &str, &str),
    outer: &[(Span, &str)],
    item: Option<Span>,
    slip: Option<(Span, Span)>,
    end: Span,
) -> Diagnostic {
    let (span, open, close) = innermost;
    let mut diagnostic = Diagnostic::error(UNCLOSED, format!("unclosed `{open}`"), span, "this is never closed");
    for (span, open) in outer {
        diagnostic = diagnostic.label(*span, format!("nor is this `{open}`"));
    }
    if let Some((head, close)) = slip {
        diagnostic = diagnostic
            .label(close, "this `}` stands further left than the block it closes")
            .label(head, "this is the block it closes");
    } else if let Some(item) = item {
        diagnostic = diagnostic.label(item, "a top-level item begins here");
    }
    let is_plain = outer.is_empty() && slip.is_none();
    match (is_plain, close, item) {
        (true, "}", Some(item)) => diagnostic.fix("close it with `}` before the item", before(item), "}\n\n"),
        (true, "}", None) => diagnostic.fix("close it with `}`", end, "\n}"),
        _ => diagnostic.help(format!("close it with `{close}`")),
    }
}

/// A closer whose opener is of another kind.
#[must_use]
pub fn mismatched_closer(span: Span, closer: &str, opened: Span, open: &str, close: &str) -> Diagnostic {
    Diagnostic::error(UNMATCHED, format!("`{open}` is closed with `{closer}`"), span, format!("expected `{close}`"))
        .label(opened, format!("this `{open}` is open"))
        .fix(format!("close it with `{close}`"), span, close)
}

/// A closer with no opener.
#[must_use]
pub fn stray_closer(span: Span, closer: &str, open: &str) -> Diagnostic {
    Diagnostic::error(UNMATCHED, format!("unmatched `{closer}`"), span, format!("no `{open}` is open here")).fix(
        "remove it",
        span,
        "",
    )
}

/// A `{` inside brackets.
#[must_use]
pub fn brace_in_brackets(span: Span, outer: Span, open: &str) -> Diagnostic {
    Diagnostic::error(UNEXPECTED, format!("unexpected `{{` inside `{open}`"), span, "a block cannot stand here")
        .label(outer, format!("inside this `{open}`"))
        .help("lists are written `[a, b]`, named arguments `name(key: value)`")
}

/// A `{` on the line after its head. `gap` is what lies between, with the `{`, where that is blank.
#[must_use]
pub fn brace_on_own_line(brace: Span, head: Span, gap: Option<Span>) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(OWN_LINE, "`{` on a line of its own", brace, "this belongs on the line of its head")
            .label(head, "the head ends with its line");
    match gap {
        Some(gap) => diagnostic.rewrite("put it behind the head", gap, " {"),
        None => diagnostic.help("put it behind the head"),
    }
}

/// `//` or `/* */`.
#[must_use]
pub fn foreign_comment(span: Span, text: &str) -> Diagnostic {
    let (opening, inner) = text.split_at(2);
    let inner = if opening == "/*" { inner.strip_suffix("*/").unwrap_or(inner) } else { inner };
    Diagnostic::error(FOREIGN, format!("`{opening}` is not part of the language"), span, "not a comment").rewrite(
        "a comment begins with `#` and ends with its line",
        span,
        format!("#{inner}"),
    )
}

/// A sign of another language, or a character of none.
#[must_use]
pub fn foreign_sign(span: Span, text: &str, native: Option<&'static str>) -> Diagnostic {
    let named = match text.chars().next() {
        Some(character) if character.is_control() || character.is_whitespace() || character == '\u{feff}' => {
            format!("U+{:04X}", u32::from(character))
        }
        Some('\u{fffd}') => "a byte that is not UTF-8".to_owned(),
        _ => quoted(text),
    };
    let diagnostic =
        Diagnostic::error(FOREIGN, format!("{named} is not part of the language"), span, "not part of the language");
    match (text, native) {
        (_, Some(native)) if native.trim().is_empty() => diagnostic.rewrite("write an ordinary blank", span, native),
        ("..." | "<>" | "&" | "|" | "!", Some(native)) => {
            diagnostic.fix(format!("write `{}`", native.trim()), span, native)
        }
        (_, Some(native)) => diagnostic.rewrite(format!("write `{}`", native.trim()), span, native),
        ("..=", _) => diagnostic.help("ranges are half-open: `0..8` runs from 0 to 7"),
        ("%", _) => diagnostic.help("the remainder of `a / b` is `a - b * floor(a / b)`"),
        ("+=" | "-=" | "*=" | "/=", _) => diagnostic.help("nothing is assigned: a `param` has one value"),
        ("->" | "=>", _) => {
            diagnostic.help("layers are written one below the other; a definition has `=` before its body")
        }
        ("'", _) => diagnostic.help("strings stand in double quotes"),
        ("?", _) => diagnostic.help("a choice is written `if c then a else b`"),
        ("\r", _) => diagnostic.help("end lines with a newline"),
        _ => diagnostic.fix("remove it", span, ""),
    }
}

/// Digits with something that does not belong to a number.
#[must_use]
pub fn malformed_number(span: Span, text: &str) -> Diagnostic {
    let error = |why: &str| Diagnostic::error(NUMBER, format!("malformed number {}", quoted(text)), span, why);
    let lower = text.to_ascii_lowercase();
    if let Some(digits) =
        lower.strip_prefix("0x").or_else(|| lower.strip_prefix("0b")).or_else(|| lower.strip_prefix("0o"))
    {
        let radix = [("0x", 16), ("0b", 2), ("0o", 8)]
            .iter()
            .find(|(prefix, _)| lower.starts_with(prefix))
            .map_or(16, |(_, radix)| *radix);
        let diagnostic = error("numbers are decimal");
        return match u64::from_str_radix(&digits.replace('_', ""), radix) {
            Ok(value) => diagnostic.rewrite(format!("write `{value}`"), span, value.to_string()),
            Err(_) => diagnostic.help("write it in decimal"),
        };
    }
    let mended = if text.starts_with('.') {
        Some(("no digit before the point", format!("0{text}")))
    } else if text.ends_with('.') {
        Some(("no digit after the point", format!("{text}0")))
    } else if text.contains('_') {
        let groups: Vec<&str> = text.split('_').filter(|group| !group.is_empty()).collect();
        Some(("an underscore stands between two digits", groups.join("_").replace("_.", ".").replace("._", ".")))
    } else {
        None
    };
    if let Some((why, mended)) = mended
        && is_plain_number(&mended)
    {
        return error(why).rewrite(format!("write `{mended}`"), span, mended);
    }
    if lower.ends_with('e') || lower.ends_with(['+', '-']) {
        return error("the exponent has no digits").help("write a whole number after `e`, as in `1e-3`");
    }
    if text.chars().all(|character| character.is_ascii_digit() || character == '.') {
        return error("more than one point").help("a number has one point; a range has two together, `0..8`");
    }
    let digits = text.len()
        - text.trim_start_matches(|character: char| character.is_ascii_digit() || "._".contains(character)).len();
    let (number, letters) = text.split_at(digits);
    let diagnostic = error("a letter directly after the digits");
    let is_product = is_plain_number(number) && letters.chars().all(char::is_alphabetic);
    let diagnostic =
        if is_product { diagnostic.help(format!("a product is written `{number} * {letters}`")) } else { diagnostic };
    diagnostic.help("a name begins with a letter")
}

/// Digits, perhaps with a point between them, underscores and an exponent.
fn is_plain_number(text: &str) -> bool {
    let begins_and_ends =
        text.starts_with(|first: char| first.is_ascii_digit()) && text.ends_with(|last: char| last.is_ascii_digit());
    begins_and_ends && !text.contains("__") && text.replace('_', "").parse::<f64>().is_ok()
}

/// A string whose quote is not closed on its line.
#[must_use]
pub fn unclosed_string(span: Span) -> Diagnostic {
    Diagnostic::error(STRING, "unclosed string", span, "no closing `\"` on this line")
        .help("close it with `\"`; a line end within a string is written `\\n`")
}

/// A string in single quotes.
#[must_use]
pub fn single_quotes(span: Span, text: &str) -> Diagnostic {
    let inner = text.trim_matches('\'').replace('"', "\\\"");
    Diagnostic::error(STRING, "string in single quotes", span, "strings stand in double quotes").rewrite(
        format!("write `\"{inner}\"`"),
        span,
        format!("\"{inner}\""),
    )
}

/// A backslash before a character that makes no escape.
#[must_use]
pub fn unknown_escape(span: Span, escape: &str) -> Diagnostic {
    Diagnostic::error(STRING, format!("unknown escape `{escape}`"), span, "not an escape")
        .note("the escapes are `\\\"`, `\\\\`, `\\n` and `\\t`")
        .fix("for a backslash, write two", span, format!("\\{escape}"))
}

/// Something else than what may stand at a place.
#[must_use]
pub fn unexpected(span: Span, expected: &[&str], found: &str) -> Diagnostic {
    let expected = one_of(expected);
    Diagnostic::error(
        UNEXPECTED,
        format!("expected {expected}, found {}", quoted(found)),
        span,
        format!("expected {expected}"),
    )
}

/// The end of a statement that is not complete; `last` is its last token.
#[must_use]
pub fn unexpected_end(last: Span, expected: &[&str]) -> Diagnostic {
    let expected = one_of(expected);
    Diagnostic::error(
        UNEXPECTED,
        format!("expected {expected}, found the end of the statement"),
        last,
        format!("expected {expected} after this"),
    )
}

/// `a`, `a or b`, `a, b or c`.
fn one_of(words: &[&str]) -> String {
    match words {
        [] => "nothing more".to_owned(),
        [only] => (*only).to_owned(),
        [firsts @ .., last] => format!("{} or {last}", firsts.join(", ")),
    }
}

/// A statement without the block it needs.
#[must_use]
pub fn missing_block(last: Span, what: &str) -> Diagnostic {
    Diagnostic::error(UNEXPECTED, format!("{what} without a block"), last, "expected `{` after this")
        .help("what belongs to it stands in `{ }`, opened on the same line")
}

/// A block after a statement that has none.
#[must_use]
pub fn unexpected_block(brace: Span, what: &str) -> Diagnostic {
    Diagnostic::error(UNEXPECTED, format!("{what} has no block"), brace, "unexpected `{`")
}

/// `not` within arithmetic.
#[must_use]
pub fn not_within(span: Span, operator: Span, sign: &str) -> Diagnostic {
    Diagnostic::error(UNEXPECTED, format!("`not` behind `{sign}`"), span, "needs parentheses here")
        .label(operator, format!("`{sign}` binds tighter than `not`"))
        .help("put it in parentheses: `(not …)`")
}

/// A range whose end is the start of another.
#[must_use]
pub fn range_chain(second: Span, first: Span) -> Diagnostic {
    Diagnostic::error(UNEXPECTED, "range with three ends", second, "unexpected `..`")
        .label(first, "the range is here")
        .help("a range is `start..end`; several values are a list, `[0, 2, 4]`")
}

/// A top-level statement whose first word is no item's. `meant` is the word that was probably meant.
#[must_use]
pub fn unknown_item(span: Span, word: &str, meant: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::error(UNKNOWN_ITEM, format!("unknown item {}", quoted(word)), span, "not an item");
    match meant {
        Some(meant) => diagnostic.fix(format!("there is an item of a similar name or meaning: `{meant}`"), span, meant),
        None => diagnostic
            .note("the items are `param`, `activation`, `loss`, `init`, `block`, `network`, `data`, `train`, `report`, `sweep` and `expect`"),
    }
}

/// A reserved word where a name is to be given.
#[must_use]
pub fn reserved_name(span: Span, word: &str) -> Diagnostic {
    Diagnostic::error(RESERVED, format!("`{word}` is a reserved word"), span, "expected a name")
        .help(format!("choose another name, such as `{word}_`"))
        .note("reserved are `if then else and or not true false as in at pi e inf first last input`")
}

/// `a < b < c`
#[must_use]
pub fn comparison_chain(second: Span, first: Span, middle: (Span, &str)) -> Diagnostic {
    let (middle_span, middle) = middle;
    let after = Span { start: middle_span.end, ..middle_span };
    let diagnostic = Diagnostic::error(CHAIN, "comparisons in a row", second, "a second comparison")
        .label(first, "the first comparison");
    if middle.contains('\n') || middle.chars().count() > MAX_QUOTED {
        return diagnostic.help("join two comparisons with `and`");
    }
    diagnostic.fix(
        format!("join two comparisons with `and`: `… {middle} and {middle} …`"),
        after,
        format!(" and {middle}"),
    )
}

/// A statement that goes on over the end of its line, at an operator that begins the next line or ends this one. `whole` is
/// the expression that could stand in parentheses.
#[must_use]
pub fn continues_on_next_line(operator: Span, begins_line: bool, whole: Option<Span>) -> Diagnostic {
    let label = if begins_line { "this goes on from the line before" } else { "this goes on in the next line" };
    let mut diagnostic = Diagnostic::error(CONTINUATION, "a statement ends with its line", operator, label);
    let text = "put the expression in parentheses: inside them newlines are free".to_owned();
    let edits = whole.map_or_else(Vec::new, |whole| {
        let (start, end) = (before(whole), Span { start: whole.end, ..whole });
        vec![Edit { span: start, replacement: "(".to_owned() }, Edit { span: end, replacement: ")".to_owned() }]
    });
    diagnostic.helps.push(Help { text, is_certain: !edits.is_empty(), edits });
    diagnostic
}

/// `=` for `:` or the reverse. `gap` runs from the name before the sign to the sign's end; it is tight where no blank follows.
#[must_use]
pub fn swapped_sign(span: Span, what: &str, found: &str, (gap, is_tight): (Span, bool)) -> Diagnostic {
    let (sign, replacement) = if found == "=" { (":", ":") } else { ("=", " =") };
    let blank = if is_tight { " " } else { "" };
    Diagnostic::error(SWAPPED, format!("`{found}` in {what}"), span, format!("expected `{sign}`")).rewrite(
        format!("write `{sign}`"),
        gap,
        format!("{replacement}{blank}"),
    )
}

/// A positional argument after a named one.
#[must_use]
pub fn positional_after_named(positional: Span, named: Span) -> Diagnostic {
    Diagnostic::error(POSITIONAL, "positional argument after a named one", positional, "this has no name")
        .label(named, "the named arguments begin here")
        .help("name it, `key: value`, or put it before the named ones")
}

/// A top-level item inside a block.
#[must_use]
pub fn item_in_block(word: Span, item: &str, brace: Span) -> Diagnostic {
    Diagnostic::error(MISPLACED, format!("`{item}` inside a block"), word, "a top-level item")
        .label(brace, "inside this block")
        .help("put it outside, or close the block before it")
}

/// A layer or setting outside every block.
#[must_use]
pub fn statement_outside(span: Span, what: &str, help: &str) -> Diagnostic {
    Diagnostic::error(MISPLACED, format!("{what} outside a block"), span, "not a top-level item").help(help)
}

/// `name = value` at the top.
#[must_use]
pub fn assignment_outside(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(MISPLACED, format!("`{name}` is given a value outside a block"), span, "not a top-level item")
        .fix("a value with a name is a `param`", before(span), "param ")
}

/// `language` behind other items.
#[must_use]
pub fn language_not_first(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(MISPLACED, "`language` after the first line", span, "must be the first statement")
        .label(first, "the first statement")
        .help("put it before everything else, or leave it out")
}

/// A version that is not known.
#[must_use]
pub fn unknown_version(span: Span, version: &str) -> Diagnostic {
    Diagnostic::error(
        VERSION,
        format!("unknown version {} of the language", quoted(version)),
        span,
        "this compiler reads version 1",
    )
    .fix("write `language 1`, or use a newer gradc", span, "1")
}

/// The empty span at the start of one.
fn before(span: Span) -> Span {
    Span { end: span.start, ..span }
}
