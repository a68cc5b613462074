//! Notebooks as an mdBook: `book.toml`, a page a notebook, figures as files.
//!
//! The sources are written, and `mdbook` makes the site of them where it is installed; as a library it would take
//! longer to compile than all the rest. mdBook passes HTML on as it stands, and so a page is our own HTML, which is
//! harmless, cell by cell on a line of its own: what is in a notebook never meets mdBook's reader of Markdown. Headings
//! alone are Markdown, since mdBook makes its contents and its search of them.

use super::cells::{self, Page};
use super::outline::Ids;
use super::pictures;
use super::site::{Site, Source, encoded};
use crate::page::{BARE_STYLE, CONTENT_STYLE, DARK, FRAMES, LIGHT, escape};
use radio_document::error::{Error, Result};
use radio_document::files::{self, Staged};
use radio_document::interrupt::{self, Group};
use radio_document::say;
use std::path::Path;
use std::process::{Command, Stdio};

const STYLE: &str = include_str!("book.css");
const SCRIPT: &str = include_str!("book.js");

/// Writes the book's sources into `folder`, and has mdBook make the site.
///
/// # Errors
/// Trouble with files; [`Error::Argument`] where something else is in the folder; [`Error::Tool`] if mdBook does not
/// make the site.
pub fn write(sources: &[Source], site: &Site, with_code: bool, folder: &Path) -> Result<()> {
    let settings = folder.join("book.toml");
    let is_book = settings.is_file();
    let is_empty = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if !is_book && !is_empty {
        return Err(Error::Argument(format!(
            "{}: there is something in this folder, and it is no book (it has no book.toml); name another one by \
             --output",
            folder.display()
        )));
    }
    files::make_folder(folder)?;
    let _turn = files::take_turn(folder);
    let src = folder.join("src");
    let (mut staged, mut obsolete) = (Vec::new(), Vec::new());
    for source in sources {
        let (text, pictures) = page(source, site, with_code);
        let pictures_in = src.join(picture_folder(source));
        obsolete.extend(pictures::others(&pictures_in, &source.name, &pictures));
        staged.extend(pictures::stage_all(&pictures_in, &pictures)?);
        staged.push(Staged::write(
            &src.join(format!("{}.md", source.name)),
            text.as_bytes(),
        )?);
    }
    staged.push(Staged::write(
        &src.join("SUMMARY.md"),
        summary(sources, site).as_bytes(),
    )?);
    staged.push(Staged::write(
        &folder.join("radio.css"),
        style().as_bytes(),
    )?);
    staged.push(Staged::write(
        &folder.join("radio.js"),
        format!("{FRAMES}{SCRIPT}").as_bytes(),
    )?);
    if !is_book {
        // From then on it is the reader's own: a title, a theme, what else mdBook knows.
        staged.push(Staged::write(&settings, SETTINGS.as_bytes())?);
    }
    files::put_all_in_place(staged, &obsolete)?;
    say!("{} pages -> {}", sources.len(), src.display());
    build(folder)
}

const SETTINGS: &str = "[book]\n\
title = \"Notebooks\"\n\
language = \"en\"\n\
\n\
[build]\n\
# What looks like a command of mdBook's in a notebook is text.\n\
use-default-preprocessors = false\n\
\n\
[output.html]\n\
additional-css = [\"radio.css\"]\n\
additional-js = [\"radio.js\"]\n\
\n\
[output.html.fold]\n\
enable = true\n\
level = 1\n";

/// The style of what is ours on mdBook's pages, in the colours of its themes.
fn style() -> String {
    format!(
        ".radio {{\n{LIGHT}}}\n:is(.coal, .navy, .ayu) .radio {{\n{DARK}}}\n.radio {{\n{BARE_STYLE}}}\n{STYLE}"
    )
}

/// The contents of the book.
fn summary(sources: &[Source], site: &Site) -> String {
    let mut summary = "# Summary\n\n".to_owned();
    for source in sources {
        let title = as_markdown(&escape(&site.title(source)));
        summary.push_str(&format!("- [{title}]({}.md)\n", encoded(&source.name)));
    }
    summary
}

