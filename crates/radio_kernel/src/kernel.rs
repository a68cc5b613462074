//! A kernel: five sockets, a queue of cells, and one thread that has the language execute them.
//!
//! - `shell`: requests, of which only cells wait for each other
//! - `control`: requests that cannot wait
//! - `queue`: the cells that wait
//! - `executor`: one cell after the other
//! - `outputs`: what a cell writes, on its way to the front ends
//! - `answers`: the requests that do not wait
//! - `comms`: conversations with the front end's objects
//! - `history`: the cells of this session and of earlier ones

mod answers;
mod comms;
mod control;
mod executor;
mod history;
mod outputs;
mod queue;
mod shell;

use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::language::{Assistant, Language};
use crate::sockets::{self, IoPub, Stdin};
use crate::wire::{Bundle, Content, ErrorReply, ExecuteRequest, Message, Session, State};
use crate::zmtp::{Frames, Kind, Socket};
use comms::Comms;
use history::History;
use queue::{Job, Queue};
pub(crate) use radio_notebook::lock;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long the language may take to end what runs, and messages to be on their way, when the kernel ends.
const MAX_FAREWELL: Duration = Duration::from_secs(3);

/// A kernel that is at work.
pub struct Kernel {
    shared: Arc<Shared>,
    executor: JoinHandle<()>,
}

/// A handle by which the kernel can be told to end, from any thread.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

/// What the threads of a kernel share.
pub(crate) struct Shared {
    pub(crate) shell: Arc<Socket>,
    pub(crate) control: Arc<Socket>,
    pub(crate) iopub: IoPub,
    pub(crate) stdin: Arc<Stdin>,
    iopub_socket: Arc<Socket>,
    session: Arc<Session>,
    assistant: Arc<dyn Assistant>,
    queue: Queue,
    history: Mutex<History>,
    comms: Comms,
    subshells: Mutex<BTreeSet<String>>,
    next_subshell: AtomicU64,
    /// The number of the last cell that took one.
    count: AtomicU32,
    is_ending: Mutex<bool>,
    ending: Condvar,
}

impl Kernel {
    /// Binds the sockets and begins to answer. `history` is the folder for the cells of earlier sessions; without it
    /// they are forgotten.
    ///
    /// # Errors
    /// [`Error::Bind`] if a port is taken, [`Error::System`] if the system gives no threads.
    pub fn start(
        connection: &Connection,
        language: Box<dyn Language>,
        history: Option<PathBuf>,
    ) -> Result<Kernel> {
        let session = Arc::new(Session::new(connection.signer.clone())?);
        let shell = bind("shell", Kind::Router, connection.shell)?;
        let control = bind("control", Kind::Router, connection.control)?;
        let heartbeat = bind("heartbeat", Kind::Router, connection.heartbeat)?;
        let iopub_socket = bind("iopub", Kind::Publisher, connection.iopub)?;
        let stdin = bind("stdin", Kind::Router, connection.stdin)?;
        let shared = Arc::new(Shared {
            shell,
            control,
            iopub: IoPub::new(Arc::clone(&iopub_socket), Arc::clone(&session)),
            stdin: Stdin::new(stdin, Arc::clone(&session)),
            iopub_socket,
            session,
            assistant: language.assistant(),
            queue: Queue::default(),
            history: Mutex::new(History::new(history)),
            comms: Comms::default(),
            subshells: Mutex::default(),
            next_subshell: AtomicU64::new(1),
            count: AtomicU32::new(0),
            is_ending: Mutex::new(false),
            ending: Condvar::new(),
        });
        let kernel = Arc::clone(&shared);
        let executor = std::thread::Builder::new().name("executor".into());
        let executor = executor.spawn(move || executor::run(&kernel, language))?;
        shared.iopub.serve()?;
        sockets::serve_heartbeat(&heartbeat)?;
        shared.stdin.serve()?;
        control::serve(&shared)?;
        shell::serve(&shared)?;
        shared.iopub.status(State::Starting, None);
        Ok(Kernel { shared, executor })
    }

    /// A handle to end it by.
    pub fn handle(&self) -> Handle {
        Handle(Arc::clone(&self.shared))
    }

