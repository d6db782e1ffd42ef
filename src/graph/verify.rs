//! What every graph keeps to, checked node by node and written apart from the builder that should keep it. A violation is our
//! mistake: callers panic with it.

use super::{DECADES_F32, DECADES_F64, Graph, Node, NodeId, Op};
use crate::arena::Id;
use crate::shape::{Precision, Shape};
use std::collections::HashSet;
use std::fmt;

/// A node that breaks the rules, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The node.
    pub node: NodeId,
    /// The rule, as a sentence that is not true of it.
    pub rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: not so: {}", self.node, self.rule)
    }
}

/// Checks order, arity, shapes, precisions and functions of every node, and that no leaf is there twice.
///
/// # Errors
/// The first node that breaks a rule.
pub fn verify(graph: &Graph) -> Result<(), Violation> {
    let mut leaves = HashSet::new();
    for (id, node) in graph.nodes.iter_with_ids() {
        let violation = |rule: String| Violation { node: id, rule };
        if let Some(late) = node.inputs.iter().find(|input| input.index() >= id.index()) {
            return Err(violation(format!("its input {late} stands before it")));
        }
        check(graph, node).map_err(violation)?;
        if let Op::Leaf(leaf) = node.op
            && !leaves.insert(leaf)
        {
            return Err(violation(format!("{leaf:?} is one node")));
        }
    }
    Ok(())
}

