//! Compiles several cells in one call of rustc, which saves the cost of a call for each.
//!
//! What a cell sees depends on the types of the variables before it. One call tells the types of all, as far as they
//! can be foreseen; then the cells can be compiled in any order. Each is kept under the key that it would have if it
//! had been compiled alone: where a guess was wrong, nobody asks for that key.

use super::compile::{Cells, file_of};
use super::define::Defined;
use super::finish::finish;
use super::learn::learn;
use crate::build::unit::Unit;
use crate::diagnostics::is_error;
use crate::dialect::CellCode;
use crate::error::Result;
use crate::program::body::Body;
use crate::program::compiled::Library;
use crate::program::definitions::Definitions;
use crate::program::scope::Scope;
use crate::program::sketch::{Sketch, variable_in};
use crate::program::text::{Attempt, Mark, Text};
use std::collections::{BTreeMap, BTreeSet};

/// How often the compiler is asked at most.
const MAX_ROUNDS: usize = 4;

/// So many cells at least are worth it.
const LEAST: usize = 4;

/// A cell, and how it has to be as far as that is known.
struct Foreseen<'c> {
    number: u32,
    code: &'c CellCode,
    attempt: Attempt,
    /// Whether it is left out: something is wrong with it, or nothing is known of what it needs.
    is_out: bool,
}

impl Foreseen<'_> {
    fn body(&self) -> Body<'_> {
        Body {
            number: self.number,
            code: self.code,
            commands: &[],
            attempt: &self.attempt,
        }
    }
}

/// The text of a cell.
struct Written {
    /// Its place among the cells.
    at: usize,
    scope: Scope,
    text: Text,
    key: String,
}

/// Whether what comes after a cell can be foreseen without compiling it.
pub(crate) fn is_foreseeable(code: &CellCode) -> bool {
    code.commands.is_empty()
        && code.extern_crates.is_empty()
        && code.inner_attributes.is_empty()
        && !code.awaits
}

impl Cells {
    /// Compiles what it can of cells that come one after the other, of which the first sees `scope`, and keeps that.
    ///
    /// # Errors
    /// Trouble with files and tools.
    pub(crate) fn compile_together(
        &mut self,
        scope: &Scope,
        cells: &[(u32, &CellCode)],
    ) -> Result<()> {
        if !scope.attributes.is_empty() || !scope.extern_crates.is_empty() {
            return Ok(());
        }
        // No cell runs meanwhile: the metadata of the items is all that is needed of them.
        let mut begun = Vec::new();
        let done = self.compile_with(scope, cells, &mut begun);
        for defined in begun {
            // What is wrong with it is told at its turn.
            let _ = self.defined(defined, 0);
        }
        done
    }

    fn compile_with(
        &mut self,
        scope: &Scope,
        cells: &[(u32, &CellCode)],
        begun: &mut Vec<Defined>,
    ) -> Result<()> {
        let (mut after, mut foreseen) = (scope.clone(), Vec::new());
        for &(number, code) in cells {
            if !is_foreseeable(code) || !self.enter(&mut after, number, code, begun)? {
                break;
            }
            foreseen.push(Foreseen {
                number,
                code,
                attempt: Attempt::default(),
                is_out: code.returns,
            });
        }
        if foreseen.len() < LEAST {
            return Ok(());
        }
        let Some(types) = self.guess(scope, &after, &mut foreseen)? else {
            return Ok(());
        };
        for _ in 0..MAX_ROUNDS {
            let written = self.write(scope, &mut foreseen, &types, begun)?;
            let (first, second) = written.split_at(written.len() / 2);
            let halves = [first, second].map(|half| {
                let units = half.iter().map(|w| self.unit(&w.scope, &w.text, false));
                units.collect::<Vec<Unit<'_>>>()
            });
            let refused = std::thread::scope(|threads| {
                let [first, second] = &halves;
                let other = threads.spawn(|| self.compiler.compile_together(second));
                let first = self.compiler.compile_together(first);
                [first, other.join().unwrap_or(Ok(Ok(())))]
            });
            let mut messages = Vec::new();
            for refused in refused {
                messages.extend(refused?.err().into_iter().flatten());
            }
            if messages.is_empty() {
                break;
            }
            self.take_note(&messages, &written, &mut foreseen);
        }
        Ok(())
    }

