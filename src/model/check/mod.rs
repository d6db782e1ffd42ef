//! From the tree to the meaning: `check` finds every mistake and never fails. What is broken is poisoned: no consequence of a
//! reported error is reported.
//!
//! - `definitions.rs`: activations, losses, init rules, blocks, each checked for itself; `recursion.rs`: who calls whom; `params.rs`: params and `--set`.
//! - `evaluate.rs`, `operators.rs`, `calls.rs`: what an expression is worth; `value.rs`: values and scopes; `choices.rs`: names that choose; `arguments.rs`:
//!   arguments to parameters.
//! - `network.rs`: the network; `repeat.rs`, `layer.rs`: its body expanded; `bind.rs`: layers made; `names.rs`: labels and numbers; `sizes.rs`: what it needs of memory.
//! - `blocks.rs`: `data`, `train`, `report`, `sweep`; `expectations.rs`: `expect`.
//! - `finish.rs`: the draught becomes a `Model`; `lints.rs`: what compiles and is probably not meant.

mod arguments;
mod bind;
mod blocks;
mod calls;
mod choices;
mod definitions;
mod evaluate;
pub(super) mod expectations;
mod finish;
mod layer;
mod lints;
mod names;
mod network;
mod operators;
mod params;
mod recursion;
mod repeat;
mod sizes;
mod value;

#[cfg(test)]
mod tests;

pub(super) use choices::number_text;
pub use expectations::expectation_words;
pub use finish::mean_square;

use super::mean_field::{Critical, Normal};
use super::{Model, SoundData, Spanned};
use crate::diagnostics::{Code, Diagnostic, Level, arguments as words, names as name_words};
use crate::scalar::Function;
use crate::source::{Ident, Source, SourceId, Sources, Span};
use crate::syntax;
use crate::syntax::ast::{Expect, File, Item, Network, PoisonedRole, Settings, SettingsKind};
use definitions::{BlockId, DefinitionId, Definitions};
use network::Draught;
use params::{Override, Params};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The largest whole number that an f64 tells from its neighbours.
const LARGEST_COUNT: f64 = 9_007_199_254_740_992.0;

/// The text of the prelude.
pub const PRELUDE: &str = include_str!("../../../grammar/prelude.net");

/// What cannot be exceeded, whatever the file says.
struct Limits;

impl Limits {
    /// Layers after expansion.
    const LAYERS: usize = 100_000;
    /// Containers, repeats and blocks within each other.
    const NESTING: usize = 150;
    /// Init rules in terms of each other.
    const INIT_DEPTH: usize = 100;
    /// The arguments of a loss's function.
    const LOSS_TERMS: usize = 4;
    /// The quantities in one side of a comparison; more than an expression has parts.
    const QUANTITIES: usize = 50_001;
    /// Parameters of a definition or block.
    const PARAMETERS: usize = 256;
    /// How often near misses are looked for.
    const SEARCHES: usize = 300;
    /// Diagnostics that are kept; nobody reads so many.
    const DIAGNOSTICS: usize = 2000;
    /// Inputs of `parity`: it has 2^bits examples.
    const PARITY_BITS: usize = 20;
}

/// What the command line says of a check.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--set NAME=VALUE`, in order; of several for one name the last holds.
    pub set: Vec<(String, String)>,
    /// What layers may need, in bytes.
    pub memory_limit: u64,
    /// Whether the parser reported mistakes in the file: then what is missing from the tree may only not have been understood.
    pub is_broken: bool,
    /// The innermost `{` that is never closed: what stands behind it was perhaps not meant to stand in it.
    pub unclosed: Option<Span>,
}

impl Default for Options {
    fn default() -> Self {
        Self { set: Vec::new(), memory_limit: u64::MAX, is_broken: false, unclosed: None }
    }
}

/// What was understood, and every mistake.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The experiment; none where there is an error.
    pub model: Option<Model>,
    /// The `data` block, where that at least is sound: its files can be looked at.
    pub data: Option<SoundData>,
    /// Errors of the codes `E02…` to `E05…` and lints `W…`, in order of the text; `E01…` where a `--set` value does not parse.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file that the init rules name, also where there is an error elsewhere.
    pub files: Vec<Spanned<String>>,
}

/// Adds the prelude to the sources and parses it.
///
/// # Panics
/// Where the prelude does not parse: it is part of the program.
#[must_use]
pub fn prelude(sources: &mut Sources) -> File {
    let id = sources.add(Source::new("prelude.net", PRELUDE));
    let parsed = syntax::parse(sources, id);
    assert!(parsed.diagnostics.is_empty(), "the prelude parses: {:?}", parsed.diagnostics);
    parsed.file
}

