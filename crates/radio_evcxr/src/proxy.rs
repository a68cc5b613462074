//! The proxy between evcxr and the process in which the cells' code runs.

use super::{CELLS_VARIABLE, EVCXRS_CELLS_VARIABLE, PROXY_VARIABLE, forget};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// What evcxr's own code in the child says to evcxr, at a line's end.
pub const COMPLETE: &str = "EVCXR_EXECUTION_COMPLETE";
const PANICKED: &str = "EVCXR_PANIC_NOTIFICATION";
const QUESTION_MARK: &str = "EVCXR_ERROR_OCCURRED";
/// The same, with the name of a variable behind it.
const CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";
/// What begins a block that is shown. Of all words here, it alone goes to the session.
const BLOCK: &str = "EVCXR_BEGIN_CONTENT ";
/// What the cells' panic hook writes, before what it has to say and a line end.
pub const HOOK: &str = "\0radio panic ";

/// What the host has run before the first cell, when all of that is over: what was written until then is not the
/// cells'.
pub const READY: &str = "\0radio ready";

/// The lines that the host hears of: an event's name and what belongs to it.
pub const EVENT_PANIC: &str = "panic";
pub const EVENT_PANICKED: &str = "panicked";
pub const EVENT_QUESTION_MARK: &str = "question mark";
pub const EVENT_ENDED: &str = "ended";

/// How long output is waited for once the process that ran the cells has ended: what it started may hold the other end
/// for ever.
const PATIENCE: Duration = Duration::from_millis(500);

/// A descriptor that this process got from the one that started it, and that its own children do not get.
fn inherited(number: &str) -> Option<File> {
    let number: RawFd = number.parse().ok()?;
    // SAFETY: the host has opened it for this process, which takes it once.
    let theirs = unsafe { OwnedFd::from_raw_fd(number) };
    Some(theirs.try_clone().ok()?.into())
}

/// Starts the process that runs the cells' code, and forwards what it writes until it ends. Never returns.
/// `descriptors` are the numbers of the session's stdout and stderr, and of the pipe to the host.
pub fn run(descriptors: &str) -> ! {
    let files: Vec<File> = descriptors.split(':').filter_map(inherited).collect();
    let Ok([out, err, events]) = <[File; 3]>::try_from(files) else {
        std::process::exit(2);
    };
    forget(PROXY_VARIABLE);
    let child = std::env::current_exe().and_then(|radio| {
        Command::new(radio)
            .env_remove(EVCXRS_CELLS_VARIABLE)
            .env(CELLS_VARIABLE, "1")
            .stdin(Stdio::inherit())
            .stdout(Stdio::piped())
            .stderr(err)
            .spawn()
    });
    let Ok(mut child) = child else {
        std::process::exit(2);
    };
    let mut proxy = Proxy {
        out,
        events,
        evcxr: std::io::stdout(),
        is_ready: false,
        at_line_start: true,
    };
    let (sender, written) = mpsc::sync_channel(16);
    if let Some(mut out) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            while let Ok(count @ 1..) = out.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
    }
    let mut held = Vec::new();
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        match written.recv_timeout(PATIENCE / 5) {
            Ok(bytes) => {
                held.extend_from_slice(&bytes);
                proxy.take(&mut held);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if ended.is_none() {
            ended = child
                .try_wait()
                .ok()
                .flatten()
                .map(|status| (status, Instant::now()));
        }
        if ended.is_some_and(|(_, since)| since.elapsed() > PATIENCE) {
            break;
        }
    }
    proxy.text(&held);
    let status = ended
        .map(|(status, _)| status)
        .or_else(|| child.wait().ok());
    if let Some(status) = status {
        proxy.event(EVENT_ENDED, &status.into_raw().to_string());
    }
    std::process::exit(1)
}

struct Proxy<Out, Events, Evcxr> {
    out: Out,
    events: Events,
    evcxr: Evcxr,
    /// Whether the cells' turn has come.
    is_ready: bool,
    /// Whether the session's stdout stands at the start of a line.
    at_line_start: bool,
}

impl<Out: Write, Events: Write, Evcxr: Write> Proxy<Out, Events, Evcxr> {
    /// Takes all that is certain from `held`; what may be the start of a word stays.
    fn take(&mut self, held: &mut Vec<u8>) {
        while let Some(end) = held.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = held.drain(..=end).collect();
            self.line(&line);
        }
        let certain = held.len() - unfinished_word(held);
        let text: Vec<u8> = held.drain(..certain).collect();
        self.text(&text);
    }

    /// Takes a whole line.
    fn line(&mut self, line: &[u8]) {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(at) = find(bare, HOOK) {
            self.text(&bare[..at]);
            let said = String::from_utf8_lossy(&bare[at + HOOK.len()..]).into_owned();
            self.event(EVENT_PANIC, &said);
            return;
        }
        if bare == READY.as_bytes() {
            self.is_ready = true;
            return;
        }
        let word = [COMPLETE, PANICKED, QUESTION_MARK]
            .into_iter()
            .find(|word| bare.ends_with(word.as_bytes()));
        if let Some(word) = word {
            self.text(&bare[..bare.len() - word.len()]);
            match word {
                PANICKED => self.event(EVENT_PANICKED, ""),
                QUESTION_MARK => self.event(EVENT_QUESTION_MARK, ""),
                // The session ends an unfinished line with its cell.
                _ => self.at_line_start = true,
            }
            self.tell_evcxr(word.as_bytes());
        } else if let Some(at) = find(bare, CHANGED_TYPE) {
            self.text(&bare[..at]);
            self.tell_evcxr(&bare[at..]);
        } else if let Some(at) = find(bare, BLOCK).filter(|&at| at > 0 || !self.at_line_start) {
            // A block begins a line; this one comes behind text without an end.
            self.text(&bare[..at]);
            self.text(b"\n");
            self.text(&line[at..]);
        } else {
            self.text(line);
        }
    }

    fn text(&mut self, text: &[u8]) {
        if let Some(last) = text.last().filter(|_| self.is_ready) {
            self.at_line_start = *last == b'\n';
            let _ = self.out.write_all(text);
        }
    }

    fn event(&mut self, name: &str, said: &str) {
        // By one call: the host writes to the same pipe.
        let _ = self
            .events
            .write_all(format!("{name}\t{said}\n").as_bytes());
    }

    fn tell_evcxr(&mut self, word: &[u8]) {
        let _ = self.evcxr.write_all(word);
        let _ = self.evcxr.write_all(b"\n");
        let _ = self.evcxr.flush();
    }
}

