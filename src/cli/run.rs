//! `gradc run`: the report of an experiment.

use super::args::{self, RunFormat};
use super::check::Errors;
use super::interrupt;
use super::progress::Meter;
use super::ticks;
use super::{Failure, Status, Talk, available_threads, features, input, options, output};
use crate::diagnostics::Diagnostic;
use crate::pipeline::{self, Checked, Ran};
use crate::report::{csv, html, json, svg, text};
use crate::run::Checkpointing;

pub(super) fn run(arguments: &args::Run, talk: &Talk) -> Result<Status, Failure> {
    let input = input::read(&arguments.file)?;
    let mut options = options(&arguments.experiment, &arguments.machine, input.folder);
    options.threads = arguments.processor.threads.unwrap_or_else(available_threads);
    options.features = features(arguments.processor.instructions);
    options.dump.clone_from(&arguments.dump);
    options.save.clone_from(&arguments.save);

    let checked = pipeline::check(&input.name, input.text, &options);
    let mut errors = Errors::of_run(&checked, &options);
    if errors.status() != Status::Well {
        talk.diagnostics(&checked.diagnostics, &checked.sources, &input.name);
        return Ok(errors.status());
    }

    for path in [&arguments.output, &arguments.dump, &arguments.save].into_iter().flatten() {
        output::require_place(path)?;
    }
    if checked.model.as_ref().is_some_and(|model| model.train.is_some()) {
        options.stop = interrupt::flag();
    }
    let checkpoint = checkpoint(&checked);
    if arguments.resume {
        require_checkpoint(checkpoint)?;
    }
    if checkpoint.is_some() {
        options.checkpoints = Checkpointing { write: true, resume: arguments.resume, ticks: Some(ticks::start()) };
    }
    let meter = Meter::new();
    let outcome = checked.run(&options, &|progress| meter.show(progress));
    meter.clear();
    let ran = match outcome {
        Ok(ran) => ran,
        Err(mistakes) => {
            let told = [checked.diagnostics.clone(), mistakes.clone()].concat();
            talk.diagnostics(&told, &checked.sources, &input.name);
            errors.count_of_run(&mistakes);
            return Ok(errors.status());
        }
    };

    let findings = ran.diagnosis.findings.iter().map(|finding| finding.diagnostic.clone());
    let told: Vec<Diagnostic> = checked.diagnostics.iter().cloned().chain(findings).chain(ran.failed.clone()).collect();
    // The report first: what is drawn below it explains it. A report that cannot be written hides no finding.
    let written = output::write(render(&checked, &ran, &told, arguments).as_bytes(), arguments.output.as_deref());
    if written.is_ok() && arguments.output.is_none() && !told.is_empty() {
        talk.gap();
    }
    talk.diagnostics(&told, &checked.sources, &input.name);
    written?;
    Ok(if ran.failed.is_empty() { Status::Well } else { Status::ExpectationFailed })
}

/// The file that the `train` block keeps the state in.
pub(super) fn checkpoint(checked: &Checked) -> Option<&str> {
    let train = checked.model.as_ref()?.train.as_ref()?;
    train.checkpoint.as_ref().map(|path| path.value.as_str())
}

/// `--resume` needs one.
pub(super) fn require_checkpoint(checkpoint: Option<&str>) -> Result<(), Failure> {
    if checkpoint.is_some() {
        return Ok(());
    }
    let failure = Failure::wrong("`--resume` goes on from a checkpoint, and the file names none");
    Err(failure.help("name one in the `train` block: `checkpoint: \"state.safetensors\"`"))
}

fn render(checked: &Checked, ran: &Ran, told: &[Diagnostic], arguments: &args::Run) -> String {
    let report = &ran.report;
    match arguments.format {
        RunFormat::Text => {
            text::render(report, if arguments.ascii { text::Characters::Ascii } else { text::Characters::Unicode })
        }
        RunFormat::Json => json::render(report),
        RunFormat::Html => html::render(&html::Experiment {
            report,
            records: &ran.records,
            sources: &checked.sources,
            id: checked.id,
            told,
            expectations: checked.model.as_ref().map_or(0, |model| model.expectations.len()),
            failed: ran.failed.len(),
            set: &arguments.experiment.set,
        }),
        RunFormat::Svg => svg::render(report, &ran.records),
        RunFormat::Csv => csv::render(report),
    }
}
