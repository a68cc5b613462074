//! Items of cells: what each is called, what it belongs to, and which names its meaning depends on.

use crate::dialect::{Fragment, collect_names};
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::collections::BTreeSet;
use syn::visit::Visit;

/// An item of a cell: what becomes part of the crate.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its text where it stands.
    pub text: Fragment,
    /// What kind of item it is.
    pub kind: ItemKind,
    /// For an `impl`: the named item before it in its cell, with which it goes.
    pub owner: Option<String>,
    /// The names that it depends on: of types, only those in paths, so that a field's name does not count.
    pub mentions: BTreeSet<String>,
    /// Its tokens, without comments and layout.
    pub tokens: String,
    /// What a `use` of all that is in it brings in: an enum's variants, a module's public items; of a trait, its
    /// methods.
    pub members: BTreeSet<String>,
    /// Every name in it.
    pub words: BTreeSet<String>,
    /// Of a macro that is called or defined: its text without the `pub`s that are inserted, which some macros refuse.
    pub narrow: Option<Fragment>,
    /// Of a macro that is called, and of foreign items: the names that are defined, as far as they stand there.
    pub makes: BTreeSet<String>,
    /// Whether it may be left out, by a `#[cfg]`.
    pub is_conditional: bool,
    /// Whether it is another name of a type.
    pub is_alias: bool,
    /// Of a `static`: how it is declared where it is another crate's.
    pub elsewhere: Option<String>,
}

/// What kind of item it is.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemKind {
    /// Anything that has a name but is neither a type, a trait nor a macro.
    Named(String),
    /// A trait.
    Trait(String),
    /// A struct, enum, union or type alias.
    Type(String),
    /// `macro_rules! name`.
    Macro {
        /// Its name.
        name: String,
        /// Whether it is `#[macro_export]`.
        is_exported: bool,
    },
    /// An implementation.
    Impl {
        /// The last name in the path of the type.
        of: Option<String>,
        /// The names in the type and the trait.
        header: BTreeSet<String>,
    },
    /// What a macro makes.
    MacroCall,
    /// What has no name.
    Other,
}

impl ItemKind {
    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        match self {
            ItemKind::Named(name)
            | ItemKind::Trait(name)
            | ItemKind::Type(name)
            | ItemKind::Macro { name, .. } => Some(name),
            ItemKind::Impl { .. } | ItemKind::MacroCall | ItemKind::Other => None,
        }
    }
}

impl Item {
    /// What `syn` found; `owner` is the named item before it.
    pub fn new(item: &syn::Item, text: Fragment, owner: Option<String>) -> Item {
        let kind = kind_of(item);
        let tokens: TokenStream = text.text.parse().unwrap_or_default();
        let mut words = BTreeSet::new();
        collect_names(tokens.clone(), &mut words);
        let mut mentions = BTreeSet::new();
        match kind {
            ItemKind::Type(_) => Paths(&mut mentions).visit_item(item),
            _ => mentions.clone_from(&words),
        }
        let owner = owner.filter(|_| {
            matches!(
                kind,
                ItemKind::Impl { .. } | ItemKind::MacroCall | ItemKind::Other
            )
        });
        let text_of = tokens.to_string();
        let is_conditional = text_of.starts_with("# [cfg") || text_of.contains("] # [cfg");
        Item {
            is_alias: matches!(item, syn::Item::Type(_)),
            elsewhere: elsewhere(item).filter(|_| !is_conditional),
            text,
            kind,
            owner,
            mentions,
            members: members_of(item),
            words,
            narrow: None,
            makes: foreign_names(item),
            is_conditional,
            tokens: text_of,
        }
    }

    /// The name under which a later item replaces it. Macros have names of their own, `name!`.
    pub fn key(&self) -> Option<String> {
        match &self.kind {
            ItemKind::Macro { name, .. } => Some(format!("{name}!")),
            kind => kind.name().map(str::to_owned),
        }
    }

    /// Its name, if a following `impl` of its cell goes with it.
    pub(crate) fn owning_name(&self) -> Option<&str> {
        match &self.kind {
            ItemKind::Macro { .. } => None,
            kind => kind.name(),
        }
    }

    /// Whether it is a trait.
    pub(crate) fn is_trait(&self) -> bool {
        matches!(self.kind, ItemKind::Trait(_))
    }

    /// Whether it is what a macro makes.
    pub(crate) fn is_macro_call(&self) -> bool {
        matches!(self.kind, ItemKind::MacroCall)
    }
}

