//! The dependencies of a cell, which are there before it is compiled.

use super::commands::with_runtime;
use super::compile::{Cells, Refusal};
use crate::build::set::Built;
use crate::dialect::commands::Command;
use crate::dialect::{CellCode, ExternCrate};
use crate::error::Result;
use crate::program::scope::{Placed, Scope};
use std::sync::Arc;

impl Cells {
    /// Builds the dependencies of `scope`, if a cell has changed them.
    pub(super) fn depend(
        &self,
        scope: &mut Scope,
        number: u32,
        code: &CellCode,
        progress: &mut dyn FnMut(&str),
    ) -> Result<std::result::Result<(), Refusal>> {
        for known in &code.extern_crates {
            let is_same = |other: &&mut Placed<_>| {
                let other: &ExternCrate = &other.what;
                other.bound == known.bound && (known.bound != "_" || other.name == known.name)
            };
            let placed = Placed {
                cell: number,
                what: Arc::new(known.clone()),
            };
            match scope.extern_crates.iter_mut().find(is_same) {
                None => scope.extern_crates.push(placed),
                Some(old) if !old.what.has_attributes => *old = placed,
                Some(_) => {}
            }
        }
        let has_changed = scope.set.is_none()
            || code
                .commands
                .iter()
                .any(|(_, command)| matches!(command, Command::Dep { .. } | Command::BuildEnv(..)))
            || code.awaits;
        if has_changed && let Err(refusal) = self.build(scope, progress)? {
            return Ok(Err(refusal));
        }
        // A crate may have another name than its package.
        let mut is_missing = false;
        for known in &code.extern_crates {
            let of_toolchain = ["std", "core", "alloc", "test", "proc_macro", "self"];
            let is_built = scope
                .set
                .as_ref()
                .is_some_and(|set| set.externs.iter().any(|(name, _)| *name == known.name));
            if !of_toolchain.contains(&known.name.as_str()) && !is_built {
                scope.dependencies.insert(known.name.clone(), "*".into());
                is_missing = true;
            }
        }
        match is_missing {
            true => self.build(scope, progress),
            false => Ok(Ok(())),
        }
    }

    /// Builds the dependencies of `scope` as a set that grows from the one that it has.
    pub(super) fn build(
        &self,
        scope: &mut Scope,
        progress: &mut dyn FnMut(&str),
    ) -> Result<std::result::Result<(), Refusal>> {
        if scope.dependencies.is_empty() {
            return Ok(Ok(()));
        }
        Ok(match self.tools.build(scope, progress)? {
            Built::Set(set) => {
                scope.set = Some(set);
                Ok(())
            }
            Built::Refused(why) => Err(Refusal::Dependencies(why)),
        })
    }
}

/// Has this cell and those after it run where they can wait.
pub(super) fn wait(scope: &mut Scope) {
    if !scope.awaits {
        let given = scope.dependencies.remove("tokio");
        scope
            .dependencies
            .insert("tokio".to_owned(), with_runtime(given));
        scope.awaits = true;
    }
}
