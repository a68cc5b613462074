//! `radio step` as its users meet it: on a pipe, and on a terminal.

use crate::sandbox::*;
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

impl Sandbox {
    fn with(name: &str, text: &str) -> Sandbox {
        let sandbox = Sandbox::new();
        sandbox.write(name, text);
        sandbox
    }

    /// `radio step` without a display, its keys on a pipe; nothing of the terminal that the tests run in counts.
    fn step(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["step"]);
        command
            .args(arguments)
            .env("TERM", "xterm-256color")
            .env_remove("NO_COLOR")
            .env_remove("COLUMNS")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::piped());
        command
    }

    fn walk(&self, arguments: &[&str], keys: &str) -> Output {
        feed(&mut self.step(arguments), keys)
    }

    /// The execution counts of the code cells, 0 for those that did not run.
    fn counts(&self, name: &str) -> Vec<u64> {
        let cells = self.cells(name).into_iter();
        cells
            .map(|cell| cell["execution_count"].as_u64().unwrap_or(0))
            .collect()
    }
}

fn feed(command: &mut Command, keys: &str) -> Output {
    let mut child = command.spawn().unwrap();
    // It may have ended before it read everything.
    let _ = child.stdin.take().unwrap().write_all(keys.as_bytes());
    child.wait_with_output().unwrap()
}

#[track_caller]
fn assert_in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let found = rest.split_once(part);
        rest = found.unwrap_or_else(|| panic!("{part:?} in {text}")).1;
    }
}

const THREE_CELLS: &str = r##"// %% [markdown]
// # Title
// %%
//| label: first
println!("ran");
std::fs::OpenOptions::new().create(true).append(true).open("runs.txt")?.write_all(b"x")?;
use std::io::Write;
// %% [markdown]
// Between.
// %%
20 + 2
// %%
eprintln!("last")
"##;

#[test]
fn enter_walks_through_the_whole_notebook() {
    let sandbox = Sandbox::with("a.rs", THREE_CELLS);
    let walk = sandbox.walk(&["a.rs"], &"\n".repeat(20));
    assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
    assert_in_order(
        &stdout(&walk),
        &[
            "# Title",
            "[1/5] Enter goes on · r all",
            "In [1] first",
            "println!",
            "[2/5] Enter runs · b back · r all the rest · q quit · ? help\n",
            "Out [1]",
            "\nran\n",
            "[2/5] Enter goes on",
            "Between.",
            "[3/5] Enter goes on",
            "20 + 2",
            "[4/5] Enter runs",
            "Out [2]",
            "\n22\n",
            "[4/5] Enter goes on",
            "[5/5] Enter runs",
            "\nlast\n",
            "[5/5] Enter ends",
        ],
    );
    assert!(!stdout(&walk).contains('\x1b'));
    assert_eq!(sandbox.counts("a"), [1, 2, 3]);
}

#[test]
fn a_walk_can_begin_at_a_cell_and_go_to_one() {
    let sandbox = Sandbox::with("a.rs", THREE_CELLS);
    let walk = sandbox.walk(&["a.rs", "--from", "2"], "\nq\n");
    assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
    let shown = stdout(&walk);
    assert!(
        !shown.contains("ran") && !shown.contains("# Title"),
        "{shown}"
    );
    assert_in_order(&shown, &["In [2]", "20 + 2", "[4/5] Enter runs", "\n22\n"]);
    assert_eq!(sandbox.counts("a"), [1, 2, 0]);

    let walk = sandbox.walk(&["a.rs"], "g3\ng first\ng none\nq\n");
    assert_in_order(
        &stdout(&walk),
        &[
            "[1/5]",
            "to cell: ",
            "\nran\n",
            "\n22\n",
            "[5/5] Enter runs",
            "In [1] first",
            "[2/5]",
            "There is no cell `none`",
        ],
    );
    assert_eq!(sandbox.counts("a"), [1, 2, 0]);

    let walk = sandbox.walk(&["a.rs", "--from", "9"], "");
    assert_eq!(walk.status.code(), Some(2));
    assert!(
        stderr(&walk).contains("--from 9: a.rs has no such cell; give a number from 1 to 3"),
        "{}",
        stderr(&walk)
    );
    // A cell that fails on the way is where the walk begins.
    let sandbox = Sandbox::with("b.rs", "// %%\npanic!(\"as planned\")\n// %%\n2\n");
    let walk = sandbox.walk(&["b.rs", "--from", "2"], "q\n");
    assert_in_order(&stdout(&walk), &["In [1]", "as planned", "[1/2]"]);
}

