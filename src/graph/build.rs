//! The only way to make nodes (with `map.rs` for elementwise ones). Every method asserts what its primitive needs and infers the shape; equal nodes of one layer are
//! one node, the first origin wins.
//!
//! Invariant: what comes out is made of the very inputs that were passed, unless the step does nothing at all (a reshape to the same
//! shape), a function does not use its argument, or the value is known at compile time. No method looks through an input. So a
//! node that a layer is measured by stays on the path to the loss until `differentiate` has run; `simplify` shortens afterwards.

use super::{Combine, DECADES_F32, DECADES_F64, Graph, LayerId, Leaf, Node, NodeId, Op, Origin};
use crate::scalar::Bits;
use crate::shape::{Precision, Shape};
use rustc_hash::{FxBuildHasher, FxHashMap};

/// Makes nodes for one origin at a time.
#[derive(Debug)]
pub struct Builder<'graph> {
    graph: &'graph mut Graph,
    origin: Origin,
    known: FxHashMap<Key, NodeId>,
    merging: Merging,
}

/// Which equal nodes are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Merging {
    /// Those of one layer: two layers that compute the same are two places where a cotangent is measured.
    WithinLayers,
    /// All of them: the cotangents are known.
    AcrossLayers,
}

/// What makes two nodes equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    op: Op,
    inputs: Vec<NodeId>,
    shape: Shape,
    precision: Precision,
    /// None where nodes merge across layers.
    layer: Option<Option<LayerId>>,
}

impl<'graph> Builder<'graph> {
    /// Adds nodes to `graph`, equal ones not twice.
    #[must_use]
    pub fn new(graph: &'graph mut Graph, origin: Origin) -> Self {
        Self::with_merging(graph, origin, Merging::WithinLayers)
    }

    /// The same, with nodes merged across layers: for graphs that are not differentiated any more.
    pub(super) fn merging_layers(graph: &'graph mut Graph, origin: Origin) -> Self {
        Self::with_merging(graph, origin, Merging::AcrossLayers)
    }

    fn with_merging(graph: &'graph mut Graph, origin: Origin, merging: Merging) -> Self {
        let mut known = FxHashMap::with_capacity_and_hasher(2 * graph.nodes.len(), FxBuildHasher);
        for (id, node) in graph.nodes.iter_with_ids() {
            known.entry(Key::of(node, merging)).or_insert(id);
        }
        Self { graph, origin, known, merging }
    }

