//! What the network's precision loses: where a run in f32 has many zero or subnormal entries in some ∂C/∂z, the same parameters and
//! data are run in f64, and the two held against each other entry by entry.

use super::measure::{Level, Measured};
use super::record::Wide;
use super::session::{Executor, Kept, Session, Wanted};
use super::shared::Shared;
use crate::diagnostics::Diagnostic;
use crate::jit::Threads;
use crate::kernel::memory::Memory;
use crate::model::Model;
use crate::shape::Precision;
use std::num::NonZero;

/// The share of zero or subnormal entries from which a shadow is run, where no φ′ explains them.
const SUSPICIOUS: f64 = 0.01;

/// Whether a run in f32 needs a shadow. Zeros where φ′ itself is zero in any precision, as behind a ReLU, are no loss.
pub(super) fn is_needed(model: &Model, session: &Session<'_>, measured: &[Measured]) -> bool {
    if model.precision == Precision::F64 {
        return false;
    }
    let nodes = session.layers();
    let threshold = SUSPICIOUS.min(model.report.underflow);
    measured.iter().zip(nodes).any(|(layer, own)| {
        // The activation may be this layer's, or a layer of its own that takes this one's output.
        let same = |other: &crate::model::LayerNodes| {
            other.pre_activation == own.pre_activation || other.pre_activation == own.output
        };
        let explained = measured.iter().zip(nodes).filter(|(_, other)| same(other));
        let explained = explained.filter_map(|(other, _)| other.slope).map(|slope| slope.zero).fold(0.0, f64::max);
        let statistics = &layer.record.pre_activation;
        statistics.zero_fraction + statistics.subnormal_fraction - explained > threshold
    })
}

/// The two sessions that are compared.
pub(super) struct Shadow<'m> {
    narrow: Session<'m>,
    wide: Session<'m>,
}

impl<'m> Shadow<'m> {
    /// `wide` is `narrow` in f64.
    pub(super) fn new(
        shared: &Shared,
        [narrow, wide]: [&'m Model; 2],
        batch: usize,
        executor: Executor,
    ) -> Result<Self, Diagnostic> {
        let wanted = Wanted { level: Level::Norms, kept: Kept::PreActivations, executor };
        let session = |model| Session::sharing(shared, NonZero::<usize>::MIN, model, batch, wanted);
        Ok(Self { narrow: session(narrow)?, wide: session(wide)? })
    }

    /// What both take, in bytes.
    pub(super) fn bytes(&self) -> u128 {
        self.narrow.footprint().total + self.wide.footprint().total
    }

    /// What f64 has of each measured layer; `session` was filled, and holds the leaves in `memory`.
    pub(super) fn run(
        &self,
        session: &Session<'_>,
        memory: &Memory,
        threads: &Threads,
    ) -> Result<Vec<Wide>, Diagnostic> {
        let mut narrow = self.narrow.memory()?;
        let mut wide = self.wide.memory()?;
        self.narrow.fill_from(&mut narrow, session, memory);
        self.wide.fill_from(&mut wide, session, memory);
        self.narrow.run(&mut narrow, threads);
        self.wide.run(&mut wide, threads);
        let share = |layer: usize, counts: fn((&f32, &f64)) -> bool| {
            let (Some(narrow), Some(wide)) =
                (self.narrow.pre_activation::<f32>(&narrow, layer), self.wide.pre_activation::<f64>(&wide, layer))
            else {
                return 0.0;
            };
            narrow.iter().zip(wide).filter(|pair| counts(*pair)).count() as f64 / narrow.len() as f64
        };
        let lost = |layer| {
            share(layer, |(narrow, wide)| narrow.abs() < f32::MIN_POSITIVE && !(wide.abs() < f64::MIN_POSITIVE))
        };
        let zeros = |layer| share(layer, |(narrow, wide)| *narrow == 0.0 && *wide != 0.0);
        let norms = self.wide.norms(&wide).into_iter().map(|norms| norms.pre_activation);
        Ok(norms.enumerate().map(|(layer, l2)| Wide { lost: lost(layer), zeros: zeros(layer), l2 }).collect())
    }
}
