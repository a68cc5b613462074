//! A notebook as Markdown, as nbconvert writes it: prose as it is, code in fences, figures as files.

use super::pictures::PictureFile;
use super::site::{Source, encoded};
use crate::page::{self, Shown, as_printed, harmless};
use pulldown_cmark::{Event, Parser, Tag};
use radio_document::document::{Cell, CellKind, joined, traceback};
use radio_document::files::{safe_name, stem};
use serde_json::Value;

/// A notebook as Markdown.
pub struct Markdown {
    /// The text.
    pub text: String,
    /// The name of the folder that the figures go to, beside the text.
    pub picture_folder: String,
    /// The figures.
    pub pictures: Vec<PictureFile>,
}

/// Writes a notebook as Markdown, with its code or without.
pub fn write(source: &Source, with_code: bool) -> Markdown {
    let mut markdown = Markdown {
        text: String::new(),
        picture_folder: format!("{}_files", stem(&source.target)),
        pictures: Vec::new(),
    };
    for (place, cell) in source.notebook.cells.iter().enumerate() {
        markdown.cell(&source.name, place, cell, with_code);
    }
    let end = markdown.text.trim_end().len();
    markdown.text.truncate(end);
    markdown.text.push('\n');
    markdown
}

impl Markdown {
    fn cell(&mut self, name: &str, place: usize, cell: &Cell, with_code: bool) {
        let is_code = cell.kind == CellKind::Code;
        let is_shown =
            !page::hides_input(cell) && !cell.source.trim().is_empty() && (with_code || !is_code);
        match cell.kind {
            CellKind::Markdown if is_shown => {
                let prose = self.with_attachments(cell);
                self.part(&prose);
            }
            CellKind::Code if is_shown => self.part(&fenced(cell.source.trim_end(), "rust")),
            _ => {}
        }
        if !is_code || page::hides_outputs(cell) {
            return;
        }
        for (number, output) in cell.outputs().iter().enumerate() {
            self.output(&format!("{name}_{place}_{number}"), output);
        }
    }

    fn part(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }

    fn output(&mut self, stem: &str, output: &Value) {
        match output.get("output_type").and_then(Value::as_str) {
            Some("stream") => {
                let text = output.get("text").and_then(joined).unwrap_or_default();
                self.plain(&text);
            }
            Some("error") => self.plain(&traceback(output).join("\n")),
            _ => {
                if let Some(bundle) = output.get("data") {
                    self.data(stem, bundle);
                }
            }
        }
    }

    fn data(&mut self, stem: &str, bundle: &Value) {
        match page::richest(bundle) {
            Shown::Html(html) => match harmless(&html) {
                // A blank line would end it.
                Some(html) => {
                    let lines: Vec<&str> = html
                        .lines()
                        .filter(|line| !line.trim().is_empty())
                        .collect();
                    self.part(&lines.join("\n"));
                }
                None => match bundle.get("text/plain").and_then(joined) {
                    Some(plain) => self.plain(&plain),
                    None => self.part("*(An output in HTML is not shown here.)*"),
                },
            },
            Shown::Prose(prose) => self.part(prose.trim_end()),
            Shown::Picture(mime, content, description) => {
                let bytes = page::picture_bytes(mime, &content).unwrap_or_default();
                let name = format!("{stem}.{}", page::ending(mime).unwrap_or("bin"));
                let address = self.picture(name, bytes);
                self.part(&format!("![{}]({address})", in_brackets(&description)));
            }
            Shown::Plain(plain) => self.plain(&plain),
            Shown::Unknown(types) => self.part(&format!("*(not shown: {})*", in_brackets(&types))),
        }
    }

    /// Text as it was printed, indented as code.
    fn plain(&mut self, text: &str) {
        let lines: Vec<String> = as_printed(text)
            .lines()
            .map(|line| format!("    {line}"))
            .collect();
        let text: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
        if text.iter().any(|line| !line.is_empty()) {
            self.part(&text.join("\n"));
        }
    }

