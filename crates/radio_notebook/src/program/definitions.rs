//! What a cell defines: its own items, and copies of earlier ones that it gives another meaning.
//!
//! A cell that defines a name again gives earlier callers the new definition, as in evcxr: what depends on the name is
//! copied into the cell's library, and the copies hold from then on. An `impl` for a type of an earlier cell needs the
//! type in its own crate: the type is copied with all that depends on it, and since its text is the same, values of it
//! are taken over.

use super::scope::{Known, Placed, Scope};
use crate::dialect::items::{Item, ItemKind};
use crate::dialect::{CellCode, Import};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a cell defines.
#[derive(Debug, Default)]
pub struct Definitions {
    /// Earlier items that are copied.
    pub copies: Vec<Arc<Known>>,
    /// The cell's own items.
    pub own: Vec<Arc<Item>>,
    /// The imports that hold from this cell on.
    pub imports: Arc<Vec<Placed<Import>>>,
    /// The earlier items that hold no longer, or as copies only.
    over: Vec<Arc<Known>>,
    /// Those of the copies that are `static`s whose types are what they were: there is one of each, which the copy
    /// stands for.
    pub kept_statics: Vec<Arc<Known>>,
    /// The copied types whose text, and that of all they depend on, is the same.
    same_types: Vec<(String, String)>,
}

impl Definitions {
    /// Whether earlier items hold no longer, or as copies only.
    pub fn replaces(&self) -> bool {
        !self.over.is_empty() || !self.copies.is_empty()
    }

    /// What the cell with this number, `code`, defines in `scope`.
    pub fn of(scope: &Scope, number: u32, code: &CellCode) -> Definitions {
        let items = standing_items(code);
        let known_of = |key: &str| {
            let mut known = scope.items.iter();
            known.find(|known| known.item.key().as_deref() == Some(key))
        };
        let import_of = |name: &str| scope.imports.iter().find(|import| import.what.name == name);
        let (mut again, mut unchanged) = (BTreeSet::new(), BTreeSet::new());
        for item in &items {
            let Some(key) = item.key() else { continue };
            match known_of(&key) {
                Some(old) if is_same(old, item, code, scope) => {
                    unchanged.insert(key);
                }
                Some(_) => {
                    again.insert(key);
                }
                None if import_of(&key).is_some() => {
                    again.insert(key);
                }
                None => {}
            }
        }
        let mut imports: Vec<Placed<Import>> = scope.imports.to_vec();
        imports.retain(|import| !again.contains(&import.what.name));
        for import in &code.imports {
            let has_name = !matches!(import.name.as_str(), "*" | "_");
            if imports.iter().any(|known| known.what.text == import.text) {
                continue;
            }
            if has_name {
                imports.retain(|known| known.what.name != import.name);
                if known_of(&import.name).is_some() {
                    again.insert(import.name.clone());
                }
            }
            imports.push(Placed {
                cell: number,
                what: Arc::new(import.clone()),
            });
        }
        let is_implemented = |item: &Item| {
            matches!(item.kind, ItemKind::Impl { .. })
                && scope
                    .items
                    .iter()
                    .any(|known| known.item.tokens == item.tokens)
        };
        let own: Vec<&Item> = items
            .into_iter()
            .filter(|item| {
                let name = item.key().or_else(|| item.owner.clone());
                !is_implemented(item) && name.is_none_or(|name| !unchanged.contains(&name))
            })
            .collect();
        let is_replaced = |known: &Known| {
            let key = known.item.key();
            key.is_some_and(|key| again.contains(&key))
                || known
                    .item
                    .owner
                    .as_ref()
                    .is_some_and(|owner| again.contains(owner))
        };
        let (replaced, standing): (Vec<_>, Vec<_>) = scope
            .items
            .iter()
            .cloned()
            .partition(|known| is_replaced(known));
        let plain = |key: &String| key.trim_end_matches('!').to_owned();
        let mut names: BTreeSet<String> = again.iter().map(plain).collect();
        let changed = dependants(&standing, &imports, &replaced, &mut names);
        let taken_over = types_to_take_over(&own, scope, &names);
        names.extend(taken_over.iter().cloned());
        let copied = match taken_over.is_empty() {
            true => changed.clone(),
            false => dependants(&standing, &imports, &replaced, &mut names),
        };
        let mut definitions = Definitions {
            imports: Arc::new(imports),
            over: replaced,
            own: own.into_iter().cloned().map(Arc::new).collect(),
            ..Definitions::default()
        };
        for (known, (is_copied, is_changed)) in standing.iter().zip(copied.iter().zip(changed)) {
            if !is_copied || matches!(known.item.kind, ItemKind::Macro { .. }) {
                continue;
            }
            if let (ItemKind::Type(name), false) = (&known.item.kind, is_changed) {
                let same = (format!("{}::{name}", known.library), name.clone());
                definitions.same_types.push(same);
            }
            if known.symbol.is_some() && !is_changed {
                definitions.kept_statics.push(known.clone());
            }
            definitions.over.push(known.clone());
            definitions.copies.push(known.clone());
        }
        definitions
    }

