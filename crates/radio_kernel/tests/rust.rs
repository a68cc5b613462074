//! Rust cells through the real sockets. One test, one kernel: what interrupts a cell is the process's own.

#[path = "protocol/front_end.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod front_end;

use front_end::{FrontEnd, Heard, kinds, message, stdout};
use radio_kernel::rust::Rust;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// The value of a cell as text.
fn value(front_end: &mut FrontEnd, code: &str) -> String {
    let (reply, heard) = front_end.run(code);
    assert_eq!(reply["status"], "ok", "{code}: {reply}");
    let result = heard.iter().find(|m| m.kind == "execute_result");
    let result = result.unwrap_or_else(|| panic!("{code} has no value: {heard:?}"));
    result.content["data"]["text/plain"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The kind of a cell's error.
fn ename(front_end: &mut FrontEnd, code: &str) -> String {
    let (reply, _) = front_end.run(code);
    assert_eq!(reply["status"], "error", "{code}: {reply}");
    reply["ename"].as_str().unwrap().to_owned()
}

/// Runs a cell and interrupts it once it runs.
fn interrupted(front_end: &mut FrontEnd, code: &str) -> (Value, Duration) {
    front_end.execute(code);
    while front_end.iopub.hear().kind != "stream" {}
    let begun = Instant::now();
    front_end.control("interrupt_request", json!({}));
    (front_end.shell.hear().content, begun.elapsed())
}

#[test]
fn a_session() {
    // SAFETY: this is the only test of its process.
    unsafe { std::env::set_var("RADIO_CELL_MEMORY", "4000") };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let f = &mut FrontEnd::start_language(|| Box::new(Rust::new(folder)), None);
    cells_see_those_before_them(f);
    things_are_shown_as_they_come(f);
    the_compilers_warnings_are_shown(f);
    input_is_asked_for(f);
    nothing_is_lost(f);
    names_are_known(f);
    commands_of_the_session(f);
}

fn cells_see_those_before_them(f: &mut FrontEnd) {
    assert_eq!(
        value(
            f,
            "let mut names = vec![String::from(\"ann\")]; names.len()"
        ),
        "1"
    );
    f.run("fn twice(x: i32) -> i32 { 2 * x }\nnames.push(\"bob\".into());");
    assert_eq!(
        value(f, "let factor = 7; twice(names.len() as i32) * factor"),
        "28"
    );
    f.run("let triple = move |x: i32| 3 * x;");
    assert_eq!(value(f, "triple(4)"), "12");
    f.run("let first = &names[0];");
    assert_eq!(value(f, "first.to_uppercase()"), "\"ANN\"");
    // A cell that is run again with another text replaces what it defined.
    f.run("#[derive(Debug)]\nstruct P { x: u8 }\nlet p = P { x: 1 };");
    f.run("#[derive(Debug)]\nstruct P { x: u8, y: u8 }\nlet q = P { x: 1, y: 2 };");
    assert_eq!(value(f, "q"), "P { x: 1, y: 2 }");
}

fn things_are_shown_as_they_come(f: &mut FrontEnd) {
    let code = "println!(\"1\"); radio_runtime::display(\"text/html\", \"<b>2</b>\"); eprintln!(\"3\");
radio_runtime::display_as(\"bar\", \"text/plain\", \"0 %\"); radio_runtime::update(\"bar\", \"text/plain\", \"100 \\\"%\\\"\"); print!(\"4\"); 5";
    let (_, heard) = f.run(code);
    let order = [
        "stream",
        "display_data",
        "stream",
        "display_data",
        "update_display_data",
        "stream",
        "execute_result",
    ];
    assert_eq!(kinds(&heard), order);
    assert_eq!(heard[1].content["data"], json!({"text/html": "<b>2</b>"}));
    assert_eq!(heard[3].content["transient"], json!({"display_id": "bar"}));
    assert_eq!(heard[4].content["data"], json!({"text/plain": "100 \"%\""}));
    assert_eq!(heard[5].content["text"], "4");
    let (_, heard) = f.run("println!(\"1\"); radio_runtime::clear(true); println!(\"2\");");
    assert_eq!(kinds(&heard), ["stream", "clear_output", "stream"]);
    // What a cell has left running, while no cell runs.
    let id = f.execute("std::thread::spawn(|| { std::thread::sleep(std::time::Duration::from_millis(300)); println!(\"later\") });");
    f.until_idle(&id);
    f.shell.hear();
    let later: Heard = f.iopub.hear();
    assert_eq!(
        (later.kind.as_str(), &later.parent["msg_id"]),
        ("stream", &json!(id))
    );
    assert_eq!(later.content["text"], "later\n");
}

fn the_compilers_warnings_are_shown(f: &mut FrontEnd) {
    let shown = |f: &mut FrontEnd, code: &str| {
        let (reply, heard) = f.run(code);
        assert_eq!(reply["status"], "ok", "{code}: {reply}");
        let shown = heard.iter().filter(|m| m.kind == "display_data");
        let shown = shown.map(|m| {
            assert_eq!(m.content["metadata"], json!({"radio": {"is": "warning"}}));
            m.content["data"]["text/plain"].as_str().unwrap().to_owned()
        });
        shown.collect::<Vec<_>>()
    };
    // Of the function and of the variable, in one text.
    let code = "fn Odd_Name() -> i32 { 1 }\nlet never_used = 2;\nwhile true { break; }";
    for _ in 0..2 {
        let warnings = shown(f, code);
        assert_eq!(warnings.len(), 1);
        let first = warnings[0].lines().next().unwrap();
        assert!(first.starts_with("warning: "), "{first}");
        assert!(warnings[0].contains(":3:1\n") && warnings[0].contains("`loop`"));
        assert!(!warnings[0].contains("unused"));
    }
    // A later cell has nothing to do with it.
    assert!(shown(f, "println!(\"{}\", Odd_Name());").is_empty());
    assert!(shown(f, "#![warn(unused)]\nuse std::fmt::Write;\nlet x = 1;").is_empty());
    assert!(shown(f, "#[allow(non_snake_case)]\nlet X = 1; fn used_later() {}").is_empty());
}

fn input_is_asked_for(f: &mut FrontEnd) {
    if !cfg!(target_os = "linux") {
        return;
    }
    let id = f.execute("let mut line = String::new(); std::io::stdin().read_line(&mut line).unwrap(); print!(\"<{}>\", line.trim());");
    let asked = f.stdin.hear();
    assert_eq!(asked.content, json!({"prompt": "", "password": false}));
    let (frames, _) = message("input_reply", &json!({"value": "Ada"}), Value::Null, &[]);
    f.stdin.send(&frames);
    assert_eq!(stdout(&f.until_idle(&id)), "<Ada>");
    f.shell.hear();
}

fn nothing_is_lost(f: &mut FrontEnd) {
    f.run("let large = vec![7u8; 200_000_000]; let mut mark = 1;");
    let is_kept = |f: &mut FrontEnd, after: &str| {
        assert_eq!(
            value(f, "(large.len(), large[199_999_999], mark)"),
            "(200000000, 7, 1)",
            "after {after}"
        );
    };
    let failing = [
        ("panic!(\"x\")", "Panic"),
        ("Err::<u8, _>(\"bad\")?", "Error"),
        ("large[200_000_000]", "Panic"),
        (
            "let most = i32::MAX; std::hint::black_box(1) + most",
            "Panic",
        ),
        ("std::process::abort()", "Signal"),
        (
            "unsafe { std::ptr::null_mut::<u8>().write_volatile(1) }",
            "Signal",
        ),
        (
            "fn deep(n: u64) -> u64 { std::hint::black_box(deep(n + 1)) + 1 }\ndeep(1)",
            "Signal",
        ),
        ("std::process::exit(3)", "Exited"),
        ("vec![1u8; 5_000_000_000]", "Signal"),
        ("let wrong: i32 = \"a\";", "CompileError"),
        ("fn wrong(", "CompileError"),
    ];
    for (code, expected) in failing {
        assert_eq!(ename(f, code), expected, "{code}");
        is_kept(f, code);
    }
    let endless = [
        "mark += 1; println!(\"on\"); loop {}",
        "println!(\"on\"); std::thread::sleep(std::time::Duration::from_secs(1000));",
        "println!(\"on\"); std::thread::spawn(|| loop {}).join().unwrap();",
    ];
    for code in endless {
        let (reply, took) = interrupted(f, code);
        assert_eq!(reply["ename"], "Interrupted", "{code}");
        assert!(took < Duration::from_secs(10), "{took:?}");
        is_kept(f, code);
    }
    assert_eq!(
        value(
            f,
            "std::thread::spawn(|| panic!(\"in a thread\")).join().is_err()"
        ),
        "true"
    );
    is_kept(f, "a thread's panic");
}

fn names_are_known(f: &mut FrontEnd) {
    let matches = |f: &mut FrontEnd, code: &str| {
        let request = json!({"code": code, "cursor_pos": code.chars().count()});
        f.ask("complete_request", request)["matches"].clone()
    };
    assert_eq!(matches(f, "let é = twi"), json!(["twice"]));
    assert_eq!(matches(f, "q."), json!(["x", "y"]));
    assert_eq!(matches(f, "names.swap_r"), json!(["swap_remove"]));
    let told = f.ask(
        "inspect_request",
        json!({"code": "twice(", "cursor_pos": 6, "detail_level": 0}),
    );
    assert!(
        told["data"]["text/plain"]
            .as_str()
            .unwrap()
            .contains("fn twice(x: i32) -> i32"),
        "{told}"
    );
    let told = f.ask(
        "inspect_request",
        json!({"code": "factor", "cursor_pos": 0, "detail_level": 0}),
    );
    assert_eq!(told["data"]["text/plain"], "let factor: i32");
    let open = json!({"status": "incomplete", "indent": "    "});
    assert_eq!(
        f.ask("is_complete_request", json!({"code": "fn f() {"})),
        open
    );
}

fn commands_of_the_session(f: &mut FrontEnd) {
    f.run("let wrong: i32 = \"a\";");
    let (_, heard) = f.run(":explain");
    assert!(
        heard[0].content["data"]["text/plain"]
            .as_str()
            .unwrap()
            .contains("Expected type")
    );
    assert_eq!(f.run(":restart").0["status"], "ok");
    assert_eq!(ename(f, "mark"), "CompileError");
    assert_eq!(value(f, "twice(4)"), "8");
    assert_eq!(f.run(":clear").0["status"], "ok");
    assert_eq!(ename(f, "twice(4)"), "CompileError");
}
