//! What can be written on the command line.

use super::help;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;

mod fixes;
mod snapshots;
mod sweeps;

pub(super) use fixes::{Fix, FixFormat};
pub(super) use snapshots::{Diff, DiffFormat, Purpose, Test, TestFormat};
pub(super) use sweeps::{Merge, Sweep, SweepFormat, SweepResult};

/// More threads than any run can use.
const MOST_THREADS: usize = 1024;

/// Compiles a `.net` network to native code and reports where its gradients vanish, and why.
#[derive(Debug, Parser)]
#[command(name = "gradc", version, after_help = help::WHOLE, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(super) struct CommandLine {
    /// Colour: `auto` on a terminal unless NO_COLOR is set, `always`, `never`.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Everywhere")]
    #[arg(hide_possible_values = true)]
    pub(super) color: ColorChoice,

    /// What to do.
    #[command(subcommand)]
    pub(super) verb: Verb,
}

impl CommandLine {
    /// Reads the process's own arguments. Help and mistakes about the command line, too, are coloured as `--color` says.
    pub(super) fn read(arguments: Vec<OsString>) -> Result<Self, clap::Error> {
        let colour = match wished_colour(&arguments) {
            ColorChoice::Auto => clap::ColorChoice::Auto,
            ColorChoice::Always => clap::ColorChoice::Always,
            ColorChoice::Never => clap::ColorChoice::Never,
        };
        Self::from_arg_matches(&Self::command().color(colour).try_get_matches_from(arguments)?)
    }
}

/// The last `--color` there is, before anything else is understood.
fn wished_colour(arguments: &[OsString]) -> ColorChoice {
    let words: Vec<&str> = arguments.iter().map(|argument| argument.to_str().unwrap_or_default()).collect();
    let own = words.iter().take_while(|word| **word != "--");
    let values = own.zip(words.iter().skip(1).chain([&""])).filter_map(|(word, next)| match *word {
        "--color" => Some(*next),
        _ => word.strip_prefix("--color="),
    });
    values.filter_map(|value| ColorChoice::from_str(value, false).ok()).last().unwrap_or(ColorChoice::Auto)
}

/// `--color`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Into files and pipes too
    Always,
    /// Not at all
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    Run(Run),
    Stuck(Stuck),
    Check(Check),
    Test(Test),
    Diff(Diff),
    Fix(Fix),
    Sweep(Sweep),
    Merge(Merge),
    Phase(Phase),
    Explain(Explain),
    Emit(Emit),
    Fmt(Fmt),
    Reference(Reference),
    New(New),
}

/// Run the experiment of a file and report the gradient of every layer.
///
/// Mistakes, findings and failed expectations are drawn on standard error; the report goes to standard output. The same file
/// and seed give the same bytes on every machine.
#[derive(Args, Debug)]
#[command(after_help = help::RUN)]
pub(super) struct Run {
    /// The `.net` file; `-` is standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,

    /// How the report is written.
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "The report")]
    pub(super) format: RunFormat,

    /// Write the report to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "The report")]
    pub(super) output: Option<PathBuf>,

    /// Use no character beyond ASCII in the text report.
    #[arg(long, help_heading = "The report")]
    pub(super) ascii: bool,

    /// Write data, parameters and every gradient of the first report as a safetensors file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "The report")]
    pub(super) dump: Option<PathBuf>,

    /// Write the parameters after training as a safetensors file, under PyTorch's names.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "The report")]
    pub(super) save: Option<PathBuf>,

    /// Go on from the checkpoint that the file's `train` block names, to the same report as a run that was not broken off.
    #[arg(long, conflicts_with = "dump", help_heading = "The experiment")]
    pub(super) resume: bool,

    #[command(flatten)]
    pub(super) experiment: Experiment,

    #[command(flatten)]
    pub(super) machine: Machine,

    #[command(flatten)]
    pub(super) processor: Processor,
}

