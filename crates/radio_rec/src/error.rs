//! The one error type of the crate.

/// What went wrong, where, and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {}

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
