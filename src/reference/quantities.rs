//! What a report measures, and what an `expect` can speak of.

use super::Entry;
use crate::run::statistics;

/// A word of `expect`: how it is written, and what it is.
const QUANTITIES: &[(&str, &str, &str)] = &[
    (
        "norm",
        "norm(LAYER)",
        "the L2 norm of a layer's gradient, weights and biases as one vector, or of a gradient that is named",
    ),
    ("rms", "rms(LAYER)", "the root mean square of the same"),
    ("zeros", "zeros(LAYER)", "the share of its entries that are zero"),
    (
        "saturated",
        "saturated(LAYER)",
        "the share of a layer's entries on a flat part of its activation; alone, the verdict",
    ),
    ("dead", "dead(LAYER)", "the share of a layer's units whose slope is 0 for every example; alone, the verdict"),
    ("ratio", "ratio", "the gradient at the first layer over that at the last, per example, at its pre-activations"),
    ("loss", "loss", "the mean loss of the batch"),
    ("accuracy", "accuracy", "the share of examples whose class is the likeliest"),
    ("gradient", "norm(LAYER.gradient)", "∂C/∂W and ∂C/∂b as one vector: what a layer alone means too"),
    ("weight", "norm(LAYER.weight)", "∂C/∂W"),
    ("bias", "norm(LAYER.bias)", "∂C/∂b"),
    ("pre_activation", "norm(LAYER.pre_activation)", "∂C/∂z, over the batch"),
    ("output", "norm(LAYER.output)", "∂C/∂a, over the batch: the gradient with respect to the hidden units"),
    ("exploding", "exploding", "the verdict: the gradient grows toward the input, or a value is NaN or infinite"),
    ("vanishing", "vanishing", "the verdict: the gradient shrinks toward the input"),
    ("underflow", "underflow", "the verdict: the number format keeps too few small numbers"),
    ("healthy", "healthy", "the verdict where no other word holds"),
];

/// Statistics and quantities.
pub(super) fn entries() -> Vec<Entry> {
    let statistics = statistics::described().map(|(name, summary)| Entry {
        name: name.to_owned(),
        group: "statistics",
        summary: summary.to_owned(),
        body: format!("- in the JSON report: `steps[].layers[].gradient.{name}`, and of `weight`, `bias`, `pre_activation`, `output`, `input`"),
    });
    let quantities = QUANTITIES.iter().map(|(name, form, summary)| Entry {
        name: (*name).to_owned(),
        group: "expectations",
        summary: (*summary).to_owned(),
        body: format!("- use: `expect {}`", example(form)),
    });
    statistics.chain(quantities).collect()
}

/// A statement with the quantity: a verdict holds or not, a number is compared.
fn example(form: &str) -> String {
    match form {
        "exploding" | "vanishing" | "underflow" | "healthy" => form.to_owned(),
        _ => format!("{} < 1", form.replace("LAYER", "dense1")),
    }
}

#[cfg(test)]
mod tests {
    use super::QUANTITIES;
    use crate::model::check::expectation_words;

    #[test]
    fn every_word_of_expect_is_told() {
        let mut told: Vec<&str> = QUANTITIES.iter().map(|(name, ..)| *name).collect();
        let mut known: Vec<&str> = expectation_words();
        told.sort_unstable();
        known.sort_unstable();
        known.dedup();
        assert_eq!(told, known);
    }
}
