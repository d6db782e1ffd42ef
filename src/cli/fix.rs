//! `gradc fix`: changes of a file, tried and ranked; one of them made.

use super::args::{self, FixFormat};
use super::check::Errors;
use super::progress::Meter;
use super::{Failure, Status, Talk, available_threads, features, input, interrupt, options, output};
use crate::diagnostics::{Diagnostic, Help};
use crate::numbers::significant;
use crate::pipeline::{self, Checked};
use crate::remedy::{Study, Terms, json, text};
use crate::report::text::Characters;
use crate::run;
use std::path::Path;
use std::sync::atomic::Ordering;

/// Seeds of each trial, where the file has fewer and the command line does not say.
const SEEDS: u64 = 5;
/// Updates of each trial at most, where the command line does not say.
const STEPS: u64 = 200;

pub(super) fn run(arguments: &args::Fix, talk: &Talk) -> Result<Status, Failure> {
    let input = input::read(&arguments.file)?;
    let is_stdin = arguments.file == Path::new("-");
    let mut options = options(&arguments.experiment, &arguments.machine, input.folder);
    options.threads = arguments.processor.threads.unwrap_or_else(available_threads);
    options.features = features(arguments.processor.instructions);
    let checked = pipeline::check(&input.name, input.text, &options);
    let status = Errors::of_run(&checked, &options).status();
    if status != Status::Well {
        let errors: Vec<Diagnostic> = checked.diagnostics.iter().filter(|one| one.is_error()).cloned().collect();
        talk.diagnostics(&errors, &checked.sources, &input.name);
        return Ok(status);
    }
    let model = checked.model.as_ref().expect("a file without errors has a model");
    run::require_loss(model).map_err(|_| {
        Failure::wrong(format!("the network of `{}` names no loss, so nothing can be tried", input.name))
            .help("add one, as `loss: cross_entropy`")
    })?;
    if let Some(path) = &arguments.output {
        output::require_place(path)?;
    }
    options.stop = interrupt::flag();
    let terms = terms(&checked, arguments);
    let meter = Meter::new();
    let study = Study::new(&checked, terms, &options, &|done, all| meter.show_runs(done, all));
    meter.clear();
    let Some(study) = study else {
        if options.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            talk.say("interrupted; nothing was changed\n");
            return Ok(Status::NotDone);
        }
        return Err(Failure::not_done(format!("`{}` cannot be run as it stands", input.name))
            .help(format!("`gradc run {}` says why", input.name)));
    };
    if let Some(number) = arguments.apply {
        return apply(&study, number, arguments, is_stdin, talk);
    }
    let product = match arguments.format {
        FixFormat::Json => json::render(&study),
        FixFormat::Text => {
            let characters = if arguments.ascii { Characters::Ascii } else { Characters::Unicode };
            text::render(&study, if is_stdin { "-" } else { &input.name }, characters)
        }
    };
    output::write(product.as_bytes(), arguments.output.as_deref())?;
    let findings = findings(&study);
    if arguments.output.is_none() && !findings.is_empty() {
        talk.gap();
    }
    talk.diagnostics(&findings, &checked.sources, &input.name);
    Ok(Status::Well)
}

/// The file's seeds, or five where it has fewer; its steps, or 200 where it has more.
fn terms(checked: &Checked, arguments: &args::Fix) -> Terms {
    let model = checked.model.as_ref().expect("a file without errors has a model");
    let own = run::seeds(model, None);
    let seeds = match (arguments.experiment.seed, arguments.seeds) {
        (Some(seed), None) => vec![seed],
        (seed, Some(count)) => {
            let first = seed.unwrap_or(own[0]);
            (0..count).map(|at| first.wrapping_add(at)).collect()
        }
        (None, None) if own.len() < SEEDS as usize => (0..SEEDS).map(|at| own[0].wrapping_add(at)).collect(),
        (None, None) => own.into_iter().take(SEEDS as usize).collect(),
    };
    Terms { seeds, steps: arguments.steps.unwrap_or(STEPS), made_up: model.train.is_none() }
}

/// Writes the file with a change made.
fn apply(study: &Study, number: usize, arguments: &args::Fix, is_stdin: bool, talk: &Talk) -> Result<Status, Failure> {
    let Some(ranked) = number.checked_sub(1).and_then(|at| study.ranked.get(at)) else {
        return Err(Failure::wrong(format!("there is no change {number}: {} were tried", study.ranked.len()))
            .help("`gradc fix FILE` lists them by number"));
    };
    let path = arguments.output.as_deref().or(Some(&*arguments.file).filter(|_| !is_stdin));
    // What was written into the file meanwhile is not undone.
    if arguments.output.is_none() && !is_stdin && input::read(&arguments.file)?.text != study.text {
        return Err(Failure::not_done(format!(
            "`{}` was changed meanwhile; nothing was written",
            arguments.file.display()
        )));
    }
    output::write(ranked.text.as_bytes(), path)?;
    let helped = if ranked.helps { "" } else { ", which did not help" };
    if let Some(path) = path {
        talk.say(&format!("{}: {}{helped}\n", path.display(), ranked.candidate.what));
    }
    Ok(Status::Well)
}

/// What is found of the file as it stands, the gravest with the change that helped.
fn findings(study: &Study) -> Vec<Diagnostic> {
    let mut findings: Vec<Diagnostic> =
        study.diagnosis.findings.iter().map(|finding| finding.diagnostic.clone()).collect();
    let Some(finding) = findings.first_mut() else { return findings };
    let before = study.before.median(|seed| seed.loss);
    let text = match study.ranked.first() {
        Some(best) if best.helps => {
            let (word, count) = best.trial.word();
            format!(
                "measured: with {} the gradient is {word} in {count} of {} seeds at the start, and the loss after {} updates {} instead of {}",
                best.candidate.what,
                best.trial.seeds.len(),
                best.trial.steps,
                significant(best.trial.median(|seed| seed.loss)),
                significant(before),
            )
        }
        Some(_) => format!("measured: none of {} changes brought the loss clearly lower", study.ranked.len()),
        None => return findings,
    };
    finding.helps = vec![Help { text, edits: Vec::new(), is_certain: false }];
    findings
}
