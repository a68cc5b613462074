//! What earlier cells have brought.

/// The names that a cell can use, as of the last cell that ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Names {
    /// The variables.
    pub variables: Vec<Variable>,
    /// The items.
    pub items: Vec<Item>,
    /// The crates, as they are named in Rust.
    pub crates: Vec<String>,
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