#[test]
fn back_shows_what_was_there_and_runs_nothing_again() {
    let sandbox = Sandbox::with("a.rs", THREE_CELLS);
    let walk = sandbox.walk(&["a.rs"], "\n\n\nb\nb\nb\n\n\n\nq\n");
    assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
    let shown = stdout(&walk);
    assert_in_order(
        &shown,
        &[
            "[3/5]",
            "\nran\n[2/5] Enter goes on",
            "[1/5]",
            "This is the first cell.",
            "\nran\n[2/5] Enter goes on",
            "[3/5]",
            "[4/5] Enter runs",
        ],
    );
    assert_eq!(shown.matches("\nran\n").count(), 3);
    assert_eq!(std::fs::read(sandbox.path("runs.txt")).unwrap(), b"x");
    assert_eq!(sandbox.counts("a"), [1, 0, 0]);
}

#[test]
fn the_rest_runs_without_asking() {
    let sandbox = Sandbox::with("a.rs", THREE_CELLS);
    let walk = sandbox.walk(&["a.rs"], "\nr\n");
    assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
    let parts = ["[2/5]", "ran", "Between.", "22", "last", "[5/5] Enter ends"];
    assert_in_order(&stdout(&walk), &parts);
    assert_eq!(stdout(&walk).matches(" · q quit").count(), 3);
    assert_eq!(sandbox.counts("a"), [1, 2, 3]);
}

#[test]
fn what_did_not_run_has_no_outputs() {
    let sandbox = Sandbox::with("a.rs", THREE_CELLS);
    // The second walk runs nothing, and leaves what is there.
    for keys in ["\n\nq\n\n\n", "q"] {
        let walk = sandbox.walk(&["a.rs"], keys);
        assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
        assert_eq!(sandbox.counts("a"), [1, 0, 0]);
        let last = &sandbox.cells("a")[2];
        assert_eq!(last["outputs"], Value::Array(Vec::new()));
    }
}

#[test]
fn a_failing_cell_leaves_the_walk_usable() {
    let text = "// %%\npanic!(\"broken\")\n// %%\nlet n: u8 = \"x\";\n// %%\n40 + 2\n";
    let sandbox = Sandbox::with("a.rs", text);
    let walk = sandbox.walk(&["a.rs"], "\n\n\n\nbb\n\n\n\n\n");
    assert_eq!(walk.status.code(), Some(1));
    assert_in_order(
        &stdout(&walk),
        &[
            "error: Panic: broken",
            "[1/3] Enter goes on",
            "error[E0308]: mismatched types",
            "[2/3] Enter goes on",
            "error: Panic: broken",
            "[1/3] Enter goes on",
            "error[E0308]: mismatched types",
            "\n42\n",
        ],
    );
    assert!(stderr(&walk).contains("a.rs cell 1: Panic: broken"));
    assert_eq!(sandbox.counts("a"), [1, 2, 3]);
}

#[test]
fn an_expected_failure_is_none() {
    let notebook = r#"{"cells":[{"cell_type":"code","execution_count":null,"id":"a","metadata":{"tags":["raises-exception"]},"outputs":[],"source":"panic!(\"on purpose\")"}],"metadata":{},"nbformat":4,"nbformat_minor":5}"#;
    let sandbox = Sandbox::with("a.ipynb", notebook);
    let walk = sandbox.walk(&["a.ipynb"], "\n\n");
    assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
    assert!(stdout(&walk).contains("on purpose"));
}

