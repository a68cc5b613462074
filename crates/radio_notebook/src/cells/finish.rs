//! After a cell was compiled: what the next cell sees, and what the host has to load.

use super::compile::{Compiled, Facts};
use crate::program::body::{Body, is_plain, making};
use crate::program::compiled::Library;
use crate::program::scope::{Gone, Scope, Variable};
use crate::run::session::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The closures of a cell that refer to its variables, which stay where they are: they are kept in boxes, since no
/// other text can make them.
pub(crate) fn closures_that_refer(body: &Body<'_>, library: &Library) -> BTreeMap<String, String> {
    let declares = body.declares();
    let closures = library.closures.iter();
    closures
        .filter(|(name, _)| body.attempt.stays && declares.contains(*name))
        .filter(|(name, _)| !library.types.contains_key(*name))
        .map(|(name, boxed)| (name.clone(), boxed.clone()))
        .collect()
}

/// What there is after a cell that was compiled.
pub fn finish(
    mut scope: Scope,
    body: &Body<'_>,
    libraries: &BTreeSet<String>,
    library: &Library,
) -> Compiled {
    let scope_after_failure = scope.clone();
    let (code, attempt) = (body.code, body.attempt);
    let mut loads: Vec<PathBuf> = scope
        .set
        .iter()
        .flat_map(|set| set.libraries().into_iter().map(Path::to_owned))
        .collect();
    let needed = scope
        .libraries
        .iter()
        .filter(|l| libraries.contains(&l.name));
    loads.extend(needed.map(|needed| needed.library.code.clone()));
    // What it was compiled together with may need more.
    loads.extend(library.needs.iter().cloned());
    let takes: Vec<Arc<Variable>> = body.takes(&scope).into_iter().cloned().collect();
    let takes: Vec<&Arc<Variable>> = takes.iter().collect();
    let declares = body.declares();
    let made = making(code, &takes, &library.types);
    let borrowers = |of: &Option<String>| {
        of.as_ref()
            .is_none_or(|of| of.contains(['&', '\'']) || of.contains("dyn "))
    };
    let mut lent_to: Vec<String> = declares
        .iter()
        .filter(|name| borrowers(&library.types.get(*name).cloned()))
        .filter(|name| !attempt.lends.contains(*name))
        .cloned()
        .collect();
    if lent_to.is_empty() {
        lent_to = declares
            .iter()
            .filter(|name| !attempt.lends.contains(*name))
            .cloned()
            .collect();
    }
    let mut all = Vec::with_capacity(scope.variables.len() + declares.len());
    for variable in scope.variables.iter() {
        if declares.contains(&variable.name) || attempt.moves.contains(&variable.name) {
            continue;
        }
        let is_taken = takes.iter().any(|taken| taken.name == variable.name);
        if code.declares.contains(&variable.name) && is_taken {
            // It was taken, and what the cell declared in its place is gone.
            continue;
        }
        let now = variable
            .of
            .as_ref()
            .and_then(|of| scope.as_now(of))
            .filter(|_| is_taken);
        let lends = attempt.lends.contains(&variable.name);
        if now.is_none() && !lends {
            all.push(variable.clone());
            continue;
        }
        let mut changed = (**variable).clone();
        changed.of = now.or(changed.of);
        if lends {
            changed.lent_to.extend(lent_to.iter().cloned());
            changed.lent_by = body.number;
            changed.changes |= attempt.changed.contains(&variable.name);
        }
        all.push(Arc::new(changed));
    }
    let order = |name: &&String| code.body.as_ref().and_then(|b| b.text.find(name.as_str()));
    let mut declared: Vec<&String> = declares.iter().collect();
    declared.sort_by_key(order);
    for name in declared {
        let of = library.types.get(name).cloned();
        all.push(Arc::new(Variable {
            name: name.clone(),
            cell: body.number,
            made: made.clone(),
            of,
            is_mutable: code.mutable.contains(name) || attempt.made_by_macros.contains(name),
            lent_to: match attempt.lends.contains(name) {
                true => lent_to.clone(),
                false => Vec::new(),
            },
            lent_by: body.number,
            changes: attempt.changed.contains(name),
        }));
    }
    for name in &declares {
        scope.gone.remove(name);
    }
    for name in &attempt.moves {
        let was_there = scope
            .variables
            .iter()
            .any(|variable| variable.name == *name);
        let is_moved = was_there || !attempt.stays;
        if was_there || code.declares.contains(name) {
            let gone = match is_moved {
                true => Gone::Moved(body.number),
                false if attempt.lends.contains(name) => Gone::Changed(body.number),
                false => Gone::Ended(body.number),
            };
            scope.gone.insert(name.clone(), gone);
        }
    }
    // What others may change can be looked at if it is copied as a whole, and else not at all.
    for variable in all.iter().filter(|variable| variable.changes) {
        scope
            .gone
            .insert(variable.name.clone(), Gone::Changed(variable.lent_by));
    }
    all.retain(|v| !v.changes || v.of.as_deref().is_some_and(is_plain));
    scope.variables = Arc::new(all);
    let is_closure =
        |name: &String| library.closures.contains_key(name) || attempt.boxes.contains_key(name);
    let unnamed = declares
        .iter()
        .filter(|name| !library.types.contains_key(*name));
    let facts = Facts {
        closures: declares
            .iter()
            .filter(|n| is_closure(n))
            .filter(|n| !library.types.contains_key(*n) || attempt.boxes.contains_key(*n))
            .cloned()
            .collect(),
        unnamed: unnamed.filter(|name| !is_closure(name)).cloned().collect(),
        refer: match attempt.stays {
            true => lent_to
                .iter()
                .filter(|name| !is_closure(name))
                .cloned()
                .collect(),
            false => Vec::new(),
        },
        moved_to_show: attempt.moves_to_show.iter().cloned().collect(),
    };
    Compiled {
        facts,
        warnings: Vec::new(),
        scope,
        scope_after_failure,
        entry: Some(Entry {
            loads,
            library: library.code.clone(),
            start: library.start.clone(),
        }),
    }
}
