//! What a language has to bring, so that the kernel can speak for it.
//!
//! The kernel calls [`Language::execute`] from one thread, a cell at a time. Everything else is asked of its
//! [`Assistant`], from other threads, while a cell may run.

use crate::wire::{Bundle, HelpLink, IsCompleteReply, LanguageInfo, StreamName};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Something that executes cells.
pub trait Language: Send {
    /// Executes one cell, and returns when it has ended and all that it wrote before its end was given to `outputs`.
    /// What it has left running may write there later.
    fn execute(&mut self, cell: &Cell<'_>, outputs: &Arc<dyn Outputs>) -> Outcome;

    /// No cell waits: passes on what earlier cells have left running writes, until the assistant is told to
    /// [wake](Assistant::wake) the language. Returns `false`, at once, if nothing is left running.
    fn idle(&mut self) -> bool {
        false
    }

    /// Who is asked everything else.
    fn assistant(&self) -> Arc<dyn Assistant>;
}

/// A cell to be executed.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// Its source.
    pub source: &'a str,
    /// Its number, from 1; that of the cell before it, if it does not take one.
    pub number: u32,
    /// Whether nobody wants to see its value.
    pub silent: bool,
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It ran to its end.
    Ok,
    /// It failed.
    Error {
        /// The kind of failure.
        ename: String,
        /// The message.
        evalue: String,
        /// What a person reads, line by line.
        traceback: Vec<String>,
    },
}

/// Where a cell's outputs go, in the order in which they are given.
pub trait Outputs: Send + Sync {
    /// Text, as it was written.
    fn stream(&self, name: StreamName, text: &str);
    /// The value of the cell.
    fn result(&self, data: Bundle, metadata: Bundle);
    /// A thing to show, under a name if it is to be replaced later.
    fn display(&self, data: Bundle, metadata: Bundle, display_id: Option<String>);
    /// What takes the place of all that was shown under this name.
    fn update(&self, data: Bundle, metadata: Bundle, display_id: String);
    /// Everything that the cell has shown goes; if `wait`, once something new is shown.
    fn clear(&self, wait: bool);
    /// Asks the person for a line of input, and waits for it.
    ///
    /// # Errors
    /// [`NoInput`] if there will be none.
    fn input(&self, prompt: &str, password: bool) -> Result<String, NoInput>;
}

/// Why there is no input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoInput {
    /// Nobody can be asked.
    #[error("this front end takes no input")]
    NotPossible,
    /// The cell was interrupted meanwhile.
    #[error("interrupted")]
    Interrupted,
}

/// Answers while a cell runs.
pub trait Assistant: Send + Sync {
    /// What the language is.
    fn info(&self) -> Info;
    /// Ends the cell that runs, if one does.
    fn interrupt(&self);
    /// Ends the cell that runs and everything that cells have started. Nothing is executed afterwards.
    fn stop(&self);
    /// Whether a cell can be executed as it is.
    fn is_complete(&self, source: &str) -> IsCompleteReply;
    /// What could stand at the cursor, which is counted in code points.
    fn complete(&self, source: &str, cursor: usize) -> Completions;
    /// What the name at the cursor is, which is counted in code points; with all there is to say if `detailed`.
    fn inspect(&self, source: &str, cursor: usize, detailed: bool) -> Option<Bundle>;
    /// Ends [`Language::idle`], or keeps it from beginning.
    fn wake(&self) {}
    /// These cells wait to be executed, in this order: they may be prepared.
    fn ahead(&self, _sources: &[String]) {}
    /// A front end begins a conversation with `target`. Returns whether there is such a target.
    fn comm_opened(
        &self,
        _comm: &Arc<dyn Comm>,
        _target: &str,
        _data: &Map<String, Value>,
    ) -> bool {
        false
    }
    /// The front end says something in a conversation that was [opened](Assistant::comm_opened).
    fn comm_said(&self, _comm: &Arc<dyn Comm>, _data: &Map<String, Value>, _buffers: &[Vec<u8>]) {}
    /// The front end ends a conversation.
    fn comm_closed(&self, _comm: &Arc<dyn Comm>) {}
}

/// What a language is.
#[derive(Clone, Debug)]
pub struct Info {
    /// The name of the implementation.
    pub implementation: String,
    /// Its version.
    pub implementation_version: String,
    /// What front ends have to know of the language.
    pub language: LanguageInfo,
    /// What a console says first.
    pub banner: String,
    /// Entries of the Help menu.
    pub help_links: Vec<HelpLink>,
}

/// What could stand at the cursor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Completions {
    /// What could stand there, best first.
    pub matches: Vec<Match>,
    /// Where the text begins that they replace, in code points.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// One thing that could stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Match {
    /// What would be inserted.
    pub text: String,
    /// What kind of thing it is, as front ends have pictures for it: `function`, `variable`, `keyword`, ...
    pub kind: String,
}

/// A conversation with a front end's object.
pub trait Comm: Send + Sync {
    /// Its name.
    fn id(&self) -> &str;
    /// Says something.
    fn send(&self, data: Map<String, Value>, buffers: &[Vec<u8>]);
    /// Ends it.
    fn close(&self);
}
