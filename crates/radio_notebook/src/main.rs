//! The `radio` command.

fn main() -> std::process::ExitCode {
    radio_notebook::cli::main()
}
