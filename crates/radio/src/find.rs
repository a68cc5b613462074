//! The notebooks that a command's paths stand for.

use radio_notebook::error::{Error, Result};
use radio_notebook::{files, percent};
use std::path::{Path, PathBuf};

/// What is looked for in a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Notebooks alone.
    Notebooks,
    /// Notebooks, and scripts that are not paired with one.
    Scripts,
}

/// The notebooks that the paths stand for: files as they are, folders by what is wanted of what is in them, sorted.
pub(crate) fn notebooks(paths: &[PathBuf], wanted: Wanted) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::document(path, not_found(path)),
            _ => Error::io(path, "reading")(error),
        })?;
        if !metadata.is_dir() {
            if path.extension().is_none_or(|e| e != "ipynb" && e != "rs") {
                return Err(Error::document(
                    path,
                    "radio runs notebooks (.ipynb) and percent scripts (.rs)",
                ));
            }
            if !metadata.is_file() {
                return Err(Error::document(path, files::NO_FILE));
            }
            if files::ends_in(path, "rs")
                && std::fs::read_to_string(path)
                    .is_ok_and(|text| !text.trim().is_empty() && !percent::is_script(&text))
            {
                return Err(Error::document(
                    path,
                    "this is Rust without cells: a percent script begins with a line `// %%`",
                ));
            }
            found.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(Error::io(path, "reading"))?;
        let files = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|file| file.is_file());
        let mut inside: Vec<PathBuf> = files.filter(|file| is_offered(file, wanted)).collect();
        if inside.is_empty() {
            return Err(Error::document(
                path,
                match wanted {
                    Wanted::Notebooks => "there is no notebook (.ipynb) in this folder",
                    Wanted::Scripts => {
                        "there is no notebook (.ipynb) and no percent script (.rs that begins with a `// %%` \
                         cell) in this folder"
                    }
                },
            ));
        }
        inside.sort();
        found.extend(inside);
    }
    Ok(found)
}

/// What is said of a path at which there is nothing.
fn not_found(path: &Path) -> String {
    let with_ending = ["ipynb", "rs"].map(|ending| path.with_extension(ending));
    match with_ending.iter().find(|path| path.is_file()) {
        Some(meant) => format!("there is no such file; did you mean {}?", meant.display()),
        None => "there is no such file or folder here; name a notebook (.ipynb), a percent script (.rs) or a \
            folder of them".into(),
    }
}

/// Whether a file of a folder is wanted. Rust sources that are no scripts are left alone.
fn is_offered(file: &Path, wanted: Wanted) -> bool {
    // What systems and editors leave beside a notebook: `._a.ipynb`, `.~a.ipynb`.
    if file
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
    {
        return false;
    }
    match file.extension().and_then(|e| e.to_str()) {
        Some("ipynb") => true,
        Some("rs") if wanted == Wanted::Scripts => {
            let is_script = |text: String| percent::is_script(&text);
            !file.with_extension("ipynb").is_file()
                && std::fs::read_to_string(file).is_ok_and(is_script)
        }
        _ => false,
    }
}
