//! Rows of a table by their numbers, and what adds rows into a table again: what embeddings are made of.

use super::{Builder, NodeId, Op};
use crate::shape::Shape;

/// The row that a number stands for in a table of so many. Data are checked before a run, so the nearest row, which another number
/// takes, only keeps a mistake of ours in bounds.
#[must_use]
pub fn row_number(number: f64, rows: usize) -> usize {
    (number as usize).min(rows - 1)
}

impl Builder<'_> {
    /// `table: [v, d]`, `numbers: […]` → `[…, d]`: the row of each number.
    ///
    /// # Panics
    /// Where the table is no matrix.
    pub fn gather(&mut self, table: NodeId, numbers: NodeId) -> NodeId {
        let [_, width] = self.shape(table).0[..] else { panic!("a table is a matrix") };
        let shape = Shape([&self.shape(numbers).0[..], &[width]].concat());
        let precision = self.precision(table);
        self.push(Op::Gather, vec![table, numbers], shape, precision)
    }

    /// `added: […, d]`, `numbers: […]` → `[rows, d]`: each row added to that of its number.
    ///
    /// # Panics
    /// Where there is not one number for each row.
    pub fn scatter_add(&mut self, added: NodeId, numbers: NodeId, rows: usize) -> NodeId {
        let (width, leading) = self.shape(added).0.split_last().expect("rows have elements");
        assert_eq!(leading, self.shape(numbers).0, "each row has a number");
        let shape = Shape::new([rows, *width]);
        let precision = self.precision(added);
        self.push(Op::ScatterAdd, vec![added, numbers], shape, precision)
    }
}