/// The declaration of a `static` that another crate has, among foreign items.
fn elsewhere(item: &syn::Item) -> Option<String> {
    let syn::Item::Static(item) = item else {
        return None;
    };
    let (name, of) = (&item.ident, item.ty.to_token_stream());
    Some(match item.mutability {
        syn::StaticMutability::Mut(_) => format!("pub static mut {name}: {of};"),
        _ => format!("pub safe static {name}: {of};"),
    })
}

fn kind_of(item: &syn::Item) -> ItemKind {
    let named = |name: &syn::Ident| ItemKind::Named(name.to_string());
    let of_type = |name: &syn::Ident| ItemKind::Type(name.to_string());
    match item {
        syn::Item::Const(item) if item.ident != "_" => named(&item.ident),
        syn::Item::Fn(item) => named(&item.sig.ident),
        syn::Item::Mod(item) => named(&item.ident),
        syn::Item::Static(item) => named(&item.ident),
        syn::Item::Trait(item) => ItemKind::Trait(item.ident.to_string()),
        syn::Item::TraitAlias(item) => named(&item.ident),
        syn::Item::Enum(item) => of_type(&item.ident),
        syn::Item::Struct(item) => of_type(&item.ident),
        syn::Item::Type(item) => of_type(&item.ident),
        syn::Item::Union(item) => of_type(&item.ident),
        syn::Item::Macro(item) => match &item.ident {
            Some(name) => ItemKind::Macro {
                name: name.to_string(),
                is_exported: item.attrs.iter().any(|a| a.path().is_ident("macro_export")),
            },
            None => ItemKind::MacroCall,
        },
        syn::Item::Impl(item) => {
            let mut header = BTreeSet::new();
            Paths(&mut header).visit_type(&item.self_ty);
            if let Some((path, _)) = &item.trait_ {
                Paths(&mut header).visit_path(path);
            }
            let of = match &*item.self_ty {
                syn::Type::Path(path) => path.path.segments.last().map(|s| s.ident.to_string()),
                _ => None,
            };
            ItemKind::Impl { of, header }
        }
        _ => ItemKind::Other,
    }
}

fn foreign_names(item: &syn::Item) -> BTreeSet<String> {
    let syn::Item::ForeignMod(item) = item else {
        return BTreeSet::new();
    };
    let names = item.items.iter().filter_map(|item| match item {
        syn::ForeignItem::Fn(item) => Some(item.sig.ident.to_string()),
        syn::ForeignItem::Static(item) => Some(item.ident.to_string()),
        syn::ForeignItem::Type(item) => Some(item.ident.to_string()),
        _ => None,
    });
    names.collect()
}

fn members_of(item: &syn::Item) -> BTreeSet<String> {
    let is_public =
        |visibility: &syn::Visibility| !matches!(visibility, syn::Visibility::Inherited);
    match item {
        syn::Item::Enum(item) => item.variants.iter().map(|v| v.ident.to_string()).collect(),
        syn::Item::Trait(item) => {
            let functions = item.items.iter().filter_map(|item| match item {
                syn::TraitItem::Fn(function) => Some(function.sig.ident.to_string()),
                syn::TraitItem::Const(constant) => Some(constant.ident.to_string()),
                _ => None,
            });
            functions.collect()
        }
        syn::Item::Mod(syn::ItemMod {
            content: Some((_, items)),
            ..
        }) => {
            let name = |item: &syn::Item| match item {
                syn::Item::Const(syn::ItemConst { vis, ident, .. })
                | syn::Item::Enum(syn::ItemEnum { vis, ident, .. })
                | syn::Item::Mod(syn::ItemMod { vis, ident, .. })
                | syn::Item::Static(syn::ItemStatic { vis, ident, .. })
                | syn::Item::Struct(syn::ItemStruct { vis, ident, .. })
                | syn::Item::Trait(syn::ItemTrait { vis, ident, .. })
                | syn::Item::Type(syn::ItemType { vis, ident, .. })
                | syn::Item::Union(syn::ItemUnion { vis, ident, .. }) => {
                    is_public(vis).then(|| ident.to_string())
                }
                syn::Item::Fn(item) => is_public(&item.vis).then(|| item.sig.ident.to_string()),
                _ => None,
            };
            items.iter().filter_map(name).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// Gathers the names in paths.
struct Paths<'n>(&'n mut BTreeSet<String>);

impl<'a> Visit<'a> for Paths<'_> {
    fn visit_path(&mut self, path: &'a syn::Path) {
        self.0
            .extend(path.segments.iter().map(|s| s.ident.to_string()));
        syn::visit::visit_path(self, path);
    }
}
