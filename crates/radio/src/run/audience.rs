//! Who hears of a run besides the terminal.

use radio_notebook::document::{Notebook, Output};
use radio_notebook::execute::{Summary, Watcher};
use radio_notebook::interrupt;
use radio_notebook::run::outputs::Stream;
use std::time::Duration;

/// One who hears of a run more than a [`Watcher`] does: of the notebook before and after.
pub trait Audience: Watcher {
    /// The notebook is going to run, as it is here.
    fn opens(&mut self, notebook: &Notebook);
    /// The notebook has run.
    fn closes(&mut self, notebook: &Notebook, summary: &Summary, took: Duration);
}

/// The terminal and an audience, who hear the same. Of a run that a newer one takes the place of, they do not hear the
/// end.
pub struct Both<'b>(pub &'b mut dyn Watcher, pub &'b mut dyn Audience);

impl Watcher for Both<'_> {
    fn begins(&mut self, total: usize) {
        self.0.begins(total);
        self.1.begins(total);
    }

    fn compiles(&mut self, line: &str) {
        self.0.compiles(line);
        self.1.compiles(line);
    }

    fn cell_begins(&mut self, number: usize, source: &str) {
        self.0.cell_begins(number, source);
        self.1.cell_begins(number, source);
    }

    fn writes(&mut self, stream: Stream, text: &str) {
        self.0.writes(stream, text);
        self.1.writes(stream, text);
    }

    fn cell_ends(&mut self, number: usize, outputs: &[Output], took: Duration) {
        if !interrupt::superseded() {
            self.0.cell_ends(number, outputs, took);
            self.1.cell_ends(number, outputs, took);
        }
    }

    fn cell_stays(&mut self, number: usize, outputs: &[Output]) {
        self.0.cell_stays(number, outputs);
        self.1.cell_stays(number, outputs);
    }
}
