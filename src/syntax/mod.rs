//! From text to tree: `parse` never fails; it returns what it understood, and diagnostics.

pub mod ast;
