//! What could stand at the cursor: names of this cell and of earlier ones, crates, Rust's own words, and commands.

use super::cursor::{Before, look};
use super::names::{Item, ItemKind, Names};
use crate::language::{Completions, Match};
use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, is_id_continue, tokenize};
use std::collections::BTreeSet;

/// Rust's keywords that begin or join something one writes in a cell.
const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern",
    "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "type", "unsafe", "use",
    "where", "while",
];

/// The types and traits that are there without a `use`.
const TYPES: &[&str] = &[
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "Eq",
    "Err",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Hash",
    "Into",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Self",
    "Send",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Vec",
    "bool",
    "char",
    "f32",
    "f64",
    "i128",
    "i16",
    "i32",
    "i64",
    "i8",
    "isize",
    "str",
    "u128",
    "u16",
    "u32",
    "u64",
    "u8",
    "usize",
];

/// The macros that are there without a `use`.
const MACROS: &[&str] = &[
    "assert!",
    "assert_eq!",
    "assert_ne!",
    "cfg!",
    "concat!",
    "dbg!",
    "debug_assert!",
    "env!",
    "eprint!",
    "eprintln!",
    "format!",
    "include_bytes!",
    "include_str!",
    "line!",
    "macro_rules!",
    "matches!",
    "panic!",
    "print!",
    "println!",
    "thread_local!",
    "todo!",
    "unimplemented!",
    "unreachable!",
    "vec!",
    "write!",
    "writeln!",
];

/// Rust's own libraries.
const LIBRARIES: &[&str] = &["alloc", "core", "std"];

/// The commands of a cell's head.
pub(super) const COMMANDS: &[&str] = &[
    "build_env",
    "clear",
    "dep",
    "doc",
    "efmt",
    "env",
    "explain",
    "fmt",
    "help",
    "last_compile_dir",
    "linker",
    "offline",
    "opt",
    "restart",
    "show_deps",
    "timing",
    "type",
    "types",
    "vars",
    "version",
];

/// What could stand at the cursor, which is counted in code points.
pub fn complete(source: &str, cursor: usize, names: &Names) -> Completions {
    let at = look(source, cursor);
    let mut found: Vec<Match> = Vec::new();
    let mut offer = |text: &str, kind: &str| {
        found.push(Match {
            text: text.into(),
            kind: kind.into(),
        })
    };
    match &at.before {
        Before::NoName => {}
        Before::Command => COMMANDS.iter().for_each(|name| offer(name, "keyword")),
        Before::Dot(owner) => {
            for (name, kind) in members(owner.as_deref(), names) {
                offer(&name, kind);
            }
        }
        Before::Path(path) => {
            for (name, kind) in inside(path, names) {
                offer(&name, kind);
            }
        }
        Before::Free => {
            let own = own_names(source, &at.prefix);
            own.iter().for_each(|name| offer(name, "variable"));
            names
                .variables
                .iter()
                .for_each(|v| offer(&v.name, "variable"));
            names.items.iter().for_each(|item| match item.kind {
                ItemKind::Macro => offer(&format!("{}!", item.name), item.kind.word()),
                _ => offer(&item.name, item.kind.word()),
            });
            names.crates.iter().for_each(|name| offer(name, "module"));
            LIBRARIES.iter().for_each(|name| offer(name, "module"));
            TYPES.iter().for_each(|name| offer(name, "class"));
            MACROS.iter().for_each(|name| offer(name, "function"));
            KEYWORDS.iter().for_each(|name| offer(name, "keyword"));
        }
    }
    // The kind that is offered last knows most: a variable of an earlier cell is one in this cell too.
    let mut seen = BTreeSet::new();
    found.retain(|one| one.text.starts_with(&at.prefix) && seen.insert(one.text.clone()));
    let end = at.start + at.prefix.chars().count();
    Completions {
        matches: found,
        start: at.start,
        end,
    }
}

