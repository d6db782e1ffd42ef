//! Diagnostics drawn on their source, for people. The only file that names ariadne: its layout is taken apart into cells
//! (`canvas.rs`) and given our header, the source's own line numbers, notes, helps and suggested edits.
//!
//! ariadne is handed an `Excerpt`, never a source: what a drawing costs depends on its labels, and no span, control character
//! or giant line of a user's file can reach its panics. Its indices are characters here, as the excerpt's are.

use super::canvas::{Canvas, Row, Style};
use super::excerpt::{Excerpt, excerpt};
use super::suggestion::{DiffLine, Sign, suggested_lines};
use super::{Diagnostic, Help, Label, Level};
use crate::source::{SourceId, Sources};
use std::fmt;
use std::ops::Range;

pub use super::excerpt::printable;

/// Other places drawn for one diagnostic; the rest is counted.
const MOST_SECONDARY: usize = 6;

/// Columns that notes and helps keep to. What is drawn on the source is as wide as the source.
const WIDTH: usize = 100;

/// Stands for the n-th source's place until its own name and position are put there. Excerpts hold no control characters.
const PLACEHOLDER: char = '\u{1}';

/// Draws one diagnostic, with a newline at its end; in colour where `colour`.
#[must_use]
pub fn render(diagnostic: &Diagnostic, sources: &Sources, colour: bool) -> String {
    let mut canvas = Canvas::default();
    canvas.push(header(diagnostic));
    match &diagnostic.primary {
        Some(primary) => Drawing::new(diagnostic, primary, sources).draw(&mut canvas),
        None => notes_without_place(diagnostic, &mut canvas),
    }
    canvas.print(colour)
}

const fn level_style(level: Level) -> Style {
    match level {
        Level::Error => Style::BoldRed,
        Level::Warning => Style::BoldYellow,
    }
}

/// `error[E0201]: message`
fn header(diagnostic: &Diagnostic) -> Row {
    let mut row = Row::default();
    row.text(&format!("{}[{}]", diagnostic.level, diagnostic.code), level_style(diagnostic.level));
    row.text(": ", Style::Bold);
    row.text(&one_line(&diagnostic.message), Style::Bold);
    row
}

fn notes_without_place(diagnostic: &Diagnostic, canvas: &mut Canvas) {
    for (word, text) in remarks(diagnostic, 0) {
        for (index, line) in wrapped(&text, WIDTH - word.len() - 4).enumerate() {
            let mut row = Row::default();
            row.text("  ", Style::Plain);
            push_remark_line(&mut row, word, &line, index);
            canvas.push(row);
        }
    }
}

/// Notes and helps in the order they are drawn: the word and the text.
fn remarks(diagnostic: &Diagnostic, left_out: usize) -> Vec<(&'static str, String)> {
    let mut remarks = Vec::new();
    if left_out > 0 {
        let places = if left_out == 1 { "place" } else { "places" };
        remarks.push(("note", format!("{left_out} more {places} not drawn")));
    }
    remarks.extend(diagnostic.notes.iter().map(|note| ("note", note.clone())));
    remarks.extend(diagnostic.helps.iter().map(|help| ("help", help.text.clone())));
    remarks
}

/// The lines of a remark, broken at blanks where they are longer than `width`. What stands between backticks stays whole: it is code.
fn wrapped(text: &str, width: usize) -> impl Iterator<Item = String> {
    text.lines().flat_map(move |line| {
        if line.chars().count() <= width {
            return vec![line.to_owned()];
        }
        let mut rows = vec![String::new()];
        let mut pieces = line.split(' ').peekable();
        while let Some(piece) = pieces.next() {
            let mut piece = piece.to_owned();
            while piece.matches('`').count() % 2 == 1
                && let Some(rest) = pieces.next()
            {
                piece.push(' ');
                piece.push_str(rest);
            }
            let row = rows.last_mut().expect("there is one from the start");
            if row.is_empty() {
                *row = piece;
            } else if row.chars().count() + 1 + piece.chars().count() <= width {
                row.push(' ');
                row.push_str(&piece);
            } else {
                rows.push(piece);
            }
        }
        rows
    })
}

/// `note: text`, or blanks in place of the word on later lines.
fn push_remark_line(row: &mut Row, word: &str, line: &str, index: usize) {
    if index == 0 {
        row.text(&format!("{word}:"), Style::Cyan);
        row.text(" ", Style::Plain);
    } else {
        row.text(&" ".repeat(word.len() + 2), Style::Plain);
    }
    row.text(&printable(line), Style::Plain);
}

