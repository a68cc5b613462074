//! The dependencies of cells, built by cargo once a set, as a dynamic library that all cells share: there is one copy
//! of each crate's statics, and a cell pays for the crates that it names.
//!
//! Cargo builds the crates of a set as it builds those of any package, with the versions of the workspace's lock file.
//! What it said is kept: as long as the crates and their sources are what they were, cargo is not asked again. A set
//! that grows from an earlier one of the same notebook shares the crates that are the same, down to their features,
//! with that: the host has them already, and only what is new goes into the new library.

use super::cache::{file_hash, forget_old_meanwhile, inputs, touch};
use super::cargo;
use super::place::{with_way_out, write};
use super::toolchain::Toolchain;
use super::tools::{Heard, cargo_program, fault_of_the_system, hear, may_go_on, tool};
use crate::error::{Error, Result};
use crate::files::make_folder;
use crate::hash::hash_of;
use crate::program::Build;
use crate::program::compiled::{Set, Stamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// What cargo made of a set, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Made {
    externs: Vec<(String, PathBuf)>,
    /// The compiled crates that are no procedural macros, and which build of each.
    crates: BTreeMap<PathBuf, Stamp>,
    /// Where the linker finds what build scripts made.
    native: Vec<String>,
    search: PathBuf,
    /// The sources and manifests of the crates that lie in folders, and hashes of what they hold.
    sources: Vec<(PathBuf, String)>,
}

impl Made {
    /// What is kept, if all is as it was.
    fn read(path: &Path) -> Option<Made> {
        let made: Made = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let is_same = |(path, was): &(PathBuf, String)| file_hash(path).as_ref() == Some(was);
        let holds = made.crates_hold() && made.sources.iter().all(is_same);
        touch(path);
        holds.then_some(made)
    }

    /// A crate of `set` that this has another build of.
    fn rebuilt(&self, set: &Set) -> Option<&Path> {
        let is_other = |(path, stamp): &(&PathBuf, &Stamp)| {
            set.crates.get(*path).is_some_and(|known| known != *stamp)
        };
        let (path, _) = self.crates.iter().find(is_other)?;
        Some(path)
    }

    /// Whether no crate was compiled anew meanwhile.
    fn crates_hold(&self) -> bool {
        let mut crates = self.crates.iter();
        crates.all(|(path, was)| cargo::stamp(path).as_ref() == Some(was))
    }
}

/// What came of building a set.
#[derive(Debug)]
pub enum Built {
    /// It is there.
    Set(Arc<Set>),
    /// The dependencies could not be found or compiled: cargo's own words.
    Refused(String),
}

/// Builds sets.
#[derive(Clone, Debug)]
pub struct Builder {
    /// Cargo's target directory.
    pub target: PathBuf,
    /// The folder of the notebook.
    pub notebook: PathBuf,
    /// The compiler.
    pub toolchain: Toolchain,
    /// When building is to end, done or not.
    pub deadline: Option<Instant>,
}

