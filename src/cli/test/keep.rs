//! Snapshots written and removed. Each is written beside its place and renamed: it is there whole, or as it was.

use super::hold::{Held, Tested};
use super::{Failure, args, output};
use crate::cli::output::reason;
use std::path::Path;

/// What was done about a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nothing.
    AsItWas,
    /// It holds what the file gives now.
    Accepted,
    /// It is gone.
    Removed,
}

/// Accepts what a file gave where that was asked for.
pub(super) fn accept(tested: &Tested, purpose: &args::Purpose) -> Result<Kept, Failure> {
    let wanted = purpose.accept || (purpose.accept_new && matches!(tested.held, Held::Missing));
    if wanted && tested.is_acceptable(tested.by_name) { write(tested) } else { Ok(Kept::AsItWas) }
}

/// Removes a stale snapshot where that was asked for.
pub(super) fn remove(path: &Path, purpose: &args::Purpose) -> Result<Kept, Failure> {
    if purpose.accept { delete(path) } else { Ok(Kept::AsItWas) }
}

/// Writes the snapshot of a file.
pub(super) fn write(tested: &Tested) -> Result<Kept, Failure> {
    let now = tested.now().expect("only what a snapshot can hold is accepted");
    output::write_file(&tested.snapshot, now.print().as_bytes()).map_err(|error| {
        Failure::not_done(format!("cannot write `{}`: {}", tested.snapshot.display(), reason(&error)))
    })?;
    Ok(Kept::Accepted)
}

/// Removes a snapshot.
pub(super) fn delete(path: &Path) -> Result<Kept, Failure> {
    std::fs::remove_file(path)
        .map_err(|error| Failure::not_done(format!("cannot remove `{}`: {}", path.display(), reason(&error))))?;
    Ok(Kept::Removed)
}