/// A message may quote the user's text: it stays one line and shows control characters.
fn one_line(text: &str) -> String {
    printable(text)
}

/// One diagnostic with the excerpts of all sources it has labels in.
struct Drawing<'a> {
    diagnostic: &'a Diagnostic,
    sources: &'a Sources,
    /// The sources in order of drawing, the primary label's first.
    ids: Vec<SourceId>,
    excerpts: Vec<Excerpt>,
    /// The labels in order of drawing: (label, index of its source, its characters in the excerpt).
    labels: Vec<(&'a Label, usize, Range<usize>)>,
    left_out: usize,
}

impl<'a> Drawing<'a> {
    fn new(diagnostic: &'a Diagnostic, primary: &'a Label, sources: &'a Sources) -> Self {
        let drawn: Vec<&Label> =
            std::iter::once(primary).chain(diagnostic.secondary.iter().take(MOST_SECONDARY)).collect();
        let left_out = diagnostic.secondary.len().saturating_sub(MOST_SECONDARY);

        let mut ids: Vec<SourceId> = Vec::new();
        for label in &drawn {
            if !ids.contains(&label.span.source) {
                ids.push(label.span.source);
            }
        }
        let mut excerpts = Vec::new();
        let mut labels = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            let here: Vec<&Label> = drawn.iter().copied().filter(|label| label.span.source == *id).collect();
            let spans: Vec<_> = here.iter().map(|label| label.span).collect();
            let excerpt = excerpt(sources.get(*id), &spans);
            labels.extend(here.into_iter().zip(&excerpt.places).map(|(label, place)| (label, index, place.clone())));
            excerpts.push(excerpt);
        }
        // ariadne opens a second frame for a label that ends on an earlier line than the one before.
        labels.sort_by_key(|(_, index, place)| (*index, place.end, place.start));
        Self { diagnostic, sources, ids, excerpts, labels, left_out }
    }

    fn draw(&self, canvas: &mut Canvas) {
        let raw = self.ariadne();
        let width =
            self.excerpts.iter().flat_map(|excerpt| &excerpt.numbers).flatten().max().map_or(1, |line| digits(*line));
        let margin = Margin { width };

        // The first line is ariadne's header, the last its closing corner: both are ours.
        let mut group = 0;
        let rows: Vec<&str> = raw.lines().skip(1).collect();
        let frame = rows.split_last().map_or(&[][..], |(_, frame)| frame);
        let narrow = frame.first().map_or(0, |row| row.chars().take_while(|character| *character == ' ').count());
        let widen = (width + 2).saturating_sub(narrow);
        for line in frame {
            let mut row = Row::parse(line);
            if let Some(index) = row.placeholder(PLACEHOLDER) {
                group = index;
                row.replace_placeholder(PLACEHOLDER, &self.place(group));
            }
            match row.line_number() {
                Some(number) => {
                    let number = self.excerpts[group].numbers[number - 1].expect("gaps have no labels");
                    row.set_line_number(&format!(" {number:>width$} "));
                }
                None => row.indent(widen),
            }
            canvas.push(row);
        }
        self.draw_remarks(margin, canvas);
        canvas.push(margin.corner());
    }

    /// What ariadne makes of the excerpts, in colour.
    fn ariadne(&self) -> String {
        let primary = self.diagnostic.primary.as_ref().map(|label| label.span);
        let texts = Texts(self.excerpts.iter().map(|excerpt| ariadne::Source::from(excerpt.text.clone())).collect());
        let config = ariadne::Config::new().with_index_type(ariadne::IndexType::Char);
        let (_, first, start) = &self.labels[0];
        let mut report =
            ariadne::Report::build(ariadne::ReportKind::Error, (*first, start.start..start.start)).with_config(config);
        let mut primary_seen = false;
        for (label, index, place) in &self.labels {
            let is_primary = !primary_seen && Some(label.span) == primary;
            primary_seen |= is_primary;
            let (colour, priority) = match (is_primary, self.diagnostic.level) {
                (true, Level::Error) => (ariadne::Color::Red, 1),
                (true, Level::Warning) => (ariadne::Color::Yellow, 1),
                (false, Level::Error | Level::Warning) => (ariadne::Color::BrightBlue, 0),
            };
            // Labels of a line are ordered by column, so that their arrows do not cross; sources and lines come in order.
            let line =
                self.excerpts[*index].text.chars().take(place.end).filter(|character| *character == '\n').count();
            let order = i32::try_from((index << 16) + line).expect("a diagnostic draws few labels");
            report = report.with_label(
                ariadne::Label::new((*index, place.clone()))
                    .with_message(one_line(&label.text))
                    .with_color(colour)
                    .with_priority(priority)
                    .with_order(order),
            );
        }
        let mut drawn = Vec::new();
        report.finish().write(texts, &mut drawn).expect("writing to memory does not fail");
        String::from_utf8(drawn).expect("ariadne writes the characters it was given")
    }

    /// `digits.net:16:3` of the group's first label; the primary label's where it is in it.
    fn place(&self, group: usize) -> String {
        let primary = self.diagnostic.primary.as_ref().map(|label| label.span);
        let first = self.labels.iter().find(|(_, index, _)| *index == group).map(|(label, ..)| label.span);
        let span = primary.filter(|span| span.source == self.ids[group]).or(first).expect("a group has labels");
        let source = self.sources.get(span.source);
        let offset = (span.start as usize).min(source.text.len());
        let offset = source.text.floor_char_boundary(offset);
        let (line, column) =
            source.line_column(u32::try_from(offset).expect("a source is at most MAX_SOURCE_BYTES long"));
        format!("{}:{line}:{column}", one_line(&source.name))
    }

    fn draw_remarks(&self, margin: Margin, canvas: &mut Canvas) {
        let remarks = remarks(self.diagnostic, self.left_out);
        let helps_start = remarks.len() - self.diagnostic.helps.len();
        for (position, (word, text)) in remarks.iter().enumerate() {
            let follows_diff = position > helps_start && !self.diff(position - helps_start - 1).is_empty();
            if position == 0 || follows_diff {
                canvas.push(margin.empty());
            }
            for (index, line) in wrapped(text, WIDTH - margin.width - word.len() - 6).enumerate() {
                let mut row = margin.empty();
                row.text(" ", Style::Plain);
                push_remark_line(&mut row, word, &line, index);
                canvas.push(row);
            }
            if position < helps_start {
                continue;
            }
            for diff_line in self.diff(position - helps_start) {
                canvas.push(margin.diff(&diff_line));
            }
        }
    }

    /// The lines that show what help number `index` changes; none where its own words do.
    fn diff(&self, index: usize) -> Vec<DiffLine> {
        let help: &Help = &self.diagnostic.helps[index];
        if let [edit] = &help.edits[..]
            && help.text.contains(&format!("`{}`", edit.replacement))
        {
            return Vec::new();
        }
        suggested_lines(help, self.sources)
    }
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |digits| digits as usize + 1)
}

