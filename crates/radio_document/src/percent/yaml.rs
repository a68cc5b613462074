//! The YAML of a script's header, as JSON values: read by YAML's rules, written the way jupytext (PyYAML) writes it.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Deeper than any header is.
const MAX_DEPTH: usize = 64;

/// Something that is still open while YAML is read.
enum Open {
    List(Vec<Value>),
    /// The entries so far, and the key that waits for its value.
    Map(Map<String, Value>, Option<String>),
}

/// Reads one YAML document. The error is a clause for the user.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let at = || {
            format!(
                "at line {} column {}",
                span.start.line(),
                span.start.col() + 1
            )
        };
        let complete = match event {
            Event::Scalar(text, style, _, tag) => {
                let is_text = style != ScalarStyle::Plain || tag.is_some_and(|t| t.suffix == "str");
                // A key is its text, whatever type it looks like.
                let is_key = matches!(open.last(), Some(Open::Map(_, None)));
                let typed = if is_text || is_key {
                    None
                } else {
                    typed(&text)
                };
                typed.unwrap_or_else(|| Value::String(text.into_owned()))
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() == MAX_DEPTH {
                    return Err(format!("it is nested too deeply {}", at()));
                }
                open.push(match event {
                    Event::SequenceStart(..) => Open::List(Vec::new()),
                    _ => Open::Map(Map::new(), None),
                });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(items)) => Value::Array(items),
                Some(Open::Map(entries, _)) => Value::Object(entries),
                None => continue,
            },
            Event::Alias(_) => return Err(format!("an alias (`*name`) stands {}", at())),
            _ => continue,
        };
        match open.last_mut() {
            None => return Ok(complete),
            Some(Open::List(items)) => items.push(complete),
            Some(Open::Map(entries, key)) => match (key.take(), complete) {
                (Some(key), value) => {
                    entries.insert(key, value);
                }
                (None, Value::String(text)) => *key = Some(text),
                (None, _) => return Err(format!("a key that is not text stands {}", at())),
            },
        }
    }
    Ok(Value::Null)
}

/// What a plain scalar means, where it is not text. As in PyYAML this is YAML 1.1, where `yes` is true; dates and
/// numbers to the base 60 stay text, since JSON has neither.
fn typed(text: &str) -> Option<Value> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Some(true.into());
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Some(false.into());
        }
        _ => {}
    }
    let (negative, unsigned) = match text.as_bytes()[0] {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let digits = unsigned.replace('_', "");
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x', ..] => (16, &digits[2..]),
        [b'0', b'b', ..] => (2, &digits[2..]),
        [b'0', _, ..] if !digits.contains('.') => (8, &digits[1..]),
        _ => (10, &digits[..]),
    };
    if let Ok(number) = i64::from_str_radix(digits, base) {
        let is_bare = digits.bytes().all(|b| b.is_ascii_alphanumeric());
        return is_bare.then(|| if negative { -number } else { number }.into());
    }
    if base == 10 && digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits
            .parse()
            .ok()
            .filter(|_| !negative)
            .map(|n: u64| n.into());
    }
    // A float has a point, and its exponent a sign.
    let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
    let has_exponent = mantissa.len() < digits.len();
    let exponent = &digits[mantissa.len()..];
    let is_float = mantissa.contains('.')
        && mantissa.bytes().any(|b| b.is_ascii_digit())
        && mantissa.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && (!has_exponent || exponent[1..].starts_with(['+', '-']));
    let number: f64 = digits.parse().ok().filter(|_| is_float)?;
    serde_json::Number::from_f64(if negative { -number } else { number }).map(Value::Number)
}

/// Writes a map as YAML lines in block style, keys sorted.
pub(super) fn write(map: &Map<String, Value>) -> Vec<String> {
    let mut lines = Vec::new();
    write_map(map, "", &mut lines);
    lines
}

fn write_map(map: &Map<String, Value>, indent: &str, lines: &mut Vec<String>) {
    for (key, value) in map {
        let key = scalar(&Value::String(key.clone()));
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                lines.push(format!("{indent}{key}:"));
                write_map(inner, &format!("{indent}  "), lines);
            }
            Value::Array(items) if !items.is_empty() => {
                lines.push(format!("{indent}{key}:"));
                write_list(items, indent, lines);
            }
            other => lines.push(format!("{indent}{key}: {}", scalar(other))),
        }
    }
}

