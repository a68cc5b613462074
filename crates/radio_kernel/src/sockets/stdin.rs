//! Questions to the front end: one at a time, each waits for its answer or for an interrupt.

use crate::language::NoInput;
use crate::wire::{Bundle, InputReply, InputRequest, Message, Session};
use crate::zmtp::{Event, Frames, Socket};
use radio_notebook::lock;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a front end that sent the cell may take to connect for its input too.
const MAX_CONNECTING: Duration = Duration::from_secs(2);

/// What has become of the question.
#[derive(Debug, Default, PartialEq)]
enum Question {
    #[default]
    None,
    Asked,
    Answered(String),
    Interrupted,
}

/// The socket over which front ends are asked.
pub(crate) struct Stdin {
    socket: Arc<Socket>,
    session: Arc<Session>,
    question: Mutex<Question>,
    changed: Condvar,
}

impl Stdin {
    pub(crate) fn new(socket: Arc<Socket>, session: Arc<Session>) -> Arc<Stdin> {
        Arc::new(Stdin {
            socket,
            session,
            question: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Takes answers.
    pub(crate) fn serve(self: &Arc<Stdin>) -> io::Result<()> {
        let stdin = Arc::clone(self);
        self.socket.serve(move |event| {
            if let Event::Message { frames, .. } = event {
                stdin.hear(frames);
            }
        })
    }

    fn hear(&self, frames: Frames) {
        let message = match Message::read(frames, &self.session.signer) {
            Ok(message) => message,
            Err(problem) => return note!("a message on the stdin socket is ignored: {problem}"),
        };
        if message.header.msg_type != "input_reply" {
            return note!(
                "a {} on the stdin socket is ignored",
                message.header.msg_type
            );
        }
        // An answer that cannot be read is an empty one: the cell must not wait for ever.
        let reply: InputReply = message.content().unwrap_or_else(|problem| {
            note!("an answer is taken as empty: {problem}");
            InputReply {
                value: String::new(),
            }
        });
        let mut question = lock(&self.question);
        // An answer that comes too late is to no later question.
        if *question == Question::Asked {
            *question = Question::Answered(reply.value);
            self.changed.notify_all();
        }
    }

    /// Asks the front end that has sent `request`, and waits.
    pub(crate) fn ask(
        &self,
        request: &Message,
        prompt: &str,
        password: bool,
    ) -> Result<String, NoInput> {
        let asked = InputRequest {
            prompt: prompt.to_owned(),
            password,
        };
        let parent = Some(&*request.raw_header);
        let frames = self
            .session
            .write(&request.identities, &asked, parent, &Bundle::new(), &[]);
        let frames = frames.map_err(|_| NoInput::NotPossible)?;
        *lock(&self.question) = Question::Asked;
        if !self.send(&frames) {
            *lock(&self.question) = Question::None;
            return Err(NoInput::NotPossible);
        }
        let mut question = lock(&self.question);
        loop {
            match std::mem::take(&mut *question) {
                Question::Answered(value) => return Ok(value),
                Question::Interrupted => return Err(NoInput::Interrupted),
                Question::None | Question::Asked => *question = Question::Asked,
            }
            let waited = self
                .changed
                .wait_timeout(question, Duration::from_millis(500));
            let (guard, waiting) = waited.unwrap_or_else(PoisonError::into_inner);
            question = guard;
            // A front end that is gone will not answer; one that is back under its name may.
            if waiting.timed_out()
                && *question == Question::Asked
                && !self.socket.has_peer(&request.identities[0])
            {
                *question = Question::None;
                return Err(NoInput::NotPossible);
            }
        }
    }

    fn send(&self, frames: &Frames) -> bool {
        let Some((to, rest)) = frames.split_first() else {
            return false;
        };
        let until = Instant::now() + MAX_CONNECTING;
        while !self.socket.send(to, rest) {
            if Instant::now() >= until || *lock(&self.question) == Question::Interrupted {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// Waits until what was asked is on its way, at most until `deadline`.
    pub(crate) fn close(&self, deadline: Instant) {
        self.socket.close(deadline);
    }

    /// Ends the waiting for an answer.
    pub(crate) fn interrupt(&self) {
        let mut question = lock(&self.question);
        if *question == Question::Asked {
            *question = Question::Interrupted;
            self.changed.notify_all();
        }
    }
}
