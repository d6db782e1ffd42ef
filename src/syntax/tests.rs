//! What the front end does with whole texts.

pub(super) mod properties;

use super::ast::{ExprKind, Item, PoisonedRole, Statement};
use super::print::{print, print_expression};
use super::spans::without_spans;
use super::{Parsed, parse};
use crate::source::{Source, Sources};

fn parsed(text: &str) -> (Sources, Parsed) {
    let mut sources = Sources::new();
    let id = sources.add(Source::new("test.net", text));
    let parsed = parse(&sources, id);
    (sources, parsed)
}

/// Each error as `CODE at "characters": message`.
fn errors(text: &str) -> Vec<String> {
    let (sources, parsed) = parsed(text);
    let show = |diagnostic: &crate::diagnostics::Diagnostic| {
        let span = diagnostic.primary.as_ref().expect("a syntax error has a place").span;
        format!("{} at {:?}: {}", diagnostic.code, sources.text(span), diagnostic.message)
    };
    parsed.diagnostics.iter().map(show).collect()
}

const WHOLE_FILE: &str = r#"# Nielsen's digit network with four hidden layers: the vanishing gradient at its plainest.
param width = 30
param hidden = 4
param act = sigmoid

data {
  source: idx("data/train-images-1k.idx3-ubyte.gz", "data/train-labels-1k.idx1-ubyte.gz")
  scale: 1 / 255
  batch: 1000
}

network digits {
  input(784)
  repeat hidden { dense(width, act) }
  dense(10)

  loss: logistic
  weights: normal(0, 1 / sqrt(fan_in))
  biases: normal(0, 1)
}

train { optimizer: sgd(rate: 0.1); steps: 500 }
report { at: [0, 100, last]; seeds: 0..8 }
sweep { hidden: [1, 2, 4, 8]; act: [sigmoid, tanh, relu] }

expect vanishing
expect norm(dense1.bias) < 0.1 * norm(dense4.bias)
expect norm(dense1.bias) in 0.0008..0.0060 at 0
"#;

