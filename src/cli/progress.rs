//! How far a long run is, on a terminal's standard error. A run of less than `PATIENCE` shows nothing.

use crate::run::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a run may take before it says how far it is.
const PATIENCE: Duration = Duration::from_millis(700);

/// The seeds done, as a bar.
pub(super) struct Meter {
    start: Instant,
    bar: OnceLock<ProgressBar>,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), bar: OnceLock::new() }
    }

    /// Shows how far the run is, if it takes long and standard error is a terminal.
    pub(super) fn show(&self, progress: Progress) {
        let Progress::Running(done, seeds) = progress else { return };
        if seeds < 2 || self.start.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            // Hidden by itself where standard error is no terminal.
            let bar = ProgressBar::with_draw_target(Some(seeds as u64), ProgressDrawTarget::stderr());
            let style =
                ProgressStyle::with_template("{bar:30} {pos} of {len} seeds").expect("the template is well formed");
            bar.with_style(style)
        });
        bar.set_position(done as u64);
    }

    /// Leaves the terminal as it was.
    pub(super) fn clear(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
