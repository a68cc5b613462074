//! The host that runs the cells of a notebook, and the way back to the states that it had before cells.

use crate::error::{Error, Result};
use crate::interrupt;
use crate::run::fence::Fence;
use crate::run::outputs::{Request, Stream};
use crate::run::session::{Entry, Input, Job, Listener, Session, Snapshot};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// The variable of the environment that says how much memory, in megabytes, the cells of a notebook may have.
const MEMORY_VARIABLE: &str = "RADIO_CELL_MEMORY";

/// The host that runs the cells of a notebook, and what it takes to go back to an earlier state.
#[derive(Debug)]
pub struct Running {
    host: PathBuf,
    asks: bool,
    /// What the host runs behind.
    fence: Option<Arc<Fence>>,
    session: Option<Session>,
    /// The cells that ran to their ends, with what they ran from.
    ran: Vec<Ran>,
    /// How many of them the host has run since it went back. The others run once more before anything else does.
    done: usize,
    /// The states that lack nothing, and how many cells had run by then, oldest first.
    states: Vec<(usize, Snapshot)>,
    /// How many states are kept.
    most: usize,
}

/// A cell that ran to its end.
#[derive(Debug)]
struct Ran {
    number: u32,
    entry: Entry,
}

impl Running {
    /// What runs cells by the program `host`, which is started before the first. `asks`: whether they can ask for
    /// input.
    pub fn new(host: PathBuf, asks: bool) -> Running {
        Running {
            host,
            asks,
            fence: None,
            session: None,
            ran: Vec::new(),
            done: 0,
            states: Vec::new(),
            most: 1,
        }
    }

    /// The same, with up to `most` earlier states to go back to instead of the last one alone.
    pub fn keeping(self, most: usize) -> Running {
        Running { most, ..self }
    }

    /// The same, behind a fence.
    pub fn behind(self, fence: Option<Arc<Fence>>) -> Running {
        Running { fence, ..self }
    }

    /// Whether cells can ask for input.
    pub fn asks(&self) -> bool {
        self.asks
    }

    /// How many cells ran to their ends.
    pub fn count(&self) -> usize {
        self.ran.len()
    }

    /// The host, in the state after the cells that ran to their ends; started if it was not. `None` after Ctrl-C.
    ///
    /// # Errors
    /// [`Error::Tool`] if it cannot be started.
    pub fn session(&mut self, folder: &Path) -> Result<Option<&mut Session>> {
        loop {
            if !self.start(folder)? {
                return Ok(None);
            }
            if self.done >= self.ran.len() {
                return Ok(self.session.as_mut());
            }
            if !self.run_once_more() {
                if interrupt::requested() {
                    self.rewind();
                    return Ok(None);
                }
                // What the cell would have made is not there: who needs it is told so.
                self.ran.truncate(self.done);
                self.rewind();
            }
        }
    }

    fn start(&mut self, folder: &Path) -> Result<bool> {
        if self.session.is_none() {
            let command = match &self.fence {
                Some(fence) => fence.command(&self.host)?,
                None => {
                    let mut command = self.command()?;
                    command.current_dir(folder);
                    command
                }
            };
            let input = match self.asks {
                true => Input::Answers,
                false => Input::Nothing,
            };
            match Session::start_host(command, input, self.fence.as_ref()) {
                Err(Error::Interrupted) => return Ok(false),
                started => self.session = Some(started?),
            }
        }
        Ok(true)
    }

