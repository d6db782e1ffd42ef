//! Tokens of a `.net` text, one after the other, whatever the text is: what cannot be a token is one that says what is
//! wrong with it. Every byte is looked at a bounded number of times, and every token ends on character boundaries.

use std::ops::Range;

/// The three pairs of delimiters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// `( )`
    Round,
    /// `[ ]`
    Square,
    /// `{ }`
    Brace,
}

impl Delimiter {
    /// The opening character.
    pub(super) const fn open(self) -> &'static str {
        match self {
            Self::Round => "(",
            Self::Square => "[",
            Self::Brace => "{",
        }
    }

    /// The closing character.
    pub(super) const fn close(self) -> &'static str {
        match self {
            Self::Round => ")",
            Self::Square => "]",
            Self::Brace => "}",
        }
    }
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or keyword.
    Word,
    /// A well-formed number.
    Number,
    /// A closed string; its escapes may be wrong.
    String,
    /// `(`, `[` or `{`
    Open(Delimiter),
    /// `)`, `]` or `}`
    Close(Delimiter),
    /// Every other sign of the language: `+`, `<=`, `..`, `,`, `:`, `=`, `.` …
    Operator,
    /// `;`
    Semicolon,
    /// The end of a line.
    Newline,
    /// `#` to the end of the line.
    Comment,
    /// Digits with something that does not belong to a number.
    MalformedNumber,
    /// A string without its closing quote on the line.
    UnclosedString,
    /// `'text'`
    SingleQuoted,
    /// `// …` or `/* … */`
    ForeignComment,
    /// Signs of other languages, and characters of none.
    Foreign,
}

/// A token and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: TokenKind,
    /// Where in the text.
    pub(super) range: Range<usize>,
}

/// Signs that no `.net` text has, longest first, each with what stands for it in the language.
const FOREIGN_SIGNS: [(&str, Option<&str>); 19] = [
    ("...", Some("..")),
    ("..=", None),
    ("===", Some("==")),
    ("!==", Some("!=")),
    ("**", Some("^")),
    ("&&", Some("and")),
    ("||", Some("or")),
    ("->", None),
    ("=>", None),
    (":=", Some("=")),
    ("<>", Some("!=")),
    ("+=", None),
    ("-=", None),
    ("*=", None),
    ("/=", None),
    ("!", Some("not ")),
    ("%", None),
    ("&", Some("and")),
    ("|", Some("or")),
];

/// Characters that look like one of the language.
const LOOKALIKES: [(char, &str); 24] = [
    ('\u{a0}', " "),
    ('\u{2009}', " "),
    ('\u{202f}', " "),
    ('\u{3000}', " "),
    ('×', "*"),
    ('·', "*"),
    ('⋅', "*"),
    ('÷', "/"),
    ('−', "-"),
    ('–', "-"),
    ('—', "-"),
    ('≤', "<="),
    ('≥', ">="),
    ('≠', "!="),
    ('√', "sqrt"),
    ('∞', "inf"),
    ('“', "\""),
    ('”', "\""),
    ('„', "\""),
    ('…', ".."),
    ('，', ","),
    ('：', ":"),
    ('（', "("),
    ('）', ")"),
];

/// What the language has for a foreign token, where it has something.
pub(super) fn native_sign(foreign: &str) -> Option<&'static str> {
    let sign = FOREIGN_SIGNS.iter().find(|(sign, _)| *sign == foreign).and_then(|(_, native)| *native);
    sign.or_else(|| lookalike(foreign.chars().next()?))
}

fn lookalike(character: char) -> Option<&'static str> {
    LOOKALIKES.iter().find(|(alike, _)| *alike == character).map(|(_, native)| *native)
}

