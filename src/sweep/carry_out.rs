//! The runs of a sweep, as many at once as there are threads. Points that differ only in what is not compiled share a program, and
//! all that have the same examples share those.

use super::row::reason;
use super::theory::Theory;
use super::{Plan, Row};
use crate::diagnostics::Diagnostic;
use crate::pipeline::{self, Checked, Options};
use crate::run::Shared;
use crate::run::record::{End, Records};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// So many seeds of a point are run in one go at most: a wish to end is heard in between.
const MOST_SEEDS: usize = 16;
/// Every thread has so many shares of the work on average, so that none is left with much of it at the end.
const SHARES: usize = 8;

/// Some seeds of a point.
struct Job {
    point: usize,
    /// The runs, by number from 0, of the seeds in the same places.
    runs: Vec<usize>,
}

/// Carries out some runs of a plan, by number from 0, and hands on a row for each as it comes, from any thread. A point that cannot
/// be run gives rows that say why. When `options.stop` becomes true it ends early; runs that were under way have no row.
pub fn carry_out(plan: &Plan, options: &Options, runs: &[usize], hand_on: &(dyn Fn(Row) + Sync)) {
    let sweep = Sweep {
        plan,
        options,
        shared: Shared::among_runs(),
        theory: Theory::default(),
        checked: Mutex::default(),
        hand_on,
    };
    let threads = options.threads.get();
    let most = (runs.len() / (threads * SHARES)).clamp(1, MOST_SEEDS);
    let jobs = jobs(plan, runs, most);
    let workers = threads.min(jobs.len());
    let next = AtomicUsize::new(0);
    let alone = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)).filter(|_| !sweep.is_over()) else { return };
            let waiting = sweep.run(job, threads / workers, workers);
            alone.lock().expect("no worker panicked").extend(waiting);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let mut alone: Vec<Job> = alone.into_inner().expect("no worker panicked");
    alone.sort_by_key(|job| job.runs[0]);
    for job in alone.iter().take_while(|_| !sweep.is_over()) {
        sweep.run(job, threads, 1);
    }
}

/// The runs by point, at most so many in a job.
fn jobs(plan: &Plan, runs: &[usize], most: usize) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    for run in runs {
        let (point, _) = plan.grid.place(*run);
        match jobs.last_mut().filter(|job| job.point == point && job.runs.len() < most) {
            Some(job) => job.runs.push(*run),
            None => jobs.push(Job { point, runs: vec![*run] }),
        }
    }
    jobs
}

struct Sweep<'a> {
    plan: &'a Plan,
    options: &'a Options,
    shared: Shared,
    theory: Theory,
    /// The points that were checked last, each with what theory says of it: several jobs may be of one.
    checked: Mutex<Vec<(usize, Arc<Point>)>>,
    hand_on: &'a (dyn Fn(Row) + Sync),
}

/// A point as it was understood.
struct Point {
    checked: Checked,
    options: Options,
    theory: Option<f64>,
}

impl Sweep<'_> {
    fn is_over(&self) -> bool {
        self.options.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Runs a job on so many threads, as one of `beside` at once. Gives what has to be run while nothing else is.
    fn run(&self, job: &Job, threads: usize, beside: usize) -> Option<Job> {
        let point = self.point(job.point);
        let failed = |why: &Diagnostic| {
            let reason = reason(why, &point.checked.sources, point.checked.id);
            for run in &job.runs {
                (self.hand_on)(Row::failed(self.plan, *run, reason.clone()));
            }
        };
        if let Some(mistake) = point.checked.diagnostics.iter().find(|diagnostic| diagnostic.is_error()) {
            failed(mistake);
            return None;
        }
        let model = point.checked.model.as_ref().expect("a file without errors has a model");
        let seeds: Vec<u64> = job.runs.iter().map(|run| self.plan.grid.place(*run).1).collect();
        let finish = |index: usize, records: Result<Records, Diagnostic>| match records {
            Ok(records) if matches!(records.seeds[0].end, End::Interrupted(_)) => {}
            Ok(records) => (self.hand_on)(Row::of(self.plan, job.runs[index], model, &records, point.theory)),
            Err(why) => {
                let reason = reason(&why, &point.checked.sources, point.checked.id);
                (self.hand_on)(Row::failed(self.plan, job.runs[index], reason));
            }
        };
        let threads = NonZero::new(threads).unwrap_or(NonZero::<usize>::MIN);
        let options = Options { threads, ..point.options.clone() };
        match point.checked.run_seeds(&options, &self.shared, (&seeds, beside), &finish) {
            Ok(waiting) if waiting.is_empty() => None,
            Ok(waiting) => {
                Some(Job { point: job.point, runs: waiting.into_iter().map(|index| job.runs[index]).collect() })
            }
            Err(mistakes) => {
                failed(mistakes.first().expect("there is a reason"));
                None
            }
        }
    }

    fn point(&self, at: usize) -> Arc<Point> {
        const KEPT: usize = 64;
        let known = self.checked.lock().expect("no worker panicked").iter().find(|(known, _)| *known == at).cloned();
        if let Some((_, point)) = known {
            return point;
        }
        let Plan { name, text, grid, .. } = self.plan;
        let values = grid.axes.iter().map(|axis| axis.name.clone()).zip(grid.values(at));
        let set = self.options.set.iter().cloned().chain(values).collect();
        let options = Options { set, ..self.options.clone() };
        let checked = pipeline::check(name, text.clone(), &options);
        let theory = checked.model.as_ref().and_then(|model| self.theory.factor(model));
        let point = Arc::new(Point { checked, options, theory });
        let mut points = self.checked.lock().expect("no worker panicked");
        if points.len() == KEPT {
            points.remove(0);
        }
        points.push((at, Arc::clone(&point)));
        point
    }
}
