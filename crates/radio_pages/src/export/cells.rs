//! A notebook's cells as the parts of an exported page.

use super::html::style;
use super::outline::Ids;
use super::pictures::PictureFile;
use super::site::{Site, Source, encoded};
use crate::page::{self, Around, CONTENT_STYLE, Picture, escape};
use radio_document::document::{Cell, CellKind};
use std::cell::{Cell as Held, RefCell};

/// The page that a notebook becomes.
pub struct Page<'p> {
    pub source: &'p Source,
    pub site: &'p Site,
    pub ids: &'p Ids,
    /// Whether cells of code are shown.
    pub with_code: bool,
    /// What is in the head of a frame.
    pub frame_head: String,
    /// The folder that pictures go to as files; they are part of the page if there is none.
    pub picture_folder: Option<String>,
    /// The pictures that became files.
    pub pictures: RefCell<Vec<PictureFile>>,
    /// The cell that is drawn: its place in the notebook, and how many pictures it had.
    pub place: Held<(usize, usize)>,
}

/// A cell that is drawn.
#[derive(Debug)]
pub struct Drawn<'p> {
    pub cell: &'p Cell,
    /// What the cell is linked by.
    pub id: String,
    /// The number of a code cell.
    pub number: Option<usize>,
    /// What it says or does.
    pub input: String,
    /// What it gave.
    pub outputs: String,
}

impl<'p> Page<'p> {
    pub fn new(source: &'p Source, site: &'p Site, ids: &'p Ids) -> Page<'p> {
        Page {
            source,
            site,
            ids,
            with_code: true,
            frame_head: String::new(),
            picture_folder: None,
            pictures: RefCell::default(),
            place: Held::default(),
        }
    }

    /// A page that is one HTML file.
    pub fn of_html(source: &'p Source, site: &'p Site, ids: &'p Ids, with_code: bool) -> Page<'p> {
        Page {
            with_code,
            frame_head: style(&[CONTENT_STYLE]),
            ..Page::new(source, site, ids)
        }
    }
}

impl Around for Page<'_> {
    fn picture(&self, name: &str) -> Option<Picture> {
        page::picture_beside(self.source.folder(), name)
    }

    fn address(&self, mime: &str, base64: &str) -> Option<String> {
        let bytes = page::picture_bytes(mime, base64)?;
        let Some(folder) = &self.picture_folder else {
            let content: String = base64.split_ascii_whitespace().collect();
            return Some(format!("data:{mime};base64,{content}"));
        };
        let (cell, count) = self.place.get();
        self.place.set((cell, count + 1));
        let name = format!(
            "{}_{cell}_{count}.{}",
            self.source.name,
            page::ending(mime)?
        );
        let address = format!("{}/{}", encoded(folder), encoded(&name));
        self.pictures.borrow_mut().push((name, bytes));
        Some(address)
    }

    fn link(&self, address: &str) -> Option<String> {
        self.site.link(self.source, address)
    }

    fn id(&self, level: usize, text: &str) -> Option<String> {
        Some(self.ids.take(level, text))
    }

    fn frame_head(&self) -> String {
        self.frame_head.clone()
    }
}

/// Draws all cells, those too in which there is nothing to see.
pub fn render<'p>(page: &Page<'p>) -> Vec<Drawn<'p>> {
    let source: &'p Source = page.source;
    let mut numbers = 1..;
    let mut drawn = Vec::new();
    for (place, cell) in source.notebook.cells.iter().enumerate() {
        page.place.set((place, 0));
        let number = cell
            .is_numbered()
            .then(|| numbers.next().unwrap_or_default());
        let id = match number {
            Some(number) => format!("cell-{number}"),
            None => format!("text-{}", place + 1),
        };
        let is_code = cell.kind == CellKind::Code;
        let input = match () {
            () if is_code && (!page.with_code || number.is_none()) => String::new(),
            // Meant for other tools, LaTeX or a web page's source.
            () if cell.kind == CellKind::Raw => String::new(),
            () if is_solution(cell) => format!(
                "<details><summary>A solution</summary>{}</details>",
                page::input(cell, page)
            ),
            () => page::input(cell, page),
        };
        let outputs = match is_code && !page::hides_outputs(cell) {
            true => page::outputs(cell.outputs(), page),
            false => String::new(),
        };
        drawn.push(Drawn {
            cell,
            id,
            number,
            input,
            outputs,
        });
    }
    drawn
}

/// Whether a cell has a solution in it, in nbgrader's marks: a reader opens it when the time has come.
fn is_solution(cell: &Cell) -> bool {
    let mut lines = cell.source.lines().map(str::trim);
    cell.kind == CellKind::Code
        && !page::hides_input(cell)
        && lines.any(|line| line.starts_with("//") && line.ends_with("BEGIN SOLUTION"))
}

impl Drawn<'_> {
    pub fn is_empty(&self) -> bool {
        self.input.is_empty() && self.outputs.is_empty()
    }

    /// The cell as a section that can be linked to; nothing where there is nothing to see.
    pub fn section(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        let id = escape(&self.id);
        let (kind, link) = match self.number {
            Some(number) => (
                "code",
                format!(
                    "<a class=\"number\" href=\"#{id}\" aria-label=\"Link to cell {number}\">{number}</a>"
                ),
            ),
            None => (
                "prose",
                format!(
                    "<a class=\"number\" href=\"#{id}\" aria-label=\"Link to this text\">¶</a>"
                ),
            ),
        };
        format!(
            "<section class=\"cell {kind}\" id=\"{id}\">{link}{}</section>\n",
            self.body()
        )
    }

    /// What the cell says or does, and what it gave.
    pub fn body(&self) -> String {
        let mut body = String::new();
        for (class, part) in [("input", &self.input), ("outputs", &self.outputs)] {
            if !part.is_empty() {
                body.push_str(&format!("<div class=\"{class}\">{part}</div>"));
            }
        }
        body
    }
}
