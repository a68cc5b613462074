//! Rust, as a front end sees it.
//!
//! - `is_complete`: whether a cell can be executed as it is, or goes on
//! - `cursor`: what stands at the cursor
//! - `names`: what earlier cells have brought: variables, items, crates
//! - `outline`: what source defines: names, what they belong to, how they are declared
//! - `libraries`: what the crates of the notebook define, by their sources
//! - `members`: what the standard library's types have
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
mod libraries;
mod members;
mod names;
mod outline;
mod tools;

pub use language::Rust;
pub use tools::{add_tools, find_tools};
