//! Programs into executables, by cargo or by its last call of the compiler; what was compiled before is not compiled again.
//!
//! All notebooks of a workspace share its target directory and its lock file, and dependencies are compiled with the
//! settings that the workspace's own `Cargo.toml` has, so that cargo compiles each of them once. Executables are kept under
//! a key of everything that went into them.

use crate::cache::{file_hash, forget_old_packages, hash_of, inputs, keep_program, kept_program};
use crate::diagnostics::{self, Diagnostic};
use crate::dialect::FOLDER_VARIABLE;
use crate::error::{Error, Result};
use crate::interrupt::{self, Group};
use crate::invocation::{self, Invocation};
use crate::lock::workspace_of;
use crate::program::Program;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What compiling gave.
#[derive(Debug)]
pub enum Compiled {
    /// The program, ready to run.
    Executable(PathBuf),
    /// The compiler refused the cells.
    Refused(Vec<Diagnostic>),
    /// The dependencies could not be had or compiled: cargo's own words.
    Unbuildable(String),
}

impl Compiled {
    /// What the system refused to the compiler. No cell is to blame for that, and leaving one out does not help.
    fn fault_of_the_system(&self) -> Option<String> {
        let said = match self {
            Compiled::Executable(_) => return None,
            Compiled::Unbuildable(text) => text.clone(),
            Compiled::Refused(diagnostics) => diagnostics
                .iter()
                .filter(|diagnostic| diagnostic.cell().is_none())
                .flat_map(|d| std::iter::once(&d.message).chain(d.notes.iter().map(|(_, n)| n)))
                .flat_map(|text| [text.as_str(), "\n"])
                .collect(),
        };
        let is_fault = |line: &&str| SYSTEM_FAULTS.iter().any(|fault| line.contains(fault));
        said.lines()
            .find(is_fault)
            .map(|line| line.trim().to_owned())
    }
}

/// What the system says when it has no room or no right to give.
const SYSTEM_FAULTS: [&str; 11] = [
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "Read-only file system",
    "Permission denied",
    "Operation not permitted",
    "Input/output error",
    "Cannot allocate memory",
    "signal: 9, SIGKILL",
    "signal: 25, SIGXFSZ",
    "[Bus error]",
];

/// The place where programs are built and kept.
#[derive(Debug)]
pub struct Builder {
    /// Cargo's target directory.
    target: PathBuf,
    /// The folder of the notebooks.
    notebooks: PathBuf,
    /// The toolchain and the settings of the environment that change what it makes.
    toolchain: String,
    /// When compiling is to end, done or not.
    deadline: Option<Instant>,
}

impl Builder {
    /// The builder for notebooks in `folder`: the nearest workspace's target directory, or the user's cache where the folder
    /// lies in none.
    ///
    /// # Errors
    /// [`Error::Tool`] if there is no rustc, [`Error::Io`] if there is no place to build in.
    pub fn for_folder(folder: &Path) -> Result<Builder> {
        let target = target_of(folder)?;
        Ok(Builder {
            target,
            notebooks: folder.to_owned(),
            toolchain: toolchain()?,
            deadline: None,
        })
    }

    /// The same, which gives up at `deadline`.
    pub fn until(self, deadline: Option<Instant>) -> Builder {
        Builder { deadline, ..self }
    }

