//! Executes a notebook: compiles what can be compiled, runs it cell by cell, and puts the outputs in their places.

mod ahead;
mod spare;

use crate::build::place::target_of;
use crate::build::{set, toolchain::Toolchain, unit};
use crate::cells::{Cells, Compiled, Facts, Places, Refusal, Scope};
use crate::clock;
use crate::collect::{Request, Stream};
use crate::commands::Command;
use crate::diagnostics::Diagnostic;
use crate::dialect::{CellCode, CellError};
use crate::displays;
use crate::document::{Notebook, Output};
use crate::engine::{self, Engine, Job, JobCell, Launch, Slot};
use crate::error::{Error, Result};
use crate::errors::{
    cell_error, cell_place, compile_error, dependency_error, failure_output, in_cell_terms,
};
use crate::interrupt;
use crate::running::Running;
use crate::session::{CellRun, Failure, Job as HostJob, Listener, Session};
use crate::startup::{self, Startup};
use ahead::{Ahead, Task};
use radio_runtime::protocol::Place;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

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
}

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
}

/// What an execution came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many cells ran.
    pub executed: usize,
    /// Each cell's number and the time it took.
    pub timings: Vec<(usize, Duration)>,
    /// The cells that failed though nobody expected it, and how, in one line each.
    pub failures: Vec<(usize, String)>,
    /// The time that compiling took.
    pub compiling: Duration,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
    /// What ended it before all cells that were to run had run, though no cell was to blame: a disk that is full, or so.
    pub cut_short: Option<Error>,
    /// What cells do that the stock kernel does not, by their numbers.
    pub facts: Vec<(u32, Facts)>,
    /// The start-up files that were read.
    pub startup_files: Vec<PathBuf>,
}

/// A code cell on its way.
struct Work {
    /// Where it stands in the notebook; `None` for what its start-up files say.
    index: Option<usize>,
    /// Its number among the code cells that are not empty, from 1; 0 for the start-up files.
    number: u32,
    source: String,
    code: CellCode,
    /// Why it cannot run: found before running.
    error: Option<Output>,
    /// Whether its failing leaves later cells to run.
    may_fail: bool,
    /// Whether its failing is what the notebook wants to show.
    expected_to_fail: bool,
    /// Whether the notebook asked, with `:timing`, for the time that it takes.
    timed: bool,
}

/// Executes `notebook`, which was read from `path`, and stores the outputs in it.
///
/// # Errors
/// Trouble with files, cargo or arguments before a cell has run; afterwards, it is [`Summary::cut_short`]. A failing cell is no
/// error here: see [`Summary::failures`].
pub fn execute(
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
        startup_failure: None,
        summary: Summary::default(),
    };
    let run = execution.run();
    let mut summary = execution.summary;
    match run {
        Err(error) if summary.executed > 0 => summary.cut_short = Some(error),
        run => run?,
    }
    if let Some(startup) = startup {
        if let Some(message) = execution.startup_failure {
            let path = startup.files[0].clone();
            return Err(Error::Document { path, message });
        }
        summary.startup_files = startup.files;
    }
    Ok(summary)
}

/// The settings of cargo's profile for the cells, from the notebook's metadata: `{"radio": {"profile": {"opt-level": 2}}}`.
fn profile_of(notebook: &Notebook, path: &Path) -> Result<toml::Table> {
    const KNOWN: [&str; 5] = [
        "opt-level",
        "debug",
        "debug-assertions",
        "overflow-checks",
        "codegen-units",
    ];
    let refuse = |message: String| Error::Document {
        path: path.to_owned(),
        message: format!("metadata.radio.profile: {message}"),
    };
    let given = notebook
        .metadata()
        .and_then(|all| all.get("radio")?.get("profile"));
    let Some(given) = given else {
        return Ok(toml::Table::new());
    };
    let text = given.to_string();
    let profile: toml::Table = serde_json::from_str(&text)
        .map_err(|_| refuse(format!("{text} should be an object of settings")))?;
    if let Some(unknown) = profile.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        let known = KNOWN.join(", ");
        return Err(refuse(format!(
            "`{unknown}` is not one of the settings for cells: {known}"
        )));
    }
    Ok(profile)
}

