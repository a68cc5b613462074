//! What is kept between two runs of a notebook, so that the second one starts at the first cell that changed.

use super::ahead::Ahead;
use super::plan::Work;
use crate::cells::{Places, Scope};
use crate::document::Output;
use crate::run::running::Running;
use std::time::{Duration, SystemTime};

/// How many earlier states are kept of a notebook that runs again and again.
pub(super) const MAX_STATES: usize = 64;

/// What the runs of one notebook leave to the next.
#[derive(Debug, Default)]
pub struct Live {
    /// Whether another run may follow.
    pub(super) goes_on: bool,
    pub(super) kept: Option<Kept>,
}

impl Live {
    /// For a notebook that runs again and again: a run goes on from the first cell that is not as it was.
    pub fn of_several_runs() -> Live {
        Live {
            goes_on: true,
            kept: None,
        }
    }

    /// Has the next run begin at the first cell.
    pub fn forget(&mut self) {
        self.kept = None;
    }

    /// Has the next run begin no later than at the first cell of which `is_stale` holds, by its text.
    pub fn forget_from(&mut self, is_stale: &dyn Fn(&str) -> bool) {
        if let Some(kept) = &mut self.kept
            && let Some(at) = kept.done.iter().position(|cell| is_stale(&cell.source))
        {
            kept.done.truncate(at);
        }
    }
}

/// What compiles the cells and what runs them, and what came of those that ran.
#[derive(Debug)]
pub(super) struct Kept {
    pub ahead: Ahead,
    pub places: Places,
    pub running: Running,
    /// What the first cell sees.
    pub begin: Scope,
    /// The cells that are over, in their order.
    pub done: Vec<Done>,
}

/// A cell that is over.
#[derive(Debug)]
pub(super) struct Done {
    number: u32,
    source: String,
    /// What the next cell sees.
    scope: Scope,
    /// How many cells had run to their ends after it.
    ran: usize,
    pub ended: Ended,
}

/// What came of a cell.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub outputs: Vec<Output>,
    pub started: SystemTime,
    pub took: Duration,
}

impl Ended {
    fn has_failed(&self) -> bool {
        matches!(self.outputs.last(), Some(Output::Error { .. }))
    }
}

impl Kept {
    /// Takes note of a cell that is over; the next one sees `scope`.
    pub fn is_over(&mut self, work: &Work, scope: Scope, ended: Ended) {
        self.done.push(Done {
            number: work.number,
            source: work.source.clone(),
            scope,
            ran: self.running.count(),
            ended,
        });
    }

    /// What the next cell sees.
    pub fn scope(&self) -> &Scope {
        self.done.last().map_or(&self.begin, |cell| &cell.scope)
    }

    /// Goes back to before the first of the cells in `work` that is not as it was, and returns how many are.
    pub(crate) fn go_back(&mut self, work: &[Work]) -> usize {
        let stays = |(done, work): &(&Done, &Work)| {
            done.number == work.number
                && done.source == work.source
                && (work.may_fail || !done.ended.has_failed())
        };
        let count = self.done.iter().zip(work).take_while(stays).count();
        self.done.truncate(count);
        let ran = self.done.last().map_or(0, |cell| cell.ran);
        self.running.go_back_to(ran);
        count
    }
}
