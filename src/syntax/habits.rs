//! What those write who come from PyTorch, Keras or Python, as it is written here: `nn.Linear(784, 30)` is `dense(30)`. Words
//! only: whether what comes out is sound is for the parser and the checker to say.

use super::scanner::{Delimiter, Scanner, Token, TokenKind};
use crate::diagnostics::habits::Rewrite;

/// A layer of another library.
struct Layer {
    /// Its names there.
    names: &'static [&'static str],
    /// Whose names these are.
    library: &'static str,
    /// Its name here.
    native: &'static str,
    /// The first argument is the size that goes in where at least so many are given by position; 0 where it never is.
    sized_from: usize,
    /// The arguments by position that mean the same here.
    kept: usize,
}

const fn layer(
    names: &'static [&'static str],
    library: &'static str,
    native: &'static str,
    sized_from: usize,
    kept: usize,
) -> Layer {
    Layer { names, library, native, sized_from, kept }
}

const LAYERS: &[Layer] = &[
    layer(&["Linear"], "PyTorch", "dense", 2, 1),
    layer(&["Dense"], "Keras", "dense", 0, 2),
    layer(&["Conv1d"], "PyTorch", "conv1d", 3, 2),
    layer(&["Conv2d"], "PyTorch", "conv2d", 3, 2),
    layer(&["Conv1D"], "Keras", "conv1d", 0, 2),
    layer(&["Conv2D"], "Keras", "conv2d", 0, 2),
    layer(&["MaxPool1d", "MaxPool2d"], "PyTorch", "max_pool", 0, 1),
    layer(&["MaxPooling1D", "MaxPooling2D"], "Keras", "max_pool", 0, 1),
    layer(&["AvgPool1d", "AvgPool2d"], "PyTorch", "avg_pool", 0, 1),
    layer(&["AveragePooling1D", "AveragePooling2D"], "Keras", "avg_pool", 0, 1),
    layer(&["AdaptiveAvgPool1d", "AdaptiveAvgPool2d"], "PyTorch", "global_avg_pool", 0, 0),
    layer(&["GlobalAveragePooling1D", "GlobalAveragePooling2D"], "Keras", "global_avg_pool", 0, 0),
    layer(&["Flatten"], "PyTorch", "flatten", 0, 0),
    layer(&["Dropout", "Dropout1d", "Dropout2d"], "PyTorch", "dropout", 0, 1),
    layer(&["BatchNorm1d", "BatchNorm2d"], "PyTorch", "batch_norm", 0, 0),
    layer(&["BatchNormalization"], "Keras", "batch_norm", 0, 0),
    layer(&["GroupNorm"], "PyTorch", "group_norm", 0, 1),
    layer(&["LayerNorm"], "PyTorch", "layer_norm", 0, 0),
    layer(&["LayerNormalization"], "Keras", "layer_norm", 0, 0),
    layer(&["RMSNorm"], "PyTorch", "rms_norm", 0, 0),
    layer(&["Embedding"], "PyTorch", "embedding", 0, 2),
    layer(&["RNN"], "PyTorch", "rnn", 2, 1),
    layer(&["SimpleRNN"], "Keras", "rnn", 0, 1),
    layer(&["GRU"], "PyTorch", "gru", 2, 1),
    layer(&["LSTM"], "PyTorch", "lstm", 2, 1),
    layer(&["MultiheadAttention"], "PyTorch", "attention", 2, 1),
    layer(&["Softmax"], "PyTorch", "softmax", 0, 0),
    layer(&["LogSoftmax"], "PyTorch", "log_softmax", 0, 0),
    layer(&["Identity"], "PyTorch", "linear", 0, 0),
    layer(&["ReLU"], "PyTorch", "relu", 0, 0),
    layer(&["LeakyReLU"], "PyTorch", "leaky_relu", 0, 1),
    layer(&["ReLU6"], "PyTorch", "relu6", 0, 0),
    layer(&["ELU"], "PyTorch", "elu", 0, 1),
    layer(&["SELU"], "PyTorch", "selu", 0, 0),
    layer(&["CELU"], "PyTorch", "celu", 0, 1),
    layer(&["GELU"], "PyTorch", "gelu", 0, 0),
    layer(&["SiLU"], "PyTorch", "silu", 0, 0),
    layer(&["Mish"], "PyTorch", "mish", 0, 0),
    layer(&["Softplus"], "PyTorch", "softplus", 0, 0),
    layer(&["Softsign"], "PyTorch", "softsign", 0, 0),
    layer(&["Sigmoid"], "PyTorch", "sigmoid", 0, 0),
    layer(&["Tanh"], "PyTorch", "tanh", 0, 0),
    layer(&["Hardsigmoid"], "PyTorch", "hard_sigmoid", 0, 0),
    layer(&["Hardtanh"], "PyTorch", "hard_tanh", 0, 0),
    layer(&["Hardswish"], "PyTorch", "hard_swish", 0, 0),
];

