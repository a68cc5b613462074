//! A fence around the process that runs a notebook's cells: a folder to work in, and limits to what it may read and
//! use.
//!
//! Cells are compiled outside of it and loaded inside: what is compiled is kept where the cells of one notebook cannot
//! change, or read, what belongs to another. `radio` starts itself once more, as the process that puts up the fence and
//! then runs the host in it; so nothing of this happens between a fork and an exec.
//!
//! | file | |
//! |---|---|
//! | `enter` | the process that puts up the fence and runs the host |
//! | `meter` | how much processor time a cell takes |
//! | `open` | what may be read, given what may not |
//! | `watch` | ends what takes too many processes, too much memory or too much of the disk |

mod enter;
mod meter;
mod open;
mod watch;

use crate::error::{Error, Result};
use crate::lock;
use crate::run::session::{Entry, Failure};
pub use enter::take_part;
pub use meter::Meter;
pub use open::{around, keep_thread_from};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;
pub use watch::Guard;

/// The variable of the environment that makes `radio` the process that puts up a fence, and says which.
const VARIABLE: &str = "RADIO_FENCE";

/// How much of what a notebook's cells may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The processor time for one cell, of all its threads and processes.
    pub time: Duration,
    /// Memory, in bytes.
    pub memory: u64,
    /// What a cell writes as text, in bytes.
    pub text: u64,
    /// What is written to files, in bytes.
    pub disk: u64,
    /// Processes at a time.
    pub processes: usize,
}

/// What this system can keep cells from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strength {
    /// Reading and changing files that are not theirs.
    pub files: bool,
    /// Connections to other computers.
    pub network: bool,
    /// Ending processes that are not theirs.
    pub signals: bool,
    /// Leaving processes behind.
    pub processes: bool,
}

impl Strength {
    /// Finds out, by putting up a fence.
    ///
    /// # Errors
    /// [`Error::Tool`] if `radio` cannot be started once more.
    pub fn of_this_system() -> Result<Strength> {
        let output = order(&enter::Order::Probe)?.output();
        let output = output.map_err(|error| cannot_start(&error.to_string()))?;
        serde_json::from_slice(&output.stdout)
            .map_err(|_| cannot_start(String::from_utf8_lossy(&output.stderr).trim()))
    }

    /// What cells could do here that they should not, a clause each.
    pub fn gaps(&self) -> Vec<&'static str> {
        let all = [
            (
                self.files,
                "read and change all files that you can (the system has no Landlock; Linux has it from 5.13 on)",
            ),
            (
                self.network,
                "use the network (Landlock forbids it from Linux 6.7 on)",
            ),
            (
                self.signals || self.processes,
                "end other processes of yours (Landlock forbids it from Linux 6.12 on)",
            ),
            (
                self.processes,
                "leave processes behind (the system gives no namespace of processes)",
            ),
        ];
        let gaps = all.into_iter().filter(|(is_closed, _)| !is_closed);
        gaps.map(|(_, what)| what).collect()
    }
}

/// The fence around the cells of one notebook.
#[derive(Debug)]
pub struct Fence {
    /// The folder that the cells run in.
    work: PathBuf,
    /// The folders that they may write to.
    writes: Vec<PathBuf>,
    /// What they may read besides what any program needs, and what they may not even where it lies there.
    reads: Vec<PathBuf>,
    hidden: Vec<PathBuf>,
    /// Where the libraries lie that they load.
    libraries: PathBuf,
    limits: Limits,
    strength: Strength,
    /// Why the cells were ended, until somebody asks.
    ended: Mutex<Option<String>>,
    /// The most processor time that a cell has taken.
    slowest: Mutex<Duration>,
}

impl Fence {
    /// A fence around cells that run in `work`, a folder in `scratch`; all of `scratch/files` is theirs. `reads` is
    /// what they may read besides what any program needs, and `hidden` what they may not read wherever it lies.
    ///
    /// # Errors
    /// [`Error::Io`] if folders cannot be made.
    pub fn new(
        scratch: &Path,
        work: &Path,
        reads: Vec<PathBuf>,
        hidden: Vec<PathBuf>,
        limits: Limits,
        strength: Strength,
    ) -> Result<Fence> {
        let (files, temporary) = (scratch.join("files"), scratch.join("tmp"));
        let libraries = scratch.join("libraries");
        for folder in [work, &files, &temporary, &libraries] {
            crate::files::make_folder(folder)?;
        }
        Ok(Fence {
            work: work.to_owned(),
            writes: vec![files, temporary],
            reads,
            hidden,
            libraries,
            limits,
            strength,
            ended: Mutex::default(),
            slowest: Mutex::default(),
        })
    }

