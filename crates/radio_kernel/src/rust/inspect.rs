//! What the name at the cursor is: a variable with its type, an item with its source, a crate.

use super::cursor::names_at;
use super::names::Names;
use crate::wire::Bundle;
use serde_json::json;

/// What the name at the cursor is, which is counted in code points. `detailed`: items with all of their source, not their first line.
pub fn inspect(source: &str, cursor: usize, detailed: bool, names: &Names) -> Option<Bundle> {
    let text = names_at(source, cursor)
        .into_iter()
        .find_map(|name| tell(name, detailed, names))?;
    let data = [
        ("text/plain", text.clone()),
        ("text/markdown", format!("```rust\n{text}\n```")),
    ];
    let data = data.map(|(mime, text)| (mime.to_owned(), json!(text)));
    Some(data.into_iter().collect())
}

/// What a name is; with all of its source if `detailed`.
pub(super) fn tell(name: &str, detailed: bool, names: &Names) -> Option<String> {
    let variables = names.variables.iter().filter(|v| v.name == name);
    let variables = variables.map(|v| format!("let {name}: {}", v.type_name));
    let items = names.items.iter().filter(|item| item.name == name);
    let items = items.map(|item| match detailed {
        true => item.source.trim().to_owned(),
        false => head(&item.source),
    });
    let mut lines: Vec<String> = variables.chain(items).collect();
    if lines.is_empty() && names.crates.iter().any(|c| c == name) {
        lines.push(format!("extern crate {name};"));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
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
    use crate::rust::{Item, ItemKind, Variable};

    fn names() -> Names {
        Names {
            variables: vec![Variable {
                name: "total".into(),
                type_name: "f64".into(),
            }],
            items: vec![Item {
                name: "area".into(),
                kind: ItemKind::Function,
                source: "/// Of a circle.\nfn area(r: f64) -> f64 {\n    r * r * 3.14\n}".into(),
            }],
            crates: vec!["ndarray".into()],
        }
    }

    fn text(source: &str, cursor: usize, detailed: bool) -> Option<String> {
        Some(
            inspect(source, cursor, detailed, &names())?["text/plain"]
                .as_str()?
                .to_owned(),
        )
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
}
