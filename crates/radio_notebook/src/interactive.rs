//! A session in which cells are executed one by one, in any order and again: what a Jupyter kernel needs.
//!
//! A cell that fails, is interrupted or ends its process leaves everything as it was before it: the state before each
//! cell is kept until the next one has begun.

mod compiling;

use crate::cells::Places;
use crate::cells::{Compiled, Refusal, Scope};
use crate::dialect::CellCode;
use crate::document::Output;
use crate::error::{Error, Result};
use crate::execute::clock;
use crate::execute::errors::{self, cell_error, described, failure_output, in_cell_terms};
use crate::execute::hints;
use crate::execute::startup;
use crate::interrupt;
use crate::run::outputs::{Request, Stream};
use crate::run::running::Running;
use crate::run::session::{Entry, Failure, Job, Listener, Waker};
pub use compiling::Upcoming;
use compiling::{Compiling, Task};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// What the notebook is called where a message names a place in it.
const NAME: &str = "notebook";

/// Who follows a cell: what it writes, and what is built for it.
pub trait Audience: Listener {
    /// What cargo is doing.
    fn builds(&mut self, line: &str);
    /// What the compiler warns of in a cell that is about to run.
    fn warns(&mut self, _text: &str) {}
}

/// What executing a cell gave beside what was heard.
#[derive(Debug, Default)]
pub struct Executed {
    /// What follows what was heard: the cell's value, if it has one.
    pub outputs: Vec<Output>,
    /// The error, if it failed.
    pub error: Option<Output>,
}

/// A session.
pub struct Interactive {
    folder: PathBuf,
    compiling: Compiling,
    running: Option<Running>,
    scope: Scope,
    /// The cells that were executed, by their numbers.
    sources: BTreeMap<u32, Arc<str>>,
    has_started: bool,
    /// The code of the last error that the compiler had one for.
    error_code: Option<String>,
}

impl Interactive {
    /// A session in `folder`. What compiles is started at once; what runs cells, before the first.
    pub fn start(folder: &Path) -> Interactive {
        Interactive {
            folder: folder.to_owned(),
            compiling: Compiling::begin(folder.to_owned()),
            running: None,
            scope: Scope::default(),
            sources: BTreeMap::new(),
            has_started: false,
            error_code: None,
        }
    }

    /// A handle that tells the session what waits to be executed.
    pub fn upcoming(&self) -> Upcoming {
        self.compiling.upcoming()
    }

    /// What the next cell sees.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Forgets everything: variables, items, dependencies, settings.
    pub fn clear(&mut self) {
        self.compiling.forget();
        self.running = None;
        self.scope = Scope::default();
        self.has_started = false;
    }

    /// Forgets the variables, and has the next cell run by a new process.
    pub fn restart(&mut self) {
        self.compiling.forget();
        self.running = None;
        self.scope.variables = Arc::default();
    }

    /// A handle that ends [`idle`](Interactive::idle). There is another one after each cell.
    pub fn waker(&mut self) -> Option<Waker> {
        Some(self.running.as_mut()?.started()?.waker())
    }

    /// Passes on what earlier cells have left running writes, until somebody wakes the session. Returns at once, and
    /// `false`, if there is nothing that could write.
    pub fn idle(&mut self, audience: &mut dyn Audience) -> bool {
        let Ok((_, places)) = self.compiling.host() else {
            return false;
        };
        let Some(session) = self.running.as_mut().and_then(Running::started) else {
            return false;
        };
        let mut listener = InCellTerms {
            audience,
            places: &places,
            shown: 0,
        };
        let outputs = session.idle(&mut listener);
        let shown = listener.shown;
        for output in rest(outputs, shown) {
            if let Output::Data { bundle, .. } = output {
                audience.shows(&bundle);
            }
        }
        true
    }

    /// The code of the last error that the compiler had one for, such as `E0308`.
    pub fn error_code(&self) -> Option<&str> {
        self.error_code.as_deref()
    }

    /// Executes a cell. `number` is its own: no other of the session has it.
    ///
    /// # Errors
    /// Trouble with files and tools. What is wrong with the cell is no error here, but part of [`Executed`].
    pub fn execute(
        &mut self,
        number: u32,
        source: &str,
        audience: &mut dyn Audience,
    ) -> Result<Executed> {
        if !self.has_started {
            self.start_up(audience)?;
        }
        self.execute_cell(number, source, audience)
    }

    /// Executes the files that evcxr reads when it starts.
    fn start_up(&mut self, audience: &mut dyn Audience) -> Result<()> {
        if let Some(startup) = startup::read(&self.folder)? {
            let executed = self.execute_cell(0, &startup.source, audience)?;
            if let Some(Output::Error { traceback, .. }) = executed.error {
                return Err(Error::document(&startup.files[0], traceback.join("\n")));
            }
        }
        self.has_started = true;
        Ok(())
    }