/// The networks of the conformance suite.
const CONFORMANCE: [&str; 10] = [
    r#"data { source: safetensors("attention_stack.safetensors", x: "data/x", y: "data/t") }

network attention_stack {
  input(9, 8)
  positional(sinusoidal)
  attention(2)
  residual { attention(4, causal: true) }
  flatten
  dense(3)
  loss: cross_entropy
  weights: file("attention_stack.safetensors")
  biases: file("attention_stack.safetensors")
  precision: f64
}
"#,
    r#"data { source: safetensors("character_model.safetensors", x: "data/x", y: "data/t") }

network character_model {
  input(7)
  embedding(11, 6, weights: file("character_model.safetensors"))
  residual { attention(2, causal: true) }
  dense(11)
  loss: cross_entropy
  weights: file("character_model.safetensors")
  biases: file("character_model.safetensors")
  precision: f64
}
"#,
    r#"data { source: safetensors("convolution.safetensors", x: "data/x", y: "data/t") }

network convolution {
  input(2, 11, 9)
  conv2d(6, [3, 2], tanh, stride: [2, 1], pad: [1, 0], dilation: [1, 2])
  conv2d(6, 3, silu, groups: 3, pad: same)
  flatten
  dense(3)
  loss: mse
  weights: file("convolution.safetensors")
  biases: file("convolution.safetensors")
  precision: f64
}
"#,
    r#"data { source: safetensors("dense_blocks.safetensors", x: "data/x", y: "data/t") }

network dense_blocks {
  input(7)
  block_in = dense(9, tanh)
  repeat 2 { residual { dense(9, silu); dense(9) } }
  parallel(join: concat) { branch { dense(4, elu) }; branch { dense(5, softplus) } }
  add(block_in)
  dense(3)
  loss: quadratic
  weights: file("dense_blocks.safetensors")
  biases: file("dense_blocks.safetensors")
  precision: f64
}
"#,
    r#"data { source: safetensors("gru_stack.safetensors", x: "data/x", y: "data/t") }

network gru_stack {
  input(12, 4)
  gru(6)
  gru(5)
  last_step
  dense(3)
  loss: cross_entropy
  weights: file("gru_stack.safetensors")
  biases: file("gru_stack.safetensors")
  precision: f64
}
"#,
    r#"data { source: safetensors("lstm_stack.safetensors", x: "data/x", y: "data/t") }

network lstm_stack {
  input(12, 4)
  lstm(6)
  lstm(5)
  dense(2)
  loss: mse
  weights: file("lstm_stack.safetensors")
  biases: file("lstm_stack.safetensors")
  precision: f64
}
"#,
    r#"data { source: safetensors("norms.safetensors", x: "data/x", y: "data/t") }

network norms {
  input(4, 6, 6)
  conv2d(8, 3)
  batch_norm
  relu
  group_norm(4)
  conv2d(6, 2)
  flatten
  layer_norm
  dense(5, gelu)
  rms_norm
  dense(3)
  loss: cross_entropy(smoothing: 0.05)
  weights: file("norms.safetensors")
  biases: file("norms.safetensors")
  precision: f64
}
"#,
    r#"data { source: safetensors("pooling.safetensors", x: "data/x", y: "data/t") }

network pooling {
  input(2, 9, 9)
  conv2d(3, 3, tanh)
  max_pool(3, stride: 2, pad: 1)
  avg_pool(2, stride: 1)
  flatten
  dense(2)
  loss: huber(delta: 0.7)
  weights: file("pooling.safetensors")
  biases: file("pooling.safetensors")
  precision: f64
}
"#,
    r#"data { source: safetensors("rnn_stack.safetensors", x: "data/x", y: "data/t") }

network rnn_stack {
  input(15, 3)
  rnn(7, tanh)
  rnn(5, relu)
  last_step
  dense(2)
  loss: mse
  weights: file("rnn_stack.safetensors")
  biases: file("rnn_stack.safetensors")
  precision: f64
}
"#,
    r#"data { source: safetensors("sequence_convolution.safetensors", x: "data/x", y: "data/t") }

network sequence_convolution {
  input(3, 20)
  conv1d(5, 4, relu, stride: 2, pad: 1)
  conv1d(4, 3, dilation: 2)
  global_avg_pool
  dense(2)
  loss: quadratic
  weights: file("sequence_convolution.safetensors")
  biases: file("sequence_convolution.safetensors")
  precision: f64
}
"#,
];

#[test]
fn the_reference_file_is_without_mistakes() {
    assert_eq!(errors(WHOLE_FILE), [""; 0]);
    let (_, parsed) = parsed(WHOLE_FILE);
    assert_eq!((parsed.file.items.len(), parsed.file.poisoned.len()), (11, 0));
}

#[test]
fn the_conformance_networks_are_without_mistakes_and_print_as_what_they_are() {
    for text in CONFORMANCE {
        assert_eq!(errors(text), [""; 0], "{text}");
        let file = parsed(text).1.file;
        let printed = print(&file);
        assert_eq!(without_spans(parsed(&printed).1.file), without_spans(file), "{printed}");
    }
}

/// The expression behind `param x =`, printed with all that its tree says.
fn tree(expression: &str) -> String {
    let text = format!("param x = {expression}\n");
    let (_, parsed) = parsed(&text);
    assert_eq!(errors(&text), [""; 0], "{expression}");
    let Some(Item::Param { value, .. }) = parsed.file.items.first() else { panic!("{expression} is a param") };
    shape(&value.kind)
}

