//! The command line: its arguments, what it says at the end, and its exit codes.

use crate::{assign, check, clean, convert, diff, export, git, grade, new, run, step, watch};
use clap::{Parser, Subcommand};
use radio_notebook::error::Error;
use radio_notebook::{interrupt, say};
use std::process::ExitCode;

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
    /// Make the students' notebook from a solved one, which has to pass its own tests
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

/// Runs the program: reads the arguments, does what they say, and returns the exit code. 0: all cells ran, or all
/// outputs are equal. 1: a cell failed, or something differs. 2: the arguments or a file could not be used.
pub fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    interrupt::listen(step::restore_terminal_for_good);
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
