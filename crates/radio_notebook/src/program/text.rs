//! Cells into the text of crates, and the lines of these back into cells and lines: pure text.
//!
//! A cell becomes up to two crates: one that has its items, which later cells are compiled against, and one with a
//! function that takes the variables it names, does what the cell says, and gives the variables back.

use super::CellLocation;
use super::definitions::Definitions;
use super::scope::{Question, Scope, Selection};
pub use super::writer::Mark;
use super::writer::{Line, Writer};
use crate::dialect::items::Item;
use crate::hash::hash_of;
use radio_runtime::variables::TOGETHER;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

/// A crate's text.
#[derive(Debug)]
pub struct Text {
    /// The text.
    pub source: String,
    /// Where it comes from.
    pub map: SourceMap,
    /// The libraries with items that it is compiled against.
    pub libraries: BTreeSet<String>,
    /// How the symbols of its own `static`s begin, if they have any.
    pub statics: Option<String>,
}

/// Where the lines of a crate's text come from.
#[derive(Debug, Default)]
pub struct SourceMap {
    lines: Vec<Option<Line>>,
    marks: HashMap<u32, Mark>,
}

impl SourceMap {
    /// The place in the notebook that a place of the text comes from; `None` for what `radio` added.
    pub fn place(&self, line: u32, column: u32) -> Option<CellLocation> {
        let at = self.lines.get(line.checked_sub(1)? as usize)?.as_ref()?;
        let mut mapped = column;
        for &(inserted, length) in &at.insertions {
            if column >= inserted + length {
                mapped -= length;
            } else if column > inserted {
                mapped -= column - inserted;
            }
        }
        Some(CellLocation {
            cell: at.cell,
            for_cell: at.for_cell,
            line: at.line,
            column: mapped,
        })
    }

    /// What a line of radio's own does, if it does something with a variable.
    pub fn mark(&self, line: u32) -> Option<&Mark> {
        self.marks.get(&line)
    }
}

/// What was found out about a cell by compiling it: how its text has to be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The variables that it moves.
    pub moves: BTreeSet<String>,
    /// Those of them that its last expression moves.
    pub moves_to_show: BTreeSet<String>,
    /// The variables that it has moved where it returns early.
    pub moves_to_return: BTreeSet<String>,
    /// Whether its variables stay where they are, since others refer to them or to what the cell has made for them.
    pub stays: bool,
    /// The variables that others, which it declares, refer to.
    pub lends: BTreeSet<String>,
    /// Those of them that others may change.
    pub changed: BTreeSet<String>,
    /// Whether it has copies of the variables that others refer to, rather than references to them.
    pub copies: bool,
    /// The variables whose types are hidden where they are made once more.
    pub hidden: BTreeSet<String>,
    /// The variables whose types cannot be written down here.
    pub unnamed: BTreeSet<String>,
    /// The variables that macros declare.
    pub made_by_macros: BTreeSet<String>,
    /// The closures that refer to variables, with the boxes that they are put into.
    pub boxes: BTreeMap<String, String>,
    /// Whether macros are called without what makes visible what they make.
    pub is_narrow: bool,
    /// Whether it sees all there is, rather than what it seems to need.
    pub sees_all: bool,
    /// Whether it waits for something inside a macro.
    pub awaits: bool,
    /// Whether its last expression has no type of its own, since it never comes to an end.
    #[serde(default)]
    pub never_shows: bool,
}

/// The lints that are off in generated crates: what is unused in one cell is used in another, and some warnings come of
/// making everything public, or of how variables are kept.
const LINTS: &str = "#![allow(unused, private_interfaces, private_bounds, async_fn_in_trait, hidden_glob_reexports, ambiguous_glob_reexports, forgetting_copy_types, forgetting_references, improper_ctypes)]\n";

/// How the symbols of `static`s begin; what follows tells the crate that has them.
const STATIC: &str = "__radio_static_";

/// What stands for the beginning of the symbols of a crate's own `static`s, until its text is known.
const OWN_STATIC: &str = "__radio_static_own_";

/// How a crate has the runtime.
const RUNTIME: &str = "#[macro_use]\nextern crate radio_runtime as __radio;\n";

