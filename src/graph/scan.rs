//! Recurrence: one body, carried from step to step of time. Time is a loop in the program that is made of it, so that two
//! thousand steps are as many nodes and kernels as twenty.
//!
//! Invariant: a body treats every row by itself (a row of the result depends on that row of state and steps alone), and its shapes
//! hold `ROWS` where the rows stand. So it means the same over the rows of one step, inside the loop, and over the rows of all
//! steps at once, outside of it: what of a derivative does not hang on the order of time is a few large nodes outside.

use super::{Builder, Graph, Leaf, Node, NodeId, Op, Origin, Role, simplify};
use crate::arena::{Id, IdVec};
use crate::shape::{Precision, Shape};
use crate::source::{SourceId, Span};
use std::sync::Arc;

/// Stands for the number of rows in the shapes of a body: a prime that no tensor of a model is as long as.
pub const ROWS: usize = 4_294_967_291;

/// A recurrence. The node's inputs are the initial state `[rows, …]`, the sequences `[time, rows, …]`, and the constants; it is
/// the stack of all states, `[time + 1, rows, …]`.
///
/// Forward, state 0 is the initial one and state t + 1 is the body of state t and step t. In reverse, the last state is the
/// initial one and state t is the body of state t + 1 and step t.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan {
    /// One step. Its leaves are `Leaf::Argument`s: 0 the state, then one step of each sequence, then the constants.
    pub body: Graph,
    /// The next state.
    pub result: NodeId,
    /// How many of the inputs are sequences.
    pub sequences: usize,
    /// Whether time runs backward.
    pub reverse: bool,
}

impl Scan {
    /// The body over so many rows, and the next state in it.
    #[must_use]
    pub fn body_at(&self, rows: usize) -> (Graph, NodeId) {
        let mut graph = Graph::default();
        let mut builder = Builder::merging_layers(&mut graph, nowhere());
        let given = self.body.nodes.iter().map(|_| None).collect();
        let result = copy(&mut builder, &self.body, rows, &[self.result], &given)[0];
        (graph, result)
    }

    /// The place in the stack of the state before the first step.
    #[must_use]
    pub const fn first(&self, times: usize) -> usize {
        if self.reverse { times } else { 0 }
    }

    /// The place in the stack of the state after the last step.
    #[must_use]
    pub const fn last(&self, times: usize) -> usize {
        if self.reverse { 0 } else { times }
    }

    /// Where the states before each step begin in the stack.
    pub(super) const fn before(&self) -> usize {
        if self.reverse { 1 } else { 0 }
    }

    /// Where the states after each step begin in the stack.
    pub(super) const fn after(&self) -> usize {
        if self.reverse { 0 } else { 1 }
    }

    /// The leaf of an argument; none where the body does not look at it.
    #[must_use]
    pub fn leaf(&self, argument: usize) -> Option<NodeId> {
        leaf(&self.body, argument)
    }
}

/// The leaf of an argument of a body.
pub(super) fn leaf(body: &Graph, argument: usize) -> Option<NodeId> {
    body.nodes.ids().find(|id| body.nodes[*id].op == Op::Leaf(Leaf::Argument(argument)))
}

/// Bodies are about no layer, so that equal ones are one.
pub(super) fn nowhere() -> Origin {
    Origin { layer: None, span: Span::new(SourceId::new(0), 0..0), role: Role::Forward }
}

/// A shape with another number in place of `ROWS`.
pub(super) fn shape_at(shape: &Shape, rows: usize) -> Shape {
    let at = |extent: &usize| if extent.is_multiple_of(ROWS) { extent / ROWS * rows } else { *extent };
    Shape(shape.0.iter().map(at).collect())
}

/// A shape of a body with `ROWS` in place of `rows` times something in front.
fn symbolic(shape: &[usize], rows: usize) -> Shape {
    let (first, others) = shape.split_first().expect("a state and a step have rows");
    assert!(first.is_multiple_of(rows), "a step has as many rows as the state, or so many for each");
    Shape([&[first / rows * ROWS], others].concat())
}

