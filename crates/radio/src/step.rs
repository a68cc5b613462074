//! `radio step`: a walk through one notebook in the terminal, a cell at a keypress.

mod code;
mod goal;
mod inline;
mod keys;
mod markdown;
mod pictures;
mod screen;
mod sixel;

use crate::run;
use crate::terminal::{count, visible};
use crate::{arguments, find};
use clap::Args;
use console::Style;
pub(crate) use keys::restore_terminal_for_good;
use keys::{Key, Keys};
use pictures::has_picture;
use radio_notebook::document::{CellKind, Notebook, Output};
use radio_notebook::error::{Error, Result};
use radio_notebook::execute::{self, Options, Watcher};
use radio_notebook::files;
use radio_notebook::interrupt;
use radio_notebook::run::outputs::{Request, Stream};
use radio_notebook::say;
use screen::{Filter, Screen};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The arguments of `radio step`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The notebook (.ipynb) or percent script (.rs)
    path: PathBuf,
    /// Begin at this cell, and run those before it unseen: its number, its id, or its label
    #[arg(long, value_name = "CELL")]
    from: Option<String>,
    #[command(flatten)]
    given: arguments::CommonArgs,
}

/// Walks through the notebook; returns whether no cell failed.
///
/// # Errors
/// Trouble with files, cargo or arguments, as for `radio run`.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let path = only_notebook(&arguments.path)?;
    let name = files::stem(&path);
    files::remove_leftovers_beside(std::slice::from_ref(&path));
    let mut notebook = Notebook::read(&path)?;
    let values = arguments.given.values();
    run::inject_parameters(
        std::slice::from_mut(&mut notebook),
        std::slice::from_ref(&path),
        &values,
    )?;
    let copy = run::copy_of(&arguments.given.output, &name);
    run::refuse_to_overwrite(&path, &copy)?;
    for repair in &notebook.repairs {
        say!("{}: repaired: {repair}", path.display());
    }
    notebook.clear_outputs();
    let options = Options {
        engine: arguments.given.engine,
        timeout: arguments.given.timeout,
        allow_errors: true,
        record_timing: true,
        ..Options::default()
    };
    let figure_folder = run::figures_of(&arguments.given.output, &name);
    let mut walk = Walk::new(&notebook, figure_folder);
    walk.ask_for_sixels();
    if let Some(from) = &arguments.from {
        walk.begin_at(from, &path)?;
    }
    let _answering = interrupt::answering();
    let summary = execute::execute(&mut notebook, &path, &options, &mut walk)?;
    if summary.interrupted && summary.executed == 0 {
        return Err(Error::Interrupted);
    }
    if summary.interrupted && walk.screen.is_terminal {
        // Ctrl-C came while nothing ran but the compiler.
        interrupt::forget();
        walk.goal = None;
        walk.is_over = interrupt::requested();
        walk.say("Interrupted. The later cells do not run.");
    }
    if let Some(error) = &summary.cut_short {
        walk.goal = None;
        walk.say(&format!("{error}. The later cells cannot run."));
    }
    if !walk.is_over {
        walk.converse(None);
    }
    drop(walk);
    if summary.executed == 0 {
        say!("{name}: nothing ran, so nothing is written");
        return Ok(true);
    }
    let output = &arguments.given.output;
    let (target, figures) = run::write(&mut notebook, &path, &name, output, &copy, false)?;
    for (number, failure) in &summary.failures {
        say!(
            "error: {} cell {number}: {}",
            path.display(),
            visible(failure)
        );
    }
    let cells = count(summary.executed, "cell");
    let figures = count(figures, "figure file");
    say!("{name}: {cells} ran -> {}, {figures}", target.display());
    match summary.cut_short {
        Some(error) => Err(error),
        None => Ok(summary.failures.is_empty() && !summary.interrupted),
    }
}

/// The notebook that the path stands for: a file, or a folder with one notebook in it.
fn only_notebook(path: &Path) -> Result<PathBuf> {
    let mut found = find::notebooks(&[path.to_owned()], find::Wanted::Scripts)?;
    match (found.pop(), found.len()) {
        (Some(only), 0) => Ok(only),
        _ => Err(Error::Argument(format!(
            "{}: there are several notebooks in this folder, and step takes one: name its file",
            path.display()
        ))),
    }
}

