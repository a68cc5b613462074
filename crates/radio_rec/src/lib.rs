#![doc = include_str!("../README.md")]
//!
//! # Where to begin
//!
//! | to | read |
//! |---|---|
//! | see your own data | [`Table::from_csv`](display::Table::from_csv), [`Figure`](plot::Figure) |
//! | read plays | [`Interactions`](interactions::Interactions), [`LongTable`](interactions::LongTable) |
//! | recommend | [`recommend`], whose table lists the models; [`Recommender::recommend`](recommend::Recommender::recommend) asks them |
//! | know how good that is | [`evaluate`](mod@evaluate), [`Protocol`](evaluate::Protocol) |
//! | find what is alike | [`similarity`] |
//! | guess ratings | [`ratings`] |
//! | train a network | [`nn`], [`datasets`] |
//! | know what can go wrong | [`Error`] |
#![deny(missing_docs)]

#[cfg(feature = "nn")]
mod arrays;
#[cfg(feature = "nn")]
pub mod datasets;
pub mod display;
mod error;
pub mod evaluate;
pub mod interactions;
mod lanes;
mod linalg;
mod model_file;
mod near;
#[cfg(feature = "nn")]
pub mod nn;
mod parallel;
#[cfg(feature = "plot")]
pub mod plot;
mod prefetch;
pub mod ranking;
pub mod ratings;
pub mod recommend;
mod rows;
pub mod similarity;
mod text;
mod whole_file;

pub use error::{Error, Result};
