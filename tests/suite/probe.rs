//! One compiled network whose leaves a test writes itself: the loss as a function of the input, the target and every parameter,
//! with the gradients that the program derives.

use crate::experiment::sound;
use crate::support::repository;
use gradc::graph::{Leaf, Op};
use gradc::jit::Threads;
use gradc::kernel::{BufferId, Memory};
use gradc::model::Model;
use gradc::run::Level;
use gradc::run::data;
use gradc::run::initialize::Initial;
use gradc::run::session::{Executor, Kept, Session, Wanted};
use gradc::shape::Precision;
use std::collections::BTreeMap;

/// The model of a text that has no error.
#[track_caller]
pub(crate) fn model(text: &str) -> Model {
    sound(text, ".").model.expect("a file without errors has a model")
}

/// A network made ready, and the contents of its leaves by name: `data/x`, `data/t`, `params/LAYER.PARAM`.
pub(crate) struct Probe<'m> {
    session: Session<'m>,
    memory: Memory,
    places: BTreeMap<String, BufferId>,
    contents: BTreeMap<String, Vec<f64>>,
}

impl<'m> Probe<'m> {
    /// Of a model, for batches of this size; every leaf is zero.
    pub(crate) fn new(model: &'m Model, batch: usize, executor: Executor) -> Self {
        let wanted = Wanted { level: Level::Full, kept: Kept::Everything, executor };
        let session = Session::new(model, batch, wanted).expect("the network can be addressed");
        let memory = session.memory().expect("there is memory");
        let (graph, program) = (session.graph(), session.program());
        let name = |leaf: Leaf| match leaf {
            Leaf::Input => "data/x".to_owned(),
            Leaf::Target => "data/t".to_owned(),
            Leaf::State(..) | Leaf::Number(_) | Leaf::Argument(_) | Leaf::Running(..) => {
                unreachable!("a gradient step alone updates nothing")
            }
            Leaf::Mask(layer) => format!("masks/{}", model.layers[layer].name),
            Leaf::Parameter(id) => {
                let parameter = &model.parameters[id];
                format!("params/{}.{}", model.layers[parameter.layer].name, parameter.name)
            }
        };
        let places: BTreeMap<String, BufferId> = program
            .bindings
            .iter()
            .filter_map(|(node, buffer)| match graph.nodes[*node].op {
                Op::Leaf(leaf) => Some((name(leaf), *buffer)),
                _ => None,
            })
            .collect();
        let zeros = |buffer: &BufferId| vec![0.0; program.buffers[*buffer].shape.elements()];
        let contents = places.iter().map(|(name, buffer)| (name.clone(), zeros(buffer))).collect();
        Self { session, memory, places, contents }
    }

    /// Of a model, with the first batch of its data and the parameters of a seed.
    pub(crate) fn filled(model: &'m Model, executor: Executor, seed: u64) -> Self {
        let data = data::load(model, &repository(), 1 << 30).expect("the data can be read");
        let mut probe = Self::new(model, data.batch, executor);
        let rows = data.first_batch(seed, 0);
        let mut initial = Initial::new(model, &repository());
        probe.session.fill(&mut probe.memory, &data, &rows, &mut initial, seed).expect("parameters are drawn");
        for (name, place) in &probe.places {
            let buffer = &probe.session.program().buffers[*place];
            let read = match buffer.precision {
                Precision::F32 => probe.memory.view::<f32>(buffer).iter().map(|number| f64::from(*number)).collect(),
                Precision::F64 => probe.memory.view::<f64>(buffer).to_vec(),
            };
            probe.contents.insert(name.clone(), read);
        }
        probe
    }

    /// The names of all leaves that the program reads.
    pub(crate) fn leaves(&self) -> Vec<String> {
        self.places.keys().cloned().collect()
    }

    /// What a leaf holds.
    pub(crate) fn contents(&self, leaf: &str) -> &[f64] {
        &self.contents[leaf]
    }