/// What makes the function of a cell known to the host.
pub(super) const START: &str = "crate::__radio::__radio_start!(__radio_start);\n";

/// How the function of a cell begins, after its name.
pub(super) const FUNCTION: &str = "(__radio_number: u32) -> ::std::result::Result<(), crate::__radio::Raised> {\nuse crate::__radio::QuestionMark as _;\n";

/// What a cell says, with names of its types as they are where it is compiled alone: those of cells that are compiled
/// together have the cell's module in them.
pub fn as_if_alone(text: &str) -> Cow<'_, str> {
    let Some((before, rest)) = text.split_once(TOGETHER) else {
        return Cow::Borrowed(text);
    };
    let mut plain = before.to_owned();
    for part in rest.split(TOGETHER) {
        let after = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        match after
            .strip_prefix("::")
            .filter(|_| after.len() < part.len())
        {
            Some(after) => plain.push_str(after),
            None => plain.extend([TOGETHER, part]),
        }
    }
    Cow::Owned(plain)
}

/// The text of a crate with the function of a cell as that of a module in a crate with others, by which the host knows
/// the function as `start`; `None` if it would mean something else there. Its lines stay where they are.
pub(crate) fn as_module(source: &str, start: &str) -> Option<String> {
    const OF_CRATE: [&str; 5] = ["module_path", "type_name", "include", "super::", "env!"];
    if OF_CRATE.iter().any(|text| source.contains(text)) {
        return None;
    }
    let text = source.replacen(RUNTIME, "\n\n", 1).replacen(
        START,
        &format!("crate::__radio::__radio_start!({start});\n"),
        1,
    );
    if text.replace("crate::__radio::", "").contains("crate::") {
        return None;
    }
    let mut lines = Vec::new();
    for line in text.lines() {
        lines.push(match line.strip_prefix("extern crate ") {
            Some(name) if name.starts_with(super::scope::LIBRARY_PREFIX) => "",
            _ => line,
        });
    }
    Some(lines.join("\n") + "\n")
}

/// The text of a crate that has modules, by their names and files, and these libraries with items.
pub(crate) fn with_modules<'l>(
    libraries: impl Iterator<Item = &'l str>,
    modules: impl Iterator<Item = (String, String)>,
) -> String {
    let mut text = format!("{LINTS}{RUNTIME}");
    for name in libraries {
        let _ = writeln!(text, "extern crate {name};");
    }
    for (name, file) in modules {
        let _ = writeln!(text, "#[path = {file:?}]\npub mod {name};");
    }
    text
}

/// What a crate begins with.
pub(super) fn begin(scope: &Scope, selection: &Selection, number: u32, writer: &mut Writer) {
    writer.own(LINTS);
    for attribute in &scope.attributes {
        writer.fragment(attribute.cell, &attribute.what);
    }
    writer.own(RUNTIME);
    for name in &selection.libraries {
        writer.own(&format!("extern crate {name};\n"));
    }
    for item in &scope.extern_crates {
        writer.fragment(item.cell, &item.what.text);
    }
    for (library, name) in &selection.items {
        writer.own(&format!("pub use {library}::{name};\n"));
    }
    let own = scope.imports.iter().filter(|import| import.cell == number);
    let others = selection
        .imports
        .iter()
        .filter(|import| import.cell != number);
    for import in others.chain(own) {
        writer.line(import.cell, import.what.line, &import.what.text);
        writer.blame(1, number);
    }
}

