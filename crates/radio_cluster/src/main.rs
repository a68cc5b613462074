//! The command `radio_cluster`.

mod command;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let command = command::Command::parse();
    match command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(command::Stopped::Interrupted) => ExitCode::from(130),
        Err(command::Stopped::Failed(error)) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
