//! Runs a notebook again at each save, until Ctrl-C.
//!
//! The files are looked at many times a second instead of asking the system for events: it costs next to nothing for so
//! few files, works on every file system (network drives and containers often give no events), and does not care how an
//! editor saves, in place or by renaming. The notebook runs again if its content has changed; the sources of its path
//! dependencies and the files that its cells name in a text count by size and time.
//!
//! A run begins at the first cell that is not as it was, or that names what has changed: the host keeps the states
//! before the cells. Those above it keep what they gave.

mod around;
mod show;

use crate::run::{self, Watched};
use crate::serve::{self, Board};
use crate::{arguments, find};
use around::{Around, Mark, Source};
use nix::libc;
use radio_notebook::document::Notebook;
use radio_notebook::error::{Error, Result};
use radio_notebook::execute::Live;
use radio_notebook::files;
use radio_notebook::interrupt;
use radio_notebook::{lock, say};
use show::Show;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the notebook is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How often the other files are looked at.
const LOOK_AROUND: Duration = Duration::from_millis(400);
/// How often the notebook is read though nothing says that it was saved.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// A file that cannot be read may be half-written: so long is waited before that is said.
const PATIENCE: Duration = Duration::from_millis(400);

/// The arguments of `radio watch`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The notebook or script
    path: PathBuf,
    /// Show the executed notebook in browsers on this computer, at this port or a free one
    #[arg(long, value_name = "PORT", value_parser = port)]
    serve: Option<Option<u16>>,
    /// With --serve: let other computers in this network read the page, by an address that cannot be guessed
    #[arg(long, requires = "serve")]
    share: bool,
    #[command(flatten)]
    given: arguments::CommonArgs,
    /// Go on after cells that fail
    #[arg(long)]
    allow_errors: bool,
    /// Run all cells at each save, not only those from the first changed one on
    #[arg(long)]
    from_start: bool,
}

fn port(text: &str) -> std::result::Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        "should be a port, a number from 1 to 65535; put the notebook before --serve".to_owned()
    })
}

/// Watches until Ctrl-C.
///
/// # Errors
/// Trouble with files, cargo or arguments, as for `radio run`.
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
    let live = match arguments.from_start {
        true => Live::default(),
        false => Live::of_several_runs(),
    };
    // Wrong arguments are told at once; a wrong notebook may be fixed while it is watched.
    if let Ok(notebook) = Notebook::read(&arguments.path) {
        run::inject_parameters(&mut [notebook], &run.paths, &run.given.values())?;
    }
    let serve = arguments.serve.map(|port| (port, arguments.share));
    watch(&arguments.path, serve, &run, live)?;
    Ok(true)
}

/// Runs the notebook at `path` at each save, and shows it to browsers if `serve` says so: at the port in it or any, and
/// to other computers or not. `live` says what runs leave to the next.
///
/// # Errors
/// Arguments that cannot be used. What is wrong with the notebook is said, and waited for to be fixed.
fn watch(
    path: &Path,
    serve: Option<(Option<u16>, bool)>,
    run: &run::Arguments,
    live: Live,
) -> Result<()> {
    if path.is_dir() {
        return Err(Error::document(
            path,
            "this is a folder: radio watch takes one notebook",
        ));
    }
    find::notebooks(&[path.to_owned()], find::Wanted::Scripts)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let board = Board::new(&name);
    let _answering = interrupt::answering();
    if let Some((port, is_shared)) = serve {
        let serving = serve::start(Arc::clone(&board), port, is_shared)?;
        say!("serving {}", serving.here);
        if let Some(address) = serving.shared {
            say!(
                "shared: {address}\nWhoever in this network has that address can read what this page shows, code, \
                 outputs and errors, until radio watch ends. \
                 They can run and change nothing. It is sent without encryption."
            );
        }
    }
    let mut watch = Watch {
        path,
        run,
        board,
        live: Arc::new(Mutex::new(live)),
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
    /// What the last run has left.
    live: Arc<Mutex<Live>>,
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
            // Reading takes time, on a network above all: of a save that changes neither size nor time is heard a
            // little later.
            let is_new = read != mark || self.seen.is_none() || self.trouble.is_some();
            if is_quiet && (is_new || read_at.elapsed() >= READ_AGAIN) {
                (read, read_at) = (mark, Instant::now());
                self.look();
            }
            if looked_around.elapsed() >= LOOK_AROUND {
                looked_around = Instant::now();
                if self.seen.is_some() && self.around.has_changed(self.under_way.is_none()) {
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
                    say!("{} is unchanged", self.path.display());
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
            say!("{}\nwaiting for it to be fixed", trouble.why);
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
        self.forget_stale_cells();
        self.around = std::mem::take(&mut self.around).next(self.path, notebook, self.run);
        say!("{}", separator(self.number, self.path));
        let (run, mut show) = (
            self.run.clone(),
            Show::new(&self.board, self.path, self.number),
        );
        let live = Arc::clone(&self.live);
        self.under_way = Some(std::thread::spawn(move || {
            let watched = Watched {
                audience: &mut show,
                live: &mut lock(&live),
            };
            let ran = run::run(&run, Some(watched));
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

    /// Has the next run begin no later than at the first cell that names a file which is not as it was.
    fn forget_stale_cells(&self) {
        let stale = self.around.changed(true);
        let mut live = lock(&self.live);
        if stale.contains(&Source::Arguments) {
            live.forget();
        }
        live.forget_from(&|source| stale.contains(&Source::Cell(source.to_owned())));
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
    let time = time_of_day();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("\n──── run {number} ── {time} ── {name} ────")
}

/// The time where this computer is, as its clock shows it.
fn time_of_day() -> String {
    // SAFETY: null is allowed as an argument of `time`, and all zeros are a `tm`, which `localtime_r` writes into.
    let at = unsafe {
        let now = libc::time(std::ptr::null_mut());
        let mut at: libc::tm = std::mem::zeroed();
        libc::localtime_r(&raw const now, &raw mut at);
        at
    };
    format!("{:02}:{:02}:{:02}", at.tm_hour, at.tm_min, at.tm_sec)
}
