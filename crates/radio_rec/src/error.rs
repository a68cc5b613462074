//! The one error type of the crate.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::text::excerpt;

/// What went wrong, where, and what would be right.
///
/// `Display` is one sentence for a person. `Debug` is the same sentence, because it is `Debug` that a notebook (and a
/// `main` that returns a `Result`) shows when a `?` fails.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that was to be read is not there.
    #[error(
        "there is no file `{}` in {}{}{}",
        path.display(),
        looked_in.display(),
        tilde(path),
        did_you_mean(suggestions)
    )]
    FileNotFound {
        /// The path as it was given.
        path: PathBuf,
        /// The folder that was looked in, the deepest on the way to the file: an absolute path where the system could
        /// tell it.
        looked_in: PathBuf,
        /// Files and folders there with a similar name, nearest first, after the same path in a folder above.
        suggestions: Vec<String>,
    },

    /// The system refused to read or to write a file.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A table of comma-separated values cannot be used as it is.
    #[error("{}, line {line}, column {column}: {message}", path.display())]
    Csv {
        /// The file, or the label that was given for a reader.
        path: PathBuf,
        /// The line, from 1, as an editor counts (quoted line breaks included).
        line: u64,
        /// The column of the table (the cell of the row, not the character of the line), from 1.
        column: u64,
        /// What is wrong there, and what would be right.
        message: String,
    },

    /// A table has no column of this name.
    #[error("{} has no column `{}`{}", path.display(), excerpt(name), did_you_mean_or(suggestions, &there_are(columns)))]
    UnknownColumn {
        /// The file of the table, or "the table" for one that was not read from a file.
        path: PathBuf,
        /// The name that was asked for.
        name: String,
        /// The most similar names there are.
        suggestions: Vec<String>,
        /// All names there are.
        columns: Vec<String>,
    },

    /// No user has this name.
    #[error(
        "there is no user `{}`{}",
        excerpt(name),
        did_you_mean_or(&suggestions.names(), "; `users()` lists the names there are")
    )]
    UnknownUser {
        /// The name that was asked for.
        name: String,
        /// The most similar names there are.
        suggestions: Suggestions,
    },

    /// No item has this name.
    #[error(
        "there is no item `{}`{}",
        excerpt(name),
        did_you_mean_or(&suggestions.names(), "; `items()` lists the names there are")
    )]
    UnknownItem {
        /// The name that was asked for.
        name: String,
        /// The most similar names there are.
        suggestions: Suggestions,
    },

    /// The same name stands for two users or two items.
    #[error(
        "the {kind} `{}` occurs twice; give each {kind} its own name",
        excerpt(name)
    )]
    DuplicateName {
        /// `"user"` or `"item"`.
        kind: &'static str,
        /// The name.
        name: String,
    },

    /// A parameter is outside its range.
    #[error("`{name}` is {value}, but must be {expected}")]
    InvalidParameter {
        /// The parameter, as the function's signature calls it.
        name: &'static str,
        /// The value that was given.
        value: String,
        /// The range it must lie in, in words that complete "must be".
        expected: String,
    },

    /// An array does not have the shape that an operation needs.
    #[error("{what} has the shape {found}, but must have {expected}")]
    Shape {
        /// The array, in words.
        what: String,
        /// The shape that would be right.
        expected: String,
        /// The shape it has.
        found: String,
    },

    /// Training a network gave a number that is infinite or NaN.
    #[cfg(feature = "nn")]
    #[error(
        "epoch {epoch}, layer {layer} ({activation}): {what}; try a smaller rate, or smaller weights to begin with"
    )]
    Diverged {
        /// The epoch in which it appeared, from 1; the network is as it was after the last good epoch before.
        epoch: usize,
        /// The layer where it appeared first; 1 is the first after the inputs.
        layer: usize,
        /// The name of that layer's activation.
        activation: String,
        /// Which number it was, in words: a sentence.
        what: String,
    },

    /// A file of a fitted model or a network cannot be read.
    #[error("`{}`: {message}", path.display())]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what would be right.
        message: String,
    },

    /// A figure could not be drawn.
    #[cfg(feature = "plot")]
    #[error("the figure could not be drawn: {message}")]
    Plot {
        /// Why not.
        message: String,
    },
}

