//! Recommenders and a small neural network, to teach from and to use.
#![deny(missing_docs)]

mod error;
pub mod datasets;
pub mod display;
pub mod interactions;
pub mod nn;
pub mod plot;
pub mod recommend;
pub mod similarity;

pub use error::{Error, Result};
