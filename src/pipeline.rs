//! The stages in order, each run as far as is asked for. Here is what `check`, `run` and `emit` have in common; nothing here
//! touches files (data sources apart, through `run`), clock, environment or terminal.

use crate::diagnostics::Diagnostic;
use crate::model::{self, Model};
use crate::report::outline::{self, Outline};
use crate::run::data::{self, DataShape};
use crate::run::initialize::Initial;
use crate::source::{Source, SourceId, Sources};
use crate::syntax::{self, ast};
use std::path::PathBuf;

/// What varies an experiment from outside its file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Values that replace those of `param`s: name and text.
    pub set: Vec<(String, String)>,
    /// The seed in place of the file's.
    pub seed: Option<u64>,
    /// The most memory a run may take, in bytes.
    pub memory_limit: u64,
    /// The folder that paths in the file start from.
    pub folder: PathBuf,
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
    /// Every mistake and lint, in order of the stages that found them.
    pub diagnostics: Vec<Diagnostic>,
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
    };
    let checked = model::check(&mut sources, &prelude, &parsed.file, &settings);
    let mut diagnostics = parsed.diagnostics;
    diagnostics.extend(checked.diagnostics);
    let model = checked.model.filter(|_| !settings.is_broken);
    let data = model.as_ref().and_then(|model| inspect(model, options, &mut diagnostics));
    Checked { sources, id, file: parsed.file, model, data, diagnostics }
}

/// Opens every file that the model names and holds what its head says against the network.
fn inspect(model: &Model, options: &Options, diagnostics: &mut Vec<Diagnostic>) -> Option<DataShape> {
    let mut mistakes = Vec::new();
    let shape = data::inspect(model, &options.folder).map_err(|found| mistakes.extend(found)).ok();
    if let Err(found) = Initial::new(model, &options.folder).inspect() {
        mistakes.extend(found);
    }
    let shape = shape.filter(|_| mistakes.is_empty());
    diagnostics.extend(mistakes);
    shape
}

impl Checked {
    /// What `check` tells of a file without errors.
    #[must_use]
    pub fn outline(&self) -> Option<Outline> {
        let (model, data) = (self.model.as_ref()?, self.data.as_ref()?);
        Some(outline::build(model, data, None))
    }
}
