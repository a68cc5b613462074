//! What a cell's commands set for it and those after it, and what they do when it runs.

use crate::dialect::commands::{COMMANDS, Command, ErrorFormat, SESSION_COMMANDS};
use crate::program::scope::Scope;
use std::path::Path;

/// Has the commands of a cell act on `scope`. Returns the statements that answer them when the cell runs, with their
/// lines. `folder` is the notebook's own, to which paths of dependencies are relative.
pub fn obey(scope: &mut Scope, commands: &[(u32, Command)], folder: &Path) -> Vec<(u32, String)> {
    let answers = commands
        .iter()
        .filter_map(|(line, command)| Some((*line, obey_one(scope, command, folder)?)));
    answers.collect()
}

fn says(text: &str) -> Option<String> {
    Some(format!("crate::__radio::answers::says({text:?}, \"\");"))
}

fn obey_one(scope: &mut Scope, command: &Command, folder: &Path) -> Option<String> {
    let settings = &mut scope.settings;
    match command {
        Command::Dep {
            name,
            specification,
        } => {
            let specification = absolute(specification.clone(), folder);
            let name = match name.as_str() {
                "" => package_name(&specification),
                name => name.to_owned(),
            };
            scope.dependencies.insert(name, specification);
            None
        }
        Command::Opt(level) => {
            let toggled = match settings.build.opt_level.as_deref() {
                None | Some("0") => "2",
                Some(_) => "0",
            };
            let level = level.as_deref().unwrap_or(toggled);
            settings.build.opt_level = Some(level.to_owned());
            says(&format!("Optimization: {level}"))
        }
        Command::Format(format) => {
            let bound = if format.contains("?}") {
                "Debug"
            } else {
                "Display"
            };
            settings.format = (format.clone(), bound);
            says(&format!("Output format: {format}"))
        }
        Command::ErrorFormat(format) => {
            let (number, text, bound) = match format {
                ErrorFormat::Display => (0, "{}", "Display"),
                ErrorFormat::Debug => (1, "{:?}", "Debug"),
                ErrorFormat::Pretty => (2, "{:#?}", "Debug"),
            };
            let answer = format!("Error format: {text} (errors must implement std::fmt::{bound})");
            Some(format!(
                "crate::__radio::question_mark::set_error_format({number}); \
                 crate::__radio::answers::says({answer:?}, \"\");"
            ))
        }
        Command::Types => {
            settings.shows_types ^= true;
            says(&format!("Types: {}", settings.shows_types))
        }
        Command::Timing => {
            settings.times ^= true;
            says(&format!("Timing: {}", settings.times))
        }
        Command::BuildEnv(name, value) => {
            settings
                .build
                .environment
                .insert(name.clone(), value.clone());
            says(&format!("Set {name}={value} for build"))
        }
        Command::Env(name, value) => {
            let answer = format!("Set {name}={value}");
            Some(format!(
                "crate::__radio::answers::set_variable({name:?}, {value:?}); \
                 crate::__radio::answers::says({answer:?}, \"\");"
            ))
        }
        Command::Offline(offline) => {
            settings.build.offline = *offline;
            says(&format!("Offline mode: {offline}"))
        }
        Command::Linker(linker) => {
            settings.build.linker = (linker != "system").then(|| linker.clone());
            says(&format!("linker: {linker}"))
        }
        Command::ShowDependencies => {
            let lines = scope.dependencies.iter();
            let lines: Vec<_> = lines
                .map(|(name, what)| format!("{name} = {what}"))
                .collect();
            match lines.is_empty() {
                true => None,
                false => says(&lines.join("\n")),
            }
        }
        Command::Says(text) => says(text),
        Command::Switch(name) => {
            let is_on = settings.switches.insert(name) || !settings.switches.remove(name);
            says(&format!("{name}: {is_on}"))
        }
        Command::Nothing => None,
        Command::Help => {
            let lines = COMMANDS.map(|(name, what)| format!("{name:<12} {what}\n"));
            let sessions = SESSION_COMMANDS.join(", ");
            says(&format!("{}In Jupyter also: {sessions}", lines.concat()))
        }
        Command::Shell(line) => Some(format!("crate::__radio::answers::shell({line:?})?;")),
        Command::Variables => Some("crate::__radio::answers::says_variables();".to_owned()),
        Command::Type(name) => Some(format!("crate::__radio::answers::says_type({name:?})?;")),
    }
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
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
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

/// The specification of tokio that a notebook has, if it has one, with what running a future takes. Versions before 1
/// are left as they were asked for: they have other features.
pub(crate) fn with_runtime(given: Option<toml::Value>) -> toml::Value {
    let mut tokio = match given {
        None => toml::Table::from_iter([("version".to_owned(), "1.34".into())]),
        Some(toml::Value::Table(table)) => table,
        Some(version) => toml::Table::from_iter([("version".to_owned(), version)]),
    };
    let version = tokio
        .get("version")
        .and_then(toml::Value::as_str)
        .unwrap_or("*");
    if version
        .trim_start_matches(['=', '^', '~', ' '])
        .starts_with("0.")
    {
        return tokio.into();
    }
    let features = tokio
        .entry("features")
        .or_insert_with(|| toml::Value::Array(Vec::new()));
    if let Some(features) = features.as_array_mut()
        && !features.contains(&"full".into())
    {
        for needed in ["rt", "rt-multi-thread"].map(toml::Value::from) {
            if !features.contains(&needed) {
                features.push(needed);
            }
        }
    }
    tokio.into()
}
