//! Shows what is being watched to browsers on this computer, over HTTP.
//!
//! Only this computer is listened to, and only requests whose Host is this computer are answered: a page from elsewhere
//! that points its own name at 127.0.0.1 gets nothing. A browser asks for `/` once and then for
//! `/events?since=VERSION`, which is answered as soon as there is something newer.
//!
//! Where the page is shared, other computers are answered as well, below a path that nobody can guess (`share`). There
//! is nothing that a request could change: the page is read, and that is all.

mod share;

use radio_notebook::error::{Error, Result};
use radio_notebook::lock;
use radio_pages::page::{self, CellView};
use serde_json::json;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tiny_http::{Header, Method, Request, Response, Server};

/// The port that is taken if none is asked for and it is free: a page left open finds the next `radio watch` again.
const USUAL_PORT: u16 = 8642;
/// How long a browser waits for news before it asks again.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// So many small changes in a row are sent at once.
const GATHERED: Duration = Duration::from_millis(60);
/// More requests than this at a time are refused: each waits on a thread of its own.
const MAX_REQUESTS: usize = 64;
/// The same where a room full of browsers looks on.
const MAX_SHARED_REQUESTS: usize = 512;

/// What nothing on the page may do: load from anywhere but here, run a script but ours, send a form, be framed.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What browsers show.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The notebook's name.
    pub title: String,
    /// How the run is: `running`, `ok` or `failed`.
    pub state: &'static str,
    /// The same for a reader.
    pub status: String,
    /// The cells.
    pub cells: Vec<CellView>,
}

/// Where a run puts what browsers show.
#[derive(Debug)]
pub struct Board {
    shown: Mutex<(u64, Shown)>,
    changed: Condvar,
    /// Tells the versions of one `radio watch` from those of the next.
    start: u128,
}

impl Board {
    /// An empty board.
    pub fn new(title: &str) -> Arc<Board> {
        let shown = Shown {
            title: title.to_owned(),
            ..Shown::default()
        };
        let start = std::time::UNIX_EPOCH
            .elapsed()
            .map_or(0, |time| time.as_nanos());
        Arc::new(Board {
            shown: Mutex::new((0, shown)),
            changed: Condvar::new(),
            start,
        })
    }

    /// Changes what is shown, and tells the browsers that wait.
    pub fn change(&self, how: impl FnOnce(&mut Shown)) {
        let mut guard = lock(&self.shown);
        how(&mut guard.1);
        guard.0 += 1;
        self.changed.notify_all();
    }

    /// The state and the status shown.
    pub fn status(&self) -> (&'static str, String) {
        let guard = lock(&self.shown);
        (guard.1.state, guard.1.status.clone())
    }

    fn read(&self) -> (String, Shown) {
        let guard = lock(&self.shown);
        (self.name(guard.0), guard.1.clone())
    }

    fn name(&self, version: u64) -> String {
        format!("{:x}-{version}", self.start)
    }

    /// What is shown, once it is not the version called `since`; `None` if that takes too long.
    fn newer(&self, since: &str) -> Option<(String, Shown)> {
        let until = Instant::now() + LONGEST_WAIT;
        let mut guard = lock(&self.shown);
        while self.name(guard.0) == since {
            let left = until.checked_duration_since(Instant::now())?;
            guard = self
                .changed
                .wait_timeout(guard, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        drop(guard);
        std::thread::sleep(GATHERED);
        Some(self.read())
    }
}

/// Where a page is served.
#[derive(Debug)]
pub struct Serving {
    /// The address for browsers on this computer.
    pub here: String,
    /// The address for other computers, where the page is shared.
    pub shared: Option<String>,
}

/// Starts to serve `board`. `port` is the one that was asked for; where the page `is_shared`, other computers are
/// answered too.
///
/// # Errors
/// [`Error::Argument`] if the port is taken, [`Error::Tool`] if there is none.
pub fn start(board: Arc<Board>, port: Option<u16>, is_shared: bool) -> Result<Serving> {
    let interface = match is_shared {
        true => Ipv4Addr::UNSPECIFIED,
        false => Ipv4Addr::LOCALHOST,
    };
    let bind = |port: u16| TcpListener::bind((interface, port));
    let listener = match port {
        Some(port) => bind(port).map_err(|error| {
            Error::Argument(format!(
                "--serve {port}: the port cannot be used ({error}); give another one, or leave it out"
            ))
        })?,
        None => bind(USUAL_PORT).or_else(|_| bind(0)).map_err(broken)?,
    };
    let port = listener.local_addr().map_err(broken)?.port();
    let token = match is_shared {
        true => Some(Arc::<str>::from(share::token().map_err(broken)?)),
        false => None,
    };
    let serving = Serving {
        here: format!("http://127.0.0.1:{port}/"),
        shared: token
            .as_ref()
            .map(|token| format!("http://{}:{port}/{token}/", share::address_here())),
    };
    let most = match is_shared {
        true => MAX_SHARED_REQUESTS,
        false => MAX_REQUESTS,
    };
    let server = Server::from_listener(listener, None).map_err(broken)?;
    let busy = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        while let Ok(request) = server.recv() {
            let (board, busy, token) = (Arc::clone(&board), Arc::clone(&busy), token.clone());
            if busy.fetch_add(1, SeqCst) >= most {
                busy.fetch_sub(1, SeqCst);
                respond(request, Answer::text(503, "too many requests at once"));
                continue;
            }
            std::thread::spawn(move || {
                let answer = answer(&request, &board, token.as_deref());
                respond(request, answer);
                busy.fetch_sub(1, SeqCst);
            });
        }
    });
    Ok(serving)
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Argument(format!("--serve: the server cannot be started: {error}"))
}