/// A cell on the way.
#[derive(Debug)]
struct Stop {
    /// Where it stands in the notebook.
    index: usize,
    /// Its number among the code cells that are not empty, if it is one.
    number: Option<usize>,
    /// What it gave, if it ran.
    outputs: Option<Vec<Output>>,
    /// Its figures' files: one a figure.
    figures: Vec<PathBuf>,
}

/// The walk: it shows what there is to see, and lets a cell run when the user says so.
#[derive(Debug)]
struct Walk {
    screen: Screen,
    keys: Keys,
    /// The notebook with the outputs so far.
    notebook: Notebook,
    figure_folder: PathBuf,
    /// The figures on disk.
    saved: Vec<PathBuf>,
    stops: Vec<Stop>,
    /// The stop that is on the screen, and the last one that ever was.
    at: Option<usize>,
    furthest: usize,
    /// The stop up to which all runs without asking, and whether that is unseen.
    goal: Option<usize>,
    is_unseen: bool,
    is_over: bool,
    /// Whether cargo was heard since the last cell.
    compiles: bool,
    filter: Filter,
    /// What the running cell wrote last, if it wrote.
    written: Option<char>,
}

impl Walk {
    fn new(notebook: &Notebook, figure_folder: PathBuf) -> Walk {
        let with_text = notebook.cells.iter().zip(notebook.numbers()).enumerate();
        let with_text = with_text.filter(|(_, (cell, _))| !cell.source.trim().is_empty());
        let stops = with_text.map(|(index, (_, number))| Stop {
            index,
            number: number.map(|number| number as usize),
            outputs: None,
            figures: Vec::new(),
        });
        let screen = Screen::new();
        Walk {
            stops: stops.collect(),
            screen,
            keys: Keys::new(screen.is_terminal),
            notebook: notebook.clone(),
            figure_folder,
            saved: Vec::new(),
            at: None,
            furthest: 0,
            goal: None,
            is_unseen: false,
            is_over: false,
            compiles: false,
            filter: Filter::new(false),
            written: None,
        }
    }

    /// Shows and asks until the user lets the stop `next` run, or ends the walk. Returns whether it is to run. Where
    /// nothing is left to run, `next` is none.
    fn converse(&mut self, next: Option<usize>) -> bool {
        if self.at.is_none() && !self.stops.is_empty() {
            self.show(0);
        }
        loop {
            if let Some(goal) = self.goal {
                let last = next.unwrap_or(self.stops.len().saturating_sub(1)).min(goal);
                self.is_unseen &= last < goal;
                for stop in self.furthest + 1..=last {
                    self.show(stop);
                }
                self.at = Some(last);
                if next.is_some_and(|next| next < goal) && !interrupt::requested() {
                    return true;
                }
                (self.goal, self.is_unseen) = (None, false);
            }
            let at = self.at.unwrap_or(0);
            let is_last = at + 1 >= self.stops.len();
            match self.ask(next) {
                Key::Forward if next == Some(at) => return true,
                Key::Forward if !is_last => self.show(at + 1),
                Key::Quit | Key::Forward => {
                    self.is_over = true;
                    return false;
                }
                Key::Back if at > 0 => self.show(at - 1),
                Key::Back => self.say("This is the first cell."),
                Key::Rest => self.goal = Some(usize::MAX),
                Key::Figure => self.open_figures(at),
                Key::Go => self.go(),
                Key::Help => self.help(),
                Key::Unknown(key) => {
                    let key = key.escape_default();
                    self.say(&format!(
                        "There is no command `{key}`; ? shows those there are."
                    ));
                }
            }
        }
    }

    /// Shows text, unless the cells run unseen.
    fn write(&self, text: &str) {
        if !self.is_unseen {
            self.screen.write(text);
        }
    }

