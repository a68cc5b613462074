//! A notebook as slides in one HTML file, by the `slideshow` metadata that RISE and nbconvert know.
//!
//! `slide` and `subslide` begin a slide, a `fragment` waits for a key, `notes` are for the speaker, `skip` is left out,
//! and anything else goes on with what is before it. Without such metadata, each cell that begins with a heading begins
//! a slide.

use super::cells::{self, Drawn, Page};
use super::html::document;
use super::outline::Ids;
use super::site::{Site, Source};
use crate::page::{CONTENT_STYLE, FRAMES, escape};
use radio_document::document::Cell;

const SCRIPT: &[&str] = &["\"use strict\";\n", FRAMES, include_str!("slides.js")];
const STYLE: &[&str] = &[CONTENT_STYLE, include_str!("slides.css")];

/// What a cell is among the slides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Slide,
    Fragment,
    Notes,
    Skip,
    GoesOn,
}

/// A slide: what is shown, and what is for the speaker.
#[derive(Debug, Default, PartialEq)]
struct Slide {
    sheet: String,
    notes: String,
    /// Whether a fragment is open.
    in_fragment: bool,
}

/// The notebook as slides.
pub fn write(source: &Source, site: &Site, with_code: bool) -> String {
    let ids = Ids::default();
    let page = Page::of_html(source, site, &ids, with_code);
    let slides = slides(&cells::render(&page));
    let count = slides.len();
    let sheets: String = slides
        .iter()
        .enumerate()
        .map(|(at, slide)| {
            let number = at + 1;
            let notes = match slide.notes.is_empty() {
                true => String::new(),
                false => format!("<aside class=\"notes\" aria-label=\"Notes for the speaker\">{}</aside>", slide.notes),
            };
            format!(
                "<section class=\"slide\" id=\"slide-{number}\" aria-label=\"Slide {number} of {count}\" tabindex=\"-1\"><div class=\"sheet\">\n{}</div>{notes}</section>\n",
                slide.sheet
            )
        })
        .collect();
    let body = format!(
        "<main>\n{sheets}</main>\n\
         <div id=\"notes\" hidden></div>\n\
         <footer><div id=\"progress\"></div><button id=\"back\" type=\"button\" aria-label=\"Back\">‹</button>\
         <span id=\"count\" role=\"status\"></span><button id=\"forward\" type=\"button\" aria-label=\"Forward\">›</button></footer>\n"
    );
    document(&site.title(source), "slides", &body, STYLE, SCRIPT)
}

fn slides(cells: &[Drawn<'_>]) -> Vec<Slide> {
    let has_metadata = cells.iter().any(|drawn| slide_type(drawn.cell).is_some());
    let mut slides: Vec<Slide> = Vec::new();
    for drawn in cells {
        let kind = match slide_type(drawn.cell) {
            Some("slide" | "subslide") => Kind::Slide,
            Some("fragment") => Kind::Fragment,
            Some("notes") => Kind::Notes,
            Some("skip") => Kind::Skip,
            None if !has_metadata && drawn.input.starts_with("<h") && drawn.number.is_none() => {
                Kind::Slide
            }
            _ => Kind::GoesOn,
        };
        if kind == Kind::Skip {
            continue;
        }
        if kind == Kind::Slide || slides.is_empty() {
            if let Some(last) = slides.last_mut() {
                last.end_fragment();
            }
            slides.push(Slide::default());
        }
        let Some(slide) = slides.last_mut() else {
            continue;
        };
        slide.add(kind, drawn);
    }
    if let Some(last) = slides.last_mut() {
        last.end_fragment();
    }
    // Of a slide that nothing is on, there is nothing to show.
    slides.retain(|slide| !slide.sheet.trim().is_empty());
    slides
}

impl Slide {
    fn add(&mut self, kind: Kind, drawn: &Drawn<'_>) {
        if drawn.is_empty() {
            return;
        }
        if kind == Kind::Notes {
            self.notes.push_str(&drawn.input);
            return;
        }
        if kind == Kind::Fragment {
            self.end_fragment();
            self.in_fragment = true;
            self.sheet.push_str("<div class=\"fragment\">\n");
        }
        let class = if drawn.number.is_some() {
            "code"
        } else {
            "prose"
        };
        self.sheet.push_str(&format!(
            "<div class=\"cell {class}\" id=\"{}\">{}</div>\n",
            escape(&drawn.id),
            drawn.body()
        ));
    }

    fn end_fragment(&mut self) {
        if std::mem::take(&mut self.in_fragment) {
            self.sheet.push_str("</div>\n");
        }
    }
}

/// What the metadata of a cell say of its place among the slides.
fn slide_type(cell: &Cell) -> Option<&str> {
    cell.metadata()?
        .get("slideshow")?
        .get("slide_type")?
        .as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use radio_document::document::Notebook;
    use serde_json::json;

    fn slides_of(cells: &[(&str, &str)]) -> Vec<String> {
        let cells: Vec<_> = cells
            .iter()
            .map(|(kind, text)| {
                let metadata = match *kind {
                    "" => json!({}),
                    kind => json!({"slideshow": {"slide_type": kind}}),
                };
                json!({"cell_type": "markdown", "metadata": metadata, "source": text})
            })
            .collect();
        let notebook = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
        let source = Source {
            path: "a.ipynb".into(),
            name: "a".into(),
            notebook: Notebook::from_ipynb(&notebook.to_string()).unwrap(),
            target: "a.slides.html".into(),
        };
        let (site, ids) = (Site::default(), Ids::default());
        let page = Page::new(&source, &site, &ids);
        // What is on each slide, with `+` before a fragment and `!` before notes.
        let text = |html: &str| {
            let html = html.replace("<div class=\"fragment\">", "+");
            let parts: Vec<&str> = html
                .split('<')
                .map(|part| part.split_once('>').map_or(part, |(_, text)| text).trim())
                .collect();
            parts.concat()
        };
        slides(&cells::render(&page))
            .iter()
            .map(|slide| {
                format!("{}!{}", text(&slide.sheet), text(&slide.notes))
                    .trim_end_matches('!')
                    .to_owned()
            })
            .collect()
    }

    #[test]
    fn metadata_say_where_slides_begin() {
        let cells = [
            ("-", "a"),
            ("skip", "left out"),
            ("slide", "b"),
            ("fragment", "c"),
            ("-", "d"),
            ("fragment", "e"),
            ("notes", "say"),
            ("subslide", "f"),
            ("", "g"),
            ("slide", ""),
        ];
        assert_eq!(slides_of(&cells), ["a", "b+cd+e!say", "fg"]);
    }

    #[test]
    fn without_metadata_headings_do() {
        assert_eq!(
            slides_of(&[("", "x"), ("", "## a\n\nb"), ("", "c"), ("", "# d")]).len(),
            3
        );
        assert!(slides_of(&[]).is_empty());
    }
}
