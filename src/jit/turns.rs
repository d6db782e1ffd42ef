//! A recurrence: the steps of its program once a turn, in the states and sequences as they lie. Nothing is copied but the first
//! state: from turn to turn only the addresses move.

use super::run::CompiledProgram;
use super::threads::Threads;
use crate::kernel::{BufferId, Scan};
use std::fmt;

/// A recurrence as machine code.
#[derive(Debug)]
pub(super) struct Turns {
    scan: Scan,
    program: CompiledProgram,
    /// The places in the program's table of addresses that move, and with what.
    moving: Vec<(usize, Mover)>,
    /// Where the next state is what the program is given: who that is.
    handed_on: Option<Mover>,
}

/// What an address follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mover {
    /// The state before the turn.
    Before,
    /// The state after it.
    After,
    /// The step of an input.
    Input(usize),
}

impl Turns {
    pub(super) fn new(scan: &Scan, program: CompiledProgram) -> Self {
        let given = |id: BufferId| {
            let position = scan.inputs.iter().position(|input| input.buffer == Some(id))?;
            Some(if position == 0 { Mover::Before } else { Mover::Input(position) })
        };
        let follows = |id: BufferId| given(id).or_else(|| (id == scan.result).then_some(Mover::After));
        let arguments = scan.program.steps.iter().flat_map(|step| step.arguments.iter().copied());
        let moving = arguments.enumerate().filter_map(|(place, id)| Some((place, follows(id)?))).collect();
        Self { scan: scan.clone(), program, moving, handed_on: given(scan.result) }
    }

    /// Runs all turns.
    ///
    /// # Safety
    /// `arguments` are those of a verified step of this kernel, and nobody else uses them meanwhile.
    pub(super) unsafe fn run(&self, arguments: &[*mut u8], shared_from: usize, threads: &Threads) {
        let Scan { precision, state, inputs, .. } = &self.scan;
        let bytes = precision.bytes();
        let (stack, scratch) = (arguments[inputs.len()], arguments[inputs.len() + 1]);
        let place = |index: usize| stack.wrapping_add(index * state * bytes);
        let initial = arguments[0].wrapping_add(inputs[0].offset * bytes);
        // SAFETY: `verify` proved that the initial state and the stack have these places, apart from each other.
        unsafe { std::ptr::copy_nonoverlapping(initial, place(self.scan.first()), state * bytes) }
        let mut table = self.program.table(scratch);
        for [time, before, after] in self.scan.turns() {
            let address = |mover: Mover| match mover {
                Mover::Before => place(before),
                Mover::After => place(after),
                Mover::Input(input) => {
                    arguments[input].wrapping_add((inputs[input].offset + time * inputs[input].stride) * bytes)
                }
            };
            for (place, mover) in &self.moving {
                table.0[*place] = address(*mover);
            }
            // SAFETY: `verify` proved that the body's program is sound, that its memory fits the scratch buffer, that every step
            // of an input and every state is as large as the buffer that stands for it, that the program writes none that it is
            // given, and that the stack and the scratch buffer lie apart from all inputs. The state after a turn is another place of
            // the stack than the state before it.
            unsafe { self.program.run_steps(&table, shared_from, threads) }
            if let Some(mover) = self.handed_on {
                // SAFETY: as above; a state is copied to another place.
                unsafe { std::ptr::copy_nonoverlapping(address(mover), place(after), state * bytes) }
            }
        }
    }
}

impl fmt::Display for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} steps of a program of {} kernels", self.scan.times, self.scan.program.kernels.len())
    }
}
