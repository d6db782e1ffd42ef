//! Carrying out a model: data, draws, the compiled program, and what was measured. The only stage that touches the world.

pub mod data;
pub mod initialize;
pub mod random;
pub mod record;
mod statistics;
pub mod tensor;
