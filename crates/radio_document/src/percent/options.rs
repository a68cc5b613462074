//! The line that begins a cell: `// %% Title [markdown] tags=["a"]`, as jupytext reads and writes it.

use crate::document::CellKind;
use serde_json::{Map, Value};

/// What the line that begins a cell says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CellOptions {
    /// The kind of cell, where the line names one.
    pub kind: Option<CellKind>,
    /// The cell's metadata: also `title`, `cell_depth` (`%%%`) and `region_name` (`[md]`).
    pub metadata: Map<String, Value>,
    /// Whether the metadata is written as one JSON object.
    pub is_json: bool,
}

/// jupytext's name for metadata that it could not take apart.
const INCORRECT: &str = "incorrectly_encoded_metadata";

/// The rest of a line after `%%`, where the line begins a cell.
pub(super) fn marker(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("//")?.trim_start();
    let options = rest.strip_prefix("%%")?;
    let after = options.trim_start_matches('%');
    (options.is_empty() || after.starts_with(char::is_whitespace)).then_some(options)
}

/// Reads what stands after `%%`.
pub(super) fn read(options: &str) -> CellOptions {
    let text = options.trim();
    let brace = text.find('{');
    let equal = text.find('=');
    let is_json = brace.is_some_and(|brace| equal.is_none_or(|equal| brace < equal));
    let (title, mut metadata) = match brace.filter(|_| is_json) {
        Some(brace) => {
            let metadata = match json_or_literal(&text[brace..]) {
                Some(Value::Object(metadata)) => metadata,
                _ => Map::from_iter([(INCORRECT.to_owned(), text[brace..].into())]),
            };
            (text[..brace].trim(), metadata)
        }
        None => {
            let title = title(text, equal);
            (title, keys_and_values(&text[title.len()..]))
        }
    };
    let mut title = title.to_owned();
    let mut kind = None;
    for (name, named) in [
        ("[markdown]", CellKind::Markdown),
        ("[raw]", CellKind::Raw),
        ("[md]", CellKind::Markdown),
    ] {
        if title.contains(name) {
            title = title.replace(name, "").trim().to_owned();
            kind = Some(named);
            if name == "[md]" {
                metadata.insert("region_name".into(), "md".into());
            }
            break;
        }
    }
    let heading = title.trim_start_matches('%');
    let depth = title.len() - heading.len();
    if depth > 0 {
        metadata.insert("cell_depth".into(), depth.into());
        title = heading.trim().to_owned();
    }
    if !title.is_empty() {
        metadata.insert("title".into(), title.into());
    }
    // `cell_type="markdown"` says the same as `[markdown]`.
    if kind.is_none()
        && let Some(named) = metadata.get("cell_type")
    {
        kind = Some(match named.as_str() {
            Some("code") => CellKind::Code,
            Some("markdown") => CellKind::Markdown,
            _ => CellKind::Raw,
        });
    }
    metadata.remove("cell_type");
    CellOptions {
        kind,
        metadata,
        is_json,
    }
}

/// The words before the first key; what begins with a point is a key.
fn title(text: &str, equal: Option<usize>) -> &str {
    let mut title = &text[..equal.unwrap_or(text.len())];
    let without_last = |title: &str| title.rfind(' ').unwrap_or(0);
    if equal.is_some() {
        title = title.trim_end_matches(' ');
        title = &title[..without_last(title)];
    }
    loop {
        let end = without_last(title);
        let word = title[end..].trim_start_matches(' ');
        if title.is_empty() || !(word.trim().is_empty() || word.starts_with('.')) {
            return title;
        }
        title = &title[..end];
    }
}

