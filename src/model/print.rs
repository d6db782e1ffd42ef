//! A model as text: what `emit --stage model` shows. One line a layer, its tensors below it, all numbers of the init rules
//! evaluated; then the loss and the settings. The same model is the same text.

use super::check::number_text;
use super::signature::{Argument, Arguments, Reference};
use super::{
    Activation, At, Chosen, Data, Initializer, Layer, LossTerm, Model, ParameterRole, Quantity, ReportSettings,
    RowWise, Seeds, Source, SourceKind, TargetKind, TensorName, Term, TermKind, Train, VerdictWord,
};
use crate::graph::LayerId;
use crate::syntax::ast::BinaryOperator;
use std::fmt::Write as _;

/// The model as text.
#[must_use]
pub fn print(model: &Model) -> String {
    let mut printer = Printer { model, lines: Vec::new() };
    printer.network();
    printer.subject(true, true);
    printer.settings();
    aligned(&printer.lines)
}

/// What decides the course of training, as text: how long it goes on does not, unless the rate's schedule spreads over it.
#[must_use]
pub fn print_experiment(model: &Model) -> String {
    let mut printer = Printer { model, lines: Vec::new() };
    printer.network();
    let train = model.train.as_ref();
    let spread = train.and_then(|train| train.schedule.as_ref()).is_some_and(|chosen| chosen.word.name == "cosine");
    printer.subject(spread, false);
    aligned(&printer.lines)
}

/// A line with what stands in its second column.
struct Line {
    first: String,
    second: String,
}

struct Printer<'m> {
    model: &'m Model,
    lines: Vec<Line>,
}

