//! Where notebooks are built: the target directory of the workspace that they lie in, or the user's cache.

use crate::build::lock::workspace_of;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The target directory in which notebooks in `folder` are built.
///
/// # Errors
/// [`Error::Io`] if `CARGO_TARGET_DIR` cannot be used.
pub fn target_of(folder: &Path) -> Result<PathBuf> {
    match (std::env::var_os("CARGO_TARGET_DIR"), workspace_of(folder)) {
        (Some(chosen), _) => {
            std::path::absolute(&chosen).map_err(Error::io(&chosen, "finding the folder"))
        }
        (None, Some(workspace)) => Ok(workspace.join("target")),
        (None, None) => Ok(own_target()),
    }
}

/// The target directory of notebooks that lie in no workspace.
pub(crate) fn own_target() -> PathBuf {
    dirs::cache_dir()
        .unwrap_or_else(std::env::temp_dir)
        .join("radio")
}

/// Writes a file that something is built from.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(Error::io(path, "writing"))
}

/// Puts a folder that was made aside in its place, and in that of whatever stands there but is not whole: another run
/// may have put the same there meanwhile.
pub(crate) fn put_in_place(
    fresh: TempDir,
    folder: &Path,
    is_whole: impl Fn() -> bool,
) -> Result<()> {
    if std::fs::rename(fresh.path(), folder).is_err() {
        if is_whole() {
            return Ok(());
        }
        let _ = std::fs::remove_dir_all(folder);
        std::fs::rename(fresh.path(), folder).map_err(Error::io(folder, "writing"))?;
    }
    drop(fresh.keep());
    Ok(())
}

/// The length of a file; 0 if it is not there.
pub(crate) fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

/// An error about a folder in which something is built, with the way out where it cannot be written.
pub(crate) fn with_way_out(error: Error) -> Error {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    match error {
        Error::Io { path, source, .. }
            if matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem) =>
        {
            Error::document(
                path,
                format!(
                    "the notebook cannot be compiled: the folder cannot be written ({source}); set \
                     CARGO_TARGET_DIR to one that can"
                ),
            )
        }
        other => other,
    }
}
