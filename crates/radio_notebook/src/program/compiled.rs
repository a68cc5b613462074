//! What cells are compiled against: the libraries of those before them, and their dependencies as they are built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// A unit that is compiled.
#[derive(Clone, Debug)]
pub struct Library {
    /// What it is.
    pub key: String,
    /// The library that the host loads.
    pub code: PathBuf,
    /// The function in it that runs the cell, if it has one.
    pub start: String,
    /// What else has to be loaded before it, in this order, if it was compiled together with others.
    pub needs: Vec<PathBuf>,
    /// What the compiler needs to know of it.
    pub metadata: PathBuf,
    /// The types of the variables that it keeps, as the compiler prints them; of those that have a name.
    pub types: BTreeMap<String, String>,
    /// All variables that there are in it.
    pub variables: BTreeSet<String>,
    /// Those of them that are closures, with the boxes that they fit into.
    pub closures: BTreeMap<String, String>,
    /// The compiler's warnings.
    pub warnings: Vec<serde_json::Value>,
    /// Whether it was not kept from before.
    pub is_new: bool,
}

impl Library {
    /// What is to be known of one that is not compiled yet, whose variables may be of these types.
    pub(crate) fn foreseen(types: BTreeMap<String, String>) -> Library {
        Library {
            key: String::new(),
            code: PathBuf::new(),
            start: String::new(),
            needs: Vec::new(),
            metadata: PathBuf::new(),
            variables: types.keys().cloned().collect(),
            types,
            closures: BTreeMap::new(),
            warnings: Vec::new(),
            is_new: true,
        }
    }
}

/// Dependencies that are built.
#[derive(Debug)]
pub struct Set {
    /// What it is, for the keys of what is compiled against it.
    pub key: String,
    /// The folder of its package.
    pub folder: PathBuf,
    /// The crates that cells can name, and the files that the compiler reads them from.
    pub externs: Vec<(String, PathBuf)>,
    /// Where the compiler finds the crates that those need.
    pub search: PathBuf,
    /// The library that has the crates, without those that `base` has; `None` if there are none.
    pub library: Option<PathBuf>,
    /// All crates in it and in what it is based on, and which build of each.
    pub crates: BTreeMap<PathBuf, Stamp>,
    /// The set that it is based on.
    pub base: Option<Arc<Set>>,
}

impl Set {
    /// The libraries that the host loads for it, in their order.
    pub fn libraries(&self) -> Vec<&Path> {
        let mut all = self.base.as_ref().map_or_else(Vec::new, |b| b.libraries());
        all.extend(self.library.as_deref());
        all
    }
}

/// What tells one build of a crate from another: the length of its file, and when that was written.
pub type Stamp = (u64, SystemTime);
