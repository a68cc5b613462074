//! What commands of cells do while the cell runs.

use crate::connection::send;
use crate::protocol::Frame;
use crate::question_mark::{Raised, remember};
use std::panic::Location;

/// Answers a command of a cell's: a line of text, and HTML or nothing.
pub fn says(text: &str, html: &str) {
    send(&Frame::CommandOutput {
        text: format!("{text}\n"),
        html: html.to_owned(),
    });
}

/// Lists the variables with their types.
pub fn says_variables() {
    let variables = crate::variables::list();
    let lines = variables.iter().map(|(name, of)| format!("{name}: {of}\n"));
    let rows = variables.iter().map(|(name, of)| {
        format!(
            "<tr><td>{}</td><td>{}</td></tr>",
            escaped(name),
            escaped(of)
        )
    });
    send(&Frame::CommandOutput {
        text: lines.collect(),
        html: format!(
            "<table><tr><th>Variable</th><th>Type</th></tr>{}</table>",
            rows.collect::<String>()
        ),
    });
}

/// Says a variable's type.
///
/// # Errors
/// There is no such variable.
#[track_caller]
pub fn says_type(name: &str) -> Result<(), Raised> {
    let variables = crate::variables::list();
    let Some((_, of)) = variables.iter().find(|(known, _)| known == name) else {
        return refuse(&format!("Variable does not exist: {name}"));
    };
    let text = format!("{name}: {of}");
    send(&Frame::CommandOutput {
        html: escaped(&text),
        text,
    });
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Runs a line in the shell; what it writes is part of the cell's value.
///
/// # Errors
/// The line failed.
#[track_caller]
pub fn shell(line: &str) -> Result<(), Raised> {
    let output = std::process::Command::new("sh").args(["-c", line]).output();
    let output = match output {
        Ok(output) => output,
        Err(error) => return refuse(&format!("Failed to execute shell command: {error}")),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    send(&Frame::CommandOutput {
        text: text(&output.stdout) + &text(&output.stderr),
        html: String::new(),
    });
    if output.status.success() {
        return Ok(());
    }
    let code = output.status.code().unwrap_or_default();
    let why = text(&output.stderr);
    refuse(format!("Shell command failed with exit code {code}: {why}").trim_end())
}

/// A command that cannot be done.
///
/// # Errors
/// Always: `why`.
#[track_caller]
pub fn refuse(why: &str) -> Result<(), Raised> {
    remember(Location::caller());
    Err(Raised(why.to_owned()))
}

/// Sets a variable of the environment.
pub fn set_variable(name: &str, value: &str) {
    // SAFETY: the cell that asks for it has not begun; threads of earlier cells must not read the environment
    // meanwhile.
    unsafe { std::env::set_var(name, value) };
}
