//! The `radio` command.

fn main() -> std::process::ExitCode {
    #[cfg(all(feature = "evcxr", unix))]
    radio_notebook::evcxr::take_part();
    radio_notebook::cli::main()
}
