//! What `radio` reads and writes beside its outputs: it waits for nothing that may never come, and leaves nothing
//! half-written.

use crate::sandbox::*;
use std::io::{BufRead, Read};
use std::process::{Child, Command, Output};

impl Sandbox {
    /// A pipe with a name, into which nobody writes.
    fn make_pipe(&self, name: &str) -> &Sandbox {
        let made = Command::new("mkfifo").arg(self.path(name)).status();
        assert!(made.unwrap().success());
        self
    }

    /// What comes of a command that might hang.
    fn outcome(&self, arguments: &[&str]) -> Output {
        let radio = self.command(arguments).spawn().unwrap();
        ended(radio, &format!("{arguments:?}"))
    }
}

/// Waits for the end of a command that might hang.
fn ended(mut radio: Child, what: &str) -> Output {
    wait_for(what, || radio.try_wait().unwrap().is_some());
    radio.wait_with_output().unwrap()
}

const NOTEBOOK: &str = r#"{"cells":[{"cell_type":"code","execution_count":null,"id":"a","metadata":{},"outputs":[],"source":"1 + 1"}],"metadata":{},"nbformat":4,"nbformat_minor":5}"#;

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.make_pipe("a.ipynb").make_pipe("a.rs");
    for arguments in [
        &["run", "a.ipynb"][..],
        &["run", "a.rs"],
        &["run", "--inplace", "a.ipynb"],
        &["check", "a.ipynb"],
        &["check", "--update", "a.ipynb"],
        &["convert", "a.ipynb", "b.rs"],
        &["convert", "a.rs", "b.ipynb"],
        &["step", "a.rs"],
        &["watch", "a.ipynb"],
    ] {
        let output = sandbox.outcome(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        let said = stderr(&output);
        let name = arguments
            .iter()
            .find(|name| name.starts_with("a."))
            .unwrap();
        assert!(
            said.contains(&format!("{name}: this is a pipe")),
            "{arguments:?}: {said}"
        );
    }
    // In a folder it is passed by; what evcxr would read there is not.
    sandbox.write("b.ipynb", NOTEBOOK);
    let output = sandbox.outcome(&["run", "--quiet", "."]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    sandbox.make_pipe("init.evcxr");
    let output = sandbox.outcome(&["run", "b.ipynb"]);
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains("init.evcxr: this is a pipe"));
}

#[test]
fn a_signal_ends_radio_at_once_where_no_cell_runs() {
    let sandbox = Sandbox::new();
    sandbox.write("a.ipynb", NOTEBOOK).make_pipe("rules");
    for signal in ["-INT", "-TERM", "-HUP"] {
        let mut check = sandbox.command(&["check", "--sanitize-with", "rules", "a.ipynb"]);
        let radio = check.spawn().unwrap();
        // A pipe that has a reader takes a writer at once: then radio waits for what it writes.
        let writer = std::fs::File::options()
            .write(true)
            .open(sandbox.path("rules"))
            .unwrap();
        send(signal, &radio);
        let output = ended(radio, signal);
        drop(writer);
        assert_eq!(code(&output), 130, "{signal}: {}", stderr(&output));
        assert_eq!(stderr(&output), "interrupted\n", "{signal}");
    }
}

#[test]
fn what_a_killed_run_left_beside_a_notebook_is_removed() {
    let sandbox = Sandbox::new();
    // No process has the first number; the second is of this one, which may still be writing.
    let left = ".radio-2147483646-x";
    let under_way = format!(".radio-{}-x", std::process::id());
    sandbox.write("a.ipynb", NOTEBOOK).write(&under_way, "half");
    for (arguments, is_removed) in [
        // It changes nothing.
        (&["check", "a.ipynb"][..], false),
        (&["check", "--update", "a.ipynb"], true),
        (&["run", "--inplace", "a.ipynb"], true),
        (&["run", "a.ipynb"], true),
        (&["step", "a.ipynb"], true),
        (&["convert", "a.ipynb", "--force"], true),
    ] {
        sandbox.write(left, "half");
        let output = sandbox.outcome(arguments);
        assert!(code(&output) < 2, "{arguments:?}: {}", stderr(&output));
        assert_eq!(sandbox.path(left).exists(), !is_removed, "{arguments:?}");
        assert!(sandbox.path(&under_way).exists(), "{arguments:?}");
    }
}