    /// Gives a leaf other contents.
    #[track_caller]
    pub(crate) fn set(&mut self, leaf: &str, contents: Vec<f64>) {
        let old = self.contents.insert(leaf.to_owned(), contents).unwrap_or_else(|| panic!("no leaf {leaf}"));
        assert_eq!(old.len(), self.contents[leaf].len(), "a leaf keeps its shape");
    }

    /// Runs it, and returns the loss.
    pub(crate) fn loss(&mut self) -> f64 {
        // A leaf's place may be used again once nothing reads it any more.
        for (name, place) in &self.places {
            let buffer = &self.session.program().buffers[*place];
            let from = &self.contents[name];
            match buffer.precision {
                Precision::F32 => {
                    self.memory
                        .view_mut::<f32>(buffer)
                        .iter_mut()
                        .zip(from)
                        .for_each(|(into, from)| *into = *from as f32);
                }
                Precision::F64 => self.memory.view_mut::<f64>(buffer).copy_from_slice(from),
            }
        }
        self.session.run(&mut self.memory, &Threads::one());
        self.session.loss(&self.memory)
    }

    /// The gradients of the last run, by the names of a dump.
    pub(crate) fn gradients(&self) -> BTreeMap<String, Vec<f64>> {
        let of_gradients =
            self.session.tensors(&self.memory).into_iter().filter(|(name, _)| name.starts_with("grads/"));
        of_gradients.map(|(name, tensor)| (name, (0..tensor.len()).map(|at| tensor.get(at)).collect())).collect()
    }

    /// Holds the derived gradient of a leaf to differences along a random direction. Where the loss has a kink, a pole or more
    /// curvature than the step resolves within reach, there is nothing to hold it to.
    pub(crate) fn compare(&mut self, leaf: &str, seed: u64) -> Compared {
        const STEP: f64 = 1e-5;
        let here = self.loss();
        let gradient = match leaf {
            "data/x" => "grads/input".to_owned(),
            _ => leaf.replace("params/", "grads/"),
        };
        let gradient = self.gradients().remove(&gradient).unwrap_or_else(|| panic!("no {gradient}"));
        let contents = self.contents(leaf).to_vec();
        let direction = numbers(seed, contents.len());
        let derived: f64 = gradient.iter().zip(&direction).map(|(slope, along)| slope * along).sum();
        let mut at = |step: f64| {
            self.set(leaf, contents.iter().zip(&direction).map(|(number, along)| number + step * along).collect());
            self.loss()
        };
        let (one, two) = ((at(STEP), at(-STEP)), (at(2.0 * STEP), at(-2.0 * STEP)));
        self.set(leaf, contents);
        let near = (one.0 - one.1) / (2.0 * STEP);
        let wide = (two.0 - two.1) / (4.0 * STEP);
        let (ahead, behind) = ((one.0 - here) / STEP, (here - one.1) / STEP);
        // A smooth loss has the same slope ahead and behind up to its curvature, which two steps tell.
        let curvature = (two.0 - 2.0 * here + two.1) / (4.0 * STEP);
        let jump = ((ahead - behind) - curvature).abs();
        let measured = (4.0 * near - wide) / 3.0;
        let tolerance = 1e-6 * (1.0 + derived.abs() + here.abs());
        if !((near - wide).abs() <= tolerance && jump <= tolerance) {
            return Compared::Unresolved;
        }
        if (measured - derived).abs() <= tolerance {
            return Compared::Agree;
        }
        Compared::Disagree(format!("{leaf}: differences give {measured}, derived is {derived}"))
    }
}

/// What a comparison with differences came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Compared {
    /// They agree.
    Agree,
    /// There is no derivative here, or none that differences resolve.
    Unresolved,
    /// They do not, and how.
    Disagree(String),
}

/// Numbers in −1..1 that depend on nothing but `seed`.
pub(crate) fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    next();
    (0..count).map(|_| next()).collect()
}
