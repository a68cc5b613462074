//! Things to show from anywhere in a cell, under names by which they can be replaced.
//!
//! Each is written to stdout as a block of content, with one more block that says what is to be done with it.

use crate::connection::{flush, turn_to};

/// The type of the block that says what is to be done: a JSON object with `display_id`, and `update` if it replaces
/// what was shown under that name; or with `clear`.
pub const INSTRUCTION: &str = "application/vnd.radio.display+json";

/// Shows something of this MIME type; of types that are no text, in base64.
pub fn display(mime: &str, content: &str) {
    write(&[(mime, content)]);
}

/// Shows something under a name, by which it can be [updated](update).
pub fn display_as(name: &str, mime: &str, content: &str) {
    let instruction = format!("{{\"display_id\":{}}}", quoted(name));
    write(&[(INSTRUCTION, &instruction), (mime, content)]);
}

/// Replaces what was shown under a name, in this cell or an earlier one.
pub fn update(name: &str, mime: &str, content: &str) {
    let instruction = format!("{{\"display_id\":{},\"update\":true}}", quoted(name));
    write(&[(INSTRUCTION, &instruction), (mime, content)]);
}

/// Takes away all that the cell has shown and printed so far; if `wait`, once something new comes.
pub fn clear(wait: bool) {
    write(&[(INSTRUCTION, &format!("{{\"clear\":true,\"wait\":{wait}}}"))]);
}

/// One thing, apart from those before and after it.
fn write(blocks: &[(&str, &str)]) {
    let mut text = String::from("EVCXR_FLUSH_OUTPUT\n");
    for (mime, content) in blocks {
        text.push_str(&format!(
            "EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT\n"
        ));
    }
    text.push_str("EVCXR_FLUSH_OUTPUT\n");
    turn_to(1);
    std::print!("{text}");
    flush();
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