impl Builder {
    /// Builds the crates that `dependencies` name, with cargo's specifications and absolute paths, as a set that grows
    /// from `base`. `progress` hears what cargo is doing.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Tool`] for trouble with files and tools, [`Error::Interrupted`] after Ctrl-C,
    /// [`Error::TimedOut`] at the deadline. Dependencies that cannot be built are no error here, but
    /// [`Built::Refused`].
    pub fn build(
        &self,
        dependencies: &BTreeMap<String, toml::Value>,
        settings: &Build,
        base: Option<&Arc<Set>>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Built> {
        let lock_path = crate::build::lock::of(&self.notebook, dependencies.values());
        let lock = lock_path
            .as_ref()
            .and_then(|path| std::fs::read_to_string(path).ok())
            .unwrap_or_default();
        let sets = self.target.join("radio/sets");
        let outside = cargo::settings(&sets);
        let name = hash_of(&(
            manifest("", dependencies),
            &lock,
            &self.toolchain.version,
            &settings.environment,
            outside,
        ));
        let package = format!("radio_set_{name}");
        let folder = sets.join(&name);
        let kept = folder.join("made.json");
        let made = match Made::read(&kept) {
            Some(made) => made,
            None => {
                let _ = forget_old_meanwhile(&self.target);
                make_folder(&folder.join("src")).map_err(with_way_out)?;
                // Two runs that want the same take turns.
                let _guard = self.take_turn(&folder)?;
                match Made::read(&kept) {
                    Some(made) => made,
                    None => {
                        write(
                            &folder.join("Cargo.toml"),
                            &manifest(&package, dependencies),
                        )?;
                        if !folder.join("Cargo.lock").is_file() && !lock.is_empty() {
                            write(&folder.join("Cargo.lock"), &lock)?;
                        }
                        match self.ask_cargo(&folder, &package, settings, progress)? {
                            Ok(made) => {
                                let text = serde_json::to_vec(&made).unwrap_or_default();
                                crate::files::write_whole(&kept, &text)?;
                                made
                            }
                            Err(why) if why.contains("failed to parse lock file") => {
                                return self.refused_lock(&folder, lock_path, &lock, why);
                            }
                            Err(why) => return Ok(Built::Refused(why)),
                        }
                    }
                }
            }
        };
        if let Some(path) = base.and_then(|base| made.rebuilt(base)) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = name.strip_prefix("lib").unwrap_or(&name);
            let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
            return Ok(Built::Refused(format!(
                "`{name}` was compiled anew since this notebook began, and cells have the old one: run the \
                 notebook from its start"
            )));
        }
        match self.link(made, folder, base)? {
            Some(set) => Ok(Built::Set(set)),
            None => self.build(dependencies, settings, base, progress),
        }
    }

    /// What to say of a lock file that cargo cannot read. A copy of ours that a killed cargo left is made anew.
    fn refused_lock(
        &self,
        folder: &Path,
        origin: Option<PathBuf>,
        lock: &str,
        why: String,
    ) -> Result<Built> {
        let _ = std::fs::remove_file(folder.join("Cargo.lock"));
        match origin {
            Some(path) if lock.parse::<toml::Table>().is_err() => Err(Error::document(
                path,
                "this lock file is broken: restore it, or delete it and run `cargo generate-lockfile`",
            )),
            _ => Ok(Built::Refused(format!(
                "{why}\nrun it once more: the broken lock file is removed"
            ))),
        }
    }

