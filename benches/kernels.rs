//! Matrix products and fused loops of typical shapes, through the compiler as a network's step runs them:
//! `cargo bench --bench kernels`, with a filter behind it to pick some.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gradc::arena::{Id, IdVec};
use gradc::graph::{Combine, Origin, Role};
use gradc::jit::{CompiledProgram, Features, Threads, compile};
use gradc::kernel::memory::Memory;
use gradc::kernel::{
    ALIGNMENT, Access, Buffer, BufferId, CHUNK, Input, Kernel, LANES, Loop, Matrix, Over, Product, Program, Reduction,
    Step, Store,
};
use gradc::scalar::{Function, Unary};
use gradc::shape::{Precision, Shape};
use gradc::source::{SourceId, Span};
use std::hint::black_box;
use std::sync::Arc;

/// A program of one kernel over buffers of these elements.
fn program(kernel: Kernel, sizes: &[(usize, Precision)]) -> Program {
    let mut buffers: IdVec<BufferId, Buffer> = IdVec::new();
    let mut offset = 0;
    for (elements, precision) in sizes {
        buffers.push(Buffer { shape: Shape::new([*elements]), precision: *precision, offset });
        offset += (elements * precision.bytes()).next_multiple_of(ALIGNMENT);
    }
    let mut kernels = IdVec::new();
    let span = Span { source: SourceId::new(0), start: 0, end: 0 };
    let origin = Origin { layer: None, span, role: Role::Forward };
    let step = Step { kernel: kernels.push(kernel), arguments: buffers.ids().collect(), origin };
    Program { buffers, kernels, steps: vec![step], memory_bytes: offset, bindings: Vec::new() }
}

/// The program compiled, and a memory of ordinary numbers.
fn ready(program: &Program, features: Features) -> (CompiledProgram, Memory) {
    let mut memory = Memory::new(program).expect("there is memory for a benchmark");
    for buffer in &program.buffers {
        let number = |index: usize| (index * 7919 % 1009) as f64 / 504.5 - 1.0;
        match buffer.precision {
            Precision::F32 => {
                let view = memory.view_mut::<f32>(buffer);
                view.iter_mut().enumerate().for_each(|(index, value)| *value = number(index) as f32);
            }
            Precision::F64 => {
                let view = memory.view_mut::<f64>(buffer);
                view.iter_mut().enumerate().for_each(|(index, value)| *value = number(index));
            }
        }
    }
    (compile(program, &features).expect("a sound program compiles"), memory)
}

/// `[m, k] × [k, n]`; a transposed operand lies the other way round in memory, as in backward passes.
fn product(precision: Precision, [m, n, k]: [usize; 3], [left, right]: [bool; 2]) -> Program {
    let matrix = |rows: usize, columns: usize, transposed: bool| {
        let (row, column) = if transposed { (1, rows) } else { (columns, 1) };
        Matrix { offset: 0, batch: rows * columns, row, column }
    };
    let kernel = Product { precision, batch: 1, m, n, k, left: matrix(m, k, left), right: matrix(k, n, right) };
    program(Kernel::Product(kernel), &[(m * k, precision), (k * n, precision), (m * n, precision)])
}

fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("product");
    let (plain, forward, weights) = ([false, false], [false, true], [true, false]);
    let shapes = [
        ([4, 8, 8], plain),
        ([8, 16, 16], plain),
        ([32, 32, 32], plain),
        ([128, 32, 32], plain),
        ([128, 32, 32], forward),
        ([32, 32, 128], weights),
        ([32, 128, 128], forward),
        ([128, 64, 64], forward),
        ([128, 256, 256], plain),
        ([128, 256, 256], forward),
        ([256, 256, 128], weights),
        ([256, 1024, 1024], plain),
        ([256, 1024, 1024], forward),
        ([1024, 1024, 256], weights),
        ([1000, 30, 784], forward),
        ([30, 784, 1000], weights),
        ([1000, 30, 30], forward),
    ];
    for precision in [Precision::F32, Precision::F64] {
        for (shape, transposed) in shapes {
            let ([m, n, k], [left, right]) = (shape, transposed);
            let (compiled, mut memory) = ready(&product(precision, shape, transposed), Features::default());
            let mark = |transposed: bool| if transposed { "ᵀ" } else { "" };
            group.throughput(Throughput::Elements((2 * m * n * k) as u64));
            group.bench_function(format!("{precision} {m}x{k}{}·{k}x{n}{}", mark(left), mark(right)), |bencher| {
                bencher.iter(|| compiled.run(black_box(&mut memory), &Threads::one()));
            });
        }
    }
    group.finish();
}

