//! Rules that take out of an output what differs from run to run, before it is compared.
//!
//! The file has nbval's form. It looks like INI and is not: a section may hold many pairs of `regex:` and `replace:`,
//! and a backslash is an ordinary character.

use radio_notebook::error::{Error, Result};
use regex_lite::{Captures, Regex};
use serde_json::Value;
use std::path::Path;
use std::sync::LazyLock;

/// Addresses in memory, as `{:p}` prints them.
const ADDRESSES: (&str, &str) = (r"\b0x[0-9a-f]{6,16}\b", "ADDRESS");
/// A `std::time::Duration` as `{:?}` prints it.
const DURATIONS: (&str, &str) = (r"\b[0-9]+(\.[0-9]+)?(ns|µs|ms|s)\b", "DURATION");

/// What to replace, in this order.
#[derive(Clone, Debug, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    regex: Regex,
    replacement: Vec<Piece>,
}

/// A part of a replacement, which is written as for Python's `re.sub`.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Group(usize),
}

impl Rules {
    /// No rules.
    pub const NONE: Rules = Rules(Vec::new());

    /// Reads rules from a file in nbval's form.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Document`] with line and section if a rule cannot be used.
    pub fn read(path: &Path) -> Result<Rules> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path, "reading"))?;
        Rules::parse(&text).map_err(|message| Error::document(path, message))
    }

    /// Reads rules in nbval's form. The error is a sentence for the user.
    pub fn parse(text: &str) -> std::result::Result<Rules, String> {
        let mut rules = Vec::new();
        let mut section = String::new();
        // A pattern that waits for what replaces it, and its line.
        let mut open: Option<(&str, String)> = None;
        for (line, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
            let place = format!("line {number}{section}");
            let value = |key| {
                let value: &str = line.strip_prefix(key)?.strip_prefix(':')?;
                Some(value.strip_prefix(' ').unwrap_or(value))
            };
            match (open.take(), value("regex"), value("replace")) {
                (None, Some(pattern), _) => open = Some((pattern, place)),
                (Some((pattern, _)), _, Some(replacement)) => rules
                    .push(Rule::new(pattern, replacement).map_err(|e| format!("{place}: {e}"))?),
                (Some((_, place)), ..) => return Err(without_replacement(&place)),
                (None, _, Some(_)) => {
                    return Err(format!(
                        "{place}: this `replace:` has no `regex:` in the line before it"
                    ));
                }
                (None, None, None) => {
                    let trimmed = line.trim();
                    let name = trimmed.strip_prefix('[').and_then(|l| l.strip_suffix(']'));
                    if let Some(name) = name {
                        section = format!(", section [{name}]");
                    } else if !trimmed.is_empty() && !trimmed.starts_with(['#', ';']) {
                        return Err(format!(
                            "{place}: `{trimmed}` is none of `[section]`, `regex: PATTERN`, `replace: TEXT` and \
                             `# comment`"
                        ));
                    }
                }
            }
        }
        match open {
            Some((_, place)) => Err(without_replacement(&place)),
            None => Ok(Rules(rules)),
        }
    }

    /// Reads rules from a notebook's metadata: a list of `{"regex": .., "replace": ..}` and of the names `"addresses"`
    /// and `"durations"`. The error is a sentence for the user.
    pub fn from_metadata(value: &Value) -> std::result::Result<Rules, String> {
        let Some(list) = value.as_array() else {
            return Err("metadata.radio.sanitize should be a list of rules".into());
        };
        let rules = list.iter().zip(1..).map(|(value, number)| {
            let named = match value.as_str() {
                Some("addresses") => Some(ADDRESSES),
                Some("durations") => Some(DURATIONS),
                _ => None,
            };
            let text = |key| value.get(key).and_then(Value::as_str);
            let Some((pattern, replacement)) =
                named.or_else(|| Some((text("regex")?, text("replace")?)))
            else {
                return Err(format!(
                    "metadata.radio.sanitize, rule {number}: it should be \
                     {{\"regex\": \"..\", \"replace\": \"..\"}}, \"addresses\" or \"durations\""
                ));
            };
            Rule::new(pattern, replacement)
                .map_err(|e| format!("metadata.radio.sanitize, rule {number}: {e}"))
        });
        Ok(Rules(rules.collect::<std::result::Result<_, _>>()?))
    }

    /// These rules, and then `others`.
    pub fn and(&self, others: Rules) -> Rules {
        Rules(self.0.iter().cloned().chain(others.0).collect())
    }

    /// `text` with all rules applied, one after the other.
    pub fn apply(&self, text: String) -> String {
        self.0.iter().fold(text, |text, rule| rule.apply(text))
    }
}

/// `text` without the escape sequences that colour it.
pub fn without_colours(text: &str) -> String {
    static COLOUR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\x1b\[[0-9;:]*m").expect("a literal regex"));
    COLOUR.replace_all(text, "").into_owned()
}

fn without_replacement(place: &str) -> String {
    format!("{place}: this `regex:` has no `replace:` in the line after it")
}

impl Rule {
    fn new(pattern: &str, replacement: &str) -> std::result::Result<Rule, String> {
        let regex = Regex::new(pattern)
            .map_err(|e| format!("the regex `{pattern}` cannot be used: {e}"))?;
        let replacement = pieces(replacement, &regex)
            .map_err(|e| format!("the replacement `{replacement}` cannot be used: {e}"))?;
        Ok(Rule { regex, replacement })
    }

    fn apply(&self, text: String) -> String {
        let replace = |found: &Captures<'_>| {
            let pieces = self.replacement.iter().map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Group(number) => found.get(*number).map_or("", |group| group.as_str()),
            });
            pieces.collect::<String>()
        };
        self.regex.replace_all(&text, replace).into_owned()
    }
}

