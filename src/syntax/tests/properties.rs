//! What holds of every tree and every text.

use super::parsed;
use crate::arena::Id as _;
use crate::source::{Ident, SourceId, Span};
use crate::syntax::ast::{
    Argument, BinaryOperator, Block, Definition, DefinitionKind, Expect, Expr, ExprKind, File, Item, Layer, Network,
    Parameter, Path, Repeat, Segment, Setting, Settings, SettingsKind, Statement, Turns, UnaryOperator,
};
use crate::syntax::print::print;
use crate::syntax::spans::{for_each_span, without_spans};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn nowhere() -> Span {
    Span::new(SourceId::new(0), 0..0)
}

fn ident(name: &str) -> Ident {
    Ident { name: name.to_owned(), span: nowhere() }
}

fn expr(kind: ExprKind) -> Expr {
    Expr { kind, span: nowhere() }
}

/// Names that no statement of a block begins with as an item does.
fn name() -> impl Strategy<Value = Ident> {
    select(vec!["a", "width", "σ_2", "x1", "_", "relu", "e1", "inn"]).prop_map(ident)
}

/// Keys may be reserved words.
fn key() -> impl Strategy<Value = Ident> {
    select(vec!["rate", "at", "in", "e", "seeds", "if", "data"]).prop_map(ident)
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        select(vec![0.0, 1.0, 30.0, 0.5, 1e-3, 1e-5, 1e15, 1e16, 1.5e300, 5e-324, f64::MAX, f64::INFINITY]),
        proptest::num::f64::POSITIVE,
    ]
}

fn leaf() -> impl Strategy<Value = Expr> {
    let head = select(vec!["a", "width", "pi", "e", "inf", "first", "last", "input"]).prop_map(ident);
    prop_oneof![
        number().prop_map(|value| expr(ExprKind::Number(value))),
        any::<bool>().prop_map(|value| expr(ExprKind::Boolean(value))),
        "[a-zσ\"\\\\\n\t #{}();:]{0,6}".prop_map(|value| expr(ExprKind::String(value))),
        head.prop_map(|head| expr(ExprKind::Path(Path { head, segments: Vec::new() }))),
    ]
}

fn binary_operator() -> impl Strategy<Value = BinaryOperator> {
    use BinaryOperator as Operator;
    select(vec![
        Operator::Add,
        Operator::Subtract,
        Operator::Multiply,
        Operator::Divide,
        Operator::Power,
        Operator::Less,
        Operator::LessEqual,
        Operator::Greater,
        Operator::GreaterEqual,
        Operator::Equal,
        Operator::NotEqual,
        Operator::And,
        Operator::Or,
    ])
}

/// Positional arguments, then named ones.
fn arguments(value: impl Strategy<Value = Expr> + Clone) -> impl Strategy<Value = Vec<Argument>> {
    let positional = value.clone().prop_map(|value| Argument { name: None, value });
    let named = (key(), value).prop_map(|(key, value)| Argument { name: Some(key), value });
    (vec(positional, 0..3), vec(named, 0..2)).prop_map(|(positional, named)| [positional, named].concat())
}

fn expression() -> impl Strategy<Value = Expr> + Clone {
    leaf().prop_recursive(4, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone()).prop_map(|(left, right)| (Box::new(left), Box::new(right)));
        let segment = prop_oneof![
            inner.clone().prop_map(|index| Segment::Index(Box::new(index))),
            key().prop_map(Segment::Member),
        ];
        prop_oneof![
            (binary_operator(), pair.clone())
                .prop_map(|(operator, (left, right))| ExprKind::Binary(operator, left, right)),
            pair.clone().prop_map(|(left, right)| ExprKind::In(left, right)),
            pair.prop_map(|(left, right)| ExprKind::Range(left, right)),
            inner.clone().prop_map(|operand| ExprKind::Unary(UnaryOperator::Negate, Box::new(operand))),
            inner.clone().prop_map(|operand| ExprKind::Unary(UnaryOperator::Not, Box::new(operand))),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(condition, consequent, alternative)| {
                ExprKind::If(Box::new(condition), Box::new(consequent), Box::new(alternative))
            }),
            vec(inner.clone(), 0..3).prop_map(ExprKind::List),
            (name(), arguments(inner)).prop_map(|(callee, arguments)| ExprKind::Call { callee, arguments }),
            (name(), vec(segment, 1..3)).prop_map(|(head, segments)| ExprKind::Path(Path { head, segments })),
        ]
        .prop_map(expr)
        .boxed()
    })
}

fn parameters() -> impl Strategy<Value = Vec<Parameter>> {
    vec((name(), option::of(expression())).prop_map(|(name, default)| Parameter { name, default }), 0..3)
}

fn setting() -> impl Strategy<Value = Setting> {
    (key(), expression()).prop_map(|(key, value)| Setting { key, value, span: nowhere() })
}