/// Whether a name may begin with this character.
pub(super) fn begins_word(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

/// Whether a name may go on with this character.
pub(super) fn continues_word(character: char) -> bool {
    begins_word(character) || character.is_ascii_digit()
}

/// Reads a text from a given place on.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    /// From the start of a text; a byte order mark there is passed over.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 } }
    }

    /// From a byte that begins a token.
    pub(super) const fn starting_at(text: &'t str, at: usize) -> Self {
        Self { text, at }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\r' if bytes.get(self.at + 1) == Some(&b'\n') => self.at += 1,
                _ => return,
            }
        }
    }

    fn length_while(&self, belongs: impl Fn(char) -> bool) -> usize {
        let rest = self.rest();
        rest.find(|character| !belongs(character)).unwrap_or(rest.len())
    }

    /// The length of the rest of the line, without the carriage return of its end.
    fn line_length(&self) -> usize {
        let line = self.rest().split('\n').next().unwrap_or_default();
        line.trim_end_matches('\r').len()
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_blanks();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, length) = match first {
            '\n' => (TokenKind::Newline, 1),
            ';' => (TokenKind::Semicolon, 1),
            '(' => (TokenKind::Open(Delimiter::Round), 1),
            ')' => (TokenKind::Close(Delimiter::Round), 1),
            '[' => (TokenKind::Open(Delimiter::Square), 1),
            ']' => (TokenKind::Close(Delimiter::Square), 1),
            '{' => (TokenKind::Open(Delimiter::Brace), 1),
            '}' => (TokenKind::Close(Delimiter::Brace), 1),
            '#' => (TokenKind::Comment, self.line_length()),
            '"' => string(rest),
            '\'' => single_quoted(rest),
            '0'..='9' => number(rest),
            '.' if self.is_leading_point() => number(rest),
            _ if begins_word(first) => (TokenKind::Word, self.length_while(continues_word)),
            _ if rest.starts_with("//") => (TokenKind::ForeignComment, self.line_length()),
            _ if rest.starts_with("/*") => (TokenKind::ForeignComment, block_comment(rest)),
            _ => sign(rest),
        };
        let range = self.at..self.at + length;
        self.at = range.end;
        Some(Token { kind, range })
    }
}

impl Scanner<'_> {
    /// Whether the point here begins a number that lacks its digit: `.5`, but neither `h.5` nor `0...5`.
    fn is_leading_point(&self) -> bool {
        let digit_follows = self.text.as_bytes().get(self.at + 1).is_some_and(u8::is_ascii_digit);
        let before = self.text[..self.at].chars().next_back();
        digit_follows && !before.is_some_and(|before| continues_word(before) || matches!(before, '.' | ')' | ']'))
    }
}

fn string(rest: &str) -> (TokenKind, usize) {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            '\n' => return (TokenKind::UnclosedString, rest[..at].trim_end().len()),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return (TokenKind::String, at + 1),
            _ => {}
        }
    }
    (TokenKind::UnclosedString, rest.trim_end().len())
}

fn single_quoted(rest: &str) -> (TokenKind, usize) {
    match rest[1..].find(['\'', '\n']) {
        Some(end) if rest[1 + end..].starts_with('\'') => (TokenKind::SingleQuoted, end + 2),
        _ => (TokenKind::Foreign, 1),
    }
}

/// To the closing `*/`, or to the end of the line.
fn block_comment(rest: &str) -> usize {
    let mut previous = ' ';
    for (at, character) in rest.char_indices().skip(2) {
        match character {
            '\n' => return rest[..at].trim_end_matches('\r').len(),
            '/' if previous == '*' => return at + 1,
            _ => previous = character,
        }
    }
    rest.len()
}

/// A number, or all that is glued to one: digits, letters, points that are not part of `..`, the sign of an exponent.
fn number(rest: &str) -> (TokenKind, usize) {
    let mut characters = rest.char_indices().peekable();
    let mut length = 0;
    let mut previous = ' ';
    while let Some((at, character)) = characters.next() {
        let belongs = match character {
            '.' => !matches!(characters.peek(), Some((_, '.'))),
            '+' | '-' => matches!(previous, 'e' | 'E') && is_exponent_mark(&rest[..at]),
            _ => continues_word(character),
        };
        if !belongs {
            break;
        }
        previous = character;
        length = at + character.len_utf8();
    }
    let kind = if is_number(&rest[..length]) { TokenKind::Number } else { TokenKind::MalformedNumber };
    (kind, length)
}

/// Whether the `e` at the end of `mantissa_and_mark` follows a mantissa, so that a sign after it belongs to the number.
fn is_exponent_mark(mantissa_and_mark: &str) -> bool {
    let mantissa = &mantissa_and_mark[..mantissa_and_mark.len() - 1];
    !mantissa.is_empty() && mantissa.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.'))
}

/// Whether the characters are a number of the language.
pub(super) fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let unsigned = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    is_digits(whole) && fraction.is_none_or(is_digits) && unsigned.is_none_or(is_digits)
}

/// Digits, with single underscores between them.
fn is_digits(text: &str) -> bool {
    text.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()))
}

fn sign(rest: &str) -> (TokenKind, usize) {
    const TWO: [&str; 5] = ["<=", ">=", "==", "!=", ".."];
    const ONE: [&str; 11] = ["+", "-", "*", "/", "^", "<", ">", "=", ":", ",", "."];
    let longest = |signs: &[&str]| signs.iter().find(|sign| rest.starts_with(**sign)).map(|sign| sign.len());
    let foreign = FOREIGN_SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)).map(|(sign, _)| sign.len());
    let native = longest(&TWO).or_else(|| longest(&ONE));
    match (foreign, native) {
        (Some(foreign), native) if native.is_none_or(|native| native < foreign) => (TokenKind::Foreign, foreign),
        (_, Some(native)) => (TokenKind::Operator, native),
        (_, None) => (TokenKind::Foreign, foreign_run(rest)),
    }
}