/// The lines, second columns under one another within each run of lines that have one.
fn aligned(lines: &[Line]) -> String {
    let width =
        lines.iter().filter(|line| !line.second.is_empty()).map(|line| line.first.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for line in lines {
        if line.second.is_empty() {
            text.push_str(&line.first);
        } else {
            write!(text, "{:width$}   {}", line.first, line.second).expect("a string takes all text");
        }
        text.push('\n');
    }
    text
}

impl Printer<'_> {
    fn line(&mut self, first: impl Into<String>, second: impl Into<String>) {
        self.lines.push(Line { first: first.into(), second: second.into() });
    }

    fn network(&mut self) {
        let model = self.model;
        let parameters: usize = model.parameters.iter().map(|parameter| parameter.shape.elements()).sum();
        self.line(format!("network {} : {}, {parameters} parameters", model.name.name, model.precision), "");
        self.line("", "");
        self.line(format!("input {}", model.input), "");
        for id in &model.body {
            self.layer(*id, 0);
        }
    }

    fn layer(&mut self, id: LayerId, depth: usize) {
        let layer = &self.model.layers[id];
        let indent = "  ".repeat(depth);
        let frozen = if layer.frozen { ", frozen" } else { "" };
        let shape = if layer.input == layer.shape {
            format!("{}", layer.shape)
        } else {
            format!("{} -> {}", layer.input, layer.shape)
        };
        let second = format!("{shape}{}", self.function_of(layer));
        self.line(format!("{indent}{} = {}{frozen}", layer.name, self.call(layer)), second);
        for id in &layer.parameters {
            let parameter = &self.model.parameters[*id];
            let fans = match parameter.role {
                ParameterRole::Weight => format!("   fan in {}, fan out {}", parameter.fan_in, parameter.fan_out),
                ParameterRole::Bias => String::new(),
            };
            self.line(
                format!("{indent}  {} {}", parameter.name, parameter.shape),
                format!("~ {}{fans}", initializer(&parameter.initializer)),
            );
        }
        for (number, branch) in layer.branches.iter().enumerate() {
            if layer.branches.len() > 1 {
                self.line(format!("{indent}  branch {}", number + 1), "");
            }
            let deeper = if layer.branches.len() > 1 { 2 } else { 1 };
            for id in branch {
                self.layer(*id, depth + deeper);
            }
        }
    }

    /// Kind and arguments.
    fn call(&self, layer: &Layer) -> String {
        let arguments: Vec<String> = layer
            .arguments
            .iter()
            .map(|(name, argument)| match argument {
                Argument::Count(_)
                | Argument::Counts(_)
                | Argument::Sizes(_)
                | Argument::Activation(_)
                | Argument::Layer(_)
                    if is_positional(layer, name) =>
                {
                    self.argument(argument)
                }
                _ => format!("{name}: {}", self.argument(argument)),
            })
            .collect();
        let kind = match &layer.activation {
            Some(activation) if layer.arguments.activation("activation").is_none() => &activation.name,
            Some(_) | None => &layer.kind_name,
        };
        if arguments.is_empty() { kind.clone() } else { format!("{kind}({})", arguments.join(", ")) }
    }

    fn argument(&self, argument: &Argument) -> String {
        match argument {
            Argument::Count(count) => count.to_string(),
            Argument::Counts(counts) => counts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Argument::Sizes(sizes) => match &sizes[..] {
                [size] => size.to_string(),
                sizes => format!("{sizes:?}"),
            },
            Argument::Number(number) => number_text(*number),
            Argument::Boolean(boolean) => boolean.to_string(),
            Argument::Word(word) => (*word).to_owned(),
            Argument::Text(text) => format!("{text:?}"),
            Argument::Activation(activation) => activation.name.clone(),
            Argument::Layer(Reference::Input) => "input".to_owned(),
            Argument::Layer(Reference::Layer(id)) => self.model.layers[*id].name.clone(),
        }
    }

    /// The formula of a layer's activation.
    fn function_of(&self, layer: &Layer) -> String {
        layer.activation.as_ref().map_or_else(String::new, |activation| format!("   {}", formula(activation)))
    }

    /// Loss, data and training: how long it goes on where that is `timed`, and where the state is kept where it is `whole`.
    fn subject(&mut self, timed: bool, whole: bool) {
        let model = self.model;
        self.line("", "");
        match &model.loss {
            None => self.line("no loss", ""),
            Some(loss) => {
                let names: Vec<String> = loss
                    .terms
                    .iter()
                    .map(|term| {
                        let name = match term {
                            LossTerm::Prediction => "y",
                            LossTerm::Target => "t",
                            LossTerm::Softmax => "softmax(y)",
                            LossTerm::LogSoftmax => "log_softmax(y)",
                        };
                        name.to_owned()
                    })
                    .collect();
                let target = match loss.target {
                    TargetKind::Classes => "class numbers",
                    TargetKind::Values => "values",
                    TargetKind::Signs => "-1 and 1",
                };
                self.line(format!("loss {}", loss.name), "");
                self.line(format!("  sum over {} of {}", model.output, loss.function.body(&names)), "");
                self.line(format!("  target: {target}"), "");
            }
        }
        match &model.data {
            None => self.line("data: 256 standard-normal examples", ""),
            Some(data) => self.data(data),
        }
        if let Some(train) = &model.train {
            self.train(train, timed, whole);
        }
    }

    fn settings(&mut self) {
        let model = self.model;
        self.report(&model.report);
        for axis in &model.sweep {
            let values: Vec<&str> = axis.values.iter().map(|value| value.value.as_str()).collect();
            self.line(format!("sweep {}: {}", axis.param.name, values.join(", ")), "");
        }
        for expectation in &model.expectations {
            let at = match expectation.at {
                None => String::new(),
                Some(at) => format!(" at {}", step(at)),
            };
            self.line(format!("expect {}{at}", self.term(&expectation.condition)), "");
        }
    }

    fn data(&mut self, data: &Data) {
        self.line("data", "");
        self.line(format!("  source: {}", source(&data.source)), "");
        let test = data.test.as_ref().map(source);
        let number = |number: Option<usize>| number.map(|number| number.to_string());
        let entries = [
            ("test", test),
            ("take", number(data.take)),
            ("skip", number(Some(data.skip).filter(|skip| *skip > 0))),
            ("batch", number(data.batch)),
            ("shuffle", data.shuffle.then(|| "true".to_owned())),
            ("scale", data.scale.map(number_text)),
            ("normalize", data.normalize.then(|| "standard".to_owned())),
            ("one_hot", data.one_hot.map(|one_hot| one_hot.to_string())),
            ("split", data.split.map(number_text)),
            ("seed", Some(data.seed).filter(|seed| *seed != 0).map(|seed| seed.to_string())),
        ];
        self.entries(entries);
    }

    fn entries<const N: usize>(&mut self, entries: [(&str, Option<String>); N]) {
        for (key, value) in entries {
            if let Some(value) = value {
                self.line(format!("  {key}: {value}"), "");
            }
        }
    }

    fn train(&mut self, train: &Train, timed: bool, whole: bool) {
        self.line("train", "");
        let chosen = |chosen: &Option<Chosen>| chosen.as_ref().map(|chosen| self.chosen(chosen));
        let entries = [
            ("optimizer", Some(self.chosen(&train.optimizer))),
            ("steps", train.steps.filter(|_| timed).map(|steps| steps.to_string())),
            ("epochs", train.epochs.filter(|_| timed).map(|epochs| epochs.to_string())),
            ("schedule", chosen(&train.schedule)),
            ("clip", chosen(&train.clip)),
            ("decay", train.decay.map(number_text)),
            ("constrain", chosen(&train.constrain)),
            ("checkpoint", train.checkpoint.as_ref().filter(|_| whole).map(|path| format!("{:?}", path.value))),
        ];
        self.entries(entries);
    }

    fn chosen(&self, chosen: &Chosen) -> String {
        let arguments = self.named(&chosen.arguments);
        if arguments.is_empty() { chosen.word.name.to_owned() } else { format!("{}({arguments})", chosen.word.name) }
    }

    fn named(&self, arguments: &Arguments) -> String {
        let named: Vec<String> =
            arguments.iter().map(|(name, argument)| format!("{name}: {}", self.argument(argument))).collect();
        named.join(", ")
    }

    fn report(&mut self, report: &ReportSettings) {
        self.line("report", "");
        let at = report.at.as_ref().map(|steps| steps.iter().map(|at| step(*at)).collect::<Vec<_>>().join(", "));
        let seeds = match &report.seeds {
            Seeds::Default => None,
            Seeds::Listed(seeds) => Some(seeds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        };
        let entries = [
            ("at", at),
            ("every", report.every.map(|every| every.to_string())),
            ("seeds", seeds),
            ("dropout", (!report.dropout).then(|| "off".to_owned())),
            ("curvature", report.curvature.then(|| "on".to_owned())),
            ("vanishing", Some(number_text(report.vanishing))),
            ("exploding", Some(number_text(report.exploding))),
            ("dead", Some(number_text(report.dead))),
            ("saturated", Some(number_text(report.saturated))),
            ("underflow", Some(number_text(report.underflow))),
        ];
        self.entries(entries);
    }

    fn term(&self, term: &Term) -> String {
        match &term.kind {
            TermKind::Number(number) => number_text(*number),
            TermKind::Quantity(quantity) => self.quantity(*quantity),
            TermKind::Function(function, terms) => {
                let names: Vec<String> = terms.iter().map(|term| self.term(term)).collect();
                function.body(&names)
            }
            TermKind::Compare(operator, left, right) => {
                format!("{} {} {}", self.term(left), comparison(*operator), self.term(right))
            }
            TermKind::In(value, low, high) => {
                format!("{} in {}..{}", self.term(value), self.term(low), self.term(high))
            }
            TermKind::And(left, right) => format!("({} and {})", self.term(left), self.term(right)),
            TermKind::Or(left, right) => format!("({} or {})", self.term(left), self.term(right)),
            TermKind::Not(term) => format!("not {}", self.term(term)),
            TermKind::Word(word) => word_text(*word).to_owned(),
        }
    }

    fn quantity(&self, quantity: Quantity) -> String {
        let layer = |id: LayerId| self.model.layers[id].name.as_str();
        match quantity {
            Quantity::Norm(tensor) => format!("norm({})", self.tensor(tensor)),
            Quantity::Rms(tensor) => format!("rms({})", self.tensor(tensor)),
            Quantity::Zeros(tensor) => format!("zeros({})", self.tensor(tensor)),
            Quantity::Saturated(id) => format!("saturated({})", layer(id)),
            Quantity::Dead(id) => format!("dead({})", layer(id)),
            Quantity::Ratio => "ratio".to_owned(),
            Quantity::Loss => "loss".to_owned(),
            Quantity::Accuracy => "accuracy".to_owned(),
        }
    }

    fn tensor(&self, tensor: TensorName) -> String {
        let of = |id: LayerId, member: &str| format!("{}.{member}", self.model.layers[id].name);
        match tensor {
            TensorName::Gradient(id) => of(id, "gradient"),
            TensorName::Weight(id) => of(id, "weight"),
            TensorName::Bias(id) => of(id, "bias"),
            TensorName::PreActivation(id) => of(id, "pre_activation"),
            TensorName::Output(id) => of(id, "output"),
            TensorName::Input => "input".to_owned(),
        }
    }
}

/// Whether an argument may be passed by position.
fn is_positional(layer: &Layer, name: &str) -> bool {
    layer.kind.parameters.iter().any(|parameter| parameter.name == name && parameter.positional)
}

fn formula(activation: &Activation) -> String {
    match (&activation.function, activation.row_wise) {
        (Some(function), _) => function.to_string(),
        (None, Some(RowWise::Softmax)) => "softmax over the last axis".to_owned(),
        (None, Some(RowWise::LogSoftmax)) => "log_softmax over the last axis".to_owned(),
        (None, None) => unreachable!("an activation without a function looks along rows"),
    }
}

fn step(at: At) -> String {
    match at {
        At::First => "first".to_owned(),
        At::Last => "last".to_owned(),
        At::Step(step) => step.to_string(),
    }
}

fn comparison(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Less => "<",
        BinaryOperator::LessEqual => "<=",
        BinaryOperator::Greater => ">",
        BinaryOperator::GreaterEqual => ">=",
        BinaryOperator::Equal => "==",
        BinaryOperator::NotEqual => "!=",
        BinaryOperator::Add
        | BinaryOperator::Subtract
        | BinaryOperator::Multiply
        | BinaryOperator::Divide
        | BinaryOperator::Power
        | BinaryOperator::And
        | BinaryOperator::Or => unreachable!("an expectation compares by comparisons"),
    }
}

