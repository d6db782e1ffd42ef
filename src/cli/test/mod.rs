//! `gradc test`: every file run, its report held to its snapshot and to its `expect`s.
//!
//! - `files.rs`: which files. `queue.rs`: several at once, told in order. `hold.rs`: one of them.
//! - `show.rs`: what is said of each on a terminal, `record.rs` and `junit.rs` for programs.
//! - `keep.rs`: snapshots written and removed, `review.rs` after asking.

mod files;
mod hold;
mod junit;
mod keep;
mod queue;
mod record;
mod review;
mod show;

use super::args::{self, TestFormat};
use super::progress::Meter;
use super::{Failure, Status, Talk, available_threads, features, memory, output};
use crate::pipeline::Options;
use hold::{Means, Tested};
use keep::Kept;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::RwLock;

pub(super) use record::{changes, print, schema};

/// All that was found.
#[derive(Debug)]
struct Results {
    /// The files in order, each with what was done about it.
    files: Vec<(Tested, Kept)>,
    /// The snapshots without a file.
    stale: Vec<(PathBuf, Kept)>,
    /// Whether a file must have a snapshot.
    strict: bool,
    /// Rows of a table.
    most_rows: usize,
}

pub(super) fn run(arguments: &args::Test, talk: &Talk) -> Result<Status, Failure> {
    let purpose = &arguments.purpose;
    let strict = purpose.check || is_ci();
    if is_ci() && (purpose.accept || purpose.accept_new || purpose.review) {
        return Err(Failure::wrong("the variable `CI` is set, and no snapshot is written there")
            .help("accept on your own machine, and commit the snapshots"));
    }
    if purpose.review {
        review::require_terminal()?;
    }
    let found = files::find(&arguments.paths)?;
    if found.files.is_empty() && found.stale.is_empty() {
        let paths: Vec<String> = arguments.paths.iter().map(|path| format!("`{}`", path.display())).collect();
        return Err(Failure::wrong(format!("there is no `.net` file in {}", paths.join(", "))));
    }

    let threads = arguments.processor.threads.unwrap_or_else(available_threads);
    let workers = threads.min(NonZero::new(found.files.len()).unwrap_or(NonZero::<usize>::MIN));
    let memory_limit = arguments.machine.memory_limit.unwrap_or_else(memory::available);
    let means = Means {
        options: Options {
            memory_limit: memory_limit / workers.get() as u64,
            threads: NonZero::new(threads.get() / workers).unwrap_or(NonZero::<usize>::MIN),
            features: features(arguments.processor.instructions),
            ..Options::default()
        },
        memory_limit,
        tolerance: arguments.comparison.tolerance,
        suggest: purpose.suggest,
        memory: RwLock::new(()),
    };

    // As text, a line stands there as soon as it is known; into a file, and for programs, all is written at the end.
    let streams = arguments.format == TestFormat::Text && arguments.output.is_none();
    let mut text = String::new();
    let widest = show::widest(&found);
    let meter = Meter::new();
    let mut results = Results {
        files: Vec::new(),
        stale: found.stale.into_iter().map(|path| (path, Kept::AsItWas)).collect(),
        strict,
        most_rows: if arguments.comparison.all { usize::MAX } else { crate::snapshot::table::MOST_ROWS },
    };
    let count = found.files.len();
    let work = |index: usize| {
        let file = &found.files[index];
        hold::test(file, arguments.paths.contains(file), &means)
    };
    let outcome = queue::in_order(count, workers, work, |index, tested| {
        let kept = keep::accept(&tested, purpose)?;
        meter.show_files(index + 1, count);
        let said = if purpose.suggest {
            show::suggestions(&tested, results.files.iter().all(|(earlier, _)| earlier.suggestions.is_empty()))
        } else {
            show::line(&tested, kept, strict, widest)
        };
        text.push_str(&said);
        results.files.push((tested, kept));
        if streams {
            let said = std::mem::take(&mut text);
            return meter.aside(|| output::write_coloured(&said, talk.wish(), None));
        }
        Ok(())
    });
    meter.clear();
    outcome?;

    if purpose.suggest {
        for (tested, kept) in &results.files {
            show::draw(tested, *kept, talk);
        }
        output::write_coloured(&text, talk.wish(), arguments.output.as_deref())?;
        return Ok(status(&results, true));
    }
    for (path, kept) in &mut results.stale {
        *kept = keep::remove(path, purpose)?;
        text.push_str(&show::stale_line(path, *kept, widest));
    }
    let path = arguments.output.as_deref();
    match arguments.format {
        TestFormat::Text => {
            if streams {
                output::write_coloured(&std::mem::take(&mut text), talk.wish(), None)?;
            }
            if purpose.review {
                review::ask(&mut results, talk, &mut review::key_of_terminal)?;
            } else {
                for (tested, kept) in &results.files {
                    text.push_str(&show::details(tested, *kept, results.most_rows));
                    if streams {
                        output::write_coloured(&std::mem::take(&mut text), talk.wish(), None)?;
                    }
                    show::draw(tested, *kept, talk);
                }
            }
            text.push_str(&show::summary(&results));
            output::write_coloured(&text, talk.wish(), path)?;
        }
        TestFormat::Json => output::write(record::render(&results).as_bytes(), path)?,
        TestFormat::Junit => output::write(junit::render(&results).as_bytes(), path)?,
    }
    Ok(status(&results, false))
}

/// How the program ends: a wrong spec comes before what could not be done, that before what failed. Where `expect` lines were
/// asked for, snapshots do not count.
fn status(results: &Results, suggest: bool) -> Status {
    let of_files = results.files.iter().map(|(tested, kept)| match kept {
        _ if suggest && matches!(tested.outcome, hold::Outcome::Report { .. }) => Status::Well,
        Kept::Accepted if tested.failed_expectations() == 0 => Status::Well,
        _ => tested.status(results.strict),
    });
    let of_stale = results.stale.iter().map(|(_, kept)| match kept {
        _ if suggest => Status::Well,
        Kept::Removed => Status::Well,
        Kept::AsItWas | Kept::Accepted => Status::ExpectationFailed,
    });
    let all: Vec<Status> = of_files.chain(of_stale).collect();
    let order = [Status::Wrong, Status::NotDone, Status::ExpectationFailed];
    order.into_iter().find(|status| all.contains(status)).unwrap_or(Status::Well)
}

/// Whether this is continuous integration: the variable `CI` is set, to something that is not a no.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !["", "0", "false"].iter().any(|no| value == *no))
}