/// Tell what a network is stuck at: a plateau, a saddle, a local minimum, or nothing of the kind.
///
/// Trains as the file says, then measures the curvature of the loss where training ended; without `train` at the first point.
#[derive(Args, Debug)]
#[command(after_help = help::STUCK)]
pub(super) struct Stuck {
    /// The `.net` file; `-` is standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,

    /// How the answer is written.
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "The answer")]
    pub(super) format: StuckFormat,

    /// Write the answer to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "The answer")]
    pub(super) output: Option<PathBuf>,

    /// Use no character beyond ASCII in the text.
    #[arg(long, help_heading = "The answer")]
    pub(super) ascii: bool,

    /// Go on from the checkpoint that the file's `train` block names, which is left as it is.
    #[arg(long, help_heading = "The experiment")]
    pub(super) resume: bool,

    #[command(flatten)]
    pub(super) experiment: Experiment,

    #[command(flatten)]
    pub(super) machine: Machine,

    #[command(flatten)]
    pub(super) processor: Processor,
}

/// `stuck --format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum StuckFormat {
    /// Numbers and the answer in plain words
    Text,
    /// One JSON object; its schema is docs/stuck.schema.json
    Json,
}

/// `run --format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum RunFormat {
    /// A table and the answer in plain words
    Text,
    /// One JSON object; its schema is docs/report.schema.json
    Json,
    /// One page with charts, the source and every number; needs no network
    Html,
    /// The chart of the gradient by layer, for a paper or a README
    Svg,
    /// One line a layer, seed and step
    Csv,
}

/// Print what a stage of the compiler made of a file.
///
/// Without mistakes in the file the stage goes to standard output. Everything printed is the same on every machine, but `clif`.
#[derive(Args, Debug)]
#[command(after_help = help::EMIT)]
pub(super) struct Emit {
    /// The `.net` file; `-` is standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,

    /// Which stage.
    #[arg(long, value_name = "STAGE", help_heading = "What is printed")]
    pub(super) stage: StageName,

    /// Show every statistic that `run` computes, not the norms alone, in `graph`, `kernels` and `clif`.
    #[arg(long, help_heading = "What is printed")]
    pub(super) statistics: bool,

    /// Write it to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "What is printed")]
    pub(super) output: Option<PathBuf>,

    #[command(flatten)]
    pub(super) experiment: Experiment,

    #[command(flatten)]
    pub(super) machine: Machine,

    /// The instructions that `clif` is for: `native` (all), `narrow` (128 bits), `baseline`.
    #[arg(long, value_name = "WHICH", default_value = "native", help_heading = "The machine")]
    #[arg(hide_possible_values = true)]
    pub(super) instructions: Instructions,
}

/// `emit --stage`, in the order of the stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum StageName {
    /// The file as it was read, in canonical form
    Ast,
    /// Names resolved, repeats expanded, shapes and distributions known
    Model,
    /// Forward pass, backward pass and norms as one tensor graph
    Graph,
    /// Fused loops, matrix products and their place in memory
    Kernels,
    /// What the code generator compiles
    Clif,
}

/// Report every mistake of a file, then its layers, without running it.
///
/// Data files are opened and their headers read; nothing is trained. Without errors a table follows: layers, shapes,
/// parameters, memory.
#[derive(Args, Debug)]
#[command(after_help = help::CHECK)]
pub(super) struct Check {
    /// The `.net` files; `-` is standard input.
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) files: Vec<PathBuf>,

    /// How the result is written.
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "The result")]
    pub(super) format: CheckFormat,

    /// Mend what can be mended without doubt, say what changed, then check; `-` prints the mended text.
    #[arg(long, help_heading = "The result")]
    pub(super) fix: bool,

    #[command(flatten)]
    pub(super) experiment: Experiment,

    #[command(flatten)]
    pub(super) machine: Machine,
}

/// Draw the plane of (sigma_w, sigma_b): where the gradient vanishes, keeps its size, explodes with depth.
///
/// The standard deviations of weights and biases decide it, by mean-field theory for wide layers; the network's own layers are
/// marked. Nothing is run.
#[derive(Args, Debug)]
#[command(after_help = help::PHASE)]
pub(super) struct Phase {
    /// The `.net` file; `-` is standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) file: PathBuf,

