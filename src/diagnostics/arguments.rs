//! `E03xx`: arguments and settings that are unknown, missing, of the wrong type, or names of the wrong role.

use super::names::{article, listed};
use super::near::nearest;
use super::{Code, Diagnostic};
use crate::shape::Shape;
use crate::source::{Ident, Span};

/// E0301: an argument that the callee does not have.
#[must_use]
pub fn unknown_argument(name: &Ident, callee: &Ident, valid: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code("E0301"),
        format!("`{}` has no argument `{}`", callee.name, name.name),
        name.span,
        "no argument of this name",
    );
    match nearest(&name.name, valid.iter().copied()) {
        Some(near) => diagnostic.fix(format!("write `{near}`"), name.span, near),
        None if valid.is_empty() => diagnostic.help(format!("`{}` takes no arguments", callee.name)),
        None => diagnostic.help(format!("it has {}", listed(valid))),
    }
}

/// E0301: a key that the block does not have.
#[must_use]
pub fn unknown_key(key: &Ident, block: &str, valid: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code("E0301"),
        format!("`{block}` has no setting `{}`", key.name),
        key.span,
        "no setting of this name",
    );
    match nearest(&key.name, valid.iter().copied()) {
        Some(near) => diagnostic.fix(format!("write `{near}`"), key.span, near),
        None => diagnostic.help(format!("the settings are {}", listed(valid))),
    }
}

/// E0301: a named argument of a numeric function.
#[must_use]
pub fn function_takes_no_names(name: &Ident, callee: &Ident) -> Diagnostic {
    Diagnostic::error(
        Code("E0301"),
        format!("`{}` takes its arguments by position", callee.name),
        name.span,
        "a name here",
    )
    .help(format!("leave `{}:` out", name.name))
}

/// E0302: arguments that must be passed.
#[must_use]
pub fn missing(callee: &Ident, span: Span, names: &[&str]) -> Diagnostic {
    let what = if names.len() == 1 { "argument" } else { "arguments" };
    let example: Vec<String> = names.iter().map(|name| format!("{name}: …")).collect();
    Diagnostic::error(
        Code("E0302"),
        format!("`{}` lacks the {what} {}", callee.name, listed(names)),
        span,
        format!("{} missing", listed(names)),
    )
    .help(format!("write `{}({})`", callee.name, example.join(", ")))
}

/// E0302: a function with too few or too many arguments.
#[must_use]
pub fn arity(callee: &Ident, span: Span, wanted: usize, given: usize) -> Diagnostic {
    let code = if given < wanted { Code("E0302") } else { Code("E0305") };
    let arguments = if wanted == 1 { "1 argument".to_owned() } else { format!("{wanted} arguments") };
    Diagnostic::error(code, format!("`{}` takes {arguments}", callee.name), span, format!("{given} given"))
        .help(format!("pass {arguments}"))
}

/// E0302: a setting that must be there.
#[must_use]
pub fn missing_key(key: &str, block: &str, head: Span, example: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0302"),
        format!("`{block}` lacks the setting `{key}`"),
        head,
        format!("`{key}:` is missing"),
    )
    .help(format!("add {example}"))
}

/// E0302: a network without `input`.
#[must_use]
pub fn no_input(name: &Ident) -> Diagnostic {
    Diagnostic::error(
        Code("E0302"),
        format!("the network `{}` has no `input`", name.name),
        name.span,
        "its layers have no shape to start from",
    )
    .help("begin it with `input(…)`, the shape of one example: `input(784)`, or `input(1, 28, 28)`")
}

/// E0302: a network without a loss, where it is to be run.
#[must_use]
pub fn no_loss(name: &Ident) -> Diagnostic {
    Diagnostic::error(
        Code("E0302"),
        format!("the network `{}` has no `loss`", name.name),
        name.span,
        "there is nothing to take the gradient of",
    )
    .help("add `loss: mse` for numbers, or `loss: cross_entropy` for classes")
}