/// Checks a parsed file. `sources` gets a text for every `--set`.
#[must_use]
pub fn check(sources: &mut Sources, prelude: &File, file: &File, options: &Options) -> Checked {
    let (overrides, mut diagnostics) = parse_overrides(sources, &options.set);
    let overrides: Vec<Override<'_>> = overrides.iter().filter_map(only_param).collect();
    let mut checker = Checker::new(sources, options, file);
    let model = checker.check_file(prelude, file, &overrides);
    diagnostics.append(&mut checker.sink.diagnostics);
    let mut files = std::mem::take(&mut checker.files);
    files.sort_by_key(|file| file.span);
    files.dedup_by_key(|file| file.span);
    let has_error = diagnostics.iter().any(Diagnostic::is_error);
    diagnostics.sort_by_key(|diagnostic| {
        let place = diagnostic.primary.as_ref().map(|label| label.span);
        place.map(|span| (span.source != file.source, span.source, span.start, span.end))
    });
    if let (true, Some(last)) = (checker.sink.is_full, diagnostics.last_mut()) {
        last.notes.push(format!("only the first {} mistakes are reported; there are more", Limits::DIAGNOSTICS));
    }
    Checked { model: model.filter(|_| !has_error), data: checker.sound_data, diagnostics, files }
}

/// Each `--set` as a file of one param, so that its value is read like any other.
fn parse_overrides(sources: &mut Sources, set: &[(String, String)]) -> (Vec<File>, Vec<Diagnostic>) {
    let (mut files, mut diagnostics) = (Vec::new(), Vec::new());
    for (name, value) in set {
        let id: SourceId = sources.add(Source::new("--set", format!("param {name} = {value}\n")));
        let mut parsed = syntax::parse(sources, id);
        let whole = Span::new(id, 0..sources.get(id).text.trim_end().len());
        if parsed.diagnostics.is_empty() && only_param(&parsed.file).is_none() {
            parsed.diagnostics.push(words::set_takes_one_value(whole));
        }
        diagnostics.append(&mut parsed.diagnostics);
        files.push(parsed.file);
    }
    (files, diagnostics)
}

fn only_param(file: &File) -> Option<Override<'_>> {
    match &file.items[..] {
        [Item::Param { name, value, .. }] => Some(Override { name, value }),
        _ => None,
    }
}

/// Where diagnostics go.
#[derive(Debug, Default)]
struct Sink {
    diagnostics: Vec<Diagnostic>,
    seen: HashSet<(Code, Option<Span>)>,
    /// How many errors were reported.
    errors: usize,
    /// Whether more were found than are kept.
    is_full: bool,
    /// Above 0 nothing is kept.
    mute: usize,
    /// Above 0 values out of range are not kept: what they are in is not taken.
    ignore_values: usize,
}

/// A check under way.
struct Checker<'a> {
    sources: &'a Sources,
    sink: Sink,
    definitions: Definitions<'a>,
    params: Params<'a>,
    /// Compiled activations.
    functions: HashMap<(DefinitionId, Vec<Option<u64>>), Option<Arc<Function>>>,
    /// The critical variances that were solved for: of which activation, with which biases.
    critical: Vec<(Arc<Function>, Normal, Result<Critical, String>)>,
    /// The layers whose weights were solved for, with the rule.
    solved: Vec<(usize, Span)>,
    /// Where each label stands.
    label_places: HashMap<&'a str, Span>,
    poisoned_labels: HashSet<&'a str>,
    poisoned_keys: Vec<&'a Ident>,
    /// The network, once it is expanded.
    draught: Option<Draught<'a>>,
    /// Where `report { at: }` stands.
    report_at: Option<Span>,
    /// The `data` block, if it is sound.
    sound_data: Option<SoundData>,
    /// The examples of a batch, as far as the file tells.
    batch: usize,
    limit: u64,
    /// Whether the parser reported mistakes.
    is_broken: bool,
    /// The innermost `{` that is never closed.
    unclosed: Option<Span>,
    /// Of the blocks that the network names, whether a use is sound, so that its body was looked at.
    uses: HashMap<BlockId, bool>,
    /// The files that the init rules name.
    files: Vec<Spanned<String>>,
    /// How many init rules are being resolved in terms of each other.
    init_depth: usize,
    /// The first of them.
    init_whole: Span,
}

/// The items of a file by what they are.
#[derive(Default)]
struct Items<'a> {
    networks: Vec<&'a Network>,
    settings: HashMap<SettingsKind, &'a Settings>,
    expects: Vec<&'a Expect>,
}

impl<'a> Checker<'a> {
    fn new(sources: &'a Sources, options: &Options, file: &'a File) -> Self {
        let poisoned =
            |role| file.poisoned.iter().filter(move |poisoned| poisoned.role == role).map(|poisoned| &poisoned.name);
        Self {
            sources,
            sink: Sink::default(),
            definitions: Definitions::default(),
            params: Params::default(),
            functions: HashMap::new(),
            critical: Vec::new(),
            solved: Vec::new(),
            label_places: HashMap::new(),
            poisoned_labels: poisoned(PoisonedRole::Label).map(|name| name.name.as_str()).collect(),
            poisoned_keys: poisoned(PoisonedRole::Setting).collect(),
            draught: None,
            report_at: None,
            sound_data: None,
            batch: 1,
            limit: options.memory_limit,
            is_broken: options.is_broken,
            unclosed: options.unclosed,
            uses: HashMap::new(),
            files: Vec::new(),
            init_depth: 0,
            init_whole: Span::new(file.source, 0..0),
        }
    }

