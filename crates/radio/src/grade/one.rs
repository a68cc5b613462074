//! One hand-in: put together, run behind a fence, and counted.

use super::assemble::{Assembled, assemble};
use super::hand_ins::HandIn;
use super::policy::Policy;
use crate::assign::score::{self, Mark};
use crate::assign::scratch::Offer;
use crate::assign::source::Source;
use crate::report::execute_unseen;
use radio_notebook::build::place::target_of;
use radio_notebook::build::toolchain::Toolchain;
use radio_notebook::document::{Cell, Notebook};
use radio_notebook::error::{Error, Result};
use radio_notebook::execute::Options;
use radio_notebook::files;
use radio_notebook::run::fence::{Fence, Limits, Strength, keep_thread_from};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A hand-in may take as long as this many of its cells at most, all in all.
const CELLS_OF_TIME: u32 = 60;
/// And at least so long: a machine that is busy must not cost points.
const MIN_TIME: Duration = Duration::from_secs(300);
/// How much processor time a cell of the solved notebook may take at least.
const MIN_TIME_OF_SOURCE: Duration = Duration::from_secs(60);
/// A cell of a hand-in may take so many times the processor time of the slowest cell of the solved notebook.
const TIMES_THE_SLOWEST: u32 = 4;

/// What all hand-ins of an assignment are graded with.
#[derive(Debug)]
pub struct Course {
    /// The assignment, solved.
    pub source: Source,
    policy: Policy,
    offer: Offer,
    /// What the compiler may not read for a hand-in.
    denied: Vec<PathBuf>,
    /// What cells may read besides their own folder.
    reads: Vec<PathBuf>,
    limits: Limits,
    strength: Strength,
    /// Where all is kept that is compiled.
    target: PathBuf,
    /// Where the folders are that hand-ins run in.
    place: TempDir,
}

/// What a hand-in that was run is worth.
#[derive(Debug)]
pub struct Sheet {
    /// The marks, in the order of the assignment.
    pub marks: Vec<Mark>,
    /// The cells that ran, with their outputs.
    pub ran: Vec<Cell>,
    /// What is shown of each, without its outputs.
    pub shown: Vec<Cell>,
    /// The answers.
    pub answers: BTreeMap<String, String>,
    /// What was not as it should be, a clause each.
    pub remarks: Vec<String>,
}

impl Course {
    /// An assignment to grade; `others` are the hand-ins, and where their grades go.
    ///
    /// # Errors
    /// [`Error::Io`] if no folder can be made to run hand-ins in.
    pub fn new(
        source: Source,
        others: &[PathBuf],
        limits: Limits,
        strength: Strength,
    ) -> Result<Course> {
        let folder = source.folder();
        let offer = Offer::of(&source, others)?;
        // Beside what is compiled, so that libraries need not be copied.
        let target = target_of(&folder)?;
        files::make_folder(&target.join("radio"))?;
        let place = place_in(&target.join("radio"))?;
        let mut denied = vec![files::real(&source.path)];
        denied.extend(folder.ancestors().map(|above| above.join(".git")));
        denied.extend(offer.kept_back.iter().cloned());
        // What holds what is compiled cannot be denied as a whole.
        denied.extend(
            others
                .iter()
                .filter(|path| !target.starts_with(path))
                .cloned(),
        );
        let mut reads = offer.named.clone();
        reads.push(Toolchain::find(&folder)?.libraries);
        Ok(Course {
            policy: Policy::of(&source),
            source,
            offer,
            denied,
            reads,
            limits,
            strength,
            target,
            place,
        })
    }

    /// Runs the solved notebook as hand-ins are run, but for the time. By what it takes is known what hand-ins may take
    /// here, where that is more than was said: returned with the marks.
    ///
    /// # Errors
    /// As [`execute_unseen`].
    pub fn run_source(&mut self) -> Result<(Vec<Mark>, Option<Duration>)> {
        let notebook = self.source.notebook.clone();
        let said = self.limits.time;
        self.limits.time = said.max(MIN_TIME_OF_SOURCE);
        let fence = self.fence()?;
        let ran = self.run(notebook, &fence)?;
        self.limits.time = said.max(fence.fence.slowest() * TIMES_THE_SLOWEST);
        let more = Some(self.limits.time).filter(|time| *time > said);
        Ok((score::marks(&ran, &self.source.parts), more))
    }

