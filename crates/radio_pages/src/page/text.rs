//! Plain text and code as HTML: escaped, cut where it is too long, coloured.

use crate::highlight::{self, Class};

/// The text of outputs and sources that is longer than this is cut: the page has to stay quick.
const MAX_TEXT: usize = 100_000;

/// Text that opens no tag and ends no attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Text as a terminal would show it, as HTML.
pub(super) fn printed(text: &str) -> String {
    escape(&as_printed(text))
}

/// Text as a terminal would show it: without colours, and with the last of what was written over one line.
pub(crate) fn as_printed(text: &str) -> String {
    let plain = console::strip_ansi_codes(text);
    let mut shown = String::new();
    for line in cut(&plain).split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        let line = line.strip_suffix('\r').unwrap_or(line);
        shown.push_str(line.rsplit('\r').next().unwrap_or(line));
        shown.push_str(end);
    }
    shown.truncate(shown.trim_end_matches('\n').len());
    shown
}

/// Text of at most so many characters, and a word where there was more.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!(
            "{}\n[the rest is left out here; the executed copy has it]",
            &text[..end]
        ),
        None => text.to_owned(),
    }
}

/// Rust with its words in colours.
pub(super) fn coloured(source: &str) -> String {
    if source.len() > MAX_TEXT {
        return escape(&cut(source));
    }
    let parts = highlight::stretches(source).into_iter();
    parts
        .map(|(class, text)| {
            let class = match class {
                Class::Plain => return escape(text),
                Class::Keyword => "k",
                Class::Type => "t",
                Class::Function => "f",
                Class::Macro => "m",
                Class::Text => "s",
                Class::Number => "n",
                Class::Lifetime => "l",
                Class::Comment => "c",
            };
            format!("<span class=\"{class}\">{}</span>", escape(text))
        })
        .collect()
}
