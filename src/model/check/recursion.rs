//! Who calls whom: the calls within definitions and blocks, their order, and the cycles, which are mistakes.

use super::Checker;
use super::definitions::{BlockId, Lookup};
use crate::diagnostics::names;
use crate::model::intrinsics;
use crate::source::{Ident, Span};
use crate::syntax::ast::{Block, Definition, DefinitionKind, Expr, ExprKind, Segment, Statement, Turns};

impl<'a> Checker<'a> {
    /// Finds blocks that use themselves.
    pub(super) fn check_block_recursion(&mut self) {
        let blocks: Vec<(BlockId, &'a Block)> = self.definitions.all_blocks().collect();
        let uses: Vec<Vec<(usize, Span)>> = blocks
            .iter()
            .map(|(_, block)| {
                layer_kinds(&block.body)
                    .into_iter()
                    .filter_map(|kind| match self.definitions.find_block(&kind.name) {
                        Lookup::Found(found) => Some((found.position(), kind.span)),
                        Lookup::Poisoned | Lookup::Missing => None,
                    })
                    .collect()
            })
            .collect();
        let (_, cycles) = callees_first(&uses);
        for cycle in cycles {
            let names: Vec<&str> = cycle.iter().map(|(at, _)| blocks[*at].1.name.name.as_str()).collect();
            let (_, call) = *cycle.last().expect("a cycle has a member");
            self.report(names::recursive("block", &blocks[cycle[0].0].1.name, call, &names));
            for (at, _) in cycle {
                self.definitions.break_block(blocks[at].0);
            }
        }
    }
}

/// The kind of definition that the expressions of a kind call.
pub(super) const fn callee_kind(kind: DefinitionKind) -> DefinitionKind {
    match kind {
        DefinitionKind::Activation | DefinitionKind::Loss => DefinitionKind::Activation,
        DefinitionKind::Init => DefinitionKind::Init,
    }
}

/// Every name that a definition calls, or uses as a rule, numeric functions left out.
pub(super) fn calls(definition: &Definition) -> Vec<&Ident> {
    let mut found = Vec::new();
    let mut open: Vec<&Expr> =
        definition.parameters.iter().filter_map(|parameter| parameter.default.as_ref()).collect();
    open.push(&definition.body);
    while let Some(expr) = open.pop() {
        match &expr.kind {
            ExprKind::Call { callee, .. } if intrinsics::find(&callee.name).is_none() => found.push(callee),
            // A bare rule: `init mine() = zeros`.
            ExprKind::Path(path)
                if definition.kind == DefinitionKind::Init
                    && path.segments.is_empty()
                    && definition.parameters.iter().all(|parameter| parameter.name.name != path.head.name) =>
            {
                found.push(&path.head);
            }
            _ => {}
        }
        open.extend(operands(expr));
    }
    found
}

/// The expressions directly within an expression.
pub(super) fn operands(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Boolean(_) | ExprKind::String(_) => Vec::new(),
        ExprKind::Path(path) => path
            .segments
            .iter()
            .filter_map(|segment| match segment {
                Segment::Index(index) => Some(&**index),
                Segment::Member(_) => None,
            })
            .collect(),
        ExprKind::List(entries) => entries.iter().collect(),
        ExprKind::Range(left, right) | ExprKind::Binary(_, left, right) | ExprKind::In(left, right) => {
            vec![left, right]
        }
        ExprKind::Call { arguments, .. } => arguments.iter().map(|argument| &argument.value).collect(),
        ExprKind::Unary(_, operand) => vec![operand],
        ExprKind::If(condition, yes, no) => vec![condition, yes, no],
    }
}

/// The kinds of all layer statements within.
fn layer_kinds(body: &[Statement]) -> Vec<&Ident> {
    let mut found = Vec::new();
    let mut open: Vec<&Statement> = body.iter().collect();
    while let Some(statement) = open.pop() {
        match statement {
            Statement::Layer(layer) => {
                found.push(&layer.kind);
                open.extend(layer.body.iter().flatten());
            }
            Statement::Repeat(repeat) => {
                // The turns hold no layers.
                let (Turns::Count { .. } | Turns::Values { .. }) = &repeat.turns;
                open.extend(&repeat.body);
            }
            Statement::Setting(_) | Statement::Broken(_) => {}
        }
    }
    found
}

/// Members in an order in which callees stand before callers, and the cycles: each as its members, every one with the place where
/// it calls the next. Without recursion: a chain may be as long as a file.
pub(super) fn callees_first(callees: &[Vec<(usize, Span)>]) -> (Vec<usize>, Vec<Vec<(usize, Span)>>) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; callees.len()];
    let (mut order, mut cycles) = (Vec::new(), Vec::new());
    for start in 0..callees.len() {
        if marks[start] != Mark::New {
            continue;
        }
        // Each member on the path, with the number of its calls already followed.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        marks[start] = Mark::Open;
        while let Some((member, followed)) = path.last_mut() {
            let member = *member;
            let Some((callee, _)) = callees[member].get(*followed) else {
                marks[member] = Mark::Done;
                order.push(member);
                path.pop();
                continue;
            };
            *followed += 1;
            match marks[*callee] {
                Mark::Done => {}
                Mark::New => {
                    marks[*callee] = Mark::Open;
                    path.push((*callee, 0));
                }
                Mark::Open => {
                    let from = path.iter().position(|(open, _)| open == callee).expect("an open member is on the path");
                    cycles.push(
                        path[from..].iter().map(|(open, followed)| (*open, callees[*open][*followed - 1].1)).collect(),
                    );
                }
            }
        }
    }
    (order, cycles)
}
