//! Says which of its features are on.

/// The features that are on.
pub const FEATURES: &[&str] = &[
    #[cfg(feature = "standard")]
    "standard",
    #[cfg(feature = "extra")]
    "extra",
];
