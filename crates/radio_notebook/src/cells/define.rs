//! The items of a cell as a library of their own, which others are compiled against.

use super::compile::{Cells, Refusal};
use crate::build::unit::{Early, Outcome, Rest};
use crate::diagnostics::Diagnostic;
use crate::error::Result;
use crate::program::definitions::Definitions;
use crate::program::scope::{ItemLibrary, LIBRARY_PREFIX, Scope};
use crate::program::text::{Attempt, items};
use std::sync::Arc;

/// The items of a cell, against which others can be compiled.
#[derive(Debug, Default)]
pub(super) struct Defined {
    warnings: Vec<serde_json::Value>,
    /// What is still to be done, until they can be loaded.
    rest: Option<Rest>,
}

impl Cells {
    /// Compiles the items of a cell, as far as others need them to be compiled.
    pub(super) fn define(
        &mut self,
        scope: &mut Scope,
        number: u32,
        definitions: &Definitions,
        has_body: bool,
    ) -> Result<std::result::Result<Defined, Refusal>> {
        let has_imports = definitions
            .imports
            .iter()
            .any(|import| import.cell == number);
        if definitions.is_empty() && (has_body || !has_imports) {
            definitions.enter(scope, number, "", None);
            return Ok(Ok(Defined::default()));
        }
        // What the items see: the imports of the cell, and the items that still hold.
        let mut seen = scope.clone();
        definitions.enter(&mut seen, number, "", None);
        seen.items.retain(|known| !known.library.is_empty());
        let has_narrow = definitions.own.iter().any(|item| item.narrow.is_some())
            || definitions
                .copies
                .iter()
                .any(|known| known.item.narrow.is_some());
        let mut attempt = Attempt::default();
        let (library, rest, needs, statics) = loop {
            let mut text = items(&seen, definitions, number, &attempt);
            let unit = self.unit(scope, &text, true);
            let key = self.compiler.key(&unit);
            let early = self.compiler.compile_early(&unit)?;
            self.remember(key, std::mem::take(&mut text.map));
            let (outcome, rest) = match early {
                Early::Metadata(library, rest) => (Outcome::Library(library), Some(rest)),
                Early::Done(outcome) => (outcome, None),
            };
            self.count(&outcome);
            match outcome {
                Outcome::Library(library) => break (library, rest, text.libraries, text.statics),
                Outcome::Refused(messages) => {
                    if has_narrow && !attempt.is_narrow {
                        attempt.is_narrow = true;
                        continue;
                    }
                    let unit = self.unit(scope, &text, true);
                    let messages = self.compiler.search(&unit, messages)?;
                    let diagnostics = self.diagnostics(&messages);
                    return Ok(Err(Refusal::Compiler(diagnostics)));
                }
            }
        };
        let warnings = library.warnings.clone();
        let name = format!("{LIBRARY_PREFIX}{}", library.key);
        definitions.enter(scope, number, &name, statics.as_deref());
        if !scope.libraries.iter().any(|known| known.name == name) {
            scope.libraries.push(Arc::new(ItemLibrary {
                name,
                library,
                needs,
            }));
        }
        Ok(Ok(Defined { warnings, rest }))
    }

    /// Waits until items can be loaded. What it gives are the compiler's warnings about them.
    pub(super) fn defined(
        &self,
        defined: Defined,
        number: u32,
    ) -> Result<std::result::Result<Vec<Diagnostic>, Refusal>> {
        let warnings = match defined.rest.map(Rest::wait).transpose()? {
            None => defined.warnings,
            Some(Outcome::Library(library)) => library.warnings,
            Some(Outcome::Refused(messages)) => {
                return Ok(Err(Refusal::Compiler(self.diagnostics(&messages))));
            }
        };
        Ok(Ok(self.warnings(&warnings, number)))
    }
}
