//! The stages in order, each run as far as is asked for. Here is what `check`, `run` and `emit` have in common; nothing here
//! touches files (data and dump apart, through `run`), clock, environment or terminal.

use crate::diagnose::phase::Plane;
use crate::diagnose::theory::Prediction;
use crate::diagnose::{self, Diagnosis, expectation, theory};
use crate::diagnostics::{Diagnostic, fix, shapes};
use crate::graph::LayerId;
use crate::jit::{self, Features};
use crate::model::{self, At, Model};
use crate::report::curvature::Stuck;
use crate::report::outline::{self, Outline};
use crate::report::prediction::{self, Predicted};
use crate::report::{self, Report};
use crate::run::data::{self, DataShape, Moments};
use crate::run::initialize::Initial;
use crate::run::record::Records;
use crate::run::session::{Executor, Kept, Session, Wanted};
use crate::run::{self, Checkpointing, Level, Progress, Settings, Shared};
use crate::snapshot::suggest;
use crate::source::{Source, SourceId, Sources, Span};
use crate::syntax::{self, ast};
use crate::{graph, kernel};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// What a stage hands on, and `emit` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The tree, as canonical text.
    Ast,
    /// Names resolved, repeats expanded, shapes known.
    Model,
    /// Forward and backward pass as one tensor graph.
    Graph,
    /// Loops, matrix products and planned memory.
    Kernels,
    /// What Cranelift compiles.
    Clif,
}

/// What varies an experiment from outside its file.
#[derive(Clone, Debug)]
pub struct Options {
    /// Values that replace those of `param`s: name and text.
    pub set: Vec<(String, String)>,
    /// The seed in place of the file's.
    pub seed: Option<u64>,
    /// The most memory a run may take, in bytes.
    pub memory_limit: u64,
    /// How many threads a run may use; the result does not depend on it.
    pub threads: NonZero<usize>,
    /// What of the processor may be used; nor on this.
    pub features: Features,
    /// The folder that paths in the file start from.
    pub folder: PathBuf,
    /// Where to write the tensors that the first report saw.
    pub dump: Option<PathBuf>,
    /// Where to write the parameters after training.
    pub save: Option<PathBuf>,
    /// Ends training when it becomes true.
    pub stop: Option<&'static AtomicBool>,
    /// Whether the state of training is kept, and gone on from.
    pub checkpoints: Checkpointing,
}

impl Default for Options {
    /// The file as it stands, on one thread, with no limit.
    fn default() -> Self {
        Self {
            set: Vec::new(),
            seed: None,
            memory_limit: u64::MAX,
            threads: NonZero::<usize>::MIN,
            features: Features::default(),
            folder: PathBuf::new(),
            dump: None,
            save: None,
            stop: None,
            checkpoints: Checkpointing::default(),
        }
    }
}

/// A file as far as it was understood, with every mistake found in it.
#[derive(Debug)]
pub struct Checked {
    /// All texts, for drawing the diagnostics.
    pub sources: Sources,
    /// The user's text among them.
    pub id: SourceId,
    /// The tree, without what could not be understood.
    pub file: ast::File,
    /// The experiment; none where there is an error in the file.
    pub model: Option<Model>,
    /// What is known of its data; none where there is an error in the file or in the files it names.
    pub data: Option<DataShape>,
    /// Every mistake and lint, in order of the text; those of `--set` values and those without a place come last.
    pub diagnostics: Vec<Diagnostic>,
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    /// What was measured.
    pub records: Records,
    /// How it is judged.
    pub diagnosis: Diagnosis,
    /// What is printed of it.
    pub report: Report,
    /// The `expect` statements that do not hold.
    pub failed: Vec<Diagnostic>,
}

