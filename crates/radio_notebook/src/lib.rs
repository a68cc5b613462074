#![doc = include_str!("../README.md")]

pub mod batch;
pub mod brackets;
pub mod build;
pub mod cache;
pub mod cells;
pub mod clock;
pub mod collect;
pub mod commands;
pub mod comments;
pub mod diagnostics;
pub mod dialect;
pub mod displays;
pub mod engine;
pub mod errors;
pub mod execute;
pub mod fence;
pub mod hints;
pub mod interactive;
pub mod items;
pub mod lock;
pub mod near;
pub mod nesting;
pub mod parameters;
pub mod portability;
pub mod program;
pub mod running;
pub mod session;
pub mod startup;

pub use error::{Error, Result};
pub use radio_document::{document, error, files, interrupt, nbgrader, percent, say, strip};