/// E0302: a `residual` or `parallel` without braces.
#[must_use]
pub fn lacks_body(kind: &Ident, branches: bool) -> Diagnostic {
    let example = if branches { "branch { … }; branch { … }" } else { "…" };
    Diagnostic::error(
        Code("E0302"),
        format!("`{}` lacks its body", kind.name),
        kind.span,
        "layers in braces are missing",
    )
    .help(format!("write `{} {{ {example} }}`", kind.name))
}

/// E0302: a `parallel` without branches.
#[must_use]
pub fn no_branches(kind: &Ident) -> Diagnostic {
    Diagnostic::error(Code("E0302"), "a `parallel` lacks its branches", kind.span, "nothing in it to join")
        .help("write `parallel { branch { … }; branch { … } }`")
}

/// E0302: a definition without the parameters that the network passes, `x` or `y, t`.
#[must_use]
pub fn definition_lacks_parameters(keyword: &str, name: &Ident, passed: &[&str]) -> Diagnostic {
    let what = if passed.len() == 1 { "the number it is applied to" } else { "the prediction and the target" };
    Diagnostic::error(
        Code("E0302"),
        format!("the {keyword} `{}` has no parameter for {what}", name.name),
        name.span,
        format!("{} {keyword} takes {what} first", article(keyword)),
    )
    .help(format!("write `{keyword} {}({}) = …`", name.name, passed.join(", ")))
}

/// E0303: a value of another type.
#[must_use]
pub fn wrong_type(span: Span, expected: &str, found: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code("E0303"),
        format!("expected {expected}, found {found}"),
        span,
        format!("not {expected}"),
    );
    match expected {
        "a truth value" => diagnostic.help("compare, as in `x > 0`, or write `true` or `false`"),
        "an init rule" => diagnostic.help("name a rule, as in `xavier_uniform` or `constant(0.1)`"),
        "a number" => diagnostic.help("write a number here"),
        "a string" => diagnostic.help("put it in double quotes"),
        _ => diagnostic.help(format!("write {expected}")),
    }
}

/// E0303: `if` whose branches are of two types.
#[must_use]
pub fn branches_differ(span: Span, (yes, yes_found): (Span, &str), (no, no_found): (Span, &str)) -> Diagnostic {
    Diagnostic::error(Code("E0303"), "the branches of an `if` are of different types", span, "of two types")
        .label(yes, yes_found)
        .label(no, no_found)
        .help("let both be numbers, or both truth values")
}

/// E0303: `x in a..b` as a number.
#[must_use]
pub fn in_outside_expect(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0303"), "`in` stands only in `expect` and `repeat`", span, "no value")
        .help("compare twice: `a <= x and x < b`")
}

/// E0303: a value for a param that holds another type.
#[must_use]
pub fn not_of_the_params_type(param: &Ident, own: Span, span: Span, wanted: &str, found: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0303"),
        format!("`{}` holds {wanted}, not {found}", param.name),
        span,
        format!("not {wanted}"),
    )
    .label(own, format!("{wanted} here"))
    .help(format!("write {wanted}"))
}

/// E0303: a condition that is a number.
#[must_use]
pub fn expect_is_no_truth(span: Span, found: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0303"),
        format!("`expect` wants something that holds or not, found {found}"),
        span,
        "not a truth value",
    )
    .help("compare it, as in `expect ratio > 0.1`, or write a verdict: `expect healthy`")
}

/// E0303: a verdict among numbers.
#[must_use]
pub fn word_is_no_number(word: &Ident) -> Diagnostic {
    Diagnostic::error(Code("E0303"), format!("the verdict `{}` is no number", word.name), word.span, "it holds or not")
        .help(format!("write it alone, as in `expect {}`, or join it by `and`, `or`", word.name))
}

/// E0303: a layer among numbers.
#[must_use]
pub fn layer_is_no_number(span: Span, text: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0303"),
        format!("`{text}` is a layer, or a gradient of one, and no number"),
        span,
        "a tensor",
    )
    .fix("take its norm", span, format!("norm({text})"))
}

