//! What the compiler says, said of the notebook: rustc's form, with the cell's own lines.

use crate::program::{CellPlace, Probe, Program};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Deserialize;
use std::ops::Range;

/// One error of the compiler's about a notebook.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The error's number, such as `E0308`.
    pub code: Option<String>,
    /// What is wrong, in one line.
    pub message: String,
    /// The places it is about.
    pub spans: Vec<Span>,
    /// Notes and helps: the level's name and the text.
    pub notes: Vec<(String, String)>,
    /// The line of our own that looks at a variable, if the error is about one.
    pub probe: Option<Probe>,
}

/// A place that a diagnostic is about.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its first character.
    pub start: CellPlace,
    /// The line and column after its last character.
    pub end: (u32, u32),
    /// Whether it is the place of the error, rather than one that explains it.
    pub is_primary: bool,
    /// What is said about it.
    pub label: Option<String>,
}

#[derive(Deserialize)]
struct RustcMessage {
    message: String,
    code: Option<RustcCode>,
    level: String,
    spans: Vec<RustcSpan>,
    children: Vec<RustcMessage>,
}

#[derive(Deserialize)]
struct RustcCode {
    code: String,
}

#[derive(Clone, Deserialize)]
struct RustcSpan {
    file_name: String,
    line_start: u32,
    line_end: u32,
    column_start: u32,
    column_end: u32,
    is_primary: bool,
    label: Option<String>,
    suggested_replacement: Option<String>,
    expansion: Option<Box<RustcExpansion>>,
}

#[derive(Clone, Deserialize)]
struct RustcExpansion {
    span: RustcSpan,
}

impl Diagnostic {
    /// Reads one message of `rustc --error-format=json`; `None` for warnings and summaries. `place` maps a line and column
    /// of the file that was compiled.
    pub fn from_rustc(
        message: &serde_json::Value,
        place: impl Fn(u32, u32) -> Option<CellPlace>,
    ) -> Option<Diagnostic> {
        let message = RustcMessage::deserialize(message).ok()?;
        let is_summary = message.code.is_none() && message.spans.is_empty();
        if !message.level.starts_with("error")
            || is_summary && message.message.starts_with("aborting due to")
        {
            return None;
        }
        let spans = message
            .spans
            .iter()
            .filter_map(|span| Span::from_rustc(span, &place))
            .collect();
        let notes = message.children.iter().filter_map(|child| {
            let replacement = child
                .spans
                .iter()
                .find_map(|span| span.suggested_replacement.clone());
            let text = match replacement
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
            {
                Some(replacement) => format!("{}: `{replacement}`", child.message),
                None => child.message.clone(),
            };
            let text = match text.contains("crate::__radio") {
                true => text,
                false => without_generations(&text),
            };
            // Advice to import through paths of the generated program would not help in a notebook.
            let is_ours = ["__radio", "`Shown::<", "CellFormat"];
            (!is_ours.iter().any(|name| text.contains(name))).then(|| (child.level.clone(), text))
        });
        let notes = notes.collect();
        Some(Diagnostic {
            code: message.code.map(|c| c.code),
            message: without_generations(&message.message),
            spans,
            notes,
            probe: None,
        })
    }

    /// The cell that is to blame: the one in which the error is, or the one that made its code necessary there.
    pub fn blame(&self) -> Option<u32> {
        self.place().map(|place| place.for_cell)
    }

    /// The cell in which the error is.
    pub fn cell(&self) -> Option<u32> {
        self.place().map(|place| place.cell)
    }

    /// Where the error is. If that is a line of our own, such as the start of a closure around a cell, it is in the last of
    /// the cells that explain it.
    fn place(&self) -> Option<CellPlace> {
        let primary = self.spans.iter().find(|span| span.is_primary);
        let last = || self.spans.iter().max_by_key(|span| span.start.for_cell);
        primary.or_else(last).map(|span| span.start)
    }

    /// The diagnostic in rustc's form. `source` gives a cell's source by its number; `notebook` is the file's name.
    pub fn render<'s>(&self, notebook: &str, source: impl Fn(u32) -> Option<&'s str>) -> String {
        let mut title = Level::ERROR.primary_title(self.message.as_str());
        if let Some(code) = &self.code {
            title = title.id(code.as_str());
        }
        let mut group = Group::with_title(title);
        let mut cells: Vec<u32> = self.spans.iter().map(|span| span.start.cell).collect();
        cells.sort_by_key(|&cell| Some(cell) != self.cell());
        cells.dedup();
        for cell in cells {
            let Some(text) = source(cell) else { continue };
            let mut snippet = Snippet::source(text).path(format!("{notebook} cell {cell}"));
            for span in self.spans.iter().filter(|span| span.start.cell == cell) {
                let kind = if span.is_primary {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                let range = span.bytes_in(text);
                snippet = snippet.annotation(kind.span(range).label(span.label.clone()));
            }
            group = group.element(snippet);
        }
        for (level, text) in &self.notes {
            let level = if level == "help" {
                Level::HELP
            } else {
                Level::NOTE
            };
            group = group.element(level.message(text.as_str()));
        }
        Renderer::plain().render(&[group])
    }
}

