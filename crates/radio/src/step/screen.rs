//! What may be written to this terminal: how wide, in which colours, and no control characters of others.

use anstyle_parse::{Params, Parser, Perform};
use console::{Style, Term};
use std::io::{IsTerminal, Write};

/// The width where nobody says one.
const USUAL_WIDTH: usize = 80;
/// Lines of prose longer than this are hard to read on a wide screen.
const MAX_WIDTH: usize = 100;
const LEAST_WIDTH: usize = 20;

/// Standard output as a person sees it.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Whether someone sits before a terminal: keys are read one by one, and lines may be replaced.
    pub is_terminal: bool,
    /// Whether escape sequences may be used for colours.
    pub has_colours: bool,
    /// Whether a line can be taken back.
    pub can_erase: bool,
}

impl Screen {
    /// The screen of this process.
    pub fn new() -> Screen {
        let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        Screen {
            is_terminal,
            has_colours: is_terminal && console::colors_enabled(),
            can_erase: is_terminal && std::env::var("TERM").is_ok_and(|term| term != "dumb"),
        }
    }

    /// The number of columns for text.
    pub fn width(self) -> usize {
        let told = || std::env::var("COLUMNS").ok()?.parse().ok();
        let seen = || {
            Term::stdout()
                .size_checked()
                .map(|(_, columns)| columns.into())
        };
        let columns: Option<usize> = if self.is_terminal { seen() } else { told() };
        columns
            .filter(|&columns| columns > 0)
            .unwrap_or(USUAL_WIDTH)
            .clamp(LEAST_WIDTH, MAX_WIDTH)
    }

    /// `text` in `style`, where there are colours.
    pub fn paint(self, text: &str, style: &Style) -> String {
        if text.is_empty() {
            return String::new();
        }
        let style = style.clone().force_styling(self.has_colours);
        style.apply_to(text).to_string()
    }

    /// Writes at once. Nobody may be reading any more, and then nothing is lost.
    pub fn write(self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let _ = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
    }

    /// `text` without what could move the cursor, change the terminal or hide other text.
    pub fn plain(self, text: &str) -> String {
        Filter::new(false).pass(text)
    }
}

/// Lets text through that comes in pieces: letters, line ends, tabs and, if wanted, colours.
#[derive(Debug)]
pub struct Filter {
    parser: Parser,
    passed: Passed,
}

#[derive(Debug, Default)]
struct Passed {
    text: String,
    keeps_colours: bool,
    is_coloured: bool,
    /// A carriage return came last. Alone, it is where a progress bar would start its line again.
    returned: bool,
}

impl Filter {
    /// A filter for one text.
    pub fn new(keeps_colours: bool) -> Filter {
        Filter {
            parser: Parser::default(),
            passed: Passed {
                keeps_colours,
                ..Passed::default()
            },
        }
    }

    /// What of the next piece of the text may be shown.
    pub fn pass(&mut self, piece: &str) -> String {
        for byte in piece.bytes() {
            self.parser.advance(&mut self.passed, byte);
        }
        std::mem::take(&mut self.passed.text)
    }

    /// What ends the text: colours do not outlive it.
    pub fn end(&self) -> &'static str {
        if self.passed.is_coloured {
            "\x1b[0m"
        } else {
            ""
        }
    }
}

impl Passed {
    fn push(&mut self, c: char) {
        if std::mem::take(&mut self.returned) && c != '\n' {
            self.text.push('\n');
        }
        self.text.push(c);
    }
}

impl Perform for Passed {
    fn print(&mut self, c: char) {
        // Marks that reorder the rest of the line hide what a program says as well as an escape sequence does.
        let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if !c.is_control() && !reorders {
            self.push(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' | b'\t' => self.push(byte.into()),
            b'\r' => self.returned = true,
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: u8) {
        if !self.keeps_colours || action != b'm' || !intermediates.is_empty() || ignore {
            return;
        }
        let params = params.iter().map(|parts| {
            let parts: Vec<String> = parts.iter().map(u16::to_string).collect();
            parts.join(":")
        });
        let params = params.collect::<Vec<_>>().join(";");
        self.text.push_str(&format!("\x1b[{params}m"));
        self.is_coloured = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(text: &str, keeps_colours: bool) -> String {
        Filter::new(keeps_colours).pass(text)
    }

    #[test]
    fn only_letters_lines_and_wanted_colours_pass() {
        let hostile = "a\x1b[2Jb\x1b]0;title\x07c\x1bcd\u{9b}31me\x08\x07\x7ff\x00\u{202e}g\th\n";
        assert_eq!(passed(hostile, false), "abcd31mefg\th\n");
        assert_eq!(passed(hostile, true), "abcd31mefg\th\n");
        let coloured = "\x1b[1;38:5:9mred\x1b[0m\x1b[?25l\x1b[3A";
        assert_eq!(passed(coloured, true), "\x1b[1;38:5:9mred\x1b[0m");
        assert_eq!(passed(coloured, false), "red");
    }

    #[test]
    fn what_is_split_between_pieces_is_still_recognized() {
        let mut filter = Filter::new(true);
        let pieces = ["1\r", "\n2\r", "3 \x1b[3", "1", "mred\x1b", "[2J"];
        let shown: String = pieces.iter().map(|piece| filter.pass(piece)).collect();
        assert_eq!(shown, "1\n2\n3 \x1b[31mred");
        assert_eq!(filter.end(), "\x1b[0m");
    }
}
