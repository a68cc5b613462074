//! Compiles on a spare core what the next cells will ask for.
//!
//! Cells are compiled in their order, since each may change what the next one sees. Many do not: where a cell names nothing that the
//! cells between declare, it is compiled here as if it came at once. What is made is kept like all that is compiled; if the guess
//! was right, it is there when its cell's turn comes, and if it was wrong, only the core's time is lost.

use super::ahead::Task;
use crate::cells::{Cells, Scope};
use crate::dialect::CellCode;
use std::collections::BTreeSet;
use std::sync::mpsc::{SyncSender, sync_channel};

/// How far after the cell that is being compiled a cell may be that is compiled before its turn.
const MAX_DISTANCE: usize = 4;

/// A thread that compiles cells before their turn.
pub struct Spare {
    guesses: SyncSender<(Task, Scope)>,
    /// The tasks before this one were thought of.
    next: usize,
}

impl Spare {
    /// Starts the thread, with a compiler that keeps what it makes where `cells` does. It ends with this.
    pub fn new(mut cells: Cells) -> Spare {
        let (guesses, asked) = sync_channel::<(Task, Scope)>(1);
        std::thread::spawn(move || {
            for (task, scope) in asked {
                if let Some(code) = &task.code {
                    // What is wrong with it is said when its turn comes.
                    let _ = cells.compile(&scope, task.number, &task.source, code, &mut |_| {});
                }
            }
        });
        Spare { guesses, next: 0 }
    }

    /// Forgets what was thought of: other tasks are compiled from now on, or the same with other things to see.
    pub fn restart(&mut self) {
        self.next = 0;
    }

    /// Thinks ahead while the task at `at`, which sees `scope`, is compiled.
    pub fn think(&mut self, tasks: &[Task], at: usize, scope: &Scope) {
        self.next = self.next.max(at + 1);
        while let Some(task) = tasks
            .get(self.next)
            .filter(|_| self.next <= at + MAX_DISTANCE)
        {
            let between = tasks[at..self.next].iter().map(|task| task.code.as_deref());
            let Some(unknown) = declared_by(between) else {
                // Nothing is known of what comes after such a cell.
                return;
            };
            let is_known = |code: &CellCode| {
                is_plain(code) && code.mentions.is_disjoint(&unknown) && does_something(code)
            };
            if task.code.as_deref().is_some_and(is_known)
                && self
                    .guesses
                    .try_send((task.clone(), scope.clone()))
                    .is_err()
            {
                // It is busy: later.
                return;
            }
            self.next += 1;
        }
    }
}

/// What cells may declare; `None` if one of them changes more than variables.
fn declared_by<'c>(codes: impl Iterator<Item = Option<&'c CellCode>>) -> Option<BTreeSet<String>> {
    let mut declared = BTreeSet::new();
    for code in codes.flatten() {
        if !is_plain(code) {
            return None;
        }
        declared.extend(code.declares.iter().cloned());
        declared.extend(code.macro_words.iter().cloned());
    }
    Some(declared)
}

/// Whether a cell has statements only.
fn is_plain(code: &CellCode) -> bool {
    code.commands.is_empty()
        && code.extern_crates.is_empty()
        && code.inner_attributes.is_empty()
        && code.imports.is_empty()
        && code.items.is_empty()
        && !code.awaits
}

fn does_something(code: &CellCode) -> bool {
    code.body.is_some() || code.tail.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(source: &str) -> CellCode {
        CellCode::parse(source).unwrap()
    }

    #[test]
    fn only_variables_are_foreseen() {
        let cells = [code("let a = 1;"), code("make!(b);"), code("f(c)")];
        let declared = declared_by(cells.iter().map(Some)).unwrap();
        let expected = ["a", "b"].map(str::to_owned);
        assert_eq!(declared, BTreeSet::from(expected));
        for other in ["use std::fmt;", "fn f() {}", ":opt 2", "extern crate a;"] {
            assert!(
                declared_by([Some(&code(other))].into_iter()).is_none(),
                "{other}"
            );
        }
    }
}
