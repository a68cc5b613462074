//! Writes a program's text, and remembers where each of its lines comes from.

use super::Probe;
use crate::dialect::{Chunk, Import};
use crate::generations::{Generation, Placed};
use crate::items::{Item, ItemKind};
use crate::root_paths::rooted;
use std::collections::HashMap;
use std::fmt::Write;

/// Where a line of the program comes from.
#[derive(Clone, Debug)]
pub struct Line {
    pub cell: u32,
    pub for_cell: u32,
    pub line: u32,
    /// Column and length of what was inserted.
    pub insertions: Vec<(u32, u32)>,
}

/// A program's text so far.
#[derive(Default)]
pub struct Writer {
    pub text: String,
    pub lines: Vec<Option<Line>>,
    pub probes: HashMap<u32, Probe>,
    /// The path from the crate to the generation that is being written, with which paths from the root go on.
    pub root: String,
}

impl Writer {
    /// Text of our own; ends with a line end.
    pub fn own(&mut self, text: &str) {
        self.text.push_str(text);
        self.lines.extend(text.matches('\n').map(|_| None));
    }

    pub fn line(&mut self, cell: u32, line: u32, text: &str) {
        let _ = writeln!(self.text, "{text}");
        self.lines.push(Some(Line {
            cell,
            for_cell: cell,
            line,
            insertions: Vec::new(),
        }));
    }

    /// A line of our own that looks at a variable.
    pub fn probe(&mut self, probe: Probe, text: &str) {
        self.own(text);
        self.probes.insert(self.lines.len() as u32, probe);
    }

    pub fn import(&mut self, import: &Placed<'_, Import>) {
        let text = Chunk {
            text: import.what.text.clone(),
            line: import.what.line,
            insertions: Vec::new(),
        };
        self.chunk(import.cell, &text);
        self.blame(1, import.for_cell);
    }

    /// An item. `later` are the generations after its own.
    pub fn item(&mut self, item: &Placed<'_, Item>, later: &[Generation<'_>]) {
        let mut chunk = item.what.text.clone();
        if let ItemKind::Macro {
            is_exported: true, ..
        } = &item.what.kind
        {
            // A name is exported once: by its last definition.
            let key = item.what.key();
            let is_replaced = later
                .iter()
                .flat_map(|generation| &generation.items)
                .any(|item| item.what.key() == key);
            if is_replaced {
                chunk.text = not_exported(&chunk.text);
            }
        }
        let before = self.lines.len();
        self.chunk(item.cell, &chunk);
        self.blame(self.lines.len() - before, item.for_cell);
    }

    /// Says for whose sake the last lines are there.
    pub fn blame(&mut self, lines: usize, for_cell: u32) {
        for line in self.lines.iter_mut().rev().take(lines).flatten() {
            line.for_cell = for_cell;
        }
    }

    /// A trailing expression inside a call of our own. What the compiler says of the call, it says of the expression.
    pub fn shown(&mut self, cell: u32, tail: &Chunk, call: &str) {
        let tail = rooted(tail, &self.root);
        let indent = tail.text.chars().take_while(|&c| c == ' ').count();
        self.line(cell, tail.line, &format!("{}{call}", " ".repeat(indent)));
        if let Some(Some(line)) = self.lines.last_mut() {
            line.insertions
                .push((indent as u32 + 1, call.chars().count() as u32));
        }
        self.rooted_chunk(
            cell,
            &Chunk {
                text: format!("{});", tail.text),
                ..tail
            },
        );
    }

    pub fn chunk(&mut self, cell: u32, chunk: &Chunk) {
        self.rooted_chunk(cell, &rooted(chunk, &self.root));
    }

    /// A chunk whose paths are as they should be.
    fn rooted_chunk(&mut self, cell: u32, chunk: &Chunk) {
        for (index, text) in chunk.text.lines().enumerate() {
            let line = chunk.line + index as u32;
            self.line(cell, line, text);
            let here = chunk.insertions.iter().filter(|(at, ..)| *at == line);
            if let Some(Some(last)) = self.lines.last_mut() {
                last.insertions = here.map(|&(_, column, length)| (column, length)).collect();
            }
        }
    }
}

/// The text of a macro without its `#[macro_export]`.
pub fn not_exported(text: &str) -> String {
    text.replacen("macro_export", "allow(unused)", 1)
}
