//! How far a long run is, on a terminal's standard error. A run of less than `PATIENCE` shows nothing.

use crate::numbers::significant;
use crate::run::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a run may take before it says how far it is.
const PATIENCE: Duration = Duration::from_millis(700);

/// The seeds or steps done, as a bar.
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
        let (done, whole, template) = match progress {
            Progress::Running(done, seeds) if seeds > 1 => (done as u64, seeds as u64, "{bar:30} {pos} of {len} seeds"),
            Progress::Training { step, steps, .. } => (step, steps, "{bar:30} step {pos} of {len}, {msg}, {eta} left"),
            Progress::Reading | Progress::Compiling | Progress::Running(..) => return,
        };
        if self.start.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            // Hidden by itself where standard error is no terminal.
            let bar = ProgressBar::with_draw_target(Some(whole), ProgressDrawTarget::stderr());
            bar.with_style(ProgressStyle::with_template(template).expect("the template is well formed"))
        });
        // Where seeds are trained, the first one's steps tell how far they are.
        if bar.length() == Some(whole) {
            bar.set_position(done);
            if let Progress::Training { loss, .. } = progress {
                bar.set_message(format!("loss {}", significant(loss)));
            }
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn clear(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
