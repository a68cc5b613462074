//! Cells into one Rust program, and its lines back into cells and lines.

mod body;
mod writer;

use crate::dialect::{CellCode, ExternCrate};
use crate::generations::generations;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use writer::{Line, Scope, Writer};

/// A cell as it goes into a program.
#[derive(Clone, Copy, Debug)]
pub struct ProgramCell<'a> {
    /// Its number in the notebook, by which it is known everywhere.
    pub number: u32,
    /// What it says.
    pub code: &'a CellCode,
    /// Whether it may fail while the notebook goes on. Its variables are then its own.
    pub may_fail: bool,
    /// Whether its statements run, rather than its items alone being there for other cells.
    pub runs: bool,
}

/// A place in a notebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellPlace {
    /// The cell's number.
    pub cell: u32,
    /// The cell for whose sake the place is in the program: another one for a copy of an earlier cell's item.
    pub for_cell: u32,
    /// The line in the cell, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// One Rust program made of cells.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The text of `main.rs`.
    pub source: String,
    /// The crates it needs, with cargo's specifications; relative paths are made absolute.
    pub dependencies: BTreeMap<String, toml::Value>,
    /// How it is to be compiled.
    pub build: Build,
    lines: Vec<Option<Line>>,
    /// The lines that look at a variable: its cell and its name.
    probes: HashMap<u32, Probe>,
}

/// What the cells' commands say of compiling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    /// The optimisation level for the cells themselves, if one was asked for.
    pub opt_level: Option<String>,
    /// The settings of cargo's profile for the cells that the notebook's metadata have.
    pub profile: toml::Table,
    /// Variables of the environment for the compiler.
    pub environment: BTreeMap<String, String>,
    /// Whether cargo has to do without the network.
    pub offline: bool,
    /// The linker, if one was asked for.
    pub linker: Option<String>,
}

/// What a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// To be run.
    Runs,
    /// As [`Runs`](Form::Runs), with each cell seeing only the items of those before it.
    RunsEachCellAlone,
    /// To find out whether every variable owns what it holds: it compiles if they do.
    Owned,
    /// As [`Owned`](Form::Owned), with each cell seeing only the items of those before it.
    EachCellAlone,
}

impl Form {
    fn separates_cells(self) -> bool {
        matches!(self, Form::RunsEachCellAlone | Form::EachCellAlone)
    }

    fn asks_for_owners(self) -> bool {
        matches!(self, Form::Owned | Form::EachCellAlone)
    }
}

/// A variable that a command of some cell, or a look at the notebook's portability, asks about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Probe {
    /// The cell that asks.
    pub cell: u32,
    /// The variable.
    pub variable: String,
}

impl Program {
    /// Puts cells together. `folder` is the notebook's own, to which paths of dependencies are relative. `gone` are the
    /// variables that cannot be looked at where a command asks for them, because they were moved.
    pub fn assemble(
        cells: &[ProgramCell<'_>],
        folder: &Path,
        form: Form,
        gone: &BTreeSet<Probe>,
    ) -> Program {
        let mut writer = Writer::default();
        writer.own("#![allow(warnings)]\n");
        // A cell that calls a `main` that is not there must not find the program's own.
        let has_main = cells.iter().any(|cell| cell.code.mentions.contains("main"));
        if has_main {
            writer.own("#![no_main]\n");
        }
        for cell in cells {
            let attributes = &cell.code.inner_attributes;
            attributes
                .iter()
                .for_each(|chunk| writer.chunk(cell.number, chunk));
        }
        writer.own(PRINT_MACROS);
        for (cell, item) in extern_crates(cells) {
            writer.chunk(cell, &item.text);
        }
        let generations = generations(cells, form.separates_cells());
        let mut scope = Scope::new();
        for (index, generation) in generations.iter().enumerate() {
            if index > 0 {
                let name = format!("__radio_generation_{index}");
                writer.own(&format!("pub(crate) mod {name} {{\nuse super::*;\n"));
            }
            scope.enter(index, generation);
            for import in &generation.imports {
                writer.import(import, generation, &scope.path);
            }
            for item in &generation.items {
                writer.item(item, &generations[index + 1..], &scope);
            }
        }
        // The cells stand where they see all generations, and take in each of them where it begins.
        let has_generations = generations.len() > 1;
        let mut path = scope.path;
        if has_generations {
            writer.own("pub(crate) mod __radio_cells {\n");
            path.push_str("::__radio_cells");
        }
        let (build, dependencies) =
            body::write(cells, folder, form, gone, &generations, &mut writer);
        if has_generations {
            writer.own(&"}\n".repeat(generations.len()));
        }
        // A cell's own `fn main` is a function like any other.
        let start = if has_main { C_MAIN } else { MAIN };
        writer.own(&start.replace("__radio_path", &path));
        writer.own("mod __radio {\n");
        writer.own(RUNTIME);
        writer.own("}\n");
        Program {
            source: writer.text,
            dependencies,
            build,
            lines: writer.lines,
            probes: writer.probes,
        }
    }

    /// The variable that a line of the program looks at for a command, if it is such a line.
    pub fn probe(&self, line: u32) -> Option<&Probe> {
        self.probes.get(&line)
    }

    /// The place in the notebook that a place of the program comes from; `None` for what `radio` added.
    pub fn place(&self, line: u32, column: u32) -> Option<CellPlace> {
        let at = self.lines.get(line.checked_sub(1)? as usize)?.as_ref()?;
        let mut mapped = column;
        for &(inserted, length) in &at.insertions {
            if column >= inserted + length {
                mapped -= length;
            } else if column > inserted {
                mapped -= column - inserted;
            }
        }
        Some(CellPlace {
            cell: at.cell,
            for_cell: at.for_cell,
            line: at.line,
            column: mapped,
        })
    }
}

/// The `extern crate`s of all cells, each name once; one with attributes, such as `#[macro_use]`, rather than one without.
fn extern_crates<'a>(cells: &[ProgramCell<'a>]) -> Vec<(u32, &'a ExternCrate)> {
    let mut all: Vec<(u32, &ExternCrate)> = Vec::new();
    for cell in cells {
        for new in &cell.code.extern_crates {
            let same = |old: &&mut (u32, &'a ExternCrate)| {
                old.1.bound == new.bound && (new.bound != "_" || old.1.name == new.name)
            };
            match all.iter_mut().find(same) {
                None => all.push((cell.number, new)),
                Some(old) if !old.1.has_attributes => *old = (cell.number, new),
                Some(_) => {}
            }
        }
    }
    all
}

