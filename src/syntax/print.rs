//! The canonical text of a tree: one statement a line, two blanks a level, no parentheses but those the tree needs, numbers
//! in their shortest form that reads back as the same. Reading it gives the same tree, but for spans.

use super::ast::{
    Argument, BinaryOperator, Expr, ExprKind, File, Item, Layer, Parameter, Path, Repeat, Segment, Setting, Statement,
    Turns, UnaryOperator,
};

/// The text of a file.
#[must_use]
pub fn print(file: &File) -> String {
    let mut printer = Printer { text: String::new(), depth: 0 };
    let mut previous: Option<&Item> = None;
    for item in &file.items {
        if previous.is_some_and(|previous| !stands_together(previous, item)) {
            printer.text.push('\n');
        }
        printer.item(item);
        previous = Some(item);
    }
    printer.text
}

/// The text of an expression.
#[must_use]
pub fn print_expression(expr: &Expr) -> String {
    let mut printer = Printer { text: String::new(), depth: 0 };
    printer.expression(expr, Binding::Conditional);
    printer.text
}

/// Whether no blank line stands between two items.
fn stands_together(first: &Item, second: &Item) -> bool {
    match (first, second) {
        (Item::Param { .. }, Item::Param { .. }) | (Item::Expect(_), Item::Expect(_)) => true,
        (Item::Definition(first), Item::Definition(second)) => first.kind == second.kind,
        (
            Item::Language { .. }
            | Item::Param { .. }
            | Item::Expect(_)
            | Item::Definition(_)
            | Item::Block(_)
            | Item::Network(_)
            | Item::Settings(_),
            _,
        ) => false,
    }
}

/// How tightly an expression holds together, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Conditional,
    Or,
    And,
    Not,
    Comparison,
    Range,
    Sum,
    Product,
    Sign,
    Power,
    Primary,
}

const fn binding(kind: &ExprKind) -> Binding {
    match kind {
        ExprKind::If(..) => Binding::Conditional,
        ExprKind::Binary(operator, ..) => operator_binding(*operator),
        ExprKind::In(..) => Binding::Comparison,
        ExprKind::Range(..) => Binding::Range,
        ExprKind::Unary(UnaryOperator::Not, _) => Binding::Not,
        ExprKind::Unary(UnaryOperator::Negate, _) => Binding::Sign,
        ExprKind::Number(_)
        | ExprKind::Boolean(_)
        | ExprKind::String(_)
        | ExprKind::Path(_)
        | ExprKind::List(_)
        | ExprKind::Call { .. } => Binding::Primary,
    }
}

const fn operator_binding(operator: BinaryOperator) -> Binding {
    use BinaryOperator as Operator;
    match operator {
        Operator::Or => Binding::Or,
        Operator::And => Binding::And,
        Operator::Less
        | Operator::LessEqual
        | Operator::Greater
        | Operator::GreaterEqual
        | Operator::Equal
        | Operator::NotEqual => Binding::Comparison,
        Operator::Add | Operator::Subtract => Binding::Sum,
        Operator::Multiply | Operator::Divide => Binding::Product,
        Operator::Power => Binding::Power,
    }
}

impl BinaryOperator {
    /// The operator as written.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "^",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

/// A number as the language writes it: decimal where that is short, else with an exponent.
#[must_use]
pub fn number(value: f64) -> String {
    if value == f64::INFINITY {
        // What overflowed reads back as what overflows; `inf` is a name.
        return "1e999".to_owned();
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) { format!("{value}") } else { format!("{value:e}") }
}

struct Printer {
    text: String,
    depth: usize,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn start_line(&mut self) {
        for _ in 0..self.depth {
            self.push("  ");
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Language { version, .. } => {
                self.push("language ");
                self.expression(version, Binding::Conditional);
                self.push("\n");
            }
            Item::Param { name, value, .. } => {
                self.push("param ");
                self.assign(&name.name, value);
            }
            Item::Definition(definition) => {
                self.push(definition.kind.keyword());
                self.push(" ");
                self.push(&definition.name.name);
                self.parameters(&definition.parameters);
                self.assign("", &definition.body);
            }
            Item::Block(block) => {
                self.push("block ");
                self.push(&block.name.name);
                self.parameters(&block.parameters);
                self.body(&block.body);
            }
            Item::Network(network) => {
                self.push("network ");
                self.push(&network.name.name);
                self.body(&network.body);
            }
            Item::Settings(settings) => {
                self.push(settings.kind.keyword());
                self.braces(&settings.entries, Self::setting);
            }
            Item::Expect(expect) => {
                self.push("expect ");
                self.expression(&expect.condition, Binding::Conditional);
                if let Some(at) = &expect.at {
                    self.push(" at ");
                    self.expression(at, Binding::Conditional);
                }
                self.push("\n");
            }
        }
    }

    /// ` = value` behind what stands on the line already.
    fn assign(&mut self, name: &str, value: &Expr) {
        self.push(name);
        self.push(" = ");
        self.expression(value, Binding::Conditional);
        self.push("\n");
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        self.push("(");
        for (at, parameter) in parameters.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            self.push(&parameter.name.name);
            if let Some(default) = &parameter.default {
                self.push(" = ");
                self.expression(default, Binding::Conditional);
            }
        }
        self.push(")");
    }

    fn body(&mut self, statements: &[Statement]) {
        self.braces(statements, Self::statement);
    }