impl Error {
    /// A parameter outside its range; `expected` completes "must be".
    pub(crate) fn invalid(
        name: &'static str,
        value: impl ToString,
        expected: impl Into<String>,
    ) -> Self {
        Error::InvalidParameter {
            name,
            value: value.to_string(),
            expected: expected.into(),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// The names that may have been meant by one that does not exist. They are searched for only when
/// [`names`](Self::names) is called, because that compares the name with all others.
#[derive(Clone)]
pub struct Suggestions(Arc<dyn Fn() -> Vec<String> + Send + Sync>);

impl Suggestions {
    pub(crate) fn new(search: impl Fn() -> Vec<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(search))
    }

    /// The most similar names there are, nearest first; empty if none is near.
    pub fn names(&self) -> Vec<String> {
        (self.0)()
    }
}

impl fmt::Debug for Suggestions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// "; it has `a`, `b` and 2 more".
fn there_are(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown = names[..names.len().min(SHOWN)].iter();
    let shown: Vec<String> = shown.map(|name| format!("`{}`", excerpt(name))).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => format!("; it has {}", shown.join(", ")),
        more => format!("; it has {} and {more} more", shown.join(", ")),
    }
}

/// A word on `~`, which a shell replaces and a program does not.
fn tilde(path: &Path) -> String {
    let Ok(rest) = path.strip_prefix("~") else {
        return String::new();
    };
    let whole = std::env::home_dir().map_or("the whole path".to_owned(), |home| {
        format!("`{}`", home.join(rest).display())
    });
    format!("; `~` means your home folder in a terminal only, write {whole}")
}

/// "; did you mean `a`, `b` or `c`?", or nothing.
fn did_you_mean(suggestions: &[String]) -> String {
    did_you_mean_or(suggestions, "")
}

/// "; did you mean `a`, `b` or `c`?", or `otherwise` where there is nothing to suggest.
fn did_you_mean_or(suggestions: &[String], otherwise: &str) -> String {
    match suggestions {
        [] => otherwise.to_owned(),
        [one] => format!("; did you mean `{}`?", excerpt(one)),
        [first @ .., last] => {
            let first: Vec<String> = first
                .iter()
                .map(|name| format!("`{}`", excerpt(name)))
                .collect();
            format!(
                "; did you mean {} or `{}`?",
                first.join(", "),
                excerpt(last)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interactions::Interactions;

    fn unknown(items: &[&str]) -> Error {
        let plays = items.iter().map(|item| ("ann", item, 1.0));
        let data = Interactions::from_triplets(plays).unwrap();
        data.item("pink floid").unwrap_err()
    }

    #[test]
    fn a_lookup_error_offers_what_there_is() {
        assert_eq!(
            unknown(&["pink floyd"]).to_string(),
            "there is no item `pink floid`; did you mean `pink floyd`?"
        );
        assert_eq!(
            unknown(&["pink floyds", "pink floyd", "pink fluid"]).to_string(),
            "there is no item `pink floid`; did you mean `pink floyd`, `pink fluid` or `pink floyds`?"
        );
        assert_eq!(
            unknown(&[]).to_string(),
            "there is no item `pink floid`; `items()` lists the names there are"
        );
    }

    #[test]
    fn debug_is_the_sentence() {
        let error = Error::Csv {
            path: "plays.csv".into(),
            line: 3,
            column: 2,
            message: "`x` is not a number".into(),
        };
        assert_eq!(
            format!("{error:?}"),
            "plays.csv, line 3, column 2: `x` is not a number"
        );
    }
}