/// Reads `key=value key key=value` from its end, as jupytext does: the values are JSON or Python and may hold anything.
fn keys_and_values(text: &str) -> Map<String, Value> {
    let mut pairs: Vec<(String, Value)> = Vec::new();
    let mut rest = text.trim();
    'pairs: while !rest.is_empty() {
        let last = rest.rfind(' ');
        let word = &rest[last.map_or(0, |at| at + 1)..];
        if !rest.starts_with("--") && is_identifier(word) {
            pairs.push((word.to_owned(), Value::Null));
            rest = rest[..last.unwrap_or(0)].trim();
            continue;
        }
        let mut before = rest.len();
        while let Some(equal) = rest[..before].rfind('=') {
            before = equal;
            let head = rest[..equal].trim_end();
            let begin = head.rfind(' ').map_or(0, |at| at + 1);
            let key = &head[begin..];
            if !is_key(key) {
                continue;
            }
            if let Some(value) = json_or_literal(&rest[equal + 1..]) {
                pairs.push((key.to_owned(), value));
                rest = rest[..begin].trim();
                continue 'pairs;
            }
        }
        pairs.push((INCORRECT.to_owned(), rest.into()));
        break;
    }
    // Of a key that stands twice, the last one counts.
    pairs.into_iter().rev().collect()
}

/// Whether the metadata key can stand before an equals sign.
pub(super) fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.@/-".contains(&b))
}

/// Whether the metadata key can stand alone.
fn is_identifier(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with(|c: char| c.is_ascii_digit())
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.".contains(&b))
}

fn json_or_literal(text: &str) -> Option<Value> {
    let text = text.trim();
    serde_json::from_str(text)
        .ok()
        .or_else(|| serde_json::from_str(&literal_to_json(text)?).ok())
}

/// Python's literals as JSON: `['a', True]` becomes `["a", true]`.
fn literal_to_json(text: &str) -> Option<String> {
    let mut json = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '"' || c == '\'' {
            let (string, after) = python_string(&rest[1..], c)?;
            json.push_str(&Value::from(string).to_string());
            rest = after;
            continue;
        }
        let word = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        if word > 0 {
            json.push_str(match &rest[..word] {
                "True" => "true",
                "False" => "false",
                "None" => "null",
                exponent @ ("e" | "E") => exponent,
                _ => return None,
            });
            rest = &rest[word..];
            continue;
        }
        match c {
            '(' => json.push('['),
            // No literal has one, and what has many of them should not take long.
            '=' => return None,
            ')' | ']' | '}' => {
                let ended = json.trim_end().trim_end_matches(',').len();
                json.truncate(ended);
                json.push(if c == '}' { '}' } else { ']' });
            }
            c => json.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    Some(json)
}

/// Reads a Python string up to its closing quote; returns it and what stands after it.
fn python_string(text: &str, quote: char) -> Option<(String, &str)> {
    let mut string = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Some((string, &text[at + 1..]));
        }
        if c != '\\' {
            string.push(c);
            continue;
        }
        match chars.next()?.1 {
            'n' => string.push('\n'),
            't' => string.push('\t'),
            'r' => string.push('\r'),
            c @ ('\\' | '\'' | '"') => string.push(c),
            other => string.extend(['\\', other]),
        }
    }
    None
}

/// Writes what stands after `// %%`, with the space before it. What jupytext itself would not read back as it is (a
/// title with an equals sign, a lone key after a title) is written in a longer form that it does read.
pub(super) fn write(options: &CellOptions) -> String {
    let forms = [(true, true), (true, false), (false, false)];
    let mut texts =
        forms.map(|(with_title, with_lone_keys)| form(options, with_title, with_lone_keys));
    let best = texts.iter().position(|text| {
        let again = marker(&format!("// %%{text}"))
            .map(read)
            .filter(|_| !text.contains(['\n', '\r']));
        again.is_some_and(|again| again.kind == options.kind && again.metadata == options.metadata)
    });
    std::mem::take(&mut texts[best.unwrap_or(0)])
}

