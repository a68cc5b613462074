//! Tests of the parent module.

use super::*;

fn parse(source: &str) -> CellCode {
    CellCode::parse(source).unwrap_or_else(|e| panic!("{source}: {e:?}"))
}

#[test]
fn a_cell_is_taken_apart_where_it_stands() {
    let cell = parse(
        ":dep rand = \"0.10\"\n// head\nuse std::{fmt, collections::{HashMap as Map, *}};\nfn f() -> i32 { 1 }\nlet a = f(); struct S;\nlet b = a\n    + 1;\na + b",
    );
    assert_eq!(cell.commands.len(), 1);
    let imports: Vec<_> = cell.imports.iter().map(|i| i.text.as_str()).collect();
    assert_eq!(
        imports,
        [
            "use std::fmt;",
            "use std::collections::HashMap as Map;",
            "use std::collections::*;"
        ]
    );
    assert_eq!(
        cell.items
            .iter()
            .map(|i| (i.text.line, i.text.text.trim()))
            .collect::<Vec<_>>(),
        [(4, "pub fn f() -> i32 { 1 }"), (5, "pub struct S;")]
    );
    let body = cell.body.unwrap();
    assert_eq!(body.text.lines().nth(4).unwrap().trim_end(), "let a = f();");
    assert_eq!(body.text.lines().nth(6).unwrap(), "    + 1;");
    let tail = cell.tail.unwrap();
    assert_eq!((tail.line, tail.text.as_str()), (8, "a + b"));
    assert_eq!(cell.declares.into_iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn only_question_marks_of_the_cell_itself_are_marked() {
    let cell = parse("let x = a()?;\nlet f = || -> Option<i32> { b()? };\nc()?");
    assert_eq!(
        cell.body
            .unwrap()
            .text
            .matches("__radio_question_mark")
            .count(),
        1
    );
    assert_eq!(
        cell.tail.unwrap().text,
        "crate::__radio::Try(c()).__radio_question_mark()?"
    );
}

#[test]
fn what_is_shown_is_the_last_expression_without_semicolon() {
    for (source, shown) in [
        ("1", true),
        ("1;", false),
        ("let a = 1;", false),
        ("println!()", true),
        ("for _ in 0..1 {}", true),
        ("// c", false),
        ("", false),
        ("1 // c", true),
        ("fn f() {}", false),
    ] {
        assert_eq!(parse(source).tail.is_some(), shown, "{source}");
    }
}

#[test]
fn a_use_may_lack_its_semicolon() {
    let imports = |source: &str| -> Vec<String> {
        let imports = parse(source).imports.into_iter();
        imports.map(|import| import.text).collect()
    };
    assert_eq!(imports("use a::b"), ["use a::b;"]);
    assert_eq!(
        imports("use a::{b, c}\npub use d::*\nuse ::e as f // why\nlet x = 1 * 2; x"),
        ["use a::b;", "use a::c;", "pub use d::*;", "use ::e as f;"]
    );
    let cell = parse("use a::b\n\nmatch b() { _ => {} }");
    assert_eq!(cell.tail.unwrap().line, 3);
    assert_eq!(cell.body, None);
    for source in ["use a::", "use", "use a::b\nlet x = 1 2;"] {
        assert!(CellCode::parse(source).is_err(), "{source}");
    }
}

#[test]
fn a_command_behind_rust_is_not_one() {
    assert!(matches!(
        CellCode::parse("let a = 1;\n:dep rand"),
        Err(CellError::Syntax { line: 2, .. })
    ));
}

proptest::proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(source in "(?s).{0,80}") {
        let _ = CellCode::parse(&source);
    }

    #[test]
    fn characters_of_any_width_keep_their_columns(text in "[äλ日a ]{0,8}") {
        let source = format!("/*{text}*/ fn f() {{}} let s = \"{text}\"; a()?; s");
        let cell = parse(&source);
        let tail = cell.tail.unwrap().text;
        proptest::prop_assert_eq!(tail.chars().count(), source.chars().count());
    }
}
