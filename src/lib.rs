//! gradc: a compiler and runner for a declarative neural-network language.
//!
//! # The map
//!
//! ```text
//!  .net text
//!     │  syntax::parse                          Parsed { ast::File, diagnostics }         never fails
//!     ▼
//!  ast::File ──▶ model::check ──▶ Model ──▶ model::build ──▶ TrainingGraph               meaning: shapes, parameters, origins
//!                    (grammar/prelude.net enters here too)      │
//!                                                               │  graph::differentiate, simplify     calculus: same Graph
//!                                                               ▼
//!                                           kernel::lower, fuse, plan ──▶ Program         loops, matrix products, memory
//!                                                               │
//!                                      ┌────────────────────────┴───────────────────────┐
//!                           kernel::interpret (the oracle)                jit::compile ──▶ CompiledProgram
//!                                      └────────────────────────┬───────────────────────┘
//!                                                               ▼  run::Session
//!                                                            Record ──▶ report::build ──▶ Report ──▶ text json
//!                                                                           └─ findings ─▶ Diagnostic at the layer's own span
//! ```
//!
//! Modules stand in import order: each may import only those above it (kept by a test).

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

pub mod pipeline;

pub mod cli;
