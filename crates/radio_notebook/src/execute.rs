//! Executes a notebook: compiles what can be compiled, runs it cell by cell, and puts the outputs in their places.
//!
//! | file | |
//! |---|---|
//! | `startup` | evcxr's start-up files |
//! | `parameters` | values that are given for those of a notebook |
//! | `plan` | the cells that are to run, taken apart |
//! | `ahead` | compiles the next cells while one runs |
//! | `spare` | has a second compiler at work where there is a core for it |
//! | `live` | the host, and what it keeps between two runs of a notebook |
//! | `engine`, `by_evcxr` | cells that evcxr executes |
//! | `errors`, `hints` | what is said of a cell that fails, and what may have been meant |
//! | `syntax` | what the compiler's parser says of a cell |
//! | `portability` | what cells do that the stock kernel does not |
//! | `watcher` | one who hears of all that happens |
//! | `batch` | several notebooks at once |
//! | `clock` | timestamps |

mod ahead;
pub mod batch;
mod by_evcxr;
pub(crate) mod clock;
pub mod engine;
pub mod errors;
pub mod hints;
mod live;
pub mod parameters;
mod plan;
pub mod portability;
mod spare;
pub mod startup;
mod syntax;
mod watcher;

use crate::build::toolchain::Toolchain;
use crate::cells::{Cells, Compiled, Facts, Places, Scope};
use crate::document::{Notebook, Output};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::run::displays;
use crate::run::fence::Fence;
use crate::run::outputs::Stream;
use crate::run::running::Running;
use crate::run::session::{CellRun, Failure, Job, failure};
use ahead::{Ahead, Task};
use engine::Engine;
use errors::{compile_error, described, failure_output, in_cell_terms, refused};
pub use live::Live;
use live::{Ended, Kept, MAX_STATES};
pub use plan::number_of;
use plan::{Work, asks_for_input, plan, profile_of, startup_work};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use watcher::InCellTerms;
pub use watcher::Watcher;

/// How to execute.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What executes the cells.
    pub engine: Engine,
    /// The most time for one cell.
    pub timeout: Option<Duration>,
    /// When all must be over.
    pub deadline: Option<Instant>,
    /// The last cell to run: its number among the code cells, its id, or its label.
    pub until: Option<String>,
    /// Whether a cell's failure leaves the later cells to run.
    pub allow_errors: bool,
    /// Whether the executed cells get timing metadata, as nbclient writes it.
    pub record_timing: bool,
    /// What the cells run behind; in the notebook's folder and with all rights if there is none. For the compiled
    /// engine.
    pub fence: Option<Arc<Fence>>,
}

/// What an execution came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many cells ran.
    pub executed: usize,
    /// How many did not, since what they gave in an earlier run still holds.
    pub stayed: usize,
    /// Each cell's number and the time it took.
    pub timings: Vec<(usize, Duration)>,
    /// The cells that failed though nobody expected it, and how, in one line each.
    pub failures: Vec<(usize, String)>,
    /// The time that compiling took.
    pub compiling: Duration,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
    /// What ended it before all cells that were to run had run, though no cell was to blame: a disk that is full, or
    /// so.
    pub cut_short: Option<Error>,
    /// What cells do that the stock kernel does not, by their numbers.
    pub facts: Vec<(u32, Facts)>,
    /// The start-up files that were read.
    pub startup_files: Vec<PathBuf>,
}

impl Summary {
    /// The summary of a run that came to its end.
    ///
    /// # Errors
    /// What cut it short, or [`Error::Interrupted`].
    pub fn whole(mut self) -> Result<Summary> {
        match self.cut_short.take() {
            Some(error) => Err(error),
            None if self.interrupted => Err(Error::Interrupted),
            None => Ok(self),
        }
    }
}

