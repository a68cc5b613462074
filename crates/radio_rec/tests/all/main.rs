//! The tests of the library by what it offers: one binary, so that it is linked once. (`training_memory` has an allocator of
//! its own.)

mod assignment;
mod contract;
#[cfg(feature = "nn")]
mod datasets;
mod evaluation;
#[cfg(feature = "nn")]
mod examples;
mod models;
mod neighbours;
#[cfg(feature = "nn")]
mod network;
#[cfg(all(feature = "nn", feature = "plot"))]
mod plot;
mod ratings;
#[cfg(feature = "nn")]
mod training;
