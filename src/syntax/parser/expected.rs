//! What was expected where a rule failed, in the user's words: the one table from rules to words.

use super::Rule;

/// What may stand at a place.
#[derive(Debug, Default)]
pub(in crate::syntax) struct Expected {
    /// In the user's words, in a fixed order; operators are left out.
    pub(in crate::syntax) words: Vec<&'static str>,
    /// Whether a name may.
    pub(in crate::syntax) name: bool,
    /// Whether a layer may.
    pub(in crate::syntax) layer: bool,
    /// Whether a value may.
    pub(in crate::syntax) value: bool,
    /// Whether an infix operator may.
    pub(in crate::syntax) operator: bool,
    /// Whether the statement may end.
    pub(in crate::syntax) end: bool,
}

/// What a rule reads, in the user's words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// A token or thing of this name.
    Of(&'static str),
    /// A name that a user gives.
    Name,
    /// The start of a value.
    Value,
    /// `-`, `[`, `(`: the start of a value, or what follows one.
    ValueOrOperator,
    /// An operator between values, or what else makes a value longer.
    Operator,
    /// The end of the statement.
    End,
    /// What stands nowhere by itself.
    Nothing,
}

/// Exhaustive, so that no rule is ever shown by its own name.
const fn word(rule: Rule) -> Word {
    match rule {
        Rule::EOI => Word::End,
        Rule::name | Rule::parameter => Word::Name,
        Rule::layer => Word::Of("a layer or a setting"),
        Rule::kind => Word::Of("a layer"),
        Rule::key | Rule::setting => Word::Of("a key"),
        Rule::parameters => Word::Of("`(`"),
        Rule::expression
        | Rule::conditional
        | Rule::operation
        | Rule::operand
        | Rule::argument
        | Rule::list
        | Rule::group
        | Rule::reference
        | Rule::head
        | Rule::number
        | Rule::string
        | Rule::true_word
        | Rule::false_word
        | Rule::if_word
        | Rule::not_word => Word::Value,
        Rule::minus | Rule::open_square | Rule::open_round | Rule::arguments => Word::ValueOrOperator,
        Rule::and_word
        | Rule::or_word
        | Rule::in_word
        | Rule::range
        | Rule::less_equal
        | Rule::less
        | Rule::greater_equal
        | Rule::greater
        | Rule::equal
        | Rule::not_equal
        | Rule::plus
        | Rule::star
        | Rule::slash
        | Rule::caret
        | Rule::infix
        | Rule::index
        | Rule::member
        | Rule::dot => Word::Operator,
        Rule::language_word | Rule::language => Word::Of("`language`"),
        Rule::param_word | Rule::param => Word::Of("`param`"),
        Rule::activation_word => Word::Of("`activation`"),
        Rule::loss_word => Word::Of("`loss`"),
        Rule::init_word => Word::Of("`init`"),
        Rule::block_word | Rule::block => Word::Of("`block`"),
        Rule::network_word | Rule::network => Word::Of("`network`"),
        Rule::settings_word | Rule::settings | Rule::definition => Word::Of("an item"),
        Rule::expect_word | Rule::expect => Word::Of("`expect`"),
        Rule::repeat_word | Rule::repeat => Word::Of("`repeat`"),
        Rule::then_word => Word::Of("`then`"),
        Rule::else_word => Word::Of("`else`"),
        Rule::as_word => Word::Of("`as`"),
        Rule::at_word => Word::Of("`at`"),
        Rule::equals => Word::Of("`=`"),
        Rule::colon => Word::Of("`:`"),
        Rule::comma => Word::Of("`,`"),
        Rule::close_round => Word::Of("`)`"),
        Rule::close_square => Word::Of("`]`"),
        Rule::WHITESPACE
        | Rule::COMMENT
        | Rule::elementwise
        | Rule::init
        | Rule::turn_values
        | Rule::turn_count
        | Rule::word_start
        | Rule::word_char
        | Rule::word
        | Rule::reserved
        | Rule::reserved_word
        | Rule::digits => Word::Nothing,
    }
}

/// What may stand where the rule `entry` failed after it had tried these.
pub(super) fn after(entry: Rule, tried: &[Rule]) -> Expected {
    let has = |word_of: Word| tried.iter().any(|rule| word(*rule) == word_of);
    let mut expected = Expected {
        words: Vec::new(),
        name: has(Word::Name) || tried.contains(&Rule::layer),
        layer: tried.contains(&Rule::kind) || tried.contains(&Rule::layer),
        value: has(Word::Value),
        operator: tried.contains(&Rule::star),
        end: has(Word::End),
    };
    if expected.value {
        expected.words.push("a value");
    } else if has(Word::Name) {
        expected.words.push("a name");
    }
    // Both signs are read between a name and its value, so that the wrong one is told exactly.
    let unsaid = if matches!(entry, Rule::param | Rule::definition | Rule::block) { Rule::colon } else { Rule::equals };
    for rule in tried {
        let is_sign = matches!(rule, Rule::colon | Rule::equals);
        match word(*rule) {
            // Where an operator may stand a value is complete: it was no name before a sign, and a call needs no word.
            Word::Of(_) if is_sign && (*rule == unsaid || expected.operator) => {}
            Word::Of(word) => expected.words.push(word),
            Word::ValueOrOperator if !expected.value && !expected.operator && *rule != Rule::minus => {
                expected.words.push(if *rule == Rule::open_square { "`[`" } else { "`(`" });
            }
            Word::Name | Word::Value | Word::ValueOrOperator | Word::Operator | Word::End | Word::Nothing => {}
        }
    }
    if expected.words.is_empty() && !expected.end {
        expected.words.push("an operator");
    }
    expected
}
