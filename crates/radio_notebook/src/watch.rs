//! Runs a notebook again at each save, until Ctrl-C.
//!
//! The files are looked at many times a second instead of asking the system for events: it costs next to nothing for so few
//! files, works on every file system (network drives and containers often give no events), and does not care how an editor
//! saves, in place or by renaming. The notebook runs again if its content has changed; the sources of its path dependencies
//! and the files that its cells name in a text count by size and time.

use crate::cli;
use crate::collect::Stream;
use crate::commands::Command;
use crate::dialect::CellCode;
use crate::document::{Cell, CellKind, Notebook, Output};
use crate::error::{Error, Result};
use crate::execute::{Summary, Watcher};
use crate::files;
use crate::interrupt;
use crate::page::{self, CellView, Picture, State};
use crate::run;
use crate::serve::{self, Board};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// How often the notebook is looked at.
const LOOK: Duration = Duration::from_millis(40);
/// How often the other files are looked at.
const LOOK_AROUND: Duration = Duration::from_millis(400);
/// How often the notebook is read though nothing says that it was saved.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// A file that cannot be read may be half-written: so long is waited before that is said.
const PATIENCE: Duration = Duration::from_millis(400);
/// While a cell writes text, the page shows it this often.
const LIVE: Duration = Duration::from_millis(200);

/// The arguments of `radio watch`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The notebook or script
    path: PathBuf,
    /// Show the executed notebook in browsers on this computer, at this port or a free one
    #[arg(long, value_name = "PORT", value_parser = port)]
    serve: Option<Option<u16>>,
    #[command(flatten)]
    given: cli::Given,
    /// Go on behind cells that fail
    #[arg(long)]
    allow_errors: bool,
}

fn port(text: &str) -> std::result::Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        "should be a port, a number from 1 to 65535; put the notebook before --serve".to_owned()
    })
}

/// Watches until Ctrl-C.
///
/// # Errors
/// As [`watch`].
pub fn run(arguments: Arguments) -> Result<bool> {
    let run = run::Arguments {
        paths: vec![arguments.path.clone()],
        given: arguments.given,
        inplace: false,
        timeout_total: None,
        until: None,
        allow_errors: arguments.allow_errors,
        timings: false,
        quiet: false,
    };
    watch(&arguments.path, arguments.serve, &run)?;
    Ok(true)
}

/// One who hears of a run more than a [`Watcher`] does: of the notebook before and after.
pub trait Audience: Watcher {
    /// The notebook is going to run, as it is here.
    fn opens(&mut self, notebook: &Notebook);
    /// The notebook has run.
    fn closes(&mut self, notebook: &Notebook, summary: &Summary, took: Duration);
}

/// The terminal and an audience, who hear the same. Of a run that a newer one takes the place of, they do not hear the end.
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
}

/// Runs the notebook at `path` at each save, and shows it to browsers if `serve` says so, at the port in it or any.
///
/// # Errors
/// Arguments that cannot be used. What is wrong with the notebook is said, and waited for to be mended.
pub fn watch(path: &Path, serve: Option<Option<u16>>, run: &run::Arguments) -> Result<()> {
    if path.is_dir() {
        return Err(Error::Document {
            path: path.to_owned(),
            message: "this is a folder: radio watch takes one notebook".into(),
        });
    }
    cli::notebooks(&[path.to_owned()], cli::Wanted::Scripts)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let board = Board::new(&name);
    let _answering = interrupt::answering();
    if let Some(port) = serve {
        let address = serve::start(Arc::clone(&board), port)?;
        say!("serving {address}");
    }
    let mut watch = Watch {
        path,
        run,
        board,
        number: 0,
        seen: None,
        around: Around::default(),
        under_way: None,
        trouble: None,
    };
    watch.all_the_time();
    Ok(())
}

struct Watch<'w> {
    path: &'w Path,
    run: &'w run::Arguments,
    board: Arc<Board>,
    /// How many runs were started.
    number: usize,
    /// The content that ran last.
    seen: Option<Vec<u8>>,
    around: Around,
    under_way: Option<JoinHandle<Result<bool>>>,
    trouble: Option<Trouble>,
}

/// The notebook cannot be read.
struct Trouble {
    since: Instant,
    why: String,
    was_told: bool,
    /// The state and status that the page had before.
    before: (&'static str, String),
}

impl Watch<'_> {
    fn all_the_time(&mut self) {
        let mut mark = None;
        let (mut read, mut read_at) = (None, Instant::now());
        let mut looked_around = Instant::now();
        while !interrupt::pressed() {
            self.finish_if_over();
            let now = Mark::of(self.path);
            // A file that is being written changes from look to look.
            let is_quiet = mark.as_ref() == Some(&now);
            mark = Some(now);
            // Reading takes time, on a network above all: of a save that changes neither size nor time is heard a little later.
            let is_new = read != mark || self.seen.is_none() || self.trouble.is_some();
            if is_quiet && (is_new || read_at.elapsed() >= READ_AGAIN) {
                (read, read_at) = (mark, Instant::now());
                self.look();
            }
            if looked_around.elapsed() >= LOOK_AROUND {
                looked_around = Instant::now();
                if self.seen.is_some() && self.around.has_changed(self.under_way.is_some()) {
                    self.seen = None;
                }
            }
            std::thread::sleep(LOOK);
        }
        if let Some(run) = self.under_way.take() {
            // It ends by itself, in good order: Ctrl-C was pressed.
            let _ = run.join();
        }
        say!("stopped watching {}", self.path.display());
    }