/// The names that this cell mentions besides the one that is being written.
fn own_names<'a>(source: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let mut at = 0;
    let mut found = BTreeSet::new();
    for token in tokenize(source, FrontmatterAllowed::No) {
        let text = &source[at..at + token.len as usize];
        at += token.len as usize;
        if token.kind == TokenKind::Ident && text != prefix && text.len() > 1 && !is_rusts(text) {
            found.insert(text);
        }
    }
    found
}

fn is_rusts(name: &str) -> bool {
    let is_macro = MACROS
        .iter()
        .any(|with_mark| with_mark.strip_suffix('!') == Some(name));
    is_macro || KEYWORDS.contains(&name) || TYPES.contains(&name) || LIBRARIES.contains(&name)
}

/// The fields and methods that a variable of a type of the notebook's own has; those of all such types, if it is not known which.
fn members(owner: Option<&str>, names: &Names) -> Vec<(String, &'static str)> {
    let variable = owner.and_then(|owner| names.variables.iter().find(|v| v.name == owner));
    let wanted = variable.map(|variable| base_name(&variable.type_name));
    let is_wanted = |name: &str| wanted.is_none_or(|wanted| wanted == name);
    let mut found = Vec::new();
    for item in &names.items {
        let Ok(parsed) = syn::parse_str::<syn::Item>(&item.source) else {
            continue;
        };
        match parsed {
            syn::Item::Struct(item) if is_wanted(&item.ident.to_string()) => {
                found.extend(
                    item.fields
                        .iter()
                        .filter_map(|f| Some((f.ident.as_ref()?.to_string(), "property"))),
                );
            }
            syn::Item::Impl(item) => {
                let of = type_name(&item.self_ty);
                if of.is_some_and(|of| is_wanted(&of)) {
                    found.extend(methods(&item, true));
                }
            }
            _ => {}
        }
    }
    found
}

/// What a path to an item of the notebook's own leads to: variants, associated functions, contents of a module.
fn inside(path: &str, names: &Names) -> Vec<(String, &'static str)> {
    let last = path.rsplit("::").next().unwrap_or(path);
    let mut found = Vec::new();
    for item in &names.items {
        match syn::parse_str::<syn::Item>(&item.source) {
            Ok(syn::Item::Enum(item)) if item.ident == last => {
                found.extend(item.variants.iter().map(|v| (v.ident.to_string(), "enum")));
            }
            Ok(syn::Item::Impl(item)) if type_name(&item.self_ty).as_deref() == Some(last) => {
                found.extend(methods(&item, false));
            }
            Ok(syn::Item::Mod(item)) if item.ident == last => {
                let contents = item.content.iter().flat_map(|(_, items)| items);
                found.extend(contents.filter_map(named));
            }
            _ => {}
        }
    }
    if path == "crate" {
        found.extend(
            names
                .items
                .iter()
                .map(|Item { name, kind, .. }| (name.clone(), kind.word())),
        );
    }
    found
}

fn named(item: &syn::Item) -> Option<(String, &'static str)> {
    Some(match item {
        syn::Item::Fn(item) => (item.sig.ident.to_string(), "function"),
        syn::Item::Struct(item) => (item.ident.to_string(), "class"),
        syn::Item::Enum(item) => (item.ident.to_string(), "class"),
        syn::Item::Type(item) => (item.ident.to_string(), "class"),
        syn::Item::Trait(item) => (item.ident.to_string(), "interface"),
        syn::Item::Mod(item) => (item.ident.to_string(), "module"),
        syn::Item::Const(item) => (item.ident.to_string(), "constant"),
        syn::Item::Static(item) => (item.ident.to_string(), "constant"),
        _ => return None,
    })
}

/// The functions of an `impl`: those that take `self`, or all.
fn methods(item: &syn::ItemImpl, with_self: bool) -> impl Iterator<Item = (String, &'static str)> {
    item.items.iter().filter_map(move |item| match item {
        syn::ImplItem::Fn(f) if !with_self || f.sig.receiver().is_some() => {
            Some((f.sig.ident.to_string(), "method"))
        }
        _ => None,
    })
}

