//! Bodies, one statement after another: repeats turned, blocks that nobody uses looked into.

use super::definitions::BlockId;
use super::evaluate::describe;
use super::names::Place;
use super::network::{Draught, Flow};
use super::value::{Context, Home, Scope, Value, Valued};
use super::{Checker, Limits};
use crate::diagnostics::{arguments, names, values};
use crate::source::{Ident, Span};
use crate::syntax::ast::{self, Expr, ExprKind, Repeat, Statement, Turns};
use std::collections::{HashMap, HashSet};

impl<'a> Checker<'a> {
    /// Layers in order, each given what the one before hands on.
    pub(super) fn expand(
        &mut self,
        statements: &'a [Statement],
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &mut Flow,
        body: &mut Vec<usize>,
    ) {
        if draught.depth >= Limits::NESTING {
            *flow = None;
            draught.names.uncertain = true;
            if let Some(Statement::Layer(layer)) = statements.first() {
                self.report(values::blocks_too_deep(layer.head));
            }
            return;
        }
        draught.depth += 1;
        for statement in statements {
            match statement {
                Statement::Setting(setting) => {
                    if !place.is_top() && !self.is_behind_unclosed(setting.span) {
                        self.report(arguments::setting_inside(&setting.key, draught.name_span));
                    }
                }
                Statement::Broken(_) => {
                    *flow = None;
                    draught.names.uncertain = true;
                }
                Statement::Repeat(repeat) => self.expand_repeat(repeat, place, draught, flow, body),
                Statement::Layer(layer) => self.expand_layer(layer, place, draught, flow, body),
            }
        }
        draught.depth -= 1;
    }

    pub(super) fn expand_repeat(
        &mut self,
        repeat: &'a Repeat,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &mut Flow,
        body: &mut Vec<usize>,
    ) {
        let turns = self.turns(repeat, place, draught);
        let Some((binder, values)) = turns else {
            // How often is not known: once, for its mistakes.
            draught.names.uncertain = true;
            let binder = match &repeat.turns {
                Turns::Count { binder, .. } => binder.as_ref(),
                Turns::Values { binder, .. } => Some(binder),
            };
            self.expand_for_mistakes(&repeat.body, place, binder, draught);
            *flow = None;
            return;
        };
        if values.is_empty() {
            self.expand_for_mistakes(&repeat.body, place, binder, draught);
            return;
        }
        for (index, value) in values.into_iter().enumerate() {
            // Of what is only looked at, one turn is enough.
            if index > 0 && draught.names.is_aside() {
                return;
            }
            if !self.spend(repeat.head, draught) {
                *flow = None;
                return;
            }
            let turn = place.turn(index + 1, binder, value);
            self.expand(&repeat.body, &turn, draught, flow, body);
        }
    }

    /// The values of each turn, if they are known and not too many.
    pub(super) fn turns(
        &mut self,
        repeat: &'a Repeat,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
    ) -> Option<(Option<&'a Ident>, Vec<Valued<'a>>)> {
        let (binder, span, count, values) = match &repeat.turns {
            Turns::Count { count, binder } => {
                let valued = self.operand_value(count, &place.scope, Context::Plain);
                let turns = self.count(&valued, "repeat", 0)?;
                (binder.as_ref(), count.span, turns, None)
            }
            Turns::Values { binder, values } => {
                let valued = self.value(values, &place.scope, Context::Plain);
                match valued.value {
                    Value::List(entries) => (Some(binder), values.span, entries.len(), Some(entries)),
                    Value::Range(start, end) => {
                        let turns = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
                        self.check_turns(repeat, values.span, turns, draught)?;
                        let numbers = (start..end)
                            .map(|number| Valued { value: Value::Number(number as f64), span: values.span });
                        return Some((Some(binder), numbers.collect()));
                    }
                    Value::Unknown => return None,
                    other => {
                        self.report(arguments::wrong_type(values.span, "a list or a range", &describe(&other)));
                        return None;
                    }
                }
            }
        };
        if let Some(binder) = binder {
            self.check_binder(binder);
        }
        self.check_turns(repeat, span, count, draught)?;
        let values = match values {
            Some(entries) => entries.to_vec(),
            None => (1..=count).map(|turn| Valued { value: Value::Number(turn as f64), span }).collect(),
        };
        Some((binder, values))
    }