    /// Waits for a key, with a line that says which there are.
    fn ask(&mut self, next: Option<usize>) -> Key {
        let at = self.at.unwrap_or(0);
        let place = format!("[{}/{}]", (at + 1).min(self.stops.len()), self.stops.len());
        let forward = match () {
            () if next == Some(at) => "Enter runs",
            () if at + 1 < self.stops.len() => "Enter goes on",
            () => "Enter ends",
        };
        let has_figures = self
            .stops
            .get(at)
            .is_some_and(|stop| !stop.figures.is_empty());
        let keys = [
            (true, forward),
            (at > 0, "b back"),
            (next.is_some(), "r all the rest"),
            (has_figures, "e figure"),
            (self.stops.len() > 9, "g to a cell"),
            (true, "q quit"),
            (true, "? help"),
        ];
        let keys = keys.iter().filter(|(there_is, _)| *there_is);
        let keys: Vec<_> = keys.map(|(_, key)| *key).collect();
        let full = format!("{place} {}", keys.join(" · "));
        let short = format!("{place} {forward} · ? help");
        let width = self.screen.width();
        let prompt = [full, short].into_iter();
        let mut prompt = prompt.filter(|line| console::measure_text_width(line) < width);
        let prompt = prompt.next().unwrap_or(place);
        let shown = self.screen.paint(&prompt, &Style::new().reverse());
        if self.screen.can_erase {
            self.screen.write(&shown);
            let key = self.keys.next();
            self.screen.write("\r\x1b[K");
            key
        } else {
            self.screen.write(&format!("{shown}\n"));
            self.keys.next()
        }
    }

    fn say(&self, text: &str) {
        let options = textwrap::Options::new(self.screen.width());
        let lines = textwrap::fill(&self.screen.plain(text), options);
        self.screen.write(&format!("{lines}\n"));
    }

    fn help(&self) {
        let keys = [
            (
                "Enter",
                "run the cell on the screen, or go on to the next one; so do the space bar, the right arrow and \
                 Page Down",
            ),
            (
                "b",
                "back to the cell before, with the outputs it had; so do the left arrow and Page Up",
            ),
            ("r", "run all the rest"),
            ("e", "open the figures of the cell on the screen"),
            (
                "g",
                "go to a cell by its number, its id or its label; those before it run first",
            ),
            ("q", "end the walk; what ran is kept in the executed copy"),
            (
                "Ctrl-C",
                "end the running cell, which leaves all as it was before it; where none is running, the walk",
            ),
        ];
        let mut lines = String::new();
        for (key, what) in keys {
            let first = format!("{key:8}");
            let options = textwrap::Options::new(self.screen.width())
                .initial_indent(&first)
                .subsequent_indent("        ");
            lines += &textwrap::fill(what, options);
            lines.push('\n');
        }
        self.screen.write(&lines);
    }

    /// Shows a cell, with the outputs that it has.
    fn show(&mut self, at: usize) {
        self.keys.take_in();
        self.at = Some(at);
        self.furthest = self.furthest.max(at);
        let (screen, stop) = (self.screen, &self.stops[at]);
        let cell = &self.notebook.cells[stop.index];
        let mut text = "\n".to_owned();
        match (cell.kind, stop.number) {
            (CellKind::Code, Some(number)) => {
                let label = cell.label().map(|label| format!(" {label}"));
                text += &self.rule(&format!("In [{number}]{}", label.unwrap_or_default()));
                if cell.has_tag("remove-input") {
                    text += "(the cell is tagged remove-input)\n";
                } else {
                    text += &code::paint(cell.source.trim_end(), screen);
                    text.push('\n');
                }
                if cell.has_tag("skip-execution") {
                    text += "(the cell is tagged skip-execution, and does not run)\n";
                }
            }
            (CellKind::Markdown, _) => {
                text += &markdown::render(&cell.source, screen.width(), screen);
            }
            _ => text = text + screen.plain(cell.source.trim_end()).as_str() + "\n",
        }
        self.write(&text);
        if let (Some(outputs), Some(number)) = (&stop.outputs, stop.number) {
            self.write(&self.rule(&format!("Out [{number}]")));
            for output in outputs {
                if let Output::Stream { text, .. } = output {
                    let mut filter = Filter::new(screen.has_colours);
                    let shown = filter.pass(text);
                    let line_end = if shown.ends_with('\n') { "" } else { "\n" };
                    self.write(&format!("{shown}{}{line_end}", filter.end()));
                } else {
                    self.show_output(output);
                    self.draw(output);
                }
            }
            self.show_figures(stop);
        }
    }

    /// A line with a title in it.
    fn rule(&self, title: &str) -> String {
        let title = self.screen.plain(title);
        let left = format!("── {title} ");
        let rest = self
            .screen
            .width()
            .saturating_sub(console::measure_text_width(&left));
        let line = format!("{left}{}", "─".repeat(rest));
        self.screen.paint(&line, &Style::new().cyan()) + "\n"
    }

