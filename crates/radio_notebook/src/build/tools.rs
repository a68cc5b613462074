//! Cargo, the compiler and the linker as processes: what they say, line by line, and what the system refused them.

use crate::error::{Error, Result};
use crate::interrupt::{self, Group};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What the system refused, by what a tool said.
pub(crate) fn fault_of_the_system(said: &str) -> Option<String> {
    let is_fault = |line: &&str| SYSTEM_FAULTS.iter().any(|fault| line.contains(fault));
    said.lines()
        .find(is_fault)
        .map(|line| line.trim().to_owned())
}

/// What the system says when it has no room or no right to give: in the words of C, which rustc, cargo and linkers pass
/// on, and, of what it ended, in those of cargo and of the C compiler that calls the linker.
const SYSTEM_FAULTS: [&str; 13] = [
    "No space left on device",
    "Disk quota exceeded",
    "File too large",
    "Read-only file system",
    "Permission denied",
    "Operation not permitted",
    "Input/output error",
    "Cannot allocate memory",
    // There are limits on memory where no thread can begin, and it is this that is said then.
    "Resource temporarily unavailable",
    "Too many open files",
    "signal: 9, SIGKILL",
    "(signal: 25)",
    "[Bus error]",
];

/// What cargo said on stderr.
#[derive(Default)]
pub(crate) struct Heard(String);

impl Heard {
    /// Takes a line, which `progress` hears if it is for people.
    pub(crate) fn line(&mut self, line: &str, progress: &mut dyn FnMut(&str)) {
        if !is_chatter(line) {
            progress(line.trim());
            self.0.push_str(line);
            self.0.push('\n');
        }
    }

