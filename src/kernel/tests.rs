//! Random graphs: what a lowered program computes is what the graph says, bit for bit, fused or not.

use super::interpret::interpret;
use super::lower::{Fusion, TooLarge, lower, lower_with};
use super::memory::Memory;
use super::print::print;
use super::verify::verify;
use super::{ALIGNMENT, BufferId, Fold, Input, Kernel, Loop, Product, Program, Rows, Scan};
use crate::arena::Id;
use crate::graph::evaluate::evaluate;
use crate::graph::tests::recurrent;
use crate::graph::{
    Builder, Combine, Graph, Leaf, Node, NodeId, Op, Origin, ParameterId, Recurrence, Role, Windows, differentiate,
    simplify,
};
use crate::scalar::{self, Binary, Comparison, Unary};
use crate::shape::{Precision, Shape};
use crate::source::{SourceId, Span};
use proptest::prelude::*;
use std::sync::Arc;

fn origin(role: Role) -> Origin {
    Origin { layer: None, span: Span::new(SourceId::new(0), 0..0), role }
}

/// Numbers that differ in sign, size and rounding.
fn contents(leaf: Leaf, elements: usize, precision: Precision) -> Vec<f64> {
    let mut state = match leaf {
        Leaf::Input => 1_u64,
        Leaf::Target => 2,
        Leaf::Parameter(parameter) => 3 + parameter.index() as u64,
        Leaf::State(..) | Leaf::Number(_) | Leaf::Argument(_) | Leaf::Mask(_) | Leaf::Running(..) => {
            unreachable!("a gradient step has none of these")
        }
    };
    let draw = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let number = (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        let number = if (state >> 5) & 31 == 0 { 0.0 } else { number };
        match precision {
            Precision::F32 => f64::from(number as f32),
            Precision::F64 => number,
        }
    };
    (0..elements).map(draw).collect()
}

/// The kept nodes' contents after a run in memory that was full of rubbish.
fn run(graph: &Graph, program: &Program, keep: &[NodeId]) -> Vec<Vec<f64>> {
    let mut memory = Memory::new(program).unwrap();
    let buffers: Vec<_> = program.buffers.iter().cloned().collect();
    for buffer in &buffers {
        (0..buffer.shape.elements()).for_each(|element| memory.store(buffer, element, f64::NAN));
    }
    for (node, buffer) in &program.bindings {
        if let Op::Leaf(leaf) = graph.nodes[*node].op {
            let buffer = &program.buffers[*buffer];
            for (element, number) in contents(leaf, buffer.shape.elements(), buffer.precision).into_iter().enumerate() {
                memory.store(buffer, element, number);
            }
        }
    }
    interpret(program, &mut memory);
    keep.iter()
        .map(|id| {
            let at = program.bindings.binary_search_by_key(id, |(node, _)| *node).unwrap();
            let buffer = &program.buffers[program.bindings[at].1];
            assert_eq!(buffer.precision, graph.precision(*id));
            (0..graph.shape(*id).elements()).map(|element| memory.load(buffer, element)).collect()
        })
        .collect()
}

/// Follows who owns each line of the memory: what a step reads was written before, and by nobody else since.
fn check_lifetimes(graph: &Graph, program: &Program) {
    let mut owners: Vec<Option<BufferId>> = vec![None; program.memory_bytes / ALIGNMENT];
    let lines = |id: BufferId| {
        let place = program.buffers[id].place();
        place.start / ALIGNMENT..place.end.div_ceil(ALIGNMENT)
    };
    let (leaves, kept): (Vec<_>, Vec<_>) =
        program.bindings.iter().partition(|(node, _)| matches!(graph.nodes[*node].op, Op::Leaf(_)));
    for (_, id) in &leaves {
        owners[lines(*id)].fill(Some(*id));
    }
    for (position, step) in program.steps.iter().enumerate() {
        let (reads, writes) = reads_and_writes(&program.kernels[step.kernel]);
        for id in reads.into_iter().map(|argument| step.arguments[argument]) {
            assert!(owners[lines(id)].iter().all(|owner| *owner == Some(id)), "step {position} reads {id}");
        }
        for id in writes.into_iter().map(|argument| step.arguments[argument]) {
            owners[lines(id)].fill(Some(id));
        }
    }
    for (node, id) in leaves.iter().chain(&kept) {
        assert!(owners[lines(*id)].iter().all(|owner| *owner == Some(*id)), "{node} is lost");
    }
}

