//! The changes that are tried. Each is a few edits at places of the tree, so that comments and everything else stay; whether it
//! makes sense is not thought about here: what does not compile is not tried, what does not help is told so.

use crate::arena::Id as _;
use crate::diagnostics::Edit;
use crate::model::{Model, ParameterRole};
use crate::numbers::significant;
use crate::pipeline::{Checked, Options};
use crate::source::{SourceId, Span};
use crate::syntax::ast::{
    Argument, Expr, ExprKind, Item, Layer, Network, Repeat, Setting, Settings, SettingsKind, Statement,
};

/// What a change is about. Two changes of different kinds can be made together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The activation of the hidden layers.
    Activation,
    /// The rule that weights are drawn by.
    Weights,
    /// The rule that biases are drawn by.
    Biases,
    /// A path around the body of each `repeat`.
    Residual,
    /// A norm between matrix and activation.
    Norm,
    /// Optimizer and learning rate.
    Rate,
    /// A bound on the gradient.
    Clip,
}

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it is about; of several, those of each part.
    pub kinds: Vec<Kind>,
    /// What it does, in a few words.
    pub what: String,
    /// How.
    pub edits: Vec<Edit>,
}

const ACTIVATIONS: [&str; 7] = ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh"];
const RULES: [&str; 5] = ["he_normal", "xavier_normal", "lecun_normal", "orthogonal", "auto"];
const NORMS: [&str; 3] = ["layer_norm", "batch_norm", "rms_norm"];

/// Every change of a file without errors that can be written.
///
/// # Panics
/// Where the file has an error.
#[must_use]
pub fn candidates(checked: &Checked, options: &Options) -> Vec<Candidate> {
    let model = checked.model.as_ref().expect("only a file without errors is mended");
    let text = &checked.sources.get(checked.id).text;
    let networks = checked.file.items.iter().filter_map(|item| match item {
        Item::Network(network) => Some(network),
        _ => None,
    });
    let Some(network) = networks.into_iter().next() else { return Vec::new() };
    let page = Page { checked, options, model, text, network };
    let mut candidates = page.activations();
    candidates.extend(page.weights());
    candidates.extend(page.biases());
    candidates.extend(page.residual());
    candidates.extend(page.norms());
    candidates.extend(page.training());
    candidates
}

/// A file whose changes are thought of.
struct Page<'a> {
    checked: &'a Checked,
    options: &'a Options,
    model: &'a Model,
    text: &'a str,
    network: &'a Network,
}

