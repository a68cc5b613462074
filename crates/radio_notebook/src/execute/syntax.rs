//! What the compiler's parser says of a cell that is no Rust.

use crate::build::toolchain::chosen;
use crate::build::tools::{follow_while, tool};
use crate::diagnostics::Diagnostic;
use crate::interrupt::Group;
use crate::program::CellLocation;
use std::time::{Duration, Instant};

/// The numbers of the errors that text has which cannot be parsed: literals and block comments without an end, and a
/// doc comment with nothing after it.
const SYNTAX_ERRORS: [&str; 8] = [
    "E0585", "E0586", "E0748", "E0758", "E0762", "E0763", "E0765", "E0766",
];

/// The compiler may go on about a text that is no Rust at all for minutes: it is stopped after so many errors.
const MAX_SYNTAX_ERRORS: usize = 20;

/// How long the compiler's parser may take.
const MAX_TIME: Duration = Duration::from_secs(20);

/// Has the compiler say what is wrong with the syntax of a cell: only its parser is asked. `None` if it finds nothing.
pub(super) fn errors(code: &str, cell: u32) -> Option<Vec<Diagnostic>> {
    let folder = tempfile::tempdir().ok()?;
    let file = folder.path().join("main.rs");
    std::fs::write(&file, format!("fn main() {{\n{code}\n}}\n")).ok()?;
    let mut rustc = tool(chosen(), folder.path());
    rustc
        .args(["--edition=2024", "--error-format=json", "--emit=metadata"])
        .args(["--crate-type=bin", "-o", "out", "main.rs"]);
    let lines = code.lines().count() as u32;
    let place = |_: &str, line: u32, column: u32| {
        let line = line.checked_sub(1)?;
        // An unclosed bracket is noticed after the cell's end.
        let column = if line > lines { u32::MAX } else { column };
        let line = line.clamp(1, lines.max(1));
        Some(CellLocation {
            cell,
            for_cell: cell,
            line,
            column,
        })
    };
    // Another number means that the text parsed, and the compiler went on to miss the rest of the notebook.
    let is_of_syntax = |code: &str| SYNTAX_ERRORS.contains(&code);
    let mut found: Vec<Diagnostic> = Vec::new();
    let deadline = Some(Instant::now() + MAX_TIME);
    // What was said until it was stopped counts.
    let _ = follow_while(
        "rustc",
        Group::spawn(&mut rustc),
        deadline,
        &mut |_, line| {
            let message = serde_json::from_str::<serde_json::Value>(&line).ok();
            let said = message.and_then(|message| Diagnostic::from_rustc(&message, place));
            found.extend(
                said.filter(|d| d.code.as_deref().is_none_or(is_of_syntax) && !d.spans.is_empty()),
            );
            found.len() < MAX_SYNTAX_ERRORS
        },
    );
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_is_shown_on_its_line() {
        let code = "let a = 1;\nlet b = = 2;";
        let found = errors(code, 4).unwrap();
        let text = found[0].render("x.ipynb", |_| Some(code));
        assert!(
            text.contains("x.ipynb cell 4:2:9") && text.contains("let b = = 2;"),
            "{text}"
        );
        assert!(errors("let a = 1;", 1).is_none());
        let found = errors(&"\u{7f}ELF".repeat(10_000), 1).unwrap();
        assert_eq!(found.len(), MAX_SYNTAX_ERRORS);
        assert!(errors("undefined_name()", 1).is_none());
    }
}
