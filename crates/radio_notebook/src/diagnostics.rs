//! Turns rustc's messages into messages about cells, in rustc's form. `brackets` finds unbalanced brackets.

pub mod brackets;

use crate::program::CellLocation;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// One error or warning of the compiler's about a notebook.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Whether it is a warning.
    #[serde(default)]
    pub is_warning: bool,
    /// The error's number, such as `E0308`; of a warning, the lint's name.
    pub code: Option<String>,
    /// What is wrong, in one line.
    pub message: String,
    /// The places it is about.
    pub spans: Vec<Span>,
    /// Notes and helps: the level's name and the text.
    pub notes: Vec<(String, String)>,
}

/// A place that a diagnostic is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Its first character.
    pub start: CellLocation,
    /// The line and column after its last character.
    pub end: (u32, u32),
    /// Whether it is the place of the error, rather than one that explains it.
    pub is_primary: bool,
    /// What is said about it.
    pub label: Option<String>,
}

/// Whether a message of the compiler's, as JSON, is an error.
pub(crate) fn is_error(message: &serde_json::Value) -> bool {
    message["level"]
        .as_str()
        .is_some_and(|level| level.starts_with("error"))
}

#[derive(Deserialize)]
struct RustcMessage {
    message: String,
    code: Option<RustcCode>,
    level: String,
    spans: Vec<RustcSpan>,
    children: Vec<RustcMessage>,
}

impl RustcMessage {
    /// What a child says, with what it would write; `None` where that is of no use in a notebook.
    fn note(&self) -> Option<(String, String)> {
        let replacements = self.spans.iter();
        let replacements = replacements
            .filter_map(|span| span.suggested_replacement.as_deref())
            // What goes behind something begins with a comma.
            .map(|text| text.trim().trim_start_matches(',').trim_start())
            .filter(|text| !text.is_empty());
        let replacements: Vec<&str> = match self.message.starts_with(IMPORT) {
            false => replacements.take(1).collect(),
            // Each is another way.
            true => {
                let of_cells = |text: &&str| !is_ours(text) && !text.contains("__c_");
                let useful: Vec<&str> = replacements.filter(of_cells).collect();
                if useful.is_empty() {
                    return None;
                }
                useful
            }
        };
        let shown: Vec<String> = replacements
            .iter()
            .take(MAX_REPLACEMENTS)
            .map(|text| format!("`{text}`"))
            .collect();
        let more = match replacements.len().saturating_sub(MAX_REPLACEMENTS) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let text = match shown.is_empty() {
            true => self.message.clone(),
            false => format!("{}: {}{more}", self.message, shown.join(", ")),
        };
        let text = without_libraries(&text);
        (!is_ours(&text)).then(|| (self.level.clone(), text))
    }
}

/// How the compiler's advice begins to bring a name into scope.
pub(crate) const IMPORT: &str = "consider importing";

/// How many ways to fix an error are shown.
const MAX_REPLACEMENTS: usize = 4;

