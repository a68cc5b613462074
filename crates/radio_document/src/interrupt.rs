//! Ctrl-C: the first one ends what is running in good order, the second one ends `radio` at once; and so does the first
//! where nothing runs that would answer to it.

use crate::{lock, say};
use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

static PRESSED: AtomicUsize = AtomicUsize::new(0);
/// How many parts of `radio` look at [`requested`] while they work.
static ANSWERING: AtomicUsize = AtomicUsize::new(0);
/// Whether `radio` was told to end, by a signal that no key sends.
static TERMINATED: AtomicBool = AtomicBool::new(false);
/// Whether the run under way is to end though nobody pressed Ctrl-C.
static SUPERSEDED: AtomicBool = AtomicBool::new(false);
/// The process groups to end when there is no time for good order.
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// The files to remove then.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// What is said of a cell that was interrupted.
pub const REASON: &str = "Ctrl-C was pressed, or radio was told to end";

/// Starts to listen for Ctrl-C, SIGTERM and SIGHUP. `at_the_end` is done before `radio` ends at once.
pub fn listen(at_the_end: fn()) {
    // Without a handler, Ctrl-C ends radio as it does any program: nothing is lost but the good order.
    let _ = ctrlc::set_handler(move || {
        // Looked at first: whoever answers may have ended in good order before this thread goes on.
        let is_answered = ANSWERING.load(SeqCst) > 0;
        let was_pressed = PRESSED.fetch_add(1, SeqCst) > 0;
        if was_pressed || !is_answered {
            // Both stay locked to the end: nothing new is begun.
            let groups = lock(&GROUPS);
            let files = lock(&UNFINISHED);
            groups.iter().copied().for_each(kill_group);
            for file in files.iter() {
                let _ = std::fs::remove_file(file);
            }
            at_the_end();
            match was_pressed {
                true => say!("interrupted twice; what was not yet written is lost"),
                false => say!("interrupted"),
            }
            std::process::exit(130);
        }
    });
    listen_to_termination();
}

/// Lets SIGTERM and SIGHUP count as Ctrl-C that cannot be forgotten.
fn listen_to_termination() {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};

    extern "C" fn terminate(_: std::ffi::c_int) {
        TERMINATED.store(true, SeqCst);
        let _ = raise(Signal::SIGINT);
    }
    let action = SigAction::new(
        SigHandler::Handler(terminate),
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        // SAFETY: the handler does nothing but what a handler may do: store a number, and raise a signal.
        let _ = unsafe { sigaction(signal, &action) };
    }
}

/// While it lives, Ctrl-C is left to what runs, which ends in good order.
#[derive(Debug)]
pub struct Answering(());

/// Says that what runs from here on looks at [`requested`], and ends by itself.
pub fn answering() -> Answering {
    ANSWERING.fetch_add(1, SeqCst);
    Answering(())
}

impl Drop for Answering {
    fn drop(&mut self) {
        ANSWERING.fetch_sub(1, SeqCst);
    }
}

/// Remembers a file that is about to be begun, to be removed if there is no time to finish it.
pub(crate) fn begin_file(path: &Path) {
    lock(&UNFINISHED).insert(path.to_owned());
}

/// Forgets a file that is finished or removed.
pub(crate) fn end_file(path: &Path) {
    lock(&UNFINISHED).remove(path);
}

/// Whether what is running should end: Ctrl-C was pressed, or a newer run takes its place.
pub fn requested() -> bool {
    pressed() || superseded()
}

/// Whether Ctrl-C was pressed.
pub fn pressed() -> bool {
    PRESSED.load(SeqCst) > 0
}

/// Takes Ctrl-C as answered: what it was meant for has ended, and `radio` goes on, unless it was told to end.
pub fn forget() {
    if !TERMINATED.load(SeqCst) {
        PRESSED.store(0, SeqCst);
    }
}

/// Whether a newer run is to take the place of the one under way.
pub fn superseded() -> bool {
    SUPERSEDED.load(SeqCst)
}

/// Says that a newer run is to take the place of the one under way, or that this is over.
pub fn supersede(yes: bool) {
    SUPERSEDED.store(yes, SeqCst);
}

/// A child process with all that it starts; both end when this is dropped.
#[derive(Debug)]
pub struct Group {
    /// The process itself.
    pub child: Child,
    /// The member that ends the group when radio is killed.
    watch: Option<Child>,
    /// The leaders of groups that belong to it.
    members: Vec<u32>,
}

impl Group {
    /// Starts `command` as the leader of a process group of its own, so that Ctrl-C in the terminal does not reach it.
    ///
    /// # Errors
    /// What the system says if the program cannot be started.
    pub fn spawn(command: &mut Command) -> std::io::Result<Group> {
        command.process_group(0);
        // Locked before: no process is started that a second Ctrl-C does not know of.
        let mut groups = lock(&GROUPS);
        let child = command.spawn()?;
        groups.push(child.id());
        Ok(Group {
            child,
            watch: None,
            members: Vec::new(),
        })
    }

    /// Has a process group end with this one.
    pub fn add(&mut self, leader: u32) {
        lock(&GROUPS).push(leader);
        self.members.push(leader);
    }

    /// Ends a process group that belongs to it. From then on its number may be another's.
    pub fn end(&mut self, leader: u32) {
        let is_member = self.members.contains(&leader);
        if is_member {
            kill_group(leader);
        }
        lock(&GROUPS).retain(|group| *group != leader);
        self.members.retain(|group| *group != leader);
    }

    /// As [`Group::spawn`], for a program that would outlive a `radio` that is killed: the group gets a member that
    /// waits for that and ends it.
    ///
    /// # Errors
    /// What the system says if the program cannot be started.
    pub fn spawn_watched(command: &mut Command) -> std::io::Result<Group> {
        let mut group = Group::spawn(command)?;
        let mut watch = Command::new("/bin/sh");
        // Reading ends when radio does, whose end of the pipe is the only one.
        watch.args(["-c", "read line; kill -KILL 0"]);
        watch.stdin(Stdio::piped());
        watch.stdout(Stdio::null()).stderr(Stdio::null());
        watch.process_group(group.child.id().cast_signed());
        // Where the program is over already, there is nothing to watch.
        group.watch = watch.spawn().ok();
        Ok(group)
    }

    /// Waits for the process itself; `None` if it is to end before that: by an interrupt, or at the deadline.
    ///
    /// # Errors
    /// What the system says if it cannot be waited for.
    pub fn wait(&mut self, deadline: Option<Instant>) -> std::io::Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            if requested() || deadline.is_some_and(|deadline| Instant::now() > deadline) {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.child.id();
        // The group outlives its leader as long as one member lives, so its number is still its own.
        kill_group(id);
        self.members.iter().copied().for_each(kill_group);
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(watch) = &mut self.watch {
            let _ = watch.kill();
            let _ = watch.wait();
        }
        lock(&GROUPS).retain(|group| *group != id && !self.members.contains(group));
    }
}

/// Whether there is a process of this number.
pub fn is_running(process: i32) -> bool {
    let answer = nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), None);
    answer != Err(nix::errno::Errno::ESRCH)
}

fn kill_group(leader: u32) {
    use nix::sys::signal::{Signal, killpg};
    let _ = killpg(
        nix::unistd::Pid::from_raw(leader.cast_signed()),
        Signal::SIGKILL,
    );
}
