//! The part of `radio` that is compiled into a notebook's program: it announces cells, waits for leave to go on, reports
//! results and failures, and shows values.
//!
//! This file is a module of two crates. In `radio_notebook` it gives the session its half of the protocol; its text is also
//! pasted, as `mod __radio`, into every program that `radio` compiles, so it uses nothing but the standard library.
//!
//! # Protocol
//!
//! The program connects to the loopback address in [`SESSION_VARIABLE`] (`port:token`) and sends [`Frame`]s; the session
//! answers with single bytes, [`GO`], one for each cell. Text on stdout and stderr is not framed: it goes through the
//! ordinary pipes, so that output of libraries and child processes is seen as well. So that the two pipes can be put back
//! into the order in which they were written, the program numbers its *phases*: at each change between stdout and stderr,
//! and at each cell's end, it writes a mark with the next phase's number into both. Marks go through duplicates of the two
//! descriptors that are made before the first cell: a cell may redirect or close its stdout, and keep it so.
#![allow(clippy::all, missing_docs)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock, mpsc};

/// The environment variable that holds `port:token`.
pub const SESSION_VARIABLE: &str = "RADIO_SESSION";
/// The session's answer to [`Frame::Begin`]: run this cell.
pub const GO: u8 = b'G';

/// The exit code of a program that has lost its connection to the session.
pub const LOST: i32 = 120;
/// The most of a value's text that is sent, in bytes; a little more than the session keeps, so that it sees what was cut.
const MOST_TEXT: usize = (8 << 20) + 1024;
/// The most of any other text, in bytes.
const MOST_MESSAGE: usize = 64 << 10;
/// A longer frame is none.
const MOST_FRAME: u32 = 16 << 20;

/// Where in the program's source something happened: file, line and column, both from 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    pub file: String,
    pub line: u32,
    pub column: u32,
}

impl From<&Location<'_>> for Place {
    fn from(at: &Location<'_>) -> Place {
        Place {
            file: at.file().to_owned(),
            line: at.line(),
            column: at.column(),
        }
    }
}

/// What the program says to the session.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// The first frame: proves that this is the program the session started.
    Hello { token: String },
    /// The program stands before this cell and waits for [`GO`].
    Begin { cell: u32 },
    /// The value of the cell's trailing expression, formatted.
    Result { text: String },
    /// What a command of the cell answers: text, and HTML or nothing.
    Said { text: String, html: String },
    /// The trailing expression's `evcxr_display` starts to write to stdout, in this phase.
    Displaying { phase: u32 },
    /// The cell failed: `ename` is `Panic` or `Error`.
    Raised {
        ename: String,
        evalue: String,
        place: Place,
    },
    /// A thread other than the cell's panicked, or the cell caught a panic of its own.
    Note { text: String, place: Place },
    /// The cell is over, and all it wrote comes before the mark of this phase.
    End { cell: u32, phase: u32 },
}

