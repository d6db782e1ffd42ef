//! The tokens of a text as statements, blocks and brackets, with the comments at their places. The text parses: brackets
//! pair, and a statement ends with its line.

use super::super::scanner::{Delimiter, Scanner, TokenKind};

/// What stands between braces, or in the file.
#[derive(Debug, Default)]
pub(super) struct Body<'t> {
    /// The comment behind the `{`, on its line.
    pub(super) opening: Option<&'t str>,
    /// In order.
    pub(super) entries: Vec<Entry<'t>>,
    /// Its width on one line, where it may stand on one.
    pub(super) width: Option<usize>,
}

/// A statement or comment.
#[derive(Debug)]
pub(super) struct Entry<'t> {
    /// Blank lines stand before it.
    pub(super) is_apart: bool,
    /// The tokens, without the block; empty for a comment on a line of its own.
    pub(super) nodes: Vec<Node<'t>>,
    /// The block.
    pub(super) body: Option<Body<'t>>,
    /// The comment at the end of its last line, or on its own line.
    pub(super) comment: Option<&'t str>,
}

/// A part of a statement.
#[derive(Debug)]
pub(super) enum Node<'t> {
    /// A token, and whether a blank stands before it.
    Token(&'t str, Glue),
    /// A bracket.
    Bracket(Bracket<'t>, Glue),
    /// A comment within an expression, on the line of the token before it or on its own.
    Comment(&'t str, Line),
}

/// What stands before a node that is not the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glue {
    /// Nothing.
    Tight,
    /// A blank.
    Blank,
    /// A blank, and in brackets a place to break the line; tighter operators have higher ranks.
    Break(u8),
}

/// Where a comment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Behind a token.
    Same,
    /// Alone.
    Own,
}

/// `( … )` or `[ … ]`
#[derive(Debug)]
pub(super) struct Bracket<'t> {
    /// The opening character.
    pub(super) open: &'static str,
    /// The closing one.
    pub(super) close: &'static str,
    /// Whether a comma may stand behind the last element: in a list, arguments, parameters.
    pub(super) takes_commas: bool,
    /// The comment behind the opening character, on its line.
    pub(super) opening: Option<&'t str>,
    /// In order.
    pub(super) elements: Vec<Element<'t>>,
    /// Comments before the closing character.
    pub(super) closing: Vec<&'t str>,
    /// Its width on one line; none where a comment is in it.
    pub(super) width: Option<usize>,
}

/// What stands between commas.
#[derive(Debug, Default)]
pub(super) struct Element<'t> {
    /// Comments on the lines before it.
    pub(super) before: Vec<&'t str>,
    /// Its tokens.
    pub(super) nodes: Vec<Node<'t>>,
    /// The comment behind it.
    pub(super) comment: Option<&'t str>,
}

/// The width of nodes on one line; none where a comment is among them.
pub(super) fn width(nodes: &[Node<'_>]) -> Option<usize> {
    nodes.iter().enumerate().map(|(at, node)| Some(node.width()? + usize::from(at > 0 && node.has_blank()))).sum()
}

impl Node<'_> {
    /// Its own width on one line.
    pub(super) fn width(&self) -> Option<usize> {
        match self {
            Self::Token(text, _) => Some(text.chars().count()),
            Self::Bracket(bracket, _) => bracket.width,
            Self::Comment(..) => None,
        }
    }

    /// Whether a blank stands before it, where something does.
    pub(super) fn has_blank(&self) -> bool {
        !matches!(self, Self::Token(_, Glue::Tight) | Self::Bracket(_, Glue::Tight))
    }
}

/// Reads a text that parses.
pub(super) fn read(text: &str) -> Body<'_> {
    let mut reader = Reader { lexemes: lexemes(text), at: 0 };
    reader.body(true)
}

/// A token that is no line end.
#[derive(Debug)]
struct Lexeme<'t> {
    kind: TokenKind,
    text: &'t str,
    /// The line ends before it, up to the token before.
    line_ends: usize,
    /// The number of its line.
    line: usize,
    /// The index of the next that is no comment, from itself on.
    next: usize,
}

fn lexemes(text: &str) -> Vec<Lexeme<'_>> {
    let mut lexemes: Vec<Lexeme> = Vec::new();
    let (mut line, mut line_ends) = (0, 0);
    for token in Scanner::new(text) {
        if token.kind == TokenKind::Newline {
            (line, line_ends) = (line + 1, line_ends + 1);
            continue;
        }
        let text = text[token.range].trim_end();
        lexemes.push(Lexeme { kind: token.kind, text, line_ends, line, next: 0 });
        line_ends = 0;
    }
    let mut next = lexemes.len();
    for at in (0..lexemes.len()).rev() {
        if lexemes[at].kind != TokenKind::Comment {
            next = at;
        }
        lexemes[at].next = next;
    }
    lexemes
}

