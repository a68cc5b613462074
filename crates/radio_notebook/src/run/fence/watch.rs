//! Ends what takes too many processes, too much memory or too much of the disk.
//!
//! The system's own limits count for each process, or for all of a user's, and do not hold for root. So what runs
//! behind the fence is looked at, fifty times a second.

use super::{Fence, Meter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the processes are counted.
const STEP: Duration = Duration::from_millis(20);
/// At every how many steps memory is looked at.
const MEMORY_STEPS: u32 = 5;
/// At every how many steps the disk is looked at.
const DISK_STEPS: u32 = 25;
/// How many processes are ended before it is looked which are left.
const MAX_AT_ONCE: usize = 256;
/// How often processes are ended that start others meanwhile.
const MAX_ROUNDS: u32 = 1000;

/// Watches over what a process starts. Dropped, it ends it all.
#[derive(Debug)]
pub struct Guard {
    fence: Arc<Fence>,
    leader: u32,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Guard {
    pub(super) fn begin(fence: Arc<Fence>, leader: u32) -> Guard {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, watched) = (is_over.clone(), fence.clone());
        let watch = move || {
            come_first();
            let mut step = 0u32;
            while !over.load(SeqCst) {
                step = step.wrapping_add(1);
                if let Some(why) = excess(&watched, leader, step) {
                    watched.end(why);
                    end_all(leader);
                    return;
                }
                std::thread::sleep(STEP);
            }
        };
        Guard {
            fence,
            leader,
            is_over,
            thread: Some(std::thread::spawn(watch)),
        }
    }

    /// Measures the processor time of the next cell.
    pub fn meter(&self) -> Meter {
        Meter::begin(self.fence.clone(), self.leader)
    }
}

/// Has this thread come before all others that want a processor: those of a cell that starts processes without end are
/// thousands by the time that it would be its turn. The system allows that to root, for whom it does not limit how many
/// there are.
#[cfg(target_os = "linux")]
fn come_first() {
    use nix::libc::{SCHED_FIFO, sched_param, sched_setscheduler};
    let least = sched_param { sched_priority: 1 };
    // SAFETY: 0 is this thread, and the parameter outlives the call.
    let _ = unsafe { sched_setscheduler(0, SCHED_FIFO, &raw const least) };
}

#[cfg(not(target_os = "linux"))]
fn come_first() {}

impl Drop for Guard {
    fn drop(&mut self) {
        self.is_over.store(true, SeqCst);
        end_all(self.leader);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What there is too much of, if there is.
fn excess(fence: &Fence, leader: u32, step: u32) -> Option<String> {
    let limits = &fence.limits;
    let processes = descendants(leader, limits.processes);
    if processes.len() > limits.processes {
        return Some(format!(
            "the cell started processes without end: more than {} at a time",
            limits.processes
        ));
    }
    if step.is_multiple_of(MEMORY_STEPS) {
        // Copies of a process share most of their memory, which counts once; finding out how much takes longer.
        let resident = |process: &u32| memory(&format!("/proc/{process}/status"), "VmRSS:");
        let shared = |process: &u32| memory(&format!("/proc/{process}/smaps_rollup"), "Pss:");
        if processes.iter().map(resident).sum::<u64>() > limits.memory
            && processes.iter().map(shared).sum::<u64>() > limits.memory
        {
            return Some(format!(
                "the cell and what it started took more memory than {} MB",
                limits.memory >> 20
            ));
        }
    }
    if step.is_multiple_of(DISK_STEPS) {
        let written: u64 = fence.writes.iter().map(|folder| size(folder, 0)).sum();
        if written > limits.disk {
            return Some(format!(
                "the cell wrote more to files than {} MB",
                limits.disk >> 20
            ));
        }
    }
    None
}

/// A number of kilobytes from one of the system's lists, in bytes.
fn memory(list: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(list).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let value = value.and_then(|value| value.trim().trim_end_matches(" kB").parse::<u64>().ok());
    value.unwrap_or_default() << 10
}

/// What the files below a folder take, in bytes. Links are not followed.
fn size(folder: &Path, depth: usize) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.take(100_000).map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() && depth < 32 => size(&entry.path(), depth + 1),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// What a process has started, and what those have, and so on, those nearest to it first; no more of them than it takes
/// to see that there are more than `most`, since they may become more while they are counted. Known on Linux only.
pub(super) fn descendants(leader: u32, most: usize) -> Vec<u32> {
    let mut found: Vec<u32> = Vec::new();
    let mut next = 0;
    let mut process = leader;
    while found.len() <= most {
        let tasks = std::fs::read_dir(format!("/proc/{process}/task"));
        let tasks = tasks.into_iter().flatten().flatten();
        for list in tasks.map(|task: std::fs::DirEntry| -> PathBuf { task.path().join("children") })
        {
            let text = std::fs::read_to_string(list).unwrap_or_default();
            found.extend(
                text.split_whitespace()
                    .filter_map(|id| id.parse::<u32>().ok()),
            );
        }
        match found.get(next) {
            Some(child) => process = *child,
            None => break,
        }
        next += 1;
    }
    found
}

/// Ends all that a process has started.
pub(super) fn end_all(leader: u32) {
    for _ in 0..MAX_ROUNDS {
        let processes = descendants(leader, MAX_AT_ONCE);
        if processes.iter().all(|process| is_dead(*process)) {
            return;
        }
        processes.iter().copied().for_each(end);
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Ends a process with its group, all of which then starts nothing more, however many there are. Processes come from
/// the top: where the first is that of a namespace, it takes all others with it.
fn end(process: u32) {
    use nix::sys::signal::{Signal, kill, killpg};
    let process = nix::unistd::Pid::from_raw(process.cast_signed());
    let group = nix::unistd::getpgid(Some(process));
    if let Ok(group) = group
        && group != nix::unistd::getpgrp()
    {
        let _ = killpg(group, Signal::SIGKILL);
    }
    let _ = kill(process, Signal::SIGKILL);
}

/// Whether a process only waits to be forgotten.
fn is_dead(process: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = state
        .rsplit_once(')')
        .map(|(_, rest)| rest.trim_start().to_owned());
    state.is_none_or(|state| state.starts_with(['Z', 'X']))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_has_started_is_found_and_ended() {
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", "sleep 1000 & (sleep 1000; true) & wait"]);
        let mut shell = command.spawn().unwrap();
        let patience = std::time::Instant::now() + Duration::from_secs(20);
        while descendants(shell.id(), 100).len() < 3 {
            assert!(std::time::Instant::now() < patience);
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(
            descendants(shell.id(), 0).len(),
            2,
            "as many as the first list has"
        );
        let all = descendants(shell.id(), 100);
        end_all(shell.id());
        // A signal takes its time to arrive.
        while !all.iter().all(|process| is_dead(*process)) {
            assert!(std::time::Instant::now() < patience);
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = shell.kill();
        let _ = shell.wait();
    }
}