impl Frame {
    /// Writes the frame: a letter, the payload's length as four bytes (little end first), the payload.
    pub fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        let mut payload = Vec::new();
        let tag = match self {
            Frame::Hello { token } => {
                put_text(&mut payload, token);
                b'H'
            }
            Frame::Begin { cell } => {
                put_number(&mut payload, *cell);
                b'B'
            }
            Frame::Result { text } => {
                put_text(&mut payload, text);
                b'R'
            }
            Frame::Said { text, html } => {
                put_text(&mut payload, text);
                put_text(&mut payload, html);
                b'S'
            }
            Frame::Displaying { phase } => {
                put_number(&mut payload, *phase);
                b'D'
            }
            Frame::Raised {
                ename,
                evalue,
                place,
            } => {
                put_text(&mut payload, ename);
                put_text(&mut payload, evalue);
                put_place(&mut payload, place);
                b'X'
            }
            Frame::Note { text, place } => {
                put_text(&mut payload, text);
                put_place(&mut payload, place);
                b'N'
            }
            Frame::End { cell, phase } => {
                put_number(&mut payload, *cell);
                put_number(&mut payload, *phase);
                b'E'
            }
        };
        let mut frame = vec![tag];
        put_number(&mut frame, payload.len() as u32);
        frame.extend(payload);
        to.write_all(&frame)?;
        to.flush()
    }

    /// Reads one frame; `None` at the end of the stream or at anything that is not a frame.
    pub fn read(from: &mut impl Read) -> Option<Frame> {
        let mut head = [0; 5];
        from.read_exact(&mut head).ok()?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
        if length > MOST_FRAME {
            return None;
        }
        let mut payload = Vec::new();
        from.take(u64::from(length))
            .read_to_end(&mut payload)
            .ok()?;
        let rest = &mut payload.as_slice();
        Some(match head[0] {
            b'H' => Frame::Hello {
                token: take_text(rest)?,
            },
            b'B' => Frame::Begin {
                cell: take_number(rest)?,
            },
            b'R' => Frame::Result {
                text: take_text(rest)?,
            },
            b'S' => Frame::Said {
                text: take_text(rest)?,
                html: take_text(rest)?,
            },
            b'D' => Frame::Displaying {
                phase: take_number(rest)?,
            },
            b'X' => Frame::Raised {
                ename: take_text(rest)?,
                evalue: take_text(rest)?,
                place: take_place(rest)?,
            },
            b'N' => Frame::Note {
                text: take_text(rest)?,
                place: take_place(rest)?,
            },
            b'E' => Frame::End {
                cell: take_number(rest)?,
                phase: take_number(rest)?,
            },
            _ => return None,
        })
    }
}

fn put_number(to: &mut Vec<u8>, number: u32) {
    to.extend(number.to_le_bytes());
}

fn put_text(to: &mut Vec<u8>, text: &str) {
    let text = &text[..boundary(text, MOST_TEXT)];
    put_number(to, text.len() as u32);
    to.extend(text.as_bytes());
}

/// The last place in `text`, not behind `most`, where it can be cut.
pub fn boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// A message, cut where it is longer than anybody reads.
fn message(mut text: String) -> String {
    if text.len() > MOST_MESSAGE {
        text.truncate(boundary(&text, MOST_MESSAGE));
        text.push_str(" [radio: the rest of this message is left out]");
    }
    text
}

fn put_place(to: &mut Vec<u8>, place: &Place) {
    put_text(to, &place.file);
    put_number(to, place.line);
    put_number(to, place.column);
}

fn take_number(from: &mut &[u8]) -> Option<u32> {
    let (number, rest) = from.split_first_chunk::<4>()?;
    *from = rest;
    Some(u32::from_le_bytes(*number))
}

fn take_text(from: &mut &[u8]) -> Option<String> {
    let length = take_number(from)? as usize;
    let (text, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(String::from_utf8_lossy(text).into_owned())
}

fn take_place(from: &mut &[u8]) -> Option<Place> {
    Some(Place {
        file: take_text(from)?,
        line: take_number(from)?,
        column: take_number(from)?,
    })
}

/// The bytes that stand between two phases in stdout and stderr: what comes before the phase's number. A zero byte ends it.
pub fn mark_prefix(token: &str) -> Vec<u8> {
    format!("\0radio {token} ").into_bytes()
}

// ---- From here on: what the notebook's program calls. -------------------------------------------------------------

static SESSION: OnceLock<Session> = OnceLock::new();
static PHASE: AtomicU32 = AtomicU32::new(0);
static LAST_STREAM: AtomicU8 = AtomicU8::new(0);
/// What the last panic of the cells' own thread said, until somebody reports it.
static PANIC: Mutex<Option<(String, Place)>> = Mutex::new(None);
/// Where the last `?` of a cell found an error.
static QUESTION_MARK: Mutex<Option<Place>> = Mutex::new(None);

struct Session {
    channel: Mutex<TcpStream>,
    go: Mutex<mpsc::Receiver<()>>,
    mark: Vec<u8>,
    /// Stdout and stderr as they were at the start.
    streams: [Option<std::fs::File>; 2],
}

impl Session {
    fn send(&self, frame: &Frame) {
        if let Ok(mut channel) = self.channel.lock()
            && let Err(error) = frame.write(&mut *channel)
            && error.kind() != std::io::ErrorKind::BrokenPipe
            && error.kind() != std::io::ErrorKind::ConnectionReset
        {
            // A session that is gone ends the program from the thread that listens to it. Here the descriptor is gone: a
            // cell has closed it, and nothing can be said any more.
            std::process::exit(LOST);
        }
    }

    /// Writes to stdout (0) or stderr (1) as they were at the start.
    fn write_to(&self, stream: usize, mut bytes: &[u8]) {
        let Some(mut file) = self.streams[stream].as_ref() else {
            return;
        };
        while !bytes.is_empty() {
            match file.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // A cell has made the descriptor non-blocking.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
                Err(_) => return,
            }
        }
    }
}

