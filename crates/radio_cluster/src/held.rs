//! What each process holds whole in memory while a plan runs: one side of a product, as a broadcast join holds a table.
//!
//! Plans name it by its path, so that whoever executes them reads it from there.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What was read from files, by their paths.
pub(crate) struct Held<T> {
    tables: Mutex<Vec<(PathBuf, Slot<T>)>>,
}

/// What one thread reads, and the others wait for.
type Slot<T> = Arc<Mutex<Option<Arc<T>>>>;

impl<T> Held<T> {
    pub(crate) const fn new() -> Self {
        let tables = Mutex::new(Vec::new());
        Self { tables }
    }

    /// What is at this path, read if it was not before. What came from the same folder, or from one that is gone, is no
    /// longer held.
    pub(crate) fn get<E>(
        &self,
        path: &Path,
        read: impl FnOnce(&Path) -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let slot = self.slot(path);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = &*slot {
            return Ok(table.clone());
        }
        let table = Arc::new(read(path)?);
        *slot = Some(table.clone());
        Ok(table)
    }

    /// No longer holds what is in this folder, or below it.
    pub(crate) fn forget(&self, folder: &Path) {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.retain(|(path, _)| !path.starts_with(folder));
    }

    fn slot(&self, path: &Path) -> Slot<T> {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        tables.retain(|(other, _)| {
            other == path || (other.exists() && other.parent() != path.parent())
        });
        if let Some((_, slot)) = tables.iter().find(|(other, _)| other == path) {
            return slot.clone();
        }
        let slot = Slot::default();
        tables.push((path.to_owned(), slot.clone()));
        slot
    }
}
