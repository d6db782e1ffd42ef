//! Compiled programs against the interpreter, bit for bit: every operation, format, way through memory, extents around the
//! edges of vectors and chunks, one thread and two, with and without what the processor has.

use super::{CompiledProgram, Features, Threads, clif_text, compile};
use crate::arena::{Id, IdVec};
use crate::graph::tests::recurrent;
use crate::graph::{Builder, Combine, Graph, Leaf, NodeId, Origin, Role, Windows, differentiate, simplify};
use crate::kernel::interpret::interpret;
use crate::kernel::lower;
use crate::kernel::memory::Memory;
use crate::kernel::{
    ALIGNMENT, Access, Buffer, BufferId, CHUNK, CombinePartials, Fold, Histogram, Input, Kernel, KernelId, LANES, Loop,
    Matrix, Over, Product, Program, Reduction, Rows, Step, Store,
};
use crate::scalar::{Binary, Comparison, Function, Unary, ValueId};
use crate::shape::{Precision, Shape};
use crate::source::{SourceId, Span};
use proptest::prelude::*;
use std::num::NonZero;
use std::sync::{Arc, LazyLock};

const FEATURES: [Features; 3] = [
    Features { wide: true, native: true },
    Features { wide: false, native: true },
    Features { wide: false, native: false },
];

static PAIR: LazyLock<Threads> = LazyLock::new(|| Threads::new(NonZero::new(2).unwrap()).unwrap());

const SPECIAL: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    1e-40,
    -1e-310,
    f64::MAX,
    f32::MAX as f64,
    f32::MIN_POSITIVE as f64,
    0.5,
    -2.5,
    88.5,
    1e7,
];

/// Builds a program of one memory, step by step.
#[derive(Default)]
struct Draft {
    buffers: IdVec<BufferId, Buffer>,
    kernels: IdVec<KernelId, Kernel>,
    steps: Vec<Step>,
    bytes: usize,
}

impl Draft {
    fn buffer(&mut self, elements: usize, precision: Precision) -> BufferId {
        let offset = self.bytes;
        self.bytes += (elements * precision.bytes()).next_multiple_of(ALIGNMENT);
        self.buffers.push(Buffer { shape: Shape::new([elements]), precision, offset })
    }

    fn step(&mut self, kernel: Kernel, arguments: Vec<BufferId>) {
        let kernel = self.kernels.push(kernel);
        let source = SourceId::new(0);
        let span = Span { source, start: 0, end: 0 };
        let origin = Origin { layer: None, span, role: Role::Forward };
        self.steps.push(Step { kernel, arguments, origin });
    }

    fn finish(self) -> Program {
        let Self { buffers, kernels, steps, bytes } = self;
        Program { buffers, kernels, steps, memory_bytes: bytes, bindings: Vec::new() }
    }
}

/// A memory whose every number is arbitrary, special ones among them.
fn filled(program: &Program, seed: u64) -> Memory {
    let mut memory = Memory::new(program).unwrap();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut number = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 23 {
            0 => SPECIAL[(state >> 40) as usize % SPECIAL.len()],
            1 => f64::from_bits(state.rotate_left(31)),
            2 => f64::from(f32::from_bits(state.rotate_left(23) as u32)),
            _ => ((state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0) * 4.0,
        }
    };
    for buffer in &program.buffers {
        match buffer.precision {
            Precision::F32 => memory.view_mut::<f32>(buffer).fill_with(|| number() as f32),
            Precision::F64 => memory.view_mut::<f64>(buffer).fill_with(&mut number),
        }
    }
    memory
}

/// The bits of every number, the same for every NaN.
fn bits(program: &Program, memory: &Memory) -> Vec<Vec<u64>> {
    let canonical = |number: f64| if number.is_nan() { u64::MAX } else { number.to_bits() };
    let read = |buffer: &Buffer| match buffer.precision {
        Precision::F32 => memory.view::<f32>(buffer).iter().map(|number| canonical(f64::from(*number))).collect(),
        Precision::F64 => memory.view::<f64>(buffer).iter().map(|number| canonical(*number)).collect(),
    };
    program.buffers.iter().map(read).collect()
}

fn compiled(program: &Program, features: Features) -> CompiledProgram {
    compile(program, &features).unwrap_or_else(|error| panic!("{error}\n{program:#?}"))
}

