//! Where the compiler is. A Jupyter that was not started from a shell may not have it in `PATH`.

use std::env;
use std::path::{Path, PathBuf};

/// The folder of the first `rustc` in `PATH`.
pub fn find_tools() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).find(|folder| has_rustc(folder))
}

fn has_rustc(folder: &Path) -> bool {
    folder
        .join("rustc")
        .with_extension(env::consts::EXE_EXTENSION)
        .is_file()
}

/// Adds the folder of rustc and cargo to the end of `PATH`, if there is no rustc.
///
/// # Safety
/// No other thread may be running.
pub unsafe fn add_tools(folder: &Path) {
    if find_tools().is_some() {
        return;
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([folder.to_owned()]);
    if let Ok(path) = env::join_paths(folders) {
        // SAFETY: the caller says so.
        unsafe { env::set_var("PATH", path) };
    }
}