/// Connects to the session and runs the notebook's body. Never returns: a kernel that is shut down drops no variables.
pub fn run(body: fn() -> Result<(), Raised>) -> ! {
    let said = std::env::var(SESSION_VARIABLE).unwrap_or_default();
    let Some((port, token)) = said.split_once(':') else {
        std::eprintln!("this program is a part of a notebook: run it with `radio run`");
        std::process::exit(2);
    };
    let connection = port
        .parse()
        .ok()
        .and_then(|port: u16| TcpStream::connect(("127.0.0.1", port)).ok());
    let Some((channel, mut answers)) = connection.and_then(|c| Some((c.try_clone().ok()?, c)))
    else {
        std::eprintln!("the notebook's runner does not answer");
        std::process::exit(2);
    };
    let _ = channel.set_nodelay(true);
    // SAFETY: no other thread runs yet.
    unsafe { std::env::remove_var(SESSION_VARIABLE) };
    let (gone_on, go) = mpsc::channel();
    std::thread::spawn(move || {
        let mut answer = [0];
        let error = loop {
            match answers.read_exact(&mut answer) {
                Ok(()) => drop(gone_on.send(())),
                Err(error) => break error,
            }
        };
        use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, UnexpectedEof};
        match error.kind() {
            UnexpectedEof | ConnectionReset | ConnectionAborted => end_all(),
            // The session is there; it is the descriptor that a cell has closed.
            _ => std::process::exit(LOST),
        }
    });
    let session = Session {
        channel: Mutex::new(channel),
        go: Mutex::new(go),
        mark: mark_prefix(token),
        streams: [duplicate(&std::io::stdout()), duplicate(&std::io::stderr())],
    };
    session.send(&Frame::Hello {
        token: token.to_owned(),
    });
    let _ = SESSION.set(session);
    // All cells are one function, whose variables may need far more room than a main thread has. It is used only as needed.
    let cells = std::thread::Builder::new()
        .name("main".to_owned())
        .stack_size(CELLS_STACK);
    let running = cells.spawn(move || {
        report_panics();
        attempt(|| {
            body()?;
            // Behind the last cell, the program is over: only a cell that is not fenced in can have come here.
            Err(Raised(
                "`return` ended this cell, and a later cell needs its variables".to_owned(),
            ))
        });
        std::process::exit(0)
    });
    if let Ok(thread) = running {
        let _ = thread.join();
    }
    std::process::exit(1)
}

/// A second descriptor for a stream, which the program's own child processes do not get. `None` where there is no stream.
#[cfg(unix)]
fn duplicate(stream: &impl std::os::fd::AsFd) -> Option<std::fs::File> {
    stream.as_fd().try_clone_to_owned().ok().map(Into::into)
}

#[cfg(windows)]
fn duplicate(stream: &impl std::os::windows::io::AsHandle) -> Option<std::fs::File> {
    stream.as_handle().try_clone_to_owned().ok().map(Into::into)
}

/// Says once, where it can be seen, that stdout is closed.
fn note_closed_stdout() {
    static SAID: std::sync::Once = std::sync::Once::new();
    if duplicate(&std::io::stdout()).is_none()
        && let Some(session) = SESSION.get()
    {
        let text = "[radio: this cell closed stdout; what is printed from here on is lost]\n";
        SAID.call_once(|| session.write_to(1, text.as_bytes()));
    }
}

/// The stack of the thread that runs the cells, in bytes.
const CELLS_STACK: usize = 512 << 20;