    /// Keeps a picture as a file, and returns its address.
    fn picture(&mut self, name: String, bytes: Vec<u8>) -> String {
        let address = format!("{}/{}", encoded(&self.picture_folder), encoded(&name));
        if !self.pictures.iter().any(|(known, _)| *known == name) {
            self.pictures.push((name, bytes));
        }
        address
    }

    /// A cell's prose, with the pictures that are attached to it as files.
    fn with_attachments(&mut self, cell: &Cell) -> String {
        let source = cell.source.trim_end();
        let mut changes = Vec::new();
        for (event, range) in Parser::new(source).into_offset_iter() {
            let Event::Start(Tag::Image { dest_url, .. }) = event else {
                continue;
            };
            let Some(name) = dest_url.strip_prefix("attachment:") else {
                continue;
            };
            let Some(bytes) = cell
                .attachment(name)
                .and_then(|(mime, content)| page::picture_bytes(mime, content))
            else {
                continue;
            };
            if let Some(at) = source[range.clone()].find(&*dest_url) {
                let begin = range.start + at;
                changes.push((
                    begin..begin + dest_url.len(),
                    self.picture(safe_name(name), bytes),
                ));
            }
        }
        let mut prose = source.to_owned();
        for (range, address) in changes.into_iter().rev() {
            prose.replace_range(range, &address);
        }
        prose
    }
}

/// Code between fences that are longer than any in it.
fn fenced(code: &str, language: &str) -> String {
    let runs = code.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0).max(2) + 1);
    format!("{fence}{language}\n{code}\n{fence}")
}

/// A description between brackets: one line, without marks of its own.
fn in_brackets(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut written = String::new();
    for character in line.chars() {
        if character.is_ascii_punctuation()
            && !matches!(
                character,
                ',' | '.' | ':' | '-' | '\'' | '(' | ')' | '/' | '+'
            )
        {
            written.push('\\');
        }
        written.push(character);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use radio_document::document::Notebook;

    #[test]
    fn code_is_fenced_figures_are_files_and_text_is_indented() {
        let text = r##"{"nbformat":4,"nbformat_minor":4,"metadata":{},"cells":[
            {"cell_type":"markdown","metadata":{},"source":"# T\n\n![a](attachment:p.png) `attachment:p.png`","attachments":{"p.png":{"image/png":"AAEC"}}},
            {"cell_type":"code","metadata":{},"execution_count":1,"source":"let s = \"```\";\n","outputs":[
              {"output_type":"stream","name":"stdout","text":"\u001b[31ma\n\nb\n"},
              {"output_type":"display_data","metadata":{},"data":{"text/plain":"a [plot]\nof x","image/svg+xml":"<svg/>"}},
              {"output_type":"display_data","metadata":{},"data":{"text/plain":"told","text/html":"<script>x</script>"}},
              {"output_type":"display_data","metadata":{},"data":{"text/html":"<table>\n\n<tr><td>1</td></tr></table>"}}]},
            {"cell_type":"code","metadata":{"tags":["remove-cell"]},"execution_count":1,"source":"secret()","outputs":[]}]}"##;
        let source = Source {
            path: "x/a b.ipynb".into(),
            name: "a b".into(),
            notebook: Notebook::from_ipynb(text).unwrap(),
            target: "x/a b.md".into(),
        };
        let markdown = write(&source, true);
        assert_eq!(
            markdown.text,
            "# T\n\n![a](a%20b_files/p.png) `attachment:p.png`\n\n````rust\nlet s = \"```\";\n````\n\n    a\n\n    b\n\n![a \\[plot\\] of x](a%20b_files/a%20b_1_1.svg)\n\n    told\n\n<div class=\"table\"><table>\n<tr><td class=\"num\">1</td></tr></table></div>\n"
        );
        let names: Vec<&str> = markdown
            .pictures
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["p.png", "a b_1_1.svg"]);
        assert_eq!(markdown.pictures[1].1, b"<svg/>");
        assert!(!write(&source, false).text.contains("rust"));
    }
}