    /// Grades a hand-in on a thread of its own, which cannot read the others.
    ///
    /// # Errors
    /// [`Error::Interrupted`] after Ctrl-C. The inner error says why the hand-in cannot be graded.
    pub fn grade(&self, hand_in: &HandIn) -> Result<std::result::Result<Sheet, String>> {
        let own = || self.grade_here(hand_in);
        let graded = catch_unwind(AssertUnwindSafe(own));
        let graded = graded.unwrap_or_else(|_| Ok(Err("radio itself failed on it".to_owned())));
        match graded {
            Err(Error::Interrupted) => Err(Error::Interrupted),
            Err(error) => Ok(Err(error.to_string())),
            Ok(graded) => Ok(graded),
        }
    }

    fn grade_here(&self, hand_in: &HandIn) -> Result<std::result::Result<Sheet, String>> {
        if hand_in.path.is_dir() {
            return Ok(Err("there is no notebook in this folder".to_owned()));
        }
        let notebook = match Notebook::read(&hand_in.path) {
            Ok(notebook) => notebook,
            // The table has the name.
            Err(Error::Document { message, .. }) => return Ok(Err(message)),
            Err(Error::Io { source, .. }) => {
                return Ok(Err(format!("it cannot be read: {source}")));
            }
            Err(error) => return Ok(Err(error.to_string())),
        };
        let assembled = match assemble(&self.source, &notebook, &self.policy) {
            Ok(assembled) => assembled,
            Err(why) => return Ok(Err(why)),
        };
        let Assembled {
            notebook,
            parts,
            shown,
            answers,
            mut remarks,
        } = assembled;
        let fence = self.fence()?;
        let run = || {
            keep_thread_from(&self.denied, &[&self.target]);
            self.run(notebook, &fence)
        };
        let run = std::thread::scope(|scope| scope.spawn(run).join());
        let ran = run.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let marks = score::marks(&ran, &parts);
        let numbered = (1..).zip(ran.iter().filter(|cell| cell.is_numbered()));
        for (number, cell) in numbered {
            // What is not the answer's fault alone is said in the table as well.
            if let Some(why) = score::failure(cell)
                && ["Limit", "Timeout", "Signal", "Exited"]
                    .iter()
                    .any(|name| why.starts_with(name))
            {
                remarks.push(format!("cell {number}: {why}"));
            }
        }
        Ok(Ok(Sheet {
            marks,
            ran,
            shown,
            answers,
            remarks,
        }))
    }

    /// A fence, with a folder of its own.
    fn fence(&self) -> Result<Fenced> {
        let scratch = tempfile::tempdir_in(self.place.path());
        let scratch = scratch.map_err(Error::io(self.place.path(), "writing"))?;
        let work = self.offer.fill(&scratch.path().join("files"))?;
        let fence = Fence::new(
            scratch.path(),
            &work,
            self.reads.clone(),
            self.denied.clone(),
            self.limits,
            self.strength,
        )?;
        Ok(Fenced {
            fence: Arc::new(fence),
            _scratch: scratch,
        })
    }

    /// Runs a notebook behind a fence, and returns its cells.
    fn run(&self, mut notebook: Notebook, fenced: &Fenced) -> Result<Vec<Cell>> {
        let most = (self.limits.time * CELLS_OF_TIME).max(MIN_TIME);
        let options = Options {
            timeout: Some(fenced.fence.time()),
            deadline: Some(Instant::now() + most),
            allow_errors: true,
            fence: Some(fenced.fence.clone()),
            ..Options::default()
        };
        execute_unseen(&mut notebook, &self.source.path, &options)?;
        let mut cells = notebook.cells;
        cells.iter_mut().for_each(settle);
        Ok(cells)
    }
}

/// A fence, and the folder that goes with it.
#[derive(Debug)]
struct Fenced {
    fence: Arc<Fence>,
    _scratch: TempDir,
}

/// A folder for those that hand-ins run in; those of runs that were killed go.
fn place_in(target: &Path) -> Result<TempDir> {
    const PREFIX: &str = "grade-";
    for folder in files::left_behind(target, PREFIX) {
        let _ = std::fs::remove_dir_all(folder);
    }
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let place = tempfile::Builder::new().prefix(&prefix).tempdir_in(target);
    place.map_err(Error::io(target, "writing"))
}

/// Leaves of the outputs of a cell that was ended the error alone: what else it wrote by then is another each time.
fn settle(cell: &mut Cell) {
    let is_ended = |why: String| why.starts_with("Limit") || why.starts_with("Timeout");
    if score::failure(cell).is_some_and(is_ended)
        && let Some(outputs) = cell.outputs_mut()
    {
        outputs.drain(..outputs.len().saturating_sub(1));
    }
}