    /// Whether a `{` before it is never closed.
    fn is_behind_unclosed(&self, span: Span) -> bool {
        self.unclosed.is_some_and(|brace| brace.source == span.source && brace.start < span.start)
    }

    /// Keeps a diagnostic: one of a code at a place, however often the place is come by.
    fn report(&mut self, diagnostic: Diagnostic) {
        let is_value = diagnostic.code.0.starts_with("E05");
        if self.sink.mute > 0 || (is_value && self.sink.ignore_values > 0) {
            return;
        }
        if diagnostic.level == Level::Error {
            self.sink.errors += 1;
        }
        if self.sink.diagnostics.len() >= Limits::DIAGNOSTICS {
            self.sink.is_full = true;
            return;
        }
        let place = diagnostic.primary.as_ref().map(|label| label.span);
        if self.sink.seen.insert((diagnostic.code, place)) {
            self.sink.diagnostics.push(diagnostic);
        }
    }

    fn check_file(&mut self, prelude: &'a File, file: &'a File, overrides: &[Override<'a>]) -> Option<Model> {
        self.collect_definitions(prelude, file);
        self.check_params(file, overrides);
        self.check_definitions();
        self.check_block_recursion();
        let items = self.sort_items(file);
        let data = items.settings.get(&SettingsKind::Data).copied();
        let checked_data = data.and_then(|block| self.check_data(block));
        self.batch = Self::batch_of(checked_data.as_ref());
        let network = items.networks.first().copied();
        let used = lints::used_names(file);
        let mut draught = match network {
            Some(network) => self.check_network(network),
            None => {
                self.report_no_network(file);
                Draught::new(Span::new(file.source, 0..0))
            }
        };
        let input = draught.input.clone().map(|shape| (shape, draught.input_span));
        self.sound_data = checked_data.clone().map(|data| SoundData { data, input });
        self.check_unused_blocks(&mut draught, &used.layers);
        let train = items.settings.get(&SettingsKind::Train).copied();
        let checked_train = train.and_then(|block| self.check_train(block));
        let report = items.settings.get(&SettingsKind::Report).copied();
        self.report_at =
            report.and_then(|block| block.entries.iter().find(|entry| entry.key.name == "at")).map(|entry| entry.span);
        let checked_report = self.check_report(report);
        let sweep = items.settings.get(&SettingsKind::Sweep).map(|block| self.check_sweep(block)).unwrap_or_default();
        let finished = self.finish(&mut draught, network);
        self.draught = network.is_some().then_some(draught);
        let expectations: Vec<_> = items
            .expects
            .iter()
            .filter_map(|expect| self.check_expect(expect, &checked_report, checked_train.as_ref(), train.is_some()))
            .collect();
        self.lint(file, &used, finished.as_ref(), &expectations);
        if self.sink.errors > 0 {
            return None;
        }
        let mut model = finished?;
        model.data = checked_data;
        model.train = checked_train;
        model.report = checked_report;
        model.sweep = sweep;
        model.expectations = expectations;
        Some(model)
    }

    /// The items by kind; a second network, or block of settings, is reported and left out.
    fn sort_items(&mut self, file: &'a File) -> Items<'a> {
        let mut items = Items::default();
        for item in &file.items {
            match item {
                Item::Network(network) => {
                    if let Some(first) = items.networks.first() {
                        self.report(name_words::second_network(&network.name, first.name.span));
                    }
                    items.networks.push(network);
                }
                Item::Settings(block) => match items.settings.get(&block.kind) {
                    Some(first) => self.report(name_words::second_block(block.kind.keyword(), block.head, first.head)),
                    None => _ = items.settings.insert(block.kind, block),
                },
                Item::Expect(expect) => items.expects.push(expect),
                // Its version is read where it is parsed.
                Item::Language { .. } | Item::Param { .. } | Item::Definition(_) | Item::Block(_) => {}
            }
        }
        items
    }

    /// A file without a network is none; one whose network could not be understood has one.
    fn report_no_network(&mut self, file: &'a File) {
        let is_empty = file.items.is_empty() && file.poisoned.is_empty();
        let is_poisoned = file.poisoned.iter().any(|poisoned| poisoned.role == PoisonedRole::Network);
        if is_poisoned || (is_empty && self.is_broken) {
            return;
        }
        let end = self.sources.get(file.source).text.trim_end().len();
        self.report(name_words::no_network(Span::new(file.source, end..end), is_empty));
    }
}