fn form(options: &CellOptions, with_title: bool, with_lone_keys: bool) -> String {
    let mut metadata = options.metadata.clone();
    let mut words: Vec<String> = Vec::new();
    let depth = metadata
        .get("cell_depth")
        .and_then(Value::as_u64)
        .filter(|n| (1..=80).contains(n));
    if depth.is_some() {
        metadata.remove("cell_depth");
    }
    if with_title && let Some(Value::String(title)) = metadata.get("title") {
        words.push(title.clone());
        metadata.remove("title");
    }
    match options.kind {
        Some(CellKind::Markdown) if metadata.get("region_name").is_some_and(|n| n == "md") => {
            metadata.remove("region_name");
            words.push("[md]".into());
        }
        Some(CellKind::Markdown) => words.push("[markdown]".into()),
        Some(CellKind::Raw) => words.push("[raw]".into()),
        Some(CellKind::Code) | None => {}
    }
    if options.kind == Some(CellKind::Code) {
        metadata.insert("cell_type".into(), "code".into());
    }
    if options.is_json {
        if !metadata.is_empty() {
            words.push(python_json(&Value::Object(metadata)));
        }
    } else {
        for (key, value) in &metadata {
            words.push(match value {
                Value::String(text) if with_lone_keys && key == INCORRECT => text.clone(),
                Value::Null if with_lone_keys => key.clone(),
                value => format!("{key}={}", python_json(value)),
            });
        }
    }
    let percents = "%".repeat(depth.unwrap_or(0) as usize);
    match (words.is_empty(), percents.is_empty()) {
        (true, true) => String::new(),
        // Without the space, the line would not begin a cell.
        (true, false) => percents + " ",
        _ => format!("{percents} {}", words.join(" ")),
    }
}

/// JSON as Python writes it: a space after commas and colons, ASCII only.
fn python_json(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(python_json).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                format!(
                    "{}: {}",
                    python_json(&Value::String(key.clone())),
                    python_json(value)
                )
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => {
            let mut ascii = String::new();
            for c in other.to_string().chars() {
                if c.is_ascii() {
                    ascii.push(c);
                } else {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        ascii.push_str(&format!("\\u{unit:04x}"));
                    }
                }
            }
            ascii
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_that_begin_cells_are_told_from_others() {
        for line in ["// %%", "//%%", "  // %% x", "// %%% Sub", "// %%\t"] {
            assert!(marker(line).is_some(), "{line}");
        }
        for line in [
            "// %%x",
            "// %%%",
            "/// %% x",
            "% %",
            "// % %",
            "let x = 1; // %%",
        ] {
            assert!(marker(line).is_none(), "{line}");
        }
    }

    #[test]
    fn metadata_is_read_as_jupytext_reads_it() {
        for (text, metadata) in [
            (" A title", json!({"title": "A title"})),
            (
                " A title k=1 f=\"a=b {\"",
                json!({"title": "A title", "k": 1, "f": "a=b {"}),
            ),
            (
                " tags=['a', \"b\"] on=True",
                json!({"tags": ["a", "b"], "on": true}),
            ),
            (
                " T {\"tags\": [\"a\"]}",
                json!({"title": "T", "tags": ["a"]}),
            ),
            (" {'a': (1, None,)}", json!({"a": [1, null]})),
            (
                "% Sub k=1 flag",
                json!({"cell_depth": 1, "title": "Sub", "k": 1, "flag": null}),
            ),
            (" Note .class", json!({"title": "Note", ".class": null})),
            (" a=b", json!({"incorrectly_encoded_metadata": "a=b"})),
            (" {x", json!({"incorrectly_encoded_metadata": "{x"})),
        ] {
            assert_eq!(Value::Object(read(text).metadata), metadata, "{text}");
        }
        assert_eq!(read(" [md] x").kind, Some(CellKind::Markdown));
        assert_eq!(read(" cell_type=\"raw\"").kind, Some(CellKind::Raw));
    }

    #[test]
    fn what_jupytext_cannot_read_back_is_written_so_that_it_can() {
        for (metadata, text) in [
            (json!({"title": "a=b"}), " title=\"a=b\""),
            (json!({"title": "% x"}), " title=\"% x\""),
            (json!({"flag": null}), " flag=null"),
            (json!({"k": 1, "lone": null}), " k=1 lone"),
            (json!({"cell_depth": 2}), "%% "),
            (json!({"k": "é😀"}), " k=\"\\u00e9\\ud83d\\ude00\""),
        ] {
            let metadata = metadata.as_object().unwrap().clone();
            let options = CellOptions {
                metadata,
                ..CellOptions::default()
            };
            assert_eq!(write(&options), text);
            assert_eq!(read(&write(&options)), options);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read_and_stays(text in "[-% .=\\[\\]{}\"'a-cT1:,(\\\\é]{0,24}|.{0,30}") {
            let first = read(&text);
            let again = read(&write(&first));
            proptest::prop_assert_eq!((first.kind, first.metadata), (again.kind, again.metadata));
        }
    }
}
