//! What a cell takes of processor time, so that a busy machine does not cost it what it may have, and how much it
//! writes.

use super::Fence;
use super::watch::descendants;
use crate::run::session::{Failure, failure, out_of_time};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the time is looked at.
const STEP: Duration = Duration::from_millis(20);
/// A cell may take so many times its processor time by the clock: it may wait for others, and must not wait for ever.
const TIMES_BY_THE_CLOCK: u32 = 4;

/// Measures the processor time of one cell, over all processes that run behind its fence.
#[derive(Debug)]
pub struct Meter {
    fence: Arc<Fence>,
    leader: u32,
    /// What they had taken before the cell.
    before: Duration,
    looked: Instant,
    /// How much text it has written, in bytes.
    written: u64,
}

impl Meter {
    pub(super) fn begin(fence: Arc<Fence>, leader: u32) -> Meter {
        let before = taken(&fence, leader);
        Meter {
            fence,
            leader,
            before,
            looked: Instant::now(),
            written: 0,
        }
    }

    /// Takes note of text that the cell has written.
    pub fn writes(&mut self, text: &[u8]) {
        self.written += text.len() as u64;
    }

    /// Why the cell is to end. Its time is looked at now and then only.
    pub fn excess(&mut self, now: Instant) -> Option<Failure> {
        let limits = &self.fence.limits;
        if self.written > limits.text {
            let most = limits.text >> 20;
            let why = format!("the cell wrote more than {most} MB of text");
            return Some(failure("Limit", &why));
        }
        if now < self.looked + STEP {
            return None;
        }
        self.looked = now;
        let is_spent = self.took() >= limits.time;
        is_spent.then(out_of_time)
    }

    /// Ends measuring: the fence keeps in mind what the slowest cell took.
    pub fn end(self) {
        let took = self.took();
        self.fence.took(took);
    }

    fn took(&self) -> Duration {
        taken(&self.fence, self.leader).saturating_sub(self.before)
    }
}

/// How long a cell may take by the clock that may take so much processor time. Where the system does not tell the
/// latter, it is both.
pub(super) fn by_the_clock(time: Duration) -> Duration {
    match cfg!(target_os = "linux") {
        true => time * TIMES_BY_THE_CLOCK,
        false => time,
    }
}

/// The processor time that all have taken which a process has started, with those of them that have ended.
fn taken(fence: &Fence, leader: u32) -> Duration {
    let processes = descendants(leader, fence.limits.processes);
    let ticks: u64 = processes.into_iter().map(ticks_of).sum();
    Duration::from_millis(ticks * 1000 / ticks_a_second())
}

/// The processor time of a process, and of what it has started and seen end.
fn ticks_of(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name before may have blanks and brackets. Behind it come the state, ten other fields, and these four.
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields);
    let times = fields.split_whitespace().skip(11).take(4);
    times.filter_map(|time| time.parse::<u64>().ok()).sum()
}

fn ticks_a_second() -> u64 {
    use nix::unistd::{SysconfVar, sysconf};
    let ticks = sysconf(SysconfVar::CLK_TCK).ok().flatten();
    ticks
        .and_then(|ticks| ticks.try_into().ok())
        .unwrap_or(100)
        .max(1)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn time_is_that_of_processors_and_counts_what_has_ended() {
        // Two that work and end, and one that sleeps.
        let work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let line = format!("sleep 1000 & ({work}) & a=$!; ({work}) & wait $a $!; echo; wait");
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", &format!("({line}) & wait")]);
        shell.stdout(std::process::Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        let begun = Instant::now();
        let mut said = [0];
        let stdout = shell.stdout.as_mut().unwrap();
        std::io::Read::read_exact(stdout, &mut said).unwrap();
        let ticks = || -> u64 { descendants(shell.id(), 9).into_iter().map(ticks_of).sum() };
        let worked = ticks();
        assert!(worked > 0, "nothing counted after {:?}", begun.elapsed());
        std::thread::sleep(Duration::from_millis(100));
        assert!(ticks() <= worked + 1, "sleeping is no work");
        super::super::watch::end_all(shell.id());
        let _ = shell.kill();
        let _ = shell.wait();
    }
}
