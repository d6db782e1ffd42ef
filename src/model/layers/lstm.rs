//! `lstm(units)`: long short-term memory, in PyTorch's form.

use super::recurrence::{self, Cell, UNITS};
use super::{Built, Kind, Site, Weighted};
use crate::graph::{Builder, NodeId};
use crate::scalar::Unary;

/// `lstm`
pub(super) static LSTM: Kind = Kind {
    name: "lstm",
    summary: "a memory that gates write, keep and read",
    documentation: "`lstm(units)` maps `[time, features]` to `[time, units]`, the outputs after every step, from h₀ = c₀ = 0. With z = \
                    xₜ W_ihᵀ + b_ih + hₜ₋₁ W_hhᵀ + b_hh in four blocks: i = σ(z_i), f = σ(z_f), g = tanh(z_g), o = σ(z_o), cₜ = \
                    f·cₜ₋₁ + i·g, hₜ = o·tanh(cₜ). PyTorch's `LSTM`: `weight_ih: [4·units, features]`, `weight_hh: [4·units, \
                    units]`, `bias_ih` and `bias_hh: [4·units]`, the blocks i, f, g, o one under the other; each is drawn as a \
                    matrix of its own. The gradient passes from cₜ to cₜ₋₁ times f alone: where f is near 1 it neither vanishes \
                    nor explodes. The report has ∂C/∂cₜ beside ∂C/∂hₜ.",
    parameters: &[UNITS],
    weighted: Weighted::Both,
    gates: 4,
    shape: |situation| recurrence::shape(situation, "lstm"),
    tensors: |arguments, input, _| recurrence::tensors(arguments, input, 4),
    build,
    ..Kind::PLAIN
};

fn build(site: &mut Site<'_, '_>) -> Built {
    recurrence::build(
        site,
        &Cell {
            gates: 4,
            parts: 2,
            pre_activations: &|builder, [incoming, carried]| {
                let sum = builder.add(incoming, carried);
                recurrence::split(builder, sum, 4)
            },
            next: &|builder, gates, before| {
                let input = builder.unary(Unary::Sigmoid, gates[0]);
                let forget = builder.unary(Unary::Sigmoid, gates[1]);
                let candidate = builder.unary(Unary::HyperbolicTangent, gates[2]);
                let kept = builder.multiply(forget, before[1]);
                let written = builder.multiply(input, candidate);
                let memory = builder.add(kept, written);
                vec![read(builder, gates[3], memory), memory]
            },
            read: Some(read),
        },
    )
}

/// o·tanh(c)
fn read(builder: &mut Builder<'_>, gate: NodeId, memory: NodeId) -> NodeId {
    let open = builder.unary(Unary::Sigmoid, gate);
    let shown = builder.unary(Unary::HyperbolicTangent, memory);
    builder.multiply(open, shown)
}
