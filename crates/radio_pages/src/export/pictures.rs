//! The files of the pictures that stand beside an exported page.

use radio_document::error::Result;
use radio_document::files::Staged;
use std::path::{Path, PathBuf};

/// A picture's name, and what its file holds.
pub type PictureFile = (String, Vec<u8>);

/// Writes pictures beside their places in a folder.
pub fn stage_all(folder: &Path, pictures: &[PictureFile]) -> Result<Vec<Staged>> {
    let staged = pictures
        .iter()
        .map(|(name, bytes)| Staged::write(&folder.join(name), bytes));
    staged.collect()
}

/// The pictures of an earlier export in `folder` that are not among the new ones.
pub fn others(folder: &Path, notebook: &str, new: &[PictureFile]) -> Vec<PathBuf> {
    let is_old = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The name of a notebook, of a cell and of an output: `a_12_0.svg`.
        let numbers = name
            .strip_prefix(notebook)
            .and_then(|rest| rest.strip_prefix('_'));
        let is_ours = numbers
            .and_then(|rest| rest.rsplit_once('.'))
            .is_some_and(|(numbers, _)| {
                numbers
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'_')
            });
        is_ours && path.is_file() && !new.iter().any(|(new, _)| *new == name)
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(is_old).collect()
}
