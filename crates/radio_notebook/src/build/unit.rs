//! Compiles a source into a library that the host loads, by one call of the compiler and one of the linker. What was
//! compiled before is kept under a key of all that went into it.

mod call;
mod early;
mod link;
mod search;
mod standby;
mod together;

use super::cache::{file_hash, forget_old_meanwhile, listed, touch};
use super::mir;
use super::place::{length, put_in_place, with_way_out, write};
use super::toolchain::{Runtime, Toolchain};
use crate::dialect::FOLDER_VARIABLE;
use crate::error::{Error, Result};
use crate::hash::hash_of;
use crate::lock;
use crate::program::Build;
use crate::program::compiled::{Library, Set};
pub use early::{Early, Rest};
use serde::{Deserialize, Serialize};
use standby::{Standby, Waiting};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;
use tempfile::TempDir;

/// The name that the crate of every cell has: what `module_path!` says, and the beginning of its types' names.
const CRATE: &str = "ctx";

/// The form of what is kept; another one for whatever is read from the compiler's output in another way.
const FORM: u32 = 5;

/// The function of a cell in a library of its own.
const START: &str = "__radio_start";

/// What is to be compiled.
#[derive(Debug)]
pub struct Unit<'a> {
    /// The source.
    pub source: &'a str,
    /// Whether other units are compiled against it.
    pub is_shared: bool,
    /// The units that it is compiled against, by the names that it has for them.
    pub units: Vec<(&'a str, &'a Library)>,
    /// The dependencies that it may name.
    pub set: Option<&'a Set>,
    /// How it is to be compiled.
    pub settings: &'a Build,
    /// The notebook's folder.
    pub folder: &'a Path,
}

impl Unit<'_> {
    /// Whether it needs the crates of its set. One that names none of them may be compiled against units that do.
    fn names_crates(&self) -> bool {
        let names = |name: &String| self.source.contains(name.as_str());
        let externs = self.set.map_or(&[][..], |set| &set.externs);
        !self.units.is_empty() || externs.iter().any(|(name, _)| names(name))
    }
}

/// What came of compiling a unit.
#[derive(Debug)]
pub enum Outcome {
    /// It is there.
    Library(Library),
    /// The compiler refused it: its messages.
    Refused(Vec<serde_json::Value>),
}

/// What is kept of a unit beside the library.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Record {
    /// The folder of the units that it was compiled together with, which has the library.
    together: Option<String>,
    /// The libraries that all of those need, in their order.
    needs: Vec<PathBuf>,
    /// The lengths of the library, and of what the compiler needs to know of it: by these, one that was cut short is
    /// known.
    lengths: [u64; 2],
    types: BTreeMap<String, String>,
    variables: BTreeSet<String>,
    closures: BTreeMap<String, String>,
    /// The compiler's warnings.
    warnings: Vec<serde_json::Value>,
    /// The files that it includes, and hashes of what they hold.
    inputs: Vec<(PathBuf, String)>,
}

impl Record {
    /// What is to be known of the variables of a cell's function.
    fn of(mir: &str) -> Record {
        Record {
            types: mir::types(mir),
            variables: mir::variables(mir),
            closures: mir::closures(mir),
            ..Record::default()
        }
    }
}

/// Compiles units.
#[derive(Clone, Debug)]
pub struct Compiler {
    /// Where units are kept.
    place: PathBuf,
    toolchain: Toolchain,
    runtime: Runtime,
    deadline: Option<Instant>,
    /// Whether room was made.
    has_forgotten: Arc<AtomicBool>,
    /// The units that are being compiled by this compiler or a copy.
    under_way: Arc<UnderWay>,
    standby: Arc<Standby>,
}

/// The keys of units that are being compiled, each by one thread.
#[derive(Debug, Default)]
struct UnderWay {
    keys: Mutex<BTreeSet<String>>,
    changed: Condvar,
}

impl UnderWay {
    /// Begins with a unit, when nobody else is at it.
    fn begin(self: &Arc<Self>, key: &str) -> Turn {
        let mut keys = lock(&self.keys);
        while keys.contains(key) {
            keys = self
                .changed
                .wait(keys)
                .unwrap_or_else(PoisonError::into_inner);
        }
        keys.insert(key.to_owned());
        Turn {
            all: self.clone(),
            key: key.to_owned(),
        }
    }