/// Checks one node whose inputs are in the graph.
pub(super) fn check(graph: &Graph, node: &Node) -> Result<(), String> {
    let must = |holds: bool, rule: &str| if holds { Ok(()) } else { Err(rule.to_owned()) };
    let shape = &node.shape.0;
    must(node.shape.checked_elements().is_some(), "its elements can be counted")?;
    must(shape.iter().all(|extent| *extent > 0), "no extent is zero")?;
    let shapes: Vec<&Shape> = node.inputs.iter().map(|input| graph.shape(*input)).collect();
    let precisions_agree = node.inputs.iter().all(|input| graph.precision(*input) == node.precision);
    let arity = |count: usize| must(node.inputs.len() == count, "it has the inputs of its primitive");
    let same_precision = || must(precisions_agree, "it has its inputs' precision");

    match &node.op {
        Op::Scan(scan) => super::scan::check(graph, node, scan),
        Op::Leaf(_) => arity(0),
        Op::Constant(value) => {
            arity(0)?;
            let number = value.value();
            let held = match node.precision {
                Precision::F32 => number.is_nan() || f64::from(number as f32).to_bits() == value.0,
                Precision::F64 => true,
            };
            must(held, "its number is one of its precision")
        }
        Op::Index { axis } => {
            arity(0)?;
            must(*axis < shape.len(), "its axis is one of its shape")
        }
        Op::Map(function) => {
            arity(function.arity)?;
            must(function.results.len() == 1, "its function has one result")?;
            function.verify().map_err(|problem| format!("its function is sound ({problem})"))?;
            must(!shapes.is_empty(), "a map has inputs")?;
            let repeats = |input: &&Shape| {
                input.rank() == shape.len() && input.0.iter().zip(shape).all(|(from, to)| from == to || *from == 1)
            };
            must(shapes.iter().all(repeats), "its inputs repeat to its shape")?;
            let reached = |axis: usize| shapes.iter().any(|input| input.0[axis] == shape[axis]);
            must((0..shape.len()).all(reached), "each extent is an input's")
        }
        Op::Product => {
            arity(2)?;
            same_precision()?;
            let [left, right] = shapes[..] else { unreachable!("two inputs were counted") };
            let matrices = left.0.split_last_chunk::<2>().zip(right.0.split_last_chunk::<2>());
            let Some(((leading, [m, k]), (right_leading, [inner, n]))) = matrices else {
                return Err("its inputs are matrices".to_owned());
            };
            must(leading == right_leading && k == inner, "its inputs' inner and leading extents agree")?;
            must(*shape == [leading, &[*m, *n]].concat(), "its shape is that of the product")
        }
        Op::Reduce { axes, accumulator, .. } => {
            arity(1)?;
            must(node.precision == *accumulator, "its precision is its accumulator's")?;
            must(*accumulator >= graph.precision(node.inputs[0]), "its accumulator holds its input")?;
            must(!axes.is_empty() && axes.is_sorted_by(|a, b| a < b), "its axes ascend")?;
            must(axes.iter().all(|axis| *axis < shape.len()), "its axes are those of its input")?;
            let mut expected = shapes[0].0.clone();
            for axis in axes {
                expected[*axis] = 1;
            }
            must(*shape == expected, "the axes it reduces keep extent 1, and no other changes")
        }
        Op::Broadcast => {
            arity(1)?;
            same_precision()?;
            let from = &shapes[0].0;
            let repeats =
                from.len() == shape.len() && from.iter().zip(shape).all(|(from, to)| from == to || *from == 1);
            must(repeats, "its input repeats to its shape")
        }
        Op::Reshape => {
            arity(1)?;
            same_precision()?;
            must(shapes[0].elements() == node.shape.elements(), "it has as many elements as its input")
        }
        Op::Permute { axes } => {
            arity(1)?;
            same_precision()?;
            let mut sorted = axes.clone();
            sorted.sort_unstable();
            must(sorted.iter().copied().eq(0..shapes[0].rank()), "its axes are a permutation")?;
            let permuted: Vec<usize> = axes.iter().map(|axis| shapes[0].0[*axis]).collect();
            must(*shape == permuted, "its shape is its input's, permuted")
        }
        Op::Slice { axis, start } => {
            arity(1)?;
            same_precision()?;
            let taken = |extent: usize| start.checked_add(shape[*axis]).is_some_and(|end| end <= extent);
            must(differs_only_at(shapes[0], &node.shape, *axis, taken), "it takes a part of one axis")
        }
        Op::Pad { axis, before } => {
            arity(1)?;
            same_precision()?;
            let held = |extent: usize| before.checked_add(extent).is_some_and(|end| end <= shape[*axis]);
            must(differs_only_at(shapes[0], &node.shape, *axis, held), "it holds its input in one axis")
        }
        Op::Concat { axis } => {
            same_precision()?;
            must(!shapes.is_empty(), "something is joined")?;
            let agree = shapes.iter().all(|input| differs_only_at(input, &node.shape, *axis, |_| true));
            must(agree, "what is joined agrees in the other axes")?;
            must(shapes.iter().map(|input| input.0[*axis]).sum::<usize>() == shape[*axis], "its parts fill its axis")
        }
        Op::Window { axis, stride, dilation } => {
            arity(1)?;
            same_precision()?;
            let windows = |shape: &[usize]| spans(shape, *axis, *stride, *dilation);
            must(folds(&shapes[0].0, shape, *axis, windows(shape)), "its windows lie within one axis of its input")
        }
        Op::Fold { axis, stride, dilation } => {
            arity(1)?;
            same_precision()?;
            let from = &shapes[0].0;
            must(folds(shape, from, *axis, spans(from, *axis, *stride, *dilation)), "one of its axes holds the windows")
        }
        Op::Gather => {
            arity(2)?;
            same_precision()?;
            let [table, numbers] = shapes[..] else { unreachable!("two inputs were counted") };
            must(table.rank() == 2, "its table is a matrix")?;
            must(*shape == [&numbers.0[..], &table.0[1..]].concat(), "it has one row for each number")
        }
        Op::ScatterAdd => {
            arity(2)?;
            same_precision()?;
            let [rows, numbers] = shapes[..] else { unreachable!("two inputs were counted") };
            must(shape.len() == 2, "it is a matrix")?;
            must(rows.0 == [&numbers.0[..], &shape[1..]].concat(), "it has one number for each row")
        }
        Op::Detach => {
            arity(1)?;
            same_precision()?;
            must(*shapes[0] == node.shape, "it has its input's shape")
        }
        Op::Histogram => {
            arity(1)?;
            let (_, decades) = match graph.precision(node.inputs[0]) {
                Precision::F32 => DECADES_F32,
                Precision::F64 => DECADES_F64,
            };
            must(*shape == [decades] && node.precision == Precision::F64, "it has an f64 count for every decade")
        }
    }
}

/// The extent that the windows in axes `axis` and `axis + 1` of a shape need; none where there are none.
fn spans(shape: &[usize], axis: usize, stride: usize, dilation: usize) -> Option<usize> {
    let [places, size] = [shape.get(axis)?, shape.get(axis + 1)?];
    let last = (places - 1).checked_mul(stride)?.checked_add((size - 1).checked_mul(dilation)?)?;
    (stride > 0 && dilation > 0).then_some(last + 1)
}

/// Whether `unfolded` has two axes for one of `folded`, whose extent holds so much.
fn folds(folded: &[usize], unfolded: &[usize], axis: usize, needed: Option<usize>) -> bool {
    unfolded.len() == folded.len() + 1
        && axis < folded.len()
        && folded[..axis] == unfolded[..axis]
        && folded[axis + 1..] == unfolded[axis + 2..]
        && needed.is_some_and(|needed| needed <= folded[axis])
}

/// Whether two shapes agree but in one axis, in which the first one's extent passes.
fn differs_only_at(input: &Shape, shape: &Shape, axis: usize, passes: impl Fn(usize) -> bool) -> bool {
    input.rank() == shape.rank()
        && axis < input.rank()
        && passes(input.0[axis])
        && (0..input.rank()).all(|other| other == axis || input.0[other] == shape.0[other])
}