/// The folder of a notebook's figures.
fn picture_folder(source: &Source) -> String {
    format!("{}_files", source.name)
}

/// A notebook's page, and the figures that it shows.
fn page(source: &Source, site: &Site, with_code: bool) -> (String, Vec<pictures::PictureFile>) {
    let ids = Ids::default();
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
    let page = Page {
        with_code,
        frame_head: format!(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"><style>{CONTENT_STYLE}</style>"
        ),
        picture_folder: Some(picture_folder(source)),
        ..Page::new(source, site, &ids)
    };
    let mut text = String::new();
    if !site
        .headings(source)
        .iter()
        .any(|heading| heading.level == 1)
    {
        text.push_str(&format!(
            "# {}\n\n",
            as_markdown(&escape(&site.title(source)))
        ));
    }
    for cell in cells::render(&page).iter().filter(|cell| !cell.is_empty()) {
        let id = escape(&cell.id);
        if cell.number.is_some() {
            text.push_str(&format!(
                "<div class=\"radio cell code\" id=\"{id}\">{}</div>\n\n",
                in_a_line(&cell.body())
            ));
            continue;
        }
        text.push_str(&format!("<span id=\"{id}\"></span>\n\n"));
        for part in parts(&cell.input) {
            match part {
                Part::Heading(level, id, html) => {
                    let heading = as_markdown(&html);
                    text.push_str(&format!("{} {heading} {{#{id}}}\n\n", "#".repeat(level)));
                }
                Part::Other(html) => text.push_str(&format!(
                    "<div class=\"radio cell prose\">{}</div>\n\n",
                    in_a_line(html)
                )),
            }
        }
        if !cell.outputs.is_empty() {
            text.push_str(&format!(
                "<div class=\"radio outputs\">{}</div>\n\n",
                in_a_line(&cell.outputs)
            ));
        }
    }
    (text, page.pictures.take())
}

/// A piece of drawn prose.
#[derive(Debug, PartialEq)]
enum Part<'h> {
    /// A heading that is in nothing else: its level, its id and its HTML.
    Heading(usize, &'h str, String),
    Other(&'h str),
}

/// Drawn prose, with its headings apart. In it, each `<` begins a tag, and each `>` ends one.
fn parts(html: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut begun, mut depth, mut at) = (0, 0usize, 0);
    while let Some(start) = html[at..].find('<').map(|found| at + found) {
        let Some(end) = html[start..].find('>').map(|found| start + found + 1) else {
            break;
        };
        let tag = &html[start..end];
        let name = tag.trim_start_matches(['<', '/']);
        let name = &name[..name
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(name.len())];
        at = end;
        let level = name
            .strip_prefix('h')
            .and_then(|level| level.parse::<usize>().ok());
        let id = tag
            .split_once("id=\"")
            .and_then(|(_, rest)| Some(rest.split_once('"')?.0));
        if let (0, false, Some(level), Some(id)) = (depth, tag.starts_with("</"), level, id) {
            let close = format!("</{name}>");
            if let Some((inner, after)) = html[end..].split_once(close.as_str()) {
                push_other(&mut parts, &html[begun..start]);
                // The page has a link of its own there.
                let inner = inner
                    .split("<a class=\"anchor\"")
                    .next()
                    .unwrap_or_default();
                parts.push(Part::Heading(level, id, inner.to_owned()));
                at = html.len() - after.len();
                begun = at;
                continue;
            }
        }
        match () {
            () if matches!(name, "br" | "hr" | "img" | "input") => {}
            () if tag.starts_with("</") => depth = depth.saturating_sub(1),
            () => depth += 1,
        }
    }
    push_other(&mut parts, &html[begun..]);
    parts
}

fn push_other<'h>(parts: &mut Vec<Part<'h>>, html: &'h str) {
    if !html.trim().is_empty() {
        parts.push(Part::Other(html.trim()));
    }
}

/// HTML on one line: a blank line would end it for a reader of Markdown.
fn in_a_line(html: &str) -> String {
    // In `<pre>` it matters where lines end, and elsewhere it does no harm.
    html.trim()
        .replace('\r', "")
        .replace('\n', "&#10;")
        .replace("{{", "&#123;&#123;")
}

