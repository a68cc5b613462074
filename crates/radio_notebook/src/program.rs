//! Cells into one Rust program, and its lines back into cells and lines.

use crate::commands::{COMMANDS, Command, ErrorFormat};
use crate::dialect::{CellCode, Chunk, ExternCrate, Import};
use crate::generations::{Generation, Placed, generations};
use crate::items::{Item, ItemKind};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    /// To find out whether every variable owns what it holds: it compiles if they do.
    Owned,
    /// As [`Owned`](Form::Owned), with each cell seeing only the items of those before it.
    EachCellAlone,
}

/// A variable that a command of some cell, or a look at the notebook's portability, asks about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Probe {
    /// The cell that asks.
    pub cell: u32,
    /// The variable.
    pub variable: String,
}

/// Where a line of the program comes from.
#[derive(Clone, Debug)]
struct Line {
    cell: u32,
    for_cell: u32,
    line: u32,
    /// Column and length of what was inserted.
    insertions: Vec<(u32, u32)>,
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
        let generations = generations(cells, form == Form::EachCellAlone);
        let mut path = "crate".to_owned();
        for (index, generation) in generations.iter().enumerate() {
            if index > 0 {
                let name = format!("__radio_generation_{index}");
                writer.own(&format!("pub(crate) mod {name} {{\nuse super::*;\n"));
                path.push_str(&format!("::{name}"));
            }
            for import in &generation.imports {
                writer.import(import);
            }
            for item in &generation.items {
                writer.item(item, &generations[index + 1..]);
            }
        }
        // The cells stand where they see all generations, and take in each of them where it begins.
        let has_generations = generations.len() > 1;
        if has_generations {
            writer.own("pub(crate) mod __radio_cells {\n");
            path.push_str("::__radio_cells");
        }
        let mut dependencies = BTreeMap::new();
        let build = Body {
            cells,
            folder,
            form,
            gone,
            generations: &generations,
            writer: &mut writer,
            dependencies: &mut dependencies,
            format: ("{:?}".to_owned(), "Debug"),
            shows_types: false,
            times: false,
            switches: BTreeSet::new(),
            closings: Vec::new(),
            is_async: false,
            variables: Vec::new(),
        }
        .write();
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

#[derive(Default)]
struct Writer {
    text: String,
    lines: Vec<Option<Line>>,
    probes: HashMap<u32, Probe>,
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
            for_cell: cell,
            line,
            insertions: Vec::new(),
        }));
    }

    /// A line of our own that looks at a variable.
    fn probe(&mut self, probe: Probe, text: &str) {
        self.own(text);
        self.probes.insert(self.lines.len() as u32, probe);
    }

    fn import(&mut self, import: &Placed<'_, Import>) {
        self.line(import.cell, import.what.line, &import.what.text);
        self.blame(1, import.for_cell);
    }

    /// An item. `later` are the generations after its own.
    fn item(&mut self, item: &Placed<'_, Item>, later: &[Generation<'_>]) {
        let mut chunk = item.what.text.clone();
        if let ItemKind::Macro {
            is_exported: true, ..
        } = &item.what.kind
        {
            // A name is exported once: by its last definition.
            let key = item.what.key();
            let is_replaced = later
                .iter()
                .flat_map(|generation| &generation.items)
                .any(|item| item.what.key() == key);
            if is_replaced {
                chunk.text = not_exported(&chunk.text);
            }
        }
        let before = self.lines.len();
        self.chunk(item.cell, &chunk);
        self.blame(self.lines.len() - before, item.for_cell);
    }

    /// Says for whose sake the last lines are there.
    fn blame(&mut self, lines: usize, for_cell: u32) {
        for line in self.lines.iter_mut().rev().take(lines).flatten() {
            line.for_cell = for_cell;
        }
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

/// The function that all cells are.
struct Body<'b, 'c> {
    cells: &'b [ProgramCell<'c>],
    folder: &'b Path,
    form: Form,
    gone: &'b BTreeSet<Probe>,
    generations: &'b [Generation<'c>],
    writer: &'b mut Writer,
    dependencies: &'b mut BTreeMap<String, toml::Value>,
    /// The cells' `:fmt`, and the trait that it asks for.
    format: (String, &'static str),
    shows_types: bool,
    times: bool,
    /// The switches without effect that are on.
    switches: BTreeSet<&'static str>,
    /// What closes the blocks that are open, the innermost last.
    closings: Vec<&'static str>,
    is_async: bool,
    /// The variables there are.
    variables: Vec<String>,
}

