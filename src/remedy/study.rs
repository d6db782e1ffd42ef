//! The file as it stands, every change of it, and the two best together.

use super::candidate::{Candidate, candidates};
use super::edit::apply;
use super::trial::{Ready, Terms, Trial, Untried};
use crate::diagnose::Diagnosis;
use crate::pipeline::{Checked, Options};
use crate::run::Shared;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What was tried of a file.
#[derive(Debug)]
pub struct Study {
    /// The network's name.
    pub network: String,
    /// The file's text.
    pub text: String,
    /// How it was trained.
    pub terms: Terms,
    /// The file as it stands.
    pub before: Trial,
    /// What is found of it after training, all seeds together.
    pub diagnosis: Diagnosis,
    /// Every change that was tried, the best first.
    pub ranked: Vec<Ranked>,
}

/// A change that was tried.
#[derive(Debug)]
pub struct Ranked {
    /// The change.
    pub candidate: Candidate,
    /// The file with it.
    pub text: String,
    /// What came of it.
    pub trial: Trial,
    /// Whether the loss came clearly lower.
    pub helps: bool,
}

impl Study {
    /// Tries every change of a file without errors, as many at once as there are threads; `progress` hears how many are done, of
    /// how many. None where the file itself cannot be run, or the user ended it.
    ///
    /// # Panics
    /// Where the file has an error.
    #[must_use]
    pub fn new(
        checked: &Checked,
        terms: Terms,
        options: &Options,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Option<Self> {
        let source = checked.sources.get(checked.id);
        let shared = Shared::among_runs();
        let mut texts: Vec<(Candidate, String, Ready)> = Vec::new();
        let as_it_is = Ready::new(&source.name, &source.text, &terms, options)?;
        for candidate in candidates(checked, options) {
            let Some(text) = apply(&source.text, &candidate.edits) else { continue };
            let Some(ready) = Ready::new(&source.name, &text, &terms, options) else { continue };
            let is_new = |other: &Ready| differs(other, &ready);
            // A projection is not needed where the shapes agree.
            let is_again =
                texts.iter().any(|(known, ..)| known.what == "residual" && candidate.what.starts_with("residual("));
            if is_new(&as_it_is) && !is_again {
                texts.push((candidate, text, ready));
            }
        }
        let count = texts.len() + 1;
        let next = AtomicUsize::new(0);
        let done: Vec<Mutex<Option<Result<(Trial, Diagnosis), Untried>>>> =
            (0..count).map(|_| Mutex::default()).collect();
        let finished = AtomicUsize::new(0);
        let workers = options.threads.get().min(count);
        let threads = NonZero::new(options.threads.get() / workers).unwrap_or(NonZero::<usize>::MIN);
        let each = Options { threads, ..options.clone() };
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let ready = match at {
                    0 => &as_it_is,
                    _ if at < count => &texts[at - 1].2,
                    _ => return,
                };
                let run = ready.run(&terms, &each, &shared, workers);
                *done[at].lock().expect("no worker panicked") = Some(run);
                progress(finished.fetch_add(1, Ordering::Relaxed) + 1, count);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(work);
            }
            work();
        });
        let mut done =
            done.into_iter().map(|run| run.into_inner().expect("no worker panicked").expect("every text was tried"));
        let (before, diagnosis) = done.next().expect("the file is the first").ok()?;
        let mut ranked = Vec::new();
        for ((candidate, text, _), run) in texts.into_iter().zip(done) {
            match run {
                Ok((trial, _)) => ranked.push(Ranked { candidate, text, helps: trial.helps(&before), trial }),
                Err(Untried::NoSense) => {}
                Err(Untried::Interrupted) => return None,
            }
        }
        rank(&mut ranked);
        if let Some((candidate, text)) = together(&source.text, &ranked)
            && let Some(ready) = Ready::new(&source.name, &text, &terms, options)
            && let Ok((trial, _)) = ready.run(&terms, options, &shared, 1)
        {
            ranked.push(Ranked { candidate, text, helps: trial.helps(&before), trial });
            rank(&mut ranked);
        }
        let network = checked.model.as_ref().expect("only a file without errors is mended").name.name.clone();
        Some(Self { network, text: source.text.clone(), terms, before, diagnosis, ranked })
    }
}

/// Whether two texts mean different networks or trainings.
fn differs(one: &Ready, other: &Ready) -> bool {
    let meaning = |ready: &Ready| {
        let model = ready.checked.model.as_ref().expect("it was checked");
        let layers: Vec<_> = model
            .layers
            .iter()
            .map(|own| (&own.kind_name, &own.shape, own.activation.as_ref().map(|own| &own.name)))
            .collect();
        let drawn: Vec<_> = model.parameters.iter().map(|own| (&own.shape, &own.initializer)).collect();
        let train =
            model.train.as_ref().map(|own| (own.optimizer.word.name, &own.optimizer.arguments, own.clip.is_some()));
        format!("{layers:?} {drawn:?} {train:?}")
    };
    meaning(one) != meaning(other)
}

/// What helps first; of those, what has a healthy gradient at the start; of those, the lowest loss. What is equal stays in the
/// order of the candidates.
fn rank(ranked: &mut [Ranked]) {
    let key = |own: &Ranked| (!own.helps, own.trial.word().0 != "healthy");
    ranked.sort_by(|a, b| {
        let loss = |own: &Ranked| own.trial.median(|seed| seed.loss);
        key(a).cmp(&key(b)).then(loss(a).total_cmp(&loss(b)))
    });
}

/// The two best changes of different kinds that help, made together.
fn together(text: &str, ranked: &[Ranked]) -> Option<(Candidate, String)> {
    let helping: Vec<&Ranked> = ranked.iter().filter(|own| own.helps).collect();
    let first = helping.first()?;
    for second in &helping[1..] {
        if second.candidate.kinds.iter().any(|kind| first.candidate.kinds.contains(kind)) {
            continue;
        }
        let edits = [first.candidate.edits.clone(), second.candidate.edits.clone()].concat();
        let Some(text) = apply(text, &edits) else { continue };
        let kinds = [first.candidate.kinds.clone(), second.candidate.kinds.clone()].concat();
        let what = format!("{} and {}", first.candidate.what, second.candidate.what);
        return Some((Candidate { kinds, what, edits }, text));
    }
    None
}
