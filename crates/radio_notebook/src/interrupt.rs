//! Ctrl-C: the first one ends what is running in good order, the second one ends `radio` at once.

use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

static PRESSED: AtomicUsize = AtomicUsize::new(0);
/// The process groups to end when there is no time for good order.
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

/// Starts to listen for Ctrl-C, SIGTERM and SIGHUP.
pub fn listen() {
    // Without a handler, Ctrl-C ends radio as it does any program: nothing is lost but the good order.
    let _ = ctrlc::set_handler(|| {
        if PRESSED.fetch_add(1, SeqCst) > 0 {
            if let Ok(groups) = GROUPS.lock() {
                groups.iter().copied().for_each(kill_group);
            }
            crate::step::restore_terminal_for_good();
            std::process::exit(130);
        }
    });
}

/// Whether Ctrl-C was pressed.
pub fn requested() -> bool {
    PRESSED.load(SeqCst) > 0
}

/// Takes Ctrl-C as answered: what it was meant for has ended, and `radio` goes on.
pub fn forget() {
    PRESSED.store(0, SeqCst);
}

/// A child process with all that it starts; both end when this is dropped.
#[derive(Debug)]
pub struct Group {
    /// The process itself.
    pub child: Child,
}

impl Group {
    /// Starts `command` as the leader of a process group of its own, so that Ctrl-C in the terminal does not reach it.
    ///
    /// # Errors
    /// What the system says if the program cannot be started.
    pub fn spawn(command: &mut std::process::Command) -> std::io::Result<Group> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command.spawn()?;
        if let Ok(mut groups) = GROUPS.lock() {
            groups.push(child.id());
        }
        Ok(Group { child })
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.child.id();
        // The group outlives its leader as long as one member lives, so its number is still its own.
        kill_group(id);
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Ok(mut groups) = GROUPS.lock() {
            groups.retain(|&group| group != id);
        }
    }
}

#[cfg(unix)]
fn kill_group(leader: u32) {
    use nix::sys::signal::{Signal, killpg};
    let _ = killpg(
        nix::unistd::Pid::from_raw(leader.cast_signed()),
        Signal::SIGKILL,
    );
}

#[cfg(not(unix))]
fn kill_group(_: u32) {}
