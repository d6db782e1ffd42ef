//! What holds of every network, tried on random ones (`networks.rs`). The numbers that decide are the same in every run; more of
//! them are tried with `PROPTEST_CASES=200 cargo test --test suite properties`.

use crate::experiment::{Means, carry_out, sound};
use crate::networks::network;
use crate::probe::{Compared, Probe, model};
use gradc::jit::Features;
use gradc::report::{csv, json};
use gradc::run::session::Executor;
use gradc::source::{Source, Sources};
use gradc::syntax::{self, print::print};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use std::cell::Cell;

/// So many cases, unless the environment says how many.
fn cases(few: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(few),
        rng_seed: RngSeed::Fixed(2),
        failure_persistence: None,
        max_shrink_iters: 100,
        ..ProptestConfig::default()
    }
}

fn choices() -> impl Strategy<Value = Vec<u16>> {
    vec(any::<u16>(), 20..90)
}

const JIT: Executor = Executor::Jit(Features { wide: true, native: true });

#[test]
fn any_network_gives_the_same_bits_by_any_means() {
    TestRunner::new(cases(8))
        .run(&choices(), |choices| {
            let text = network(&choices, None);
            let checked = sound(&text, ".");
            let by = |threads, executor| {
                let run = carry_out(&checked, ".", Means { threads, executor });
                (json::render(&run.report), csv::render(&run.report), run.dump())
            };
            let expected = by(1, Executor::Interpreter);
            for (threads, executor) in [
                (1, JIT),
                (3, JIT),
                (1, Executor::Jit(Features { wide: false, native: true })),
                (2, Executor::Jit(Features { wide: false, native: false })),
            ] {
                prop_assert!(by(threads, executor) == expected, "{executor:?}, {threads} threads:\n{text}");
            }
            Ok(())
        })
        .unwrap_or_else(|failed| panic!("{failed}"));
}

#[test]
fn any_network_printed_reads_back_as_the_same_tree() {
    /// The tree without its places.
    fn read(text: &str) -> (String, String) {
        let mut sources = Sources::new();
        let id = sources.add(Source::new("test.net", text));
        let parsed = syntax::parse(&sources, id);
        assert!(parsed.diagnostics.is_empty(), "{text}\n{:?}", parsed.diagnostics);
        let tree = format!("{:#?}", parsed.file);
        let is_place = |line: &&str| ["start: ", "end: "].iter().any(|key| line.trim_start().starts_with(key));
        let tree: Vec<&str> = tree.lines().filter(|line| !is_place(line)).collect();
        (tree.join("\n"), print(&parsed.file))
    }
    TestRunner::new(cases(60))
        .run(&choices(), |choices| {
            let text = network(&choices, None);
            let (tree, printed) = read(&text);
            let (again, twice) = read(&printed);
            prop_assert_eq!(&again, &tree, "{}", printed);
            prop_assert_eq!(&twice, &printed);
            Ok(())
        })
        .unwrap_or_else(|failed| panic!("{failed}"));
}

#[test]
fn any_networks_gradients_are_its_differences() {
    let (tried, compared) = (Cell::new(0), Cell::new(0));
    let strategy = (choices(), any::<u64>());
    let check = |choices: &[u16], seed: u64| -> Result<(), TestCaseError> {
        let text = network(choices, Some("f64"));
        let model = model(&text);
        let mut probe = Probe::filled(&model, JIT, 0);
        // Of a loss beyond measure differences see only the largest part.
        if !(probe.loss().abs() < 1e6) {
            return Ok(());
        }
        let is_integer = model.integer_input;
        let has_gradient =
            |leaf: &&String| *leaf != "data/t" && !leaf.starts_with("masks/") && !(is_integer && *leaf == "data/x");
        for leaf in probe.leaves().iter().filter(has_gradient) {
            tried.set(tried.get() + 1);
            match probe.compare(leaf, seed) {
                Compared::Agree => compared.set(compared.get() + 1),
                Compared::Unresolved => {}
                Compared::Disagree(how) => return Err(TestCaseError::fail(format!("{how}\n{text}"))),
            }
        }
        Ok(())
    };
    TestRunner::new(cases(12))
        .run(&strategy, |(choices, seed)| check(&choices, seed))
        .unwrap_or_else(|failed| panic!("{failed}"));
    let (tried, compared) = (tried.get(), compared.get());
    assert!(compared * 5 >= tried * 4 && compared > 50, "only {compared} of {tried} tensors could be compared");
}
