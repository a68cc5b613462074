//! Talks to a running host: sends it cells, and hears of their outputs as they happen.

mod failure;
mod idle;
mod listen;

use crate::diagnostics::Diagnostic;
use crate::document::Output;
use crate::error::{Error, Result};
use crate::interrupt::{self, Group};
use crate::program::text::as_if_alone;
use crate::run::fence::{Fence, Guard};
use crate::run::outputs::{Collector, Piece, Request, Stream, cut};
use failure::failure_of;
pub use failure::{Failure, failure, out_of_time};
pub use idle::Waker;
use idle::reads_stdin;
use listen::{Event, accept, listen_to_frames, listen_to_stream, new_token};
use radio_runtime::protocol::{Frame, GO, Order, ProgramLocation, SESSION_VARIABLE, mark_prefix};
use radio_runtime::worker::LIBRARY;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

/// What running a cell gave.
#[derive(Debug, Default)]
pub struct CellRun {
    /// Its outputs, without an error.
    pub outputs: Vec<Output>,
    /// Why it did not run to its end, if it did not.
    pub failure: Option<Failure>,
    /// Why it did not run at all: what its engine's compiler says of it.
    pub refused: Vec<Diagnostic>,
    /// Panics that the cell caught, or that happened in its threads.
    pub notes: Vec<(String, ProgramLocation)>,
    /// Whether the host is still there to run the next cell.
    pub goes_on: bool,
    /// The state before the cell, where it was to be kept.
    pub snapshot: Option<Snapshot>,
}

/// A state before a cell, kept by a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The stopped process that has it.
    process: u32,
    /// How many threads it lacks: those that earlier cells have left behind.
    pub threads: u32,
}

/// Where the function of a cell is.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The libraries that its own needs, in their order.
    pub loads: Vec<PathBuf>,
    /// The library that has it.
    pub library: PathBuf,
    /// Its name there.
    pub start: String,
}

/// A cell for a host to run.
#[derive(Clone, Copy, Debug)]
pub struct Job<'j> {
    /// Its number.
    pub cell: u32,
    /// Its function.
    pub entry: &'j Entry,
    /// Whether to keep the state before it.
    pub keep: bool,
}

/// What a host finds on its stdin.
#[derive(Debug)]
pub enum Input {
    /// The end, at once.
    Nothing,
    /// This, and then the end.
    Text(Vec<u8>),
    /// The answers to what cells ask for by `evcxr_input`. A cell that reads what it has not asked for waits for ever.
    Answers,
}

/// Who follows a cell while it runs.
pub trait Listener {
    /// The cell writes text.
    fn hears(&mut self, stream: Stream, text: &str);

    /// The cell shows something, once for each MIME type. The last that a cell shows is not heard if nothing follows
    /// it: it may be the value, and is among the outputs.
    fn shows(&mut self, _bundle: &[(String, String)]) {}

    /// What is to be the answer to a cell's request for input; `None` if there is none. Only asked where the host
    /// was started with [`Input::Answers`].
    fn answers(&mut self, request: &Request) -> Option<String>;
}

/// A host that was started and waits before its first cell.
#[derive(Debug)]
pub struct Session {
    /// Ends all that runs behind a fence; before the group, whose leader it starts from.
    guard: Option<Guard>,
    group: Group,
    channel: TcpStream,
    /// Where answers go.
    answers: Option<ChildStdin>,
    events: Receiver<Event>,
    collector: Collector,
    /// The cell that the host waits before; it may say so while the outputs of the one before are still on their
    /// way.
    waits_before: Option<u32>,
    host: Host,
    /// Whether somebody waits for the session to look up.
    is_called: Arc<AtomicBool>,
}

