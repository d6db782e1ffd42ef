//! E06: data and other files that a run needs; and the E04 of data that do not fit the network. A file is named as the user
//! would find it, the place in it as byte, row, column or element.

use super::{Code, Diagnostic};
use crate::shape::Shape;
use crate::source::Span;

/// A file that the `.net` text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is named: the string with its quotes.
    pub span: Span,
    /// Its path from where the command was given.
    pub path: String,
}

const NOT_READABLE: Code = Code("E0601");
const WRONG_FORMAT: Code = Code("E0602");
const WRONG_LENGTH: Code = Code("E0603");
const BAD_VALUE: Code = Code("E0604");
const TOO_LARGE: Code = Code("E0605");
const NOT_IN_FILE: Code = Code("E0606");
const WRONG_TENSOR: Code = Code("E0607");
const WRONG_COUNT: Code = Code("E0608");
const NOT_WRITABLE: Code = Code("E0609");
/// A run that does not fit into memory.
pub const RUN_SIZE: Code = Code("E0504");
const DATA_SHAPE: Code = Code("E0440");
const TARGET_SHAPE: Code = Code("E0441");
const TARGET_CLASSES: Code = Code("E0442");

/// E0601: the file is not there. `near` is a path, as it would be written, whose file is.
#[must_use]
pub fn no_such_file(file: &File, near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        NOT_READABLE,
        format!("there is no file `{}`", file.path),
        file.span,
        "named here; paths are relative to this `.net` file",
    );
    match near {
        Some(near) => diagnostic.fix(format!("there is a `{near}`"), file.span, format!("{near:?}")),
        None => diagnostic,
    }
}

/// E0601: the file is there and cannot be read.
#[must_use]
pub fn unreadable_file(file: &File, reason: &str) -> Diagnostic {
    Diagnostic::error(NOT_READABLE, format!("cannot read `{}`: {reason}", file.path), file.span, "named here")
}

/// E0602: the file is not what its source takes.
#[must_use]
pub fn wrong_format(file: &File, format: &str, found: &str) -> Diagnostic {
    Diagnostic::error(WRONG_FORMAT, format!("`{}` is not {format}: {found}", file.path), file.span, "read here")
}

/// E0603: the file is shorter than its header says.
#[must_use]
pub fn truncated(file: &File, ends: u64, promised: u64) -> Diagnostic {
    Diagnostic::error(
        WRONG_LENGTH,
        format!("`{}` ends at byte {ends}, but its header promises {promised} bytes", file.path),
        file.span,
        "read here",
    )
    .note("the file is damaged, or was not written to its end")
}

/// E0603: the file goes on after what its header says.
#[must_use]
pub fn trailing(file: &File, promised: u64) -> Diagnostic {
    Diagnostic::error(
        WRONG_LENGTH,
        format!("`{}` goes on after byte {promised}, where its header says it ends", file.path),
        file.span,
        "read here",
    )
    .note("the header and the contents do not belong together")
}

/// E0603: a row has more or fewer cells than the first.
#[must_use]
pub fn ragged_row(file: &File, line: u64, cells: u64, expected: u64) -> Diagnostic {
    let count = |cells: u64| if cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells") };
    Diagnostic::error(
        WRONG_LENGTH,
        format!("`{}`, line {line}: the row has {}, those before it {}", file.path, count(cells), count(expected)),
        file.span,
        "read here",
    )
}

/// E0604: an entry cannot be used. `place` says which one, `what` what is wrong with it.
#[must_use]
pub fn bad_value(file: &File, place: &str, what: &str) -> Diagnostic {
    Diagnostic::error(BAD_VALUE, format!("`{}`, {place}: {what}", file.path), file.span, "read here")
}

/// E0604: a target is not what the loss takes.
#[must_use]
pub fn bad_target(source: Span, loss: Option<Span>, example: usize, what: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(BAD_VALUE, format!("the target of example {example} {what}"), source, "targets from here");
    match loss {
        Some(loss) => diagnostic.label(loss, "this loss takes them"),
        None => diagnostic,
    }
}

/// E0604: the classes of the held-out data are not those trained on.
#[must_use]
pub fn classes_differ(test: Span, source: Span, what: &str) -> Diagnostic {
    Diagnostic::error(BAD_VALUE, what.to_owned(), test, "held out").label(source, "trained on these")
}