/// The arguments that a kernel reads and those that it writes.
fn reads_and_writes(kernel: &Kernel) -> (Vec<usize>, Vec<usize>) {
    match kernel {
        Kernel::Loop(kernel) => {
            let loads = kernel.inputs.iter().filter_map(|input| match input {
                Input::Load(access) => Some(access.argument),
                Input::Index(_) => None,
            });
            let stores = kernel.stores.iter().map(|store| store.access.argument);
            (loads.collect(), stores.chain(kernel.reductions.iter().map(|reduction| reduction.into)).collect())
        }
        Kernel::Product(_) | Kernel::Gather(_) | Kernel::ScatterAdd(_) => (vec![0, 1], vec![2]),
        Kernel::Combine(_) | Kernel::Histogram(_) | Kernel::Fold(_) => (vec![0], vec![1]),
        Kernel::Scan(kernel) => {
            ((0..kernel.inputs.len()).collect(), vec![kernel.inputs.len(), kernel.inputs.len() + 1])
        }
    }
}

/// Whether two numbers have the same bits; one NaN is as good as another.
fn same(left: f64, right: f64) -> bool {
    left.to_bits() == right.to_bits() || (left.is_nan() && right.is_nan())
}

fn check(graph: &Graph, keep: &[NodeId]) -> Result<(), TestCaseError> {
    let expected = evaluate(graph, |leaf| {
        let of_leaf = |node: &&Node| node.op == Op::Leaf(leaf);
        let node = graph.nodes.iter().find(of_leaf).unwrap();
        contents(leaf, node.shape.elements(), node.precision)
    });
    for fusion in [Fusion::Full, Fusion::None] {
        let program = lower_with(graph, keep, fusion).unwrap();
        prop_assert_eq!(verify(&program), Ok(()));
        check_lifetimes(graph, &program);
        for (id, found) in keep.iter().zip(run(graph, &program, keep)) {
            let wrong = expected[*id].iter().zip(&found).position(|(left, right)| !same(*left, *right));
            if let Some(at) = wrong {
                return Err(TestCaseError::fail(format!(
                    "{fusion:?}: {id}[{at}] is {} not {}\n{graph:#?}\n{program:#?}",
                    found[at], expected[*id][at]
                )));
            }
        }
    }
    Ok(())
}

/// One node of a random graph: what to make, and choices.
type Draw = (u8, [prop::sample::Index; 4], u8);

fn unary(builder: &mut Builder, operation: Unary, x: NodeId) -> NodeId {
    builder.unary(operation, x)
}

