//! Edited notebooks are compiled without cargo, and with it wherever more than the cells has changed.

use std::path::PathBuf;
use std::process::{Command, Output};

/// A notebook on a library of its own, and a target directory of its own, since libraries are shared by name.
struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    fn new() -> Sandbox {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox { folder };
        std::fs::create_dir_all(sandbox.path("library/src")).unwrap();
        sandbox.write(
            "library/Cargo.toml",
            "[package]\nname = \"library\"\nversion = \"0.0.0\"\nedition = \"2024\"\n",
        );
        sandbox.library("one");
        sandbox
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn library(&self, answer: &str) {
        let source = format!("pub fn answer() -> &'static str {{ \"{answer}\" }}\n");
        self.write("library/src/lib.rs", &source);
    }

    /// Runs a script that depends on the library, and returns what the script printed and whether cargo was there.
    fn run(&self, cell: &str) -> (String, bool) {
        let (output, by_cargo) = self.run_raw(cell, &[]);
        assert!(output.status.success(), "{}", stderr(&output));
        (self.printed(), by_cargo)
    }

    fn run_raw(&self, cell: &str, environment: &[(&str, &str)]) -> (Output, bool) {
        let head = "// %%\n:dep library = { path = \"library\" }\n";
        self.write("script.rs", &format!("{head}// %%\n{cell}\n"));
        let output = Command::new(env!("CARGO_BIN_EXE_radio"))
            .args(["run", "--quiet", "script.rs"])
            .current_dir(self.folder.path())
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("CARGO", self.cargo())
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let by_cargo = std::fs::remove_file(self.path("cargo-was-here")).is_ok();
        (output, by_cargo)
    }

    /// A cargo that leaves a trace.
    fn cargo(&self) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path("cargo");
        let trace = self.path("cargo-was-here");
        let text = format!(
            "#!/bin/sh\ntouch '{}'\nexec '{}' \"$@\"\n",
            trace.display(),
            env!("CARGO")
        );
        if !path.exists() {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        path
    }

    fn printed(&self) -> String {
        let text = std::fs::read_to_string(self.path("out/script.ipynb")).unwrap();
        let notebook: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cells = notebook["cells"].as_array().unwrap();
        let outputs = cells.iter().flat_map(|cell| cell["outputs"].as_array());
        let texts = outputs.flatten().map(|output| match &output["text"] {
            serde_json::Value::Array(lines) => {
                lines.iter().filter_map(|line| line.as_str()).collect()
            }
            other => other.as_str().unwrap_or_default().to_owned(),
        });
        texts.collect()
    }

    fn calls(&self) -> Vec<PathBuf> {
        let packages = std::fs::read_dir(self.path("target/radio/sets")).unwrap();
        packages
            .map(|package| package.unwrap().path().join("made.json"))
            .filter(|path| path.is_file())
            .collect()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn says(word: &str) -> String {
    format!("println!(\"{word} {{}}\", library::answer());")
}

#[test]
fn cargo_is_asked_when_more_than_the_cells_has_changed() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&says("a")), ("a one\n".into(), true));
    assert_eq!(sandbox.run(&says("b")), ("b one\n".into(), false));
    // What was compiled without cargo is kept like the rest.
    assert_eq!(sandbox.run(&says("b")), ("b one\n".into(), false));

    sandbox.library("two");
    assert_eq!(sandbox.run(&says("b")), ("b two\n".into(), true));
    assert_eq!(sandbox.run(&says("c")), ("c two\n".into(), false));

    // As `cargo build` in a workspace does: the library is compiled anew, and then its source is as it was.
    let library = std::fs::read_dir(sandbox.path("target/debug/deps")).unwrap();
    let library = library
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("liblibrary") && name.ends_with(".rlib")
        })
        .unwrap();
    std::fs::File::options()
        .append(true)
        .open(&library)
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    assert_eq!(sandbox.run(&says("d")), ("d two\n".into(), true));

    std::fs::remove_dir_all(sandbox.path("target/debug")).unwrap();
    assert_eq!(sandbox.run(&says("e")), ("e two\n".into(), true));

    let (output, by_cargo) = sandbox.run_raw(&says("f"), &[("RUSTFLAGS", "--cfg changed")]);
    assert!(output.status.success() && by_cargo, "{}", stderr(&output));
    std::fs::create_dir(sandbox.path(".cargo")).unwrap();
    sandbox.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg=g\"]\n");
    let cell = "println!(\"{}\", cfg!(g));";
    assert_eq!(sandbox.run(cell), ("true\n".into(), true));

    for call in sandbox.calls() {
        std::fs::write(call, "{").unwrap();
    }
    assert_eq!(sandbox.run(&says("h")), ("h two\n".into(), true));
}

#[test]
fn errors_and_variables_are_the_same_without_cargo() {
    let sandbox = Sandbox::new();
    let cell = r#"println!("{} {} {}", env!("CARGO_PKG_NAME").len(), env!("CARGO_PKG_VERSION"), env!("CARGO_MANIFEST_DIR"));"#;
    let (with_cargo, by_cargo) = sandbox.run(cell);
    assert!(by_cargo);
    let (without, by_cargo) = sandbox.run(&format!("{cell} // again"));
    assert_eq!((without, by_cargo), (with_cargo, false));

    let (output, by_cargo) = sandbox.run_raw("let a: i32 = \"x\";", &[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("cell 2: CompileError: mismatched types [E0308]"),
        "{said}"
    );
    assert!(!by_cargo, "{said}");
}

#[test]
fn an_included_file_that_changes_is_compiled_again() {
    let sandbox = Sandbox::new();
    sandbox.write("text.txt", "old");
    let cell = |n: u32| format!("println!(\"{n} {{}}\", include_str!(\"text.txt\"));");
    assert_eq!(sandbox.run(&cell(1)).0, "1 old\n");
    assert_eq!(sandbox.run(&cell(2)), ("2 old\n".into(), false));
    sandbox.write("text.txt", "new");
    assert_eq!(sandbox.run(&cell(2)).0, "2 new\n");
}
