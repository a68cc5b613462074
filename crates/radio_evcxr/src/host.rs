//! The process in which evcxr lives: executes cells by it, and reports to the session as a compiled notebook does.

use super::{PROXY_VARIABLE, places, proxy};
use evcxr::{CommandContext, CompilationError, EvalContext, EvalOutputs};
use radio_notebook::build::toolchain::Toolchain;
use radio_notebook::diagnostics::{Diagnostic, Span};
use radio_notebook::execute::engine::{Job, JobCell, cell_as_file};
use radio_notebook::program::CellLocation;
use radio_notebook::say;
use radio_runtime::protocol::{Frame, ProgramLocation, SESSION_VARIABLE, mark_prefix};
use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::sync::mpsc::{self, Receiver};

/// Has panics told by a line that the proxy takes out, with the message's own line ends escaped; and says that it is
/// done.
const PANIC_HOOK: &str = r#"{
    let cells = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "Box<dyn Any>".to_owned());
        let text: String = text.chars().take(16384).collect();
        let (file, line, column) = info.location().map_or(("", 0, 0), |at| (at.file(), at.line(), at.column()));
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("<unnamed>").replace(['\t', '\n', '\r'], " ");
        let is_cells = thread.id() == cells;
        let said = format!("\0radio panic {is_cells}\t{name}\t{file}\t{line}\t{column}\t{}\n", text.escape_default());
        let stdout = std::mem::ManuallyDrop::new(unsafe { <std::fs::File as std::os::fd::FromRawFd>::from_raw_fd(1) });
        let _ = std::io::Write::flush(&mut std::io::stdout());
        let _ = std::io::Write::write_all(&mut &*stdout, said.as_bytes());
    }));
    println!("\0radio ready");
};"#;

/// What a cell of statements ends with: otherwise, a line that it has begun and not ended stays in a buffer.
const FLUSH: &str = "\nlet _ = std::io::Write::flush(&mut std::io::stdout());";

/// Executes the job that stands on stdin. Never returns: what the cells left behind is not dropped.
pub fn run(build: &Path) -> ! {
    let said = super::take(SESSION_VARIABLE).unwrap_or_default();
    let said = said.to_string_lossy().into_owned();
    let session = said
        .split_once(':')
        .and_then(|(port, token)| Session::connect(port, token).ok());
    let Some(mut session) = session else {
        say!("this process is a part of `radio run --engine evcxr`");
        exit(2);
    };
    let Ok(err) = keep_stderr() else {
        exit(2);
    };
    let mut text = String::new();
    let job = std::io::stdin()
        .read_to_string(&mut text)
        .ok()
        .and_then(|_| serde_json::from_str::<Job>(&text).ok());
    let Some(job) = job else {
        exit(2);
    };
    let mut host = match Host::start(&job, build, &err) {
        Ok(host) => host,
        Err(message) => {
            session.send(&Frame::Raised {
                ename: "Engine".into(),
                evalue: message,
                place: ProgramLocation::default(),
            });
            exit(1);
        }
    };
    for cell in &job.cells {
        if cell.is_reported {
            session.wait_before(cell.number);
        }
        let frames = host.execute(cell);
        if cell.is_reported {
            frames.iter().for_each(|frame| session.send(frame));
            session.end(cell.number, &err);
        }
    }
    exit(0)
}

/// The session's stderr. What this process itself writes there from now on goes nowhere: it is what cargo says for
/// evcxr, which is no output of a cell.
fn keep_stderr() -> std::io::Result<File> {
    let err = nix::unistd::dup(std::io::stderr())?;
    let nowhere = File::options().write(true).open("/dev/null")?;
    nix::unistd::dup2_stderr(&nowhere)?;
    Ok(err.into())
}

/// The connection to the session.
struct Session {
    channel: TcpStream,
    go: Receiver<()>,
    mark: Vec<u8>,
    phase: u32,
}

impl Session {
    fn connect(port: &str, token: &str) -> std::io::Result<Session> {
        let port: u16 = port.parse().map_err(std::io::Error::other)?;
        let mut channel = TcpStream::connect(("127.0.0.1", port))?;
        channel.set_nodelay(true)?;
        let token = token.to_owned();
        let mark = mark_prefix(&token);
        Frame::Hello { token, process: 0 }.write(&mut channel)?;
        let mut answers = channel.try_clone()?;
        let (gone_on, go) = mpsc::channel();
        std::thread::spawn(move || {
            let mut answer = [0];
            while answers.read_exact(&mut answer).is_ok() {
                let _ = gone_on.send(());
            }
            // Nobody listens any more. All processes of the group are ours.
            let _ =
                nix::sys::signal::killpg(nix::unistd::getpgrp(), nix::sys::signal::Signal::SIGKILL);
        });
        Ok(Session {
            channel,
            go,
            mark,
            phase: 0,
        })
    }