fn layer(body: impl Strategy<Value = Option<Vec<Statement>>>) -> impl Strategy<Value = Layer> {
    let kind = prop_oneof![name(), Just(ident("input"))];
    (option::of(name()), kind, option::of(arguments(expression())), body).prop_map(|(label, kind, arguments, body)| {
        Layer {
            label,
            kind,
            parentheses: arguments.as_ref().map(|_| nowhere()),
            arguments: arguments.unwrap_or_default(),
            body,
            head: nowhere(),
            span: nowhere(),
        }
    })
}

fn statements() -> impl Strategy<Value = Vec<Statement>> {
    let simple = prop_oneof![layer(Just(None)).prop_map(Statement::Layer), setting().prop_map(Statement::Setting),];
    let statement = simple.prop_recursive(3, 12, 3, |inner| {
        let body = vec(inner, 0..3);
        let turns = prop_oneof![
            (expression(), option::of(name())).prop_map(|(count, binder)| Turns::Count { count, binder }),
            (name(), expression()).prop_map(|(binder, values)| Turns::Values { binder, values }),
        ];
        prop_oneof![
            layer(body.clone().prop_map(Some)).prop_map(Statement::Layer),
            (turns, body).prop_map(|(turns, body)| {
                Statement::Repeat(Repeat { turns, body, head: nowhere(), span: nowhere() })
            }),
        ]
    });
    vec(statement, 0..4)
}

fn item() -> impl Strategy<Value = Item> {
    let definition_kind = select(vec![DefinitionKind::Activation, DefinitionKind::Loss, DefinitionKind::Init]);
    let settings_kind =
        select(vec![SettingsKind::Data, SettingsKind::Train, SettingsKind::Report, SettingsKind::Sweep]);
    prop_oneof![
        (name(), expression()).prop_map(|(name, value)| Item::Param { name, value, span: nowhere() }),
        (definition_kind, name(), parameters(), expression()).prop_map(|(kind, name, parameters, body)| {
            Item::Definition(Definition { kind, name, parameters, body, span: nowhere() })
        }),
        (name(), parameters(), statements()).prop_map(|(name, parameters, body)| {
            Item::Block(Block { name, parameters, body, head: nowhere(), span: nowhere() })
        }),
        (name(), statements()).prop_map(|(name, body)| Item::Network(Network {
            name,
            body,
            head: nowhere(),
            span: nowhere()
        })),
        (settings_kind, vec(setting(), 0..3)).prop_map(|(kind, entries)| {
            Item::Settings(Settings { kind, entries, head: nowhere(), span: nowhere() })
        }),
        (expression(), option::of(expression())).prop_map(|(condition, at)| Item::Expect(Expect {
            condition,
            at,
            span: nowhere()
        })),
    ]
}

pub(in crate::syntax) fn file() -> impl Strategy<Value = File> {
    vec(item(), 0..5).prop_map(|items| File { source: SourceId::new(0), items, poisoned: Vec::new() })
}

/// Every span of the tree and of the diagnostics is within the text and on character boundaries.
fn assert_spans_hold(text: &str) {
    let (_, parsed) = parsed(text);
    let is_within = |span: Span| text.get(span.range()).is_some();
    let mut file = parsed.file;
    for_each_span(&mut file, &mut |span| assert!(is_within(*span), "{span:?} in {text:?}"));
    for diagnostic in &parsed.diagnostics {
        let labels = diagnostic.primary.iter().chain(&diagnostic.secondary).map(|label| label.span);
        let edits = diagnostic.helps.iter().flat_map(|help| &help.edits).map(|edit| edit.span);
        for span in labels.chain(edits) {
            assert!(is_within(span), "{span:?} of {diagnostic:?} in {text:?}");
        }
        assert!(diagnostic.is_error() && diagnostic.code.0.starts_with("E01"), "{diagnostic:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_printed_reads_back_as_the_same_tree(file in file()) {
        let text = print(&file);
        let (_, parsed) = parsed(&text);
        prop_assert!(parsed.diagnostics.is_empty(), "{text}\n{:?}", parsed.diagnostics);
        let read = without_spans(parsed.file);
        prop_assert_eq!(print(&read), text.clone(), "printed twice");
        prop_assert_eq!(read, file, "{}", text);
    }

    #[test]
    fn no_text_is_too_strange(text in "(\\PC|[\n\r\t(){}\\[\\];:=.,\"'#+*^-]|if|then|else|not|param|network|repeat|data|expect|1e|\\.5|0\\.\\.){0,60}") {
        assert_spans_hold(&text);
    }

    #[test]
    fn no_damage_to_a_file_is_too_strange(
        file in file(),
        from in any::<prop::sample::Index>(),
        length in 0_usize..8,
        inserted in "[(){}\\[\\];:=.,\"'#\n +é-]{0,4}",
    ) {
        let mut characters: Vec<char> = print(&file).chars().collect();
        let start = from.index(characters.len() + 1);
        let end = (start + length).min(characters.len());
        characters.splice(start..end, inserted.chars());
        assert_spans_hold(&characters.into_iter().collect::<String>());
    }
}