/// Makes a node of what is there; none where the choice does not fit.
fn grow(builder: &mut Builder, nodes: &[NodeId], (kind, picks, number): Draw) -> Option<NodeId> {
    let x = nodes[picks[0].index(nodes.len())];
    let shape = builder.shape(x).clone();
    let rank = shape.rank();
    let axis = (rank > 0).then(|| picks[1].index(rank.max(1)));
    // something that broadcasts with x
    let fitting = |builder: &Builder, pick: &prop::sample::Index| {
        let fits: Vec<NodeId> = nodes
            .iter()
            .copied()
            .filter(|node| {
                let joined = builder.shape(*node).broadcast(&shape);
                builder.precision(*node) == builder.precision(x)
                    && joined.is_some_and(|joined| joined.elements() < 4000.max(shape.elements() + 1))
            })
            .collect();
        fits[pick.index(fits.len())]
    };
    Some(match kind {
        0 | 1 => {
            let operations = [Unary::Negate, Unary::Absolute, Unary::SquareRoot, Unary::Absolute];
            unary(builder, operations[usize::from(number) % operations.len()], x)
        }
        2 => unary(
            builder,
            if number % 2 == 0 { Unary::HyperbolicTangent } else { Unary::HyperbolicTangentDerivative },
            x,
        ),
        3..=6 => {
            let other = fitting(builder, &picks[1]);
            let operations =
                [Binary::Add, Binary::Subtract, Binary::Multiply, Binary::Divide, Binary::Maximum, Binary::Multiply];
            builder.binary(operations[usize::from(number) % operations.len()], x, other)
        }
        7 => {
            let other = fitting(builder, &picks[1]);
            let rank = rank.max(builder.shape(other).rank());
            let (x, other) = (builder.with_rank(x, rank), builder.with_rank(other, rank));
            let mut function = scalar::Builder::new(2);
            let (a, b) = (function.argument(0), function.argument(1));
            let less = function.compare(Comparison::Less, a, b);
            let third = function.constant(1.0 / 3.0);
            let no = function.binary(Binary::Multiply, b, third);
            let result = function.select(less, a, no);
            builder.map(&Arc::new(function.finish(&[result])), &[x, other])
        }
        8..=10 => {
            let axes: Vec<usize> = (0..rank).filter(|axis| number >> axis & 1 == 1).collect();
            let combine = if number & 64 == 0 { Combine::Sum } else { Combine::Maximum };
            let precision = if number & 32 == 0 { Precision::F64 } else { builder.precision(x) };
            builder.reduce(combine, x, &axes, precision)
        }
        11 => {
            let mut axes: Vec<usize> = (0..rank).collect();
            axes.rotate_left(axis?);
            if number % 2 == 0 {
                axes.swap(0, picks[2].index(rank));
            }
            builder.permute(x, &axes)
        }
        12 => match number % 3 {
            0 => builder.reshape(x, Shape::new([shape.elements()])),
            1 => {
                let mut extents = shape.0.clone();
                extents.insert(picks[1].index(rank + 1), 1);
                if extents.len() > 5 {
                    return None;
                }
                builder.reshape(x, Shape(extents))
            }
            _ => {
                let parts = [2, 3, 5].into_iter().find(|part| shape.elements().is_multiple_of(*part))?;
                builder.reshape(x, Shape::new([parts, shape.elements() / parts]))
            }
        },
        13 => {
            let extent = shape.0[axis?];
            let start = picks[2].index(extent);
            builder.slice(x, axis?, start, 1 + picks[3].index(extent - start))
        }
        14 => {
            let padded = builder.pad(x, axis?, usize::from(number % 3), usize::from(number / 3 % 3));
            if builder.shape(padded).elements() > 4000 {
                return None;
            }
            padded
        }
        15 => {
            let mut parts = vec![x];
            let fits = |node: &&NodeId| {
                let other = builder.shape(**node);
                other.rank() == rank
                    && builder.precision(**node) == builder.precision(x)
                    && (0..rank).all(|at| Some(at) == axis || other.0[at] == shape.0[at])
            };
            parts.extend(nodes.iter().filter(fits).take(usize::from(number % 3)));
            builder.concat(&parts, axis?)
        }
        16 => {
            let mut extents = shape.0.clone();
            *extents.get_mut(axis?)? *= if shape.0[axis?] == 1 { 2 + usize::from(number % 3) } else { 1 };
            builder.broadcast(x, Shape(extents))
        }
        17 | 18 => {
            let fits = |node: &&NodeId| {
                let other = builder.shape(**node);
                rank >= 2
                    && other.rank() == rank
                    && other.0[..rank - 2] == shape.0[..rank - 2]
                    && other.0[rank - 1] == shape.0[rank - 1]
                    && builder.precision(**node) == builder.precision(x)
            };
            let fits: Vec<NodeId> = nodes.iter().filter(fits).copied().collect();
            if fits.is_empty() {
                return None;
            }
            let other = builder.transpose(fits[picks[1].index(fits.len())]);
            if builder.shape(other).elements() * shape.elements() > 100_000 {
                return None;
            }
            builder.product(x, other)
        }
        19 => builder.index(axis?, shape, builder.precision(x)),
        20 => builder.constant(f64::from(number) / 7.0, shape, builder.precision(x)),
        21 => builder.histogram(x),
        22 => builder.convert(x, if number % 2 == 0 { Precision::F32 } else { Precision::F64 }),
        24 => {
            let (size, stride, dilation) =
                (1 + picks[2].index(4), 1 + usize::from(number % 3), 1 + usize::from(number / 3 % 2));
            let windows = Windows::along(shape.0[axis?], size, stride, dilation)?;
            if rank > 5 || shape.elements() * size > 4000 {
                return None;
            }
            builder.window(x, axis?, windows)
        }
        25 => {
            let (axis, stride, dilation) = (axis?, 1 + usize::from(number % 3), 1 + usize::from(number / 3 % 2));
            let [places, size] = [*shape.0.get(axis)?, *shape.0.get(axis + 1)?];
            let extent = (places - 1) * stride + (size - 1) * dilation + 1 + picks[2].index(3);
            builder.fold(x, axis, extent, stride, dilation)
        }
        26 if rank == 2 => {
            let fits = |node: &&NodeId| {
                builder.precision(**node) == builder.precision(x)
                    && builder.shape(**node).elements() * shape.0[1] <= 4000
            };
            let fits: Vec<NodeId> = nodes.iter().filter(fits).copied().collect();
            let other = *fits.get(picks[1].index(fits.len().max(1)))?;
            let scale = builder.constant(5.0, builder.shape(other).clone(), builder.precision(x));
            let numbers = builder.multiply(other, scale);
            builder.gather(x, numbers)
        }
        27 if rank >= 2 => {
            let leading = Shape::new(&shape.0[..rank - 1]);
            let numbers = builder.index(picks[1].index(rank - 1), leading, builder.precision(x));
            builder.scatter_add(x, numbers, 1 + usize::from(number % 6))
        }
        26 | 27 => return None,
        28 | 29 => {
            if shape.elements() > 600 || shape.0.last().is_some_and(|features| *features > 64) {
                return None;
            }
            recurrent(builder, x, usize::from(number))?
        }
        _ => builder.detach(x),
    })
}