/// Has panics reported to the session instead of on stderr. Called by the thread that runs the cells.
fn report_panics() {
    let cells = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        let text = panic_text(info.payload());
        let place = info.location().map(Place::from).unwrap_or_default();
        if std::thread::current().id() == cells {
            note_caught_panic();
            if let Ok(mut panic) = PANIC.lock() {
                *panic = Some((text, place));
            }
        } else {
            let thread = std::thread::current();
            let text = format!(
                "thread '{}' panicked: {text}",
                thread.name().unwrap_or("<unnamed>")
            );
            send(&Frame::Note {
                text: message(text),
                place,
            });
        }
    }));
}

/// What a panic says.
fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "Box<dyn Any>".to_owned())
}

/// The runner is gone: nobody reads, so the program and what it started end too.
fn end_all() -> ! {
    #[cfg(unix)]
    {
        unsafe extern "C" {
            fn getpid() -> i32;
            fn getpgrp() -> i32;
            fn kill(process: i32, signal: i32) -> i32;
        }
        // SAFETY: plain system calls without pointers. The runner starts the program as the leader of its own group.
        unsafe {
            if getpgrp() == getpid() {
                kill(0, 9);
            }
        }
    }
    std::process::abort()
}

fn send(frame: &Frame) {
    if let Some(session) = SESSION.get() {
        session.send(frame);
    }
}

fn note_caught_panic() {
    let caught = PANIC.lock().ok().and_then(|mut panic| panic.take());
    if let Some((text, place)) = caught {
        send(&Frame::Note {
            text: message(format!("panicked: {text}")),
            place,
        });
    }
}

/// Announces a cell and waits until the session lets it run.
pub fn begin(cell: u32) {
    send(&Frame::Begin { cell });
    let went = SESSION
        .get()
        .and_then(|session| session.go.lock().ok()?.recv().ok());
    if went.is_none() {
        // The listening thread is ending the process.
        loop {
            std::thread::park();
        }
    }
}

/// Ends a cell: all that it wrote is flushed and marked.
pub fn end(cell: u32) {
    note_caught_panic();
    note_closed_stdout();
    let phase = next_phase();
    LAST_STREAM.store(0, SeqCst);
    send(&Frame::End { cell, phase });
}

/// Ends the program behind its last cell. Variables are not dropped: nobody is there to see what that prints.
pub fn over() {
    std::process::exit(0)
}

/// Runs (a part of) the notebook; what it raises is reported.
pub fn attempt(body: impl FnOnce() -> Result<(), Raised>) {
    report(catch_unwind(AssertUnwindSafe(body)));
}

fn report(ended: std::thread::Result<Result<(), Raised>>) {
    let (ename, evalue, place) = match ended {
        Ok(Ok(())) => return,
        Ok(Err(raised)) => {
            let place = QUESTION_MARK
                .lock()
                .ok()
                .and_then(|mut place| place.take())
                .unwrap_or_default();
            ("Error", raised.0, place)
        }
        Err(payload) => {
            let (text, place) = PANIC
                .lock()
                .ok()
                .and_then(|mut p| p.take())
                .unwrap_or_else(|| (panic_text(&*payload), Place::default()));
            ("Panic", text, place)
        }
    };
    send(&Frame::Raised {
        ename: ename.to_owned(),
        evalue: message(evalue),
        place,
    });
}

/// As [`attempt`], for a cell that may fail while the notebook goes on; its end is announced in both cases.
pub fn attempt_cell(cell: u32, body: impl FnOnce() -> Result<(), Raised>) {
    begin(cell);
    attempt(body);
    end(cell);
}

/// As [`attempt_cell`], for a cell that awaits.
pub async fn attempt_waiting_cell<F: Future<Output = Result<(), Raised>>>(
    cell: u32,
    body: impl FnOnce() -> F,
) {
    begin(cell);
    if let Ok(body) = catch_unwind(AssertUnwindSafe(body)) {
        let mut body = std::pin::pin!(body);
        let ended = std::future::poll_fn(|context| {
            match catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(context))) {
                Ok(polled) => polled.map(Ok),
                Err(payload) => std::task::Poll::Ready(Err(payload)),
            }
        });
        report(ended.await);
    }
    end(cell);
}

fn next_phase() -> u32 {
    let phase = PHASE.fetch_add(1, SeqCst) + 1;
    if let Some(session) = SESSION.get() {
        let mut mark = session.mark.clone();
        mark.extend(format!("{phase}\0").bytes());
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.flush();
        session.write_to(0, &mark);
        session.write_to(1, &mark);
    }
    phase
}

