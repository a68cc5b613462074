//! A cell into the libraries that the host loads.
//!
//! A cell is compiled as it seems to be. Where the compiler says that it is otherwise, that it moves a variable, say,
//! it is compiled once more, and what was found out is kept: the next time, nothing has to be found out.

#[cfg(test)]
mod tests;

use super::commands::obey;
use super::depend::wait;
use super::finish::{closures_that_refer, finish};
use super::include::with_included_items;
use super::learn::{Asked, asked, drops_lent, explain, learn};
use crate::build::place::target_of;
use crate::build::set::{Builder, Built};
use crate::build::toolchain::Toolchain;
use crate::build::unit::{Compiler, Outcome, Unit};
use crate::diagnostics::Diagnostic;
use crate::dialect::CellCode;
use crate::error::Result;
use crate::lock;
use crate::program::CellLocation;
use crate::program::body::Body;
use crate::program::compiled::Library;
use crate::program::definitions::Definitions;
use crate::program::scope::{Placed, Scope};
use crate::program::text::{Attempt, Mark, SourceMap, Text};
use crate::run::session::Entry;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

/// How often a cell is compiled at most, until it is as the compiler wants it.
const MAX_ATTEMPTS: usize = 12;

/// Compiles the cells of one notebook. Copies share what they keep.
#[derive(Clone, Debug)]
pub struct Cells {
    pub(super) tools: Arc<dyn Tools>,
    pub(super) compiler: Compiler,
    folder: PathBuf,
    places: Places,
    /// How often something was compiled that was not kept.
    made: usize,
}

/// What builds the dependencies of cells and compiles their functions: cargo and rustc, or a script in tests.
pub(super) trait Tools: Debug + Send + Sync {
    /// As [`Builder::build`], of what the scope has.
    fn build(&self, scope: &Scope, progress: &mut dyn FnMut(&str)) -> Result<Built>;

    /// As [`Compiler::compile`].
    fn compile(&self, unit: &Unit<'_>) -> Result<Outcome>;
}

impl Tools for (Builder, Compiler) {
    fn build(&self, scope: &Scope, progress: &mut dyn FnMut(&str)) -> Result<Built> {
        let (build, base) = (&scope.settings.build, scope.set.as_ref());
        self.0.build(&scope.dependencies, build, base, progress)
    }

    fn compile(&self, unit: &Unit<'_>) -> Result<Outcome> {
        self.1.compile(unit)
    }
}

/// Where the lines of what was compiled come from, by the names of the files. What is added is seen by all copies.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<Mutex<HashMap<String, SourceMap>>>);

impl Places {
    /// The place in the notebook that a place in what was compiled comes from.
    pub fn find(&self, file: &str, line: u32, column: u32) -> Option<CellLocation> {
        self.maps().get(file)?.place(line, column)
    }

    /// The variable that a line of radio's own keeps, if it is that line that a message of the compiler's is about.
    fn kept(&self, message: &serde_json::Value) -> Option<String> {
        let mut spans = message["spans"].as_array()?.iter();
        let span = spans.find(|span| span["is_primary"] == true)?;
        let line = u32::try_from(span["line_start"].as_u64()?).ok()?;
        match self.maps().get(span["file_name"].as_str()?)?.mark(line)? {
            Mark::Keeps(name) => Some(name.clone()),
            _ => None,
        }
    }

    fn maps(&self) -> MutexGuard<'_, HashMap<String, SourceMap>> {
        lock(&self.0)
    }
}

/// A cell that is compiled.
#[derive(Debug)]
pub struct Compiled {
    /// What the next cell sees, if this one runs to its end.
    pub scope: Scope,
    /// What the next cell sees if it does not.
    pub scope_after_failure: Scope,
    /// Its function; `None` if it does nothing.
    pub entry: Option<Entry>,
    /// What was found out that not every kernel can do.
    pub facts: Facts,
    /// The compiler's warnings about what the cell says itself.
    pub warnings: Vec<Diagnostic>,
}

/// What a cell does that the stock kernel does not.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The variables that are closures.
    pub closures: Vec<String>,
    /// The variables whose types have no names, apart from closures.
    pub unnamed: Vec<String>,
    /// The variables that refer to others.
    pub refer: Vec<String>,
    /// The variables that the last expression moves.
    pub moved_to_show: Vec<String>,
}

/// What came of a cell: trouble with files and tools apart, it is compiled or it cannot run.
pub type Done = Result<std::result::Result<Compiled, Refusal>>;

/// Why a cell cannot run.
#[derive(Debug)]
pub enum Refusal {
    /// What the compiler says.
    Compiler(Vec<Diagnostic>),
    /// What cargo says of its dependencies.
    Dependencies(String),
}

impl Cells {
    /// Compiles cells of a notebook that lies in `folder`, until the deadline.
    ///
    /// # Errors
    /// [`Error::Tool`](crate::error::Error::Tool) if there is no compiler, or if it does not compile the runtime.
    pub(crate) fn of_folder(folder: &Path, deadline: Option<Instant>) -> Result<Cells> {
        Cells::in_target(folder, target_of(folder)?, deadline)
    }