    /// The host, with as much memory as it may have.
    fn command(&self) -> Result<Command> {
        let Some(limit) = std::env::var_os(MEMORY_VARIABLE).filter(|limit| !limit.is_empty())
        else {
            return Ok(Command::new(&self.host));
        };
        let megabytes = limit.to_str().and_then(|limit| limit.parse::<u64>().ok());
        let kilobytes = megabytes.and_then(|megabytes| megabytes.checked_mul(1 << 10));
        let kilobytes = kilobytes.ok_or_else(|| {
            Error::Argument(format!(
                "{MEMORY_VARIABLE} should be a number of megabytes, and is {limit:?}"
            ))
        })?;
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "ulimit -v \"$1\" && exec \"$0\""]);
        shell.arg(&self.host).arg(kilobytes.to_string());
        Ok(shell)
    }

    /// Runs the next of the cells that lag behind, for what it makes alone. Returns whether it ran to its end.
    fn run_once_more(&mut self) -> bool {
        let (Some(session), Some(cell)) = (&mut self.session, self.ran.get(self.done)) else {
            return false;
        };
        let job = Job {
            cell: cell.number,
            entry: &cell.entry,
            keep: true,
        };
        // What ended in time once may not end this time, if a stranger wrote it.
        let deadline = self
            .fence
            .as_ref()
            .map(|fence| Instant::now() + fence.time());
        let run = session.run(&job, deadline, &mut Deaf);
        self.keep(self.done, run.snapshot);
        if run.failure.is_some() {
            return false;
        }
        self.done += 1;
        true
    }

    /// Whether the process that runs the cells has ended by itself, between cells.
    pub fn has_ended(&mut self) -> bool {
        self.session.as_mut().is_some_and(Session::has_ended)
    }

    /// The host, if it was started.
    pub fn started(&mut self) -> Option<&mut Session> {
        self.session.as_mut()
    }

    /// Takes note of a cell that ran to its end, by its function if it has one; `snapshot` is the state before it.
    pub(crate) fn succeeded(
        &mut self,
        entry: Option<&Entry>,
        number: u32,
        snapshot: Option<Snapshot>,
    ) {
        self.keep(self.ran.len(), snapshot);
        if let Some(entry) = entry {
            self.ran.push(Ran {
                number,
                entry: entry.clone(),
            });
            self.done = self.ran.len();
        }
    }

    /// Keeps the state before the cell at `at`, unless it lacks what earlier cells left running.
    fn keep(&mut self, at: usize, snapshot: Option<Snapshot>) {
        let Some(new) = snapshot else { return };
        match new.threads {
            0 => self.states.push((at, new)),
            _ => self.forget([new]),
        }
        while self.states.len() > self.most {
            let at = least_needed(&self.states);
            let (_, old) = self.states.remove(at);
            self.forget([old]);
        }
    }

    fn forget(&mut self, states: impl IntoIterator<Item = Snapshot>) {
        if let Some(session) = &mut self.session {
            states.into_iter().for_each(|state| session.forget(state));
        }
    }

    /// Goes back to the state before a cell that failed, which is `snapshot` if that lacks nothing. Otherwise the cells
    /// since the last state that does run once more, before the next one runs.
    pub(crate) fn go_back(&mut self, snapshot: Option<Snapshot>) {
        match snapshot {
            Some(state) if state.threads == 0 => self.states.push((self.ran.len(), state)),
            state => self.forget(state),
        }
        self.rewind();
    }

    /// Goes back to the state after the first `count` cells that ran to their ends.
    pub(crate) fn go_back_to(&mut self, count: usize) {
        if count >= self.ran.len() {
            return;
        }
        self.ran.truncate(count);
        let later = self.states.partition_point(|(at, _)| *at <= count);
        let later: Vec<_> = self.states.drain(later..).collect();
        self.forget(later.into_iter().map(|(_, state)| state));
        if self.done > count {
            self.rewind();
        }
    }

    /// Ends what runs, and lets the last state that is kept go on, or a new host.
    fn rewind(&mut self) {
        if let (Some(session), Some((at, state))) = (&mut self.session, self.states.pop())
            && session.restore(state).is_ok()
        {
            self.done = at;
            return;
        }
        self.session = None;
        self.states.clear();
        self.done = 0;
    }
}

/// Which state to do without, of several by the numbers of cells before them: the older one of only two, and else the
/// one between the nearest two others, so that those that are left stand as far apart everywhere.
fn least_needed<T>(states: &[(usize, T)]) -> usize {
    let inner = 1..states.len().saturating_sub(1);
    inner
        .min_by_key(|&at| states[at + 1].0 - states[at - 1].0)
        .unwrap_or(0)
}

/// Hears nothing.
struct Deaf;

impl Listener for Deaf {
    fn hears(&mut self, _: Stream, _: &str) {}

    fn answers(&mut self, _: &Request) -> Option<String> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_that_are_kept_stand_evenly_and_the_last_is_among_them() {
        let mut states: Vec<(usize, ())> = Vec::new();
        for at in 0..500 {
            states.push((at, ()));
            while states.len() > 64 {
                states.remove(least_needed(&states));
            }
            assert_eq!(states.first(), Some(&(0, ())));
            assert_eq!(states.last(), Some(&(at, ())));
        }
        let widest = states.windows(2).map(|pair| pair[1].0 - pair[0].0).max();
        assert!(widest <= Some(16), "{states:?}");
        assert_eq!(least_needed(&[(3, ()), (4, ())]), 0);
    }
}