/// Finds every mistake in `text`, which messages call `name`.
#[must_use]
pub fn check(name: &str, text: String, options: &Options) -> Checked {
    let mut sources = Sources::new();
    let prelude = model::prelude(&mut sources);
    let id = sources.add(Source::new(name, text));
    let parsed = syntax::parse(&sources, id);
    let settings = model::Options {
        set: options.set.clone(),
        memory_limit: options.memory_limit,
        is_broken: !parsed.diagnostics.is_empty(),
        unclosed: unclosed_brace(&sources, &parsed.diagnostics),
    };
    let checked = model::check(&mut sources, &prelude, &parsed.file, &settings);
    let mut diagnostics = parsed.diagnostics;
    diagnostics.extend(checked.diagnostics);
    let model = checked.model.filter(|_| !settings.is_broken);
    let data = match &model {
        Some(model) => inspect(model, options, &mut diagnostics),
        None => {
            diagnostics.extend(checked.data.iter().flat_map(|data| data::inspect_alone(data, &options.folder)));
            // What is in them is held against the layers once there is a model; that they are there can be told at once.
            diagnostics.extend(data::missing(&checked.files, &options.folder));
            None
        }
    };
    diagnostics.sort_by_key(|diagnostic| {
        let place = diagnostic.primary.as_ref().map(|label| label.span);
        (place.is_none(), place.map(|span| (span.source != id, span.source, span.start, span.end)))
    });
    Checked { sources, id, file: parsed.file, model, data, diagnostics }
}

/// A text with every mistake mended whose mending is certain.
#[derive(Debug)]
pub struct Mended {
    /// The text.
    pub text: String,
    /// What was mended, in order: the line at that time, what was wrong, what was done.
    pub changes: Vec<(usize, String, String)>,
}

/// Rounds of mending: one mistake may hide another. No text needs so many.
const MOST_ROUNDS: usize = 50;

/// Makes the certain edits of a text's diagnostics until there are none. A round that leaves more mistakes of syntax than there
/// were is not made.
#[must_use]
pub fn mend(name: &str, text: String, options: &Options) -> Mended {
    let syntax_errors = |checked: &Checked| {
        checked.diagnostics.iter().filter(|diagnostic| diagnostic.code.0.starts_with("E01")).count()
    };
    let mut mended = Mended { text, changes: Vec::new() };
    let mut checked = check(name, mended.text.clone(), options);
    for _ in 0..MOST_ROUNDS {
        let Some(fixed) = fix::apply(&mended.text, checked.id, &checked.diagnostics) else { break };
        let again = check(name, fixed.text.clone(), options);
        if syntax_errors(&again) > syntax_errors(&checked) {
            break;
        }
        for (at, help) in fixed.made {
            let line = help.edits.first().map_or(1, |edit| checked.sources.line(edit.span));
            mended.changes.push((line, checked.diagnostics[at].message.clone(), help.text));
        }
        (mended.text, checked) = (fixed.text, again);
    }
    mended
}

/// The innermost `{` that the parser found open at the end.
fn unclosed_brace(sources: &Sources, diagnostics: &[Diagnostic]) -> Option<Span> {
    let unclosed = diagnostics.iter().filter(|diagnostic| diagnostic.code.0 == "E0102");
    let places = unclosed.filter_map(|diagnostic| Some(diagnostic.primary.as_ref()?.span));
    places.into_iter().find(|span| &sources.get(span.source).text[span.range()] == "{")
}

/// Opens every file that the model names and holds what its head says against the network.
fn inspect(model: &Model, options: &Options, diagnostics: &mut Vec<Diagnostic>) -> Option<DataShape> {
    let mut mistakes = Vec::new();
    let shape = data::inspect(model, &options.folder).map_err(|found| mistakes.extend(found)).ok();
    if let Err(found) = Initial::new(model, &options.folder).inspect() {
        mistakes.extend(found);
    }
    let batch = shape.as_ref().map_or(0, |shape| shape.batch);
    for layer in model.layers.iter().filter(|layer| layer.kind.name == "batch_norm") {
        let channels = layer.shape.0[0];
        if batch * layer.shape.elements() == channels {
            let data = model.data.as_ref().map_or(model.input_span, |data| data.span);
            mistakes.push(shapes::one_value(layer.span, &layer.name, channels, data));
        }
    }
    let shape = shape.filter(|_| mistakes.is_empty());
    diagnostics.extend(mistakes);
    shape
}