    /// Whether there is nothing to compile.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.copies.is_empty()
    }

    /// The keys of all that it defines; those of macros end with `!`.
    pub fn keys(&self) -> BTreeSet<String> {
        let copies = self.copies.iter().map(|known| &known.item);
        let all = copies.chain(&self.own);
        all.flat_map(|item| item.key().into_iter().chain(item.makes.iter().cloned()))
            .collect()
    }

    /// Whether a copy stands for what is there already.
    pub fn keeps(&self, known: &Arc<Known>) -> bool {
        self.kept_statics
            .iter()
            .any(|kept| Arc::ptr_eq(kept, known))
    }

    /// Has `scope` hold what the cell with this number defines, in the library that crates call `library`, where the
    /// symbols of its `static`s begin with `statics`, if they have any.
    pub fn enter(&self, scope: &mut Scope, number: u32, library: &str, statics: Option<&str>) {
        let symbol = |item: &Item| {
            item.elsewhere.as_ref()?;
            Some(format!("{}{}", statics?, item.key()?))
        };
        let is_over = |known: &Arc<Known>| self.over.iter().any(|over| Arc::ptr_eq(over, known));
        scope.items.retain(|known| !is_over(known));
        scope.imports = self.imports.clone();
        for known in &self.copies {
            scope.items.push(Arc::new(Known {
                cell: known.cell,
                item: known.item.clone(),
                library: library.to_owned(),
                imports: known.imports.clone(),
                symbol: match self.keeps(known) {
                    true => known.symbol.clone(),
                    false => symbol(&known.item),
                },
            }));
        }
        for item in &self.own {
            scope.items.push(Arc::new(Known {
                cell: number,
                item: item.clone(),
                library: library.to_owned(),
                imports: self.imports.clone(),
                symbol: symbol(item),
            }));
        }
        let same = self.same_types.iter();
        let same = same.map(|(old, name)| (old.clone(), format!("{library}::{name}")));
        scope.same_types.extend(same);
    }
}

