//! Many pieces of work on a few threads, their results handed on in order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Does `work` for 0 to `count` − 1 on so many threads; `done` has the results on this thread, in order, each as soon as those
/// before it are there. Work that has not begun when `done` fails is left.
pub(super) fn in_order<T: Send, E>(
    count: usize,
    workers: NonZero<usize>,
    work: impl Fn(usize) -> T + Sync,
    mut done: impl FnMut(usize, T) -> Result<(), E>,
) -> Result<(), E> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..workers.get().min(count) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody waits for more where the receiver is gone.
                    if index >= count || sender.send((index, work(index))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for (index, result) in receiver {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&due) {
                done(due, result)?;
                due += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::in_order;
    use std::num::NonZero;

    #[test]
    fn results_come_in_order_whatever_the_threads() {
        for workers in [1, 2, 7] {
            let mut seen = Vec::new();
            // The first takes the longest.
            let work = |index: usize| (0..(20 - index) * 1000).fold(index, |sum, term| sum ^ term ^ term);
            let outcome = in_order(20, NonZero::new(workers).unwrap(), work, |index, result| {
                seen.push((index, result));
                Ok::<(), ()>(())
            });
            assert_eq!(outcome, Ok(()));
            assert_eq!(seen, (0..20).map(|index| (index, index)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_failure_ends_it() {
        let mut seen = 0;
        let outcome = in_order(
            100,
            NonZero::new(2).unwrap(),
            |index| index,
            |index, _| {
                seen += 1;
                if index == 3 { Err("enough") } else { Ok(()) }
            },
        );
        assert_eq!((outcome, seen), (Err("enough"), 4));
    }
}
