//! What could stand at the cursor: names of this cell and of earlier ones, crates, Rust's own words, and commands.

use super::cursor::{Before, look};
use super::libraries::{Offers, in_path};
use super::members::{all_members, members_of};
use super::names::{ItemKind, Names, base_name, pointed_to};
use super::outline::Entry;
use crate::language::{Completions, Match};
use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};
use radio_notebook::dialect::commands::{COMMANDS, SESSION_COMMANDS};
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

/// The commands of a cell's head, without their colons.
fn commands() -> impl Iterator<Item = &'static str> {
    let all = COMMANDS.iter().map(|(name, _)| *name);
    all.chain(SESSION_COMMANDS)
        .filter_map(|name| name.strip_prefix(':'))
}

/// What could stand at the cursor, which is counted in code points. `libraries` is asked only where they can have
/// something.
pub(super) fn complete(
    source: &str,
    cursor: usize,
    names: &Names,
    libraries: &dyn Fn() -> Offers,
) -> Completions {
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
        Before::Command => commands().for_each(|name| offer(name, "keyword")),
        Before::Dot(owner) => {
            for (name, kind) in members(owner.as_deref(), names, libraries) {
                offer(&name, kind);
            }
        }
        Before::Path(path) => {
            for (name, kind) in inside(path, names, libraries) {
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
            names
                .crates
                .iter()
                .for_each(|(name, _)| offer(name, "module"));
            LIBRARIES.iter().for_each(|name| offer(name, "module"));
            TYPES.iter().for_each(|name| offer(name, "class"));
            MACROS.iter().for_each(|name| offer(name, "function"));
            KEYWORDS.iter().for_each(|name| offer(name, "keyword"));
        }
    }
    // The kind that is offered last knows most: a variable of an earlier cell is one in this cell too.
    let mut seen = BTreeSet::new();
    found.retain(|one| {
        !one.text.is_empty() && one.text.starts_with(&at.prefix) && seen.insert(one.text.clone())
    });
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

/// The fields and methods that a variable has; those that it could have, if its type is not known.
fn members(
    owner: Option<&str>,
    names: &Names,
    libraries: &dyn Fn() -> Offers,
) -> Vec<(String, &'static str)> {
    let own: Vec<Entry> = names.outline().filter(|entry| entry.is_member).collect();
    let variable = owner.and_then(|owner| names.variables.iter().find(|v| v.name == owner));
    let of_std =
        |members: Vec<&'static str>| members.into_iter().map(|name| (name.to_owned(), "method"));
    let Some(variable) = variable.filter(|variable| variable.type_name != "_") else {
        let own = own.into_iter().map(|entry| (entry.name, entry.kind));
        return own.chain(of_std(all_members())).collect();
    };
    let type_name = pointed_to(&variable.type_name);
    let name = base_name(type_name);
    if name.is_empty() && !type_name.starts_with('[') {
        // A tuple, a closure.
        return Vec::new();
    }
    let is_own = names.items.iter().any(|item| item.name == name);
    let of_own = own.into_iter().filter(|e| e.owner.as_deref() == Some(name));
    let mut found: Vec<_> = of_own.map(|entry| (entry.name, entry.kind)).collect();
    if is_own {
        return found;
    }
    match members_of(name) {
        Some(members) => found.extend(of_std(members)),
        None => {
            let is_its = |e: &&Entry| e.is_member && e.owner.as_deref() == Some(name);
            let mut more: Vec<_> = Vec::new();
            for (_, entries) in libraries() {
                more.extend(
                    entries
                        .iter()
                        .filter(is_its)
                        .map(|e| (e.name.clone(), e.kind)),
                );
            }
            more.sort();
            found.extend(more);
        }
    }
    found
}

/// What a path leads to: variants, associated functions, contents of a module or a crate.
fn inside(
    path: &str,
    names: &Names,
    libraries: &dyn Fn() -> Offers,
) -> Vec<(String, &'static str)> {
    if path == "crate" {
        let items = names.items.iter();
        return items
            .map(|item| (item.name.clone(), item.kind.word()))
            .collect();
    }
    let last = path.rsplit("::").next().unwrap_or(path);
    let own = names
        .outline()
        .filter(|e| e.owner.as_deref() == Some(last) || e.owner.is_none() && e.module == last);
    let found: Vec<_> = own
        .filter(|entry| entry.kind != "property")
        .map(|entry| (entry.name, entry.kind))
        .collect();
    if !found.is_empty() {
        return found;
    }
    let offers = libraries();
    let mut found: Vec<_> = in_path(path, &offers)
        .map(|entry| (entry.name.clone(), entry.kind))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rust::names::{Item, Variable};
    use crate::rust::outline::outline;
    use proptest::prelude::*;
    use std::sync::Arc;

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
                variable("figure", "std::boxed::Box<plots::Figure>"),
                variable("shared", "std::sync::Arc<P<u8>>"),
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
            crates: vec![("ndarray".into(), "libndarray.rlib".into())],
        }
    }

    fn offers() -> Offers {
        let source = "pub struct Figure; pub type Picture = Figure;
impl Figure { pub fn new() -> Figure { Figure } pub fn caption(self) -> Figure { self } }";
        let chart = "pub fn bars() {}";
        let mut entries = outline(source, "", true);
        entries.extend(outline(chart, "charts", true));
        vec![("plots".into(), Arc::new(entries))]
    }

    fn texts(source: &str) -> Vec<String> {
        let found = complete(source, source.chars().count(), &names(), &offers);
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
        assert_eq!(texts("shared.no"), ["north"]);
        assert_eq!(texts("points.swap_"), ["swap_remove"]);
        assert_eq!(texts("größe.sq"), ["sqrt"]);
        assert_eq!(texts("figure."), ["caption"]);
        assert_eq!(texts("f().len"), ["length", "len", "len_utf8"]);
    }

    #[test]
    fn paths_lead_to_what_is_inside() {
        assert_eq!(texts("Colour::"), ["Red", "Green"]);
        assert_eq!(texts("P::n"), ["new"]);
        assert_eq!(texts("tools::"), ["saw", "Drill"]);
        assert_eq!(texts("crate::Col"), ["Colour"]);
        assert_eq!(texts("plots::"), ["Figure", "Picture"]);
        assert_eq!(texts("plots::charts::"), ["bars"]);
        assert_eq!(texts("charts::ba"), ["bars"]);
        assert_eq!(texts("plots::Picture::"), ["caption", "new"]);
        assert_eq!(texts("Picture::n"), ["new"]);
    }

    #[test]
    fn commands_stand_at_the_head() {
        assert_eq!(texts(":va"), ["vars"]);
        assert_eq!(texts("let a = 1;\n:va"), Vec::<String>::new());
        assert_eq!(texts("\"poi"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn what_is_offered_begins_with_what_is_there(source in "(?s)[a-zA-Z:. \"\n]{0,20}", cursor in 0..25_usize) {
            let found = complete(&source, cursor, &names(), &offers);
            let prefix: String = source.chars().skip(found.start).take(found.end - found.start).collect();
            for one in found.matches {
                prop_assert!(one.text.starts_with(&prefix));
            }
        }
    }
}