    /// Shows an output that is no stream of text.
    fn show_output(&self, output: &Output) {
        let mut filter = Filter::new(self.screen.has_colours);
        let text = match output {
            Output::Stream { .. } => return,
            Output::Data { bundle, .. } => {
                let plain = bundle.iter().find(|(mime, _)| mime == "text/plain");
                match plain {
                    Some((_, text)) => filter.pass(text),
                    None if has_picture(bundle) => return,
                    None => {
                        let types: Vec<_> = bundle.iter().map(|(mime, _)| mime.as_str()).collect();
                        let types = self.screen.plain(&types.join(", "));
                        format!("[{types}: shown in the executed copy only]")
                    }
                }
            }
            Output::Error { traceback, .. } => {
                let text = filter.pass(&traceback.join("\n"));
                let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
                let first = self.screen.paint(first, &Style::new().red().bold());
                format!("{first}\n{rest}")
            }
        };
        let text = text.trim_end_matches('\n');
        self.write(&format!("{text}{}\n", filter.end()));
    }

    /// The stop of the code cell with this number.
    fn stop_of(&self, number: usize) -> Option<usize> {
        self.stops
            .iter()
            .position(|stop| stop.number == Some(number))
    }
}

impl Watcher for Walk {
    fn begins(&mut self, _: usize) {
        // There is something to read while the cells are compiled.
        if !self.stops.is_empty() {
            self.show(0);
        }
    }

    fn compiles(&mut self, line: &str) {
        if line.starts_with("Compiling ") && !self.compiles {
            self.compiles = true;
            say!("compiling…");
        }
    }

    fn may_begin(&mut self, number: usize) -> bool {
        self.compiles = false;
        let next = self.stop_of(number);
        self.converse(next)
    }

    fn cell_begins(&mut self, number: usize, _: &str) {
        self.filter = Filter::new(self.screen.has_colours);
        self.written = None;
        self.write(&self.rule(&format!("Out [{number}]")));
    }

    fn goes_on_after_interrupt(&mut self) -> bool {
        self.goal = None;
        if !self.screen.is_terminal {
            return false;
        }
        // Ctrl-C was meant for the cell; a signal that no key sends is meant for the walk.
        interrupt::forget();
        self.is_over = interrupt::requested();
        if !self.is_over {
            self.say("Interrupted. All is as it was before this cell, and the later ones can run.");
        }
        !self.is_over
    }

    fn can_answer(&self) -> bool {
        self.screen.is_terminal
    }

    fn answers(&mut self, request: &Request) -> Option<String> {
        if self.written.is_some_and(|last| last != '\n') {
            self.screen.write("\n");
        }
        self.written = Some('\n');
        let screen = self.screen;
        let lines = request.prompt.trim_end().split('\n');
        let lines: Vec<_> = lines.map(|line| screen.plain(line)).collect();
        let show_prompt = || screen.write(&format!("{} ", lines.join("\n")));
        let answer = self.keys.line(request.is_password, show_prompt);
        if answer.is_none() || request.is_password {
            self.screen.write("\n");
        }
        answer
    }

    fn writes(&mut self, _: Stream, text: &str) {
        let shown = self.filter.pass(text);
        self.written = shown.chars().next_back().or(self.written);
        self.write(&shown);
    }

    fn cell_ends(&mut self, number: usize, outputs: &[Output], _: Duration) {
        if self.is_unseen && matches!(outputs.last(), Some(Output::Error { .. })) {
            // What the walk is to begin with may lack this cell.
            (self.goal, self.is_unseen) = (None, false);
            if let Some(at) = self.stop_of(number) {
                self.show(at);
            }
        }
        self.write(self.filter.end());
        if self.written.is_some_and(|last| last != '\n') {
            self.write("\n");
        }
        self.keys.take_in();
        for output in outputs {
            self.show_output(output);
            self.draw(output);
        }
        let Some(at) = self.stop_of(number) else {
            return;
        };
        let index = self.stops[at].index;
        self.stops[at].outputs = Some(outputs.to_vec());
        let is_picture =
            |output: &Output| matches!(output, Output::Data { bundle, .. } if has_picture(bundle));
        let keeps_outputs = !self.notebook.cells[index].has_tag("remove-output");
        if keeps_outputs && outputs.iter().any(is_picture) {
            self.notebook.cells[index].set_outputs(outputs, Some(number));
            match self.save_figures() {
                Ok(figures) => self.stops[at].figures = figures,
                Err(error) => self.say(&format!("error: {error}")),
            }
        }
        self.show_figures(&self.stops[at]);
    }
}