/// Every operation in parentheses.
fn shape(kind: &ExprKind) -> String {
    match kind {
        ExprKind::Binary(operator, left, right) => {
            format!("({} {} {})", shape(&left.kind), operator.sign(), shape(&right.kind))
        }
        ExprKind::Unary(operator, operand) => format!("({operator:?} {})", shape(&operand.kind)),
        ExprKind::In(value, range) => format!("({} in {})", shape(&value.kind), shape(&range.kind)),
        ExprKind::Range(start, end) => format!("({}..{})", shape(&start.kind), shape(&end.kind)),
        ExprKind::If(condition, consequent, alternative) => {
            format!(
                "(if {} then {} else {})",
                shape(&condition.kind),
                shape(&consequent.kind),
                shape(&alternative.kind)
            )
        }
        other => {
            let span = crate::source::Span::new(crate::arena::Id::new(0), 0..0);
            print_expression(&super::ast::Expr { kind: other.clone(), span })
        }
    }
}

#[test]
fn operators_bind_as_the_language_says() {
    for (text, expected) in [
        ("-x ^ 2", "(Negate (x ^ 2))"),
        ("2 ^ -3", "(2 ^ (Negate 3))"),
        ("2 ^ 3 ^ 4", "(2 ^ (3 ^ 4))"),
        ("2 ^ -3 ^ 2", "(2 ^ (Negate (3 ^ 2)))"),
        ("-a * b", "((Negate a) * b)"),
        ("a - b - c", "((a - b) - c)"),
        ("a + b * c", "(a + (b * c))"),
        ("a * -b", "(a * (Negate b))"),
        ("not a == b and c", "((Not (a == b)) and c)"),
        ("a or b and not c", "(a or (b and (Not c)))"),
        ("a + 1 < b * 2", "((a + 1) < (b * 2))"),
        ("a in 0..2 * n", "(a in (0..(2 * n)))"),
        ("if a then b else if c then d else e + 1", "(if a then b else (if c then d else (e + 1)))"),
        ("1 + (if a then b else c)", "(1 + (if a then b else c))"),
        ("h[1][i - 1].bias", "h[1][i - 1].bias"),
        ("f(1, [2, 3,], k: 4,)", "f(1, [2, 3], k: 4)"),
        ("first", "first"),
    ] {
        assert_eq!(tree(text), expected, "{text}");
    }
}

#[test]
fn inside_brackets_newlines_and_comments_are_free() {
    assert_eq!(tree("(1 + # one\n\n  2\n)"), "(1 + 2)");
    assert_eq!(tree("f(\r\n  1,\r\n  2\r\n)"), "f(1, 2)");
}

#[test]
fn a_statement_ends_at_a_newline_a_semicolon_or_a_closing_brace() {
    let text = "network n { input(3);; h = dense(2, relu); parallel { branch { a } branch { b } } dense(1) }";
    assert_eq!(errors(text), [""; 0]);
    let file = parsed(text).1.file;
    let [Item::Network(network)] = file.items.as_slice() else { panic!("one network") };
    assert_eq!(network.body.len(), 4);
    let at_keys = "report {\n  seeds: 0..8\n  at: [0, last]\n}\n";
    assert_eq!(errors(at_keys), [""; 0]);
}

#[test]
fn spans_hold_no_blanks_at_their_ends() {
    let text = "network n {\n  h = dense ( 3 , relu )  {\n  }  # end\n  repeat  n  as  i  { }\n}\n";
    let (sources, parsed) = parsed(text);
    assert_eq!(errors(text), [""; 0]);
    let [Item::Network(network)] = parsed.file.items.as_slice() else { panic!("one network") };
    assert_eq!(sources.text(network.head), "network n");
    assert_eq!(sources.text(network.span), text.trim_end());
    let [Statement::Layer(layer), Statement::Repeat(repeat)] = network.body.as_slice() else {
        panic!("two statements")
    };
    assert_eq!(sources.text(layer.head), "h = dense ( 3 , relu )");
    assert_eq!(sources.text(layer.span), "h = dense ( 3 , relu )  {\n  }");
    assert_eq!(layer.parentheses.map(|span| sources.text(span)), Some("( 3 , relu )"));
    assert_eq!(sources.text(repeat.head), "repeat  n  as  i");
}

