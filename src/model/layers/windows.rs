//! Layers whose windows move over the axes behind the channels: what convolutions and pooling have in common. Sizes are a number
//! for all these axes, or a list of one for each.

use super::{Arguments, Site, Situation};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::windows::{self as mistakes, Misfit, Wanted};
use crate::graph::{NodeId, Windows};
use crate::scalar::{Comparison, Function};
use crate::shape::Shape;
use std::sync::Arc;

/// The windows along one axis of an example, as they were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Along {
    /// The axis's extent.
    pub(super) extent: usize,
    /// Elements put in front of it.
    pub(super) before: usize,
    /// … and behind it.
    pub(super) behind: usize,
    /// Elements of a window.
    pub(super) size: usize,
    /// From one window to the next.
    pub(super) stride: usize,
    /// From one element of a window to the next.
    pub(super) dilation: usize,
}

impl Along {
    /// The extent with what is put around it; what cannot be counted is over every limit.
    pub(super) fn padded(self) -> usize {
        self.extent.saturating_add(self.before).saturating_add(self.behind)
    }

    /// From a window's first element to its last, both counted.
    pub(super) fn reach(self) -> usize {
        (self.size - 1).saturating_mul(self.dilation).saturating_add(1)
    }

    /// How many windows there are; none where none fits.
    pub(super) fn places(self) -> Option<usize> {
        Some(self.padded().checked_sub(self.reach())? / self.stride + 1)
    }

    /// For the builder.
    fn windows(self) -> Windows {
        let places = self.places().expect("a layer that exists has room for its windows");
        Windows { places, size: self.size, stride: self.stride, dilation: self.dilation }
    }
}

/// How a kind of layer names its arguments and what it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// The parameter that is the windows' size: `kernel`, `k`.
    pub(super) size: &'static str,
    /// Whether the stride is the size where nothing is said.
    pub(super) steps_over: bool,
    /// What goes in.
    pub(super) wanted: Wanted,
}

/// The windows along each axis of an example but the first, or what is wrong with them.
pub(super) fn checked(situation: &Situation<'_>, manner: Manner) -> Result<Vec<Along>, Diagnostic> {
    let Situation { arguments, span, input, .. } = *situation;
    if !manner.wanted.takes(input.shape.rank()) {
        return Err(mistakes::rank(span, manner.wanted, input.side()));
    }
    let axes = input.shape.rank() - 1;
    for name in [manner.size, "stride", "pad", "dilation"] {
        let given = arguments.sizes(name).len();
        if given > 1 && given != axes {
            let place = arguments.span(name).unwrap_or(span);
            return Err(mistakes::number_of_sizes(place, manner.wanted, name, given, input.side()));
        }
    }
    let along = along(arguments, &input.shape, manner);
    if arguments.word("pad").is_some()
        && let Some(odd) = along.iter().find(|along| along.stride != 1)
    {
        let place = arguments.span("pad").unwrap_or(span);
        let stride = arguments.span("stride").unwrap_or(span);
        return Err(mistakes::same_with_stride(place, stride, odd.stride, (odd.reach() - 1) / 2));
    }
    for (at, along) in along.iter().enumerate() {
        if along.places().is_none() {
            let misfit = Misfit {
                axis: at + 1,
                extent: along.extent,
                pad: along.before,
                is_same: arguments.word("pad").is_some(),
                size: along.size,
                dilation: along.dilation,
                reach: along.reach(),
                padded: along.padded(),
                largest_pad: if manner.steps_over { Some(along.size / 2) } else { None },
            };
            let place = arguments.span(manner.size).unwrap_or(span);
            return Err(mistakes::no_room(place, manner.wanted, misfit, input.side()));
        }
    }
    Ok(along)
}

/// The windows along each axis of an example but the first. The number of sizes is right.
pub(super) fn along(arguments: &Arguments, input: &Shape, manner: Manner) -> Vec<Along> {
    let of = |name: &str, axis: usize, otherwise: usize| match arguments.sizes(name) {
        [] => otherwise,
        [one] => *one,
        many => many[axis],
    };
    let extents = &input.0[1..];
    let axes = extents.iter().enumerate();
    axes.map(|(axis, extent)| {
        let size = of(manner.size, axis, 1);
        let dilation = of("dilation", axis, 1);
        let (before, behind) = match arguments.sizes("pad") {
            [] if arguments.word("pad").is_some() => {
                // PyTorch puts the odd one behind
                let around = (size - 1).saturating_mul(dilation);
                (around / 2, around - around / 2)
            }
            _ => (of("pad", axis, 0), of("pad", axis, 0)),
        };
        let stride = of("stride", axis, if manner.steps_over { size } else { 1 });
        Along { extent: *extent, before, behind, size, stride, dilation }
    })
    .collect()
}

/// How many windows there are along each axis.
pub(super) fn places(along: &[Along]) -> impl Iterator<Item = usize> {
    along.iter().map(|along| along.places().expect("a layer that exists has room for its windows"))
}

/// An example with what is put around it.
pub(super) fn padded(along: &[Along], input: &Shape) -> Shape {
    let extents = along.iter().map(|along| along.padded());
    Shape(std::iter::once(input.0[0]).chain(extents).collect())
}

/// Zeros around the input.
pub(super) fn pad(site: &mut Site<'_, '_>, along: &[Along]) -> NodeId {
    along.iter().enumerate().fold(site.input, |x, (at, along)| site.builder.pad(x, 2 + at, along.before, along.behind))
}

/// The same with −inf where there were zeros put around axis `axis` of the graph.
pub(super) fn masked(site: &mut Site<'_, '_>, x: NodeId, axis: usize, along: Along) -> NodeId {
    if along.before + along.behind == 0 {
        return x;
    }
    let (shape, precision) = (site.builder.shape(x).clone(), site.builder.precision(x));
    let mut row = Shape(vec![1; shape.rank()]);
    row.0[axis] = shape.0[axis];
    let index = site.builder.index(axis, row, precision);
    let inside = Function::build(2, |function, arguments| {
        let [element, index] = arguments[..] else { unreachable!("two were asked for") };
        let (first, end) = (along.before, along.before + along.extent);
        let [first, end] = [first, end].map(|place| function.constant(place as f64));
        let nothing = function.constant(f64::NEG_INFINITY);
        let is_before = function.compare(Comparison::Less, index, first);
        let is_within = function.compare(Comparison::Less, index, end);
        let or_nothing = function.select(is_within, element, nothing);
        vec![function.select(is_before, nothing, or_nothing)]
    });
    site.builder.map(&Arc::new(inside), &[x, index])
}

/// An axis of the graph as windows: it becomes two.
pub(super) fn window(site: &mut Site<'_, '_>, x: NodeId, axis: usize, along: Along) -> NodeId {
    site.builder.window(x, axis, along.windows())
}
