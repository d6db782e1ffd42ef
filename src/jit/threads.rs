//! Threads that share the units of a step. What is computed never depends on how many there are.

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::num::NonZero;
use std::ops::Range;

/// The threads that a program may run on: the caller's own and a pool of the others.
#[derive(Debug, Default)]
pub struct Threads {
    others: Option<ThreadPool>,
}

impl Threads {
    /// The caller's thread alone.
    #[must_use]
    pub fn one() -> Self {
        Self { others: None }
    }

    /// This many threads, the caller's among them.
    ///
    /// # Errors
    /// Where the machine gives no threads.
    pub fn new(count: NonZero<usize>) -> Result<Self, ThreadPoolBuildError> {
        let others = match count.get() - 1 {
            0 => None,
            others => Some(ThreadPoolBuilder::new().num_threads(others).build()?),
        };
        Ok(Self { others })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.others.as_ref().map_or(0, ThreadPool::current_num_threads)
    }

    /// Does the units `0 .. units` in at most `count` parts, the caller one of them.
    pub(super) fn share(&self, units: usize, work: impl Fn(Range<usize>) + Sync) {
        let parts = self.count().min(units);
        let Some(pool) = self.others.as_ref().filter(|_| parts > 1) else { return work(0..units) };
        let part = |index: usize| units * index / parts..units * (index + 1) / parts;
        pool.in_place_scope(|scope| {
            let (work, part) = (&work, &part);
            for index in 1..parts {
                scope.spawn(move |_| work(part(index)));
            }
            work(part(0));
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn every_unit_is_done_once() {
        for count in 1..4 {
            let threads = Threads::new(NonZero::new(count).unwrap()).unwrap();
            assert_eq!(threads.count(), count);
            for units in [0, 1, 2, 3, 10, 101] {
                let done = Mutex::new(Vec::new());
                threads.share(units, |range| done.lock().unwrap().extend(range));
                let mut done = done.into_inner().unwrap();
                done.sort_unstable();
                assert_eq!(done, (0..units).collect::<Vec<_>>());
            }
        }
    }
}