/// A host, seen from the session.
#[derive(Debug)]
struct Host {
    /// Where the processes that run cells connect to.
    listener: TcpListener,
    token: String,
    sender: SyncSender<Event>,
    /// The process that runs cells.
    worker: u32,
    /// What it has loaded.
    loaded: BTreeSet<PathBuf>,
    /// What the processes with earlier states have loaded.
    snapshots: Vec<(u32, BTreeSet<PathBuf>)>,
    /// How often an earlier state was restored.
    restored: u32,
    /// How the process that ran cells has ended, if it has.
    ended: Option<u32>,
}

/// How many events may wait to be looked at: a cell that writes faster has to wait.
const WAITING_EVENTS: usize = 64;
/// How many panics of its threads a cell may report.
const MAX_NOTES: usize = 100;
/// How long the end of a dead host's output is waited for: a process that it left behind may hold its pipes open.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long a cell that asks for input is still listened to before it is answered or given up: what it wrote before is
/// on its way through the other stream.
const GRACE: Duration = Duration::from_millis(50);

impl Session {
    /// Starts a host, which finds `input` on its stdin.
    ///
    /// # Errors
    /// [`Error::Program`] if it cannot be started or does not call back, [`Error::Interrupted`] after Ctrl-C.
    pub fn start(mut command: Command, input: Input) -> Result<Session> {
        let wrong = |what: &str| {
            let what = what.to_owned();
            move |error: std::io::Error| Error::Program(format!("{what}: {error}"))
        };
        let (listener, port) =
            listen_locally().map_err(wrong("no local connection can be made"))?;
        let token = new_token();
        let stdin = match input {
            Input::Text(_) | Input::Answers => Stdio::piped(),
            Input::Nothing => Stdio::null(),
        };
        command
            .env(SESSION_VARIABLE, format!("{port}:{token}"))
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut group = Group::spawn(&mut command).map_err(wrong("it cannot be started"))?;
        let mut answers = group.child.stdin.take();
        if let Input::Text(input) = input
            && let Some(mut stdin) = answers.take()
        {
            // Who does not read it is found out otherwise.
            std::thread::spawn(move || stdin.write_all(&input));
        }
        let channel = accept(&listener, &mut group, &token);
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
        let (channel, _) = channel.map_err(wrong("it does not call back"))?;
        let (sender, events) = mpsc::sync_channel(WAITING_EVENTS);
        if let Some(pipe) = group.child.stdout.take() {
            listen_to_stream(Stream::Stdout, pipe, mark_prefix(&token), sender.clone());
        }
        if let Some(pipe) = group.child.stderr.take() {
            listen_to_stream(Stream::Stderr, pipe, mark_prefix(&token), sender.clone());
        }
        let frames = channel
            .try_clone()
            .map_err(wrong("its connection cannot be used"))?;
        listen_to_frames(0, frames, sender.clone());
        let host = Host {
            listener,
            token,
            sender,
            worker: 0,
            loaded: BTreeSet::new(),
            snapshots: Vec::new(),
            restored: 0,
            ended: None,
        };
        Ok(Session {
            guard: None,
            group,
            channel,
            events,
            collector: Collector::new(answers.is_some()),
            answers,
            waits_before: None,
            host,
            is_called: Arc::default(),
        })
    }

    /// Starts a host, which finds `input` on its stdin; behind `fence`, if there is one.
    ///
    /// # Errors
    /// As [`start`](Session::start).
    pub(crate) fn start_host(
        command: Command,
        input: Input,
        fence: Option<&Arc<Fence>>,
    ) -> Result<Session> {
        let mut session = Session::start(command, input)?;
        session.guard = fence.map(|fence| fence.guard(session.group.child.id()));
        session.meet_worker()?;
        Ok(session)
    }

    /// Has a process of the host end with it. Behind a fence, processes may have numbers of their own, which mean
    /// others here; there the guard ends them.
    fn add_process(&mut self, process: u32) {
        if self.guard.is_none() || cfg!(not(target_os = "linux")) {
            self.group.add(process);
        }
    }

