//! What a network needs of memory, worked out before anything is allocated, without a product that could wrap.

use super::Checker;
use super::network::Draught;
use crate::diagnostics::values;
use crate::model::layers::Tensor;
use crate::shape::{Precision, Shape};
use crate::source::Span;

impl Checker<'_> {
    /// Reports a layer that alone is over the limit: its tensors and their gradients, what it hands on for every example of the
    /// batch and the gradient of that.
    pub(super) fn report_too_large(
        &mut self,
        span: Span,
        name: &str,
        tensors: &[Tensor],
        (output, working): (&Shape, &[Shape]),
        precision: Precision,
    ) -> bool {
        let need = self.need(tensors, output, working, precision);
        if need <= self.memory_limit() {
            return false;
        }
        let largest = tensors.iter().max_by_key(|tensor| bytes(&tensor.shape, precision));
        let of_parameters: u128 =
            tensors.iter().map(|tensor| bytes(&tensor.shape, precision)).fold(0, u128::saturating_add);
        let what = match largest {
            Some(tensor) if of_parameters.saturating_mul(2) >= need / 2 => {
                format!("its {} is {}", tensor.name, tensor.shape)
            }
            Some(_) | None if let Some(larger) = largest_working(working, output) => {
                format!("its windows are {larger} for each of {} examples", self.batch)
            }
            Some(_) | None if self.batch > 1 => format!("it hands on {output} for each of {} examples", self.batch),
            Some(_) | None => format!("it hands on {output}"),
        };
        self.report(values::layer_too_large(span, name, need, self.memory_limit(), &what));
        true
    }

    /// Reports a network whose layers fit one by one and not together.
    pub(super) fn check_total_size(&mut self, draught: &Draught<'_>, name: Span) {
        let mut total = 0_u128;
        let mut largest: Option<(u128, &str, Span)> = None;
        for draft in &draught.drafts {
            let Some(output) = &draft.output else { continue };
            let working = draft.working(output);
            let need = self.need(&draft.tensors, output, &working, draught.precision);
            total = total.saturating_add(need);
            if largest.is_none_or(|(most, ..)| need > most) {
                largest = Some((need, &draft.name, draft.span));
            }
        }
        if let Some((need, layer, span)) = largest
            && total > self.memory_limit()
        {
            self.report(values::network_too_large(name, total, self.memory_limit(), (layer, need, span)));
        }
    }

    fn need(&self, tensors: &[Tensor], output: &Shape, working: &[Shape], precision: Precision) -> u128 {
        let parameters = tensors.iter().map(|tensor| bytes(&tensor.shape, precision)).fold(0, u128::saturating_add);
        let of_example =
            working.iter().fold(bytes(output, precision), |sum, shape| sum.saturating_add(bytes(shape, precision)));
        let handed_on = of_example.saturating_mul(self.batch as u128);
        parameters.saturating_add(handed_on).saturating_mul(2)
    }

    /// The limit; never more than can be addressed.
    fn memory_limit(&self) -> u128 {
        u128::from(self.limit).min(isize::MAX as u128)
    }
}

/// The bytes of a tensor.
fn bytes(shape: &Shape, precision: Precision) -> u128 {
    shape.0.iter().fold(precision.bytes() as u128, |product, extent| product.saturating_mul(*extent as u128))
}

/// What a layer needs besides what it hands on, where that is the larger part.
fn largest_working<'s>(working: &'s [Shape], output: &Shape) -> Option<&'s Shape> {
    let size = |shape: &Shape| bytes(shape, Precision::F32);
    working.iter().max_by_key(|shape| size(shape)).filter(|shape| size(shape) > size(output))
}
