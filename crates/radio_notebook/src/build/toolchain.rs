//! The compiler itself, what it finds beside it, and what is compiled once with it: the runtime and the host.

use super::place::{length, put_in_place, target_of, write};
use super::tools::{fault_of_the_system, follow, tool};
use crate::error::{Error, Result};
use crate::hash::hash_of;
use crate::interrupt::Group;
use crate::lock;
use radio_runtime::SOURCES;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The variables of the environment that change what the compiler makes.
const SETTINGS: [&str; 2] = ["CARGO_BUILD_TARGET", "RUSTC_WRAPPER"];

/// The system's linker, which links a small object in a quarter of the time that the compiler's own takes; else that.
fn linker(libraries: &Path) -> Option<(PathBuf, &'static [&'static str])> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&path).map(|folder| folder.join("ld"));
    if let Some(own) = found.find(|file| file.is_file()) {
        return Some((own, &[]));
    }
    let lld = libraries.parent()?.join("bin/rust-lld");
    lld.is_file().then_some((lld, &["-flavor", "gnu"]))
}

/// A compiler and what belongs to it.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// The compiler itself, rather than the one that chooses it.
    pub rustc: PathBuf,
    /// The folder of the standard library.
    pub libraries: PathBuf,
    /// A linker to call by itself, with its first arguments, if there is one.
    pub linker: Option<(PathBuf, &'static [&'static str])>,
    /// What `rustc -vV` says, and the variables that change what it makes.
    pub version: String,
    /// Flags from the environment.
    pub flags: Vec<String>,
}

/// What every cell is linked to.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// The program that runs cells.
    pub host: PathBuf,
    /// The library that cells are compiled against.
    pub library: PathBuf,
}

fn broken(message: String) -> Error {
    Error::tool("rustc", message)
}

/// The compiler to ask: the one that `RUSTC` names, or the first in `PATH`.
pub(crate) fn chosen() -> PathBuf {
    std::env::var_os("RUSTC").map_or_else(|| "rustc".into(), PathBuf::from)
}

/// How long the compiler may take for what is quickly done.
const MAX_TIME: Duration = Duration::from_secs(120);

/// Has a compiler do something that is quickly done: what it says on stdout.
fn ask(compiler: &Path, folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = tool(compiler, folder);
    let started = Group::spawn(command.args(arguments));
    let deadline = Some(Instant::now() + MAX_TIME);
    let (mut said, mut complained) = (String::new(), String::new());
    let status = follow("rustc", started, deadline, &mut |is_stdout, line| {
        let to = if is_stdout {
            &mut said
        } else {
            &mut complained
        };
        to.push_str(&line);
        to.push('\n');
    })?;
    if status.success() {
        return Ok(said);
    }
    Err(broken(fault_of_the_system(&complained).unwrap_or_else(|| {
        format!(
            "`rustc {}` does not work ({status}): {}; fix the toolchain with `rustup update`, or unset RUSTC",
            arguments.join(" "),
            complained.trim()
        )
    })))
}

impl Toolchain {
    /// The toolchain for notebooks in `folder`. Asked once a folder: it takes as long as a short notebook.
    ///
    /// # Errors
    /// [`Error::Tool`] if there is no compiler that works.
    pub fn find(folder: &Path) -> Result<Toolchain> {
        static KNOWN: Mutex<Vec<(PathBuf, Toolchain)>> = Mutex::new(Vec::new());
        // Locked while asking: notebooks that begin at the same time share one answer.
        let mut known = lock(&KNOWN);
        if let Some((_, toolchain)) = known.iter().find(|(of, _)| of == folder) {
            return Ok(toolchain.clone());
        }
        let toolchain = Toolchain::look(folder)?;
        known.push((folder.to_owned(), toolchain.clone()));
        Ok(toolchain)
    }

    /// What the compiler says in `folder` when it is given these arguments.
    ///
    /// # Errors
    /// [`Error::Tool`] if it does not like them.
    pub fn ask(&self, folder: &Path, arguments: &[&str]) -> Result<String> {
        ask(&self.rustc, folder, arguments)
    }