fn find(text: &[u8], word: &str) -> Option<usize> {
    text.windows(word.len())
        .position(|part| part == word.as_bytes())
}

/// How many bytes at the end of `text`, which has no line end, may belong to a word that is not whole.
fn unfinished_word(text: &[u8]) -> usize {
    let words = [
        COMPLETE,
        PANICKED,
        QUESTION_MARK,
        CHANGED_TYPE,
        BLOCK,
        HOOK,
        READY,
    ];
    let starts = words.iter().filter_map(|word| {
        // All from the word's start on: its line has not ended.
        if let Some(at) = find(text, word) {
            return Some(text.len() - at);
        }
        let longest = word.len().min(text.len());
        (1..=longest)
            .rev()
            .find(|&length| text.ends_with(&word.as_bytes()[..length]))
    });
    starts.max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(is_ready: bool) -> Proxy<Vec<u8>, Vec<u8>, Vec<u8>> {
        Proxy {
            out: Vec::new(),
            events: Vec::new(),
            evcxr: Vec::new(),
            is_ready,
            at_line_start: true,
        }
    }

    /// What goes where, for text that arrives in these pieces.
    fn forwarded(pieces: &[&str]) -> (String, String, String) {
        let mut proxy = proxy(true);
        let mut held = Vec::new();
        for piece in pieces {
            held.extend_from_slice(piece.as_bytes());
            proxy.take(&mut held);
        }
        proxy.text(&held);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(proxy.out), text(proxy.events), text(proxy.evcxr))
    }

    #[test]
    fn evcxr_gets_its_words_and_the_session_all_else() {
        let whole = "a\nunfinishedEVCXR_EXECUTION_COMPLETE\nb\n\0radio panic src/lib.rs\t1\nEVCXR_PANIC_NOTIFICATION\n\
                     EVCXR_BEGIN_CONTENT text/plain\n1\nEVCXR_END_CONTENT\nEVCXR_VARIABLE_CHANGED_TYPE:x\nEVCXR_ERROR_OCCURRED\n";
        let expected = (
            "a\nunfinishedb\nEVCXR_BEGIN_CONTENT text/plain\n1\nEVCXR_END_CONTENT\n".to_owned(),
            "panic\tsrc/lib.rs\t1\npanicked\t\nquestion mark\t\n".to_owned(),
            "EVCXR_EXECUTION_COMPLETE\nEVCXR_PANIC_NOTIFICATION\nEVCXR_VARIABLE_CHANGED_TYPE:x\nEVCXR_ERROR_OCCURRED\n"
                .to_owned(),
        );
        assert_eq!(forwarded(&[whole]), expected);
        for at in (0..whole.len()).filter(|&at| whole.is_char_boundary(at)) {
            assert_eq!(
                forwarded(&[&whole[..at], &whole[at..]]),
                expected,
                "cut at {at}"
            );
        }
    }

    #[test]
    fn what_comes_before_the_first_cell_is_dropped() {
        let mut proxy = proxy(false);
        let mut held =
            b"42\nEVCXR_EXECUTION_COMPLETE\n\0radio ready\nEVCXR_EXECUTION_COMPLETE\na".to_vec();
        proxy.take(&mut held);
        assert_eq!((proxy.out.as_slice(), proxy.evcxr.len()), (&b"a"[..], 50));
    }

    #[test]
    fn text_without_a_line_end_is_not_kept_back() {
        let mut proxy = proxy(true);
        let mut held = b"50 % EVC".to_vec();
        proxy.take(&mut held);
        assert_eq!((held.as_slice(), proxy.at_line_start), (&b"EVC"[..], false));
        assert_eq!(proxy.out, b"50 % ");
    }

    #[test]
    fn a_block_behind_an_unfinished_line_begins_a_line() {
        let (out, ..) = forwarded(&["aEVCXR_BEGIN_CONTENT text/plain\n1\nEVCXR_END_CONTENT\n"]);
        assert_eq!(
            out,
            "a\nEVCXR_BEGIN_CONTENT text/plain\n1\nEVCXR_END_CONTENT\n"
        );
    }
}
