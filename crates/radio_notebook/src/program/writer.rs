//! Writes a program's text, and remembers where each of its lines comes from.

use super::Probe;
use crate::dialect::{Chunk, Import};
use crate::generations::{Generation, Placed};
use crate::items::{Item, ItemKind};
use proc_macro2::{LineColumn, TokenStream, TokenTree};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

/// Where a line of the program comes from.
#[derive(Clone, Debug)]
pub struct Line {
    pub cell: u32,
    pub for_cell: u32,
    pub line: u32,
    /// Column and length of what was inserted.
    pub insertions: Vec<(u32, u32)>,
}

/// A program's text so far.
#[derive(Default)]
pub struct Writer {
    pub text: String,
    pub lines: Vec<Option<Line>>,
    pub probes: HashMap<u32, Probe>,
}

impl Writer {
    /// Text of our own; ends with a line end.
    pub fn own(&mut self, text: &str) {
        self.text.push_str(text);
        self.lines.extend(text.matches('\n').map(|_| None));
    }

    pub fn line(&mut self, cell: u32, line: u32, text: &str) {
        let _ = writeln!(self.text, "{text}");
        self.lines.push(Some(Line {
            cell,
            for_cell: cell,
            line,
            insertions: Vec::new(),
        }));
    }

    /// A line of our own that looks at a variable.
    pub fn probe(&mut self, probe: Probe, text: &str) {
        self.own(text);
        self.probes.insert(self.lines.len() as u32, probe);
    }

    /// An import of a generation, which is the module `path`.
    pub fn import(&mut self, import: &Placed<'_, Import>, generation: &Generation<'_>, path: &str) {
        let text = match path {
            "crate" => None,
            _ => import_within(import.what, generation, path),
        };
        let text = text.as_ref().unwrap_or(&import.what.text);
        self.line(import.cell, import.what.line, text);
        self.blame(1, import.for_cell);
    }

    /// An item of the last generation in `scope`. `later` are the generations after it.
    pub fn item(&mut self, item: &Placed<'_, Item>, later: &[Generation<'_>], scope: &Scope) {
        let mut chunk = scope.qualify(&item.what.text);
        if let ItemKind::Macro {
            is_exported: true, ..
        } = &item.what.kind
        {
            // A name is exported once: by its last definition.
            let key = item.what.key();
            let is_replaced = later
                .iter()
                .flat_map(|generation| &generation.items)
                .any(|item| item.what.key() == key);
            if is_replaced {
                chunk.text = not_exported(&chunk.text);
            }
        }
        let before = self.lines.len();
        self.chunk(item.cell, &chunk);
        self.blame(self.lines.len() - before, item.for_cell);
    }

    /// Says for whose sake the last lines are there.
    pub fn blame(&mut self, lines: usize, for_cell: u32) {
        for line in self.lines.iter_mut().rev().take(lines).flatten() {
            line.for_cell = for_cell;
        }
    }

    /// A trailing expression inside a call of our own. What the compiler says of the call, it says of the expression.
    pub fn shown(&mut self, cell: u32, tail: &Chunk, call: &str) {
        let indent = tail.text.chars().take_while(|&c| c == ' ').count();
        self.line(cell, tail.line, &format!("{}{call}", " ".repeat(indent)));
        if let Some(Some(line)) = self.lines.last_mut() {
            line.insertions
                .push((indent as u32 + 1, call.chars().count() as u32));
        }
        self.chunk(
            cell,
            &Chunk {
                text: format!("{});", tail.text),
                ..tail.clone()
            },
        );
    }

    pub fn chunk(&mut self, cell: u32, chunk: &Chunk) {
        for (index, text) in chunk.text.lines().enumerate() {
            let line = chunk.line + index as u32;
            self.line(cell, line, text);
            let here = chunk.insertions.iter().filter(|(at, ..)| *at == line);
            if let Some(Some(last)) = self.lines.last_mut() {
                last.insertions = here.map(|&(_, column, length)| (column, length)).collect();
            }
        }
    }
}

/// The text of a macro without its `#[macro_export]`.
pub fn not_exported(text: &str) -> String {
    text.replacen("macro_export", "allow(unused)", 1)
}

