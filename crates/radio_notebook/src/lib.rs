#![doc = include_str!("../README.md")]

pub mod build;
pub mod cells;
pub mod diagnostics;
pub mod dialect;
pub mod execute;
mod hash;
pub mod interactive;
pub mod near;
pub mod program;
pub mod run;

pub use error::{Error, Result};
pub use radio_document::{document, error, files, interrupt, lock, nbgrader, percent, say, strip};
