//! `gradc sweep`: every point of a grid.

use super::args::{self, SweepFormat};
use super::check::Errors;
use super::output::{self, reason};
use super::progress::Meter;
use super::{Failure, Status, Talk, available_threads, features, input, interrupt, options};
use crate::diagnostics::Diagnostic;
use crate::pipeline::{self, Options};
use crate::report::text::Characters;
use crate::sweep::file::{self, Format, Unreadable};
use crate::sweep::map::Map;
use crate::sweep::summary::Summary;
use crate::sweep::{self, MOST_RUNS, Plan, Refusal, Row, Shard, picture, text};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

pub(super) fn run(arguments: &args::Sweep, talk: &Talk) -> Result<Status, Failure> {
    let input = input::read(&arguments.file)?;
    let mut options = options(&arguments.experiment, &arguments.machine, input.folder);
    options.threads = arguments.processor.threads.unwrap_or_else(available_threads);
    options.features = features(arguments.processor.instructions);

    let checked = pipeline::check(&input.name, input.text, &options);
    let status = Errors::of_run(&checked, &options).status();
    if status != Status::Well {
        let errors: Vec<Diagnostic> = checked.diagnostics.iter().filter(|one| one.is_error()).cloned().collect();
        talk.diagnostics(&errors, &checked.sources, &input.name);
        return Ok(status);
    }
    let plan = Plan::new(&checked, &options).map_err(|why| refused(why, &input.name))?;
    let shard = arguments.shard.unwrap_or(Shard::WHOLE);
    let result = &arguments.result;
    let format = result.format.unwrap_or_else(|| by_ending(result.output.as_deref(), SweepFormat::Text));
    if let Some(path) = &result.output {
        output::require_place(path)?;
    }
    options.stop = interrupt::flag();
    let work = Work { plan: &plan, options: &options, shard, meter: Meter::new() };
    let rows = match format {
        SweepFormat::Csv => Format::Csv,
        SweepFormat::Json => Format::Json,
        SweepFormat::Text | SweepFormat::Svg if arguments.resume => {
            return Err(Failure::wrong("`--resume` goes on with rows in a file")
                .help("write rows with `--format csv --output FILE`; `gradc merge FILE --format text` draws them"));
        }
        SweepFormat::Text | SweepFormat::Svg => return work.draw(arguments, format, talk),
    };
    match &result.output {
        Some(path) => work.to_file(path, rows, arguments.resume, talk),
        None if arguments.resume => {
            Err(Failure::wrong("`--resume` needs the file to go on with").help("name it with `--output FILE`"))
        }
        None => work.to_stdout(rows, talk),
    }
}

fn refused(why: Refusal, name: &str) -> Failure {
    match why {
        Refusal::NoSweep => Failure::wrong(format!("`{name}` has no `sweep` block"))
            .help("name params and the values they take: `sweep { depth: [2, 8, 32]; act: [sigmoid, relu] }`"),
        Refusal::NoLoss => Failure::wrong(format!("the network of `{name}` names no loss, so it cannot be run"))
            .help("add one, as `loss: cross_entropy`"),
        Refusal::TooMany(runs) => {
            Failure::wrong(format!("the grid of `{name}` has {runs} runs; {MOST_RUNS} is the most"))
        }
    }
}

/// The format that a file's name asks for.
pub(super) fn by_ending(path: Option<&Path>, otherwise: SweepFormat) -> SweepFormat {
    match path.and_then(Path::extension).and_then(OsStr::to_str) {
        Some("csv") => SweepFormat::Csv,
        Some("json" | "jsonl" | "ndjson") => SweepFormat::Json,
        Some("svg") => SweepFormat::Svg,
        Some("txt") => SweepFormat::Text,
        Some(_) | None => otherwise,
    }
}

