//! Why a cell has failed, by what its process said or how that ended.

use radio_runtime::protocol::{LOST, ProgramLocation};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How a cell ended that did not run to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The kind: `Panic`, `Error`, `Exited`, `Signal`, `Timeout`, `Interrupted`.
    pub ename: String,
    /// The message.
    pub evalue: String,
    /// Where in the program, if it said so.
    pub place: Option<ProgramLocation>,
}

/// A failure of this kind.
pub fn failure(ename: &str, evalue: &str) -> Failure {
    Failure {
        ename: ename.to_owned(),
        evalue: evalue.to_owned(),
        place: None,
    }
}

/// A cell takes longer than it may.
pub fn out_of_time() -> Failure {
    failure("Timeout", "the cell did not end in the time it was given")
}

pub(super) fn failure_of(status: ExitStatus) -> Failure {
    if let Some(number) = status.signal() {
        let name = nix::sys::signal::Signal::try_from(number)
            .map_or_else(|_| number.to_string(), |s| s.to_string());
        let hint = match name.as_str() {
            "SIGKILL" => ", as the system does where memory runs out",
            "SIGXFSZ" => ": a file grew larger than the system allows",
            _ => "",
        };
        return failure(
            "Signal",
            &format!("the program was ended by the signal {name}{hint}"),
        );
    }
    match status.code() {
        Some(LOST) => failure(
            "Exited",
            &format!(
                "the program ended itself with exit code {LOST}, as it does where a cell has closed its \
                 connection to radio"
            ),
        ),
        Some(code) => failure(
            "Exited",
            &format!("the program ended itself with exit code {code}"),
        ),
        None => failure("Exited", "the program ended"),
    }
}
