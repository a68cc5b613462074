//! A run, put on the board that browsers see, cell by cell.

use crate::run::Audience;
use crate::serve::Board;
use radio_notebook::document::{Cell, Notebook, Output};
use radio_notebook::execute::{Summary, Watcher};
use radio_notebook::run::outputs::Stream;
use radio_pages::page::{self, Around, CellView, Picture, State};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// While a cell writes text, the page shows it this often.
const LIVE: Duration = Duration::from_millis(200);

/// Puts a run on the board, cell by cell.
pub struct Show {
    pub board: Arc<Board>,
    /// The notebook's.
    folder: PathBuf,
    number: usize,
    /// Where the cells that run stand among all cells, in the order of their numbers, from 1.
    places: Vec<usize>,
    /// Whether each of them hides what it gives, errors excepted.
    hides: Vec<bool>,
    total: usize,
    /// The number of the cell that runs.
    running: usize,
    /// What the running cell has written, and when the board last showed it.
    live: Vec<Output>,
    shown_at: Instant,
}

impl Show {
    pub fn new(board: &Arc<Board>, path: &Path, number: usize) -> Show {
        Show {
            board: Arc::clone(board),
            folder: path.parent().unwrap_or(Path::new(".")).to_owned(),
            number,
            places: Vec::new(),
            hides: Vec::new(),
            total: 0,
            running: 0,
            live: Vec::new(),
            shown_at: Instant::now(),
        }
    }

    fn hides(&self, number: usize) -> bool {
        self.hides.get(number.wrapping_sub(1)) == Some(&true)
    }

    /// Changes the view of a cell that runs, if there is one.
    fn change(&self, number: usize, how: impl FnOnce(&mut CellView)) {
        let place = number.checked_sub(1).and_then(|at| self.places.get(at));
        self.board.change(|shown| {
            if let Some(view) = place.and_then(|&place| shown.cells.get_mut(place)) {
                how(view);
            }
        });
    }

    fn around(&self) -> Served<'_> {
        Served {
            folder: &self.folder,
        }
    }

    fn view(&self, cell: &Cell, number: Option<usize>) -> CellView {
        CellView {
            number,
            state: State::Settled,
            input: page::input(cell, &self.around()),
            outputs: String::new(),
        }
    }
}

/// The page that `radio watch` serves.
struct Served<'s> {
    folder: &'s Path,
}

impl Around for Served<'_> {
    fn picture(&self, name: &str) -> Option<Picture> {
        page::picture_beside(self.folder, name)
    }

    fn frame_head(&self) -> String {
        format!("<link rel=\"stylesheet\" href=\"{}\">", page::style_path())
    }
}

fn as_json(outputs: &[Output]) -> Vec<Value> {
    outputs.iter().map(|output| output.to_json(0)).collect()
}

impl Audience for Show {
    fn opens(&mut self, notebook: &Notebook) {
        let numbers = notebook.numbers();
        let count = numbers.iter().flatten().count();
        (self.places, self.hides) = (vec![0; count], vec![false; count]);
        let mut views = Vec::new();
        for (place, (cell, number)) in notebook.cells.iter().zip(numbers).enumerate() {
            let number = number.map(|number| number as usize);
            if let Some(at) = number.map(|number| number - 1) {
                self.places[at] = place;
                self.hides[at] = cell.has_tag("remove-output") || cell.has_tag("remove-cell");
            }
            views.push(self.view(cell, number));
        }
        let number = self.number;
        self.board.change(|shown| {
            // Until a cell has run again, its last outputs hold its place.
            let is_code = |cell: &CellView| cell.number.is_some();
            let mut old: Vec<CellView> = shown.cells.drain(..).filter(is_code).collect();
            let same_count = old.len() == views.iter().filter(|cell| is_code(cell)).count();
            for (at, new) in views.iter_mut().filter(|cell| is_code(cell)).enumerate() {
                let same = old.iter().position(|old| old.input == new.input);
                if let Some(place) = same.or(same_count.then_some(at)) {
                    new.outputs = std::mem::take(&mut old[place].outputs);
                    new.state = State::Stale;
                }
            }
            shown.cells = views;
            shown.state = "running";
            shown.status = format!("run {number}: compiling…");
        });
    }

    fn closes(&mut self, notebook: &Notebook, summary: &Summary, took: Duration) {
        let failed: BTreeSet<usize> = summary.failures.iter().map(|(number, _)| *number).collect();
        let (number, places) = (self.number, &self.places);
        self.board.change(|shown| {
            for (at, &place) in places.iter().enumerate() {
                let (Some(view), Some(cell)) =
                    (shown.cells.get_mut(place), notebook.cells.get(place))
                else {
                    continue;
                };
                view.state = if failed.contains(&(at + 1)) {
                    State::Failed
                } else {
                    State::Settled
                };
                // What did not run has nothing to show; the rest was put there as it ran.
                if cell.outputs().is_empty() {
                    view.outputs.clear();
                }
            }
            (shown.state, shown.status) = match summary.failures.first() {
                Some((cell, _)) => ("failed", format!("run {number}: cell {cell} failed")),
                None => ("ok", format!("run {number}: {:.2} s", took.as_secs_f64())),
            };
        });
    }
}

impl Watcher for Show {
    fn begins(&mut self, total: usize) {
        self.total = total;
    }

    fn compiles(&mut self, _: &str) {}

    fn cell_begins(&mut self, number: usize, _: &str) {
        self.live.clear();
        (self.running, self.shown_at) = (number, Instant::now());
        self.change(number, |view| view.state = State::Running);
        let (run, total) = (self.number, self.total);
        self.board
            .change(|shown| shown.status = format!("run {run}: running… cell {number} of {total}"));
    }

    fn writes(&mut self, stream: Stream, text: &str) {
        let is_stderr = stream == Stream::Stderr;
        match self.live.last_mut() {
            Some(Output::Stream { stderr, text: held }) if *stderr == is_stderr => {
                held.push_str(text)
            }
            _ => self.live.push(Output::Stream {
                stderr: is_stderr,
                text: text.to_owned(),
            }),
        }
        if self.shown_at.elapsed() < LIVE || self.hides(self.running) {
            return;
        }
        self.shown_at = Instant::now();
        let written = page::outputs(&as_json(&self.live), &self.around());
        self.change(self.running, |view| view.outputs = written);
    }

    fn cell_ends(&mut self, number: usize, outputs: &[Output], _: Duration) {
        let failed = matches!(outputs.last(), Some(Output::Error { .. }));
        let mut outputs = outputs.to_vec();
        if self.hides(number) {
            outputs.retain(|output| matches!(output, Output::Error { .. }));
        }
        let outputs = page::outputs(&as_json(&outputs), &self.around());
        self.change(number, |view| {
            view.state = if failed {
                State::Failed
            } else {
                State::Settled
            };
            view.outputs = outputs;
        });
    }

    fn cell_stays(&mut self, number: usize, outputs: &[Output]) {
        self.cell_ends(number, outputs, Duration::ZERO);
    }
}