/// The length of a run of characters that belong to no token at all; a character that looks like one stands alone.
fn foreign_run(rest: &str) -> usize {
    let belongs = |character: char| {
        !character.is_ascii_graphic()
            && !matches!(character, ' ' | '\t' | '\n')
            && !begins_word(character)
            && lookalike(character).is_none()
    };
    let run = rest.find(|character| !belongs(character)).unwrap_or(rest.len());
    // A carriage return before a newline is the newline's.
    let run = if rest[run..].starts_with('\n') && rest[..run].ends_with('\r') { run - 1 } else { run };
    run.max(rest.chars().next().map_or(0, char::len_utf8))
}

/// The escapes of a string token that the language does not have, as byte ranges within it.
pub(super) fn wrong_escapes(string: &str) -> Vec<Range<usize>> {
    let mut wrong = Vec::new();
    let mut characters = string.char_indices();
    while let Some((at, character)) = characters.next() {
        if character != '\\' {
            continue;
        }
        let Some((escaped_at, escaped)) = characters.next() else { break };
        if !matches!(escaped, '"' | '\\' | 'n' | 't') {
            wrong.push(at..escaped_at + escaped.len_utf8());
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(TokenKind, &str)> {
        Scanner::new(text).map(|token| (token.kind, &text[token.range])).collect()
    }

    fn kinds(text: &str) -> Vec<TokenKind> {
        Scanner::new(text).map(|token| token.kind).collect()
    }

    #[test]
    fn numbers_have_digits_on_both_sides_and_no_letter_after() {
        for number in ["0", "30", "1_000", "0.5", "1e-3", "1e+3", "2.5e10", "1_0.2_5", "007", "1E3"] {
            assert_eq!(tokens(number), [(TokenKind::Number, number)], "{number}");
        }
        for wrong in [".5", "5.", "3x", "0x1F", "1__0", "1_", "1e", "1e-", "1.2.3", "5._1", "1e2.5", "0.5f", "1._0"] {
            assert_eq!(tokens(wrong), [(TokenKind::MalformedNumber, wrong)], "{wrong}");
        }
    }

    #[test]
    fn a_range_is_not_a_point() {
        use TokenKind::{MalformedNumber, Number, Operator};
        assert_eq!(kinds("0..8"), [Number, Operator, Number]);
        assert_eq!(kinds("0.5..1.5"), [Number, Operator, Number]);
        assert_eq!(kinds("0...5"), [Number, TokenKind::Foreign, Number]);
        assert_eq!(kinds("1e-3-2"), [Number, Operator, Number]);
        assert_eq!(tokens("3xe-2")[0], (MalformedNumber, "3xe"));
    }

    #[test]
    fn strings_end_at_their_quote_or_with_the_line() {
        assert_eq!(tokens(r#""a\"b" x"#), [(TokenKind::String, r#""a\"b""#), (TokenKind::Word, "x")]);
        assert_eq!(tokens("\"a) \r\nb")[0], (TokenKind::UnclosedString, "\"a)"));
        assert_eq!(tokens("'relu'"), [(TokenKind::SingleQuoted, "'relu'")]);
        assert_eq!(wrong_escapes(r#""a\qb\n\é""#), [2..4, 7..10]);
    }

    #[test]
    fn words_may_be_greek() {
        assert_eq!(tokens("σ_w2"), [(TokenKind::Word, "σ_w2")]);
    }

    #[test]
    fn foreign_signs_are_whole_tokens() {
        assert_eq!(tokens("a && b"), [(TokenKind::Word, "a"), (TokenKind::Foreign, "&&"), (TokenKind::Word, "b")]);
        assert_eq!(tokens("a != b")[1], (TokenKind::Operator, "!="));
        assert_eq!(tokens("a × b")[1], (TokenKind::Foreign, "×"));
        assert_eq!(tokens("😀😀b")[0], (TokenKind::Foreign, "😀😀"));
        assert_eq!(tokens("a // b\nc")[1], (TokenKind::ForeignComment, "// b"));
        assert_eq!(native_sign("&&"), Some("and"));
        assert_eq!(native_sign("≤"), Some("<="));
    }

    #[test]
    fn line_ends_of_every_system_are_one_newline() {
        use TokenKind::{Foreign, Newline, Word};
        assert_eq!(kinds("\u{feff}a\r\nb\n"), [Word, Newline, Word, Newline]);
        assert_eq!(kinds("a\rb"), [Word, Foreign, Word]);
        assert_eq!(kinds("a\u{7}\r\n"), [Word, Foreign, Newline]);
    }
}
