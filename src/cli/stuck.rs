//! `gradc stuck`: what a network is stuck at.

use super::args::{self, StuckFormat};
use super::check::Errors;
use super::progress::Meter;
use super::run::{checkpoint, require_checkpoint};
use super::{Failure, Status, Talk, available_threads, features, input, interrupt, options, output};
use crate::pipeline;
use crate::report::{curvature, text};
use crate::run::Checkpointing;

pub(super) fn run(arguments: &args::Stuck, talk: &Talk) -> Result<Status, Failure> {
    let input = input::read(&arguments.file)?;
    let mut options = options(&arguments.experiment, &arguments.machine, input.folder);
    options.threads = arguments.processor.threads.unwrap_or_else(available_threads);
    options.features = features(arguments.processor.instructions);

    let checked = pipeline::check(&input.name, input.text, &options);
    let mut errors = Errors::of_run(&checked, &options);
    if errors.status() != Status::Well {
        talk.diagnostics(&checked.diagnostics, &checked.sources, &input.name);
        return Ok(errors.status());
    }
    if let Some(path) = &arguments.output {
        output::require_place(path)?;
    }
    if arguments.resume {
        require_checkpoint(checkpoint(&checked))?;
        options.checkpoints = Checkpointing { resume: true, ..Checkpointing::default() };
    }
    if checked.model.as_ref().is_some_and(|model| model.train.is_some()) {
        options.stop = interrupt::flag();
    }
    let meter = Meter::new();
    let outcome = checked.stuck(&options, &|progress| meter.show(progress));
    meter.clear();
    let stuck = match outcome {
        Ok(stuck) => stuck,
        Err(mistakes) => {
            let told = [checked.diagnostics.clone(), mistakes.clone()].concat();
            talk.diagnostics(&told, &checked.sources, &input.name);
            errors.count_of_run(&mistakes);
            return Ok(errors.status());
        }
    };
    let characters = if arguments.ascii { text::Characters::Ascii } else { text::Characters::Unicode };
    let product = match arguments.format {
        StuckFormat::Text => curvature::render_text(&stuck, characters),
        StuckFormat::Json => curvature::render_json(&stuck),
    };
    output::write(product.as_bytes(), arguments.output.as_deref())?;
    Ok(Status::Well)
}
