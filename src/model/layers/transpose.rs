//! `transpose`: the last two axes exchanged.

use super::{Built, Kind, Theory};
use crate::diagnostics::windows::{Wanted, rank};

/// `transpose`
pub(super) static TRANSPOSE: Kind = Kind {
    name: "transpose",
    summary: "the last two axes exchanged",
    documentation: "`transpose` makes `[features, time]` of `[time, features]`, and `[C, W, H]` of `[C, H, W]`: the last two axes \
                    of an example change places. `conv1d` wants channels first, where a sequence has its features last.",
    shape: |situation| {
        let mut shape = situation.input.shape.clone();
        match shape.rank() {
            0 | 1 => Err(rank(situation.span, Wanted::Transpose, situation.input.side())),
            rank => {
                shape.0.swap(rank - 2, rank - 1);
                Ok(shape)
            }
        }
    },
    build: |site| {
        let output = site.builder.transpose(site.input);
        Built::same(site.builder.mark(output))
    },
    theory: Theory::Same,
    ..Kind::PLAIN
};
