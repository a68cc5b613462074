//! What the crates offer that a notebook depends on: read from their sources, the first time that somebody asks.

use super::outline::{Entry, below, outline};
use crate::kernel::lock;
use radio_notebook::build::cache::listed;
use radio_notebook::files;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long an answer waits for sources to be read. What comes later is there for the next one.
const PATIENCE: Duration = Duration::from_millis(900);

/// A crate that a notebook depends on: its name in Rust, and the file that the compiler reads it from.
pub(super) type Crate = (String, PathBuf);

/// What crates offer, by their names.
pub(super) type Offers = Vec<(String, Arc<Vec<Entry>>)>;

/// What a path leads to: the contents of a crate or a module, or what belongs to a type.
pub(super) fn in_path<'o>(
    path: &str,
    offers: &'o Offers,
) -> impl Iterator<Item = &'o Entry> + use<'o> {
    let (first, rest) = path.split_once("::").unwrap_or((path, ""));
    let last = path.rsplit("::").next().unwrap_or(path).to_owned();
    let is_crate = offers.iter().any(|(name, _)| name == first);
    let entries = offers.iter().filter(|(name, _)| !is_crate || name == first);
    let entries: Vec<&Entry> = entries.flat_map(|(_, entries)| entries.iter()).collect();
    let module = match is_crate {
        true => rest.to_owned(),
        // As an import has it.
        false => last.clone(),
    };
    let is_in = |e: &Entry| {
        let is_below = !is_crate && e.module.ends_with(&format!("::{module}"));
        e.owner.is_none() && (e.module == module || is_below)
    };
    let of = alias(&last, &entries);
    let (mut inside, mut its) = (Vec::new(), Vec::new());
    for entry in entries {
        if is_in(entry) {
            inside.push(entry);
        } else if entry.owner.as_deref() == Some(of.as_str()) && entry.kind != "property" {
            its.push(entry);
        }
    }
    let found = if inside.is_empty() { its } else { inside };
    found.into_iter()
}

/// The type that a name stands for.
fn alias(name: &str, entries: &[&Entry]) -> String {
    let mut name = name.to_owned();
    // An alias may be one of an alias; some are of something that has the same name.
    for _ in 0..4 {
        let of = entries.iter().find(|e| e.name == name && e.owner.is_none());
        match of.and_then(|entry| entry.alias_of.clone()) {
            Some(of) => name = of,
            None => break,
        }
    }
    name
}

/// What crates offer, by the files that the compiler reads them from. Copies share what they know.
#[derive(Clone, Default)]
pub(super) struct Libraries(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    read: BTreeMap<PathBuf, Arc<Vec<Entry>>>,
    /// Those that are being read.
    begun: Vec<PathBuf>,
}

impl Libraries {
    /// What these crates offer, by their names. Waits a little for those that were not read yet.
    pub(super) fn of(&self, crates: &[Crate]) -> Offers {
        let (state, changed) = &*self.0;
        let mut state = lock(state);
        let is_new = |state: &State, path: &PathBuf| {
            !state.read.contains_key(path) && !state.begun.contains(path)
        };
        for (_, path) in crates {
            if is_new(&state, path) {
                state.begun.push(path.clone());
                let (own, path) = (self.clone(), path.clone());
                // The parser keeps the texts of a thread as long as it lives.
                std::thread::spawn(move || own.read(&path));
            }
        }
        let is_missing = |state: &mut State| crates.iter().any(|c| !state.read.contains_key(&c.1));
        let waited = changed.wait_timeout_while(state, PATIENCE, is_missing);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let known = |(name, path): &Crate| Some((name.clone(), state.read.get(path)?.clone()));
        crates.iter().filter_map(known).collect()
    }

    fn read(&self, library: &Path) {
        let entries = Arc::new(entries(library));
        let (state, changed) = &*self.0;
        let mut state = lock(state);
        state.begun.retain(|path| path != library);
        state.read.insert(library.to_owned(), entries);
        changed.notify_all();
    }
}

/// What a compiled crate offers, by its sources.
fn entries(library: &Path) -> Vec<Entry> {
    let sources = sources(library);
    let Some(root) = sources.first().and_then(|file| file.parent()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for file in &sources {
        if let (Some(module), Ok(source)) = (module_of(file, root), std::fs::read_to_string(file)) {
            found.extend(outline(&source, &module, true));
        }
    }
    found
}

/// The sources of a compiled crate, its root first: cargo has them listed beside it.
fn sources(library: &Path) -> Vec<PathBuf> {
    let name = library.file_stem().unwrap_or_default().to_string_lossy();
    let list = library.with_file_name(format!("{}.d", name.trim_start_matches("lib")));
    let mut files = listed(&list);
    files.retain(|file| files::ends_in(file, "rs"));
    files
}

/// The path of the module in a file, as far as the file's place tells; `None` for what lies elsewhere.
fn module_of(file: &Path, root: &Path) -> Option<String> {
    let within = file.strip_prefix(root).ok()?.with_extension("");
    let parts = within.components();
    let parts: Vec<_> = parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    let parts = match parts.split_last()? {
        (last, above) if last == "mod" || above.is_empty() && last == "lib" => above,
        _ => &parts[..],
    };
    Some(
        parts
            .iter()
            .fold(String::new(), |module, part| below(&module, part)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_read_from_its_sources() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("a b");
        std::fs::create_dir_all(source.join("plot")).unwrap();
        std::fs::write(
            source.join("lib.rs"),
            "pub mod plot;\npub use plot::Figure;",
        )
        .unwrap();
        std::fs::write(source.join("plot/mod.rs"), "pub struct Figure;").unwrap();
        let escaped = source.display().to_string().replace(' ', "\\ ");
        let list =
            format!("x.d: {escaped}/lib.rs {escaped}/plot/mod.rs /elsewhere/data.txt\n\nrest");
        std::fs::write(folder.path().join("plots-12.d"), list).unwrap();
        let library = folder.path().join("libplots-12.rlib");
        let libraries = Libraries::default();
        let known = libraries.of(&[("plots".into(), library)]);
        let found: Vec<_> = known[0]
            .1
            .iter()
            .map(|entry| (entry.module.as_str(), entry.name.as_str()))
            .collect();
        assert_eq!(found, [("", "plot"), ("", "Figure"), ("plot", "Figure")]);
    }

    #[test]
    fn a_crate_without_sources_offers_nothing() {
        let known = Libraries::default().of(&[("x".into(), "/nowhere/libx-1.rlib".into())]);
        assert!(known[0].1.is_empty());
    }
}
