//! The value of every node by the plainest loops there are: what the derivatives, the rewrites and the kernels are tested against.
//!
//! Invariant: numbers are those of the node's precision and operations are those of the numeric contract (products as one chain of
//! fused multiply-adds, reductions in chunks and lanes), so a kernel for a reduction over neighbouring axes gives the same bits.

use super::{Combine, DECADES_F32, DECADES_F64, Graph, Leaf, Node, NodeId, Op, Scan, row_number};
use crate::arena::IdVec;
use crate::shape::{Precision, Shape};

/// Elements per chunk of a reduction (the numeric contract).
const CHUNK: usize = 256;
/// Lanes per chunk.
const LANES: usize = 8;

/// The elements of every node, row-major; an f32 node's as the f64 of the same value. `leaf` gives the contents of each leaf.
///
/// # Panics
/// Where a leaf's contents have another length than its shape.
#[must_use]
pub fn evaluate(graph: &Graph, leaf: impl FnMut(Leaf) -> Vec<f64>) -> IdVec<NodeId, Vec<f64>> {
    evaluate_adjusted(graph, leaf, |_, _| ())
}

/// The same, with every node's elements handed to `adjust` before others see them: how the loss depends on an inner node.
///
/// # Panics
/// Where a leaf's contents have another length than its shape.
#[must_use]
pub fn evaluate_adjusted(
    graph: &Graph,
    mut leaf: impl FnMut(Leaf) -> Vec<f64>,
    mut adjust: impl FnMut(NodeId, &mut Vec<f64>),
) -> IdVec<NodeId, Vec<f64>> {
    let mut values: IdVec<NodeId, Vec<f64>> = IdVec::new();
    for (id, node) in graph.nodes.iter_with_ids() {
        let mut value = value_of(graph, node, &values, &mut leaf);
        adjust(id, &mut value);
        if node.precision == Precision::F32 {
            for number in &mut value {
                *number = f64::from(*number as f32);
            }
        }
        assert_eq!(value.len(), node.shape.elements(), "a node has the elements of its shape");
        values.push(value);
    }
    values
}

