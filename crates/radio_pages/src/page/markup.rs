//! HTML of a notebook's own: what of it is harmless is written anew from lists of what may stand there, and the rest is
//! refused.
//!
//! Nothing passes through: a tag comes out only as a name of the lists below, an attribute only as a number or a class
//! of the page's. Where the text is not plainly that, the caller shows it in a frame without rights, or as the text it
//! is.

use super::columns::{Columns, is_number};
use super::text::escape;

/// Elements that stand in a line of text.
pub(super) const INLINE: [&str; 18] = [
    "b", "strong", "i", "em", "u", "s", "del", "ins", "mark", "small", "sub", "sup", "kbd", "code",
    "q", "var", "samp", "span",
];
/// Elements that stand by themselves.
const BLOCK: [&str; 16] = [
    "div",
    "p",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "dl",
    "table",
    "details",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "figure",
];
/// Elements without an end.
const EMPTY: [&str; 2] = ["br", "hr"];

/// A piece of HTML.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'t> {
    Text(&'t str),
    /// A tag's name in small letters, and its attributes.
    Open(String, Vec<(String, &'t str)>),
    Close(String),
    Comment,
}

/// HTML in its pieces; `None` where it is not written as plainly as can be: a lone `<`, a doctype, a tag without its
/// end.
pub(super) fn tokens(html: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut rest = html;
    while !rest.is_empty() {
        let Some(start) = rest.find('<') else {
            tokens.push(Token::Text(rest));
            break;
        };
        if start > 0 {
            tokens.push(Token::Text(&rest[..start]));
        }
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            // In HTML, these end a comment at once.
            if comment.starts_with('>') || comment.starts_with("->") {
                return None;
            }
            rest = comment.split_once("-->")?.1;
            tokens.push(Token::Comment);
        } else if let Some(after) = rest.strip_prefix('/') {
            let (name, after) = name(after)?;
            rest = after.trim_start().strip_prefix('>')?;
            tokens.push(Token::Close(name));
        } else {
            let (name, after) = name(rest)?;
            let (attributes, after) = attributes(after)?;
            rest = after;
            tokens.push(Token::Open(name, attributes));
        }
    }
    Some(tokens)
}

fn name(text: &str) -> Option<(String, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        .then(|| (name.to_ascii_lowercase(), rest))
}

/// A tag's attributes, and what follows the tag.
fn attributes(text: &str) -> Option<(Vec<(String, &str)>, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start();
        if let Some(after) = trimmed
            .strip_prefix("/>")
            .or_else(|| trimmed.strip_prefix('>'))
        {
            return Some((found, after));
        }
        if trimmed.len() == rest.len() {
            return None;
        }
        let (key, after) = name(trimmed)?;
        let Some(value) = after.trim_start().strip_prefix('=') else {
            found.push((key, ""));
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let (value, after) = match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split_once(quote)?,
            _ => {
                let end = value.find(|c: char| c.is_whitespace() || "\"'=<>`".contains(c))?;
                value.split_at(end)
            }
        };
        found.push((key, value));
        rest = after;
    }
}

/// HTML of an output that is made of tables, lists and plain text alone, written anew: columns of numbers are marked as
/// such, and what styles and names it has of its own is left out. `None` for any other.
pub fn harmless(html: &str) -> Option<String> {
    let tokens = tokens(html)?;
    let mut columns = Columns::of(&tokens).into_iter();
    let mut written = String::new();
    let mut open: Vec<String> = Vec::new();
    let mut table: Option<Columns> = None;
    let (mut column, mut skipped) = (0, false);
    for token in &tokens {
        match token {
            Token::Comment => {}
            // Of a style sheet, as pandas puts one before a table.
            Token::Text(_) if skipped => {}
            Token::Text(text) => {
                if !text.trim().is_empty() && is_structure(open.last()) {
                    return None;
                }
                written.push_str(&with_entities(text));
            }
            Token::Open(name, _) if name == "style" => skipped = true,
            Token::Close(name) if name == "style" && skipped => skipped = false,
            _ if skipped => return None,
            Token::Open(name, _) if EMPTY.contains(&name.as_str()) => {
                if is_structure(open.last()) || name == "hr" && !takes_blocks(open.last()) {
                    return None;
                }
                written.push_str(&format!("<{name}>"));
            }
            Token::Open(name, attributes) => {
                if !fits(name, open.last()) {
                    return None;
                }
                let mut class = "";
                match name.as_str() {
                    "table" => {
                        table = Some(columns.next()?);
                        class = table.as_ref().map_or("", Columns::class);
                        written.push_str("<div class=\"table\">");
                    }
                    "tr" => column = 0,
                    "td" | "th" => {
                        class = table.as_ref().map_or("", |table| table.cell(column));
                        column += 1;
                    }
                    _ => {}
                }
                written.push_str(&format!("<{name}"));
                if !class.is_empty() {
                    written.push_str(&format!(" class=\"{class}\""));
                }
                for (key, value) in attributes {
                    let is_span = matches!(key.as_str(), "colspan" | "rowspan")
                        && matches!(name.as_str(), "td" | "th");
                    if is_span
                        && value
                            .parse::<u16>()
                            .is_ok_and(|span| (1..=1000).contains(&span))
                    {
                        written
                            .push_str(&format!(" {key}=\"{}\"", value.parse::<u16>().unwrap_or(1)));
                    }
                }
                written.push('>');
                open.push(name.clone());
            }
            Token::Close(name) => {
                if open.pop().as_ref() != Some(name) {
                    return None;
                }
                written.push_str(&format!("</{name}>"));
                if name == "table" {
                    table = None;
                    written.push_str("</div>");
                }
            }
        }
    }
    (open.is_empty() && !skipped).then_some(written)
}

