//! How often the tools are called for a cell, and what becomes of what they say: by tools that follow a script, without
//! cargo and rustc.

use super::*;
use crate::error::Error;
use crate::program::compiled::Set;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// The type of all variables.
const STRING: &str = "std::string::String";

/// What a tool is to do when it is called.
#[derive(Debug)]
enum Act {
    /// Build a set of this name.
    Build(&'static str),
    /// Say that there are no such dependencies.
    RefuseSet(&'static str),
    /// Compile a function that declares these variables, which are strings.
    Compile(&'static [&'static str]),
    /// Refuse it for an error, which has a number, a text of the line that it is about, and says what is wrong.
    Refuse(&'static str, String, String),
    /// Fail as on a full disk.
    Fail,
}

/// Tools that do what is next in the script, and write down what they were called for.
#[derive(Debug)]
struct Script {
    compiler: Compiler,
    acts: Mutex<VecDeque<Act>>,
    calls: Mutex<Vec<String>>,
}

impl Script {
    fn next(&self, call: String) -> Act {
        let act = lock(&self.acts).pop_front();
        let act = act.unwrap_or_else(|| panic!("the script ends before: {call}"));
        lock(&self.calls).push(call);
        act
    }

    /// A message of the compiler's about the last line of a unit that has a text.
    fn message(&self, unit: &Unit<'_>, code: &str, text: &str, says: &str) -> Value {
        let lines = (1..).zip(unit.source.lines());
        let line = lines.filter(|(_, line)| line.contains(text)).last();
        let Some((line, _)) = line else {
            panic!("no {text} in:\n{}", unit.source)
        };
        json!({
            "level": "error", "message": says, "code": { "code": code }, "children": [],
            "spans": [{
                "file_name": file_of(&self.compiler.key(unit)), "is_primary": true,
                "line_start": line, "line_end": line, "column_start": 1, "column_end": 2,
            }],
        })
    }
}

fn full() -> Error {
    Error::io("cells", "writing")(std::io::ErrorKind::StorageFull.into())
}

fn set(name: &str, base: Option<&Arc<Set>>) -> Arc<Set> {
    Arc::new(Set {
        key: name.into(),
        folder: "sets".into(),
        externs: Vec::new(),
        search: "deps".into(),
        library: Some(name.into()),
        crates: BTreeMap::new(),
        base: base.cloned(),
    })
}

impl Tools for Script {
    fn build(&self, scope: &Scope, _: &mut dyn FnMut(&str)) -> Result<Built> {
        let names: Vec<&str> = scope.dependencies.keys().map(String::as_str).collect();
        let base = scope.set.as_ref();
        let on = base.map_or("nothing", |set| &set.key);
        match self.next(format!("build {} on {on}", names.join(", "))) {
            Act::Build(name) => Ok(Built::Set(set(name, base))),
            Act::RefuseSet(why) => Ok(Built::Refused(why.into())),
            Act::Fail => Err(full()),
            act => panic!("a set is to be built, and not {act:?}"),
        }
    }

    fn compile(&self, unit: &Unit<'_>) -> Result<Outcome> {
        let set = unit.set.map_or("nothing", |set| &set.key);
        match self.next(format!("compile with {set}")) {
            Act::Compile(names) => {
                let types = names
                    .iter()
                    .map(|name| ((*name).to_owned(), STRING.to_owned()));
                Ok(Outcome::Library(Library::foreseen(types.collect())))
            }
            Act::Refuse(code, text, says) => Ok(Outcome::Refused(vec![
                self.message(unit, code, &text, &says),
            ])),
            Act::Fail => Err(full()),
            act => panic!("a function is to be compiled, and not {act:?}"),
        }
    }
}

/// A notebook whose cells are compiled by a script.
struct Notebook {
    script: Arc<Script>,
    cells: Cells,
    scope: Scope,
    number: u32,
    _folder: tempfile::TempDir,
}

impl Notebook {
    fn new() -> Notebook {
        let folder = tempfile::tempdir().unwrap();
        // It compiles the runtime, which nobody loads, by a program that does nothing.
        let toolchain = Toolchain {
            rustc: "true".into(),
            libraries: folder.path().into(),
            linker: None,
            version: String::new(),
            flags: Vec::new(),
        };
        let compiler = Compiler::new(folder.path(), toolchain, None).unwrap();
        let script = Arc::new(Script {
            compiler: compiler.clone(),
            acts: Mutex::default(),
            calls: Mutex::default(),
        });
        Notebook {
            cells: Cells {
                tools: script.clone(),
                compiler,
                folder: folder.path().into(),
                places: Places::default(),
                made: 0,
            },
            script,
            scope: Scope::default(),
            number: 0,
            _folder: folder,
        }
    }

    /// What becomes of the next cell where the tools do this, and what they were called for.
    fn cell(&mut self, source: &str, acts: Vec<Act>) -> (Result<Entry>, Vec<String>) {
        self.number += 1;
        lock(&self.script.acts).extend(acts);
        let code = CellCode::parse(source).unwrap();
        let compiled = self
            .cells
            .compile(&self.scope, self.number, source, &code, &mut |_| {});
        let result = compiled.and_then(|compiled| match compiled {
            Ok(compiled) => {
                self.scope = compiled.scope;
                Ok(compiled.entry.unwrap())
            }
            Err(Refusal::Dependencies(why)) => Err(Error::Argument(why)),
            Err(Refusal::Compiler(said)) => {
                let said: Vec<_> = said.into_iter().map(|one| one.message).collect();
                Err(Error::Argument(said.join("; ")))
            }
        });
        let left = lock(&self.script.acts);
        assert!(left.is_empty(), "not asked for: {left:?}");
        (result, std::mem::take(&mut *lock(&self.script.calls)))
    }
}

fn refuse(code: &'static str, line: impl Into<String>, says: impl Into<String>) -> Act {
    Act::Refuse(code, line.into(), says.into())
}

#[test]
fn a_set_is_built_once_for_the_cells_that_share_it() {
    let mut notebook = Notebook::new();
    let (entry, calls) = notebook.cell(
        ":dep a = \"1\"\n1",
        vec![Act::Build("set_a"), Act::Compile(&[])],
    );
    assert_eq!(calls, ["build a on nothing", "compile with set_a"]);
    assert_eq!(entry.unwrap().loads[..1], [PathBuf::from("set_a")]);
    let (entry, calls) = notebook.cell("2", vec![Act::Compile(&[])]);
    assert_eq!(calls, ["compile with set_a"]);
    assert_eq!(entry.unwrap().loads[..1], [PathBuf::from("set_a")]);
}

#[test]
fn a_set_that_is_refused_is_the_error_of_its_own_cell() {
    let mut notebook = Notebook::new();
    let acts = vec![Act::Build("set_a"), Act::Compile(&[])];
    notebook.cell(":dep a = \"1\"\n1", acts).0.unwrap();
    let (refused, calls) = notebook.cell(":dep b = \"9\"\n2", vec![Act::RefuseSet("no b of 9")]);
    assert_eq!(calls, ["build a, b on set_a"], "nothing is compiled");
    assert_eq!(refused.unwrap_err().to_string(), "no b of 9");
    let (entry, calls) = notebook.cell("3", vec![Act::Compile(&[])]);
    assert_eq!(calls, ["compile with set_a"]);
    entry.unwrap();
}

#[test]
fn a_set_grows_from_the_one_before_and_the_host_loads_both() {
    let mut notebook = Notebook::new();
    let acts = vec![Act::Build("set_a"), Act::Compile(&[])];
    notebook.cell(":dep a = \"1\"\n1", acts).0.unwrap();
    let acts = vec![Act::Build("set_ab"), Act::Compile(&[])];
    let (entry, calls) = notebook.cell(":dep b = \"2\"\n2", acts);
    assert_eq!(calls, ["build a, b on set_a", "compile with set_ab"]);
    let loads = entry.unwrap().loads;
    assert_eq!(loads[..2], ["set_a", "set_ab"].map(PathBuf::from));
}

#[test]
fn a_crate_of_another_name_than_its_package_is_asked_for_after_the_others() {
    let mut notebook = Notebook::new();
    let acts = vec![
        Act::Build("set_a"),
        Act::Build("set_both"),
        Act::Compile(&[]),
    ];
    let (_, calls) = notebook.cell(":dep a = \"1\"\nextern crate b;\n1", acts);
    let builds = ["build a on nothing", "build a, b on set_a"];
    assert_eq!(calls[..2], builds);
}

#[test]
fn what_a_refusal_teaches_is_kept() {
    let mut notebook = Notebook::new();
    let declares = "let name = String::new();";
    let acts = vec![Act::Compile(&["name"])];
    notebook.cell(declares, acts).0.unwrap();
    assert!(notebook.scope.variable("name").is_some());
    let before = notebook.scope.clone();
    let moves = refuse("E0382", "give_back(\"name\"", "use of moved value: `name`");
    let acts = vec![moves, Act::Compile(&["taken"])];
    let (entry, calls) = notebook.cell("let taken = name;", acts);
    entry.unwrap();
    assert_eq!(calls.len(), 2);
    assert!(notebook.scope.variable("name").is_none());
    assert!(notebook.scope.variable("taken").is_some());
    assert_eq!(notebook.cells.made(), 3);
    // Once more, it is compiled as it has to be at once.
    (notebook.scope, notebook.number) = (before, 1);
    let acts = vec![Act::Compile(&["taken"])];
    notebook.cell("let taken = name;", acts).0.unwrap();
    assert!(notebook.scope.variable("name").is_none());
}

#[test]
fn a_cell_that_waits_in_a_macro_is_compiled_with_a_runtime() {
    let mut notebook = Notebook::new();
    let acts = vec![
        refuse("E0728", "soon!()", "`await` is only allowed inside `async`"),
        Act::Build("set_tokio"),
        Act::Compile(&[]),
    ];
    let (entry, calls) = notebook.cell("soon!();", acts);
    entry.unwrap();
    let expected = [
        "compile with nothing",
        "build tokio on nothing",
        "compile with set_tokio",
    ];
    assert_eq!(calls, expected);
    assert!(notebook.scope.awaits);
}

#[test]
fn what_teaches_nothing_is_the_error_of_the_cell() {
    let mut notebook = Notebook::new();
    let (refused, calls) = notebook.cell("1 + \"a\"", vec![refuse("E0277", "1 + \"a\"", "no `+`")]);
    assert_eq!(calls.len(), 1);
    assert_eq!(refused.unwrap_err().to_string(), "no `+`");
}

#[test]
fn a_compiler_that_is_never_content_is_asked_so_often_and_no_more() {
    const NAMES: [&str; MAX_ATTEMPTS + 1] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m",
    ];
    let mut notebook = Notebook::new();
    let declares = NAMES
        .map(|name| format!("let {name} = String::new();"))
        .concat();
    notebook
        .cell(&declares, vec![Act::Compile(&NAMES)])
        .0
        .unwrap();
    // Each time it says of another variable that the cell has moved it where it returns.
    let acts = NAMES[..MAX_ATTEMPTS].iter().map(|name| {
        let line = format!("give_back({name:?}");
        refuse("E0382", line, format!("use of moved value: `{name}`"))
    });
    let uses = NAMES.map(|name| format!("drop({name});")).concat();
    let (refused, calls) = notebook.cell(&format!("{uses} if true {{ return; }}"), acts.collect());
    assert_eq!(calls.len(), MAX_ATTEMPTS);
    assert_eq!(refused.unwrap_err().to_string(), "use of moved value: `l`");
}

#[test]
fn trouble_with_the_system_is_no_refusal() {
    let mut notebook = Notebook::new();
    for (source, acts) in [
        ("1", vec![Act::Fail]),
        (":dep a = \"1\"\n1", vec![Act::Fail]),
        (":dep a = \"1\"\n1", vec![Act::Build("set_a"), Act::Fail]),
    ] {
        let (failed, _) = notebook.cell(source, acts);
        assert!(matches!(failed, Err(Error::Io { .. })), "{failed:?}");
    }
    notebook.cell("1", vec![Act::Compile(&[])]).0.unwrap();
}