/// Runs the program every way there is.
fn check(program: &Program, seed: u64) {
    let mut memory = filled(program, seed);
    interpret(program, &mut memory);
    let expected = bits(program, &memory);
    for features in FEATURES {
        let compiled = compiled(program, features);
        for threads in [&Threads::one(), &*PAIR] {
            let mut memory = filled(program, seed);
            compiled.run_sharing_from(0, &mut memory, threads);
            for (buffer, (expected, found)) in expected.iter().zip(bits(program, &memory)).enumerate() {
                if let Some(place) = (0..expected.len()).find(|place| expected[*place] != found[*place]) {
                    panic!(
                        "element {place} of buffer {buffer} is {:e}, not {:e}, with {features:?} on {} threads\n{}",
                        f64::from_bits(found[place]),
                        f64::from_bits(expected[place]),
                        threads.count(),
                        clif_text(program, &features).unwrap(),
                    );
                }
            }
        }
    }
}

// ── loops ──

/// How an input or store walks through its buffer.
#[derive(Clone, Copy, Debug)]
enum Path {
    Contiguous,
    /// The same along the last axis.
    ByRow,
    /// The same in every row.
    ByColumn,
    /// Everywhere the same.
    Scalar,
    /// Every other element.
    Strided,
    /// The axes in reverse order.
    Transposed,
}

fn access(
    draft: &mut Draft,
    arguments: &mut Vec<BufferId>,
    extents: &[usize],
    path: Path,
    precision: Precision,
) -> Access {
    let natural = Shape::new(extents).strides();
    let last = extents.len() - 1;
    let offset = arguments.len() % 3;
    let strides: Vec<usize> = match path {
        Path::Contiguous => natural,
        Path::ByRow => {
            natural.iter().enumerate().map(|(axis, stride)| if axis == last { 0 } else { *stride }).collect()
        }
        Path::ByColumn => (0..=last).map(|axis| usize::from(axis == last)).collect(),
        Path::Scalar => vec![0; extents.len()],
        Path::Strided => natural.iter().map(|stride| 2 * stride).collect(),
        Path::Transposed => {
            let reversed: Vec<usize> = extents.iter().rev().copied().collect();
            Shape::new(reversed).strides().into_iter().rev().collect()
        }
    };
    let end = offset + extents.iter().zip(&strides).map(|(extent, stride)| (extent - 1) * stride).sum::<usize>() + 1;
    arguments.push(draft.buffer(end, precision));
    Access { argument: arguments.len() - 1, offset, strides, precision }
}

const UNARIES: [Unary; 21] = [
    Unary::Negate,
    Unary::Absolute,
    Unary::Sign,
    Unary::SquareRoot,
    Unary::Exponential,
    Unary::ExponentialMinusOne,
    Unary::Logarithm,
    Unary::LogarithmOnePlus,
    Unary::Sine,
    Unary::Cosine,
    Unary::Tangent,
    Unary::HyperbolicTangent,
    Unary::Sigmoid,
    Unary::Softplus,
    Unary::ErrorFunction,
    Unary::ErrorFunctionComplement,
    Unary::Floor,
    Unary::Ceiling,
    Unary::Round,
    Unary::SigmoidDerivative,
    Unary::HyperbolicTangentDerivative,
];

const BINARIES: [Binary; 7] =
    [Binary::Add, Binary::Subtract, Binary::Multiply, Binary::Divide, Binary::Minimum, Binary::Maximum, Binary::Power];

const COMPARISONS: [Comparison; 4] = [Comparison::Less, Comparison::LessEqual, Comparison::Equal, Comparison::NotEqual];

