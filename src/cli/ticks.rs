//! The clock of a long training: after each tick another checkpoint is due.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// From one tick to the next: what a killed process loses at most.
const PERIOD: Duration = Duration::from_secs(20);

/// Starts counting; the count goes on until the process ends. Without a thread for it there are the checkpoints at reports.
pub(super) fn start() -> &'static AtomicU64 {
    static TICKS: AtomicU64 = AtomicU64::new(0);
    let count = || {
        loop {
            std::thread::sleep(PERIOD);
            TICKS.fetch_add(1, Ordering::Relaxed);
        }
    };
    // The machine may refuse.
    let _ = std::thread::Builder::new().name("ticks".to_owned()).spawn(count);
    &TICKS
}