/// Whether no text may stand in this element itself.
fn is_structure(element: Option<&String>) -> bool {
    element.is_some_and(|name| {
        matches!(
            name.as_str(),
            "table" | "thead" | "tbody" | "tfoot" | "tr" | "ul" | "ol" | "dl"
        )
    })
}

/// Whether blocks may stand in this element.
fn takes_blocks(element: Option<&String>) -> bool {
    element.is_none_or(|name| {
        matches!(
            name.as_str(),
            "div" | "blockquote" | "td" | "th" | "li" | "dd" | "details" | "figure" | "figcaption"
        )
    })
}

fn fits(name: &str, parent: Option<&String>) -> bool {
    let in_one_of = |names: &[&str]| parent.is_some_and(|parent| names.contains(&parent.as_str()));
    match name {
        "caption" | "thead" | "tbody" | "tfoot" => in_one_of(&["table"]),
        "tr" => in_one_of(&["table", "thead", "tbody", "tfoot"]),
        "td" | "th" => in_one_of(&["tr"]),
        "li" => in_one_of(&["ul", "ol"]),
        "dt" | "dd" => in_one_of(&["dl"]),
        "summary" => in_one_of(&["details"]),
        "figcaption" => in_one_of(&["figure"]),
        // A table in a table is no table of numbers.
        "table" if in_one_of(&["td", "th"]) => false,
        name if BLOCK.contains(&name) => takes_blocks(parent),
        name => INLINE.contains(&name) && !is_structure(parent),
    }
}

/// Text in which characters that are written as `&lt;` or `&#60;` stay so.
pub(super) fn with_entities(text: &str) -> String {
    let mut written = String::new();
    for (at, part) in text.split('&').enumerate() {
        if at == 0 {
            written.push_str(&escape(part));
            continue;
        }
        let entity = part.split_once(';').filter(|(name, _)| {
            let digits = name.strip_prefix('#');
            match digits {
                Some(digits) => digits
                    .parse::<u32>()
                    .ok()
                    .and_then(char::from_u32)
                    .is_some_and(|c| !c.is_control()),
                None => ENTITIES.contains(name),
            }
        });
        match entity {
            Some((name, after)) => {
                written.push_str(&format!("&{name};"));
                written.push_str(&escape(after));
            }
            None => {
                written.push_str("&amp;");
                written.push_str(&escape(part));
            }
        }
    }
    written
}

const ENTITIES: [&str; 17] = [
    "lt", "gt", "amp", "quot", "apos", "nbsp", "ndash", "mdash", "hellip", "times", "minus",
    "plusmn", "middot", "rarr", "larr", "deg", "le",
];

/// The text of a table's cell, for a look at whether it is a number.
pub(super) fn is_numeric(text: &str) -> bool {
    is_number(
        &text
            .replace("&nbsp;", " ")
            .replace("&minus;", "-")
            .replace("&plusmn;", "±"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_written_anew_with_their_numbers_to_the_right() {
        assert_eq!(
            harmless("<table border=1>\n<tr><th>name</th><th>n</th></tr><tr><td>a &amp; b &copy</td><td>-1.5e-8</td></tr></table>").as_deref(),
            Some("<div class=\"table\"><table>\n<tr><th>name</th><th class=\"num\">n</th></tr><tr><td>a &amp; b &amp;copy</td><td class=\"num\">-1.5e-8</td></tr></table></div>")
        );
        // As pandas writes one.
        let pandas = "<div>\n<style scoped>\n .x > td {}\n</style>\n<table border=\"1\" class=\"dataframe\">\n<thead><tr style=\"text-align: right;\"><th></th><th>a</th></tr></thead><tbody><tr><th>0</th><td>1</td></tr></tbody></table>\n<p>1 rows × 1 columns</p>\n</div>";
        let drawn = harmless(pandas).unwrap();
        assert!(
            !drawn.contains("style") && drawn.contains("<td class=\"num\">1</td>"),
            "{drawn}"
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for html in [
            "<script>x</script>",
            "<table><tr><td>1",
            "<table><tr><td><script>x</script></td></tr></table>",
            "<table>text</table>",
            "<td>1</td>",
            "<p><div></div></p>",
            "<svg></svg>",
            "<img src=x onerror=y>",
            "<b><i></b></i>",
            "<a href=x>y</a>",
            "<!-->x-->",
            "<!doctype html>",
            "a < b",
            "<style><script></style></script>",
            "<table><tr><td><table></table></td></tr></table>",
            "<iframe></iframe>",
            "<p title=\"x>y</p>",
        ] {
            assert_eq!(harmless(html), None, "{html}");
        }
        assert_eq!(
            harmless("<p onclick=\"x\" id=status class='y'>z</p>").as_deref(),
            Some("<p>z</p>")
        );
        assert_eq!(harmless("<td").as_deref(), None);
        assert_eq!(
            with_entities("&lt;&#60;&#0;&x;&"),
            "&lt;&#60;&amp;#0;&amp;x;&amp;"
        );
    }
}
