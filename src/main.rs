//! The `gradc` program.

fn main() {}
