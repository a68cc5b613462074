//! Writing files so that a reader sees the old one or the new one, whole.

use crate::error::{Error, Result};
use crate::interrupt;
use crate::runtime::boundary;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::{NamedTempFile, TempPath};

/// How the name of a file begins that is not finished yet; the number of the process that writes it follows.
const UNFINISHED: &str = ".radio-";
/// How long another run may write before this one no longer waits for it.
const MOST_WAIT: Duration = Duration::from_secs(10);

/// Writes `bytes` to `path`: beside it first, then renamed over it. On failure the old file is still there, and nothing
/// else is left behind. Missing folders are made; the file's permissions are kept.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be made or written, or the disk is full.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    Staged::write(path, bytes)?.on_disk()?.put_in_place()
}

/// A file that is written whole, beside the place where it belongs. It is removed if it is dropped.
#[derive(Debug)]
pub struct Staged {
    /// Where it was asked to be.
    path: PathBuf,
    /// Where that is, if `path` is a link.
    target: PathBuf,
    /// `None` once it is in its place.
    beside: Option<TempPath>,
}

impl Staged {
    /// Writes a file beside `path`. Missing folders are made.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made or written, or the disk is full.
    pub fn write(path: &Path, bytes: &[u8]) -> Result<Staged> {
        make_folder(folder_of(path))?;
        // A link stays a link: what it points to is replaced.
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if target.is_dir() {
            let error = std::io::Error::from(std::io::ErrorKind::IsADirectory);
            return Err(Error::io(path, "writing")(error));
        }
        let mut beside =
            begin(folder_of(&target)).map_err(|e| Error::io(path, "writing")(plain(e)))?;
        let filled = beside
            .write_all(bytes)
            .and_then(|()| match std::fs::metadata(&target) {
                Ok(old) => std::fs::set_permissions(beside.path(), old.permissions()),
                Err(_) => open_to_others(beside.path()),
            });
        let staged = Staged {
            path: path.to_owned(),
            target,
            beside: Some(beside.into_temp_path()),
        };
        filled.map_err(|e| Error::io(path, "writing")(plain(e)))?;
        Ok(staged)
    }

    /// Waits until the file is on the disk, so that it survives the machine as well.
    ///
    /// # Errors
    /// [`Error::Io`] if the disk does not take it.
    pub fn on_disk(self) -> Result<Staged> {
        if let Some(beside) = &self.beside {
            let synced = File::options()
                .append(true)
                .open(beside)
                .and_then(|f| f.sync_data());
            synced.map_err(Error::io(&self.path, "writing"))?;
        }
        Ok(self)
    }

    /// Where the file belongs.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Renames the file to its place.
    ///
    /// # Errors
    /// [`Error::Io`] if that cannot be done; the old file is then still there.
    pub fn put_in_place(mut self) -> Result<()> {
        if let Some(beside) = self.beside.take() {
            let name = beside.to_path_buf();
            let put = beside.persist(&self.target);
            interrupt::end_file(&name);
            put.map_err(|e| Error::io(&self.path, "writing")(e.error))?;
        }
        Ok(())
    }
}

/// Renames all files to their places, and returns these.
///
/// # Errors
/// [`Error::Io`] for the first that cannot be renamed; those after it stay as they were.
pub fn put_all_in_place(staged: Vec<Staged>) -> Result<Vec<PathBuf>> {
    let put = staged.into_iter().map(|file| {
        let path = file.path().to_owned();
        file.put_in_place().map(|()| path)
    });
    put.collect()
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(beside) = self.beside.take() {
            let name = beside.to_path_buf();
            drop(beside);
            interrupt::end_file(&name);
        }
    }
}

/// Begins a file in `folder`.
fn begin(folder: &Path) -> std::io::Result<NamedTempFile> {
    let prefix = format!("{UNFINISHED}{}-", std::process::id());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).make_in(folder, |path| {
        interrupt::begin_file(path);
        let file = File::create_new(path);
        if file.is_err() {
            interrupt::end_file(path);
        }
        file
    })
}

/// Removes the unfinished files in `folder` that a run which was killed has left behind. Call it at one's turn: see
/// [`take_turn`].
pub fn remove_leftovers(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let writer = name.to_str().and_then(|name| {
            let (process, _) = name.strip_prefix(UNFINISHED)?.split_once('-')?;
            process.parse().ok()
        });
        if writer.is_some_and(|process| !interrupt::is_running(process))
            && entry.file_type().is_ok_and(|kind| kind.is_file())
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Makes a folder and those above it.
///
/// # Errors
/// [`Error::Io`] if that cannot be done.
pub fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| {
        let file = folder.ancestors().find(|above| above.is_file());
        match file {
            // The system says "File exists", which is true and no help.
            Some(file) => Error::io(file, "making the folder")(std::io::Error::other(
                "there is a file of that name",
            )),
            None => Error::io(folder, "making the folder")(error),
        }
    })
}

/// Waits until no other run writes to `folder`, and keeps others waiting until the result is dropped. `None` where that
/// cannot be had; each single file is whole even then.
pub fn take_turn(folder: &Path) -> Option<File> {
    let file = File::open(folder).ok()?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(std::fs::TryLockError::WouldBlock)
                if begun.elapsed() < MOST_WAIT && !interrupt::requested() =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(_) => return None,
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// The system's own error, without the name of a temporary file.
fn plain(error: std::io::Error) -> std::io::Error {
    let inner = error.get_ref().and_then(|inner| inner.source());
    let code = inner.and_then(|inner| inner.downcast_ref::<std::io::Error>()?.raw_os_error());
    code.map_or(error, std::io::Error::from_raw_os_error)
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
    // File systems count bytes, and a number and an ending may follow.
    safe.truncate(boundary(&safe, 200));
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
        assert!(safe_name(&"𝒳".repeat(90)).len() <= 200);
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
    fn what_a_killed_run_left_is_removed_and_what_a_running_one_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        // No process has this number.
        std::fs::write(folder.path().join(".radio-2147483646-x"), "half").unwrap();
        let staged = Staged::write(&path, b"whole").unwrap();
        remove_leftovers(folder.path());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        staged.put_in_place().unwrap();
        drop(Staged::write(&path, b"never").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
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
        assert!(write_whole(folder.path(), b"x").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
