//! The files beside a notebook that evcxr reads when it starts: `evcxr.toml`, `init.evcxr` and `prelude.rs`.

use crate::error::{Error, Result};
use crate::files;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What is executed before a notebook's first cell.
#[derive(Debug, PartialEq)]
pub struct Startup {
    /// Commands and code, as one cell would have them.
    pub source: String,
    /// The files that it was read from; at least one.
    pub files: Vec<PathBuf>,
}

#[derive(Default, Deserialize)]
struct Settings {
    #[serde(default)]
    evcxr: Evcxr,
    #[serde(default)]
    dependencies: toml::Table,
}

/// The settings that mean something here; those about evcxr's own caches do not.
#[derive(Default, Deserialize)]
struct Evcxr {
    offline_mode: Option<bool>,
    opt_level: Option<toml::Value>,
    prelude: Option<String>,
}

/// Reads the start-up files in `folder`, if there are any. As in evcxr, the dependencies of `evcxr.toml` go before
/// `init.evcxr`, and its prelude before `prelude.rs`.
///
/// # Errors
/// [`Error::Document`] if `evcxr.toml` is not understood or something is no file of text, [`Error::Io`] if a file
/// cannot be read.
pub fn read(folder: &Path) -> Result<Option<Startup>> {
    let mut found = Vec::new();
    let mut read = |name: &str| -> Result<Option<String>> {
        let path = folder.join(name);
        match files::read(&path) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes)
                    .map_err(|_| Error::document(&path, "this is not UTF-8 text"))?;
                found.push(path);
                Ok(Some(text))
            }
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    };
    let settings: Settings = match read("evcxr.toml")? {
        Some(text) => toml::from_str(&text).map_err(|error| {
            Error::document(
                folder.join("evcxr.toml"),
                format!("this is not understood: {error}"),
            )
        })?,
        None => Settings::default(),
    };
    let mut lines = Vec::new();
    if let Some(level) = settings.evcxr.opt_level {
        let level = level.as_str().map_or(level.to_string(), str::to_owned);
        lines.push(format!(":opt {level}"));
    }
    if settings.evcxr.offline_mode == Some(true) {
        lines.push(":offline 1".to_owned());
    }
    if settings.dependencies.is_empty() {
        lines.extend(read("init.evcxr")?);
    }
    for (name, specification) in settings.dependencies {
        lines.push(format!(":dep {name} = {specification}"));
    }
    match settings.evcxr.prelude {
        Some(prelude) => lines.push(prelude),
        None => lines.extend(read("prelude.rs")?),
    }
    Ok((!found.is_empty()).then(|| Startup {
        source: lines.join("\n"),
        files: found,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_commands_and_code() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("prelude.rs", "fn f() {}\n");
        write("init.evcxr", ":dep b = \"2\"\n");
        let both = read(folder.path()).unwrap().unwrap();
        assert_eq!(both.source, ":dep b = \"2\"\n\nfn f() {}\n");
        assert_eq!(both.files.len(), 2);
        write(
            "evcxr.toml",
            "[evcxr]\ntmpdir = \"x\"\nopt_level = \"1\"\nprelude = \"fn g() {}\"\n[dependencies]\na = { path = \"..\" }\n",
        );
        let settings = read(folder.path()).unwrap().unwrap();
        assert_eq!(
            settings.source,
            ":opt 1\n:dep a = { path = \"..\" }\nfn g() {}"
        );
        write("evcxr.toml", "[evcxr");
        let message = read(folder.path()).unwrap_err().to_string();
        assert!(
            message.contains("evcxr.toml") && message.contains("line 1"),
            "{message}"
        );
    }
}