/// Takes a replacement apart: `\1`, `\g<1>` and `\g<name>` are groups of the regex, `\n`, `\t`, `\r` and `\\`
/// characters.
fn pieces(replacement: &str, regex: &Regex) -> std::result::Result<Vec<Piece>, String> {
    let group = |name: &str| {
        let number = name.parse().ok().or_else(|| {
            regex
                .capture_names()
                .position(|known| known.is_some_and(|known| known == name))
        });
        number
            .filter(|&number| number < regex.captures_len())
            .ok_or_else(|| format!("the regex has no group `{name}`"))
    };
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).take(2).count();
        let named = after
            .strip_prefix("g<")
            .and_then(|after| after.split_once('>'));
        if digits > 0 || named.is_some() {
            let (name, after) = named.unwrap_or_else(|| after.split_at(digits));
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Group(group(name)?));
            rest = after;
            continue;
        }
        let mut after = after.chars();
        match after.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('\\') => text.push('\\'),
            Some(other) if !other.is_ascii_alphabetic() => text.extend(['\\', other]),
            Some(other) => {
                return Err(format!(
                    "`\\{other}` means nothing; a backslash itself is `\\\\`"
                ));
            }
            None => return Err("it ends in a single backslash".into()),
        }
        rest = after.as_str();
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nbvals_own_rules_do_what_they_do_there() {
        // nbval 0.11's tests/sanitize_defaults.cfg has these forms: several pairs in a section, groups, counts.
        let rules = Rules::parse(
            "[Dates and times]\nregex: \\d\\d\\d\\d-\\d\\d-\\d\\d\nreplace: DATESTAMP\n\nregex: \\d{2}:\\d{2}:\\d{2}\nreplace: TIMESTAMP\n\n\
             [Memory addresses]\nregex: (<[a-zA-Z_][0-9a-zA-Z_.]* at )(0x[0-9a-fA-F]+)(>)\nreplace: \\1MEMORY_ADDRESS\\3\n",
        );
        assert_eq!(
            rules
                .unwrap()
                .apply("2024-02-29 23:59:60 <a.B at 0x7fFF>$1".into()),
            "DATESTAMP TIMESTAMP <a.B at MEMORY_ADDRESS>$1"
        );
    }

    #[test]
    fn replacements_are_pythons() {
        let replaced = |pattern: &str, replacement: &str| {
            Rules::parse(&format!("regex: {pattern}\nreplace: {replacement}"))
                .map(|rules| rules.apply("ab12".into()))
        };
        assert_eq!(
            replaced(r"(?P<x>[a-z])(\d)", r"\g<x>-\2\g<1>").unwrap(),
            "ab-1b2"
        );
        assert_eq!(replaced("b", "").unwrap(), "a12");
        assert_eq!(replaced("b", r"\n\\\.$0").unwrap(), "a\n\\\\.$012");
        for (replacement, why) in [
            (r"\1", "no group `1`"),
            (r"\g<y>", "no group `y`"),
            (r"\q", "means nothing"),
            ("x\\", "single backslash"),
        ] {
            let message = replaced("b", replacement).unwrap_err();
            assert!(message.contains(why), "{message}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_place() {
        for (text, place, why) in [
            (
                "[a]\nregex: (\nreplace: x",
                "line 3, section [a]: ",
                "regex `(`",
            ),
            (
                "regex: (?=x)\nreplace: x",
                "line 2: ",
                "look-around is not supported",
            ),
            ("[a]\nregex: x", "line 2, section [a]: ", "no `replace:`"),
            ("regex: x\n\nreplace: y", "line 1: ", "no `replace:`"),
            ("[b]\nreplace: x", "line 2, section [b]: ", "no `regex:`"),
            ("rgex: x", "line 1: ", "`rgex: x` is none of"),
        ] {
            let message = Rules::parse(text).unwrap_err();
            assert!(
                message.starts_with(place) && message.contains(why),
                "{message}"
            );
        }
        for value in [
            json!({}),
            json!([1]),
            json!(["adresses"]),
            json!([{"regex": "x"}]),
        ] {
            assert!(Rules::from_metadata(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn metadata_may_name_the_ready_made_rules() {
        let rules = json!(["addresses", "durations", {"regex": "(user) \\w+", "replace": "\\1 X"}]);
        assert_eq!(
            Rules::from_metadata(&rules)
                .unwrap()
                .apply("0x7ffe12345678 0x2a 1.5µs 12ms 3 s 4 items, user me".into()),
            "ADDRESS 0x2a DURATION DURATION 3 s 4 items, user X"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_rules_are_read_or_refused(text in "(?s).{0,80}", pattern in ".{0,20}", replacement in ".{0,20}") {
            let _ = Rules::parse(&text);
            if let Ok(rules) = Rules::parse(&format!("regex: {pattern}\nreplace: {replacement}")) {
                rules.apply(text);
            }
        }
    }
}
