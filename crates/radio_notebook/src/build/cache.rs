//! What is kept between runs: compiled cells, and sets of dependencies; and how it is forgotten.

use crate::build::place::{own_target, target_of};
use crate::error::{Error, Result};
use crate::hash::hash_of;
use crate::say;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// How much room the kept cells may take, in bytes; the least recently used go first.
const ROOM_FOR_CELLS: u64 = 1 << 30;
/// How much room the kept sets may take, without the crates that cargo compiled for them, in bytes; the least recently
/// used go first.
const ROOM_FOR_SETS: u64 = 1 << 30;

/// How long what is kept may grow before it is looked at again.
const BETWEEN: Duration = Duration::from_secs(3600);

/// A hash of what a file holds; `None` if it cannot be read.
pub(crate) fn file_hash(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| hash_of(&bytes))
}

/// The files that a list names which cargo or the compiler has written beside what it made (`name.d`).
pub fn listed(list: &Path) -> Vec<PathBuf> {
    let list = std::fs::read_to_string(list).unwrap_or_default();
    // It has a rule a line, of which the first is of what was made, or of the list itself.
    let line = list.lines().next().unwrap_or_default();
    let (_, files) = line.split_once(": ").unwrap_or_default();
    // Spaces inside a path are written with a backslash.
    let files = files.replace("\\ ", "\0");
    files
        .split_whitespace()
        .map(|file| PathBuf::from(file.replace('\0', " ")))
        .collect()
}

/// The source files and manifests of the path dependencies of an executable, and files that they include.
pub(crate) fn inputs(executable: &Path, package: &Path) -> Vec<PathBuf> {
    let mut inputs = Vec::new();
    for file in listed(&executable.with_extension("d")) {
        // Relative ones are the compiler's, in the package.
        if file.starts_with(package) || file.is_relative() {
            continue;
        }
        inputs.extend(
            file.ancestors()
                .map(|above| above.join("Cargo.toml"))
                .filter(|manifest| manifest.is_file()),
        );
        inputs.push(file);
    }
    inputs.sort();
    inputs.dedup();
    inputs
}

/// Says that a kept thing, of which this file tells, is in use.
pub(crate) fn touch(record: &Path) {
    if let Ok(file) = std::fs::File::options().append(true).open(record) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Has a thread forget what was used longest ago, once an hour: to look at all that is kept can take longer than to
/// compile a cell.
pub(crate) fn forget_old_meanwhile(target: &Path) -> Option<JoinHandle<()>> {
    let done = target.join("radio/tidied");
    let age = std::fs::metadata(&done).and_then(|file| file.modified());
    if age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < BETWEEN)) {
        return None;
    }
    let target = target.to_owned();
    Some(std::thread::spawn(move || {
        forget_old(&target);
        // Where this run ends before, the next one goes on.
        let _ = std::fs::write(done, "");
    }))
}

/// Forgets what was used longest ago, if the cells or the sets of a target directory take too much room; and what runs
/// that were killed have left half done.
fn forget_old(target: &Path) {
    let cells = target.join("radio/cells");
    forget_oldest(&cells, "record.json", ROOM_FOR_CELLS, &|folder| {
        remove(&folder.join("record.json"));
        remove(folder)
    });
    let sets = target.join("radio/sets");
    forget_oldest(&sets, "made.json", ROOM_FOR_SETS, &|folder| {
        forget_set(target, folder)
    });
}

fn forget_oldest(place: &Path, record: &str, mut room: u64, forget: &dyn Fn(&Path)) {
    let used = |folder: &Path| {
        let of = |name: &str| std::fs::metadata(folder.join(name)).and_then(|m| m.modified());
        of(record)
            .or_else(|_| of(""))
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let mut kept: Vec<_> = entries(place)
        .into_iter()
        .filter(|folder| !is_abandoned(folder))
        .map(|folder| (used(&folder), folder))
        .collect();
    kept.sort();
    for (last, folder) in kept.into_iter().rev() {
        match room.checked_sub(size(&folder)) {
            Some(left) => room = left,
            // A run may have begun to use it meanwhile.
            None if used(&folder) > last => {}
            None => forget(&folder),
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Removes what a run that was killed has left half done. Returns whether it was that.
fn is_abandoned(folder: &Path) -> bool {
    const LONG: Duration = Duration::from_secs(3600);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    if !name.starts_with(".new-") {
        return false;
    }
    let changed = std::fs::metadata(folder).and_then(|metadata| metadata.modified());
    if changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LONG)) {
        remove(folder);
    }
    true
}

/// Removes a set, and what cargo made of its package; unless another run is building it.
fn forget_set(target: &Path, folder: &Path) {
    let lock = std::fs::File::create(folder.join("lock"));
    if !lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
        return;
    }
    // Without its record it is not taken for whole, wherever this run ends.
    remove(&folder.join("made.json"));
    for path in made_of(target, folder) {
        remove(&path);
    }
    remove(folder);
}

/// What cargo made of a set's package: all that has its name.
fn made_of(target: &Path, folder: &Path) -> Vec<PathBuf> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("radio_set_{name}");
    let places = ["debug", "debug/deps", "debug/.fingerprint"];
    let all = places.iter().flat_map(|place| entries(&target.join(place)));
    all.filter(|path| {
        let found = path.file_name().unwrap_or_default().to_string_lossy();
        found.trim_start_matches("lib").starts_with(&name)
    })
    .collect()
}