    /// Reads the notebook, and runs it if it is not what ran last.
    fn look(&mut self) {
        let read = files::read(self.path);
        if let (Ok(bytes), Some(seen), None) = (&read, &self.seen, &self.trouble)
            && bytes == seen
        {
            return;
        }
        let notebook = read.and_then(|bytes| Ok((Notebook::read(self.path)?, bytes)));
        match notebook {
            Ok((notebook, bytes)) => {
                let trouble = self.trouble.take();
                if self.seen.as_ref() != Some(&bytes) {
                    self.seen = Some(bytes);
                    self.start(&notebook);
                } else if let Some(trouble) = trouble.filter(|trouble| trouble.was_told) {
                    say!("{} is what it was", self.path.display());
                    self.board
                        .change(|shown| (shown.state, shown.status) = trouble.before);
                }
            }
            Err(error) => self.tell(error.to_string()),
        }
    }

    fn tell(&mut self, why: String) {
        let trouble = self.trouble.get_or_insert_with(|| Trouble {
            since: Instant::now(),
            why: String::new(),
            was_told: false,
            before: self.board.status(),
        });
        if trouble.why != why {
            (trouble.why, trouble.was_told) = (why, false);
        }
        if !trouble.was_told && trouble.since.elapsed() >= PATIENCE {
            trouble.was_told = true;
            say!("{}\nwaiting for it to be mended", trouble.why);
            self.board.change(|shown| {
                shown.state = "failed";
                shown.status = format!("waiting: {}", trouble.why);
            });
        }
    }

    fn start(&mut self, notebook: &Notebook) {
        if let Some(run) = self.under_way.take() {
            interrupt::supersede(true);
            let _ = run.join();
            interrupt::supersede(false);
            say!("saved while running: starting again");
        }
        if interrupt::pressed() {
            return;
        }
        self.number += 1;
        self.around = Around::new(self.path, notebook, self.run);
        say!("{}", separator(self.number, self.path));
        let (run, mut show) = (
            self.run.clone(),
            Show::new(&self.board, self.path, self.number),
        );
        self.under_way = Some(std::thread::spawn(move || {
            let ran = run::run(&run, Some(&mut show));
            if let Err(error) = &ran
                && !interrupt::superseded()
            {
                show.board.change(|shown| {
                    shown.state = "failed";
                    shown.status = error.to_string();
                });
            }
            ran
        }));
    }

    fn finish_if_over(&mut self) {
        let Some(run) = self.under_way.take_if(|run| run.is_finished()) else {
            return;
        };
        match run.join() {
            Ok(Ok(_)) => {}
            Ok(Err(Error::Interrupted)) => {}
            Ok(Err(error)) => say!("error: {error}"),
            // The panic itself has been written to the terminal.
            Err(_) => {
                say!("error: radio could not run this notebook; this is a mistake in radio");
                self.board.change(|shown| {
                    shown.state = "failed";
                    shown.status = "radio could not run this notebook".into();
                });
            }
        }
        self.around.settle();
        if let Some(trouble) = &mut self.trouble {
            // The page has just said how the run went.
            (trouble.was_told, trouble.before) = (false, self.board.status());
        }
    }
}

fn separator(number: usize, path: &Path) -> String {
    let time = chrono::Local::now().format("%H:%M:%S");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("\n──── run {number} ── {time} ── {name} ────")
}

/// What tells a file that was written from one that was not, without reading it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mark(Option<(u64, SystemTime)>);

impl Mark {
    fn of(path: &Path) -> Mark {
        let metadata = std::fs::metadata(path).ok();
        Mark(metadata.and_then(|metadata| Some((metadata.len(), metadata.modified().ok()?))))
    }
}

/// The files besides the notebook that a run depends on.
#[derive(Debug, Default)]
struct Around {
    /// Packages that the notebook names by path.
    packages: BTreeSet<PathBuf>,
    /// Their sources as they were when the run began.
    sources: Vec<(PathBuf, Mark)>,
    /// Files that the cells name, as they were when the run ended: the cells may have written them themselves.
    data: Vec<(PathBuf, Mark)>,
}

