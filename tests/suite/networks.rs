//! Random valid experiments, as text: a stream of numbers decides, statement by statement, what is written next. Shapes are
//! followed as the language defines them, so that every text compiles and runs. What the prelude defines is drawn from the
//! prelude itself: a new activation, loss or rule is drawn as soon as it exists.

use gradc::model;
use gradc::source::Sources;
use gradc::syntax::ast::{Definition, DefinitionKind, Item};

/// A definition of the prelude, as far as a use needs it.
#[derive(Clone, Debug)]
pub(crate) struct Defined {
    /// Its name.
    pub(crate) name: String,
    /// What it has besides what the network passes.
    pub(crate) parameters: Vec<String>,
    /// Whether a use must give all of these.
    pub(crate) required: bool,
    /// What the network passes a loss as its target: `t`, or `sign`.
    pub(crate) target: Option<String>,
    /// Whether it looks along the classes.
    pub(crate) row_wise: bool,
}

/// The prelude's definitions of a kind, in its order.
pub(crate) fn defined(kind: DefinitionKind) -> Vec<Defined> {
    let passed = match kind {
        DefinitionKind::Activation => 1,
        DefinitionKind::Loss => 2,
        DefinitionKind::Init => 0,
    };
    let of = |definition: Definition| {
        let own = &definition.parameters[passed..];
        Defined {
            parameters: own.iter().map(|parameter| parameter.name.name.clone()).collect(),
            required: own.iter().any(|parameter| parameter.default.is_none()),
            target: definition.parameters[..passed].get(1).map(|parameter| parameter.name.name.clone()),
            row_wise: format!("{:?}", definition.body).contains("softmax"),
            name: definition.name.name,
        }
    };
    let prelude = model::prelude(&mut Sources::new());
    let of_the_kind = prelude.items.into_iter().filter_map(|item| match item {
        Item::Definition(definition) if definition.kind == kind => Some(of(definition)),
        _ => None,
    });
    of_the_kind.collect()
}

/// Numbers that decide, one after another; 0, the plainest choice, once they are used up.
struct Choices<'a>(std::slice::Iter<'a, u16>);

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % count
    }

    fn one_of<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// True once in `of`; never once the numbers are used up.
    fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == of - 1
    }

    fn are_left(&self) -> bool {
        self.0.len() > 0
    }
}

const WIDTHS: [usize; 8] = [1, 2, 3, 5, 8, 9, 17, 33];
/// Statements of a network's body, at most.
const STATEMENTS: usize = 7;

struct Writer<'a> {
    choices: Choices<'a>,
    activations: Vec<Defined>,
    body: String,
    /// How many labels were given.
    named: usize,
    /// The value of `param width`.
    param: usize,
    /// The shape of one example so far.
    shape: Vec<usize>,
    /// Labels of the network's own body, with their shapes.
    labels: Vec<(String, Vec<usize>)>,
}

/// The text that the numbers decide for. `precision` where it is not to be drawn.
pub(crate) fn network(numbers: &[u16], precision: Option<&str>) -> String {
    let mut writer = Writer {
        choices: Choices(numbers.iter()),
        activations: defined(DefinitionKind::Activation),
        body: String::new(),
        named: 0,
        param: 1,
        shape: Vec::new(),
        labels: Vec::new(),
    };
    writer.experiment(precision)
}

