//! Runs each notebook in `tests/dialect/` and compares its outputs with what the stock evcxr kernel gives, or with what
//! the cell says where `radio` differs on purpose. `tests/dialect/README.md` says how. With `RADIO_ENGINE=evcxr` in the
//! environment, it is `--engine evcxr` that is compared; `radio-evcxr` must then be installed, or lie beside `radio`.

use libtest_mimic::{Arguments, Failed, Trial};
use regex_lite::Regex;
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialect");
    let mut notebooks = notebooks(&folder);
    // Those with settings beside them lie in folders of their own.
    for inner in entries(&folder).into_iter().filter(|path| path.is_dir()) {
        notebooks.extend(self::notebooks(&inner));
    }
    notebooks.sort();
    let mut trials: Vec<Trial> = notebooks
        .into_iter()
        .map(|path| Trial::test(stem(&path), move || trial(&path)))
        .collect();
    trials.push(Trial::test("cells_dep_git", || {
        a_dependency_from(|path| format!("shown = {{ git = \"file://{}\" }}", path.display()))
    }));
    trials.push(Trial::test("cells_dep_absolute_path", || {
        a_dependency_from(|path| path.display().to_string())
    }));
    let mut arguments = Arguments::from_args();
    // The programs share a target directory: more at once only wait for each other.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    libtest_mimic::run(&arguments, trials).exit();
}

fn notebooks(folder: &Path) -> Vec<PathBuf> {
    let mut files = entries(folder);
    files.retain(|path| path.extension().is_some_and(|e| e == "ipynb"));
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of notebooks can be read");
    entries
        .map(|entry| entry.expect("its entries can be read").path())
        .collect()
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn trial(path: &Path) -> Result<(), Failed> {
    let complaints = complaints(path)?;
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(complaints.into())
    }
}

/// What is wrong with a notebook's outputs; empty if nothing is.
fn complaints(path: &Path) -> Result<String, Failed> {
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    if !golden["metadata"]["radio"]["golden"].is_string() {
        let message = "no outputs of the kernel: run scripts/golden/dialect.py with its name";
        return Err(message.into());
    }
    let (executed, said) = run(path)?;
    let mut complaints = String::new();
    let folder = std::fs::canonicalize(path.parent().unwrap_or(Path::new(".")))?;
    let folder = folder.to_string_lossy();
    if code_cells(&golden).count() != code_cells(&executed).count() {
        complaints.push_str("the executed copy has other cells\n");
    }
    let cells = code_cells(&golden).zip(code_cells(&executed));
    for (number, (golden, executed)) in (1..).zip(cells) {
        let source = joined(&golden["source"]);
        let ran = !executed["execution_count"].is_null();
        let got = pieces(&without_accidents(&executed["outputs"], &folder));
        let kernels = pieces(&golden["outputs"]);
        let ours = &golden["metadata"]["radio"];
        let (is_right, expected) = if engine() == "evcxr" {
            as_evcxr(&source, kernels, ours, &got)
        } else if ours["outputs"].is_null() {
            (agree(&source, &kernels, &got), kernels)
        } else {
            let expected = pieces(&ours["outputs"]);
            if expected == kernels {
                let _ = writeln!(
                    complaints,
                    "cell {number}: `differs` is not needed: the kernel gives the same"
                );
            }
            (expected == got, expected)
        };
        if !is_right || !(ran || source.trim().is_empty()) {
            let state = if ran { "" } else { " (not executed)" };
            let _ = writeln!(
                complaints,
                "cell {number}{state}:\n{source}\nexpected {expected:#?}\ngot {got:#?}"
            );
        }
    }
    if !complaints.is_empty() {
        let _ = writeln!(complaints, "radio said:\n{said}");
    }
    Ok(complaints)
}

/// The engine that is tried.
fn engine() -> String {
    std::env::var("RADIO_ENGINE").unwrap_or_else(|_| "compiled".to_owned())
}

