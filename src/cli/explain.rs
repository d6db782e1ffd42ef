//! `gradc explain`: the page of a code, or the list of all codes.

use super::{Failure, Status, args, output};
use crate::diagnostics::near::nearest;
use crate::diagnostics::pages;
use std::fmt::Write as _;

pub(super) fn run(arguments: &args::Explain) -> Result<Status, Failure> {
    let text = match &arguments.code {
        Some(code) => pages::page(code).map(|page| page.text.to_owned()).ok_or_else(|| unknown(code))?,
        None => list(),
    };
    output::write(text.as_bytes(), None)?;
    Ok(Status::Well)
}

/// What the codes of a letter and their first two digits are about, in order.
const FAMILIES: &[(&str, &str)] = &[
    ("E01", "Errors of syntax"),
    ("E02", "Errors of names"),
    ("E03", "Errors of arguments and settings"),
    ("E04", "Errors of shapes"),
    ("E05", "Errors of values"),
    ("E06", "Errors of data and other files"),
    ("W", "Warnings: it compiles, and is probably not what was meant"),
    ("G", "Findings about the gradients of a run"),
];

/// One line a code, by families.
fn list() -> String {
    let mut text = String::new();
    let mut family = None;
    for page in in_order() {
        let own = FAMILIES.iter().find(|(start, _)| page.code.starts_with(start));
        if own != family {
            let gap = if family.is_none() { "" } else { "\n" };
            writeln!(text, "{gap}{}", own.map_or("Others", |(_, title)| *title))
                .expect("writing to memory does not fail");
            family = own;
        }
        writeln!(text, "  {}  {}", page.code, page.title()).expect("writing to memory does not fail");
    }
    text
}

/// The pages, families in the order of the table.
fn in_order() -> Vec<pages::Page> {
    let mut pages = pages::all();
    pages.sort_by_key(|page| FAMILIES.iter().position(|(start, _)| page.code.starts_with(start)));
    pages
}

fn unknown(code: &str) -> Failure {
    let failure = Failure::wrong(format!("there is no code `{code}`"));
    match nearest(code, pages::all().iter().map(|page| page.code)) {
        Some(near) => failure.help(format!("a code is near: `{near}`; `gradc explain` lists all")),
        None => failure.help("`gradc explain` lists all codes"),
    }
}