/// A `use` as it has to be in a generation other than the first one: `path` goes before what is the crate's, and all that a
/// new definition has is named, since a `*` of its own would not go before the one that brings in what is older. `None` if it
/// may stay as it is.
fn import_within(import: &Import, generation: &Generation<'_>, path: &str) -> Option<String> {
    let (visibility, tree) = import.text.rsplit_once("use ")?;
    let head = &import.head;
    let local = generation
        .items
        .iter()
        .find(|item| item.what.owning_name() == Some(head));
    let (from, rest) = if let Some(rest) = tree.strip_prefix("crate::") {
        (path, rest)
    } else if let Some(rest) = tree.strip_prefix("self::") {
        ("self", rest)
    } else if tree.starts_with("::") || local.is_none() {
        return None;
    } else {
        ("self", tree)
    };
    let rest = match local {
        Some(local) if *rest == format!("{head}::*;") && !local.what.members.is_empty() => {
            let before = generation.imports.iter();
            let mut before = before.take_while(|other| !std::ptr::eq(other.what, import));
            if before.any(|other| other.what.name == "*" && other.what.head == *head) {
                // They have been named.
                return Some(format!("{visibility}use {from}::{rest}"));
            }
            let is_taken = |name: &&String| {
                let key = Some(name.as_str());
                generation
                    .items
                    .iter()
                    .any(|i| i.what.key().as_deref() == key)
                    || generation
                        .imports
                        .iter()
                        .any(|i| Some(i.what.name.as_str()) == key)
            };
            let members = local.what.members.iter().filter(|name| !is_taken(name));
            let members: Vec<&str> = members.map(String::as_str).collect();
            format!("{head}::{{{}}};", members.join(", "))
        }
        _ => rest.to_owned(),
    };
    Some(format!("{visibility}use {from}::{rest}"))
}

/// Where the newest definitions are.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The module of the last generation.
    pub path: String,
    /// The types and modules of all generations.
    names: BTreeSet<String>,
}

impl Scope {
    pub fn new() -> Scope {
        Scope {
            path: "crate".to_owned(),
            names: BTreeSet::new(),
        }
    }

    /// Goes on to the next generation.
    pub fn enter(&mut self, index: usize, generation: &Generation<'_>) {
        if index > 0 {
            self.path.push_str(&format!("::__radio_generation_{index}"));
        }
        let items = generation.items.iter();
        let names = items.filter_map(|item| item.what.owning_name());
        self.names.extend(names.map(str::to_owned));
    }

    /// The piece with its paths going through the module: those that begin with `crate::`, and those of a `use` that begin
    /// with a type or a module, whose name would be ambiguous where the module has it and brings in an older one.
    pub fn qualify(&self, chunk: &Chunk) -> Chunk {
        let mut chunk = chunk.clone();
        let Some(module) = self
            .path
            .strip_prefix("crate")
            .filter(|path| !path.is_empty())
        else {
            return chunk;
        };
        if !chunk.text.contains("crate") && !chunk.text.contains("use") {
            return chunk;
        }
        let mut places = Vec::new();
        self.find_paths(chunk.text.parse().unwrap_or_default(), &mut places);
        let whole = format!("{}::", self.path);
        let first_line = chunk.line;
        // From the last to the first, so that those that are left stay where they are.
        for (at, is_crate) in places.into_iter().rev() {
            let inserted = if is_crate { module } else { &whole };
            let (line, column) = (first_line + at.line as u32 - 1, at.column as u32 + 1);
            let lines = chunk.text.split_inclusive('\n').take(at.line - 1);
            let start: usize = lines.map(str::len).sum();
            let before = chunk.text[start..].chars().take(at.column);
            let bytes: usize = before.map(char::len_utf8).sum();
            chunk.text.insert_str(start + bytes, inserted);
            let length = inserted.chars().count() as u32;
            for (on, behind, _) in &mut chunk.insertions {
                if *on == line && *behind >= column {
                    *behind += length;
                }
            }
            chunk.insertions.push((line, column, length));
            chunk.insertions.sort_unstable();
        }
        chunk
    }

    /// Finds where the module's path has to go: behind a `crate` (true), or before a name.
    fn find_paths(&self, tokens: TokenStream, places: &mut Vec<(LineColumn, bool)>) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_mark = |at: Option<usize>, mark: char| {
            let token = at.and_then(|at| tokens.get(at));
            matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
        };
        let is_path = |at: usize| is_mark(Some(at + 1), ':') && is_mark(Some(at + 2), ':');
        let word = |at: usize| match tokens.get(at) {
            Some(TokenTree::Ident(word)) => Some(word.to_string()),
            _ => None,
        };
        for (at, token) in tokens.iter().enumerate() {
            match token {
                // A module within has names of its own.
                TokenTree::Group(group) => {
                    let is_module = at > 1 && word(at - 2).as_deref() == Some("mod");
                    let none = Scope {
                        path: String::new(),
                        names: BTreeSet::new(),
                    };
                    let scope = if is_module { &none } else { self };
                    scope.find_paths(group.stream(), places);
                }
                TokenTree::Ident(name) if name == "crate" && is_path(at) => {
                    let is_ours = word(at + 3).is_some_and(|name| name.starts_with("__radio"));
                    let is_macro = is_mark(Some(at + 4), '!') && !is_mark(Some(at + 5), '=');
                    let is_of_macro = is_mark(at.checked_sub(1), '$');
                    if !is_ours && !is_macro && !is_of_macro {
                        places.push((name.span().end(), true));
                    }
                }
                TokenTree::Ident(name)
                    if is_path(at)
                        && at > 0
                        && word(at - 1).as_deref() == Some("use")
                        && self.names.contains(&name.to_string()) =>
                {
                    places.push((name.span().start(), false));
                }
                _ => {}
            }
        }
    }
}