/// HTML in a line of Markdown: outside of its tags, no character that means something to Markdown.
fn as_markdown(html: &str) -> String {
    let mut written = String::new();
    let (mut in_tag, mut in_entity) = (false, false);
    for character in html.chars() {
        match character {
            '&' => in_entity = true,
            ';' => in_entity = false,
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                written.push('>');
                continue;
            }
            _ => {}
        }
        match character {
            '\n' | '\r' => written.push(' '),
            character
                if !in_tag
                    && !in_entity
                    && character.is_ascii_punctuation()
                    && !"&;,.".contains(character) =>
            {
                written.push_str(&format!("&#{};", character as u32));
            }
            character => written.push(character),
        }
    }
    written
}

/// Has mdBook make the site, if it is there.
fn build(folder: &Path) -> Result<()> {
    let mut command = Command::new("mdbook");
    command
        .arg("build")
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let _answering = interrupt::answering();
    let mut group = match Group::spawn_watched(&mut command) {
        Ok(group) => group,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            say!(
                "mdbook is not installed, so there is no site yet: `cargo install mdbook`, then `mdbook build {}`",
                folder.display()
            );
            return Ok(());
        }
        Err(error) => {
            return Err(Error::tool(
                "mdbook",
                format!("it cannot be started: {error}"),
            ));
        }
    };
    let broken = |message: String| Error::tool("mdbook", message);
    let ended = group
        .wait(None)
        .map_err(|error| broken(error.to_string()))?;
    let status = ended.ok_or(Error::Interrupted)?;
    if !status.success() {
        return Err(broken(format!(
            "it did not make the site ({status}); the sources are in {}, and the lines above say what it found",
            folder.display()
        )));
    }
    say!("the site -> {}", folder.join("book/index.html").display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_stand_apart_and_what_is_in_something_else_stays() {
        let html = "<p>a</p>\n<h2 id=\"b-c\">b <em>c*</em><a class=\"anchor\" href=\"#b-c\" aria-label=\"x\">#</a></h2>\n<blockquote>\n<h3 id=\"d\">d</h3>\n<img src=\"e\" alt=\"f\">\n</blockquote><hr>\n<h1 id=\"g\">g</h1>\n";
        assert_eq!(
            parts(html),
            [
                Part::Other("<p>a</p>"),
                Part::Heading(2, "b-c", "b <em>c*</em>".into()),
                Part::Other(
                    "<blockquote>\n<h3 id=\"d\">d</h3>\n<img src=\"e\" alt=\"f\">\n</blockquote><hr>"
                ),
                Part::Heading(1, "g", "g".into()),
            ]
        );
        assert_eq!(
            as_markdown("b <em>c*</em> &lt;d&gt;"),
            "b <em>c&#42;</em> &lt;d&gt;"
        );
        assert_eq!(
            in_a_line("<pre>a\n\n{{#include b}}</pre>\n"),
            "<pre>a&#10;&#10;&#123;&#123;#include b}}</pre>"
        );
    }

    proptest::proptest! {
        /// What Markdown makes of a line is the text that it was made from.
        #[test]
        fn a_heading_means_nothing_to_markdown(text in "[a-z<>&\"'*_`#~|$!()\\[\\]{}\\\\:/.^-]{1,12}") {
            use pulldown_cmark::{Event, Options, Parser, Tag};
            let line = format!("# {} {{#id}}", as_markdown(&escape(&text)));
            let mut read = String::new();
            let mut tags = 0;
            for event in Parser::new_ext(&line, Options::all()) {
                match event {
                    Event::Text(part) => read.push_str(&part),
                    Event::Start(Tag::Heading { id, classes, attrs, .. }) => {
                        proptest::prop_assert_eq!(id.as_deref(), Some("id"));
                        proptest::prop_assert!(classes.is_empty() && attrs.is_empty());
                        tags += 1;
                    }
                    Event::End(_) => {}
                    other => proptest::prop_assert!(false, "{other:?} in {line}"),
                }
            }
            proptest::prop_assert_eq!((read.trim(), tags), (text.trim(), 1));
        }
    }
}
