//! Rust, as a front end sees it.
//!
//! - `is_complete`: whether a cell can be executed as it is, or goes on
//! - `cursor`: what stands at the cursor
//! - `names`: what earlier cells have brought: variables, items, crates
//! - `complete`: what could stand at the cursor
//! - `inspect`: what the name at the cursor is
//! - `language`: cells, executed by the engine of `radio`
//! - `commands`: what only a session can be told
//! - `tools`: where the compiler is

mod commands;
mod complete;
mod cursor;
mod inspect;
mod is_complete;
mod language;
mod names;
mod tools;

pub use complete::complete;
pub use inspect::inspect;
pub use is_complete::is_complete;
pub use language::Rust;
pub use names::{Item, ItemKind, Names, Variable};
pub use tools::{add_tools, find_tools};
