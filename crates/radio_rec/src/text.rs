//! Makes foreign text safe to print in our messages.

/// The text on one line, with what would move the cursor or turn the reading direction written as an escape (`\n`).
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let moves = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if moves || turns {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The beginning of a text, on one line, for use in a sentence.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => printable(&text[..end]) + "...",
        None => printable(text),
    }
}
