//! What holds of the formatter: the tree and the comments stay, and what it has written it leaves alone.

use super::{comments, format};
use crate::source::{Source, Sources};
use crate::syntax::print::print;
use crate::syntax::scanner::{Delimiter, Scanner, TokenKind};
use crate::syntax::tests::properties::file;
use proptest::prelude::*;

/// The text in the one style; that it keeps tree and comments is asserted where it is made.
fn formatted(text: &str) -> String {
    let mut sources = Sources::new();
    let id = sources.add(Source::new("test.net", text));
    format(&sources, id).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes:?}"))
}

#[track_caller]
fn assert_formats(text: &str, wanted: &str) {
    let once = formatted(text);
    assert_eq!(once, wanted, "\n{once}");
    assert_eq!(formatted(&once), once, "formatted twice");
}

#[test]
fn a_statement_has_a_line_of_its_own() {
    assert_formats(
        "\n\n  param   a=-1;param b = 2- -3\nnetwork n{input(2);h=dense( 3,\n relu , );\n\n\n;loss:mse}",
        "param a = -1\nparam b = 2 - -3\nnetwork n {\n  input(2)\n  h = dense(3, relu)\n\n  loss: mse\n}\n",
    );
}

#[test]
fn a_block_on_one_line_stays_so_while_it_fits() {
    assert_formats(
        "train{steps:5;optimizer:sgd( rate:1 );}\ndata {}",
        "train { steps: 5; optimizer: sgd(rate: 1) }\ndata {}\n",
    );
    let long = "branch { dense(11111111111111, activation_one) }";
    assert_formats(
        &format!("block b {{ parallel {{ {long}; {long} }} }}\n"),
        &format!("block b {{\n  parallel {{\n    {long}\n    {long}\n  }}\n}}\n"),
    );
    assert_formats("data {\n}\nreport {\n  at: 0 }", "data {}\nreport {\n  at: 0\n}\n");
}

#[test]
fn operators_stand_between_blanks_and_signs_before_none() {
    assert_formats(
        "activation f(x,p=- 1)=if x<0 and not(x==p)then -x^ - 2 else(x+1)*f (p)- -p\nparam a=[1,2] .. h [1] [2] . in\n",
        "activation f(x, p = -1) = if x < 0 and not (x == p) then -x ^ -2 else (x + 1) * f(p) - -p\nparam a = [1, 2]..h[1][2].in\n",
    );
    assert_formats("expect(a<b)at(3)\nexpect - a<b\n", "expect (a < b) at (3)\nexpect -a < b\n");
    assert_formats("block b{repeat(n)as i{expect (i)}}", "block b { repeat (n) as i { expect(i) } }\n");
}

#[test]
fn what_does_not_fit_is_broken_from_the_outside() {
    let normal = "normal(0, 0.000000000000000000000000000001)";
    assert_formats(
        &format!("block b {{ dense(30, relu, weights: {normal}, biases: {normal}) }}"),
        &format!("block b {{\n  dense(\n    30,\n    relu,\n    weights: {normal},\n    biases: {normal},\n  )\n}}\n"),
    );
    let number = "100000000";
    assert_formats(
        &format!("param a = [{}]", [number; 11].join(",")),
        &format!("param a = [\n  {}\n  {number}, {number},\n]\n", [number; 9].join(", ") + ","),
    );
    let (a, b) = ("a".repeat(40), "b".repeat(40));
    assert_formats(
        &format!("param p = (if {a} < {b} then {a} + {b} * 2 else if {b} > 1 then {a} else {b})\n"),
        &format!("param p = (\n  if {a} < {b} then {a} + {b} * 2\n  else if {b} > 1 then {a}\n  else {b}\n)\n")
            .replace(&format!(" then {a} + {b} * 2"), &format!("\n    then {a} + {b} * 2")),
    );
}

#[test]
fn comments_keep_their_places() {
    let tidy = "\
# of the file

param a = [  # of the list
  # of the element
  1,  # behind it
  2,
  # at the end
]

# of the network
network n {  # on its line
  # of the first

  # of the second
  input(2)         # short
  dense(30, relu)  # long
  # before the brace
}  # behind the brace
# at the end
";
    assert_formats(tidy, tidy);
    let wild = "
# of the file   \n\n\nparam a=[# of the list\n# of the element\n 1 # behind it\n ,2\n\n# at the end\n]

    # of the network
network n{# on its line
# of the first\n\n# of the second
input(2)# short
  dense(30,relu);    # long
# before the brace
} # behind the brace
  # at the end";
    assert_formats(wild, tidy);
}