/// A function of `arity` numbers: each word applies an operation to earlier values.
fn body(arity: usize, words: &[[u8; 4]], results: usize) -> Function {
    Function::build(arity, |builder, arguments| {
        let mut numbers = arguments.to_vec();
        numbers.extend([0.0, -1.5, f64::NAN].map(|value| builder.constant(value)));
        let mut truths = vec![];
        for [op, a, b, c] in words {
            let pick = |values: &[ValueId], index: u8| values[values.len() - 1 - usize::from(index) % values.len()];
            let (x, y) = (pick(&numbers, *a), pick(&numbers, *b));
            if truths.is_empty() {
                truths.push(builder.compare(Comparison::Less, x, y));
            }
            let (p, q) = (pick(&truths, *b), pick(&truths, *c));
            match *op {
                0..UNARY => numbers.push(builder.unary(UNARIES[usize::from(*op)], x)),
                UNARY..BINARY => numbers.push(builder.binary(BINARIES[usize::from(*op - UNARY)], x, y)),
                BINARY..COMPARISON => {
                    truths.push(builder.compare(COMPARISONS[usize::from(*op - BINARY)], x, y));
                }
                _ => match op % 4 {
                    0 => truths.push(builder.and(p, q)),
                    1 => truths.push(builder.or(p, q)),
                    2 => truths.push(builder.not(p)),
                    _ => numbers.push(builder.select(p, x, y)),
                },
            }
        }
        (0..results).map(|result| numbers[numbers.len() - 1 - result % numbers.len()]).collect()
    })
}

const UNARY: u8 = UNARIES.len() as u8;
const BINARY: u8 = UNARY + BINARIES.len() as u8;
const COMPARISON: u8 = BINARY + COMPARISONS.len() as u8;
/// One past the operations that `body` knows.
const OPERATIONS: u8 = COMPARISON + 4;

/// A loop to be made.
#[derive(Clone, Debug)]
struct Case {
    extents: Vec<usize>,
    precision: Precision,
    inputs: Vec<(Path, Precision)>,
    index: Option<usize>,
    words: Vec<[u8; 4]>,
    stores: Vec<Path>,
    /// Stores where the first contiguous input of the loop's precision is loaded.
    in_place: bool,
    /// What combines, and whether in f64.
    reductions: Vec<(Combine, bool)>,
    over: Over,
}

fn program(case: &Case) -> Program {
    let Case { extents, precision, .. } = case;
    let mut draft = Draft::default();
    let mut arguments = Vec::new();
    let mut inputs: Vec<Input> = case
        .inputs
        .iter()
        .map(|(path, format)| Input::Load(access(&mut draft, &mut arguments, extents, *path, *format)))
        .collect();
    inputs.extend(case.index.map(|axis| Input::Index(axis % extents.len())));
    let results = case.stores.len() + 1 + case.reductions.len();
    let body = body(inputs.len(), &case.words, results);
    let mut stores: Vec<Store> = case
        .stores
        .iter()
        .enumerate()
        .map(|(result, path)| Store { result, access: access(&mut draft, &mut arguments, extents, *path, *precision) })
        .collect();
    if case.in_place {
        let place = inputs.iter().zip(&case.inputs).find_map(|(input, (path, format))| match (input, path) {
            (Input::Load(access), Path::Contiguous | Path::Strided) if format == precision => Some(access.clone()),
            (Input::Load(_) | Input::Index(_), _) => None,
        });
        stores.extend(place.map(|access| Store { result: case.stores.len(), access }));
    }
    let (reduced, kept) = match case.over {
        Over::Inner => (extents[extents.len() - 1], &extents[..extents.len() - 1]),
        Over::Outer => (extents[0], &extents[1..]),
    };
    let (chunks, kept) = (reduced.div_ceil(CHUNK), kept.iter().product::<usize>());
    let mut partials = Vec::new();
    let reductions: Vec<Reduction> = case
        .reductions
        .iter()
        .enumerate()
        .map(|(number, (combine, wide))| {
            let accumulator = if *wide { Precision::F64 } else { *precision };
            let lanes = if case.over == Over::Inner { 1 } else { LANES };
            arguments.push(draft.buffer(kept * chunks * lanes, accumulator));
            partials.push((*combine, accumulator, lanes, arguments[arguments.len() - 1]));
            Reduction {
                result: case.stores.len() + 1 + number,
                combine: *combine,
                accumulator,
                into: arguments.len() - 1,
            }
        })
        .collect();
    let (over, body) = (if reductions.is_empty() { Over::Inner } else { case.over }, Arc::new(body));
    let kernel = Loop { precision: *precision, extents: extents.clone(), inputs, body, stores, reductions, over };
    if kernel.stores.is_empty() && kernel.reductions.is_empty() {
        return draft.finish();
    }
    draft.step(Kernel::Loop(kernel), arguments);
    for (combine, precision, lanes, from) in partials {
        let (outer, inner) = if lanes == 1 { (kept, 1) } else { (1, kept) };
        let result = draft.buffer(kept, precision);
        let kernel = CombinePartials { combine, precision, outer, chunks, lanes, inner };
        draft.step(Kernel::Combine(kernel), vec![from, result]);
    }
    draft.finish()
}