    /// Waits for the process of the host that runs cells from now on.
    fn meet_worker(&mut self) -> Result<()> {
        let host = &mut self.host;
        let met = accept(&host.listener, &mut self.group, &host.token);
        if interrupt::pressed() {
            return Err(Error::Interrupted);
        }
        let (channel, process) = met
            .map_err(|error| Error::Program(format!("its process does not call back: {error}")))?;
        listen_to_frames(process, channel, host.sender.clone());
        host.worker = process;
        host.ended = None;
        self.add_process(process);
        Ok(())
    }

    /// Runs a cell as `run_cell` does, by a host.
    pub fn run(
        &mut self,
        job: &Job<'_>,
        deadline: Option<Instant>,
        listener: &mut dyn Listener,
    ) -> CellRun {
        let mut orders = Vec::new();
        for path in &job.entry.loads {
            if self.host.loaded.insert(path.clone()) {
                orders.push(Order::Load {
                    path: path.to_string_lossy().into_owned(),
                });
            }
        }
        orders.push(Order::Run {
            cell: job.cell,
            keep: job.keep,
            path: job.entry.library.to_string_lossy().into_owned(),
            start: job.entry.start.clone(),
        });
        for order in orders {
            // If it does not arrive, the host is gone, which the next read tells.
            let _ = order.write(&mut self.channel);
        }
        self.run_cell(job.cell, deadline, listener)
    }