#[test]
fn outputs_go_into_a_notebook_through_a_link_and_keep_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("elsewhere")).unwrap();
    sandbox.write("elsewhere/a.ipynb", NOTEBOOK);
    let (file, link) = (
        sandbox.path("elsewhere/a.ipynb"),
        sandbox.path("link.ipynb"),
    );
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    sandbox.write("elsewhere/.radio-2147483646-x", "half");
    let output = sandbox.outcome(&["run", "--inplace", "link.ipynb"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(std::fs::read_link(&link).unwrap(), file);
    assert!(sandbox.read("elsewhere/a.ipynb").contains("\"text/plain\""));
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(sandbox.names("elsewhere"), ["a.ipynb"]);
}

#[test]
fn a_line_is_shown_before_it_is_complete() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.rs",
        "// %%\nuse std::io::Write;\nprint!(\"50 %\");\nstd::io::stdout().flush()?;\nwhile !std::path::Path::new(\"go\").exists() { std::thread::sleep(std::time::Duration::from_millis(20)); }\nprintln!(\", done\");\n",
    );
    let run = ["run", "a.rs", "--timeout", "120"];
    let mut radio = sandbox.command(&run).spawn().unwrap();
    let mut shown = std::io::BufReader::new(radio.stdout.take().unwrap());
    let mut head = String::new();
    shown.read_line(&mut head).unwrap();
    assert_eq!(head, "a [1]\n");
    // If this were shown with its line's end only, the cell would wait for us, and we for it.
    let (sender, received) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut part = [0; 4];
        shown.read_exact(&mut part).unwrap();
        sender.send(part).unwrap();
        let mut rest = String::new();
        shown.read_to_string(&mut rest).unwrap();
        rest
    });
    let early = received.recv_timeout(std::time::Duration::from_secs(60));
    sandbox.write("go", "");
    assert_eq!(early.as_ref().map(|part| &part[..]), Ok(&b"50 %"[..]));
    assert_eq!(reader.join().unwrap(), ", done\n");
    assert!(radio.wait().unwrap().success());
}

#[test]
fn a_value_goes_behind_the_parameters_wherever_an_earlier_one_stood() {
    let sandbox = Sandbox::new();
    let injected = "// %% tags=[\"injected-parameters\"]\nlet n = 2;\n\n";
    let default = "// %% tags=[\"parameters\"]\nlet n = 1;\n";
    let shows = "\n// %%\nn\n";
    for script in [
        [injected, default].concat(),
        [injected, default, shows].concat(),
        [default, injected, shows].concat(),
    ] {
        sandbox.write("a.rs", &script);
        let output = sandbox.outcome(&["run", "a.rs", "-p", "n", "3"]);
        assert_eq!(code(&output), 0, "{script}: {}", stderr(&output));
        let cells = sandbox.cells("a");
        let sources: Vec<String> = cells.iter().map(|cell| joined(&cell["source"])).collect();
        assert_eq!(sources[..2], ["let n = 1;", "// Parameters\nlet n = 3;"]);
        if let Some(cell) = cells.get(2) {
            assert_eq!(joined(&cell["outputs"][0]["data"]["text/plain"]), "3");
        }
    }
}

#[test]
fn a_notebook_with_a_number_that_json_does_not_know_is_refused_by_its_name() {
    let sandbox = Sandbox::new();
    let text = NOTEBOOK.replace(
        "\"metadata\":{},\"nbformat\"",
        "\"metadata\":{\"x\":\nNaN},\"nbformat\"",
    );
    sandbox.write("a.ipynb", &text);
    for command in ["run", "check", "convert"] {
        let output = sandbox.outcome(&[command, "a.ipynb"]);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{said}");
        assert!(
            said.contains("a.ipynb") && said.contains("line 2 has NaN"),
            "{said}"
        );
    }
}
