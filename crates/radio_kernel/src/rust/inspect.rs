//! What the name at the cursor is: a variable with its type, an item with its source, what a crate has to say of it.

use super::cursor::{Before, look, names_at};
use super::libraries::{Offers, in_path};
use super::names::{Names, base_name, pointed_to};
use super::outline::Entry;
use crate::wire::Bundle;
use serde_json::json;

/// Of how many things of one name is told at most.
const MAX_TOLD: usize = 3;

/// What the name at the cursor is, which is counted in code points. `detailed`: items with all of their source, not
/// their first line. `libraries` is asked only if the notebook itself has no such name.
pub(super) fn inspect(
    source: &str,
    cursor: usize,
    detailed: bool,
    names: &Names,
    libraries: &dyn Fn() -> Offers,
) -> Option<Bundle> {
    let mut found = names_at(source, cursor).into_iter();
    found.find_map(|name| {
        // What is before it says of several which one is meant.
        let end = name.as_ptr() as usize - source.as_ptr() as usize + name.len();
        let at = look(source, source[..end].chars().count());
        let of_variable = |name: &String| {
            let variable = names.variables.iter().find(|v| v.name == *name)?;
            Some(base_name(pointed_to(&variable.type_name)).to_owned())
        };
        match at.before {
            Before::Dot(owner) => {
                let of = owner.as_ref().and_then(of_variable);
                let own: Vec<Entry> = names.outline().filter(|e| e.is_member).collect();
                told_of_member(name, of.as_deref(), own.iter())
                    .or_else(|| told_in_libraries(name, of.as_deref(), &libraries()))
            }
            Before::Path(path) => told_in_path(&path, name, names, libraries),
            _ => told(name, detailed, names).or_else(|| told_of_others(name, &libraries())),
        }
    })
}

/// What a name with a path is, as `:doc` is asked for it.
pub(super) fn document(
    path: &str,
    names: &Names,
    libraries: &dyn Fn() -> Offers,
) -> Option<Bundle> {
    match path.rsplit_once("::") {
        Some((before, name)) => told_in_path(before, name, names, libraries),
        None => told(path, true, names).or_else(|| told_of_others(path, &libraries())),
    }
}

fn told_in_path(
    path: &str,
    name: &str,
    names: &Names,
    libraries: &dyn Fn() -> Offers,
) -> Option<Bundle> {
    let last = path.rsplit("::").next().unwrap_or(path);
    let is_own =
        |e: &Entry| e.owner.as_deref() == Some(last) || e.owner.is_none() && e.module == last;
    let own: Vec<Entry> = names.outline().filter(is_own).collect();
    if let Some(told) = entries(own.iter().filter(|entry| is_called(entry, name))) {
        return Some(told);
    }
    let own = (path == "crate").then(|| told(name, true, names)).flatten();
    own.or_else(|| {
        let offers = libraries();
        let here = in_path(path, &offers).filter(|entry| is_called(entry, name));
        let here: Vec<&Entry> = here.collect();
        match here.iter().any(|entry| !entry.text.is_empty()) {
            true => entries(here.into_iter()),
            // It is passed on from where it is declared.
            false => told_of_others(name, &offers),
        }
    })
}

fn told_of_member<'e>(
    name: &str,
    of: Option<&str>,
    all: impl Iterator<Item = &'e Entry>,
) -> Option<Bundle> {
    let is_its = |e: &&Entry| e.is_member && is_called(e, name);
    entries(
        all.filter(is_its)
            .filter(|e| of.is_none() || e.owner.as_deref() == of),
    )
}

fn told_in_libraries(name: &str, of: Option<&str>, offers: &Offers) -> Option<Bundle> {
    let all = offers.iter().flat_map(|(_, entries)| entries.iter());
    told_of_member(name, of, all)
}

/// What crates have to say of a name that belongs to nothing.
fn told_of_others(name: &str, offers: &Offers) -> Option<Bundle> {
    let all = offers.iter().flat_map(|(_, entries)| entries.iter());
    entries(all.filter(|e| e.owner.is_none() && is_called(e, name)))
}

fn is_called(entry: &Entry, name: &str) -> bool {
    entry.name.strip_suffix('!').unwrap_or(&entry.name) == name
}

/// What things of one name are: those that are declared, each once, and not too many.
fn entries<'e>(all: impl Iterator<Item = &'e Entry>) -> Option<Bundle> {
    let mut texts: Vec<&str> = Vec::new();
    for entry in all.filter(|entry| !entry.text.is_empty()) {
        if !texts.contains(&&*entry.text) && texts.len() < MAX_TOLD {
            texts.push(&entry.text);
        }
    }
    (!texts.is_empty()).then(|| bundle(&texts))
}