/// Called before a cell prints: `stream` is 1 for stdout and 2 for stderr. A change of stream starts a new phase.
pub fn turn_to(stream: u8) {
    let last = LAST_STREAM.swap(stream, SeqCst);
    if last != stream && last != 0 {
        next_phase();
    }
}

/// Called after a cell prints without a line end, so that it is seen at once.
pub fn flush() {
    let _ = std::io::stdout().flush();
}

/// Answers a command of a cell's: a line of text, and HTML or nothing.
pub fn says(text: &str, html: &str) {
    send(&Frame::Said {
        text: format!("{text}\n"),
        html: html.to_owned(),
    });
}

/// Lists variables with their types.
pub fn says_variables(variables: &[(&str, String)]) {
    let lines = variables.iter().map(|(name, of)| format!("{name}: {of}\n"));
    let cell = |text: &str| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let rows = variables
        .iter()
        .map(|(name, of)| format!("<tr><td>{}</td><td>{}</td></tr>", cell(name), cell(of)));
    send(&Frame::Said {
        text: lines.collect(),
        html: format!(
            "<table><tr><th>Variable</th><th>Type</th></tr>{}</table>",
            rows.collect::<String>()
        ),
    });
}

/// Compiles where a variable owns what it holds.
pub fn stays<T: ?Sized + 'static>(_: &T) {}

/// Compiles where a variable has not been moved.
pub fn remains<T: ?Sized>(_: &T) {}

/// Says a variable's type.
pub fn says_type<T: ?Sized>(name: &str, value: &T) {
    let text = format!("{name}: {}", type_name_of(value));
    send(&Frame::Said {
        html: text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;"),
        text,
    });
}

/// The name of a value's type, without the modules that types are in.
pub fn type_name_of<T: ?Sized>(_: &T) -> String {
    let mut short = String::new();
    let name = std::any::type_name::<T>().replace("::{{closure}}", "::closure");
    for part in name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        short.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    short
}

/// Runs a line in the shell; what it writes is part of the cell's value.
#[track_caller]
pub fn shell(line: &str) -> Result<(), Raised> {
    let (shell, flag) = if cfg!(windows) {
        ("cmd", "/C")
    } else {
        ("sh", "-c")
    };
    let output = std::process::Command::new(shell)
        .arg(flag)
        .arg(line)
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => return refuse(&format!("Failed to execute shell command: {error}")),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    send(&Frame::Said {
        text: text(&output.stdout) + &text(&output.stderr),
        html: String::new(),
    });
    if output.status.success() {
        return Ok(());
    }
    let code = output.status.code().unwrap_or_default();
    let why = text(&output.stderr);
    refuse(format!("Shell command failed with exit code {code}: {why}").trim_end())
}

/// A command that cannot be done.
#[track_caller]
pub fn refuse(why: &str) -> Result<(), Raised> {
    remember(Location::caller());
    Err(Raised(why.to_owned()))
}

/// Sets a variable of the environment.
pub fn set_variable(name: &str, value: &str) {
    // SAFETY: the cell that asks for it has not begun; threads of earlier cells must not read the environment meanwhile.
    unsafe { std::env::set_var(name, value) };
}

/// How the error of a failing `?` becomes text: 0 `{}`, 1 `{:?}`, 2 `{:#?}`.
static ERROR_FORMAT: AtomicU8 = AtomicU8::new(0);

/// Chooses how the error of a failing `?` becomes text.
pub fn set_error_format(format: u8) {
    ERROR_FORMAT.store(format, SeqCst);
}

fn debug_text(error: &impl std::fmt::Debug) -> String {
    match ERROR_FORMAT.load(SeqCst) {
        2 => format!("{error:#?}"),
        _ => format!("{error:?}"),
    }
}

/// What a cell's `?` found, ready to be shown.
///
/// It must not implement `Debug`: that is what lets it be made from everything that does.
pub struct Raised(String);

impl<E: std::fmt::Debug> From<E> for Raised {
    fn from(error: E) -> Raised {
        Raised(debug_text(&error))
    }
}

/// Put around what stands before every `?` of a cell: remembers the place, shows the error, and makes `?` work on `Option`.
///
/// The method of its own is for errors that can be displayed; [`QuestionMark`]'s, which comes after it, for all others.
pub struct Try<T>(pub T);