    /// Takes a layer or turn off the budget; where none is left this is reported, once.
    pub(super) fn spend(&mut self, span: Span, draught: &mut Draught<'a>) -> bool {
        if draught.spend() {
            return true;
        }
        if !draught.names.is_aside() && !draught.is_over {
            self.report(values::too_many_layers(span, 1, 1, Limits::LAYERS));
            draught.is_over = true;
        }
        draught.names.uncertain = true;
        false
    }

    pub(super) fn check_binder(&mut self, binder: &Ident) {
        if super::value::FAN_NAMES.contains(&binder.name.as_str()) {
            self.report(names::fan_name(binder));
        }
    }

    /// Whether so many turns of this body fit into a network, told before any is expanded.
    pub(super) fn check_turns(
        &mut self,
        repeat: &'a Repeat,
        span: Span,
        turns: usize,
        draught: &mut Draught<'a>,
    ) -> Option<()> {
        let per_turn = layer_count(&repeat.body).max(1);
        if turns.saturating_mul(per_turn) <= draught.budget {
            return Some(());
        }
        self.report(values::too_many_layers(span, turns, per_turn, Limits::LAYERS));
        None
    }

    /// Expands statements that are no part of the network only to find what is wrong in them.
    pub(super) fn expand_for_mistakes(
        &mut self,
        statements: &'a [Statement],
        place: &Place<'a>,
        binder: Option<&'a Ident>,
        draught: &mut Draught<'a>,
    ) {
        let drafts = draught.drafts.len();
        let mark = draught.names.step_aside();
        let unknown = Valued { value: Value::Unknown, span: draught.name_span };
        self.expand(statements, &place.turn(1, binder, unknown), draught, &mut None, &mut Vec::new());
        draught.names.back(mark);
        draught.drafts.truncate(drafts);
    }

    /// Looks for mistakes in blocks that no sound layer of the network uses.
    pub(super) fn check_unused_blocks(&mut self, draught: &mut Draught<'a>, used: &HashSet<&str>) {
        let blocks: Vec<(BlockId, &'a ast::Block)> = self.definitions.all_blocks().collect();
        for (id, block) in blocks {
            self.check_names_of(&block.parameters, true);
            self.check_labels(&block.body);
            let is_sound = block.parameters.len() <= Limits::PARAMETERS && !self.definitions.is_block_broken(id);
            let is_seen = match self.uses.get(&id) {
                Some(is_expanded) => *is_expanded,
                None => used.contains(block.name.name.as_str()),
            };
            if is_seen || !is_sound {
                continue;
            }
            let root = Scope::root(Home::User);
            let mut bound = HashMap::new();
            for parameter in &block.parameters {
                let value = match &parameter.default {
                    Some(default) => self.value(default, &Scope::within(&root, bound.clone()), Context::Plain),
                    None => Valued { value: Value::Unknown, span: parameter.name.span },
                };
                bound.insert(parameter.name.name.as_str(), value);
            }
            let place = Place::top(Scope::within(&root, bound)).inside_block(&block.name.name);
            self.expand_for_mistakes(&block.body, &place, None, draught);
        }
    }
}

/// The layers that a body has at least, each turn of an inner `repeat` counted as often as a plain number says.
fn layer_count(body: &[Statement]) -> usize {
    let mut open: Vec<(&Statement, usize)> = body.iter().map(|statement| (statement, 1)).collect();
    let mut total = 0_usize;
    while let Some((statement, factor)) = open.pop() {
        match statement {
            Statement::Layer(layer) => {
                total = total.saturating_add(factor);
                open.extend(layer.body.iter().flatten().map(|inner| (inner, factor)));
            }
            Statement::Repeat(repeat) => {
                let turns = match &repeat.turns {
                    Turns::Count { count: Expr { kind: ExprKind::Number(number), .. }, .. } if *number >= 1.0 => {
                        *number as usize
                    }
                    Turns::Count { .. } | Turns::Values { .. } => 1,
                };
                let factor = factor.saturating_mul(turns);
                total = total.saturating_add(factor);
                open.extend(repeat.body.iter().map(|inner| (inner, factor)));
            }
            Statement::Setting(_) | Statement::Broken(_) => {}
        }
    }
    total
}