/// The text of the crate that has the items of a cell. `scope` is what they see, with the cell's own imports.
pub fn items(scope: &Scope, definitions: &Definitions, number: u32, attempt: &Attempt) -> Text {
    let copies = definitions.copies.iter().map(|known| &known.item);
    let all: Vec<&Arc<Item>> = copies.chain(&definitions.own).collect();
    let defines = definitions.keys();
    let mut selection = scope.select(Question {
        words: all
            .iter()
            .flat_map(|item| item.words.iter().cloned())
            .collect(),
        defines: &defines,
        is_open: true,
        takes_all: attempt.sees_all,
    });
    let elsewhere = definitions.kept_statics.iter();
    let elsewhere = elsewhere.map(|known| known.library.clone()).collect();
    selection.libraries.extend(scope.with_needs(elsewhere));
    let mut writer = Writer::default();
    begin(scope, &selection, number, &mut writer);
    // What forbids unsafe code forbids to name symbols, too.
    let has_symbols = scope.attributes.is_empty();
    let item = |item: &Item, cell, symbol: Option<&str>, writer: &mut Writer| {
        if let (Some(symbol), Some(declaration)) = (symbol, &item.elsewhere) {
            writer.own(&format!(
                "unsafe extern \"C\" {{\n#[link_name = {symbol:?}]\n{declaration}\n}}\n"
            ));
            return;
        }
        if let (Some(name), true, true) = (item.key(), has_symbols, item.elsewhere.is_some()) {
            writer.own(&format!(
                "#[unsafe(export_name = \"{OWN_STATIC}{name}\")]\n"
            ));
        }
        self::item(item, cell, number, attempt, writer);
    };
    let mut cells: Vec<u32> = definitions.copies.iter().map(|known| known.cell).collect();
    cells.dedup();
    for cell in cells {
        let copies = definitions.copies.iter().filter(|known| known.cell == cell);
        let copies: Vec<_> = copies.collect();
        // Imports that have another meaning by now keep theirs for these items.
        let words: BTreeSet<&String> = copies.iter().flat_map(|k| &k.item.words).collect();
        let of_cell = copies.iter().flat_map(|known| known.imports.iter());
        let mut special: Vec<_> = of_cell
            .filter(|import| words.contains(&import.what.name))
            .filter(|import| !defines.contains(&import.what.name))
            .filter(|import| {
                !scope
                    .imports
                    .iter()
                    .any(|new| new.what.text == import.what.text)
            })
            .collect();
        special.dedup_by(|a, b| a.what.text == b.what.text);
        let module = format!("__earlier_{cell}");
        if !special.is_empty() {
            writer.own(&format!("pub mod {module} {{\nuse super::*;\n"));
            for import in &special {
                writer.line(import.cell, import.what.line, &import.what.text);
                writer.blame(1, number);
            }
        }
        for known in copies {
            let symbol = known.symbol.as_deref().filter(|_| definitions.keeps(known));
            item(&known.item, known.cell, symbol, &mut writer);
        }
        if !special.is_empty() {
            writer.own(&format!("}}\npub use {module}::*;\n"));
        }
    }
    for own in &definitions.own {
        item(own, number, None, &mut writer);
    }
    let mut text = finish(writer, selection.libraries);
    if has_symbols && text.source.contains(OWN_STATIC) {
        // Of the same text, but other libraries, another one.
        let set = scope.set.as_ref().map(|set| &set.key);
        let crate_of = (&text.source, set, format!("{:?}", scope.settings.build));
        let statics = format!("{STATIC}{}_", hash_of(&crate_of));
        text.source = text.source.replace(OWN_STATIC, &statics);
        text.statics = Some(statics);
    }
    text
}

fn item(item: &Item, cell: u32, for_cell: u32, attempt: &Attempt, writer: &mut Writer) {
    let fragment = match &item.narrow {
        Some(narrow) if attempt.is_narrow => narrow,
        _ => &item.text,
    };
    let before = writer.lines.len();
    writer.fragment(cell, fragment);
    writer.blame(writer.lines.len() - before, for_cell);
}

pub(super) fn finish(writer: Writer, libraries: BTreeSet<String>) -> Text {
    Text {
        source: writer.text,
        map: SourceMap {
            lines: writer.lines,
            marks: writer.marks,
        },
        libraries,
        statics: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_if_each_cell_was_compiled_alone() {
        let together = "ctx::__together_3f8b7790788e0be9::__radio_cell::{{closure}}";
        let alone = "ctx::__radio_cell::{{closure}}";
        assert_eq!(
            as_if_alone(&format!("a {together}, {together}")),
            format!("a {alone}, {alone}")
        );
        for text in [
            "",
            "__together_",
            "__together_ x",
            "__together_3f8b",
            "__together_::a",
        ] {
            assert_eq!(as_if_alone(text), text);
        }
    }
}