#[test]
fn a_comment_within_an_expression_breaks_it_there() {
    assert_formats(
        "loss l(y, t) = f(g(y # one\n + t), # two\n# three\n# four\n)\n",
        "loss l(y, t) = f(\n  g(\n    y  # one\n    + t,\n  ),  # two\n  # three\n  # four\n)\n",
    );
}

#[test]
fn an_empty_text_stays_empty() {
    assert_formats("", "");
    assert_formats("\u{feff} \r\n;\n", "");
    assert_formats("# only this\r\n", "# only this\n");
}

#[test]
fn a_text_with_mistakes_is_left_alone() {
    let mut sources = Sources::new();
    let id = sources.add(Source::new("test.net", "network n { input(2 }"));
    assert_eq!(format(&sources, id).map_err(|mistakes| mistakes.len()), Err(1));
}

#[test]
fn a_large_text_takes_a_moment() {
    let statement = "  dense(30, relu, weights: normal(0, 1 / sqrt(fan_in)))  # as in [1]\n";
    let text = format!("network n {{\n{}}}\n", statement.repeat((1 << 20) / statement.len()));
    assert_eq!(layout_of(&text), text);
    let list = format!("param a = [{}]\n", "1,\n2, # c\n".repeat(1 << 16));
    assert_eq!(layout_of(&layout_of(&list)), layout_of(&list));
    let sums = format!("param a = [{}]\n", "(a + b * f(c) - [1, 2]), ".repeat(1 << 14));
    assert_eq!(layout_of(&layout_of(&sums)), layout_of(&sums));
}

/// Without the parser, whose time is not the formatter's.
fn layout_of(text: &str) -> String {
    super::layout::print(&super::tree::read(text))
}

/// The text with blanks, lines, comments and semicolons wherever they may stand, as `dice` fall.
fn disarranged(text: &str, dice: &[u8]) -> String {
    let mut dice = dice.iter().copied().cycle();
    let mut disarranged = String::new();
    let (mut depth, mut end, mut count) = (0_usize, 0, 0);
    for token in Scanner::new(text) {
        let die = dice.next().expect("there are dice");
        let gap = &text[end..token.range.start];
        count += 1;
        match (token.kind, die) {
            (TokenKind::Newline, 0..40) => disarranged.push_str(&format!(" # c{count}")),
            (TokenKind::Newline, 40..80) => disarranged.push_str(&format!("\n\n  # c{count}\n # d ")),
            (TokenKind::Newline, 80..100) => disarranged.push_str("\n\n\n"),
            (TokenKind::Newline, 100..120) => disarranged.push_str(" ;;"),
            (_, 0..20) if depth > 0 => disarranged.push_str(&format!(" # c{count}\n")),
            (_, 20..40) if depth > 0 => disarranged.push_str(&format!("\n# c{count} \n")),
            (_, 40..60) if depth > 0 => disarranged.push_str("\n \n"),
            (_, 60..90) => disarranged.push_str("   "),
            _ => disarranged.push_str(gap),
        }
        match token.kind {
            TokenKind::Open(Delimiter::Round | Delimiter::Square) => depth += 1,
            TokenKind::Close(Delimiter::Round | Delimiter::Square) => depth -= 1,
            _ => {}
        }
        disarranged.push_str(&text[token.range.clone()]);
        end = token.range.end;
    }
    disarranged
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_formatted_stays_as_it_is(file in file(), dice in proptest::collection::vec(any::<u8>(), 1..64)) {
        let text = disarranged(&print(&file), &dice);
        let once = formatted(&text);
        prop_assert!(comments(&once).eq(comments(&text)), "{}\n{}", text, once);
        prop_assert_eq!(formatted(&once), once.clone(), "{}", text);
        prop_assert!(!once.contains("\n\n\n") && once.lines().all(|line| line == line.trim_end()), "{}", once);
    }
}
