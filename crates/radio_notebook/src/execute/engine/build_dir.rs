//! Build directories for the embedded evcxr that stay, so that libraries are compiled once.

use crate::build::place::{own_target, target_of};
use crate::error::{Error, Result};
use crate::files;
use std::fs::File;
use std::path::{Path, PathBuf};

/// How many notebooks can be executed by evcxr at the same time.
const MOST: usize = 64;

/// Where cargo finds it, above the build directories: libraries are optimised as those of compiled notebooks are,
/// whatever `:opt` says of the cells.
const CARGO_CONFIG: &str = "[profile.dev.package.\"*\"]
opt-level = 3
debug-assertions = false
overflow-checks = false
";

/// A build directory that is used by nobody else until this is dropped.
#[derive(Debug)]
pub struct BuildDir {
    path: PathBuf,
    /// Locked. The system unlocks it however `radio` ends.
    _lock: File,
}

impl BuildDir {
    /// Takes the first free build directory for the notebooks in `folder`: the user's cache has them, or the target
    /// directory if that lies in no package.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be made, [`Error::Argument`] if all are in use.
    pub fn take(folder: &Path) -> Result<BuildDir> {
        let mut target = target_of(folder)?;
        // evcxr hands the names of files to its child processes between spaces; and cargo takes a package that lies in
        // a workspace for a part of it.
        let is_in_package = |path: &Path| path.ancestors().any(|up| up.join("Cargo.toml").exists());
        if has_space(&target) || is_in_package(&target) {
            target = own_target();
        }
        let all = target.join("radio/evcxr");
        if has_space(&all) {
            return Err(Error::Argument(format!(
                "--engine evcxr: evcxr cannot work in {}, which has a space in its name; set CARGO_TARGET_DIR to \
                 a folder that has none and lies in no package",
                all.display()
            )));
        }
        files::write_whole(&all.join(".cargo/config.toml"), CARGO_CONFIG.as_bytes())?;
        for number in 0..MOST {
            let lock = all.join(format!("slot{number}.lock"));
            let file = File::create(&lock).map_err(Error::io(&lock, "writing"))?;
            if file.try_lock().is_ok() {
                let path = all.join(format!("slot{number}"));
                files::make_folder(&path)?;
                return Ok(BuildDir { path, _lock: file });
            }
        }
        Err(Error::Argument(format!(
            "--engine evcxr: {MOST} notebooks are being executed already; wait for one of them"
        )))
    }

    /// The build directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn has_space(path: &Path) -> bool {
    path.to_string_lossy().contains(char::is_whitespace)
}
