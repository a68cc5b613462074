//! The host that runs the cells of a notebook, and the way back to the state before a cell that failed.

use crate::cells::Compiled;
use crate::collect::{Request, Stream};
use crate::error::{Error, Result};
use crate::session::{Input, Job as HostJob, Listener, Session, Snapshot};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable of the environment that says how much memory, in megabytes, the cells of a notebook may have.
const MEMORY_VARIABLE: &str = "RADIO_CELL_MEMORY";

/// The host that runs the cells of a notebook, and what it takes to go back to an earlier state.
pub struct Running {
    host: PathBuf,
    asks: bool,
    session: Option<Session>,
    /// The cells that ran to their ends, which have what they ran from.
    ran: Vec<Ran>,
    /// The last state that lacks nothing, and how many cells had run by then.
    clean: Option<(Snapshot, usize)>,
}

/// A cell that ran to its end.
struct Ran {
    number: u32,
    loads: Vec<PathBuf>,
    library: PathBuf,
}

impl Running {
    /// What runs cells by the program `host`, which is started before the first. `asks`: whether they can ask for input.
    pub fn new(host: PathBuf, asks: bool) -> Running {
        Running {
            host,
            asks,
            session: None,
            ran: Vec::new(),
            clean: None,
        }
    }

    /// The host, started if it was not; `None` after Ctrl-C.
    ///
    /// # Errors
    /// [`Error::Tool`] if it cannot be started.
    pub fn session(&mut self, folder: &Path) -> Result<Option<&mut Session>> {
        if self.session.is_none() {
            let mut command = self.command()?;
            command.current_dir(folder);
            let input = if self.asks {
                Input::Answers
            } else {
                Input::Nothing
            };
            match Session::start_host(command, input) {
                Err(Error::Interrupted) => return Ok(None),
                started => self.session = Some(started?),
            }
        }
        Ok(self.session.as_mut())
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

    /// Whether the host was started and is gone, since somebody else ended it.
    pub fn has_ended(&mut self) -> bool {
        self.session.as_mut().is_some_and(Session::has_ended)
    }

    /// The host, if it was started.
    pub fn started(&mut self) -> Option<&mut Session> {
        self.session.as_mut()
    }

    /// Takes note of a cell that ran to its end; `snapshot` is the state before it.
    pub fn succeeded(&mut self, compiled: &Compiled, number: u32, snapshot: Option<Snapshot>) {
        if let (Some(new), Some(session)) = (snapshot, &mut self.session) {
            let unneeded = match new.threads {
                0 => self
                    .clean
                    .replace((new, self.ran.len()))
                    .map(|(old, _)| old),
                // What earlier cells left running is not in it.
                _ => Some(new),
            };
            unneeded.into_iter().for_each(|old| session.forget(old));
        }
        if let Some(library) = &compiled.library {
            self.ran.push(Ran {
                number,
                loads: compiled.loads.clone(),
                library: library.clone(),
            });
        }
    }

    /// Goes back to the state before a cell that failed, which is `snapshot` if that lacks nothing. Otherwise the cells since
    /// the last state that does run once more.
    ///
    /// # Errors
    /// [`Error::Tool`] if the host cannot be started.
    pub fn go_back(&mut self, snapshot: Option<Snapshot>, folder: &Path) -> Result<()> {
        let whole = snapshot.filter(|snapshot| snapshot.threads == 0);
        let restored = match (whole, self.clean) {
            (Some(snapshot), _) => Some((snapshot, self.ran.len())),
            (None, clean) => clean,
        };
        let session = self.session.as_mut().zip(restored);
        let restored_to = session
            .and_then(|(session, (snapshot, from))| session.restore(snapshot).ok().map(|()| from));
        let from = restored_to.unwrap_or_else(|| {
            self.session = None;
            0
        });
        if self
            .clean
            .is_some_and(|(clean, _)| Some(clean) == restored.map(|(of, _)| of))
        {
            self.clean = None;
        }
        let again: Vec<Ran> = self.ran.drain(from..).collect();
        for cell in again {
            let Some(session) = self.session(folder)? else {
                return Ok(());
            };
            let run = session.run(
                &HostJob {
                    cell: cell.number,
                    loads: &cell.loads,
                    library: &cell.library,
                    keep: false,
                },
                None,
                &mut Deaf,
            );
            if run.failure.is_some() {
                // What it would have made is not there: who needs it is told so.
                break;
            }
            self.ran.push(cell);
        }
        Ok(())
    }
}

/// Hears nothing.
struct Deaf;

impl Listener for Deaf {
    fn hears(&mut self, _: Stream, _: &str) {}

    fn answers(&mut self, _: &Request) -> Option<String> {
        None
    }
}
