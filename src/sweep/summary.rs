//! The runs of a sweep summed up: for each point the commonest verdict, medians over its runs, and how sure they are. Made from rows
//! alone, so that rows read from files are summed up as well.

use super::grid::Axis;
use super::row::Row;
use crate::diagnose::{median, verdict};

/// A sweep, as far as there are rows of it.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The params, with their values in the order of the grid.
    pub axes: Vec<Axis>,
    /// The points that have rows, in the order of the grid.
    pub points: Vec<Point>,
    /// How many runs the grid has.
    pub runs: usize,
    /// How many of them there are.
    pub done: usize,
}

/// One point of the grid, or several that are taken together.
#[derive(Clone, Debug)]
pub struct Point {
    /// The texts of its values.
    pub values: Vec<String>,
    /// How many runs there are.
    pub runs: usize,
    /// How many of them could not be done.
    pub errors: usize,
    /// The commonest verdict, the graver at a tie; `error` where no run could be done.
    pub word: String,
    /// In how many runs it holds.
    pub agreeing: usize,
    /// The median of what each column of numbers has, where it has any.
    medians: Vec<(&'static str, f64)>,
    /// Of `factor_per_layer`.
    pub factor: Option<Interval>,
    /// Why the first run that could not be done could not.
    pub reason: Option<String>,
}

/// A median with the ends of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The median.
    pub median: f64,
    /// The low end.
    pub low: f64,
    /// The high end.
    pub high: f64,
    /// Whether it holds the median of all seeds with at least 95 % confidence; else it is the range of those that were run.
    pub is_sure: bool,
}

/// The columns whose medians are taken.
const NUMBERS: &[&str] =
    &["ratio", "factor_per_layer", "theory", "loss", "accuracy", "test_loss", "test_accuracy", "first_loss", "steps"];

impl Summary {
    /// Of rows in the order of the grid, all of one experiment, over params of these names.
    #[must_use]
    pub fn new(params: &[String], rows: &[&Row]) -> Self {
        let mut axes: Vec<Axis> = params.iter().map(|name| Axis { name: name.clone(), values: Vec::new() }).collect();
        for row in rows {
            for (axis, value) in axes.iter_mut().zip(&row.values) {
                if !axis.values.contains(value) {
                    axis.values.push(value.clone());
                }
            }
        }
        let points = rows.chunk_by(|left, right| left.values == right.values).map(Point::of).collect();
        Self { axes, points, runs: rows.first().map_or(0, |row| row.runs), done: rows.len() }
    }
}

impl Point {
    /// Of one row or more.
    #[must_use]
    pub fn of(rows: &[&Row]) -> Self {
        let done: Vec<&&Row> = rows.iter().filter(|row| !row.is_error()).collect();
        let votes = |word: &str| done.iter().filter(|row| row.text("verdict") == word).count();
        let words = verdict::WORDS.map(|word| (word.word(), votes(word.word())));
        let most = words.iter().map(|(_, votes)| *votes).max().unwrap_or(0);
        let (word, agreeing) = match words.into_iter().find(|(_, votes)| *votes == most).filter(|_| most > 0) {
            Some((word, votes)) => (word.to_owned(), votes),
            None => (super::row::ERROR.to_owned(), rows.len()),
        };
        let numbers = |name: &str| -> Vec<f64> { done.iter().filter_map(|row| row.number(name)).collect() };
        let medians = NUMBERS.iter().map(|name| (*name, numbers(name)));
        Self {
            values: rows[0].values.clone(),
            runs: rows.len(),
            errors: rows.len() - done.len(),
            word,
            agreeing,
            medians: medians.filter(|(_, own)| !own.is_empty()).map(|(name, own)| (name, median(&own))).collect(),
            factor: Interval::of(&numbers("factor_per_layer")),
            reason: rows.iter().find(|row| row.is_error()).map(|row| row.text("reason").to_owned()),
        }
    }

    /// The median of a column over the runs that have a number there.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        self.medians.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }
}

impl Interval {
    /// The median of some numbers and, from six of them on, the interval between two of them that holds the median of what they are
    /// drawn from with at least 95 % confidence, whatever that is (binomial order statistics); none of no number.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let (first, last) = (*sorted.first()?, *sorted.last()?);
        let out = outside(count);
        let (low, high) = if out == 0 { (first, last) } else { (sorted[out - 1], sorted[count - out]) };
        Some(Self { median: median(&sorted), low, high, is_sure: out > 0 })
    }
}

/// The largest k for which P(X < k) ≤ 2.5 %, X binomial of `count` coins.
fn outside(count: usize) -> usize {
    let mut term = (0..count).fold(1.0, |power: f64, _| power / 2.0);
    let mut below = 0.0;
    for k in 0..=count {
        below += term;
        // A count beyond all reason, whose powers of ½ underflow, is left at its range.
        if below > 0.025 || term == 0.0 {
            return k;
        }
        term *= (count - k) as f64 / (k + 1) as f64;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{Interval, outside};

    #[test]
    fn the_interval_of_a_median_is_that_of_the_tables() {
        // Conover, Practical Nonparametric Statistics: 6 → 1, 9 → 2, 12 → 3, 20 → 6, 30 → 10, 50 → 18.
        let ranks = [5, 6, 9, 12, 20, 30, 50].map(outside);
        assert_eq!(ranks, [0, 1, 2, 3, 6, 10, 18]);
    }

    #[test]
    fn few_numbers_have_a_range_and_no_confidence() {
        assert_eq!(Interval::of(&[]), None);
        assert_eq!(Interval::of(&[3.0, 1.0]), Some(Interval { median: 2.0, low: 1.0, high: 3.0, is_sure: false }));
        let many: Vec<f64> = (0..20).map(f64::from).collect();
        assert_eq!(Interval::of(&many), Some(Interval { median: 9.5, low: 5.0, high: 14.0, is_sure: true }));
    }
}
