//! Compiles the cells of a notebook on a thread of its own, one after the other, while those that are compiled run.

use super::spare::Spare;
use crate::cells::{Cells, Done, Scope};
use crate::dialect::CellCode;
use crate::lock;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How many compiled cells may wait to be run.
const MAX_WAITING: usize = 64;

/// A cell to compile.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its number.
    pub number: u32,
    /// Its text.
    pub source: Arc<str>,
    /// What it says; `None` for a cell that cannot run, and defines nothing.
    pub code: Option<Arc<CellCode>>,
    /// Whether those after it are compiled although it is refused.
    pub may_fail: bool,
}

/// What the thread says.
#[derive(Debug)]
enum Message {
    /// What cargo is doing.
    Progress(String),
    /// What came of a cell, by its place among the tasks; and the run of compiling that it belongs to.
    Done(u32, usize, Box<Done>),
}

/// Where to go on compiling, and what the cell there sees.
#[derive(Debug)]
struct Start {
    run: u32,
    at: usize,
    scope: Scope,
    /// The tasks, if they are others from now on.
    tasks: Option<Vec<Task>>,
}

/// Cells that are compiled ahead.
#[derive(Debug)]
pub struct Ahead {
    starts: Arc<Mutex<Option<Start>>>,
    wake: SyncSender<()>,
    said: Receiver<Message>,
    run: u32,
}

impl Ahead {
    /// Starts the thread that compiles. `stands_by`: whether it keeps a compiler started for the cells that may come
    /// later.
    pub fn begin(mut cells: Cells, stands_by: bool) -> Ahead {
        let starts = Arc::new(Mutex::new(None));
        let (wake, woken) = mpsc::sync_channel(1);
        let (sender, said) = mpsc::sync_channel(MAX_WAITING);
        let own = starts.clone();
        std::thread::spawn(move || {
            let mut spare = Spare::new(cells.clone());
            let mut start = lock(&own).take();
            let mut tasks = Vec::new();
            loop {
                let Some(Start {
                    run,
                    at,
                    mut scope,
                    tasks: others,
                }) = start.take()
                else {
                    if stands_by {
                        cells.stand_by();
                    }
                    // Whoever is gone wants nothing more.
                    if woken.recv().is_err() {
                        return;
                    }
                    start = lock(&own).take();
                    continue;
                };
                tasks = others.unwrap_or(tasks);
                spare.restart();
                for (at, task) in tasks.iter().enumerate().skip(at) {
                    let Some(code) = &task.code else { continue };
                    spare.think(&tasks, at, &scope);
                    let mut progress = |line: &str| {
                        let _ = sender.send(Message::Progress(line.to_owned()));
                    };
                    let made = cells.made();
                    let done =
                        cells.compile(&scope, task.number, &task.source, code, &mut progress);
                    spare.hear(cells.made() > made);
                    let goes_on = match &done {
                        Ok(Ok(compiled)) => {
                            scope = compiled.scope.clone();
                            true
                        }
                        Ok(Err(_)) => task.may_fail,
                        Err(_) => false,
                    };
                    if sender.send(Message::Done(run, at, Box::new(done))).is_err() {
                        return;
                    }
                    start = lock(&own).take();
                    if start.is_some() || !goes_on {
                        break;
                    }
                }
            }
        });
        Ahead {
            starts,
            wake,
            said,
            run: 0,
        }
    }

    /// Compiles anew from the task at `at` on, which sees `scope`: what was compiled so far saw something else.
    pub fn restart(&mut self, at: usize, scope: Scope) {
        self.start_at(at, scope, None);
    }

    /// Compiles these tasks from now on, from the one at `at` on, which sees `scope`.
    pub(crate) fn go_on_with(&mut self, tasks: Vec<Task>, at: usize, scope: Scope) {
        self.start_at(at, scope, Some(tasks));
    }

    fn start_at(&mut self, at: usize, scope: Scope, tasks: Option<Vec<Task>>) {
        self.run += 1;
        let mut starts = lock(&self.starts);
        // What the thread has not yet heard of still holds.
        let unheard = starts.take().and_then(|start| start.tasks);
        *starts = Some(Start {
            run: self.run,
            at,
            scope,
            tasks: tasks.or(unheard),
        });
        drop(starts);
        let _ = self.wake.try_send(());
    }

    /// Waits for what comes of the task at `at`. `None` if it is not compiled at all, and once `is_over`, which is asked
    /// from time to time, says that nobody waits any more.
    pub fn wait(
        &mut self,
        at: usize,
        progress: &mut dyn FnMut(&str),
        is_over: &dyn Fn() -> bool,
    ) -> Option<Done> {
        loop {
            match self.said.recv_timeout(Duration::from_millis(20)) {
                Ok(Message::Progress(line)) => progress(&line),
                Ok(Message::Done(run, done_at, done)) if run == self.run && done_at == at => {
                    return Some(*done);
                }
                Ok(Message::Done(..)) => {}
                Err(RecvTimeoutError::Timeout) if is_over() => return None,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}