/// E0604: an input of a network that looks up indices is none.
#[must_use]
pub fn bad_index(
    source: Span,
    (table, vocabulary): (Span, usize),
    (example, element): (usize, usize),
    value: f64,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        BAD_VALUE,
        format!("element {element} of example {example} is {value}, which has no row in a table of {vocabulary}"),
        source,
        "inputs from here",
    )
    .label(table, format!("the rows are numbered 0 to {}", vocabulary - 1));
    if value >= vocabulary as f64 && value.fract() == 0.0 && value < 1e9 {
        diagnostic.help(format!("a vocabulary of {} or more has it", value + 1.0))
    } else {
        diagnostic.help("give the network whole numbers, without `scale` or `normalize`")
    }
}

/// E0605: the file promises, or the settings ask for, more than the run may hold.
#[must_use]
pub fn too_large(span: Span, what: &str, needs: &str, limit: &str) -> Diagnostic {
    Diagnostic::error(
        TOO_LARGE,
        format!("{what} would need {needs}, more than the limit of {limit}"),
        span,
        format!("needs {needs}"),
    )
    .help("take fewer examples with `take:`, or raise the limit with `--memory-limit`")
}

/// E0605: a size that no machine can hold.
#[must_use]
pub fn absurd_size(file: &File, what: &str) -> Diagnostic {
    Diagnostic::error(TOO_LARGE, format!("`{}` promises {what}", file.path), file.span, "read here")
        .note("no file can hold that; the header is damaged")
}

/// E0606: the file has no entry of that name. `kind` is `column`, `array` or `tensor`; `near` a name it has.
#[must_use]
pub fn not_in_file(
    file: &File,
    kind: &str,
    name: &str,
    named: Span,
    near: Option<&str>,
    known: &[String],
) -> Diagnostic {
    const SHOWN: usize = 8;
    let diagnostic = Diagnostic::error(
        NOT_IN_FILE,
        format!("`{}` has no {kind} `{name}`", file.path),
        named,
        format!("no such {kind}"),
    );
    let diagnostic = if known.is_empty() {
        diagnostic.note(format!("it has no {kind} at all"))
    } else {
        let mut list = known.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if known.len() > SHOWN {
            list.push_str(&format!(" and {} more", known.len() - SHOWN));
        }
        diagnostic.note(format!("it has {list}"))
    };
    match near {
        Some(near) => diagnostic.fix(format!("there is a {kind} `{near}`"), named, format!("{near:?}")),
        None => diagnostic,
    }
}

/// E0606: a parameter is in the file under none of its names.
#[must_use]
pub fn parameter_not_in_file(file: &File, layer: Span, names: [&str; 2], near: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        NOT_IN_FILE,
        format!("`{}` has no tensor `{}`", file.path, names[0]),
        file.span,
        format!("has neither `{}` nor `{}`", names[0], names[1]),
    )
    .label(layer, format!("`{}` is a parameter of this layer", names[0]));
    match near {
        Some(near) => diagnostic.note(format!("the file has a tensor `{near}`")),
        None => diagnostic,
    }
}

/// E0606: the file's only column is the target.
#[must_use]
pub fn no_inputs(file: &File) -> Diagnostic {
    Diagnostic::error(
        NOT_IN_FILE,
        format!("`{}` has one column, the target; none is left for the inputs", file.path),
        file.span,
        "read here",
    )
}

/// E0607: a parameter's tensor in the file has another shape.
#[must_use]
pub fn wrong_parameter_shape(file: &File, layer: Span, name: &str, found: &Shape, expected: &Shape) -> Diagnostic {
    Diagnostic::error(
        WRONG_TENSOR,
        format!("tensor `{name}` of `{}` has shape {found}, but the parameter has shape {expected}", file.path),
        file.span,
        format!("gives {found}"),
    )
    .label(layer, format!("needs {expected}"))
}

/// E0607: a tensor in the file holds something else than numbers that can be used.
#[must_use]
pub fn wrong_tensor_type(file: &File, name: &str, found: &str, usable: &str) -> Diagnostic {
    Diagnostic::error(
        WRONG_TENSOR,
        format!("`{name}` of `{}` holds {found}", file.path),
        file.span,
        format!("usable are {usable}"),
    )
}

/// E0608: inputs and targets do not pair up.
#[must_use]
pub fn uneven_counts(x: &File, inputs: usize, y: &File, targets: usize) -> Diagnostic {
    Diagnostic::error(
        WRONG_COUNT,
        format!("`{}` has {inputs} examples, but `{}` has {targets} targets", x.path, y.path),
        y.span,
        format!("{targets} targets"),
    )
    .label(x.span, format!("{inputs} examples"))
}

