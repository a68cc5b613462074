//! Markdown as HTML, without markup, addresses or styles of the text's own.

use super::math;
use super::text::{coloured, cut, escape};
use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd};

/// Prose as HTML. `picture` gives the `data:` address of a picture.
pub(super) fn markdown(text: &str, picture: &dyn Fn(&str) -> Option<String>) -> String {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH;
    let text = cut(text);
    let events = Drawing {
        picture,
        columns: Vec::new(),
        column: 0,
        in_head: false,
        links: Vec::new(),
    }
    .draw(Parser::new_ext(&text, options));
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events.into_iter());
    html
}

/// Turns the events of a text into events that bring no markup, address or style of the text's own.
struct Drawing<'p> {
    picture: &'p dyn Fn(&str) -> Option<String>,
    columns: Vec<Alignment>,
    column: usize,
    in_head: bool,
    /// Whether the links that are open are links on the page.
    links: Vec<bool>,
}

impl Drawing<'_> {
    fn draw<'t>(&mut self, mut events: Parser<'t>) -> Vec<Event<'t>> {
        let mut drawn = Vec::new();
        while let Some(event) = events.next() {
            let event = match event {
                // A comment was not meant to be read; other markup is shown as it stands.
                Event::Html(markup) | Event::InlineHtml(markup)
                    if markup.trim_start().starts_with("<!--")
                        && markup.trim_end().ends_with("-->") =>
                {
                    continue;
                }
                Event::Html(markup) | Event::InlineHtml(markup) => Event::Text(markup),
                Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
                Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
                Event::InlineMath(latex) => html(math::formula(&latex, false)),
                Event::DisplayMath(latex) => html(math::formula(&latex, true)),
                Event::Start(Tag::CodeBlock(kind)) => {
                    let is_rust = matches!(&kind, CodeBlockKind::Fenced(language) if language.split([',', ' ']).next() == Some("rust"));
                    let code = text_until(&mut events, &TagEnd::CodeBlock);
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
                    html(self.image(&dest_url, &description))
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    let is_address = ["https://", "http://", "mailto:"]
                        .iter()
                        .any(|scheme| dest_url.to_ascii_lowercase().starts_with(scheme));
                    self.links.push(is_address);
                    if !is_address {
                        continue;
                    }
                    html(format!(
                        "<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">",
                        escape(&dest_url)
                    ))
                }
                Event::End(TagEnd::Link) => match self.links.pop() {
                    Some(true) => html("</a>".into()),
                    _ => continue,
                },
                // The renderer's own tables carry style attributes, which the page's policy forbids.
                Event::Start(Tag::Table(columns)) => {
                    self.columns = columns;
                    html("<table>".into())
                }
                Event::End(TagEnd::Table) => html("</tbody></table>".into()),
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
                    let class = match self.columns.get(self.column) {
                        Some(Alignment::Right) => " class=\"right\"",
                        Some(Alignment::Center) => " class=\"center\"",
                        _ => "",
                    };
                    self.column += 1;
                    html(format!("<{}{class}>", self.cell_name()))
                }
                Event::End(TagEnd::TableCell) => html(format!("</{}>", self.cell_name())),
                other => other,
            };
            drawn.push(event);
        }
        drawn
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
    use super::super::well_formed::well_formed;
    use super::*;

    fn prose(text: &str) -> String {
        markdown(text, &|_| None)
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
