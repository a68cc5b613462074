//! What is kept between runs: executables, and the packages from which notebooks are compiled; and how it is forgotten.

use crate::compile::{own_target, target_of};
use crate::error::{Error, Result};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How much room the kept executables may take, in bytes; the least recently used go first.
const ROOM_FOR_PROGRAMS: u64 = 1 << 30;
/// How much room the packages may take, with the compiler's memory of them, in bytes; the least recently compiled go first.
const ROOM_FOR_PACKAGES: u64 = 2 << 30;

/// A hash, the same for the same value in every run of one build of `radio`.
pub fn hash_of(what: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

const EXECUTABLE: &str = if cfg!(windows) {
    "program.exe"
} else {
    "program"
};

/// The kept executable, if nothing that went into it has changed since.
pub fn kept_program(kept: &Path) -> Option<PathBuf> {
    let inputs = std::fs::read_to_string(kept.join("inputs")).ok()?;
    let is_fresh = inputs.lines().all(|line| {
        line.split_once(' ')
            .is_some_and(|(hash, path)| file_hash(Path::new(path)).as_deref() == Some(hash))
    });
    let executable = kept.join(EXECUTABLE);
    let file = std::fs::File::options()
        .append(true)
        .open(kept.join("inputs"))
        .ok()?;
    let _ = file.set_modified(std::time::SystemTime::now());
    (is_fresh && executable.is_file()).then_some(executable)
}

/// A hash of what a file holds; `None` if it cannot be read.
pub fn file_hash(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| hash_of(&bytes))
}