/// Whether a text of the compiler's has names of the generated program: no advice for a notebook.
fn is_ours(text: &str) -> bool {
    let names = ["__radio", "radio_runtime", "`Shown::<", "CellFormat"];
    names.iter().any(|name| text.contains(name))
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
    /// Reads one message of `rustc --error-format=json`; `None` for warnings and summaries. `place` maps a file, a line
    /// and a column of what was compiled.
    pub fn from_rustc(
        message: &serde_json::Value,
        place: impl Fn(&str, u32, u32) -> Option<CellLocation>,
    ) -> Option<Diagnostic> {
        let message = RustcMessage::deserialize(message).ok()?;
        let is_summary = message.code.is_none() && message.spans.is_empty();
        if !message.level.starts_with("error")
            || is_summary && message.message.starts_with("aborting due to")
        {
            return None;
        }
        Some(Diagnostic::of(message, false, place))
    }

    /// Reads one message of `rustc --error-format=json` that is a warning about what this cell says itself; `None` for
    /// all others.
    pub(crate) fn warning_from_rustc(
        message: &serde_json::Value,
        cell: u32,
        place: impl Fn(&str, u32, u32) -> Option<CellLocation>,
    ) -> Option<Diagnostic> {
        let message = RustcMessage::deserialize(message).ok()?;
        // What a macro of a library or of another cell says is not the cell's.
        let is_own = |span: &RustcSpan| {
            let at = place(&span.file_name, span.line_start, span.column_start);
            span.is_primary && at.is_some_and(|at| at.cell == cell)
        };
        // What one cell does not use may be there for another, whatever an attribute of the notebook asks for.
        let of_use = ["unused", "dead_code", "unreachable"];
        let code = message.code.as_ref().map_or("", |code| &code.code);
        let is_warning = message.level == "warning"
            && !of_use.iter().any(|lint| code.starts_with(lint))
            && message.spans.iter().any(is_own);
        is_warning.then(|| Diagnostic::of(message, true, place))
    }

    fn of(
        message: RustcMessage,
        is_warning: bool,
        place: impl Fn(&str, u32, u32) -> Option<CellLocation>,
    ) -> Diagnostic {
        let mut spans: Vec<Span> = Vec::new();
        for span in message
            .spans
            .iter()
            .flat_map(|span| Span::from_rustc(span, &place))
        {
            // Several places of a macro have one call.
            if !spans.contains(&span) {
                spans.push(span);
            }
        }
        let notes = message.children.iter().filter_map(RustcMessage::note);
        let notes = notes.collect();
        let of_question_mark = question_mark_error(&message.message);
        if of_question_mark.is_some() {
            spans.retain(|span| span.is_primary);
            spans.iter_mut().for_each(|span| span.label = None);
        }
        Diagnostic {
            is_warning,
            code: message.code.map(|c| c.code),
            message: of_question_mark.unwrap_or_else(|| without_libraries(&message.message)),
            spans,
            notes,
        }
    }

    /// The cell that is to blame: the one in which the error is, or the one that made its code necessary there.
    pub(crate) fn blame(&self) -> Option<u32> {
        if self.is_clash() {
            return self.spans.iter().map(|span| span.start.for_cell).max();
        }
        self.place().map(|place| place.for_cell)
    }

    /// Whether something is there twice: then it was right until the last of them came.
    pub(crate) fn is_clash(&self) -> bool {
        const CLASHES: [&str; 5] = ["E0119", "E0201", "E0428", "E0592", "E0751"];
        self.code
            .as_deref()
            .is_some_and(|code| CLASHES.contains(&code))
    }

    /// The cell in which the error is.
    pub fn cell(&self) -> Option<u32> {
        self.place().map(|place| place.cell)
    }

    /// Where the error is. If that is a line of our own, such as the start of a closure around a cell, it is in the
    /// last of the cells that explain it.
    fn place(&self) -> Option<CellLocation> {
        let primary = self.spans.iter().find(|span| span.is_primary);
        let last = || self.spans.iter().max_by_key(|span| span.start.for_cell);
        primary.or_else(last).map(|span| span.start)
    }

    /// The diagnostic in rustc's form. `source` gives a cell's source by its number; `notebook` is the file's name.
    pub fn render<'s>(&self, notebook: &str, source: impl Fn(u32) -> Option<&'s str>) -> String {
        let level = match self.is_warning {
            true => Level::WARNING,
            false => Level::ERROR,
        };
        let mut title = level.primary_title(self.message.as_str());
        // As the compiler has it: a lint's name stands in a note, if anywhere.
        if let Some(code) = self.code.as_ref().filter(|_| !self.is_warning) {
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

/// The text without the libraries that items are in: to who writes the cells, they are all one crate.
fn without_libraries(text: &str) -> String {
    let mut parts = text.split("__c_");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        plain.push_str(rest.strip_prefix("::").unwrap_or(rest));
    }
    plain.replace("unused `std::result::Result`", "unused `Result`")
}

/// What is wrong with a cell's `?`, where the compiler says that our own method is missing.
fn question_mark_error(message: &str) -> Option<String> {
    let (_, of) = message
        .contains("`__radio_question_mark`")
        .then(|| message.split_once("Try<"))??;
    let (of, _) = of.rsplit_once(">`")?;
    let is_result = of.starts_with("Result<") || of.starts_with("std::result::Result<");
    Some(match is_result {
        true => format!("`?` on a `{of}` needs an error that implements `Debug`"),
        false => format!("`?` wants a `Result`, an `Option` or a `ControlFlow`, not `{of}`"),
    })
}

impl Span {
    /// The place of a span. Inside a macro's own text, what counts is where it was called: that is the place where the
    /// macro is a library's, and another one, which is to blame, where it is a cell's.
    fn from_rustc(
        span: &RustcSpan,
        place: &impl Fn(&str, u32, u32) -> Option<CellLocation>,
    ) -> Vec<Span> {
        let within = |span: &RustcSpan| span.expansion.as_ref().map(|within| within.span.clone());
        let places = std::iter::successors(Some(span.clone()), within).filter_map(|at| {
            let start = place(&at.file_name, at.line_start, at.column_start)?;
            let end = place(&at.file_name, at.line_end, at.column_end)
                .filter(|end| end.cell == start.cell);
            let end = end.map_or((start.line, start.column.saturating_add(1)), |end| {
                (end.line, end.column)
            });
            Some((start, end))
        });
        let places: Vec<(CellLocation, (u32, u32))> = places.collect();
        // A macro of the same cell explains itself.
        let known = places.first().map(|(start, _)| start.cell);
        let call = places.last().filter(|(start, _)| Some(start.cell) != known);
        let blame = places.iter().map(|(start, _)| start.for_cell).max();
        let spans = places.iter().take(1).chain(call);
        spans
            .enumerate()
            .map(|(index, &(start, end))| {
                let for_cell = blame.unwrap_or(start.for_cell);
                Span {
                    start: CellLocation { for_cell, ..start },
                    end,
                    is_primary: span.is_primary && index == 0,
                    label: match index {
                        0 => span.label.as_deref().map(without_libraries),
                        _ => Some("in this macro invocation".into()),
                    },
                }
            })
            .collect()
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
    fn types_have_the_names_that_the_cells_give_them() {
        let text = "expected `__c_0123456789abcdef::P`, found `P`";
        assert_eq!(without_libraries(text), "expected `P`, found `P`");
    }

    #[test]
    fn each_way_to_bring_a_name_is_said() {
        let note = |message: &str, replacements: &[&str]| {
            let span = |text: &&str| {
                serde_json::json!({
                    "file_name": "src/x.rs", "line_start": 1, "line_end": 1, "column_start": 1, "column_end": 1,
                    "is_primary": true, "label": null, "suggested_replacement": text, "expansion": null,
                })
            };
            let spans: Vec<_> = replacements.iter().map(span).collect();
            let child = serde_json::json!({"message": message, "code": null, "level": "help", "spans": spans, "children": []});
            let note = RustcMessage::deserialize(&child).unwrap().note();
            note.map(|(_, text)| text)
        };
        let one = "consider importing this struct";
        assert_eq!(
            note(one, &["use ndarray::Array2;\n"]).unwrap(),
            "consider importing this struct: `use ndarray::Array2;`"
        );
        let ours = [
            "use __c_0123456789abcdef::Array2;\n",
            "use radio_runtime::Raised;\n",
        ];
        assert_eq!(note(one, &ours), None);
        let many = [
            "use a::R;\n",
            ours[0],
            "use b::R;\n",
            "use c::R;\n",
            "use d::R;\n",
            "use e::R;\n",
        ];
        assert_eq!(
            note("consider importing one of these structs", &many).unwrap(),
            "consider importing one of these structs: `use a::R;`, `use b::R;`, `use c::R;`, `use d::R;`, and 1 more"
        );
        assert_eq!(note("remove this", &["", ""]).unwrap(), "remove this");
    }
}