fn precision() -> impl Strategy<Value = Precision> {
    prop_oneof![Just(Precision::F32), Just(Precision::F64)]
}

fn path() -> impl Strategy<Value = Path> {
    use Path::{ByColumn, ByRow, Contiguous, Scalar, Strided, Transposed};
    prop_oneof![4 => Just(Contiguous), 1 => prop::sample::select(vec![ByRow, ByColumn, Scalar, Strided, Transposed])]
}

/// Extents around the edges of vectors, lanes and chunks.
fn extents() -> impl Strategy<Value = Vec<usize>> {
    let edge = || prop::sample::select(vec![1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 30, 33]);
    let long = || prop::sample::select(vec![255, 256, 257, 511, 520, 1000, 1030]);
    prop_oneof![
        4 => prop::collection::vec(edge(), 1..4),
        2 => (prop::collection::vec(1_usize..4, 0..2), long()).prop_map(|(mut axes, last)| { axes.push(last); axes }),
        2 => (long(), prop::collection::vec(1_usize..6, 0..3)).prop_map(|(first, mut axes)| { axes.insert(0, first); axes }),
        1 => Just(vec![8195]),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let store = prop::sample::select(vec![Path::Contiguous, Path::Contiguous, Path::Strided, Path::Transposed]);
    let combine = prop_oneof![Just(Combine::Sum), Just(Combine::Maximum)];
    (
        (extents(), precision(), prop::collection::vec((path(), precision()), 0..4), prop::option::of(0_usize..3)),
        prop::collection::vec(prop::array::uniform4(0..OPERATIONS), 0..12),
        (prop::collection::vec(store, 0..3), any::<bool>(), prop::collection::vec((combine, any::<bool>()), 0..3)),
        prop_oneof![Just(Over::Inner), Just(Over::Outer)],
    )
        .prop_map(|((extents, precision, inputs, index), words, (stores, in_place, reductions), over)| Case {
            extents,
            precision,
            inputs,
            index,
            words,
            stores,
            in_place,
            reductions,
            over,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn loops_give_the_interpreters_bits(case in case(), seed: u64) {
        check(&program(&case), seed);
    }
}

/// A loop of one kind over `extents`, in every precision.
fn each_precision(extents: &[usize], mut change: impl FnMut(&mut Case)) {
    for precision in [Precision::F32, Precision::F64] {
        let mut case = Case {
            extents: extents.to_vec(),
            precision,
            inputs: vec![(Path::Contiguous, precision), (Path::ByColumn, precision)],
            index: None,
            words: vec![],
            stores: vec![Path::Contiguous],
            in_place: false,
            reductions: vec![],
            over: Over::Inner,
        };
        change(&mut case);
        check(&program(&case), 7);
    }
}

#[test]
fn every_operation_gives_the_interpreters_bits() {
    for op in 0..OPERATIONS {
        // A truth value is seen through a selection.
        let words = vec![[op, 3, 4, 0], [COMPARISON + 3, 3, 4, 0]];
        each_precision(&[3, 301], |case| case.words.clone_from(&words));
    }
}

#[test]
fn a_comparison_takes_its_operands_from_any_address() {
    // The second argument's first element is the second of its buffer.
    for comparison in 0..COMPARISONS.len() as u8 {
        for pick in 0..25 {
            let words = vec![[BINARY + comparison, pick % 5, pick / 5, 0], [COMPARISON + 3, pick % 5, 3, 0]];
            each_precision(&[6], |case| {
                case.inputs = vec![(Path::Contiguous, case.precision); 2];
                case.words.clone_from(&words);
            });
        }
    }
}

#[test]
fn every_extent_around_the_edges_gives_the_interpreters_bits() {
    for extent in (1..20).chain([255, 256, 257, 1000, 8191, 8192, 12_291]) {
        for in_place in [false, true] {
            let words = vec![[UNARY, 0, 3, 0], [UNARY + 2, 0, 4, 0]];
            each_precision(&[2, extent], |case| (case.in_place, case.words) = (in_place, words.clone()));
            each_precision(&[extent], |case| (case.in_place, case.words) = (in_place, words.clone()));
        }
    }
}

#[test]
fn every_reduction_gives_the_interpreters_bits() {
    for extents in
        [vec![1], vec![10], vec![1000], vec![3, 10], vec![2, 519], vec![519, 3], vec![5, 2, 9], vec![1000, 30]]
    {
        for over in [Over::Inner, Over::Outer] {
            // Light and heavy bodies are laid out in different ways.
            for words in [vec![[UNARY + 2, 3, 4, 0]], vec![[12, 4, 0, 0], [13, 1, 0, 0], [14, 2, 0, 0]]] {
                each_precision(&extents, |case| {
                    let both = [Combine::Sum, Combine::Maximum];
                    case.reductions =
                        both.into_iter().flat_map(|combine| [(combine, false), (combine, true)]).collect();
                    (case.over, case.words) = (over, words.clone());
                });
            }
        }
    }
}

#[test]
fn nothing_is_written_beside_a_store() {
    // Strided stores leave every other element alone, and `check` compares all of memory.
    for extent in 1..10 {
        each_precision(&[3, extent], |case| case.stores = vec![Path::Strided, Path::Transposed]);
    }
}

// ── matrix products ──

fn matrix(kind: usize, offset: usize, rows: usize, columns: usize) -> Matrix {
    let (row, column) = match kind {
        0 => (columns, 1),
        1 => (1, rows),
        2 => (columns + 3, 1),
        3 => (1, rows + 5),
        _ => (2 * columns + 1, 2),
    };
    Matrix { offset, batch: (rows - 1) * row + (columns - 1) * column + 1, row, column }
}

fn product(precision: Precision, [batch, m, n, k]: [usize; 4], kinds: [usize; 2], offset: usize) -> Program {
    let mut draft = Draft::default();
    let (left, right) = (matrix(kinds[0], offset, m, k), matrix(kinds[1], 2 * offset, k, n));
    let arguments = vec![
        draft.buffer(left.offset + batch * left.batch, precision),
        draft.buffer(right.offset + batch * right.batch, precision),
        draft.buffer(batch * m * n, precision),
    ];
    draft.step(Kernel::Product(Product { precision, batch, m, n, k, left, right }), arguments);
    draft.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn products_give_the_interpreters_bits(
        precision in precision(), shape in (1_usize..4, 1_usize..20, 1_usize..40, 1_usize..40),
        kinds in prop::array::uniform2(0_usize..5), offset in 0_usize..3, seed: u64,
    ) {
        check(&product(precision, [shape.0, shape.1, shape.2, shape.3], kinds, offset), seed);
    }
}

#[test]
fn products_of_every_small_shape_give_the_interpreters_bits() {
    for precision in [Precision::F32, Precision::F64] {
        for (m, n, k) in [(1, 1, 1), (1, 17, 3), (2, 16, 8), (3, 3, 300), (5, 35, 13), (4, 8, 8), (129, 70, 33)] {
            for kinds in [[0, 0], [0, 1], [1, 0], [4, 4]] {
                check(&product(precision, [1, m, n, k], kinds, 0), 3);
            }
        }
    }
}

// ── the rest ──

#[test]
fn histograms_give_the_interpreters_bits() {
    for precision in [Precision::F32, Precision::F64] {
        let mut draft = Draft::default();
        let (_, decades) = crate::kernel::histogram::decades(precision);
        let arguments = vec![draft.buffer(3000, precision), draft.buffer(decades, Precision::F64)];
        draft.step(Kernel::Histogram(Histogram { precision, elements: 3000 }), arguments);
        check(&draft.finish(), 5);
    }
}

/// As `check`, for a program whose buffers share memory: what is read after a run.
fn check_lowered(program: &Program, seed: u64) {
    let bound = |memory: &Memory| {
        let all = bits(program, memory);
        program.bindings.iter().map(|(_, id)| all[id.index()].clone()).collect::<Vec<_>>()
    };
    let mut memory = filled(program, seed);
    interpret(program, &mut memory);
    let expected = bound(&memory);
    for features in FEATURES {
        let compiled = compiled(program, features);
        for threads in [&Threads::one(), &*PAIR] {
            let mut memory = filled(program, seed);
            compiled.run_sharing_from(0, &mut memory, threads);
            assert!(bound(&memory) == expected, "{features:?} on {} threads\n{program:#?}", threads.count());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn folds_give_the_interpreters_bits(
        outer in prop::collection::vec((1_usize..4, 0_usize..40), 0..3),
        inner in prop::collection::vec((1_usize..20, 0_usize..3), 0..3),
        windows in (1_usize..6, 1_usize..5, 1_usize..4, 1_usize..3),
        steps in (0_usize..40, 0_usize..40, 0_usize..3),
        precision in precision(),
        seed: u64,
    ) {
        let (places, size, stride, dilation) = windows;
        let (place, element, offset) = steps;
        let windows = Windows { places, size, stride, dilation };
        let extent = (places - 1) * stride + (size - 1) * dilation + 2;
        let kernel = Fold { precision, outer, inner, extent, windows, offset, place, element };
        let mut draft = Draft::default();
        let arguments = vec![
            draft.buffer(kernel.reach(), precision),
            draft.buffer(kernel.units() * kernel.unit(), precision),
        ];
        draft.step(Kernel::Fold(kernel), arguments);
        check(&draft.finish(), seed);
    }
}

#[test]
fn recurrences_give_the_interpreters_bits() {
    for how in 0..14 {
        for (extents, precision) in [([6, 1], Precision::F32), ([6, 5], Precision::F64), ([48, 17], Precision::F32)] {
            let mut graph = Graph::default();
            let source = SourceId::new(0);
            let origin = Origin { layer: None, span: Span { source, start: 0, end: 0 }, role: Role::Forward };
            let mut builder = Builder::new(&mut graph, origin);
            let x = builder.leaf(Leaf::Input, Shape::new(extents), precision);
            let states = recurrent(&mut builder, x, how).unwrap();
            let sines = builder.unary(Unary::Sine, states);
            let loss = builder.sum_all(sines);
            let gradients = differentiate(&mut graph, loss, &[x, states]);
            let keep: Vec<NodeId> = gradients.into_iter().flatten().chain([states]).collect();
            let (graph, places) = simplify(&graph, &keep);
            let keep: Vec<NodeId> = keep.into_iter().map(|id| places[id].unwrap()).collect();
            check_lowered(&lower(&graph, &keep).unwrap(), how as u64);
        }
    }
}

#[test]
fn rows_give_the_interpreters_bits() {
    for precision in [Precision::F32, Precision::F64] {
        for (rows, width, count) in [(1, 1, 1), (5, 3, 40), (300, 8, 7), (3, 17, 64)] {
            let kernel = Rows { precision, rows, width, count };
            for (kernel, first, last) in
                [(Kernel::Gather(kernel), rows, count), (Kernel::ScatterAdd(kernel), count, rows)]
            {
                let mut draft = Draft::default();
                let sizes = [first * width, count, last * width];
                let arguments = sizes.map(|elements| draft.buffer(elements, precision)).to_vec();
                draft.step(kernel, arguments);
                check(&draft.finish(), 7);
            }
        }
    }
}

#[test]
fn an_unsound_program_is_refused() {
    let mut program = product(Precision::F32, [1, 4, 4, 4], [0, 0], 0);
    program.memory_bytes = 64;
    let error = compile(&program, &Features::default()).unwrap_err();
    assert!(error.words.contains("memory"), "{error}");
}

#[test]
fn memories_of_one_program_run_at_once() {
    let program = product(Precision::F32, [1, 30, 40, 50], [0, 1], 0);
    let compiled = compiled(&program, Features::default());
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (program, compiled) = (&program, &compiled);
            scope.spawn(move || {
                let (mut found, mut expected) = (filled(program, seed), filled(program, seed));
                compiled.run(&mut found, &Threads::one());
                interpret(program, &mut expected);
                assert_eq!(bits(program, &found), bits(program, &expected));
            });
        }
    });
}

#[test]
fn the_text_names_every_kernel() {
    let text = clif_text(&product(Precision::F32, [1, 2, 2, 2], [0, 0], 0), &Features::default()).unwrap();
    assert!(text.starts_with("function %k0(i64, i64, i64)"), "{text}");
    assert_eq!(text, clif_text(&product(Precision::F32, [1, 2, 2, 2], [0, 0], 0), &Features::default()).unwrap());
}
