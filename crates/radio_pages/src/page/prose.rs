//! Markdown as HTML, without markup, addresses or styles of the text's own.

use super::around::Around;
use super::columns::is_number;
use super::math;
use super::own_tags::OwnTags;
use super::text::{coloured, cut, escape};
use pulldown_cmark::{
    Alignment, CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd,
};

/// Prose as HTML. `picture` gives the address of a picture.
pub(super) fn markdown(
    text: &str,
    around: &dyn Around,
    picture: &dyn Fn(&str) -> Option<String>,
) -> String {
    let text = cut(text);
    let events = Drawing {
        around,
        picture,
        columns: Vec::new(),
        column: 0,
        in_head: false,
        links: Vec::new(),
        own: OwnTags::default(),
        depth: 0,
        part: None,
        notes: Vec::new(),
    }
    .draw(Parser::new_ext(&text, options()));
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events.into_iter());
    html
}

/// What of markdown is understood beyond CommonMark.
pub(super) fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH
}

/// Turns the events of a text into events that bring no markup, address or style of the text's own.
struct Drawing<'p> {
    around: &'p dyn Around,
    picture: &'p dyn Fn(&str) -> Option<String>,
    columns: Vec<Alignment>,
    column: usize,
    in_head: bool,
    /// Whether the links that are open are links on the page.
    links: Vec<bool>,
    own: OwnTags,
    /// How many parts of the text are open, one in another.
    depth: usize,
    /// A heading or a table's cell that is open: where it begins among what is drawn, and its text.
    part: Option<(usize, String)>,
    /// The footnotes' names, in the order of their numbers, and their ids.
    notes: Vec<(String, Option<String>)>,
}