fn random_graph(extents: [usize; 3], precision: Precision, draws: Vec<Draw>) -> (Graph, Vec<NodeId>) {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Role::Forward));
    let [a, b, c] = extents;
    let mut nodes = vec![
        builder.leaf(Leaf::Input, Shape::new([a, b]), precision),
        builder.leaf(Leaf::Target, Shape::new([a, b, c]), precision),
        builder.leaf(Leaf::Parameter(ParameterId::new(0)), Shape::new([b]), precision),
        builder.leaf(Leaf::Parameter(ParameterId::new(1)), Shape::new([c, b]), precision),
    ];
    for draw in draws {
        builder.set_origin(origin([Role::Forward, Role::Gradient, Role::Statistic][usize::from(draw.2) % 3]));
        nodes.extend(grow(&mut builder, &nodes, draw));
    }
    (graph, nodes)
}

fn extent() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![1, 2, 3, 4, 5, 8, 9, 17])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 350, ..ProptestConfig::default() })]

    #[test]
    fn a_program_computes_its_graph(
        extents in [extent(), extent(), extent()],
        long in prop::sample::select(vec![1_usize, 1, 1, 300, 600]),
        double: bool,
        draws in prop::collection::vec((0_u8..31, any::<[prop::sample::Index; 4]>(), any::<u8>()), 1..30),
        kept in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
    ) {
        let extents = if long > 1 { [long, extents[1].min(3), 1] } else { extents };
        let precision = if double { Precision::F64 } else { Precision::F32 };
        let (graph, nodes) = random_graph(extents, precision, draws);
        let mut keep: Vec<NodeId> = kept.iter().map(|pick| nodes[pick.index(nodes.len())]).collect();
        keep.extend(nodes.last());
        check(&graph, &keep)?;
    }
}

#[test]
fn an_index_seen_through_a_slice_begins_at_its_start() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Role::Forward));
    let x = builder.leaf(Leaf::Input, Shape::new([5]), Precision::F32);
    let index = builder.index(0, Shape::new([5]), Precision::F32);
    let scaled = builder.multiply(index, x);
    let slice = builder.slice(scaled, 0, 3, 2);
    let result = builder.unary(Unary::HyperbolicTangent, slice);
    check(&graph, &[result]).unwrap();
}

#[test]
fn of_two_zeros_the_left_is_the_larger() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Role::Forward));
    let x = builder.leaf(Leaf::Parameter(ParameterId::new(0)), Shape::new([64]), Precision::F32);
    let minus_zero = builder.constant(-0.0, Shape::new([64]), Precision::F32);
    let zeros = builder.multiply(x, minus_zero);
    let index = builder.index(0, Shape::new([1]), Precision::F32);
    let larger = builder.binary(Binary::Maximum, index, zeros);
    let smaller = builder.binary(Binary::Minimum, index, zeros);
    check(&graph, &[larger, smaller]).unwrap();
}

#[test]
fn a_part_that_nobody_reads_is_not_computed() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Role::Forward));
    let x = builder.leaf(Leaf::Input, Shape::new([17]), Precision::F32);
    let negated = builder.unary(Unary::Negate, x);
    let pair = builder.concat(&[x, x], 0);
    let second = builder.slice(pair, 0, 17, 17);
    let result = builder.multiply(second, negated);
    check(&graph, &[result]).unwrap();
    assert_eq!(lower(&graph, &[result]).unwrap().steps.len(), 1);
}

/// Dense layers of one width with tanh, half the squared sum of the last as the loss; the leaves' and pre-activations' gradients
/// are kept.
fn dense(layers: usize) -> (Graph, Vec<NodeId>) {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Role::Forward));
    let mut a = builder.leaf(Leaf::Input, Shape::new([20, 16]), Precision::F32);
    let mut wanted = Vec::new();
    for layer in 0..layers {
        let parameter = |number: usize| Leaf::Parameter(ParameterId::new(2 * layer + number));
        let weight = builder.leaf(parameter(0), Shape::new([16, 16]), Precision::F32);
        let bias = builder.leaf(parameter(1), Shape::new([16]), Precision::F32);
        let product = builder.linear(a, weight);
        let z = builder.add(product, bias);
        a = builder.unary(Unary::HyperbolicTangent, z);
        wanted.extend([weight, bias, z]);
    }
    let square = builder.multiply(a, a);
    let loss = builder.sum_all(square);
    let keep: Vec<NodeId> = differentiate(&mut graph, loss, &wanted).into_iter().flatten().collect();
    (graph, keep)
}

fn printed(program: &Program) -> String {
    print(program, &|layer| layer.to_string())
}