/// The runtime's text. It comes last, so that its length moves no cell.
const RUNTIME: &str = include_str!("runtime.rs");

/// The program's start where `main` is taken.
const C_MAIN: &str = r#"#[unsafe(export_name = "main")]
extern "C" fn __radio_main(_: i32, _: *const *const u8) -> i32 {
    __radio::run(__radio_path::__radio_body)
}
"#;

/// The program's start.
const MAIN: &str = "fn main() {\n    __radio::run(__radio_path::__radio_body)\n}\n";

/// Printing says which stream it goes to, so that stdout and stderr can be put back into order.
const PRINT_MACROS: &str = r#"#[macro_use]
mod __radio_print {
    macro_rules! print { ($($t:tt)*) => {{ crate::__radio::turn_to(1); ::std::print!($($t)*); crate::__radio::flush() }} }
    macro_rules! println { ($($t:tt)*) => {{ crate::__radio::turn_to(1); ::std::println!($($t)*) }} }
    macro_rules! eprint { ($($t:tt)*) => {{ crate::__radio::turn_to(2); ::std::eprint!($($t)*) }} }
    macro_rules! eprintln { ($($t:tt)*) => {{ crate::__radio::turn_to(2); ::std::eprintln!($($t)*) }} }
    macro_rules! dbg { ($($t:tt)*) => { (crate::__radio::turn_to(2), ::std::dbg!($($t)*)).1 } }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_a_cell_is_found_again() {
        let sources = [
            "use std::fmt;\nlet a: i32 = \"1\".parse()?; let b = 2;\nfn f() {}\na",
            "use std::fmt;\na + b",
        ];
        let codes: Vec<CellCode> = sources
            .iter()
            .map(|s| CellCode::parse(s).unwrap())
            .collect();
        let cells: Vec<ProgramCell<'_>> = codes
            .iter()
            .zip(1..)
            .map(|(code, number)| ProgramCell {
                number,
                code,
                may_fail: false,
                runs: true,
            })
            .collect();
        let program = Program::assemble(&cells, Path::new("."), Form::Runs, &BTreeSet::new());
        assert_eq!(program.source.matches("use std::fmt;").count(), 1);
        let find = |needle: &str| {
            let (line, text) = program
                .source
                .lines()
                .enumerate()
                .find(|(_, l)| l.contains(needle))
                .unwrap();
            let column = text[..text.find(needle).unwrap()].chars().count() as u32 + 1;
            program.place(line as u32 + 1, column)
        };
        assert_eq!(
            find("let b = 2"),
            Some(CellPlace {
                cell: 1,
                for_cell: 1,
                line: 2,
                column: 28
            })
        );
        assert_eq!(
            find("fn f() {}"),
            Some(CellPlace {
                cell: 1,
                for_cell: 1,
                line: 3,
                column: 1
            })
        );
        assert_eq!(
            find("a + b"),
            Some(CellPlace {
                cell: 2,
                for_cell: 2,
                line: 2,
                column: 1
            })
        );
        assert_eq!(find("fn main"), None);
        assert_eq!(program.place(0, 0), None);
        assert_eq!(program.place(u32::MAX, 1), None);
    }
}
