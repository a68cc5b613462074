//! `--engine evcxr`: that it gives what the compiled program gives; or, where it is not installed, that this is said.

use crate::sandbox::*;

#[test]
fn a_radio_without_evcxr_says_how_to_get_it() {
    let sandbox = Sandbox::new();
    // Beside this one there is nothing.
    let radio = sandbox.path("radio");
    std::fs::copy(env!("CARGO_BIN_EXE_radio"), &radio).unwrap();
    sandbox.write("a.rs", "// %%\n1 + 1\n");
    for command in ["run", "check", "step"] {
        let path = match command {
            "check" => {
                sandbox.command(&["convert", "a.rs"]).output().unwrap();
                "a.ipynb"
            }
            _ => "a.rs",
        };
        let output = sandbox
            .program(&radio)
            .args([command, path, "--engine", "evcxr"])
            .env("PATH", "")
            .output()
            .unwrap();
        assert_eq!(code(&output), 2, "{command}: {}", stderr(&output));
        assert!(
            stderr(&output).contains("crates/radio_evcxr --features evcxr"),
            "{command}"
        );
    }
    assert!(!sandbox.path("out").exists());
}

mod installed {
    use super::*;
    use serde_json::{Value, json};

    /// A cell's outputs, without what only one of the engines can know: a failure's place in the compiler's words.
    fn outputs(sandbox: &Sandbox, engine: &str, script: &str, more: &[&str]) -> Vec<Value> {
        sandbox.write("a.rs", script);
        let mut arguments = vec!["a.rs", "--quiet", "--engine", engine];
        arguments.extend(more);
        let run = sandbox.run(&arguments);
        assert!(code(&run) < 2, "{engine}: {}", stderr(&run));
        let cells = sandbox.cells("a").into_iter();
        cells.map(|cell| cell["outputs"].clone()).collect()
    }

    #[track_caller]
    fn same_in_both(script: &str, more: &[&str]) -> Vec<Value> {
        let sandbox = Sandbox::new();
        let compiled = outputs(&sandbox, "compiled", script, more);
        let evcxr = outputs(&sandbox, "evcxr", script, more);
        let pretty = |cells: &[Value]| serde_json::to_string_pretty(cells).unwrap();
        assert_eq!(pretty(&evcxr), pretty(&compiled), "{script}");
        evcxr
    }