    fn send(&mut self, frame: &Frame) {
        let _ = frame.write(&mut self.channel);
    }

    fn wait_before(&mut self, cell: u32) {
        self.send(&Frame::Begin { cell });
        if self.go.recv().is_err() {
            exit(0);
        }
    }

    /// Says that a cell is over, and that all it wrote comes before a mark.
    fn end(&mut self, cell: u32, mut err: &File) {
        self.phase += 1;
        let mut mark = self.mark.clone();
        mark.extend(format!("{}\0", self.phase).bytes());
        let _ = std::io::stdout().write_all(&mark);
        let _ = std::io::stdout().flush();
        let _ = err.write_all(&mark);
        let phase = self.phase;
        self.send(&Frame::End { cell, phase });
    }
}

/// What the proxy tells.
#[derive(Default)]
struct Events {
    panics: Vec<Panic>,
    has_panicked: bool,
    has_failed: bool,
    /// How the process that ran the cells ended, as the system says it.
    ended: Option<String>,
}

struct Panic {
    /// Whether it was in the thread that runs the cells.
    is_cells: bool,
    thread: String,
    place: ProgramLocation,
    text: String,
}

struct Host {
    evcxr: CommandContext,
    /// Lines from the proxy.
    told: Receiver<String>,
    /// Where the proxy writes them.
    tell: PipeWriter,
    /// The cells so far.
    cells: Vec<(u32, String)>,
    /// The file that evcxr compiles.
    compiled: PathBuf,
}

/// The line behind which there is nothing more of a cell.
const NO_MORE: &str = "no more";

impl Host {
    fn start(job: &Job, build: &Path, err: &File) -> Result<Host, String> {
        let (events, tell) = std::io::pipe().map_err(|error| error.to_string())?;
        let told = listen(events);
        // The proxy inherits these; the standard library's own descriptors end with an `exec`.
        let kept = |stream: &dyn AsFd| {
            nix::unistd::dup(stream.as_fd())
                .map(std::os::fd::IntoRawFd::into_raw_fd)
                .map_err(|error| error.to_string())
        };
        let (out, err, events) = (kept(&std::io::stdout())?, kept(err)?, kept(&tell)?);
        let radio = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut proxy = Command::new(radio);
        proxy.env(PROXY_VARIABLE, format!("{out}:{err}:{events}"));
        find_rusts_libraries(&mut proxy);
        // SAFETY: no thread of this process reads the environment.
        unsafe {
            std::env::set_var("EVCXR_TMPDIR", build);
            // Settings of the user's own for Jupyter are not the notebook's.
            std::env::set_var("EVCXR_CONFIG_DIR", build);
        }
        let (mut context, outputs) =
            EvalContext::with_subprocess_command(proxy).map_err(|error| error.to_string())?;
        // evcxr waits until somebody has read what it passes on, which is nothing; its stderr is the session's.
        drop(outputs);
        context
            .set_opt_level(&job.opt_level)
            .map_err(|error| error.to_string())?;
        let mut evcxr = CommandContext::with_eval_context(context);
        evcxr
            .execute(PANIC_HOOK)
            .map_err(|error| error.to_string())?;
        Ok(Host {
            evcxr,
            told,
            tell,
            cells: Vec::new(),
            compiled: build.join("src/lib.rs"),
        })
    }

