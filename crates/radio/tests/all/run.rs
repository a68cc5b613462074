//! `radio run` as its users meet it: the program is started, and what it leaves behind is looked at.

use crate::sandbox::*;
use serde_json::Value;
use std::path::Path;

#[test]
fn a_name_that_is_defined_again_means_the_new_thing_from_its_cell_on() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write(
            "a.rs",
            r##"// %%
fn f() -> i32 { 1 }
fn g() -> i32 { f() * 10 }
g()
// %%
#[derive(Debug, Clone)]
struct P { x: i32 }
impl P { fn len(&self) -> i32 { self.x } }
struct Caller;
impl Caller { fn call(&self) -> i32 { f() } }
let p = P { x: 3 };
Caller.call() + p.len()
// %%
fn f() -> i32 { 2 }
(g(), Caller.call(), p.len())
// %%
println!("{}", p.x);
struct P { x: f64, y: f64 }
impl P { fn len(&self) -> f64 { self.x.hypot(self.y) } }
let p = P { x: 3.0, y: 4.0 };
p.len()
// %%
trait Area { fn area(&self) -> f64; }
impl Area for P { fn area(&self) -> f64 { self.x * self.y } }
macro_rules! twice { ($e:expr) => { 2 * $e } }
(p.area(), twice!(f()))
// %%
macro_rules! twice { ($e:expr) => { 20 * $e } }
use std::fmt::Write;
fn f() -> i32 { 3 }
let mut s = String::new();
write!(s, "{}", twice!(g())).unwrap();
// %%
use std::io::Write;
std::io::stdout().write_all(s.as_bytes()).unwrap();
p.area()
"##,
        )
        .run(&["a.rs"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let shown: Vec<_> = sandbox.cells("a").iter().map(short).collect();
    let expected: [&[&str]; 7] = [
        &["=10"],
        &["=4"],
        &["=(20, 2, 3)"],
        &["out:3\n", "=5.0"],
        &["=(12.0, 4)"],
        &[],
        &["out:600", "=12.0"],
    ];
    assert_eq!(shown, expected);
}

#[test]
fn what_is_defined_again_is_found_by_every_kind_of_path() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write(
            "a.rs",
            r##"// %%
#[derive(Debug, Clone)]
enum Suit { Hearts, Spades }
use Suit::*;
mod m { pub fn g() -> i32 { crate::f() * 10 } pub fn k() -> i32 { 1 } }
use m::*;
fn f() -> i32 { 1 }
fn name(suit: Suit) -> i32 { match suit { Hearts => 1, Spades => 2 } }
(name(Hearts), crate::m::g(), k())
// %%
#[derive(Debug, Clone)]
enum Suit { Hearts, Spades, Clubs }
use Suit::*;
fn name(suit: Suit) -> i32 { match suit { Hearts => 10, Spades => 20, Clubs => 30 } }
(name(Clubs), Hearts)
// %%
fn f() -> i32 { 2 }
mod m { pub fn g() -> i32 { crate::f() * 100 } pub fn k() -> i32 { 2 } }
use m::*;
(crate::m::g() + crate::f(), k(), g())
// %%
impl Suit { fn all() -> [Suit; 2] { use Suit::{Clubs, Hearts}; [Clubs, Hearts] } }
{ use Suit::*; println!("{:?}", Spades); }
use crate::Suit::*;
use self::Suit::Clubs as Last;
(Suit::all(), Last)
// %% tags=["raises-exception"]
/* é */ crate::f() + "é"
"##,
        )
        .run(&["a.rs"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let cells = sandbox.cells("a");
    let shown: Vec<_> = cells[..4].iter().map(short).collect();
    let expected: [&[&str]; 4] = [
        &["=(1, 10, 1)"],
        &["=(30, Hearts)"],
        &["=(202, 2, 200)"],
        &["out:Spades\n", "=([Clubs, Hearts], Clubs)"],
    ];
    assert_eq!(shown, expected);
    let traceback = cells[4]["outputs"][0]["traceback"].to_string();
    assert!(traceback.contains("a.rs cell 5:1:20"), "{traceback}");
}

#[test]
fn what_a_later_cell_adds_is_no_fault_of_an_earlier_one() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write(
            "a.rs",
            r##"// %%
macro_rules! square { ($x:expr) => { $x * $x } }
trait Animal { fn speak(&self) -> i32; }
struct Dog;
impl Dog { fn age(&self) -> i32 { 3 } }
impl Animal for Dog { fn speak(&self) -> i32 { 1 } }
square!(Dog.speak() + 1) + Dog.age()
// %% tags=["raises-exception"]
square!("a")
// %% tags=["raises-exception"]
impl Dog { fn age(&self) -> i32 { 4 } }
// %%
trait Robot { fn speak(&self) -> i32; }
impl Robot for Dog { fn speak(&self) -> i32 { 2 } }
// %%
(Animal::speak(&Dog), Robot::speak(&Dog))
"##,
        )
        .run(&["a.rs"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let cells = sandbox.cells("a");
    assert_eq!(short(&cells[0]), ["=7"]);
    let traceback = cells[1]["outputs"][0]["traceback"].to_string();
    assert!(
        traceback.contains("in this macro invocation"),
        "{traceback}"
    );
    assert_eq!(
        short(&cells[2]),
        ["!CompileError: duplicate definitions with name `age` [E0592]"]
    );
    assert_eq!(short(&cells[4]), ["=(1, 2)"]);
}

#[test]
fn a_name_that_is_used_again_ties_no_later_cell_to_one_that_fails() {
    let sandbox = Sandbox::new();
    let script = r##"// %%
let base = 10;
// %% tags=["raises-exception"]
let v = vec![base]; let n = 1; v[5]
// %%
fn twice(n: i32) -> i32 { n * 2 }
let v = twice(3);
v + base
// %%
let v = v + 1;
if v > 0 { return; }
let base = 0;
// %%
let base = 5;
v + base
"##;
    let run = sandbox.write("a.rs", script).run(&["a.rs"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let cells = sandbox.cells("a");
    assert_eq!(short(&cells[2]), ["=16"]);
    // What a cell would have declared that returned early is not there, and what it took is there again.
    assert_eq!(short(&cells[4]), ["=11"]);
}

#[test]
fn a_variable_that_a_return_came_before_is_not_there() {
    let sandbox = Sandbox::new();
    let script = "// %%\nlet a = 1;\nif a == 1 { return; }\nlet b = 2;\n// %%\nb\n";
    let run = sandbox.write("a.rs", script).run(&["a.rs"]);
    assert_eq!(code(&run), 1);
    assert_eq!(
        short(&sandbox.cells("a")[1]),
        [
            "!Error: the variable `b` is not there: its cell ended early, by `return` or an error, before declaring it"
        ]
    );
}

#[test]
fn what_is_not_rust_is_said_in_the_compilers_words() {
    let sandbox = Sandbox::new();
    let cells = [
        (
            "let s = \"open;",
            "unterminated double quote string [E0765]",
        ),
        ("/* open", "unterminated block comment [E0758]"),
        (
            "fn f() {\n    /// nothing after it\n}",
            "found a documentation comment that doesn't document anything [E0585]",
        ),
        (
            "let x = 3; x?",
            "`?` wants a `Result`, an `Option` or a `ControlFlow`, not `{integer}` [E0599]",
        ),
    ];
    let script = cells.map(|(cell, _)| format!("// %% tags=[\"raises-exception\"]\n{cell}\n"));
    let run = sandbox.write("a.rs", &script.concat()).run(&["a.rs"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    for (cell, (_, message)) in sandbox.cells("a").iter().zip(cells) {
        assert_eq!(short(cell), [format!("!CompileError: {message}")]);
    }
}

#[test]
fn an_earlier_function_that_does_not_fit_the_new_definition_fails_the_cell_that_defines_it() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write(
            "a.rs",
            "// %%\nfn f() -> i32 { 1 }\nfn g() -> i32 { f() }\ng()\n// %%\nfn f(n: i32) -> i32 { n }\nf(1)\n",
        )
        .run(&["a.rs"]);
    assert_eq!(code(&run), 1);
    let cells = sandbox.cells("a");
    assert_eq!(short(&cells[0]), ["=1"]);
    let traceback = cells[1]["outputs"][0]["traceback"].to_string();
    assert!(traceback.contains("a.rs cell 1:2:17"), "{traceback}");
}

#[test]
fn commands_answer_and_shell_lines_run() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write(
            "a.rs",
            r##"// %%
let a = 1;
let moved = String::new();
let text = vec!["x".to_owned()];
// %%
drop(moved);
// %%
:vars
:type text
!echo out; echo err >&2
// %%
:types
text
// %%
:fmt <{}>
a
// %%
let file = include_str!("a.rs");
file.len() > 10
// %%
!exit 3
println!("not reached");
"##,
        )
        .run(&["a.rs"]);
    assert_eq!(code(&run), 1, "{}", stderr(&run));
    let cells = sandbox.cells("a");
    assert_eq!(
        cells[2]["outputs"][0]["data"]["text/plain"].to_string(),
        r#"["a: i32\n","text: Vec<String>\n","text: Vec<String>out\n","err\n"]"#
    );
    assert_eq!(short(&cells[3]), ["=Types: true\n: Vec<String> = [\"x\"]"]);
    assert_eq!(short(&cells[4]), ["=Output format: <{}>\n: i32 = <1>"]);
    assert_eq!(short(&cells[5]), ["=: bool = <true>"]);
    assert_eq!(
        short(&cells[6]),
        ["!Error: Shell command failed with exit code 3:"]
    );
}

#[test]
fn cells_mean_what_they_mean_in_evcxr() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write(
            "a.rs",
            r##"// %%
use std::collections::{BTreeMap, HashMap as Map};
fn square(x: u32) -> u32 { x * x }
let mut n: u32 = 3;
println!("one {n}");
eprintln!("two");
println!("three");
print!("no line end")
// %%
n += 1;
square(n)
// %%
use std::collections::BTreeMap;
let mut map: BTreeMap<&'static str, u32> = BTreeMap::new();
map.insert("λ", n);
&map
// %%
// only a comment
// %%
macro_rules! twice { ($e:expr) => { $e * 2 } }
trait Double { fn double(&self) -> u32; }
impl Double for u32 { fn double(&self) -> u32 { twice!(*self) } }
n.double();
// %%
struct Shown(i32);
impl Shown {
    pub fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT text/html\n<b>{}</b>\nEVCXR_END_CONTENT", self.0);
        println!("EVCXR_BEGIN_CONTENT text/plain\nshown {}\nEVCXR_END_CONTENT", self.0);
    }
}
Box::new(Shown(twice!(4)))
// %%
println!("EVCXR_BEGIN_CONTENT text/html\n<i>1</i>\nEVCXR_END_CONTENT");
println!("EVCXR_BEGIN_CONTENT text/html\n<i>2</i>\nEVCXR_END_CONTENT");
// %%
let text = "12";
let number: i32 = text.parse()?;
let next = Some(number + 1)?;
next
// %%
std::io::stdin().lines().count()
// %%
:fmt {:#?}
(1, "a")
// %%
:opt 2
for _ in 0..2 {}
"##,
        )
        .run(&["a.rs"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let cells = sandbox.cells("a");
    let shown: Vec<_> = cells.iter().map(short).collect();
    let expected: [&[&str]; 11] = [
        &["out:one 3\n", "err:two\n", "out:three\nno line end"],
        &["=16"],
        &["={\"λ\": 4}"],
        &[],
        &[],
        &["execute_result[\"text/html\", \"text/plain\"]"],
        &["display_data[\"text/html\"]", "display_data[\"text/html\"]"],
        &["=13"],
        &["=0"],
        &["=Output format: {:#?}\n(\n    1,\n    \"a\",\n)"],
        &["=Optimization: 2\n"],
    ];
    assert_eq!(shown, expected);
    let counts: Vec<_> = cells
        .iter()
        .map(|cell| cell["execution_count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, (1..=11).collect::<Vec<_>>());
    let timing = cells[0]["metadata"]["execution"]["iopub.execute_input"]
        .as_str()
        .unwrap();
    assert!(timing.ends_with('Z') && timing.len() == 27, "{timing}");
    let live = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(live.contains("one 3\ntwo\nthree\nno line end\n"), "{live}");
}

#[test]
fn an_unchanged_notebook_needs_no_cargo_and_gives_the_same() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("helper/src")).unwrap();
    sandbox.write(
        "helper/Cargo.toml",
        "[package]\nname = \"helper\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[features]\nmore = []\n[workspace]\n",
    );
    sandbox.write("helper/src/lib.rs", "pub fn answer() -> u32 { 41 }");
    let script =
        "// %%\n:dep helper = { path = \"helper\" }\nlet x = helper::answer();\n// %%\nx + 1\n";
    sandbox.write("a.rs", script);
    assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
    let again = sandbox
        .command(&["run", "a.rs"])
        .env("CARGO", "/nowhere/cargo")
        .output()
        .unwrap();
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    assert_eq!(short(&sandbox.cells("a")[1]), ["=42"]);
    let other = "helper = { path = \"helper\", features = [\"more\"] }";
    sandbox.write(
        "a.rs",
        &script.replace("helper = { path = \"helper\" }", other),
    );
    let edited = sandbox
        .command(&["run", "a.rs"])
        .env("CARGO", "/nowhere/cargo")
        .output()
        .unwrap();
    assert_eq!(code(&edited), 2);
    assert!(stderr(&edited).contains("rustup.rs"), "{}", stderr(&edited));
}

#[test]
fn a_changed_path_dependency_is_compiled_again() {
    let sandbox = Sandbox::new();
    sandbox.write_crate("helper", "pub fn answer() -> u32 { 1 }");
    sandbox.write(
        "a.rs",
        "// %%\n:dep helper = { path = \"helper\" }\nhelper::answer()\n",
    );
    for answer in [1, 2] {
        sandbox.write(
            "helper/src/lib.rs",
            &format!("pub fn answer() -> u32 {{ {answer} }}"),
        );
        assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
        assert_eq!(short(&sandbox.cells("a")[0]), [format!("={answer}")]);
    }
}

#[test]
fn cargos_configuration_is_part_of_what_is_compiled() {
    let sandbox = Sandbox::new();
    sandbox.write("a.rs", "// %%\ncfg!(extra)\n");
    let run = |name: &str, value: &str| {
        let mut command = sandbox.command(&["run", "a.rs"]);
        assert_eq!(code(&command.env(name, value).output().unwrap()), 0);
        short(&sandbox.cells("a")[0])
    };
    assert_eq!(run("CARGO_TERM_QUIET", "false"), ["=false"]);
    assert_eq!(run("CARGO_BUILD_RUSTFLAGS", "--cfg extra"), ["=true"]);
    assert_eq!(run("CARGO_TERM_QUIET", "false"), ["=false"]);
}

#[test]
fn a_failing_cell_ends_the_run_and_everything_up_to_it_is_kept() {
    for (failing, error, line) in [
        (
            "let v: Vec<u8> = vec![];\nv[3]",
            "!Panic: index out of bounds: the len is 0 but the index is 3",
            "v[3]",
        ),
        (
            "let n: i32 = \"x\".parse()?;\nn",
            "!Error: invalid digit found in string",
            "let n: i32 = \"x\".parse()?;",
        ),
        (
            "let n: Option<u8> = None;\nn?;",
            "!Error: `?` found None",
            "n?;",
        ),
        (
            "std::process::exit(3)",
            "!Exited: the program ended itself with exit code 3",
            "",
        ),
        (
            "std::process::abort()",
            "!Signal: the program was ended by the signal SIGABRT",
            "",
        ),
        (
            "nothing + 1",
            "!CompileError: cannot find value `nothing` in this scope [E0425]",
            "nothing + 1",
        ),
        (
            "let b = = 1;",
            "!CompileError: expected expression, found `=`",
            "let b = = 1;",
        ),
        (
            ":dep",
            "!CompileError: `:dep` wants a crate: `:dep name = \"version\"` or `:dep name = { path = \"..\" }`",
            ":dep",
        ),
    ] {
        let sandbox = Sandbox::new();
        let run = sandbox
            .write(
                "a.rs",
                &format!("// %%\nprintln!(\"before\");\n1\n// %%\n{failing}\n// %%\n3\n"),
            )
            .run(&["a.rs"]);
        assert_eq!(code(&run), 1, "{failing}: {}", stderr(&run));
        assert!(stderr(&run).contains("a.rs cell 2"), "{}", stderr(&run));
        let cells = sandbox.cells("a");
        assert_eq!(short(&cells[0]), ["out:before\n", "=1"], "{failing}");
        assert_eq!(short(&cells[1]).last().unwrap(), error);
        assert!(
            cells[2]["outputs"].as_array().unwrap().is_empty()
                && cells[2]["execution_count"].is_null()
        );
        let traceback =
            cells[1]["outputs"].as_array().unwrap().last().unwrap()["traceback"].clone();
        let traceback: Vec<_> = traceback
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert!(
            traceback.iter().any(|text| text.contains("a.rs cell 2")),
            "{traceback:?}"
        );
        assert!(
            traceback.iter().any(|text| text.contains(line)),
            "{traceback:?}"
        );
        assert!(
            !traceback.iter().any(|text| text.contains("__radio")),
            "{traceback:?}"
        );
    }
}

#[test]
fn compile_errors_have_the_lines_of_their_cell() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.rs",
        "// %%\nlet a: i32 = 1;\n// %%\n\nlet ä = \"1\".parse::<i32>()?; let s: String = a;\n",
    );
    let run = sandbox.run(&["a.rs"]);
    assert_eq!(code(&run), 1);
    let output = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        output.contains("error[E0308]: mismatched types") && output.contains("a.rs cell 2:2:46"),
        "{output}"
    );
}

#[test]
fn failures_that_are_expected_or_allowed_do_not_end_the_run() {
    let sandbox = Sandbox::new();
    let text = "// %%\nlet a = 1;\n// %% tags=[\"raises-exception\"]\npanic!(\"on purpose\");\n// %% tags=[\"raises-exception\"]\nlet s: String = a;\n// %% tags=[\"skip-execution\"]\npanic!();\n// %% tags=[\"remove-output\"]\nprintln!(\"x\")\n// %%\na + 1\n";
    let run = sandbox.write("a.rs", text).run(&["a.rs"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let cells = sandbox.cells("a");
    assert_eq!(short(&cells[1]), ["!Panic: on purpose"]);
    assert!(short(&cells[2])[0].starts_with("!CompileError: mismatched types"));
    assert!(cells[3]["execution_count"].is_null());
    assert!(short(&cells[4]).is_empty());
    assert_eq!(short(&cells[5]), ["=2"]);

    // The state before a cell that ends the process is kept.
    sandbox.write("b.rs", "// %%\nlet a = 1; fn f() -> u8 { 7 }\n// %%\nstd::process::exit(0)\n// %%\na\n// %%\nf()\n");
    let run = sandbox.run(&["b.rs", "--allow-errors"]);
    assert_eq!(code(&run), 1);
    let shown: Vec<_> = sandbox.cells("b").iter().flat_map(short).collect();
    assert_eq!(
        shown,
        [
            "!Exited: the program ended itself with exit code 0",
            "=1",
            "=7"
        ]
    );
}

#[test]
fn parameters_replace_what_the_notebook_has() {
    let sandbox = Sandbox::new();
    sandbox.write("a.rs", "// %% tags=[\"parameters\"]\nlet n: u32 = 1;\nlet file = \"here.txt\";\n// %%\n(n, std::fs::read_to_string(file).unwrap())\n");
    sandbox.write("here.txt", "default");
    std::fs::create_dir(sandbox.path("elsewhere")).unwrap();
    sandbox.write("elsewhere/there.txt", "other");
    // Typed in another folder than the notebook's.
    let mut command = sandbox.command(&[
        "run",
        "../a.rs",
        "-p",
        "n",
        "5",
        "-p",
        "file",
        "there.txt",
        "--output",
        "../out",
    ]);
    let run = command
        .current_dir(sandbox.path("elsewhere"))
        .output()
        .unwrap();
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let cells = sandbox.cells("a");
    assert_eq!(cells[1]["metadata"]["tags"][0], "injected-parameters");
    assert_eq!(short(&cells[2]), ["=(5, \"other\")"]);
    let misfit = sandbox.run(&["a.rs", "-p", "n", "many"]);
    assert_eq!(code(&misfit), 2);
    assert!(stderr(&misfit).contains("whole number"));
    for (name, hint) in [
        ("fil", "did you mean `file`?"),
        ("zzz", "there are `file`, `n`"),
    ] {
        let unknown = sandbox.run(&["a.rs", "-p", name, "1"]);
        assert_eq!(code(&unknown), 2);
        let said = stderr(&unknown);
        assert!(
            said.contains(&format!("parameter `{name}`")) && said.contains(hint),
            "{said}"
        );
    }
}

#[test]
fn cells_have_the_numbers_of_the_file_where_parameters_are_given() {
    let sandbox = Sandbox::new();
    sandbox.write("a.rs", "// %% tags=[\"parameters\"]\nlet n: u32 = 1;\n// %%\nprintln!(\"{n}\");\n// %%\npanic!(\"no\")\n");
    let run = sandbox.run(&["a.rs", "-p", "n", "5"]);
    assert_eq!(code(&run), 1);
    assert!(
        stderr(&run).contains("a.rs cell 3: Panic: no"),
        "{}",
        stderr(&run)
    );
    assert!(stdout(&run).contains("a.rs cell 3:1:1"), "{}", stdout(&run));
    let counts = |name: &str| -> Vec<_> {
        let cells = sandbox.cells(name).into_iter();
        cells.map(|cell| cell["execution_count"].as_u64()).collect()
    };
    // The cell of the parameters, which the file does not have, comes after all others.
    assert_eq!(counts("a"), [Some(1), Some(4), Some(2), Some(3)]);
    let until = sandbox.run(&["a.rs", "-p", "n", "5", "--until", "2"]);
    assert_eq!(code(&until), 0, "{}", stderr(&until));
    assert_eq!(counts("a"), [Some(1), Some(4), Some(2), None]);
}

#[test]
fn what_cannot_be_used_is_refused_in_one_sentence() {
    let sandbox = Sandbox::new();
    sandbox.write("not.ipynb", "{]").write("python.ipynb", r#"{"nbformat":4,"nbformat_minor":5,"metadata":{"kernelspec":{"name":"python3","language":"python","display_name":"P"}},"cells":[]}"#);
    sandbox
        .write(
            "old.ipynb",
            r#"{"nbformat":3,"nbformat_minor":0,"metadata":{},"worksheets":[]}"#,
        )
        .write("empty.ipynb", "")
        .write("a.txt", "x");
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    for (path, reason) in [
        ("not.ipynb", "not JSON"),
        ("python.ipynb", "python"),
        ("old.ipynb", "nbformat 3"),
        ("empty.ipynb", "empty"),
        ("missing.ipynb", "there is no such file"),
        ("a.txt", ".ipynb"),
        ("folder", "no notebook"),
    ] {
        let run = sandbox.run(&[path]);
        let said = stderr(&run);
        assert_eq!(code(&run), 2, "{path}: {said}");
        assert!(
            said.contains(path) && said.contains(reason) && said.trim_end().lines().count() == 1,
            "{said}"
        );
    }
    assert_eq!(code(&sandbox.run(&["--timeout", "-1", "x.rs"])), 2);
    assert!(!sandbox.path("out").exists());
}

#[test]
fn outputs_go_inplace_only_when_asked() {
    let sandbox = Sandbox::new();
    let cell = r#"{"cell_type":"code","metadata":{},"execution_count":null,"outputs":[],"source":["1 + 1"]}"#;
    sandbox.write(
        "a.ipynb",
        &format!(
            r#"{{"nbformat":4,"nbformat_minor":4,"metadata":{{"mine":[1]}},"cells":[{cell}]}}"#
        ),
    );
    let before = std::fs::read(sandbox.path("a.ipynb")).unwrap();
    let refused = sandbox.run(&["a.ipynb", "--output", "."]);
    assert_eq!(code(&refused), 2);
    assert_eq!(code(&sandbox.run(&["a.ipynb"])), 0);
    assert_eq!(std::fs::read(sandbox.path("a.ipynb")).unwrap(), before);
    assert_eq!(code(&sandbox.run(&["a.ipynb", "--inplace"])), 0);
    let after = sandbox.read("a.ipynb");
    assert!(
        after.contains("\"nbformat_minor\": 4")
            && after.contains("\"mine\"")
            && !after.contains("iopub"),
        "{after}"
    );
    assert!(after.contains("execute_result") && after.ends_with("}\n"));
    assert_eq!(code(&sandbox.run(&["a.ipynb", "--inplace"])), 0);
    assert_eq!(
        sandbox.read("a.ipynb"),
        after,
        "running again changes nothing"
    );
}

#[test]
fn a_notebook_that_is_saved_while_it_runs_is_left_as_it_was_saved() {
    let sandbox = Sandbox::new();
    let notebook = |cells: &[&str]| {
        let cell = |source: &&str| serde_json::json!({"cell_type": "code", "metadata": {}, "execution_count": null, "outputs": [], "source": source});
        let cells: Vec<Value> = cells.iter().map(cell).collect();
        let all =
            serde_json::json!({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells});
        all.to_string()
    };
    // The cell itself saves the notebook with one more, as an editor would.
    let saves = "std::fs::rename(\"saved.ipynb\", \"a.ipynb\")?;\n1 + 1";
    let saved = notebook(&[saves, "2 + 2"]);
    sandbox
        .write("a.ipynb", &notebook(&[saves]))
        .write("saved.ipynb", &saved);
    let run = sandbox.run(&["a.ipynb", "--inplace"]);
    let said = stderr(&run);
    assert_eq!(code(&run), 2, "{said}");
    assert!(
        said.contains("a.ipynb: the file changed while it ran"),
        "{said}"
    );
    assert_eq!(sandbox.read("a.ipynb"), saved);
    assert_eq!(short(&sandbox.cells("a")[0]), ["=2"]);
    // The copy does not take the place of the notebook either.
    sandbox
        .write("a.ipynb", &notebook(&[saves]))
        .write("saved.ipynb", &saved);
    let run = sandbox.run(&["a.ipynb", "--inplace", "--output", "."]);
    assert_eq!(code(&run), 2, "{}", stderr(&run));
    assert_eq!(sandbox.read("a.ipynb"), saved);
    assert!(sandbox.read("a.executed.ipynb").contains("execute_result"));
}

#[test]
fn one_of_several_notebooks_that_cannot_be_run_keeps_none_of_the_others() {
    let sandbox = Sandbox::new();
    let busy = "// %%\nfor n in 0..2000 { println!(\"{n}\"); eprintln!(\"{n}\"); }\n";
    let labelled = format!("{busy}// %%\n//| label: last\n1\n");
    sandbox
        .write("a.rs", &labelled)
        .write("b.rs", busy)
        .write("c.rs", &labelled);
    let run = sandbox.run(&["a.rs", "b.rs", "c.rs", "--until", "last", "--quiet"]);
    let said = stderr(&run);
    assert_eq!(code(&run), 2, "{said}");
    assert!(said.contains("last"), "{said}");
    assert!(
        said.contains("1 of 3 notebooks could not be run or written: b"),
        "{said}"
    );
    for name in ["a", "c"] {
        assert_eq!(short(&sandbox.cells(name)[1]), ["=1"]);
    }
    assert!(!sandbox.path("out/b.ipynb").exists());
}

#[test]
fn what_lies_hidden_beside_notebooks_is_none() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("folder")).unwrap();
    sandbox
        .write("folder/a.rs", "// %%\n1\n")
        .write("folder/._a.ipynb", "\0\u{1}");
    assert_eq!(code(&sandbox.run(&["folder"])), 0);
    assert_eq!(sandbox.names("out"), ["a.ipynb"]);
}

#[test]
fn a_bound_on_the_whole_run_bounds_compiling_too() {
    let sandbox = Sandbox::with_own_target();
    sandbox.write("a.rs", "// %%\nfn main() {}\n1\n");
    let run = sandbox.run(&["a.rs", "--timeout-total", "0.01"]);
    assert_eq!(code(&run), 1, "{}", stderr(&run));
    let outputs = short(&sandbox.cells("a")[0]);
    assert_eq!(
        outputs,
        ["!Timeout: the run did not end in the time it was given"]
    );
    // Nothing was compiled by then.
    let cells = std::fs::read_dir(sandbox.path("target/radio/cells"));
    let mut cells = cells.into_iter().flatten().flatten();
    assert!(!cells.any(|cell| cell.path().join("record.json").exists()));

    // It is no failure that a cell expects, and none of a start-up file's.
    sandbox
        .write(
            "a.rs",
            "// %% tags=[\"raises-exception\"]\npanic!()\n// %%\n1\n",
        )
        .write("prelude.rs", "fn f() {}\n");
    let run = sandbox.run(&["a.rs", "--timeout-total", "0.01"]);
    assert_eq!(code(&run), 1, "{}", stderr(&run));
    assert!(
        stderr(&run).contains("a.rs cell 1: Timeout"),
        "{}",
        stderr(&run)
    );
}

#[test]
fn a_place_that_cannot_be_written_loses_nothing() {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.rs", "// %%\n1\n")
        .write("out", "a file where the folder should be");
    let run = sandbox.run(&["a.rs"]);
    assert_eq!(code(&run), 2, "{}", stderr(&run));
    assert!(stderr(&run).contains("out"), "{}", stderr(&run));
    assert_eq!(sandbox.read("out"), "a file where the folder should be");
}

#[test]
fn figures_are_saved_under_their_labels_inside_the_output_folder() {
    let sandbox = Sandbox::new();
    sandbox.write("a.rs", "// %%\n//| label: ../../x\nprintln!(\"EVCXR_BEGIN_CONTENT image/svg+xml\\n<svg/>\\nEVCXR_END_CONTENT\");\nprintln!(\"EVCXR_BEGIN_CONTENT image/png\\nAAEC\\nEVCXR_END_CONTENT\");\n");
    assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
    assert_eq!(
        sandbox.names("out/figures/a"),
        ["_.._.._x.png", "_.._.._x.svg"]
    );
    assert_eq!(
        std::fs::read(sandbox.path("out/figures/a/_.._.._x.png")).unwrap(),
        [0, 1, 2]
    );
    // Names that are no names of folders get others, which stay apart.
    for name in ["b (1).rs", "b [1].rs"] {
        sandbox.write(name, &sandbox.read("a.rs"));
        assert_eq!(code(&sandbox.run(&[name])), 0);
    }
    let folders = sandbox.names("out/figures");
    assert_eq!(folders.len(), 3, "{folders:?}");
    assert!(
        folders[1].starts_with("b _1_-") && folders[2].starts_with("b _1_-"),
        "{folders:?}"
    );
}

#[test]
fn a_run_can_stop_early() {
    let sandbox = Sandbox::new();
    sandbox.write("a.rs", "// %%\n1\n// %%\n//| label: middle\n2\n// %%\n3\n");
    assert_eq!(code(&sandbox.run(&["a.rs", "--until", "middle"])), 0);
    let ran: Vec<_> = sandbox
        .cells("a")
        .iter()
        .map(|cell| cell["execution_count"].as_u64())
        .collect();
    assert_eq!(ran, [Some(1), Some(2), None]);
    let run = sandbox.run(&["a.rs", "--until", "9"]);
    assert_eq!(code(&run), 2);
    assert!(stderr(&run).contains("1 to 3"), "{}", stderr(&run));
}

/// A cell that starts a process of its own, writes both process numbers, and hangs.
#[cfg(target_os = "linux")]
const HANGING: &str = "// %%\nprintln!(\"kept\");\n// %%\nlet child = std::process::Command::new(\"sleep\").arg(\"600\").spawn()?;\nstd::fs::write(\"processes\", format!(\"{} {}\\n\", std::process::id(), child.id()))?;\nprintln!(\"hanging\");\nloop { std::thread::sleep(std::time::Duration::from_secs(1)) }\n";

/// Starts a run of [`HANGING`] and waits until its cell hangs.
#[cfg(target_os = "linux")]
fn run_until_it_hangs(sandbox: &Sandbox) -> std::process::Child {
    let radio = sandbox
        .write("a.rs", HANGING)
        .command(&["run", "a.rs"])
        .spawn();
    wait_for("the cell to hang", || {
        std::fs::read_to_string(sandbox.path("processes")).is_ok_and(|p| p.ends_with('\n'))
    });
    radio.unwrap()
}

#[cfg(target_os = "linux")]
fn assert_all_gone(sandbox: &Sandbox) {
    let processes = sandbox.read("processes");
    for process in processes.split_whitespace() {
        wait_for("a process to end", || !is_alive(process));
    }
    if sandbox.path("out").exists() {
        let left = sandbox.names("out");
        assert!(!left.iter().any(|name| name.starts_with('.')), "{left:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_cell_that_hangs_is_ended_with_all_it_started() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write("a.rs", HANGING)
        .run(&["a.rs", "--timeout", "1"]);
    assert_eq!(code(&run), 1);
    let cells = sandbox.cells("a");
    assert_eq!(short(&cells[0]), ["out:kept\n"]);
    assert_eq!(
        short(&cells[1]),
        [
            "out:hanging\n",
            "!Timeout: the cell did not end in the time it was given"
        ]
    );
    assert_all_gone(&sandbox);
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_keeps_what_ran_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let mut radio = run_until_it_hangs(&sandbox);
    send("-INT", &radio);
    assert_eq!(radio.wait().unwrap().code(), Some(1));
    let cells = sandbox.cells("a");
    assert_eq!(short(&cells[0]), ["out:kept\n"]);
    assert_eq!(
        short(&cells[1]).last().unwrap(),
        "!Interrupted: Ctrl-C was pressed, or radio was told to end"
    );
    assert_all_gone(&sandbox);
}

#[test]
#[cfg(target_os = "linux")]
fn a_runner_that_is_killed_leaves_no_process_behind() {
    let sandbox = Sandbox::new();
    let mut radio = run_until_it_hangs(&sandbox);
    radio.kill().unwrap();
    radio.wait().unwrap();
    assert_all_gone(&sandbox);
}

#[test]
fn the_bundled_data_comes_out_of_its_script_byte_for_byte() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let sandbox = Sandbox::new();
    let written = sandbox.path("radio_songs.csv");
    let script = root.join("scripts/make_radio_songs.rs");
    let run = sandbox.run(&[
        script.to_str().unwrap(),
        "-p",
        "output",
        written.to_str().unwrap(),
    ]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let bundled = std::fs::read(root.join("data/radio_songs.csv")).unwrap();
    assert!(
        std::fs::read(written).unwrap() == bundled,
        "the script writes other bytes than data/radio_songs.csv has"
    );
}

#[test]
fn cells_of_unusual_shapes_run_too() {
    let sandbox = Sandbox::new();
    let text = r#"// %%
fn main() { println!("mine"); }
main();
// %%
let big = [1u8; 12_000_000];
big.len()
// %%
for n in 0..9 {
    if n == 1 { println!("leaving"); return; }
}
println!("not reached");
// %%
let some = Some(4);
println!("{}", some?);
// %%
let n = dbg!(&String::from("abc")).len();
n
// %%
#[cfg(test)]
use no_such_crate::anything;
mod inner { pub use std::fmt::Debug; pub fn f() -> u8 { 3 } }
pub use inner::f;
f()
// %%
// :-) a comment that is no command
let a = 1;
// // :dep neither is this
a
// %%
use std::io::Write;
std::io::stdout().write_all(&vec![0u8; 3_000_000])?;
"#;
    let run = sandbox
        .write("a.rs", text)
        .run(&["a.rs", "--timeout", "20"]);
    assert_eq!(code(&run), 0, "{}{}", stdout(&run), stderr(&run));
    let shown: Vec<_> = sandbox.cells("a").iter().map(short).collect();
    let expected: [&[&str]; 7] = [
        &["out:mine\n"],
        &["=12000000"],
        &["out:leaving\n"],
        &["out:4\n"],
        &["err:[cell 5:1:9] &String::from(\"abc\") = \"abc\"\n", "=3"],
        &["=3"],
        &["=1"],
    ];
    assert_eq!(shown[..7], expected);
}

#[test]
fn text_without_line_end_is_kept_when_the_cell_is_ended() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .write("a.rs", "// %%\nprint!(\"started\");\nloop {}\n")
        .run(&["a.rs", "--timeout", "1"]);
    assert_eq!(code(&run), 1);
    assert_eq!(short(&sandbox.cells("a")[0])[0], "out:started");
}

#[test]
#[cfg(target_os = "linux")]
fn ctrl_c_before_the_first_cell_changes_no_file() {
    // A target directory of its own: others would wait for this build.
    let sandbox = Sandbox::with_own_target();
    // A dependency whose build script takes longer than the test.
    sandbox.write_crate("slow", "").write(
        "slow/build.rs",
        "fn main() { std::fs::write(\"started\", \"\").unwrap(); std::thread::sleep(std::time::Duration::from_secs(600)) }",
    );
    let cell = r#"{"cell_type":"code","metadata":{},"execution_count":1,"outputs":[{"output_type":"stream","name":"stdout","text":["old"]}],"source":[":dep slow = { path = \"slow\" }\n","1"]}"#;
    sandbox.write(
        "a.ipynb",
        &format!(r#"{{"nbformat":4,"nbformat_minor":4,"metadata":{{}},"cells":[{cell}]}}"#),
    );
    let before = std::fs::read(sandbox.path("a.ipynb")).unwrap();
    let mut command = sandbox.command(&["run", "a.ipynb", "--inplace"]);
    let mut radio = command.spawn().unwrap();
    wait_for("the build to start", || {
        sandbox.path("slow/started").exists()
    });
    send("-INT", &radio);
    assert_eq!(radio.wait().unwrap().code(), Some(1));
    assert_eq!(std::fs::read(sandbox.path("a.ipynb")).unwrap(), before);
}

#[test]
fn cells_that_do_not_run_keep_their_outputs() {
    let sandbox = Sandbox::new();
    let cell = |source: &str| {
        format!(
            r#"{{"cell_type":"code","metadata":{{}},"execution_count":9,"outputs":[{{"output_type":"stream","name":"stdout","text":["old"]}}],"source":["{source}"]}}"#
        )
    };
    sandbox.write(
        "a.ipynb",
        &format!(
            r#"{{"nbformat":4,"nbformat_minor":4,"metadata":{{}},"cells":[{},{}]}}"#,
            cell("1"),
            cell("2")
        ),
    );
    assert_eq!(
        code(&sandbox.run(&["a.ipynb", "--inplace", "--until", "1"])),
        0
    );
    let notebook = sandbox.notebook("a.ipynb");
    assert_eq!(short(&notebook["cells"][0]), ["=1"]);
    assert_eq!(short(&notebook["cells"][1]), ["out:old"]);
}

#[test]
fn an_extern_crate_may_be_said_again_in_any_cell() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("mine/src")).unwrap();
    sandbox.write(
        "mine/Cargo.toml",
        "[package]\nname = \"mine-of-old\"\nversion = \"0.1.0\"\nedition = \"2018\"\n",
    )
    .write(
        "mine/src/lib.rs",
        "#[macro_export] macro_rules! twice { ($e:expr) => { $e * 2 } }\npub fn three() -> i32 { 3 }\n",
    )
    .write(
        "a.rs",
        r##"// %%
:dep mine-of-old = { path = "mine" }
extern crate mine_of_old;
fn f() -> i32 { mine_of_old::three() }
f()
// %%
:dep mine-of-old = { path = "mine" }
extern crate mine_of_old;
fn f() -> i32 { mine_of_old::three() + 1 }
f()
// %%
#[macro_use]
extern crate mine_of_old;
extern crate mine_of_old as old;
twice!(old::three() + f())
"##,
    );
    let output = sandbox.run(&["a.rs"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let cells = sandbox.cells("a");
    assert_eq!(
        cells.iter().map(short).collect::<Vec<_>>(),
        [["=3"], ["=4"], ["=14"]]
    );
}

#[test]
fn a_main_that_no_cell_defines_is_not_there() {
    let sandbox = Sandbox::new();
    sandbox.write("a.rs", "// %%\nmain()\n");
    let output = sandbox.run(&["a.rs"]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("cannot find function `main`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_use_may_be_said_twice_in_a_cell() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.rs",
        "// %%\nuse std::cmp::{max, min};\nuse std::fmt;\nuse std::cmp::max;\nuse std::fmt;\nmax(1, min(2, 3))\n",
    );
    let output = sandbox.run(&["a.rs"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(short(&sandbox.cells("a")[0]), ["=2"]);
}

#[test]
fn a_use_without_semicolon_counts() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.rs",
        "// %%\nuse std::cmp::max\n\nmatch max(1, 2) { n => println!(\"{n}\") };\n// %%\nuse std::collections::BTreeSet\n// %%\nBTreeSet::from([max(3, 4)])\n",
    );
    let output = sandbox.run(&["a.rs"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let cells = sandbox.cells("a");
    assert_eq!(short(&cells[0]), ["out:2\n"]);
    assert_eq!(short(&cells[2]), ["={4}"]);
}

#[test]
fn a_trait_may_give_types_of_others_their_display() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.rs",
        r##"// %%
mod library {
    pub trait Show { fn evcxr_display(&self); }
    impl<T: std::fmt::Debug> Show for Vec<T> {
        fn evcxr_display(&self) { println!("EVCXR_BEGIN_CONTENT text/html\n<b>{self:?}</b>\nEVCXR_END_CONTENT"); }
    }
    impl Show for &str {
        fn evcxr_display(&self) { println!("EVCXR_BEGIN_CONTENT text/html\n<i>{self}</i>\nEVCXR_END_CONTENT"); }
    }
}
let one = vec![1];
one
// %%
use library::Show;
one
// %%
"a"
// %%
Box::new(one.clone())
// %%
(one.len(), &one)
"##,
    );
    let output = sandbox.run(&["a.rs"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let cells = sandbox.cells("a");
    let html = |cell: &Value| joined(&cell["outputs"][0]["data"]["text/html"]);
    assert_eq!(html(&cells[1]), "<b>[1]</b>");
    assert_eq!(html(&cells[2]), "<i>a</i>");
    assert_eq!(html(&cells[3]), "<b>[1]</b>");
    assert_eq!(short(&cells[4]), ["=(1, [1])"]);
}

#[test]
fn what_is_compiled_can_be_cleared() {
    let sandbox = Sandbox::with_own_target();
    sandbox.write("a.rs", "// %%\n1 + 1\n");
    let target = sandbox.path("target");
    let clean = |arguments: &[&str]| {
        sandbox
            .command(&["clean"])
            .args(arguments)
            .output()
            .unwrap()
    };
    for _ in 0..2 {
        assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
        assert!(target.join("radio/cells").is_dir());
        let cleaned = clean(&[]);
        assert_eq!(code(&cleaned), 0);
        assert!(stderr(&cleaned).contains("MB freed"));
        assert!(!target.join("radio").exists());
    }
    assert_eq!(code(&clean(&["nowhere"])), 2);
}

#[test]
fn the_metadata_may_say_how_cells_are_compiled() {
    let sandbox = Sandbox::new();
    let notebook = |profile: &str| {
        format!(
            r#"{{"cells": [{{"cell_type": "code", "execution_count": null, "metadata": {{}}, "outputs": [],
                "source": "let a = [u8::MAX; 1];\na[0].wrapping_add(1) == a[0] + std::hint::black_box(1)"}}],
                "metadata": {{"radio": {{"profile": {profile}}}}}, "nbformat": 4, "nbformat_minor": 4}}"#
        )
    };
    sandbox.write(
        "a.ipynb",
        &notebook(r#"{"overflow-checks": false, "opt-level": 1}"#),
    );
    assert_eq!(code(&sandbox.run(&["a.ipynb"])), 0);
    sandbox.write("a.ipynb", &notebook("{}"));
    assert_eq!(code(&sandbox.run(&["a.ipynb"])), 1);
    for (profile, reason) in [("{\"lto\": true}", "`lto`"), ("2", "an object")] {
        sandbox.write("a.ipynb", &notebook(profile));
        let run = sandbox.run(&["a.ipynb"]);
        assert_eq!(code(&run), 2);
        let said = stderr(&run);
        assert!(said.contains("a.ipynb") && said.contains(reason), "{said}");
    }
}

#[test]
fn the_crates_root_has_what_holds_at_a_cell() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.rs",
        r##"// %%
fn f() -> i32 { 1 }
fn main() {}
// %%
fn f() -> i32 { 2 }
crate::f()
// %%
use crate::List::*;
enum List { A, B }
fn main() { match A { A => println!("a"), B => {} } }
main();
// %%
mod m {
    use crate::{f, main};
    pub fn g() -> i32 { h() + f() }
    pub(in crate::m) fn h() -> i32 { crate::f() * 10 }
}
let sum = crate::m::g();
crate::main();
sum
// %%
struct Other;
crate::Other == crate::nothing::Here
"##,
    );
    let output = sandbox.run(&["a.rs", "--allow-errors"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let cells = sandbox.cells("a");
    assert_eq!(short(&cells[1]), ["=2"]);
    assert_eq!(short(&cells[2]), ["out:a\n"]);
    assert_eq!(short(&cells[3]), ["out:a\n", "=22"]);
    let traceback = cells[4]["outputs"][0]["traceback"].to_string();
    assert!(traceback.contains("cell 5:2:24"), "{traceback}");
    assert!(!traceback.contains("__radio"), "{traceback}");
}

#[test]
fn errors_do_not_name_the_modules_of_the_generated_program() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.rs",
        "// %%\nstruct S;\n// %%\nstruct S(i32);\nS(1) == S(2)\n",
    );
    let output = sandbox.run(&["a.rs"]);
    assert_eq!(code(&output), 1);
    let error = sandbox.cells("a")[1]["outputs"][0].to_string();
    assert!(error.contains("to type `S`"), "{error}");
    assert!(!error.contains("__radio"), "{error}");
}

#[test]
fn lines_that_belong_to_notebooks_elsewhere_are_named() {
    let sandbox = Sandbox::new();
    for (cell, hint) in [
        ("let a = 1;\n:opt 2", "`:opt` stand at the head of a cell"),
        ("let a = 1;\n!ls data", "`!ls` stand at the head of a cell"),
        ("%matplotlib inline", "a magic of IPython"),
        ("# a comment\n1", "begin with `//`"),
    ] {
        let run = sandbox
            .write("a.rs", &format!("// %%\n{cell}\n"))
            .run(&["a.rs"]);
        assert_eq!(code(&run), 1);
        let error = sandbox.cells("a")[0]["outputs"][0].to_string();
        assert!(error.contains(hint), "{error}");
    }
}

#[test]
fn several_notebooks_end_with_what_failed() {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.rs", "// %%\n1\n")
        .write("b.rs", "// %%\npanic!()\n")
        .write("c.rs", "// %%\n3\n")
        .write("plain.rs", "fn main() {}\n");
    let run = sandbox.run(&["a.rs", "b.rs", "c.rs"]);
    assert_eq!(code(&run), 1);
    let said = stderr(&run);
    assert_eq!(
        said.lines().next_back(),
        Some("error: 1 of 3 notebooks failed: b")
    );
    assert_eq!(short(&sandbox.cells("c")[0]), ["=3"]);
    let run = sandbox.run(&["plain.rs"]);
    assert_eq!(code(&run), 2);
    assert!(stderr(&run).contains("plain.rs: this is Rust without cells"));
}

#[test]
fn a_part_of_a_notebook_leaves_the_figures_of_the_rest() {
    let sandbox = Sandbox::new();
    let figure = |label: &str| {
        format!(
            "// %%\n//| label: {label}\nprintln!(\"EVCXR_BEGIN_CONTENT image/svg+xml\\n<svg/>\\nEVCXR_END_CONTENT\");\n"
        )
    };
    sandbox.write("a.rs", &(figure("one") + &figure("two")));
    let figures = |name: &str| sandbox.path("out/figures/a").join(name).exists();
    assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
    assert_eq!(code(&sandbox.run(&["a.rs", "--until", "one"])), 0);
    assert!(figures("one.svg") && figures("two.svg"));
    sandbox.write("a.rs", &figure("one"));
    assert_eq!(code(&sandbox.run(&["a.rs"])), 0);
    assert!(figures("one.svg") && !figures("two.svg"));
}
