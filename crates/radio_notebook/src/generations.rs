//! Items that a later cell defines again: which definition holds from which cell on.
//!
//! As long as no name is defined twice, all items of a notebook live together at the crate's root, the only *generation*. A
//! cell that defines a name again begins a new one. A generation has the new definitions, and copies of all that depends on
//! them; the rest it shares with the one before, so that a value made earlier keeps its type where it can. An earlier caller
//! of a function that is defined again is such a copy: it calls the new one from then on, as in evcxr.

use crate::dialect::{CellCode, Import};
use crate::items::{Item, ItemKind};
use crate::program::ProgramCell;
use std::collections::BTreeSet;

/// What one generation adds to the one before it.
#[derive(Debug, Default)]
pub struct Generation<'a> {
    /// The cell from which on it holds.
    pub from: u32,
    /// Its imports.
    pub imports: Vec<Placed<'a, Import>>,
    /// Its items.
    pub items: Vec<Placed<'a, Item>>,
}

/// Something that a cell says, in the place where it takes effect.
#[derive(Debug)]
pub struct Placed<'a, T> {
    /// The cell that says it.
    pub cell: u32,
    /// The cell for whose sake it stands here, which is to blame if it does not compile.
    pub for_cell: u32,
    /// What it says.
    pub what: &'a T,
}

impl<T> Clone for Placed<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Placed<'_, T> {}

/// A definition that holds at some point.
#[derive(Clone, Copy)]
enum Definition<'a> {
    Item(Placed<'a, Item>),
    Import(Placed<'a, Import>),
}

impl Definition<'_> {
    fn key(&self) -> Option<String> {
        match self {
            Definition::Item(item) => item.what.key(),
            Definition::Import(import) => has_name(import.what).then(|| import.what.name.clone()),
        }
    }

    /// Whether it depends on one of these names.
    fn mentions(&self, names: &BTreeSet<String>) -> bool {
        match self {
            Definition::Item(item) => !item.what.mentions.is_disjoint(names),
            Definition::Import(import) => names.contains(&import.what.head),
        }
    }
}

fn has_name(import: &Import) -> bool {
    !matches!(import.name.as_str(), "*" | "_")
}

/// The generations of the items of these cells; there is always a first one. Where `each_cell_alone`, every cell that defines
/// something begins one.
pub fn generations<'a>(cells: &[ProgramCell<'a>], each_cell_alone: bool) -> Vec<Generation<'a>> {
    let mut all: Vec<Generation<'a>> = vec![Generation::default()];
    let mut in_effect: Vec<Definition<'a>> = Vec::new();
    for cell in cells {
        let items = standing_items(cell.code);
        let definition_of = |key: &str| in_effect.iter().find(|d| d.key().as_deref() == Some(key));
        // The names that this cell defines again: with them goes what depends on them, or, for an import, they alone.
        let (mut again, mut imported_again) = (BTreeSet::new(), BTreeSet::new());
        let mut unchanged = BTreeSet::new();
        for item in &items {
            let Some(key) = item.key() else { continue };
            match definition_of(&key) {
                Some(Definition::Item(old)) if is_same(old, item, cell.code, cells) => {
                    unchanged.insert(key);
                }
                Some(_) => {
                    again.insert(key);
                }
                None => {}
            }
        }
        let mut imports: Vec<&Import> = Vec::new();
        for import in &cell.code.imports {
            if imports.iter().any(|known| known.text == import.text) {
                continue;
            }
            match definition_of(&import.name) {
                Some(Definition::Import(old)) if old.what.text == import.text => continue,
                Some(Definition::Import(_)) => {
                    imported_again.insert(import.name.clone());
                }
                Some(Definition::Item(_)) => {
                    again.insert(import.name.clone());
                }
                None if !has_name(import) && is_in_effect(&in_effect, import) => continue,
                None => {}
            }
            imports.push(import);
        }
        let defines = !cell.code.items.is_empty() || !cell.code.imports.is_empty();
        if !again.is_empty() || !imported_again.is_empty() || (each_cell_alone && defines) {
            all.push(begin_generation(
                cell.number,
                &again,
                &imported_again,
                &mut in_effect,
            ));
        }
        for import in imports {
            let is_it = |key: Option<String>| key.as_ref() == Some(&import.head);
            let is_local = in_effect.iter().any(|definition| is_it(definition.key()))
                || items.iter().any(|item| is_it(item.key()));
            let placed = Placed {
                cell: cell.number,
                for_cell: cell.number,
                what: import,
            };
            // Two globs of one scope clash where their names do; what the root defines itself goes before the root's globs.
            let at = match import.name == "*" && !is_local {
                true => 0,
                false => all.len() - 1,
            };
            all[at].imports.push(placed);
            in_effect.push(Definition::Import(placed));
        }
        // A cell that is run again, or copied, implements nothing twice.
        let is_implemented = |item: &Item| {
            let is_it = |definition: &Definition<'_>| {
                matches!(definition, Definition::Item(old)
                if old.what.tokens == item.tokens && matches!(item.kind, ItemKind::Impl { .. }))
            };
            in_effect.iter().any(is_it)
        };
        let is_new = |item: &&Item| {
            if is_implemented(item) {
                return false;
            }
            let name = item.key().or_else(|| item.owner.clone());
            name.is_none_or(|name| !unchanged.contains(&name))
        };
        let new: Vec<&Item> = items.into_iter().filter(is_new).collect();
        for item in new {
            let placed = Placed {
                cell: cell.number,
                for_cell: cell.number,
                what: item,
            };
            let last = all.len() - 1;
            all[last].items.push(placed);
            in_effect.push(Definition::Item(placed));
        }
    }
    all
}