    /// How it is drawn.
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "The picture")]
    pub(super) format: PhaseFormat,

    /// Write it to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "The picture")]
    pub(super) output: Option<PathBuf>,

    /// The layer whose activation it is of [default: the commonest activation].
    #[arg(long, value_name = "NAME", help_heading = "The picture")]
    pub(super) layer: Option<String>,

    #[command(flatten)]
    pub(super) experiment: Experiment,

    #[command(flatten)]
    pub(super) machine: Machine,
}

/// `phase --format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PhaseFormat {
    /// A map of characters, and the places in words
    Text,
    /// One JSON object: places, critical line, chi over the plane
    Json,
    /// A picture for a paper or a README
    Svg,
}

/// Write files in the one style; comments and meaning stay.
///
/// A file with mistakes of syntax is left alone and its mistakes are drawn. What changes is written beside and renamed.
#[derive(Args, Debug)]
#[command(after_help = help::FMT)]
pub(super) struct Fmt {
    /// `.net` files, or folders with such files; `-` formats standard input to standard output.
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) paths: Vec<PathBuf>,

    /// Write nothing; name the files that are not in the style, and end with status 1 if there are any.
    #[arg(long)]
    pub(super) check: bool,

    /// Write nothing; show what would change.
    #[arg(long)]
    pub(super) diff: bool,
}

/// `check --format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// For people: diagnostics to standard error, the table to standard output
    Text,
    /// One JSON object a line to standard output, with rustc's field names
    Json,
}

/// Explain a code such as E0201: what it means, how to mend it.
#[derive(Args, Debug)]
#[command(after_help = help::EXPLAIN)]
pub(super) struct Explain {
    /// The code, as E0201, e201 or 201; without one all codes are listed.
    #[arg(value_name = "CODE", conflicts_with = "list")]
    pub(super) code: Option<String>,

    /// List every code with its title.
    #[arg(long)]
    pub(super) list: bool,
}

/// Print what the language has: formulas, derivatives, arguments, settings.
#[derive(Args, Debug)]
#[command(after_help = help::REFERENCE)]
pub(super) struct Reference {
    /// A word such as `relu`, a part such as `activations`, or a code; without one every word is listed.
    #[arg(value_name = "NAME")]
    pub(super) topic: Option<String>,
}

/// Write a first file, with comments that teach; nothing is overwritten.
#[derive(Args, Debug)]
#[command(after_help = help::NEW)]
pub(super) struct New {
    /// The file to write, `.net` left out or not [default: the template's name].
    #[arg(value_name = "NAME", value_hint = ValueHint::FilePath)]
    pub(super) name: Option<PathBuf>,

    /// What to begin with.
    #[arg(long, value_name = "TEMPLATE", default_value = "mlp")]
    pub(super) template: String,

    /// List the templates.
    #[arg(long, conflicts_with_all = ["name", "template"])]
    pub(super) list: bool,
}

/// What varies the experiment.
#[derive(Args, Debug)]
#[command(next_help_heading = "The experiment")]
pub(super) struct Experiment {
    /// Give a `param` of the file another value; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(super) set: Vec<(String, String)>,

    /// The seed of weights, dropout and shuffling, in place of the file's `seeds`.
    #[arg(long, value_name = "N", value_parser = seed)]
    pub(super) seed: Option<u64>,
}

/// What carries out a run; no result depends on it.
#[derive(Args, Debug)]
#[command(next_help_heading = "The machine")]
pub(super) struct Processor {
    /// How many threads to use [default: as many as the machine has].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(super) threads: Option<NonZero<usize>>,

    /// The processor's instructions to use: `native` (all), `narrow` (128 bits), `baseline`.
    #[arg(long, value_name = "WHICH", default_value = "native", hide_possible_values = true)]
    pub(super) instructions: Instructions,
}

/// `--instructions`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Instructions {
    /// All it has
    Native,
    /// No registers wider than 128 bits
    Narrow,
    /// Only what every processor of the kind has
    Baseline,
}