/// The frame's left edge, `width` digits wide.
#[derive(Clone, Copy)]
struct Margin {
    width: usize,
}

impl Margin {
    fn empty(self) -> Row {
        let mut row = Row::default();
        row.text(&" ".repeat(self.width + 2), Style::Plain);
        row.text("│", Style::Grey);
        row
    }

    fn corner(self) -> Row {
        let mut row = Row::default();
        row.text(&"─".repeat(self.width + 2), Style::Grey);
        row.text("╯", Style::Grey);
        row
    }

    fn diff(self, line: &DiffLine) -> Row {
        let (sign, sign_style) = match line.sign {
            Sign::Removed => ("- ", Style::Red),
            Sign::Added => ("+ ", Style::Green),
            Sign::LeftOut => ("… ", Style::Plain),
        };
        let width = self.width;
        let mut row = Row::default();
        match line.number {
            Some(number) => row.text(&format!(" {number:>width$} │ "), Style::Grey),
            None => row.text(&format!("{}│ ", " ".repeat(width + 2)), Style::Grey),
        }
        row.text(sign, sign_style);
        row.text(&line.text, sign_style);
        row
    }
}

/// ariadne's view of the excerpts, by their number: total, so no fetch can fail.
struct Texts(Vec<ariadne::Source<String>>);

impl ariadne::Cache<usize> for Texts {
    type Storage = String;

    fn fetch(&mut self, id: &usize) -> Result<&ariadne::Source<String>, impl fmt::Debug> {
        Ok::<_, fmt::Error>(&self.0[*id])
    }

    fn display<'a>(&self, id: &'a usize) -> Option<impl fmt::Display + 'a> {
        Some(format!("{PLACEHOLDER}{id}{PLACEHOLDER}"))
    }
}
