#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod datasets;
pub mod display;
mod error;
pub mod evaluate;
pub mod interactions;
mod lanes;
mod linalg;
mod model_file;
pub mod nn;
#[cfg(feature = "plot")]
pub mod plot;
mod prefetch;
pub mod ranking;
pub mod ratings;
pub mod recommend;
pub mod similarity;
mod whole_file;

pub use error::{Error, Result};
