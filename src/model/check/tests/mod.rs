//! What `check` makes of texts: the model of sound ones, the codes and characters of the mistakes in others.

mod expectations;
mod limits;
mod lints;
mod mistakes;
mod numbering;
mod settings;

use super::{Checked, Options, check, prelude};
use crate::diagnostics::Diagnostic;
use crate::model::Model;
use crate::source::{Source, Sources};
use crate::syntax;

/// Checks a text, with `--set`s, under a memory limit.
fn check_with(text: &str, set: &[(&str, &str)], memory_limit: u64) -> (Checked, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::new();
    let prelude = prelude(&mut sources);
    let id = sources.add(Source::new("test.net", text));
    let parsed = syntax::parse(&sources, id);
    let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let options = Options { set, memory_limit, is_broken: !parsed.diagnostics.is_empty(), unclosed: None };
    let checked = check(&mut sources, &prelude, &parsed.file, &options);
    (checked, parsed.diagnostics, sources)
}

/// Every diagnostic as `CODE @ text of its place`.
fn mistakes_with(text: &str, set: &[(&str, &str)], memory_limit: u64) -> Vec<String> {
    let (checked, mut diagnostics, sources) = check_with(text, set, memory_limit);
    diagnostics.extend(checked.diagnostics);
    diagnostics
        .iter()
        .map(|diagnostic| {
            let place = diagnostic.primary.as_ref().expect("every mistake has a place");
            format!("{} {}", diagnostic.code, sources.text(place.span))
        })
        .collect()
}

fn mistakes(text: &str) -> Vec<String> {
    mistakes_with(text, &[], u64::MAX)
}

/// The model of a text without any mistake.
fn model(text: &str) -> Model {
    model_with(text, &[])
}

fn model_with(text: &str, set: &[(&str, &str)]) -> Model {
    let (checked, diagnostics, sources) = check_with(text, set, u64::MAX);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let errors: Vec<String> = checked
        .diagnostics
        .iter()
        .map(|diagnostic| {
            format!(
                "{} {} @ {}",
                diagnostic.code,
                diagnostic.message,
                sources.text(diagnostic.primary.as_ref().unwrap().span)
            )
        })
        .collect();
    assert!(!checked.diagnostics.iter().any(Diagnostic::is_error), "{errors:?}");
    checked.model.expect("a file without errors is a model")
}

fn names(model: &Model) -> Vec<&str> {
    model.layers.iter().map(|layer| layer.name.as_str()).collect()
}

const WHOLE: &str = r#"
# Nielsen's digit network with four hidden layers: the vanishing gradient at its plainest.
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
fn the_whole_file_of_the_language_page_has_no_mistake_and_no_lint() {
    assert_eq!(mistakes(WHOLE), Vec::<String>::new());
    let model = model(WHOLE);
    assert_eq!(names(&model), ["dense1", "dense2", "dense3", "dense4", "dense5"]);
    assert_eq!(model.parameters.len(), 10);
}

#[test]
fn every_definition_of_the_prelude_is_sound() {
    let text = super::PRELUDE.replace("language 1", "");
    // As the user's own: names of the compiler are refused, everything else is checked for itself.
    let found: Vec<String> = mistakes(&text).into_iter().filter(|mistake| !mistake.starts_with('W')).collect();
    let refused = ["relu", "softplus", "sigmoid", "tanh", "exp", "sin"].map(|name| format!("E0204 {name}"));
    assert_eq!(found[..refused.len()], refused);
    assert_eq!(found.len(), refused.len() + 1, "{found:?}");
}
