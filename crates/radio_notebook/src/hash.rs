//! Hashes by which things that are kept are known.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A hash, the same for the same value in every run of one build of `radio`.
pub fn hash_of(what: &impl Hash) -> String {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