impl Span {
    fn from_rustc(
        span: &RustcSpan,
        place: &impl Fn(u32, u32) -> Option<CellPlace>,
    ) -> Option<Span> {
        // Inside a macro's own text, what counts is where it was called.
        let mut at = span;
        loop {
            let is_program = at.file_name.ends_with("main.rs");
            if is_program && let Some(start) = place(at.line_start, at.column_start) {
                let end = place(at.line_end, at.column_end).filter(|end| end.cell == start.cell);
                let end = end.map_or((start.line, start.column + 1), |end| (end.line, end.column));
                return Some(Span {
                    start,
                    end,
                    is_primary: span.is_primary,
                    label: span.label.as_deref().map(without_generations),
                });
            }
            at = &at.expansion.as_ref()?.span;
        }
    }

    /// The span as a range of bytes of its cell's source.
    fn bytes_in(&self, source: &str) -> Range<usize> {
        let start = offset(source, self.start.line, self.start.column);
        let end = offset(source, self.end.0, self.end.1);
        start..end.max(start)
    }
}

/// The byte at a line and column, both from 1; the end of the line or text where they lie beyond it.
fn offset(source: &str, line: u32, column: u32) -> usize {
    let mut start = 0;
    for (index, text) in source.split_inclusive('\n').enumerate() {
        if index as u32 + 1 == line {
            let text = text.trim_end_matches('\n');
            let within = text
                .char_indices()
                .nth(column.saturating_sub(1) as usize)
                .map_or(text.len(), |(at, _)| at);
            return start + within;
        }
        start += text.len();
    }
    source.len()
}

/// Has the compiler say what is wrong with the syntax of a cell: only its parser is asked. `None` if it finds nothing.
pub fn syntax_errors(code: &str, cell: u32) -> Option<Vec<Diagnostic>> {
    let folder = tempfile::tempdir().ok()?;
    let file = folder.path().join("main.rs");
    std::fs::write(&file, format!("fn main() {{\n{code}\n}}\n")).ok()?;
    let mut rustc =
        std::process::Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args([
        "--edition=2024",
        "--error-format=json",
        "--emit=metadata",
        "--crate-type=bin",
        "-o",
    ]);
    let output = rustc
        .arg(folder.path().join("out"))
        .arg(&file)
        .current_dir(folder.path())
        .output()
        .ok()?;
    let lines = code.lines().count() as u32;
    let place = |line: u32, column: u32| {
        // An unclosed bracket is noticed after the cell's end.
        let line = line.checked_sub(1)?.clamp(1, lines.max(1));
        Some(CellPlace {
            cell,
            for_cell: cell,
            line,
            column,
        })
    };
    let text = String::from_utf8_lossy(&output.stderr);
    let messages = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let found: Vec<Diagnostic> = messages
        .filter_map(|message| Diagnostic::from_rustc(&message, place))
        .collect();
    // A number means that the text parsed, and the compiler went on to miss the rest of the notebook.
    let found: Vec<Diagnostic> = found
        .into_iter()
        .filter(|d| d.code.is_none() && !d.spans.is_empty())
        .collect();
    (!found.is_empty()).then_some(found)
}

/// Reads cargo's message about `program`.
pub fn from_cargo(message: &serde_json::Value, program: &Program) -> Option<Diagnostic> {
    let mut diagnostic =
        Diagnostic::from_rustc(message, |line, column| program.place(line, column))?;
    let lines = message["spans"].as_array().into_iter().flatten();
    diagnostic.probe = lines
        .filter_map(|span| program.probe(u32::try_from(span["line_start"].as_u64()?).ok()?))
        .next()
        .cloned();
    Some(diagnostic)
}

/// `text` without the modules of the generated program in which items of later cells live. To a cell they are the crate.
fn without_generations(text: &str) -> String {
    const MODULE: &str = "__radio_generation_";
    let mut pieces = text.split(MODULE);
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let behind = piece.trim_start_matches(|c: char| c.is_ascii_digit());
        match behind.strip_prefix("::") {
            Some(rest) => plain.push_str(rest),
            None => plain.extend(["crate", behind]),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_stay_inside_the_source() {
        let source = "aλb\nc";
        assert_eq!(offset(source, 1, 3), 3);
        assert_eq!(offset(source, 2, 1), 5);
        assert_eq!(offset(source, 1, 99), 4);
        assert_eq!(offset(source, 9, 1), source.len());
    }

    #[test]
    fn a_syntax_error_is_shown_on_its_line() {
        let code = "let a = 1;\nlet b = = 2;";
        let found = syntax_errors(code, 4).unwrap();
        let text = found[0].render("x.ipynb", |_| Some(code));
        assert!(
            text.contains("x.ipynb cell 4:2:9") && text.contains("let b = = 2;"),
            "{text}"
        );
        assert!(syntax_errors("let a = 1;", 1).is_none());
        assert!(syntax_errors("undefined_name()", 1).is_none());
    }
}