    fn take_turn(&self, folder: &Path) -> Result<Option<std::fs::File>> {
        let path = folder.join("lock");
        let file = std::fs::File::create(&path).map_err(Error::io(&path, "writing"))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                // Some file systems have no locks. Who runs a notebook twice at once there may see cargo complain.
                Err(std::fs::TryLockError::Error(_)) => return Ok(None),
                Err(_) => {
                    may_go_on("another run's cargo", self.deadline)?;
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }

    /// Has cargo build the package in `folder`.
    fn ask_cargo(
        &self,
        folder: &Path,
        package: &str,
        settings: &Build,
        progress: &mut dyn FnMut(&str),
    ) -> Result<std::result::Result<Made, String>> {
        // Always another text: cargo says how it calls the compiler only where it does.
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let text = format!("// {}\n", time.unwrap_or_default().as_nanos());
        write(&folder.join("src/lib.rs"), &text)?;
        let mut command = tool(cargo_program(), folder);
        command
            .args(["build", "--verbose", "--color=never"])
            .arg("--message-format=json-diagnostic-rendered-ansi")
            .arg("--manifest-path")
            .arg(folder.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &self.target)
            .env_remove("CARGO_PROFILE_DEV_OPT_LEVEL")
            .envs(&settings.environment);
        if settings.offline {
            command.arg("--offline");
        }
        let mut heard = Heard::default();
        let (mut call, mut crates, mut native, mut own) = (None, Vec::new(), Vec::new(), None);
        let mut foreign = String::new();
        let status = hear(
            "cargo",
            &mut command,
            self.deadline,
            &mut |is_message, line| {
                if !is_message {
                    match cargo::announced(&line, package) {
                        Some(announced) => call = Some(announced),
                        None => heard.line(&line, progress),
                    }
                    return;
                }
                let Ok(message) = serde_json::from_str::<serde_json::Value>(&line) else {
                    return;
                };
                match message["reason"].as_str() {
                    Some("compiler-artifact") => {
                        let kinds = message["target"]["kind"].as_array().into_iter().flatten();
                        let is_library = kinds.into_iter().any(|kind| {
                            kind.as_str().is_some_and(|kind| {
                                kind == "lib" || kind == "rlib" || kind == "dylib"
                            })
                        });
                        let files = message["filenames"].as_array().into_iter().flatten();
                        let files = files.filter_map(|file| Some(PathBuf::from(file.as_str()?)));
                        let mut rlibs = files.filter(|f| crate::files::ends_in(f, "rlib"));
                        if message["target"]["name"] == package {
                            own = rlibs.next();
                        } else if is_library {
                            crates.extend(rlibs);
                        }
                    }
                    Some("build-script-executed") => {
                        let paths = message["linked_paths"].as_array().into_iter().flatten();
                        native.extend(paths.filter_map(|path| path.as_str().map(str::to_owned)));
                    }
                    Some("compiler-message") if message["message"]["level"] == "error" => {
                        foreign
                            .push_str(message["message"]["rendered"].as_str().unwrap_or_default());
                    }
                    _ => {}
                }
            },
        )?;
        let made = call.filter(|_| status.success()).and_then(|call| {
            let own = own?;
            let externs = call
                .windows(2)
                .filter(|pair| pair[0] == "--extern")
                .filter_map(|pair| pair[1].split_once('='))
                .map(|(name, path)| {
                    let name = name.rsplit(':').next().unwrap_or(name);
                    (name.to_owned(), with_code(Path::new(path)))
                })
                .collect();
            let search = call
                .windows(2)
                .find_map(|pair| {
                    pair[1]
                        .strip_prefix("dependency=")
                        .filter(|_| pair[0] == "-L")
                })
                .map(PathBuf::from)
                .or_else(|| Some(own.parent()?.join("deps")))?;
            let crates = crates
                .into_iter()
                .map(|path| cargo::stamp(&path).map(|stamp| (path, stamp)));
            let sources = inputs(&own, folder);
            let sources = sources
                .iter()
                .map(|path| Some((path.clone(), file_hash(path)?)));
            Some(Made {
                externs,
                crates: crates.collect::<Option<_>>()?,
                native,
                search,
                sources: sources.collect::<Option<_>>()?,
            })
        });
        if let Some(made) = made {
            return Ok(Ok(made));
        }
        let said = heard.what_went_wrong();
        let why = format!("{foreign}{said}").replace(&*folder.to_string_lossy(), "the notebook");
        match fault_of_the_system(&why) {
            Some(fault) => Err(Error::tool(
                "cargo",
                format!(
                    "the notebook cannot be compiled in {}: {fault}",
                    self.target.display()
                ),
            )),
            None => Ok(Err(why.trim_end().to_owned())),
        }
    }

    /// Links what `base` does not have into a library; `None` if another run had cargo compile a crate anew meanwhile.
    fn link(
        &self,
        made: Made,
        folder: PathBuf,
        base: Option<&Arc<Set>>,
    ) -> Result<Option<Arc<Set>>> {
        let known = base.map(|base| &base.crates);
        let is_known = |path: &PathBuf| known.is_some_and(|known| known.contains_key(path));
        let adds_nothing = made.crates.keys().all(is_known);
        let of_base = base.map(|base| base.key.clone()).unwrap_or_default();
        let key = hash_of(&(&made.crates, &made.externs, &folder, of_base));
        let mut set = Set {
            key: key.clone(),
            folder: folder.clone(),
            externs: made.externs.clone(),
            search: made.search.clone(),
            library: None,
            crates: made.crates.clone(),
            base: base.cloned(),
        };
        if let Some(base) = base {
            let crates = base.crates.iter();
            set.crates
                .extend(crates.map(|(path, stamp)| (path.clone(), *stamp)));
        }
        if adds_nothing {
            return Ok(Some(Arc::new(set)));
        }
        let name = format!("radio_set_{key}");
        let library = folder.join(format!("{}{name}{}", "lib", std::env::consts::DLL_SUFFIX));
        set.library = Some(library.clone());
        if library.is_file() {
            return Ok(Some(Arc::new(set)));
        }
        let mut text = String::from("#![allow(warnings)]\n");
        let mut command = tool(&self.toolchain.rustc, &folder);
        for (name, path) in &set.externs {
            if crate::files::ends_in(path, "rlib") {
                text.push_str(&format!("extern crate {name};\n"));
                command
                    .arg("--extern")
                    .arg(format!("{name}={}", path.display()));
            }
        }
        let mut earlier = base.cloned();
        while let Some(set) = earlier {
            if let Some(library) = &set.library {
                let name = format!("radio_set_{}", set.key);
                text.push_str(&format!("extern crate {name};\n"));
                command
                    .arg("--extern")
                    .arg(format!("{name}={}", library.display()));
                let place = library.parent().unwrap_or(Path::new("."));
                command
                    .arg("-L")
                    .arg(format!("dependency={}", place.display()));
            }
            earlier = set.base.clone();
        }
        let source = folder.join(format!("{name}.rs"));
        write(&source, &text)?;
        let fresh = tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(&folder)
            .map_err(Error::io(&folder, "writing"))?;
        command
            .args(["--edition=2024", "--crate-type=dylib", "-Cprefer-dynamic"])
            .args(["-Copt-level=0", "-Cdebuginfo=0", "--crate-name", &name])
            .args(&self.toolchain.flags)
            .arg(format!("-Cmetadata={key}"))
            .arg(format!("-Ldependency={}", set.search.display()))
            .arg("-o")
            .arg(fresh.path().join("library"))
            .arg(&source);
        if cfg!(target_os = "linux") {
            let soname = library.file_name().unwrap_or_default().to_string_lossy();
            command.arg(format!("-Clink-arg=-Wl,-soname,{soname}"));
        }
        for path in &made.native {
            command.arg("-L").arg(path);
        }
        let mut said = String::new();
        let status = hear("rustc", &mut command, self.deadline, &mut |_, line| {
            said.push_str(&line);
            said.push('\n');
        })?;
        if !made.crates_hold() {
            return Ok(None);
        }
        if !status.success() {
            return Err(Error::tool(
                "rustc",
                format!(
                    "the dependencies cannot be linked in {}: {}",
                    folder.display(),
                    fault_of_the_system(&said).unwrap_or(said)
                ),
            ));
        }
        let linked = fresh.path().join("library");
        std::fs::rename(&linked, &library).map_err(Error::io(&library, "writing"))?;
        Ok(Some(Arc::new(set)))
    }
}

/// The file with a crate's code, for one that has what the compiler needs to know of it alone.
fn with_code(path: &Path) -> PathBuf {
    match crate::files::ends_in(path, "rmeta") {
        true => path.with_extension("rlib"),
        false => path.to_owned(),
    }
}

/// The manifest of a set's package.
fn manifest(package: &str, dependencies: &BTreeMap<String, toml::Value>) -> String {
    let table = |entries: &[(&str, toml::Value)]| -> toml::Value {
        let entries = entries.iter();
        let entries = entries.map(|(key, value)| ((*key).to_owned(), value.clone()));
        entries.collect::<toml::Table>().into()
    };
    let dependencies: toml::Table = dependencies.clone().into_iter().collect();
    let dev = table(&[
        ("opt-level", 3.into()),
        ("debug", false.into()),
        ("debug-assertions", false.into()),
        ("overflow-checks", false.into()),
        // An interrupted incremental build of an optimised library can leave it unlinkable.
        ("incremental", false.into()),
    ]);
    let manifest = toml::Table::from_iter(
        [
            (
                "package",
                table(&[
                    ("name", package.into()),
                    ("version", "0.0.0".into()),
                    ("edition", "2024".into()),
                    ("publish", false.into()),
                ]),
            ),
            ("dependencies", dependencies.into()),
            // A workspace of its own, wherever it lies.
            ("workspace", table(&[])),
            ("profile", table(&[("dev", dev)])),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    manifest.to_string()
}
