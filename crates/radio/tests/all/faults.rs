//! `radio run` when things go wrong: cells that misbehave, disks that are full, runs that are killed.

use crate::sandbox::*;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::Duration;

impl Sandbox {
    /// Runs radio, started by a program that takes something from it first.
    fn run_within(&self, program: &str, first: &[&str], arguments: &[&str]) -> Output {
        let mut command = self.program(program);
        command
            .args(first)
            .args([env!("CARGO_BIN_EXE_radio"), "run"])
            .args(arguments);
        command
            .output()
            .unwrap_or_else(|e| panic!("this test needs {program}: {e}"))
    }

    /// Runs with files limited to `blocks` of 512 bytes: what is longer fails as it does where the disk is full.
    fn run_with_little_room(&self, blocks: u32, arguments: &[&str]) -> Output {
        let limited = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" \"$@\"");
        self.run_within("/bin/sh", &["-c", &limited], arguments)
    }

    /// Runs as one to whom the permissions of files apply, which they do not to root.
    fn run_without_privilege(&self, arguments: &[&str]) -> Output {
        let probe = self.path("probe");
        std::fs::create_dir_all(&probe).unwrap();
        set_mode(&probe, 0o555);
        if std::fs::write(probe.join("x"), "").is_err() {
            return self.run(arguments);
        }
        // From util-linux; only root needs it.
        let first = "--bounding-set=-dac_override,-dac_read_search";
        self.run_within("setpriv", &[first], arguments)
    }

    /// The outputs of the executed copy's code cells.
    fn outputs(&self, name: &str) -> Vec<Vec<Value>> {
        let cells = self.cells(name).into_iter();
        cells
            .map(|cell| cell["outputs"].as_array().unwrap().clone())
            .collect()
    }

    /// Every file of the output folder.
    fn files(&self) -> Vec<String> {
        fn walk(folder: &Path, into: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    walk(&entry.path(), into);
                } else {
                    into.push(entry.file_name().into_string().unwrap());
                }
            }
        }
        let mut files = Vec::new();
        walk(&self.path("out"), &mut files);
        files.sort();
        files
    }

    /// The processes that work in this folder.
    fn processes(&self) -> Vec<String> {
        let all = std::fs::read_dir("/proc").unwrap().flatten();
        let ours = all.filter(|process| {
            let folder = std::fs::read_link(process.path().join("cwd"));
            folder.is_ok_and(|folder| folder.starts_with(self.folder()))
        });
        ours.map(|process| process.file_name().into_string().unwrap())
            .collect()
    }
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The error among a cell's outputs, as `Name: message`.
fn error(outputs: &[Value]) -> String {
    let error = outputs
        .iter()
        .find(|output| output["output_type"] == "error")
        .unwrap_or_else(|| panic!("no error in {outputs:?}"));
    format!("{}: {}", joined(&error["ename"]), joined(&error["evalue"]))
}

/// A small random generator, so that a failure can be had again (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Functions of the C library, for cells.
const C: &str = "// %%\nunsafe extern \"C\" { safe fn dup(a: i32) -> i32; safe fn dup2(a: i32, b: i32) -> i32; safe fn close(a: i32) -> i32; safe fn kill(a: i32, b: i32) -> i32; }\n";

