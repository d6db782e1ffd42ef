//! The command line: one verb a file. The product goes to standard output (or `--output`), all talk to standard error; only
//! here are files of the user's, environment, clock and terminal looked at (data files apart: `run::data`).
//!
//! To add a verb: a file here with its `Arguments` and a `run`, a variant of `args::Verb`, an arm below.

mod args;
mod check;
mod diff;
mod emit;
mod explain;
mod files;
mod fix;
mod fmt;
mod help;
mod input;
mod interrupt;
mod memory;
mod merge;
mod new;
mod output;
mod phase;
mod progress;
mod reference;
mod run;
mod stuck;
mod sweep;
mod talk;
mod test;
mod ticks;

use crate::jit::Features;
use crate::pipeline::Options;
use args::{CommandLine, Verb};
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use talk::Talk;

/// How the program ends where nothing went wrong that it could not go on after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// All is well.
    Well,
    /// An expectation failed.
    ExpectationFailed,
    /// A file is not as it should be written.
    Differs,
    /// The command line or the spec is wrong.
    Wrong,
    /// The run could not be done: a data file missing or damaged, out of memory.
    NotDone,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Well => 0,
            Status::ExpectationFailed | Status::Differs => 1,
            Status::Wrong => 2,
            Status::NotDone => 3,
        })
    }
}

/// Why a verb could not go on; said on standard error.
#[derive(Debug)]
struct Failure {
    /// What is wrong, in rustc's voice.
    message: String,
    /// What can be done.
    help: Option<String>,
    /// How the program ends.
    status: Status,
}

impl Failure {
    /// The command line is wrong.
    fn wrong(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, status: Status::Wrong }
    }

    /// The world is in the way.
    fn not_done(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, status: Status::NotDone }
    }

    /// With something to do.
    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What the command line says of the experiment and the machine, for a spec whose paths start from `folder`.
fn options(experiment: &args::Experiment, machine: &args::Machine, folder: PathBuf) -> Options {
    Options {
        set: experiment.set.clone(),
        seed: experiment.seed,
        memory_limit: machine.memory_limit.unwrap_or_else(memory::available),
        folder,
        ..Options::default()
    }
}

/// Which of the processor's instructions may be used.
const fn features(instructions: args::Instructions) -> Features {
    match instructions {
        args::Instructions::Native => Features { wide: true, native: true },
        args::Instructions::Narrow => Features { wide: false, native: true },
        args::Instructions::Baseline => Features { wide: false, native: false },
    }
}

/// As many threads as the machine has for this process; one where it does not tell.
fn available_threads() -> NonZero<usize> {
    std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// The published schema of `gradc test --format json`, `docs/test.schema.json`.
#[must_use]
pub fn test_schema() -> String {
    test::schema()
}

/// Runs the program with the process's own arguments.
#[must_use]
pub fn main() -> ExitCode {
    let command_line = match CommandLine::read(std::env::args_os().collect()) {
        Ok(command_line) => command_line,
        Err(message) => {
            // A reader that closed the pipe has read enough of the help.
            let _ = message.print();
            return if message.use_stderr() { Status::Wrong.into() } else { Status::Well.into() };
        }
    };
    let talk = Talk::new(command_line.color);
    let outcome = match &command_line.verb {
        Verb::Run(arguments) => run::run(arguments, &talk),
        Verb::Stuck(arguments) => stuck::run(arguments, &talk),
        Verb::Check(arguments) => check::run(arguments, &talk),
        Verb::Test(arguments) => test::run(arguments, &talk),
        Verb::Diff(arguments) => diff::run(arguments, &talk),
        Verb::Fix(arguments) => fix::run(arguments, &talk),
        Verb::Sweep(arguments) => sweep::run(arguments, &talk),
        Verb::Merge(arguments) => merge::run(arguments, &talk),
        Verb::Explain(arguments) => explain::run(arguments),
        Verb::Emit(arguments) => emit::run(arguments, &talk),
        Verb::Phase(arguments) => phase::run(arguments, &talk),
        Verb::Reference(arguments) => reference::run(arguments),
        Verb::New(arguments) => new::run(arguments, &talk),
        Verb::Fmt(arguments) => fmt::run(arguments, &talk),
    };
    match outcome {
        Ok(status) => status.into(),
        Err(failure) => {
            talk.failure(&failure);
            failure.status.into()
        }
    }
}
