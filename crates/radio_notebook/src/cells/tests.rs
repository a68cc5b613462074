//! What cells become: a file in `programs` for each example has its cells and, below each, the crates that are compiled
//! for it, without the three lines that all crates begin with. They are worth reading before `program` is.
//!
//! After a change that is meant, `RADIO_WRITE_PROGRAMS=1 cargo test -p radio_notebook --lib programs` writes them anew.

use super::{Cells, Refusal, Scope};
use crate::dialect::CellCode;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// The examples: a name, what it shows, and its cells.
const EXAMPLES: &[(&str, &str, &[&str])] = &[
    (
        "01_variables",
        "A variable is kept by its type. Who names it takes it and gives it back; who does not, leaves it alone.",
        &[
            "let start = 5_u64;",
            "let mut total = start + 1;",
            "total += 1;\ntotal",
        ],
    ),
    (
        "02_items",
        "Items are a crate of their own, which later cells are compiled against.",
        &[
            "#[derive(Debug)]\nstruct Song(u32);\nlet one = Song(1);",
            "fn twice(of: &Song) -> u32 { 2 * of.0 }",
            "twice(&one)",
        ],
    ),
    (
        "03_imports",
        "Later cells see the imports of earlier ones, and later ones hide them.",
        &[
            "use std::collections::BTreeMap as Map;",
            "let empty: Map<u8, u8> = Map::new();",
        ],
    ),
    (
        "04_redefined",
        "Where a name is defined again, what uses it is compiled again with it, as in the stock kernel: `cost()` is 20.",
        &[
            "fn rate() -> u32 { 1 }\nfn cost() -> u32 { 10 * rate() }",
            "fn rate() -> u32 { 2 }",
            "(rate(), cost())",
        ],
    ),
    (
        "05_moved",
        "The compiler says what a cell moves; the text is written once more, and later cells do not see the variable.",
        &[
            "let names = vec![String::from(\"a\")];",
            "let taken = names;",
            "taken.len()",
        ],
    ),
    (
        "06_question_mark",
        "`?` ends the cell, and the variables it was given stay.",
        &[
            "let text = String::from(\"12\");",
            "let number: i32 = text.parse()?;",
        ],
    ),
    (
        "07_closures",
        "The type of a closure has no name, so what makes it is written once more where it is used: the two have one type. \
         It is not done again, since `is_never` is always false.",
        &["let add = move |x: u64| x + 1;", "add(2)"],
    ),
    (
        "08_references",
        "A variable that refers to another lives as long as that does.",
        &[
            "let words = vec![String::from(\"a\"), String::from(\"b\")];",
            "let first = &words[0];",
            "first.len()",
        ],
    ),
    (
        "09_statics",
        "A static has one life, in whichever cell it is named.",
        &[
            "static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);",
            "COUNT.load(std::sync::atomic::Ordering::SeqCst)",
        ],
    ),
    (
        "10_macros",
        "A macro is exported from its cell's crate, and later cells import it as they do other items.",
        &[
            "macro_rules! square { ($x:expr) => { $x * $x } }",
            "square!(7)",
        ],
    ),
    (
        "11_shadowed",
        "A variable that is declared again drops the one before at the end of the cell.",
        &["let song = String::from(\"a\");", "let song = song.len();"],
    ),
    (
        "12_shown",
        "The last expression is shown; a command is done by a call before the cell's own statements.",
        &[":timing\n1 + 1"],
    ),
];

/// How many lines all crates begin with: what is not warned of, and the runtime.
const START: usize = 3;

/// Names that are hashes, as numbers in the order in which they come.
#[derive(Default)]
struct Hashes(BTreeMap<String, usize>);

impl Hashes {
    fn numbered(&mut self, text: &str) -> String {
        let mut numbered = String::new();
        let mut word = String::new();
        for character in text.chars().chain(['\n']) {
            if character.is_ascii_hexdigit() && !character.is_ascii_uppercase() {
                word.push(character);
                continue;
            }
            if word.len() == 16 {
                let next = self.0.len() + 1;
                let number = *self.0.entry(word.clone()).or_insert(next);
                let _ = write!(numbered, "#{number}");
            } else {
                numbered.push_str(&word);
            }
            word.clear();
            numbered.push(character);
        }
        numbered.pop();
        numbered
    }
}

/// The texts of the crates that are kept in a target directory, by their names.
fn kept(target: &Path) -> BTreeMap<String, String> {
    let folders = std::fs::read_dir(target.join("radio/cells"));
    let sources = folders.into_iter().flatten().flatten().flat_map(|folder| {
        let files = std::fs::read_dir(folder.path().join("src"));
        files.into_iter().flatten().flatten()
    });
    let texts = sources.map(|file| {
        let text = std::fs::read_to_string(file.path()).unwrap();
        (file.file_name().to_string_lossy().into_owned(), text)
    });
    texts.collect()
}

/// The page of an example, compiled in a folder where nothing else is kept.
fn program(folder: &Path, shows: &str, sources: &[&str]) -> String {
    let target = folder.join("target");
    let _ = std::fs::remove_dir_all(target.join("radio/cells"));
    let mut cells = Cells::in_target(folder, target.clone(), None).unwrap();
    let mut scope = Scope::default();
    let mut hashes = Hashes::default();
    let mut known = BTreeSet::new();
    let mut page = format!("{shows}\n");
    for (number, source) in (1..).zip(sources) {
        let code = CellCode::parse(source).unwrap();
        let compiled = cells.compile(&scope, number, source, &code, &mut |_| {});
        match compiled.unwrap() {
            Ok(compiled) => scope = compiled.scope,
            Err(Refusal::Compiler(said)) => panic!("{source}: {said:?}"),
            Err(Refusal::Dependencies(said)) => panic!("{source}: {said}"),
        }
        let _ = write!(page, "\n# Cell {number}\n\n```rust\n{source}\n```\n");
        let texts = kept(&target);
        let new = texts.iter().filter(|(name, _)| !known.contains(*name));
        // A cell's items have a crate that its function names, so they come first.
        let mut new: Vec<_> = new.map(|(_, text)| text).collect();
        new.sort_by_key(|text| text.contains("__radio_start!"));
        for text in new {
            let what = match text.contains("__radio_start!") {
                true => "Its function",
                false => "Its items",
            };
            let own: Vec<_> = text.lines().skip(START).map(str::trim_end).collect();
            let text = hashes.numbered(&own.join("\n"));
            let _ = write!(page, "\n{what}:\n\n```rust\n{}\n```\n", text.trim());
        }
        known.extend(texts.into_keys());
    }
    page
}

#[test]
fn programs_are_as_they_were_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cells/programs");
    let notebook = tempfile::tempdir().unwrap();
    let writes = std::env::var_os("RADIO_WRITE_PROGRAMS").is_some();
    let mut differ = Vec::new();
    for (name, shows, cells) in EXAMPLES {
        let file = folder.join(format!("{name}.md"));
        let page = program(notebook.path(), shows, cells);
        if writes {
            std::fs::write(&file, &page).unwrap();
        }
        let looked_at = std::fs::read_to_string(&file).unwrap_or_default();
        if looked_at != page {
            differ.push(format!("{}:\n{page}", file.display()));
        }
    }
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, EXAMPLES.len(), "a file has no example");
    assert!(
        differ.is_empty(),
        "these programs are other ones now; if that is meant, see the top of this file:\n{}",
        differ.join("\n")
    );
}
