//! A front end of the simplest kind, to drive a kernel's real sockets with.

use radio_kernel::connection::Connection;
use radio_kernel::kernel::{Handle, Kernel};
use radio_kernel::language::Language;
use radio_kernel::wire::{DELIMITER, Signer};
use radio_kernel::zmtp::{self, Frames};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

#[path = "../../examples/echo/language.rs"]
pub mod language;

const KEY: &str = "a key";

/// How long an answer may take that must come.
pub const LONG: Duration = Duration::from_secs(20);

/// A message as a front end sees it.
#[derive(Clone, Debug)]
pub struct Heard {
    pub kind: String,
    pub parent: Value,
    pub content: Value,
    pub buffers: Frames,
}

/// One connection to a kernel's socket.
pub struct Channel {
    stream: TcpStream,
}

impl Channel {
    /// Connects as a socket of this kind.
    pub fn connect(port: u16, kind: &str, identity: &[u8]) -> Channel {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut greeting = [0; 64];
        (greeting[0], greeting[9], greeting[10]) = (0xff, 0x7f, 3);
        greeting[12..16].copy_from_slice(b"NULL");
        let mut ready = b"\x05READY\x0bSocket-Type".to_vec();
        ready.extend((kind.len() as u32).to_be_bytes());
        ready.extend(kind.as_bytes());
        ready.extend(b"\x08Identity");
        ready.extend((identity.len() as u32).to_be_bytes());
        ready.extend(identity);
        stream.write_all(&greeting).unwrap();
        stream.write_all(&[4, ready.len() as u8]).unwrap();
        stream.write_all(&ready).unwrap();
        stream.read_exact(&mut greeting).unwrap();
        let mut head = [0; 2];
        stream.read_exact(&mut head).unwrap();
        stream.read_exact(&mut vec![0; head[1].into()]).unwrap();
        Channel { stream }
    }

    pub fn send(&mut self, frames: &[Vec<u8>]) {
        self.stream.write_all(&zmtp::encode(frames)).unwrap();
    }

    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub fn receive(&mut self) -> Frames {
        zmtp::read_message(&mut self.stream)
            .unwrap()
            .expect("the kernel has closed the connection")
    }

    /// Whether nothing comes for a while.
    pub fn is_quiet(&mut self, time: Duration) -> bool {
        self.stream.set_read_timeout(Some(time)).unwrap();
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_read_timeout(Some(LONG)).unwrap();
        peeked.is_err()
    }

    /// Whether the kernel closes the connection.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.stream.read(&mut [0; 64]), Ok(0))
    }

    /// Closes the connection and waits until the kernel has acted on everything that was sent.
    pub fn close(&mut self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
        assert!(self.is_closed());
    }

    /// The next message, whose signature must be right.
    pub fn hear(&mut self) -> Heard {
        let frames = self.receive();
        let at = frames
            .iter()
            .position(|frame| frame == DELIMITER)
            .expect("no delimiter");
        let parts = &frames[at + 1..];
        assert!(
            signer().accepts(&parts[1..5], &parts[0]),
            "a wrong signature"
        );
        let json = |part: &Vec<u8>| serde_json::from_slice::<Value>(part).unwrap();
        Heard {
            kind: json(&parts[1])["msg_type"].as_str().unwrap().to_owned(),
            parent: json(&parts[2]),
            content: json(&parts[4]),
            buffers: parts[5..].to_vec(),
        }
    }
}

pub fn signer() -> Signer {
    Signer::new("hmac-sha256", KEY).unwrap()
}

/// A message as frames, and its id.
pub fn message(kind: &str, content: &Value, more: Value, buffers: &[Vec<u8>]) -> (Frames, String) {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    let id = format!("message {}", SENT.fetch_add(1, Ordering::Relaxed));
    let mut header = json!({"msg_id": id, "session": "s", "username": "u", "date": "", "msg_type": kind, "version": "5.3"});
    if let Value::Object(more) = more {
        header.as_object_mut().unwrap().extend(more);
    }
    let parts = [
        header.to_string(),
        "{}".into(),
        "{}".into(),
        content.to_string(),
    ];
    let mut frames = vec![DELIMITER.to_vec(), signer().sign(&parts).into_bytes()];
    frames.extend(parts.map(String::into_bytes));
    frames.extend_from_slice(buffers);
    (frames, id)
}

/// A kernel in this process, and a front end that is connected to it.
pub struct FrontEnd {
    pub ports: Vec<u16>,
    pub shell: Channel,
    pub iopub: Channel,
    pub stdin: Channel,
    pub control: Channel,
    pub kernel: Handle,
    thread: Option<JoinHandle<()>>,
}

/// A kernel's ports, free a moment ago: shell, iopub, stdin, control, heartbeat.
fn free_ports() -> Vec<u16> {
    let listeners: Vec<_> = (0..5)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    listeners
        .iter()
        .map(|listener| listener.local_addr().unwrap().port())
        .collect()
}

pub fn connection_file(ports: &[u16]) -> Value {
    json!({
        "transport": "tcp", "ip": "127.0.0.1", "key": KEY, "signature_scheme": "hmac-sha256",
        "shell_port": ports[0], "iopub_port": ports[1], "stdin_port": ports[2], "control_port": ports[3],
        "hb_port": ports[4],
    })
}

impl FrontEnd {
    pub fn start() -> FrontEnd {
        FrontEnd::start_with(None)
    }