impl Page<'_> {
    fn id(&self) -> SourceId {
        self.checked.id
    }

    fn words(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    fn of(kind: Kind, what: String, edits: Vec<Edit>) -> Candidate {
        Candidate { kinds: vec![kind], what, edits }
    }

    fn replace(span: Span, by: &str) -> Edit {
        Edit { span, replacement: by.to_owned() }
    }

    fn insert(&self, at: usize, words: String) -> Edit {
        Edit { span: Span::new(self.id(), at..at), replacement: words }
    }

    /// The layers with a matrix or kernel, in order.
    fn matrices(&self) -> Vec<usize> {
        let has_matrix = |layer: &crate::model::Layer| {
            let mut own = layer.parameters.iter().map(|id| &self.model.parameters[*id]);
            own.any(|parameter| parameter.role == ParameterRole::Weight && parameter.shape.rank() >= 2)
        };
        let layers = self.model.layers.iter().enumerate();
        layers.filter(|(_, layer)| layer.branches.is_empty() && has_matrix(layer)).map(|(at, _)| at).collect()
    }

    /// Where the activations before the last matrix are named, each place once; none where one of them is not in the file, or is
    /// named together with one of the output's.
    fn hidden_activations(&self) -> Option<Vec<(Span, String)>> {
        let last = *self.matrices().last()?;
        let mut places: Vec<(Span, String)> = Vec::new();
        for (id, layer) in self.model.layers.iter_with_ids() {
            let Some(activation) = layer.activation.as_ref().filter(|own| own.function.is_some()) else { continue };
            let place = activation.span;
            if id.index() >= last {
                if places.iter().any(|(own, _)| *own == place) {
                    return None;
                }
            } else if place.source != self.id() {
                return None;
            } else if !places.iter().any(|(own, _)| *own == place) {
                places.push((place, activation.name.clone()));
            }
        }
        (!places.is_empty()).then_some(places)
    }

    fn activations(&self) -> Vec<Candidate> {
        let Some(places) = self.hidden_activations() else { return Vec::new() };
        let is_new = |name: &str| places.iter().any(|(_, own)| own != name);
        let change = |name: &str| {
            let edits = places.iter().map(|(span, _)| Self::replace(*span, name)).collect();
            Self::of(Kind::Activation, format!("activation {name}"), edits)
        };
        ACTIVATIONS.iter().filter(|name| is_new(name)).map(|name| change(name)).collect()
    }

    /// A setting of the network.
    fn setting(&self, key: &str) -> Option<&Setting> {
        self.network.body.iter().find_map(|statement| match statement {
            Statement::Setting(setting) if setting.key.name == key => Some(setting),
            _ => None,
        })
    }

    /// Where a value is written: the param's, where it is one that the command line does not set.
    fn place_of<'e>(&'e self, value: &'e Expr) -> &'e Expr {
        let ExprKind::Path(path) = &value.kind else { return value };
        if !path.segments.is_empty() || self.options.set.iter().any(|(name, _)| *name == path.head.name) {
            return value;
        }
        let param = self.checked.file.items.iter().find_map(|item| match item {
            Item::Param { name, value, .. } if name.name == path.head.name => Some(value),
            _ => None,
        });
        param.unwrap_or(value)
    }

    /// A statement more, behind another: on a line of its own where the other has one.
    fn behind(&self, other: Span, statements: &[&str]) -> Edit {
        let line = self.text[..other.range().start].rfind('\n').map_or(0, |end| end + 1);
        let before = &self.text[line..other.range().start];
        let after = self.text[other.range().end..].split('\n').next().unwrap_or_default().trim_start();
        let is_alone = before.trim().is_empty() && (after.is_empty() || after.starts_with('#'));
        let words = if is_alone {
            statements.iter().flat_map(|own| ["\n", before, own]).collect::<String>()
        } else {
            statements.iter().flat_map(|own| ["; ", own]).collect::<String>()
        };
        // A comment behind the other stays with it.
        let at = if is_alone {
            other.range().end + self.text[other.range().end..].find('\n').unwrap_or(self.text.len() - other.range().end)
        } else {
            other.range().end
        };
        self.insert(at, words)
    }

    fn weights(&self) -> Vec<Candidate> {
        let edit = |rule: &str| match (self.setting("weights"), self.setting("loss")) {
            (Some(setting), _) => {
                let place = self.place_of(&setting.value);
                (self.words(place.span) != rule).then(|| Self::replace(place.span, rule))
            }
            (None, Some(loss)) => Some(self.behind(loss.span, &[&format!("weights: {rule}")])),
            (None, None) => None,
        };
        let change = |rule: &&str| Some(Self::of(Kind::Weights, format!("weights: {rule}"), vec![edit(rule)?]));
        RULES.iter().filter_map(change).collect()
    }

    fn biases(&self) -> Option<Candidate> {
        let setting = self.setting("biases")?;
        let place = self.place_of(&setting.value);
        let is_new = !["zeros", "none"].contains(&self.words(place.span));
        is_new.then(|| Self::of(Kind::Biases, "biases: zeros".to_owned(), vec![Self::replace(place.span, "zeros")]))
    }

    /// Around the body of each `repeat` of the network, with a projection where the shapes ask for one: both are tried.
    fn residual(&self) -> Vec<Candidate> {
        let repeats: Vec<&Repeat> = self
            .network
            .body
            .iter()
            .filter_map(|statement| match statement {
                Statement::Repeat(repeat) => Some(repeat),
                _ => None,
            })
            .collect();
        if repeats.is_empty() {
            return Vec::new();
        }
        ["residual", "residual(project: true)"]
            .map(|head| {
                let edits = repeats.iter().flat_map(|repeat| self.wrapped(repeat, head)).collect();
                Self::of(Kind::Residual, head.to_owned(), edits)
            })
            .into()
    }

    /// `{ body }` as `{ head { body } }`; over several lines the body moves to the right.
    fn wrapped(&self, repeat: &Repeat, head: &str) -> Vec<Edit> {
        let end = repeat.span.range().end - 1;
        let start = repeat.head.range().end + self.text[repeat.head.range().end..].find('{').unwrap_or(0) + 1;
        let body = &self.text[start..end];
        if !body.contains('\n') {
            return vec![self.insert(start, format!(" {head} {{")), self.insert(end, "} ".to_owned())];
        }
        let line = self.text[..repeat.span.range().start].rfind('\n').map_or(0, |at| at + 1);
        let lead = &self.text[line..repeat.span.range().start];
        let indent: String = lead.chars().take_while(|character| character.is_whitespace()).collect();
        let moved = body.trim_end().replace('\n', "\n  ");
        let replacement = format!("\n{indent}  {head} {{{moved}\n{indent}  }}\n{indent}");
        vec![Self::replace(Span::new(self.id(), start..end), &replacement)]
    }

    /// Between the matrix and the activation of each hidden dense layer: the activation becomes a layer of its own.
    fn norms(&self) -> Vec<Candidate> {
        let last = self.matrices().last().map(|at| self.model.layers.iter().nth(*at).map(|layer| layer.span));
        let Some(Some(last)) = last else { return Vec::new() };
        let mut layers = Vec::new();
        collect(&self.network.body, &mut layers);
        let hidden: Vec<(&Layer, usize)> = layers
            .into_iter()
            .filter(|layer| layer.kind.name == "dense" && layer.kind.span.start != last.start)
            .filter_map(|layer| Some((layer, activation_of(&layer.arguments).filter(|at| *at > 0)?)))
            .collect();
        if hidden.is_empty() {
            return Vec::new();
        }
        let change = |norm: &str| {
            let edits = hidden.iter().flat_map(|(layer, at)| {
                let argument = layer.arguments[*at].value.span;
                let from = layer.arguments[at - 1].value.span.range().end;
                let removed = Self::replace(Span::new(self.id(), from..argument.range().end), "");
                [removed, self.behind(layer.span, &[norm, self.words(argument)])]
            });
            Self::of(Kind::Norm, format!("{norm} after dense"), edits.collect())
        };
        NORMS.iter().map(|norm| change(norm)).collect()
    }

    fn training(&self) -> Vec<Candidate> {
        let train = self.checked.file.items.iter().find_map(|item| match item {
            Item::Settings(settings) if settings.kind == SettingsKind::Train => Some(settings),
            _ => None,
        });
        let Some(train) = train else { return Vec::new() };
        let entry = |train: &Settings, key: &str| train.entries.iter().position(|entry| entry.key.name == key);
        let Some(optimizer) = entry(train, "optimizer").map(|at| &train.entries[at]) else { return Vec::new() };
        let mut candidates = Vec::new();
        let value = self.place_of(&optimizer.value);
        if let ExprKind::Call { callee, arguments } = &value.kind {
            let named = |argument: &&Argument| argument.name.as_ref().is_some_and(|name| name.name == "rate");
            let rate = arguments.iter().find(named).or(arguments.first().filter(|own| own.name.is_none()));
            if let Some(rate) = rate.map(|rate| self.place_of(&rate.value))
                && let ExprKind::Number(number) = rate.kind
            {
                for (factor, words) in [(10.0, "×10"), (0.1, "×0.1")] {
                    let new = significant(number * factor);
                    let what = format!("learning rate {words}: {new}");
                    candidates.push(Self::of(Kind::Rate, what, vec![Self::replace(rate.span, &new)]));
                }
            }
            if !callee.name.starts_with("adam") {
                let adam = "adam(rate: 0.001)";
                candidates.push(Self::of(Kind::Rate, adam.to_owned(), vec![Self::replace(value.span, adam)]));
            }
        }
        if entry(train, "clip").is_none() {
            let edit = self.behind(optimizer.span, &["clip: norm(1)"]);
            candidates.push(Self::of(Kind::Clip, "clip: norm(1)".to_owned(), vec![edit]));
        }
        candidates
    }
}

/// Every layer of a body and of what stands in it.
fn collect<'t>(body: &'t [Statement], layers: &mut Vec<&'t Layer>) {
    for statement in body {
        match statement {
            Statement::Layer(layer) => {
                layers.push(layer);
                collect(layer.body.as_deref().unwrap_or_default(), layers);
            }
            Statement::Repeat(repeat) => collect(&repeat.body, layers),
            Statement::Setting(_) | Statement::Broken(_) => {}
        }
    }
}

/// The argument of a dense layer that is its activation: the second by position, or by name.
fn activation_of(arguments: &[Argument]) -> Option<usize> {
    let named = |argument: &Argument| argument.name.as_ref().is_some_and(|name| name.name == "activation");
    let by_name = arguments.iter().position(named);
    by_name.or((arguments.get(1)?.name.is_none()).then_some(1))
}
