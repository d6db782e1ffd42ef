//! Remedies, measured: small changes to a file, each made, compiled and trained with several seeds beside the file as it stands,
//! and ranked by what came of it. What was not tried is not told.
//!
//! - `candidate.rs`: the changes, as edits of the text. To add one: a function there, called in `candidates`.
//! - `edit.rs`: edits made in a text, in its style; the difference they make.
//! - `trial.rs`: one text trained with several seeds.
//! - `study.rs`: the file and all candidates, and the two best together, ranked.
//! - `text.rs`, `json.rs`: what is printed.

mod candidate;
mod edit;
pub mod json;
mod study;
pub mod text;
mod trial;

pub use candidate::{Candidate, Kind, candidates};
pub use edit::{apply, difference};
pub use study::{Ranked, Study};
pub use trial::{Outcome, Terms, Trial};
