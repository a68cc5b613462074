//! Cells into libraries, one after the other.
//!
//! | file | |
//! |---|---|
//! | `commands` | what a cell's commands set, and what they do when it runs |
//! | `compile` | a cell into the libraries that the host loads |
//! | `depend` | the dependencies of a cell, built as a set |
//! | `define` | the items of a cell, as a library of their own |
//! | `learn` | what the compiler's messages say of how a cell has to be |
//! | `together` | cells that come one after the other into one library |
//! | `include` | `include!` of files with items |
//! | `finish` | what the next cell sees after one that was compiled |
//! | `programs` | a dozen examples: cells, and the crates that they become |

mod commands;
pub mod compile;
mod define;
mod depend;
mod finish;
mod include;
mod learn;
#[cfg(test)]
mod tests;
mod together;

pub use crate::program::scope::Scope;
pub use compile::{Cells, Compiled, Done, Facts, Places, Refusal};
pub(crate) use together::is_foreseeable;
