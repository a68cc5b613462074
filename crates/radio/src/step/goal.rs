//! Where a walk begins, and the cell that it is to go to.

use super::Walk;
use radio_notebook::error::{Error, Result};
use radio_notebook::execute;
use std::path::Path;

impl Walk {
    /// Has the walk begin at a cell: those before it run unseen.
    pub(super) fn begin_at(&mut self, cell: &str, path: &Path) -> Result<()> {
        let stop = self.stop_named(cell).ok_or_else(|| {
            Error::Argument(format!(
                "--from {cell}: {} has no such cell; give a number from 1 to {}, a cell's id or its label",
                path.display(),
                self.stops.iter().filter(|stop| stop.number.is_some()).count()
            ))
        })?;
        (self.goal, self.is_unseen) = (Some(stop), stop > 0);
        Ok(())
    }

    /// Asks for a cell, and goes there.
    pub(super) fn go(&mut self) {
        let screen = self.screen;
        let line = self
            .keys
            .argument(|| screen.write("to cell: "))
            .unwrap_or_default();
        if !screen.is_terminal {
            screen.write("\n");
        }
        match line.trim() {
            "" => {}
            cell => match self.stop_named(cell) {
                Some(stop) if stop <= self.furthest => self.show(stop),
                Some(stop) => self.goal = Some(stop),
                None => self.say(&format!(
                    "There is no cell `{cell}`: give its number, its id or its label."
                )),
            },
        }
    }

    /// The stop of a cell that is named by its number, its id or its label.
    pub(super) fn stop_named(&self, cell: &str) -> Option<usize> {
        let number = execute::number_of(&self.notebook, cell)?;
        self.stop_of(usize::try_from(number).ok()?)
    }
}
