//! Cells that evcxr executes, in one process of it.

use super::{Execution, InCellTerms};
use crate::error::{Error, Result};
use crate::execute::engine::{self, BuildDir, Job, JobCell, Launch};
use crate::run::session::Session;
use std::time::{Instant, SystemTime};

impl Execution<'_> {
    /// Runs cells by evcxr, in one process, from the cell at `first` on, and returns the first cell that still has to
    /// run. The items of the cells before `first` are told to it once more; their variables died with an earlier
    /// process.
    pub(super) fn run_by_evcxr(&mut self, first: usize) -> Result<usize> {
        let launch = self.hand_over_from(first)?;
        let mut session = None;
        for at in first..self.work.len() {
            let cell = &self.work[at];
            let (number, may_fail) = (cell.number, cell.may_fail);
            if self.is_out_of_time() {
                self.run_out_of_time(at);
                return Ok(self.work.len());
            }
            if cell.index.is_some() {
                if !self.watcher.may_begin(number as usize) {
                    return Ok(self.work.len());
                }
                self.watcher.cell_begins(number as usize, &cell.source);
            }
            let (started, clock) = (SystemTime::now(), Instant::now());
            let session = match &mut session {
                Some(session) => session,
                none => match Session::start(launch.command(&self.folder)?, launch.input()) {
                    Err(Error::Interrupted) => {
                        self.summary.interrupted = true;
                        return Ok(at);
                    }
                    started => none.insert(started?),
                },
            };
            let by_cell = self.options.timeout.map(|timeout| Instant::now() + timeout);
            let deadline = [by_cell, self.options.deadline].into_iter().flatten().min();
            let mut listener = InCellTerms {
                watcher: &mut *self.watcher,
                places: &self.places,
            };
            let run = session.run_cell(number, deadline, &mut listener);
            let goes_on = run.goes_on;
            let failed = self.finish_run(at, run, started, clock);
            if failed && (!may_fail || self.summary.interrupted) {
                return Ok(self.work.len());
            }
            if !goes_on {
                return Ok(at + 1);
            }
        }
        Ok(self.work.len())
    }

    /// Leaves the cells from `first` on to evcxr, as they stand. What those before them define is executed again.
    fn hand_over_from(&mut self, first: usize) -> Result<Launch> {
        let level = self.profile.get("opt-level").map(|level| match level {
            toml::Value::String(level) => level.clone(),
            other => other.to_string(),
        });
        let mut cells = Vec::new();
        for (at, work) in self.work.iter_mut().enumerate() {
            if at >= first {
                // evcxr may know better.
                work.error = None;
                cells.push(JobCell {
                    number: work.number,
                    source: work.source.clone(),
                    is_reported: true,
                    ends_in_statement: work.code.body.is_some() && work.code.tail.is_none(),
                });
            } else if work.error.is_none() {
                cells.push(JobCell {
                    number: work.number,
                    source: engine::definitions(&work.source, &work.code),
                    is_reported: false,
                    ends_in_statement: false,
                });
            }
        }
        let job = Job {
            opt_level: level.unwrap_or_else(|| "0".to_owned()),
            cells,
        };
        let build_dir = BuildDir::take(&self.folder)?;
        Ok(Launch { job, build_dir })
    }
}