fn value_of(
    graph: &Graph,
    node: &Node,
    values: &IdVec<NodeId, Vec<f64>>,
    leaf: &mut impl FnMut(Leaf) -> Vec<f64>,
) -> Vec<f64> {
    let input = |position: usize| &values[node.inputs[position]];
    let input_shape = |position: usize| graph.shape(node.inputs[position]);
    let gather = |place: &dyn Fn(&[usize]) -> usize| points(&node.shape).map(|at| input(0)[place(&at)]).collect();
    match &node.op {
        Op::Leaf(which) => leaf(*which),
        Op::Constant(number) => vec![number.value(); node.shape.elements()],
        Op::Index { axis } => points(&node.shape).map(|at| at[*axis] as f64).collect(),
        Op::Map(function) => points(&node.shape)
            .map(|at| {
                let arguments: Vec<f64> = (0..node.inputs.len())
                    .map(|position| input(position)[repeated_place(input_shape(position), &at)])
                    .collect();
                match node.precision {
                    Precision::F64 => function.evaluate(&arguments)[0],
                    Precision::F32 => {
                        let arguments: Vec<f32> = arguments.iter().map(|number| *number as f32).collect();
                        f64::from(function.evaluate(&arguments)[0])
                    }
                }
            })
            .collect(),
        Op::Product => product(input(0), input(1), input_shape(0), &node.shape, node.precision),
        Op::Reduce { combine, axes, accumulator } => {
            let from = input_shape(0);
            let mut groups: Vec<Vec<f64>> = vec![Vec::new(); node.shape.elements()];
            for (at, number) in points(from).zip(input(0)) {
                let kept: Vec<usize> =
                    at.iter().enumerate().map(|(axis, index)| if axes.contains(&axis) { 0 } else { *index }).collect();
                groups[repeated_place(&node.shape, &kept)].push(*number);
            }
            groups.iter().map(|group| combined(*combine, group, *accumulator)).collect()
        }
        Op::Broadcast => gather(&|at| repeated_place(input_shape(0), at)),
        Op::Reshape | Op::Detach => input(0).clone(),
        Op::Permute { axes } => gather(&|at| {
            let mut from = vec![0; at.len()];
            axes.iter().zip(at).for_each(|(axis, index)| from[*axis] = *index);
            repeated_place(input_shape(0), &from)
        }),
        Op::Slice { axis, start } => gather(&|at| {
            let mut from = at.to_vec();
            from[*axis] += start;
            repeated_place(input_shape(0), &from)
        }),
        Op::Pad { axis, before } => points(&node.shape)
            .map(|mut at| {
                let inside = at[*axis].checked_sub(*before).filter(|index| *index < input_shape(0).0[*axis]);
                inside.map_or(0.0, |index| {
                    at[*axis] = index;
                    input(0)[repeated_place(input_shape(0), &at)]
                })
            })
            .collect(),
        Op::Concat { axis } => points(&node.shape)
            .map(|mut at| {
                let mut position = 0;
                while at[*axis] >= input_shape(position).0[*axis] {
                    at[*axis] -= input_shape(position).0[*axis];
                    position += 1;
                }
                input(position)[repeated_place(input_shape(position), &at)]
            })
            .collect(),
        Op::Window { axis, stride, dilation } => gather(&|at| {
            let mut from = at.to_vec();
            let within = from.remove(axis + 1);
            from[*axis] = from[*axis] * stride + within * dilation;
            repeated_place(input_shape(0), &from)
        }),
        Op::Fold { axis, stride, dilation } => {
            let mut windows: Vec<(Vec<usize>, f64)> = points(input_shape(0)).zip(input(0).iter().copied()).collect();
            windows.sort_by_key(|(at, _)| at[axis + 1]);
            let mut sums = vec![0.0; node.shape.elements()];
            for (mut at, number) in windows {
                let within = at.remove(axis + 1);
                at[*axis] = at[*axis] * stride + within * dilation;
                let sum = &mut sums[repeated_place(&node.shape, &at)];
                *sum = combined(Combine::Sum, &[*sum, number], node.precision);
            }
            sums
        }
        Op::Gather => {
            let (rows, width) = (input_shape(0).0[0], input_shape(0).0[1]);
            let places = input(1).iter().map(|number| row_number(*number, rows) * width);
            places.flat_map(|place| input(0)[place..place + width].iter().copied()).collect()
        }
        Op::ScatterAdd => {
            let (rows, width) = (node.shape.0[0], node.shape.0[1]);
            let mut table = vec![0.0; rows * width];
            for (row, number) in input(0).chunks(width).zip(input(1)) {
                let place = row_number(*number, rows) * width;
                for (sum, number) in table[place..].iter_mut().zip(row) {
                    *sum = combined(Combine::Sum, &[*sum, *number], node.precision);
                }
            }
            table
        }
        Op::Histogram => histogram(input(0), graph.precision(node.inputs[0])),
        Op::Scan(recurrence) => {
            scan(recurrence, node, &node.inputs.iter().map(|input| &values[*input]).collect::<Vec<_>>())
        }
    }
}

/// Every state of a recurrence, step by step.
fn scan(scan: &Scan, node: &Node, inputs: &[&Vec<f64>]) -> Vec<f64> {
    let (times, rows) = (node.shape.0[0] - 1, node.shape.0[1]);
    let (body, result) = scan.body_at(rows);
    let mut states = vec![Vec::new(); times + 1];
    states[scan.first(times)].clone_from(inputs[0]);
    for step in 0..times {
        let time = if scan.reverse { times - 1 - step } else { step };
        let argument = |leaf| {
            let Leaf::Argument(argument) = leaf else { panic!("a body's leaves are its arguments") };
            match argument {
                0 => states[time + scan.before()].clone(),
                _ if argument <= scan.sequences => {
                    let length = inputs[argument].len() / times;
                    inputs[argument][time * length..][..length].to_vec()
                }
                _ => inputs[argument].clone(),
            }
        };
        let values = evaluate(&body, argument);
        states[time + scan.after()].clone_from(&values[result]);
    }
    states.concat()
}