struct Answer {
    code: u16,
    kind: &'static str,
    body: String,
    /// Whether the browser may keep it.
    lasts: bool,
}

impl Answer {
    fn new(kind: &'static str, body: String) -> Answer {
        Answer {
            code: 200,
            kind,
            body,
            lasts: false,
        }
    }

    fn text(code: u16, body: &str) -> Answer {
        Answer {
            code,
            ..Answer::new("text/plain; charset=utf-8", format!("{body}\n"))
        }
    }
}

fn answer(request: &Request, board: &Board, token: Option<&str>) -> Answer {
    let (path, query) = request.url().split_once('?').unwrap_or((request.url(), ""));
    if let Some(path) = token.and_then(|token| share::below(token, path)) {
        return match request.method() {
            Method::Get => page_at(path, query, board),
            _ => Answer::text(405, "only GET is answered"),
        };
    }
    // Whoever is answered without the token sits at this computer.
    let is_near = request
        .remote_addr()
        .is_some_and(|address| address.ip().is_loopback());
    let hosts = request.headers().iter().filter(|h| h.field.equiv("Host"));
    let hosts: Vec<&str> = hosts.map(|header| header.value.as_str()).collect();
    if !is_near || !matches!(hosts[..], [host] if is_here(host)) {
        return Answer::text(
            403,
            "radio watch answers only to localhost and 127.0.0.1: open the address that it printed",
        );
    }
    if *request.method() != Method::Get {
        return Answer::text(405, "only GET is answered");
    }
    page_at(path, query, board)
}

/// What there is at a path of the page's.
fn page_at(path: &str, query: &str, board: &Board) -> Answer {
    match path {
        "/" => {
            let (version, shown) = board.read();
            let status = (shown.state, shown.status.as_str());
            let sections: String = shown.cells.iter().map(page::section).collect();
            let page = page::document(&shown.title, status, &version, &sections);
            Answer::new("text/html; charset=utf-8", page)
        }
        "/events" => match board.newer(query.strip_prefix("since=").unwrap_or_default()) {
            Some((version, shown)) => {
                let sections: String = shown.cells.iter().map(page::section).collect();
                let content = json!({
                    "version": version,
                    "title": shown.title,
                    "state": shown.state,
                    "status": shown.status,
                    "sections": sections,
                });
                Answer::new("application/json", content.to_string())
            }
            None => Answer {
                code: 204,
                ..Answer::new("application/json", String::new())
            },
        },
        "/script.js" => Answer::new("text/javascript; charset=utf-8", page::SCRIPT.into()),
        path if path.strip_prefix('/') == Some(&page::style_path()) => Answer {
            lasts: true,
            ..Answer::new("text/css; charset=utf-8", page::STYLE.into())
        },
        _ => Answer::text(404, "there is nothing here; the page is at /"),
    }
}

/// Whether a Host header names this computer. The port may be another one: of a tunnel.
fn is_here(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let is_name = name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1";
    is_name && port.parse::<u16>().is_ok()
}

fn respond(request: Request, answer: Answer) {
    let keep = if answer.lasts {
        "private, max-age=31536000, immutable"
    } else {
        "no-store"
    };
    let mut response = Response::from_string(answer.body).with_status_code(answer.code);
    let fields = [
        ("Content-Type", answer.kind),
        ("Content-Security-Policy", POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cache-Control", keep),
        ("Allow", "GET"),
    ];
    for (field, value) in fields {
        let header = Header::from_bytes(field, value);
        response.add_header(header.expect("these header lines are plain ASCII"));
    }
    // The browser may have gone; the next one asks again.
    let _ = request.respond(response);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_computer_are_answered() {
        for here in ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8642"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in [
            "",
            "evil.example",
            "evil.example:8642",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8642",
            "127.0.0.1:8642@evil.example",
            "localhost:",
            "localhost:99999",
            "[::1]:8642",
            "192.168.0.1",
        ] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn a_waiting_browser_hears_of_a_change_and_a_late_one_at_once() {
        let board = Board::new("a");
        let (first, shown) = board.read();
        assert_eq!(shown.title, "a");
        let waiting = std::thread::spawn({
            let (board, first) = (Arc::clone(&board), first.clone());
            move || board.newer(&first)
        });
        board.change(|shown| shown.status = "b".into());
        let (second, shown) = waiting.join().unwrap().unwrap();
        assert_eq!(shown.status, "b");
        assert_ne!(first, second);
        assert!(
            board.newer(&first).is_some() && board.newer("of an earlier radio watch").is_some()
        );
    }
}