#[test]
fn a_flood_is_cut_at_the_stated_sizes() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write(
            "a.rs",
            r#"// %%
for n in 0..2_000_000 { println!("line {n:020}"); }
// %%
for _ in 0..40 { print!("{}", "x".repeat(1 << 20)); }
// %%
for _ in 0..40 { eprint!("{}", "x".repeat(1 << 20)); }
// %%
println!("EVCXR_BEGIN_CONTENT text/html");
for _ in 0..40 { println!("{}", "x".repeat(1 << 20)); }
// %%
println!("EVCXR_BEGIN_CONTENT image/png\n{}\nEVCXR_END_CONTENT", "AAAA".repeat(10 << 20));
// %%
println!("EVCXR_BEGIN_CONTENT image/png\n{}\nEVCXR_END_CONTENT", "AAAA".repeat(20 << 20));
println!("after");
// %%
for n in 0..10_000 { println!("EVCXR_BEGIN_CONTENT image/svg+xml\n<svg>{n}</svg>\nEVCXR_END_CONTENT"); }
// %%
"x".repeat(100 << 20)
// %%
panic!("{}", "x".repeat(100 << 20))
"#,
        )
        .run(&["a.rs", "--quiet"]);
    assert_eq!(code(&run), 1, "{}", stderr(&run));
    let cells = sandbox.outputs("a");
    for cell in &cells[..4] {
        let text = joined(&cell[0]["text"]);
        assert_eq!(cell.len(), 1);
        assert!(text.ends_with("more than 8 MiB of text; the rest is left out]\n"));
        assert!(
            ((8 << 20) - 300..(8 << 20) + 200).contains(&text.len()),
            "{}",
            text.len()
        );
    }
    assert_eq!(joined(&cells[4][0]["data"]["image/png"]).len(), 40 << 20);
    let notice = joined(&cells[5][0]["text"]);
    assert!(
        notice.contains("more than 64 MiB of content; this image/png"),
        "{notice}"
    );
    assert!(notice.ends_with("after\n"));
    assert_eq!(cells[6].len(), 10_000);
    let value = joined(&cells[7][0]["data"]["text/plain"]);
    assert!(value.ends_with("left out]\n") && value.len() < (8 << 20) + 200);
    let panic = error(&cells[8]);
    assert!(panic.ends_with("left out]") && panic.len() < 100_000);
    assert!(stderr(&run).len() < 200_000);
}

#[test]
fn a_program_that_goes_ends_the_run_at_its_cell_and_the_message_says_how() {
    for (cell, message) in [
        (
            "std::process::exit(7)",
            "Exited: the program ended itself with exit code 7",
        ),
        (
            "std::process::abort()",
            "Signal: the program was ended by the signal SIGABRT",
        ),
        (
            "fn endless(n: u64) -> u64 { std::hint::black_box([n; 64]); 1 + endless(n + 1) }\nendless(0)",
            "Signal: stack overflow: calls are nested too deeply, perhaps without end (the program was ended by the signal SIGABRT)",
        ),
        (
            "std::thread::spawn(|| { fn endless(n: u64) -> u64 { std::hint::black_box([n; 64]); 1 + endless(n + 1) } endless(0) }).join();",
            "Signal: stack overflow",
        ),
        (
            "kill(std::process::id() as i32, 9);",
            "Signal: the program was ended by the signal SIGKILL",
        ),
        (
            "unsafe { (8 as *const u8).read_volatile() }",
            "Signal: the program was ended by the signal SIGSEGV",
        ),
        (
            "for n in 0..100 { close(n); }",
            "Exited: the program ended itself with exit code 120, as it does where a cell has closed",
        ),
        (
            // Ignores every signal that can be ignored, and hangs.
            "unsafe extern \"C\" { safe fn signal(a: i32, b: usize) -> usize; }\nfor n in 1..32 { signal(n, 1); }\nloop { std::thread::sleep(std::time::Duration::from_secs(1)) }",
            "Timeout: the cell did not end in the time it was given",
        ),
    ] {
        let sandbox = Sandbox::new();
        let text =
            format!("{C}println!(\"kept\");\n// %%\nprintln!(\"up to here\");\n{cell}\n// %%\n1\n");
        // Of the others, none is to be ended by it, however busy the machine is.
        let timeout = if message.starts_with("Timeout") {
            "5"
        } else {
            "60"
        };
        let run = sandbox
            .write("a.rs", &text)
            .run(&["a.rs", "--timeout", timeout]);
        assert_eq!(code(&run), 1, "{cell}: {}", stderr(&run));
        let cells = sandbox.outputs("a");
        assert_eq!(joined(&cells[0][0]["text"]), "kept\n");
        // The runtime's last words on stderr may be read before it.
        let printed = |output: &Value| joined(&output["text"]) == "up to here\n";
        assert!(cells[1].iter().any(printed), "{cell}: {:?}", cells[1]);
        let said = error(&cells[1]);
        assert!(said.starts_with(message), "{cell}: {said}");
        assert!(cells[2].is_empty());
        assert!(stderr(&run).contains("a.rs cell 2"), "{}", stderr(&run));
        wait_for("all processes to end", || sandbox.processes().is_empty());
    }
}

