//! The one test binary: text in, text out. Each file is a sentence about the product.

mod architecture;
mod browser;
mod cli;
mod dumps;
mod examples;
mod experiment;
mod format;
mod habits;
mod laws;
mod networks;
mod pages;
mod phase;
mod pictures;
mod prediction;
mod prelude;
mod probe;
mod properties;
mod reference;
mod resume;
mod snapshots;
mod support;
mod templates;
