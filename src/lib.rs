//! gradc: a compiler and runner for a declarative neural-network language.
//!
//! # The map
//!
//! One run, from the text of a `.net` file to the report. Each stage knows only those above it and prints its product: `gradc emit`
//! shows it, and the folders of `snapshots/` hold it for every example.
//!
//! ```text
//!  cli::run ─── reads the file ──▶ pipeline::check, then Checked::run
//!                                       │
//!  .net text                            ▼
//!     │  syntax::parse                          Parsed { ast::File, diagnostics }         never fails
//!     ▼
//!  ast::File ──▶ model::check ──▶ Model ──▶ model::build ──▶ TrainingGraph               meaning: shapes, parameters, origins
//!                    (grammar/prelude.net enters here too)      │
//!                 run::data, run::initialize                    │  graph::differentiate    calculus: same Graph
//!                 examples and first weights                    │  run::measure            every statistic, as more nodes
//!                      │                                        ▼  graph::simplify
//!                      │                    kernel::lower, fuse, plan ──▶ Program         loops, matrix products, memory
//!                      │                                        │
//!                      │               ┌────────────────────────┴───────────────────────┐
//!                      │    kernel::interpret (the oracle)                jit::compile ──▶ CompiledProgram
//!                      │               └────────────────────────┬───────────────────────┘
//!                      └──────────────────────────────────────▶ ▼  run::Session, once a seed and report (run::seeds, run::train)
//!                                                            Records ──▶ diagnose ──▶ Diagnosis ──▶ report::build ──▶ Report
//!                                                                           │                                           │
//!                                                 findings: Diagnostic at the layer's own span       text · json · csv · html · svg
//!                                                                           ▼                                           ▼
//!                                                                  standard error                          standard output
//! ```
//!
//! # The modules
//!
//! In import order: each may import only those above it, which a test keeps.
//!
//! | module | holds |
//! | --- | --- |
//! | [`arena`] | typed ids, and vectors indexed by them |
//! | [`numbers`] | numbers as people read them |
//! | [`shape`] | extents, broadcasting, precisions |
//! | [`source`] | texts and places in them |
//! | [`scalar`] | elementwise expressions: simplified, differentiated, kept stable, evaluated |
//! | [`diagnostics`] | every message as data, one function each; drawn, as JSON, explained |
//! | [`syntax`] | text to tree, with recovery; tree to text; the one style; habits of other languages |
//! | [`graph`] | tensors: about fifteen primitives, reverse mode, simplification |
//! | [`model`] | what a file means; layer kinds, settings, lints |
//! | [`kernel`] | loops, products and planned memory; the interpreter |
//! | [`jit`] | machine code; the only `unsafe` |
//! | [`run`] | data, draws, sessions, statistics, training, dumps |
//! | [`diagnose`] | verdicts, causes, findings, expectations |
//! | [`report`] | what is printed, as data and in each format |
//! | [`reference`] | every word of the language as a page; colours for editors |
//! | [`snapshot`] | what is kept of a run, and in what two runs differ |
//! | [`pipeline`] | the stages in order, as far as asked |
//! | [`sweep`] | a grid of runs: rows, files of rows, medians and maps |
//! | [`remedy`] | changes of a file, tried and ranked |
//! | [`cli`] | the command line: one verb a file |
//!
//! # Where do I add a …?
//!
//! | a new … | the place | what follows by itself |
//! | --- | --- | --- |
//! | activation, loss, init rule | its line in `grammar/prelude.net` | derivative, kernels, near misses, judgement, reference |
//! | layer kind | a file in `src/model/layers/`, its line in `CATALOG` of `src/model/layers/mod.rs` | parsing, checking, near misses, kernels, reference |
//! | setting, source | its line in `src/model/settings.rs`; a source's file in `src/run/data/` | checking, near misses, reference |
//! | optimizer | its line in `src/model/settings.rs`, its formulas in `src/run/train/optimizer.rs` | fused updates, checking, reference |
//! | diagnostic | a function in its stage's file of `src/diagnostics/`, its page in `docs/codes/` | drawing, JSON, `explain`, snapshot |
//! | finding | the same in `src/diagnostics/findings.rs`, its rule in `src/diagnose/findings.rs` | the same, and the report |
//! | statistic | its entry in `src/run/statistics.rs`, its field in `src/run/record.rs` and `src/report/mod.rs` | nodes, kernels, JSON, reference |
//! | scalar function | a variant in `src/scalar/mod.rs`, a formula in `src/scalar/mathematics/`; rustc leads on | interpreter and JIT alike |
//! | tensor primitive | a variant of `Op` in `src/graph/mod.rs`; rustc leads through `differentiate.rs` and `src/kernel/lower.rs` | printing, verifying |
//! | kernel operation | a variant of `Kernel` in `src/kernel/mod.rs`; rustc leads through `interpret.rs`, `verify.rs`, `src/jit/emit.rs` | the oracle's test |
//! | report format | a file in `src/report/`, an arm in `src/cli/run.rs` | `--format`, help |
//! | column of a sweep | its entry in `src/sweep/row.rs`, its line in `docs/sweeps.md` | CSV, JSON lines |
//! | remedy | a function in `src/remedy/candidate.rs`, its line in `docs/remedies.md` | its trial, its diff, `--apply` |
//! | command | a file in `src/cli/`, a variant of `Verb` in `src/cli/args.rs`, an arm in `src/cli/mod.rs` | help |
//! | word of another library | its line in `src/syntax/habits.rs` | its diagnostic, `check --fix` |
//! | template | a file in `src/cli/templates/`, its line in `src/cli/new.rs` | `gradc new`, its test |
//! | example | a file in `examples/`, in reading order | snapshots of every stage |

// vocabulary
pub mod arena;
pub mod numbers;
pub mod shape;
pub mod source;

pub mod scalar;

pub mod diagnostics;

// the compiler
pub mod syntax;

pub mod graph;

pub mod model;

pub mod kernel;

pub mod jit;

pub mod run;

// what comes out
pub mod diagnose;

pub mod report;

pub mod reference;

pub mod snapshot;

pub mod pipeline;

pub mod sweep;

pub mod remedy;

pub mod cli;
