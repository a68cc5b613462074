//! The command line: its arguments, what it says at the end, and its exit codes.

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::{
    assign, check, clean, convert, diff, export, files, git, grade, interrupt, new, percent, run,
    step, watch,
};
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Parser)]
#[command(
    name = "radio",
    version,
    about = "Runs Rust notebooks written for evcxr, without Jupyter and without waiting"
)]
struct Cli {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a notebook to begin with, in a folder of its own; or the assignment
    New(new::Arguments),
    /// Execute notebooks (.ipynb) or percent scripts (.rs) from top to bottom
    Run(run::Arguments),
    /// Execute notebooks and compare what they give with the outputs stored in them; changes no file without --update
    Check(check::Arguments),
    /// Walk through one notebook in the terminal, a cell at a keypress
    Step(step::Arguments),
    /// Execute a notebook or a script again at each save
    Watch(watch::Arguments),
    /// Write a notebook (.ipynb) as a percent script (.rs), or a percent script as a notebook
    Convert(convert::Arguments),
    /// Write notebooks for readers: a page, slides, Markdown, PDF, or a book of several
    Export(export::Arguments),
    /// Make the notebook that students get from a solved one, if that gets all of its own points
    Assign(assign::Arguments),
    /// Run what students handed in with the tests of the solved notebook; writes a table, and a page of feedback each
    Grade(grade::Arguments),
    /// Remove what was compiled for notebooks, or take out of notebooks what running them has left there
    Clean(clean::Arguments),
    /// Show how two notebooks differ, cell by cell
    Diff(diff::Arguments),
    /// Have git store notebooks without what running them leaves in them, and show how they differ by cells
    Git(git::Arguments),
}

/// What can be given to every command that executes notebooks and writes their copies.
#[derive(Clone, Debug, clap::Args)]
pub struct Given {
    /// Where executed copies and figures go
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(crate) output: PathBuf,
    /// Replace the value of a parameter: of a `let` in the cell tagged `parameters`
    #[arg(short, long = "parameter", value_names = ["NAME", "VALUE"], num_args = 2, allow_hyphen_values = true)]
    pub(crate) parameter: Vec<String>,
    /// The most time a cell may take
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// What executes the cells
    #[arg(long, value_enum, default_value_t)]
    pub(crate) engine: Engine,
}

impl Given {
    /// The parameters' names and values.
    pub(crate) fn values(&self) -> Vec<(String, String)> {
        let pairs = self.parameter.chunks_exact(2);
        pairs
            .map(|pair| (pair[0].clone(), pair[1].clone()))
            .collect()
    }
}

/// Longer than anybody waits, and short enough to be added to the time of day.
const MOST_TIME: Duration = Duration::from_secs(1_000_000_000);

pub(crate) fn seconds(text: &str) -> std::result::Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero() && *time <= MOST_TIME)
        .ok_or_else(|| {
            format!(
                "should be a number above 0, and at most {}",
                MOST_TIME.as_secs()
            )
        })
}

/// Runs the program: reads the arguments, does what they say, and returns the exit code. 0: all cells ran, or all outputs are
/// equal. 1: a cell failed, or something differs. 2: the arguments or a file could not be used.
pub fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    interrupt::listen();
    let outcome = match command {
        Action::New(arguments) => new::run(&arguments),
        Action::Run(arguments) => run::run(&arguments, None),
        Action::Check(arguments) => check::run(&arguments),
        Action::Step(arguments) => step::run(&arguments),
        Action::Watch(arguments) => watch::run(arguments),
        Action::Convert(arguments) => convert::run(&arguments),
        Action::Export(arguments) => export::run(&arguments),
        Action::Assign(arguments) => assign::run(&arguments),
        Action::Grade(arguments) => grade::run(&arguments),
        Action::Clean(arguments) => clean::run(&arguments),
        Action::Diff(arguments) => diff::run(&arguments),
        Action::Git(arguments) => git::run(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            say!("error: {error}");
            ExitCode::from(if matches!(error, Error::Interrupted) {
                1
            } else {
                2
            })
        }
    }
}

/// What is looked for in a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Notebooks alone.
    Notebooks,
    /// Notebooks, and scripts that are not paired with one.
    Scripts,
}

/// The notebooks that the paths stand for: files as they are, folders by what is wanted of what is in them, sorted.
pub(crate) fn notebooks(paths: &[PathBuf], wanted: Wanted) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::Document {
                path: path.clone(),
                message: not_found(path),
            },
            _ => Error::io(path, "reading")(error),
        })?;
        if !metadata.is_dir() {
            if path.extension().is_none_or(|e| e != "ipynb" && e != "rs") {
                return Err(Error::Document {
                    path: path.clone(),
                    message: "radio runs notebooks (.ipynb) and percent scripts (.rs)".into(),
                });
            }
            if !metadata.is_file() {
                return Err(Error::Document {
                    path: path.clone(),
                    message: files::NO_FILE.into(),
                });
            }
            let is_rust = path.extension().is_some_and(|e| e == "rs");
            if is_rust
                && std::fs::read_to_string(path)
                    .is_ok_and(|text| !text.trim().is_empty() && !percent::is_script(&text))
            {
                return Err(Error::Document {
                    path: path.clone(),
                    message:
                        "this is Rust without cells: a percent script begins with a line `// %%`"
                            .into(),
                });
            }
            found.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(Error::io(path, "reading"))?;
        let files = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|file| file.is_file());
        let mut inside: Vec<PathBuf> = files.filter(|file| is_offered(file, wanted)).collect();
        if inside.is_empty() {
            return Err(Error::Document {
                path: path.clone(),
                message: match wanted {
                    Wanted::Notebooks => "there is no notebook (.ipynb) in this folder",
                    Wanted::Scripts => "there is no notebook (.ipynb) and no percent script (.rs that begins with a `// %%` cell) in this folder",
                }
                .into(),
            });
        }
        inside.sort();
        found.extend(inside);
    }
    Ok(found)
}

/// What is said of a path at which there is nothing.
fn not_found(path: &Path) -> String {
    let with_ending = ["ipynb", "rs"].map(|ending| path.with_extension(ending));
    match with_ending.iter().find(|path| path.is_file()) {
        Some(meant) => format!("there is no such file; did you mean {}?", meant.display()),
        None => "there is no such file or folder here; name a notebook (.ipynb), a percent script (.rs) or a folder of them".into(),
    }
}

/// Whether a file of a folder is wanted. Rust sources that are no scripts are left alone.
fn is_offered(file: &Path, wanted: Wanted) -> bool {
    // What systems and editors leave beside a notebook: `._a.ipynb`, `.~a.ipynb`.
    if file
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    {
        return false;
    }
    match file.extension().and_then(|e| e.to_str()) {
        Some("ipynb") => true,
        Some("rs") if wanted == Wanted::Scripts => {
            let is_script = |text: String| percent::is_script(&text);
            !file.with_extension("ipynb").is_file()
                && std::fs::read_to_string(file).is_ok_and(is_script)
        }
        _ => false,
    }
}