/// Makes what the nodes `wanted` of a body are, over `rows` rows, in the graph of `builder`. `given` tells what stands for a node
/// there already; what has nothing given is made anew, leaves too.
pub(super) fn copy(
    builder: &mut Builder<'_>,
    from: &Graph,
    rows: usize,
    wanted: &[NodeId],
    given: &IdVec<NodeId, Option<NodeId>>,
) -> Vec<NodeId> {
    let mut needed: IdVec<NodeId, bool> = from.nodes.iter().map(|_| false).collect();
    wanted.iter().for_each(|id| needed[*id] = true);
    for (id, node) in from.nodes.iter_with_ids().rev() {
        if needed[id] && given[id].is_none() {
            node.inputs.iter().for_each(|input| needed[*input] = true);
        }
    }
    let mut places = given.clone();
    for (id, node) in from.nodes.iter_with_ids() {
        if !needed[id] || places[id].is_some() {
            continue;
        }
        let inputs: Vec<NodeId> =
            node.inputs.iter().map(|input| places[*input].expect("inputs stand before their uses")).collect();
        let node = Node { shape: shape_at(&node.shape, rows), ..node.clone() };
        places[id] = Some(match node.op {
            // the derivative is still to come
            Op::Detach => builder.detach(inputs[0]),
            _ => simplify::rebuild(builder, &node, &inputs, false),
        });
    }
    wanted.iter().map(|id| places[*id].expect("what is wanted was made")).collect()
}

/// What a body is made of.
#[derive(Debug)]
pub struct Step<'a> {
    /// The state, `[ROWS, …]`.
    pub state: NodeId,
    /// One step of each sequence, `[ROWS, …]`.
    pub sequences: &'a [NodeId],
    /// The constants, as they are.
    pub constants: &'a [NodeId],
}

/// What a recurrence runs over.
#[derive(Clone, Copy, Debug)]
pub struct Recurrence<'a> {
    /// The first state, `[rows, …]`.
    pub initial: NodeId,
    /// Each `[time, rows, …]`.
    pub sequences: &'a [NodeId],
    /// What is the same at every step.
    pub constants: &'a [NodeId],
    /// Steps of time.
    pub times: usize,
    /// Whether time runs backward.
    pub reverse: bool,
}

impl Builder<'_> {
    /// All states of a recurrence, `[time + 1, rows, …]`; `body` makes the next state of one step. Sequences and constants that it
    /// does not look at are no inputs of the node.
    ///
    /// # Panics
    /// Where the inputs differ in precision, a sequence in its steps, or the body's result in shape from the state.
    pub fn scan(
        &mut self,
        recurrence: Recurrence<'_>,
        body: impl FnOnce(&mut Builder<'_>, Step<'_>) -> NodeId,
    ) -> NodeId {
        let Recurrence { initial, sequences, constants, times, reverse } = recurrence;
        let rows = self.shape(initial).0[0];
        let mut graph = Graph::default();
        let mut builder = Builder::new(&mut graph, nowhere());
        let mut next = 0;
        let mut argument = |shape: Shape, precision: Precision| {
            next += 1;
            builder.leaf(Leaf::Argument(next - 1), shape, precision)
        };
        let state = argument(symbolic(&self.shape(initial).0, rows), self.precision(initial));
        let steps = sequences.iter().map(|sequence| {
            let [time, step @ ..] = self.shape(*sequence).0.as_slice() else { panic!("a sequence has time") };
            assert_eq!(*time, times, "the sequences of a recurrence are equally long");
            argument(symbolic(step, rows), self.precision(*sequence))
        });
        let steps: Vec<NodeId> = steps.collect();
        let fixed = constants.iter().map(|constant| argument(self.shape(*constant).clone(), self.precision(*constant)));
        let fixed: Vec<NodeId> = fixed.collect();
        let result = body(&mut builder, Step { state, sequences: &steps, constants: &fixed });
        assert_eq!(builder.shape(result), builder.shape(state), "the next state has the shape of the state");
        self.scan_of(&graph, result, recurrence_inputs(initial, sequences, constants), sequences.len(), times, reverse)
    }

    /// A recurrence whose body is there: arguments 0, 1, … are `inputs` in order.
    fn scan_of(
        &mut self,
        body: &Graph,
        result: NodeId,
        inputs: Vec<NodeId>,
        sequences: usize,
        times: usize,
        reverse: bool,
    ) -> NodeId {
        // what the result does not need is left out, and so are the inputs that go with it
        let mut small = Graph::default();
        let mut builder = Builder::merging_layers(&mut small, nowhere());
        let given = body.nodes.iter().map(|_| None).collect();
        let result = copy(&mut builder, body, ROWS, &[result], &given)[0];
        let (mut small, places) = simplify::prune(&small, &[result]);
        let result = places[result].expect("what is kept has a place");
        let used = |argument: &usize| *argument == 0 || leaf(&small, *argument).is_some();
        let kept: Vec<usize> = (0..inputs.len()).filter(used).collect();
        for node in small.nodes.iter_mut() {
            if let Op::Leaf(Leaf::Argument(argument)) = &mut node.op {
                *argument = kept.binary_search(argument).expect("an argument that is looked at is kept");
            }
        }
        let sequences = kept.iter().filter(|argument| (1..=sequences).contains(*argument)).count();
        let inputs: Vec<NodeId> = kept.iter().map(|argument| inputs[*argument]).collect();
        let shape = Shape([&[times + 1], self.shape(inputs[0]).0.as_slice()].concat());
        let precision = self.precision(inputs[0]);
        self.push(Op::Scan(Arc::new(Scan { body: small, result, sequences, reverse })), inputs, shape, precision)
    }

    /// The same recurrence over other inputs.
    pub(super) fn scan_over(&mut self, scan: &Scan, inputs: &[NodeId], shape: &Shape) -> NodeId {
        self.scan_of(&scan.body, scan.result, inputs.to_vec(), scan.sequences, shape.0[0] - 1, scan.reverse)
    }
}