fn remove(path: &Path) {
    // What cannot be removed is no worse than before.
    let _ = match path.is_dir() {
        true => std::fs::remove_dir_all(path),
        false => std::fs::remove_file(path),
    };
}

/// Removes all that is kept for the notebooks of the workspace that `folder` lies in. Compiled libraries stay, unless
/// nobody but `radio` uses them.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be found, or what is kept cannot be removed.
pub fn clean(folder: &Path) -> Result<bool> {
    let folder = std::fs::canonicalize(folder).map_err(Error::io(folder, "finding"))?;
    let target = target_of(&folder)?;
    let before = size(&target);
    for folder in entries(&target.join("radio/sets")) {
        forget_set(&target, &folder);
    }
    // Outside of workspaces, libraries are compiled for notebooks alone.
    let kept = match target == own_target() {
        true => target.clone(),
        false => target.join("radio"),
    };
    match std::fs::remove_dir_all(&kept) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io(kept, "removing")(error));
        }
        _ => {}
    }
    let freed = before.saturating_sub(size(&target));
    say!("{}: {} MB freed", target.display(), freed / 1_000_000);
    Ok(true)
}

/// How much a file, or the files below a folder, take, in bytes; a file that has several names counts once a name.
fn size(path: &Path) -> u64 {
    if !path.is_dir() {
        return std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }

    #[test]
    fn a_set_goes_with_all_that_was_made_of_it() {
        let target = tempfile::tempdir().unwrap();
        for name in [
            "radio/sets/1a/made.json",
            "radio/sets/1b/made.json",
            "debug/libradio_set_1a.rlib",
            "debug/deps/libradio_set_1a-77.rlib",
            "debug/.fingerprint/radio_set_1a-77/lib",
            "debug/deps/libradio_set_1b-77.rlib",
            "debug/deps/libother-1.rlib",
        ] {
            make(&target.path().join(name));
        }
        let folder = target.path().join("radio/sets/1a");
        assert_eq!(made_of(target.path(), &folder).len(), 3);
        // Another run is at it.
        let lock = std::fs::File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        forget_set(target.path(), &folder);
        assert!(folder.is_dir());
        drop(lock);
        forget_set(target.path(), &folder);
        assert!(!folder.exists() && made_of(target.path(), &folder).is_empty());
        assert_eq!(entries(&target.path().join("radio/sets")).len(), 1);
        assert_eq!(size(target.path()), 3);
    }

    #[test]
    fn it_is_looked_at_once_an_hour_while_cells_are_compiled() {
        let target = tempfile::tempdir().unwrap();
        let abandoned = target.path().join("radio/cells/.new-1");
        let done = target.path().join("radio/tidied");
        let abandon = || {
            std::fs::create_dir_all(&abandoned).unwrap();
            let folder = std::fs::File::open(&abandoned).unwrap();
            folder.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        };
        abandon();
        forget_old_meanwhile(target.path()).unwrap().join().unwrap();
        assert!(!abandoned.exists() && done.is_file());
        abandon();
        assert!(forget_old_meanwhile(target.path()).is_none());
        let file = std::fs::File::options().append(true).open(&done).unwrap();
        file.set_modified(SystemTime::now() - 2 * BETWEEN).unwrap();
        forget_old_meanwhile(target.path()).unwrap().join().unwrap();
        assert!(!abandoned.exists());
        assert!(forget_old_meanwhile(target.path()).is_none());
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let place = tempfile::tempdir().unwrap();
        for name in ["old", "new"] {
            make(&place.path().join(name).join("record.json"));
        }
        let record = place.path().join("old/record.json");
        let file = std::fs::File::options().append(true).open(record).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        forget_oldest(place.path(), "record.json", 1, &|folder| remove(folder));
        assert_eq!(entries(place.path()), [place.path().join("new")]);
    }
}