/// Executes `notebook`, which was read from `path`, and stores the outputs in it.
///
/// # Errors
/// Trouble with files, cargo or arguments before a cell has run; afterwards, it is [`Summary::cut_short`]. A failing
/// cell is no error here: see [`Summary::failures`].
pub fn execute(
    notebook: &mut Notebook,
    path: &Path,
    options: &Options,
    watcher: &mut dyn Watcher,
) -> Result<Summary> {
    execute_again(&mut Live::default(), notebook, path, options, watcher)
}

/// Executes `notebook` as [`execute`] does, from the first cell that is not as it was when it ran `live`; those before
/// it keep what they gave.
///
/// # Errors
/// As [`execute`].
pub fn execute_again(
    live: &mut Live,
    notebook: &mut Notebook,
    path: &Path,
    options: &Options,
    watcher: &mut dyn Watcher,
) -> Result<Summary> {
    options.engine.check()?;
    let folder = notebook_folder(path)?;
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut work = plan(notebook, &name, options)?;
    for index in work.iter().filter_map(|work| work.index) {
        notebook.cells[index].set_outputs(&[], None);
    }
    watcher.begins(work.len());
    let startup = startup::read(&folder)?;
    if let Some(startup) = &startup {
        work.insert(0, startup_work(startup)?);
    }
    let mut execution = Execution {
        work,
        folder,
        name,
        options,
        places: Places::default(),
        watcher,
        profile: profile_of(notebook, path)?,
        notebook,
        ended: None,
        startup_failure: None,
        summary: Summary::default(),
    };
    let run = execution.run(live);
    let mut summary = execution.summary;
    match run {
        Err(error) if summary.executed > 0 => summary.cut_short = Some(error),
        run => run?,
    }
    if let Some(startup) = startup {
        if let Some(message) = execution.startup_failure {
            return Err(Error::document(&startup.files[0], message));
        }
        summary.startup_files = startup.files;
    }
    Ok(summary)
}

/// Looks for the compiler of these notebooks on a thread of its own: to ask it what it is takes as long as to read
/// them.
pub fn look_for_compiler(paths: &[PathBuf], engine: Engine) {
    let mut folders: Vec<_> = paths
        .iter()
        .flat_map(|path| notebook_folder(path))
        .collect();
    folders.dedup();
    if engine == Engine::Compiled {
        // What is wrong with it is said when it is needed.
        std::thread::spawn(move || {
            folders
                .iter()
                .for_each(|folder| _ = Toolchain::find(folder))
        });
    }
}

/// The folder that a notebook lies in.
pub(crate) fn notebook_folder(path: &Path) -> Result<PathBuf> {
    let whole = std::fs::canonicalize(path).map_err(Error::io(path, "finding"))?;
    Ok(whole.parent().unwrap_or(Path::new("/")).to_owned())
}

struct Execution<'e> {
    notebook: &'e mut Notebook,
    work: Vec<Work>,
    folder: PathBuf,
    name: String,
    places: Places,
    options: &'e Options,
    watcher: &'e mut dyn Watcher,
    profile: toml::Table,
    /// What came of the last cell that ran.
    ended: Option<Ended>,
    /// What went wrong in the start-up files.
    startup_failure: Option<String>,
    summary: Summary,
}

