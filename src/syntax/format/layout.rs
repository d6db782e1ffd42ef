//! Lines from the tree: what fits stands on one line, what does not is broken from the outside in.

use super::WIDTH;
use super::tree::{Body, Bracket, Element, Entry, Glue, Line, Node, width};

/// Blanks a level.
const STEP: usize = 2;
/// The widest element of a list that is filled line by line.
const WIDEST_FILLED: usize = 16;

/// The text of a file.
pub(super) fn print(file: &Body<'_>) -> String {
    let mut printer = Printer { lines: Vec::new(), indent: 0 };
    for entry in &file.entries {
        printer.entry(entry);
    }
    printer.finish()
}

/// A line, without its end.
#[derive(Debug, Default)]
struct Row<'t> {
    indent: usize,
    code: String,
    /// Characters in `code`.
    width: usize,
    comment: Option<&'t str>,
}

struct Printer<'t> {
    lines: Vec<Row<'t>>,
    indent: usize,
}

impl<'t> Printer<'t> {
    fn start_line(&mut self) {
        self.lines.push(Row { indent: self.indent, ..Row::default() });
    }

    fn row(&mut self) -> &mut Row<'t> {
        self.lines.last_mut().expect("a line is started before anything is written")
    }

    fn push(&mut self, text: &str) {
        let row = self.row();
        row.code.push_str(text);
        row.width += text.chars().count();
    }

    /// A comment at the end of the present line, or on it alone.
    fn comment(&mut self, comment: Option<&'t str>) {
        let Some(comment) = comment else { return };
        self.row().comment = Some(comment);
    }

    /// Whether so much more fits on the present line.
    fn fits(&self, more: usize) -> bool {
        self.lines.last().is_none_or(|row| row.indent + row.width + more <= WIDTH)
    }

    fn within<T>(&mut self, print: impl FnOnce(&mut Self) -> T) -> T {
        self.indent += STEP;
        let printed = print(self);
        self.indent -= STEP;
        printed
    }

    fn entry(&mut self, entry: &Entry<'t>) {
        if entry.is_apart {
            self.lines.push(Row::default());
        }
        self.start_line();
        if entry.width().is_some_and(|width| self.fits(width)) {
            self.flat_entry(entry);
        } else {
            self.broken_entry(entry);
        }
        self.comment(entry.comment);
    }

    fn flat_entry(&mut self, entry: &Entry<'t>) {
        self.flat(&entry.nodes);
        let Some(body) = &entry.body else { return };
        if body.entries.is_empty() {
            self.push(" {}");
            return;
        }
        self.push(" { ");
        for (at, entry) in body.entries.iter().enumerate() {
            self.push(if at == 0 { "" } else { "; " });
            self.flat_entry(entry);
        }
        self.push(" }");
    }

    fn broken_entry(&mut self, entry: &Entry<'t>) {
        let Some(body) = &entry.body else { return self.sequence(&entry.nodes, 0) };
        self.sequence(&entry.nodes, " {".len());
        if body.entries.is_empty() && body.opening.is_none() {
            self.push(" {}");
            return;
        }
        self.push(" {");
        self.comment(body.opening);
        self.within(|printer| body.entries.iter().for_each(|entry| printer.entry(entry)));
        self.start_line();
        self.push("}");
    }

    /// Nodes on one line.
    fn flat(&mut self, nodes: &[Node<'t>]) {
        for (at, node) in nodes.iter().enumerate() {
            self.push(if at > 0 && node.has_blank() { " " } else { "" });
            match node {
                Node::Token(text, _) => self.push(text),
                Node::Bracket(bracket, _) => self.flat_bracket(bracket),
                Node::Comment(..) => unreachable!("what holds a comment has no width on one line"),
            }
        }
    }

    fn flat_bracket(&mut self, bracket: &Bracket<'t>) {
        self.push(bracket.open);
        for (at, element) in bracket.elements.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.flat(&element.nodes);
        }
        self.push(bracket.close);
    }

    /// Nodes whose brackets break where they must; `tail` columns follow on the last line.
    fn sequence(&mut self, nodes: &[Node<'t>], tail: usize) {
        let mut starts_line = true;
        for (at, node) in nodes.iter().enumerate() {
            if starts_line && at > 0 && !matches!(node, Node::Comment(..)) {
                self.start_line();
            } else if at > 0 && !starts_line && node.has_blank() && !matches!(node, Node::Comment(..)) {
                self.push(" ");
            }
            match node {
                Node::Token(text, _) => self.push(text),
                Node::Bracket(bracket, _) => {
                    let reach = reach(&nodes[at + 1..], tail);
                    if bracket.width.is_some_and(|width| self.fits(width + reach)) {
                        self.flat_bracket(bracket);
                    } else {
                        self.broken_bracket(bracket);
                    }
                }
                Node::Comment(text, line) => {
                    if *line == Line::Own || starts_line {
                        self.start_line();
                    }
                    self.comment(Some(text));
                }
            }
            starts_line = matches!(node, Node::Comment(..));
        }
    }

    fn broken_bracket(&mut self, bracket: &Bracket<'t>) {
        self.push(bracket.open);
        self.comment(bracket.opening);
        self.within(|printer| {
            if is_filled(bracket) {
                printer.fill(&bracket.elements);
            } else {
                bracket.elements.iter().for_each(|element| printer.element(element, bracket));
            }
            for comment in &bracket.closing {
                printer.start_line();
                printer.comment(Some(comment));
            }
        });
        self.start_line();
        self.push(bracket.close);
    }

    /// An element on lines of its own.
    fn element(&mut self, element: &Element<'t>, bracket: &Bracket<'t>) {
        for comment in &element.before {
            self.start_line();
            self.comment(Some(comment));
        }
        self.start_line();
        let tail = usize::from(bracket.takes_commas);
        self.expression(&element.nodes, tail, bracket.takes_commas);
        if bracket.takes_commas {
            self.push(",");
        }
        self.comment(element.comment);
    }

    /// An expression in brackets, from the start of a line: it breaks before its loosest operators, which are indented where
    /// other elements may follow.
    fn expression(&mut self, nodes: &[Node<'t>], tail: usize, is_indented: bool) {
        let has_comment = nodes.iter().any(|node| matches!(node, Node::Comment(..)));
        let loosest = nodes.iter().skip(1).filter_map(break_rank).min();
        let Some(loosest) =
            loosest.filter(|_| !has_comment && !width(nodes).is_some_and(|width| self.fits(width + tail)))
        else {
            return self.sequence(nodes, tail);
        };
        let mut start = 0;
        let indent = if is_indented { STEP } else { 0 };
        for at in 1..=nodes.len() {
            let is_end = at == nodes.len();
            if !is_end && break_rank(&nodes[at]) != Some(loosest) {
                continue;
            }
            if start > 0 {
                self.indent += indent;
                self.start_line();
            }
            self.expression(&nodes[start..at], if is_end { tail } else { 0 }, true);
            if start > 0 {
                self.indent -= indent;
            }
            start = at;
        }
    }

    /// Short elements, as many as fit on each line.
    fn fill(&mut self, elements: &[Element<'t>]) {
        self.start_line();
        for (at, element) in elements.iter().enumerate() {
            let more = width(&element.nodes).unwrap_or(0) + ",".len();
            if at > 0 && !self.fits(more + 1) {
                self.start_line();
            } else if at > 0 {
                self.push(" ");
            }
            self.flat(&element.nodes);
            self.push(",");
        }
    }

    /// The lines as a text, the comments of neighbouring lines below each other.
    fn finish(self) -> String {
        let mut text = String::new();
        let mut column = 0;
        for (at, row) in self.lines.iter().enumerate() {
            let is_trailing = |row: &Row| row.comment.is_some() && !row.code.is_empty();
            if !is_trailing(row) {
                column = 0;
            } else if column == 0 {
                let run = self.lines[at..].iter().take_while(|row| is_trailing(row));
                column = run.map(|row| row.indent + row.width).max().unwrap_or(0) + 2;
            }
            if row.code.is_empty() && row.comment.is_none() {
                text.push('\n');
                continue;
            }
            pad(&mut text, row.indent);
            text.push_str(&row.code);
            if let Some(comment) = row.comment {
                let reached = if row.code.is_empty() { column } else { row.indent + row.width };
                pad(&mut text, column - reached);
                text.push_str(comment);
            }
            text.push('\n');
        }
        text
    }
}

fn pad(text: &mut String, blanks: usize) {
    text.extend(std::iter::repeat_n(' ', blanks));
}

/// The columns that follow on a line before it may break or ends.
fn reach(nodes: &[Node<'_>], tail: usize) -> usize {
    let mut reach = 0;
    for node in nodes {
        reach += usize::from(node.has_blank());
        match node {
            Node::Token(text, _) => reach += text.chars().count(),
            Node::Bracket(bracket, _) if bracket.elements.is_empty() => reach += 2,
            Node::Bracket(..) => return reach + 1,
            Node::Comment(..) => return reach - 1,
        }
    }
    reach + tail
}

fn break_rank(node: &Node<'_>) -> Option<u8> {
    match node {
        Node::Token(_, Glue::Break(rank)) => Some(*rank),
        Node::Token(..) | Node::Bracket(..) | Node::Comment(..) => None,
    }
}

/// Whether a bracket is a list of several short numbers and names.
fn is_filled(bracket: &Bracket<'_>) -> bool {
    let is_short = |element: &Element| {
        let is_plain = element.nodes.iter().all(|node| matches!(node, Node::Token(..)));
        is_plain && width(&element.nodes).is_some_and(|width| width <= WIDEST_FILLED)
    };
    let elements = &bracket.elements;
    bracket.open == "[" && bracket.width.is_some() && elements.len() > 1 && elements.iter().all(is_short)
}
