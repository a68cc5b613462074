//! Writes a crate's text, and remembers where each of its lines comes from.

use crate::dialect::Fragment;
use std::collections::HashMap;
use std::fmt::Write;

/// Where a line of a crate comes from.
#[derive(Clone, Debug)]
pub struct Line {
    pub cell: u32,
    pub for_cell: u32,
    pub line: u32,
    /// Column and length of what was inserted.
    pub insertions: Vec<(u32, u32)>,
}

/// What a line of radio's own does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It takes this variable.
    Takes(String),
    /// It keeps this variable, or gives it back.
    Keeps(String),
    /// It gives this variable back where the cell returned early.
    Returns(String),
    /// It looks at whether this variable, which others refer to, is still there.
    Leaves(String),
    /// It looks at this variable, while others refer to it.
    Shares(String),
    /// It says of which type this variable is, in a text that is never run.
    Pins(String),
}

/// A crate's text so far.
#[derive(Default)]
pub struct Writer {
    pub text: String,
    pub lines: Vec<Option<Line>>,
    /// What lines of our own do with variables.
    pub marks: HashMap<u32, Mark>,
}

impl Writer {
    /// Text of our own; ends with a line end.
    pub fn own(&mut self, text: &str) {
        self.text.push_str(text);
        self.lines.extend(text.matches('\n').map(|_| None));
    }

    /// Text of our own, of which the last line does this.
    pub fn marked(&mut self, text: &str, mark: Mark) {
        self.own(text);
        self.marks.insert(self.lines.len() as u32, mark);
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

    /// Says for whose sake the last lines are there.
    pub(crate) fn blame(&mut self, lines: usize, for_cell: u32) {
        for line in self.lines.iter_mut().rev().take(lines).flatten() {
            line.for_cell = for_cell;
        }
    }

    /// A trailing expression inside a call of our own. What the compiler says of the call, it says of the expression.
    pub fn shown(&mut self, cell: u32, tail: &Fragment, call: &str) {
        let indent = tail.text.chars().take_while(|&c| c == ' ').count();
        self.line(cell, tail.line, &format!("{}{call}", " ".repeat(indent)));
        if let Some(Some(line)) = self.lines.last_mut() {
            line.insertions
                .push((indent as u32 + 1, call.chars().count() as u32));
        }
        self.fragment(
            cell,
            &Fragment {
                text: format!("{});", tail.text),
                ..tail.clone()
            },
        );
    }

    pub fn fragment(&mut self, cell: u32, fragment: &Fragment) {
        for (index, text) in fragment.text.lines().enumerate() {
            let line = fragment.line + index as u32;
            self.line(cell, line, text);
            let here = fragment.insertions.iter().filter(|(at, ..)| *at == line);
            if let Some(Some(last)) = self.lines.last_mut() {
                last.insertions = here.map(|&(_, column, length)| (column, length)).collect();
            }
        }
    }
}
