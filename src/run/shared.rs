//! What runs of similar models have in common, made once: compiled programs and data. Models that differ only in what is not
//! compiled (seeds, init rules, learning rates) have equal graphs, and equal graphs are one program.
//!
//! What is shared is the same as what each run would make for itself: no result depends on it.

use super::data::{self, Dataset};
use super::executable::Executable;
use super::session::Executor;
use crate::diagnostics::Diagnostic;
use crate::graph::{Graph, NodeId};
use crate::kernel::TooLarge;
use crate::model::{Data, Model, TargetKind};
use crate::shape::{Precision, Shape};
use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher as _};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

/// So many programs are kept, those used last. A compiled network of 50 layers takes about a megabyte.
const MOST_PROGRAMS: usize = 256;
/// So many sets of examples are kept.
const MOST_DATASETS: usize = 4;

/// What several runs share; a handle, whose copies share too. The default shares nothing.
#[derive(Clone, Default)]
pub struct Shared(Option<Arc<Stores>>);

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("shares", &self.0.is_some()).finish()
    }
}

#[derive(Default)]
struct Stores {
    programs: Mutex<Vec<Program>>,
    datasets: Mutex<Vec<(Kind, Arc<Dataset>)>>,
}

/// Why a graph is no program: the graph whose node is too large, and how large.
type Refused = (Graph, TooLarge);

struct Program {
    hash: u64,
    graph: Graph,
    keep: Vec<NodeId>,
    executor: Executor,
    /// Whoever needs it first makes it; the others wait.
    made: Arc<OnceLock<Option<Arc<Executable>>>>,
}

/// What the examples depend on.
#[derive(PartialEq)]
struct Kind {
    data: Option<Data>,
    input: Shape,
    output: Shape,
    target: Option<TargetKind>,
    precision: Precision,
    integer_input: bool,
    /// The entries of a table that is looked up in.
    vocabulary: Option<Shape>,
    trains: bool,
}

impl Shared {
    /// Shares among all runs that are given it.
    #[must_use]
    pub fn among_runs() -> Self {
        Self(Some(Arc::default()))
    }

    /// The program of a graph, compiled on so many threads unless there is one.
    ///
    /// # Errors
    /// As `Executable::new`.
    pub(super) fn executable(
        &self,
        threads: NonZero<usize>,
        graph: &Graph,
        keep: &[NodeId],
        executor: Executor,
    ) -> Result<Arc<Executable>, Refused> {
        let make = || Executable::new(threads, graph, keep, executor).map(Arc::new);
        let Some(stores) = &self.0 else { return make() };
        let made = stores.place(graph, keep, executor);
        match made.get_or_init(|| make().ok()) {
            Some(executable) => Ok(Arc::clone(executable)),
            // Rare, and quickly found again.
            None => make(),
        }
    }

    /// The examples of a model.
    ///
    /// # Errors
    /// As `data::load`.
    pub(super) fn data(&self, model: &Model, base: &Path, limit: u64) -> Result<Arc<Dataset>, Vec<Diagnostic>> {
        let load = || data::load(model, base, limit).map(Arc::new);
        let Some(stores) = &self.0 else { return load() };
        let kind = Kind::of(model);
        let mut datasets = stores.datasets.lock().expect("no run panicked");
        if let Some((_, data)) = datasets.iter().find(|(known, _)| *known == kind) {
            return Ok(Arc::clone(data));
        }
        let data = load()?;
        if datasets.len() == MOST_DATASETS {
            datasets.remove(0);
        }
        datasets.push((kind, Arc::clone(&data)));
        Ok(data)
    }

    /// How many programs are kept.
    #[cfg(test)]
    pub(super) fn programs(&self) -> usize {
        self.0.as_ref().map_or(0, |stores| stores.programs.lock().expect("no run panicked").len())
    }
}

impl Stores {
    /// Where the program of a graph is, or will be.
    fn place(&self, graph: &Graph, keep: &[NodeId], executor: Executor) -> Arc<OnceLock<Option<Arc<Executable>>>> {
        let hash = hash(graph, keep);
        let mut programs = self.programs.lock().expect("no run panicked");
        let same = |known: &Program| {
            known.hash == hash && known.executor == executor && known.keep == keep && known.graph == *graph
        };
        let program = match programs.iter().position(same) {
            Some(at) => programs.remove(at),
            None => Program { hash, graph: graph.clone(), keep: keep.to_vec(), executor, made: Arc::default() },
        };
        let made = Arc::clone(&program.made);
        if programs.len() == MOST_PROGRAMS {
            programs.remove(0);
        }
        programs.push(program);
        made
    }
}

fn hash(graph: &Graph, keep: &[NodeId]) -> u64 {
    let mut hasher = FxHasher::default();
    for node in &graph.nodes {
        (&node.op, &node.inputs, &node.shape.0, node.precision).hash(&mut hasher);
    }
    keep.hash(&mut hasher);
    hasher.finish()
}

impl Kind {
    fn of(model: &Model) -> Self {
        let first = model.parameters.iter().next();
        Self {
            data: model.data.clone(),
            input: model.input.clone(),
            output: model.output.clone(),
            target: model.loss.as_ref().map(|loss| loss.target),
            precision: model.precision,
            integer_input: model.integer_input,
            vocabulary: first.filter(|_| model.integer_input).map(|table| table.shape.clone()),
            trains: model.train.is_some(),
        }
    }
}
