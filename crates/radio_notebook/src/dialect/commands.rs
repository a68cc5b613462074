//! The commands that stand at a cell's head: evcxr's `:name arguments` and `!shell` lines.

mod dependency;

use crate::dialect::CellError;

/// A command of evcxr's, such as `:dep`, or a shell line.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `:dep name = specification`.
    Dep {
        /// The name under which the crate is used.
        name: String,
        /// Cargo's specification: a version or a table.
        specification: toml::Value,
    },
    /// `:opt LEVEL`; bare `:opt` (`None`) toggles between 2 and 0.
    Opt(Option<String>),
    /// `:fmt FORMAT`: how a value without display becomes text.
    Format(String),
    /// `:efmt FORMAT`: how the error of a failing `?` becomes text.
    ErrorFormat(ErrorFormat),
    /// `:types`: turns the types of values without display on and off.
    Types,
    /// `:timing`: turns the time that each cell takes on and off.
    Timing,
    /// `:build_env NAME=VALUE`: a variable of the environment for the compiler.
    BuildEnv(String, String),
    /// `:env NAME=VALUE`: a variable of the environment for the cells.
    Env(String, String),
    /// `:offline 0` or `:offline 1`: whether cargo may use the network.
    Offline(bool),
    /// `:linker NAME`: `system`, `lld` or `mold`.
    Linker(String),
    /// `:show_deps`: lists the dependencies.
    ShowDependencies,
    /// `:vars`: lists the variables with their types.
    Variables,
    /// `:type NAME`: a variable's type.
    Type(String),
    /// `!COMMAND`: run by the shell.
    Shell(String),
    /// A command that has no effect here but says something.
    Says(String),
    /// A switch that has no effect here, by what it says before `true` and `false`.
    Switch(&'static str),
    /// A command that has no effect here.
    Nothing,
    /// A command that lists the commands.
    Help,
}

/// How the error of a failing `?` becomes text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorFormat {
    /// `{}`, and `{:?}` for errors that cannot be displayed.
    Display,
    /// `{:?}`
    Debug,
    /// `{:#?}`
    Pretty,
}

/// Takes the commands off a cell's head; the code that is left has blank lines in their place.
///
/// # Errors
/// [`CellError::Command`] if one is not understood, or not in radio.
pub(crate) fn split_commands(source: &str) -> Result<(Vec<(u32, Command)>, String), CellError> {
    let mut commands = Vec::new();
    let mut code = String::with_capacity(source.len());
    let mut in_head = true;
    for (index, line) in source.split_inclusive('\n').enumerate() {
        let number = index as u32 + 1;
        let text = line.trim();
        let command = match line.strip_prefix('!') {
            Some(shell) if in_head => Some(Ok(Command::Shell(shell.trim().to_owned()))),
            _ if in_head && text.starts_with(':') => Some(parse_command(text)),
            _ => None,
        };
        match command {
            Some(command) => {
                let command = command.map_err(|message| CellError::Command {
                    line: number,
                    message,
                })?;
                commands.push((number, command));
                code.push_str(&line[line.trim_end_matches('\n').len()..]);
            }
            None => {
                in_head &= text.is_empty() || line.starts_with("//");
                code.push_str(line);
            }
        }
    }
    Ok((commands, code))
}

/// The commands that only a kernel's session can have.
pub const SESSION_COMMANDS: [&str; 4] = [":clear", ":doc", ":explain", ":restart"];

/// Every other command, as `:help` shows it.
pub const COMMANDS: [(&str, &str); 17] = [
    (
        ":dep",
        "Add a dependency: `:dep regex = \"1\"`, `:dep mine = { path = \"..\" }`, `:dep ./mine`",
    ),
    (":show_deps", "List the dependencies"),
    (
        ":opt",
        "Set the cells' optimization level (0, 1, 2, 3, s, z)",
    ),
    (
        ":fmt",
        "Set how values are shown that cannot show themselves (default: {:?})",
    ),
    (
        ":efmt",
        "Set how errors of a failing `?` are shown: {}, {:?} or {:#?}",
    ),
    (":types", "Toggle showing the types of values"),
    (":timing", "Toggle showing how long cells take"),
    (":vars", "List the variables and their types"),
    (":type", "Show a variable's type"),
    (":t", "Short for :type"),
    (":env", "Set an environment variable (key=value)"),
    (
        ":build_env",
        "Set an environment variable for the compiler (key=value)",
    ),
    (":offline", "Forbid cargo to use the network (0/1)"),
    (":linker", "Set the linker: system, lld or mold"),
    (":version", "Show radio's version"),
    (":help", "Show this list"),
    ("!", "Run a line in the shell: `!ls`"),
];