    /// Begins with a unit if nobody is at it.
    fn begin_now(self: &Arc<Self>, key: &str) -> Option<Turn> {
        let mut keys = lock(&self.keys);
        keys.insert(key.to_owned()).then(|| Turn {
            all: self.clone(),
            key: key.to_owned(),
        })
    }
}

/// The turn of a thread at a unit, which ends when this is dropped.
#[derive(Debug)]
struct Turn {
    all: Arc<UnderWay>,
    key: String,
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut keys = lock(&self.all.keys);
        keys.remove(&self.key);
        self.all.changed.notify_all();
    }
}

impl Compiler {
    /// The compiler of units that are kept in a target directory.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Tool`] if the runtime cannot be compiled.
    pub fn new(target: &Path, toolchain: Toolchain, deadline: Option<Instant>) -> Result<Compiler> {
        Ok(Compiler {
            place: target.join("radio/cells"),
            runtime: toolchain.runtime(target)?,
            toolchain,
            deadline,
            has_forgotten: Arc::default(),
            under_way: Arc::default(),
            standby: Arc::default(),
        })
    }

    /// The program that loads and runs cells.
    pub fn host(&self) -> &Path {
        &self.runtime.host
    }

    /// The key of a unit.
    pub fn key(&self, unit: &Unit<'_>) -> String {
        let units: Vec<_> = unit.units.iter().map(|(name, l)| (name, &l.key)).collect();
        // Where the notebook lies matters if it includes files.
        let place = unit.source.contains(FOLDER_VARIABLE).then_some(unit.folder);
        hash_of(&(
            FORM,
            unit.source,
            unit.is_shared,
            units,
            unit.set.map(|set| &set.key),
            format!("{:?}", unit.settings),
            place,
            (&self.runtime.library, &self.toolchain.flags),
        ))
    }