#[test]
fn unknown_keys_are_named_and_help_is_there() {
    let sandbox = Sandbox::with(
        "a.rs",
        "// %% [markdown]\n// Only text.\n// %% [markdown]\n// More.\n",
    );
    let walk = sandbox.walk(&["a.rs"], "x\n\x07\n?\ne\n\nb\n\n\n");
    assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
    assert_in_order(
        &stdout(&walk),
        &[
            "[1/2] Enter goes on · q quit · ? help",
            "There is no command `x`",
            "There is no command `\\u{7}`",
            "Ctrl-C",
            "This cell has no figure",
            "[2/2] Enter ends",
            "[1/2]",
            "[2/2] Enter ends",
        ],
    );
    // Nothing ran.
    assert!(stderr(&walk).contains("nothing is written") && !sandbox.path("out").exists());
}

#[test]
fn an_empty_notebook_can_be_walked() {
    let sandbox = Sandbox::with("a.rs", "");
    for keys in ["", "b e r ? x \n\n"] {
        let walk = sandbox.walk(&["a.rs"], keys);
        assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
    }
}

#[test]
fn no_control_characters_reach_the_terminal() {
    let sandbox = Sandbox::with(
        "a.rs",
        "// %% [markdown]\n// a \x1b[2J b &#27;[31m `\x1b]0;x\x07`\n// %%\n//| label: l\x1b[2J\n// \x1b[2J\u{9b}2J\nprintln!(\"\\x1b[2J\\x1b[31mred\\x1b[0m\\x07 10%\\r20%\");\n// %%\nprintln!(\"EVCXR_BEGIN_CONTENT text/plain\\n\\x1b[3Aplain\\x1b]0;t\\x07\\nEVCXR_END_CONTENT\")\n// %%\npanic!(\"\\x1b[2Jpanic\")\n// %%\nprintln!(\"EVCXR_BEGIN_CONTENT text/\\x1b[2J\\nx\\nEVCXR_END_CONTENT\")\n",
    );
    let keys = "\n".repeat(10) + "bbbbb";
    let walk = sandbox.walk(&["a.rs"], &keys);
    let shown = stdout(&walk);
    assert_in_order(&shown, &["red 10%\n20%\n", "\nplain\n", "panic"]);
    let hostile = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!shown.contains(hostile), "{shown:?}");
    let said = stderr(&walk);
    assert!(
        said.contains("panic") && !said.contains(hostile),
        "{said:?}"
    );
}

#[test]
fn forty_columns_are_enough() {
    let sandbox = Sandbox::with(
        "a.rs",
        "// %% [markdown]\n// ## A title that is longer than forty columns are\n//\n// Some *text* that has to be wrapped, more than once, and a list:\n//\n// - with an item that is longer than forty columns\n//\n// | first column | second column | third |\n// |---|---|---|\n// | some words in a cell | and some more words in another | x |\n// %%\n1 + 1\n",
    );
    let mut command = sandbox.step(&["a.rs"]);
    let walk = feed(command.env("COLUMNS", "40"), "?\n\n\n\n");
    assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
    let shown = stdout(&walk);
    assert_in_order(&shown, &["[1/2] Enter goes on · ? help\n", "1 + 1", "2\n"]);
    for line in shown.lines() {
        assert!(line.chars().count() <= 40, "{line:?}");
    }
}

const FIGURE: &str = r##"// %%
//| label: dot
println!("EVCXR_BEGIN_CONTENT image/svg+xml\n<svg/>\nEVCXR_END_CONTENT");
println!("EVCXR_BEGIN_CONTENT image/png\nAAEC\nEVCXR_END_CONTENT");
"##;