fn parse_command(text: &str) -> Result<Command, String> {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let switch = rest == "1";
    let pair = || {
        rest.split_once('=')
            .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| format!("`{name}` wants a name and a value: `{name} NAME=VALUE`"))
    };
    let says = |text: String| Ok(Command::Says(text));
    match name {
        ":dep" => dependency::parse(rest),
        ":opt" => match rest {
            "" => Ok(Command::Opt(None)),
            "0" | "1" | "2" | "3" | "s" | "z" => Ok(Command::Opt(Some(rest.to_owned()))),
            other => Err(format!(
                "`:opt {other}`: the level should be 0, 1, 2, 3, s or z"
            )),
        },
        ":fmt" => match rest {
            "" => Ok(Command::Format("{:?}".to_owned())),
            format if placeholders(format) == 1 => Ok(Command::Format(format.to_owned())),
            other => Err(format!(
                "`:fmt {other}`: the format should have one place for the value, such as {{:?}}, {{:#?}} or {{}}"
            )),
        },
        ":efmt" => match rest {
            "" | "{}" => Ok(Command::ErrorFormat(ErrorFormat::Display)),
            "{:?}" => Ok(Command::ErrorFormat(ErrorFormat::Debug)),
            "{:#?}" => Ok(Command::ErrorFormat(ErrorFormat::Pretty)),
            other => Err(format!(
                "`:efmt {other}`: the format should be {{}}, {{:?}} or {{:#?}}"
            )),
        },
        ":types" => Ok(Command::Types),
        ":timing" => Ok(Command::Timing),
        ":vars" => Ok(Command::Variables),
        ":type" | ":t" if rest.is_empty() => Err(format!("`{name}` wants a variable: `{name} x`")),
        ":type" | ":t" => Ok(Command::Type(rest.to_owned())),
        ":build_env" => pair().map(|(key, value)| Command::BuildEnv(key, value)),
        ":env" => pair().map(|(key, value)| Command::Env(key, value)),
        ":offline" => Ok(Command::Offline(switch)),
        ":linker" => match rest {
            "system" | "lld" | "mold" => Ok(Command::Linker(rest.to_owned())),
            other => Err(format!(
                "`:linker {other}`: the linker should be system, lld or mold"
            )),
        },
        ":show_deps" => Ok(Command::ShowDependencies),
        ":version" => says(format!("radio {}", env!("CARGO_PKG_VERSION"))),
        ":help" => Ok(Command::Help),
        // What these set has no meaning here: what is compiled is always kept. They answer as in evcxr.
        ":cache" => says(format!(
            "cache: {} MiB",
            if rest.is_empty() { "0" } else { rest }
        )),
        ":clear_cache" => says("Deleted 0 MiB from cache".to_owned()),
        ":sccache" => says(format!("sccache: {}", rest != "0")),
        ":internal_debug" => Ok(Command::Switch("Internals debugging")),
        ":time_passes" => Ok(Command::Switch("Time passes")),
        ":preserve_vars_on_panic" => says(format!("Preserve vars on panic: {switch}")),
        ":allow_static_linking" => says(format!("Static linking: {switch}")),
        ":load_config" => Ok(Command::Nothing),
        other => Err(refusal(other)),
    }
}

/// Why radio does not have a command, and what to do instead.
fn refusal(name: &str) -> String {
    let way_out = match name {
        ":clear" | ":restart" => {
            "a run goes from top to bottom once; remove the command, or split the notebook"
        }
        ":quit" => "to run a part of the notebook, use `radio run --until CELL`",
        ":explain" | ":last_error_json" => {
            "errors are shown where they happen; `rustc --explain E0308` explains one"
        }
        ":doc" => "documentation is at https://docs.rs and https://doc.rust-lang.org",
        ":toolchain" => "set RUSTUP_TOOLCHAIN, or add a rust-toolchain.toml to the workspace",
        ":codegen_backend" => "cells are compiled by the toolchain's own backend",
        ":last_compile_dir" => "what is compiled lies in the target folder, under radio/",
        _ => {
            let near = COMMANDS.iter().max_by(|(a, _), (b, _)| {
                strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name))
            });
            let near = near.map_or(":help", |(near, _)| near);
            return format!(
                "there is no command `{name}`; did you mean `{near}`? `:help` lists the commands"
            );
        }
    };
    format!("the command `{name}` of evcxr does not exist in radio: {way_out}")
}

/// How many values a format string has places for.
fn placeholders(format: &str) -> usize {
    let plain = format.replace("{{", "").replace("}}", "");
    if plain.matches('{').count() == plain.matches('}').count() {
        plain.matches('{').count()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(source: &str) -> Command {
        split_commands(source).unwrap().0.remove(0).1
    }

    #[test]
    fn dependencies_are_read_in_all_their_forms() {
        let dep = |source: &str| match first(source) {
            Command::Dep {
                name,
                specification,
            } => (name, specification.to_string()),
            other => panic!("{other:?}"),
        };
        assert_eq!(dep(":dep rand"), ("rand".into(), "\"*\"".into()));
        assert_eq!(
            dep("  :dep a-b = { version = \"1\", default_features = false } # why"),
            (
                "a-b".into(),
                "{ default-features = false, version = \"1\" }".into()
            )
        );
        assert_eq!(dep(":dep ./my_crate").1, "{ path = \"./my_crate\" }");
        assert_eq!(
            dep(":dep r = { package = \"rand\", git = \"https://a/b\" }").0,
            "r"
        );
    }

    #[test]
    fn commands_are_read_or_refused_with_the_reason() {
        assert_eq!(
            first("// c\n\n!ls -l | wc"),
            Command::Shell("ls -l | wc".into())
        );
        assert_eq!(first(":fmt {}"), Command::Format("{}".into()));
        assert_eq!(
            first(":build_env A=b=c"),
            Command::BuildEnv("A".into(), "b=c".into())
        );
        for (source, reason) in [
            (":dep", "wants a crate"),
            (":dep a = \"1\" // no", "begins with `#`"),
            (":opt 9", "should be"),
            (":fmt x", "one place"),
            (":fmt {} {}", "one place"),
            (":tipe x", "did you mean `:t"),
            (":quit", "--until"),
            (":env x", "NAME=VALUE"),
        ] {
            match split_commands(source) {
                Err(CellError::Command { line: 1, message }) => {
                    assert!(message.contains(reason), "{message}")
                }
                other => panic!("{source}: {other:?}"),
            }
        }
    }

    #[test]
    fn commands_end_with_the_first_line_of_rust() {
        let (commands, code) =
            split_commands("\n// a\n:dep a\n!ls\nlet b = !c;\n:dep d\n").unwrap();
        assert_eq!(commands.iter().map(|(l, _)| *l).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(code, "\n// a\n\n\nlet b = !c;\n:dep d\n");
    }
}
