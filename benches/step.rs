//! One gradient step (forward, backward, the norms of ∂C/∂W, ∂C/∂b and ∂C/∂z of every layer) of the networks in `benches/peers`, on
//! the inputs and weights that other frameworks are measured with; and what the compiler takes to get there.
//!
//! The inputs are not in the repository; `benches/peers/README.md` says how they are made and where they are looked for. Before a
//! case is timed, its norms are held to the reference (numpy, f64) in `benches/peers/norms`.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use gradc::jit::{Features, Threads};
use gradc::pipeline::{self, Options};
use gradc::run::Level;
use gradc::run::data;
use gradc::run::initialize::Initial;
use gradc::run::session::{Executor, Kept, Session, Wanted};
use serde_json::Value;
use std::hint::black_box;
use std::num::NonZero;
use std::path::PathBuf;
use std::{env, fs};

const CASES: [&str; 5] = ["tiny", "nielsen", "narrow", "mid", "wide"];
/// The largest relative error of a norm.
const TOLERANCE: f64 = 1e-5;

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

/// Calls `work` for each case whose inputs are there, with its options and its checked file.
fn cases(mut work: impl FnMut(&str, &Options, &pipeline::Checked)) {
    let folder = env::var_os("PEER_INPUTS").map_or_else(here, PathBuf::from);
    for case in CASES {
        if !folder.join(case).with_extension("npz").exists() {
            eprintln!("{case}: no inputs in {}; benches/peers/README.md says how to make them", folder.display());
            continue;
        }
        let text = fs::read_to_string(here().join(case).with_extension("net")).expect("the case stands here");
        let options = Options { folder: folder.clone(), ..Options::default() };
        let checked = pipeline::check(case, text, &options);
        assert!(checked.model.is_some(), "{case}: {:?}", checked.diagnostics);
        work(case, &options, &checked);
    }
}

fn wanted(executor: Executor) -> Wanted {
    Wanted { level: Level::Norms, kept: Kept::Nothing, executor }
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("step");
    cases(|case, options, checked| {
        let model = checked.model.as_ref().expect("a sound file has a model");
        let data = data::load(model, &options.folder, u64::MAX).expect("the inputs are sound");
        let rows: Vec<usize> = (0..data.inputs.shape().0[0]).collect();
        let session = Session::new(model, rows.len(), wanted(Executor::Jit(Features::default()))).expect("it fits");
        let mut memory = session.memory().expect("there is memory");
        let mut initial = Initial::new(model, &options.folder);
        session.fill(&mut memory, &data, &rows, &mut initial, 0).expect("the weights are sound");
        session.run(&mut memory, &Threads::one());
        hold_to_reference(case, &session, &memory);
        for count in [1, 2] {
            let threads = Threads::new(NonZero::new(count).expect("not zero")).expect("there are threads");
            group.bench_function(BenchmarkId::new(case, format!("{count} threads")), |bencher| {
                bencher.iter(|| {
                    session.run(&mut memory, &threads);
                    black_box(session.norms(&memory))
                });
            });
        }
    });
    group.finish();
}

fn hold_to_reference(case: &str, session: &Session<'_>, memory: &gradc::kernel::Memory) {
    let path = here().join("norms").join(case).with_extension("json");
    let reference: Value =
        serde_json::from_str(&fs::read_to_string(path).expect("it stands here")).expect("it is JSON");
    let hold = |what: &str, measured: f64, reference: &Value| {
        let reference = reference.as_f64().expect("a number");
        let error = ((measured - reference) / reference).abs();
        assert!(error <= TOLERANCE, "{case}: {what} is {measured:e}, the reference {reference:e}: {error:e} apart");
    };
    hold("the loss", session.loss(memory), &reference["loss"]);
    let layers = reference["layers"].as_array().expect("a list");
    let norms = session.norms(memory);
    assert_eq!(norms.len(), layers.len(), "{case}: every layer is measured");
    for (index, (norms, layer)) in norms.iter().zip(layers).enumerate() {
        hold(&format!("‖∂C/∂W‖ of layer {index}"), norms.weight.expect("it has weights"), &layer["gw"]);
        hold(&format!("‖∂C/∂b‖ of layer {index}"), norms.bias.expect("it has biases"), &layer["gb"]);
        hold(&format!("‖∂C/∂z‖ of layer {index}"), norms.pre_activation, &layer["delta"]);
    }
}

/// From text to a model, from a model to a program, from a model to machine code.
fn compiling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    cases(|case, options, checked| {
        let model = checked.model.as_ref().expect("a sound file has a model");
        let batch = checked.data.as_ref().expect("its data are known").batch;
        let text = fs::read_to_string(here().join(case).with_extension("net")).expect("the case stands here");
        group.bench_function(BenchmarkId::new("check", case), |bencher| {
            bencher.iter(|| pipeline::check(case, black_box(text.clone()), options));
        });
        let jit = Executor::Jit(Features::default());
        let ways = [("lower", Executor::Interpreter, 1), ("code", jit, 1), ("code on 2 threads", jit, 2)];
        for (name, executor, threads) in ways {
            let threads = NonZero::new(threads).expect("not zero");
            for level in [Level::Norms, Level::Full] {
                let wanted = Wanted { level, ..wanted(executor) };
                group.bench_function(BenchmarkId::new(format!("{name}, {level:?}"), case), |bencher| {
                    bencher.iter(|| Session::compiled_on(threads, model, batch, wanted).expect("it fits"));
                });
            }
        }
    });
    group.finish();
}

criterion_group!(benches, steps, compiling);
criterion_main!(benches);