    /// Executes a cell: what there is to say of it.
    fn execute(&mut self, cell: &JobCell) -> Vec<Frame> {
        self.cells.push((cell.number, cell.source.clone()));
        let source = match cell.ends_in_statement {
            true => cell.source.clone() + FLUSH,
            false => cell.source.clone(),
        };
        // What comes behind them runs in another process, which has to know the hook by then.
        let (restarts, rest) = source.split_at(end_of_restarts(&source));
        let mut said = EvalOutputs::new();
        if !restarts.is_empty() {
            let process = self.process();
            self.evcxr
                .execute(restarts)
                .into_iter()
                .for_each(|of_restarts| said.merge(of_restarts));
            self.set_hook_unless_in(process);
        }
        // So that the lines keep their numbers.
        let lines = "\n".repeat(restarts.lines().count());
        let process = self.process();
        let outcome = self.evcxr.execute(&(lines + rest)).map(|outputs| {
            said.merge(outputs);
            said
        });
        let events = self.events();
        let mut frames = Vec::new();
        let failure = match outcome {
            Ok(outputs) => {
                let said = |mime: &str| {
                    outputs
                        .content_by_mime_type
                        .get(mime)
                        .cloned()
                        .unwrap_or_default()
                };
                let (text, html) = (said("text/plain"), said("text/html"));
                if !text.is_empty() || !html.is_empty() {
                    frames.push(Frame::CommandOutput { text, html });
                }
                events.has_failed.then(|| ("Error", String::new()))
            }
            Err(evcxr::Error::SubprocessTerminated(message)) => {
                Some(("Ended", events.ended.clone().unwrap_or(message)))
            }
            Err(evcxr::Error::CompilationErrors(errors)) => {
                let errors: Vec<Diagnostic> =
                    errors.iter().map(|error| diagnostic(error, cell)).collect();
                let text = serde_json::to_string(&errors).unwrap_or_default();
                Some(("CompileError", text))
            }
            Err(error) => {
                let errors = [message(&error.to_string(), cell)];
                let text = serde_json::to_string(&errors).unwrap_or_default();
                Some(("CompileError", text))
            }
        };
        let mut panics = events.panics;
        let last = panics.iter().rposition(|panic| panic.is_cells);
        let failure = match last.filter(|_| events.has_panicked) {
            Some(last) => {
                let panic = panics.remove(last);
                Some(("Panic", panic.text, panic.place))
            }
            // The cell's own hook told it, or nobody did.
            None if events.has_panicked => Some((
                "Panic",
                "the cell panicked".to_owned(),
                ProgramLocation::default(),
            )),
            None => failure.map(|(ename, evalue)| (ename, evalue, ProgramLocation::default())),
        };
        frames.extend(panics.into_iter().map(|panic| Frame::Note {
            text: match panic.is_cells {
                true => format!("panicked: {}", panic.text),
                false => format!("thread '{}' panicked: {}", panic.thread, panic.text),
            },
            place: self.place(panic.place),
        }));
        frames.extend(failure.map(|(ename, evalue, place)| Frame::Raised {
            ename: ename.to_owned(),
            evalue,
            place: self.place(place),
        }));
        // Last: places are looked up in what evcxr compiled last, and that would be the hook.
        self.set_hook_unless_in(process);
        frames
    }

    /// Has panics told, unless the cells still run in this process, which knows that.
    fn set_hook_unless_in(&mut self, process: Option<u32>) {
        if self.process() != process {
            let _ = self.evcxr.execute(PANIC_HOOK);
        }
    }

    /// The number of the process in which the cells run; it changes where one ended, or a command asked for another.
    fn process(&self) -> Option<u32> {
        let handle = self.evcxr.process_handle();
        handle.lock().ok().map(|child| child.id())
    }

    /// What the proxy has told of the last cell.
    fn events(&mut self) -> Events {
        let mut events = Events::default();
        // What the proxy wrote before evcxr was told of the cell's end comes before this.
        let no_more = format!("\n{NO_MORE}\n");
        if self.tell.write_all(no_more.as_bytes()).is_err() {
            return events;
        }
        while let Ok(line) = self.told.recv() {
            let (name, said) = line.split_once('\t').unwrap_or((&line, ""));
            match name {
                NO_MORE => break,
                proxy::EVENT_PANIC => events.panics.extend(panic(said)),
                proxy::EVENT_PANICKED => events.has_panicked = true,
                proxy::EVENT_QUESTION_MARK => events.has_failed = true,
                proxy::EVENT_ENDED => events.ended = Some(said.to_owned()),
                _ => {}
            }
        }
        events
    }

    /// A place in what evcxr compiled as one in a cell, if it is one.
    fn place(&self, place: ProgramLocation) -> ProgramLocation {
        let cells: Vec<_> = self
            .cells
            .iter()
            .map(|(number, source)| (*number, source.as_str()))
            .collect();
        let file = match place.file.ends_with("src/lib.rs") {
            true => std::fs::read_to_string(&self.compiled).unwrap_or_default(),
            false => return place,
        };
        match places::in_cells(&file, place.line, place.column, &cells) {
            Some((number, line, column)) => ProgramLocation {
                file: cell_as_file(number),
                line,
                column,
            },
            None => ProgramLocation::default(),
        }
    }
}

/// How long the commands are with which a cell begins and which let the process end in which the cells run.
fn end_of_restarts(source: &str) -> usize {
    let mut end = 0;
    let mut read = 0;
    for line in source.split_inclusive('\n') {
        read += line.len();
        match line.trim().trim_start_matches('/').trim_start() {
            ":clear" | ":restart" => end = read,
            "" => {}
            _ => break,
        }
    }
    end
}

