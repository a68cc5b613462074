//! The `radio` command.

fn main() -> std::process::ExitCode {
    radio_notebook::fence::take_part();
    #[cfg(all(feature = "evcxr", unix))]
    radio_notebook::evcxr::take_part();
    radio_notebook::cli::main()
}
