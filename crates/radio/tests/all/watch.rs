//! `radio watch` as its users meet it: a notebook is saved in all the ways that files are saved, and browsers look on.

use crate::sandbox::*;
use serde_json::{Value, json};
use std::io::{BufRead, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A `radio watch` that was started; it is ended with the test.
struct Watching {
    radio: Child,
    said: Arc<Mutex<String>>,
}

impl Sandbox {
    /// Saves as most editors do.
    fn rename_over(&self, name: &str, text: &str) {
        self.write("beside", text);
        std::fs::rename(self.path("beside"), self.path(name)).unwrap();
    }

    fn watch_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["watch"]);
        command.args(arguments);
        command
    }

    fn watch(&self, arguments: &[&str]) -> Watching {
        Watching::start(&mut self.watch_command(arguments))
    }

    /// The text of the executed copy's outputs.
    fn shown(&self, name: &str) -> String {
        let copy = self.path("out").join(format!("{name}.ipynb"));
        let Ok(text) = std::fs::read_to_string(copy) else {
            return String::new();
        };
        let notebook: Value = serde_json::from_str(&text).unwrap();
        let cells = notebook["cells"].as_array().unwrap().iter();
        cells.map(|cell| cell["outputs"].to_string()).collect()
    }
}

impl Watching {
    fn start(command: &mut Command) -> Watching {
        let mut radio = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let pipes: [Box<dyn Read + Send>; 2] = [
            Box::new(radio.stdout.take().unwrap()),
            Box::new(radio.stderr.take().unwrap()),
        ];
        for pipe in pipes {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                let mut lines = std::io::BufReader::new(pipe);
                let mut line = String::new();
                while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                    said.lock().unwrap().push_str(&line);
                    line.clear();
                }
            });
        }
        Watching { radio, said }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    fn wait_for(&self, text: &str) {
        wait_until(
            || self.said().contains(text),
            || format!("{text:?} in:\n{}", self.said()),
        );
    }

    /// Presses Ctrl-C and returns the exit code.
    fn interrupt(&mut self) -> Option<i32> {
        send("-INT", &self.radio);
        self.radio.wait().unwrap().code()
    }

    /// The port that it serves at.
    fn port(&self) -> u16 {
        self.wait_for("serving http://127.0.0.1:");
        let said = self.said();
        let (_, rest) = said.split_once("serving http://127.0.0.1:").unwrap();
        rest.split('/').next().unwrap().parse().unwrap()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.radio.kill();
        let _ = self.radio.wait();
    }
}

/// A notebook of markdown and code cells.
fn notebook(cells: &[(&str, &str)]) -> String {
    let cells: Vec<Value> = cells
        .iter()
        .map(|(kind, source)| match *kind {
            "code" => json!({"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": null}),
            kind => json!({"cell_type": kind, "metadata": {}, "source": source}),
        })
        .collect();
    json!({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}).to_string()
}

fn says(text: &str) -> String {
    notebook(&[("code", &format!("println!(\"{text}\")"))])
}

/// Asks a server for `path`: the head and the body of its answer.
fn ask(port: u16, method: &str, path: &str, host: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "{method} {path} HTTP/1.0\r\n{host}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn get(port: u16, path: &str) -> String {
    let (head, body) = ask(port, "GET", path, "Host: localhost\r\n");
    assert!(head.contains(" 200 ") || head.contains(" 204 "), "{head}");
    body
}

#[test]
fn each_run_begins_with_the_time_of_day_where_the_computer_is() {
    let sandbox = Sandbox::new();
    sandbox.write("a.rs", "// %%\n1\n");
    // Five hours and a half before Greenwich's clocks.
    let mut command = sandbox.watch_command(&["a.rs"]);
    let watching = Watching::start(command.env("TZ", "HERE-05:30"));
    watching.wait_for(" ── a.rs ────");
    let said = watching.said();
    let (_, time) = said.split_once("──── run 1 ── ").unwrap();
    let time = time.split(' ').next().unwrap();
    let parts: Vec<u64> = time.split(':').map(|part| part.parse().unwrap()).collect();
    let shown = (parts[0] * 60 + parts[1]) * 60 + parts[2];
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        + 19_800;
    let ago = (now + 86_400 - shown) % 86_400;
    assert!(time.len() == 8 && ago < 60, "{time}, {ago} seconds ago");
}