/// Lets what evcxr compiles find Rust's own shared libraries. It names their folder relative to `deps`, but is loaded
/// from the folder above, where the path has one `..` too many: that does no harm in a folder near the root, and
/// elsewhere the libraries are not found.
fn find_rusts_libraries(command: &mut Command) {
    let Ok(Toolchain { libraries, .. }) = Toolchain::find(Path::new(".")) else {
        return;
    };
    let name = match cfg!(target_os = "macos") {
        true => "DYLD_FALLBACK_LIBRARY_PATH",
        false => "LD_LIBRARY_PATH",
    };
    let known = std::env::var_os(name).unwrap_or_default();
    let all = std::iter::once(libraries).chain(std::env::split_paths(&known));
    if let Ok(all) = std::env::join_paths(all.filter(|path| !path.as_os_str().is_empty())) {
        command.env(name, all);
    }
}

/// Reads lines on a thread of its own, so that who writes them never waits.
fn listen(events: PipeReader) -> Receiver<String> {
    let (sender, told) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(events).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    told
}

/// Reads what the panic hook wrote.
fn panic(said: &str) -> Option<Panic> {
    let mut parts = said.splitn(6, '\t');
    let mut next = || parts.next();
    Some(Panic {
        is_cells: next()? == "true",
        thread: next()?.to_owned(),
        place: ProgramLocation {
            file: next()?.to_owned(),
            line: next()?.parse().ok()?,
            column: next()?.parse().ok()?,
        },
        text: unescaped(next()?),
    })
}

/// What `char::escape_default` was applied to.
fn unescaped(text: &str) -> String {
    let literal = format!("\"{text}\"");
    syn::parse_str::<syn::LitStr>(&literal).map_or_else(|_| text.to_owned(), |text| text.value())
}

/// An error of the compiler's about a cell, in the same form as those about a compiled notebook.
fn diagnostic(error: &CompilationError, cell: &JobCell) -> Diagnostic {
    let of_rustc = Diagnostic::from_rustc(&error.json, |_, _, _| None);
    let mut diagnostic = of_rustc.unwrap_or_else(|| Diagnostic {
        is_warning: false,
        code: error.code().map(str::to_owned),
        message: error.message(),
        spans: Vec::new(),
        notes: Vec::new(),
    });
    let spans = error.spanned_messages().iter().filter_map(|said| {
        let span = said.span?;
        Some(Span {
            start: CellLocation {
                cell: cell.number,
                for_cell: cell.number,
                line: span.start_line as u32,
                column: span.start_column as u32,
            },
            end: (span.end_line as u32, span.end_column as u32),
            is_primary: said.is_primary,
            // Where rustc has no label, evcxr repeats the message.
            label: Some(said.label.clone())
                .filter(|label| !label.is_empty() && !label.starts_with("error: ")),
        })
    });
    diagnostic.spans = spans.collect();
    if let Some(hint) = error.evcxr_extra_hint() {
        diagnostic.notes.push(("help".into(), hint.into()));
    }
    if diagnostic.spans.is_empty() {
        diagnostic.spans.push(whole(cell));
    }
    diagnostic
}

/// What evcxr says of a cell in its own words.
fn message(text: &str, cell: &JobCell) -> Diagnostic {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let rest = Some(rest.trim()).filter(|rest| !rest.is_empty());
    let source = (first.contains("determine type of variable") && !has_rust_src())
        .then_some("evcxr tells types by the standard library's source, which is not installed: rustup component \
            add rust-src");
    let helps = rest.into_iter().chain(source);
    Diagnostic {
        is_warning: false,
        code: None,
        message: first.to_owned(),
        spans: vec![whole(cell)],
        notes: helps
            .map(|help| ("help".to_owned(), help.to_owned()))
            .collect(),
    }
}

/// Whether the standard library's source is installed; also true if rustc does not say where that would be.
fn has_rust_src() -> bool {
    Toolchain::find(Path::new(".")).map_or(true, |toolchain| {
        // Both are below `rustlib`.
        let all = toolchain.libraries.ancestors().nth(2);
        all.is_none_or(|all| all.join("src/rust/library").is_dir())
    })
}

/// A cell's first line that is not empty.
fn whole(cell: &JobCell) -> Span {
    let lines = (1..).zip(cell.source.lines());
    let (line, text) = lines
        .into_iter()
        .find(|(_, text)| !text.trim().is_empty())
        .unwrap_or((1, ""));
    Span {
        start: CellLocation {
            cell: cell.number,
            for_cell: cell.number,
            line,
            column: 1,
        },
        end: (line, text.chars().count() as u32 + 1),
        is_primary: true,
        label: None,
    }
}
