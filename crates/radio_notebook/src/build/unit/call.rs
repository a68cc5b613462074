//! One call of the compiler: what it is told, and what it says.

use super::standby::{Environment, Waiting};
use super::{CRATE, Compiler, Unit};
use crate::build::cargo;
use crate::build::tools::{fault_of_the_system, follow, tool};
use crate::diagnostics::is_error;
use crate::dialect::FOLDER_VARIABLE;
use crate::error::Result;
use crate::interrupt::Group;
use crate::program::compiled::Set;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// A call of the compiler.
pub(super) struct Call {
    pub arguments: Vec<OsString>,
    pub environment: Environment,
}

/// The compiler's verdict on a unit: its warnings, or why it refuses it.
pub(super) type Verdict = std::result::Result<Vec<serde_json::Value>, Vec<serde_json::Value>>;

impl Compiler {
    /// Calls the compiler in the folder `at`, or has the one compile that waits there. `hears` is told what it has
    /// made.
    pub(super) fn call(
        &self,
        call: &Call,
        at: &Path,
        waiting: Option<Waiting>,
        hears: &mut dyn FnMut(&serde_json::Value),
    ) -> Result<Verdict> {
        let begun = waiting.and_then(|waiting| waiting.begin(call));
        let group = match begun {
            Some(group) => Ok(group),
            None => {
                let mut command = self.command(&call.environment, at);
                Group::spawn_watched(command.args(&call.arguments))
            }
        };
        self.standby.expect(call.environment.clone());
        let (mut messages, mut said) = (Vec::new(), String::new());
        let status = follow(
            "rustc",
            group,
            self.deadline,
            &mut |_, line| match serde_json::from_str::<serde_json::Value>(&line) {
                Ok(made) if !made["artifact"].is_null() => hears(&made),
                Ok(message) => messages.push(message),
                Err(_) => said.push_str(&format!("{line}\n")),
            },
        )?;
        if status.success() {
            return Ok(Ok(warnings(messages)));
        }
        for message in &messages {
            if message["spans"].as_array().is_none_or(Vec::is_empty) {
                said.push_str(message["rendered"].as_str().unwrap_or_default());
            }
        }
        if let Some(fault) = fault_of_the_system(&said) {
            return Err(self.broken(fault));
        }
        if !messages.iter().any(is_error) {
            let why = match fault_of_the_compiler(&said) {
                Some(fault) => format!(
                    "the compiler itself has failed at a cell, which may be too large for it: {fault}"
                ),
                None => format!("the compiler ended with {status}: {}", said.trim()),
            };
            return Err(self.broken(why));
        }
        Ok(Err(messages))
    }

    /// The compiler without arguments, to be started in the folder `at`.
    pub(super) fn command(&self, environment: &Environment, at: &Path) -> Command {
        let mut command = tool(&self.toolchain.rustc, at);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// How a unit is compiled from the file `source` in the folder of the call; `emit` says what is to be made.
    pub(super) fn call_for(&self, unit: &Unit<'_>, source: &str, key: &str, emit: &str) -> Call {
        let set = unit.set.filter(|_| unit.names_crates());
        Call {
            arguments: self.arguments(unit, set, source, key, emit),
            environment: environment(unit),
        }
    }

    /// As [`call_for`](Compiler::call_for), with all crates that the unit may name.
    pub(super) fn call_with_crates(
        &self,
        unit: &Unit<'_>,
        source: &str,
        key: &str,
        emit: &str,
    ) -> Call {
        Call {
            arguments: self.arguments(unit, unit.set, source, key, emit),
            environment: environment(unit),
        }
    }

    fn arguments(
        &self,
        unit: &Unit<'_>,
        set: Option<&Set>,
        source: &str,
        key: &str,
        emit: &str,
    ) -> Vec<OsString> {
        let profile = &unit.settings.profile;
        let level = unit.settings.opt_level.clone();
        let level = level
            .or_else(|| profile.get("opt-level").map(plain))
            .unwrap_or("0".into());
        let setting = |name: &str, usual: &str| profile.get(name).map_or(usual.to_owned(), plain);
        let mut arguments: Vec<OsString> = Vec::new();
        let mut add = |argument: String| arguments.push(argument.into());
        for fixed in ["--edition=2024", "--crate-type=rlib", "--error-format=json"] {
            add(fixed.into());
        }
        for fixed in ["--json=artifacts", "-Cprefer-dynamic", "-Ccodegen-units=1"] {
            add(fixed.into());
        }
        add(format!("--crate-name={CRATE}"));
        add(format!("--emit={}", emit));
        add(format!("-Cmetadata={key}"));
        add(format!("-Cextra-filename=-{key}"));
        add(format!("-Copt-level={level}"));
        add(format!("-Cdebuginfo={}", setting("debug", "0")));
        let checks = setting("debug-assertions", "true");
        add(format!("-Cdebug-assertions={checks}"));
        let checks = setting("overflow-checks", "true");
        add(format!("-Coverflow-checks={checks}"));
        for flag in &self.toolchain.flags {
            add(flag.clone());
        }
        let mut names = |name: &str, file: &Path| {
            arguments.push("--extern".into());
            let mut argument = OsString::from(format!("{name}="));
            argument.push(file);
            arguments.push(argument);
        };
        names("radio_runtime", &self.runtime.library);
        let mut folders = Vec::new();
        for (name, library) in &unit.units {
            names(name, &library.metadata);
            folders.extend(library.metadata.parent());
        }
        if let Some(set) = set {
            for (name, path) in &set.externs {
                names(name, path);
            }
            folders.push(&set.search);
        }
        for folder in folders {
            let mut argument = OsString::from("-Ldependency=");
            argument.push(folder);
            arguments.push(argument);
        }
        arguments.push(source.into());
        arguments.extend(["--out-dir".into(), ".".into()]);
        arguments
    }
}

/// The variables that are set for the compiler of a unit.
fn environment(unit: &Unit<'_>) -> Environment {
    let mut environment = Environment::new();
    if let Some(set) = unit.set {
        let package = set.folder.file_name().unwrap_or_default().to_string_lossy();
        let of_cargo = cargo::environment(&package, &set.folder);
        environment.extend(
            of_cargo
                .into_iter()
                .map(|(name, value)| (name.into(), value)),
        );
    }
    environment.push((FOLDER_VARIABLE.into(), unit.folder.into()));
    let own = unit.settings.environment.iter();
    environment.extend(own.map(|(name, value)| (name.into(), value.into())));
    // For code that nests as deeply as radio parses it; without, rustc crashes at 900 braces.
    environment.push(("RUST_MIN_STACK".into(), "268435456".into()));
    environment
}

/// What the compiler says of a fault of its own, without where in itself that was.
fn fault_of_the_compiler(said: &str) -> Option<&str> {
    let (_, rest) = said
        .split_once("' panicked at ")
        .or_else(|| said.split_once(") panicked at "))?;
    let (_, text) = rest.split_once(":\n")?;
    text.lines().next()
}

/// Those of the compiler's messages that are about a place, without what it says in its own form.
fn warnings(messages: Vec<serde_json::Value>) -> Vec<serde_json::Value> {
    let is_one = |message: &serde_json::Value| {
        let spans = message["spans"].as_array();
        message["level"] == "warning" && spans.is_some_and(|spans| !spans.is_empty())
    };
    let mut found: Vec<_> = messages.into_iter().filter(is_one).collect();
    for fields in found.iter_mut().filter_map(|m| m.as_object_mut()) {
        fields.remove("rendered");
    }
    found
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
