//! The cells that wait for their turn.

use super::lock;
use crate::wire::{ExecuteRequest, Message};
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// A cell that waits.
pub(super) struct Job {
    /// The request for it.
    pub(super) message: Arc<Message>,
    /// What it asks for.
    pub(super) request: ExecuteRequest,
}

impl Job {
    fn is_of(&self, subshell: Option<&str>) -> bool {
        self.message.header.subshell_id.as_deref() == subshell
    }
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

/// The cells that wait, first come, first served.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    /// Adds a cell; gives it back if the queue is closed.
    pub(super) fn push(&self, job: Job) -> Result<(), Job> {
        let mut state = lock(&self.state);
        if state.is_closed {
            return Err(job);
        }
        state.jobs.push_back(job);
        self.changed.notify_all();
        Ok(())
    }

    /// Whether no cell waits, and some may still come.
    pub(super) fn is_idle(&self) -> bool {
        let state = lock(&self.state);
        state.jobs.is_empty() && !state.is_closed
    }

    /// Waits for the next cell; `None` once the queue is closed.
    pub(super) fn next(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The sources of the cells that wait.
    pub(super) fn sources(&self) -> Vec<String> {
        lock(&self.state)
            .jobs
            .iter()
            .map(|job| job.request.code.clone())
            .collect()
    }

    /// Takes out all cells of one subshell, or of the main shell.
    pub(super) fn take(&self, subshell: Option<&str>) -> Vec<Job> {
        let mut state = lock(&self.state);
        let waiting = std::mem::take(&mut state.jobs).into_iter();
        let (taken, left): (Vec<Job>, Vec<Job>) = waiting.partition(|job| job.is_of(subshell));
        state.jobs = left.into();
        taken
    }

    /// Takes nothing more, and gives back what waits.
    pub(super) fn close(&self) -> Vec<Job> {
        let mut state = lock(&self.state);
        state.is_closed = true;
        self.changed.notify_all();
        std::mem::take(&mut state.jobs).into()
    }
}
