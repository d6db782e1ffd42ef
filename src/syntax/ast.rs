//! The tree of a `.net` file, as written: names are not resolved, nothing is evaluated. Every node knows its span.

use crate::source::{Ident, SourceId, Span};

/// One file. Broken statements are left out of `items`; the names they would have defined stand in `poisoned`.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The text it was parsed from.
    pub source: SourceId,
    /// The items that were understood, in order of the text.
    pub items: Vec<Item>,
    /// Definitions whose statement could not be understood: uses of these names are no mistake.
    pub poisoned: Vec<Poisoned>,
}

/// A name that a broken statement defines.
#[derive(Clone, Debug, PartialEq)]
pub struct Poisoned {
    /// The name.
    pub name: Ident,
    /// What it would have been.
    pub role: PoisonedRole,
}

/// What a broken statement would have defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoisonedRole {
    /// A `param`.
    Param,
    /// An activation, loss or init rule.
    Definition(DefinitionKind),
    /// A block.
    Block,
    /// A layer's label.
    Label,
    /// The key of a setting, of the network or of a settings block: that key is not missing from the body around it.
    Setting,
    /// The network, or a settings block, whose head could not be understood (its body is still parsed when there is one).
    Network,
}

/// A top-level item.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `language 1`
    Language {
        /// The version number.
        version: Expr,
        /// The whole line.
        span: Span,
    },
    /// `param NAME = value`
    Param {
        /// The name.
        name: Ident,
        /// Its value.
        value: Expr,
        /// The whole statement.
        span: Span,
    },
    /// `activation`, `loss` or `init`.
    Definition(Definition),
    /// `block NAME(parameters) { … }`
    Block(Block),
    /// `network NAME { … }`
    Network(Network),
    /// `data`, `train`, `report` or `sweep`.
    Settings(Settings),
    /// `expect …`
    Expect(Expect),
}

/// The three kinds of definition in the expression language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DefinitionKind {
    /// `activation NAME(x, …) = expr`
    Activation,
    /// `loss NAME(y, t, …) = expr`
    Loss,
    /// `init NAME(…) = distribution`
    Init,
}

impl DefinitionKind {
    /// The keyword.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Activation => "activation",
            Self::Loss => "loss",
            Self::Init => "init",
        }
    }
}

/// A parameter of a definition or block.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// The name.
    pub name: Ident,
    /// Its value where a use gives none; a parameter without is required.
    pub default: Option<Expr>,
}

/// `activation|loss|init NAME(parameters) = body`
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Which keyword.
    pub kind: DefinitionKind,
    /// The name.
    pub name: Ident,
    /// All parameters, `x` or `y, t` included.
    pub parameters: Vec<Parameter>,
    /// The expression after `=`.
    pub body: Expr,
    /// The whole statement.
    pub span: Span,
}

/// `block NAME(parameters) { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The name.
    pub name: Ident,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Its statements.
    pub body: Vec<Statement>,
    /// From the keyword to the opening brace, without it.
    pub head: Span,
    /// The whole item.
    pub span: Span,
}

/// `network NAME { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The name.
    pub name: Ident,
    /// Layers and settings in order.
    pub body: Vec<Statement>,
    /// From the keyword to the opening brace, without it.
    pub head: Span,
    /// The whole item.
    pub span: Span,
}

/// The four settings blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SettingsKind {
    /// `data { … }`
    Data,
    /// `train { … }`
    Train,
    /// `report { … }`
    Report,
    /// `sweep { … }`
    Sweep,
}

impl SettingsKind {
    /// The keyword.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Train => "train",
            Self::Report => "report",
            Self::Sweep => "sweep",
        }
    }
}

/// A settings block.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Which keyword.
    pub kind: SettingsKind,
    /// `key: value`, in order.
    pub entries: Vec<Setting>,
    /// The keyword.
    pub head: Span,
    /// The whole item.
    pub span: Span,
}

/// `key: value`
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The key.
    pub key: Ident,
    /// The value.
    pub value: Expr,
    /// The whole statement.
    pub span: Span,
}

/// A statement of a network's, block's or layer's body.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// A layer.
    Layer(Layer),
    /// `key: value`
    Setting(Setting),
    /// `repeat …`
    Repeat(Repeat),
    /// A statement that could not be understood and is reported already: no shape, count or number is known after it.
    Broken(Span),
}

/// `label = kind(arguments) { body }`
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// The label before `=`.
    pub label: Option<Ident>,
    /// The layer kind, activation, block, `branch`, `input`.
    pub kind: Ident,
    /// What stands in parentheses; empty for a bare kind.
    pub arguments: Vec<Argument>,
    /// The parentheses with what they hold, where there are any.
    pub parentheses: Option<Span>,
    /// The statements in braces.
    pub body: Option<Vec<Statement>>,
    /// Label, kind and arguments; without the body.
    pub head: Span,
    /// The whole statement.
    pub span: Span,
}

/// `repeat count [as i] { … }` or `repeat i in list { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// The turns.
    pub turns: Turns,
    /// The statements.
    pub body: Vec<Statement>,
    /// From `repeat` to the opening brace, without it.
    pub head: Span,
    /// The whole statement.
    pub span: Span,
}

/// How often a `repeat` runs, and the name that differs from turn to turn.
#[derive(Clone, Debug, PartialEq)]
pub enum Turns {
    /// `repeat count`, `repeat count as binder`: the binder runs 1..=count.
    Count {
        /// The number of turns.
        count: Expr,
        /// The name after `as`.
        binder: Option<Ident>,
    },
    /// `repeat binder in values`: the binder takes each value.
    Values {
        /// The name before `in`.
        binder: Ident,
        /// A list or a range.
        values: Expr,
    },
}

/// `expect condition [at step]`
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// What must hold.
    pub condition: Expr,
    /// The step after `at`: a number, or the path `first` or `last`.
    pub at: Option<Expr>,
    /// The whole statement.
    pub span: Span,
}

/// An argument: positional, or `name: value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// The name before `:`.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// An expression or value.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `0.5`, `1_000`, `1e-3`
    Number(f64),
    /// `true`, `false`
    Boolean(bool),
    /// A string, escapes resolved.
    String(String),
    /// A name, or a path: `dense1.bias`, `h[1][2]`, `unit1.h`. `first`, `last`, `input`, `pi`, `e`, `inf` are names here.
    Path(Path),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `start..end`, half-open
    Range(Box<Expr>, Box<Expr>),
    /// `callee(arguments)`
    Call {
        /// What is called.
        callee: Ident,
        /// With what.
        arguments: Vec<Argument>,
    },
    /// `-x`, `not x`
    Unary(UnaryOperator, Box<Expr>),
    /// `a + b`, `a < b`, `a and b`
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// `value in range`
    In(Box<Expr>, Box<Expr>),
    /// `if condition then a else b`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// `name ("[" n "]" | "." name)*`
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The first name.
    pub head: Ident,
    /// What follows, in order.
    pub segments: Vec<Segment>,
}

/// A further part of a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Segment {
    /// `[n]`
    Index(Box<Expr>),
    /// `.name`
    Member(Ident),
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-`
    Negate,
    /// `not`
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `and`
    And,
    /// `or`
    Or,
}
