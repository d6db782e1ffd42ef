//! What the front end does with whole texts.

use super::{Parsed, parse};
use crate::source::{Source, Sources};

fn parsed(text: &str) -> (Sources, Parsed) {
    let mut sources = Sources::new();
    let id = sources.add(Source::new("test.net", text));
    let parsed = parse(&sources, id);
    (sources, parsed)
}

/// Each error as `CODE at "characters": message`.
fn errors(text: &str) -> Vec<String> {
    let (sources, parsed) = parsed(text);
    let show = |diagnostic: &crate::diagnostics::Diagnostic| {
        let span = diagnostic.primary.as_ref().expect("a syntax error has a place").span;
        format!("{} at {:?}: {}", diagnostic.code, sources.text(span), diagnostic.message)
    };
    parsed.diagnostics.iter().map(show).collect()
}

const WHOLE_FILE: &str = r#"# Nielsen's digit network with four hidden layers: the vanishing gradient at its plainest.
param width = 30
param hidden = 4
param act = sigmoid

data {
  source: idx("data/train-images-1k.idx3-ubyte.gz", "data/train-labels-1k.idx1-ubyte.gz")
  scale: 1 / 255
  batch: 1000
}

network digits {
  input(784)
  repeat hidden { dense(width, act) }
  dense(10)

  loss: logistic
  weights: normal(0, 1 / sqrt(fan_in))
  biases: normal(0, 1)
}

train { optimizer: sgd(rate: 0.1); steps: 500 }
report { at: [0, 100, last]; seeds: 0..8 }
sweep { hidden: [1, 2, 4, 8]; act: [sigmoid, tanh, relu] }

expect vanishing
expect norm(dense1.bias) < 0.1 * norm(dense4.bias)
expect norm(dense1.bias) in 0.0008..0.0060 at 0
"#;

#[test]
fn the_reference_file_is_without_mistakes() {
    assert_eq!(errors(WHOLE_FILE), [""; 0]);
    let (_, parsed) = parsed(WHOLE_FILE);
    assert_eq!((parsed.file.items.len(), parsed.file.poisoned.len()), (11, 0));
}
