//! What a cell sees of those that ran before it: items, imports, variables, dependencies, and what commands have set.

use crate::dialect::items::{Item, ItemKind};
use crate::dialect::{ExternCrate, Fragment, Import};
use crate::program::Build;
use crate::program::compiled::{Library, Set};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a cell sees. Cheap to copy: there is one for each cell.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The items, in the order of their cells.
    pub items: Vec<Arc<Known>>,
    /// The imports.
    pub imports: Arc<Vec<Placed<Import>>>,
    /// The `extern crate`s.
    pub extern_crates: Vec<Placed<ExternCrate>>,
    /// The `#![...]`s.
    pub attributes: Vec<Placed<Fragment>>,
    /// The libraries that have items, by the names that crates have for them, oldest first.
    pub libraries: Vec<Arc<ItemLibrary>>,
    /// The variables, in the order in which they were declared.
    pub variables: Arc<Vec<Arc<Variable>>>,
    /// Types that were defined again with the same text, old and new: values of the old one are taken as the new one.
    pub same_types: Vec<(String, String)>,
    /// The macros that make items.
    pub item_macros: BTreeSet<String>,
    /// The dependencies, with cargo's specifications.
    pub dependencies: BTreeMap<String, toml::Value>,
    /// The dependencies as they are built.
    pub set: Option<Arc<Set>>,
    /// What commands have set.
    pub settings: Settings,
    /// The variables that are gone, and what has become of them.
    pub gone: BTreeMap<String, Gone>,
    /// Whether cells run in a runtime in which they can wait.
    pub awaits: bool,
}

/// What has become of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// This cell has moved it.
    Moved(u32),
    /// It ended with this cell: it refers to something that did.
    Ended(u32),
    /// Others may change it, in this cell and after it.
    Changed(u32),
}

/// Something that a cell says, and the cell.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The cell's number.
    pub cell: u32,
    /// What it says.
    pub what: Arc<T>,
}

/// An item that holds.
#[derive(Debug)]
pub struct Known {
    /// The cell that says it.
    pub cell: u32,
    /// The item.
    pub item: Arc<Item>,
    /// The library that has it, by the name that crates have for it.
    pub library: String,
    /// The imports that held where it stands.
    pub imports: Arc<Vec<Placed<Import>>>,
    /// Of a `static`: the symbol of what it is, in whichever library it was defined.
    pub symbol: Option<String>,
}

/// A library that has items of a cell.
#[derive(Debug)]
pub struct ItemLibrary {
    /// The name that crates have for it.
    pub name: String,
    /// The library.
    pub library: Library,
    /// The others that it is compiled against, and those that they are.
    pub needs: BTreeSet<String>,
}

/// A variable of an earlier cell.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The cell that declares it.
    pub cell: u32,
    /// Its type, as it can be written in a cell; `None` if it has no name.
    pub of: Option<String>,
    /// Whether it can be changed.
    pub is_mutable: bool,
    /// The variables that refer to it.
    pub lent_to: Vec<String>,
    /// The cell that has lent it.
    pub lent_by: u32,
    /// Whether the variables that refer to it may change it.
    pub changes: bool,
    /// How it was made, where its type has no name.
    pub made: Option<Arc<Making>>,
}

/// The text by which a variable was made: the compiler finds the type of one without a name by looking at it again.
#[derive(Debug)]
pub struct Making {
    /// The statements.
    pub body: Fragment,
    /// The variables that they need.
    pub needs: Vec<Arc<Variable>>,
    /// The variables that they declare, with types.
    pub types: BTreeMap<String, String>,
    /// Every name in them.
    pub words: BTreeSet<String>,
    /// Whether they may return.
    pub returns: bool,
}

/// What commands have set for this cell and those after it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the cells are compiled.
    pub build: Build,
    /// The cells' `:fmt`, and the trait that it asks for.
    pub format: (String, &'static str),
    /// Whether values are shown with their types.
    pub shows_types: bool,
    /// Whether the time of cells is asked for.
    pub times: bool,
    /// The switches without effect that are on.
    pub switches: BTreeSet<&'static str>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            build: Build::default(),
            format: ("{:?}".to_owned(), "Debug"),
            shows_types: false,
            times: false,
            switches: BTreeSet::new(),
        }
    }
}

/// The part of a scope that one crate uses.
#[derive(Debug, Default)]
pub struct Selection {
    /// The items to import: the name of a library, and the item's name there; `*` for all that it has.
    pub items: BTreeSet<(String, String)>,
    /// The imports to repeat.
    pub imports: Vec<Placed<Import>>,
    /// The libraries to compile against, with those that they need.
    pub libraries: BTreeSet<String>,
}

/// What is asked of a scope.
#[derive(Debug)]
pub struct Question<'q> {
    /// The names that the crate mentions.
    pub words: BTreeSet<String>,
    /// The names that the crate defines itself; those of macros end with `!`.
    pub defines: &'q BTreeSet<String>,
    /// Whether the crate may use something without naming it: methods of a trait, what a `*` brings.
    pub is_open: bool,
    /// Whether to take all there is.
    pub takes_all: bool,
}

