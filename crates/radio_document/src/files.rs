//! Writing files so that a reader sees the old one or the new one, whole.

use crate::error::{Error, Result};
use crate::interrupt;
use radio_runtime::protocol::boundary;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::{NamedTempFile, TempPath};

/// How the name of a file begins that is not finished yet; the number of the process that writes it follows.
const UNFINISHED: &str = ".radio-";
/// How long another run may write before this one no longer waits for it.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Reads a file whole.
///
/// # Errors
/// [`Error::Document`] if it is no file but a pipe, say, of which the end may never come; [`Error::Io`] if it cannot be
/// read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let metadata = std::fs::metadata(path).map_err(Error::io(path, "reading"))?;
    // Of a folder the system says so.
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(Error::document(path, NO_FILE));
    }
    std::fs::read(path).map_err(Error::io(path, "reading"))
}

/// Reads a notebook's or a script's file as text.
///
/// # Errors
/// As [`read`], and [`Error::Document`] if it is not UTF-8.
pub fn read_text(path: &Path) -> Result<String> {
    text_of(read(path)?, path)
}

/// What was read of a notebook or script, as text.
///
/// # Errors
/// [`Error::Document`] if it is not UTF-8.
pub fn text_of(bytes: Vec<u8>, path: &Path) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to() + 1;
        let message = format!("this is not a notebook: byte {place} is not UTF-8 text");
        Error::document(path, message)
    })
}

/// The path as the system knows it, where there is something; else as it is.
pub fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// The name of a file without its ending.
pub fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Whether a file's name ends so.
pub fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|own| own == ending)
}

/// What is said of something that has a path and is neither a file nor a folder.
pub const NO_FILE: &str =
    "this is a pipe, a socket or a device, and radio reads files: save what it gives to one";

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
        let target = real(path);
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

/// Puts files in their places and removes those that are `obsolete`, all or nothing: where one of them cannot be
/// replaced or removed, all are as they were. Only who is killed between the first and the last leaves some old and
/// some new; each of them is whole even then.
///
/// # Errors
/// [`Error::Io`] for the first that cannot be replaced or removed.
pub fn put_all_in_place(staged: Vec<Staged>, obsolete: &[PathBuf]) -> Result<()> {
    let mut set = Exchange::default();
    for path in obsolete {
        set.keep(path).map_err(Error::io(path, "removing"))?;
        std::fs::remove_file(path).map_err(Error::io(path, "removing"))?;
    }
    for file in staged {
        set.keep(&file.target)
            .map_err(Error::io(&file.path, "writing"))?;
        file.put_in_place()?;
    }
    set.is_whole = true;
    Ok(())
}

/// What was in places that are being written to, to be put back if that stops half-way.
#[derive(Default)]
struct Exchange {
    /// A place, and what was there, kept beside it; `None` if nothing was.
    before: Vec<(PathBuf, Option<TempPath>)>,
    is_whole: bool,
}

impl Exchange {
    fn keep(&mut self, place: &Path) -> std::io::Result<()> {
        let old = match std::fs::symlink_metadata(place) {
            Ok(_) => {
                Some(begin_as(folder_of(place), |path| same_file(place, path))?.into_temp_path())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        self.before.push((place.to_owned(), old));
        Ok(())
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        for (place, old) in self.before.drain(..).rev() {
            match old {
                Some(old) => {
                    let name = old.to_path_buf();
                    if self.is_whole {
                        drop(old);
                    } else {
                        let _ = old.persist(&place);
                        // Of two names of one file the system takes neither away.
                        let _ = std::fs::remove_file(&name);
                    }
                    interrupt::end_file(&name);
                }
                None if self.is_whole => {}
                None => {
                    let _ = std::fs::remove_file(&place);
                }
            }
        }
    }
}

/// Makes `path` another name of a file; a copy, where the file system or its rights allow no second name.
fn same_file(file: &Path, path: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(file, path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            let copied = std::fs::copy(file, path);
            if copied.is_err() {
                // Half a copy, where the disk is full.
                let _ = std::fs::remove_file(path);
            }
            copied.map(|_| ())
        }
        linked => linked,
    }
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
    begin_as(folder, |path| File::create_new(path))
}

/// Begins a file in `folder` as `make` makes it, under a name that says who writes it.
fn begin_as<F>(
    folder: &Path,
    mut make: impl FnMut(&Path) -> std::io::Result<F>,
) -> std::io::Result<NamedTempFile<F>> {
    let prefix = format!("{UNFINISHED}{}-", std::process::id());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).make_in(folder, |path| {
        interrupt::begin_file(path);
        let file = make(path);
        if file.is_err() {
            interrupt::end_file(path);
        }
        file
    })
}

