//! The thread that compiles: the cell that is to run, and while it runs, those that wait.

use super::Audience;
use crate::cells::{Cells, Compiled, Done, Places, Scope};
use crate::dialect::CellCode;
use crate::error::{Error, Result};
use crate::lock;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many cells are compiled ahead of the one that runs.
const MAX_AHEAD: usize = 16;

/// A cell to compile.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub number: u32,
    pub source: Arc<str>,
    pub code: Arc<CellCode>,
}

/// A cell that was compiled before it was asked for.
struct Ready {
    number: u32,
    source: Arc<str>,
    compiled: Compiled,
}

#[derive(Default)]
struct State {
    /// The cell that somebody waits for, and what it sees.
    wanted: Option<(Scope, Task)>,
    /// What came of it.
    done: Option<Done>,
    /// What cargo is doing for it.
    progress: Vec<String>,
    /// What the cell after the one that runs sees if that runs to its end, and the running one's number.
    base: Option<(u32, Scope)>,
    /// The cells that wait.
    upcoming: Vec<Arc<str>>,
    /// The first of them, compiled.
    ready: VecDeque<Ready>,
    /// The number and the source of the cell that is being compiled ahead.
    busy: Option<(u32, Arc<str>)>,
    /// Goes up whenever what is being compiled ahead is not wanted any more.
    epoch: u64,
    /// The first of the cells that wait cannot be compiled, so far: `wanted` says why.
    is_stuck: bool,
    host: Option<(PathBuf, Places)>,
    is_over: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        // Progress is passed on while nothing else happens.
        let waited = self.changed.wait_timeout(state, Duration::from_millis(50));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Tells what waits to be executed.
#[derive(Clone)]
pub struct Upcoming(Arc<Shared>);

impl Upcoming {
    /// These cells wait, in this order.
    pub fn set(&self, sources: &[String]) {
        let mut state = lock(&self.0.state);
        state.upcoming = sources
            .iter()
            .map(|source| source.as_str().into())
            .collect();
        let same = state
            .ready
            .iter()
            .zip(&state.upcoming)
            .take_while(|(ready, source)| ready.source == **source)
            .count();
        if same < state.ready.len() {
            state.ready.truncate(same);
            state.epoch += 1;
        }
        state.is_stuck = false;
        self.0.changed.notify_all();
    }
}

/// The thread, seen from outside. It ends when this is dropped.
pub(super) struct Compiling(Arc<Shared>);

impl Drop for Compiling {
    fn drop(&mut self) {
        lock(&self.0.state).is_over = true;
        self.0.changed.notify_all();
    }
}

impl Compiling {
    /// Starts the thread.
    pub fn begin(folder: PathBuf) -> Compiling {
        let shared = Arc::new(Shared::default());
        let own = shared.clone();
        std::thread::spawn(move || compile(&own, &folder));
        Compiling(shared)
    }

    pub fn upcoming(&self) -> Upcoming {
        Upcoming(self.0.clone())
    }

    /// The program that runs cells, and where the lines of what was compiled come from.
    pub fn host(&self) -> Result<(PathBuf, Places)> {
        let host = lock(&self.0.state).host.clone();
        host.ok_or_else(|| Error::tool("rustc", "nothing was compiled yet"))
    }

    /// What was compiled ahead is not wanted any more.
    pub fn forget(&self) {
        let mut state = lock(&self.0.state);
        state.ready.clear();
        state.base = None;
        state.epoch += 1;
    }

    /// Waits for a cell that sees `scope`.
    pub(crate) fn obtain(&self, scope: &Scope, task: Task, audience: &mut dyn Audience) -> Done {
        let mut state = lock(&self.0.state);
        let is_this = |number: u32, source: &str| number == task.number && *source == *task.source;
        if state
            .upcoming
            .first()
            .is_some_and(|first| **first == *task.source)
        {
            state.upcoming.remove(0);
        }
        while state.ready.is_empty()
            && state
                .busy
                .as_ref()
                .is_some_and(|(number, source)| is_this(*number, source))
        {
            state = self.pass_on(state, audience);
        }
        if let Some(ready) = state.ready.pop_front() {
            if is_this(ready.number, &ready.source) {
                state.base = Some((ready.number, ready.compiled.scope.clone()));
                self.0.changed.notify_all();
                return Ok(Ok(ready.compiled));
            }
            state.ready.clear();
        }
        state.epoch += 1;
        state.base = None;
        state.done = None;
        state.wanted = Some((scope.clone(), task));
        self.0.changed.notify_all();
        loop {
            if let Some(done) = state.done.take() {
                return done;
            }
            state = self.pass_on(state, audience);
        }
    }