/// Words that are no operand.
fn is_keyword(word: &str) -> bool {
    matches!(word, "if" | "then" | "else" | "and" | "or" | "not" | "in" | "at" | "as")
}

/// The token before one, as far as it matters to what stands between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    /// A value ends: a bracket behind it belongs to it, a minus is infix.
    Operand,
    /// A value is to come.
    Operator,
    /// A sign, or `.` and `..`: what follows stands close.
    Tight,
}

/// How tightly the operators hold at which a line may break, loosest first.
fn rank(operator: &str) -> Option<u8> {
    Some(match operator {
        "else" => 0,
        "then" => 1,
        "or" => 2,
        "and" => 3,
        "<" | "<=" | ">" | ">=" | "==" | "!=" | "in" => 4,
        "+" | "-" => 5,
        "*" | "/" => 6,
        _ => return None,
    })
}

/// A run of nodes that grows.
struct Nodes<'t> {
    row: Vec<Node<'t>>,
    before: Before,
    /// Whether the token before is a path's point.
    is_path: bool,
    /// Whether the first word is a statement's and not a value.
    has_head: bool,
}

impl<'t> Nodes<'t> {
    fn new(has_head: bool) -> Self {
        Self { row: Vec::new(), before: Before::Nothing, is_path: false, has_head }
    }

    fn token(&mut self, kind: TokenKind, text: &'t str) {
        let is_member = std::mem::replace(&mut self.is_path, text == ".");
        let is_head = self.has_head && self.row.is_empty();
        let is_word = kind == TokenKind::Word && !is_member;
        let is_sign = text == "-" && self.before != Before::Operand;
        let is_infix = !is_sign && (kind == TokenKind::Operator || is_word);
        let glue = match text {
            "," | ":" | "." | ".." => Glue::Tight,
            _ if self.before == Before::Tight => Glue::Tight,
            _ => rank(text).filter(|_| is_infix).map_or(Glue::Blank, Glue::Break),
        };
        self.before = match (kind, text) {
            (TokenKind::Operator, "." | "..") => Before::Tight,
            (TokenKind::Operator, _) if is_sign => Before::Tight,
            (TokenKind::Operator, _) => Before::Operator,
            (TokenKind::Word, _) if is_word && (is_head || is_keyword(text)) => Before::Operator,
            _ => Before::Operand,
        };
        self.row.push(Node::Token(text, glue));
    }

    fn bracket(&mut self, bracket: Bracket<'t>) {
        let glue = if matches!(self.before, Before::Operand | Before::Tight) { Glue::Tight } else { Glue::Blank };
        self.before = Before::Operand;
        self.row.push(Node::Bracket(bracket, glue));
    }
}

struct Reader<'t> {
    lexemes: Vec<Lexeme<'t>>,
    at: usize,
}

impl<'t> Reader<'t> {
    fn kind(&self) -> Option<TokenKind> {
        self.lexemes.get(self.at).map(|lexeme| lexeme.kind)
    }

