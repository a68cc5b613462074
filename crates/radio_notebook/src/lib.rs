#![doc = include_str!("../README.md")]
pub mod batch;
pub mod check;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod commands;
pub mod compile;
pub mod diagnostics;
pub mod dialect;
pub mod document;
pub mod error;
pub mod execute;
pub mod figures;
pub mod files;
pub mod generations;
pub mod interrupt;
pub mod items;
pub mod nesting;
pub mod parameters;
pub mod program;
pub mod report;
pub mod runtime;
pub mod session;
pub mod step;
pub mod surrogates;

pub use error::{Error, Result};