impl Drawing<'_> {
    fn draw<'t>(&mut self, mut events: Parser<'t>) -> Vec<Event<'t>> {
        let mut drawn = Vec::new();
        while let Some(event) = events.next() {
            match &event {
                Event::Start(_) => self.depth += 1,
                Event::End(_) => {
                    // What the text opened in this part of it ends with it.
                    let closed = self.own.end(self.depth);
                    if !closed.is_empty() {
                        drawn.push(html(closed));
                    }
                    self.depth -= 1;
                }
                Event::Text(text) | Event::Code(text) | Event::InlineMath(text) => {
                    if let Some((_, held)) = &mut self.part {
                        held.push_str(text);
                    }
                }
                _ => {}
            }
            let event = match event {
                Event::Start(Tag::HtmlBlock) => {
                    let markup = text_until(&mut events, &TagEnd::HtmlBlock);
                    self.depth -= 1;
                    match self.block(&markup) {
                        Some(markup) => html(markup),
                        None => continue,
                    }
                }
                Event::Html(markup) | Event::InlineHtml(markup) => {
                    html(self.own.inline(&markup, self.depth))
                }
                Event::InlineMath(latex) => html(math::formula(&latex, false)),
                Event::DisplayMath(latex) => html(math::formula(&latex, true)),
                Event::Start(Tag::CodeBlock(kind)) => {
                    let is_rust = matches!(&kind, CodeBlockKind::Fenced(language) if language.split([',', ' ']).next() == Some("rust"));
                    let code = text_until(&mut events, &TagEnd::CodeBlock);
                    self.depth -= 1;
                    let code = code.trim_end_matches('\n');
                    let code = if is_rust {
                        coloured(code)
                    } else {
                        escape(code)
                    };
                    html(format!("<pre class=\"code\"><code>{code}</code></pre>"))
                }
                Event::Start(Tag::Image { dest_url, .. }) => {
                    let description = text_until(&mut events, &TagEnd::Image);
                    self.depth -= 1;
                    html(self.image(&dest_url, &description))
                }
                Event::Start(Tag::Link { dest_url, .. }) => match self.link(&dest_url) {
                    Some(link) => html(link),
                    None => continue,
                },
                Event::End(TagEnd::Link) => match self.links.pop() {
                    Some(true) => html("</a>".into()),
                    _ => continue,
                },
                Event::Start(Tag::Heading { .. }) => {
                    self.part = Some((drawn.len(), String::new()));
                    html(String::new())
                }
                Event::End(TagEnd::Heading(level)) => {
                    let (begin, text) = self.part.take().unwrap_or_default();
                    let (start, end) = self.heading(level, text.trim());
                    drawn[begin] = html(start);
                    html(end)
                }
                Event::FootnoteReference(name) => html(self.reference(&name)),
                Event::Start(Tag::FootnoteDefinition(name)) => html(self.note(&name)),
                Event::End(TagEnd::FootnoteDefinition) => html("</div>\n".into()),
                // The renderer's own tables carry style attributes, which the page's policy forbids.
                Event::Start(Tag::Table(columns)) => {
                    self.columns = columns;
                    html("<div class=\"table\"><table>".into())
                }
                Event::End(TagEnd::Table) => html("</tbody></table></div>".into()),
                Event::Start(Tag::TableHead) => {
                    (self.in_head, self.column) = (true, 0);
                    html("<thead><tr>".into())
                }
                Event::End(TagEnd::TableHead) => {
                    self.in_head = false;
                    html("</tr></thead><tbody>".into())
                }
                Event::Start(Tag::TableRow) => {
                    self.column = 0;
                    html("<tr>".into())
                }
                Event::End(TagEnd::TableRow) => html("</tr>".into()),
                Event::Start(Tag::TableCell) => {
                    self.part = Some((drawn.len(), String::new()));
                    html(String::new())
                }
                Event::End(TagEnd::TableCell) => {
                    let (begin, text) = self.part.take().unwrap_or_default();
                    drawn[begin] = html(self.cell(&text));
                    html(format!("</{}>", self.cell_name()))
                }
                other => other,
            };
            drawn.push(event);
        }
        drawn.push(html(self.own.end(0)));
        drawn
    }

    /// A block of HTML; `None` for a comment, which was not meant to be read.
    fn block(&mut self, markup: &str) -> Option<String> {
        let trimmed = markup.trim();
        if trimmed.starts_with("<!--") && trimmed.ends_with("-->") {
            return None;
        }
        let drawn = self.own.block(markup, self.depth);
        Some(drawn.unwrap_or_else(|| format!("<p>{}</p>\n", escape(trimmed))))
    }

    /// The start of a link; `None` where it leads nowhere from this page.
    fn link(&mut self, address: &str) -> Option<String> {
        let is_web = ["https://", "http://", "mailto:"]
            .iter()
            .any(|scheme| address.to_ascii_lowercase().starts_with(scheme));
        let link = if is_web {
            Some(format!(
                "<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">",
                escape(&web_address(address))
            ))
        } else {
            let link = self.around.link(address);
            link.map(|link| format!("<a href=\"{}\">", escape(&link)))
        };
        self.links.push(link.is_some());
        link
    }

    /// How a heading begins and ends.
    fn heading(&self, level: HeadingLevel, text: &str) -> (String, String) {
        match self.around.id(level as usize, text) {
            Some(id) => {
                let id = escape(&id);
                (
                    format!("<{level} id=\"{id}\">"),
                    format!(
                        "<a class=\"anchor\" href=\"#{id}\" aria-label=\"Link to this section\">#</a></{level}>\n"
                    ),
                )
            }
            None => (format!("<{level}>"), format!("</{level}>\n")),
        }
    }

    /// The number of a footnote, and its id.
    fn footnote(&mut self, name: &str) -> (usize, Option<&str>) {
        let at = self
            .notes
            .iter()
            .position(|(known, _)| known == name)
            .unwrap_or_else(|| {
                self.notes.push((name.to_owned(), self.around.id(0, name)));
                self.notes.len() - 1
            });
        (at + 1, self.notes[at].1.as_deref())
    }

    fn reference(&mut self, name: &str) -> String {
        match self.footnote(name) {
            (number, Some(id)) => format!("<sup><a href=\"#{}\">{number}</a></sup>", escape(id)),
            (number, None) => format!("<sup>{number}</sup>"),
        }
    }

    fn note(&mut self, name: &str) -> String {
        match self.footnote(name) {
            (number, Some(id)) => format!(
                "<div class=\"footnote\" id=\"{}\"><sup>{number}</sup> ",
                escape(id)
            ),
            (number, None) => format!("<div class=\"footnote\"><sup>{number}</sup> "),
        }
    }

    /// The start of a table's cell with this text.
    fn cell(&mut self, text: &str) -> String {
        let is_data = !self.in_head && is_number(text);
        let class = match self.columns.get(self.column) {
            Some(Alignment::Right) if is_data => " class=\"num\"",
            Some(Alignment::Right) => " class=\"right\"",
            Some(Alignment::Center) if is_data => " class=\"center whole\"",
            Some(Alignment::Center) => " class=\"center\"",
            _ if is_data => " class=\"whole\"",
            _ => "",
        };
        self.column += 1;
        format!("<{}{class}>", self.cell_name())
    }

    fn cell_name(&self) -> &'static str {
        if self.in_head { "th" } else { "td" }
    }

    fn image(&self, address: &str, description: &str) -> String {
        let description = escape(description);
        match (self.picture)(address) {
            Some(source) => format!("<img src=\"{}\" alt=\"{description}\">", escape(&source)),
            None => format!(
                "<span class=\"missing\">[picture not shown: {description} ({})]</span>",
                escape(address)
            ),
        }
    }
}