/// E0608: `take` and `skip` ask for examples that are not there.
#[must_use]
pub fn not_enough(source: Span, block: Span, asked: &str, has: usize) -> Diagnostic {
    let has = if has == 1 { "1 example".to_owned() } else { format!("{has} examples") };
    Diagnostic::error(WRONG_COUNT, format!("the source has {has}, but {asked}"), source, format!("has {has}"))
        .label(block, asked.to_owned())
}

/// E0608: no example is left to train on.
#[must_use]
pub fn none_left(source: Span, why: &str) -> Diagnostic {
    Diagnostic::error(WRONG_COUNT, format!("no example is left: {why}"), source, "examples from here")
}

/// E0609: the dump cannot be written.
#[must_use]
pub fn cannot_write(path: &str, reason: &str) -> Diagnostic {
    Diagnostic::error_without_place(NOT_WRITABLE, format!("cannot write `{path}`: {reason}"))
}

/// E0440: an example has another number of elements than the network's input.
#[must_use]
pub fn data_do_not_fit(source: Span, example: &Shape, input: Span, expected: &Shape) -> Diagnostic {
    let (has, takes) = (example.elements(), expected.elements());
    let diagnostic = Diagnostic::error(
        DATA_SHAPE,
        format!("each example has {}, but the network takes {takes}", numbers(has)),
        source,
        format!("examples of shape {example}: {}", numbers(has)),
    )
    .label(input, format!("takes {expected}: {}", numbers(takes)));
    if takes == has {
        return diagnostic;
    }
    let extents = example.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let extents = if extents.is_empty() { "1".to_owned() } else { extents };
    diagnostic.help(format!("`input({extents})` takes these examples"))
}

/// E0441: a target has another number of elements than the loss takes.
#[must_use]
pub fn targets_do_not_fit(source: Span, target: &Shape, output: Span, shape: &Shape, takes: &str) -> Diagnostic {
    Diagnostic::error(
        TARGET_SHAPE,
        format!("each target has {}, but the loss takes {takes}", numbers(target.elements())),
        source,
        format!("targets of shape {target}: {}", numbers(target.elements())),
    )
    .label(output, format!("the network's output has shape {shape}"))
}

/// E0442: there are more classes than outputs.
#[must_use]
pub fn too_many_classes(source: Span, classes: usize, output: Span, outputs: usize, note: Option<&str>) -> Diagnostic {
    let found =
        if outputs == 1 { "one output tells two classes apart".to_owned() } else { format!("{outputs} outputs") };
    let diagnostic = Diagnostic::error(
        TARGET_CLASSES,
        format!(
            "the data have {classes} classes, but the network has {outputs} output{}",
            if outputs == 1 { "" } else { "s" }
        ),
        source,
        format!("{classes} classes"),
    )
    .label(output, found);
    match note {
        Some(note) => diagnostic.note(note),
        None => diagnostic,
    }
}

/// E0504: the run needs more memory than it may take.
#[must_use]
pub fn run_too_large(network: Span, needs: &str, parts: &str, limit: &str) -> Diagnostic {
    Diagnostic::error(
        RUN_SIZE,
        format!("the run needs {needs} of memory, and the limit is {limit}"),
        network,
        format!("needs {parts}"),
    )
    .help("make the batch or the network smaller, or raise `--memory-limit`")
}

/// E0504: the machine does not give the memory that the run needs.
#[must_use]
pub fn memory_refused(network: Span, needs: &str) -> Diagnostic {
    Diagnostic::error(
        RUN_SIZE,
        format!("the run needs {needs} of memory, which the machine does not give"),
        network,
        format!("needs {needs}"),
    )
    .help("make the batch or the network smaller")
}

/// E0504: one tensor of the run is larger than anything that can be addressed.
#[must_use]
pub fn run_not_addressable(layer: Span, needs: &str, batch: usize) -> Diagnostic {
    Diagnostic::error(
        RUN_SIZE,
        format!("one tensor of the run would need {needs}"),
        layer,
        format!("with {batch} examples in a batch"),
    )
    .help("make the batch or the network smaller")
}

fn numbers(count: usize) -> String {
    if count == 1 { "1 number".to_owned() } else { format!("{count} numbers") }
}
