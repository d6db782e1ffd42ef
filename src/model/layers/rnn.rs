//! `rnn(units, activation)`: the plain recurrent layer.

use super::recurrence::{self, ACTIVATION, Cell, UNITS};
use super::{Built, Kind, Site, Weighted};

/// `rnn`
pub(super) static RNN: Kind = Kind {
    name: "rnn",
    summary: "every step makes the next state of its input and the state before",
    documentation: "`rnn(units, activation)` maps `[time, features]` to `[time, units]`, the states after every step: \
                    hₜ = φ(xₜ W_ihᵀ + b_ih + hₜ₋₁ W_hhᵀ + b_hh), from h₀ = 0. PyTorch's `RNN`: `weight_ih: [units, features]`, \
                    `weight_hh: [units, units]`, `bias_ih` and `bias_hh: [units]`. The report follows the gradient back through \
                    time: at every step it is multiplied by φ′ and by the same matrix, so that it shrinks or grows like a power. \
                    Behind it, `last_step` takes the final state.",
    parameters: &[UNITS, ACTIVATION],
    weighted: Weighted::Both,
    shape: |situation| recurrence::shape(situation, "rnn"),
    tensors: |arguments, input, _| recurrence::tensors(arguments, input, 1),
    build,
    ..Kind::PLAIN
};

fn build(site: &mut Site<'_, '_>) -> Built {
    let activation = site.layer.activation.clone().expect("`activation` has a default");
    recurrence::build(
        site,
        &Cell {
            gates: 1,
            parts: 1,
            pre_activations: &|builder, [incoming, carried]| vec![builder.add(incoming, carried)],
            next: &|builder, gates, _| vec![super::activation::apply(builder, &activation, gates[0])],
            read: None,
        },
    )
}
