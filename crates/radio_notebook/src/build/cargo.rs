//! Reads cargo's settings, and the calls of rustc that cargo prints.

use crate::program::compiled::Stamp;
use std::path::{Path, PathBuf};

/// The variables that change what cargo has the compiler do, by the beginnings of their names.
const SETTINGS: [&str; 8] = [
    "CARGO_BUILD_",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_HOME",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_UNSTABLE_",
    "RUSTC",
    "RUSTFLAGS",
];

/// The call that cargo announced in `line`, if it is one for `package` and can be repeated.
pub fn announced(line: &str, package: &str) -> Option<Vec<String>> {
    let call = line.trim().strip_prefix("Running `")?.strip_suffix('`')?;
    let arguments = shlex::split(call)?;
    let is_for_package = value_of(&arguments, "--crate-name") == Some(package);
    is_for_package.then_some(arguments)
}

/// The settings from outside that change what cargo has the compiler do: of the environment, and of cargo's
/// configuration files for a package in `folder`.
pub fn settings(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let of_environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| SETTINGS.iter().any(|setting| name.starts_with(setting)))
        .map(|(name, value)| (name, value.into_encoded_bytes()));
    let mut settings: Vec<_> = of_environment.collect();
    settings.sort();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(dirs::home_dir()?.join(".cargo")));
    let folders = folder.ancestors().map(|above| above.join(".cargo"));
    for folder in folders.chain(home) {
        for name in ["config.toml", "config"] {
            let path = folder.join(name);
            if let Ok(text) = std::fs::read(&path) {
                settings.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    settings
}

/// The flags that cargo gives the compiler for a package in `folder`, by the environment or else by its configuration
/// files.
pub fn flags(folder: &Path, host: &str) -> Vec<String> {
    if let Ok(flags) = std::env::var("CARGO_ENCODED_RUSTFLAGS") {
        return flags.split('\x1f').map(str::to_owned).collect();
    }
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
    if let Ok(flags) = std::env::var("RUSTFLAGS") {
        return words(flags);
    }
    let files: Vec<toml::Table> = settings(folder)
        .iter()
        .filter(|(name, _)| Path::new(name).is_absolute())
        .filter_map(|(_, text)| std::str::from_utf8(text).ok()?.parse().ok())
        .collect();
    let of_target = files
        .iter()
        .filter_map(|file| file.get("target")?.get(host)?.get("rustflags"));
    let of_build = files
        .iter()
        .filter_map(|file| file.get("build")?.get("rustflags"));
    // The nearest file comes last.
    let read = |found: Vec<&toml::Value>| -> Vec<String> {
        let found = found.into_iter().rev();
        found
            .flat_map(|flags| match flags {
                toml::Value::String(text) => words(text.clone()),
                toml::Value::Array(all) => {
                    let texts = all.iter().filter_map(toml::Value::as_str);
                    texts.map(str::to_owned).collect()
                }
                _ => Vec::new(),
            })
            .collect()
    };
    let of_target = read(of_target.collect());
    if !of_target.is_empty() {
        return of_target;
    }
    match std::env::var("CARGO_BUILD_RUSTFLAGS") {
        Ok(flags) => words(flags),
        Err(_) => read(of_build.collect()),
    }
}

/// The variables that cargo sets for a compiler: macros look at them.
pub fn environment(package: &str, folder: &Path) -> Vec<(&'static str, std::ffi::OsString)> {
    let mut variables: Vec<(&str, std::ffi::OsString)> = vec![
        ("CARGO_BIN_NAME", package.into()),
        ("CARGO_CRATE_NAME", package.into()),
        ("CARGO_MANIFEST_DIR", folder.into()),
        ("CARGO_MANIFEST_PATH", folder.join("Cargo.toml").into()),
        ("CARGO_PKG_NAME", package.into()),
        ("CARGO_PKG_VERSION", "0.0.0".into()),
        ("CARGO_PKG_VERSION_MAJOR", "0".into()),
        ("CARGO_PKG_VERSION_MINOR", "0".into()),
        ("CARGO_PKG_VERSION_PATCH", "0".into()),
        ("CARGO_PRIMARY_PACKAGE", "1".into()),
    ];
    let empty = [
        "CARGO_PKG_AUTHORS",
        "CARGO_PKG_DESCRIPTION",
        "CARGO_PKG_HOMEPAGE",
        "CARGO_PKG_LICENSE",
        "CARGO_PKG_LICENSE_FILE",
        "CARGO_PKG_README",
        "CARGO_PKG_REPOSITORY",
        "CARGO_PKG_RUST_VERSION",
        "CARGO_PKG_VERSION_PRE",
    ];
    variables.extend(empty.map(|name| (name, "".into())));
    variables
}

/// What follows an option among the arguments.
fn value_of<'a>(arguments: &'a [String], option: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == option)?;
    arguments.get(at + 1).map(String::as_str)
}

/// The stamp of a file; `None` if it is not there.
pub(crate) fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_from_what_cargo_says() {
        let line = "     Running `/x/rustc --crate-name nb --check-cfg 'cfg(a, values('\\''b c'\\''))' -C \
                    extra-filename=-1f --out-dir '/t d/deps' --extern a=/t/liba.rlib`";
        let call = announced(line, "nb").unwrap();
        assert_eq!(call[4], "cfg(a, values('b c'))");
        assert!(announced(line, "other").is_none());
        assert!(announced("   Compiling nb v0.0.0", "nb").is_none());
        assert!(announced("     Running `rustc --crate-name nb 'x`", "nb").is_none());
    }
}