impl Around {
    fn new(path: &Path, notebook: &Notebook, run: &run::Arguments) -> Around {
        let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = whole.parent().unwrap_or(Path::new("/"));
        let mut packages = BTreeSet::new();
        let mut data = BTreeSet::new();
        let code = notebook
            .cells
            .iter()
            .filter(|cell| cell.kind == CellKind::Code);
        for cell in code {
            let Ok(parsed) = CellCode::parse(&cell.source) else {
                continue;
            };
            for (_, command) in &parsed.commands {
                if let Command::Dep { specification, .. } = command
                    && let Some(path) = specification.get("path").and_then(|path| path.as_str())
                {
                    packages.insert(folder.join(path));
                }
            }
            data.extend(
                texts(&cell.source)
                    .into_iter()
                    .map(|text| folder.join(text)),
            );
        }
        for value in run.given.parameter.iter().skip(1).step_by(2) {
            data.extend([folder.join(value), PathBuf::from(value)]);
        }
        // The lexer keeps all that it ever read, for error messages.
        proc_macro2::extra::invalidate_current_thread_spans();
        let mut around = Around {
            packages,
            sources: Vec::new(),
            data: marks(
                data.into_iter()
                    .filter(|file| file.is_file() && *file != whole),
            ),
        };
        around.sources = around.sources_now();
        around
    }

    fn sources_now(&self) -> Vec<(PathBuf, Mark)> {
        let mut files = BTreeSet::new();
        for package in &self.packages {
            files.insert(package.join("Cargo.toml"));
            files.insert(package.join("build.rs"));
            list(&package.join("src"), 0, &mut files);
        }
        marks(files)
    }

    /// Whether a run should begin anew; while one is under way, only because of sources.
    fn has_changed(&mut self, is_running: bool) -> bool {
        let data = self.data.iter().map(|(path, _)| path.clone());
        self.sources != self.sources_now() || !is_running && self.data != marks(data)
    }

    /// Takes the files that the cells name as they are now.
    fn settle(&mut self) {
        for (path, mark) in &mut self.data {
            *mark = Mark::of(path);
        }
    }
}

fn marks(files: impl IntoIterator<Item = PathBuf>) -> Vec<(PathBuf, Mark)> {
    let marked = files.into_iter().map(|file| {
        let mark = Mark::of(&file);
        (file, mark)
    });
    marked.collect()
}

/// All files below `folder`; links in a circle end at some depth.
fn list(folder: &Path, depth: usize, files: &mut BTreeSet<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|_| depth < 16) {
        if path.is_dir() {
            list(&path, depth + 1, files);
        } else {
            files.insert(path);
        }
    }
}

/// The texts that stand in a cell's code.
fn texts(source: &str) -> Vec<String> {
    fn gather(stream: proc_macro2::TokenStream, depth: usize, found: &mut Vec<String>) {
        for token in stream {
            match token {
                proc_macro2::TokenTree::Group(group) if depth < 200 => {
                    gather(group.stream(), depth + 1, found);
                }
                proc_macro2::TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        found.push(text.value());
                    }
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    if let Ok(stream) = source.parse() {
        gather(stream, 0, &mut found);
    }
    found
}

/// Puts a run on the board, cell by cell.
struct Show {
    board: Arc<Board>,
    /// The notebook's.
    folder: PathBuf,
    number: usize,
    /// Where the cells that run stand among all cells; the first is cell number 1.
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
    fn new(board: &Arc<Board>, path: &Path, number: usize) -> Show {
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

    fn view(&self, cell: &Cell, number: Option<usize>) -> CellView {
        let folder = &self.folder;
        CellView {
            number,
            state: State::Settled,
            input: page::input(cell, &|name| picture(folder, name)),
            outputs: String::new(),
        }
    }
}

/// A picture that a text names by its path from the notebook's folder.
fn picture(folder: &Path, name: &str) -> Option<Picture> {
    const MOST_BYTES: u64 = 8 << 20;
    let path = folder.join(name);
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let mime = match extension.as_str() {
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => return None,
    };
    let metadata = std::fs::metadata(&path).ok()?;
    (metadata.is_file() && metadata.len() <= MOST_BYTES).then_some(())?;
    Some((mime.to_owned(), std::fs::read(&path).ok()?))
}

fn as_json(outputs: &[Output]) -> Vec<Value> {
    outputs.iter().map(|output| output.to_json(0)).collect()
}

impl Audience for Show {
    fn opens(&mut self, notebook: &Notebook) {
        let mut views = Vec::new();
        for (place, cell) in notebook.cells.iter().enumerate() {
            let runs = cell.is_numbered();
            if runs {
                self.places.push(place);
                self.hides
                    .push(cell.has_tag("remove-output") || cell.has_tag("remove-cell"));
            }
            views.push(self.view(cell, runs.then_some(self.places.len())));
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
        let written = page::outputs(&as_json(&self.live));
        self.change(self.running, |view| view.outputs = written);
    }

    fn cell_ends(&mut self, number: usize, outputs: &[Output], _: Duration) {
        let failed = matches!(outputs.last(), Some(Output::Error { .. }));
        let mut outputs = outputs.to_vec();
        if self.hides(number) {
            outputs.retain(|output| matches!(output, Output::Error { .. }));
        }
        let outputs = page::outputs(&as_json(&outputs));
        self.change(number, |view| {
            view.state = if failed {
                State::Failed
            } else {
                State::Settled
            };
            view.outputs = outputs;
        });
    }
}
