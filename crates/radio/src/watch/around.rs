//! The files besides the notebook that its cells depend on.

use crate::run;
use radio_notebook::dialect::commands::Command;
use radio_notebook::dialect::{CellCode, texts};
use radio_notebook::document::{CellKind, Notebook};
use radio_notebook::files;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What tells a file that was written from one that was not, without reading it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark(Option<(u64, SystemTime)>);

impl Mark {
    pub fn of(path: &Path) -> Mark {
        let metadata = std::fs::metadata(path).ok();
        Mark(metadata.and_then(|metadata| Some((metadata.len(), metadata.modified().ok()?))))
    }
}

/// Who names a file or a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The values that were given for parameters.
    Arguments,
    /// A cell, by its text.
    Cell(String),
}

/// What a cell's text names.
#[derive(Clone, Debug, Default)]
struct Named {
    /// The folders of packages.
    packages: Vec<String>,
    /// The texts that stand in it, each of which may be the path of a file.
    texts: Vec<String>,
}

impl Named {
    /// What a cell of this text names; nothing if it is not understood.
    fn by(source: &str) -> Named {
        let mut named = Named::default();
        let Ok(parsed) = CellCode::parse(source) else {
            return named;
        };
        for (_, command) in &parsed.commands {
            if let Command::Dep { specification, .. } = command
                && let Some(path) = specification.get("path").and_then(|path| path.as_str())
            {
                named.packages.push(path.to_owned());
            }
        }
        named.texts = texts(source);
        named
    }
}

/// The files besides the notebook that a run depends on, and who names them.
#[derive(Debug, Default)]
pub struct Around {
    /// Packages that the notebook names by path: their folders, and their sources as they were when the run began.
    packages: BTreeMap<PathBuf, (Vec<Source>, Marks)>,
    /// Files that the cells name, as they were when the run ended: the cells may have written them themselves.
    data: BTreeMap<PathBuf, (Vec<Source>, Mark)>,
    /// What the cells name, by their texts: most are the same after an edit.
    named: HashMap<String, Named>,
}

impl Around {
    /// What a run of the notebook depends on, which ran before as this says.
    pub fn next(self, path: &Path, notebook: &Notebook, run: &run::Arguments) -> Around {
        let whole = files::real(path);
        let folder = whole.parent().unwrap_or(Path::new("/"));
        let mut around = Around::default();
        let code = notebook
            .cells
            .iter()
            .filter(|cell| cell.kind == CellKind::Code);
        for cell in code {
            let known = self.named.get(&cell.source).cloned();
            let named = known.unwrap_or_else(|| Named::by(&cell.source));
            let source = Source::Cell(cell.source.clone());
            for path in &named.packages {
                around.name_package(folder.join(path), &source);
            }
            for text in &named.texts {
                around.name_file(folder.join(text), &whole, &source);
            }
            around.named.insert(cell.source.clone(), named);
        }
        for value in run.given.parameter.iter().skip(1).step_by(2) {
            for file in [folder.join(value), PathBuf::from(value)] {
                around.name_file(file, &whole, &Source::Arguments);
            }
        }
        // The lexer keeps all that it ever read, for error messages.
        proc_macro2::extra::invalidate_current_thread_spans();
        around
    }

    fn name_package(&mut self, folder: PathBuf, source: &Source) {
        let named = self.packages.entry(folder);
        let named = named.or_insert_with_key(|folder| (Vec::new(), sources_of(folder)));
        named.0.push(source.clone());
    }

    fn name_file(&mut self, file: PathBuf, notebook: &Path, source: &Source) {
        if file.is_file() && file != notebook {
            let named = self.data.entry(file);
            let named = named.or_insert_with_key(|file| (Vec::new(), Mark::of(file)));
            named.0.push(source.clone());
        }
    }

    /// Who names what is not as it was; with `data`, files too, and else packages only.
    pub fn changed(&self, data: bool) -> BTreeSet<Source> {
        let packages = self.packages.iter();
        let packages = packages.filter(|(folder, (_, marks))| *marks != sources_of(folder));
        let files = self.data.iter().filter(|_| data);
        let files = files.filter(|(file, (_, mark))| *mark != Mark::of(file));
        let sources = packages.flat_map(|(_, (sources, _))| sources);
        let sources = sources.chain(files.flat_map(|(_, (sources, _))| sources));
        sources.cloned().collect()
    }

    /// Whether a run should begin anew; while one is under way, only because of packages.
    pub fn has_changed(&self, data: bool) -> bool {
        !self.changed(data).is_empty()
    }

    /// Takes the files that the cells name as they are now.
    pub fn settle(&mut self) {
        for (path, (_, mark)) in &mut self.data {
            *mark = Mark::of(path);
        }
    }
}

/// Files, and what tells whether they were written.
type Marks = Vec<(PathBuf, Mark)>;

/// The sources of the package in a folder.
fn sources_of(package: &Path) -> Marks {
    let mut files = BTreeSet::new();
    files.insert(package.join("Cargo.toml"));
    files.insert(package.join("build.rs"));
    list(&package.join("src"), 0, &mut files);
    let marked = files.into_iter().map(|file| {
        let mark = Mark::of(&file);
        (file, mark)
    });
    marked.collect()
}

/// All files below `folder`; links in a circle end at some depth.
fn list(folder: &Path, depth: usize, files: &mut BTreeSet<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|_| depth < 16) {
        if path.is_dir() {
            list(&path, depth + 1, files);
        } else {
            files.insert(path);
        }
    }
}