/// E0303: a param that is no activation, as a layer.
#[must_use]
pub fn param_is_no_layer(kind: &Ident, param: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code("E0303"),
        format!("the param `{}` holds no layer", kind.name),
        kind.span,
        "not an activation",
    );
    let diagnostic = match param {
        Some(param) => diagnostic.label(param, "defined here"),
        None => diagnostic,
    };
    diagnostic.help("a param that holds an activation may stand as a layer; other layers are written out")
}

/// E0303: `--set` with more than a value.
#[must_use]
pub fn set_takes_one_value(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0303"), "`--set` takes one name and one value", span, "more than a value")
        .help("write `--set NAME=VALUE`, and once more for another param")
}

/// E0303: one of some words.
#[must_use]
pub fn not_one_of(span: Span, found: &str, words: &[&str], name: Option<&str>) -> Diagnostic {
    let expected = match words {
        [only] => format!("`{only}`"),
        [one, other] => format!("`{one}` or `{other}`"),
        _ => format!("one of {}", listed(words)),
    };
    let diagnostic = Diagnostic::error(
        Code("E0303"),
        format!("expected {expected}, found {found}"),
        span,
        format!("not {expected}"),
    );
    match name.and_then(|name| nearest(name, words.iter().copied())) {
        Some(near) => diagnostic.fix(format!("write `{near}`"), span, near),
        None => diagnostic.help(format!("write {expected}")),
    }
}

/// E0303: neither sizes nor the word that may stand for them.
#[must_use]
pub fn no_sizes(span: Span, found: &str, word: &str, name: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code("E0303"),
        format!("expected a whole number, one for each axis in brackets, or `{word}`, found {found}"),
        span,
        "neither",
    );
    match name.and_then(|name| nearest(name, [word])) {
        Some(near) => diagnostic.fix(format!("write `{near}`"), span, near),
        None => diagnostic.help(format!("write a number, or `{word}`")),
    }
}

/// E0303: a network of one width.
#[must_use]
pub fn teacher_needs_two_widths(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0303"), "a `teacher` has at least two widths", span, "one width is no network")
        .help("write input and output, as in `teacher(4, 16, 1, tanh)`")
}

/// E0304: a name that stands for something else.
#[must_use]
pub fn wrong_role<'a>(
    name: &Ident,
    place: Span,
    found: &str,
    role: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let near = nearest(&name.name, candidates.into_iter().filter(|candidate| *candidate != name.name));
    let message = format!("`{}` is {found}, not {} {role}", name.name, article(role));
    // A param's value stands elsewhere than where it is used.
    let elsewhere = place.source != name.span.source || place.start > name.span.start || place.end < name.span.end;
    let diagnostic = if elsewhere {
        Diagnostic::error(Code("E0304"), message, place, format!("{} {role} is wanted", article(role)))
            .label(name.span, format!("`{}` comes from here", name.name))
    } else {
        Diagnostic::error(Code("E0304"), message, name.span, format!("{} {role} is wanted", article(role)))
    };
    match near {
        Some(near) if !elsewhere => diagnostic.fix(format!("write `{near}`"), name.span, near),
        Some(_) | None => diagnostic.help(format!("name {} {role} here", article(role))),
    }
}

/// E0304: something else than a function is called.
#[must_use]
pub fn not_a_function(callee: &Ident, role: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0304"),
        format!("`{}` is {role}, not a function", callee.name),
        callee.span,
        "a function of numbers is wanted",
    )
    .help("call a numeric function or an activation here")
}

/// E0304: `auto` for biases.
#[must_use]
pub fn auto_of_biases(rule: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0304"),
        "`auto` is a rule of weights, not of biases",
        rule,
        "solves for a variance of weights",
    )
    .fix("write `zeros`", rule, "zeros")
}

/// E0304: a rule of matrices for a vector.
#[must_use]
pub fn matrix_rule_for_vector(rule: Span, tensor: &str, shape: &Shape) -> Diagnostic {
    Diagnostic::error(
        Code("E0304"),
        format!("this rule draws matrices, and a {tensor} is {shape}"),
        rule,
        "a rule of matrices",
    )
    .help("name another rule, such as `zeros` or `normal(0, 1)`")
}

