//! How deep a statement nests, counted token by token, so that what is too deep is found before anything recursive sees
//! it. Counted are brackets, prefix operators, `^`, and an `if` inside an `if`. A row of `+` is no nesting, but makes a tree
//! as high as the row is long, so rows are counted too.

/// How deep blocks, brackets, prefix operators, `^` and `else if` may nest, taken together.
pub(super) const MAX_DEPTH: usize = 100;

/// How many infix operators may stand in a row, those in the brackets of an operand included: the height of the tree.
pub(super) const MAX_ROW: usize = 1000;

/// The part of an `if … then … else …` that the next token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Branch {
    Condition,
    Then,
    Else,
}

/// What is open in one pair of brackets, besides it.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// `-` and `^` whose operand is not complete.
    prefixes: usize,
    /// `not` whose operand is not complete.
    negations: usize,
    /// Infix operators since the expression began, on top of the longest row in the brackets of an operand.
    row: usize,
    /// The longest row of the expressions before.
    longest_row: usize,
    /// Where the conditionals of this level begin in `conditionals`.
    first_conditional: usize,
    /// The depth of all levels around this one.
    outside: usize,
}

/// The nesting of one statement up to the present token.
#[derive(Clone, Debug, Default)]
pub(super) struct Nesting {
    levels: Vec<Level>,
    level: Level,
    conditionals: Vec<Branch>,
}

impl Nesting {
    /// How deep the present token stands.
    pub(super) fn depth(&self) -> usize {
        // An `if` alone is no nesting, as a row of `+` is none.
        let conditionals = (self.conditionals.len() - self.level.first_conditional).saturating_sub(1);
        self.level.outside + self.level.prefixes + self.level.negations + conditionals
    }

    /// How many infix operators stand in a row up to here.
    pub(super) fn row(&self) -> usize {
        self.level.row
    }

    /// An opening bracket.
    pub(super) fn open(&mut self) {
        let inner = Level { first_conditional: self.conditionals.len(), outside: self.depth() + 1, ..Level::default() };
        self.levels.push(std::mem::replace(&mut self.level, inner));
    }

    /// The closing bracket of the innermost open one.
    pub(super) fn close(&mut self) {
        self.conditionals.truncate(self.level.first_conditional);
        let inner = std::mem::replace(&mut self.level, self.levels.pop().expect("only what is open is closed"));
        self.level.row = self.level.row.max(inner.row).max(inner.longest_row);
    }

    /// All brackets are given up.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// `-` before a value, or `^`.
    pub(super) fn prefix(&mut self) {
        self.level.prefixes += 1;
    }

    /// Any other operator between two values: the operands of `-` and `^` end here, and of `not` at `and` and `or`.
    pub(super) fn infix(&mut self, ends_negation: bool) {
        self.level.row += 1;
        self.level.prefixes = 0;
        if ends_negation {
            self.level.negations = 0;
        }
    }

    /// `,`, `:` or `=`: a new expression begins.
    pub(super) fn separator(&mut self) {
        self.begin_expression();
        self.conditionals.truncate(self.level.first_conditional);
    }

    fn begin_expression(&mut self) {
        let Level { row, longest_row, first_conditional, outside, .. } = self.level;
        self.level = Level { longest_row: longest_row.max(row), first_conditional, outside, ..Level::default() };
    }

    /// `not`
    pub(super) fn negation(&mut self) {
        self.level.negations += 1;
    }

    /// `if`
    pub(super) fn condition(&mut self) {
        self.conditionals.push(Branch::Condition);
    }

    /// `then`
    pub(super) fn consequent(&mut self) {
        self.branch(Branch::Condition, Branch::Then);
    }

    /// `else`
    pub(super) fn alternative(&mut self) {
        self.branch(Branch::Then, Branch::Else);
    }

    /// Ends the conditionals that are complete, and moves the one that waits from one part on to the next.
    fn branch(&mut self, from: Branch, to: Branch) {
        self.begin_expression();
        while self.conditionals.len() > self.level.first_conditional && self.conditionals.last() != Some(&from) {
            self.conditionals.pop();
        }
        if self.conditionals.len() > self.level.first_conditional {
            self.conditionals.pop();
            self.conditionals.push(to);
        }
    }
}
