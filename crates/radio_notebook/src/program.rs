//! Cells into one Rust program, and its lines back into cells and lines.

use crate::dialect::{CellCode, Chunk, Command};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellPlace {
    /// The cell's number.
    pub cell: u32,
    /// The line in the cell, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// One Rust program made of cells.
#[derive(Clone, Debug)]
pub struct Program {
    /// The text of `main.rs`.
    pub source: String,
    /// The crates it needs, with cargo's specifications; relative paths are made absolute.
    pub dependencies: BTreeMap<String, toml::Value>,
    /// The optimisation level for the cells themselves, if one was asked for.
    pub opt_level: Option<String>,
    lines: Vec<Option<Line>>,
}

/// Where a line of the program comes from.
#[derive(Clone, Debug)]
struct Line {
    cell: u32,
    line: u32,
    /// Column and length of what was inserted.
    insertions: Vec<(u32, u32)>,
}

impl Program {
    /// Puts cells together. `folder` is the notebook's own, to which paths of dependencies are relative.
    pub fn assemble(cells: &[ProgramCell<'_>], folder: &Path) -> Program {
        let mut writer = Writer::default();
        writer.own("#![allow(warnings)]\n");
        let has_main = cells.iter().any(|cell| cell.code.defines_main);
        if has_main {
            writer.own("#![no_main]\n");
        }
        for cell in cells {
            cell.code
                .inner_attributes
                .iter()
                .for_each(|chunk| writer.chunk(cell.number, chunk));
        }
        writer.own(PRINT_MACROS);
        let imports = imports(cells);
        for (cell, import) in &imports {
            writer.line(*cell, import.line, &import.text);
        }
        for cell in cells {
            cell.code
                .items
                .iter()
                .for_each(|chunk| writer.chunk(cell.number, chunk));
        }
        // A cell's own `fn main` is a function like any other.
        writer.own(if has_main {
            C_MAIN
        } else {
            "fn main() {\n    __radio::run(__radio_body)\n}\n"
        });
        writer.own("fn __radio_body() -> ::std::result::Result<(), __radio::Raised> {\nuse __radio::QuestionMark as _;\n");
        let mut format = "{:?}".to_owned();
        for cell in cells {
            for (_, command) in &cell.code.commands {
                if let Command::Format(new) = command {
                    format.clone_from(new);
                }
            }
            if !cell.runs {
                continue;
            }
            let number = cell.number;
            writer.own(&if cell.may_fail {
                format!("__radio::attempt_cell({number}, || {{\n")
            } else {
                format!("__radio::begin({number});\n")
            });
            if let Some(body) = &cell.code.body {
                writer.chunk(number, body);
            }
            if let Some(tail) = &cell.code.tail {
                writer.shown(number, tail, &format!("crate::__radio_show!({format:?},"));
            }
            writer.own(&if cell.may_fail {
                "::std::result::Result::Ok(()) });\n".to_owned()
            } else {
                format!("__radio::end({number});\n")
            });
        }
        writer.own("::std::result::Result::Ok(())\n}\nmod __radio {\n");
        writer.own(RUNTIME);
        writer.own("}\n");
        let commands = || {
            cells
                .iter()
                .flat_map(|cell| cell.code.commands.iter().map(|(_, command)| command))
        };
        let mut opt_level = None;
        let mut dependencies = BTreeMap::new();
        for command in commands() {
            match command {
                Command::Dep {
                    name,
                    specification,
                } => {
                    dependencies.insert(name.clone(), absolute(specification.clone(), folder));
                }
                Command::Opt(Some(level)) => opt_level = Some(level.clone()),
                Command::Opt(None) => {
                    let optimised = opt_level.as_deref().is_some_and(|level| level != "0");
                    opt_level = Some(if optimised { "0" } else { "2" }.to_owned());
                }
                Command::Format(_) | Command::Ignored => {}
            }
        }
        Program {
            source: writer.text,
            dependencies,
            opt_level,
            lines: writer.lines,
        }
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
            line: at.line,
            column: mapped,
        })
    }
}

