//! The derivative of a recurrence: again a recurrence, in reverse for cotangents and forward for tangents. Its body is made by the
//! rules of the primitives from the body itself, so that no derivative is written here.
//!
//! Of that body, only what hangs on the carried cotangent (or tangent) is in the loop. All else, the derivatives of the activations
//! among it, is computed outside for all steps at once, and handed in as sequences; so are the cotangents of sequences and
//! constants computed outside: the gradient of a recurrent weight is one product over all steps.

use super::linearize::push_forward;
use super::scan::{ROWS, Recurrence, Scan, copy, leaf};
use super::{Builder, Graph, Leaf, Node, NodeId, Op, pull_back};
use crate::arena::IdVec;
use crate::shape::Shape;

/// What stands for nodes of a body already.
type Given = IdVec<NodeId, Option<NodeId>>;

/// A recurrence seen from its node.
struct Outer<'a> {
    id: NodeId,
    node: &'a Node,
    scan: &'a Scan,
    times: usize,
    rows: usize,
}

impl<'a> Outer<'a> {
    fn new(id: NodeId, node: &'a Node, scan: &'a Scan) -> Self {
        Self { id, node, scan, times: node.shape.0[0] - 1, rows: node.shape.0[1] }
    }

    /// One state of a stack like the node's.
    fn state(&self, builder: &mut Builder<'_>, stack: NodeId, place: usize) -> NodeId {
        let state = builder.slice(stack, 0, place, 1);
        builder.reshape(state, Shape::new(&self.node.shape.0[1..]))
    }

    /// The states of a stack before or after every step, `[time, rows, …]`.
    fn states(&self, builder: &mut Builder<'_>, stack: NodeId, start: usize) -> NodeId {
        builder.slice(stack, 0, start, self.times)
    }

    /// `[time, rows, …]` as `[time · rows, …]`: a step of as many rows as there are in all.
    fn all_rows(&self, builder: &mut Builder<'_>, sequence: NodeId) -> NodeId {
        let shape = builder.shape(sequence).0.clone();
        builder.reshape(sequence, Shape([&[shape[0] * shape[1]], &shape[2..]].concat()))
    }

    /// The reverse of `all_rows`.
    fn by_time(&self, builder: &mut Builder<'_>, rows: NodeId) -> NodeId {
        let shape = builder.shape(rows).0.clone();
        builder.reshape(rows, Shape([&[self.times, shape[0] / self.times], &shape[1..]].concat()))
    }

    /// What the leaves of a body are for the rows of all steps at once: the states before them, the steps, the constants.
    fn given(&self, builder: &mut Builder<'_>, body: &Graph) -> Given {
        let mut given: Given = body.nodes.iter().map(|_| None).collect();
        for (argument, input) in self.node.inputs.iter().enumerate() {
            let Some(leaf) = leaf(body, argument) else { continue };
            given[leaf] = Some(if argument == 0 {
                let states = self.states(builder, self.id, self.scan.before());
                self.all_rows(builder, states)
            } else if argument <= self.scan.sequences {
                self.all_rows(builder, *input)
            } else {
                *input
            });
        }
        given
    }

    /// The recurrence that carries what `carried` (a leaf of `body`) stands for to `result`, over all steps, and adds a sequence in
    /// each. What `result` needs and does not depend on `carried` is computed outside.
    fn carry(&self, builder: &mut Builder<'_>, body: &Graph, given: &Given, carried: Carried) -> NodeId {
        let Carried { leaf, result, initial, added, reverse } = carried;
        let (residuals, constants) = frontier(body, leaf, result, self.scan.sequences);
        let wanted = [residuals.as_slice(), &constants].concat();
        let outside = copy(builder, body, self.times * self.rows, &wanted, given);
        let (of_rows, fixed) = outside.split_at(residuals.len());
        let sequences: Vec<NodeId> = of_rows.iter().map(|rows| self.by_time(builder, *rows)).collect();
        let sequences: Vec<NodeId> = added.into_iter().chain(sequences).collect();
        let recurrence = Recurrence { initial, sequences: &sequences, constants: fixed, times: self.times, reverse };
        builder.scan(recurrence, |inner, step| {
            let (own, steps) = step.sequences.split_at(usize::from(added.is_some()));
            let mut given: Given = body.nodes.iter().map(|_| None).collect();
            given[leaf] = Some(step.state);
            for (id, place) in residuals.iter().zip(steps).chain(constants.iter().zip(step.constants)) {
                given[*id] = Some(*place);
            }
            let next = copy(inner, body, ROWS, &[result], &given)[0];
            own.iter().fold(next, |next, own| inner.add(*own, next))
        })
    }
}

