//! Runs Rust notebooks in evcxr's dialect: all cells become one program, which cargo compiles and `radio` runs cell by cell.
//!
//! The way of a notebook through the crate: [`document`] reads it, [`dialect`] takes each cell apart, [`program`] puts the
//! cells together, [`compile`] makes an executable, [`session`] runs it, [`collect`] orders what it writes, and [`execute`]
//! leads through all of it. [`cli`] is the command line.

pub mod cli;
pub mod collect;
pub mod compile;
pub mod diagnostics;
pub mod dialect;
pub mod document;
pub mod error;
pub mod execute;
pub mod figures;
pub mod files;
pub mod interrupt;
pub mod parameters;
pub mod program;
pub mod report;
pub mod runtime;
pub mod session;

pub use error::{Error, Result};
