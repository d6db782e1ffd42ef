//! The catalogue of layer kinds: one file each, one line of `CATALOG`.

/// A layer kind: what the checker and the builder know of it.
#[derive(Debug)]
pub struct Kind {
    /// The word in the language.
    pub name: &'static str,
}

/// The checked arguments of one layer.
#[derive(Clone, Debug)]
pub struct Arguments {}
