//! Executes several notebooks at once, and tells of them one after the other, as if they had run in their order.

use crate::document::{Notebook, Output};
use crate::error::{Error, Result};
use crate::execute::{self, Options, Summary, Watcher};
use crate::interrupt;
use crate::run::outputs::Stream;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, SyncSender};
use std::time::{Duration, Instant};

/// A notebook that was executed.
#[derive(Debug)]
pub struct Executed {
    /// The notebook, with its outputs.
    pub notebook: Notebook,
    /// What the execution came to.
    pub summary: Summary,
    /// How long it took.
    pub took: Duration,
}

/// One who is told of the notebooks, each by its index.
pub trait Reporter {
    /// The watcher of a notebook that begins, or whose turn has come.
    fn watcher(&mut self, index: usize) -> &mut dyn Watcher;
    /// A notebook is over. Returns whether to go on with the next.
    ///
    /// # Errors
    /// What keeps the whole batch from going on.
    fn over(&mut self, index: usize, executed: Result<Executed>) -> Result<bool>;
}

/// How many events wait to be told before the executions have to wait as well.
const MAX_EVENTS: usize = 64;

enum Event {
    Begins(usize),
    Compiles(String),
    CellBegins(usize, String),
    Writes(Stream, String),
    CellEnds(usize, Vec<Output>, Duration),
    Over(Box<Result<Executed>>),
}

/// Sends on what a watcher hears.
struct Messenger {
    index: usize,
    sender: SyncSender<(usize, Event)>,
}

impl Messenger {
    fn send(&self, event: Event) {
        // Nobody listens any more once the batch has stopped.
        let _ = self.sender.send((self.index, event));
    }
}

impl Watcher for Messenger {
    fn begins(&mut self, total: usize) {
        self.send(Event::Begins(total));
    }
    fn compiles(&mut self, line: &str) {
        self.send(Event::Compiles(line.to_owned()));
    }
    fn cell_begins(&mut self, number: usize, source: &str) {
        self.send(Event::CellBegins(number, source.to_owned()));
    }
    fn writes(&mut self, stream: Stream, text: &str) {
        self.send(Event::Writes(stream, text.to_owned()));
    }
    fn cell_ends(&mut self, number: usize, outputs: &[Output], took: Duration) {
        self.send(Event::CellEnds(number, outputs.to_owned(), took));
    }
}

/// Executes `notebooks`, which were read from `paths`, at most `at_once` at a time. The reporter hears of a notebook
/// while it runs if all before it are over, and afterwards if they are not.
///
/// # Errors
/// What the reporter's [`over`](Reporter::over) returns; notebooks that have begun by then are executed to their end,
/// and nobody is told.
pub fn execute_all(
    notebooks: Vec<Notebook>,
    paths: &[impl AsRef<Path> + Sync],
    options: &Options,
    at_once: usize,
    reporter: &mut dyn Reporter,
) -> Result<()> {
    let total = notebooks.len();
    let waiting: Vec<_> = notebooks
        .into_iter()
        .map(|notebook| std::sync::Mutex::new(Some(notebook)))
        .collect();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, events) = mpsc::sync_channel(MAX_EVENTS);
    let _answering = interrupt::answering();
    std::thread::scope(|scope| {
        // Dropped with the end of this closure: who still has something to tell then does not wait until somebody
        // listens.
        let events = events;
        for _ in 0..at_once.clamp(1, total.max(1)) {
            let sender = sender.clone();
            let (waiting, next, stopped) = (&waiting, &next, &stopped);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, SeqCst);
                    let taken = waiting.get(index).and_then(|w| w.lock().ok()?.take());
                    let ends = stopped.load(SeqCst) || interrupt::requested();
                    let Some(mut notebook) = taken.filter(|_| !ends) else {
                        return;
                    };
                    let mut messenger = Messenger {
                        index,
                        sender: sender.clone(),
                    };
                    let begun = Instant::now();
                    let path = paths[index].as_ref();
                    let execute = || execute::execute(&mut notebook, path, options, &mut messenger);
                    let summary = catch_unwind(AssertUnwindSafe(execute)).unwrap_or_else(|_| {
                        Err(Error::document(
                            path,
                            "radio itself failed on this notebook; the text above says where",
                        ))
                    });
                    let executed = summary.map(|summary| Executed {
                        notebook,
                        summary,
                        took: begun.elapsed(),
                    });
                    messenger.send(Event::Over(Box::new(executed)));
                }
            });
        }
        drop(sender);
        let mut early: Vec<VecDeque<Event>> = (0..total).map(|_| VecDeque::new()).collect();
        let mut turn = 0;
        while turn < total {
            let event = match early[turn].pop_front() {
                Some(event) => event,
                None => match events.recv() {
                    Ok((index, event)) if index == turn => event,
                    Ok((index, event)) => {
                        early[index].push_back(event);
                        continue;
                    }
                    // The workers are gone, and with them what they had not begun.
                    Err(_) => return Ok(()),
                },
            };
            match event {
                Event::Begins(total) => reporter.watcher(turn).begins(total),
                Event::Compiles(line) => reporter.watcher(turn).compiles(&line),
                Event::CellBegins(number, source) => {
                    reporter.watcher(turn).cell_begins(number, &source)
                }
                Event::Writes(stream, text) => reporter.watcher(turn).writes(stream, &text),
                Event::CellEnds(number, outputs, took) => {
                    reporter.watcher(turn).cell_ends(number, &outputs, took)
                }
                Event::Over(executed) => {
                    let goes_on = reporter.over(turn, *executed);
                    if !matches!(goes_on, Ok(true)) {
                        stopped.store(true, SeqCst);
                        return goes_on.map(|_| ());
                    }
                    turn += 1;
                }
            }
        }
        Ok(())
    })
}