impl Scope {
    /// What a crate needs of what is there.
    pub fn select(&self, question: Question<'_>) -> Selection {
        let mut wanted = question.words;
        let mut selection = Selection::default();
        let mut chosen_items = vec![false; self.items.len()];
        // The libraries with calls of macros of which nobody knows what they make, by the items that those calls are.
        let mut called: BTreeMap<usize, &String> = BTreeMap::new();
        let mut chosen_imports = vec![false; self.imports.len()];
        loop {
            let mut changed = false;
            for (at, (known, chosen)) in self.items.iter().zip(&mut chosen_items).enumerate() {
                if *chosen {
                    continue;
                }
                let item = &known.item;
                let names: Vec<String> = match item.key() {
                    Some(key) if question.defines.contains(&key) => continue,
                    // It may not be there.
                    Some(key) if item.is_conditional => {
                        let name = key.trim_end_matches('!');
                        if !question.takes_all && !wanted.contains(name) {
                            continue;
                        }
                        vec!["*".to_owned()]
                    }
                    Some(key) => {
                        let name = key.trim_end_matches('!').to_owned();
                        let is_method = |member: &String| wanted.contains(member);
                        let is_wanted = question.takes_all
                            || wanted.contains(&name)
                            || item.is_trait() && item.members.iter().any(is_method);
                        if !is_wanted {
                            continue;
                        }
                        vec![name]
                    }
                    None if item.is_macro_call() || !item.makes.is_empty() => {
                        let made = item.makes.iter();
                        let made = made.filter(|name| !question.defines.contains(*name));
                        let made = made.filter(|name| !self.is_made_later(at, name));
                        let made: Vec<String> = made
                            .filter(|name| question.takes_all || wanted.contains(*name))
                            .cloned()
                            .collect();
                        match item.makes.is_empty() && (question.is_open || question.takes_all) {
                            true => {
                                called.insert(at, &known.library);
                                Vec::new()
                            }
                            false if made.is_empty() => continue,
                            false => made,
                        }
                    }
                    None => continue,
                };
                (*chosen, changed) = (true, true);
                if matches!(item.kind, ItemKind::Macro { .. }) {
                    // What it mentions is looked up where it is called.
                    wanted.extend(item.words.iter().cloned());
                }
                for name in names {
                    selection.items.insert((known.library.clone(), name));
                }
            }
            for (import, chosen) in self.imports.iter().zip(&mut chosen_imports) {
                let what = &import.what;
                if *chosen || question.defines.contains(&what.name) {
                    continue;
                }
                let may_act_unnamed = matches!(what.name.as_str(), "*" | "_")
                    || what.name.starts_with(char::is_uppercase);
                if question.takes_all
                    || wanted.contains(&what.name)
                    || question.is_open && may_act_unnamed
                {
                    (*chosen, changed) = (true, true);
                    wanted.insert(what.head.clone());
                }
            }
            if !changed {
                break;
            }
        }
        // Each has all that those before it make, but for what it makes anew.
        if let Some((_, library)) = called.pop_last() {
            selection.items.insert((library.clone(), "*".to_owned()));
        }
        let chosen = self.imports.iter().zip(chosen_imports);
        let chosen = chosen.filter(|(_, chosen)| *chosen);
        selection.imports = chosen.map(|(import, _)| import.clone()).collect();
        let named = selection.items.iter().map(|(library, _)| library.clone());
        selection.libraries = self.with_needs(named.collect());
        selection
    }

    /// Whether what a macro makes by this name, called by the item at a place, is made by a later item too.
    fn is_made_later(&self, at: usize, name: &String) -> bool {
        let later = self.items[at + 1..].iter().map(|known| &known.item);
        { later }.any(|item| {
            let key = item.key().filter(|_| !item.is_conditional);
            item.makes.contains(name) || key.as_ref() == Some(name)
        })
    }

    /// Libraries with all that they need.
    pub(crate) fn with_needs(&self, names: BTreeSet<String>) -> BTreeSet<String> {
        let mut all = names;
        for library in self.libraries.iter().rev() {
            if all.contains(&library.name) {
                all.extend(library.needs.iter().cloned());
            }
        }
        all
    }

    /// The variable of this name.
    pub fn variable(&self, name: &str) -> Option<&Arc<Variable>> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// The libraries that a type's name goes through.
    pub(crate) fn libraries_in(&self, of: &str) -> BTreeSet<String> {
        let names = of.split(|c: char| c != '_' && !c.is_alphanumeric());
        let names = names.filter(|name| name.starts_with(LIBRARY_PREFIX));
        names.map(str::to_owned).collect()
    }

    /// A type's name with those in it that were defined again with the same text as they are now, if there are any.
    pub(crate) fn as_now(&self, of: &str) -> Option<String> {
        let mut now = of.to_owned();
        for (old, new) in &self.same_types {
            now = replace_path(&now, old, new);
        }
        (now != of).then_some(now)
    }
}

/// How the names begin that crates have for libraries with items.
pub const LIBRARY_PREFIX: &str = "__c_";

/// A text with one path in the place of another.
fn replace_path(text: &str, old: &str, new: &str) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let end = at + old.len();
        let is_whole = !rest[end..].starts_with(|c: char| c == '_' || c.is_alphanumeric());
        done.push_str(&rest[..at]);
        done.push_str(if is_whole { new } else { old });
        rest = &rest[end..];
    }
    done + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_paths_are_replaced() {
        let text = "std::vec::Vec<(__c_1::Point, __c_1::Points, __c_1::Point)>";
        assert_eq!(
            replace_path(text, "__c_1::Point", "__c_2::Point"),
            "std::vec::Vec<(__c_2::Point, __c_1::Points, __c_2::Point)>"
        );
    }
}