/// What the machine may be asked for.
#[derive(Args, Debug)]
#[command(next_help_heading = "The machine")]
pub(super) struct Machine {
    /// The most memory to use, as 512MiB, 2GB or 1e9 [default: what is available].
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) memory_limit: Option<u64>,
}

/// From 1 to what no machine has.
fn threads(text: &str) -> Result<NonZero<usize>, String> {
    let count = text.parse::<NonZero<usize>>().ok().filter(|count| count.get() <= MOST_THREADS);
    count.ok_or_else(|| format!("a number of threads is from 1 to {MOST_THREADS}"))
}

/// Any 64 bits.
fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// `NAME=VALUE`
fn assignment(text: &str) -> Result<(String, String), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err("a value is set with `NAME=VALUE`".to_owned());
    };
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() {
        return Err("there is no name before `=`".to_owned());
    }
    if value.is_empty() {
        return Err("there is no value after `=`".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// A number of bytes: `1073741824`, `1e9`, `512MiB`, `1.5 GB`, `2G` (which is 2 GiB).
fn size(text: &str) -> Result<u64, String> {
    const UNITS: &[(&str, f64)] = &[
        ("", 1.0),
        ("b", 1.0),
        ("k", 1024.0),
        ("kib", 1024.0),
        ("kb", 1e3),
        ("m", 1_048_576.0),
        ("mib", 1_048_576.0),
        ("mb", 1e6),
        ("g", 1_073_741_824.0),
        ("gib", 1_073_741_824.0),
        ("gb", 1e9),
        ("t", 1_099_511_627_776.0),
        ("tib", 1_099_511_627_776.0),
        ("tb", 1e12),
    ];
    let lowered = text.trim().to_ascii_lowercase();
    let letters = lowered.bytes().rev().take_while(u8::is_ascii_alphabetic).count();
    let (number, unit) = lowered.split_at(lowered.len() - letters);
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    let number = number.trim().replace('_', "");
    let plain = number.starts_with(|first: char| first.is_ascii_digit());
    let (Some(factor), Some(number)) = (factor, number.parse::<f64>().ok().filter(|_| plain)) else {
        return Err("a size is written as 512MiB, 2GB or 1e9".to_owned());
    };
    let bytes = (number * factor).floor();
    if !(1.0..=(1_u64 << 60) as f64).contains(&bytes) {
        return Err("a size is at least one byte and at most 2^60".to_owned());
    }
    Ok(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::{ColorChoice, CommandLine, assignment, size, wished_colour};
    use clap::CommandFactory as _;

    #[test]
    fn the_wish_for_colour_is_found_wherever_it_stands() {
        let wish = |words: &str| wished_colour(&words.split(' ').map(Into::into).collect::<Vec<_>>());
        assert_eq!(wish("gradc run --help"), ColorChoice::Auto);
        assert_eq!(wish("gradc --color never run --help"), ColorChoice::Never);
        assert_eq!(wish("gradc run --help --color=always"), ColorChoice::Always);
        assert_eq!(wish("gradc run --color=mauve --color"), ColorChoice::Auto);
        assert_eq!(wish("gradc run -- --color=always"), ColorChoice::Auto);
    }

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        let good = [("1073741824", 1 << 30), ("1e9", 1_000_000_000), ("512MiB", 512 << 20), ("1.5 GB", 1_500_000_000)];
        for (text, bytes) in good.into_iter().chain([("2G", 2 << 30), ("1_000b", 1000), ("3kib", 3072)]) {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "-1", "0", "0.5", "1e99", "inf", "nan", "12 parsecs", "1e", "0x10", "é"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn assignments_have_both_sides() {
        assert_eq!(assignment("act = swish(beta: 2)"), Ok(("act".to_owned(), "swish(beta: 2)".to_owned())));
        assert_eq!(assignment("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        for text in ["", "a", "=1", "a=", " = "] {
            assert!(assignment(text).is_err(), "{text}");
        }
    }
}
