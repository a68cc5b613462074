//! Cells into the text of crates: each cell sees what those before it define, and nothing of those after it.
//!
//! | file | |
//! |---|---|
//! | `scope` | what a cell sees of those that ran before it |
//! | `compiled` | what cells are compiled against |
//! | `definitions` | what a cell defines, with what has to be compiled again for it |
//! | `text` | a cell's crates as text, and their lines back into the cell's |
//! | `body` | the crate with a cell's function |
//! | `sketch` | the text by which the types of many cells' variables are told |
//! | `writer` | lines that remember where they come from |

pub mod body;
pub mod compiled;
pub mod definitions;
pub mod scope;
pub mod sketch;
pub mod text;
mod writer;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A place in a notebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellLocation {
    /// The cell's number.
    pub cell: u32,
    /// The cell for whose sake the place is in the program: another one for a copy of an earlier cell's item.
    pub for_cell: u32,
    /// The line in the cell, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// What the cells' commands say of compiling.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    /// The optimisation level for the cells themselves, if one was asked for.
    pub opt_level: Option<String>,
    /// The settings of cargo's profile for the cells that the notebook's metadata have.
    pub profile: toml::Table,
    /// Variables of the environment for the compiler.
    pub environment: BTreeMap<String, String>,
    /// Whether cargo has to do without the network.
    pub offline: bool,
    /// The linker, if one was asked for.
    pub linker: Option<String>,
}