/// The source files and manifests of the path dependencies, and files that cells include, from the list that cargo or the
/// compiler writes beside an executable.
pub fn inputs(executable: &Path, package: &Path) -> Vec<PathBuf> {
    let list = std::fs::read_to_string(executable.with_extension("d")).unwrap_or_default();
    // The compiler's list has a rule a line, of which the first is of the executable or of the list itself.
    let (_, files) = list
        .lines()
        .next()
        .unwrap_or_default()
        .split_once(": ")
        .unwrap_or_default();
    // Spaces inside a path are written with a backslash.
    let files = files.replace("\\ ", "\0");
    let mut inputs = Vec::new();
    for file in files
        .split_whitespace()
        .map(|file| PathBuf::from(file.replace('\0', " ")))
    {
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

/// Copies an executable to its place, whole or not at all.
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub fn keep_program(executable: &Path, inputs: &[PathBuf], kept: &Path) -> Result<PathBuf> {
    let programs = kept.parent().unwrap_or(Path::new("."));
    crate::files::make_folder(programs)?;
    forget_old_programs(programs);
    let fresh = tempfile::Builder::new()
        .prefix(".new-")
        .tempdir_in(programs)
        .map_err(Error::io(programs, "writing"))?;
    let target = fresh.path().join(EXECUTABLE);
    std::fs::copy(executable, &target).map_err(Error::io(&target, "writing"))?;
    let lines = inputs
        .iter()
        .filter_map(|path| Some(format!("{} {}\n", file_hash(path)?, path.display())));
    let list = fresh.path().join("inputs");
    std::fs::write(&list, lines.collect::<String>()).map_err(Error::io(&list, "writing"))?;
    let _ = std::fs::remove_dir_all(kept);
    match std::fs::rename(fresh.path(), kept) {
        Ok(()) => drop(fresh.keep()),
        // Another run has just put the same program there.
        Err(_) if kept.join(EXECUTABLE).is_file() => {}
        Err(error) => return Err(Error::io(kept, "writing")(error)),
    }
    Ok(kept.join(EXECUTABLE))
}

fn forget_old_programs(programs: &Path) {
    let entries = std::fs::read_dir(programs).into_iter().flatten().flatten();
    let used = |path: &Path| {
        std::fs::metadata(path.join("inputs"))
            .and_then(|m| m.modified())
            .ok()
    };
    let mut kept: Vec<_> = entries
        .filter(|entry| !is_abandoned(entry) || std::fs::remove_dir_all(entry.path()).is_err())
        .filter_map(|entry| Some((used(&entry.path())?, entry.path())))
        .collect();
    kept.sort();
    let mut room = ROOM_FOR_PROGRAMS;
    for (_, path) in kept.into_iter().rev() {
        match room.checked_sub(size(&path)) {
            Some(left) => room = left,
            None => remove(&path),
        }
    }
}

/// Whether a run that was killed has left this in the middle of copying.
fn is_abandoned(entry: &std::fs::DirEntry) -> bool {
    const LONG: Duration = Duration::from_secs(3600);
    let changed = entry.metadata().and_then(|metadata| metadata.modified());
    let age = changed.ok().and_then(|at| at.elapsed().ok());
    entry.file_name().to_string_lossy().starts_with(".new-") && age.is_some_and(|age| age > LONG)
}

/// Forgets the packages that were compiled longest ago, if those of a target directory take too much room.
pub fn forget_old_packages(target: &Path) {
    let compiled = |folder: &Path| {
        let source = std::fs::metadata(folder.join("src/main.rs"));
        source
            .and_then(|source| source.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let mut packages = packages(target);
    packages.sort_by_key(|folder| std::cmp::Reverse(compiled(folder)));
    let mut room = ROOM_FOR_PACKAGES;
    for folder in packages {
        let taken = made_of(target, &folder).iter().map(|path| size(path)).sum();
        match room.checked_sub(taken) {
            Some(left) => room = left,
            None => forget_package(target, &folder),
        }
    }
}

/// The folders of the packages in a target directory.
fn packages(target: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(target.join("radio"));
    entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|folder| folder.join("src").is_dir())
        .collect()
}

/// Removes a package, and what cargo and the compiler made of it; unless another run is compiling it.
fn forget_package(target: &Path, folder: &Path) {
    let lock = std::fs::File::create(folder.join("lock"));
    if !lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
        return;
    }
    for path in made_of(target, folder) {
        remove(&path);
    }
    remove(folder);
}

/// What cargo and the compiler made of a package: all that has its name.
fn made_of(target: &Path, folder: &Path) -> Vec<PathBuf> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let is_its = |entry: &std::fs::DirEntry| {
        let found = entry.file_name();
        let rest = found.to_str().and_then(|found| found.strip_prefix(&*name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
    };
    let places = [
        "debug",
        "debug/deps",
        "debug/incremental",
        "debug/.fingerprint",
    ];
    places
        .iter()
        .flat_map(|place| std::fs::read_dir(target.join(place)).into_iter().flatten())
        .flatten()
        .filter(is_its)
        .map(|entry| entry.path())
        .collect()
}

fn remove(path: &Path) {
    // What cannot be removed is no worse than before.
    let _ = match path.is_dir() {
        true => std::fs::remove_dir_all(path),
        false => std::fs::remove_file(path),
    };
}

/// The arguments of `radio clean`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A folder of notebooks: what was compiled for the notebooks of its workspace is removed; or, where it lies in no
    /// workspace, what was compiled for all notebooks in none
    #[arg(default_value = ".")]
    folder: PathBuf,
}

/// Removes all that is kept for the notebooks of a workspace. Compiled libraries stay, unless nobody but `radio` uses them.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be found, or what is kept cannot be removed.
pub fn clean(arguments: &Arguments) -> Result<bool> {
    let folder = &arguments.folder;
    let folder = std::fs::canonicalize(folder).map_err(Error::io(folder, "finding"))?;
    let target = target_of(&folder)?;
    let before = size(&target);
    for package in packages(&target) {
        forget_package(&target, &package);
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

    #[test]
    fn a_package_goes_with_all_that_was_made_of_it() {
        let target = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = target.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        };
        for name in [
            "radio/notebook_a_1/src/main.rs",
            "radio/notebook_ab_2/src/main.rs",
            "debug/notebook_a_1",
            "debug/notebook_a_1.d",
            "debug/deps/notebook_a_1-77.d",
            "debug/incremental/notebook_a_1-88/state",
            "debug/incremental/notebook_ab_2-88/state",
            "debug/deps/libother-1.rlib",
        ] {
            make(name);
        }
        let folder = target.path().join("radio/notebook_a_1");
        assert_eq!(made_of(target.path(), &folder).len(), 4);
        // Another run is at it.
        let lock = std::fs::File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        forget_package(target.path(), &folder);
        assert!(folder.is_dir());
        drop(lock);
        forget_package(target.path(), &folder);
        assert!(!folder.exists() && made_of(target.path(), &folder).is_empty());
        assert_eq!(packages(target.path()).len(), 1);
        assert_eq!(size(target.path()), 3);
        forget_old_packages(target.path());
        assert_eq!(size(target.path()), 3);
    }
}