/// What `Outer::carry` carries.
struct Carried {
    leaf: NodeId,
    result: NodeId,
    initial: NodeId,
    added: Option<NodeId>,
    reverse: bool,
}

/// What `result` needs that does not depend on `carried`: first what has rows, then what has none. Known numbers are neither: they
/// are made where they are used.
fn frontier(body: &Graph, carried: NodeId, result: NodeId, sequences: usize) -> (Vec<NodeId>, Vec<NodeId>) {
    let depends = depending(body, |id| id == carried);
    let has_rows = depending(body, |id| match body.nodes[id].op {
        Op::Leaf(Leaf::Argument(argument)) => argument <= sequences,
        _ => false,
    });
    let (mut residuals, mut constants) = (Vec::new(), Vec::new());
    let mut needed: IdVec<NodeId, bool> = body.nodes.iter().map(|_| false).collect();
    needed[result] = true;
    for (id, node) in body.nodes.iter_with_ids().rev() {
        let known = matches!(node.op, Op::Constant(_) | Op::Index { .. });
        if !needed[id] || known || id == carried {
            continue;
        }
        // what repeats a constant over the rows is made of the constant
        let repeats = !has_rows[id] && node.shape.0.iter().any(|extent| extent.is_multiple_of(ROWS));
        if depends[id] || repeats {
            node.inputs.iter().for_each(|input| needed[*input] = true);
        } else if has_rows[id] {
            assert!(node.shape.0[0].is_multiple_of(ROWS), "what depends on a row has rows in front");
            residuals.push(id);
        } else {
            constants.push(id);
        }
    }
    (residuals, constants)
}

/// For each node: whether it is such a one, or depends on one.
fn depending(body: &Graph, is_such: impl Fn(NodeId) -> bool) -> IdVec<NodeId, bool> {
    let mut depends: IdVec<NodeId, bool> = body.nodes.iter().map(|_| false).collect();
    for (id, node) in body.nodes.iter_with_ids() {
        depends[id] = is_such(id) || node.inputs.iter().any(|input| depends[*input]);
    }
    depends
}

/// A leaf of a body beside its arguments, for a cotangent or a tangent.
fn new_leaf(body: &mut Graph, number: usize, like: NodeId) -> NodeId {
    let Node { shape, precision, origin, .. } = body.nodes[like].clone();
    Builder::new(body, origin).leaf(Leaf::Argument(number), shape, precision)
}