    #[test]
    #[ignore = "needs radio-evcxr beside radio: .ci/crossing"]
    fn text_values_and_pictures_are_the_same() {
        let cells = same_in_both(
            r#"// %%
struct Dot;
impl Dot {
    fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT image/svg+xml\n<svg/>\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/plain\na dot\nEVCXR_END_CONTENT");
    }
}
let n: i32 = 2;
// %%
println!("one");
print!("two, unfinished");
// %%
eprintln!("to stderr");
n * 21
// %%
Dot
// %%
let later: Vec<String> = vec!["a\nb".to_owned()];
later
"#,
            &[],
        );
        assert_eq!(cells.len(), 5);
        assert_eq!(cells[1][0]["text"], json!(["one\n", "two, unfinished"]));
    }

    #[test]
    #[ignore = "needs radio-evcxr beside radio: .ci/crossing"]
    fn a_panic_names_its_cell_and_line() {
        let cells = same_in_both(
            "// %%\nfn halve(n: i32) -> i32 {\n    assert!(n % 2 == 0, \"{n} is\\nodd\");\n    n / 2\n}\n// %%\nhalve(3)\n// %%\n1 + 1\n",
            &["--allow-errors"],
        );
        assert_eq!(cells[1][0]["ename"], "Panic");
        assert_eq!(cells[1][0]["evalue"], "3 is\nodd");
        assert!(joined(&cells[1][0]["traceback"]).contains("a.rs cell 1:2:"));
    }

    #[test]
    #[ignore = "needs radio-evcxr beside radio: .ci/crossing"]
    fn failures_have_the_same_shape() {
        let sandbox = Sandbox::new();
        let script = "// %%\nlet n: i32 = \"x\".parse()?;\n// %%\nlet s: &str = 1;\n// %%\nstd::process::exit(3)\n// %%\n2 + 2\n";
        let errors = |engine| {
            let cells = outputs(&sandbox, engine, script, &["--allow-errors"]);
            let of_cell = |outputs: &Value| match outputs[0]["output_type"] == "error" {
                true => (outputs[0]["ename"].clone(), outputs[0]["evalue"].clone()),
                false => (Value::Null, outputs[0]["data"]["text/plain"].clone()),
            };
            cells.iter().map(of_cell).collect::<Vec<_>>()
        };
        assert_eq!(errors("evcxr"), errors("compiled"));
        let names: Vec<_> = errors("evcxr").into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                json!("Error"),
                json!("CompileError"),
                json!("Exited"),
                Value::Null
            ]
        );
    }

    #[test]
    #[ignore = "needs radio-evcxr beside radio: .ci/crossing"]
    fn the_compiler_s_errors_show_the_cell_s_own_lines() {
        let sandbox = Sandbox::new();
        let script = "// %%\nlet a = 1;\n\nlet s: &str = a;\n";
        let shown = |engine| joined(&outputs(&sandbox, engine, script, &[])[0][0]["traceback"]);
        let evcxr = shown("evcxr");
        assert!(evcxr.contains("a.rs cell 1:3:15"), "{evcxr}");
        assert!(
            evcxr.contains("let s: &str = a;") && evcxr.contains("E0308"),
            "{evcxr}"
        );
        assert!(shown("compiled").contains("a.rs cell 1:3:15"));
    }

    #[test]
    #[ignore = "needs radio-evcxr beside radio: .ci/crossing"]
    fn a_cell_that_takes_too_long_ends_alone() {
        let cells = same_in_both(
            "// %%\nfn two() -> i32 { 2 }\n// %%\nprintln!(\"begun\");\nloop { std::thread::sleep(std::time::Duration::from_millis(50)); }\n// %%\ntwo()\n",
            &["--allow-errors", "--timeout", "30"],
        );
        assert_eq!(cells[1][1]["ename"], "Timeout");
        assert_eq!(cells[2][0]["data"]["text/plain"], json!(["2"]));
    }

    #[test]
    #[ignore = "needs radio-evcxr beside radio: .ci/crossing"]
    fn what_one_program_cannot_do_is_done() {
        let sandbox = Sandbox::new();
        let cells = outputs(
            &sandbox,
            "evcxr",
            "// %%\nlet a = 1;\n// %%\n:clear\n// %%\nlet a = 2; a\n",
            &[],
        );
        assert_eq!(cells[2][0]["data"]["text/plain"], json!(["2"]));
    }

    #[test]
    #[ignore = "needs radio-evcxr beside radio: .ci/crossing"]
    fn what_stands_behind_a_restart_is_shown() {
        let sandbox = Sandbox::new();
        let script = "// %%\n:restart\n3\n// %%\n:restart\npanic!(\"told\")\n// %%\nlet a = 1;\n// %%\n:clear\nprintln!(\"begun\");\nlet a = 2;\na\n";
        let cells = outputs(&sandbox, "evcxr", script, &["--allow-errors"]);
        let shown = cells[0].to_string();
        assert!(
            shown.contains(r#"["3"]"#) && shown.contains("restarted"),
            "{shown}"
        );
        assert_eq!(cells[1][1]["evalue"], "told");
        let place = joined(&cells[1][1]["traceback"]);
        assert!(place.contains("a.rs cell 2:2:1"), "{place}");
        assert_eq!(cells[3][0]["text"], json!(["begun\n"]));
        assert_eq!(cells[3][1]["data"]["text/plain"], json!(["2"]));
    }

    #[test]
    #[ignore = "needs radio-evcxr beside radio: .ci/crossing"]
    fn a_panic_is_one_whoever_has_it_told() {
        let sandbox = Sandbox::new();
        let script = "// %%\nstd::panic::set_hook(Box::new(|_| println!(\"mine\")));\n// %%\npanic!(\"told\")\n";
        let cells = outputs(&sandbox, "evcxr", script, &["--allow-errors"]);
        assert_eq!(cells[1][0]["text"], json!(["mine\n"]));
        assert_eq!(cells[1][1]["ename"], "Panic");
    }

    #[test]
    #[ignore = "needs radio-evcxr beside radio: .ci/crossing"]
    fn what_a_cell_leaves_running_is_not_waited_for() {
        let cells = same_in_both(
            "// %%\nstd::process::Command::new(\"sleep\").arg(\"100\").spawn()?;\nprintln!(\"begun\");\nstd::process::exit(3)\n",
            &["--allow-errors", "--timeout", "60"],
        );
        assert_eq!(cells[0][0]["text"], json!(["begun\n"]));
        assert_eq!(cells[0][1]["ename"], "Exited");
    }

    #[test]
    #[ignore = "needs radio-evcxr beside radio: .ci/crossing"]
    fn the_paths_of_a_notebook_are_its_own() {
        let sandbox = Sandbox::new();
        std::fs::create_dir(sandbox.path("inner")).unwrap();
        sandbox.write("inner/data.txt", "hello");
        sandbox.write(
            "inner/a.rs",
            "// %%\nstd::fs::read_to_string(\"data.txt\").unwrap()\n",
        );
        let run = sandbox.run(&["inner/a.rs", "--engine", "evcxr"]);
        assert_eq!(code(&run), 0, "{}", stderr(&run));
        assert_eq!(
            sandbox.cells("a")[0]["outputs"][0]["data"]["text/plain"],
            json!(["\"hello\""])
        );
    }
}
