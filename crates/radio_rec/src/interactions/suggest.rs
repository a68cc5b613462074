//! "Did you mean ...?"

use std::fmt;

use super::Interactions;
use crate::near::nearest_names;

/// The names that may have been meant by one that there is not: looked for when they are asked for, since that compares the name
/// with all that there are.
#[derive(Clone)]
pub struct Suggestions {
    name: String,
    among: Names,
}

/// Where names are looked for.
#[derive(Clone)]
pub(crate) enum Names {
    Users(Interactions),
    Items(Interactions),
}

impl Suggestions {
    pub(crate) fn new(name: &str, among: Names) -> Self {
        let name = name.into();
        Self { name, among }
    }

    /// The most similar names there are, nearest first; empty if none comes near.
    pub fn names(&self) -> Vec<String> {
        match &self.among {
            Names::Users(data) => nearest_names(&self.name, data.users()),
            Names::Items(data) => nearest_names(&self.name, data.items()),
        }
    }
}

impl fmt::Debug for Suggestions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
