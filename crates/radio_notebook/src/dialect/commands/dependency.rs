//! `:dep`: what it asks for, and what is wrong with it, before cargo sees it: cargo would speak of a manifest that
//! nobody wrote.

use super::Command;
use crate::near::nearest;
use toml::{Table, Value};

/// What a key of a dependency's table takes.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    /// Text, with an example.
    Text(&'static str),
    /// A list of texts.
    Texts,
    /// `true` or `false`.
    Switch,
}

/// What cargo knows of a dependency, as far as it has a use in a notebook.
const KEYS: [(&str, Takes); 11] = [
    ("version", Takes::Text("\"1.2\"")),
    ("path", Takes::Text("\"../mine\"")),
    ("git", Takes::Text("\"https://example.org/a.git\"")),
    ("branch", Takes::Text("\"main\"")),
    ("tag", Takes::Text("\"v1.2\"")),
    ("rev", Takes::Text("\"1a2b3c4\"")),
    ("package", Takes::Text("\"the-package\"")),
    ("registry", Takes::Text("\"mine\"")),
    (
        "registry-index",
        Takes::Text("\"sparse+https://example.org/\""),
    ),
    ("features", Takes::Texts),
    ("default-features", Takes::Switch),
];

/// Reads what follows `:dep`.
///
/// # Errors
/// What is wrong with it, and how to write it.
pub(super) fn parse(rest: &str) -> Result<Command, String> {
    if rest.is_empty() {
        return Err(
            "`:dep` wants a crate: `:dep name = \"version\"` or `:dep name = { path = \"..\" }`"
                .into(),
        );
    }
    if rest.starts_with('.') || rest.starts_with('/') {
        // The crate's own name is known once its manifest is read.
        let table = Table::from_iter([("path".to_owned(), Value::String(rest.to_owned()))]);
        return Ok(Command::Dep {
            name: String::new(),
            specification: table.into(),
        });
    }
    if rest.contains('=') {
        let table: Table = rest.parse().map_err(|e: toml::de::Error| {
            let hint = if rest.contains("//") {
                "; a comment here begins with `#`"
            } else {
                ""
            };
            format!("`:dep {rest}` is not TOML: {}{hint}", e.message())
        })?;
        let mut entries = table.into_iter();
        let (Some((name, mut specification)), None) = (entries.next(), entries.next()) else {
            return Err(format!("`:dep {rest}` should name one crate"));
        };
        if let Value::Table(options) = &mut specification {
            for old in ["default_features", "default_feature"] {
                if let Some(value) = options.remove(old) {
                    options.insert("default-features".into(), value);
                }
            }
        }
        return match fault(&name, &specification) {
            Some(fault) => Err(format!("`:dep {rest}`: {fault}")),
            None => Ok(Command::Dep {
                name,
                specification,
            }),
        };
    }
    let name = rest.split('#').next().unwrap_or_default().trim();
    if is_name(name) {
        return Ok(Command::Dep {
            name: name.to_owned(),
            specification: Value::String("*".into()),
        });
    }
    Err(format!(
        "`:dep {rest}` is not understood: write `:dep name = \"version\"`"
    ))
}

/// Whether a crate can be called so.
fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let may_begin = |c: char| c == '_' || c.is_alphabetic();
    letters.next().is_some_and(may_begin)
        && letters.all(|c| c == '-' || c == '_' || c.is_alphanumeric())
}

/// What is wrong with what is asked of the crate `name`, and how to write it; `None` if it is for cargo to say.
fn fault(name: &str, specification: &Value) -> Option<String> {
    if !is_name(name) {
        return Some(format!("a crate cannot be called `{name}`"));
    }
    match specification {
        Value::String(version) => version_fault(version),
        Value::Table(options) => fault_of_table(options),
        Value::Integer(_) | Value::Float(_) => Some(format!(
            "a version stands between quotes: `:dep {name} = \"{specification}\"`"
        )),
        other => Some(format!(
            "{} is no version: write `:dep {name} = \"1.2\"` or `:dep {name} = {{ version = \"1.2\" }}`",
            described(other)
        )),
    }
}

fn version_fault(version: &str) -> Option<String> {
    let error = semver::VersionReq::parse(version).err()?;
    Some(format!(
        "`{version}` is no version ({error}): write \"1\", \"1.2.3\" or \"*\""
    ))
}