    fn braces<T>(&mut self, lines: &[T], print: impl Fn(&mut Self, &T)) {
        if lines.is_empty() {
            self.push(" {}\n");
            return;
        }
        self.push(" {\n");
        self.depth += 1;
        for line in lines {
            self.start_line();
            print(self, line);
        }
        self.depth -= 1;
        self.start_line();
        self.push("}\n");
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Layer(layer) => self.layer(layer),
            Statement::Setting(setting) => self.setting(setting),
            Statement::Repeat(repeat) => self.repeat(repeat),
            Statement::Broken(_) => self.push("# a statement that could not be understood\n"),
        }
    }

    fn layer(&mut self, layer: &Layer) {
        if let Some(label) = &layer.label {
            self.push(&label.name);
            self.push(" = ");
        }
        self.push(&layer.kind.name);
        if layer.parentheses.is_some() {
            self.arguments(&layer.arguments);
        }
        match &layer.body {
            Some(body) => self.body(body),
            None => self.push("\n"),
        }
    }

    fn setting(&mut self, setting: &Setting) {
        self.push(&setting.key.name);
        self.push(": ");
        self.expression(&setting.value, Binding::Conditional);
        self.push("\n");
    }

    fn repeat(&mut self, repeat: &Repeat) {
        self.push("repeat ");
        match &repeat.turns {
            Turns::Count { count, binder } => {
                // `n in …` would be read as a binder.
                let is_bare_conditional = binding(&count.kind) == Binding::Conditional;
                self.expression(count, if is_bare_conditional { Binding::Conditional } else { Binding::Range });
                if let Some(binder) = binder {
                    self.push(" as ");
                    self.push(&binder.name);
                }
            }
            Turns::Values { binder, values } => {
                self.push(&binder.name);
                self.push(" in ");
                self.expression(values, Binding::Conditional);
            }
        }
        self.body(&repeat.body);
    }

    fn arguments(&mut self, arguments: &[Argument]) {
        self.push("(");
        for (at, argument) in arguments.iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " });
            if let Some(name) = &argument.name {
                self.push(&name.name);
                self.push(": ");
            }
            self.expression(&argument.value, Binding::Conditional);
        }
        self.push(")");
    }

    /// The expression, in parentheses where it holds together less tightly than its place asks.
    fn expression(&mut self, expr: &Expr, place: Binding) {
        let is_loose = binding(&expr.kind) < place;
        if is_loose {
            self.push("(");
        }
        self.bare_expression(&expr.kind);
        if is_loose {
            self.push(")");
        }
    }

    fn bare_expression(&mut self, kind: &ExprKind) {
        match kind {
            ExprKind::Number(value) => self.push(&number(*value)),
            ExprKind::Boolean(value) => self.push(if *value { "true" } else { "false" }),
            ExprKind::String(value) => self.string(value),
            ExprKind::Path(path) => self.path(path),
            ExprKind::List(elements) => {
                self.push("[");
                for (at, element) in elements.iter().enumerate() {
                    self.push(if at == 0 { "" } else { ", " });
                    self.expression(element, Binding::Conditional);
                }
                self.push("]");
            }
            ExprKind::Range(start, end) => {
                self.expression(start, Binding::Sum);
                self.push("..");
                self.expression(end, Binding::Sum);
            }
            ExprKind::Call { callee, arguments } => {
                self.push(&callee.name);
                self.arguments(arguments);
            }
            ExprKind::Unary(UnaryOperator::Negate, operand) => {
                self.push("-");
                self.expression(operand, Binding::Sign);
            }
            ExprKind::Unary(UnaryOperator::Not, operand) => {
                self.push("not ");
                self.expression(operand, Binding::Not);
            }
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right),
            ExprKind::In(value, range) => {
                self.expression(value, Binding::Range);
                self.push(" in ");
                self.expression(range, Binding::Range);
            }
            ExprKind::If(condition, consequent, alternative) => {
                self.push("if ");
                self.expression(condition, Binding::Or);
                self.push(" then ");
                self.expression(consequent, Binding::Or);
                self.push(" else ");
                self.expression(alternative, Binding::Conditional);
            }
        }
    }

    fn binary(&mut self, operator: BinaryOperator, left: &Expr, right: &Expr) {
        let (left_place, right_place) = match operator_binding(operator) {
            Binding::Or => (Binding::Or, Binding::And),
            Binding::And => (Binding::And, Binding::Not),
            Binding::Sum => (Binding::Sum, Binding::Product),
            Binding::Product => (Binding::Product, Binding::Sign),
            Binding::Power => (Binding::Primary, Binding::Sign),
            Binding::Comparison
            | Binding::Conditional
            | Binding::Not
            | Binding::Range
            | Binding::Sign
            | Binding::Primary => (Binding::Range, Binding::Range),
        };
        self.expression(left, left_place);
        self.push(" ");
        self.push(operator.sign());
        self.push(" ");
        self.expression(right, right_place);
    }

    fn path(&mut self, path: &Path) {
        self.push(&path.head.name);
        for segment in &path.segments {
            match segment {
                Segment::Index(index) => {
                    self.push("[");
                    self.expression(index, Binding::Conditional);
                    self.push("]");
                }
                Segment::Member(member) => {
                    self.push(".");
                    self.push(&member.name);
                }
            }
        }
    }

    fn string(&mut self, value: &str) {
        self.push("\"");
        for character in value.chars() {
            match character {
                '"' => self.push("\\\""),
                '\\' => self.push("\\\\"),
                '\n' => self.push("\\n"),
                '\t' => self.push("\\t"),
                other => self.text.push(other),
            }
        }
        self.push("\"");
    }
}