#[test]
fn what_an_earlier_cell_printed_is_not_taken_for_the_end_of_a_later_one() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write(
            "a.rs",
            "// %%\neprintln!(\"thread 'main' has overflowed its stack\");\n// %%\nstd::process::abort()\n",
        )
        .run(&["a.rs"]);
    assert_eq!(code(&run), 1, "{}", stderr(&run));
    let said = error(&sandbox.outputs("a")[1]);
    assert_eq!(said, "Signal: the program was ended by the signal SIGABRT");
}

#[test]
fn a_cell_may_redirect_or_close_its_stdout_and_leave_it_so() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write(
            "a.rs",
            &format!(
                r#"{C}use std::os::fd::AsRawFd;
let saved = dup(1);
let file = std::fs::File::create("caught")?;
println!("before");
dup2(file.as_raw_fd(), 1);
println!("into the file");
// %%
println!("this too");
// %%
dup2(saved, 1);
println!("back");
// %%
close(1);
println!("lost");
eprintln!("err");
// %%
dup2(saved, 1);
println!("again");
// %%
dup2(1, 2);
eprintln!("both");
// %%
3
"#
            ),
        )
        .run(&["a.rs", "--timeout", "20"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let text: Vec<String> = sandbox
        .outputs("a")
        .iter()
        .map(|outputs| outputs.iter().map(|o| joined(&o["text"])).collect())
        .collect();
    assert_eq!(
        text,
        [
            "before\n",
            "",
            "back\n",
            "err\n[radio: this cell closed stdout; what is printed from here on is lost]\n",
            "again\n",
            "both\n",
            ""
        ]
    );
    assert_eq!(sandbox.read("caught"), "into the file\nthis too\n");
}

#[test]
fn a_process_left_behind_delays_nothing() {
    for ending in ["", "std::process::exit(3)"] {
        let sandbox = Sandbox::new();
        let text = format!(
            r#"// %%
std::process::Command::new("setsid").args(["sh", "-c", "echo $$ > daemon; exec sleep 90"]).spawn()?;
while std::fs::read_to_string("daemon").unwrap_or_default().is_empty() {{}}
// %%
println!("done");
{ending}
"#
        );
        let run = sandbox.write("a.rs", &text).run(&["a.rs"]);
        assert_eq!(
            code(&run),
            i32::from(!ending.is_empty()),
            "{}",
            stderr(&run)
        );
        assert_eq!(joined(&sandbox.outputs("a")[1][0]["text"]), "done\n");
        // It still runs, so nobody waited for it.
        let daemon = sandbox.read("daemon");
        let ended = Command::new("kill").args(["-KILL", daemon.trim()]).status();
        assert!(ended.unwrap().success(), "{ending}");
    }
}

/// A cell that shows two pictures, whose size it reads from a file.
const PICTURES: &str = r#"// %%
let size: usize = std::fs::read_to_string("size")?.trim().parse()?;
for n in 0..2 { println!("EVCXR_BEGIN_CONTENT image/svg+xml\n<svg>{}</svg>\nEVCXR_END_CONTENT", "x".repeat(size * n)); }
"#;

#[test]
fn runs_at_the_same_time_do_not_disturb_each_other() {
    let sandbox = Sandbox::with_own_target();
    sandbox.write("size", "100000");
    for round in 0..4 {
        sandbox.write("a.rs", &format!("{PICTURES}// %%\n{round}\n"));
        let mut runs: Vec<Child> = (0..4)
            .map(|_| sandbox.command(&["run", "a.rs"]).spawn().unwrap())
            .collect();
        while runs.iter_mut().any(|run| run.try_wait().unwrap().is_none()) {
            // Whoever reads meanwhile finds it whole.
            if sandbox.path("out/a.ipynb").exists() {
                sandbox.notebook("out/a.ipynb");
            }
            std::thread::sleep(Duration::from_millis(3));
        }
        for run in runs {
            let run = run.wait_with_output().unwrap();
            assert_eq!(code(&run), 0, "{}", stderr(&run));
        }
        let cells = sandbox.outputs("a");
        assert_eq!(
            joined(&cells[1][0]["data"]["text/plain"]),
            round.to_string()
        );
        assert_eq!(sandbox.files(), ["1-2.svg", "1.svg", "a.ipynb"]);
        assert_eq!(sandbox.read("out/figures/a/1-2.svg").len(), 100_011);
    }
}

#[test]
fn each_signal_to_end_keeps_what_ran() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.rs",
        "// %%\nprintln!(\"kept\");\n// %%\nstd::fs::write(\"runs\", \"\")?;\nloop {}\n",
    );
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut radio = sandbox.command(&["run", "a.rs"]).spawn().unwrap();
        wait_for("the cell to run", || sandbox.path("runs").exists());
        send(signal, &radio);
        assert_eq!(radio.wait().unwrap().code(), Some(1), "{signal}");
        let cells = sandbox.outputs("a");
        assert_eq!(joined(&cells[0][0]["text"]), "kept\n");
        assert!(error(&cells[1]).starts_with("Interrupted: "));
        wait_for("all processes to end", || sandbox.processes().is_empty());
        std::fs::remove_file(sandbox.path("runs")).unwrap();
        std::fs::remove_dir_all(sandbox.path("out")).unwrap();
    }
}

