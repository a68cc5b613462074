//! Cells into libraries, one after the other.
//!
//! | file | |
//! |---|---|
//! | `commands` | what a cell's commands set, and what they do when it runs |
//! | `compile` | a cell into the libraries that the host loads |

mod commands;
pub mod compile;

pub use crate::program::scope::Scope;
pub use compile::{Cells, Compiled, Facts, Places, Refusal};