impl<T, E: std::fmt::Display + std::fmt::Debug> Try<Result<T, E>> {
    #[track_caller]
    pub fn __radio_question_mark(self) -> Result<T, Raised> {
        let place = Location::caller();
        self.0.map_err(|error| {
            remember(place);
            match ERROR_FORMAT.load(SeqCst) {
                0 => Raised(error.to_string()),
                _ => Raised(debug_text(&error)),
            }
        })
    }
}

/// See [`Try`].
pub trait QuestionMark {
    type Out;
    fn __radio_question_mark(self) -> Self::Out;
}

impl<T, E: std::fmt::Debug> QuestionMark for Try<Result<T, E>> {
    type Out = Result<T, Raised>;
    #[track_caller]
    fn __radio_question_mark(self) -> Result<T, Raised> {
        let place = Location::caller();
        self.0.map_err(|error| {
            remember(place);
            Raised(debug_text(&error))
        })
    }
}

impl<T> QuestionMark for Try<Option<T>> {
    type Out = Result<T, Raised>;
    #[track_caller]
    fn __radio_question_mark(self) -> Result<T, Raised> {
        let place = Location::caller();
        self.0.ok_or_else(|| {
            remember(place);
            Raised("`?` found None".to_owned())
        })
    }
}

impl<B, C> QuestionMark for Try<std::ops::ControlFlow<B, C>> {
    type Out = Result<C, Raised>;
    #[track_caller]
    fn __radio_question_mark(self) -> Result<C, Raised> {
        match self.0 {
            std::ops::ControlFlow::Continue(value) => Ok(value),
            std::ops::ControlFlow::Break(_) => {
                remember(Location::caller());
                Err(Raised("`?` found ControlFlow::Break".to_owned()))
            }
        }
    }
}

fn remember(at: &Location<'_>) {
    if let Ok(mut place) = QUESTION_MARK.lock() {
        *place = Some(at.into());
    }
}

/// Says that what follows on stdout is the trailing expression's own display.
pub fn displaying() {
    turn_to(1);
    let phase = next_phase();
    send(&Frame::Displaying { phase });
}

/// What `evcxr_display` is for a type that has none.
pub struct NoDisplay;

/// Gives every type an `evcxr_display`. For a reference it is the last to be found, as nothing but the reference itself is
/// borrowed mutably for it: a method of the type's own, or of another trait, that takes `&self` comes before.
pub trait AnyDisplay {
    fn evcxr_display(&mut self) -> NoDisplay {
        NoDisplay
    }
}
impl<T: ?Sized> AnyDisplay for &T {}

/// What a deferred call of `evcxr_display` returns, as a type.
pub struct Kind<R>(std::marker::PhantomData<R>);
/// The kind of a call without making it.
pub fn kind_of<R>(_: &impl FnOnce() -> R) -> Kind<R> {
    Kind(std::marker::PhantomData)
}
/// The type has no display of its own.
pub struct Absent;
/// The type has a display of its own.
pub struct Present;
impl Kind<NoDisplay> {
    pub fn presence(&self) -> Absent {
        Absent
    }
}
/// For all other kinds.
pub trait OtherKind {
    fn presence(&self) -> Present {
        Present
    }
}
impl<R> OtherKind for Kind<R> {}

/// Looks through `Box`, `Rc`, guards and the like: `*value` where there is one, `()` where there is not.
pub struct Through<'a, T: ?Sized>(pub &'a T);
impl<'a, T: ?Sized + std::ops::Deref> Through<'a, T> {
    pub fn target(&self) -> &'a T::Target {
        self.0.deref()
    }
}
/// For all that cannot be looked through.
pub trait NotThrough {
    fn target(&self) -> &'static () {
        &()
    }
}
impl<T: ?Sized> NotThrough for Through<'_, T> {}

/// How a cell's result becomes text where its type has no display: the cell's `:fmt`, which asks for `Debug` or `Display`.
pub trait Formats<T: ?Sized> {
    fn format(value: &T) -> String;
}

