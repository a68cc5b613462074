//! What earlier cells have brought.

use super::libraries::Crate;
use super::outline::{Entry, outline};
use ra_ap_rustc_lexer::is_id_continue;

/// The names that a cell can use, as of the last cell that ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// The variables.
    pub variables: Vec<Variable>,
    /// The items.
    pub items: Vec<Item>,
    /// The crates.
    pub crates: Vec<Crate>,
}

impl Names {
    /// All that the items of the notebook define.
    pub(super) fn outline(&self) -> impl Iterator<Item = Entry> {
        self.items
            .iter()
            .flat_map(|item| outline(&item.source, "", false))
    }
}

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: String,
}

/// A function, a type, or whatever else is defined by name.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ItemKind,
    /// Its source.
    pub source: String,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// `fn`
    Function,
    /// `struct`, `enum`, `union` or `type`
    Type,
    /// `trait`
    Trait,
    /// `macro_rules!`
    Macro,
    /// `mod`
    Module,
    /// `const` or `static`
    Constant,
}

impl ItemKind {
    /// The word by which front ends choose a picture.
    pub fn word(self) -> &'static str {
        match self {
            ItemKind::Function | ItemKind::Macro => "function",
            ItemKind::Type => "class",
            ItemKind::Trait => "interface",
            ItemKind::Module => "module",
            ItemKind::Constant => "constant",
        }
    }
}

/// The type that a reference or a smart pointer of this type points to, which is written with all paths; itself, if it
/// is neither.
pub(super) fn pointed_to(type_name: &str) -> &str {
    let name = type_name.trim_start_matches(['&', '*', ' ']);
    let name = name
        .strip_prefix("mut ")
        .or_else(|| name.strip_prefix("const "))
        .unwrap_or(name);
    let name = match name.strip_prefix('\'') {
        Some(lifetime) => lifetime.split_once(' ').map_or("", |(_, rest)| rest),
        None => name,
    };
    if name.len() < type_name.len() {
        return pointed_to(name);
    }
    let inner = ["Box<", "Rc<", "Arc<"].iter().find_map(|pointer| {
        let (path, inner) = name.split_once(pointer)?;
        (path.is_empty() || path.ends_with("::") && !path.contains('<')).then_some(inner)
    });
    match inner.and_then(|inner| inner.strip_suffix('>')) {
        Some(inner) => pointed_to(inner),
        None => name,
    }
}

/// `P` of `crate::P<'_, u8>`; nothing of a slice, an array or a tuple.
pub(super) fn base_name(type_name: &str) -> &str {
    let path = type_name.split('<').next().unwrap_or(type_name).trim();
    &path[path.trim_end_matches(is_id_continue).len()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_type() {
        for (whole, base) in [
            ("P", "P"),
            ("&'static str", "str"),
            ("&mut a::P<b::Q>", "P"),
            ("&'static mut a::P", "P"),
            ("std::sync::Arc<std::boxed::Box<P<u8>>>", "P"),
            ("Vec<std::sync::Arc<P>>", "Vec"),
            ("[u8; 3]", ""),
            ("", ""),
        ] {
            assert_eq!(base_name(pointed_to(whole)), base, "{whole}");
        }
    }
}
