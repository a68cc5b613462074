//! Halves of surrogate pairs in JSON, which Python writes (`"\ud800"`) and Rust's text cannot hold: kept as other characters.
//!
//! Each half becomes one of the last 2048 characters of Unicode's last private plane, and half a pair again when the notebook
//! is written. A notebook without halves may have those characters.

use std::borrow::Cow;

const FIRST: u32 = 0x10_f800;
const FIRST_HALF: u32 = 0xd800;

/// JSON in which halves of pairs are characters. Text that is no JSON stays what it is.
///
/// # Errors
/// Where there are halves, and one of those characters is in the text already: a sentence for the user.
pub fn hide(json: &str) -> Result<Cow<'_, str>, String> {
    let mut hidden = String::new();
    let (mut copied, mut at) = (0, 0);
    let mut is_taken = false;
    while let Some(offset) = json[at..].find('\\') {
        let start = at + offset;
        let unit = |at: usize| {
            let digits = json.get(at..)?.strip_prefix("\\u")?.get(..4)?;
            u32::from_str_radix(digits, 16).ok()
        };
        match (unit(start), unit(start + 6)) {
            (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) => {
                is_taken |= 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00) >= FIRST;
                at = start + 12;
            }
            (Some(half @ FIRST_HALF..0xe000), _) => {
                hidden.push_str(&json[copied..start]);
                hidden.extend(char::from_u32(FIRST + half - FIRST_HALF));
                at = start + 6;
                copied = at;
            }
            // Another escape: what is escaped may be a backslash.
            _ => at = start + 1 + json[start + 1..].chars().next().map_or(0, char::len_utf8),
        }
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(json));
    }
    if is_taken || json.chars().any(|c| u32::from(c) >= FIRST) {
        return Err(format!(
            "this notebook has halves of surrogate pairs (such as `\\ud800`) and private characters above U+{FIRST:X}; radio reads either, not both"
        ));
    }
    hidden.push_str(&json[copied..]);
    Ok(Cow::Owned(hidden))
}

/// JSON in which the characters are halves of pairs again.
pub fn show(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        match u32::from(c).checked_sub(FIRST) {
            Some(half) => shown.push_str(&format!("\\u{:04x}", FIRST_HALF + half)),
            None => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_survive_and_pairs_are_left_alone() {
        for json in [
            r#""\ud800""#,
            r#""\udfff\ud800x\udbff""#,
            r#""\ud800\ud801\udc00""#,
            r#""a\\\udead""#,
        ] {
            let hidden = hide(json).unwrap();
            let value: serde_json::Value = serde_json::from_str(&hidden).unwrap();
            let again = show(&value.to_string());
            // A pair is one character when it is written again.
            assert_eq!(again, json.replace(r"\ud801\udc00", "\u{10400}"));
        }
        for json in [
            r#""\ud83d\ude00""#,
            r#""\\ud800""#,
            "\\",
            "\\u",
            "\\uλλ",
            "\"\\ud8",
            "",
        ] {
            assert_eq!(hide(json).unwrap(), json);
        }
        for taken in ["\u{10ffff}", r"\udbff\udfff"] {
            assert!(hide(taken).is_ok() && hide(&format!("{taken}\\ud800")).is_err());
        }
    }
}
