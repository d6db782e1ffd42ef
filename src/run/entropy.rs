//! How widely attention looks: the mean over examples, heads and steps of −Σ w ln w, the entropy of a step's attention weights, over
//! ln n, the most that n allowed positions could give. 1: all are looked at alike; 0: one alone, and the softmax passes next to
//! no gradient. A step that may look at one position only, the first of a causal layer, says nothing and is left out.

use crate::graph::{Builder, Combine, NodeId};
use crate::model::AttentionNodes;
use crate::scalar::{Comparison, Function, Unary};
use crate::shape::{Precision, Shape};
use std::sync::Arc;

/// The nodes of one layer's entropy.
pub(super) struct EntropyMeasurement {
    sum: NodeId,
    /// Over how many steps of how many heads and examples.
    rows: usize,
}

/// Adds the nodes for weights of `[batch, heads, time, time]`; none where no step has a choice.
pub(super) fn measure(builder: &mut Builder<'_>, attention: &AttentionNodes) -> Option<EntropyMeasurement> {
    let [batch, heads, time, _] = builder.shape(attention.weights).0[..] else {
        unreachable!("attention weighs steps for steps, in each head of each example")
    };
    if time < 2 {
        return None;
    }
    let terms = builder.map_in(Precision::F64, &term(), &[attention.weights]);
    let entropies = builder.reduce(Combine::Sum, terms, &[3], Precision::F64);
    let shares = if attention.causal {
        let earlier = builder.index(2, Shape::new([1, 1, time, 1]), Precision::F64);
        builder.map(&causal_share(), &[entropies, earlier])
    } else {
        let most =
            builder.constant(crate::scalar::mathematics::ln(time as f64), Shape::new([1, 1, 1, 1]), Precision::F64);
        builder.divide(entropies, most)
    };
    let sum = builder.sum_all(shares);
    Some(EntropyMeasurement { sum, rows: batch * heads * if attention.causal { time - 1 } else { time } })
}

impl EntropyMeasurement {
    /// The nodes to keep.
    pub(super) fn keep(&self) -> impl Iterator<Item = NodeId> {
        std::iter::once(self.sum)
    }

    /// The share, from 0 to 1.
    pub(super) fn finish(&self, read: &dyn Fn(NodeId) -> Vec<f64>) -> f64 {
        let share = read(self.sum)[0] / self.rows as f64;
        // Rounding alone takes it past 1.
        if share > 1.0 { 1.0 } else { share }
    }
}

/// −w ln w, 0 for a weight of 0.
fn term() -> Arc<Function> {
    Arc::new(Function::build(1, |f, w| {
        let zero = f.constant(0.0);
        let logarithm = f.unary(Unary::Logarithm, w[0]);
        let product = f.multiply(w[0], logarithm);
        let negative = f.negate(product);
        let is_zero = f.compare(Comparison::Equal, w[0], zero);
        vec![f.select(is_zero, zero, negative)]
    }))
}

/// The entropy over ln(1 + how many steps are earlier); 0 where there are none.
fn causal_share() -> Arc<Function> {
    Arc::new(Function::build(2, |f, x| {
        let zero = f.constant(0.0);
        let most = f.unary(Unary::LogarithmOnePlus, x[1]);
        let share = f.divide(x[0], most);
        let is_first = f.compare(Comparison::Equal, x[1], zero);
        vec![f.select(is_first, zero, share)]
    }))
}