#[test]
fn a_notebook_runs_again_at_each_save_and_whatever_happens_to_its_file() {
    let sandbox = Sandbox::new();
    sandbox.write("a.ipynb", &says("one"));
    let mut watching = sandbox.watch(&["a.ipynb"]);
    watching.wait_for("a: 1 cells in");
    assert!(sandbox.shown("a").contains("one"));

    sandbox.rename_over("a.ipynb", &says("two"));
    wait_until(|| sandbox.shown("a").contains("two"), || watching.said());
    watching.wait_for("── run 2 ──");

    // The same content is no new run: the next one has the next number.
    sandbox.write("a.ipynb", &says("two"));
    std::thread::sleep(Duration::from_millis(300));
    sandbox.write("a.ipynb", &says("three").replace('}', ""));
    watching.wait_for("a.ipynb: this is not a notebook, because it is not JSON");
    watching.wait_for("waiting for it to be fixed");
    sandbox.write("a.ipynb", &says("three"));
    wait_until(|| sandbox.shown("a").contains("three"), || watching.said());
    watching.wait_for("── run 3 ──");

    std::fs::remove_file(sandbox.path("a.ipynb")).unwrap();
    watching.wait_for("a.ipynb: reading failed");
    sandbox.write("a.ipynb", &says("four"));
    wait_until(|| sandbox.shown("a").contains("four"), || watching.said());

    // A failing cell is a run like another.
    sandbox.write("a.ipynb", &notebook(&[("code", "panic!(\"five\")")]));
    watching.wait_for("cell 1: Panic: five");
    let last = says("six");
    sandbox.write("a.ipynb", &last);
    wait_until(|| sandbox.shown("a").contains("six"), || watching.said());
    watching.wait_for("── run 6 ──");
    assert!(!watching.said().contains("── run 7 ──"));

    assert_eq!(watching.interrupt(), Some(0));
    assert_eq!(
        sandbox.read("a.ipynb"),
        last,
        "the notebook itself was written"
    );
}

/// Writes its process and that of a child into the file `processes`, and hangs.
const HANGING: &str = r#"// %%
let child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
std::fs::write("processes", format!("{} {}\n", std::process::id(), child.id())).unwrap();
loop { std::thread::sleep(std::time::Duration::from_millis(10)); }
"#;

