//! What a help's edits make of the lines they touch, as lines removed and added.

use super::excerpt::{line_of, line_range, printable};
use super::{Edit, Help};
use crate::source::{Source, SourceId, Sources};

/// Lines drawn of one block that is removed or added.
const MOST_LINES: usize = 6;
/// Characters drawn of a line.
const WIDEST_LINE: usize = 140;
/// Characters before the first change that are kept of a line that is cut.
const BEFORE: usize = 40;

/// How a line takes part in an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// As it stands now.
    Removed,
    /// As it would stand.
    Added,
    /// More of the kind above.
    LeftOut,
}

/// A line of a suggested edit, fit for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DiffLine {
    /// Its number in the source (for an added line: in the source after the edit).
    pub(super) number: Option<usize>,
    /// How it takes part.
    pub(super) sign: Sign,
    /// Its text.
    pub(super) text: String,
}

/// The lines that the edits of `help` change. None where they overlap or touch several sources.
pub(super) fn suggested_lines(help: &Help, sources: &Sources) -> Vec<DiffLine> {
    let Some(first) = help.edits.first() else { return Vec::new() };
    let id: SourceId = first.span.source;
    let source = sources.get(id);
    let mut edits: Vec<&Edit> = help.edits.iter().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let apart = edits.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start);
    let valid = |edit: &&Edit| edit.span.source == id && source.text.get(edit.span.range()).is_some();
    if !apart || !edits.iter().all(valid) {
        return Vec::new();
    }

    let mut lines = Vec::new();
    let mut shift = 0_isize;
    for block in blocks(source, &edits) {
        draw_block(source, &block, &mut shift, &mut lines);
    }
    lines
}

/// Edits that touch the same or neighbouring lines, with the first and last of them.
struct Block<'a> {
    first: usize,
    last: usize,
    edits: Vec<&'a Edit>,
}

fn blocks<'a>(source: &Source, edits: &[&'a Edit]) -> Vec<Block<'a>> {
    let mut blocks: Vec<Block> = Vec::new();
    for edit in edits {
        let first = line_of(source, edit.span.start as usize);
        let last = line_of(source, edit.span.end as usize);
        match blocks.last_mut() {
            Some(block) if first <= block.last + 1 => {
                block.last = block.last.max(last);
                block.edits.push(edit);
            }
            Some(_) | None => blocks.push(Block { first, last, edits: vec![edit] }),
        }
    }
    blocks
}

fn draw_block(source: &Source, block: &Block, shift: &mut isize, lines: &mut Vec<DiffLine>) {
    let start = source.line_start(block.first);
    let end = line_range(source, block.last).end.max(block.edits.last().map_or(0, |edit| edit.span.end as usize));
    let mut after = String::new();
    let mut reached = start;
    for edit in &block.edits {
        after.push_str(&source.text[reached..edit.span.start as usize]);
        after.push_str(&edit.replacement);
        reached = edit.span.end as usize;
    }
    after.push_str(&source.text[reached..end]);

    let old: Vec<&str> = source.text[start..end].split('\n').map(|line| line.trim_end_matches('\r')).collect();
    let new: Vec<&str> = after.split('\n').map(|line| line.trim_end_matches('\r')).collect();
    let same_before = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - same_before;
    let same_after = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let removed = &old[same_before..old.len() - same_after];
    let added = &new[same_before..new.len() - same_after];

    let number = block.first + same_before;
    let column = match (removed.first(), added.first()) {
        (Some(removed), Some(added)) => removed.chars().zip(added.chars()).take_while(|(old, new)| old == new).count(),
        (None, _) | (_, None) => 0,
    };
    draw_lines(removed, Sign::Removed, number, column, lines);
    draw_lines(added, Sign::Added, number.saturating_add_signed(*shift), column, lines);
    *shift += added.len() as isize - removed.len() as isize;
}

fn draw_lines(texts: &[&str], sign: Sign, number: usize, column: usize, lines: &mut Vec<DiffLine>) {
    for (index, text) in texts.iter().take(MOST_LINES).enumerate() {
        lines.push(DiffLine { number: Some(number + index), sign, text: cut(text, column) });
    }
    if texts.len() > MOST_LINES {
        let more = texts.len() - MOST_LINES;
        let plural = if more == 1 { "line" } else { "lines" };
        lines.push(DiffLine { number: None, sign: Sign::LeftOut, text: format!("{more} more {plural}") });
    }
}

/// The part of a line around the change at character `column`.
fn cut(text: &str, column: usize) -> String {
    let long = text.len() > WIDEST_LINE && text.chars().nth(WIDEST_LINE).is_some();
    if !long {
        return printable(text);
    }
    let start = column.saturating_sub(BEFORE);
    let mut kept: String = text.chars().skip(start).take(WIDEST_LINE).collect();
    if start > 0 {
        kept.insert(0, '…');
    }
    if text.chars().nth(start + WIDEST_LINE).is_some() {
        kept.push('…');
    }
    printable(&kept)
}
