//! `gradc reference`: every word of the language, one of them, or a part of them.

use super::{Failure, Status, args, output};
use crate::diagnostics::pages;
use crate::reference;

pub(super) fn run(arguments: &args::Reference) -> Result<Status, Failure> {
    let text = match &arguments.topic {
        None => format!("{}Also every code: gradc explain --list\n", reference::contents()),
        Some(topic) => match (reference::find(topic), pages::page(topic)) {
            (Ok(text), _) => text,
            (Err(_), Some(page)) => page.text.to_owned(),
            (Err(near), None) => return Err(unknown(topic, near)),
        },
    };
    output::write(text.as_bytes(), None)?;
    Ok(Status::Well)
}

fn unknown(topic: &str, near: Option<String>) -> Failure {
    let failure = Failure::wrong(format!("the reference has no `{topic}`"));
    match near {
        Some(near) => failure.help(format!("it has a similar word: `gradc reference {near}`")),
        None => failure.help("`gradc reference` lists every word"),
    }
}
