//! Results in files, whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use datafusion::prelude::DataFrame;

use crate::session::{FileFormat, Session};
use crate::{Error, Result};

/// A folder that a result is written to: beside it first, then it is renamed.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    format: FileFormat,
}

impl Output {
    /// A folder that is not there yet, or is empty.
    ///
    /// # Errors
    ///
    /// [`Error::File`] if something is there already, and [`Error::Io`] where the system refuses.
    pub fn new(folder: impl Into<PathBuf>, format: FileFormat) -> Result<Self> {
        let folder = folder.into();
        match fs::read_dir(&folder) {
            Ok(entries) => {
                if entries.count() == 0 {
                    return Ok(Self { folder, format });
                }
                return Err(Error::file(
                    folder,
                    "the folder has something in it; remove it, or name another",
                ));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(_) if folder.exists() => {
                return Err(Error::file(
                    folder,
                    "there is a file of this name; a folder is written",
                ));
            }
            Err(error) => return Err(Error::io(folder, error)),
        }
        Ok(Self { folder, format })
    }

    /// Executes a plan into a file of this name in the folder, and says which.
    ///
    /// # Errors
    ///
    /// What stops a plan, and [`Error::Io`] where the system refuses.
    pub async fn write(&self, session: &Session, name: &str, frame: DataFrame) -> Result<PathBuf> {
        let [file] = self.write_all(session, [(name, frame)]).await?;
        Ok(file)
    }

    /// Executes plans into files of these names in the folder, all of them or none, and says which.
    ///
    /// # Errors
    ///
    /// What stops a plan, and [`Error::Io`] where the system refuses.
    pub async fn write_all<const N: usize>(
        &self,
        session: &Session,
        results: [(&str, DataFrame); N],
    ) -> Result<[PathBuf; N]> {
        let beside = Beside::new(&self.folder)?;
        let files = results
            .each_ref()
            .map(|(name, _)| format!("{name}.{}", self.format.extension()));
        for ((name, frame), file) in results.into_iter().zip(&files) {
            session
                .write(name, frame, &beside.0.join(file), self.format)
                .await?;
        }
        // An empty folder would be in the way on some systems.
        match fs::remove_dir(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io(&self.folder, error));
            }
            _ => {}
        }
        fs::rename(&beside.0, &self.folder).map_err(|error| Error::io(&self.folder, error))?;
        Ok(files.map(|file| self.folder.join(file)))
    }
}

/// A folder beside another, which goes with what is in it unless it was renamed.
struct Beside(PathBuf);

impl Beside {
    fn new(folder: &Path) -> Result<Self> {
        let folder = std::path::absolute(folder).map_err(|error| Error::io(folder, error))?;
        let name = folder
            .file_name()
            .ok_or_else(|| Error::file(&folder, "a result needs a folder of its own"))?;
        let mut beside = name.to_owned();
        beside.push(format!(".partial-{}", std::process::id()));
        let beside = folder.with_file_name(beside);
        fs::create_dir_all(&beside).map_err(|error| Error::io(&beside, error))?;
        Ok(Self(beside))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
