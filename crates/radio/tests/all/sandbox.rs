//! What the tests of the program share: a folder in which `radio` is run, and what is asked of what it leaves behind.

use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A temporary folder with notebooks, and a way to run `radio` in it.
pub struct Sandbox {
    folder: tempfile::TempDir,
    target: PathBuf,
}

impl Sandbox {
    pub fn new() -> Sandbox {
        Sandbox {
            folder: tempfile::tempdir().unwrap(),
            target: Path::new(env!("CARGO_TARGET_TMPDIR")).join("notebooks"),
        }
    }

    /// A sandbox whose programs are built in its folder `target`, which no other test uses.
    pub fn with_own_target() -> Sandbox {
        let mut sandbox = Sandbox::new();
        sandbox.target = sandbox.path("target");
        sandbox
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> &Sandbox {
        std::fs::write(self.path(name), text).unwrap_or_else(|e| panic!("{name}: {e}"));
        self
    }

    /// A library of this name in a folder of the same name, outside of any workspace.
    pub fn write_crate(&self, name: &str, source: &str) -> &Sandbox {
        std::fs::create_dir_all(self.path(name).join("src")).unwrap();
        self.write(
            &format!("{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n"
            ),
        );
        self.write(&format!("{name}/src/lib.rs"), source)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// What a folder holds, in the order of the names; "." is the sandbox itself.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder));
        let mut names: Vec<String> = entries
            .unwrap_or_else(|e| panic!("{folder}: {e}"))
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    pub fn notebook(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The code cells of the executed copy.
    pub fn cells(&self, name: &str) -> Vec<Value> {
        let notebook = self.notebook(&format!("out/{name}.ipynb"));
        let cells = notebook["cells"].as_array().unwrap().iter();
        cells
            .filter(|cell| cell["cell_type"] == "code")
            .cloned()
            .collect()
    }

    /// A program that is started in the folder as `radio` is: nothing to read, and what it says is kept.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder())
            .env("CARGO_TARGET_DIR", &self.target)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// `radio` with arguments, of which the first is the subcommand.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_radio"));
        command.args(arguments);
        command
    }

    /// The whole of `radio run`.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(&["run"]);
        command.args(arguments).output().unwrap()
    }
}

/// The exit code, or -1 where a signal ended the program.
pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A text of a notebook, which is stored as one string or as its lines.
pub fn joined(value: &Value) -> String {
    match value {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

/// Sends a signal, as `-INT`, as `kill` names it.
pub fn send(signal: &str, process: &Child) {
    let sent = Command::new("kill")
        .args([signal, &process.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Whether a process of Linux exists, and is not merely waiting to be reaped.
pub fn is_alive(process: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status
        .rsplit_once(')')
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Waits for what surely comes; gives up where the test would hang.
#[track_caller]
pub fn wait_for(what: &str, is_so: impl FnMut() -> bool) {
    wait_until(is_so, || what.to_owned());
}

/// As [`wait_for`], where what is waited for is best said at the end.
#[track_caller]
pub fn wait_until(mut is_so: impl FnMut() -> bool, what: impl Fn() -> String) {
    let patience = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < patience, "waited in vain for {}", what());
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A cell's outputs in a short form: `out:…`, `err:…`, `=…` for a result, `[types]` for other data, `!Name: message`.
pub fn short(cell: &Value) -> Vec<String> {
    let outputs = cell["outputs"].as_array().unwrap().iter();
    let shown = outputs.map(|output| match output["output_type"].as_str().unwrap() {
        "stream" => format!(
            "{}:{}",
            &output["name"].as_str().unwrap()[3..],
            joined(&output["text"])
        ),
        "error" => format!(
            "!{}: {}",
            output["ename"].as_str().unwrap(),
            output["evalue"].as_str().unwrap()
        ),
        kind => {
            let data = output["data"].as_object().unwrap();
            match (kind, data.get("text/plain"), data.len()) {
                ("execute_result", Some(text), 1) => format!("={}", joined(text)),
                _ => format!("{kind}{:?}", data.keys().collect::<Vec<_>>()),
            }
        }
    });
    shown.collect()
}