    /// The nodes so far.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        self.graph
    }

    /// The shape of a node.
    #[must_use]
    pub fn shape(&self, id: NodeId) -> &Shape {
        self.graph.shape(id)
    }

    /// The number format of a node.
    #[must_use]
    pub fn precision(&self, id: NodeId) -> Precision {
        self.graph.precision(id)
    }

    /// For whom the next nodes are made.
    #[must_use]
    pub const fn origin(&self) -> Origin {
        self.origin
    }

    /// Makes the next nodes for another origin.
    pub fn set_origin(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// Contents that the run provides.
    pub fn leaf(&mut self, leaf: Leaf, shape: Shape, precision: Precision) -> NodeId {
        self.push(Op::Leaf(leaf), Vec::new(), shape, precision)
    }

    /// A tensor with every element `value`, rounded to `precision`.
    pub fn constant(&mut self, value: f64, shape: Shape, precision: Precision) -> NodeId {
        self.push(Op::Constant(Bits::of(rounded(value, precision))), Vec::new(), shape, precision)
    }

    /// A tensor of which every element is its index along `axis`.
    ///
    /// # Panics
    /// Where the shape has no such axis.
    pub fn index(&mut self, axis: usize, shape: Shape, precision: Precision) -> NodeId {
        assert!(axis < shape.rank(), "an index runs along an axis of its shape");
        if shape.0[axis] == 1 {
            return self.constant(0.0, shape, precision);
        }
        self.push(Op::Index { axis }, Vec::new(), shape, precision)
    }

    /// The matrix product over the last two axes, `[…, m, k] × […, k, n] → […, m, n]`; leading axes equal.
    ///
    /// # Panics
    /// Where the inputs are no matrices, or their shapes or precisions do not agree.
    pub fn product(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let (left, right) = (self.shape(a), self.shape(b));
        let (Some((leading, [m, k])), Some((right_leading, [inner, n]))) =
            (left.0.split_last_chunk::<2>(), right.0.split_last_chunk::<2>())
        else {
            panic!("a product is of matrices, not {left} and {right}")
        };
        assert!(leading == right_leading && k == inner, "a product's inner extents agree: {left}, {right}");
        let precision = self.precision(a);
        assert_eq!(precision, self.precision(b), "a product has one precision");
        let shape = Shape::new([leading, &[*m, *n]].concat());
        self.push(Op::Product, vec![a, b], shape, precision)
    }

    /// Combines the elements along `axes`, whose extents become 1, in `accumulator`, the result's precision. Axes of extent 1
    /// have nothing to combine.
    ///
    /// # Panics
    /// Where the accumulator is narrower than `x`, or `x` has no such axis.
    pub fn reduce(&mut self, combine: Combine, x: NodeId, axes: &[usize], accumulator: Precision) -> NodeId {
        assert!(accumulator >= self.precision(x), "a reduction never loses precision");
        let mut shape = self.shape(x).clone();
        let mut reduced: Vec<usize> = axes.iter().copied().filter(|axis| shape.0[*axis] > 1).collect();
        reduced.sort_unstable();
        reduced.dedup();
        if reduced.is_empty() {
            return self.convert(x, accumulator);
        }
        for axis in &reduced {
            shape.0[*axis] = 1;
        }
        self.push(Op::Reduce { combine, axes: reduced, accumulator }, vec![x], shape, accumulator)
    }

    /// The sum along `axes`, whose extents become 1, in the precision of `x`.
    pub fn sum(&mut self, x: NodeId, axes: &[usize]) -> NodeId {
        self.reduce(Combine::Sum, x, axes, self.precision(x))
    }

    /// The largest along `axes`, whose extents become 1.
    pub fn maximum(&mut self, x: NodeId, axes: &[usize]) -> NodeId {
        self.reduce(Combine::Maximum, x, axes, self.precision(x))
    }

    /// Repeats axes of extent 1 up to `shape`, of equal rank.
    ///
    /// # Panics
    /// Where `x` does not repeat to the shape.
    pub fn broadcast(&mut self, x: NodeId, shape: Shape) -> NodeId {
        let from = self.shape(x);
        if *from == shape {
            return x;
        }
        assert_eq!(from.broadcast(&shape).as_ref(), Some(&shape), "{from} repeats to {shape}");
        assert_eq!(from.rank(), shape.rank(), "a broadcast adds no axes");
        self.view(Op::Broadcast, x, shape)
    }

    /// The same elements in row-major order under another shape.
    ///
    /// # Panics
    /// Where the shape has another number of elements.
    pub fn reshape(&mut self, x: NodeId, shape: Shape) -> NodeId {
        let from = self.shape(x);
        if *from == shape {
            return x;
        }
        assert_eq!(from.elements(), shape.elements(), "{from} holds as many elements as {shape}");
        self.view(Op::Reshape, x, shape)
    }

    /// Axis `i` of the result is axis `axes[i]` of `x`.
    ///
    /// # Panics
    /// Where `axes` is no permutation of the axes of `x`.
    pub fn permute(&mut self, x: NodeId, axes: &[usize]) -> NodeId {
        let from = self.shape(x);
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        assert!(sorted.iter().copied().eq(0..from.rank()), "{axes:?} permutes the axes of {from}");
        if axes == sorted {
            return x;
        }
        let shape = Shape(axes.iter().map(|axis| from.0[*axis]).collect());
        self.view(Op::Permute { axes: axes.to_vec() }, x, shape)
    }

    /// The last two axes exchanged.
    ///
    /// # Panics
    /// Where `x` is no matrix.
    pub fn transpose(&mut self, x: NodeId) -> NodeId {
        let rank = self.shape(x).rank();
        assert!(rank >= 2, "only a matrix is transposed");
        let mut axes: Vec<usize> = (0..rank).collect();
        axes.swap(rank - 2, rank - 1);
        self.permute(x, &axes)
    }

    /// `start .. start + extent` of one axis.
    ///
    /// # Panics
    /// Where the slice is empty or ends beyond its axis.
    pub fn slice(&mut self, x: NodeId, axis: usize, start: usize, extent: usize) -> NodeId {
        let mut shape = self.shape(x).clone();
        assert!(extent > 0 && start + extent <= shape.0[axis], "a slice lies within its axis");
        if shape.0[axis] == extent {
            return x;
        }
        shape.0[axis] = extent;
        self.view(Op::Slice { axis, start }, x, shape)
    }

    /// Zeros around `x` along one axis.
    pub fn pad(&mut self, x: NodeId, axis: usize, before: usize, after: usize) -> NodeId {
        if before + after == 0 {
            return x;
        }
        let mut shape = self.shape(x).clone();
        shape.0[axis] += before + after;
        let precision = self.precision(x);
        self.push(Op::Pad { axis, before }, vec![x], shape, precision)
    }

    /// The inputs one after another along an axis; their other extents are equal.
    ///
    /// # Panics
    /// Where there are no inputs, or they do not agree in precision or in another axis.
    pub fn concat(&mut self, inputs: &[NodeId], axis: usize) -> NodeId {
        let first = *inputs.first().expect("something is joined");
        if inputs.len() == 1 {
            return first;
        }
        let precision = self.precision(first);
        let mut shape = self.shape(first).clone();
        shape.0[axis] = 0;
        for input in inputs {
            assert_eq!(self.precision(*input), precision, "what is joined has one precision");
            let extent = self.shape(*input).0[axis];
            let mut others = self.shape(*input).clone();
            others.0[axis] = shape.0[axis];
            assert_eq!(others, shape, "what is joined agrees in the other axes");
            shape.0[axis] += extent;
        }
        self.push(Op::Concat { axis }, inputs.to_vec(), shape, precision)
    }

    /// The same elements, taken for constants by the derivative.
    pub fn detach(&mut self, x: NodeId) -> NodeId {
        let shape = self.shape(x).clone();
        self.view(Op::Detach, x, shape)
    }

    /// How many elements there are in each decade, as f64.
    pub fn histogram(&mut self, x: NodeId) -> NodeId {
        let (_, decades) = match self.precision(x) {
            Precision::F32 => DECADES_F32,
            Precision::F64 => DECADES_F64,
        };
        self.push(Op::Histogram, vec![x], Shape::new([decades]), Precision::F64)
    }

    /// A node of the present layer with the value of `x`: `x` itself if it is this layer's own, else an alias (a reshape to the
    /// same shape, which `simplify` removes). A layer that hands on what it received, or a part that has no node of its own,
    /// needs it: in `residual { flatten }` the cotangent of the body's output is not that of what came in, which also flows round.
    pub fn mark(&mut self, x: NodeId) -> NodeId {
        let node = &self.graph.nodes[x];
        if node.origin.layer == self.origin.layer && !matches!(node.op, Op::Leaf(_) | Op::Constant(_)) {
            return x;
        }
        let (shape, precision) = (node.shape.clone(), node.precision);
        self.push(Op::Reshape, vec![x], shape, precision)
    }

    /// `x` with axes of extent 1 in front, up to `rank`.
    ///
    /// # Panics
    /// Where `x` has more axes.
    pub fn with_rank(&mut self, x: NodeId, rank: usize) -> NodeId {
        let from = self.shape(x);
        let missing = rank.checked_sub(from.rank()).expect("no axis is removed");
        let shape = Shape([vec![1; missing], from.0.clone()].concat());
        self.reshape(x, shape)
    }

    /// A view of `x`; of a constant it is a constant.
    pub(super) fn view(&mut self, op: Op, x: NodeId, shape: Shape) -> NodeId {
        debug_assert!(op.is_view(), "only views are made here");
        let node = &self.graph.nodes[x];
        let precision = node.precision;
        if let Op::Constant(value) = node.op {
            return self.push(Op::Constant(value), Vec::new(), shape, precision);
        }
        self.push(op, vec![x], shape, precision)
    }

    pub(super) fn push(&mut self, op: Op, inputs: Vec<NodeId>, shape: Shape, precision: Precision) -> NodeId {
        let node = Node { op, inputs, shape, precision, origin: self.origin };
        let key = Key::of(&node, self.merging);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        debug_assert_eq!(super::verify::check(self.graph, &node), Ok(()), "the builder makes only valid nodes");
        let id = self.graph.nodes.push(node);
        self.known.insert(key, id);
        id
    }
}

impl Key {
    fn of(node: &Node, merging: Merging) -> Self {
        let apart = match (&node.op, merging) {
            (Op::Leaf(_) | Op::Constant(_) | Op::Index { .. }, _) | (_, Merging::AcrossLayers) => None,
            (_, Merging::WithinLayers) => Some(node.origin.layer),
        };
        Self {
            op: node.op.clone(),
            inputs: node.inputs.clone(),
            shape: node.shape.clone(),
            precision: node.precision,
            layer: apart,
        }
    }
}

/// A number as it is held in a precision.
fn rounded(value: f64, precision: Precision) -> f64 {
    match precision {
        Precision::F32 => f64::from(value as f32),
        Precision::F64 => value,
    }
}