    /// Waits until a front end or a [`Handle`] has told the kernel to end, and everything that was said is on its way.
    pub fn wait(self) {
        let mut is_ending = lock(&self.shared.is_ending);
        while !*is_ending {
            let waited = self.shared.ending.wait(is_ending);
            is_ending = waited.unwrap_or_else(PoisonError::into_inner);
        }
        drop(is_ending);
        let deadline = Instant::now() + MAX_FAREWELL;
        while !self.executor.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let shared = &self.shared;
        let deadline = Instant::now() + MAX_FAREWELL;
        for socket in [&shared.shell, &shared.control, &shared.iopub_socket] {
            socket.close(deadline);
        }
        shared.stdin.close(deadline);
    }
}

impl Handle {
    /// Ends the cell that runs.
    pub fn interrupt(&self) {
        self.0.interrupt();
    }

    /// Ends the kernel.
    pub fn stop(&self) {
        self.0.stop();
    }
}

fn bind(socket: &'static str, kind: Kind, address: SocketAddr) -> Result<Arc<Socket>> {
    Socket::bind(socket, kind, address).map_err(|source| Error::Bind {
        socket,
        address,
        source,
    })
}

impl Shared {
    /// Takes a message apart that came from this peer; what is none is noted and dropped, since nobody who may ask has
    /// asked.
    pub(crate) fn read(&self, socket: &str, from: Vec<u8>, mut frames: Frames) -> Option<Message> {
        frames.insert(0, from);
        match Message::read(frames, &self.session.signer) {
            Ok(message) => Some(message),
            Err(problem) => {
                note!("a message on the {socket} socket is ignored: {problem}");
                None
            }
        }
    }

    /// Answers a request.
    pub(crate) fn reply<C: Content>(&self, socket: &Socket, request: &Message, content: &C) {
        let parent = Some(&*request.raw_header);
        let written = self
            .session
            .write(&request.identities, content, parent, &Bundle::new(), &[]);
        match written.as_ref().map(|frames| frames.split_first()) {
            Ok(Some((to, rest))) => drop(socket.send(to, rest)),
            Ok(None) => {}
            Err(error) => note!("a {} could not be written: {error}", content.message_type()),
        }
    }

    /// Answers a request that cannot be done.
    pub(crate) fn refuse(&self, socket: &Socket, request: &Message, ename: &str, evalue: String) {
        match ErrorReply::to(&request.header.msg_type, ename, evalue) {
            Some(reply) => self.reply(socket, request, &reply),
            None => note!("a {} is ignored", request.header.msg_type),
        }
    }

    /// Says that the kernel is at work on a request while it is.
    pub(crate) fn at_work(&self, request: &Message, work: impl FnOnce()) {
        self.iopub.status(State::Busy, Some(&request.raw_header));
        work();
        self.iopub.status(State::Idle, Some(&request.raw_header));
    }

    /// Lets a cell wait for its turn.
    pub(crate) fn enqueue(self: &Arc<Shared>, message: Message, request: ExecuteRequest) {
        let job = Job {
            message: Arc::new(message),
            request,
        };
        if let Err(job) = self.queue.push(job) {
            executor::abort(self, &job);
            return;
        }
        self.assistant.ahead(&self.queue.sources());
        self.assistant.wake();
    }

    /// Ends the cell that runs.
    pub(crate) fn interrupt(&self) {
        self.stdin.interrupt();
        self.assistant.interrupt();
    }

    /// Ends the kernel.
    pub(crate) fn stop(self: &Arc<Shared>) {
        for job in self.queue.close() {
            executor::abort(self, &job);
        }
        self.stdin.interrupt();
        self.assistant.stop();
        self.assistant.wake();
        *lock(&self.is_ending) = true;
        self.ending.notify_all();
    }

    pub(crate) fn has_subshell(&self, subshell: &str) -> bool {
        lock(&self.subshells).contains(subshell)
    }

    /// A new subshell. Its cells take turns with those of the others, since one runs at a time; a cell that fails
    /// aborts those of its own.
    pub(crate) fn create_subshell(&self) -> String {
        let number = self.next_subshell.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-subshell-{number}", self.session.id);
        lock(&self.subshells).insert(name.clone());
        name
    }

    pub(crate) fn delete_subshell(self: &Arc<Shared>, subshell: &str) -> bool {
        let was_there = lock(&self.subshells).remove(subshell);
        for job in self.queue.take(Some(subshell)) {
            executor::abort(self, &job);
        }
        was_there
    }

    pub(crate) fn subshells(&self) -> Vec<String> {
        lock(&self.subshells).iter().cloned().collect()
    }
}