/// Waits until the cell of [`HANGING`] hangs, and returns its processes.
fn hanging(sandbox: &Sandbox, watching: &Watching) -> Vec<String> {
    let file = sandbox.path("processes");
    let read = || std::fs::read_to_string(&file).unwrap_or_default();
    wait_until(|| read().ends_with('\n'), || watching.said());
    let processes = read();
    std::fs::remove_file(&file).unwrap();
    processes.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_save_ends_the_run_under_way_and_ctrl_c_leaves_no_process() {
    let sandbox = Sandbox::new();
    sandbox.write("a.rs", HANGING);
    let mut watching = sandbox.watch(&["a.rs"]);
    let first = hanging(&sandbox, &watching);
    sandbox.write("a.rs", "// %%\n\"quick\"\n");
    wait_until(|| sandbox.shown("a").contains("quick"), || watching.said());
    assert!(
        watching
            .said()
            .contains("saved while running: starting again")
    );
    assert!(!watching.said().contains("Ctrl-C"), "{}", watching.said());
    sandbox.write("a.rs", HANGING);
    let second = hanging(&sandbox, &watching);
    assert_eq!(watching.interrupt(), Some(0));
    for process in first.iter().chain(&second) {
        wait_for("a process to end", || !is_alive(process));
    }
    let names = sandbox.names("out");
    assert!(!names.iter().any(|name| name.starts_with('.')), "{names:?}");
}

#[test]
fn sources_and_data_are_watched_too() {
    let sandbox = Sandbox::new();
    sandbox.write_crate("helper", "pub fn answer() -> &'static str { \"lib one\" }");
    sandbox.write("data.txt", "data one");
    sandbox.write(
        "a.rs",
        "// %%\n:dep helper = { path = \"helper\" }\nprintln!(\"{} {}\", helper::answer(), std::fs::read_to_string(\"data.txt\")?);\n// %%\nstd::fs::write(\"mine.txt\", format!(\"{:?}\", std::time::SystemTime::now()))?;\n",
    );
    // A file that the cells write themselves must not make them run for ever.
    sandbox.write("mine.txt", "");
    let watching = sandbox.watch(&["a.rs"]);
    wait_until(
        || sandbox.shown("a").contains("lib one data one"),
        || watching.said(),
    );
    watching.wait_for("a: 2 cells in");
    sandbox.write(
        "helper/src/lib.rs",
        "pub fn answer() -> &'static str { \"lib, changed\" }",
    );
    wait_until(
        || sandbox.shown("a").contains("lib, changed data one"),
        || watching.said(),
    );
    wait_until(
        || watching.said().matches("a: 2 cells in").count() == 2,
        || watching.said(),
    );
    // The run is over once its line is there, and what it wrote itself is taken as it is soon after; a change in between
    // would not be seen, so it is made until it is.
    wait_until(
        || {
            let line = format!("data of {:?}", Instant::now());
            sandbox.write("data.txt", &line);
            std::thread::sleep(Duration::from_millis(600));
            sandbox.shown("a").contains("lib, changed data of")
        },
        || watching.said(),
    );
}

/// Cells that leave a mark in the file `runs` as they run. They do not name it in a text, so that it is not watched.
fn marking(cells: &[(&str, &str)]) -> String {
    let cells = cells.iter().map(|(mark, code)| {
        format!(
            "// %%\n{{\n    use std::io::Write;\n    std::fs::OpenOptions::new().create(true).append(true).open(format!(\"{{}}ns\", \"ru\"))?.write_all(b\"{mark}\")?;\n}}\n{code}\n"
        )
    });
    cells.collect()
}

#[test]
fn a_save_runs_the_cells_from_the_first_changed_one_on() {
    let sandbox = Sandbox::new();
    let list = ("1", "let mut list = vec![1];\nprintln!(\"one\");");
    let items = (
        "2",
        "fn twice(n: i32) -> i32 { 2 * n }\nlist.push(twice(1));",
    );
    sandbox.write(
        "a.rs",
        &marking(&[
            list,
            items,
            ("3", "list.push(3);\nformat!(\"{list:?} first\")"),
        ]),
    );
    let mut watching = sandbox.watch(&["a.rs"]);
    watching.wait_for("a: 3 cells in");
    assert_eq!(sandbox.read("runs"), "123");

    // The last cell changes the list of the cells above, and does so from where they left it, each time.
    for text in ["second", "third"] {
        sandbox.write(
            "a.rs",
            &marking(&[
                list,
                items,
                (
                    "3",
                    &format!("list.push(3);\nformat!(\"{{list:?}} {text}\")"),
                ),
            ]),
        );
        wait_until(
            || sandbox.shown("a").contains(&format!("[1, 2, 3] {text}")),
            || watching.said(),
        );
        assert!(sandbox.shown("a").contains("one"), "the outputs above stay");
    }
    watching.wait_for("a: 1 cells (2 stayed) in");
    assert_eq!(sandbox.read("runs"), "12333");

    // A cell more runs alone; one that is gone takes its state along; one that fails leaves the state before it.
    let last = ("3", "list.push(3);\nformat!(\"{list:?} third\")");
    sandbox.write(
        "a.rs",
        &marking(&[
            list,
            items,
            last,
            ("4", "list.push(4);\nformat!(\"{list:?} more\")"),
        ]),
    );
    wait_until(
        || sandbox.shown("a").contains("[1, 2, 3, 4] more"),
        || watching.said(),
    );
    assert_eq!(sandbox.read("runs"), "123334");
    sandbox.write(
        "a.rs",
        &marking(&[
            list,
            items,
            (
                "5",
                "list.push(5);\nlet none: Option<i32> = None;\nnone.unwrap()",
            ),
        ]),
    );
    watching.wait_for("cell 3: Panic");
    sandbox.write(
        "a.rs",
        &marking(&[
            list,
            items,
            ("6", "list.push(6);\nformat!(\"{list:?} fixed\")"),
        ]),
    );
    wait_until(
        || sandbox.shown("a").contains("[1, 2, 6] fixed"),
        || watching.said(),
    );
    assert_eq!(sandbox.read("runs"), "12333456");

    // An edit above.
    sandbox.write(
        "a.rs",
        &marking(&[
            list,
            ("7", "list.push(7);"),
            ("6", "format!(\"{list:?} above\")"),
        ]),
    );
    wait_until(
        || sandbox.shown("a").contains("[1, 7] above"),
        || watching.said(),
    );
    assert_eq!(sandbox.read("runs"), "1233345676");
    assert_eq!(watching.interrupt(), Some(0));

    // For whom it may take longer.
    let mut watching = sandbox.watch(&["a.rs", "--from-start"]);
    watching.wait_for("a: 3 cells in");
    sandbox.write("runs", "");
    sandbox.write(
        "a.rs",
        &marking(&[
            list,
            ("8", "list.push(8);"),
            ("6", "format!(\"{list:?} all\")"),
        ]),
    );
    wait_until(
        || sandbox.shown("a").contains("[1, 8] all"),
        || watching.said(),
    );
    assert_eq!(sandbox.read("runs"), "186");
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn a_save_ends_the_running_cell_and_goes_on_from_the_state_before_it() {
    let sandbox = Sandbox::new();
    let first = ("1", "let list = vec![1];");
    let hangs =
        "println!(\"hangs\");\nloop { std::thread::sleep(std::time::Duration::from_millis(10)); }";
    sandbox.write("a.rs", &marking(&[first, ("2", hangs)]));
    let watching = sandbox.watch(&["a.rs"]);
    watching.wait_for("hangs");
    sandbox.write(
        "a.rs",
        &marking(&[first, ("3", "format!(\"{list:?} goes on\")")]),
    );
    wait_until(
        || sandbox.shown("a").contains("[1] goes on"),
        || watching.said(),
    );
    assert_eq!(sandbox.read("runs"), "123");
    watching.wait_for("a: 1 cells (1 stayed) in");
}

#[test]
fn a_changed_file_runs_the_cells_from_the_first_that_names_it_on() {
    let sandbox = Sandbox::new();
    sandbox.write("data.txt", "data one");
    sandbox.write("part.txt", "part one");
    sandbox.write(
        "a.rs",
        &marking(&[
            ("1", "let one = 1;"),
            ("2", "let data = std::fs::read_to_string(\"data.txt\")?;"),
            ("3", "let part = include_str!(\"part.txt\");"),
            ("4", "format!(\"{one} {data} {part}\")"),
        ]),
    );
    let watching = sandbox.watch(&["a.rs"]);
    wait_until(
        || sandbox.shown("a").contains("1 data one part one"),
        || watching.said(),
    );
    watching.wait_for("a: 4 cells in");
    // Files are taken as they are once a run is over: a little later than its last line.
    std::thread::sleep(Duration::from_secs(1));
    sandbox.write("part.txt", "part, changed");
    wait_until(
        || sandbox.shown("a").contains("1 data one part, changed"),
        || watching.said(),
    );
    watching.wait_for("a: 2 cells (2 stayed) in");
    assert_eq!(sandbox.read("runs"), "123434");
    std::thread::sleep(Duration::from_secs(1));
    sandbox.write("data.txt", "data, changed");
    wait_until(
        || sandbox.shown("a").contains("1 data, changed part, changed"),
        || watching.said(),
    );
    watching.wait_for("a: 3 cells (1 stayed) in");
    assert_eq!(sandbox.read("runs"), "123434234");
}

#[test]
fn a_state_that_lacks_threads_is_made_once_more() {
    let sandbox = Sandbox::new();
    let first = ("1", "println!(\"above\");\nlet one = 1;");
    let leaves = (
        "2",
        "let (sender, receiver) = std::sync::mpsc::channel::<i32>();\nlet (back, answers) = std::sync::mpsc::channel::<i32>();\nstd::thread::spawn(move || for n in receiver { let _ = back.send(2 * n); });",
    );
    let asks =
        |text: &str| format!("sender.send(21 * one)?;\nformat!(\"{{}} {text}\", answers.recv()?)");
    sandbox.write("a.rs", &marking(&[first, leaves, ("3", &asks("first"))]));
    let watching = sandbox.watch(&["a.rs"]);
    wait_until(
        || sandbox.shown("a").contains("42 first"),
        || watching.said(),
    );
    sandbox.write("a.rs", &marking(&[first, leaves, ("4", &asks("second"))]));
    wait_until(
        || sandbox.shown("a").contains("42 second"),
        || watching.said(),
    );
    watching.wait_for("a: 1 cells (2 stayed) in");
    // The cell that left the thread has run again from the state before it, and nothing was heard of it.
    assert_eq!(sandbox.read("runs"), "12324");
    assert_eq!(watching.said().matches("above").count(), 1);
}

#[test]
fn a_shared_page_is_opened_by_its_token_alone_and_can_only_be_read() {
    let sandbox = Sandbox::new();
    sandbox.write("a.ipynb", &says("shared text"));
    let output = sandbox.watch_command(&["a.ipynb", "--share"]).output();
    assert_eq!(
        output.unwrap().status.code(),
        Some(2),
        "--share without --serve"
    );
    let mut watching = sandbox.watch(&["a.ipynb", "--serve", "--share"]);
    let port = watching.port();
    watching.wait_for("can read what this page shows");
    watching.wait_for("a: 1 cells in");
    let said = watching.said();
    let (_, address) = said.split_once("shared: http://").unwrap();
    let token = address.split('/').nth(1).unwrap();
    let elsewhere = "Host: 192.168.1.2:8642\r\n";
    let (head, page) = ask(port, "GET", &format!("/{token}/"), elsewhere);
    assert!(
        head.contains(" 200 ") && page.contains("shared text"),
        "{head}"
    );
    // What the page loads is found from where it is.
    for part in ["script.js", "events?since=x"] {
        let (head, _) = ask(port, "GET", &format!("/{token}/{part}"), elsewhere);
        assert!(head.contains(" 200 "), "{part}: {head}");
    }
    let style = page.split("stylesheet\" href=\"").nth(1).unwrap();
    let style = style.split('"').next().unwrap();
    let (head, _) = ask(port, "GET", &format!("/{token}/{style}"), elsewhere);
    assert!(
        head.contains(" 200 ") && head.contains("text/css"),
        "{head}"
    );
    for (method, path, host, code) in [
        ("GET", "/".to_owned(), elsewhere, 403),
        ("GET", format!("/{}/", "0".repeat(32)), elsewhere, 403),
        ("GET", format!("/{token}"), elsewhere, 403),
        ("POST", format!("/{token}/"), elsewhere, 405),
        ("GET", format!("/{token}/../a.ipynb"), elsewhere, 404),
        ("GET", "/".to_owned(), "Host: localhost\r\n", 200),
    ] {
        let (head, body) = ask(port, method, &path, host);
        assert!(
            head.contains(&format!(" {code} ")),
            "{method} {path}: {head}"
        );
        assert!(code == 200 || !body.contains("shared text"), "{body}");
    }
    assert_eq!(watching.interrupt(), Some(0));
}

#[test]
fn browsers_see_the_executed_notebook_and_nobody_else_does() {
    let sandbox = Sandbox::new();
    let hostile = r#"println!("EVCXR_BEGIN_CONTENT text/html\n<table><tr><td>cell</td></tr></table><script>alert(1)</script>\nEVCXR_END_CONTENT")"#;
    sandbox.write(
        "a.ipynb",
        &notebook(&[
            ("markdown", "# Title\n\n<script>alert(2)</script>\n\n$x^2$"),
            ("code", "println!(\"one <b>\")"),
            ("code", hostile),
        ]),
    );
    let mut watching = sandbox.watch(&["a.ipynb", "--serve"]);
    let port = watching.port();
    watching.wait_for("a: 2 cells in");
    let page = get(port, "/");
    for part in [
        "<h1>Title</h1>",
        "<math",
        "one &lt;b&gt;</pre>",
        "&lt;script&gt;alert(2)&lt;/script&gt;",
        "srcdoc=\"&lt;!doctype html&gt;",
        "&lt;td&gt;cell&lt;/td&gt;",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert_eq!(page.matches("<script").count(), 1, "{page}");

    let (head, _) = ask(port, "GET", "/", "Host: 127.0.0.1:1\r\n");
    for line in [
        "Content-Security-Policy: default-src 'none'; img-src data:; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
        "Cache-Control: no-store",
    ] {
        assert!(head.contains(line), "{line} is not in {head}");
    }
    for (method, path, host, code) in [
        ("GET", "/", "Host: evil.example\r\n", 403),
        ("GET", "/events", "Host: evil.example\r\n", 403),
        ("GET", "/", "", 403),
        ("GET", "/", "Host: localhost\r\nHost: evil.example\r\n", 403),
        ("POST", "/", "Host: localhost\r\nContent-Length: 0\r\n", 405),
        ("GET", "/../a.ipynb", "Host: localhost\r\n", 404),
        ("GET", "/a.ipynb", "Host: localhost\r\n", 404),
    ] {
        let (head, body) = ask(port, method, path, host);
        assert!(
            head.contains(&format!(" {code} ")),
            "{method} {path} {host}: {head}"
        );
        assert!(!body.contains("Title"), "{body}");
    }
    // Every other address of this computer is closed; all of 127.0.0.0/8 is this computer.
    assert!(TcpStream::connect(("127.0.0.2", port)).is_err());

    // A browser that waits hears of the next run.
    let version = |page: &str| {
        let (_, rest) = page.split_once("data-version=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let mut since = version(&page);
    let failing = notebook(&[
        ("code", "println!(\"two\")"),
        ("code", "[0][std::env::args().count()]"),
    ]);
    sandbox.write("a.ipynb", &failing);
    let mut states = Vec::new();
    let last = loop {
        let body = get(port, &format!("/events?since={since}"));
        // Nothing new for as long as a browser waits.
        if body.is_empty() {
            continue;
        }
        let news: Value = serde_json::from_str(&body).unwrap();
        since = news["version"].as_str().unwrap().to_owned();
        states.push(news["state"].as_str().unwrap().to_owned());
        if states.last().unwrap() == "failed" {
            break news;
        }
        assert!(states.len() < 50, "{states:?}");
    };
    assert_eq!(last["status"], "run 2: cell 2 failed");
    let sections = last["sections"].as_str().unwrap();
    assert!(
        sections.contains("two</pre>") && sections.contains("<pre class=\"error\">"),
        "{sections}"
    );
    assert!(
        sections.contains("class=\"cell code failed\""),
        "{sections}"
    );

    // What is wrong with the file is said on the page too, and what ran last stays.
    sandbox.write("a.ipynb", "{");
    watching.wait_for("waiting for it to be fixed");
    let page = get(port, "/");
    assert!(
        page.contains("waiting: a.ipynb: this is not a notebook") && page.contains("two</pre>"),
        "{page}"
    );
    sandbox.write("a.ipynb", &failing);
    wait_until(
        || get(port, "/").contains("run 2: cell 2 failed"),
        || get(port, "/"),
    );
    assert!(!watching.said().contains("── run 3 ──"));
    assert_eq!(watching.interrupt(), Some(0));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn what_cannot_be_watched_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("a.ipynb", &says("one"));
    sandbox.write("a.txt", "");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (arguments, reason) in [
        (vec!["b.ipynb"], "b.ipynb: there is no such file"),
        (vec!["."], "takes one notebook"),
        (vec!["a.ipynb", "--serve", &port], "give another one"),
        (
            vec!["--serve", "a.ipynb"],
            "put the notebook before --serve",
        ),
        (vec!["a.ipynb", "--serve", "0"], "from 1 to 65535"),
        (vec!["a.txt"], "runs notebooks (.ipynb)"),
    ] {
        let output = sandbox.watch_command(&arguments).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(reason), "{arguments:?}: {said}");
    }
}