    /// All but what cargo was doing.
    pub(crate) fn what_went_wrong(&self) -> String {
        let busy = [
            "Compiling",
            "Updating",
            "Locking",
            "Adding",
            "Downloading",
            "Downloaded",
            "Blocking",
            "Finished",
            "warning:",
        ];
        let is_busy = |line: &&str| busy.iter().any(|word| line.trim_start().starts_with(word));
        let lines: Vec<&str> = self.0.lines().filter(|line| !is_busy(line)).collect();
        // What only a verbose cargo adds.
        let wrong = lines.join("\n");
        wrong
            .trim_end()
            .trim_end_matches("\n\nCaused by:")
            .to_owned()
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

/// The program that is cargo.
pub(crate) fn cargo_program() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A tool that is started in `folder`, and speaks to us alone.
pub(crate) fn tool(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Whether what is under way may go on.
///
/// # Errors
/// [`Error::Interrupted`] after Ctrl-C, [`Error::TimedOut`] at the deadline.
pub(crate) fn may_go_on(tool: &str, deadline: Option<Instant>) -> Result<()> {
    if interrupt::requested() {
        return Err(Error::Interrupted);
    }
    match deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        true => Err(Error::TimedOut(format!(
            "{tool} did not end in the time that was given"
        ))),
        false => Ok(()),
    }
}

/// Runs a tool whose stdout and stderr are piped, and hands on each line: whether it was on stdout, and the line.
pub(crate) fn hear(
    tool: &str,
    command: &mut Command,
    deadline: Option<Instant>,
    hand_on: &mut dyn FnMut(bool, String),
) -> Result<ExitStatus> {
    follow(tool, Group::spawn_watched(command), deadline, hand_on)
}

/// As [`hear`], of a tool that was started.
pub(crate) fn follow(
    tool: &str,
    started: std::io::Result<Group>,
    deadline: Option<Instant>,
    hand_on: &mut dyn FnMut(bool, String),
) -> Result<ExitStatus> {
    follow_while(tool, started, deadline, &mut |is_stdout, line| {
        hand_on(is_stdout, line);
        true
    })
}

/// As [`follow`], until `hand_on` says that it wants no more.
pub(crate) fn follow_while(
    tool: &str,
    started: std::io::Result<Group>,
    deadline: Option<Instant>,
    hand_on: &mut dyn FnMut(bool, String) -> bool,
) -> Result<ExitStatus> {
    let tool_error = |message: String| Error::tool(tool, message);
    let mut group = started.map_err(|e| {
        tool_error(format!(
            "could not be started ({e}); install Rust from https://rustup.rs"
        ))
    })?;
    let (sender, lines) = mpsc::channel();
    let (stdout, stderr) = (group.child.stdout.take(), group.child.stderr.take());
    let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
        return Err(tool_error("has no output".into()));
    };
    let pipes: [(bool, Box<dyn std::io::Read + Send>); 2] =
        [(true, Box::new(stdout)), (false, Box::new(stderr))];
    for (is_stdout, pipe) in pipes {
        let sender = sender.clone();
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
        may_go_on(tool, deadline)?;
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok((is_stdout, line)) => {
                if !hand_on(is_stdout, line) {
                    return Err(tool_error("was stopped".into()));
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    group
        .child
        .wait()
        .map_err(|e| tool_error(format!("could not be waited for: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// What tools have said where something was taken from them, and how that was done.
    const FAULTS: [&str; 19] = [
        // A tmpfs of 16 KiB that is full; of 20 KiB, where rust-lld has mapped what it writes.
        "error: failed to write to `o/rmetacZDQZ4/full.rmeta`: No space left on device (os error 28)",
        "rustc-LLVM ERROR: IO failure on output stream: No space left on device",
        "/usr/bin/ld: final link failed: No space left on device",
        "Caused by:\n  No space left on device (os error 28)",
        "collect2: fatal error: ld terminated with signal 7 [Bus error]",
        // As the first, in a home with a quota: that of tmpfs is not in all kernels.
        "error: failed to write to `o/rmetacZDQZ4/full.rmeta`: Disk quota exceeded (os error 122)",
        // `ulimit -f`, with SIGXFSZ ignored and not.
        "error: failed to write to `o/rmetaZgAwdC/full.rmeta`: File too large (os error 27)",
        "  process didn't exit successfully: `rustc --crate-name q` (signal: 25)",
        // A tmpfs that is read-only, a folder of mode 555, one that is immutable.
        "error: couldn't create a temp dir: Read-only file system (os error 30) at path \"o/rmeta2100Ws\"",
        "error: failed to create directory `target/debug`\n\nCaused by:\n  Permission denied (os error 13)",
        "/usr/bin/ld: cannot open output file o/x.so: Permission denied",
        "ld: cannot open output file o/x.so: Operation not permitted",
        // A file that gives errors, as a disk that fails does.
        "error: couldn't read `/proc/self/mem`: Input/output error (os error 5)",
        // `ulimit -v`.
        "  = note: failed to mmap rmeta metadata: 'libstd.so': Cannot allocate memory (os error 12)",
        "failed to create helper thread: Os { code: 11, kind: WouldBlock, message: \"Resource temporarily unavailable\" }",
        // `ulimit -n`.
        "error: couldn't read `a.rs`: Too many open files (os error 24)",
        "error: could not execute process `rustc -vV` (never executed)\n\nCaused by:\n  Too many open files (os error 24)",
        "/usr/bin/ld: cannot find o/a.o: Too many open files",
        // A compiler that is killed, as where memory is short.
        "  process didn't exit successfully: `rustc --crate-name q` (signal: 9, SIGKILL: kill)",
    ];

    #[test]
    fn each_fault_of_the_system_is_known_by_its_line() {
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for said in FAULTS {
            let fault = fault_of_the_system(&format!(
                "   Compiling q v0.1.0\n{said}\nerror: build failed"
            ));
            assert_eq!(fault.as_deref(), said.lines().last().map(str::trim));
            let words: Vec<&&str> = SYSTEM_FAULTS
                .iter()
                .filter(|words| said.contains(**words))
                .collect();
            assert_eq!(words.len(), 1, "{said}");
            seen.extend(words);
        }
        assert_eq!(
            seen.len(),
            SYSTEM_FAULTS.len(),
            "some are never said: {seen:?}"
        );
    }

    #[test]
    fn what_is_wrong_with_a_cell_or_its_dependencies_is_no_fault_of_the_system() {
        for said in [
            "error: failed to read `nowhere/Cargo.toml`\n\nCaused by:\n  No such file or directory (os error 2)",
            "error: no matching package named `nothing` found",
            "error: linking with `cc` failed: exit status: 1\n/usr/bin/ld: cannot find -lnothing",
            "  process didn't exit successfully: `build-script-build` (signal: 11, SIGSEGV: invalid memory reference)",
            "error: could not compile `q` (lib) due to 1 previous error",
        ] {
            assert_eq!(fault_of_the_system(said), None, "{said}");
        }
    }
}