    fn pass_on<'s>(
        &'s self,
        state: MutexGuard<'s, State>,
        audience: &mut dyn Audience,
    ) -> MutexGuard<'s, State> {
        let mut state = self.0.wait(state);
        let progress = std::mem::take(&mut state.progress);
        if progress.is_empty() {
            return state;
        }
        drop(state);
        progress.iter().for_each(|line| audience.builds(line));
        lock(&self.0.state)
    }
}

fn compile(shared: &Arc<Shared>, folder: &Path) {
    let mut compiler: Option<Cells> = None;
    let mut trouble = prepare(shared, &mut compiler, folder).err();
    let mut state = lock(&shared.state);
    while !state.is_over {
        if let Some((scope, task)) = state.wanted.take() {
            drop(state);
            if compiler.is_none() && trouble.is_none() {
                // It may have been fixed meanwhile.
                trouble = prepare(shared, &mut compiler, folder).err();
            }
            let done = match (&mut compiler, trouble.take()) {
                (_, Some(error)) => Err(error),
                (None, None) => Err(Error::Interrupted),
                (Some(cells), None) => {
                    let mut progress =
                        |line: &str| lock(&shared.state).progress.push(line.to_owned());
                    let Task {
                        number,
                        source,
                        code,
                    } = &task;
                    cells.compile(&scope, *number, source, code, &mut progress)
                }
            };
            state = lock(&shared.state);
            if let Ok(Ok(compiled)) = &done {
                state.base = Some((task.number, compiled.scope.clone()));
            }
            state.is_stuck = false;
            state.done = Some(done);
            shared.changed.notify_all();
            drop(state);
            if let Some(cells) = &compiler {
                cells.stand_by();
            }
            state = lock(&shared.state);
            continue;
        }
        match (next_ahead(&state), &mut compiler) {
            (Some((scope, number, source)), Some(cells)) => {
                state.busy = Some((number, source.clone()));
                let epoch = state.epoch;
                drop(state);
                let compiled = ahead(cells, &scope, number, &source, shared);
                state = lock(&shared.state);
                state.busy = None;
                match compiled {
                    Some(compiled) if state.epoch == epoch => {
                        state.ready.push_back(Ready {
                            number,
                            source,
                            compiled,
                        });
                    }
                    // Whoever asks for it is told why, or it was dropped.
                    _ => state.is_stuck = state.epoch == epoch,
                }
                shared.changed.notify_all();
            }
            _ => {
                let woken = shared.changed.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

fn prepare(shared: &Shared, compiler: &mut Option<Cells>, folder: &Path) -> Result<()> {
    let made = Cells::of_folder(folder, None)?;
    lock(&shared.state).host = Some((made.host().to_owned(), made.places()));
    *compiler = Some(made);
    Ok(())
}

/// The next cell to compile ahead, and what it sees if those before it run to their ends.
fn next_ahead(state: &State) -> Option<(Scope, u32, Arc<str>)> {
    let at = state.ready.len();
    if state.is_stuck || at >= MAX_AHEAD {
        return None;
    }
    let (number, scope) = match state.ready.back() {
        Some(last) => (last.number, &last.compiled.scope),
        None => {
            let (number, scope) = state.base.as_ref()?;
            (*number, scope)
        }
    };
    Some((scope.clone(), number + 1, state.upcoming.get(at)?.clone()))
}

/// Compiles a cell that nobody waits for yet; `None` if that does not work out.
fn ahead(
    cells: &mut Cells,
    scope: &Scope,
    number: u32,
    source: &str,
    shared: &Shared,
) -> Option<Compiled> {
    let code = CellCode::parse_with(source, &scope.item_macros).ok()?;
    let mut progress = |line: &str| lock(&shared.state).progress.push(line.to_owned());
    let done = cells.compile(scope, number, source, &code, &mut progress);
    done.ok()?.ok()
}