#[test]
fn a_dense_layer_is_a_product_and_one_loop_that_also_makes_the_derivative() {
    let (graph, keep) = dense(3);
    let text = printed(&lower(&graph, &keep).unwrap());
    let expected = "\
k1 = loop f32 over i < 20, j < 16
    x0 = $0[16 i + j]
    x1 = $1[j]
    v1 = x0 + x1
    $2[16 i + j] = tanh(v1)
    $3[16 i + j] = tanh_derivative(v1)
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_bias_gradient_is_summed_where_its_cotangent_is_made() {
    let (graph, keep) = dense(3);
    let text = printed(&lower(&graph, &keep).unwrap());
    let expected = "\
    y0 = x0 * x1
    $2[16 i + j] = y0
    $3 = sum over i in f32 of y0
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn equal_layers_share_their_kernels() {
    let kernels = |layers: usize| {
        let (graph, keep) = dense(layers);
        lower(&graph, &keep).unwrap().kernels.len()
    };
    assert_eq!(kernels(4), kernels(40));
}

#[test]
fn a_network_computes_the_same_fused_and_not() {
    let (graph, keep) = dense(4);
    check(&graph, &keep).unwrap();
}

#[test]
fn a_statistic_follows_its_tensor() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Role::Forward));
    let x = builder.leaf(Leaf::Input, Shape::new([8, 8]), Precision::F32);
    let mut tensors = vec![builder.product(x, x)];
    for _ in 0..20 {
        let next = builder.product(tensors[tensors.len() - 1], x);
        tensors.push(next);
    }
    builder.set_origin(origin(Role::Statistic));
    let keep: Vec<NodeId> = tensors.iter().map(|tensor| builder.sum_all(*tensor)).collect();
    let program = lower(&graph, &keep).unwrap();
    // x, two products at a time, and the sums: each tensor is gone when its sum and its successor are there
    assert!(program.memory_bytes <= 3 * 256 + 25 * ALIGNMENT, "{}", printed(&program));
    check(&graph, &keep).unwrap();
}

#[test]
fn long_chains_need_no_deep_recursion() {
    for kind in 0..3 {
        let mut graph = Graph::default();
        let mut builder = Builder::new(&mut graph, origin(Role::Forward));
        let x = builder.leaf(Leaf::Input, Shape::new([2, 3]), Precision::F64);
        let mut last = if kind == 2 { builder.unary(Unary::Negate, x) } else { x };
        for link in 0..20_000 {
            last = match (kind, link % 2) {
                (0, _) => builder.add(last, x),
                (1, _) => builder.unary(Unary::HyperbolicTangent, last),
                (_, 0) => builder.permute(last, &[1, 0]),
                (_, _) => builder.reshape(last, Shape::new([2, 3])),
            };
        }
        let program = lower(&graph, &[last]).unwrap();
        assert_eq!(verify(&program), Ok(()));
    }
}

#[test]
fn every_leaf_is_bound_though_nothing_reads_it() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Role::Forward));
    let x = builder.leaf(Leaf::Input, Shape::new([3]), Precision::F32);
    let unread = builder.leaf(Leaf::Target, Shape::new([1000]), Precision::F32);
    let program = lower(&graph, &[x]).unwrap();
    let bound: Vec<NodeId> = program.bindings.iter().map(|(node, _)| *node).collect();
    assert_eq!(bound, [x, unread]);
    assert!(program.steps.is_empty() && program.memory_bytes >= 4000);
}

#[test]
fn what_cannot_be_addressed_is_an_error_that_names_the_largest_tensor() {
    let leaf = |leaf: Leaf, shape: Shape| Node {
        op: Op::Leaf(leaf),
        inputs: Vec::new(),
        shape,
        precision: Precision::F64,
        origin: origin(Role::Forward),
    };
    let mut graph = Graph::default();
    graph.nodes.push(leaf(Leaf::Input, Shape::new([3])));
    let large = graph.nodes.push(leaf(Leaf::Target, Shape::new([1 << 32, 1 << 32])));
    assert_eq!(lower(&graph, &[]).unwrap_err(), TooLarge { node: large, bytes: 1 << 67 });

    let mut graph = Graph::default();
    for number in 0..5 {
        graph.nodes.push(leaf(Leaf::Parameter(ParameterId::new(number)), Shape::new([1 << 58])));
    }
    assert_eq!(lower(&graph, &[]).unwrap_err().bytes, 1 << 61);
}

/// Rows of a table, windows on them, and the gradients.
fn windows_and_rows() -> (Graph, Vec<NodeId>) {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Role::Forward));
    let table = builder.leaf(Leaf::Parameter(ParameterId::new(0)), Shape::new([7, 4]), Precision::F32);
    let numbers = builder.leaf(Leaf::Input, Shape::new([3, 6]), Precision::F32);
    let rows = builder.gather(table, numbers);
    let windows = builder.window(rows, 1, Windows { places: 2, size: 2, stride: 3, dilation: 2 });
    let turned = builder.permute(windows, &[3, 0, 1, 2]);
    let square = builder.multiply(turned, turned);
    let loss = builder.sum_all(square);
    let keep = differentiate(&mut graph, loss, &[table]).into_iter().flatten().collect();
    (graph, keep)
}

