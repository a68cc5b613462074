//! The function that all cells are, and what their commands do.

use super::writer::{Scope, Writer, not_exported};
use super::{Build, Form, Probe, ProgramCell};
use crate::commands::{COMMANDS, Command, ErrorFormat};
use crate::dialect::ExternCrate;
use crate::generations::Generation;
use crate::items::{Item, ItemKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Writes the function. Returns how the program is to be built, and what it depends on.
pub fn write(
    cells: &[ProgramCell<'_>],
    folder: &Path,
    form: Form,
    gone: &BTreeSet<Probe>,
    generations: &[Generation<'_>],
    writer: &mut Writer,
) -> (Build, BTreeMap<String, toml::Value>) {
    let mut dependencies = BTreeMap::new();
    let body = Body {
        cells,
        folder,
        form,
        gone,
        generations,
        writer,
        dependencies: &mut dependencies,
        format: ("{:?}".to_owned(), "Debug"),
        shows_types: false,
        times: false,
        switches: BTreeSet::new(),
        closings: Vec::new(),
        is_async: false,
        scope: Scope::new(),
        variables: Vec::new(),
    };
    (body.write(), dependencies)
}

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
    /// What the cell sees.
    scope: Scope,
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
            self.scope.enter(0, &self.generations[0]);
            self.writer.own("use crate::*;\n");
            self.macros(0);
        }
        for cell in self.cells {
            let begins =
                |(_, generation): &(usize, &Generation<'_>)| generation.from == cell.number;
            let all = self.generations.iter().enumerate().skip(1);
            for (index, _) in all.filter(begins) {
                self.scope.enter(index, &self.generations[index]);
                self.writer
                    .own(&format!("{{\nuse {}::*;\n", self.scope.path));
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
        let given = self.dependencies.remove("tokio");
        self.dependencies
            .insert("tokio".to_owned(), with_runtime(given).into());
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
            self.writer.chunk(number, &self.scope.qualify(body));
        }
        if let Some(tail) = &cell.code.tail {
            let ((format, bound), types) = (&self.format, self.shows_types);
            let call = format!("crate::__radio_show!({bound}, {format:?}, {types},");
            self.writer.shown(number, &self.scope.qualify(tail), &call);
        }
        if self.form.asks_for_owners() {
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

    /// Asks each variable of the cell whether it owns what it holds, and those of cells before whether they are still there where
    /// the cell's last expression may have taken them.
    fn ask_variables(&mut self, cell: &ProgramCell<'_>) {
        let own = cell.code.declares.iter().map(|name| (name, "stays"));
        let mentioned = cell.code.mentions.difference(&cell.code.declares);
        let taken = mentioned
            .filter(|name| cell.code.tail.is_some() && self.variables.contains(*name))
            .map(|name| (name, "remains"));
        for (variable, asks) in own.chain(taken) {
            let probe = Probe {
                cell: cell.number,
                variable: variable.clone(),
            };
            if !self.gone.contains(&probe) {
                let text = format!("crate::__radio::{asks}(&{variable});\n");
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

/// The specification of tokio that the notebook has, if it has one, with the features that running a future takes.
fn with_runtime(given: Option<toml::Value>) -> toml::Table {
    let mut tokio = match given {
        None => toml::Table::from_iter([("version".to_owned(), "1.34".into())]),
        Some(toml::Value::Table(table)) => table,
        Some(version) => toml::Table::from_iter([("version".to_owned(), version)]),
    };
    let features = tokio
        .entry("features")
        .or_insert_with(|| toml::Value::Array(Vec::new()));
    if let Some(features) = features.as_array_mut() {
        for needed in ["rt", "rt-multi-thread"].map(toml::Value::from) {
            if !features.contains(&needed) {
                features.push(needed);
            }
        }
    }
    tokio
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
