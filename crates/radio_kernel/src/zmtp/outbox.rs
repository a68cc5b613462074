//! The messages that wait to be written to one peer.

use radio_notebook::lock;
use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many bytes wait for a peer at most. One longer message is taken when nothing else waits.
const MAX_WAITING: usize = 1 << 26;

#[derive(Default)]
struct State {
    waiting: VecDeque<Arc<[u8]>>,
    /// The bytes of what waits and of what is being written.
    bytes: usize,
    /// Nothing more is taken.
    is_closed: bool,
    /// Nothing more is written.
    is_done: bool,
    /// The peer has not read for so long that nobody waits for it.
    is_stalled: bool,
}

/// A bounded queue with one writer.
#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
}

impl Outbox {
    /// Queues a message. Where there is no room, it waits for the peer to read; after `patience` the message is lost,
    /// and so are the next ones, at once, until the peer reads again. Returns whether the message was taken.
    pub(super) fn push(&self, message: Arc<[u8]>, patience: Duration) -> bool {
        let has_room = |state: &State| {
            state.bytes == 0 || state.bytes.saturating_add(message.len()) <= MAX_WAITING
        };
        let mut state = lock(&self.state);
        let until = Instant::now() + patience;
        while !state.is_closed && !has_room(&state) {
            let left = until.saturating_duration_since(Instant::now());
            if state.is_stalled || left.is_zero() {
                state.is_stalled = true;
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.is_closed {
            return false;
        }
        state.bytes += message.len();
        state.waiting.push_back(message);
        self.changed.notify_all();
        true
    }

    /// Writes what is queued, until the queue is closed and empty or the peer is gone.
    pub(super) fn write_to(&self, stream: &mut impl Write) {
        while let Some(message) = self.next() {
            let written = stream.write_all(&message);
            let mut state = lock(&self.state);
            state.bytes -= message.len();
            state.is_stalled = false;
            if written.is_err() {
                state.is_closed = true;
                state.waiting.clear();
                state.bytes = 0;
            }
            self.changed.notify_all();
        }
        lock(&self.state).is_done = true;
        self.changed.notify_all();
    }

    fn next(&self) -> Option<Arc<[u8]>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(message) = state.waiting.pop_front() {
                return Some(message);
            }
            if state.is_closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes nothing more; what waits is still written.
    pub(super) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.changed.notify_all();
    }

    /// Waits until everything is written; returns whether it was before the deadline.
    pub(super) fn wait_done(&self, deadline: Instant) -> bool {
        let mut state = lock(&self.state);
        while !state.is_done {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_queued_is_written_in_order_after_closing() {
        let outbox = Outbox::default();
        for byte in 0..100 {
            assert!(outbox.push(Arc::new([byte]), Duration::ZERO));
        }
        outbox.close();
        assert!(!outbox.push(Arc::new([0]), Duration::ZERO));
        let mut written = Vec::new();
        outbox.write_to(&mut written);
        assert_eq!(written, (0..100).collect::<Vec<u8>>());
        assert!(outbox.wait_done(Instant::now()));
    }

    #[test]
    fn a_peer_that_does_not_read_is_waited_for_once() {
        let outbox = Outbox::default();
        let large: Arc<[u8]> = vec![0; MAX_WAITING + 1].into();
        assert!(
            outbox.push(large.clone(), Duration::ZERO),
            "alone, it may be longer"
        );
        let begun = Instant::now();
        let patience = Duration::from_millis(60);
        assert!(!outbox.push(large.clone(), patience));
        assert!(begun.elapsed() >= patience);
        let begun = Instant::now();
        assert!(!outbox.push(large, Duration::from_secs(60)));
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}