/// Every change of one number of a lowered program that could make compiled code leave its place.
#[test]
fn no_small_change_of_a_lowered_program_escapes() {
    for (graph, keep) in [dense(2), windows_and_rows()] {
        let sound = lower(&graph, &keep).unwrap();
        check(&graph, &keep).unwrap();
        no_small_change_escapes(&sound);
    }
}

fn no_small_change_escapes(sound: &Program) {
    assert_eq!(verify(sound), Ok(()));
    let mut escaped = Vec::new();
    let mut hold = |what: String, change: &dyn Fn(&mut Program)| {
        let mut program = sound.clone();
        change(&mut program);
        if verify(&program).is_ok() {
            escaped.push(what);
        }
    };
    for (id, buffer) in sound.buffers.iter_with_ids() {
        hold(format!("{id} unaligned"), &|program| program.buffers[id].offset += 4);
        hold(format!("{id} behind the memory"), &|program| program.buffers[id].offset = program.memory_bytes);
        hold(format!("{id} beyond all memory"), &|program| program.buffers[id].shape = Shape::new([usize::MAX, 2]));
        let is_used = sound.steps.iter().any(|step| step.arguments.contains(&id));
        if is_used {
            hold(format!("{id} one element short"), &|program| {
                program.buffers[id].shape = Shape::new([buffer.shape.elements() - 1]);
            });
            hold(format!("{id} in the other format"), &|program| {
                program.buffers[id].precision = match buffer.precision {
                    Precision::F32 => Precision::F64,
                    Precision::F64 => Precision::F32,
                };
            });
        }
    }
    for (position, step) in sound.steps.iter().enumerate() {
        let (reads, writes) = reads_and_writes(&sound.kernels[step.kernel]);
        let is_loop = matches!(sound.kernels[step.kernel], Kernel::Loop(_));
        hold(format!("step {position} without its last argument"), &|program| {
            _ = program.steps[position].arguments.pop();
        });
        for argument in 0..step.arguments.len() {
            hold(format!("argument {argument} of step {position} dangling"), &|program| {
                program.steps[position].arguments[argument] = BufferId::new(program.buffers.len());
            });
        }
        // Two results in one place; but for a loop, which may work in place, a result over an operand.
        for write in &writes {
            let others = writes.iter().chain(if is_loop { &[][..] } else { &reads[..] });
            for other in others.filter(|other| step.arguments[**other] != step.arguments[*write]) {
                hold(format!("step {position} writes {write} over {other}"), &|program| {
                    program.steps[position].arguments[*write] = program.steps[position].arguments[*other];
                });
            }
        }
    }
    for (id, kernel) in sound.kernels.iter_with_ids() {
        match kernel {
            Kernel::Loop(kernel) => {
                for axis in 0..kernel.extents.len() {
                    let mut change = |what: &str, change: &dyn Fn(&mut Loop)| {
                        hold(format!("{what} of axis {axis} of {id}"), &|program| {
                            let Kernel::Loop(kernel) = &mut program.kernels[id] else { panic!("it is a loop") };
                            change(kernel);
                        });
                    };
                    change("no extent", &|kernel| kernel.extents[axis] = 0);
                    change("a larger extent", &|kernel| kernel.extents[axis] *= 300);
                    change("an endless extent", &|kernel| kernel.extents[axis] = usize::MAX);
                    for input in 0..kernel.inputs.len() {
                        change("a load's longer stride", &|kernel| match &mut kernel.inputs[input] {
                            Input::Load(access) => access.strides[axis] += 1 << 40,
                            Input::Index(of) => *of += 9,
                        });
                    }
                    for store in 0..kernel.stores.len() {
                        change("a store's longer stride", &|kernel| {
                            kernel.stores[store].access.strides[axis] += 1 << 40;
                        });
                        change("a store's lost stride", &|kernel| kernel.stores[store].access.strides[axis] = 0);
                        change("a store's offset", &|kernel| kernel.stores[store].access.offset += 1);
                        change("a store's result", &|kernel| kernel.stores[store].result += 99);
                    }
                    for reduction in 0..kernel.reductions.len() {
                        change("a reduction's place", &|kernel| kernel.reductions[reduction].into += 99);
                        change("a reduction's result", &|kernel| kernel.reductions[reduction].result += 99);
                    }
                }
            }
            Kernel::Product(_) => {
                let mut change = |what: &str, change: &dyn Fn(&mut Product)| {
                    hold(format!("{what} of {id}"), &|program| {
                        let Kernel::Product(kernel) = &mut program.kernels[id] else { panic!("it is a product") };
                        change(kernel);
                    });
                };
                change("more rows", &|kernel| kernel.m += 1);
                change("more columns", &|kernel| kernel.n += 1);
                change("more terms", &|kernel| kernel.k += 1);
                change("more matrices", &|kernel| kernel.batch += 1);
                change("no rows", &|kernel| kernel.m = 0);
                change("a later left matrix", &|kernel| kernel.left.offset += 1);
                change("a later right matrix", &|kernel| kernel.right.offset += 1);
                change("longer rows", &|kernel| kernel.left.row += 1);
                change("longer columns", &|kernel| kernel.right.column += 1);
                change("rows beyond all memory", &|kernel| kernel.left.row = usize::MAX);
            }
            Kernel::Fold(fold) => {
                let mut change = |what: &str, change: &dyn Fn(&mut Fold)| {
                    hold(format!("{what} of {id}"), &|program| {
                        let Kernel::Fold(kernel) = &mut program.kernels[id] else { panic!("it is a fold") };
                        change(kernel);
                    });
                };
                change("more places", &|kernel| kernel.windows.places += 1);
                change("larger windows", &|kernel| kernel.windows.size += 1);
                change("no places", &|kernel| kernel.windows.places = 0);
                change("longer steps", &|kernel| kernel.windows.stride += 4);
                change("no steps", &|kernel| kernel.windows.dilation = 0);
                change("a longer axis", &|kernel| kernel.extent += 1);
                change("a later beginning", &|kernel| kernel.offset += 1);
                change("places beyond all memory", &|kernel| kernel.place = usize::MAX);
                change("elements further apart", &|kernel| kernel.element += 1);
                for axis in 0..fold.outer.len() {
                    change("a longer outer axis", &|kernel| kernel.outer[axis].0 += 1);
                    change("a longer outer stride", &|kernel| kernel.outer[axis].1 += 1);
                }
                for axis in 0..fold.inner.len() {
                    change("a longer inner axis", &|kernel| kernel.inner[axis].0 += 1);
                    change("a longer inner stride", &|kernel| kernel.inner[axis].1 += 1 << 40);
                }
            }
            Kernel::Gather(_) | Kernel::ScatterAdd(_) => {
                let mut change = |what: &str, change: &dyn Fn(&mut Rows)| {
                    hold(format!("{what} of {id}"), &|program| {
                        let (Kernel::Gather(kernel) | Kernel::ScatterAdd(kernel)) = &mut program.kernels[id] else {
                            panic!("it is about rows")
                        };
                        change(kernel);
                    });
                };
                change("more rows", &|kernel| kernel.rows += 1);
                change("wider rows", &|kernel| kernel.width += 1);
                change("more numbers", &|kernel| kernel.count += 1);
                change("no rows", &|kernel| kernel.rows = 0);
            }
            Kernel::Combine(_) | Kernel::Histogram(_) | Kernel::Scan(_) => {}
        }
    }
    assert_eq!(escaped, Vec::<String>::new());
}

