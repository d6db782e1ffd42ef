//! `gradc check`: every diagnostic of the files, then what each holds.

use super::args::{self, CheckFormat};
use super::input::{self, Input};
use super::{Failure, Status, Talk, options, output};
use crate::diagnostics::render::printable;
use crate::diagnostics::{Diagnostic, data, json};
use crate::pipeline::{self, Checked, Options};
use crate::report::outline::{self, Outline};
use std::path::Path;

pub(super) fn run(arguments: &args::Check, talk: &Talk) -> Result<Status, Failure> {
    let mut errors = Errors::default();
    for (index, file) in arguments.files.iter().enumerate() {
        let mut input = input::read(file)?;
        let options = options(&arguments.experiment, &arguments.machine, std::mem::take(&mut input.folder));
        if arguments.fix {
            mend(file, &mut input, &options, talk)?;
        }
        // What is read from standard input is mended to standard output, and nothing else is written there.
        let is_mended_stdin = arguments.fix && file == Path::new("-");
        let mut checked = pipeline::check(&input.name, input.text, &options);
        let outline = match checked.outline(&options) {
            Ok(outline) => outline,
            Err(mistake) => {
                checked.diagnostics.push(mistake);
                None
            }
        };
        match arguments.format {
            _ if is_mended_stdin => talk.diagnostics(&checked.diagnostics, &checked.sources, &input.name),
            CheckFormat::Text => {
                talk.diagnostics(&checked.diagnostics, &checked.sources, &input.name);
                if let Some(outline) = outline {
                    let gap = if index == 0 { "" } else { "\n" };
                    output::write(format!("{gap}{}", outline::render(&outline)).as_bytes(), None)?;
                }
            }
            CheckFormat::Json => output::write(json_lines(&checked, outline.as_ref()).as_bytes(), None)?,
        }
        errors.count(&checked.diagnostics);
    }
    Ok(errors.status())
}

/// Makes the edits that are certain and says which; the file is written where there are any.
fn mend(file: &Path, input: &mut Input, options: &Options, talk: &Talk) -> Result<(), Failure> {
    let mended = pipeline::mend(&input.name, std::mem::take(&mut input.text), options);
    input.text = mended.text;
    if file == Path::new("-") {
        output::write(input.text.as_bytes(), None)?;
    } else if !mended.changes.is_empty() {
        output::write(input.text.as_bytes(), Some(file))?;
    }
    for (line, mistake, done) in mended.changes {
        talk.say(&printable(&format!("fixed {}:{line}: {mistake}: {done}", input.name)));
        talk.say("\n");
    }
    Ok(())
}

/// Every diagnostic, one a line; without errors one last line with the outline.
fn json_lines(checked: &Checked, outline: Option<&Outline>) -> String {
    let mut lines = String::new();
    for diagnostic in &checked.diagnostics {
        lines.push_str(&json::line(diagnostic, &checked.sources));
        lines.push('\n');
    }
    if let Some(outline) = outline {
        let rendered = outline::render(outline);
        let profile = serde_json::json!({
            "level": "profile",
            "code": { "code": "profile" },
            "message": rendered.lines().next().unwrap_or_default(),
            "spans": [],
            "children": [],
            "rendered": rendered,
            "profile": outline,
        });
        lines.push_str(&profile.to_string());
        lines.push('\n');
    }
    lines
}

/// Which errors there were.
#[derive(Debug, Default)]
pub(super) struct Errors {
    /// Of the spec.
    spec: bool,
    /// Of the files it names: all of code `E06…`.
    data: bool,
}

impl Errors {
    pub(super) fn count(&mut self, diagnostics: &[Diagnostic]) {
        for error in diagnostics.iter().filter(|diagnostic| diagnostic.is_error()) {
            if error.code.0.starts_with("E06") {
                self.data = true;
            } else {
                self.spec = true;
            }
        }
    }

    /// What keeps a spec from being run. Where a larger machine, or a larger `--memory-limit`, would find nothing wrong with it, want
    /// of memory is of the world.
    pub(super) fn of_run(checked: &Checked, options: &Options) -> Self {
        let mut errors = Self::default();
        let is_size = |diagnostic: &Diagnostic| diagnostic.is_error() && diagnostic.code == data::RUN_SIZE;
        if checked.diagnostics.iter().any(is_size) {
            let source = checked.sources.get(checked.id);
            let unlimited = Options { memory_limit: u64::MAX, ..options.clone() };
            let without_limit = pipeline::check(&source.name, source.text.clone(), &unlimited);
            errors.count(&without_limit.diagnostics);
            errors.data = true;
        } else {
            errors.count(&checked.diagnostics);
        }
        errors
    }

    /// Counts what kept a sound spec from being run: want of memory, too, is of the world.
    pub(super) fn count_of_run(&mut self, mistakes: &[Diagnostic]) {
        for mistake in mistakes {
            if mistake.code == data::RUN_SIZE {
                self.data = true;
            } else {
                self.count(std::slice::from_ref(mistake));
            }
        }
    }

    /// A wrong spec comes first: mending it may change which files are read.
    pub(super) fn status(&self) -> Status {
        match (self.spec, self.data) {
            (true, _) => Status::Wrong,
            (false, true) => Status::NotDone,
            (false, false) => Status::Well,
        }
    }
}