#[test]
fn without_a_display_the_figures_path_is_said() {
    let sandbox = Sandbox::with("a.rs", FIGURE);
    let walk = sandbox.walk(&["a.rs", "--output", "made"], "\ne\n");
    assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
    let figure = ["made", "figures", "a", "dot.svg"].iter();
    let figure = figure.collect::<PathBuf>().display().to_string();
    let line = format!("figure: {figure} · e opens it\n");
    assert_in_order(&stdout(&walk), &[&line, "e figure", "no display"]);
    let unwrapped = stdout(&walk).replace('\n', "");
    assert!(unwrapped.matches(&figure).count() >= 2, "{unwrapped}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_figure_is_on_disk_when_it_is_opened() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::with("a.rs", FIGURE);
    let opener = sandbox.path("bin").join("xdg-open");
    std::fs::create_dir(sandbox.path("bin")).unwrap();
    let script = "#!/bin/sh\ncp \"$1\" opened.part && mv opened.part opened\n";
    std::fs::write(&opener, script).unwrap();
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", sandbox.path("bin").display());
    let mut command = sandbox.step(&["a.rs"]);
    let mut child = command
        .env("PATH", path)
        .env("DISPLAY", ":0")
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    keys.write_all(b"\ne\n").unwrap();
    // The walk waits at its prompt.
    wait_for("the figure to be opened", || {
        sandbox.path("opened").exists()
    });
    assert_eq!(std::fs::read(sandbox.path("opened")).unwrap(), b"<svg/>");
    assert!(!sandbox.path("out/a.ipynb").exists());
    drop(keys);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(sandbox.path("out/a.ipynb").exists());
}

#[test]
fn waiting_at_the_prompt_is_not_the_cells_time() {
    let text = "// %%\n1\n// %%\nloop { std::thread::sleep(std::time::Duration::from_secs(1)) }\n";
    let sandbox = Sandbox::with("a.rs", text);
    let mut command = sandbox.step(&["a.rs", "--timeout", "2"]);
    let mut child = command.spawn().unwrap();
    let mut keys = child.stdin.take().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2500));
    keys.write_all(b"\n\n\n").unwrap();
    drop(keys);
    let walk = child.wait_with_output().unwrap();
    assert_eq!(walk.status.code(), Some(1), "{}", stderr(&walk));
    assert_eq!(
        sandbox.cells("a")[0]["outputs"][0]["output_type"],
        "execute_result"
    );
    assert_eq!(sandbox.cells("a")[1]["outputs"][0]["ename"], "Timeout");
}

#[test]
fn parameters_are_taken_as_run_takes_them() {
    let notebook = r#"{"cells":[{"cell_type":"code","execution_count":null,"id":"a","metadata":{"tags":["parameters"]},"outputs":[],"source":"let n: u32 = 1;"},{"cell_type":"code","execution_count":null,"id":"b","metadata":{},"outputs":[],"source":"n + 1"}],"metadata":{},"nbformat":4,"nbformat_minor":5}"#;
    let sandbox = Sandbox::with("a.ipynb", notebook);
    let walk = sandbox.walk(&["a.ipynb", "-p", "n", "41"], "r");
    assert_eq!(walk.status.code(), Some(0), "{}", stderr(&walk));
    assert_in_order(&stdout(&walk), &["let n: u32 = 41;", "\n42\n"]);
    let unknown = sandbox.walk(&["a.ipynb", "-p", "m", "1"], "r");
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        stderr(&unknown).contains("parameter `m`"),
        "{}",
        stderr(&unknown)
    );
}

#[test]
fn what_cannot_be_walked_is_refused_before_anything_runs() {
    let sandbox = Sandbox::with("a.ipynb", "{}");
    sandbox.write("b.ipynb", "{}");
    sandbox.write("c.rs", "// %%\n1\n");
    sandbox.write("d.txt", "");
    let notebook = r#"{"cells":[],"metadata":{},"nbformat":4,"nbformat_minor":5}"#;
    sandbox.write("e.ipynb", notebook);
    for (arguments, reason) in [
        (&["."][..], "name its file"),
        (&["a.ipynb"], "nbformat"),
        (&["missing.ipynb"], "missing.ipynb: there is no such file"),
        (&["d.txt"], "(.ipynb) and percent scripts"),
        (&["e.ipynb", "--output", "."], "would be overwritten"),
        (&["c.rs", "--timeout", "0"], "above 0"),
    ] {
        let walk = sandbox.walk(arguments, "\n");
        assert_eq!(walk.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&walk).contains(reason), "{}", stderr(&walk));
        assert_eq!(stdout(&walk), "");
    }
    assert!(!sandbox.path("out").exists());
}

