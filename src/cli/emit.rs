//! `gradc emit`: what a stage made of a file.

use super::args::{self, StageName};
use super::check::Errors;
use super::{Failure, Status, Talk, features, input, options, output};
use crate::pipeline::{self, Stage};
use crate::run::Level;

pub(super) fn run(arguments: &args::Emit, talk: &Talk) -> Result<Status, Failure> {
    let input = input::read(&arguments.file)?;
    let mut options = options(&arguments.experiment, &arguments.machine, input.folder);
    options.features = features(arguments.instructions);
    let mut checked = pipeline::check(&input.name, input.text, &options);
    let stage = match arguments.stage {
        StageName::Ast => Stage::Ast,
        StageName::Model => Stage::Model,
        StageName::Graph => Stage::Graph,
        StageName::Kernels => Stage::Kernels,
        StageName::Clif => Stage::Clif,
    };
    let level = if arguments.statistics { Level::Full } else { Level::Norms };
    let text = checked.emit(stage, level, &options).unwrap_or_else(|mistake| {
        checked.diagnostics.push(mistake);
        None
    });
    talk.diagnostics(&checked.diagnostics, &checked.sources, &input.name);
    if let Some(text) = text {
        output::write(text.as_bytes(), arguments.output.as_deref())?;
    }
    let mut errors = Errors::default();
    errors.count(&checked.diagnostics);
    Ok(errors.status())
}