/// Removes what runs that were killed have left unfinished beside these files; beside what they point to, if they are
/// links.
pub fn remove_leftovers_beside(files: &[PathBuf]) {
    let places = files.iter().map(|file| real(file));
    let folders: BTreeSet<PathBuf> = places.map(|file| folder_of(&file).to_owned()).collect();
    folders.iter().for_each(|folder| remove_leftovers(folder));
}

/// Removes the unfinished files in `folder` that a run which was killed has left behind.
pub fn remove_leftovers(folder: &Path) {
    for path in left_behind(folder, UNFINISHED).filter(|path| path.is_file()) {
        let _ = std::fs::remove_file(path);
    }
}

/// What is in `folder` under a name of this prefix and the number of a process that is gone.
pub fn left_behind(folder: &Path, prefix: &str) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(move |path| {
        let name = path.file_name().and_then(|name| name.to_str());
        let process =
            name.and_then(|name| name.strip_prefix(prefix)?.split_once('-')?.0.parse().ok());
        process.is_some_and(|process| !interrupt::is_running(process))
    })
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
                if begun.elapsed() < MAX_WAIT && !interrupt::requested() =>
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
fn open_to_others(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
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
        assert_eq!(safe_name(" a-b_c.d+e "), "a-b_c.d+e");
        assert_eq!(safe_name(&"a".repeat(81)), "a".repeat(80));
        assert_eq!(safe_name(".hidden"), "_.hidden");
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
    fn a_set_of_files_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let now = || {
            let entries = std::fs::read_dir(folder.path()).unwrap().flatten();
            let files = entries.filter(|entry| entry.path().is_file());
            let mut files: Vec<(String, String)> = files
                .map(|entry| {
                    let text = std::fs::read_to_string(entry.path()).unwrap();
                    (entry.file_name().into_string().unwrap(), text)
                })
                .collect();
            files.sort();
            files
        };
        let stage = || ["a", "new", "b", "c"].map(|name| Staged::write(&at(name), b"2").unwrap());
        for name in ["a", "b", "c", "gone"] {
            std::fs::write(at(name), "1").unwrap();
        }
        let before = now();
        // What cannot be replaced, wherever it stands in the set.
        for bad in ["a", "b", "c"] {
            let staged = stage().into();
            std::fs::remove_file(at(bad)).unwrap();
            std::fs::create_dir_all(at(bad).join("in the way")).unwrap();
            let error = put_all_in_place(staged, &[at("gone")]).unwrap_err();
            assert!(error.to_string().contains(bad), "{error}");
            std::fs::remove_dir_all(at(bad)).unwrap();
            std::fs::write(at(bad), "1").unwrap();
            assert_eq!(now(), before, "{bad}");
        }
        // What cannot be removed.
        std::fs::create_dir(at("folder")).unwrap();
        let error = put_all_in_place(stage().into(), &[at("gone"), at("folder")]).unwrap_err();
        assert!(error.to_string().contains("folder"), "{error}");
        assert_eq!(now(), before);

        put_all_in_place(stage().into(), &[at("gone")]).unwrap();
        let expected = ["a", "b", "c", "new"].map(|name| (name.to_owned(), "2".to_owned()));
        assert_eq!(now(), expected);
    }

    #[test]
    fn a_link_stays_a_link_and_the_permissions_of_its_file_are_kept() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("a.txt"), folder.path().join("link"));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        write_whole(&file, b"old").unwrap();
        assert_eq!(mode(&file), 0o644, "a new file is for all to read");
        std::os::unix::fs::symlink("a.txt", &link).unwrap();
        for wanted in [0o600, 0o664, 0o755] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(wanted)).unwrap();
            write_whole(&link, format!("{wanted}").as_bytes()).unwrap();
            assert_eq!(std::fs::read_link(&link).unwrap(), Path::new("a.txt"));
            assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{wanted}"));
            assert_eq!(mode(&file), wanted);
        }
    }

    #[test]
    fn who_comes_second_waits_for_its_turn() {
        let folder = tempfile::tempdir().unwrap();
        let first = take_turn(folder.path()).unwrap();
        std::thread::scope(|scope| {
            let (sender, done) = std::sync::mpsc::channel();
            scope.spawn(move || sender.send(take_turn(folder.path()).is_some()));
            let early = done.recv_timeout(Duration::from_millis(300));
            assert!(early.is_err(), "it did not wait");
            drop(first);
            assert_eq!(done.recv(), Ok(true));
        });
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_byte() {
        let path = Path::new("x/a.ipynb");
        assert_eq!(text_of(b"ab".to_vec(), path).unwrap(), "ab");
        let message = text_of(b"ab\xff".to_vec(), path).unwrap_err().to_string();
        assert_eq!(
            message,
            "x/a.ipynb: this is not a notebook: byte 3 is not UTF-8 text"
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), "λ").unwrap();
        assert_eq!(read_text(&folder.path().join("a")).unwrap(), "λ");
        assert_eq!((stem(path), ends_in(path, "ipynb")), ("a".into(), true));
        assert!(!ends_in(path, "rs") && !ends_in(Path::new("ipynb"), "ipynb"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        make_folder(&folder.path().join("x/y")).unwrap();
        assert!(folder.path().join("x/y").is_dir());
        std::fs::write(&file, "").unwrap();
        let message = make_folder(&file.join("below")).unwrap_err().to_string();
        let expected = "a.txt: making the folder failed: there is a file of that name";
        assert!(message.ends_with(expected), "{message}");
        let message = make_folder(Path::new("/proc/nothing")).unwrap_err();
        assert!(message.to_string().starts_with("/proc/nothing: making"));
    }

    #[test]
    fn leftovers_go_beside_what_a_link_points_to_and_nothing_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("data")).unwrap();
        // No process has this number, and every process has this one.
        let (gone, own) = ("2147483646-x", format!("{}-x", std::process::id()));
        let all = [
            format!("data/{UNFINISHED}{gone}"),
            format!("data/{UNFINISHED}{own}"),
            format!("data/other-{gone}"),
            format!("data/{UNFINISHED}x-{gone}"),
            "data/a.txt".to_owned(),
        ];
        all.iter()
            .for_each(|name| std::fs::write(at(name), "").unwrap());
        std::fs::create_dir(at(&format!("data/{UNFINISHED}2147483645-x"))).unwrap();
        std::os::unix::fs::symlink(at("data/a.txt"), at("link")).unwrap();
        remove_leftovers_beside(&[at("link")]);
        let left: Vec<bool> = all.iter().map(|name| at(name).exists()).collect();
        assert_eq!(left, [false, true, true, true, true]);
        assert_eq!(std::fs::read_dir(at("data")).unwrap().count(), 5);
        let found: Vec<PathBuf> = left_behind(&at("data"), "other-").collect();
        assert_eq!(found, [at("data").join(format!("other-{gone}"))]);
    }

    #[test]
    fn a_second_name_takes_no_other_file_s_place() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a", "b"] {
            std::fs::write(at(name), name).unwrap();
        }
        let error = same_file(&at("a"), &at("b")).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(at("b")).unwrap(), b"b");
        same_file(&at("a"), &at("c")).unwrap();
        assert_eq!(std::fs::read(at("c")).unwrap(), b"a");
    }

    #[test]
    fn who_waits_for_nobody_waits_not_at_all() {
        assert!(take_turn(Path::new("/nowhere")).is_none());
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let message = read(Path::new("/dev/null")).unwrap_err().to_string();
        assert!(message.contains("/dev/null: this is a pipe"), "{message}");
        let message = read(Path::new("src")).unwrap_err().to_string();
        assert!(message.contains("src: reading failed"), "{message}");
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