/// Whether a cell that evcxr ran within `radio` gave what it gives within the kernel, or what `radio` gives otherwise;
/// and the first of the two.
fn as_evcxr(source: &str, kernels: Vec<Piece>, ours: &Value, got: &[Piece]) -> (bool, Vec<Piece>) {
    let is_radios = !ours["outputs"].is_null() && agree(source, &pieces(&ours["outputs"]), got);
    let (kernels, got) = (first_lines(kernels), &first_lines(got.to_vec())[..]);
    // How a process ended is told in other words, and a backtrace of evcxr's own is another one within another program.
    let of_kernel = Comparable::new(&kernels);
    let has_ended = |piece: &Piece| matches!(piece, Piece::Error { ename, .. } if ename == "Signal" || ename == "Exited");
    let told = |error: &&str| error.starts_with("Subprocess terminated");
    let of_radio = Comparable::new(got);
    let have_both_ended = got.iter().any(has_ended)
        && of_kernel.errors.iter().any(told)
        && (&of_kernel.stdout, &of_kernel.data) == (&of_radio.stdout, &of_radio.data);
    let is_right = is_radios || have_both_ended || agree(source, &kernels, got);
    (is_right, kernels)
}

/// Of what evcxr says in words of its own, the first line is the error and the rest advice.
fn first_lines(mut pieces: Vec<Piece>) -> Vec<Piece> {
    for piece in &mut pieces {
        if let Piece::Error { evalue, .. } = piece {
            evalue.truncate(evalue.find('\n').unwrap_or(evalue.len()));
        }
    }
    pieces
}

/// Runs a notebook; returns the executed copy and what was said on stderr.
fn run(path: &Path) -> Result<(Value, String), Failed> {
    let output = tempfile::tempdir()?;
    let run = Command::new(env!("CARGO_BIN_EXE_radio"))
        .args(["run", "--quiet", "--output"])
        .arg(output.path())
        .arg(path)
        .args(["--engine", &engine()])
        // Of a cell that hangs the test is to tell.
        .args(["--timeout", "300"])
        // The stored outputs are of all cells, and where compiled programs go on, evcxr may not.
        .args((engine() == "evcxr").then_some("--allow-errors"))
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("dialect"),
        )
        // What would make a second compilation quicker takes gigabytes for all notebooks.
        .env("CARGO_INCREMENTAL", "0")
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    let copy = output.path().join(format!("{}.ipynb", stem(path)));
    let text = std::fs::read_to_string(copy)
        .map_err(|error| format!("no executed copy ({error}); radio said:\n{said}"))?;
    Ok((serde_json::from_str(&text)?, said))
}

/// Outputs as the golden ones are stored: without the notebook's folder, times, and the numbers of threads.
fn without_accidents(outputs: &Value, folder: &str) -> Value {
    match outputs {
        Value::String(text) => {
            let text = text.replace(folder, "FOLDER");
            let text = Regex::new(r"Took \d+ms")
                .unwrap()
                .replace_all(&text, "Took 0ms");
            let thread = Regex::new(r"(thread '[^']*') \(\d+\)").unwrap();
            thread.replace_all(&text, "$1").into_owned().into()
        }
        Value::Array(values) => values
            .iter()
            .map(|value| without_accidents(value, folder))
            .collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), without_accidents(value, folder)))
            .collect(),
        other => other.clone(),
    }
}

fn code_cells(notebook: &Value) -> impl Iterator<Item = &Value> {
    let cells = notebook["cells"].as_array().into_iter().flatten();
    cells.filter(|cell| cell["cell_type"] == "code")
}