impl Body<'_, '_> {
    fn write(mut self) -> Build {
        let mut build = Build::default();
        self.writer.own(
            "pub(crate) fn __radio_body() -> ::std::result::Result<(), crate::__radio::Raised> {\nuse crate::__radio::QuestionMark as _;\n",
        );
        if self.generations.len() > 1 {
            self.writer.own("use crate::*;\n");
            self.macros(0);
        }
        let mut path = "crate".to_owned();
        for cell in self.cells {
            let begins =
                |(_, generation): &(usize, &Generation<'_>)| generation.from == cell.number;
            let all = self.generations.iter().enumerate().skip(1);
            for (index, _) in all.filter(begins) {
                path.push_str(&format!("::__radio_generation_{index}"));
                self.writer.own(&format!("{{\nuse {path}::*;\n"));
                self.closings.push("}\n");
                self.macros(index);
            }
            if cell.code.awaits && cell.runs && !self.is_async {
                self.begin_async();
            }
            self.cell(cell, &mut build);
        }
        self.writer.own("crate::__radio::over();\n");
        while let Some(closing) = self.closings.pop() {
            self.writer.own(closing);
        }
        self.writer.own("::std::result::Result::Ok(())\n}\n");
        build
    }

    /// Says again, for the cells, those macros of a generation that have definitions in others: for macros, order counts.
    fn macros(&mut self, index: usize) {
        let is_exported = |item: &Item| match item.kind {
            ItemKind::Macro { is_exported, .. } => Some(is_exported),
            _ => None,
        };
        for item in &self.generations[index].items {
            let Some(is_exported) = is_exported(item.what) else {
                continue;
            };
            let key = item.what.key();
            let others = self.generations.iter().enumerate();
            let is_elsewhere = others
                .filter(|(other, _)| *other != index)
                .flat_map(|(_, generation)| &generation.items)
                .any(|other| other.what.key() == key);
            if is_elsewhere {
                let mut chunk = item.what.text.clone();
                if is_exported {
                    chunk.text = not_exported(&chunk.text);
                }
                self.writer.chunk(item.cell, &chunk);
            }
        }
    }

    /// From here on, all is one future.
    fn begin_async(&mut self) {
        self.is_async = true;
        let mut tokio = toml::Table::new();
        tokio.insert("version".into(), "1.34".into());
        tokio.insert("features".into(), vec!["rt", "rt-multi-thread"].into());
        self.dependencies
            .entry("tokio".to_owned())
            .or_insert(tokio.into());
        self.writer
            .own("return ::tokio::runtime::Runtime::new()?.block_on(async {\n");
        self.closings
            .push("::std::result::Result::<(), crate::__radio::Raised>::Ok(())\n});\n");
    }

    fn cell(&mut self, cell: &ProgramCell<'_>, build: &mut Build) {
        let number = cell.number;
        let waits = self.is_async && cell.code.awaits;
        if cell.runs {
            self.writer.own(&match (cell.may_fail, waits) {
                (true, true) => {
                    format!("crate::__radio::attempt_waiting_cell({number}, async || {{\n")
                }
                (true, false) => format!("crate::__radio::attempt_cell({number}, || {{\n"),
                (false, _) => format!("crate::__radio::begin({number});\n"),
            });
        }
        for (line, command) in &cell.code.commands {
            let asks = self.command(cell, command, build);
            if cell.runs
                && let Some(asks) = asks
            {
                self.writer.line(number, *line, &asks);
            }
        }
        for ExternCrate { name, .. } in &cell.code.extern_crates {
            let is_known = matches!(
                name.as_str(),
                "std" | "core" | "alloc" | "test" | "proc_macro" | "self"
            ) || self
                .dependencies
                .keys()
                .any(|known| known.replace('-', "_") == *name);
            if !is_known {
                self.dependencies.insert(name.clone(), "*".into());
            }
        }
        if !cell.runs {
            return;
        }
        if let Some(body) = &cell.code.body {
            self.writer.chunk(number, body);
        }
        if let Some(tail) = &cell.code.tail {
            let ((format, bound), types) = (&self.format, self.shows_types);
            let call = format!("crate::__radio_show!({bound}, {format:?}, {types},");
            self.writer.shown(number, tail, &call);
        }
        if self.form != Form::Runs {
            self.ask_variables(cell);
        }
        self.writer.own(&match (cell.may_fail, waits) {
            (true, true) => "::std::result::Result::Ok(()) }).await;\n".to_owned(),
            (true, false) => "::std::result::Result::Ok(()) });\n".to_owned(),
            (false, _) => format!("crate::__radio::end({number});\n"),
        });
        if !cell.may_fail {
            let new = cell.code.declares.iter();
            self.variables
                .retain(|name| !cell.code.declares.contains(name));
            self.variables.extend(new.cloned());
        }
    }

    /// What a command does; returns the statement that answers it when the cell runs.
    fn command(
        &mut self,
        cell: &ProgramCell<'_>,
        command: &Command,
        build: &mut Build,
    ) -> Option<String> {
        let says = |text: &str| Some(format!("crate::__radio::says({text:?}, \"\");"));
        match command {
            Command::Dep {
                name,
                specification,
            } => {
                let specification = absolute(specification.clone(), self.folder);
                let name = match name.as_str() {
                    "" => package_name(&specification),
                    name => name.to_owned(),
                };
                self.dependencies.insert(name, specification);
                None
            }
            Command::Opt(level) => {
                let toggled = match build.opt_level.as_deref() {
                    None | Some("0") => "2",
                    Some(_) => "0",
                };
                let level = level.as_deref().unwrap_or(toggled);
                build.opt_level = Some(level.to_owned());
                says(&format!("Optimization: {level}"))
            }
            Command::Format(format) => {
                let bound = if format.contains("?}") {
                    "Debug"
                } else {
                    "Display"
                };
                self.format = (format.clone(), bound);
                says(&format!("Output format: {format}"))
            }
            Command::ErrorFormat(format) => {
                let (number, text, bound) = match format {
                    ErrorFormat::Display => (0, "{}", "Display"),
                    ErrorFormat::Debug => (1, "{:?}", "Debug"),
                    ErrorFormat::Pretty => (2, "{:#?}", "Debug"),
                };
                let answer =
                    format!("Error format: {text} (errors must implement std::fmt::{bound})");
                Some(format!(
                    "crate::__radio::set_error_format({number}); crate::__radio::says({answer:?}, \"\");"
                ))
            }
            Command::Types => {
                self.shows_types ^= true;
                says(&format!("Types: {}", self.shows_types))
            }
            Command::Timing => {
                self.times ^= true;
                says(&format!("Timing: {}", self.times))
            }
            Command::BuildEnv(name, value) => {
                build.environment.insert(name.clone(), value.clone());
                says(&format!("Set {name}={value} for build"))
            }
            Command::Env(name, value) => {
                let answer = format!("Set {name}={value}");
                Some(format!(
                    "crate::__radio::set_variable({name:?}, {value:?}); crate::__radio::says({answer:?}, \"\");"
                ))
            }
            Command::Offline(offline) => {
                build.offline = *offline;
                says(&format!("Offline mode: {offline}"))
            }
            Command::Linker(linker) => {
                build.linker = (linker != "system").then(|| linker.clone());
                says(&format!("linker: {linker}"))
            }
            Command::ShowDependencies => {
                let lines = self.dependencies.iter();
                let lines: Vec<_> = lines
                    .map(|(name, what)| format!("{name} = {what}"))
                    .collect();
                if lines.is_empty() {
                    None
                } else {
                    says(&lines.join("\n"))
                }
            }
            Command::Says(text) => says(text),
            Command::Switch(name) => {
                let is_on = self.switches.insert(name) || !self.switches.remove(name);
                says(&format!("{name}: {is_on}"))
            }
            Command::Nothing => None,
            Command::Help => {
                let lines = COMMANDS.map(|(name, what)| format!("{name:<12} {what}\n"));
                let text = lines.concat();
                says(text.trim_end())
            }
            Command::Shell(line) => Some(format!("crate::__radio::shell({line:?})?;")),
            Command::Variables => {
                if cell.runs {
                    self.list_variables(cell.number);
                }
                None
            }
            Command::Type(name) => {
                let probe = Probe {
                    cell: cell.number,
                    variable: name.clone(),
                };
                if !self.variables.contains(name) || self.gone.contains(&probe) {
                    let why = format!("Variable does not exist: {name}");
                    return Some(format!("crate::__radio::refuse({why:?})?;"));
                }
                if cell.runs {
                    let text = format!("crate::__radio::says_type({name:?}, &{name});\n");
                    self.writer.probe(probe, &text);
                }
                None
            }
        }
    }

    /// Asks each variable of the cell whether it owns what it holds.
    fn ask_variables(&mut self, cell: &ProgramCell<'_>) {
        for variable in &cell.code.declares {
            let probe = Probe {
                cell: cell.number,
                variable: variable.clone(),
            };
            if !self.gone.contains(&probe) {
                let text = format!("crate::__radio::stays(&{variable});\n");
                self.writer.probe(probe, &text);
            }
        }
    }

    fn list_variables(&mut self, cell: u32) {
        self.writer.own("crate::__radio::says_variables(&[\n");
        for variable in &self.variables {
            let probe = Probe {
                cell,
                variable: variable.clone(),
            };
            if !self.gone.contains(&probe) {
                let text = format!("({variable:?}, crate::__radio::type_name_of(&{variable})),\n");
                self.writer.probe(probe, &text);
            }
        }
        self.writer.own("]);\n");
    }
}

/// The text of a macro without its `#[macro_export]`.
fn not_exported(text: &str) -> String {
    text.replacen("macro_export", "allow(unused)", 1)
}

/// The name of the package in the folder that a dependency's specification names; the folder's own if it has none.
fn package_name(specification: &toml::Value) -> String {
    let path = specification.get("path").and_then(toml::Value::as_str);
    let path = Path::new(path.unwrap_or_default());
    let manifest = std::fs::read_to_string(path.join("Cargo.toml")).unwrap_or_default();
    let manifest: toml::Table = manifest.parse().unwrap_or_default();
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name"));
    let folder = || {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    name.and_then(toml::Value::as_str)
        .map_or_else(folder, str::to_owned)
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
