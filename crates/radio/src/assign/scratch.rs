//! Copies the files that a hand-in needs into a scratch folder, at the paths that its notebook uses.

use crate::assign::source::Source;
use radio_notebook::dialect::commands::Command;
use radio_notebook::dialect::{CellCode, texts};
use radio_notebook::document::CellKind;
use radio_notebook::error::{Error, Result};
use radio_notebook::files;
use radio_notebook::percent;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// What is copied of a folder at most, in bytes.
const MAX_OFFER: u64 = 1 << 30;
/// How deep folders are copied.
const MAX_DEPTH: usize = 16;

/// What hand-ins get, and what they do not.
#[derive(Debug, Default)]
pub struct Offer {
    /// The source's folder, as a path below the folder that stands for the root.
    work: PathBuf,
    /// Files, and where they go below it.
    files: Vec<(PathBuf, PathBuf)>,
    /// Notebooks and what was made of them that lie in the source's folder.
    pub kept_back: Vec<PathBuf>,
    /// Files that the notebook names by absolute paths.
    pub named: Vec<PathBuf>,
}

impl Offer {
    /// What the source's folder offers: its files, but for notebooks, scripts of cells, pages and prose made of them,
    /// hidden files, what is built, and `others`; and the files elsewhere that the source names.
    ///
    /// # Errors
    /// [`Error::Document`] if that is too much to copy.
    pub fn of(source: &Source, others: &[PathBuf]) -> Result<Offer> {
        let folder = source.folder();
        let mut offer = Offer::default();
        let code = source.notebook.cells.iter();
        let code = code.filter(|cell| cell.kind == CellKind::Code);
        let named: BTreeSet<String> = code.flat_map(|cell| texts(&cell.source)).collect();
        let outside: Vec<(PathBuf, &String)> = named
            .iter()
            .filter_map(|text| {
                let file = std::fs::canonicalize(folder.join(text)).ok()?;
                let is_fit = file.is_file() && !file.starts_with(&folder) && is_data(&file);
                (is_fit && !is_one_of(&file, others)).then_some((file, text))
            })
            .collect();
        // As many folders above the source's are there as the notebook's paths go up.
        let ups = |text: &str| {
            let parts = Path::new(text).components();
            parts
                .take_while(|part| *part == Component::ParentDir)
                .count()
        };
        let relative = outside
            .iter()
            .filter(|(_, text)| Path::new(text).is_relative());
        let depth = relative.map(|(_, text)| ups(text)).max().unwrap_or(0);
        let parts: Vec<_> = folder.components().collect();
        offer.work = parts[parts.len() - depth.min(parts.len() - 1)..]
            .iter()
            .collect();
        for (file, text) in &outside {
            match Path::new(text).is_absolute() {
                true => offer.named.push(file.clone()),
                false => offer
                    .files
                    .push((file.clone(), plain(&offer.work.join(text)))),
            }
        }
        offer.gather(&folder, &offer.work.clone(), others, 0);
        let size: u64 = offer.files.iter().map(|(file, _)| length(file)).sum();
        if size > MAX_OFFER {
            return Err(Error::document(
                folder,
                format!(
                    "each hand-in gets a copy of this folder, which has {} MB: move what the assignment does not \
                     need elsewhere",
                    size >> 20
                ),
            ));
        }
        Ok(offer)
    }

    fn gather(&mut self, from: &Path, to: &Path, others: &[PathBuf], depth: usize) {
        let entries = std::fs::read_dir(from).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_owned();
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            let is_built = path.is_dir() && (name == "target" || name == "out");
            let is_link = path.is_symlink();
            if is_hidden || is_built || is_link || is_one_of(&path, others) {
                continue;
            }
            if path.is_dir() && depth < MAX_DEPTH {
                self.gather(&path, &to.join(name), others, depth + 1);
            } else if path.is_file() && is_data(&path) {
                self.files.push((path, to.join(name)));
            } else if !is_prose(&path) {
                self.kept_back.push(path);
            }
        }
    }

    /// Copies what is offered into `root`, and returns the folder there that stands for the source's.
    ///
    /// # Errors
    /// [`Error::Io`] if that cannot be done.
    pub fn fill(&self, root: &Path) -> Result<PathBuf> {
        let work = root.join(&self.work);
        radio_notebook::files::make_folder(&work)?;
        for (file, place) in &self.files {
            let to = root.join(place);
            radio_notebook::files::make_folder(to.parent().unwrap_or(root))?;
            std::fs::copy(file, &to).map_err(Error::io(file, "copying"))?;
        }
        Ok(work)
    }
}

/// The paths that a cell names: of packages, and in its texts.
pub fn paths_in(source: &str) -> Vec<String> {
    let parsed = CellCode::parse(source).unwrap_or_default();
    let packages = parsed
        .commands
        .iter()
        .filter_map(|(_, command)| match command {
            Command::Dep { specification, .. } => {
                specification.get("path")?.as_str().map(str::to_owned)
            }
            _ => None,
        });
    let texts = texts(source).into_iter();
    packages
        .chain(texts.filter(|text| text.contains(['/', '.'])))
        .collect()
}

fn is_one_of(path: &Path, others: &[PathBuf]) -> bool {
    others.iter().any(|other| path.starts_with(other))
}

/// Whether a file is prose, which a package may include that the compiler reads.
fn is_prose(file: &Path) -> bool {
    files::ends_in(file, "md")
}

/// Whether a file may be what a notebook works on, rather than a notebook or what was made of one.
fn is_data(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("ipynb" | "html" | "htm" | "pdf" | "md" | "tex" | "zip" | "tar" | "tgz") => false,
        Some("rs") => !std::fs::read_to_string(file).is_ok_and(|text| percent::is_script(&text)),
        _ => true,
    }
}

fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::Normal(name) => plain.push(name),
            _ => {}
        }
    }
    plain
}