/// An address of the web in which no character stands that an address cannot have.
fn web_address(address: &str) -> String {
    let mut written = String::new();
    for character in address.chars() {
        match character {
            ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' => {
                written.push_str(&format!("%{:02X}", character as u32))
            }
            character if character.is_control() => {}
            character => written.push(character),
        }
    }
    written
}

fn html<'t>(markup: String) -> Event<'t> {
    Event::InlineHtml(CowStr::from(markup))
}

/// The text up to the end of what has just begun.
fn text_until(events: &mut Parser<'_>, end: &TagEnd) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for event in events {
        match event {
            Event::Start(tag) if tag.to_end() == *end => depth += 1,
            Event::End(tag) if tag == *end => {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            }
            Event::Text(part)
            | Event::Code(part)
            | Event::Html(part)
            | Event::InlineHtml(part)
            | Event::InlineMath(part)
            | Event::DisplayMath(part) => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Nothing, well_formed};
    use super::*;

    fn prose(text: &str) -> String {
        markdown(text, &Nothing(std::path::Path::new(".")), &|_| None)
    }

    #[test]
    fn what_folds_folds_and_each_tag_is_closed_where_its_part_ends() {
        let hint = "<details onclick=\"x\"><summary>Hint &lt; <b>1</summary>\n\nSome *text*\n\n```rust\nlet a = 1;\n```\n\n</details>\n\nAfter";
        let drawn = prose(hint);
        assert!(
            drawn.starts_with(
                "<details><summary>Hint &lt; <b>1</b></summary>\n<p>Some <em>text</em></p>"
            ),
            "{drawn}"
        );
        assert!(drawn.ends_with("</details>\n<p>After</p>\n"), "{drawn}");
        for (text, html) in [
            ("a<br/>b<sub>1</sub>", "<p>a<br>b<sub>1</sub></p>"),
            ("*a <b>c* d</b>", "<p><em>a <b>c</b></em> d&lt;/b&gt;</p>"),
            ("x <details> y", "<p>x &lt;details&gt; y</p>"),
            (
                "- <details>\n\nx",
                "<ul>\n<li><details>\n</details></li>\n</ul>\n<p>x</p>",
            ),
            (
                "<details><script>x</script></details>",
                "<p>&lt;details&gt;&lt;script&gt;x&lt;/script&gt;&lt;/details&gt;</p>",
            ),
            (
                "<details><img src=x onerror=y>",
                "<p>&lt;details&gt;&lt;img src=x onerror=y&gt;</p>",
            ),
        ] {
            let drawn = prose(text);
            assert_eq!(drawn.trim_end(), html, "{text}");
            well_formed(&drawn).unwrap();
        }
    }

    #[test]
    fn prose_is_drawn() {
        let html = prose(
            "# Title\n\n| a | b |\n|---|--:|\n| *x* | $a^2$ |\n\n```rust\nfn f() {}\n```\n\n[r](https://a.b/?x&y) [l](../data.md)\n\n~~old~~",
        );
        for part in [
            "<h1>Title</h1>",
            "<th>a</th><th class=\"right\">b</th>",
            "<td><em>x</em></td><td class=\"right\"><math",
            "<span class=\"k\">fn</span>",
            "<a href=\"https://a.b/?x&amp;y\" target=\"_blank\" rel=\"noopener noreferrer\">r</a> l",
            "<del>old</del>",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
    }

    #[test]
    fn markup_of_the_text_is_shown_and_not_obeyed() {
        let html = prose(
            "<script>alert(1)</script>\n\na <img src=x onerror=alert(1)> b\n\n<!-- note -->\n\n[x](javascript:alert(1)) ![far](https://a.b/c.png)",
        );
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{html}"
        );
        assert!(
            html.contains("&lt;img src=x onerror=alert(1)&gt;"),
            "{html}"
        );
        assert!(
            !html.contains("javascript:") && !html.contains("note"),
            "{html}"
        );
        assert!(html.contains("picture not shown: far"), "{html}");
        well_formed(&html).unwrap();
    }
}