fn type_name(of: &syn::Type) -> Option<String> {
    match of {
        syn::Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// `P` of `&mut crate::P<'_, u8>`.
fn base_name(type_name: &str) -> &str {
    let name = type_name.trim_start_matches(['&', '*', ' ']);
    let name = name
        .strip_prefix("mut ")
        .or_else(|| name.strip_prefix("const "))
        .unwrap_or(name);
    let path = name.split('<').next().unwrap_or(name).trim();
    &path[path.trim_end_matches(is_id_continue).len()..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rust::Variable;
    use proptest::prelude::*;

    fn item(name: &str, kind: ItemKind, source: &str) -> Item {
        Item {
            name: name.into(),
            kind,
            source: source.into(),
        }
    }

    fn names() -> Names {
        let variable = |name: &str, type_name: &str| Variable {
            name: name.into(),
            type_name: type_name.into(),
        };
        Names {
            variables: vec![
                variable("point", "&mut P<u8>"),
                variable("points", "Vec<P<u8>>"),
                variable("größe", "f64"),
            ],
            items: vec![
                item(
                    "P",
                    ItemKind::Type,
                    "pub struct P<T> { pub east: T, pub north: T }",
                ),
                item(
                    "P",
                    ItemKind::Type,
                    "impl<T> P<T> { fn length(&self) -> f64 { 0.0 } fn new() -> Self { todo!() } }",
                ),
                item("Colour", ItemKind::Type, "enum Colour { Red, Green }"),
                item(
                    "square",
                    ItemKind::Macro,
                    "macro_rules! square { ($x:expr) => { $x * $x } }",
                ),
                item(
                    "tools",
                    ItemKind::Module,
                    "mod tools { pub fn saw() {} pub struct Drill; }",
                ),
            ],
            crates: vec!["ndarray".into()],
        }
    }

    fn texts(source: &str) -> Vec<String> {
        let found = complete(source, source.chars().count(), &names());
        found.matches.into_iter().map(|one| one.text).collect()
    }

    #[test]
    fn names_of_earlier_cells_come_first() {
        assert_eq!(texts("let a = poi"), ["point", "points"]);
        assert_eq!(texts("gr"), ["größe"]);
        assert_eq!(texts("squ"), ["square!"]);
        assert_eq!(texts("use nda"), ["ndarray"]);
        assert_eq!(
            texts("let pointless = 1; poi"),
            ["pointless", "point", "points"]
        );
        assert_eq!(texts("printl"), ["println!"]);
        assert_eq!(texts("wh"), ["where", "while"]);
    }

    #[test]
    fn members_are_those_of_the_variables_type() {
        assert_eq!(texts("point."), ["east", "north", "length"]);
        assert_eq!(texts("point.no"), ["north"]);
        assert_eq!(texts("points."), Vec::<String>::new());
        assert_eq!(texts("f().len"), ["length"]);
    }

    #[test]
    fn paths_lead_to_what_is_inside() {
        assert_eq!(texts("Colour::"), ["Red", "Green"]);
        assert_eq!(texts("P::n"), ["new"]);
        assert_eq!(texts("tools::"), ["saw", "Drill"]);
        assert_eq!(texts("crate::Col"), ["Colour"]);
    }

    #[test]
    fn commands_stand_at_the_head() {
        assert_eq!(texts(":va"), ["vars"]);
        assert_eq!(texts("let a = 1;\n:va"), Vec::<String>::new());
        assert_eq!(texts("\"poi"), Vec::<String>::new());
    }

    #[test]
    fn the_type_of_a_type() {
        for (whole, base) in [
            ("P", "P"),
            ("&'static str", "str"),
            ("&mut a::P<b::Q>", "P"),
            ("[u8; 3]", ""),
            ("", ""),
        ] {
            assert_eq!(base_name(whole), base, "{whole}");
        }
    }

    proptest! {
        #[test]
        fn what_is_offered_begins_with_what_is_there(source in "(?s)[a-zA-Z:. \"\n]{0,20}", cursor in 0..25_usize) {
            let found = complete(&source, cursor, &names());
            let prefix: String = source.chars().skip(found.start).take(found.end - found.start).collect();
            for one in found.matches {
                prop_assert!(one.text.starts_with(&prefix));
            }
        }
    }
}
