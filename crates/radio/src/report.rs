//! What `radio run` shows while it works: a progress bar on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use radio_notebook::document::{Notebook, Output};
use radio_notebook::error::Result;
use radio_notebook::execute::{self, Options, Summary, Watcher};
use radio_notebook::run::outputs::Stream;
use radio_notebook::say;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

/// Executes a notebook of which nothing is shown, to its end.
///
/// # Errors
/// As [`execute::execute`], what cut it short, and [`Error::Interrupted`](radio_notebook::error::Error::Interrupted).
pub(crate) fn execute_unseen(
    notebook: &mut Notebook,
    path: &Path,
    options: &Options,
) -> Result<Summary> {
    let mut report = Report::new("", true);
    let summary = execute::execute(notebook, path, options, &mut report);
    report.close();
    summary?.whole()
}

/// Shows one notebook's execution: its text on stdout, its progress on stderr.
#[derive(Debug)]
pub struct Report {
    bar: ProgressBar,
    name: String,
    quiet: bool,
    is_terminal: bool,
    /// Whether the running cell has written text, and whether that text ended its line.
    written: Option<bool>,
    current: usize,
    /// Whether a line has said that dependencies are being compiled.
    announced: bool,
}

impl Report {
    /// A report for the notebook called `name`; a quiet one shows neither progress nor text.
    pub fn new(name: &str, quiet: bool) -> Report {
        let is_terminal = std::io::stderr().is_terminal();
        let target = if quiet || !is_terminal {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:.bold} {bar:24} {pos}/{len} {wide_msg:.dim}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        bar.set_message("compiling");
        Report {
            bar,
            name: name.to_owned(),
            quiet,
            is_terminal,
            written: None,
            current: 0,
            announced: false,
        }
    }

    /// Takes the progress bar away.
    pub fn close(&self) {
        self.bar.finish_and_clear();
    }

    fn print(&mut self, text: &str) {
        let head = match self.written {
            None => format!("{} [{}]\n", self.name, self.current),
            Some(_) => String::new(),
        };
        self.written = Some(text.ends_with('\n'));
        self.bar.suspend(|| {
            // Nobody may be reading any more: `radio run | head`.
            let mut stdout = std::io::stdout().lock();
            let _ = stdout
                .write_all(format!("{head}{text}").as_bytes())
                .and_then(|()| stdout.flush());
        });
    }
}

impl Watcher for Report {
    fn begins(&mut self, total: usize) {
        self.bar.set_length(total as u64);
    }

    fn compiles(&mut self, line: &str) {
        let Some(what) = line
            .strip_prefix("Compiling ")
            .or_else(|| line.strip_prefix("Blocking "))
        else {
            return;
        };
        let (what, _path) = what.split_once(" (").unwrap_or((what, ""));
        self.bar.set_message(format!("compiling {what}"));
        // The package that joins the dependencies is quick to compile and not worth a line, and so is waiting for
        // another run.
        if line.starts_with("Compiling ")
            && !what.starts_with("radio_set_")
            && !self.is_terminal
            && !self.quiet
            && !self.announced
        {
            self.announced = true;
            say!("{}: compiling dependencies; this is done once", self.name);
        }
    }

    fn cell_begins(&mut self, number: usize, source: &str) {
        self.current = number;
        self.written = None;
        let line = source
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        self.bar.set_message(format!("[{number}] {}", line.trim()));
        self.bar.tick();
    }

    fn writes(&mut self, _: Stream, text: &str) {
        if !self.quiet {
            self.print(text);
        }
    }

    fn cell_ends(&mut self, _: usize, outputs: &[Output], _: Duration) {
        if !self.quiet {
            for output in outputs {
                match output {
                    Output::Data { bundle, .. } => {
                        if let Some((_, text)) =
                            bundle.iter().find(|(mime, _)| mime == "text/plain")
                        {
                            self.line_break();
                            self.print(&format!("{}\n", text.trim_end_matches('\n')));
                        }
                    }
                    Output::Error { traceback, .. } => {
                        self.line_break();
                        self.print(&format!("{}\n", traceback.join("\n")));
                    }
                    Output::Stream { .. } => {}
                }
            }
            self.line_break();
        }
        self.bar.inc(1);
    }

    fn cell_stays(&mut self, _: usize, _: &[Output]) {
        self.bar.inc(1);
    }
}

impl Report {
    fn line_break(&mut self) {
        if self.written == Some(false) {
            self.print("\n");
        }
    }
}
