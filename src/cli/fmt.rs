//! `gradc fmt`: files in the one style.

use super::{Failure, Status, Talk, args, files, input, output};
use crate::source::{Source, Sources};
use crate::syntax::format;
use similar::TextDiff;
use std::path::Path;

/// Lines around a change that `--diff` shows.
const CONTEXT: usize = 3;

pub(super) fn run(arguments: &args::Fmt, talk: &Talk) -> Result<Status, Failure> {
    let mut status = Status::Well;
    for file in files::find(&arguments.paths)? {
        match one(&file, arguments, talk) {
            Ok(Status::Well) => {}
            Ok(Status::Differs) if status != Status::Well => {}
            Ok(other) => status = other,
            // The other files are not to blame.
            Err(failure) => {
                talk.failure(&failure);
                status = failure.status;
            }
        }
    }
    Ok(status)
}

fn one(file: &Path, arguments: &args::Fmt, talk: &Talk) -> Result<Status, Failure> {
    let input = input::read(file)?;
    let mut sources = Sources::new();
    let id = sources.add(Source::new(input.name.as_str(), input.text.as_str()));
    let formatted = match format::format(&sources, id) {
        Ok(formatted) => formatted,
        Err(mistakes) => {
            talk.diagnostics(&mistakes, &sources, &input.name);
            return Ok(Status::Wrong);
        }
    };
    let is_stdin = file == Path::new("-");
    let differs = formatted != input.text;
    if arguments.diff && differs {
        let diff = TextDiff::from_lines(&input.text, &formatted);
        let (old, new) = (format!("{} (now)", input.name), format!("{} (formatted)", input.name));
        let diff = diff.unified_diff().context_radius(CONTEXT).header(&old, &new).to_string();
        output::write(diff.as_bytes(), None)?;
    }
    if arguments.check {
        if differs && !arguments.diff {
            output::write(format!("{}\n", input.name).as_bytes(), None)?;
        }
        return Ok(if differs { Status::Differs } else { Status::Well });
    }
    if arguments.diff {
        return Ok(Status::Well);
    }
    if is_stdin {
        output::write(formatted.as_bytes(), None)?;
    } else if differs {
        output::write(formatted.as_bytes(), Some(file))?;
        talk.say(&format!("formatted {}\n", crate::diagnostics::render::printable(&input.name)));
    }
    Ok(Status::Well)
}