/// The start-up files as a cell before the first.
fn startup_work(startup: &Startup) -> Result<Work> {
    let code = CellCode::parse(&startup.source).map_err(|error| Error::Document {
        path: startup.files[0].clone(),
        message: match error {
            CellError::Command { message, .. } => message,
            CellError::Syntax { message, .. } => format!("the prelude is not Rust: {message}"),
        },
    })?;
    Ok(Work {
        index: None,
        number: 0,
        source: startup.source.clone(),
        code,
        error: None,
        may_fail: false,
        expected_to_fail: false,
        timed: false,
    })
}

/// The folder that a notebook lies in.
pub(crate) fn notebook_folder(path: &Path) -> Result<PathBuf> {
    let whole = std::fs::canonicalize(path).map_err(Error::io(path, "finding"))?;
    Ok(whole.parent().unwrap_or(Path::new("/")).to_owned())
}

/// The cells to run, taken apart.
fn plan(notebook: &Notebook, name: &str, options: &Options) -> Result<Vec<Work>> {
    let code = notebook.cells.iter().enumerate();
    let numbered: Vec<_> = code
        .filter(|(_, cell)| cell.is_numbered())
        .zip(1u32..)
        .map(|((index, cell), number)| (index, cell, number))
        .collect();
    let last = match &options.until {
        None => u32::MAX,
        Some(until) => {
            let is_it = |cell: &crate::document::Cell, number: u32| {
                until.parse() == Ok(number)
                    || cell.id() == Some(until)
                    || cell.label().as_ref() == Some(until)
            };
            let found = numbered
                .iter()
                .find(|(_, cell, number)| is_it(cell, *number));
            found.map(|(.., number)| *number).ok_or_else(|| {
                Error::Argument(format!(
                    "--until {until}: {name} has no such cell; give a number from 1 to {}, a cell's id or its label",
                    numbered.len()
                ))
            })?
        }
    };
    let wanted = numbered
        .into_iter()
        .filter(|(_, cell, number)| *number <= last && !cell.has_tag("skip-execution"));
    let mut timed = false;
    let work = wanted.map(|(index, cell, number)| {
        let expected_to_fail = cell.has_tag("raises-exception");
        let parsed = CellCode::parse(&cell.source);
        let error = parsed
            .as_ref()
            .err()
            .map(|error| cell_error(error, number, &cell.source, name));
        for (_, command) in parsed.iter().flat_map(|code| &code.commands) {
            timed ^= *command == Command::Timing;
        }
        Work {
            index: Some(index),
            number,
            source: cell.source.clone(),
            code: parsed.unwrap_or_default(),
            error,
            may_fail: expected_to_fail || options.allow_errors,
            expected_to_fail,
            timed,
        }
    });
    Ok(work.collect())
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
    /// What went wrong in the start-up files.
    startup_failure: Option<String>,
    summary: Summary,
}

/// Passes on what a cell writes with the places in the program as places in cells.
struct InCellTerms<'l> {
    watcher: &'l mut dyn Watcher,
    places: &'l Places,
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

/// Whether a cell brings the crate by which cells ask for input.
fn asks_for_input(code: &CellCode) -> bool {
    const CRATE: &str = "evcxr_input";
    let is_external = |text: &str| {
        text.split(|c: char| c != '_' && !c.is_alphanumeric())
            .any(|word| word == CRATE)
    };
    let mut external = code.extern_crates.iter();
    external.any(|item| is_external(&item.text.text))
        || code.commands.iter().any(|(_, command)| match command {
            Command::Dep {
                name,
                specification,
            } => {
                let package = specification.get("package").and_then(toml::Value::as_str);
                package.unwrap_or(name).replace('-', "_") == CRATE
            }
            _ => false,
        })
}

