//! A notebook from its file, in either form.

use crate::document::Notebook;
use crate::error::{Error, Result};
use crate::{files, percent};
use std::path::Path;

impl Notebook {
    /// Reads a notebook: `.ipynb`, or a percent script where the name ends in `.rs`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Document`] if it is no file, or not a Rust notebook of nbformat 4.
    pub fn read(path: &Path) -> Result<Notebook> {
        let bytes = files::read(path)?;
        let refuse = |message: String| Error::document(path, message);
        let text = String::from_utf8(bytes).map_err(|e| {
            refuse(format!(
                "this is not a notebook: byte {} is not UTF-8 text",
                e.utf8_error().valid_up_to() + 1
            ))
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if path.extension().is_some_and(|e| e == "rs") {
            return percent::read(text).map_err(refuse);
        }
        Notebook::from_ipynb(text).map_err(refuse)
    }
}
