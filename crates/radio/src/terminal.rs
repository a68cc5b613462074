//! Text for a terminal: its colours, and what a notebook holds made harmless.

use anstyle::{AnsiColor, Style};
use std::io::Write;

pub(crate) const HEAD: Style = Style::new().bold();
pub(crate) const OLD: Style = AnsiColor::Red.on_default();
pub(crate) const NEW: Style = AnsiColor::Green.on_default();

/// Text with its control characters, and those that turn the direction of writing or show nothing, spelt out.
pub(crate) fn visible(text: &str) -> String {
    let is_unseen = |c: char| {
        c.is_control() && c != '\t'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unseen(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// So many of something: "1 cell", "2 cells".
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// The end of a list: so many of something, if there are any.
pub(crate) fn if_any(number: usize, what: &str) -> String {
    match number {
        0 => String::new(),
        number => format!(", {}", count(number, what)),
    }
}

/// Writes to stdout, with colours if it is a terminal. Nobody may be reading any more: `radio check | head`.
pub(crate) fn print(text: &str) {
    let mut stdout = anstream::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}
