//! A notebook from its file, in either form.

use crate::document::Notebook;
use crate::error::{Error, Result};
use crate::{files, percent};
use std::path::Path;

impl Notebook {
    /// Reads a notebook: `.ipynb`, or a percent script where the name ends in `.rs`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::Document`] if it is no file, or not a Rust notebook of
    /// nbformat 4.
    pub fn read(path: &Path) -> Result<Notebook> {
        let text = files::read_text(path)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let notebook = match files::ends_in(path, "rs") {
            true => percent::read(text),
            false => Notebook::from_ipynb(text),
        };
        notebook.map_err(|message| Error::document(path, message))
    }
}