/// E0305: more arguments by position than there are.
#[must_use]
pub fn too_many(callee: &Ident, surplus: Span, most: usize, by_name: &[&str]) -> Diagnostic {
    let takes = match most {
        0 => "no argument by position".to_owned(),
        1 => "1 argument by position".to_owned(),
        most => format!("{most} arguments by position"),
    };
    let diagnostic = Diagnostic::error(Code("E0305"), format!("`{}` takes {takes}", callee.name), surplus, "too many");
    if by_name.is_empty() {
        diagnostic.help("leave it out")
    } else {
        diagnostic.help(format!("{} must be named, as in `{}: …`", listed(by_name), by_name[0]))
    }
}

/// E0306: a name given twice.
#[must_use]
pub fn given_twice(name: &Ident, first: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0306"),
        format!("the {what} `{}` is given twice", name.name),
        name.span,
        "given again here",
    )
    .label(first, "first given here")
    .help("remove one of them")
}

/// E0306: an argument given by position and by name.
#[must_use]
pub fn given_by_position_and_name(name: &str, span: Span, named: Span) -> Diagnostic {
    Diagnostic::error(Code("E0306"), format!("the argument `{name}` is given twice"), span, "by position here")
        .label(named, "by name here")
        .help("remove one of them")
}

/// E0307: an `input` behind a layer.
#[must_use]
pub fn input_not_first(span: Span, network: Span) -> Diagnostic {
    Diagnostic::error(Code("E0307"), "`input` stands behind a layer", span, "must be the first")
        .label(network, "of this network")
        .help("move it to the top of the network")
}

/// E0307: a second `input`.
#[must_use]
pub fn second_input(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(Code("E0307"), "a network has one `input`", span, "a second one")
        .label(first, "the first one")
        .help("remove one of them")
}

/// E0307: an `input` within a container or block.
#[must_use]
pub fn input_inside(span: Span, network: Span) -> Diagnostic {
    Diagnostic::error(Code("E0307"), "`input` stands in a body of its own", span, "must stand in the network itself")
        .label(network, "this network")
        .help("move it to the top of the network")
}

/// E0307: a label of `input`.
#[must_use]
pub fn input_is_not_labelled(label: &Ident) -> Diagnostic {
    Diagnostic::error(Code("E0307"), "`input` takes no label", label.span, "a label")
        .help("its name is `input` already, as in `add(input)`")
}

/// E0307: a label of `branch`.
#[must_use]
pub fn branch_is_not_labelled(label: &Ident) -> Diagnostic {
    Diagnostic::error(Code("E0307"), "`branch` takes no label", label.span, "a label")
        .help("label the `parallel`, or a layer in the branch")
}

/// E0307: a body of a layer that has none.
#[must_use]
pub fn takes_no_body(kind: &Ident, body: Span) -> Diagnostic {
    Diagnostic::error(Code("E0307"), format!("`{}` takes no body", kind.name), body, "layers in braces")
        .label(kind.span, format!("`{}` stands alone", kind.name))
        .help("put these layers behind it, or into a `residual`")
}

/// E0307: a setting within a container or block.
#[must_use]
pub fn setting_inside(key: &Ident, network: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0307"),
        format!("the setting `{}` stands among layers of a body", key.name),
        key.span,
        "must stand in the network itself",
    )
    .label(network, "this network")
    .help(format!("move it to the network, or pass it to the layer, as in `dense(30, {}: …)`", key.name))
}

/// E0307: a `branch` anywhere else.
#[must_use]
pub fn branch_outside_parallel(head: Span) -> Diagnostic {
    Diagnostic::error(Code("E0307"), "`branch` stands outside a `parallel`", head, "joined with nothing")
        .help("write `parallel { branch { … }; branch { … } }`")
}

/// E0307: a layer directly in a `parallel`.
#[must_use]
pub fn no_branch(kind: &Ident, head: Span) -> Diagnostic {
    Diagnostic::error(Code("E0307"), "a `parallel` holds branches only", head, format!("`{}` is no branch", kind.name))
        .help("put it into a branch: `branch { … }`")
}

