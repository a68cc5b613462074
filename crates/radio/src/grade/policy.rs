//! What a cell of a hand-in may not do, since it would reach outside of what runs it, or change what its tests mean.

use crate::assign::source::{Source, is_answer};
use radio_notebook::dialect::CellCode;
use radio_notebook::dialect::commands::Command;
use radio_notebook::document::CellKind;
use std::collections::BTreeSet;

/// The macros that tests are made of.
const MACROS: [&str; 12] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "panic",
    "todo",
    "unimplemented",
    "unreachable",
    "matches",
    "format",
];
/// Crates that are there without being asked for.
const ALWAYS: [&str; 6] = ["std", "core", "alloc", "test", "proc_macro", "self"];

/// What an assignment offers to its hand-ins, and what it needs unchanged.
#[derive(Debug, Default)]
pub struct Policy {
    /// The commands of the source that are run outside of the fence.
    commands: Vec<Command>,
    /// The crates that it has.
    crates: BTreeSet<String>,
    /// What its fixed cells define.
    fixed: BTreeSet<String>,
}

impl Policy {
    /// What this assignment allows.
    pub fn of(source: &Source) -> Policy {
        let mut policy = Policy::default();
        for (cell, part) in source.notebook.cells.iter().zip(&source.parts) {
            if cell.kind != CellKind::Code {
                continue;
            }
            let Ok(code) = CellCode::parse(&cell.source) else {
                continue;
            };
            for (_, command) in &code.commands {
                if let Command::Dep { name, .. } = command {
                    policy.crates.insert(name.replace('-', "_"));
                }
                policy.commands.push(command.clone());
            }
            if part.is_some() && !is_answer(part.as_ref()) {
                policy.fixed.extend(names(&code));
            }
        }
        policy
    }

    /// Why a cell of a hand-in does not run, a clause; `None` if it does.
    pub fn objection(&self, source: &str) -> Option<String> {
        // What is no Rust is told by running it.
        let code = CellCode::parse(source).ok()?;
        for (_, command) in &code.commands {
            let what = match command {
                _ if self.commands.contains(command) => continue,
                Command::Dep { name, .. } => format!("`:dep {name}`"),
                Command::BuildEnv(name, _) => format!("`:build_env {name}`"),
                Command::Linker(_) => "`:linker`".to_owned(),
                Command::Offline(_) => "`:offline`".to_owned(),
                _ => continue,
            };
            return Some(format!("it asks for {what}, which the assignment does not"));
        }
        let unknown = |name: &str| !ALWAYS.contains(&name) && !self.crates.contains(name);
        if let Some(other) = code.extern_crates.iter().find(|of| unknown(&of.name)) {
            return Some(format!(
                "it asks for the crate `{}`, which the assignment does not",
                other.name
            ));
        }
        let mut own = names(&code);
        own.extend(
            code.imports
                .iter()
                .filter(|i| i.text.contains(" as "))
                .map(|i| i.name.clone()),
        );
        own.extend(macros(source));
        if let Some(name) = own.iter().find(|name| MACROS.contains(&name.as_str())) {
            return Some(format!(
                "it makes `{name}!` mean something else, which the tests use"
            ));
        }
        let again = own.iter().find(|name| self.fixed.contains(*name));
        again.map(|name| format!("it defines `{name}` anew, which the assignment defines"))
    }
}

/// What a cell defines.
fn names(code: &CellCode) -> BTreeSet<String> {
    let names = code.items.iter().filter_map(|item| item.kind.name());
    names.map(str::to_owned).collect()
}

/// The macros that are defined anywhere in a text, within functions too.
fn macros(source: &str) -> Vec<String> {
    let words: Vec<&str> = radio_pages::highlight::stretches(source)
        .into_iter()
        .map(|(_, text)| text)
        .filter(|text| !text.trim().is_empty())
        .collect();
    let defined = words
        .windows(3)
        .filter(|words| words[0] == "macro_rules" && words[1] == "!");
    defined.map(|words| words[2].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_outside_or_changes_the_tests_is_objected_to() {
        let (dep, code) = (":dep a = \"1\"\n", "pub fn check() {}");
        let policy = Policy {
            commands: CellCode::parse(dep)
                .unwrap()
                .commands
                .into_iter()
                .map(|(_, c)| c)
                .collect(),
            crates: ["a".to_owned()].into(),
            fixed: names(&CellCode::parse(code).unwrap()),
        };
        for (cell, expected) in [
            (":dep a = \"1\"\nuse a::b;", None),
            ("extern crate a;", None),
            ("let check = 1; !true", None),
            (":dep a = \"2\"", Some("`:dep a`")),
            (":build_env RUSTFLAGS=-C", Some("`:build_env RUSTFLAGS`")),
            ("extern crate evil;", Some("the crate `evil`")),
            (
                "macro_rules! assert_eq { ($($t:tt)*) => {} }",
                Some("`assert_eq!`"),
            ),
            (
                "fn f() { macro_rules! assert { () => {} } }",
                Some("`assert!`"),
            ),
            ("use std::println as panic;", Some("`panic!`")),
            ("fn check() {}", Some("defines `check` anew")),
            ("fn mine() {", None),
        ] {
            let objection = policy.objection(cell);
            assert_eq!(
                objection.is_some(),
                expected.is_some(),
                "{cell}: {objection:?}"
            );
            let objection = objection.unwrap_or_default();
            assert!(
                objection.contains(expected.unwrap_or_default()),
                "{objection}"
            );
        }
    }
}
