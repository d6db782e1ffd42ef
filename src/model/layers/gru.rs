//! `gru(units)`: the gated recurrent unit, in PyTorch's form.

use super::recurrence::{self, Cell, UNITS, split};
use super::{Built, Kind, Site, Weighted};
use crate::scalar::Unary;

/// `gru`
pub(super) static GRU: Kind = Kind {
    name: "gru",
    summary: "gates decide how much of the state every step replaces, and by what",
    documentation: "`gru(units)` maps `[time, features]` to `[time, units]`, the states after every step, from h₀ = 0. With i = xₜ \
                    W_ihᵀ + b_ih and h = hₜ₋₁ W_hhᵀ + b_hh, in three blocks each: r = σ(i_r + h_r), z = σ(i_z + h_z), \
                    n = tanh(i_n + r·h_n), hₜ = (1 − z)·n + z·hₜ₋₁. PyTorch's `GRU`: `weight_ih: [3·units, features]`, \
                    `weight_hh: [3·units, units]`, `bias_ih` and `bias_hh: [3·units]`, the blocks r, z, n one under the other; \
                    each is drawn as a matrix of its own. Where z is near 1 the gradient passes a step unchanged.",
    parameters: &[UNITS],
    weighted: Weighted::Both,
    gates: 3,
    shape: |situation| recurrence::shape(situation, "gru"),
    tensors: |arguments, input, _| recurrence::tensors(arguments, input, 3),
    build,
    ..Kind::PLAIN
};

fn build(site: &mut Site<'_, '_>) -> Built {
    recurrence::build(
        site,
        &Cell {
            gates: 3,
            parts: 1,
            pre_activations: &|builder, [incoming, carried]| {
                let (incoming, carried) = (split(builder, incoming, 3), split(builder, carried, 3));
                let reset = builder.add(incoming[0], carried[0]);
                let update = builder.add(incoming[1], carried[1]);
                let open = builder.unary(Unary::Sigmoid, reset);
                let kept = builder.multiply(open, carried[2]);
                vec![reset, update, builder.add(incoming[2], kept)]
            },
            next: &|builder, gates, before| {
                let update = builder.unary(Unary::Sigmoid, gates[1]);
                let candidate = builder.unary(Unary::HyperbolicTangent, gates[2]);
                // (1 − z)·n + z·h
                let change = builder.subtract(before[0], candidate);
                let change = builder.multiply(update, change);
                vec![builder.add(candidate, change)]
            },
            read: None,
        },
    )
}