/// Arguments of other libraries with their names here; empty for what a `.net` file does not say.
const ARGUMENTS: &[(&str, &str)] = &[
    ("activity_regularizer", ""),
    ("affine", ""),
    ("axis", ""),
    ("batch_first", ""),
    ("bias_initializer", "biases"),
    ("device", ""),
    ("dim", ""),
    ("dtype", ""),
    ("embed_dim", ""),
    ("embedding_dim", "dim"),
    ("filters", "channels"),
    ("hidden_size", "units"),
    ("in_channels", ""),
    ("in_features", ""),
    ("inplace", ""),
    ("input_dim", ""),
    ("input_shape", ""),
    ("input_size", ""),
    ("kernel_initializer", "weights"),
    ("kernel_size", "kernel"),
    ("learning_rate", "rate"),
    ("lr", "rate"),
    ("name", ""),
    ("negative_slope", "slope"),
    ("num_embeddings", "vocabulary"),
    ("num_features", ""),
    ("num_groups", "groups"),
    ("num_heads", "heads"),
    ("out_channels", "channels"),
    ("out_features", "units"),
    ("padding", "pad"),
    ("pool_size", "kernel"),
    ("strides", "stride"),
    ("units", "units"),
    ("weight_decay", "decay"),
];

/// Arguments that stand first, and are written without their name there.
const FIRST: [&str; 6] = ["units", "channels", "heads", "vocabulary", "groups", "slope"];

/// The name here of an argument, by its name in another library.
pub(crate) fn native_argument(name: &str) -> Option<&'static str> {
    ARGUMENTS.iter().find(|(foreign, native)| *foreign == name && !native.is_empty()).map(|(_, native)| *native)
}

/// A statement, or the head of a layer, in the words of another library, as it is written here.
pub(crate) fn rewrite(text: &str) -> Option<Rewrite> {
    let call = Call::read(text)?;
    let mut rewrite = call.rewrite()?;
    if let Some(label) = call.label {
        rewrite.native = format!("{label} = {}", rewrite.native);
    }
    (rewrite.native != text).then_some(rewrite)
}

/// A whole network in the words of another library: `model = nn.Sequential(…)`.
pub(super) fn rewrite_network(text: &str) -> Option<Rewrite> {
    let call = Call::read(text)?;
    let name = call.label.filter(|_| call.name() == "Sequential")?;
    let layers = call.layers();
    let first = Call::read(layers.first()?)?;
    let input = first.size_in()?;
    let rewrite = call.rewrite()?;
    let native = format!("network {name} {{\n  input({input})\n  {}\n}}", rewrite.native.replace('\n', "\n  "));
    Some(Rewrite { native, ..rewrite })
}

/// `label = module.Name(positional, named=value)`
struct Call<'t> {
    label: Option<&'t str>,
    /// The parts of the path.
    path: Vec<&'t str>,
    arguments: Vec<(Option<&'t str>, &'t str)>,
}

impl<'t> Call<'t> {
    /// The whole text as one call, or as a path alone.
    fn read(text: &'t str) -> Option<Self> {
        let tokens: Vec<Token> =
            Scanner::new(text).filter(|token| !matches!(token.kind, TokenKind::Newline | TokenKind::Comment)).collect();
        let sign = |at: usize| tokens.get(at).map_or("", |token: &Token| &text[token.range.clone()]);
        let is_word = |at: usize| tokens.get(at).is_some_and(|token| token.kind == TokenKind::Word);
        let mut at = if sign(0) == "self" && sign(1) == "." && sign(3) == "=" { 2 } else { 0 };
        let label = (is_word(at) && sign(at + 1) == "=").then(|| sign(at));
        at += if label.is_some() { 2 } else { 0 };
        if !is_word(at) {
            return None;
        }
        let mut path = vec![sign(at)];
        while sign(at + 1) == "." && is_word(at + 2) {
            at += 2;
            path.push(sign(at));
        }
        let rest = &tokens[at + 1..];
        let arguments = match rest {
            [] => Vec::new(),
            [open, inner @ .., close] if is_round(open.kind, close.kind) => {
                elements(text, inner)?.into_iter().map(|element| argument(text, element)).collect()
            }
            _ => return None,
        };
        Some(Self { label, path, arguments })
    }