fn contiguous(argument: usize, extents: &[usize], precision: Precision) -> Access {
    Access { argument, offset: 0, strides: Shape::new(extents).strides(), precision }
}

/// z + b, and the activation of it.
fn activation(precision: Precision, [rows, columns]: [usize; 2], function: Unary) -> Program {
    let extents = vec![rows, columns];
    let bias = Access { strides: vec![0, 1], ..contiguous(1, &extents, precision) };
    let body = Function::build(2, |builder, arguments| {
        let z = builder.add(arguments[0], arguments[1]);
        vec![z, builder.unary(function, z)]
    });
    let kernel = Loop {
        precision,
        inputs: vec![Input::Load(contiguous(0, &extents, precision)), Input::Load(bias)],
        body: Arc::new(body),
        stores: vec![
            Store { result: 0, access: contiguous(2, &extents, precision) },
            Store { result: 1, access: contiguous(3, &extents, precision) },
        ],
        reductions: Vec::new(),
        over: Over::Inner,
        extents,
    };
    let size = rows * columns;
    program(Kernel::Loop(kernel), &[size, columns, size, size].map(|elements| (elements, precision)))
}

/// δ = φ′ ⊙ v with the bias gradient and the sum of squares of its columns: the fused backward pass of a layer.
fn backward(precision: Precision, [rows, columns]: [usize; 2]) -> Program {
    let extents = vec![rows, columns];
    let body = Function::build(2, |builder, arguments| {
        let one = builder.constant(1.0);
        let rest = builder.subtract(one, arguments[1]);
        let slope = builder.multiply(arguments[1], rest);
        let delta = builder.multiply(arguments[0], slope);
        vec![delta, builder.multiply(delta, delta)]
    });
    let reduction = |result, accumulator, into| Reduction { result, combine: Combine::Sum, accumulator, into };
    let kernel = Loop {
        precision,
        inputs: (0..2).map(|argument| Input::Load(contiguous(argument, &extents, precision))).collect(),
        body: Arc::new(body),
        stores: vec![Store { result: 0, access: contiguous(2, &extents, precision) }],
        reductions: vec![reduction(0, precision, 3), reduction(1, Precision::F64, 4)],
        over: Over::Outer,
        extents,
    };
    let (size, partials) = (rows * columns, rows.div_ceil(CHUNK) * LANES * columns);
    program(
        Kernel::Loop(kernel),
        &[(size, precision), (size, precision), (size, precision), (partials, precision), (partials, Precision::F64)],
    )
}

fn loops(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("loop");
    for precision in [Precision::F32, Precision::F64] {
        for [rows, columns] in [[1000, 30], [128, 256], [256, 1024]] {
            group.throughput(Throughput::Elements((rows * columns) as u64));
            for function in [Unary::Sigmoid, Unary::HyperbolicTangent, Unary::Absolute] {
                let (compiled, mut memory) =
                    ready(&activation(precision, [rows, columns], function), Features::default());
                group.bench_function(format!("{precision} {rows}x{columns} {function:?}"), |bencher| {
                    bencher.iter(|| compiled.run(black_box(&mut memory), &Threads::one()));
                });
            }
            let (compiled, mut memory) = ready(&backward(precision, [rows, columns]), Features::default());
            group.bench_function(format!("{precision} {rows}x{columns} backward"), |bencher| {
                bencher.iter(|| compiled.run(black_box(&mut memory), &Threads::one()));
            });
        }
    }
    group.finish();
}

fn compiling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    let programs = [
        ("sigmoid", activation(Precision::F32, [128, 256], Unary::Sigmoid)),
        ("backward", backward(Precision::F32, [128, 256])),
        ("product", product(Precision::F32, [4, 8, 8], [false, true])),
    ];
    for (name, program) in programs {
        group.bench_function(name, |bencher| bencher.iter(|| compile(black_box(&program), &Features::default())));
    }
    group.finish();
}

criterion_group!(benches, products, loops, compiling);
criterion_main!(benches);
