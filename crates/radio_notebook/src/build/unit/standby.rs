//! A compiler that is started before there is something to compile. To load itself takes a quarter of what a small cell
//! takes; this one has done so, and waits for its arguments.

use super::Compiler;
use super::call::Call;
use crate::interrupt::Group;
use crate::lock;
use std::ffi::OsString;
use std::io::Write;
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard};
use tempfile::TempDir;

/// The variables that a call of the compiler has beside those of this process.
pub(super) type Environment = Vec<(OsString, OsString)>;

/// The compiler that waits, if one does.
#[derive(Debug, Default)]
pub(super) struct Standby(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: Option<(TempDir, Waiting)>,
    /// The variables of the last call: the next one has the same as a rule.
    environment: Option<Environment>,
}

/// A compiler that waits for its arguments, in a folder.
#[derive(Debug)]
pub(super) struct Waiting {
    group: Group,
    environment: Environment,
}

impl Standby {
    /// The compiler that waits, and its folder.
    pub fn take(&self) -> Option<(TempDir, Waiting)> {
        let waiting = self.state().waiting.take();
        waiting.filter(|(folder, _)| folder.path().is_dir())
    }

    /// Says what variables the next call is likely to have.
    pub fn expect(&self, environment: Environment) {
        self.state().environment = Some(environment);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

impl Waiting {
    /// Has it compile; `None` if it is gone, or was started with other variables.
    pub fn begin(mut self, call: &Call) -> Option<Group> {
        if self.environment != call.environment {
            return None;
        }
        let text = lines(&call.arguments)?;
        // The end of the pipe is the end of the arguments.
        let mut pipe = self.group.child.stdin.take()?;
        pipe.write_all(text.as_bytes()).ok()?;
        Some(self.group)
    }
}

impl Compiler {
    /// From now on a compiler waits for the next unit, once it is known what variables that has.
    pub(crate) fn stand_by(&self) {
        let mut state = self.standby.state();
        let Some(environment) = state.environment.clone() else {
            return;
        };
        let is_same = |(_, waiting): &(TempDir, Waiting)| waiting.environment == environment;
        if state.waiting.as_ref().is_some_and(is_same) {
            return;
        }
        // Without one, the next unit has a compiler started for it.
        state.waiting = self.fresh_folder().ok().and_then(|folder| {
            let mut command = self.command(&environment, folder.path());
            command.arg("@/dev/stdin").stdin(Stdio::piped());
            // It ends with this process, whose end of the pipe is the only one.
            let group = Group::spawn(&mut command).ok()?;
            Some((folder, Waiting { group, environment }))
        });
    }
}

/// The arguments as the compiler reads them from a file, a line each; `None` if one has lines itself.
fn lines(arguments: &[OsString]) -> Option<String> {
    let mut text = String::new();
    for argument in arguments {
        let argument = argument.to_str().filter(|a| !a.contains(['\n', '\r']))?;
        text.push_str(argument);
        text.push('\n');
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::super::{Outcome, Unit};
    use super::*;
    use crate::build::toolchain::Toolchain;
    use crate::program::Build;
    use std::path::Path;

    fn compile(compiler: &Compiler, folder: &Path, settings: &Build, source: &str) -> bool {
        let unit = Unit {
            source,
            is_shared: false,
            units: Vec::new(),
            set: None,
            settings,
            folder,
        };
        match compiler.compile(&unit).unwrap() {
            Outcome::Library(library) => library.code.is_file(),
            Outcome::Refused(_) => false,
        }
    }

    #[test]
    fn the_compiler_that_waits_compiles_the_next_unit() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let toolchain = Toolchain::find(at).unwrap();
        let compiler = Compiler::new(&at.join("target"), toolchain, None).unwrap();
        let mut settings = Build::default();
        let waits = || compiler.standby.state().waiting.is_some();
        compiler.stand_by();
        assert!(!waits(), "nothing is known of the first call");
        assert!(compile(&compiler, at, &settings, "pub fn a() -> u8 { 1 }"));
        compiler.stand_by();
        assert!(waits());
        assert!(!compile(
            &compiler,
            at,
            &settings,
            "pub fn a() -> u8 { 2.5 }"
        ));
        assert!(!waits());
        compiler.stand_by();
        let (folder, mut waiting) = compiler.standby.take().unwrap();
        assert!(waiting.group.child.try_wait().unwrap().is_none());
        compiler.standby.state().waiting = Some((folder, waiting));
        assert!(compile(&compiler, at, &settings, "pub fn a() -> u8 { 3 }"));
        // What was started with other variables is not used, and neither is what has ended.
        compiler.stand_by();
        settings.environment.insert("SEEN".into(), "yes".into());
        let source = "pub const SEEN: &str = env!(\"SEEN\");";
        assert!(compile(&compiler, at, &settings, source));
        compiler.stand_by();
        if let Some((_, waiting)) = &mut compiler.standby.state().waiting {
            waiting.group.child.kill().unwrap();
            waiting.group.child.wait().unwrap();
        }
        assert!(compile(&compiler, at, &settings, "pub fn a() -> u8 { 4 }"));
    }

    #[test]
    fn an_argument_of_several_lines_is_not_passed_on() {
        assert_eq!(
            lines(&["a b".into(), "c".into()]).as_deref(),
            Some("a b\nc\n")
        );
        assert_eq!(lines(&["a\nb".into()]), None);
    }
}
