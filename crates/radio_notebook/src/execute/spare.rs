//! Compiles on a spare core what the next cells will ask for.
//!
//! Cells are compiled in their order, since each may change what the next one sees. Where nothing of a notebook is
//! kept, those that follow are compiled together here meanwhile. What is made is kept like all that is compiled; if it
//! was foreseen rightly, it is there when its cell's turn comes, and if not, only the core's time is lost.

use super::ahead::Task;
use crate::cells::{Cells, Scope, is_foreseeable};
use std::sync::mpsc::{SyncSender, sync_channel};

/// How many cells are compiled together at most.
const MOST: usize = 64;

/// A thread that compiles cells before their turn.
pub struct Spare {
    asked: SyncSender<(Vec<Task>, Scope)>,
    cells: Cells,
    /// How many cells in a row were not kept.
    new: u32,
    /// The tasks before this one were thought of.
    next: usize,
}

impl Spare {
    /// Starts the thread, with a compiler that keeps what it makes where `cells` does. It ends with this.
    pub fn new(cells: Cells) -> Spare {
        let mut own = cells.clone();
        let (asked, heard) = sync_channel::<(Vec<Task>, Scope)>(1);
        std::thread::spawn(move || {
            for (tasks, scope) in heard {
                let codes = tasks
                    .iter()
                    .map_while(|t| Some((t.number, &**t.code.as_ref()?)));
                // What is wrong with them is said when their turn comes.
                let _ = own.compile_together(&scope, &codes.collect::<Vec<_>>());
            }
        });
        Spare {
            asked,
            cells,
            new: 0,
            next: 0,
        }
    }

    /// Forgets what was thought of: other tasks are compiled from now on, or the same with other things to see.
    pub fn restart(&mut self) {
        (self.new, self.next) = (0, 0);
    }

    /// Hears whether a cell had to be compiled.
    pub fn hear(&mut self, is_new: bool) {
        self.new = if is_new { self.new + 1 } else { 0 };
    }

    /// Thinks ahead while the task at `at`, which sees `scope`, is compiled.
    pub(crate) fn think(&mut self, tasks: &[Task], at: usize, scope: &Scope) {
        // An edit changes one cell. Two in a row that are not kept show that the next ones are not either.
        let is_new = |task: &Task| {
            let code = task.code.as_deref();
            code.is_some_and(|code| self.cells.is_new(scope, task.number, code))
        };
        if at < self.next || self.new == 0 || self.new == 1 && !is_new(&tasks[at]) {
            return;
        }
        let foreseen = tasks[at..].iter().take(MOST);
        let foreseen: Vec<Task> = foreseen
            .take_while(|task| task.code.as_deref().is_some_and(is_foreseeable))
            .cloned()
            .collect();
        let next = at + foreseen.len();
        if !foreseen.is_empty() && self.asked.try_send((foreseen, scope.clone())).is_ok() {
            self.next = next;
        }
    }
}