impl Writer<'_> {
    fn experiment(&mut self, precision: Option<&str>) -> String {
        let mut text = self.definitions();
        let inputs = [vec![4], vec![7], vec![3, 4], vec![19], vec![2, 3, 2], vec![1, 6, 7], vec![4, 5, 5], vec![2, 9]];
        let input = self.choices.one_of(&inputs);
        let numbers: usize = input.iter().product();
        self.line(1, &format!("input({})", list(&input)));
        let looks_up = input.len() < 3 && self.choices.once_in(6);
        self.shape.clone_from(&input);
        if looks_up {
            let (vocabulary, dim) = (self.width(), self.width());
            self.line(1, &format!("embedding({vocabulary}, {dim})"));
            self.shape.push(dim);
        } else {
            self.labels.push(("input".into(), input));
        }
        if self.shape.len() > 2 {
            for _ in 0..3 {
                if self.shape.len() > 1 {
                    self.windows();
                }
            }
            if self.shape.len() > 2 {
                self.flatten();
            }
        }
        for _ in 0..STATEMENTS {
            if self.choices.are_left() {
                self.statement();
            }
        }
        // only those that are made up are sure to have rows
        let made_up = self.choices.once_in(4) || looks_up;
        if self.shape.len() > 1 && !made_up {
            self.flatten();
        }
        let outputs = self.choices.one_of(&[3, 1, 2, 5]);
        self.line(1, &format!("dense({outputs})"));
        self.shape = with_last(&self.shape, outputs);
        let plain = !made_up && self.choices.once_in(3);
        let loss = self.loss(outputs, plain);
        self.line(1, &format!("loss: {loss}"));
        let rule = self.rule();
        self.line(1, &format!("weights: {rule}"));
        let biases =
            self.choices.one_of(&["normal(0, 0.3)", "zeros", "uniform(-0.2, 0.2)", "pytorch", "none", "constant(0.1)"]);
        self.line(1, &format!("biases: {biases}"));
        let drawn = self.choices.one_of(&["f32", "f64"]);
        self.line(1, &format!("precision: {}", precision.unwrap_or(drawn)));
        if !made_up {
            let examples = self.choices.one_of(&[16, 1, 5, 33]);
            // One value cannot be normalised.
            let examples = if self.body.contains("batch_norm") { examples.max(2) } else { examples };
            let source = if plain {
                let activation = self.activation();
                format!("teacher({numbers}, 6, {outputs}, {activation})")
            } else {
                format!("gaussian({numbers}, classes: {})", outputs.max(2))
            };
            let rest = self.choices.one_of(&[
                "",
                "; normalize: standard",
                "; batch: 4",
                "; scale: 1 / 2",
                "; shuffle: true; batch: 3",
                "; seed: 7",
            ]);
            text.push_str(&format!("data {{ source: {source}; take: {examples}{rest} }}\n"));
        }
        if self.choices.once_in(4) {
            text.push_str("report { seeds: 0..3 }\n");
        }
        format!("{text}network random {{\n{}}}\n", self.body)
    }

    /// Params, and the user's own activation, loss, rule and block.
    fn definitions(&mut self) -> String {
        let (width, activation) = (self.width(), self.activation());
        self.param = width;
        let expression = self.expression(3);
        let loss = self.choices.one_of(&[
            "(sqrt(1 + (y - t) ^ 2) - 1) * p",
            "softplus(p * (y - t)) / outputs + (y - t) ^ 2",
            "if abs(y - t) < p then (y - t) ^ 2 else p * abs(y - t)",
            "log1p(p * (y - t) ^ 4)",
        ]);
        let rows = self.choices.one_of(&[
            "-t * log_softmax(y) / positions + 0.01 * y ^ 2",
            "(softmax(y) - t) ^ 2",
            "-t * log(0.1 + softmax(y) * p)",
        ]);
        let gain = self.choices.one_of(&["1.3", "0.4", "3"]);
        format!(
            "param width = {width}\n\
             param act = {activation}\n\
             activation own(x, k = 0.7) = 0.5 * x + {expression}\n\
             loss own_loss(y, t, p = 1.5) = {loss}\n\
             loss own_rows(y, t, p = 0.8) = {rows}\n\
             init own_rule(g = {gain}) = normal(0, g / sqrt(fan_in + fan_out))\n\
             block unit(n, f = tanh) {{\n  inner = dense(n, f)\n  residual {{ dense(n, own); dense(n) }}\n  add(inner)\n}}\n"
        )
    }

    /// An expression in `x` and `k`, finite wherever these are moderate.
    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 || !self.choices.are_left() {
            return self.choices.one_of(&["x", "k", "x * k", "2"]).into();
        }
        let u = self.expression(depth - 1);
        match self.choices.below(24) {
            0 => format!("tanh({u})"),
            1 => format!("sigmoid({u})"),
            2 => format!("softplus({u})"),
            3 => format!("sin({u})"),
            4 => format!("cos({u})"),
            5 => format!("erf({u})"),
            6 => format!("exp(-({u}) ^ 2)"),
            7 => format!("sqrt(1 + ({u}) ^ 2)"),
            8 => format!("log1p(({u}) ^ 2)"),
            9 => format!("log(1 + exp({u}))"),
            10 => format!("1 / (1 + exp(-({u})))"),
            11 => format!("({u}) / (1 + abs({u}))"),
            12 => format!("relu({u})"),
            13 => format!("abs({u})"),
            14 => format!("expm1(-abs({u}))"),
            15 => format!("tanh({u}) ^ 3"),
            16 => {
                let activation = self.bare_activation();
                format!("tanh({activation}({u}))")
            }
            choice => {
                let v = self.expression(depth - 1);
                match choice {
                    17 => format!("min({u}, {v})"),
                    18 => format!("max({u}, {v})"),
                    19 => format!("(if {u} < {v} then {u} else ({v}) * k)"),
                    20 => format!("tanh({u}) * ({v})"),
                    21 => format!("({u} + {v})"),
                    22 => format!("(if not ({u} >= k) or {v} == 2 then {v} else {u})"),
                    _ => format!("({u} - {v})"),
                }
            }
        }
    }

    /// One that is used without settings within an expression; `exp` of what may be large is left to `statement`.
    fn bare_activation(&mut self) -> String {
        let names: Vec<String> =
            self.activations.iter().filter(|known| known.name != "exp").map(|known| known.name.clone()).collect();
        self.choices.one_of(&names)
    }

    /// An activation with or without settings.
    fn activation(&mut self) -> String {
        let activations = self.activations.clone();
        let Defined { name, parameters, .. } = self.choices.one_of(&activations);
        match parameters.first() {
            Some(parameter) if self.choices.once_in(2) => format!("{name}({parameter}: 0.6)"),
            _ => name,
        }
    }

    fn layer_activation(&mut self) -> String {
        match self.choices.below(6) {
            0 => "act".into(),
            1 => "own".into(),
            2 => "own(k: 1.25)".into(),
            _ => self.activation(),
        }
    }

    fn rule(&mut self) -> String {
        let rules = [
            "own_rule",
            "own_rule(g: 1)",
            "normal(0, 0.5)",
            "uniform(-0.6, 0.6)",
            "truncated_normal(0, 0.5)",
            "orthogonal(gain: 1.2)",
            "identity",
            "sparse(1, 0.8)",
        ];
        let from_prelude = defined(DefinitionKind::Init);
        let from_prelude = from_prelude.iter().filter(|rule| !rule.required).map(|rule| rule.name.clone());
        let rules: Vec<String> = rules.iter().map(|rule| (*rule).to_owned()).chain(from_prelude).collect();
        self.choices.one_of(&rules)
    }

    /// A loss for so many outputs; `plain` where the targets are any numbers.
    fn loss(&mut self, outputs: usize, plain: bool) -> String {
        let fits = |loss: &Defined| {
            let classes = loss.row_wise && (plain || outputs == 1);
            let signs = plain && loss.target.as_deref() != Some("t");
            !classes && !signs && !loss.required
        };
        let mut losses: Vec<String> = defined(DefinitionKind::Loss)
            .iter()
            .filter(|loss| fits(loss))
            .flat_map(|Defined { name, parameters, .. }| {
                let set = parameters.first().map(|parameter| format!("{name}({parameter}: 0.3)"));
                [name.clone()].into_iter().chain(set)
            })
            .collect();
        losses.extend(["own_loss".to_owned(), "own_loss(p: 0.5)".to_owned()]);
        if !plain && outputs > 1 {
            losses.push("own_rows".to_owned());
        }
        self.choices.one_of(&losses)
    }

    fn line(&mut self, depth: usize, statement: &str) {
        self.body.push_str(&format!("{}{statement}\n", "  ".repeat(depth)));
    }

    fn flatten(&mut self) {
        self.line(1, "flatten");
        self.shape = vec![self.shape.iter().product()];
    }

    fn label(&mut self) -> String {
        self.named += 1;
        format!("h{}", self.named)
    }

    fn width(&mut self) -> usize {
        self.choices.one_of(&WIDTHS)
    }

    /// `dense(…)` with everything that may be said of it.
    fn dense(&mut self, units: &str) -> String {
        let mut text = format!("dense({units}");
        if !self.choices.once_in(4) {
            text.push_str(&format!(", {}", self.layer_activation()));
        }
        if self.choices.once_in(4) {
            let rule = self.rule();
            text.push_str(&format!(", weights: {rule}"));
        }
        text.push_str(self.choices.one_of(&[
            "",
            "",
            "",
            ", biases: none",
            ", biases: normal(0, 0.1)",
            ", frozen: true",
        ]));
        text + ")"
    }

    /// One statement of the network's own body.
    fn statement(&mut self) {
        let last = *self.shape.last().expect("the shape has an axis");
        let width = self.width();
        match self.choices.below(27) {
            22..=24 => self.recurrent(width),
            25 | 26 if self.shape.len() == 2 => self.windows(),
            0..=2 => {
                let dense = self.dense(&width.to_string());
                self.shape = with_last(&self.shape, width);
                let label = self.label();
                self.line(1, &format!("{label} = {dense}"));
                self.labels.push((label, self.shape.clone()));
            }
            3 => {
                let dense = self.dense("width");
                self.line(1, &dense);
                self.shape = with_last(&self.shape, self.param);
            }
            4 => {
                let activation = self.layer_activation();
                self.line(1, &activation);
            }
            5 => {
                let row = self.choices.one_of(&["softmax", "log_softmax"]);
                self.line(1, row);
            }
            6 => {
                let (first, second) = (self.dense(&width.to_string()), self.dense(&last.to_string()));
                self.line(1, "residual {");
                self.line(2, &first);
                self.line(2, &second);
                self.line(1, "}");
            }
            7 => {
                let dense = self.dense(&width.to_string());
                self.line(1, &format!("residual(project: true) {{ {dense} }}"));
                self.shape = with_last(&self.shape, width);
            }
            8 => {
                let other = self.width();
                let (first, second, third) =
                    (self.dense(&width.to_string()), self.dense(&other.to_string()), self.layer_activation());
                self.line(1, "parallel(join: concat) {");
                self.line(2, &format!("branch {{ {first} }}"));
                self.line(2, &format!("branch {{ {second}; {third} }}"));
                self.line(2, &format!("branch {{ {third} }}"));
                self.line(1, "}");
                self.shape = with_last(&self.shape, width + other + last);
            }
            9 => {
                let (first, second) = (self.dense(&width.to_string()), self.dense(&width.to_string()));
                self.line(1, &format!("parallel(join: add) {{ branch {{ {first} }}; branch {{ {second} }} }}"));
                self.shape = with_last(&self.shape, width);
            }
            10 => {
                let (turns, dense) = (1 + self.choices.below(3), self.dense(&width.to_string()));
                self.line(1, &format!("repeat {turns} {{ {dense} }}"));
                self.shape = with_last(&self.shape, width);
            }
            11 => {
                let dense = self.dense(&format!("{width} + i"));
                self.line(1, &format!("repeat 2 as i {{ {dense} }}"));
                self.shape = with_last(&self.shape, width + 2);
            }
            12 => {
                let (label, dense) = (self.label(), self.dense("n"));
                self.line(1, &format!("repeat n in [{}, {width}] {{ {label} = {dense}; tanh }}", width + 1));
                self.shape = with_last(&self.shape, width);
            }
            13 => {
                let activation = self.layer_activation();
                let name = self.choices.one_of(&[format!("unit({width})"), format!("unit({width}, {activation})")]);
                self.line(1, &name);
                self.shape = with_last(&self.shape, width);
            }
            14 => self.join(),
            15 => {
                let rule = self.rule();
                let norm = self.choices.one_of(&[
                    "layer_norm",
                    "rms_norm",
                    "rms_norm(frozen: true)",
                    "layer_norm(biases: none)",
                ]);
                self.line(1, norm);
                self.line(1, &format!("dense({last}, weights: {rule})"));
            }
            16 => {
                let channels = self.shape[0];
                let groups = self.choices.one_of(&[1, channels]);
                let norm = self.choices.one_of(&["batch_norm".to_owned(), format!("group_norm({groups})")]);
                self.line(1, &norm);
            }
            17 => {
                let share = self.choices.one_of(&["0.5", "0.1", "0", "1 / 3"]);
                self.line(1, &format!("dropout({share})"));
            }
            18..=20 => self.sequence(),
            _ => self.reshape(),
        }
    }

    /// A recurrent layer, over the steps that there are or that a reshape makes.
    fn recurrent(&mut self, units: usize) {
        if self.shape.len() != 2 {
            let elements: usize = self.shape.iter().product();
            let time = (2..=7).find(|time| elements.is_multiple_of(*time)).unwrap_or(1);
            self.shape = vec![time, elements / time];
            self.line(1, &format!("reshape({})", list(&self.shape)));
        }
        let mut text = match self.choices.below(4) {
            0 => format!("rnn({units}"),
            1 => {
                let activation = self.bare_activation();
                format!("rnn({units}, {activation}")
            }
            2 => format!("gru({units}"),
            _ => format!("lstm({units}"),
        };
        if self.choices.once_in(3) {
            let rule = self.rule();
            text.push_str(&format!(", weights: {rule}"));
        }
        text.push_str(self.choices.one_of(&["", "", ", biases: none", ", biases: normal(0, 0.1)", ", frozen: true"]));
        let label = self.label();
        self.line(1, &format!("{label} = {text})"));
        self.shape = with_last(&self.shape, units);
        self.labels.push((label, self.shape.clone()));
        if self.choices.once_in(3) {
            self.line(1, "last_step");
            self.shape = vec![units];
        }
    }

    /// A layer of windows over channels and one or two axes more.
    fn windows(&mut self) {
        let extents = self.shape[1..].to_vec();
        let channels = self.shape[0];
        match self.choices.below(9) {
            kind @ 0..=6 => {
                let pools = kind >= 4;
                let (dilation, stride) =
                    if pools { (1, 1 + self.choices.below(2)) } else { self.choices.one_of(&[(1, 1), (1, 2), (2, 1)]) };
                let fits = |size: usize| extents.iter().all(|extent| (size - 1) * dilation < *extent);
                let sizes: Vec<usize> = (1..=3).filter(|size| fits(*size)).collect();
                let sizes: Vec<usize> = extents.iter().map(|_| self.choices.one_of(&sizes)).collect();
                let size = |axis: usize| sizes[axis];
                let is_same = !pools && stride == 1 && self.choices.once_in(3);
                let pad = if pools { sizes.iter().map(|size| size / 2).min().unwrap_or(0) } else { 1 };
                let pad = if is_same { 0 } else { self.choices.below(pad + 1) };
                let places = |axis: usize| {
                    let around = if is_same { (size(axis) - 1) * dilation } else { 2 * pad };
                    (extents[axis] + around - (size(axis) - 1) * dilation - 1) / stride + 1
                };
                let places: Vec<usize> = (0..extents.len()).map(places).collect();
                let sizes = if sizes.iter().all(|size| *size == sizes[0]) {
                    sizes[0].to_string()
                } else {
                    format!("{sizes:?}")
                };
                let around = if is_same { "same".to_owned() } else { pad.to_string() };
                let made = if pools {
                    let pool = self.choices.one_of(&["max_pool", "avg_pool"]);
                    self.line(1, &format!("{pool}({sizes}, stride: {stride}, pad: {pad})"));
                    channels
                } else {
                    let groups = (2..=channels).find(|groups| channels.is_multiple_of(*groups)).unwrap_or(1);
                    let groups = self.choices.one_of(&[1, groups]);
                    let made = groups * (1 + self.choices.below(3));
                    let activation = self.layer_activation();
                    let kind = if extents.len() == 1 { "conv1d" } else { "conv2d" };
                    self.line(
                        1,
                        &format!(
                            "{kind}({made}, {sizes}, {activation}, stride: {stride}, pad: {around}, dilation: {dilation}, groups: {groups})"
                        ),
                    );
                    made
                };
                self.shape = [vec![made], places].concat();
            }
            7 => {
                self.line(1, "transpose");
                let last = self.shape.len() - 1;
                self.shape.swap(last - 1, last);
            }
            _ => {
                self.line(1, "global_avg_pool");
                self.shape.truncate(1);
            }
        }
    }

    /// A layer that works along time, where there is one.
    fn sequence(&mut self) {
        let [time, features] = self.shape[..] else { return self.reshape() };
        match self.choices.below(6) {
            0 => {
                let kind = self.choices.one_of(&["sinusoidal", "learned"]);
                self.line(1, &format!("positional({kind})"));
            }
            1 if time > 1 => {
                self.line(1, "last_step");
                self.shape = vec![features];
            }
            _ => {
                let heads: Vec<usize> = (1..=4).filter(|heads| features.is_multiple_of(*heads)).collect();
                let (heads, causal) = (self.choices.one_of(&heads), self.choices.one_of(&["true", "false"]));
                let rest = self.choices.one_of(&["", ", weights: normal(0, 0.6)", ", biases: none"]);
                self.line(1, &format!("attention({heads}, causal: {causal}{rest})"));
            }
        }
    }

    /// `add` or `concat` with a label that fits.
    fn join(&mut self) {
        let fits = |shape: &Vec<usize>| {
            shape.len() == self.shape.len()
                && shape.len() < 3
                && shape[..shape.len() - 1] == self.shape[..shape.len() - 1]
        };
        let fitting: Vec<(String, Vec<usize>)> = self.labels.iter().filter(|(_, shape)| fits(shape)).cloned().collect();
        if fitting.is_empty() {
            return self.reshape();
        }
        let (label, shape) = self.choices.one_of(&fitting);
        if shape == self.shape && self.choices.once_in(2) {
            self.line(1, &format!("add({label})"));
        } else {
            self.line(1, &format!("concat({label})"));
            let joined = self.shape[shape.len() - 1] + shape[shape.len() - 1];
            self.shape = with_last(&self.shape, joined);
        }
    }

    fn reshape(&mut self) {
        let elements: usize = self.shape.iter().product();
        let factor = (2..=4).find(|factor| elements.is_multiple_of(*factor) && elements > *factor);
        match factor {
            Some(factor) if self.shape.len() == 1 => {
                self.shape = vec![factor, elements / factor];
                self.line(1, &format!("reshape({})", list(&self.shape)));
            }
            _ => self.flatten(),
        }
    }
}

fn with_last(shape: &[usize], last: usize) -> Vec<usize> {
    let mut shape = shape.to_vec();
    *shape.last_mut().expect("the shape has an axis") = last;
    shape
}

fn list(extents: &[usize]) -> String {
    extents.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
