//! Several units by one call of the compiler, into one library: most of the time that a call takes, it takes for each
//! call.
//!
//! The units become modules of one crate. They are kept as if each had been compiled by itself, but that they share a
//! library.

use super::{CODE, CRATE, Compiler, Library, Record, START, Unit, length, write};
use crate::error::Result;
use crate::hash::hash_of;
use crate::program::text;
use radio_runtime::variables::TOGETHER;
use std::collections::BTreeMap;

/// The file with the crate that has the units as modules.
const ROOT: &str = "src/together.rs";

/// The function that runs the cell whose unit has this key.
pub(super) fn start_of(key: &str) -> String {
    format!("{START}_{key}")
}

fn module_of(key: &str) -> String {
    format!("{TOGETHER}{key}")
}

impl Compiler {
    /// Compiles functions of cells together, apart from those that are kept or being compiled, and from those that
    /// cannot be modules. All must have the same set and settings. Returns the compiler's messages if it refuses them.
    ///
    /// # Errors
    /// As [`compile`](Compiler::compile).
    pub(crate) fn compile_together(
        &self,
        units: &[Unit<'_>],
    ) -> Result<std::result::Result<(), Vec<serde_json::Value>>> {
        let (mut turns, mut chosen) = (Vec::new(), Vec::new());
        for unit in units {
            let key = self.key(unit);
            let Some(module) = text::as_module(unit.source, &start_of(&key)) else {
                continue;
            };
            let Some(turn) = self.under_way.begin_now(&key) else {
                continue;
            };
            if self.kept(&key).is_none() {
                turns.push(turn);
                chosen.push((key, unit, module));
            }
        }
        // One alone is as well compiled at its turn.
        let [(_, first, _), _, ..] = &chosen[..] else {
            return Ok(Ok(()));
        };
        let keys: Vec<&String> = chosen.iter().map(|(key, ..)| key).collect();
        let together = hash_of(&("together", &keys));
        // In each list a library comes after those that it needs.
        let mut libraries: Vec<(&str, &Library)> = Vec::new();
        for (name, library) in chosen.iter().flat_map(|(_, unit, _)| &unit.units) {
            if !libraries.iter().any(|(known, _)| known == name) {
                libraries.push((name, library));
            }
        }
        let files = keys.iter().map(|key| (module_of(key), format!("{key}.rs")));
        let root = text::with_modules(libraries.iter().map(|(name, _)| *name), files);
        let sources: Vec<&str> = chosen.iter().map(|(_, unit, _)| unit.source).collect();
        let whole = Unit {
            source: &sources.concat(),
            is_shared: false,
            units: libraries,
            set: first.set,
            settings: first.settings,
            folder: first.folder,
        };
        let fresh = self.fresh_folder()?;
        let at = fresh.path();
        write(&at.join(ROOT), &root)?;
        for (key, _, module) in &chosen {
            write(&at.join("src").join(format!("{key}.rs")), module)?;
        }
        let call = self.call_for(&whole, ROOT, &together, "obj,mir");
        let warnings = match self.call(&call, at, None, &mut |_| {})? {
            Ok(warnings) => warnings,
            Err(messages) => return Ok(Err(messages)),
        };
        let code = at.join(CODE);
        let made = |what: &str| at.join(format!("{CRATE}-{together}.{what}"));
        self.link(&made("o"), &code, first.settings)?;
        let mir = std::fs::read_to_string(made("mir")).unwrap_or_default();
        for what in ["o", "mir"] {
            let _ = std::fs::remove_file(made(what));
        }
        let lengths = [length(&code), 0];
        let units = whole.units.iter();
        let needs: Vec<_> = units.map(|(_, library)| library.code.clone()).collect();
        let record = Record {
            lengths,
            ..Record::default()
        };
        self.keep(fresh, &together, &record)?;
        for (key, unit, _) in &chosen {
            let file = format!("src/{key}.rs");
            let is_own = |warning: &&serde_json::Value| {
                let mut spans = warning["spans"].as_array().into_iter().flatten();
                spans.any(|span| span["file_name"] == file.as_str())
            };
            // The compiler may print in another form what is in modules. Then nothing is known of them.
            let mir = of_module(&mir, &module_of(key));
            if mir.is_empty() {
                continue;
            }
            let record = Record {
                together: Some(together.clone()),
                needs: needs.clone(),
                lengths,
                warnings: warnings.iter().filter(is_own).cloned().collect(),
                ..Record::of(&mir)
            };
            let own = self.fresh_folder()?;
            write(&own.path().join(&file), unit.source)?;
            self.keep(own, key, &record)?;
        }
        Ok(Ok(()))
    }

    /// What the compiler says of the types of variables in the functions of a unit, which is checked only: the `mir` of
    /// all.
    ///
    /// # Errors
    /// As [`compile`](Compiler::compile).
    pub(crate) fn types_in(
        &self,
        unit: &Unit<'_>,
    ) -> Result<std::result::Result<BTreeMap<String, String>, Vec<serde_json::Value>>> {
        let key = self.key(unit);
        let fresh = self.fresh_folder()?;
        let at = fresh.path();
        let source = format!("src/{key}.rs");
        write(&at.join(&source), unit.source)?;
        let call = self.call_for(unit, &source, &key, "mir");
        Ok(match self.call(&call, at, None, &mut |_| {})? {
            Err(messages) => Err(messages),
            Ok(_) => {
                let mir = std::fs::read_to_string(at.join(format!("{CRATE}-{key}.mir")));
                Ok(super::mir::types(&mir.unwrap_or_default()))
            }
        })
    }
}

/// What is said of the functions of a module, as if they were at the top.
fn of_module(mir: &str, module: &str) -> String {
    let start = format!("fn {module}::");
    let (mut text, mut is_inside) = (String::new(), false);
    for line in mir.lines() {
        let mut line = line.to_owned();
        if !line.is_empty() && !line.starts_with([' ', '}']) {
            is_inside = line.starts_with(&start);
            line = line.replacen(&start, "fn ", 1);
        }
        if is_inside {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_apart_by_their_modules() {
        let mir = "// WARNING\nfn __c1::__radio_cell(_1: u32) -> () {\n    let _2: i32;\n}\n\nfn __c2::__radio_cell(_1: u32) -> () {\n    let _2: u8;\n}\n\nfn __c1::__radio_cell::{closure#0}(_1: u8) -> () {\n}\n";
        assert_eq!(
            of_module(mir, "__c1"),
            "fn __radio_cell(_1: u32) -> () {\n    let _2: i32;\n}\n\nfn __radio_cell::{closure#0}(_1: u8) -> () {\n}\n"
        );
    }
}