    /// Compiles a program, unless the same one was compiled before. `notebook` is the file it comes from; `progress` hears
    /// what cargo is doing.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Tool`] for trouble with files and cargo, [`Error::Interrupted`] after Ctrl-C and at the
    /// deadline. Errors in the cells are not errors here, but [`Compiled::Refused`].
    pub fn compile(
        &self,
        program: &Program,
        notebook: &Path,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Compiled> {
        let package = package_name(notebook);
        let folder = self.target.join("radio").join(&package);
        let manifest = manifest(&package, program);
        let lock_path = crate::lock::of(&self.notebooks, program.dependencies.values());
        let lock = lock_path
            .as_ref()
            .and_then(|path| std::fs::read_to_string(path).ok())
            .unwrap_or_default();
        let settings = format!("{:?}", program.build);
        let whole = (&program.source, &manifest, &lock, &self.toolchain);
        // Where the notebook lies matters if it includes files.
        let includes = program.source.contains(FOLDER_VARIABLE);
        let outside = invocation::settings(&folder);
        let place = includes.then_some(&self.notebooks);
        let key = hash_of(&(whole, &settings, &outside, place));
        let kept = self.target.join("radio").join("programs").join(&key);
        if let Some(executable) = kept_program(&kept) {
            return Ok(Compiled::Executable(executable));
        }
        let source = folder.join("src");
        if !source.is_dir() {
            forget_old_packages(&self.target);
        }
        crate::files::make_folder(&source).map_err(|error| match error {
            Error::Io { path, source, .. } if is_refused(&source) => Error::Tool {
                tool: "the notebook cannot be compiled".into(),
                message: format!(
                    "{} cannot be written ({source}); set CARGO_TARGET_DIR to a folder that can",
                    path.display()
                ),
            },
            other => other,
        })?;
        // Two runs of one notebook at the same time take turns here.
        let guard_path = folder.join("lock");
        let guard =
            std::fs::File::create(&guard_path).map_err(Error::io(&guard_path, "writing"))?;
        while let Err(refused) = guard.try_lock() {
            match refused {
                // Some file systems have no locks. Who runs a notebook twice at once there may see cargo complain.
                std::fs::TryLockError::Error(_) => break,
                std::fs::TryLockError::WouldBlock if is_to_end(self.deadline) => {
                    return Err(Error::Interrupted);
                }
                std::fs::TryLockError::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
        // The run that was waited for may have compiled the same.
        if let Some(executable) = kept_program(&kept) {
            return Ok(Compiled::Executable(executable));
        }
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(Error::io(&path, "writing"))
        };
        write("Cargo.toml", &manifest)?;
        write("src/main.rs", &program.source)?;
        let lock_origin = hash_of(&lock);
        if std::fs::read_to_string(folder.join("lock-origin"))
            .ok()
            .as_ref()
            != Some(&lock_origin)
        {
            let path = folder.join("Cargo.lock");
            match lock.as_str() {
                "" => drop(std::fs::remove_file(&path)),
                lock => write("Cargo.lock", lock)?,
            }
            write("lock-origin", &lock_origin)?;
        }
        let call_key = hash_of(&(&manifest, &lock, &self.toolchain, &settings, outside));
        let call_path = folder.join("invocation.json");
        if let Some(call) = Invocation::read(&call_path, &call_key, file_hash) {
            match self.repeat(&call, &folder, program, progress)? {
                Some(Compiled::Executable(executable)) => {
                    let included = inputs(&executable, &folder);
                    let inputs: Vec<_> =
                        call.inputs().map(Path::to_owned).chain(included).collect();
                    return keep_program(&executable, &inputs, &kept).map(Compiled::Executable);
                }
                Some(refused) => return Ok(refused),
                None => {}
            }
        }
        let mut call = None;
        let mut built = self.run_cargo(&folder, program, &mut call, progress)?;
        if let Compiled::Unbuildable(text) = &built
            && text.contains("failed to parse lock file")
        {
            // A cargo that was killed leaves half a lock file. If the next one refuses it too, it is the workspace's.
            if let Some(path) = lock_path
                .as_ref()
                .filter(|_| lock.parse::<toml::Table>().is_err())
            {
                return Err(Error::Document {
                    path: path.clone(),
                    message: "this lock file is broken: restore it, or delete it and run `cargo generate-lockfile`".into(),
                });
            }
            match lock.as_str() {
                "" => drop(std::fs::remove_file(folder.join("Cargo.lock"))),
                lock => write("Cargo.lock", lock)?,
            }
            built = self.run_cargo(&folder, program, &mut call, progress)?;
        }
        if let Some(fault) = built.fault_of_the_system() {
            return Err(Error::Tool {
                tool: "cargo".into(),
                message: format!(
                    "the notebook cannot be compiled in {}: {fault}",
                    self.target.display()
                ),
            });
        }
        if let Compiled::Executable(executable) = &built {
            let inputs = inputs(executable, &folder);
            let hashed = inputs
                .iter()
                .map(|path| Some((path.clone(), file_hash(path)?)));
            if let (Some(call), Some(hashed)) = (call, hashed.collect())
                && let Some(call) = Invocation::new(call_key, call, hashed)
            {
                call.write(&call_path);
            }
            return keep_program(executable, &inputs, &kept).map(Compiled::Executable);
        }
        Ok(built)
    }

    /// Has the compiler do again what cargo had it do, with the cells as they are now. `None` where cargo has to look: the
    /// libraries changed meanwhile, or there are errors that no cell is to blame for.
    fn repeat(
        &self,
        call: &Invocation,
        folder: &Path,
        program: &Program,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Option<Compiled>> {
        progress(&format!("Compiling {}", package_of(folder)));
        let (compiler, arguments) = call.arguments();
        let mut command = Command::new(compiler);
        command
            .args(arguments)
            .env("CARGO", cargo())
            .envs(invocation::environment(&package_of(folder), folder));
        self.prepare(&mut command, folder, program);
        let mut refused = Vec::new();
        let heard = hear("rustc", &mut command, self.deadline, &mut |_, line| {
            let message = serde_json::from_str(&line).unwrap_or_default();
            refused.extend(diagnostics::from_cargo(&message, program));
        });
        let status = match heard {
            // A compiler that is gone is cargo's to find.
            Err(Error::Tool { .. }) => return Ok(None),
            other => other?,
        };
        let is_of_a_cell = |d: &Diagnostic| {
            let is_placed = d.cell().is_some() || d.probe.is_some();
            is_placed && !invocation::is_library_error(d.code.as_deref())
        };
        Ok(match call.executable() {
            _ if !call.libraries_hold() => None,
            Some(executable) if status.success() => Some(Compiled::Executable(executable)),
            _ if !refused.is_empty() && refused.iter().all(is_of_a_cell) => {
                Some(Compiled::Refused(refused))
            }
            _ => None,
        })
    }

    /// Sets what cargo and the compiler alike need to know.
    fn prepare(&self, command: &mut Command, folder: &Path, program: &Program) {
        command
            .env(FOLDER_VARIABLE, &self.notebooks)
            .envs(&program.build.environment)
            // For code that nests as deeply as radio parses it; without, rustc crashes at 900 braces.
            .env("RUST_MIN_STACK", "268435456")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    /// Has cargo build the package in `folder`; `call` becomes the call of the compiler that cargo makes for it.
    fn run_cargo(
        &self,
        folder: &Path,
        program: &Program,
        call: &mut Option<Vec<String>>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Compiled> {
        let mut command = Command::new(cargo());
        command
            .args([
                "rustc",
                // So that it says how it calls the compiler.
                "--verbose",
                "--message-format=json-diagnostic-rendered-ansi",
                "--color=never",
                "--manifest-path",
            ])
            .arg(folder.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &self.target)
            .env_remove("CARGO_PROFILE_DEV_OPT_LEVEL");
        self.prepare(&mut command, folder, program);
        if program.build.offline {
            command.arg("--offline");
        }
        if let Some(linker) = &program.build.linker {
            // For the cells alone: other flags for the libraries would have them all compiled again.
            command.args(["--", &format!("-Clink-arg=-fuse-ld={linker}")]);
        }
        let (mut executable, mut refused, mut foreign, mut said) =
            (None, Vec::new(), String::new(), String::new());
        let package = package_of(folder);
        let status = hear(
            "cargo",
            &mut command,
            self.deadline,
            &mut |is_message, line| {
                if !is_message {
                    match Invocation::announced(&line, &package) {
                        Some(announced) => *call = Some(announced),
                        None if is_chatter(&line) => {}
                        None => {
                            progress(line.trim());
                            said.push_str(&line);
                            said.push('\n');
                        }
                    }
                    return;
                }
                let Ok(message) = serde_json::from_str::<serde_json::Value>(&line) else {
                    return;
                };
                let is_ours = message["target"]["name"] == package.as_str();
                match message["reason"].as_str() {
                    Some("compiler-artifact") if is_ours => {
                        executable = message["executable"].as_str().map(PathBuf::from)
                    }
                    Some("compiler-message") if is_ours => {
                        refused.extend(diagnostics::from_cargo(&message["message"], program))
                    }
                    Some("compiler-message") if message["message"]["level"] == "error" => {
                        foreign
                            .push_str(message["message"]["rendered"].as_str().unwrap_or_default());
                    }
                    _ => {}
                }
            },
        )?;
        match executable {
            Some(executable) if status.success() => Ok(Compiled::Executable(executable)),
            _ if !refused.is_empty() => Ok(Compiled::Refused(refused)),
            _ => {
                // What cargo is doing is not what went wrong.
                let busy = [
                    "Compiling",
                    "Updating",
                    "Locking",
                    "Adding",
                    "Downloading",
                    "Downloaded",
                    "Blocking",
                    "warning:",
                ];
                let wrong = said
                    .lines()
                    .filter(|line| !busy.iter().any(|word| line.trim_start().starts_with(word)));
                let wrong = wrong.collect::<Vec<_>>().join("\n");
                // What only a verbose cargo adds.
                let wrong = wrong.trim_end().trim_end_matches("\n\nCaused by:");
                Ok(Compiled::Unbuildable(
                    format!("{foreign}{wrong}").replace(&*folder.to_string_lossy(), "the notebook"),
                ))
            }
        }
    }
}

/// What only a verbose cargo says.
fn is_chatter(line: &str) -> bool {
    let line = line.trim_start();
    let is_progress = ["Dirty ", "Fresh ", "Running "]
        .iter()
        .any(|word| line.starts_with(word));
    let is_call = line.starts_with("process didn't exit successfully: `")
        && line.contains(" --crate-name ")
        && !line.contains("signal:");
    is_progress || is_call
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn package_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Whether the system does not let us write.
fn is_refused(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem)
}

/// Whether what is under way is to be given up.
fn is_to_end(deadline: Option<Instant>) -> bool {
    interrupt::requested() || deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// Runs a tool whose stdout and stderr are piped, and hands on each line: whether it was on stdout, and the line.
fn hear(
    tool: &str,
    command: &mut Command,
    deadline: Option<Instant>,
    hand_on: &mut dyn FnMut(bool, String),
) -> Result<ExitStatus> {
    let tool_error = |message: String| Error::Tool {
        tool: tool.into(),
        message,
    };
    let mut group = Group::spawn_watched(command).map_err(|e| {
        tool_error(format!(
            "could not be started ({e}); install Rust from https://rustup.rs"
        ))
    })?;
    let (sender, lines) = mpsc::channel();
    let stdout = group
        .child
        .stdout
        .take()
        .map(|pipe| Box::new(pipe) as Box<dyn std::io::Read + Send>);
    let stderr = group
        .child
        .stderr
        .take()
        .map(|pipe| Box::new(pipe) as Box<dyn std::io::Read + Send>);
    for (is_stdout, pipe) in [(true, stdout), (false, stderr)] {
        let sender = sender.clone();
        let pipe = pipe.ok_or_else(|| tool_error("has no output".into()))?;
        std::thread::spawn(move || {
            for line in BufReader::new(pipe)
                .split(b'\n')
                .map_while(std::io::Result::ok)
            {
                let line = String::from_utf8_lossy(&line).into_owned();
                if sender.send((is_stdout, line)).is_err() {
                    break;
                }
            }
        });
    }
    drop(sender);
    loop {
        if is_to_end(deadline) {
            return Err(Error::Interrupted);
        }
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok((is_stdout, line)) => hand_on(is_stdout, line),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    group
        .child
        .wait()
        .map_err(|e| tool_error(format!("could not be waited for: {e}")))
}

/// The target directory in which notebooks in `folder` are built.
///
/// # Errors
/// [`Error::Io`] if `CARGO_TARGET_DIR` cannot be used.
pub fn target_of(folder: &Path) -> Result<PathBuf> {
    match (std::env::var_os("CARGO_TARGET_DIR"), workspace_of(folder)) {
        (Some(chosen), _) => {
            std::path::absolute(&chosen).map_err(Error::io(&chosen, "finding the folder"))
        }
        (None, Some(workspace)) => Ok(workspace.join("target")),
        (None, None) => Ok(own_target()),
    }
}

/// The target directory of notebooks that lie in no workspace.
pub fn own_target() -> PathBuf {
    dirs::cache_dir()
        .unwrap_or_else(std::env::temp_dir)
        .join("radio")
}

/// What `rustc -vV` says, and the variables that change what cargo builds. Asked once: it takes as long as a short notebook.
fn toolchain() -> Result<String> {
    static KNOWN: std::sync::Mutex<Option<String>> = std::sync::Mutex::new(None);
    // Locked while asking: notebooks that begin at the same time share one answer.
    let mut known = KNOWN
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = &*known {
        return Ok(known.clone());
    }
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .arg("-vV")
        .output();
    let output = output.map_err(|e| Error::Tool {
        tool: "rustc".into(),
        message: format!("could not be started ({e}); install Rust from https://rustup.rs"),
    })?;
    if !output.status.success() {
        return Err(Error::Tool {
            tool: "rustc".into(),
            message: format!(
                "`rustc -vV` does not work ({}): {}; mend the toolchain with `rustup update`, or unset RUSTC",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            ),
        });
    }
    let mut toolchain = String::from_utf8_lossy(&output.stdout).into_owned();
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "RUSTC_WRAPPER",
    ] {
        toolchain.push_str(&format!(
            "{name}={}\n",
            std::env::var(name).unwrap_or_default()
        ));
    }
    Ok(known.insert(toolchain).clone())
}

/// A name for the notebook's package, its own among all notebooks that share the target directory.
fn package_name(notebook: &Path) -> String {
    let stem = notebook
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let plain: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .take(40)
        .collect();
    let whole = std::fs::canonicalize(notebook).unwrap_or_else(|_| notebook.to_owned());
    format!("notebook_{plain}_{}", &hash_of(&whole)[..8])
}

fn manifest(package: &str, program: &Program) -> String {
    let mut manifest = toml::Table::new();
    let text = |text: &str| toml::Value::String(text.to_owned());
    let table = |entries: &[(&str, toml::Value)]| {
        toml::Value::Table(
            entries
                .iter()
                .map(|(k, v)| ((*k).to_owned(), v.clone()))
                .collect(),
        )
    };
    manifest.insert(
        "package".into(),
        table(&[
            ("name", text(package)),
            ("version", text("0.0.0")),
            ("edition", text("2024")),
            ("publish", false.into()),
        ]),
    );
    manifest.insert(
        "dependencies".into(),
        program
            .dependencies
            .clone()
            .into_iter()
            .collect::<toml::Table>()
            .into(),
    );
    // A workspace of its own, wherever it lies.
    manifest.insert("workspace".into(), table(&[]));
    let level = program.build.opt_level.as_deref().unwrap_or("0");
    let level = level
        .parse::<i64>()
        .map_or_else(|_| text(level), toml::Value::Integer);
    // The workspace's settings for libraries; procedural macros stay quick to compile, as cargo has them by default.
    let mut cells = toml::Table::from_iter(
        [
            ("opt-level", level),
            ("debug-assertions", true.into()),
            ("overflow-checks", true.into()),
            ("incremental", true.into()),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    for (key, value) in &program.build.profile {
        if key != "opt-level" || program.build.opt_level.is_none() {
            cells.insert(key.clone(), value.clone());
        }
    }
    let dev = table(&[
        ("opt-level", 3.into()),
        ("debug", false.into()),
        ("debug-assertions", false.into()),
        ("overflow-checks", false.into()),
        // An interrupted incremental build of an optimised library can leave it unlinkable.
        ("incremental", false.into()),
        ("package", table(&[(package, cells.into())])),
    ]);
    manifest.insert("profile".into(), table(&[("dev", dev)]));
    manifest.to_string()
}
