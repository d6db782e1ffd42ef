//! In which facts two reports differ. Layers are matched by name, steps and seeds by number; what only one report has is said
//! once, not fact by fact.

use super::facts::{Datum, Fact, Facts, Key};
use rustc_hash::{FxHashMap, FxHashSet};

/// A fact that is not the same in both.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What it is about.
    pub key: Key,
    /// What the old report says; none where it says nothing.
    pub old: Option<Datum>,
    /// What the new one says.
    pub new: Option<Datum>,
}

/// What a layer or step is called among the statistics where only one report has it.
pub const PRESENCE: &str = "present";

impl Difference {
    /// New over old, where both are numbers that can be divided.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let (Some(Datum::Number(old)), Some(Datum::Number(new))) = (&self.old, &self.new) else { return None };
        let quotient = new / old;
        (quotient.is_finite() && quotient != 0.0).then_some(quotient)
    }

    /// Whether it is a measured number that changed.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self.old.as_ref().or(self.new.as_ref()), Some(Datum::Number(_)))
    }

    /// Whether it only repeats other facts.
    #[must_use]
    pub fn is_prose(&self) -> bool {
        matches!(self.old.as_ref().or(self.new.as_ref()), Some(Datum::Prose(_)))
    }
}

/// The differences in order of the new report, what only the old one has at its end. A number may be off by `tolerance` times
/// the larger of both; words must be equal. Facts that only repeat others count only where the tolerance is 0.
#[must_use]
pub fn compare(old: &Facts, new: &Facts, tolerance: f64) -> Vec<Difference> {
    let (olds, news) = (Known::of(old), Known::of(new));
    let mut found = Vec::new();
    let mut told = FxHashSet::default();
    for fact in &new.facts {
        if let Some(missing) = olds.lacks(&fact.key) {
            if told.insert(missing.clone()) {
                found.push(Difference { key: missing, old: None, new: Some(Datum::Word("yes".to_owned())) });
            }
            continue;
        }
        let before = olds.facts.get(&fact.key).copied();
        if before.is_some_and(|before| agree(before, fact, (&olds, &news), tolerance)) {
            continue;
        }
        if tolerance > 0.0 && matches!(fact.datum, Datum::Prose(_)) {
            continue;
        }
        found.push(Difference { key: fact.key.clone(), old: before.cloned(), new: Some(fact.datum.clone()) });
    }
    for fact in old.facts.iter().filter(|fact| !news.facts.contains_key(&fact.key)) {
        if let Some(missing) = news.lacks(&fact.key) {
            if told.insert(missing.clone()) {
                found.push(Difference { key: missing, old: Some(Datum::Word("yes".to_owned())), new: None });
            }
        } else if tolerance == 0.0 || !matches!(fact.datum, Datum::Prose(_)) {
            found.push(Difference { key: fact.key.clone(), old: Some(fact.datum.clone()), new: None });
        }
    }
    found
}

fn agree(before: &Datum, fact: &Fact, (olds, news): (&Known, &Known), tolerance: f64) -> bool {
    match (before, &fact.datum) {
        (Datum::Number(before), Datum::Number(after)) => {
            // A mean is what is left where large numbers cancel: its measure is their size.
            let size = fact.key.statistic.strip_suffix(".mean").map_or(0.0, |tensor| {
                let key = Key { statistic: format!("{tensor}.rms"), ..fact.key.clone() };
                olds.number(&key).unwrap_or(0.0).max(news.number(&key).unwrap_or(0.0))
            });
            is_within(*before, *after, size, tolerance)
        }
        (before, after) => before == after,
    }
}

/// Whether two numbers differ by at most `tolerance` times the largest of both and `size`. NaN is like NaN, infinity like
/// infinity of its sign; 0 and −0 are alike.
fn is_within(old: f64, new: f64, size: f64, tolerance: f64) -> bool {
    if old == new || (old.is_nan() && new.is_nan()) {
        return true;
    }
    old.is_finite() && new.is_finite() && (old - new).abs() <= tolerance * old.abs().max(new.abs()).max(size)
}

/// The facts by key, and which steps and layers there are.
struct Known<'f> {
    facts: FxHashMap<&'f Key, &'f Datum>,
    steps: FxHashSet<u64>,
    layers: FxHashSet<&'f str>,
}

impl<'f> Known<'f> {
    fn of(facts: &'f Facts) -> Self {
        Self {
            facts: facts.facts.iter().map(|fact| (&fact.key, &fact.datum)).collect(),
            steps: facts.facts.iter().filter_map(|fact| fact.key.step).collect(),
            layers: facts.facts.iter().filter_map(|fact| fact.key.layer.as_deref()).collect(),
        }
    }

    fn number(&self, key: &Key) -> Option<f64> {
        match self.facts.get(key) {
            Some(Datum::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The step or layer of a key that is not known at all, as a key of its own.
    fn lacks(&self, key: &Key) -> Option<Key> {
        let layer = key.layer.as_ref().filter(|layer| !self.layers.contains(layer.as_str()));
        if let Some(layer) = layer {
            return Some(Key { step: None, layer: Some(layer.clone()), statistic: PRESENCE.to_owned() });
        }
        let step = key.step.filter(|step| !self.steps.contains(step))?;
        Some(Key { step: Some(step), layer: None, statistic: PRESENCE.to_owned() })
    }
}