fn fault_of_table(options: &Table) -> Option<String> {
    for (key, value) in options {
        let takes = KEYS.iter().find(|(known, _)| known == key);
        let Some((_, takes)) = takes else {
            return Some(unknown_key(key));
        };
        let is_text = |value: &Value| value.is_str();
        let fault = match takes {
            Takes::Text(example) if !value.is_str() => {
                let example = match value {
                    Value::Integer(_) | Value::Float(_) => format!("\"{value}\""),
                    _ => (*example).to_owned(),
                };
                Some(("text between quotes", example))
            }
            Takes::Texts if !value.as_array().is_some_and(|all| all.iter().all(is_text)) => {
                let example = match value {
                    Value::String(one) => format!("[\"{one}\"]"),
                    _ => "[\"one\", \"two\"]".to_owned(),
                };
                Some(("a list of texts", example))
            }
            Takes::Switch if !value.is_bool() => Some(("`true` or `false`", "false".to_owned())),
            _ => None,
        };
        if let Some((wanted, example)) = fault {
            return Some(format!(
                "`{key}` is {wanted}, not {}: write `{key} = {example}`",
                described(value)
            ));
        }
    }
    let has = |key: &str| options.contains_key(key);
    if let Some(fault) = options
        .get("version")
        .and_then(Value::as_str)
        .and_then(version_fault)
    {
        return Some(fault);
    }
    if !["version", "path", "git"].into_iter().any(has) {
        return Some("it says neither `version`, `path` nor `git`: add `version = \"*\"`".into());
    }
    if has("path") && has("git") {
        return Some("it says both `path` and `git`: keep one of them".into());
    }
    let points = ["branch", "tag", "rev"];
    let points: Vec<&str> = points.into_iter().filter(|key| has(key)).collect();
    match points[..] {
        [point, ..] if !has("git") => Some(format!("`{point}` goes with `git`")),
        [first, second, ..] => Some(format!(
            "it says both `{first}` and `{second}`: keep one of them"
        )),
        _ => None,
    }
}

fn unknown_key(key: &str) -> String {
    match key {
        "optional" => {
            return "what a notebook asks for is not `optional`: leave that out".to_owned();
        }
        "workspace" => {
            return "a notebook takes no dependency from a workspace: write its `version` or `path`"
                .to_owned();
        }
        _ => {}
    }
    let names = KEYS.iter().map(|(name, _)| *name);
    match nearest(key, names) {
        Some(near) => format!("there is no `{key}`; did you mean `{near}`?"),
        None => {
            let names = KEYS.map(|(name, _)| format!("`{name}`"));
            format!("there is no `{key}`; there are {}", names.join(", "))
        }
    }
}

/// A value in words.
fn described(value: &Value) -> String {
    match value {
        Value::String(text) => format!("the text \"{text}\""),
        Value::Integer(_) | Value::Float(_) => format!("the number {value}"),
        Value::Boolean(_) => format!("`{value}`"),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        Value::Datetime(_) => "a date".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_before_cargo_is_asked() {
        for (asked, reason) in [
            ("a = 1.0", "between quotes: `:dep a = \"1.0\"`"),
            ("a = 1", "between quotes: `:dep a = \"1\"`"),
            ("a = true", "`true` is no version"),
            ("a = [\"1\"]", "a list is no version"),
            ("a = \"one\"", "`one` is no version"),
            ("a = \"\"", "`` is no version"),
            ("a = { version = \"1.x.y.z\" }", "is no version"),
            ("a = { version = 1 }", "write `version = \"1\"`"),
            ("a = {}", "neither `version`"),
            ("a = { features = [\"b\"] }", "neither `version`"),
            ("a = { version = \"1\", features = \"b\" }", "[\"b\"]"),
            ("a = { version = \"1\", features = [1] }", "a list of texts"),
            (
                "a = { version = \"1\", default-features = \"no\" }",
                "`true` or `false`, not the text \"no\"",
            ),
            (
                "a = { version = \"1\", default_features = 0 }",
                "`default-features` is `true` or `false`",
            ),
            (
                "a = { version = \"1\", feature = [] }",
                "did you mean `features`?",
            ),
            ("a = { version = \"1\", wood = 1 }", "there are `version`"),
            ("a = { version = \"1\", optional = true }", "not `optional`"),
            ("a = { workspace = true }", "from a workspace"),
            ("a = { path = 3 }", "`path` is text"),
            ("a = { path = \".\", git = \"b\" }", "both `path` and `git`"),
            (
                "a = { version = \"1\", tag = \"b\" }",
                "`tag` goes with `git`",
            ),
            (
                "a = { git = \"b\", tag = \"b\", rev = \"c\" }",
                "both `tag` and `rev`",
            ),
            ("\"1a\" = \"1\"", "cannot be called `1a`"),
            ("\"a b\" = \"1\"", "cannot be called `a b`"),
            ("1a", "is not understood"),
        ] {
            let fault = parse(asked).unwrap_err();
            assert!(fault.contains(reason), "{asked}: {fault}");
            assert!(fault.contains(asked), "{fault}");
        }
        for asked in [
            "a = \">=1, <3\"",
            "a = \"=1.2.3-alpha\"",
            "a.version = \"1\"",
            "a = { version = \"1\", registry = \"mine\", package = \"b\" }",
            "a = { git = \"https://a/b\", rev = \"c\", version = \"1\" }",
            "a = { path = \".\", features = [], default-features = false }",
        ] {
            assert!(parse(asked).is_ok(), "{asked}");
        }
    }
}