mod terminal {
    use super::*;
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    use nix::pty::{OpenptyResult, Winsize, openpty};
    use nix::sys::signal::{Signal, kill};
    use nix::sys::termios::{LocalFlags, tcgetattr};
    use nix::unistd::Pid;
    use std::fs::File;
    use std::io::Read;
    use std::process::{Child, ExitStatus};
    use std::sync::{Arc, Mutex};

    /// A walk on a terminal of its own.
    struct Walk {
        child: Child,
        keyboard: File,
        terminal: File,
        shown: Arc<Mutex<String>>,
    }

    impl Drop for Walk {
        /// A test that fails leaves nothing behind.
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    impl Walk {
        fn start(mut command: Command) -> Walk {
            let size = Winsize {
                ws_row: 24,
                ws_col: 60,
                ws_xpixel: 0,
                ws_ypixel: 0,
            };
            let OpenptyResult { master, slave } = openpty(Some(&size), None).unwrap();
            // What other tests start at this moment must not hold it open.
            for descriptor in [&master, &slave] {
                fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
            }
            let terminal = File::from(slave);
            let mut screen = File::from(master);
            let keyboard = screen.try_clone().unwrap();
            let child = command
                .stdin(terminal.try_clone().unwrap())
                .stdout(terminal.try_clone().unwrap())
                .stderr(terminal.try_clone().unwrap())
                .spawn()
                .unwrap();
            let shown = Arc::new(Mutex::new(String::new()));
            let text = Arc::clone(&shown);
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(length @ 1..) = screen.read(&mut bytes) {
                    let piece = String::from_utf8_lossy(&bytes[..length]);
                    text.lock().unwrap().push_str(&piece);
                }
            });
            Walk {
                child,
                keyboard,
                terminal,
                shown,
            }
        }

        fn shown(&self) -> String {
            self.shown.lock().unwrap().clone()
        }

        /// Waits until the text is there, after what was there before.
        #[track_caller]
        fn sees(&self, from: &mut usize, text: &str) {
            let is_there = || match self.shown()[*from..].find(text) {
                Some(at) => {
                    *from += at + text.len();
                    true
                }
                None => false,
            };
            wait_until(is_there, || format!("{text:?} in:\n{}", self.shown()));
        }

        fn press(&mut self, keys: &str) {
            self.keyboard.write_all(keys.as_bytes()).unwrap();
        }

        fn send(&self, signal: Signal) {
            kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
        }

        /// Whether the terminal is in the mode that a shell leaves it in.
        fn is_as_before(&self) -> bool {
            let usual = LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG;
            let mode = tcgetattr(&self.terminal).unwrap();
            mode.local_flags.contains(usual)
        }

        fn ends(&mut self) -> ExitStatus {
            self.child.wait().unwrap()
        }
    }

    #[test]
    fn keys_act_as_they_are_pressed_and_the_terminal_is_given_back() {
        let sandbox = Sandbox::with("a.rs", THREE_CELLS);
        let mut walk = Walk::start(sandbox.step(&["a.rs"]));
        let mut at = 0;
        walk.sees(&mut at, "[1/5]");
        assert!(!walk.is_as_before());
        walk.press(" ");
        walk.sees(&mut at, "[2/5] Enter runs");
        walk.press("\r");
        walk.sees(&mut at, "\r\nran\r\n");
        // Page Down and Page Up.
        walk.sees(&mut at, "[2/5]");
        walk.press("\x1b[6~");
        walk.sees(&mut at, "[3/5]");
        walk.press("\x1b[5~");
        walk.sees(&mut at, "[2/5]");
        walk.press("q");
        assert_eq!(walk.ends().code(), Some(0));
        assert!(walk.is_as_before());
        let shown = walk.shown();
        assert!(shown.contains("\x1b[35muse\x1b[0m"), "{shown:?}");
        assert!(!shown.contains("\x1b[?1049"), "{shown:?}");
        assert_eq!(sandbox.counts("a"), [1, 0, 0]);
    }

    /// A picture of one dot.
    const DOT: &str = r#"// %%