fn is_in_effect(in_effect: &[Definition<'_>], import: &Import) -> bool {
    in_effect
        .iter()
        .any(|d| matches!(d, Definition::Import(old) if old.what.text == import.text))
}

/// The items of a cell without those that the same cell defines again.
fn standing_items(code: &CellCode) -> Vec<&Item> {
    let is_replaced = |at: usize, name: &str, is_it: &dyn Fn(&Item) -> bool| {
        let same = |later: &Item| later.owning_name() == Some(name) && is_it(later);
        code.items[at + 1..].iter().any(same)
    };
    let stands = |(at, item): &(usize, &Item)| match (&item.kind, &item.owner) {
        (ItemKind::Type(name), _) => {
            !is_replaced(*at, name, &|later| matches!(later.kind, ItemKind::Type(_)))
        }
        (ItemKind::Named(name), _) => {
            !is_replaced(*at, name, &|later| matches!(later.kind, ItemKind::Named(_)))
        }
        (_, Some(owner)) => !is_replaced(*at, owner, &|_| true),
        _ => true,
    };
    code.items
        .iter()
        .enumerate()
        .filter(stands)
        .map(|(_, item)| item)
        .collect()
}

/// Whether a definition that holds, with the `impl`s that go with it, says the same as one of a later cell.
fn is_same(old: &Placed<'_, Item>, new: &Item, cell: &CellCode, cells: &[ProgramCell<'_>]) -> bool {
    let Some(old_cell) = cells.iter().find(|cell| cell.number == old.cell) else {
        return false;
    };
    let group = |item: &Item, code: &CellCode| -> Vec<String> {
        let owned = code
            .items
            .iter()
            .filter(|i| i.owner.is_some() && i.owner.as_deref() == item.owning_name());
        let all = std::iter::once(item).chain(owned);
        all.map(|item| item.tokens.clone()).collect()
    };
    group(old.what, old_cell.code) == group(new, cell)
}

/// Takes out of effect what `again` replaces, and copies what depends on it.
fn begin_generation<'a>(
    from: u32,
    again: &BTreeSet<String>,
    imported_again: &BTreeSet<String>,
    in_effect: &mut Vec<Definition<'a>>,
) -> Generation<'a> {
    in_effect.retain(|definition| {
        let is_replaced = definition
            .key()
            .is_some_and(|key| again.contains(&key) || imported_again.contains(&key));
        let goes_with = matches!(definition, Definition::Item(item)
            if item.what.owner.as_ref().is_some_and(|owner| again.contains(owner)));
        !is_replaced && !goes_with
    });
    let plain = |key: &String| key.trim_end_matches('!').to_owned();
    let mut names: BTreeSet<String> = again.iter().map(plain).collect();
    let types: BTreeSet<String> = in_effect
        .iter()
        .filter_map(|definition| match definition {
            Definition::Item(item) => match &item.what.kind {
                ItemKind::Type(name) => Some(name.clone()),
                _ => None,
            },
            Definition::Import(_) => None,
        })
        .collect();
    // Everything that depends on a name that is defined again, on something that does, and so on.
    let mut is_copied = vec![false; in_effect.len()];
    loop {
        let mut changed = false;
        for (definition, copied) in in_effect.iter().zip(&mut is_copied) {
            if *copied {
                continue;
            }
            if let Definition::Item(item) = definition
                && let ItemKind::Impl { of, header } = &item.what.kind
            {
                *copied = !header.is_disjoint(&names);
                // A type shared with the generation before cannot have its methods twice: it becomes new as well.
                if let Some(of) = of.as_ref().filter(|of| types.contains(*of))
                    && definition.mentions(&names)
                {
                    names.insert(of.clone());
                    *copied = true;
                }
            } else {
                let key = definition.key();
                *copied = definition.mentions(&names)
                    || key.as_ref().is_some_and(|key| names.contains(&plain(key)));
                if *copied {
                    names.extend(key.map(|key| plain(&key)));
                }
            }
            changed |= *copied;
        }
        if !changed {
            break;
        }
    }
    let mut generation = Generation {
        from,
        ..Generation::default()
    };
    for (definition, copied) in in_effect.iter().zip(is_copied) {
        match definition {
            // A macro's names are looked up where it is called.
            Definition::Item(item)
                if copied && !matches!(item.what.kind, ItemKind::Macro { .. }) =>
            {
                generation.items.push(Placed {
                    for_cell: from,
                    ..*item
                });
            }
            Definition::Import(import) if copied => generation.imports.push(Placed {
                for_cell: from,
                ..*import
            }),
            _ => {}
        }
    }
    generation
}
