//! Writing files so that a reader sees the old one or the new one, whole.

use crate::error::{Error, Result};
use std::io::Write;
use std::path::Path;

/// Writes `bytes` to `path`: beside it first, then renamed over it. On failure the old file is still there, and nothing
/// else is left behind. Missing folders are made; the file's permissions are kept.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be made or written, or the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io(folder, "making the folder"))?;
    // A link stays a link: what it points to is replaced.
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new()
        .prefix(".radio-")
        .tempfile_in(folder)
        .map_err(Error::io(path, "writing"))?;
    beside
        .write_all(bytes)
        .and_then(|()| beside.as_file().sync_data())
        .map_err(Error::io(path, "writing"))?;
    match std::fs::metadata(path) {
        Ok(old) => {
            std::fs::set_permissions(beside.path(), old.permissions())
                .map_err(Error::io(path, "writing"))?;
        }
        Err(_) => open_to_others(beside.path()).map_err(Error::io(path, "writing"))?,
    }
    beside
        .persist(path)
        .map_err(|e| Error::io(path, "writing")(e.error))?;
    Ok(())
}

/// Temporary files are private; a notebook is an ordinary file.
#[cfg(unix)]
fn open_to_others(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// `name` as one component of a path: separators, control characters and the names of parent folders become `_`.
pub fn safe_name(name: &str) -> String {
    let mut safe: String = name
        .trim()
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '+') {
                c
            } else {
                '_'
            }
        })
        .take(80)
        .collect();
    if safe.is_empty() || safe.starts_with('.') {
        safe.insert(0, '_');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        assert_eq!(safe_name("../../x"), "_.._.._x");
        assert_eq!(safe_name("top ten"), "top ten");
        for name in ["..", ".", "", "/etc/passwd", "a\\b", "a\0b", "c:d", "\n"] {
            let safe = safe_name(name);
            assert!(
                !safe.is_empty()
                    && !safe.starts_with('.')
                    && !safe.contains(['/', '\\', ':', '\0']),
                "{safe:?}"
            );
        }
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        let error = write_whole(&path.join("below.txt"), b"x").unwrap_err();
        assert!(error.to_string().contains("a.txt"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
