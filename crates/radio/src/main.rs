//! The command `radio`. What it does with notebooks is done by `radio_notebook`, and pages are made by `radio_pages`;
//! here are the arguments, what is said in the terminal, and the exit codes.

mod arguments;
mod assign;
mod check;
mod clean;
mod cli;
mod convert;
mod diff;
mod export;
mod figures;
mod find;
mod git;
mod grade;
mod new;
mod report;
mod run;
mod serve;
mod step;
mod terminal;
mod watch;

fn main() -> std::process::ExitCode {
    radio_notebook::run::fence::take_part();
    cli::main()
}
