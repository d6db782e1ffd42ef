//! The one test binary: text in, text out. Each file is a sentence about the product.

mod architecture;
mod browser;
mod catalogue;
mod cli;
mod convolutions;
mod dumps;
mod examples;
mod experiment;
mod format;
mod habits;
mod history;
mod laws;
mod networks;
mod pages;
mod pictures;
mod prelude;
mod probe;
mod properties;
mod reference;
mod resume;
mod snapshots;
mod stuck;
mod support;
mod sweeps;
mod templates;
mod through_time;