impl Checked {
    /// What `check` tells of a file without errors; none where there is one. It lowers the network, and its
    /// training, to learn what a step needs of memory.
    ///
    /// # Errors
    /// Where that is more than the limit.
    pub fn outline(&self, options: &Options) -> Result<Option<Outline>, Diagnostic> {
        let (Some(model), Some(data)) = (&self.model, &self.data) else { return Ok(None) };
        let predicted = predicted(model, options);
        if model.loss.is_none() {
            return Ok(Some(outline::build(model, data, None, predicted)));
        }
        let session = lowered(model, data, Level::Full)?;
        let training = run::training_bytes(model, data.batch)?;
        run::room(&session, 0, training, options.memory_limit)?;
        let needed = u64::try_from(session.footprint().total + training).unwrap_or(u64::MAX);
        Ok(Some(outline::build(model, data, Some(needed), predicted)))
    }

    /// The plane of (σ_w, σ_b) of the network's activation: of `layer`, where one is named. None where there is no such
    /// activation, and for a file with an error.
    #[must_use]
    pub fn plane(&self, layer: Option<LayerId>, options: &Options) -> Option<Plane> {
        let model = self.model.as_ref()?;
        let (prediction, _) = predict(model, options);
        Plane::of(model, &prediction, layer)
    }

    /// What a stage made of the file; `None` where an error keeps it from getting there (the tree always does). A run is at the
    /// full `level`, whose statistics are most of its graph; that of norms is the one to read.
    ///
    /// # Errors
    /// What keeps a sound file from getting to the stage: no loss, or sizes that cannot be addressed.
    pub fn emit(&self, stage: Stage, level: Level, options: &Options) -> Result<Option<String>, Diagnostic> {
        let model = match (stage, &self.model) {
            (Stage::Ast, _) => return Ok(Some(syntax::print::print(&self.file))),
            (Stage::Model | Stage::Graph | Stage::Kernels | Stage::Clif, None) => return Ok(None),
            (Stage::Model, Some(model)) => return Ok(Some(model::print(model))),
            (Stage::Graph | Stage::Kernels | Stage::Clif, Some(model)) => model,
        };
        let Some(data) = &self.data else { return Ok(None) };
        run::require_loss(model)?;
        let session = lowered(model, data, level)?;
        let layer_name = |id: LayerId| model.layers[id].name.clone();
        Ok(Some(match stage {
            Stage::Ast | Stage::Model => unreachable!("these stages were printed above"),
            Stage::Graph => graph::print(session.graph(), &layer_name),
            Stage::Kernels => kernel::print::print(session.program(), &layer_name),
            Stage::Clif => {
                jit::clif_text(session.program(), &options.features).expect("a lowered program can be compiled")
            }
        }))
    }

    /// Runs the experiment, judges what was measured, and holds it to the file's `expect` statements.
    ///
    /// # Errors
    /// Everything that keeps it from being run.
    ///
    /// # Panics
    /// Where the file has an error: it is reported first.
    pub fn run(&self, options: &Options, progress: &(dyn Fn(Progress) + Sync)) -> Result<Ran, Vec<Diagnostic>> {
        let model = self.model.as_ref().expect("only a file without errors is run");
        let settings = settings(options, &Shared::default());
        let data = self.data.as_ref().expect("the data of a file without errors are known");
        let records = run::run(model, &settings, data.batch, progress)?;
        let diagnosis = diagnose::diagnose(model, &records);
        let report = report::build(model, &self.sources, &records, &diagnosis);
        let failed = expectation::check(model, &records);
        Ok(Ran { records, diagnosis, report, failed })
    }