/// Reverse mode: from the cotangent of the stack as others use it to the total one, each state's through all later steps too; and
/// what it gives to those inputs that are `needed`.
pub(super) fn adjoint(
    builder: &mut Builder<'_>,
    id: NodeId,
    node: &Node,
    scan: &Scan,
    cotangent: NodeId,
    needed: &[bool],
) -> (NodeId, Vec<Option<NodeId>>) {
    let outer = Outer::new(id, node, scan);
    let mut body = scan.body.clone();
    let change = new_leaf(&mut body, node.inputs.len(), scan.result);
    let leaves: Vec<Option<NodeId>> = (0..node.inputs.len()).map(|argument| leaf(&body, argument)).collect();
    let wanted = |argument: usize| argument == 0 || needed[argument];
    let sought: Vec<NodeId> =
        leaves.iter().enumerate().filter(|(argument, _)| wanted(*argument)).filter_map(|(_, leaf)| *leaf).collect();
    let mut found =
        sought.iter().zip(pull_back(&mut body, scan.result, change, &sought)).collect::<Vec<_>>().into_iter();
    let of_arguments: Vec<Option<NodeId>> = leaves
        .iter()
        .enumerate()
        .map(|(argument, leaf)| {
            if leaf.is_none() || !wanted(argument) {
                return None;
            }
            found.next().and_then(|(_, cotangent)| cotangent)
        })
        .collect();

    let mut given = outer.given(builder, &body);
    let total = match of_arguments[0] {
        None => cotangent,
        Some(result) => {
            let initial = outer.state(builder, cotangent, scan.last(outer.times));
            let added = Some(outer.states(builder, cotangent, scan.before()));
            let carried = Carried { leaf: change, result, initial, added, reverse: !scan.reverse };
            outer.carry(builder, &body, &given, carried)
        }
    };
    let after = outer.states(builder, total, scan.after());
    given[change] = Some(outer.all_rows(builder, after));
    let contributions = of_arguments.iter().enumerate().map(|(argument, result)| {
        if !needed[argument] {
            return None;
        }
        if argument == 0 {
            return Some(outer.state(builder, total, scan.first(outer.times)));
        }
        let made = copy(builder, &body, outer.times * outer.rows, &[(*result)?], &given)[0];
        Some(if argument <= scan.sequences { outer.by_time(builder, made) } else { made })
    });
    let contributions = contributions.collect();
    (total, contributions)
}

/// Forward mode: the tangent of the stack from those of the inputs.
pub(super) fn tangent(
    builder: &mut Builder<'_>,
    id: NodeId,
    node: &Node,
    scan: &Scan,
    of_inputs: &[Option<NodeId>],
) -> Option<NodeId> {
    let outer = Outer::new(id, node, scan);
    let mut body = scan.body.clone();
    let mut given = outer.given(builder, &scan.body);
    let count = node.inputs.len();
    let state = leaf(&body, 0).map(|state| (state, new_leaf(&mut body, count, state)));
    let mut moved = Vec::new();
    for (argument, of_input) in of_inputs.iter().enumerate().skip(1) {
        let (Some(of_input), Some(leaf)) = (*of_input, leaf(&body, argument)) else { continue };
        moved.push((leaf, new_leaf(&mut body, count + argument, leaf), argument, of_input));
    }
    let carried = state.and_then(|moved| push_forward(&mut body, &[moved], &[scan.result])[0]);
    let pairs: Vec<(NodeId, NodeId)> = moved.iter().map(|(leaf, tangent, ..)| (*leaf, *tangent)).collect();
    let fresh = push_forward(&mut body, &pairs, &[scan.result])[0];

    while given.len() < body.nodes.len() {
        given.push(None);
    }
    for (_, tangent, argument, of_input) in moved {
        given[tangent] = Some(if argument <= scan.sequences { outer.all_rows(builder, of_input) } else { of_input });
    }
    let fresh = fresh.map(|fresh| {
        let rows = copy(builder, &body, outer.times * outer.rows, &[fresh], &given)[0];
        outer.by_time(builder, rows)
    });
    if fresh.is_none() && of_inputs[0].is_none() {
        return None;
    }
    let still = Shape::new(&node.shape.0[1..]);
    let initial = of_inputs[0].unwrap_or_else(|| builder.constant(0.0, still.clone(), node.precision));
    if let (Some((_, leaf)), Some(result)) = (state, carried) {
        let carried = Carried { leaf, result, initial, added: fresh, reverse: scan.reverse };
        return Some(outer.carry(builder, &body, &given, carried));
    }
    let initial = builder.with_rank(initial, node.shape.rank());
    let fresh = fresh.unwrap_or_else(|| {
        let shape = Shape([&[outer.times], still.0.as_slice()].concat());
        builder.constant(0.0, shape, node.precision)
    });
    let parts = if scan.reverse { [fresh, initial] } else { [initial, fresh] };
    Some(builder.concat(&parts, 0))
}