/// Rows drawn as asked for, in the order of the grid.
pub(super) fn drawn(
    params: &[String],
    rows: &[&Row],
    result: &args::SweepResult,
    is_picture: bool,
) -> Result<String, Failure> {
    let summary = Summary::new(params, rows);
    let map = Map::new(&summary, rows, result.map.quantity());
    if !is_picture {
        let characters = if result.ascii { Characters::Ascii } else { Characters::Unicode };
        return Ok(text::render(&summary, map.as_ref(), characters));
    }
    match map {
        Some(map) => Ok(picture::render(&summary, &map)),
        None => Err(Failure::wrong("a map needs two params that vary").help("`--format text` has a table of one")),
    }
}

/// A sweep under way.
struct Work<'a> {
    plan: &'a Plan,
    options: &'a Options,
    shard: Shard,
    meter: Meter,
}

impl Work<'_> {
    /// The runs that are asked for, but those that are done, by number from 0.
    fn to_do(&self, done: &BTreeMap<usize, String>) -> Vec<usize> {
        let runs = 0..self.plan.grid.runs();
        runs.filter(|run| self.shard.has(*run) && !done.contains_key(&(run + 1))).collect()
    }

    /// Carries out runs and hands on their rows one at a time.
    fn carry_out(&self, runs: &[usize], hand_on: impl FnMut(Row) + Send) {
        let state = Mutex::new((0, hand_on));
        sweep::carry_out(self.plan, self.options, runs, &|row| {
            let mut state = state.lock().expect("no row fails to be handed on");
            let (done, hand_on) = &mut *state;
            *done += 1;
            hand_on(row);
            self.meter.show_runs(*done, runs.len());
        });
        self.meter.clear();
    }

    fn is_over(&self) -> bool {
        self.options.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    fn draw(&self, arguments: &args::Sweep, format: SweepFormat, talk: &Talk) -> Result<Status, Failure> {
        let params: Vec<String> = self.plan.grid.axes.iter().map(|axis| axis.name.clone()).collect();
        if format == SweepFormat::Svg && self.plan.grid.axes.iter().filter(|axis| axis.values.len() > 1).count() < 2 {
            return Err(Failure::wrong("a map needs two params that vary").help("`--format text` has a table of one"));
        }
        let runs = self.to_do(&BTreeMap::new());
        let mut rows: Vec<Row> = Vec::with_capacity(runs.len());
        self.carry_out(&runs, |row| rows.push(row));
        rows.sort_by_key(|row| row.run);
        let rows: Vec<&Row> = rows.iter().collect();
        if self.is_over() {
            talk.say(&format!("interrupted after {} of {} runs\n", rows.len(), runs.len()));
            if rows.is_empty() {
                return Ok(Status::NotDone);
            }
        }
        let product = drawn(&params, &rows, &arguments.result, format == SweepFormat::Svg)?;
        output::write(product.as_bytes(), arguments.result.output.as_deref())?;
        Ok(if self.is_over() { Status::NotDone } else { Status::Well })
    }

    fn names(&self) -> Vec<String> {
        let params: Vec<String> = self.plan.grid.axes.iter().map(|axis| axis.name.clone()).collect();
        sweep::columns(&params)
    }

    /// Rows in the order of the grid, each as soon as those before it are there.
    fn to_stdout(&self, format: Format, talk: &Talk) -> Result<Status, Failure> {
        let names = self.names();
        let runs = self.to_do(&BTreeMap::new());
        let mut outcome = output::write(file::head(format, &names).as_bytes(), None);
        let mut waiting: BTreeMap<usize, String> = BTreeMap::new();
        let mut due = runs.iter().map(|run| run + 1).peekable();
        self.carry_out(&runs, |row| {
            waiting.insert(row.run, file::line(format, &names, &row));
            while let Some(line) = due.peek().and_then(|run| waiting.remove(run)) {
                due.next();
                if outcome.is_ok() {
                    outcome = self.meter.aside(|| output::write(line.as_bytes(), None));
                }
            }
        });
        outcome?;
        if self.is_over() {
            talk.say("interrupted; rows in a file (`--output FILE`) can be gone on with by `--resume`\n");
            return Ok(Status::NotDone);
        }
        Ok(Status::Well)
    }

    /// Rows as they come; when all are there, in the order of the grid.
    fn to_file(&self, path: &Path, format: Format, resume: bool, talk: &Talk) -> Result<Status, Failure> {
        let names = self.names();
        let mut lines = self.there(path, format, resume)?;
        let runs = self.to_do(&lines);
        let failed =
            |error: &std::io::Error| Failure::not_done(format!("cannot write `{}`: {}", path.display(), reason(error)));
        let whole =
            |lines: &BTreeMap<usize, String>| lines.values().fold(file::head(format, &names), |text, line| text + line);
        if !runs.is_empty() {
            output::write(whole(&lines).as_bytes(), Some(path))?;
            let mut open = std::fs::OpenOptions::new().append(true).open(path).map_err(|error| failed(&error))?;
            let mut outcome = Ok(());
            self.carry_out(&runs, |row| {
                let line = file::line(format, &names, &row);
                if outcome.is_ok() {
                    outcome = open.write_all(line.as_bytes());
                    if let (Err(_), Some(stop)) = (&outcome, self.options.stop) {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                lines.insert(row.run, line);
            });
            outcome.map_err(|error| failed(&error))?;
            output::write(whole(&lines).as_bytes(), Some(path))?;
        }
        let name = path.display();
        if self.is_over() {
            let left = self.to_do(&lines).len();
            talk.say(&format!("interrupted: `{name}` has {} runs, {left} are left; `--resume` goes on\n", lines.len()));
            return Ok(Status::NotDone);
        }
        let whole = if self.shard == Shard::WHOLE { "" } else { " of this share" };
        talk.say(&format!(
            "all {} runs{whole} are in `{name}`; `gradc merge {name} --format text` draws them\n",
            self.to_do(&BTreeMap::new()).len()
        ));
        Ok(Status::Well)
    }

    /// The lines that a file already has, by run from 1. A file that is not to be gone on with has none, and must not be one that
    /// could be.
    fn there(&self, path: &Path, format: Format, resume: bool) -> Result<BTreeMap<usize, String>, Failure> {
        let name = path.display();
        if !path.is_file() {
            return Ok(BTreeMap::new());
        }
        let read = match super::merge::read(path) {
            Ok(read) => read,
            Err(_) if !resume => return Ok(BTreeMap::new()),
            Err(super::merge::Unread::Rows(Unreadable::Empty)) => return Ok(BTreeMap::new()),
            Err(why) => return Err(why.failure(path)),
        };
        let own =
            |(row, _): &(Row, String)| row.experiment == self.plan.experiment && row.runs == self.plan.grid.runs();
        let is_own = read.rows.iter().all(own) && read.names == self.names();
        if !resume {
            let lines: BTreeMap<usize, String> = read.rows.iter().map(|(row, line)| (row.run, line.clone())).collect();
            let left = self.to_do(&lines).len();
            if is_own && !lines.is_empty() && left > 0 {
                return Err(Failure::wrong(format!("`{name}` has {} runs of this very sweep", lines.len()))
                    .help(format!("`--resume` goes on with the {left} that are left; remove the file to begin anew")));
            }
            return Ok(BTreeMap::new());
        }
        if read.format != format {
            return Err(Failure::wrong(format!("the rows in `{name}` are written in another format"))
                .help("say the same `--format` as before"));
        }
        if !is_own {
            return Err(Failure::wrong(format!("`{name}` holds rows of another experiment"))
                .help("its `.net` file, `--set`, `--seed` or the version of gradc was another; choose another file"));
        }
        Ok(read.rows.into_iter().map(|(row, line)| (row.run, line)).collect())
    }
}
