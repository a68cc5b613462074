//! Files that are written whole or not at all: beside their place, then renamed.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Result};

/// How many files this process has begun to write: two threads never write the same one.
static BESIDE: AtomicU64 = AtomicU64::new(0);

/// Where a file is written before it is renamed.
fn beside(path: &Path, number: u64) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}-{number}.part", std::process::id()));
    beside.into()
}

/// A new file beside, with its path. One that another program left there stays.
fn create_beside(path: &Path) -> std::io::Result<(File, PathBuf)> {
    loop {
        let beside = beside(path, BESIDE.fetch_add(1, Ordering::Relaxed));
        match File::create_new(&beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (file, beside)),
        }
    }
}

/// Writes the parts, one after the other.
///
/// # Errors
///
/// [`Error::Io`] where the system refuses.
pub(crate) fn write_whole(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let io = |source| Error::Io {
        path: path.into(),
        source,
    };
    let (mut file, beside) = create_beside(path).map_err(io)?;
    let mut write = || {
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    write().map_err(|source| {
        // What has been written is of no use; if it cannot be removed either, the first error says more.
        let _ = std::fs::remove_file(&beside);
        io(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_threads_may_write_to_one_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers");
        std::thread::scope(|scope| {
            for thread in [b"0", b"1"] {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..50 {
                        write_whole(path, &[&thread.repeat(500), &thread.repeat(500)]).unwrap();
                    }
                });
            }
        });
        let written = std::fs::read(&path).unwrap();
        assert!([b"0", b"1"].iter().any(|of| of.repeat(1000) == written));
        let files = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1, "nothing is left beside");
    }

    #[test]
    fn what_another_program_left_beside_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers");
        let next = BESIDE.load(Ordering::Relaxed);
        let left: Vec<_> = (next..next + 200).map(|n| beside(&path, n)).collect();
        for path in &left {
            std::fs::write(path, "left").unwrap();
        }
        write_whole(&path, &[b"1"]).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"1");
        for path in &left {
            assert_eq!(std::fs::read_to_string(path).unwrap(), "left");
        }
    }
}