    /// Whether a cell of statements would have to be compiled; `false` for others.
    pub fn is_new(&self, scope: &Scope, number: u32, code: &CellCode) -> bool {
        if !code.items.is_empty() || !code.imports.is_empty() || !is_foreseeable(code) {
            return false;
        }
        let cell = Foreseen {
            number,
            code,
            attempt: Attempt::default(),
            is_out: false,
        };
        let (key, noted) = self.noted(scope, &cell.body().write(scope), &cell.attempt);
        noted.is_none() && self.compiler.kept(&key).is_none()
    }

    /// Begins with the items of a cell, and has `scope` have them. Returns `false` if what comes after it cannot be
    /// foreseen.
    fn enter(
        &mut self,
        scope: &mut Scope,
        number: u32,
        code: &CellCode,
        begun: &mut Vec<Defined>,
    ) -> Result<bool> {
        let macros = &code.statement_macros;
        if !macros.is_disjoint(&scope.item_macros) || macros.contains("include") {
            return Ok(false);
        }
        scope.item_macros.extend(code.item_macros.iter().cloned());
        let definitions = Definitions::of(scope, number, code);
        let does_something = code.body.is_some() || code.tail.is_some();
        // Cells before one that defines something anew see what was there before.
        if definitions.replaces() {
            return Ok(false);
        }
        let Ok(defined) = self.define(scope, number, &definitions, does_something)? else {
            return Ok(false);
        };
        begun.push(defined);
        Ok(true)
    }

