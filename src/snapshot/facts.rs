//! A report as a flat list of facts, each with a name that is found again in another report: the step by its number, the layer
//! by its name, the seed by its number. Read from JSON, so that a report that was written to a file, the numbers of a snapshot
//! and a run of this moment are one thing here.

use serde_json::Value;

/// What is known of a run, in the order of its report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// All of them; no two have the same key.
    pub facts: Vec<Fact>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it is about.
    pub key: Key,
    /// What it says.
    pub datum: Datum,
}

/// What a fact is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The step, where it is a step's.
    pub step: Option<u64>,
    /// The layer, where it is a layer's.
    pub layer: Option<String>,
    /// Which of its facts, as the path in the JSON report: `weight.l2`.
    pub statistic: String,
}

/// What a fact says.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    /// A measured number, to which a tolerance applies.
    Number(f64),
    /// A word or an exact count: a verdict, a shape, a seed.
    Word(String),
    /// What only repeats other facts, in words or as a histogram; compared where everything must be equal.
    Prose(String),
}

impl Facts {
    /// Of a report as JSON, or of what a snapshot keeps of one.
    #[must_use]
    pub fn of(report: &Value) -> Self {
        let mut reader = Reader { facts: Self::default(), step: None, layer: None };
        reader.report(report);
        reader.facts
    }

    /// The fact of a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Datum> {
        self.facts.iter().find(|fact| fact.key == *key).map(|fact| &fact.datum)
    }

    /// The verdict over all seeds.
    #[must_use]
    pub fn verdict(&self) -> Option<&str> {
        let key = Key { step: None, layer: None, statistic: "verdict".to_owned() };
        match self.get(&key) {
            Some(Datum::Word(word)) => Some(word),
            _ => None,
        }
    }
}

/// Where the reading is.
struct Reader {
    facts: Facts,
    step: Option<u64>,
    layer: Option<String>,
}

impl Reader {
    fn push(&mut self, statistic: &str, datum: Datum) {
        let key = Key { step: self.step, layer: self.layer.clone(), statistic: statistic.to_owned() };
        self.facts.facts.push(Fact { key, datum });
    }

    fn report(&mut self, report: &Value) {
        for (name, value) in members(report) {
            match (name, value) {
                ("verdict", verdict) => self.verdict(verdict),
                ("steps", steps) => elements(steps).for_each(|step| self.step(step)),
                ("findings", findings) => self.findings(findings),
                ("schema" | "network" | "seed" | "precision" | "batch" | "synthetic_data", value) => {
                    self.word(name, value);
                }
                (name, value) => self.any(name, value),
            }
        }
    }

    fn verdict(&mut self, verdict: &Value) {
        self.word("verdict", &verdict["word"]);
        // Said only where they are more than the one word.
        let words: Vec<&str> = elements(&verdict["words"]).filter_map(Value::as_str).collect();
        if words.len() > 1 {
            self.push("verdicts", Datum::Word(words.join(", ")));
        }
        for (name, value) in members(verdict) {
            match (name, value) {
                ("word" | "words", _) => {}
                ("seeds", seeds) => {
                    // One seed alone says what the verdict and the last step say.
                    let is_alone = elements(seeds).count() == 1;
                    for seed in elements(seeds) {
                        let number = plain(&seed["seed"]);
                        for (name, value) in members(seed).filter(|(name, _)| *name != "seed") {
                            let name = format!("{} of seed {number}", if name == "word" { "verdict" } else { name });
                            if is_alone {
                                self.push(&name, Datum::Prose(plain(value)));
                            } else {
                                self.any(&name, value);
                            }
                        }
                    }
                }
                (name, value) => self.any(name, value),
            }
        }
    }

    fn findings(&mut self, findings: &Value) {
        let mut told: Vec<String> = Vec::new();
        for finding in elements(findings) {
            let code = plain(&finding["code"]);
            let place = finding["layer"].as_str().map(|layer| format!(" at {layer}")).unwrap_or_default();
            let name = format!("{code}{place}");
            let earlier = told.iter().filter(|told| **told == name).count();
            told.push(name.clone());
            let name = if earlier == 0 { name } else { format!("{name} ({})", earlier + 1) };
            self.word(&name, &finding["level"]);
            for (part, value) in
                members(finding).filter(|(part, value)| ["message", "help"].contains(part) && !value.is_null())
            {
                self.push(&format!("{part} of {name}"), Datum::Prose(plain(value)));
            }
        }
    }

    fn step(&mut self, step: &Value) {
        self.step = step["step"].as_u64();
        for (name, value) in members(step) {
            match (name, value) {
                ("step", _) => {}
                ("layers", layers) => elements(layers).for_each(|layer| self.layer(layer)),
                (name, value) => self.any(name, value),
            }
        }
        self.step = None;
    }

    fn layer(&mut self, layer: &Value) {
        self.layer = Some(plain(&layer["name"]));
        for (name, value) in members(layer) {
            match name {
                // The line moves with every comment above it.
                "name" | "line" => {}
                "kind" | "activation" | "parameters" | "verdict" => self.word(name, value),
                "shape" => {
                    let sides: Vec<String> = elements(value).map(plain).collect();
                    self.push(name, Datum::Word(sides.join("×")));
                }
                name => self.any(name, value),
            }
        }
        self.layer = None;
    }

    fn word(&mut self, name: &str, value: &Value) {
        if !value.is_null() {
            self.push(name, Datum::Word(plain(value)));
        }
    }

    /// Whatever it is, under the path to it.
    fn any(&mut self, name: &str, value: &Value) {
        let within =
            |part: &dyn std::fmt::Display| if name.is_empty() { part.to_string() } else { format!("{name}.{part}") };
        match value {
            Value::Null => {}
            Value::Bool(_) => self.word(name, value),
            Value::Number(number) => self.push(name, Datum::Number(number.as_f64().unwrap_or(f64::NAN))),
            Value::String(text) => match text.as_str() {
                "NaN" => self.push(name, Datum::Number(f64::NAN)),
                "inf" => self.push(name, Datum::Number(f64::INFINITY)),
                "-inf" => self.push(name, Datum::Number(f64::NEG_INFINITY)),
                _ if name.starts_with("summary") => self.push(name, Datum::Prose(text.clone())),
                _ => self.word(name, value),
            },
            Value::Object(members) if name.ends_with("histogram") => {
                self.push(name, Datum::Prose(Value::Object(members.clone()).to_string()));
            }
            Value::Object(members) => members.iter().for_each(|(part, value)| self.any(&within(part), value)),
            Value::Array(elements) => {
                elements.iter().enumerate().for_each(|(index, value)| self.any(&within(&index), value));
            }
        }
    }
}

/// The members of an object, none of anything else.
fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// The elements of a list, none of anything else.
fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Without the quotes of a string.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
