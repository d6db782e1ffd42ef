//! The command line: one verb a file. The product goes to standard output (or `--output`), all talk to standard error; only
//! here are files of the user's, environment, clock and terminal looked at (data files apart: `run::data`).
//!
//! To add a verb: a file here with its `Arguments` and a `run`, a variant of `args::Verb`, an arm below.

mod args;
mod check;
mod explain;
mod input;
mod memory;
mod output;
mod talk;

use args::{CommandLine, Verb};
use clap::Parser as _;
use std::process::ExitCode;
use talk::Talk;

/// How the program ends where nothing went wrong that it could not go on after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// All is well.
    Well,
    /// An expectation failed.
    ExpectationFailed,
    /// The command line or the spec is wrong.
    Wrong,
    /// The run could not be done: a data file missing or damaged, out of memory.
    NotDone,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Well => 0,
            Status::ExpectationFailed => 1,
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

/// Runs the program with the process's own arguments.
#[must_use]
pub fn main() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(message) => {
            // A reader that closed the pipe has read enough of the help.
            let _ = message.print();
            return if message.use_stderr() { Status::Wrong.into() } else { Status::Well.into() };
        }
    };
    let talk = Talk::new(command_line.color);
    let outcome = match &command_line.verb {
        Verb::Check(arguments) => check::run(arguments, &talk),
        Verb::Explain(arguments) => explain::run(arguments, &talk),
    };
    match outcome {
        Ok(status) => status.into(),
        Err(failure) => {
            talk.failure(&failure);
            failure.status.into()
        }
    }
}