    /// Trains as the file says and looks at the curvature where the first seed ends.
    ///
    /// # Errors
    /// Everything that keeps it from being run.
    ///
    /// # Panics
    /// Where the file has an error: it is reported first.
    pub fn stuck(&self, options: &Options, progress: &(dyn Fn(Progress) + Sync)) -> Result<Stuck, Vec<Diagnostic>> {
        let mut model = self.model.clone().expect("only a file without errors is run");
        // One report, at the end, of the first seed.
        let seed = run::seeds(&model, options.seed)[0];
        (model.report.at, model.report.every, model.report.curvature) = (Some(vec![At::Last]), None, true);
        let settings = settings(&Options { seed: Some(seed), ..options.clone() }, &Shared::default());
        let data = self.data.as_ref().expect("the data of a file without errors are known");
        let records = run::run(&model, &settings, data.batch, progress)?;
        let diagnosis = diagnose::diagnose(&model, &records);
        let report = report::build(&model, &self.sources, &records, &diagnosis);
        Ok(report::curvature::stuck(&report).expect("it was asked for"))
    }

    /// Runs some seeds of the experiment, as one of `beside` such runs at once, and hands on what each measured, by its
    /// place, as it comes. Gives the places of those that have to be run while nothing else is.
    ///
    /// # Errors
    /// Everything that keeps it from being run.
    ///
    /// # Panics
    /// Where the file has an error.
    pub fn run_seeds(
        &self,
        options: &Options,
        shared: &Shared,
        (seeds, beside): (&[u64], usize),
        finish: &(dyn Fn(usize, Result<Records, Diagnostic>) + Sync),
    ) -> Result<Vec<usize>, Vec<Diagnostic>> {
        let model = self.model.as_ref().expect("only a file without errors is run");
        let data = self.data.as_ref().expect("the data of a file without errors are known");
        run::run_seeds(model, &settings(options, shared), data.batch, (seeds, beside), finish)
    }

    /// `expect` statements that the run satisfies and the file does not have, a line each: each was read back and held.
    #[must_use]
    pub fn suggest(&self, ran: &Ran, options: &Options) -> Vec<String> {
        let Some(model) = &self.model else { return Vec::new() };
        let Source { name, text, .. } = self.sources.get(self.id);
        let has = |line: &String| text.lines().any(|own| own.trim() == line);
        let holds = |line: &String| {
            let with_line = check(name, format!("{text}\n{line}\n"), options);
            let added = with_line.model.filter(|with_line| with_line.expectations.len() > model.expectations.len());
            added.is_some_and(|with_line| expectation::check(&with_line, &ran.records).len() == ran.failed.len())
        };
        let candidates = suggest::candidates(model, &ran.records, &ran.diagnosis);
        candidates.into_iter().filter(|line| !has(line) && holds(line)).collect()
    }
}

/// How a model is run.
fn settings(options: &Options, shared: &Shared) -> Settings {
    Settings {
        base: options.folder.clone(),
        seed: options.seed,
        threads: options.threads,
        memory_limit: options.memory_limit,
        executor: Executor::Jit(options.features),
        dump: options.dump.clone(),
        save: options.save.clone(),
        stop: options.stop,
        checkpoints: options.checkpoints,
        shared: shared.clone(),
    }
}

/// The most bytes of data that are read for a prediction.
const READ_FOR_PREDICTION: u64 = 64 << 20;

/// What theory says, from the inputs of the first batch where they can be had at little cost.
fn predicted(model: &Model, options: &Options) -> Predicted {
    let (prediction, is_of_data) = predict(model, options);
    prediction::build(model, &prediction, is_of_data)
}

/// The prediction, and whether its inputs were read.
fn predict(model: &Model, options: &Options) -> (Prediction, bool) {
    let seed = run::seeds(model, options.seed)[0];
    let limit = READ_FOR_PREDICTION.min(options.memory_limit);
    let inputs = data::moments(model, &options.folder, limit, seed);
    let is_of_data = inputs.is_some() && model.data.is_some();
    (theory::predict(model, inputs.unwrap_or(Moments::NORMAL)), is_of_data)
}

/// The network as a program, without machine code.
fn lowered<'m>(model: &'m Model, data: &DataShape, level: Level) -> Result<Session<'m>, Diagnostic> {
    let wanted = Wanted { level, kept: Kept::Nothing, executor: Executor::Interpreter };
    Session::new(model, data.batch, wanted)
}