/// E0308: two settings that exclude each other.
#[must_use]
pub fn conflict(first: &str, first_span: Span, second: &str, second_span: Span) -> Diagnostic {
    let (later, earlier, later_span, earlier_span) = if first_span.start > second_span.start {
        (first, second, first_span, second_span)
    } else {
        (second, first, second_span, first_span)
    };
    Diagnostic::error(
        Code("E0308"),
        format!("`{earlier}` and `{later}` exclude each other"),
        later_span,
        format!("`{later}` here"),
    )
    .label(earlier_span, format!("`{earlier}` here"))
    .help("keep one of them")
}

/// E0308: a parameter with a default that nothing would ever use.
#[must_use]
pub fn passed_parameter_has_default(keyword: &str, name: &Ident, default: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0308"),
        format!("`{}` is what {} {keyword} is applied to, and has no default", name.name, article(keyword)),
        default,
        "would never be used",
    )
    .label(name.span, "always passed by the network")
    .help("leave the default out")
}

/// E0309: a gradient that a layer does not have.
#[must_use]
pub fn no_such_gradient(span: Span, what: &str, layer: &str, place: Span, others: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code("E0309"),
        format!("`{layer}` has no {what}"),
        span,
        format!("there is no gradient with respect to its {what}"),
    )
    .label(place, format!("`{layer}` stands here"));
    if others.is_empty() {
        diagnostic.help("name a layer inside it")
    } else {
        let written: Vec<String> = others.iter().map(|other| format!("{layer}.{other}")).collect();
        let written: Vec<&str> = written.iter().map(String::as_str).collect();
        diagnostic.help(format!("it has {}", listed(&written)))
    }
}

/// E0309: the gradient of an input that is looked up.
#[must_use]
pub fn input_without_gradient(span: Span, table: &str, place: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0309"),
        "`input` has no gradient: it holds numbers of rows",
        span,
        "there is nothing between two numbers of rows",
    )
    .label(place, format!("`{table}` looks them up"))
    .help(format!("`{table}.output` is what it finds"))
}

/// E0309: `dead` or `saturated` of a layer without an activation.
#[must_use]
pub fn no_activation(span: Span, callee: &Ident, layer: &str, place: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0309"),
        format!("`{layer}` has no activation that could be {}", callee.name),
        span,
        "no slope to measure",
    )
    .label(place, format!("`{layer}` stands here"))
    .help(format!("`{}` is measured of layers with an elementwise activation", callee.name))
}

/// E0310: an expectation at a step that no report is made of.
#[must_use]
pub fn step_not_reported(span: Span, step: u64, last: Option<u64>, report_at: Option<Span>) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code("E0310"), format!("step {step} is not reported"), span, "no report to hold it to");
    let diagnostic = match report_at {
        Some(at) => diagnostic.label(at, "the steps that are reported"),
        None => diagnostic,
    };
    match last {
        Some(0) => {
            diagnostic.help("without training there is one report, of step 0: add `train { … }`, or leave `at` out")
        }
        Some(last) if step > last => diagnostic.help(format!("the run ends with step {last}")),
        Some(_) | None => diagnostic.help(format!("add the step: `report {{ at: [0, {step}, last] }}`")),
    }
}

/// E0311: softmax within an elementwise function.
#[must_use]
pub fn not_elementwise(callee: &Ident, span: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0311"),
        format!("`{}` looks at a whole row, and this is elementwise", callee.name),
        span,
        "not a function of one number",
    )
    .help(format!("use `{}` as a layer, as an activation of a layer, or on the prediction of a loss", callee.name))
}

/// E0311: softmax of something else than the prediction.
#[must_use]
pub fn softmax_of_prediction_only(callee: &Ident, argument: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0311"),
        format!("in a loss `{}` is taken of the prediction itself", callee.name),
        argument,
        "not the prediction",
    )
    .help("pass the loss's first parameter as it is, and scale in the network what is to be scaled")
}