    fn name(&self) -> &'t str {
        self.path.last().expect("a path has a part")
    }

    fn entry(&self) -> Option<&'static Layer> {
        LAYERS.iter().find(|layer| layer.names.contains(&self.name()))
    }

    fn positional(&self) -> impl Iterator<Item = &'t str> {
        self.arguments.iter().filter(|(name, _)| name.is_none()).map(|(_, value)| *value)
    }

    /// The size that goes in, where the call says it.
    fn size_in(&self) -> Option<&'t str> {
        let sized_from = self.entry()?.sized_from;
        let named = self.arguments.iter().find(|(name, _)| *name == Some("in_features")).map(|(_, value)| *value);
        let is_sized = sized_from > 0 && self.positional().count() >= sized_from;
        named.or_else(|| self.positional().next().filter(|_| is_sized))
    }

    /// The layers of a `Sequential`: its arguments, or those of the one list in it.
    fn layers(&self) -> Vec<&'t str> {
        let layers: Vec<&str> = self.positional().collect();
        let [only] = layers[..] else { return layers };
        let Some(list) = only.strip_prefix('[').and_then(|list| list.strip_suffix(']')) else { return layers };
        let tokens: Vec<Token> =
            Scanner::new(list).filter(|token| !matches!(token.kind, TokenKind::Newline | TokenKind::Comment)).collect();
        elements(list, &tokens)
            .map_or(layers, |elements| elements.iter().map(|element| text_of(list, element)).collect())
    }

    fn rewrite(&self) -> Option<Rewrite> {
        let foreign = self.path.join(".");
        let told = |native, library| {
            Some(Rewrite { foreign: foreign.clone(), native, library, drops_size: self.size_in().is_some() })
        };
        match (self.name(), &self.arguments[..]) {
            // model.add(Dense(30))
            ("add", [(None, inner)]) if self.path.len() > 1 => return Call::read(inner)?.rewrite(),
            ("Activation", [(None, name)]) => return told(value(name)?, "Keras"),
            ("Sequential", _) => {
                let layers: Option<Vec<String>> = self.layers().into_iter().map(element_layer).collect();
                return told(layers.filter(|layers| !layers.is_empty())?.join("\n"), "PyTorch");
            }
            _ => {}
        }
        let entry = self.entry()?;
        let drops_first = entry.sized_from > 0 && self.positional().count() >= entry.sized_from;
        let mut first = Vec::new();
        let mut named = Vec::new();
        for written in self.positional().skip(usize::from(drops_first)).take(entry.kept) {
            first.push(value(written)?);
        }
        for (name, written) in &self.arguments {
            let Some(name) = name else { continue };
            let known = ARGUMENTS.iter().find(|(foreign, _)| foreign == name).map(|(_, native)| *native);
            match (known.unwrap_or(name), *written) {
                ("", _) | (_, "None") | ("bias" | "use_bias", "True" | "true") => {}
                ("bias" | "use_bias", _) => named.push("biases: none".to_owned()),
                (native, written) if first.is_empty() && FIRST.contains(&native) => first.push(value(written)?),
                ("kernel", written) if first.is_empty() && entry.native.ends_with("_pool") => {
                    first.push(value(written)?);
                }
                ("activation", written) if first.len() == 1 && entry.native == "dense" => first.push(value(written)?),
                (native, written) => named.push(format!("{native}: {}", value(written)?)),
            }
        }
        first.append(&mut named);
        let native =
            if first.is_empty() { entry.native.to_owned() } else { format!("{}({})", entry.native, first.join(", ")) };
        told(native, entry.library)
    }
}

const fn is_round(open: TokenKind, close: TokenKind) -> bool {
    matches!(open, TokenKind::Open(Delimiter::Round)) && matches!(close, TokenKind::Close(Delimiter::Round))
}

/// The runs of tokens between the commas outside brackets; none where brackets do not pair.
fn elements<'k>(text: &str, tokens: &'k [Token]) -> Option<Vec<&'k [Token]>> {
    let mut depth = 0_usize;
    let mut elements = Vec::new();
    let mut start = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Open(_) => depth += 1,
            TokenKind::Close(_) => depth = depth.checked_sub(1)?,
            TokenKind::Operator if depth == 0 && &text[token.range.clone()] == "," => {
                elements.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    elements.push(&tokens[start..]);
    elements.retain(|element| !element.is_empty());
    (depth == 0).then_some(elements)
}

fn text_of<'t>(text: &'t str, tokens: &[Token]) -> &'t str {
    match tokens {
        [] => "",
        [first, ..] => &text[first.range.start..tokens.last().unwrap_or(first).range.end],
    }
}

/// `name=value`, `name: value` or a value.
fn argument<'t>(text: &'t str, tokens: &[Token]) -> (Option<&'t str>, &'t str) {
    match tokens {
        [name, sign, value @ ..] if name.kind == TokenKind::Word && matches!(&text[sign.range.clone()], "=" | ":") => {
            (Some(&text[name.range.clone()]), text_of(text, value))
        }
        _ => (None, text_of(text, tokens)),
    }
}