    /// The entries up to the closing brace, or to the end of the file.
    fn body(&mut self, is_file: bool) -> Body<'t> {
        let mut body = Body::default();
        let first_line = self.at.checked_sub(1).map_or(0, |open| self.lexemes[open].line);
        let mut has_gap = false;
        while let Some(kind) = self.kind() {
            let Lexeme { text, line_ends, line, .. } = self.lexemes[self.at];
            has_gap |= line_ends > 1;
            let is_apart = has_gap && !body.entries.is_empty();
            has_gap &= kind == TokenKind::Semicolon;
            match kind {
                TokenKind::Close(_) => {
                    if line == first_line {
                        body.width = one_line_width(&body);
                    }
                    self.at += 1;
                    return body;
                }
                TokenKind::Semicolon => self.at += 1,
                TokenKind::Comment => {
                    self.at += 1;
                    match body.entries.last_mut() {
                        Some(entry) if line_ends == 0 && entry.comment.is_none() => entry.comment = Some(text),
                        None if line_ends == 0 && !is_file && body.opening.is_none() => body.opening = Some(text),
                        _ => body.entries.push(Entry { is_apart, nodes: Vec::new(), body: None, comment: Some(text) }),
                    }
                }
                _ => {
                    let entry = self.statement(is_apart, is_file);
                    body.entries.push(entry);
                }
            }
        }
        body
    }

    fn statement(&mut self, is_apart: bool, is_top: bool) -> Entry<'t> {
        let head = self.lexemes[self.at].text;
        let mut nodes = Nodes::new(if is_top { head == "expect" } else { head == "repeat" });
        let mut body = None;
        let start = self.at;
        while let Some(lexeme) = self.lexemes.get(self.at) {
            let (kind, text) = (lexeme.kind, lexeme.text);
            if lexeme.line_ends > 0 && self.at > start {
                break;
            }
            match kind {
                TokenKind::Comment | TokenKind::Semicolon | TokenKind::Close(_) => break,
                TokenKind::Open(Delimiter::Brace) => {
                    self.at += 1;
                    body = Some(self.body(false));
                    break;
                }
                TokenKind::Open(delimiter) => {
                    let bracket = self.bracket(delimiter, nodes.before);
                    nodes.bracket(bracket);
                }
                _ => {
                    self.at += 1;
                    nodes.token(kind, text);
                }
            }
        }
        Entry { is_apart, nodes: nodes.row, body, comment: None }
    }

    /// A bracket, from its opening character to its closing one.
    fn bracket(&mut self, delimiter: Delimiter, before: Before) -> Bracket<'t> {
        let is_call = before == Before::Operand;
        let mut bracket = Bracket {
            open: delimiter.open(),
            close: delimiter.close(),
            // A call's parentheses and a list's brackets; not a group's, nor an index's.
            takes_commas: is_call == (delimiter == Delimiter::Round),
            opening: None,
            elements: Vec::new(),
            closing: Vec::new(),
            width: None,
        };
        let open = self.at;
        self.at += 1;
        let mut element = Element::default();
        let mut nodes = Nodes::new(false);
        // Comments behind a complete element, before its comma.
        let mut after = Vec::new();
        while let Some(lexeme) = self.lexemes.get(self.at) {
            let Lexeme { kind, text, line_ends, next, .. } = *lexeme;
            let is_same_line = line_ends == 0;
            match (kind, text) {
                (TokenKind::Comment, _) => {
                    let is_first = self.at == open + 1;
                    self.at += 1;
                    let is_complete = self
                        .lexemes
                        .get(next)
                        .is_none_or(|next| next.text == "," || matches!(next.kind, TokenKind::Close(_)));
                    let previous = bracket.elements.last_mut();
                    if is_first && is_same_line {
                        bracket.opening = Some(text);
                    } else if nodes.row.is_empty() {
                        match previous {
                            Some(previous)
                                if is_same_line && previous.comment.is_none() && element.before.is_empty() =>
                            {
                                previous.comment = Some(text);
                            }
                            _ => element.before.push(text),
                        }
                    } else if !is_complete {
                        nodes.row.push(Node::Comment(text, if is_same_line { Line::Same } else { Line::Own }));
                    } else if is_same_line && element.comment.is_none() {
                        element.comment = Some(text);
                    } else {
                        after.push(text);
                    }
                }
                (TokenKind::Close(_), _) => {
                    self.at += 1;
                    break;
                }
                (_, ",") => {
                    self.at += 1;
                    element.nodes = std::mem::replace(&mut nodes, Nodes::new(false)).row;
                    let before = std::mem::take(&mut after);
                    bracket.elements.push(std::mem::replace(&mut element, Element { before, ..Element::default() }));
                }
                (TokenKind::Open(delimiter), _) => {
                    let inner = self.bracket(delimiter, nodes.before);
                    nodes.bracket(inner);
                }
                _ => {
                    self.at += 1;
                    nodes.token(kind, text);
                }
            }
        }
        element.nodes = nodes.row;
        if element.nodes.is_empty() {
            bracket.closing = element.before;
        } else {
            bracket.closing = after;
            bracket.elements.push(element);
        }
        bracket.width = bracket_width(&bracket);
        bracket
    }
}

fn bracket_width(bracket: &Bracket<'_>) -> Option<usize> {
    if bracket.opening.is_some() || !bracket.closing.is_empty() {
        return None;
    }
    let is_bare = |element: &Element| element.before.is_empty() && element.comment.is_none();
    let elements = bracket.elements.iter();
    let widths: Option<usize> = elements.map(|element| width(&element.nodes).filter(|_| is_bare(element))).sum();
    Some(2 + widths? + 2 * bracket.elements.len().saturating_sub(1))
}

/// The width of ` { a; b }`, or ` {}`.
fn one_line_width(body: &Body<'_>) -> Option<usize> {
    if body.entries.is_empty() {
        return Some(" {}".len());
    }
    let entries: Option<usize> = body.entries.iter().map(Entry::width).sum();
    Some(" {  }".len() + entries? + 2 * (body.entries.len() - 1))
}

impl Entry<'_> {
    /// Its width on one line, where it may stand on one.
    pub(super) fn width(&self) -> Option<usize> {
        let body = self.body.as_ref().map_or(Some(0), |body| body.width);
        Some(width(&self.nodes)? + body?)
    }
}