    pub fn start_with(history: Option<PathBuf>) -> FrontEnd {
        FrontEnd::start_language(|| Box::new(language::Echo::default()), history)
    }

    pub fn start_language(
        language: impl Fn() -> Box<dyn Language>,
        history: Option<PathBuf>,
    ) -> FrontEnd {
        // Another test may take a port in between.
        for _ in 0..20 {
            let ports = free_ports();
            let file = connection_file(&ports).to_string();
            let connection = Connection::parse(file.as_bytes()).unwrap();
            if let Ok(kernel) = Kernel::start(&connection, language(), history.clone()) {
                let handle = kernel.handle();
                let thread = std::thread::spawn(|| kernel.wait());
                return FrontEnd::connect(ports, handle, Some(thread), b"front end");
            }
        }
        panic!("no free ports");
    }

    /// Another front end of the same kernel.
    pub fn another(&self, identity: &[u8]) -> FrontEnd {
        FrontEnd::connect(self.ports.clone(), self.kernel.clone(), None, identity)
    }

    fn connect(
        ports: Vec<u16>,
        kernel: Handle,
        thread: Option<JoinHandle<()>>,
        identity: &[u8],
    ) -> FrontEnd {
        let mut iopub = Channel::connect(ports[1], "SUB", b"");
        iopub.send(&[vec![1]]);
        assert_eq!(iopub.hear().kind, "iopub_welcome");
        FrontEnd {
            shell: Channel::connect(ports[0], "DEALER", identity),
            stdin: Channel::connect(ports[2], "DEALER", identity),
            control: Channel::connect(ports[3], "DEALER", identity),
            iopub,
            ports,
            kernel,
            thread,
        }
    }

    /// Sends a request to the shell socket; returns its id.
    pub fn send(&mut self, kind: &str, content: Value) -> String {
        let (frames, id) = message(kind, &content, Value::Null, &[]);
        self.shell.send(&frames);
        id
    }

    /// Sends a cell; returns its id.
    pub fn execute(&mut self, code: &str) -> String {
        self.send(
            "execute_request",
            json!({"code": code, "silent": false, "allow_stdin": true}),
        )
    }

    /// Sends a cell that sleeps for a minute, and waits until it does: an interrupt ends what runs, not what is about
    /// to.
    pub fn begin_sleep(&mut self) {
        self.execute("print begun\nsleep 60000");
        while self.iopub.hear().kind != "stream" {}
    }

    /// Sends a request to the shell socket and waits for the reply.
    pub fn ask(&mut self, kind: &str, content: Value) -> Value {
        let id = self.send(kind, content);
        let reply = self.shell.hear();
        assert_eq!(reply.parent["msg_id"], json!(id));
        assert_eq!(reply.kind, kind.replace("_request", "_reply"));
        self.until_idle(&id);
        reply.content
    }

    /// Sends a request to the control socket and waits for the reply.
    pub fn control(&mut self, kind: &str, content: Value) -> Value {
        let (frames, id) = message(kind, &content, Value::Null, &[]);
        self.control.send(&frames);
        let reply = self.control.hear();
        assert_eq!(reply.parent["msg_id"], json!(id));
        assert_eq!(reply.kind, kind.replace("_request", "_reply"));
        reply.content
    }

    /// What is said about a message between busy and idle.
    pub fn until_idle(&mut self, id: &str) -> Vec<Heard> {
        let mut heard: Option<Vec<Heard>> = None;
        loop {
            let message = self.iopub.hear();
            if message.parent["msg_id"] != json!(id) {
                continue;
            }
            match (
                message.kind.as_str(),
                message.content["execution_state"].as_str(),
            ) {
                ("status", Some("busy")) => heard = Some(Vec::new()),
                ("status", Some("idle")) => return heard.expect("idle came before busy"),
                _ => heard
                    .as_mut()
                    .expect("something came before busy")
                    .push(message),
            }
        }
    }

    /// Executes a cell: the reply, and what was said of it but for its input.
    pub fn run(&mut self, code: &str) -> (Value, Vec<Heard>) {
        let id = self.execute(code);
        let heard = self.until_idle(&id);
        let reply = self.shell.hear();
        assert_eq!(
            (reply.kind.as_str(), &reply.parent["msg_id"]),
            ("execute_reply", &json!(id))
        );
        assert_eq!(heard[0].kind, "execute_input");
        assert_eq!(heard[0].content["code"], json!(code));
        assert_eq!(
            heard[0].content["execution_count"],
            reply.content["execution_count"]
        );
        (reply.content, heard[1..].to_vec())
    }

    /// The text that a cell writes to stdout.
    pub fn printed(&mut self, code: &str) -> String {
        let (reply, heard) = self.run(code);
        assert_eq!(reply["status"], "ok", "{reply}");
        stdout(&heard)
    }

    /// Waits until the kernel has ended.
    pub fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for FrontEnd {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.kernel.stop();
            self.join();
        }
    }
}

/// The text that was written to stdout.
pub fn stdout(heard: &[Heard]) -> String {
    let text = heard
        .iter()
        .filter(|m| m.kind == "stream" && m.content["name"] == "stdout");
    text.filter_map(|m| m.content["text"].as_str()).collect()
}

pub fn kinds(heard: &[Heard]) -> Vec<&str> {
    heard.iter().map(|m| m.kind.as_str()).collect()
}