/// A layer among others, foreign or not.
fn element_layer(text: &str) -> Option<String> {
    match rewrite(text) {
        Some(rewrite) => Some(rewrite.native),
        None => {
            Call::read(text).filter(|call| call.path.len() == 1 && call.name() != "Sequential").map(|_| text.to_owned())
        }
    }
}

/// An argument's value as it is written here: strings and classes that name something are names; none where it is not known.
fn value(text: &str) -> Option<String> {
    if text.contains(['\n', '#', '{']) {
        return None;
    }
    if let Some(word) = quoted_word(text) {
        return Some(native_word(word));
    }
    Some(match text {
        "True" => "true".to_owned(),
        "False" => "false".to_owned(),
        _ => rewrite(text).map_or_else(|| text.to_owned(), |rewrite| rewrite.native),
    })
}

/// The word that a string holds, in quotes of either kind.
fn quoted_word(text: &str) -> Option<&str> {
    let inside = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    let word = inside('"').or_else(|| inside('\''))?;
    let is_word = Scanner::new(word).map(|token| (token.kind, token.range)).eq([(TokenKind::Word, 0..word.len())]);
    is_word.then_some(word)
}

/// `ReLU` → `relu`; other words in small letters.
fn native_word(word: &str) -> String {
    let entry = LAYERS.iter().find(|layer| layer.names.contains(&word));
    entry.map_or_else(|| word.to_lowercase(), |layer| layer.native.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{LAYERS, rewrite, rewrite_network};

    fn native(text: &str) -> Option<String> {
        rewrite(text).map(|rewrite| rewrite.native)
    }

    #[test]
    fn layers_of_other_libraries_are_known() {
        for (foreign, wanted) in [
            ("nn.Linear(784, 30)", "dense(30)"),
            ("h = torch.nn.Linear(in_features=784, out_features=30, bias=False)", "h = dense(30, biases: none)"),
            ("self.fc1 = nn.Linear(784, 30)", "fc1 = dense(30)"),
            ("Dense(30, activation=\"relu\")", "dense(30, relu)"),
            ("Dense(units=30, kernel_initializer='he_normal')", "dense(30, weights: he_normal)"),
            ("model.add(layers.Dense(10))", "dense(10)"),
            ("nn.Conv2d(1, 6, 5, padding=2)", "conv2d(6, 5, pad: 2)"),
            ("nn.MaxPool2d(kernel_size=3, stride=2)", "max_pool(3, stride: 2)"),
            ("MaxPooling2D(pool_size=2)", "max_pool(2)"),
            ("Conv2D(6, 5, strides=2, activation=tanh)", "conv2d(6, 5, stride: 2, activation: tanh)"),
            ("nn.ReLU(inplace=True)", "relu"),
            ("ReLU", "relu"),
            ("LeakyReLU(0.1)", "leaky_relu(0.1)"),
            ("nn.LeakyReLU(negative_slope=0.1)", "leaky_relu(0.1)"),
            ("Activation('tanh')", "tanh"),
            ("nn.LSTM(8, 16, batch_first=True)", "lstm(16)"),
            ("nn.Sequential(nn.Linear(4, 3), nn.ReLU(), dense(1),)", "dense(3)\nrelu\ndense(1)"),
            ("Sequential([Dense(3), ReLU()])", "dense(3)\nrelu"),
        ] {
            assert_eq!(native(foreign).as_deref(), Some(wanted), "{foreign}");
        }
    }

    #[test]
    fn what_is_no_habit_is_left_alone() {
        for text in
            ["dense(30)", "relu", "h = dense(30, relu)", "x + 1", "Frobnicate(3)", "nn.Linear(3", "nn.Frob(3)", ""]
        {
            assert_eq!(native(text), None, "{text}");
        }
    }

    #[test]
    fn a_sequential_is_a_network() {
        let network = rewrite_network(
            "model = nn.Sequential(\n  nn.Linear(784, 30),  # hidden\n  nn.Sigmoid(),\n  nn.Linear(30, 10),\n)",
        );
        let wanted = "network model {\n  input(784)\n  dense(30)\n  sigmoid\n  dense(10)\n}";
        assert_eq!(network.map(|rewrite| rewrite.native).as_deref(), Some(wanted));
        assert!(rewrite_network("model = Sequential(relu)").is_none());
    }

    #[test]
    fn no_name_stands_twice() {
        let mut names: Vec<&str> = LAYERS.iter().flat_map(|layer| layer.names.iter().copied()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