/// A recurrent layer and its gradient over so many steps of time.
fn recurrence(times: usize) -> (Graph, Vec<NodeId>) {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Role::Forward));
    let x = builder.leaf(Leaf::Input, Shape::new([times, 2, 3]), Precision::F32);
    let weight = builder.leaf(Leaf::Parameter(ParameterId::new(0)), Shape::new([3, 3]), Precision::F32);
    let initial = builder.constant(0.0, Shape::new([2, 3]), Precision::F32);
    let recurrence = Recurrence { initial, sequences: &[x], constants: &[weight], times, reverse: false };
    let states = builder.scan(recurrence, |body, step| {
        let carried = body.linear(step.state, step.constants[0]);
        let z = body.add(carried, step.sequences[0]);
        body.unary(Unary::HyperbolicTangent, z)
    });
    let loss = builder.sum_all(states);
    let keep: Vec<NodeId> = differentiate(&mut graph, loss, &[x, weight, states]).into_iter().flatten().collect();
    let (graph, places) = simplify(&graph, &keep);
    let keep = keep.into_iter().map(|id| places[id].unwrap()).collect();
    (graph, keep)
}

#[test]
fn two_thousand_steps_of_time_are_the_kernels_of_twenty() {
    let size = |times: usize| {
        let (graph, keep) = recurrence(times);
        let program = lower(&graph, &keep).unwrap();
        let printed_lines = printed(&program).lines().count();
        (program.kernels.len(), program.steps.len(), program.buffers.len(), printed_lines)
    };
    assert_eq!(size(2000), size(20));
}