fn joined(text: &Value) -> String {
    match text {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What an output shows.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Stdout(String),
    Stderr(String),
    /// Content by its type.
    Data(Vec<(String, String)>),
    Error {
        ename: String,
        evalue: String,
    },
}

fn pieces(outputs: &Value) -> Vec<Piece> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let outputs = outputs.as_array().into_iter().flatten();
    let pieces = outputs.map(|output| match output["output_type"].as_str() {
        Some("stream") if output["name"] == "stderr" => Piece::Stderr(joined(&output["text"])),
        Some("stream") => Piece::Stdout(joined(&output["text"])),
        Some("error") => Piece::Error {
            ename: text(&output["ename"]),
            evalue: text(&output["evalue"]),
        },
        _ => {
            let data = output["data"].as_object().into_iter().flatten();
            let data = data.map(|(kind, content)| (kind.clone(), joined(content)));
            Piece::Data(data.collect())
        }
    });
    pieces.collect()
}

/// Whether `got` is what the kernel gave, as far as it can be compared: the kernel mixes stdout and stderr at random,
/// calls every error `Error` and gives an output for each error of the compiler. What is wrong with a command it says
/// in words of its own; what is wrong with Rust, both have from the compiler.
fn agree(source: &str, kernels: &[Piece], got: &[Piece]) -> bool {
    let has_commands = source
        .lines()
        .any(|line| line.trim_start().starts_with([':', '!']));
    let (kernels, got) = (Comparable::new(kernels), Comparable::new(got));
    let errors_agree = match got.errors.first() {
        None => kernels.errors.is_empty(),
        Some(_) if has_commands => !kernels.errors.is_empty(),
        Some(error) => kernels.errors.contains(error),
    };
    errors_agree
        && (kernels.stdout, kernels.stderr, kernels.data) == (got.stdout, got.stderr, got.data)
}

/// What can be compared with the kernel.
#[derive(Default)]
struct Comparable<'p> {
    stdout: String,
    stderr: String,
    data: Vec<&'p [(String, String)]>,
    /// What went wrong, without the compiler's code.
    errors: Vec<&'p str>,
}

impl Comparable<'_> {
    fn new(pieces: &[Piece]) -> Comparable<'_> {
        let mut all = Comparable::default();
        for piece in pieces {
            match piece {
                Piece::Stdout(text) => all.stdout.push_str(text),
                Piece::Stderr(text) => all.stderr.push_str(text),
                Piece::Data(data) => all.data.push(data),
                Piece::Error { evalue, .. } => {
                    let code = evalue.rfind(" [").filter(|_| evalue.ends_with(']'));
                    all.errors.push(&evalue[..code.unwrap_or(evalue.len())]);
                }
            }
        }
        all
    }
}

/// Dependencies whose addresses are absolute cannot lie in a notebook. The kernel gives the same (tried with 0.22.0).
fn a_dependency_from(specification: fn(&Path) -> String) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let shown = folder.path().join("shown");
    std::fs::create_dir_all(shown.join("src"))?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialect/crates/shown");
    for file in ["Cargo.toml", "src/lib.rs"] {
        std::fs::copy(source.join(file), shown.join(file))?;
    }
    let author = ["-c", "user.name=radio", "-c", "user.email=radio@localhost"];
    let commit = ["commit", "--quiet", "--message=A crate"];
    for arguments in [&["init", "--quiet"][..], &["add", "."], &commit] {
        let git = Command::new("git")
            .args(author)
            .args(arguments)
            .current_dir(&shown)
            .output()?;
        if !git.status.success() {
            return Err(String::from_utf8_lossy(&git.stderr).into_owned().into());
        }
    }
    let notebook = folder.path().join("notebook.rs");
    let cell = format!("// %%\n:dep {}\nshown::Plain(3)\n", specification(&shown));
    std::fs::write(&notebook, cell)?;
    let (executed, said) = run(&notebook)?;
    let expected = [Piece::Data(vec![(
        "text/plain".to_owned(),
        "Plain(3)".to_owned(),
    )])];
    let got: Vec<Piece> = code_cells(&executed)
        .flat_map(|cell| pieces(&cell["outputs"]))
        .collect();
    if got != expected {
        return Err(format!("got {got:#?}\nradio said:\n{said}").into());
    }
    Ok(())
}