/// The items of a cell without those that the same cell defines again.
fn standing_items(code: &CellCode) -> Vec<&Item> {
    let is_replaced = |at: usize, name: &str, is_it: &dyn Fn(&Item) -> bool| {
        // What may be left out replaces nothing.
        let same = |later: &Item| {
            !later.is_conditional && later.owning_name() == Some(name) && is_it(later)
        };
        code.items[at + 1..].iter().any(same)
    };
    let stands = |(at, item): &(usize, &Item)| match (&item.kind, &item.owner) {
        (ItemKind::Type(name), _) => {
            !is_replaced(*at, name, &|later| matches!(later.kind, ItemKind::Type(_)))
        }
        (ItemKind::Named(name) | ItemKind::Trait(name), _) => !is_replaced(*at, name, &|later| {
            matches!(later.kind, ItemKind::Named(_) | ItemKind::Trait(_))
        }),
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
fn is_same(old: &Known, new: &Item, cell: &CellCode, scope: &Scope) -> bool {
    let goes_with =
        |item: &Item| item.owner.is_some() && item.owner.as_deref() == new.owning_name();
    let olds = scope.items.iter().filter(|known| known.cell == old.cell);
    let olds = olds
        .map(|known| &*known.item)
        .filter(|item| goes_with(item));
    let news = cell.items.iter().filter(|item| goes_with(item));
    old.item.tokens == new.tokens
        && olds
            .map(|item| &item.tokens)
            .eq(news.map(|item| &item.tokens))
}

/// Which of the items depend on one of `names`, on something that does, and so on; `names` grows by theirs.
fn dependants(
    items: &[Arc<Known>],
    imports: &[Placed<Import>],
    replaced: &[Arc<Known>],
    names: &mut BTreeSet<String>,
) -> Vec<bool> {
    let types: BTreeSet<&String> = items
        .iter()
        .filter_map(|known| match &known.item.kind {
            ItemKind::Type(name) => Some(name),
            _ => None,
        })
        .collect();
    let members_of = |head: &str| {
        let all = items.iter().chain(replaced);
        let known = all.filter(|known| known.item.owning_name() == Some(head));
        known
            .flat_map(|known| known.item.members.iter().cloned())
            .collect::<Vec<_>>()
    };
    let mut depends = vec![false; items.len()];
    loop {
        let before = names.len();
        for (known, depends) in items.iter().zip(&mut depends) {
            if *depends {
                continue;
            }
            let item = &known.item;
            let mentions = !item.mentions.is_disjoint(names);
            if let ItemKind::Impl { of, header } = &item.kind {
                *depends = !header.is_disjoint(names);
                // A type that stays where it is cannot have its methods twice: it becomes new as well.
                if let Some(of) = of.as_ref().filter(|of| types.contains(of))
                    && mentions
                {
                    names.insert(of.clone());
                    *depends = true;
                }
            } else {
                let key = item.key().map(|key| key.trim_end_matches('!').to_owned());
                let goes_with = item
                    .owner
                    .as_ref()
                    .is_some_and(|owner| names.contains(owner));
                *depends = mentions
                    || goes_with && item.is_macro_call()
                    || key.as_ref().is_some_and(|key| names.contains(key));
                if *depends {
                    names.extend(key);
                    names.extend(item.makes.iter().cloned());
                }
            }
        }
        for import in imports {
            if !names.contains(&import.what.head) {
                continue;
            }
            match import.what.name.as_str() {
                "_" => {}
                "*" => names.extend(members_of(&import.what.head)),
                name => {
                    names.insert(name.to_owned());
                }
            }
        }
        if names.len() == before {
            return depends;
        }
    }
}

/// The types (or traits) of earlier cells for which this cell has an `impl` that is allowed in their own crate only.
fn types_to_take_over(own: &[&Item], scope: &Scope, new: &BTreeSet<String>) -> BTreeSet<String> {
    let mut local: BTreeSet<String> = own.iter().filter_map(|item| item.key()).collect();
    local.extend(own.iter().flat_map(|item| item.makes.iter().cloned()));
    local.extend(new.iter().cloned());
    let earlier = |name: &String| {
        let mut known = scope.items.iter().rev();
        known.find(|known| known.item.owning_name() == Some(name))
    };
    let mut taken = BTreeSet::new();
    for item in own {
        let ItemKind::Impl { of, header } = &item.kind else {
            continue;
        };
        if !header.is_disjoint(&local) {
            continue;
        }
        let of_type = of.iter().chain(header).find(|name| {
            earlier(name).is_some_and(|known| matches!(known.item.kind, ItemKind::Type(_)))
        });
        let of_trait = || {
            let mut traits = header.iter();
            traits.find(|name| earlier(name).is_some_and(|known| known.item.is_trait()))
        };
        let mut next = of_type.or_else(of_trait).cloned();
        while let Some(name) = next.take().filter(|name| !taken.contains(name)) {
            // An alias has the type that it names.
            if let Some(known) = earlier(&name)
                && known.item.is_alias
            {
                let mut meant = known.item.mentions.iter();
                next = meant
                    .find(|other| **other != name && earlier(other).is_some())
                    .cloned();
            }
            taken.insert(name);
        }
    }
    taken
}