    /// What was noted about a unit.
    pub fn noted<T: serde::de::DeserializeOwned>(&self, key: &str) -> Option<T> {
        let text = std::fs::read(self.place.join(key).join("note.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Notes something about a unit that is not compiled itself. Without it, it is found out once more.
    pub fn note<T: Serialize>(&self, key: &str, note: &T) {
        let folder = self.place.join(key);
        if let Ok(text) = serde_json::to_vec(note)
            && std::fs::create_dir_all(&folder).is_ok()
        {
            let _ = crate::files::write_whole(&folder.join("note.json"), &text);
        }
    }

    /// Compiles a unit, unless that was done before.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Tool`] for trouble with files and tools, [`Error::Interrupted`] after Ctrl-C and at
    /// the deadline.
    pub fn compile(&self, unit: &Unit<'_>) -> Result<Outcome> {
        let key = self.key(unit);
        let _turn = self.under_way.begin(&key);
        if let Some(library) = self.kept(&key) {
            return Ok(Outcome::Library(library));
        }
        let (fresh, waiting) = self.place_to_compile()?;
        let at = fresh.path();
        let source = format!("src/{key}.rs");
        write(&at.join(&source), unit.source)?;
        let call = self.call_for(unit, &source, &key, "obj,mir,dep-info");
        let warnings = match self.call(&call, at, waiting, &mut |_| {})? {
            Ok(warnings) => warnings,
            Err(messages) => return Ok(Outcome::Refused(messages)),
        };
        let code = at.join(CODE);
        self.link(&at.join(format!("{CRATE}-{key}.o")), &code, unit.settings)?;
        let mir =
            std::fs::read_to_string(at.join(format!("{CRATE}-{key}.mir"))).unwrap_or_default();
        let record = Record {
            lengths: [length(&code), 0],
            warnings,
            inputs: inputs(at, &key),
            ..Record::of(&mir)
        };
        for what in ["o", "mir", "d"] {
            let _ = std::fs::remove_file(at.join(format!("{CRATE}-{key}.{what}")));
        }
        self.keep(fresh, &key, &record)?;
        // Another run may have kept it meanwhile, in a library of several.
        let kept = self.kept(&key);
        Ok(Outcome::Library(Library {
            is_new: true,
            ..kept.unwrap_or_else(|| self.library(&key, record))
        }))
    }

    /// A folder to compile something in, with the compiler that waits there if one does.
    fn place_to_compile(&self) -> Result<(TempDir, Option<Waiting>)> {
        match self.standby.take() {
            Some((folder, waiting)) => Ok((folder, Some(waiting))),
            None => Ok((self.fresh_folder()?, None)),
        }
    }

    /// A folder to compile something in. It goes, unless it is kept.
    fn fresh_folder(&self) -> Result<TempDir> {
        if !self.has_forgotten.swap(true, SeqCst)
            && let Some(target) = self.place.ancestors().nth(2)
        {
            let _ = forget_old_meanwhile(target);
        }
        crate::files::make_folder(&self.place).map_err(with_way_out)?;
        let fresh = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&self.place)
            .map_err(|error| with_way_out(Error::io(&self.place, "writing")(error)))?;
        let sources = fresh.path().join("src");
        std::fs::create_dir(&sources).map_err(Error::io(&sources, "writing"))?;
        Ok(fresh)
    }

    /// Keeps what was compiled in a folder as the unit with this key.
    fn keep(&self, fresh: TempDir, key: &str, record: &Record) -> Result<()> {
        let (at, folder) = (fresh.path(), self.place.join(key));
        let text = serde_json::to_string(record).unwrap_or_default();
        write(&at.join(RECORD), &text)?;
        // What stands there otherwise is broken, or a note.
        put_in_place(fresh, &folder, || self.kept(key).is_some())
    }

    /// The library that is kept under a key, if it is whole and nothing that it includes has changed since.
    pub fn kept(&self, key: &str) -> Option<Library> {
        let path = self.place.join(key).join(RECORD);
        let record: Record = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        let (lengths, inputs) = (record.lengths, record.inputs.clone());
        let together = record.together.clone();
        let library = self.library(key, record);
        let is_whole = [length(&library.code), length(&library.metadata)] == lengths
            && library.needs.iter().all(|needed| needed.exists());
        let is_same = |(path, was): &(PathBuf, String)| file_hash(path).as_ref() == Some(was);
        if !is_whole || !inputs.iter().all(is_same) {
            return None;
        }
        touch(&path);
        if let Some(together) = together {
            touch(&self.place.join(together).join(RECORD));
        }
        Some(library)
    }

    fn library(&self, key: &str, record: Record) -> Library {
        let folder = self.place.join(key);
        let (code, start) = match &record.together {
            Some(together) => (self.place.join(together), together::start_of(key)),
            None => (folder.clone(), START.to_owned()),
        };
        Library {
            key: key.to_owned(),
            code: code.join(CODE),
            start,
            needs: record.needs,
            metadata: folder.join(format!("lib{CRATE}-{key}.rmeta")),
            types: record.types,
            variables: record.variables,
            closures: record.closures,
            warnings: record.warnings,
            is_new: false,
        }
    }

    fn broken(&self, why: String) -> Error {
        let place = self.place.display();
        Error::tool(
            "rustc",
            format!("the notebook cannot be compiled in {place}: {why}"),
        )
    }
}

const CODE: &str = if cfg!(target_os = "macos") {
    "cell.dylib"
} else {
    "cell.so"
};
const RECORD: &str = "record.json";

/// The files that the unit of this key includes, which was compiled in the folder `at`, and hashes of what they hold.
fn inputs(at: &Path, key: &str) -> Vec<(PathBuf, String)> {
    let files = included(&at.join(format!("{CRATE}-{key}.d")), at).into_iter();
    let files = files.filter_map(|path| Some((path.clone(), file_hash(&path)?)));
    files.collect()
}

/// The files that a unit includes, from the list that the compiler writes.
fn included(list: &Path, at: &Path) -> Vec<PathBuf> {
    let mut files = listed(list);
    files.retain(|file| file.is_absolute() && !file.starts_with(at));
    files
}
