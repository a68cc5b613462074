//! The trait by which a command follows the execution of a notebook.

use super::errors::in_cell_terms;
use crate::cells::Places;
use crate::document::Output;
use crate::run::outputs::{Request, Stream};
use crate::run::session::Listener;
use std::time::Duration;

/// One who watches an execution.
pub trait Watcher {
    /// `total` cells are going to run.
    fn begins(&mut self, total: usize);
    /// Cargo says something.
    fn compiles(&mut self, line: &str);
    /// Whether cell `number` may begin; the execution waits for the answer, and ends in order if it is no.
    fn may_begin(&mut self, number: usize) -> bool {
        let _ = number;
        true
    }
    /// Cell `number` is about to run.
    fn cell_begins(&mut self, number: usize, source: &str);
    /// Whether there is somebody who can answer what cells ask for.
    fn can_answer(&self) -> bool {
        false
    }
    /// The answer to what the cell asks for, or `None` if there is none.
    fn answers(&mut self, request: &Request) -> Option<String> {
        let _ = request;
        None
    }
    /// The cell writes text.
    fn writes(&mut self, stream: Stream, text: &str);
    /// The cell is over.
    fn cell_ends(&mut self, number: usize, outputs: &[Output], took: Duration);
    /// Cell `number` does not run: what it gave in an earlier run still holds.
    fn cell_stays(&mut self, number: usize, outputs: &[Output]) {
        let _ = (number, outputs);
    }
    /// Ctrl-C has ended a cell. Whether the execution goes on, from the state before it.
    fn goes_on_after_interrupt(&mut self) -> bool {
        false
    }
}

/// Passes on what a cell writes with the places in the program as places in cells.
pub(super) struct InCellTerms<'l> {
    pub watcher: &'l mut dyn Watcher,
    pub places: &'l Places,
}

impl Listener for InCellTerms<'_> {
    fn hears(&mut self, stream: Stream, text: &str) {
        self.watcher
            .writes(stream, &in_cell_terms(text, self.places));
    }

    fn answers(&mut self, request: &Request) -> Option<String> {
        self.watcher.answers(request)
    }
}