/// The runtime's text. It comes last, so that its length moves no cell.
const RUNTIME: &str = include_str!("runtime.rs");

/// The program's start where `main` is taken.
const C_MAIN: &str = r#"#[unsafe(export_name = "main")]
extern "C" fn __radio_main(_: i32, _: *const *const u8) -> i32 {
    __radio::run(__radio_body)
}
"#;

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

#[derive(Default)]
struct Writer {
    text: String,
    lines: Vec<Option<Line>>,
}

impl Writer {
    /// Text of our own; ends with a line end.
    fn own(&mut self, text: &str) {
        self.text.push_str(text);
        self.lines.extend(text.matches('\n').map(|_| None));
    }

    fn line(&mut self, cell: u32, line: u32, text: &str) {
        let _ = writeln!(self.text, "{text}");
        self.lines.push(Some(Line {
            cell,
            line,
            insertions: Vec::new(),
        }));
    }

    /// A trailing expression inside a call of our own. What the compiler says of the call, it says of the expression.
    fn shown(&mut self, cell: u32, tail: &Chunk, call: &str) {
        let indent = tail.text.chars().take_while(|&c| c == ' ').count();
        self.line(cell, tail.line, &format!("{}{call}", " ".repeat(indent)));
        if let Some(Some(line)) = self.lines.last_mut() {
            line.insertions
                .push((indent as u32 + 1, call.chars().count() as u32));
        }
        self.chunk(
            cell,
            &Chunk {
                text: format!("{});", tail.text),
                ..tail.clone()
            },
        );
    }

    fn chunk(&mut self, cell: u32, chunk: &Chunk) {
        for (index, text) in chunk.text.lines().enumerate() {
            let line = chunk.line + index as u32;
            self.line(cell, line, text);
            let here = chunk.insertions.iter().filter(|(at, ..)| *at == line);
            if let Some(Some(last)) = self.lines.last_mut() {
                last.insertions = here.map(|&(_, column, length)| (column, length)).collect();
            }
        }
    }
}

/// All imports, each name once: the last cell that binds a name decides.
fn imports<'a>(cells: &[ProgramCell<'a>]) -> Vec<(u32, &'a crate::dialect::Import)> {
    let mut kept: Vec<(u32, &crate::dialect::Import)> = Vec::new();
    let mut by_key: HashMap<&str, usize> = HashMap::new();
    for cell in cells {
        for import in &cell.code.imports {
            let key = if matches!(import.name.as_str(), "*" | "_") {
                &import.text
            } else {
                &import.name
            };
            match by_key.get(key.as_str()) {
                Some(&at) => {
                    if kept[at].0 == cell.number && kept[at].1.text != import.text {
                        // One name can stand for a trait and a macro: both are meant.
                        kept.push((cell.number, import));
                    } else if kept[at].1.text != import.text {
                        kept[at] = (cell.number, import);
                    }
                }
                None => {
                    by_key.insert(key, kept.len());
                    kept.push((cell.number, import));
                }
            }
        }
    }
    kept
}

fn absolute(mut specification: toml::Value, folder: &Path) -> toml::Value {
    if let Some(toml::Value::String(path)) = specification.get_mut("path") {
        let joined = folder.join(&*path);
        *path = std::fs::canonicalize(&joined)
            .unwrap_or(joined)
            .to_string_lossy()
            .into_owned();
    }
    specification
}

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
        let program = Program::assemble(&cells, Path::new("."));
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
                line: 2,
                column: 28
            })
        );
        assert_eq!(
            find("fn f() {}"),
            Some(CellPlace {
                cell: 1,
                line: 3,
                column: 1
            })
        );
        assert_eq!(
            find("a + b"),
            Some(CellPlace {
                cell: 2,
                line: 2,
                column: 1
            })
        );
        assert_eq!(find("fn main"), None);
        assert_eq!(program.place(0, 0), None);
        assert_eq!(program.place(u32::MAX, 1), None);
    }
}