#[test]
fn every_mistake_is_told_at_its_characters() {
    for (text, expected) in [
        ("language 2", "E0116 at \"2\": unknown version `2` of the language"),
        ("netwrok a {\n  input(3)\n}", "E0107 at \"netwrok\": unknown item `netwrok`"),
        ("param 3x = 1", "E0105 at \"3x\": malformed number `3x`"),
        ("param x: 3", "E0111 at \":\": `:` in a `param`"),
        ("param in = 3", "E0108 at \"in\": `in` is a reserved word"),
        ("param y = 1 < 2 <= 3", "E0109 at \"<=\": comparisons in a row"),
        ("param z = (1 + 2\nparam w = 1", "E0102 at \"(\": unclosed `(`"),
        ("param z = [1, (2, 3", "E0102 at \"(\": unclosed `(`"),
        ("param w = 1 *\n  2", "E0110 at \"*\": a statement ends with its line"),
        ("param w = 1\n  + 4", "E0110 at \"+\": a statement ends with its line"),
        ("param q = f(a: 1, 2)", "E0112 at \"2\": positional argument after a named one"),
        ("param r = f(a = 1)", "E0111 at \"=\": `=` in an argument"),
        ("param s = .5", "E0105 at \".5\": malformed number `.5`"),
        ("param s = 5. + 1", "E0105 at \"5.\": malformed number `5.`"),
        ("param s = 0x1F", "E0105 at \"0x1F\": malformed number `0x1F`"),
        ("param t = \"abc", "E0106 at \"\\\"abc\": unclosed string"),
        ("param a = b && c", "E0114 at \"&&\": `&&` is not part of the language"),
        ("network n\n{\n  input(3)\n}", "E0113 at \"{\": `{` on a line of its own"),
        ("network m {\n  input(3]\n}", "E0103 at \"]\": `(` is closed with `]`"),
        ("network m { dense(4 5) }", "E0101 at \"5\": expected `,` or `)`, found `5`"),
        ("network m { weights = 0.1 }", "E0101 at \"0.1\": expected a layer, found `0.1`"),
        ("network m { repeat 2 dense(3) }", "E0101 at \"dense\": expected `as` or `{`, found `dense`"),
        ("network m { param x = 1 }", "E0115 at \"param\": `param` inside a block"),
        ("dense(4)", "E0115 at \"dense\": `dense` outside a block"),
        ("x = 3", "E0115 at \"x\": `x` is given a value outside a block"),
        ("train { rate = 0.1 }", "E0111 at \"=\": `=` in a setting"),
        ("param x =", "E0101 at \"=\": expected a value, found the end of the statement"),
        ("expect 1 + if a then 2 else 3", "E0101 at \"if\": expected a value, found `if`"),
        ("expect a in 0..1..2", "E0101 at \"..\": range with three ends"),
        ("expect 1 + not a", "E0101 at \"not\": `not` behind `+`"),
        (")", "E0103 at \")\": unmatched `)`"),
        ("}", "E0103 at \"}\": unmatched `}`"),
        ("// hello", "E0114 at \"// hello\": `//` is not part of the language"),
        ("param x = 1\nlanguage 1", "E0115 at \"language\": `language` after the first line"),
    ] {
        assert_eq!(errors(text), [expected], "{text}");
    }
}

#[test]
fn one_run_reports_every_mistake() {
    let text = "param x = = 1\nnetwork n {\n  input(3\n}\nparam y = 0x\ntrain { steps 5; rate = 1 }\n";
    let codes: Vec<_> = errors(text).iter().map(|error| error[..5].to_owned()).collect();
    assert_eq!(codes, ["E0101", "E0102", "E0105", "E0101", "E0111"]);
}

