//! Ctrl-C while a network is trained.

use std::sync::atomic::{AtomicBool, Ordering};

/// What becomes true at the first Ctrl-C, so that training ends with the report so far; the second one ends the process. None
/// where the machine cannot tell.
pub(super) fn flag() -> Option<&'static AtomicBool> {
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            // As a shell reports a process that SIGINT ended.
            std::process::exit(130);
        }
    };
    ctrlc::set_handler(handler).ok().map(|()| &INTERRUPTED)
}
