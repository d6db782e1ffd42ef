//! Every span of a tree: to compare trees that were read from different texts, or to move a tree to another place.

use super::ast::{Argument, Expr, ExprKind, File, Item, Layer, Parameter, Repeat, Segment, Setting, Statement, Turns};
use crate::arena::Id as _;
use crate::source::{Ident, SourceId, Span};

/// The tree with empty spans at the start of the first source, so that trees that say the same are equal.
#[must_use]
pub fn without_spans(mut file: File) -> File {
    let nowhere = Span { source: SourceId::new(0), start: 0, end: 0 };
    for_each_span(&mut file, &mut |span| *span = nowhere);
    file.source = nowhere.source;
    file
}

/// Visits every span of a tree, in no particular order.
pub fn for_each_span(file: &mut File, visit: &mut impl FnMut(&mut Span)) {
    for poisoned in &mut file.poisoned {
        visit(&mut poisoned.name.span);
    }
    let mut walk = Walk { visit };
    for item in &mut file.items {
        walk.item(item);
    }
}

struct Walk<'v, V> {
    visit: &'v mut V,
}

impl<V: FnMut(&mut Span)> Walk<'_, V> {
    fn item(&mut self, item: &mut Item) {
        match item {
            Item::Language { version, span } => {
                self.expression(version);
                (self.visit)(span);
            }
            Item::Param { name, value, span } => {
                self.ident(name);
                self.expression(value);
                (self.visit)(span);
            }
            Item::Definition(definition) => {
                self.ident(&mut definition.name);
                self.parameters(&mut definition.parameters);
                self.expression(&mut definition.body);
                (self.visit)(&mut definition.span);
            }
            Item::Block(block) => {
                self.ident(&mut block.name);
                self.parameters(&mut block.parameters);
                self.statements(&mut block.body);
                (self.visit)(&mut block.head);
                (self.visit)(&mut block.span);
            }
            Item::Network(network) => {
                self.ident(&mut network.name);
                self.statements(&mut network.body);
                (self.visit)(&mut network.head);
                (self.visit)(&mut network.span);
            }
            Item::Settings(settings) => {
                for setting in &mut settings.entries {
                    self.setting(setting);
                }
                (self.visit)(&mut settings.head);
                (self.visit)(&mut settings.span);
            }
            Item::Expect(expect) => {
                self.expression(&mut expect.condition);
                expect.at.iter_mut().for_each(|at| self.expression(at));
                (self.visit)(&mut expect.span);
            }
        }
    }

    fn ident(&mut self, ident: &mut Ident) {
        (self.visit)(&mut ident.span);
    }

    fn parameters(&mut self, parameters: &mut [Parameter]) {
        for parameter in parameters {
            self.ident(&mut parameter.name);
            parameter.default.iter_mut().for_each(|default| self.expression(default));
        }
    }

    fn setting(&mut self, setting: &mut Setting) {
        self.ident(&mut setting.key);
        self.expression(&mut setting.value);
        (self.visit)(&mut setting.span);
    }

    fn statements(&mut self, statements: &mut [Statement]) {
        for statement in statements {
            match statement {
                Statement::Layer(layer) => self.layer(layer),
                Statement::Setting(setting) => self.setting(setting),
                Statement::Repeat(repeat) => self.repeat(repeat),
                Statement::Broken(span) => (self.visit)(span),
            }
        }
    }

    fn layer(&mut self, layer: &mut Layer) {
        layer.label.iter_mut().for_each(|label| self.ident(label));
        self.ident(&mut layer.kind);
        self.arguments(&mut layer.arguments);
        layer.parentheses.iter_mut().for_each(|span| (self.visit)(span));
        layer.body.iter_mut().for_each(|body| self.statements(body));
        (self.visit)(&mut layer.head);
        (self.visit)(&mut layer.span);
    }

    fn repeat(&mut self, repeat: &mut Repeat) {
        match &mut repeat.turns {
            Turns::Count { count, binder } => {
                self.expression(count);
                binder.iter_mut().for_each(|binder| self.ident(binder));
            }
            Turns::Values { binder, values } => {
                self.ident(binder);
                self.expression(values);
            }
        }
        self.statements(&mut repeat.body);
        (self.visit)(&mut repeat.head);
        (self.visit)(&mut repeat.span);
    }

    fn arguments(&mut self, arguments: &mut [Argument]) {
        for argument in arguments {
            argument.name.iter_mut().for_each(|name| self.ident(name));
            self.expression(&mut argument.value);
        }
    }

    fn expression(&mut self, expr: &mut Expr) {
        (self.visit)(&mut expr.span);
        match &mut expr.kind {
            ExprKind::Number(_) | ExprKind::Boolean(_) | ExprKind::String(_) => {}
            ExprKind::Path(path) => {
                self.ident(&mut path.head);
                for segment in &mut path.segments {
                    match segment {
                        Segment::Index(index) => self.expression(index),
                        Segment::Member(member) => self.ident(member),
                    }
                }
            }
            ExprKind::List(elements) => elements.iter_mut().for_each(|element| self.expression(element)),
            ExprKind::Call { callee, arguments } => {
                self.ident(callee);
                self.arguments(arguments);
            }
            ExprKind::Unary(_, operand) => self.expression(operand),
            ExprKind::Range(left, right) | ExprKind::Binary(_, left, right) | ExprKind::In(left, right) => {
                self.expression(left);
                self.expression(right);
            }
            ExprKind::If(condition, consequent, alternative) => {
                self.expression(condition);
                self.expression(consequent);
                self.expression(alternative);
            }
        }
    }
}