/// Every index of a shape, row-major.
fn points(shape: &Shape) -> impl Iterator<Item = Vec<usize>> + use<> {
    let (extents, strides) = (shape.0.clone(), shape.strides());
    (0..shape.elements())
        .map(move |element| extents.iter().zip(&strides).map(|(extent, stride)| element / stride % extent).collect())
}

/// The row-major place of an index, which repeats along axes of extent 1.
fn repeated_place(shape: &Shape, at: &[usize]) -> usize {
    let along = shape.0.iter().zip(at).zip(shape.strides());
    along.map(|((extent, index), stride)| if *extent == 1 { 0 } else { index * stride }).sum()
}

fn product(left: &[f64], right: &[f64], left_shape: &Shape, shape: &Shape, precision: Precision) -> Vec<f64> {
    let [.., m, k] = left_shape.0[..] else { panic!("a product is of matrices") };
    let n = *shape.0.last().expect("a product is a matrix");
    let element = |place: usize| {
        let (matrix, row, column) = (place / (m * n), place / n % m, place % n);
        let terms =
            (0..k).map(|inner| (left[(matrix * m + row) * k + inner], right[(matrix * k + inner) * n + column]));
        match precision {
            Precision::F64 => terms.fold(0.0, |sum, (a, b)| a.mul_add(b, sum)),
            Precision::F32 => f64::from(terms.fold(0.0_f32, |sum, (a, b)| (a as f32).mul_add(b as f32, sum))),
        }
    };
    (0..shape.elements()).map(element).collect()
}

/// The fixed reduction: lanes in order within a chunk, then lanes pairwise, then chunks pairwise, an odd one carried up.
fn combined(combine: Combine, numbers: &[f64], precision: Precision) -> f64 {
    let one = |a: f64, b: f64| match (combine, precision) {
        (Combine::Sum, Precision::F64) => a + b,
        (Combine::Sum, Precision::F32) => f64::from(a as f32 + b as f32),
        (Combine::Maximum, _) => {
            if a.is_nan() || b.is_nan() {
                f64::NAN
            } else if a < b {
                b
            } else {
                a
            }
        }
    };
    let start = match combine {
        Combine::Sum => 0.0,
        Combine::Maximum => f64::NEG_INFINITY,
    };
    let level: Vec<f64> = numbers
        .chunks(CHUNK)
        .map(|chunk| {
            let mut lanes = vec![start; LANES];
            chunk
                .iter()
                .enumerate()
                .for_each(|(index, number)| lanes[index % LANES] = one(lanes[index % LANES], *number));
            pairwise(lanes, one)
        })
        .collect();
    pairwise(level, one)
}

fn pairwise(mut level: Vec<f64>, combine: impl Fn(f64, f64) -> f64) -> f64 {
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| if let [a, b] = pair { combine(*a, *b) } else { pair[0] }).collect();
    }
    level[0]
}

/// Counts by decade. All digits of the number are written out, so the exponent is the decade of its exact value.
fn histogram(numbers: &[f64], precision: Precision) -> Vec<f64> {
    /// No f64 has more significant decimal digits.
    const ALL_DIGITS: usize = 800;
    let (first, decades) = match precision {
        Precision::F32 => DECADES_F32,
        Precision::F64 => DECADES_F64,
    };
    let mut counts = vec![0.0; decades];
    for number in numbers.iter().filter(|number| number.is_finite() && **number != 0.0) {
        let written = format!("{:.ALL_DIGITS$e}", number.abs());
        let (_, exponent) = written.split_once('e').expect("scientific notation has an exponent");
        let decade: i32 = exponent.parse().expect("an exponent is an integer");
        counts[(decade - first) as usize] += 1.0;
    }
    counts
}