impl Execution<'_> {
    fn run(&mut self) -> Result<()> {
        match self.options.engine {
            Engine::Compiled => self.run_compiled(),
            Engine::Evcxr => {
                let mut next = 0;
                while next < self.work.len() && !self.summary.interrupted {
                    next = self.run_by_evcxr(next)?;
                }
                Ok(())
            }
        }
    }

    /// What compiles the cells.
    fn cells(&self) -> Result<Cells> {
        let toolchain = Toolchain::find(&self.folder)?;
        let target = target_of(&self.folder)?;
        let builder = set::Builder {
            notebook: self.folder.clone(),
            target: target.clone(),
            toolchain: toolchain.clone(),
            deadline: self.options.deadline,
        };
        let compiler = unit::Compiler::new(&target, toolchain, self.options.deadline)?;
        Ok(Cells::new(builder, compiler, self.folder.clone()))
    }

    /// Runs the cells, each compiled by itself.
    fn run_compiled(&mut self) -> Result<()> {
        let cells = self.cells()?;
        self.places = cells.places();
        let host = cells.host().to_owned();
        let tasks = self.work.iter().map(|work| Task {
            number: work.number,
            source: work.source.as_str().into(),
            code: work.error.is_none().then(|| Arc::new(work.code.clone())),
            may_fail: work.may_fail,
        });
        let mut scope = Scope::default();
        scope.settings.build.profile.clone_from(&self.profile);
        let mut ahead = Ahead::begin(cells, tasks.collect(), scope.clone());
        let asks =
            self.watcher.can_answer() && self.work.iter().any(|work| asks_for_input(&work.code));
        let last_that_may_fail = self.work.iter().rposition(|work| work.may_fail);
        let mut running = Running::new(host, asks);
        for at in 0..self.work.len() {
            if self.is_out_of_time() {
                self.run_out_of_time(at);
                return Ok(());
            }
            let (error, may_fail) = (self.work[at].error.clone(), self.work[at].may_fail);
            let compiled = match error {
                Some(error) => Err(error),
                None => match self.wait_for(&mut ahead, at)? {
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
            let compiled = match compiled {
                Ok(compiled) => compiled,
                Err(error) => {
                    self.finish_cell(at, vec![error], started, clock.elapsed());
                    if may_fail {
                        continue;
                    }
                    return Ok(());
                }
            };
            if !self.work[at].expected_to_fail {
                self.summary.facts.push((number, compiled.facts.clone()));
            }
            let failed = match &compiled.library {
                None => {
                    self.finish_run(at, CellRun::default(), started, clock);
                    false
                }
                Some(library) => {
                    let keep = last_that_may_fail.is_some_and(|last| at <= last);
                    let job = HostJob {
                        cell: number,
                        loads: &compiled.loads,
                        library,
                        keep,
                    };
                    let run = match self.run_job(&mut running, &job)? {
                        Some(run) => run,
                        None => {
                            self.summary.interrupted = true;
                            return Ok(());
                        }
                    };
                    let failure = run.failure.clone();
                    let snapshot = run.snapshot;
                    self.finish_run(at, run, started, clock);
                    match failure {
                        None => {
                            running.succeeded(&compiled, number, snapshot);
                            false
                        }
                        Some(_) if !may_fail || self.summary.interrupted => return Ok(()),
                        Some(_) => {
                            running.go_back(snapshot, &self.folder)?;
                            true
                        }
                    }
                }
            };
            if failed {
                scope = compiled.scope_after_failure;
                ahead.restart(at + 1, scope.clone());
            }
        }
        Ok(())
    }

    /// What came of compiling a cell: what is to run, or the error that it is; `None` if nobody waits any more.
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
            None | Some(Err(Error::Interrupted)) => None,
            Some(Err(error)) => return Err(error),
            Some(Ok(Ok(compiled))) => Some(Ok(compiled)),
            Some(Ok(Err(Refusal::Compiler(diagnostics)))) => {
                let number = self.work[at].number;
                let is_placed = |d: &Diagnostic| d.blame().is_none_or(|cell| cell == number);
                let (own, others): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(is_placed);
                let shown = if own.is_empty() { others } else { own };
                let source = |cell| self.source_of(cell);
                Some(Err(compile_error(&shown, &source, &self.name)))
            }
            Some(Ok(Err(Refusal::Dependencies(text)))) => Some(Err(dependency_error(&text))),
        })
    }

    /// Has the host run a cell, and starts it before the first; `None` after Ctrl-C.
    fn run_job(&mut self, running: &mut Running, job: &HostJob<'_>) -> Result<Option<CellRun>> {
        let Some(session) = running.session(&self.folder)? else {
            return Ok(None);
        };
        let by_cell = self.options.timeout.map(|timeout| Instant::now() + timeout);
        let deadline = [by_cell, self.options.deadline].into_iter().flatten().min();
        let mut listener = InCellTerms {
            watcher: &mut *self.watcher,
            places: &self.places,
        };
        Ok(Some(session.run(job, deadline, &mut listener)))
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
        run.outputs = displays::settle(run.outputs);
        for output in &mut run.outputs {
            if let Output::Stream { text, .. } = output {
                *text = in_cell_terms(text, &self.places).into_owned();
            }
        }
        for (text, place) in &run.notes {
            let at = self.describe(place);
            let text = format!("{text} ({at})\n");
            self.watcher.writes(Stream::Stderr, &text);
            // The value stays last.
            let is_value =
                |output: &Output| matches!(output, Output::Data { is_result, .. } if *is_result);
            let at = run.outputs.len() - usize::from(run.outputs.last().is_some_and(is_value));
            run.outputs
                .insert(at, Output::Stream { stderr: true, text });
        }
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
            let text = format!("Took {}ms", clock.elapsed().as_millis());
            let html = format!("<span style=\"color: rgba(0,0,0,0.4);\">{text}</span>");
            run.outputs.push(Output::Data {
                bundle: vec![("text/html".into(), html), ("text/plain".into(), text)],
                is_result: true,
            });
        }
        let failed = run.failure.is_some() || !run.refused.is_empty();
        self.finish_cell(at, run.outputs, started, clock.elapsed());
        failed
    }

    /// Runs cells by evcxr, in one process, from the cell at `first` on, and returns the first cell that still has to run. The
    /// items of the cells before `first` are told to it once more; their variables died with an earlier process.
    fn run_by_evcxr(&mut self, first: usize) -> Result<usize> {
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

    fn is_out_of_time(&self) -> bool {
        let deadline = self.options.deadline;
        deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Fails the next cell, for which no time is left: the notebook's own, whatever it expects, and not the start-up files'.
    fn run_out_of_time(&mut self, next: usize) {
        let of_notebook = |at: &usize| self.work[*at].index.is_some();
        let Some(at) = (next..self.work.len()).find(of_notebook) else {
            return;
        };
        self.work[at].expected_to_fail = false;
        let failure = Failure {
            ename: "Timeout".into(),
            evalue: "the run did not end in the time it was given".into(),
            place: None,
        };
        let number = self.work[at].number;
        self.watcher
            .cell_begins(number as usize, &self.work[at].source);
        let error = self.failure_output(&failure, number);
        self.finish_cell(at, vec![error], SystemTime::now(), Duration::ZERO);
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
        let slot = Slot::take(&self.folder)?;
        Ok(Launch { job, slot })
    }

    fn finish_cell(
        &mut self,
        at: usize,
        mut outputs: Vec<Output>,
        started: SystemTime,
        took: Duration,
    ) {
        let work = &self.work[at];
        let (number, expected) = (work.number as usize, work.expected_to_fail);
        let Some(index) = work.index else {
            if let Some(Output::Error { traceback, .. }) = outputs.last() {
                self.startup_failure = Some(traceback.join("\n"));
            }
            return;
        };
        let interrupted = self.summary.interrupted;
        if let Some(Output::Error { ename, evalue, .. }) = outputs.last()
            && (!expected || interrupted)
        {
            self.summary.failures.push((
                number,
                format!("{ename}: {}", evalue.lines().next().unwrap_or_default()),
            ));
        }
        let cell = &mut self.notebook.cells[index];
        self.watcher.cell_ends(number, &outputs, took);
        if cell.has_tag("remove-output") {
            outputs.retain(|output| matches!(output, Output::Error { .. }));
        }
        cell.set_outputs(&outputs, Some(number));
        if self.options.record_timing {
            let begin = clock::stamp(started);
            let end = clock::stamp(clock::after(started, took));
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
        self.summary.executed += 1;
        self.summary.timings.push((number, took));
    }

    fn source_of(&self, cell: u32) -> Option<&str> {
        let work = self.work.iter().find(|work| work.number == cell)?;
        Some(&work.source)
    }

    fn failure_output(&self, failure: &Failure, number: u32) -> Output {
        let source = |cell| self.source_of(cell);
        failure_output(failure, number, &self.name, &self.places, &source)
    }

    fn describe(&self, place: &Place) -> String {
        match cell_place(place, &self.places) {
            Some(at) => format!("cell {}, line {}", at.cell, at.line),
            None => format!("{}:{}", place.file, place.line),
        }
    }
}
