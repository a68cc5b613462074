//! What the compiler said of cells, and how it is told: `diagnostics/recorded` has rustc's own JSON of each example and,
//! beside it, the text that a notebook shows. So what is told is tested without a compiler, and another version of the
//! compiler shows what it says differently.
//!
//! `RADIO_RECORD_MESSAGES=1 cargo test -p radio_notebook --lib messages` asks the compiler anew, and writes both.

use super::super::Cells;
use crate::build::unit::{Outcome, Unit};
use crate::diagnostics::Diagnostic;
use crate::dialect::CellCode;
use crate::program::body::Body;
use crate::program::scope::Scope;
use crate::program::text::{Attempt, Text};
use serde_json::Value;
use std::path::Path;

/// Cells that are wrong, each in another way.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "borrowed_twice",
        "let mut all = vec![1];\nfor one in &all {\n    all.push(*one);\n}",
    ),
    (
        "columns_of_characters",
        "let naïve = \"é\"; let wrong: i32 = naïve;",
    ),
    (
        "exhausted",
        "match true {
    true => 1,
}",
    ),
    (
        "lifetime",
        "let first = { let word = String::from(\"a\"); &word[..1] };
first.len()",
    ),
    ("in_a_macro_of_the_library", "println!(\"{} {}\", 1)"),
    ("method", "let names = vec![1, 2];\nnames.lenght()"),
    ("mismatch", "let wide: u64 = 1;\nlet narrow: u32 = wide;"),
    (
        "moved",
        "let name = String::new();\nlet other = name;\nname",
    ),
    ("name", "let total = 1;\ntotl + 1"),
    ("question_mark", "let five = 5?;"),
    ("unknown_crate_item", "let map = HashMap::new();"),
    ("unsafe_call", "let pointer = 8 as *const u8;\n*pointer"),
];

fn text_of(code: &CellCode) -> Text {
    Body {
        number: 1,
        code,
        commands: &[],
        attempt: &Attempt::default(),
    }
    .write(&Scope::default())
}

/// What the compiler says of a cell.
fn asked(text: &Text) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let cells = Cells::in_target(folder.path(), folder.path().join("target"), None).unwrap();
    let scope = Scope::default();
    let unit = Unit {
        source: &text.source,
        is_shared: false,
        units: Vec::new(),
        set: None,
        settings: &scope.settings.build,
        folder: folder.path(),
    };
    match cells.compiler.compile(&unit).unwrap() {
        Outcome::Refused(messages) => messages,
        Outcome::Library(_) => panic!("the compiler has nothing against it:\n{}", text.source),
    }
}

#[test]
fn what_the_compiler_says_is_told_of_the_cell() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostics/recorded");
    let records = std::env::var_os("RADIO_RECORD_MESSAGES").is_some();
    for (name, source) in EXAMPLES {
        let text = text_of(&CellCode::parse(source).unwrap());
        let (json, told) = (
            folder.join(format!("{name}.json")),
            folder.join(format!("{name}.txt")),
        );
        if records {
            let said = serde_json::to_string_pretty(&asked(&text)).unwrap();
            std::fs::write(&json, said + "\n").unwrap();
        }
        let said: Vec<Value> = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        let errors = said.iter().filter_map(|message| {
            Diagnostic::from_rustc(message, |_, line, column| text.map.place(line, column))
        });
        let shown: Vec<String> = errors
            .map(|e| e.render("a.ipynb", |_| Some(source)))
            .collect();
        let shown = shown.join("\n\n") + "\n";
        if records {
            std::fs::write(&told, &shown).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&told).unwrap(), shown, "{name}");
        assert!(!shown.contains("__radio"), "{name}: {shown}");
    }
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, 2 * EXAMPLES.len(), "a file has no example");
}
