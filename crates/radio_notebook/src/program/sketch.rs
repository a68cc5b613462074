//! Writes many cells as one function, so that one call of rustc tells the types of all their variables.
//!
//! The function is never run. The types are a guess: here a later cell may decide the type of an earlier one's
//! variable, and compiled alone each cell sees only those before it.

use super::scope::{Question, Scope};
use super::text::{FUNCTION, Mark, Text, begin, finish};
use super::writer::Writer;
use crate::dialect::CellCode;
use std::collections::{BTreeMap, BTreeSet};

/// Cells whose variables are asked for.
#[derive(Debug)]
pub struct Sketch<'s> {
    /// What the first of them sees.
    pub before: &'s Scope,
    /// What the one after the last of them sees, apart from variables.
    pub after: &'s Scope,
    /// The cells, by their numbers.
    pub cells: BTreeMap<u32, &'s CellCode>,
    /// The variables that are not asked for, since their cells move them.
    pub moved: BTreeSet<String>,
}

/// What stands for a variable of a cell in a sketch.
pub(crate) fn variable_in(cell: u32, name: &str) -> String {
    format!("{cell} {name}")
}

impl Sketch<'_> {
    /// The text of the crate. Lines that ask for a variable have the mark that they keep it, by its name in the sketch.
    pub fn write(&self) -> Text {
        let mut selection = self.after.select(Question {
            words: BTreeSet::new(),
            defines: &BTreeSet::new(),
            is_open: true,
            takes_all: true,
        });
        let known = self.before.variables.iter();
        let known: Vec<_> = known.filter_map(|v| Some((v, v.of.as_ref()?))).collect();
        let in_types = known
            .iter()
            .flat_map(|(_, of)| self.before.libraries_in(of))
            .collect();
        selection.libraries.extend(self.after.with_needs(in_types));
        let mut writer = Writer::default();
        begin(self.after, &selection, 0, &mut writer);
        // What a generic function says is checked, but no code is made of it.
        writer.own(&format!("pub fn __radio_cell<__Radio>{FUNCTION}"));
        let own = "crate::__radio::variables::";
        for (variable, of) in known {
            let name = &variable.name;
            writer.own(&format!("let mut {name} = {own}take::<{of}>({name:?})?;\n"));
        }
        for (&number, code) in &self.cells {
            if let Some(body) = &code.body {
                writer.fragment(number, body);
            }
            if let Some(tail) = &code.tail {
                let (format, bound) = &self.before.settings.format;
                let call = format!("crate::__radio::__radio_show!({bound}, {format:?}, false,");
                writer.shown(number, tail, &call);
            }
            for name in &code.declares {
                let variable = variable_in(number, name);
                if !self.moved.contains(&variable) {
                    let text = format!("{own}declare_here({variable:?}, &raw const {name});\n");
                    writer.marked(&text, Mark::Keeps(variable));
                }
            }
        }
        writer.own("::std::result::Result::Ok(())\n}\n");
        finish(writer, selection.libraries)
    }
}