impl Execution<'_> {
    fn run(&mut self, live: &mut Live) -> Result<()> {
        match self.options.engine {
            Engine::Compiled => self.run_compiled(live),
            Engine::Evcxr => {
                let mut next = 0;
                while next < self.work.len() && !self.summary.interrupted {
                    next = self.run_by_evcxr(next)?;
                }
                Ok(())
            }
        }
    }

    /// Runs the cells, each compiled by itself, from the first that is not as it was.
    fn run_compiled(&mut self, live: &mut Live) -> Result<()> {
        let asks =
            self.watcher.can_answer() && self.work.iter().any(|work| asks_for_input(&work.code));
        let tasks = self.work.iter().map(|work| Task {
            number: work.number,
            source: work.source.as_str().into(),
            code: work.error.is_none().then(|| Arc::new(work.code.clone())),
            may_fail: work.may_fail,
        });
        let tasks: Vec<Task> = tasks.collect();
        // Whatever goes wrong from here on, the next run begins anew.
        let mut kept = match live.kept.take() {
            Some(kept)
                if kept.running.asks() == asks
                    && kept.begin.settings.build.profile == self.profile =>
            {
                kept
            }
            _ => self.begin(asks, live.goes_on)?,
        };
        self.places = kept.places.clone();
        let from = kept.go_back(&self.work);
        kept.ahead.go_on_with(tasks, from, kept.scope().clone());
        for (at, done) in kept.done.iter().enumerate() {
            self.stays(at, &done.ended);
        }
        self.run_from(&mut kept, from, live.goes_on)?;
        live.kept = live.goes_on.then_some(kept);
        Ok(())
    }

    fn begin(&self, asks: bool, goes_on: bool) -> Result<Kept> {
        let cells = Cells::of_folder(&self.folder, self.options.deadline)?;
        let places = cells.places();
        let mut begin = Scope::default();
        begin.settings.build.profile.clone_from(&self.profile);
        let running =
            Running::new(cells.host().to_owned(), asks).behind(self.options.fence.clone());
        Ok(Kept {
            places,
            running: match goes_on {
                true => running.keeping(MAX_STATES),
                false => running,
            },
            ahead: Ahead::begin(cells, goes_on),
            begin,
            done: Vec::new(),
        })
    }

    /// Runs the cells from the one at `first` on. `goes_on`: whether another run may follow.
    fn run_from(&mut self, kept: &mut Kept, first: usize, goes_on: bool) -> Result<()> {
        let last_that_may_fail = self.work.iter().rposition(|work| work.may_fail);
        for at in first..self.work.len() {
            if self.is_out_of_time() {
                self.run_out_of_time(at);
                return Ok(());
            }
            let (error, may_fail) = (self.work[at].error.clone(), self.work[at].may_fail);
            let compiled = match error {
                Some(error) => Err(error),
                None => match self.wait_for(&mut kept.ahead, at)? {
                    Some(done) => done,
                    None if self.is_out_of_time() && !interrupt::requested() => {
                        self.run_out_of_time(at);
                        return Ok(());
                    }
                    None => {
                        self.summary.interrupted = true;
                        return Ok(());
                    }
                },
            };
            let work = &self.work[at];
            let number = work.number;
            if work.index.is_some() {
                if !self.watcher.may_begin(number as usize) {
                    return Ok(());
                }
                self.watcher.cell_begins(number as usize, &work.source);
            }
            let (started, clock) = (SystemTime::now(), Instant::now());
            let mut compiled = match compiled {
                Ok(compiled) => compiled,
                Err(error) => {
                    self.finish_cell(at, vec![error], started, clock.elapsed());
                    if !may_fail {
                        return Ok(());
                    }
                    self.is_over(kept, at, kept.scope().clone());
                    continue;
                }
            };
            if !self.work[at].expected_to_fail {
                self.summary.facts.push((number, compiled.facts.clone()));
            }
            let Some(entry) = &mut compiled.entry else {
                self.finish_run(at, CellRun::default(), started, clock);
                self.is_over(kept, at, compiled.scope);
                continue;
            };
            if let Some(fence) = &self.options.fence {
                *entry = fence.bring(entry)?;
            }
            let job = Job {
                cell: number,
                entry,
                keep: goes_on || last_that_may_fail.is_some_and(|last| at <= last),
            };
            let Some(run) = self.run_job(&mut kept.running, &job)? else {
                self.summary.interrupted = true;
                return Ok(());
            };
            let (failed, snapshot) = (run.failure.is_some(), run.snapshot);
            self.finish_run(at, run, started, clock);
            if !failed {
                kept.running
                    .succeeded(compiled.entry.as_ref(), number, snapshot);
                self.is_over(kept, at, compiled.scope);
                continue;
            }
            if self.summary.interrupted && self.watcher.goes_on_after_interrupt() {
                self.summary.interrupted = false;
            }
            let ends = !may_fail || self.summary.interrupted;
            if !ends || goes_on {
                kept.running.go_back(snapshot);
            }
            if ends {
                return Ok(());
            }
            kept.ahead
                .restart(at + 1, compiled.scope_after_failure.clone());
            self.is_over(kept, at, compiled.scope_after_failure);
        }
        Ok(())
    }

    /// Takes note of a cell that is over, for the next run; the next cell sees `scope`.
    fn is_over(&mut self, kept: &mut Kept, at: usize, scope: Scope) {
        if let Some(ended) = self.ended.take() {
            kept.is_over(&self.work[at], scope, ended);
        }
    }

    /// What came of compiling a cell: what is to run, or the error output; `None` after Ctrl-C or the deadline.
    fn wait_for(
        &mut self,
        ahead: &mut Ahead,
        at: usize,
    ) -> Result<Option<std::result::Result<Compiled, Output>>> {
        let begun = Instant::now();
        let deadline = self.options.deadline;
        let is_over = || {
            interrupt::requested() || deadline.is_some_and(|deadline| Instant::now() >= deadline)
        };
        let watcher = &mut *self.watcher;
        let done = ahead.wait(at, &mut |line| watcher.compiles(line), &is_over);
        self.summary.compiling += begun.elapsed();
        Ok(match done {
            None | Some(Err(Error::Interrupted | Error::TimedOut(_))) => None,
            Some(Err(error)) => return Err(error),
            Some(Ok(Ok(compiled))) => Some(Ok(compiled)),
            Some(Ok(Err(refusal))) => {
                let number = self.work[at].number;
                let source = |cell| self.source_of(cell);
                let (error, _) = refused(refusal, number, &self.folder, &source, &self.name);
                Some(Err(error))
            }
        })
    }

    /// Has the host run a cell, and starts it before the first; `None` after Ctrl-C.
    fn run_job(&mut self, running: &mut Running, job: &Job<'_>) -> Result<Option<CellRun>> {
        let Some(session) = running.session(&self.folder)? else {
            return Ok(None);
        };
        let by_cell = self.options.timeout.map(|timeout| Instant::now() + timeout);
        let deadline = [by_cell, self.options.deadline].into_iter().flatten().min();
        let mut listener = InCellTerms {
            watcher: &mut *self.watcher,
            places: &self.places,
        };
        let mut run = session.run(job, deadline, &mut listener);
        if let (Some(fence), Some(failure)) = (&self.options.fence, &mut run.failure) {
            fence.explain(failure);
        }
        Ok(Some(run))
    }

    /// Puts what running a cell gave into the notebook. Returns whether it failed.
    fn finish_run(
        &mut self,
        at: usize,
        mut run: CellRun,
        started: SystemTime,
        clock: Instant,
    ) -> bool {
        let number = self.work[at].number;
        for output in &mut run.outputs {
            if let Output::Stream { text, .. } = output {
                *text = in_cell_terms(text, &self.places).into_owned();
            }
        }
        for (text, place) in &run.notes {
            let text = format!("{text} ({})\n", described(place, &self.places));
            self.watcher.writes(Stream::Stderr, &text);
            // The value stays last.
            let is_value =
                |output: &Output| matches!(output, Output::Data { is_result, .. } if *is_result);
            let at = run.outputs.len() - usize::from(run.outputs.last().is_some_and(is_value));
            run.outputs
                .insert(at, Output::Stream { stderr: true, text });
        }
        run.outputs = displays::settle(run.outputs);
        if self.options.engine == Engine::Evcxr {
            engine::complete(&mut run, &self.work[at].code);
        }
        if !run.refused.is_empty() {
            let source = |cell| self.source_of(cell);
            run.outputs
                .push(compile_error(&run.refused, &source, &self.name));
        }
        if let Some(failure) = &run.failure {
            let error = self.failure_output(failure, number);
            run.outputs.push(error);
            self.summary.interrupted |= failure.ename == "Interrupted";
        }
        if self.work[at].timed && self.options.record_timing {
            run.outputs.push(clock::took(clock.elapsed()));
        }
        let failed = run.failure.is_some() || !run.refused.is_empty();
        self.finish_cell(at, run.outputs, started, clock.elapsed());
        failed
    }

    fn is_out_of_time(&self) -> bool {
        let deadline = self.options.deadline;
        deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Fails the next cell, for which no time is left: the notebook's own, whatever it expects, and not the start-up
    /// files'.
    fn run_out_of_time(&mut self, next: usize) {
        let of_notebook = |at: &usize| self.work[*at].index.is_some();
        let Some(at) = (next..self.work.len()).find(of_notebook) else {
            return;
        };
        self.work[at].expected_to_fail = false;
        let failure = failure("Timeout", "the run did not end in the time it was given");
        let number = self.work[at].number;
        self.watcher
            .cell_begins(number as usize, &self.work[at].source);
        let error = self.failure_output(&failure, number);
        self.finish_cell(at, vec![error], SystemTime::now(), Duration::ZERO);
    }

    fn finish_cell(
        &mut self,
        at: usize,
        outputs: Vec<Output>,
        started: SystemTime,
        took: Duration,
    ) {
        let number = self.work[at].number as usize;
        let ended = Ended {
            outputs,
            started,
            took,
        };
        if self.work[at].index.is_some() {
            self.watcher.cell_ends(number, &ended.outputs, took);
            self.put(at, &ended);
            self.summary.executed += 1;
            self.summary.timings.push((number, took));
        } else if let Some(Output::Error { traceback, .. }) = ended.outputs.last() {
            self.startup_failure = Some(traceback.join("\n"));
        }
        self.ended = Some(ended);
    }

    /// Leaves a cell as an earlier run did.
    fn stays(&mut self, at: usize, ended: &Ended) {
        if self.work[at].index.is_some() {
            let number = self.work[at].number as usize;
            self.watcher.cell_stays(number, &ended.outputs);
            self.put(at, ended);
            self.summary.stayed += 1;
        }
    }

    /// Puts what came of a cell into the notebook.
    fn put(&mut self, at: usize, ended: &Ended) {
        let work = &self.work[at];
        let (number, expected) = (work.number as usize, work.expected_to_fail);
        let Some(index) = work.index else { return };
        let interrupted = self.summary.interrupted;
        if let Some(Output::Error { ename, evalue, .. }) = ended.outputs.last()
            && (!expected || interrupted)
        {
            self.summary.failures.push((
                number,
                format!("{ename}: {}", evalue.lines().next().unwrap_or_default()),
            ));
        }
        let cell = &mut self.notebook.cells[index];
        let mut outputs = ended.outputs.clone();
        if cell.has_tag("remove-output") {
            outputs.retain(|output| matches!(output, Output::Error { .. }));
        }
        cell.set_outputs(&outputs, Some(number));
        if self.options.record_timing {
            let begin = clock::stamp(ended.started);
            let end = clock::stamp(clock::after(ended.started, ended.took));
            cell.set_metadata(
                "execution",
                json!({
                    "iopub.execute_input": begin,
                    "iopub.status.busy": begin,
                    "iopub.status.idle": end,
                    "shell.execute_reply": end,
                }),
            );
        }
    }

    fn source_of(&self, cell: u32) -> Option<&str> {
        let work = self.work.iter().find(|work| work.number == cell)?;
        Some(&work.source)
    }

    fn failure_output(&self, failure: &Failure, number: u32) -> Output {
        let source = |cell| self.source_of(cell);
        let at = self.work.iter().position(|work| work.number == number);
        let sources = self.work[..=at.unwrap_or(0)].iter().rev();
        let sources = sources.map(|work| work.source.as_str());
        let help = hints::about_files(failure, sources, &self.folder);
        failure_output(failure, number, &self.name, &self.places, &source, help)
    }
}
