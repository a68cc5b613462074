//! Asks rustc once more, with all crates of the set, where a missing name could be imported from.
//!
//! What a unit does not name costs it no time, since the compiler does not read the crates of its set then; so it
//! cannot say either where a missing name can be found. And where it has read them, stable compilers keep to themselves
//! what of it is not marked as stable, which only the standard library's items are. So this call has them speak as the
//! nightly ones do. Nothing of what it says counts but advice to import from the crates of the set.

use super::{Compiler, Unit, write};
use crate::build::tools::hear;
use crate::diagnostics::IMPORT;
use crate::error::Result;
use serde_json::Value;

/// The errors that say that there is no such name.
const MISSING: [&str; 8] = [
    "E0404", "E0405", "E0412", "E0422", "E0423", "E0425", "E0433", "E0574",
];

impl Compiler {
    /// What the compiler `said` of a unit that it has refused, with advice on the names that are missing if crates have
    /// them.
    ///
    /// # Errors
    /// As [`compile`](Compiler::compile).
    pub fn search(&self, unit: &Unit<'_>, mut said: Vec<Value>) -> Result<Vec<Value>> {
        let Some(set) = unit.set.filter(|_| said.iter().any(is_missing)) else {
            return Ok(said);
        };
        let key = self.key(unit);
        let fresh = self.fresh_folder()?;
        let source = format!("src/{key}.rs");
        write(&fresh.path().join(&source), unit.source)?;
        let call = self.call_with_crates(unit, &source, &key, "metadata");
        let mut command = self.command(&call.environment, fresh.path());
        command.args(&call.arguments).env("RUSTC_BOOTSTRAP", "1");
        let mut again: Vec<Value> = Vec::new();
        hear("rustc", &mut command, self.deadline, &mut |_, line| {
            again.extend(serde_json::from_str::<Value>(&line));
        })?;
        let crates: Vec<&str> = set.externs.iter().map(|(name, _)| name.as_str()).collect();
        for message in said.iter_mut().filter(|message| is_missing(message)) {
            let same = again.iter().find(|other| is_same(message, other));
            let advice = same.map_or(Vec::new(), |other| imports(other, &crates));
            if let Some(children) = message["children"].as_array_mut() {
                let is_new = |child: &Value| !children.contains(child);
                let new: Vec<Value> = advice.into_iter().filter(is_new).collect();
                children.extend(new);
            }
        }
        Ok(said)
    }
}

/// Whether a message says that there is no such name.
fn is_missing(message: &Value) -> bool {
    let text = message["message"].as_str().unwrap_or_default();
    match message["code"]["code"].as_str() {
        Some(code) => MISSING.contains(&code),
        // Of macros it has no number.
        None => text.starts_with("cannot find "),
    }
}

fn is_same(message: &Value, other: &Value) -> bool {
    ["message", "spans"]
        .iter()
        .all(|key| message[key] == other[key])
}

/// What a message advises to import from these crates.
fn imports(message: &Value, crates: &[&str]) -> Vec<Value> {
    let children = message["children"].as_array().into_iter().flatten();
    let advice = children.filter(|child| {
        let text = child["message"].as_str();
        text.is_some_and(|text| text.starts_with(IMPORT))
    });
    let is_theirs = |span: &Value| {
        let text = span["suggested_replacement"].as_str().unwrap_or_default();
        let path = text.trim().strip_prefix("use ");
        let path = path.map(|path| path.trim_start_matches("::"));
        path.and_then(|path| path.split("::").next())
            .is_some_and(|name| crates.contains(&name))
    };
    let theirs = advice.cloned().filter_map(|mut child| {
        let spans = child["spans"].as_array_mut()?;
        spans.retain(is_theirs);
        (!spans.is_empty()).then_some(child)
    });
    theirs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_the_crates_have_is_advised() {
        let span = |text: &str| json!({"suggested_replacement": text});
        let message = json!({"children": [
            {"message": "a local variable with a similar name exists", "spans": [span("use ndarray::x;")]},
            {"message": "consider importing one of these structs", "spans": [
                span("use std::unstable::Array2;\n"), span("use ndarray::Array2;\n"), span("use ::ndarray::b::Array2;\n"),
            ]},
            {"message": "consider importing this enum", "spans": [span("use __c_00::Array2;\n")]},
        ]});
        let found = imports(&message, &["rand", "ndarray"]);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0]["spans"],
            json!([
                span("use ndarray::Array2;\n"),
                span("use ::ndarray::b::Array2;\n")
            ])
        );
        assert!(imports(&message, &[]).is_empty());
    }
}