fn recurrence_inputs(initial: NodeId, sequences: &[NodeId], constants: &[NodeId]) -> Vec<NodeId> {
    [&[initial], sequences, constants].concat()
}

/// What every recurrence keeps to.
pub(super) fn check(graph: &Graph, node: &Node, scan: &Scan) -> Result<(), String> {
    let must = |holds: bool, rule: &str| if holds { Ok(()) } else { Err(rule.to_owned()) };
    super::verify(&scan.body).map_err(|violation| format!("its body is sound ({violation})"))?;
    let [first, others @ ..] = node.inputs.as_slice() else { return Err("it has an initial state".to_owned()) };
    must(scan.sequences <= others.len(), "its sequences are among its inputs")?;
    must(node.inputs.iter().all(|input| graph.precision(*input) == node.precision), "it has its inputs' precision")?;
    let state = graph.shape(*first);
    let [times, rest @ ..] = node.shape.0.as_slice() else { return Err("it is a stack".to_owned()) };
    must(*times >= 2 && *rest == state.0 && !state.0.is_empty(), "it is the stack of its states")?;
    let next = scan.body.nodes.get(scan.result).ok_or("its body has its result")?;
    let rows = state.0[0];
    must(
        shape_at(&next.shape, rows) == *state && next.precision == node.precision,
        "the next state is like the state",
    )?;
    let looked_at = |argument: usize| argument == 0 || scan.leaf(argument).is_some();
    must((0..node.inputs.len()).all(looked_at), "its body looks at every input")?;
    for inner in &scan.body.nodes {
        let Op::Leaf(leaf) = inner.op else { continue };
        let Leaf::Argument(argument) = leaf else { return Err("its body's leaves are its arguments".to_owned()) };
        let input = node.inputs.get(argument).ok_or("its body's arguments are its inputs")?;
        let extents = graph.shape(*input).0.as_slice();
        let extents = match extents {
            [time, step @ ..] if (1..=scan.sequences).contains(&argument) => {
                must(time + 1 == *times, "its sequences have as many steps as it")?;
                step
            }
            _ => extents,
        };
        must(shape_at(&inner.shape, rows).0 == extents, "an argument has its input's shape")?;
        must(inner.precision == node.precision, "an argument has its input's precision")?;
    }
    Ok(())
}
