#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod datasets;
pub mod display;
mod error;
pub mod evaluate;
pub mod interactions;
mod linalg;
mod model_file;
pub mod nn;
pub mod plot;
mod prefetch;
pub mod ranking;
pub mod recommend;
pub mod similarity;

pub use error::{Error, Result};
