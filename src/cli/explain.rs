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

/// One line a code.
fn list() -> String {
    let mut text = String::new();
    for page in pages::all() {
        writeln!(text, "{}  {}", page.code, page.title()).expect("writing to memory does not fail");
    }
    text
}

fn unknown(code: &str) -> Failure {
    let failure = Failure::wrong(format!("there is no code `{code}`"));
    match nearest(code, pages::all().iter().map(|page| page.code)) {
        Some(near) => failure.help(format!("a code is near: `{near}`; `gradc explain` lists all")),
        None => failure.help("`gradc explain` lists all codes"),
    }
}