fn word_text(word: VerdictWord) -> &'static str {
    match word {
        VerdictWord::Exploding => "exploding",
        VerdictWord::Vanishing => "vanishing",
        VerdictWord::Underflow => "underflow",
        VerdictWord::Dead => "dead",
        VerdictWord::Saturated => "saturated",
        VerdictWord::Healthy => "healthy",
    }
}

/// A distribution with its numbers, in the words of the language.
fn initializer(initializer: &Initializer) -> String {
    let call = |name: &str, numbers: &[f64]| {
        let numbers: Vec<String> = numbers.iter().copied().map(number_text).collect();
        format!("{name}({})", numbers.join(", "))
    };
    match initializer {
        Initializer::Constant(constant) => call("constant", &[*constant]),
        Initializer::Normal { mean, std } => call("normal", &[*mean, *std]),
        Initializer::Uniform { low, high } => call("uniform", &[*low, *high]),
        Initializer::TruncatedNormal { mean, std } => call("truncated_normal", &[*mean, *std]),
        Initializer::Orthogonal { gain } => call("orthogonal", &[*gain]),
        Initializer::Identity { gain, .. } => call("identity", &[*gain]),
        Initializer::Sparse { nonzeros, std } => format!("sparse({nonzeros}, {})", number_text(*std)),
        Initializer::File { path, .. } => format!("file({path:?})"),
    }
}

