//! The runs of a sweep: every combination of the params' values, the first param the slowest, and for each every seed.

/// A param and the texts of its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The param.
    pub name: String,
    /// Its values as `--set` takes them, in the file's order.
    pub values: Vec<String>,
}

/// All runs, numbered from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The params that are swept.
    pub axes: Vec<Axis>,
    /// The seeds that each point is run with.
    pub seeds: Vec<u64>,
}

/// One of several shares of the runs: every `count`-th, beginning with `index`, from 0. So every share has its part of the small
/// points and of the large ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

impl Shard {
    /// All of it.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Whether a run is of this share.
    #[must_use]
    pub const fn has(self, run: usize) -> bool {
        run % self.count == self.index
    }
}

impl Grid {
    /// How many runs there are, before that is known to be few enough.
    #[must_use]
    pub fn count(&self) -> u128 {
        let points = self.axes.iter().map(|axis| axis.values.len() as u128);
        points.chain([self.seeds.len() as u128]).fold(1, u128::saturating_mul)
    }

    /// How many runs there are.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.points() * self.seeds.len()
    }

    /// How many points there are.
    #[must_use]
    pub fn points(&self) -> usize {
        self.axes.iter().map(|axis| axis.values.len()).product()
    }

    /// The point and the seed of a run.
    #[must_use]
    pub fn place(&self, run: usize) -> (usize, u64) {
        (run / self.seeds.len(), self.seeds[run % self.seeds.len()])
    }

    /// The run of a point with a seed, by the seed's place.
    #[must_use]
    pub fn run(&self, point: usize, seed: usize) -> usize {
        point * self.seeds.len() + seed
    }

    /// The texts of a point's values, in the order of the axes.
    #[must_use]
    pub fn values(&self, point: usize) -> Vec<String> {
        let mut rest = point;
        let mut values: Vec<String> = Vec::new();
        for axis in self.axes.iter().rev() {
            values.push(axis.values[rest % axis.values.len()].clone());
            rest /= axis.values.len();
        }
        values.reverse();
        values
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, Grid, Shard};

    fn grid() -> Grid {
        let axis = |name: &str, values: &[&str]| Axis {
            name: name.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        Grid { axes: vec![axis("a", &["1", "2", "3"]), axis("b", &["x", "y"])], seeds: vec![7, 9] }
    }

    #[test]
    fn the_first_param_is_the_slowest_and_the_seed_the_fastest() {
        let grid = grid();
        let all: Vec<String> = (0..grid.runs())
            .map(|run| {
                let (point, seed) = grid.place(run);
                assert_eq!(grid.run(point, run % 2), run);
                format!("{}{seed}", grid.values(point).concat())
            })
            .collect();
        assert_eq!(all.join(" "), "1x7 1x9 1y7 1y9 2x7 2x9 2y7 2y9 3x7 3x9 3y7 3y9");
    }

    #[test]
    fn every_run_is_of_one_shard() {
        let shards: Vec<Shard> = (0..5).map(|index| Shard { index, count: 5 }).collect();
        for run in 0..grid().runs() {
            assert_eq!(shards.iter().filter(|shard| shard.has(run)).count(), 1);
        }
    }
}