#[test]
fn a_recurrence_is_two_loops_over_time_and_large_products_outside() {
    let (graph, keep) = recurrence(50);
    let program = lower(&graph, &keep).unwrap();
    let scans = program.kernels.iter().filter(|kernel| matches!(kernel, Kernel::Scan(_))).count();
    assert_eq!(scans, 2, "forward and back");
    let products: Vec<usize> = program
        .kernels
        .iter()
        .filter_map(|kernel| match kernel {
            Kernel::Product(product) => Some(product.batch * product.m * product.n * product.k),
            _ => None,
        })
        .collect();
    // the pre-activations of all steps once more, and the gradient of the weight
    assert_eq!(products, [50 * 2 * 3 * 3; 2]);
}

#[test]
fn a_printed_recurrence_shows_its_body() {
    let (graph, keep) = recurrence(20);
    let text = printed(&lower(&graph, &keep).unwrap());
    let start = text.find("scan f32").unwrap();
    let expected = "scan f32 over t < 20
    $3[0..] = $0[0..]
    b0 = $3[6 t..]
    b1 = $1[6 t..]
    b2 = $2[0..]
    $3[6 t + 6..] = b3
    where in $4
        memory 256 bytes
            b0 at 64: f32[2, 3]   # n0
            b1 at 128: f32[2, 3]   # n1
            b2 at 0: f32[3, 3]   # n2
            b3 at 192: f32[2, 3]   # n6
            b4 at 192: f32[2, 3]

        k0 = product f32 over i < 2, j < 3
            $2[3 i + j] = sum over k < 3 of $0[3 i + k] * $1[k + 3 j]

        k1 = loop f32 over i < 6
            x0 = $0[i]
            x1 = $1[i]
            $2[i] = tanh(x0 + x1)

        steps
            k0(b0, b2, b4)
            k1(b4, b1, b3)
";
    assert_eq!(&text[start..start + expected.len().min(text.len() - start)], expected);
}

#[test]
fn no_small_change_of_a_recurrence_escapes() {
    let (graph, keep) = recurrence(7);
    let sound = lower(&graph, &keep).unwrap();
    assert_eq!(verify(&sound), Ok(()));
    let mut escaped = Vec::new();
    for (id, kernel) in sound.kernels.iter_with_ids() {
        let Kernel::Scan(kernel) = kernel else { continue };
        let mut change = |what: &str, change: &dyn Fn(&mut Scan)| {
            let mut program = sound.clone();
            let Kernel::Scan(kernel) = &mut program.kernels[id] else { panic!("it is a recurrence") };
            change(kernel);
            if verify(&program).is_ok() {
                escaped.push(format!("{what} of {id}"));
            }
        };
        let body = |kernel: &mut Scan, change: &dyn Fn(&mut Program)| {
            let mut program = Program::clone(&kernel.program);
            change(&mut program);
            kernel.program = Arc::new(program);
        };
        change("no steps", &|kernel| kernel.times = 0);
        change("more steps", &|kernel| kernel.times += 1);
        change("endless steps", &|kernel| kernel.times = usize::MAX);
        change("a larger state", &|kernel| kernel.state += 1);
        change("no state", &|kernel| kernel.state = 0);
        change("the other format", &|kernel| kernel.precision = Precision::F64);
        change("no result", &|kernel| kernel.result = BufferId::new(99));
        change("a result of another size", &|kernel| kernel.result = kernel.inputs.last().unwrap().buffer.unwrap());
        change("an unsound body", &|kernel| body(kernel, &|program| program.memory_bytes = 64));
        change("a body that needs more memory", &|kernel| body(kernel, &|program| program.memory_bytes += 64));
        for input in 0..kernel.inputs.len() {
            change("an input that begins later", &|kernel| kernel.inputs[input].offset += 1 << 20);
            change("an input beyond all memory", &|kernel| kernel.inputs[input].offset = usize::MAX);
            change("a dangling input", &|kernel| kernel.inputs[input].buffer = Some(BufferId::new(99)));
            if input > 0 {
                change("a longer stride", &|kernel| kernel.inputs[input].stride += 1);
                change("an endless stride", &|kernel| kernel.inputs[input].stride = usize::MAX);
                change("one buffer for two", &|kernel| kernel.inputs[input].buffer = kernel.inputs[0].buffer);
            }
            let given = kernel.inputs[input].buffer.unwrap();
            change("a body that writes what it is given", &|kernel| {
                let (state, initial) = (kernel.state, kernel.inputs[0].buffer.unwrap());
                body(kernel, &|program| {
                    // of equal size, so that nothing else is wrong
                    let target = if program.buffers[given].shape.elements() == state { given } else { initial };
                    let last = program.steps.last_mut().unwrap();
                    *last.arguments.last_mut().unwrap() = target;
                });
            });
        }
    }
    assert_eq!(escaped, Vec::<String>::new());
}