    /// Asks for the types of the variables that the cells declare. Those that are wrong are left out.
    fn guess(
        &self,
        before: &Scope,
        after: &Scope,
        foreseen: &mut [Foreseen<'_>],
    ) -> Result<Option<BTreeMap<String, String>>> {
        let mut moved = BTreeSet::new();
        for _ in 0..MAX_ROUNDS {
            let cells = foreseen.iter().filter(|cell| !cell.is_out);
            let sketch = Sketch {
                before,
                after,
                cells: cells.map(|cell| (cell.number, cell.code)).collect(),
                moved: std::mem::take(&mut moved),
            };
            let text = sketch.write();
            moved = sketch.moved;
            let messages = match self.compiler.types_in(&self.unit(after, &text, false))? {
                Ok(types) => return Ok(Some(types)),
                Err(messages) => messages,
            };
            for message in messages.iter().filter(|message| is_error(message)) {
                let own = spans(message).filter(|span| span["is_primary"] == true);
                let lines = own.filter_map(|span| {
                    let number = |name: &str| u32::try_from(span[name].as_u64()?).ok();
                    Some((number("line_start")?, number("column_start")?))
                });
                for (line, column) in lines {
                    match (text.map.mark(line), text.map.place(line, column)) {
                        (Some(Mark::Keeps(variable)), _) => {
                            moved.insert(variable.clone());
                        }
                        (_, Some(place)) => {
                            let cell = foreseen.iter_mut().find(|c| c.number == place.cell);
                            cell.into_iter().for_each(|cell| cell.is_out = true);
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(None)
    }

    /// The texts of the cells that are not kept.
    fn write(
        &mut self,
        scope: &Scope,
        foreseen: &mut [Foreseen<'_>],
        types: &BTreeMap<String, String>,
        begun: &mut Vec<Defined>,
    ) -> Result<Vec<Written>> {
        let (mut scope, mut written) = (scope.clone(), Vec::new());
        let mut strange = BTreeSet::new();
        for (at, cell) in foreseen.iter_mut().enumerate() {
            self.enter(&mut scope, cell.number, cell.code, begun)?;
            if cell.code.body.is_none() && cell.code.tail.is_none() {
                continue;
            }
            let (mut text, mut key);
            let mut rounds = 0..MAX_ROUNDS;
            loop {
                text = cell.body().write(&scope);
                let noted;
                (key, noted) = self.noted(&scope, &text, &cell.attempt);
                match noted.filter(|_| rounds.next().is_some()) {
                    Some(noted) => cell.attempt = noted,
                    None => break,
                }
            }
            let body = cell.body();
            let takes = body.takes(&scope);
            let is_strange = cell.is_out || takes.iter().any(|v| strange.contains(&v.cell));
            let kept = self.compiler.kept(&key);
            let is_kept = kept.is_some();
            let library = kept.unwrap_or_else(|| {
                let given_back = takes.iter().filter(|v| v.lent_to.is_empty());
                let given_back = given_back.filter_map(|v| {
                    let of = v.of.as_ref()?;
                    Some((v.name.clone(), scope.as_now(of).unwrap_or(of.clone())))
                });
                let declared = cell.code.declares.iter().filter_map(|name| {
                    let of = types.get(&variable_in(cell.number, name))?;
                    Some((name.clone(), of.clone()))
                });
                Library::foreseen(given_back.chain(declared).collect())
            });
            if is_strange && !is_kept {
                strange.insert(cell.number);
            }
            let after = finish(scope.clone(), &body, &text.libraries, &library).scope;
            let scope = std::mem::replace(&mut scope, after);
            if !is_kept && !is_strange {
                written.push(Written {
                    at,
                    scope,
                    text,
                    key,
                });
            }
        }
        Ok(written)
    }

    /// Finds out from messages how the cells have to be that they are about.
    fn take_note(
        &self,
        messages: &[serde_json::Value],
        written: &[Written],
        foreseen: &mut [Foreseen<'_>],
    ) {
        for written in written {
            let file = file_of(&written.key);
            let own: Vec<_> = messages
                .iter()
                .filter(|message| spans(message).any(|span| span["file_name"] == file.as_str()))
                .cloned()
                .collect();
            let cell = &mut foreseen[written.at];
            if !own.iter().any(is_error) {
                continue;
            }
            let body = cell.body();
            match learn(&own, &written.text.map, &written.key, &body, &written.scope) {
                Some(next) if next != cell.attempt && !next.awaits && !next.sees_all => {
                    self.compiler.note(&written.key, &next);
                    cell.attempt = next;
                }
                _ => cell.is_out = true,
            }
        }
    }
}

fn spans(message: &serde_json::Value) -> impl Iterator<Item = &serde_json::Value> {
    message["spans"].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of the cells that have to be compiled after all were compiled together.
    fn not_kept(sources: &[&str]) -> Vec<usize> {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let mut cells = Cells::in_target(folder.path(), target, None).unwrap();
        let codes: Vec<CellCode> = sources
            .iter()
            .map(|source| CellCode::parse(source).unwrap())
            .collect();
        let numbered: Vec<_> = (1..).zip(&codes).collect();
        cells
            .compile_together(&Scope::default(), &numbered)
            .unwrap();
        let (mut scope, mut found) = (Scope::default(), Vec::new());
        for (number, code) in numbered {
            let made = cells.made();
            let source = sources[number as usize - 1];
            let compiled = cells.compile(&scope, number, source, code, &mut |_| {});
            scope = match compiled.unwrap() {
                Ok(compiled) => compiled.scope,
                Err(_) => scope,
            };
            if cells.made() > made {
                found.push(number as usize);
            }
        }
        found
    }

    #[test]
    fn cells_are_kept_as_if_each_had_been_compiled_by_itself() {
        let all = not_kept(&[
            "use std::collections::BTreeMap;\nlet start = 5_u64;",
            "fn twice(x: u64) -> u64 { 2 * x }\nlet one = twice(start);",
            "let mut names = vec![String::from(\"a\")];\nnames.push(one.to_string());",
            // It moves a variable, and one of its own.
            "let taken = names; let gone = String::new(); drop(gone);",
            "let add = move |x: u64| x + one;",
            "let map: BTreeMap<&str, u64> = [(\"a\", add(1))].into();",
            "let first = &taken[0];",
            "(first.len(), &map, add(2))",
        ]);
        assert!(all.is_empty(), "{all:?}");
    }

    #[test]
    fn what_is_wrong_or_guessed_wrongly_is_left_to_its_turn() {
        let some = not_kept(&[
            // As the fourth would have it, in one function: by itself it is an i32.
            "let small = 5;",
            "let other = 6_u8;",
            "let nothing = no_such_function();",
            "let large: u64 = small;",
            "other + 1",
            "module_path!()",
        ]);
        assert_eq!(some, [3, 4, 6]);
    }
}