/// A value's text, without what is longer than anybody reads. It is formatted to its end all the same: an implementation of
/// `Debug` need not expect that writing fails.
pub fn text_of(value: std::fmt::Arguments<'_>) -> String {
    struct Start(String);
    impl std::fmt::Write for Start {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            if self.0.len() < MOST_TEXT {
                let room = boundary(text, MOST_TEXT - self.0.len() + 4);
                self.0.push_str(&text[..room]);
            }
            Ok(())
        }
    }
    let mut start = Start(String::new());
    let _ = std::fmt::write(&mut start, value);
    start.0
}

/// Shows `value`: by its own `evcxr_display`, by that of what it points to (up to three times), or by the given format.
#[macro_export]
#[doc(hidden)]
macro_rules! __radio_show {
    ($bound:ident, $format:literal, $types:literal, $value:expr) => {
        match &($value) {
            value => {
                #[allow(unused_imports)]
                use $crate::__radio::{AnyDisplay as _, NotThrough as _, OtherKind as _};
                struct CellFormat;
                impl<T: ?Sized + ::std::fmt::$bound> $crate::__radio::Formats<T> for CellFormat {
                    fn format(value: &T) -> ::std::string::String {
                        let text = $crate::__radio::text_of(::std::format_args!($format, value));
                        match $types {
                            true => ::std::format!(
                                ": {} = {text}",
                                $crate::__radio::type_name_of(value)
                            ),
                            false => text,
                        }
                    }
                }
                let once = $crate::__radio::Through(value).target();
                let twice = $crate::__radio::Through(once).target();
                let thrice = $crate::__radio::Through(twice).target();
                let (mut it, mut first, mut second, mut third) = (value, once, twice, thrice);
                let own = || it.evcxr_display();
                let first = || first.evcxr_display();
                let second = || second.evcxr_display();
                let third = || third.evcxr_display();
                $crate::__radio::Shown(
                    $crate::__radio::kind_of(&own).presence(),
                    $crate::__radio::kind_of(&first).presence(),
                    $crate::__radio::kind_of(&second).presence(),
                    $crate::__radio::kind_of(&third).presence(),
                )
                .show::<_, _, _, _, _, CellFormat>(own, first, second, third, value);
            }
        }
    };
}

/// Which of the value, what it points to, what that points to, and so on, has a display.
pub struct Shown<A, B, C, D>(pub A, pub B, pub C, pub D);

impl<B, C, D> Shown<Present, B, C, D> {
    pub fn show<Q, R, S, U, T: ?Sized, F>(
        self,
        own: impl FnOnce() -> Q,
        _: impl FnOnce() -> R,
        _: impl FnOnce() -> S,
        _: impl FnOnce() -> U,
        _: &T,
    ) {
        displaying();
        own();
    }
}

impl<C, D> Shown<Absent, Present, C, D> {
    pub fn show<Q, R, S, U, T: ?Sized, F>(
        self,
        _: impl FnOnce() -> Q,
        first: impl FnOnce() -> R,
        _: impl FnOnce() -> S,
        _: impl FnOnce() -> U,
        _: &T,
    ) {
        displaying();
        first();
    }
}

impl<D> Shown<Absent, Absent, Present, D> {
    pub fn show<Q, R, S, U, T: ?Sized, F>(
        self,
        _: impl FnOnce() -> Q,
        _: impl FnOnce() -> R,
        second: impl FnOnce() -> S,
        _: impl FnOnce() -> U,
        _: &T,
    ) {
        displaying();
        second();
    }
}

impl Shown<Absent, Absent, Absent, Present> {
    pub fn show<Q, R, S, U, T: ?Sized, F>(
        self,
        _: impl FnOnce() -> Q,
        _: impl FnOnce() -> R,
        _: impl FnOnce() -> S,
        third: impl FnOnce() -> U,
        _: &T,
    ) {
        displaying();
        third();
    }
}

impl Shown<Absent, Absent, Absent, Absent> {
    pub fn show<Q, R, S, U, T: ?Sized, F: Formats<T>>(
        self,
        _: impl FnOnce() -> Q,
        _: impl FnOnce() -> R,
        _: impl FnOnce() -> S,
        _: impl FnOnce() -> U,
        value: &T,
    ) {
        if std::any::type_name::<T>() != "()" {
            send(&Frame::Result {
                text: F::format(value),
            });
        }
    }
}