    /// As [`of_folder`](Cells::of_folder), in a target directory.
    pub(super) fn in_target(
        folder: &Path,
        target: PathBuf,
        deadline: Option<Instant>,
    ) -> Result<Cells> {
        let toolchain = Toolchain::find(folder)?;
        let compiler = Compiler::new(&target, toolchain.clone(), deadline)?;
        let builder = Builder {
            notebook: folder.to_owned(),
            target,
            toolchain,
            deadline,
        };
        Ok(Cells {
            tools: Arc::new((builder, compiler.clone())),
            compiler,
            folder: folder.to_owned(),
            places: Places::default(),
            made: 0,
        })
    }

    /// The program that runs the cells.
    pub fn host(&self) -> &Path {
        self.compiler.host()
    }

    /// Has a compiler wait for the next cell.
    pub(crate) fn stand_by(&self) {
        self.compiler.stand_by();
    }

    /// How often something was compiled that was not kept.
    pub fn made(&self) -> usize {
        self.made
    }

    /// Where the lines of what is compiled come from.
    pub fn places(&self) -> Places {
        self.places.clone()
    }

    /// Compiles the cell with this number, which says `code`, in `scope`. `progress` hears what cargo is doing.
    ///
    /// # Errors
    /// Trouble with files and tools. What the compiler and cargo refuse is no error here, but a [`Refusal`].
    pub fn compile(
        &mut self,
        scope: &Scope,
        number: u32,
        source: &str,
        code: &CellCode,
        progress: &mut dyn FnMut(&str),
    ) -> Done {
        let again;
        let included = code
            .statement_macros
            .contains("include")
            .then(|| with_included_items(source, &self.folder))
            .flatten();
        let code = match code.statement_macros.is_disjoint(&scope.item_macros) {
            true if included.is_none() => code,
            _ => {
                let source = included.as_deref().unwrap_or(source);
                again = CellCode::parse_with(source, &scope.item_macros).unwrap_or_default();
                &again
            }
        };
        let mut seen = scope.clone();
        seen.item_macros.extend(code.item_macros.iter().cloned());
        seen.attributes
            .extend(code.inner_attributes.iter().map(|fragment| Placed {
                cell: number,
                what: Arc::new(fragment.clone()),
            }));
        let commands = obey(&mut seen, &code.commands, &self.folder);
        if code.awaits {
            wait(&mut seen);
        }
        if let Err(refusal) = self.depend(&mut seen, number, code, progress)? {
            return Ok(Err(refusal));
        }
        let definitions = Definitions::of(&seen, number, code);
        let does_something = code.body.is_some() || code.tail.is_some() || !commands.is_empty();
        let defined = match self.define(&mut seen, number, &definitions, does_something)? {
            Ok(defined) => defined,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let compiled = match does_something {
            true => self.compile_body(seen, number, code, &commands, progress),
            false => Ok(Ok(Compiled {
                scope_after_failure: seen.clone(),
                scope: seen,
                entry: None,
                facts: Facts::default(),
                warnings: Vec::new(),
            })),
        };
        // What is wrong with the items is not what is wrong with statements that name them.
        let warnings = match self.defined(defined, number)? {
            Ok(warnings) => warnings,
            Err(refusal) => return Ok(Err(refusal)),
        };
        Ok(compiled?.map(|mut compiled| {
            compiled.warnings.splice(0..0, warnings);
            compiled
        }))
    }

    /// Compiles the function of a cell.
    fn compile_body(
        &mut self,
        mut scope: Scope,
        number: u32,
        code: &CellCode,
        commands: &[(u32, String)],
        progress: &mut dyn FnMut(&str),
    ) -> Done {
        let mut attempt = Attempt::default();
        let mut last = Vec::new();
        // What the compiler said where lent variables were references, and what to note if copies of them do.
        let mut as_references: Option<(Vec<serde_json::Value>, String, Attempt)> = None;
        for _ in 0..MAX_ATTEMPTS {
            if attempt.awaits && !scope.awaits {
                wait(&mut scope);
                if let Err(refusal) = self.build(&mut scope, progress)? {
                    return Ok(Err(refusal));
                }
            }
            let body = Body {
                number,
                code,
                commands,
                attempt: &attempt,
            };
            let text = body.write(&scope);
            let libraries = text.libraries.clone();
            let (key, noted) = self.noted(&scope, &text, &attempt);
            if let Some(noted) = noted {
                attempt = noted;
                continue;
            }
            let outcome = self.tools.compile(&self.unit(&scope, &text, false))?;
            self.count(&outcome);
            let messages = match outcome {
                Outcome::Library(library) => {
                    self.remember(key.clone(), text.map);
                    if let Some((_, key, next)) = as_references.take() {
                        self.compiler.note(&key, &next);
                    }
                    let made: BTreeSet<String> = self.made_by_macros(code, &scope, &library);
                    if attempt.made_by_macros.is_empty() && !made.is_empty() {
                        attempt.made_by_macros = made;
                        self.compiler.note(&key, &attempt);
                        continue;
                    }
                    let boxes = closures_that_refer(&body, &library);
                    if attempt.boxes.is_empty() && !boxes.is_empty() {
                        attempt.boxes = boxes;
                        self.compiler.note(&key, &attempt);
                        continue;
                    }
                    if let Some(message) = drops_lent(&body, &scope, &library) {
                        let mut diagnostics = self.diagnostics(&[message]);
                        explain(&mut diagnostics, &scope);
                        return Ok(Err(Refusal::Compiler(diagnostics)));
                    }
                    let mut compiled = finish(scope, &body, &libraries, &library);
                    compiled.warnings = self.warnings(&library.warnings, number);
                    return Ok(Ok(compiled));
                }
                Outcome::Refused(messages) => messages,
            };
            let next = learn(&messages, &text.map, &key, &body, &scope).filter(|next| {
                let body = Body {
                    attempt: next,
                    ..body
                };
                // Where it makes no difference, nothing was learned.
                *next != attempt && (next.awaits || body.write(&scope).source != text.source)
            });
            last = match next {
                Some(_) => messages,
                None => self
                    .compiler
                    .search(&self.unit(&scope, &text, false), messages)?,
            };
            last.retain(|message| {
                !matches!(
                    asked(message, &text.map, &key, attempt.stays),
                    Asked::Moves(_)
                )
            });
            self.remember(key.clone(), text.map);
            let Some(next) = next else {
                if attempt.copies || body.takes(&scope).iter().all(|v| v.lent_to.is_empty()) {
                    break;
                }
                let next = Attempt {
                    copies: true,
                    sees_all: false,
                    ..attempt
                };
                as_references = Some((std::mem::take(&mut last), key, next.clone()));
                attempt = next;
                continue;
            };
            self.compiler.note(&key, &next);
            attempt = next;
        }
        let last = as_references.map_or(last, |(said, ..)| said);
        let mut diagnostics = self.diagnostics(&last);
        explain(&mut diagnostics, &scope);
        Ok(Err(Refusal::Compiler(diagnostics)))
    }

    /// The variables of a cell that its macros have declared.
    fn made_by_macros(
        &self,
        code: &CellCode,
        scope: &Scope,
        library: &Library,
    ) -> BTreeSet<String> {
        let words = code.macro_words.intersection(&library.variables);
        words
            .filter(|name| !code.declares.contains(*name) && scope.variable(name).is_none())
            .cloned()
            .collect()
    }

    pub(super) fn unit<'u>(
        &'u self,
        scope: &'u Scope,
        text: &'u Text,
        is_shared: bool,
    ) -> Unit<'u> {
        let libraries = scope.libraries.iter();
        let units = libraries.filter(|library| text.libraries.contains(&library.name));
        Unit {
            source: &text.source,
            is_shared,
            units: units.map(|l| (l.name.as_str(), &l.library)).collect(),
            set: scope.set.as_deref(),
            settings: &scope.settings.build,
            folder: &self.folder,
        }
    }

    pub(super) fn noted(
        &self,
        scope: &Scope,
        text: &Text,
        attempt: &Attempt,
    ) -> (String, Option<Attempt>) {
        let key = self.compiler.key(&self.unit(scope, text, false));
        let noted = self.compiler.noted::<Attempt>(&key);
        (key, noted.filter(|noted| noted != attempt))
    }

    pub(super) fn count(&mut self, outcome: &Outcome) {
        let is_kept = matches!(outcome, Outcome::Library(library) if !library.is_new);
        self.made += usize::from(!is_kept);
    }

    pub(super) fn remember(&mut self, key: String, map: SourceMap) {
        self.places.maps().insert(file_of(&key), map);
    }

    /// The compiler's warnings about what this cell says itself.
    pub(super) fn warnings(&self, messages: &[serde_json::Value], number: u32) -> Vec<Diagnostic> {
        let find = |file: &str, line, column| self.places.find(file, line, column);
        let warnings = messages.iter();
        warnings
            .filter_map(|message| Diagnostic::warning_from_rustc(message, number, find))
            .collect()
    }

    pub(super) fn diagnostics(&self, messages: &[serde_json::Value]) -> Vec<Diagnostic> {
        let find = |file: &str, line, column| self.places.find(file, line, column);
        let errors = messages.iter().filter_map(|message| {
            let mut diagnostic = Diagnostic::from_rustc(message, find)?;
            // What is left open in a cell is noticed where the variable is kept.
            let is_open = message["code"]["code"] == "E0282" && diagnostic.spans.is_empty();
            if let Some(name) = self.places.kept(message).filter(|_| is_open) {
                diagnostic.message = format!("type annotations needed for `{name}`");
                let advice = format!("consider giving `{name}` an explicit type");
                diagnostic.notes = vec![("help".to_owned(), advice)];
            }
            Some(diagnostic)
        });
        errors.collect()
    }
}

/// The name that the compiler is given for a unit's file.
pub(crate) fn file_of(key: &str) -> String {
    format!("src/{key}.rs")
}
