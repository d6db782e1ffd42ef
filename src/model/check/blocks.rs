//! The settings blocks: `data`, `train`, `report`, `sweep`.

use super::Checker;
use super::evaluate::describe;
use super::network::Entries;
use super::value::{Context, Home, Scope, Value, Valued};
use crate::diagnostics::{arguments, names, near, values};
use crate::model::settings::{
    self, CLIPS, CONSTRAINTS, DATA_KEYS, OPTIMIZERS, REPORT_KEYS, SCHEDULES, SOURCES, TRAIN_KEYS,
};
use crate::model::signature::{Argument, Bounds, Parameter, Takes};
use crate::model::{At, Chosen, Data, ReportSettings, Seeds, Source, SourceKind, Spanned, SweepAxis, Train};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Settings};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// The examples that a generator makes where `take:` does not say.
pub(super) const GENERATED: usize = 256;
/// What a step may be called.
const WORDS_FOR_STEPS: [&str; 2] = ["first", "last"];
/// The seeds that one run may have.
const MOST_SEEDS: usize = 10_000;

impl<'a> Checker<'a> {
    /// The keys within a place whose statements could not be understood.
    pub(super) fn poisoned_keys_within(&self, place: Span) -> HashSet<&'a str> {
        self.poisoned_keys
            .iter()
            .filter(|key| key.span.source == place.source && place.start <= key.span.start && key.span.end <= place.end)
            .map(|key| key.name.as_str())
            .collect()
    }

    fn entries(&mut self, block: &'a Settings, keys: &'static [settings::Key]) -> Entries<'a> {
        self.known_entries(block.entries.iter(), keys, block.kind.keyword())
    }

    /// One value of a setting, as a parameter of the key's name would take it.
    fn setting(&mut self, key: &'static str, takes: Takes, expr: &'a Expr) -> Option<Argument> {
        let parameter = Parameter::required(key, takes, "");
        self.take(&parameter, expr, &Scope::root(Home::User), Context::Plain)
    }

    fn setting_count(&mut self, key: &'static str, least: usize, expr: &'a Expr) -> Option<usize> {
        match self.setting(key, Takes::Count { least }, expr)? {
            Argument::Count(count) => Some(count),
            other => unreachable!("a count is taken, not {other:?}"),
        }
    }

    fn setting_number(&mut self, key: &'static str, bounds: Bounds, expr: &'a Expr) -> Option<f64> {
        match self.setting(key, Takes::Number(bounds), expr)? {
            Argument::Number(number) => Some(number),
            other => unreachable!("a number is taken, not {other:?}"),
        }
    }

    fn setting_boolean(&mut self, key: &'static str, takes: Takes, expr: &'a Expr) -> Option<bool> {
        match self.setting(key, takes, expr)? {
            Argument::Boolean(boolean) => Some(boolean),
            other => unreachable!("a truth value is taken, not {other:?}"),
        }
    }

    /// The `data` block; none where it is broken.
    pub(super) fn check_data(&mut self, block: &'a Settings) -> Option<Data> {
        let errors = self.sink.errors;
        let entries = self.entries(block, DATA_KEYS);
        let mut source = None;
        let mut data = Data {
            source: Source { kind: SourceKind::Xor, span: block.head },
            test: None,
            take: None,
            skip: 0,
            batch: None,
            shuffle: false,
            scale: None,
            normalize: false,
            one_hot: None,
            split: None,
            seed: 0,
            span: block.span,
        };
        let has_source = entries.has_unknown || entries.known.iter().any(|(key, _)| *key == "source");
        for (key, setting) in entries.known {
            let value = &setting.value;
            match key {
                "source" => source = self.source(value),
                "test" => data.test = self.source(value),
                "take" => data.take = self.setting_count(key, 1, value),
                "skip" => data.skip = self.setting_count(key, 0, value).unwrap_or(0),
                "batch" => data.batch = self.setting_count(key, 1, value),
                "shuffle" => data.shuffle = self.setting_boolean(key, Takes::Boolean, value).unwrap_or(false),
                "scale" => data.scale = self.setting_number(key, Bounds::Finite, value),
                "normalize" => {
                    let word = self.one_of(&["standard"], value, &Scope::root(Home::User), Context::Plain);
                    data.normalize = word.is_some();
                }
                "one_hot" => data.one_hot = self.setting_boolean(key, Takes::Boolean, value),
                "split" => data.split = self.setting_number(key, Bounds::ShareBetween, value),
                _ => data.seed = self.setting_count(key, 0, value).unwrap_or(0) as u64,
            }
        }
        if !has_source {
            if !self.poisoned_keys_within(block.span).contains("source") {
                self.report(arguments::missing_key("source", "data", block.head, "`source: gaussian(10, classes: 2)`"));
            }
            return None;
        }
        data.source = source?;
        (self.sink.errors == errors).then_some(data)
    }

    /// The number of examples in a batch, as far as the file tells.
    pub(super) fn batch_of(data: Option<&Data>) -> usize {
        let Some(data) = data else { return GENERATED };
        let made = match data.source.kind {
            SourceKind::Idx { .. }
            | SourceKind::Csv { .. }
            | SourceKind::Npy { .. }
            | SourceKind::Npz { .. }
            | SourceKind::Safetensors { .. }
            | SourceKind::Text { .. } => data.take,
            SourceKind::Xor => Some(data.take.unwrap_or(4)),
            SourceKind::Parity { bits } => Some(data.take.unwrap_or_else(|| {
                u32::try_from(bits).ok().and_then(|bits| 1_usize.checked_shl(bits)).unwrap_or(usize::MAX)
            })),
            SourceKind::Gaussian { .. }
            | SourceKind::Moons { .. }
            | SourceKind::Spirals { .. }
            | SourceKind::Sine
            | SourceKind::Teacher { .. }
            | SourceKind::Adding { .. }
            | SourceKind::Copy { .. } => Some(data.take.unwrap_or(GENERATED)),
        };
        match (data.batch, made) {
            (Some(batch), Some(made)) => batch.min(made),
            (Some(batch), None) => batch,
            (None, Some(made)) => made,
            (None, None) => 1,
        }
    }

    fn source(&mut self, expr: &'a Expr) -> Option<Source> {
        let chosen = self.word(SOURCES, "data source", expr, &Scope::root(Home::User))?;
        let arguments = &chosen.arguments;
        let text = |name: &str| arguments.text(name).expect("it is required or has a default");
        let count = |name: &str| arguments.count(name).expect("it is required or has a default");
        let number = |name: &str| arguments.number(name).expect("it is required");
        let kind = match chosen.word.name {
            "idx" => SourceKind::Idx { images: text("images"), labels: text("labels") },
            "csv" => SourceKind::Csv {
                path: text("path"),
                target: arguments.text("target"),
                header: arguments.boolean("header").expect("it has a default"),
                window: arguments.count("window"),
            },
            "npy" => SourceKind::Npy { x: text("x"), y: text("y") },
            "npz" => SourceKind::Npz { path: text("path"), x: text("x"), y: text("y") },
            "safetensors" => SourceKind::Safetensors { path: text("path"), x: text("x"), y: text("y") },
            "text" => SourceKind::Text { path: text("path"), window: count("window") },
            "gaussian" => SourceKind::Gaussian { features: count("features"), classes: count("classes") },
            "moons" => SourceKind::Moons { noise: number("noise") },
            "spirals" => SourceKind::Spirals { classes: count("classes"), noise: number("noise") },
            "xor" => SourceKind::Xor,
            "parity" => {
                let bits = count("bits");
                if bits > super::Limits::PARITY_BITS {
                    let span = arguments.span("bits").expect("it is required");
                    let most = super::Limits::PARITY_BITS;
                    self.report(values::out_of_range(span, "`bits`", bits as f64, &format!("at most {most}")));
                    return None;
                }
                SourceKind::Parity { bits }
            }
            "sine" => SourceKind::Sine,
            "teacher" => {
                let widths = arguments.counts("widths").to_vec();
                if widths.len() < 2 {
                    let span = arguments.span("widths").expect("it is required");
                    self.report(arguments::teacher_needs_two_widths(span));
                    return None;
                }
                SourceKind::Teacher {
                    widths,
                    activation: arguments.activation("activation").expect("it is required").clone(),
                }
            }
            "adding" => SourceKind::Adding { time: count("time") },
            "copy" => SourceKind::Copy { time: count("time"), delay: count("delay") },
            other => unreachable!("`{other}` is no data source"),
        };
        Some(Source { kind, span: chosen.span })
    }

    /// The `train` block; none where it is broken.
    pub(super) fn check_train(&mut self, block: &'a Settings) -> Option<Train> {
        let errors = self.sink.errors;
        let root = Scope::root(Home::User);
        let entries = self.entries(block, TRAIN_KEYS);
        let has_unknown = entries.has_unknown;
        let present: Vec<(&str, Span)> = entries.known.iter().map(|(key, setting)| (*key, setting.key.span)).collect();
        let (mut optimizer, mut schedule, mut clip, mut constrain) = (None, None, None, None);
        let (mut steps, mut epochs, mut decay, mut checkpoint) = (None, None, None, None);
        for (key, setting) in entries.known {
            let value = &setting.value;
            match key {
                "optimizer" => optimizer = self.word(OPTIMIZERS, "optimizer", value, &root),
                "steps" => steps = self.setting_count(key, 0, value).map(|steps| steps as u64),
                "epochs" => epochs = self.setting_count(key, 0, value).map(|epochs| epochs as u64),
                "schedule" => schedule = self.word(SCHEDULES, "schedule", value, &root),
                "clip" => clip = self.word(CLIPS, "clip", value, &root),
                "decay" => decay = self.setting_number(key, Bounds::NotNegative, value),
                "constrain" => constrain = self.constraint(value, &root),
                _ => checkpoint = self.setting_text(key, value),
            }
        }
        let poisoned = self.poisoned_keys_within(block.span);
        let place = |key: &str| present.iter().find(|(name, _)| *name == key).map(|(_, span)| *span);
        if place("optimizer").is_none() && !has_unknown && !poisoned.contains("optimizer") {
            self.report(arguments::missing_key("optimizer", "train", block.head, "`optimizer: sgd(rate: 0.1)`"));
        }
        match (place("steps"), place("epochs")) {
            (Some(steps), Some(epochs)) => self.report(arguments::conflict("steps", steps, "epochs", epochs)),
            (None, None) if !has_unknown && !poisoned.contains("steps") && !poisoned.contains("epochs") => {
                self.report(arguments::missing_key("steps", "train", block.head, "`steps: 100`, or `epochs:`"));
            }
            (Some(_) | None, _) => {}
        }
        if self.sink.errors > errors {
            return None;
        }
        Some(Train {
            optimizer: optimizer?,
            schedule,
            clip,
            decay,
            constrain,
            checkpoint,
            steps,
            epochs,
            span: block.span,
        })
    }

    fn constraint(&mut self, value: &'a Expr, root: &Rc<Scope<'a>>) -> Option<Chosen> {
        let chosen = self.word(CONSTRAINTS, "constraint", value, root)?;
        if let (Some(low), Some(high)) = (chosen.arguments.number("low"), chosen.arguments.number("high"))
            && low > high
        {
            self.report(values::ends_exchanged(chosen.span, chosen.arguments.span("low"), low, high));
            return None;
        }
        Some(chosen)
    }

    fn setting_text(&mut self, key: &'static str, expr: &'a Expr) -> Option<Spanned<String>> {
        match self.setting(key, Takes::Text, expr)? {
            Argument::Text(text) => Some(Spanned { value: text, span: expr.span }),
            other => unreachable!("a string is taken, not {other:?}"),
        }
    }

    /// The `report` block, or its defaults; the thresholds are those of the language.
    pub(super) fn check_report(&mut self, block: Option<&'a Settings>) -> ReportSettings {
        let mut report = ReportSettings {
            at: None,
            every: None,
            curvature: false,
            seeds: Seeds::Default,
            dropout: true,
            vanishing: 1e-3,
            exploding: 1e2,
            dead: 0.5,
            saturated: 0.5,
            underflow: 0.01,
        };
        let Some(block) = block else { return report };
        for (key, setting) in self.entries(block, REPORT_KEYS).known {
            let value = &setting.value;
            match key {
                "at" => report.at = self.report_steps(value),
                "every" => report.every = self.setting_count(key, 1, value).map(|every| every as u64),
                "seeds" => report.seeds = self.seeds(value).unwrap_or(Seeds::Default),
                "dropout" => report.dropout = self.setting_boolean(key, Takes::Switch, value).unwrap_or(true),
                "curvature" => report.curvature = self.setting_boolean(key, Takes::Switch, value).unwrap_or(false),
                _ => {
                    let bounds = match key {
                        "vanishing" => Bounds::ShareBetween,
                        "exploding" => Bounds::AboveOne,
                        _ => Bounds::Share,
                    };
                    let Some(threshold) = self.setting_number(key, bounds, value) else { continue };
                    match key {
                        "vanishing" => report.vanishing = threshold,
                        "exploding" => report.exploding = threshold,
                        "dead" => report.dead = threshold,
                        "saturated" => report.saturated = threshold,
                        _ => report.underflow = threshold,
                    }
                }
            }
        }
        report
    }

    /// `at: [0, 100, last]`, `at: last`
    fn report_steps(&mut self, expr: &'a Expr) -> Option<Vec<At>> {
        let entries: &'a [Expr] = match &expr.kind {
            ExprKind::List(entries) => entries,
            _ => std::slice::from_ref(expr),
        };
        let mut steps = Vec::with_capacity(entries.len());
        let mut sound = true;
        for entry in entries {
            match self.step(entry) {
                Some(more) => steps.extend(more),
                None => sound = false,
            }
        }
        if sound && steps.is_empty() {
            self.report(values::out_of_range(expr.span, "`at`", 0.0, "one step or more"));
            return None;
        }
        sound.then_some(steps)
    }

    /// A step, `first`, `last`, or the steps of a param's list.
    pub(super) fn step(&mut self, expr: &'a Expr) -> Option<Vec<At>> {
        if let ExprKind::Path(path) = &expr.kind
            && path.segments.is_empty()
        {
            match path.head.name.as_str() {
                "first" => return Some(vec![At::First]),
                "last" => return Some(vec![At::Last]),
                name => {
                    let root = Scope::root(Home::User);
                    let is_known = self.named_value(&path.head, &root, Context::Plain).is_some();
                    if !is_known && near::nearest(name, WORDS_FOR_STEPS).is_some() {
                        self.report(names::unknown("step", &path.head, WORDS_FOR_STEPS));
                        return None;
                    }
                }
            }
        }
        let valued = self.value(expr, &Scope::root(Home::User), Context::Plain);
        if let Value::List(entries) = &valued.value {
            let entries = Rc::clone(entries);
            let mut steps = Vec::with_capacity(entries.len());
            for entry in entries.iter() {
                steps.push(At::Step(self.count(entry, "at", 0)? as u64));
            }
            return Some(steps);
        }
        Some(vec![At::Step(self.count(&valued, "at", 0)? as u64)])
    }

    /// `seeds: 0..8`, `seeds: [1, 5]`, `seeds: 3`
    fn seeds(&mut self, expr: &'a Expr) -> Option<Seeds> {
        let valued = self.value(expr, &Scope::root(Home::User), Context::Plain);
        let seeds = match &valued.value {
            Value::Range(start, end) => {
                let (start, end) = (*start, *end);
                if start < 0 {
                    self.report(values::too_small(expr.span, "a seed", start as f64, 0));
                    return None;
                }
                if end < start {
                    self.report(values::ends_exchanged(expr.span, None, start as f64, end as f64));
                    return None;
                }
                let count = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
                self.check_seed_count(expr.span, count)?;
                (start..end).map(|seed| seed as u64).collect()
            }
            Value::List(entries) => {
                let entries = Rc::clone(entries);
                self.check_seed_count(expr.span, entries.len())?;
                let mut seeds = Vec::with_capacity(entries.len());
                for entry in entries.iter() {
                    seeds.push(self.count(entry, "seeds", 0)? as u64);
                }
                seeds
            }
            Value::Unknown => return None,
            Value::Number(_) => vec![self.count(&valued, "seeds", 0)? as u64],
            other => {
                let found = describe(other);
                self.report(arguments::wrong_type(expr.span, "a range, a list or a number", &found));
                return None;
            }
        };
        Some(Seeds::Listed(seeds))
    }

    fn check_seed_count(&mut self, span: Span, count: usize) -> Option<()> {
        if (1..=MOST_SEEDS).contains(&count) {
            return Some(());
        }
        self.report(values::out_of_range(
            span,
            "the number of seeds",
            count as f64,
            &format!("from 1 to {MOST_SEEDS}"),
        ));
        None
    }

    /// The `sweep` block: params of the file, each with values of its type.
    pub(super) fn check_sweep(&mut self, block: &'a Settings) -> Vec<SweepAxis> {
        let mut axes: Vec<SweepAxis> = Vec::new();
        let mut seen: HashMap<&str, Span> = HashMap::new();
        let root = Scope::root(Home::User);
        for setting in &block.entries {
            if let Some(first) = seen.insert(&setting.key.name, setting.key.span) {
                self.report(arguments::given_twice(&setting.key, first, "setting"));
                continue;
            }
            let valued = self.value(&setting.value, &root, Context::Plain);
            let Some(own) = self.params.use_of(&setting.key.name) else {
                self.report(names::unknown("param", &setting.key, self.params.names()));
                continue;
            };
            let place = self.params.place(&setting.key.name).unwrap_or(setting.key.span);
            let own = Valued { value: own, span: place };
            let mut axis = SweepAxis { param: setting.key.clone(), values: Vec::new() };
            match &valued.value {
                Value::List(entries) => {
                    let entries = Rc::clone(entries);
                    if entries.is_empty() {
                        self.report(values::out_of_range(setting.value.span, "the number of values", 0.0, "1 or more"));
                    }
                    for entry in entries.iter() {
                        self.check_choice(entry);
                        self.check_same_type(&setting.key, &own, entry);
                        axis.values.push(Spanned { value: self.sources.text(entry.span).to_owned(), span: entry.span });
                    }
                }
                Value::Range(start, end) => {
                    let (start, end) = (*start, *end);
                    let count = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
                    if self.check_seed_count(setting.value.span, count).is_some() {
                        let span = setting.value.span;
                        self.check_same_type(&setting.key, &own, &Valued { value: Value::Number(start as f64), span });
                        axis.values = (start..end).map(|value| Spanned { value: value.to_string(), span }).collect();
                    }
                }
                Value::Unknown => {}
                other => {
                    let found = describe(other);
                    self.report(arguments::wrong_type(setting.value.span, "a list of values", &found));
                }
            }
            axes.push(axis);
        }
        axes
    }
}