fn write_list(items: &[Value], indent: &str, lines: &mut Vec<String>) {
    let deeper = format!("{indent}  ");
    for item in items {
        let first = lines.len();
        match item {
            Value::Object(inner) if !inner.is_empty() => write_map(inner, &deeper, lines),
            Value::Array(inner) if !inner.is_empty() => write_list(inner, &deeper, lines),
            other => lines.push(format!("{deeper}{}", scalar(other))),
        }
        lines[first].replace_range(indent.len()..deeper.len(), "- ");
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::String(text) if text.bytes().all(|b| matches!(b, b' '..=b'~')) => {
            format!("'{}'", text.replace('\'', "''"))
        }
        Value::String(text) => double_quoted(text),
        Value::Object(_) => "{}".into(),
        Value::Array(_) => "[]".into(),
        other => other.to_string(),
    }
}

fn double_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            ' '..='~' => quoted.push(c),
            '\0'..='\u{ff}' => quoted.push_str(&format!("\\x{:02X}", u32::from(c))),
            '\u{100}'..='\u{ffff}' => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            _ => quoted.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether text can stand without quotes and is still text when it is read.
fn is_plain(text: &str) -> bool {
    let is_blank_or_end = |rest: &str| rest.is_empty() || rest.starts_with(' ');
    let looks_like_date = {
        let bytes = text.as_bytes();
        bytes.len() > 5 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-'
    };
    let looks_sexagesimal = text.contains(':')
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || b":._+-".contains(&b));
    text.bytes().all(|b| matches!(b, b' '..=b'~'))
        && typed(text).is_none()
        && !looks_like_date
        && !looks_sexagesimal
        && !matches!(
            text,
            "=" | "<<" | ".inf" | ".Inf" | ".INF" | "-.inf" | ".nan" | ".NaN" | ".NAN"
        )
        && !text.starts_with(|c: char| " #,[]{}&*!|>'\"%@`".contains(c))
        && !text.ends_with(' ')
        && !(text.starts_with(['-', '?', ':']) && is_blank_or_end(&text[1..]))
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !text.contains(": ")
        && !text.ends_with(':')
        && !text.contains(" #")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn headers_are_read_as_python_reads_them() {
        let text = "jupyter:\n  a: '1.3'\n  b: 1.3\n  c: [1, yes, ~, \"x\"] # why\n  d:\n  - e: 012\n    f: -0x1f\n  g: {}\n  1: 1_000\n  h: 1e3\n  i: 2026-11-23\n";
        let value = json!({"jupyter": {
            "a": "1.3", "b": 1.3, "c": [1, true, null, "x"], "d": [{"e": 10, "f": -31}], "g": {}, "1": 1000, "h": "1e3",
            "i": "2026-11-23",
        }});
        assert_eq!(read(text), Ok(value));
        for broken in ["a: [1", "a: &x 1\nb: *x", "? [1]\n: 2", "a: b: c"] {
            assert!(read(broken).is_err(), "{broken}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn text_is_quoted_where_it_would_be_something_else() {
        let map = json!({"a": ["-all", "1.3", "1.19.6", "yes", "", "it's", "it's: so", "é", "- x", "1:30"], "b": {"c": [[1], {"d": 2, "e": null}]}});
        let lines = write(map.as_object().unwrap());
        let expected = "a:\n- -all\n- '1.3'\n- 1.19.6\n- 'yes'\n- ''\n- it's\n- 'it''s: so'\n- \"\\xE9\"\n- '- x'\n- '1:30'\nb:\n  c:\n  - - 1\n  - d: 2\n    e: null";
        assert_eq!(lines.join("\n"), expected);
    }

    fn any_value() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let text = prop_oneof!["[-+:.#'\" a-e0-9_x~]{0,6}", ".{0,6}", "(?s).{0,4}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z:#. é]{0,4}", inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(value in any_value()) {
            let map = Map::from_iter([("jupyter".to_owned(), value)]);
            proptest::prop_assert_eq!(read(&write(&map).join("\n")), Ok(Value::Object(map)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(?s)[-:?#\\[\\]{}&*!|>'\"%@` a-c\n\t]{0,40}|.{0,40}") {
            let _ = read(&text);
        }
    }
}
