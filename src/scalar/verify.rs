//! What every function holds to; debug builds check it whenever one is finished.

use super::{Function, Op, ValueId};
use crate::arena::Id;

impl Function {
    /// Whether operands stand before their use, arguments exist, and numbers and truth values are where they belong; if not,
    /// the first thing wrong.
    ///
    /// # Errors
    /// A sentence that names the value.
    pub fn verify(&self) -> Result<(), String> {
        for (id, op) in self.nodes.iter_with_ids() {
            for operand in op.operands().into_iter().flatten() {
                if operand.index() >= id.index() {
                    return Err(format!("{id} uses {operand} before it is computed"));
                }
            }
            match *op {
                Op::Argument(position) if position >= self.arity => {
                    return Err(format!("{id} is argument {position} of a function of {}", self.arity));
                }
                Op::Constant(_) | Op::Argument(_) => {}
                Op::Unary(_, a) => self.number(id, a)?,
                Op::Binary(_, a, b) | Op::Compare(_, a, b) => {
                    self.number(id, a)?;
                    self.number(id, b)?;
                }
                Op::And(a, b) | Op::Or(a, b) => {
                    self.truth(id, a)?;
                    self.truth(id, b)?;
                }
                Op::Not(a) => self.truth(id, a)?,
                Op::Select { condition, yes, no } => {
                    self.truth(id, condition)?;
                    self.number(id, yes)?;
                    self.number(id, no)?;
                }
            }
        }
        for result in &self.results {
            if result.index() >= self.nodes.len() {
                return Err(format!("the result {result} does not exist"));
            }
            if self.nodes[*result].is_truth() {
                return Err(format!("the result {result} is a truth value"));
            }
        }
        Ok(())
    }

    fn number(&self, user: ValueId, operand: ValueId) -> Result<(), String> {
        if self.nodes[operand].is_truth() {
            return Err(format!("{user} takes the truth value {operand} for a number"));
        }
        Ok(())
    }

    fn truth(&self, user: ValueId, operand: ValueId) -> Result<(), String> {
        if !self.nodes[operand].is_truth() {
            return Err(format!("{user} takes the number {operand} for a truth value"));
        }
        Ok(())
    }
}

impl Op {
    /// Whether it makes a truth value.
    #[must_use]
    pub const fn is_truth(&self) -> bool {
        match self {
            Self::Compare(..) | Self::And(..) | Self::Or(..) | Self::Not(_) => true,
            Self::Constant(_) | Self::Argument(_) | Self::Unary(..) | Self::Binary(..) | Self::Select { .. } => false,
        }
    }
}