    /// Whether the host, or the process of it that runs cells, is gone.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.group.child.try_wait(), Ok(None))
            || !interrupt::is_running(self.host.worker.cast_signed())
    }

    /// Goes back to an earlier state. What the cells since then did to variables is undone.
    ///
    /// # Errors
    /// [`Error::Program`] if the process that has it is gone too.
    pub fn restore(&mut self, snapshot: Snapshot) -> Result<()> {
        let host = &mut self.host;
        host.restored += 1;
        let order = Order::Restore {
            process: snapshot.process,
            time: host.restored,
        };
        let _ = order.write(&mut self.channel);
        let at = host
            .snapshots
            .iter()
            .position(|(process, _)| *process == snapshot.process);
        if let Some(at) = at {
            host.loaded = host.snapshots.remove(at).1;
        }
        self.meet_worker()
    }

    /// Forgets an earlier state.
    pub fn forget(&mut self, snapshot: Snapshot) {
        let process = snapshot.process;
        // The keeper is told too, and may be gone before it hears of it.
        self.group.end(process);
        self.host.snapshots.retain(|(known, _)| *known != process);
        let _ = Order::Forget { process }.write(&mut self.channel);
    }

    /// Runs the next cell, whose number is `cell`, until it ends, fails, or `deadline` has passed. `listener` hears its
    /// text as it is written, and answers what it asks, for which the deadline waits.
    pub(crate) fn run_cell(
        &mut self,
        cell: u32,
        mut deadline: Option<Instant>,
        listener: &mut dyn Listener,
    ) -> CellRun {
        let mut run = CellRun::default();
        // What the cell's commands answered, as text and as HTML.
        let mut said = (String::new(), String::new());
        let (mut result, mut result_from, mut ended, mut closed) = (None, None, None, None);
        // The phase that both streams are in when nothing more can come.
        let mut over = u32::MAX;
        // Since when it asks for input, and what it asked for and did not get.
        let (mut asks_since, mut unanswered) = (None, None);
        // Since when it waits for a line that it has not asked for.
        let mut reads_since: Option<Instant> = None;
        let mut meter = self.guard.as_ref().map(Guard::meter);
        loop {
            let now = Instant::now();
            if self.waits_before == Some(cell) {
                self.waits_before = None;
                // If it does not arrive, the channel is closed, which the next read tells.
                let _ = self.channel.write_all(&[GO]);
            }
            if interrupt::requested() {
                run.failure = Some(failure("Interrupted", interrupt::REASON));
                break;
            }
            let is_late = deadline.is_some_and(|deadline| now >= deadline);
            let excess = meter.as_mut().and_then(|meter| meter.excess(now));
            if let Some(failure) = excess.or_else(|| is_late.then(out_of_time)) {
                run.failure = Some(failure);
                break;
            }
            if self.collector.asks_for_input() {
                asks_since = asks_since.or(Some(now));
            }
            let has_waited =
                |since: Option<Instant>| since.is_some_and(|since| now > since + GRACE);
            let request = match has_waited(asks_since) {
                true => self.collector.next_request(),
                false => has_waited(reads_since).then(Request::plain),
            };
            if let Some(request) = request {
                (asks_since, reads_since) = (None, None);
                let answer = match &self.answers {
                    Some(_) => listener.answers(&request),
                    None => None,
                };
                match (&mut self.answers, answer) {
                    (Some(stdin), Some(answer)) => {
                        // If it does not arrive, the host has ended, which the next read tells.
                        let _ = stdin.write_all(format!("{answer}\n").as_bytes());
                        deadline = deadline.map(|deadline| deadline + now.elapsed());
                    }
                    _ => {
                        unanswered = Some(request);
                        break;
                    }
                }
                continue;
            }
            if ended.is_some_and(|phase| self.collector.has_reached(phase)) {
                break;
            }
            let is_silent = closed.is_some_and(|at: Instant| now > at + PATIENCE);
            if closed.is_some() && (self.collector.has_reached(over) || is_silent) {
                if run.failure.is_none() {
                    run.failure = Some(self.how_it_ended());
                }
                break;
            }
            let step = Duration::from_millis(20);
            let wait = deadline.map_or(step, |deadline| step.min(deadline - now));
            let mut live = |piece: Piece<'_>| pass(listener, piece);
            match self.events.recv_timeout(wait) {
                Ok(Event::Frame(process, _)) if !self.is_heard(process) => {}
                Ok(Event::Frame(_, frame)) => match frame {
                    Frame::Begin { cell } => self.waits_before = Some(cell),
                    Frame::Result { text } => result = Some(as_if_alone(&text).into_owned()),
                    Frame::CommandOutput { text, html } => {
                        said.0.push_str(&text);
                        said.1.push_str(&html);
                    }
                    Frame::Displaying { phase } => result_from = Some(phase),
                    Frame::Raised {
                        ename,
                        evalue,
                        place,
                    } => match (ename.as_str(), evalue.parse()) {
                        // The process in which evcxr runs cells is gone, and evcxr has started another.
                        ("Ended", Ok(status)) => run.failure = Some(self.ended_with(status)),
                        ("CompileError", _) => {
                            run.refused = serde_json::from_str(&evalue).unwrap_or_default();
                        }
                        // What follows from a library that is not there says less.
                        _ if run.failure.as_ref().is_some_and(|f| f.ename == LIBRARY) => {}
                        _ => {
                            run.failure = Some(Failure {
                                ename,
                                evalue,
                                place: Some(place),
                            });
                        }
                    },
                    Frame::Note { text, place } if run.notes.len() < MAX_NOTES => {
                        run.notes.push((text, place))
                    }
                    Frame::Note { .. } => {}
                    Frame::End { cell: over, phase } if over == cell => ended = Some(phase),
                    Frame::Snapshot { process, threads } => {
                        run.snapshot = Some(Snapshot { process, threads });
                        self.add_process(process);
                        let loaded = self.host.loaded.clone();
                        self.host.snapshots.push((process, loaded));
                    }
                    Frame::Ended {
                        process,
                        status,
                        phase,
                    } => {
                        if self.host.worker == process {
                            self.host.ended = Some(status);
                            (over, closed) = (phase, Some(now));
                        }
                    }
                    Frame::End { .. } | Frame::Hello { .. } => {}
                },
                Ok(Event::ChannelClosed) => closed = Some(now),
                Ok(Event::Wake) => {}
                Ok(Event::Text(stream, bytes)) => {
                    meter.iter_mut().for_each(|meter| meter.writes(&bytes));
                    self.collector.text(stream, bytes, &mut live);
                }
                Ok(Event::Mark(stream, phase)) => self.collector.mark(stream, phase, &mut live),
                Ok(Event::StreamClosed(stream)) => self.collector.mark(stream, u32::MAX, &mut live),
                Err(RecvTimeoutError::Timeout) => {
                    self.collector.settle(result_from, &mut live);
                    let reads = self.answers.is_some() && reads_stdin(self.host.worker);
                    reads_since = reads.then(|| reads_since.unwrap_or(now));
                }
                Err(RecvTimeoutError::Disconnected) => closed = closed.or(Some(now)),
            }
        }
        if let Some(meter) = meter {
            meter.end();
        }
        // It may have ended meanwhile.
        let unanswered = unanswered.or_else(|| self.collector.next_request());
        if let Some(Request { prompt, .. }) = unanswered {
            // The cell reads the end of its input, and goes on with an empty line: whatever it does with that is not
            // meant.
            let why = match self.answers {
                Some(_) => format!("the cell asked for input ({prompt:?}), and got none"),
                None => format!(
                    "the cell asks for input ({prompt:?}), and there is nobody to ask: make it a parameter \
                     (`radio run -p NAME VALUE`), or run the notebook by `radio step` in a terminal or in Jupyter"
                ),
            };
            run.failure = Some(match interrupt::requested() {
                true => failure("Interrupted", interrupt::REASON),
                false => failure("Error", &why),
            });
            run.notes.clear();
            (result, ended) = (None, None);
        }
        run.goes_on = ended.is_some();
        let mut live = |piece: Piece<'_>| pass(listener, piece);
        run.outputs = self.collector.finish(result_from, &mut live);
        let (said, html) = said;
        if let Some(result) = result.or((!said.is_empty()).then(String::new)) {
            let text = ("text/plain".to_owned(), cut(said + &result));
            let html = (!html.is_empty()).then(|| ("text/html".to_owned(), cut(html)));
            match run.outputs.last_mut() {
                // A value after a block is its text form, as in evcxr.
                Some(Output::Data { bundle, is_result })
                    if html.is_none() && bundle.iter().all(|(mime, _)| mime != "text/plain") =>
                {
                    bundle.push(text);
                    *is_result = true;
                }
                _ => run.outputs.push(Output::Data {
                    bundle: html.into_iter().chain([text]).collect(),
                    is_result: true,
                }),
            }
        }
        run
    }

    /// Whether what a process says counts: one that was replaced may have said something last.
    fn is_heard(&self, process: u32) -> bool {
        process == 0 || process == self.host.worker
    }

    /// How a process ended, by the number that the system gave for it.
    fn ended_with(&self, status: i32) -> Failure {
        self.failure_of(std::os::unix::process::ExitStatusExt::from_raw(status))
    }

    fn failure_of(&self, status: ExitStatus) -> Failure {
        let how = failure_of(status);
        if !self.collector.tells_of_stack_overflow() {
            return how;
        }
        let what = "stack overflow: calls are nested too deeply, perhaps without end";
        failure(&how.ename, &format!("{what} ({})", how.evalue))
    }

    /// Why a host is gone that did not say why.
    fn how_it_ended(&mut self) -> Failure {
        if let Some(status) = self.host.ended {
            return self.ended_with(status.cast_signed());
        }
        let patience = Instant::now() + PATIENCE;
        loop {
            match self.group.child.try_wait() {
                Ok(Some(status)) => return self.failure_of(status),
                Ok(None) if Instant::now() < patience => {
                    std::thread::sleep(Duration::from_millis(2))
                }
                _ => return failure("Exited", "the program closed its connection"),
            }
        }
    }
}

/// Where the host is to call back, and the port.
fn listen_locally() -> std::io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

fn pass(listener: &mut dyn Listener, piece: Piece<'_>) {
    match piece {
        Piece::Text(stream, text) => listener.hears(stream, text),
        Piece::Content(bundle) => listener.shows(bundle),
    }
}