#[test]
fn a_second_ctrl_c_ends_at_once_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    // Nobody reads what radio shows, so that it cannot end in good order.
    sandbox.write(
        "a.rs",
        "// %%\nloop { println!(\"{}\", \"x\".repeat(1000)); std::fs::write(\"runs\", \"\")?; }\n",
    );
    let mut radio = sandbox.command(&["run", "a.rs"]).spawn().unwrap();
    wait_for("the cell to run", || sandbox.path("runs").exists());
    let written = || std::fs::metadata(sandbox.path("runs")).unwrap().modified();
    let mut last = written().unwrap();
    wait_for("all pipes to be full", || {
        std::thread::sleep(Duration::from_millis(300));
        let now = written().unwrap();
        std::mem::replace(&mut last, now) == now
    });
    send("-INT", &radio);
    std::thread::sleep(Duration::from_millis(200));
    assert!(radio.try_wait().unwrap().is_none());
    send("-INT", &radio);
    assert_eq!(radio.wait().unwrap().code(), Some(130));
    wait_for("the program to end", || sandbox.processes().is_empty());
    assert!(sandbox.files().is_empty());
}

#[test]
fn a_full_disk_loses_nothing() {
    let sandbox = Sandbox::with_own_target();
    sandbox.write("a.rs", PICTURES).write("size", "10");
    assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
    let before = (
        sandbox.read("out/a.ipynb"),
        sandbox.read("out/figures/a/1-2.svg"),
    );
    // The notebook is too long (twice the pictures in it), or the picture is already.
    for (size, file) in [("90000", "a.ipynb"), ("3000000", "1-2.svg")] {
        sandbox.write("size", size);
        let run = sandbox.run_with_little_room(176, &["a.rs"]);
        let said = stderr(&run);
        assert_eq!(code(&run), 2, "{said}");
        assert!(
            said.contains(file) && said.contains("File too large"),
            "{said}"
        );
        let after = (
            sandbox.read("out/a.ipynb"),
            sandbox.read("out/figures/a/1-2.svg"),
        );
        assert!(after == before, "{size}");
        assert_eq!(sandbox.files(), ["1-2.svg", "1.svg", "a.ipynb"]);
    }
    // No room to compile the last cell: what ran before it is kept.
    sandbox.write("size", "10");
    sandbox.write("a.rs", &format!("{PICTURES}// %%\n[1, 2].map(|n| n + 1)\n"));
    let run = sandbox.run_with_little_room(8, &["a.rs"]);
    let said = stderr(&run);
    assert_eq!(code(&run), 2, "{said}");
    assert!(
        said.contains("target") && said.contains("File too large"),
        "{said}"
    );
    assert!(sandbox.outputs("a").len() >= 2);
    let run = sandbox.run(&["a.rs"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
}

#[test]
fn a_run_that_is_killed_at_any_moment_spoils_nothing() {
    let sandbox = Sandbox::with_own_target();
    sandbox.write("size", "100000");
    let notebook = |round: u64, cell: &str| format!("{PICTURES}// %%\n{round}\n// %%\n{cell}\n");
    sandbox.write("a.rs", &notebook(0, ""));
    assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
    let mut random = Random(0x5eed);
    for round in 1..=25 {
        let cell = [
            "",
            "loop {}",
            "std::thread::sleep(std::time::Duration::from_secs(600))",
        ][random.below(3) as usize];
        sandbox.write("a.rs", &notebook(round, cell));
        let delay = Duration::from_millis(random.below(900));
        let mut radio = sandbox
            .command(&["run", "a.rs", "--quiet"])
            .spawn()
            .unwrap();
        std::thread::sleep(delay);
        if random.below(3) == 0 {
            // The program or the compiler instead of radio.
            for process in sandbox.processes() {
                let is_radio = process == radio.id().to_string();
                if !is_radio {
                    let _ = Command::new("kill").args(["-KILL", &process]).output();
                }
            }
            send("-KILL", &radio);
        } else {
            radio.kill().unwrap();
        }
        radio.wait().unwrap();
        wait_for("all processes to end", || sandbox.processes().is_empty());
        // Whole, from whichever run it is.
        assert!((2..=3).contains(&sandbox.outputs("a").len()));
        if round % 5 == 0 {
            sandbox.write("a.rs", &notebook(round, "\"end\""));
            let run = sandbox.run(&["a.rs"]);
            assert_eq!(code(&run), 0, "after {delay:?}: {}", stderr(&run));
            assert_eq!(
                joined(&sandbox.outputs("a")[1][0]["data"]["text/plain"]),
                round.to_string()
            );
            assert_eq!(sandbox.files(), ["1-2.svg", "1.svg", "a.ipynb"]);
        }
    }
}

#[test]
fn what_a_killed_run_left_half_written_heals() {
    let sandbox = Sandbox::with_own_target();
    sandbox.write("a.rs", "// %%\nfn one() -> u8 { 1 }\n// %%\none()\n");
    assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
    let cells = || -> Vec<PathBuf> {
        let cells = std::fs::read_dir(sandbox.path("target/radio/cells")).unwrap();
        cells.map(|cell| cell.unwrap().path()).collect()
    };
    for file in ["cell.so", "rmeta", "record.json"] {
        for cell in cells() {
            for entry in std::fs::read_dir(&cell).unwrap() {
                let path = entry.unwrap().path();
                if path.to_string_lossy().ends_with(file) {
                    let whole = std::fs::read(&path).unwrap();
                    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
                }
            }
        }
        std::fs::write(sandbox.path("out/.radio-2147483646-abc"), "half").unwrap();
        let run = sandbox.run(&["a.rs"]);
        assert_eq!(code(&run), 0, "{file}: {}", stderr(&run));
        assert_eq!(sandbox.files(), ["a.ipynb"]);
    }
    // A cell that was compiled by half is not in its place, and what is in its place is whole.
    std::fs::create_dir(sandbox.path("target/radio/cells/.new-half")).unwrap();
    assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
}

#[test]
fn places_that_cannot_be_written_are_named() {
    let sandbox = Sandbox::with_own_target();
    let cell = r#"{"cell_type":"code","metadata":{},"execution_count":null,"outputs":[],"source":["1 + 1"]}"#;
    let text = format!(r#"{{"nbformat":4,"nbformat_minor":4,"metadata":{{}},"cells":[{cell}]}}"#);
    std::fs::create_dir(sandbox.path("books")).unwrap();
    std::fs::create_dir(sandbox.path("out")).unwrap();
    sandbox.write("books/a.ipynb", &text).write("file", "mine");
    assert_eq!(code(&sandbox.run(&["books/a.ipynb"])), 0);
    let executed = sandbox.read("out/a.ipynb");
    set_mode(&sandbox.path("books"), 0o555);
    set_mode(&sandbox.path("out"), 0o555);
    set_mode(&sandbox.path("target/radio/cells"), 0o555);
    let run = |arguments: &[&str], named: &str, reason: &str| {
        let run = sandbox.run_without_privilege(arguments);
        let said = stderr(&run);
        assert_eq!(code(&run), 2, "{arguments:?}: {said}");
        assert!(
            said.contains(named) && said.contains(reason),
            "{arguments:?}: {said}"
        );
        assert!(!said.contains(".radio-"), "{said}");
    };
    run(
        &["books/a.ipynb", "--inplace"],
        "books/a.ipynb",
        "Permission denied",
    );
    run(&["books/a.ipynb"], "out", "Permission denied");
    run(
        &["books/a.ipynb", "--output", "file"],
        "file",
        "there is a file of that name",
    );
    run(
        &["books/a.ipynb", "--output", "file/below"],
        "file",
        "there is a file of that name",
    );
    sandbox.write("b.rs", "// %%\n1\n");
    run(&["b.rs"], "target/radio/cells", "Permission denied");
    run(&["b.rs"], "target/radio/cells", "set CARGO_TARGET_DIR");
    assert_eq!(sandbox.read("books/a.ipynb"), text);
    assert_eq!(sandbox.read("out/a.ipynb"), executed);
    assert_eq!(sandbox.read("file"), "mine");
    for folder in ["books", "out", "target/radio/cells", "probe"] {
        set_mode(&sandbox.path(folder), 0o755);
    }
}

#[test]
fn a_broken_toolchain_is_named() {
    let sandbox = Sandbox::with_own_target();
    std::fs::create_dir_all(sandbox.path("home")).unwrap();
    std::fs::create_dir_all(sandbox.path("space")).unwrap();
    sandbox
        .write("a.rs", "// %%\n1\n")
        .write("space/Cargo.lock", "version = \n")
        .write("space/a.rs", "// %%\n:dep itoa = \"1\"\n1\n")
        .write("b.rs", "// %%\n:dep itoa = \"1\"\n1\n")
        .write("home/.cache", "a file where the folder should be");
    let check = |command: &mut Command, parts: &[&str]| {
        let run = command.output().unwrap();
        let said = stderr(&run);
        assert_eq!(code(&run), 2, "{said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
        assert!(!sandbox.path("out").exists());
    };
    check(
        sandbox.command(&["run", "a.rs"]).env("RUSTC", "/bin/false"),
        &["rustc", "does not work"],
    );
    check(
        sandbox
            .command(&["run", "a.rs"])
            .env("RUSTC", "/nowhere/rustc"),
        &["rustc", "rustup.rs"],
    );
    check(
        sandbox
            .command(&["run", "b.rs"])
            .env("CARGO", "/nowhere/cargo"),
        &["cargo", "rustup.rs"],
    );
    check(
        sandbox
            .command(&["run", "a.rs"])
            .env_remove("CARGO")
            .env("PATH", "/nowhere"),
        &["rustup.rs"],
    );
    check(
        &mut sandbox.command(&["run", "space/a.rs"]),
        &["space/Cargo.lock", "broken"],
    );
    let mut homeless = sandbox.command(&["run", "a.rs"]);
    homeless
        .env_remove("CARGO_TARGET_DIR")
        .env("HOME", sandbox.path("home"));
    homeless
        .env_remove("XDG_CACHE_HOME")
        .env("RUSTC", real_rustc());
    check(&mut homeless, &[".cache", "there is a file of that name"]);
}

/// The compiler itself, for which no home is needed as for rustup's.
fn real_rustc() -> PathBuf {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc)
        .args(["--print", "sysroot"])
        .output()
        .unwrap();
    Path::new(String::from_utf8(said.stdout).unwrap().trim()).join("bin/rustc")
}
