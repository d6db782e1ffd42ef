//! How far a long run is, on a terminal's standard error. A run of less than `PATIENCE` shows nothing.

use crate::numbers::significant;
use crate::run::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a run may take before it says how far it is.
const PATIENCE: Duration = Duration::from_millis(700);

/// The seeds, steps or files done, as a bar.
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
            Progress::Curvature(done, most) => {
                (done as u64, most as u64, "{bar:30} {pos} of {len} products with the Hessian")
            }
            Progress::Reading | Progress::Compiling | Progress::Running(..) => return,
        };
        let Some(bar) = self.bar(whole, template) else { return };
        if matches!(progress, Progress::Curvature(..)) && bar.length() != Some(whole) {
            bar.set_length(whole);
            bar.set_style(style(template));
        }
        // Where seeds are trained, the first one's steps tell how far they are.
        if bar.length() == Some(whole) {
            bar.set_position(done);
            if let Progress::Training { loss, .. } = progress {
                bar.set_message(format!("loss {}", significant(loss)));
            }
        }
    }

    /// Shows how many of several files are done, likewise.
    pub(super) fn show_files(&self, done: usize, files: usize) {
        if let Some(bar) = self.bar(files as u64, "{bar:30} {pos} of {len} files").filter(|_| files > 1) {
            bar.set_position(done as u64);
        }
    }

    /// Shows how many runs of a sweep are done, likewise.
    pub(super) fn show_runs(&self, done: usize, runs: usize) {
        if let Some(bar) = self.bar(runs as u64, "{bar:30} {pos} of {len} runs, {eta} left").filter(|_| runs > 1) {
            bar.set_position(done as u64);
        }
    }

    /// The bar, once it has taken long.
    fn bar(&self, whole: u64, template: &str) -> Option<&ProgressBar> {
        if self.start.elapsed() < PATIENCE {
            return None;
        }
        Some(self.bar.get_or_init(|| {
            // Hidden by itself where standard error is no terminal.
            let bar = ProgressBar::with_draw_target(Some(whole), ProgressDrawTarget::stderr());
            bar.with_style(style(template))
        }))
    }

    /// Does something that writes to the terminal while the bar is out of its way.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match self.bar.get() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Leaves the terminal as it was.
    pub(super) fn clear(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well formed")
}
