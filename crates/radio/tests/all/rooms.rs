//! The house: within a crate, each folder or file at the top is a room, and rooms do not import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::visit::Visit;

/// The modules at the top of a crate that a file names.
#[derive(Default)]
struct Named {
    rooms: BTreeSet<String>,
    /// Whether the file lies at the top itself, so that `super` is the crate.
    is_at_top: bool,
}

impl Named {
    fn is_crate(&self, name: &syn::Ident) -> bool {
        name == "crate" || (self.is_at_top && name == "super")
    }

    fn of_tree(&mut self, tree: &syn::UseTree, is_in_crate: bool) {
        match tree {
            syn::UseTree::Path(part) if is_in_crate => {
                self.rooms.insert(part.ident.to_string());
            }
            syn::UseTree::Path(part) if self.is_crate(&part.ident) => {
                self.of_tree(&part.tree, true);
            }
            syn::UseTree::Name(name) if is_in_crate => {
                self.rooms.insert(name.ident.to_string());
            }
            syn::UseTree::Group(group) => {
                let trees = group.items.iter();
                trees.for_each(|tree| self.of_tree(tree, is_in_crate));
            }
            _ => {}
        }
    }
}

impl<'a> Visit<'a> for Named {
    fn visit_item(&mut self, item: &'a syn::Item) {
        let is_test = matches!(item, syn::Item::Mod(module) if module.ident == "tests");
        if !is_test {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.of_tree(&item.tree, false);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let mut names = path.segments.iter().map(|segment| &segment.ident);
        if let (Some(first), Some(room)) = (names.next(), names.next())
            && self.is_crate(first)
        {
            self.rooms.insert(room.to_string());
        }
        syn::visit::visit_path(self, path);
    }
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// What each room of a crate imports.
fn imports(source: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut files = Vec::new();
    rust_files(source, &mut files);
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let inside = file.strip_prefix(source).unwrap();
        let first = Path::new(inside.iter().next().unwrap());
        let room = first.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        // Tests may know more, and what `include_str!` takes is no module.
        if file.ends_with("tests.rs") || text.starts_with("// %%") {
            continue;
        }
        let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut named = Named {
            is_at_top: inside.components().count() == 1,
            ..Named::default()
        };
        named.visit_file(&parsed);
        imports.entry(room).or_default().extend(named.rooms);
    }
    let rooms: BTreeSet<String> = imports.keys().cloned().collect();
    for (room, named) in &mut imports {
        named.retain(|name| name != room && rooms.contains(name));
    }
    imports
}

#[test]
fn no_rooms_import_each_other_in_a_circle() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in [
        "radio",
        "radio_document",
        "radio_evcxr",
        "radio_kernel",
        "radio_notebook",
        "radio_pages",
    ] {
        let mut imports = imports(&crates.join(name).join("src"));
        assert!(imports.len() > 3, "{name}: {imports:?}");
        // Rooms that import nothing that is left are taken out, floor by floor.
        loop {
            let free: Vec<String> = imports
                .iter()
                .filter(|(_, named)| named.is_empty())
                .map(|(room, _)| room.clone())
                .collect();
            if free.is_empty() {
                break;
            }
            for room in free {
                imports.remove(&room);
                imports.values_mut().for_each(|named| {
                    named.remove(&room);
                });
            }
        }
        assert!(
            imports.is_empty(),
            "{name}: in circles, or above them: {imports:#?}"
        );
    }
}

#[test]
fn the_library_s_rooms_import_what_lies_below_them() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let imports = imports(&crates.join("radio_notebook/src"));
    for (room, never) in [
        (
            "dialect",
            &["program", "build", "run", "cells", "execute"][..],
        ),
        ("program", &["build", "run", "cells", "execute"]),
        ("build", &["run", "cells", "execute"]),
        ("run", &["build", "cells", "execute"]),
    ] {
        let named = imports
            .get(room)
            .unwrap_or_else(|| panic!("no room {room}"));
        for other in never {
            assert!(!named.contains(*other), "{room} imports {other}");
        }
    }
}