    fn look(folder: &Path) -> Result<Toolchain> {
        let chosen = chosen();
        let said = ask(
            &chosen,
            folder,
            &["--print=sysroot", "--print=target-libdir"],
        )?;
        let mut lines = said.lines().map(PathBuf::from);
        let (Some(sysroot), Some(libraries)) = (lines.next(), lines.next()) else {
            return Err(broken(format!(
                "does not say where its libraries are: {said:?}"
            )));
        };
        let own = sysroot.join("bin").join("rustc");
        let rustc = if own.is_file() { own } else { chosen };
        let mut version = ask(&rustc, folder, &["-vV"])?;
        for name in SETTINGS {
            let value = std::env::var(name).unwrap_or_default();
            version.push_str(&format!("{name}={value}\n"));
        }
        let linker = linker(&libraries).filter(|_| cfg!(target_os = "linux"));
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let flags = super::cargo::flags(&target_of(folder)?, host.unwrap_or_default());
        Ok(Toolchain {
            rustc,
            libraries,
            linker,
            version,
            flags,
        })
    }

    /// The runtime and the host for this toolchain, kept in `target`.
    ///
    /// # Errors
    /// [`Error::Io`] if they cannot be written, [`Error::Tool`] if the compiler refuses them.
    pub fn runtime(&self, target: &Path) -> Result<Runtime> {
        let key = hash_of(&(
            &self.version,
            &self.rustc,
            SOURCES,
            env!("CARGO_PKG_VERSION"),
        ));
        let folder = target.join("radio/runtime").join(&key);
        let runtime = Runtime {
            host: folder.join("host"),
            library: folder.join(LIBRARY),
        };
        let is_whole = || length(&runtime.host) > 0 && length(&runtime.library) > 0;
        if is_whole() {
            return Ok(runtime);
        }
        let parent = target.join("radio/runtime");
        crate::files::make_folder(&parent)?;
        let fresh = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&parent)
            .map_err(Error::io(&parent, "writing"))?;
        for (name, text) in SOURCES {
            write(&fresh.path().join(name), text)?;
        }
        write(&fresh.path().join("host.rs"), HOST)?;
        let run = |arguments: &[&str]| -> Result<()> {
            let always = ["--edition=2024", "-Cprefer-dynamic", "-Copt-level=1"];
            match ask(&self.rustc, fresh.path(), &[&always, arguments].concat()) {
                Ok(_) => Ok(()),
                Err(Error::Tool { message, .. }) => Err(broken(format!(
                    "the runtime of cells cannot be compiled in {}: {message}",
                    folder.display()
                ))),
                Err(error) => Err(error),
            }
        };
        run(&["--crate-name=radio_runtime", "--crate-type=dylib", "lib.rs"])?;
        let library = format!("radio_runtime={LIBRARY}");
        // The program finds the standard library where the compiler has it, and the runtime beside itself.
        let beside = match cfg!(target_os = "macos") {
            true => "@loader_path",
            false => "$ORIGIN",
        };
        let places = [&*self.libraries.to_string_lossy(), beside];
        let places = places.map(|place| format!("-Clink-arg=-Wl,-rpath,{place}"));
        // Cells may call what only the library of mathematics has.
        let mathematics = match cfg!(target_os = "linux") {
            true => "-Clink-args=-Wl,--no-as-needed -lm",
            false => "-Clink-args=-lm",
        };
        run(&[
            "--crate-name=host",
            "--crate-type=bin",
            &places[0],
            &places[1],
            mathematics,
            "--extern",
            &library,
            "-L.",
            "host.rs",
        ])?;
        put_in_place(fresh, &folder, is_whole)?;
        Ok(runtime)
    }
}

/// The program that runs cells.
const HOST: &str = "fn main() {
    radio_runtime::host()
}
";

/// The file of the runtime's library.
const LIBRARY: &str = if cfg!(target_os = "macos") {
    "libradio_runtime.dylib"
} else {
    "libradio_runtime.so"
};