    fn execute_cell(
        &mut self,
        number: u32,
        source: &str,
        audience: &mut dyn Audience,
    ) -> Result<Executed> {
        let source: Arc<str> = source.into();
        self.sources.insert(number, source.clone());
        let failed = |error: Output| Executed {
            outputs: Vec::new(),
            error: Some(error),
        };
        let code = match CellCode::parse_with(&source, &self.scope.item_macros) {
            Ok(code) => Arc::new(code),
            Err(error) => return Ok(failed(cell_error(&error, number, &source, NAME))),
        };
        let begun = Instant::now();
        let task = Task {
            number,
            source,
            code,
        };
        let compiled = match self.compiling.obtain(&self.scope, task, audience) {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(refusal)) => return Ok(failed(self.refused(refusal, number))),
            Err(Error::Interrupted) => return Ok(failed(interrupted(number))),
            Err(error) => return Err(error),
        };
        if !compiled.warnings.is_empty() {
            let warnings = compiled.warnings.iter();
            let texts = warnings.map(|one| one.render(NAME, |cell| self.source_of(cell)));
            audience.warns(&texts.collect::<Vec<_>>().join("\n\n"));
        }
        let mut executed = match &compiled.entry {
            None => Executed::default(),
            Some(entry) => match self.run(number, &compiled, entry, audience) {
                // While the earlier cells ran once more.
                Err(Error::Interrupted) => {
                    self.compiling.forget();
                    return Ok(failed(interrupted(number)));
                }
                run => run?,
            },
        };
        if compiled.scope.settings.times {
            executed.outputs.push(clock::took(begun.elapsed()));
        }
        match executed.error {
            None => self.scope = compiled.scope,
            Some(_) => {
                self.compiling.forget();
                self.scope = compiled.scope_after_failure;
            }
        }
        Ok(executed)
    }

    fn refused(&mut self, refusal: Refusal, number: u32) -> Output {
        let source = |cell| self.source_of(cell);
        let (error, code) = errors::refused(refusal, number, &self.folder, &source, NAME);
        self.error_code = code.or(self.error_code.take());
        error
    }

    fn source_of(&self, cell: u32) -> Option<&str> {
        self.sources.get(&cell).map(|source| &**source)
    }

    fn run(
        &mut self,
        number: u32,
        compiled: &Compiled,
        entry: &Entry,
        audience: &mut dyn Audience,
    ) -> Result<Executed> {
        let (host, places) = self.compiling.host()?;
        let running = self.running.get_or_insert_with(|| Running::new(host, true));
        if running.has_ended() {
            running.go_back(None);
        }
        let Some(session) = running.session(&self.folder)? else {
            return Err(Error::Interrupted);
        };
        let job = Job {
            cell: number,
            entry,
            keep: true,
        };
        let mut listener = InCellTerms {
            audience,
            places: &places,
            shown: 0,
        };
        let run = session.run(&job, None, &mut listener);
        let shown = listener.shown;
        for (text, place) in &run.notes {
            let text = format!("{text} ({})\n", described(place, &places));
            audience.hears(Stream::Stderr, &text);
        }
        let (failure, snapshot) = (run.failure.clone(), run.snapshot);
        let outputs = rest(run.outputs, shown);
        let error = match failure {
            None => {
                running.succeeded(compiled.entry.as_ref(), number, snapshot);
                None
            }
            Some(failure) => {
                // What follows is not what was to be interrupted.
                interrupt::supersede(false);
                running.go_back(snapshot);
                Some(self.failed(&failure, number, &places))
            }
        };
        Ok(Executed { outputs, error })
    }

    fn failed(&self, failure: &Failure, number: u32, places: &Places) -> Output {
        if failure.ename == "Interrupted" {
            return interrupted(number);
        }
        let sources = self.sources.range(..=number).rev();
        let sources = sources.map(|(_, source)| &**source);
        let help = hints::about_files(failure, sources, &self.folder);
        failure_output(
            failure,
            number,
            NAME,
            places,
            &|cell| self.source_of(cell),
            help,
        )
    }
}

fn interrupted(number: u32) -> Output {
    let evalue = "the cell was interrupted";
    Output::Error {
        ename: "Interrupted".into(),
        evalue: evalue.into(),
        traceback: vec![
            format!("error: {evalue}"),
            format!(" --> {NAME} cell {number}"),
        ],
    }
}

/// Outputs without text, which was heard, and without the first `shown` things, which were heard too.
fn rest(outputs: Vec<Output>, shown: usize) -> Vec<Output> {
    let content = outputs.into_iter().filter_map(|output| match output {
        Output::Data { bundle, is_result } => Some((bundle, is_result)),
        _ => None,
    });
    let rest = content
        .enumerate()
        .filter_map(|(at, (mut bundle, is_result))| {
            if at < shown {
                // The value came when the thing that it belongs to was shown already.
                bundle = bundle.split_off(bundle.len() - usize::from(is_result));
            }
            (!bundle.is_empty()).then_some(Output::Data { bundle, is_result })
        });
    rest.collect()
}

/// Passes on what a cell writes, with places in what was compiled as places in cells.
struct InCellTerms<'l> {
    audience: &'l mut dyn Audience,
    places: &'l Places,
    /// How many things were shown.
    shown: usize,
}

impl Listener for InCellTerms<'_> {
    fn hears(&mut self, stream: Stream, text: &str) {
        self.audience
            .hears(stream, &in_cell_terms(text, self.places));
    }

    fn shows(&mut self, bundle: &[(String, String)]) {
        self.shown += 1;
        self.audience.shows(bundle);
    }

    fn answers(&mut self, request: &Request) -> Option<String> {
        self.audience.answers(request)
    }
}