/// The texts as they are, and with the comments before what they declare as Markdown.
fn bundle(texts: &[&str]) -> Bundle {
    let markdown = texts.iter().map(|text| {
        let mut lines = text.lines().peekable();
        let mut comments = String::new();
        while let Some(comment) = lines.peek().and_then(|line| line.strip_prefix("///")) {
            comments.push_str(comment.strip_prefix(' ').unwrap_or(comment));
            comments.push('\n');
            lines.next();
        }
        let rest = lines.collect::<Vec<_>>().join("\n");
        format!("```rust\n{rest}\n```\n\n{comments}")
            .trim_end()
            .to_owned()
    });
    let data = [
        ("text/plain", texts.join("\n\n")),
        (
            "text/markdown",
            markdown.collect::<Vec<_>>().join("\n\n---\n\n"),
        ),
    ];
    let data = data.map(|(mime, text)| (mime.to_owned(), json!(text)));
    data.into_iter().collect()
}

/// What a name of the notebook's own is; with all of its source if `detailed`.
fn told(name: &str, detailed: bool, names: &Names) -> Option<Bundle> {
    let variables = names.variables.iter().filter(|v| v.name == name);
    let variables = variables.map(|v| format!("let {name}: {}", v.type_name));
    let items = names.items.iter().filter(|item| item.name == name);
    let items = items.map(|item| match detailed {
        true => item.source.trim().to_owned(),
        false => head(&item.source),
    });
    let mut texts: Vec<String> = variables.chain(items).collect();
    if texts.is_empty() && names.crates.iter().any(|(c, _)| c == name) {
        texts.push(format!("extern crate {name};"));
    }
    let text = texts.join("\n");
    (!texts.is_empty()).then(|| bundle(&[&text]))
}

/// The comments and the first line of an item, up to its body.
fn head(source: &str) -> String {
    let source = source.trim();
    let mut lines = Vec::new();
    for line in source.lines() {
        let text = line.trim_start();
        let is_before = text.starts_with("//") || text.starts_with("#[");
        lines.push(line.trim_end().trim_end_matches('{').trim_end());
        if !is_before {
            break;
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rust::names::{Item, ItemKind, Variable};
    use crate::rust::outline::outline;
    use std::sync::Arc;

    fn names() -> Names {
        Names {
            variables: [("total", "f64"), ("figure", "plots::Figure")]
                .map(|(name, type_name)| Variable {
                    name: name.into(),
                    type_name: type_name.into(),
                })
                .into(),
            items: vec![Item {
                name: "area".into(),
                kind: ItemKind::Function,
                source: "/// Of a circle.\nfn area(r: f64) -> f64 {\n    r * r * 3.14\n}".into(),
            }],
            crates: vec![("ndarray".into(), "libndarray.rlib".into())],
        }
    }

    fn offers() -> Offers {
        let source = "/// A *picture*.
pub struct Figure;
impl Figure {
    /// Says what it shows.
    pub fn caption(self, text: &str) -> Figure { self }
}
pub struct Table;
impl Table { pub fn caption(&self) {} }";
        let root = outline("pub use figure::Figure;", "", true);
        let inner = outline(source, "figure", true);
        vec![("plots".into(), Arc::new([root, inner].concat()))]
    }

    fn plain(told: Option<Bundle>) -> Option<String> {
        Some(told?["text/plain"].as_str()?.to_owned())
    }

    fn text(source: &str, cursor: usize, detailed: bool) -> Option<String> {
        plain(inspect(source, cursor, detailed, &names(), &offers))
    }

    #[test]
    fn names_are_told() {
        assert_eq!(text("é + total", 6, false).unwrap(), "let total: f64");
        assert_eq!(
            text("area(x)", 5, false).unwrap(),
            "/// Of a circle.\nfn area(r: f64) -> f64"
        );
        assert!(
            text("area(2.0)", 0, true)
                .unwrap()
                .ends_with("r * r * 3.14\n}")
        );
        assert_eq!(text("ndarray", 7, false).unwrap(), "extern crate ndarray;");
        assert_eq!(text("nothing", 2, false), None);
        assert_eq!(text("", 0, false), None);
    }

    #[test]
    fn crates_say_what_is_theirs() {
        let caption = "/// Says what it shows.\npub fn caption(self, text: &str) -> Figure";
        assert_eq!(text("figure.caption(\"x\")", 10, false).unwrap(), caption);
        assert_eq!(text("figure.caption(", 15, false).unwrap(), caption);
        let figure = "/// A *picture*.\npub struct Figure;";
        assert_eq!(text("Figure", 2, false).unwrap(), figure);
        assert_eq!(text("plots::Figure", 9, false).unwrap(), figure);
        let ask = |path: &str| plain(document(path, &names(), &offers));
        assert_eq!(ask("plots::Figure").unwrap(), figure);
        assert_eq!(ask("Figure::caption").unwrap(), caption);
        assert_eq!(ask("Table::caption").unwrap(), "pub fn caption(&self)");
        assert_eq!(ask("area").unwrap().lines().count(), 4);
        assert_eq!(ask("nothing::at::all"), None);
    }

    #[test]
    fn comments_are_markdown() {
        let told = inspect("Figure", 2, false, &names(), &offers).unwrap();
        assert_eq!(
            told["text/markdown"],
            "```rust\npub struct Figure;\n```\n\nA *picture*."
        );
    }
}
