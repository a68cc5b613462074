//! Links an object into a library that the host loads.

use super::Compiler;
use crate::build::tools::{fault_of_the_system, follow};
use crate::error::Result;
use crate::interrupt::Group;
use crate::program::Build;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

impl Compiler {
    /// Makes a library of an object. What it does not have itself, the host has.
    pub(super) fn link(&self, object: &Path, code: &Path, settings: &Build) -> Result<()> {
        let mut command = match (&self.toolchain.linker, &settings.linker) {
            (Some((linker, first)), None) => {
                let mut command = Command::new(linker);
                command.args(*first);
                command.args(["-shared", "--eh-frame-hdr", "-zundefs"]);
                command
            }
            (_, linker) => {
                let mut command = Command::new("cc");
                match cfg!(target_os = "macos") {
                    true => command
                        .args(["-dynamiclib", "-undefined", "dynamic_lookup"])
                        .arg("-flat_namespace"),
                    false => command.args(["-shared", "-nostdlib", "-Wl,-z,undefs"]),
                };
                command.args(linker.iter().map(|linker| format!("-fuse-ld={linker}")));
                command
            }
        };
        command.arg(object).arg("-o").arg(code);
        // What the compiler adds for numbers that the processor does not know.
        command.args(self.builtins());
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut said = String::new();
        // It ends by itself soon enough, whatever becomes of this process.
        let started = Group::spawn(&mut command);
        let status = follow("linker", started, self.deadline, &mut |_, line| {
            said.push_str(&line);
            said.push('\n');
        })?;
        if said.is_empty() {
            said = format!("the linker ended with {status}");
        }
        match status.success() {
            true => Ok(()),
            false => Err(self.broken(fault_of_the_system(&said).unwrap_or(said))),
        }
    }

    fn builtins(&self) -> Option<PathBuf> {
        static KNOWN: std::sync::OnceLock<Option<PathBuf>> = std::sync::OnceLock::new();
        let find = || {
            let files = std::fs::read_dir(&self.toolchain.libraries).ok()?;
            let mut files = files.flatten().map(|file| file.path());
            files.find(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with("libcompiler_builtins-") && name.ends_with(".rlib")
            })
        };
        KNOWN.get_or_init(find).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::toolchain::Toolchain;

    /// What is said where the linker is the shell, which does `script`.
    fn failure(script: &'static [&'static str]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let toolchain = Toolchain {
            rustc: "true".into(),
            libraries: folder.path().into(),
            linker: Some(("sh".into(), script)),
            version: String::new(),
            flags: Vec::new(),
        };
        let compiler = Compiler::new(folder.path(), toolchain, None).unwrap();
        let linked = compiler.link(Path::new("a.o"), Path::new("a.so"), &Build::default());
        linked.unwrap_err().to_string()
    }

    #[test]
    fn a_linker_that_fails_is_quoted_or_said_to_have_ended() {
        let said = failure(&["-c", "echo no such symbol >&2; exit 1"]);
        assert!(said.ends_with(": no such symbol\n"), "{said}");
        let said = failure(&[
            "-c",
            "echo a.so: No space left on device; echo more; exit 1",
        ]);
        assert!(said.ends_with(": a.so: No space left on device"), "{said}");
        let said = failure(&["-c", "kill -KILL $$"]);
        assert!(said.contains(": the linker ended with signal: 9"), "{said}");
    }
}
