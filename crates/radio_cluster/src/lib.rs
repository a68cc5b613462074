#![doc = include_str!("../README.md")]
//!
//! # In a program
//!
//! | module | for |
//! |---|---|
//! | [`session`] | where plans run: memory, threads, what is told meanwhile |
//! | `cluster` | with the feature `ballista`: plans on a cluster, and its processes |
//! | [`source`] | files of plays, and which column is what |
//! | [`plays`] | plays counted, with numbers for users and items |
//! | [`popularity`], [`neighbours`], [`als`], [`recommend`], [`evaluate`](mod@evaluate) | the plans |
//! | [`library`] | what a plan gave, as `radio_rec`'s own types |
//! | [`output`] | results in files |
//! | [`functions`] | `radio_rec`'s measures and metrics as functions of plans |
#![deny(missing_docs)]

pub mod als;
#[cfg(feature = "ballista")]
pub mod cluster;
mod error;
pub mod evaluate;
mod factor_file;
pub mod functions;
mod held;
pub mod library;
pub mod neighbours;
pub mod output;
pub mod plays;
pub mod popularity;
pub mod recommend;
mod rows;
pub mod session;
pub mod source;

pub use error::{Error, Result};