#[test]
fn a_broken_statement_costs_itself_and_its_names_are_known() {
    let text = "param x = = 1\nactivation f(x) = )\nnetwork n {\n  h = dense(3 3)\n  loss: 3 3\n  relu\n}\n";
    let file = parsed(text).1.file;
    let poisoned: Vec<_> = file.poisoned.iter().map(|poisoned| (poisoned.name.name.as_str(), poisoned.role)).collect();
    let definition = PoisonedRole::Definition(super::ast::DefinitionKind::Activation);
    assert_eq!(
        poisoned,
        [("x", PoisonedRole::Param), ("f", definition), ("h", PoisonedRole::Label), ("loss", PoisonedRole::Setting)]
    );
    let [Item::Network(network)] = file.items.as_slice() else { panic!("the network is left") };
    assert!(matches!(network.body.as_slice(), [Statement::Broken(_), Statement::Broken(_), Statement::Layer(_)]));
}

#[test]
fn what_an_unclosed_block_swallows_stands_outside_again() {
    let text = "network n {\n  input(3)\ntrain { steps: 3 }\nexpect vanishing\n";
    assert_eq!(errors(text), ["E0102 at \"{\": unclosed `{`"]);
    assert_eq!(parsed(text).1.file.items.len(), 3);
}

#[test]
fn delimiters_open_at_the_end_are_one_error() {
    let text = "network n {\n  repeat 2 {\n    dense(f(3\n";
    let (sources, parsed) = parsed(text);
    let [diagnostic] = parsed.diagnostics.as_slice() else { panic!("one error: {:?}", parsed.diagnostics) };
    let places: Vec<_> =
        diagnostic.secondary.iter().map(|label| (sources.text(label.span), label.span.start)).collect();
    assert_eq!(places, [("(", 34), ("{", 23), ("{", 10)]);
}

#[test]
fn nesting_is_bounded_by_a_hundred_of_any_kind() {
    let nests: [(&str, fn(usize) -> String); 6] = [
        ("parentheses", |depth| format!("param x = {}1{}", "(".repeat(depth), ")".repeat(depth))),
        ("lists", |depth| format!("param x = {}1{}", "[".repeat(depth), "]".repeat(depth))),
        ("minus", |depth| format!("param x = {}1", "-".repeat(depth))),
        ("not", |depth| format!("param x = {}a", "not ".repeat(depth))),
        ("powers", |depth| format!("param x = 1{}", " ^ 1".repeat(depth))),
        ("blocks", |depth| format!("network n {{{}{}", " repeat 2 {".repeat(depth - 1), "}".repeat(depth))),
    ];
    for (kind, nest) in nests {
        assert_eq!(errors(&nest(100)), [""; 0], "{kind}");
        for depth in [101, 10_000] {
            let found = errors(&nest(depth));
            assert_eq!(found.len(), 1, "{kind}: {found:?}");
            assert!(found[0].starts_with("E0104"), "{kind}: {found:?}");
        }
    }
    let chain = |depth: usize| format!("param x = if a then b{} else c", " else if a then b".repeat(depth));
    assert_eq!(errors(&chain(100)), [""; 0]);
    assert_eq!(errors(&chain(101)).len(), 1);
    assert_eq!(errors(&format!("network n {{ {}", "repeat 2 {\n".repeat(5000))).len(), 1);
}

#[test]
fn rows_of_operators_are_bounded_too() {
    let row = |length: usize| format!("param x = 1{}", " + 1".repeat(length));
    assert_eq!(errors(&row(1000)), [""; 0]);
    assert_eq!(errors(&row(100_000)).len(), 1);
}

#[test]
fn a_text_of_mistakes_has_a_bounded_number_of_them() {
    for garbage in ["x y\n", "1x ", "}\n", "param x = (\n", "'", "× ", "+\n", "{", "(", "\"\n"] {
        assert!(errors(&garbage.repeat(20_000)).len() <= super::mistakes::MAX_MISTAKES, "{garbage:?}");
    }
}