fn source(source: &Source) -> String {
    match &source.kind {
        SourceKind::Idx { images, labels } => format!("idx({:?}, {:?})", images.value, labels.value),
        SourceKind::Csv { path, target, header, window } => {
            let target = target.as_ref().map(|target| format!(", target: {:?}", target.value)).unwrap_or_default();
            let window = window.map(|window| format!(", window: {window}")).unwrap_or_default();
            format!("csv({:?}{target}, header: {header}{window})", path.value)
        }
        SourceKind::Npy { x, y } => format!("npy({:?}, {:?})", x.value, y.value),
        SourceKind::Npz { path, x, y } => format!("npz({:?}, x: {:?}, y: {:?})", path.value, x.value, y.value),
        SourceKind::Safetensors { path, x, y } => {
            format!("safetensors({:?}, x: {:?}, y: {:?})", path.value, x.value, y.value)
        }
        SourceKind::Text { path, window } => format!("text({:?}, window: {window})", path.value),
        SourceKind::Gaussian { features, classes } => format!("gaussian({features}, classes: {classes})"),
        SourceKind::Moons { noise } => format!("moons({})", number_text(*noise)),
        SourceKind::Spirals { classes, noise } => format!("spirals({classes}, {})", number_text(*noise)),
        SourceKind::Xor => "xor".to_owned(),
        SourceKind::Parity { bits } => format!("parity({bits})"),
        SourceKind::Sine => "sine".to_owned(),
        SourceKind::Teacher { widths, activation } => {
            let widths: Vec<String> = widths.iter().map(ToString::to_string).collect();
            format!("teacher({}, {})", widths.join(", "), activation.name)
        }
        SourceKind::Adding { time } => format!("adding({time})"),
        SourceKind::Copy { time, delay } => format!("copy({time}, {delay})"),
    }
}
