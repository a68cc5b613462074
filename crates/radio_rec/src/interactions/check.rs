//! What names, values and positions must be, and names as they are read.

use std::collections::HashMap;
use std::sync::Arc;

use super::VALUES;
use crate::{Error, Result};

/// Names in the order in which they were first asked for.
#[derive(Default)]
pub(super) struct Catalogue {
    pub(super) names: Vec<Arc<str>>,
    index_of_name: HashMap<Arc<str>, u32>,
}

impl Catalogue {
    pub(super) fn index_of(&mut self, name: &str) -> u32 {
        if let Some(&index) = self.index_of_name.get(name) {
            return index;
        }
        let index = self.names.len() as u32;
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.index_of_name.insert(name, index);
        index
    }
}

/// `None` if a reader takes `value` for how often something was played; otherwise what it must be, in words that
/// complete "must be".
///
/// ```
/// use radio_rec::interactions::what_a_value_must_be;
///
/// assert_eq!(what_a_value_must_be(3.0), None);
/// assert_eq!(what_a_value_must_be(-1.0), Some("0 or positive"));
/// ```
pub fn what_a_value_must_be(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("a number")
    } else if value < 0.0 {
        Some("0 or positive")
    } else if value.is_infinite() {
        Some("finite")
    } else if value != 0.0 && !VALUES.contains(&value) {
        Some("0 or from 1e-30 to 1e30")
    } else {
        None
    }
}

/// The largest size of a rating. Sums of products of smaller numbers do not overflow.
pub(crate) const LARGEST_RATING: f64 = 1e15;

/// `None` if `rating` can be stored; otherwise what it must be, in words that complete "must be".
pub(crate) fn what_a_rating_must_be(rating: f64) -> Option<&'static str> {
    match rating {
        rating if rating.is_nan() => Some("a number"),
        rating if rating.abs() > LARGEST_RATING => Some("from -1e15 to 1e15"),
        _ => None,
    }
}

pub(super) fn check_name(side: &'static str, name: &str) -> Result<()> {
    if !name.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(side, "empty", "a name"))
}

pub(super) fn check_value(value: f64, user: &str, item: &str) -> Result<()> {
    match what_a_value_must_be(value) {
        None => Ok(()),
        Some(expected) => Err(Error::invalid(
            "value",
            format!("{value} (user `{user}`, item `{item}`)"),
            expected,
        )),
    }
}

pub(super) fn duplicate(kind: &'static str, name: &str) -> Error {
    Error::DuplicateName {
        kind,
        name: name.into(),
    }
}

pub(super) fn check_catalogue(name: &'static str, index: usize, is_own: bool) -> Result<()> {
    if is_own {
        return Ok(());
    }
    Err(Error::invalid(
        name,
        format!("number {index} of the {name}s of another matrix"),
        format!("one of this matrix; look the {name} up here by the name"),
    ))
}

pub(super) fn check_index(name: &'static str, index: usize, len: usize) -> Result<()> {
    if index < len {
        return Ok(());
    }
    Err(Error::invalid(
        name,
        format!("number {index} of the {name}s"),
        format!("one of the {len} {name}s of this matrix; look it up there by its name"),
    ))
}
