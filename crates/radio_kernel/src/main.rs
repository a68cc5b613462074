//! The command `radio-kernel`: installs the kernel, removes it, and runs it.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