    /// The folder that the cells run in.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// The most time that a cell may take by the clock.
    pub fn time(&self) -> Duration {
        meter::by_the_clock(self.limits.time)
    }

    /// The most processor time that a cell has taken.
    pub fn slowest(&self) -> Duration {
        *lock(&self.slowest)
    }

    fn took(&self, time: Duration) {
        let mut slowest = lock(&self.slowest);
        *slowest = time.max(*slowest);
    }

    /// The command that runs `host` in the fence.
    ///
    /// # Errors
    /// [`Error::Tool`] if the system does not say where `radio` itself is.
    pub fn command(&self, host: &Path) -> Result<Command> {
        let mut reads = self.reads.clone();
        reads.push(self.libraries.clone());
        reads.extend(host.parent().map(Path::to_owned));
        let mut command = order(&enter::Order::Run(enter::Rules {
            program: host.to_owned(),
            reads,
            hidden: self.hidden.clone(),
            writes: self.writes.clone(),
            memory: self.limits.memory,
            file: self.limits.disk,
            strength: self.strength,
        }))?;
        // What else is in the environment is nobody's business.
        const KEPT: [&str; 7] = [
            "PATH",
            "LANG",
            "LC_ALL",
            "TZ",
            "RUST_BACKTRACE",
            "RAYON_NUM_THREADS",
            "LD_LIBRARY_PATH",
        ];
        let order = command.get_envs().map(|(key, value)| {
            let value = value.unwrap_or_default();
            (key.to_owned(), value.to_owned())
        });
        let order: Vec<_> = order.collect();
        let kept = KEPT.map(|key| (key, std::env::var_os(key)));
        command.env_clear().envs(order);
        command.envs(
            kept.into_iter()
                .filter_map(|(key, value)| Some((key, value?))),
        );
        for key in ["HOME", "TMPDIR"] {
            command.env(key, &self.writes[1]);
        }
        command.current_dir(&self.work);
        Ok(command)
    }

    /// Brings what a cell loads into the fence.
    ///
    /// # Errors
    /// [`Error::Io`] if that cannot be done.
    pub fn bring(&self, entry: &Entry) -> Result<Entry> {
        let bring = |library: &PathBuf| -> Result<PathBuf> {
            let name = library.file_name().unwrap_or_default().to_string_lossy();
            let inside = self
                .libraries
                .join(format!("{}-{name}", crate::hash::hash_of(library)));
            if !inside.exists() {
                let linked = std::fs::hard_link(library, &inside);
                linked
                    .or_else(|_| std::fs::copy(library, &inside).map(|_| ()))
                    .map_err(Error::io(&inside, "writing"))?;
            }
            Ok(inside)
        };
        Ok(Entry {
            loads: entry.loads.iter().map(bring).collect::<Result<_>>()?,
            library: bring(&entry.library)?,
            start: entry.start.clone(),
        })
    }

    /// Watches over the processes that `leader` starts, until the guard is dropped, which ends them all.
    pub fn guard(self: &Arc<Fence>, leader: u32) -> Guard {
        Guard::begin(self.clone(), leader)
    }

    /// Says that cells were ended, and why.
    fn end(&self, why: String) {
        lock(&self.ended).get_or_insert(why);
    }

    /// Puts the reason why the fence ended a cell in the place of what that looked like.
    pub fn explain(&self, failure: &mut Failure) {
        if let Some(why) = lock(&self.ended).take() {
            *failure = Failure {
                ename: "Limit".to_owned(),
                evalue: why,
                place: None,
            };
        }
    }
}

/// `radio` itself, as the process that puts up a fence.
fn order(order: &enter::Order) -> Result<Command> {
    let radio = std::env::current_exe().map_err(|error| cannot_start(&error.to_string()))?;
    let text = serde_json::to_string(order).map_err(|error| cannot_start(&error.to_string()))?;
    let mut command = Command::new(radio);
    command.env(VARIABLE, text);
    Ok(command)
}

fn cannot_start(why: &str) -> Error {
    Error::tool(
        "radio",
        format!("it cannot be started once more, to run cells behind a fence: {why}"),
    )
}