println!("EVCXR_BEGIN_CONTENT image/png\niVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC\nEVCXR_END_CONTENT");
"#;

    #[test]
    fn a_terminal_that_says_so_gets_pictures_as_sixels() {
        for (answer, shows) in [("\x1b[6;20;10t\x1b[?62;4c", true), ("\x1b[?62;22c", false)] {
            let sandbox = Sandbox::with("a.rs", DOT);
            let mut step = sandbox.step(&["a.rs"]);
            step.env_remove("TMUX").env_remove("TERM_PROGRAM");
            let mut walk = Walk::start(step);
            let mut at = 0;
            walk.sees(&mut at, "\x1b[16t\x1b[c");
            walk.press(answer);
            walk.sees(&mut at, "[1/1] Enter runs");
            walk.press("\r");
            walk.sees(&mut at, "figure: ");
            walk.press("q");
            assert_eq!(walk.ends().code(), Some(0));
            let picture = "\x1bP0;1q\"1;1;1;1#0;2;100;0;0#0@-\x1b\\";
            assert_eq!(walk.shown().contains(picture), shows, "{:?}", walk.shown());
        }
    }

    /// A cell that asks twice, and one that does not. (Needs crates.io.)
    const ASKING: &str = r#"// %%
extern crate evcxr_input;
eprintln!("Hello.");
print!("Welcome.");
let name = evcxr_input::get_string("What is\nyour name?");
let word = evcxr_input::get_password("Word?");
println!("{name} has {} letters, {} secret", name.len(), word.len());
// %%
name.len() + 1
"#;

    #[test]
    fn what_a_cell_asks_for_is_typed_at_the_terminal() {
        let sandbox = Sandbox::with("a.rs", ASKING);
        let mut walk = Walk::start(sandbox.step(&["a.rs"]));
        let mut at = 0;
        walk.sees(&mut at, "[1/2] Enter runs");
        walk.press("\r");
        walk.sees(&mut at, "Hello.\r\n");
        walk.sees(&mut at, "Welcome.\r\nWhat is\r\nyour name? ");
        walk.press("Adx");
        walk.sees(&mut at, "Adx");
        walk.press("\x7fa\r");
        walk.sees(&mut at, "Word? ");
        walk.press("hush\r");
        walk.sees(&mut at, "Ada has 3 letters, 4 secret\r\n");
        walk.sees(&mut at, "[1/2] Enter goes on");
        assert!(!walk.shown().contains("hush"), "{}", walk.shown());
        walk.press(" ");
        walk.sees(&mut at, "[2/2] Enter runs");
        walk.press(" ");
        walk.sees(&mut at, "\r\n4\r\n");
        walk.press("q");
        assert_eq!(walk.ends().code(), Some(0));
        assert!(walk.is_as_before());
    }

    #[test]
    fn a_question_may_be_left_without_an_answer() {
        for (key, says) in [
            (
                "\x04",
                "the cell asked for input (\"What is\\nyour name?\"), and got none",
            ),
            ("\x03", "Interrupted"),
        ] {
            let sandbox = Sandbox::with("a.rs", ASKING);
            let mut walk = Walk::start(sandbox.step(&["a.rs"]));
            let mut at = 0;
            walk.sees(&mut at, "[1/2] Enter runs");
            walk.press("\r");
            walk.sees(&mut at, "your name? ");
            match key {
                // The terminal is not the walk's own, and sends it no signal.
                "\x03" => walk.send(Signal::SIGINT),
                _ => walk.press(key),
            }
            walk.sees(&mut at, says);
            walk.sees(&mut at, "[1/2] Enter goes on");
            // Keys act as they are pressed again.
            walk.press("q");
            assert_eq!(walk.ends().code(), Some(1));
            assert!(walk.is_as_before());
        }
    }

    #[test]
    fn no_color_means_no_color() {
        let sandbox = Sandbox::with("a.rs", "// %% [markdown]\n// **a**\n// %%\nlet n = 1;\n");
        for (name, value, erases) in [("NO_COLOR", "1", true), ("TERM", "dumb", false)] {
            let mut command = sandbox.step(&["a.rs"]);
            command.env(name, value);
            let mut walk = Walk::start(command);
            let mut at = 0;
            walk.sees(&mut at, "[1/2]");
            walk.press("\r");
            walk.sees(&mut at, "[2/2]");
            walk.press("q");
            assert_eq!(walk.ends().code(), Some(0));
            let shown = walk
                .shown()
                .replace("\x1b[K", if erases { "" } else { "!" });
            assert!(
                shown.contains("**a**") && !shown.contains('\x1b'),
                "{shown:?}"
            );
        }
    }

    #[test]
    fn ctrl_c_at_the_prompt_ends_the_walk_in_order() {
        let sandbox = Sandbox::with("a.rs", THREE_CELLS);
        for signal in [Signal::SIGINT, Signal::SIGTERM] {
            let mut walk = Walk::start(sandbox.step(&["a.rs"]));
            let mut at = 0;
            walk.sees(&mut at, "[1/5]");
            walk.press("\r\r");
            walk.sees(&mut at, "[2/5] Enter goes on");
            walk.send(signal);
            assert_eq!(walk.ends().code(), Some(0), "{}", walk.shown());
            assert!(walk.is_as_before());
            assert_eq!(sandbox.counts("a"), [1, 0, 0]);
        }
    }

    #[test]
    fn ctrl_c_ends_the_running_cell_and_leaves_all_as_it_was_before_it() {
        let sandbox = Sandbox::with(
            "a.rs",
            "// %%\nlet mut list = vec![1, 2];\n// %%\nlist.push(3);\nprintln!(\"begun\");\nloop { std::thread::sleep(std::time::Duration::from_secs(1)) }\n// %%\nformat!(\"list {list:?}\")\n// %%\n2\n",
        );
        let mut walk = Walk::start(sandbox.step(&["a.rs"]));
        let mut at = 0;
        walk.sees(&mut at, "[1/4]");
        walk.press("r");
        walk.sees(&mut at, "\r\nbegun\r\n");
        walk.send(Signal::SIGINT);
        walk.sees(&mut at, "All is as it was before this cell");
        // What was to run without asking does not any more.
        walk.sees(&mut at, "[2/4] Enter goes on");
        walk.press("\r");
        walk.sees(&mut at, "[3/4] Enter runs");
        walk.press("\r");
        walk.sees(&mut at, "list [1, 2]");
        walk.press("\r\r\r");
        assert_eq!(walk.ends().code(), Some(1));
        assert!(walk.is_as_before());
        assert_eq!(sandbox.counts("a"), [1, 2, 3, 4]);
        // What it said last may still be on its way through the terminal.
        walk.sees(&mut at, "cell 2: Interrupted");
    }

    #[test]
    fn a_walk_that_is_told_to_end_does_while_a_cell_runs() {
        let sandbox = Sandbox::with(
            "a.rs",
            "// %%\nprintln!(\"begun\");\nloop { std::thread::sleep(std::time::Duration::from_secs(1)) }\n// %%\n1\n",
        );
        for signal in [Signal::SIGTERM, Signal::SIGHUP] {
            let mut walk = Walk::start(sandbox.step(&["a.rs"]));
            let mut at = 0;
            walk.sees(&mut at, "[1/2]");
            walk.press("\r");
            walk.sees(&mut at, "\r\nbegun\r\n");
            walk.send(signal);
            assert_eq!(walk.ends().code(), Some(1), "{}", walk.shown());
            assert!(walk.is_as_before());
            assert_eq!(sandbox.counts("a"), [1, 0]);
        }
    }

    #[test]
    fn ctrl_c_twice_gives_the_terminal_back_too() {
        let sandbox = Sandbox::with("a.rs", THREE_CELLS);
        let mut walk = Walk::start(sandbox.step(&["a.rs"]));
        let mut at = 0;
        walk.sees(&mut at, "[1/5]");
        walk.send(Signal::SIGINT);
        walk.send(Signal::SIGINT);
        walk.ends();
        assert!(walk.is_as_before());
    }
}
