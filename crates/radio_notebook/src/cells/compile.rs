//! A cell into the libraries that the host loads.
//!
//! A cell is compiled as it seems to be. Where the compiler says that it is otherwise, that it moves a variable, say, it is
//! compiled once more, and what was found out is kept: the next time, nothing has to be found out.

use super::commands::{obey, with_runtime};
use crate::build::set::{Builder, Built};
use crate::build::unit::{Compiler, Library, Outcome, Unit};
use crate::diagnostics::Diagnostic;
use crate::dialect::CellCode;
use crate::error::Result;
use crate::program::CellPlace;
use crate::program::definitions::Definitions;
use crate::program::scope::{Gone, ItemLibrary, LIBRARY_PREFIX, Placed, Scope, Variable};
use crate::program::text::{Attempt, Body, Mark, SourceMap, Text, is_plain, items, making};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How often a cell is compiled at most, until it is as the compiler wants it.
const MAX_ATTEMPTS: usize = 12;

/// The errors by which the compiler says that a variable is borrowed where it is kept.
const BORROWS: [&str; 10] = [
    "E0373", "E0499", "E0502", "E0503", "E0505", "E0506", "E0521", "E0597", "E0713", "E0716",
];

/// Compiles the cells of one notebook. Copies share what they keep.
#[derive(Clone, Debug)]
pub struct Cells {
    builder: Builder,
    compiler: Compiler,
    folder: PathBuf,
    places: Places,
}

/// Where the lines of what was compiled come from, by the names of the files. What is added is seen by all copies.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<Mutex<HashMap<String, SourceMap>>>);

impl Places {
    /// The place in the notebook that a place in what was compiled comes from.
    pub fn find(&self, file: &str, line: u32, column: u32) -> Option<CellPlace> {
        self.maps().get(file)?.place(line, column)
    }

    fn maps(&self) -> MutexGuard<'_, HashMap<String, SourceMap>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A cell that is compiled.
#[derive(Debug)]
pub struct Compiled {
    /// What the next cell sees, if this one runs to its end.
    pub scope: Scope,
    /// What the next cell sees if it does not.
    pub scope_after_failure: Scope,
    /// The libraries that have to be loaded before it runs, in their order.
    pub loads: Vec<PathBuf>,
    /// The library that has its function; `None` if it does nothing.
    pub library: Option<PathBuf>,
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

/// Why a cell cannot run.
#[derive(Debug)]
pub enum Refusal {
    /// What the compiler says.
    Compiler(Vec<Diagnostic>),
    /// What cargo says of its dependencies.
    Dependencies(String),
}

impl Cells {
    /// Compiles cells of a notebook that lies in `folder`.
    pub fn new(builder: Builder, compiler: Compiler, folder: PathBuf) -> Cells {
        Cells {
            builder,
            compiler,
            folder,
            places: Places::default(),
        }
    }

    /// The program that runs the cells.
    pub fn host(&self) -> &Path {
        self.compiler.host()
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
    ) -> Result<std::result::Result<Compiled, Refusal>> {
        let again;
        let code = match code.statement_macros.is_disjoint(&scope.item_macros) {
            true => code,
            false => {
                again = CellCode::parse_with(source, &scope.item_macros).unwrap_or_default();
                &again
            }
        };
        let mut seen = scope.clone();
        seen.item_macros.extend(code.item_macros.iter().cloned());
        seen.attributes
            .extend(code.inner_attributes.iter().map(|chunk| Placed {
                cell: number,
                what: Arc::new(chunk.clone()),
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
        let warnings = match self.define(&mut seen, number, &definitions, does_something)? {
            Ok(warnings) => warnings,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !does_something {
            return Ok(Ok(Compiled {
                scope_after_failure: seen.clone(),
                scope: seen,
                loads: Vec::new(),
                library: None,
                facts: Facts::default(),
                warnings,
            }));
        }
        let compiled = self.compile_body(seen, number, code, &commands, progress)?;
        Ok(compiled.map(|mut compiled| {
            compiled.warnings.splice(0..0, warnings);
            compiled
        }))
    }

    /// Builds the dependencies of `scope`, if a cell has changed them.
    fn depend(
        &self,
        scope: &mut Scope,
        number: u32,
        code: &CellCode,
        progress: &mut dyn FnMut(&str),
    ) -> Result<std::result::Result<(), Refusal>> {
        for known in &code.extern_crates {
            let is_same = |other: &&mut Placed<_>| {
                let other: &crate::dialect::ExternCrate = &other.what;
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
        let mut builds = |scope: &mut Scope| -> Result<std::result::Result<(), Refusal>> {
            if scope.dependencies.is_empty() {
                return Ok(Ok(()));
            }
            let (build, base) = (&scope.settings.build, scope.set.as_ref());
            match self
                .builder
                .build(&scope.dependencies, build, base, progress)?
            {
                Built::Set(set) => scope.set = Some(set),
                Built::Refused(why) => return Ok(Err(Refusal::Dependencies(why))),
            }
            Ok(Ok(()))
        };
        let has_changed = scope.set.is_none()
            || code.commands.iter().any(|(_, command)| {
                matches!(
                    command,
                    crate::commands::Command::Dep { .. } | crate::commands::Command::BuildEnv(..)
                )
            })
            || code.awaits;
        if has_changed && let Err(refusal) = builds(scope)? {
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
            true => builds(scope),
            false => Ok(Ok(())),
        }
    }

    /// Compiles the items of a cell. What it gives are the compiler's warnings about them.
    fn define(
        &mut self,
        scope: &mut Scope,
        number: u32,
        definitions: &Definitions,
        has_body: bool,
    ) -> Result<std::result::Result<Vec<Diagnostic>, Refusal>> {
        let has_imports = definitions
            .imports
            .iter()
            .any(|import| import.cell == number);
        if definitions.is_empty() && (has_body || !has_imports) {
            definitions.enter(scope, number, "");
            return Ok(Ok(Vec::new()));
        }
        // What the items see: the imports of the cell, and the items that still hold.
        let mut seen = scope.clone();
        definitions.enter(&mut seen, number, "");
        seen.items.retain(|known| !known.library.is_empty());
        let has_narrow = definitions.own.iter().any(|item| item.narrow.is_some())
            || definitions
                .copies
                .iter()
                .any(|known| known.item.narrow.is_some());
        let mut attempt = Attempt::default();
        let (library, needs) = loop {
            let text = items(&seen, definitions, number, &attempt);
            let (key, outcome) = self.compile_text(scope, &text, true)?;
            match outcome {
                Outcome::Library(library) => {
                    self.remember(key, text.map);
                    break (library, text.libraries);
                }
                Outcome::Refused(messages) => {
                    self.remember(key, text.map);
                    if has_narrow && !attempt.is_narrow {
                        attempt.is_narrow = true;
                        continue;
                    }
                    let diagnostics = self.diagnostics(&messages);
                    return Ok(Err(Refusal::Compiler(diagnostics)));
                }
            }
        };
        let warnings = self.warnings(&library, number);
        let name = format!("{LIBRARY_PREFIX}{}", library.key);
        definitions.enter(scope, number, &name);
        if !scope.libraries.iter().any(|known| known.name == name) {
            scope.libraries.push(Arc::new(ItemLibrary {
                name,
                library,
                needs,
            }));
        }
        Ok(Ok(warnings))
    }

    /// Compiles the function of a cell.
    fn compile_body(
        &mut self,
        mut scope: Scope,
        number: u32,
        code: &CellCode,
        commands: &[(u32, String)],
        progress: &mut dyn FnMut(&str),
    ) -> Result<std::result::Result<Compiled, Refusal>> {
        let mut attempt = Attempt::default();
        let mut last = Vec::new();
        // What the compiler said where lent variables were references, and what to note if copies of them do.
        let mut as_references: Option<(Vec<serde_json::Value>, String, Attempt)> = None;
        for _ in 0..MAX_ATTEMPTS {
            if attempt.awaits && !scope.awaits {
                wait(&mut scope);
                if let Err(refusal) = self.depend_again(&mut scope, progress)? {
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
            let (_, outcome) = self.compile_text(&scope, &text, false)?;
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
                    let mut compiled = finish(scope, &body, &libraries, &library);
                    compiled.warnings = self.warnings(&library, number);
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
            last = messages;
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

    fn depend_again(
        &self,
        scope: &mut Scope,
        progress: &mut dyn FnMut(&str),
    ) -> Result<std::result::Result<(), Refusal>> {
        let (build, base) = (&scope.settings.build, scope.set.as_ref());
        Ok(
            match self
                .builder
                .build(&scope.dependencies, build, base, progress)?
            {
                Built::Set(set) => {
                    scope.set = Some(set);
                    Ok(())
                }
                Built::Refused(why) => Err(Refusal::Dependencies(why)),
            },
        )
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

    fn unit<'u>(&'u self, scope: &'u Scope, text: &'u Text, is_shared: bool) -> Unit<'u> {
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

    fn noted(&self, scope: &Scope, text: &Text, attempt: &Attempt) -> (String, Option<Attempt>) {
        let key = self.compiler.key(&self.unit(scope, text, false));
        let noted = self.compiler.noted::<Attempt>(&key);
        (key, noted.filter(|noted| noted != attempt))
    }

    fn compile_text(
        &self,
        scope: &Scope,
        text: &Text,
        is_shared: bool,
    ) -> Result<(String, Outcome)> {
        let unit = self.unit(scope, text, is_shared);
        Ok((self.compiler.key(&unit), self.compiler.compile(&unit)?))
    }

    fn remember(&mut self, key: String, map: SourceMap) {
        self.places.maps().insert(file_of(&key), map);
    }

    /// The compiler's warnings about what this cell says itself.
    fn warnings(&self, library: &Library, number: u32) -> Vec<Diagnostic> {
        let find = |file: &str, line, column| self.places.find(file, line, column);
        let warnings = library.warnings.iter();
        warnings
            .filter_map(|message| Diagnostic::warning_from_rustc(message, number, find))
            .collect()
    }

    fn diagnostics(&self, messages: &[serde_json::Value]) -> Vec<Diagnostic> {
        let messages = messages.iter();
        messages
            .filter_map(|message| {
                Diagnostic::from_rustc(message, |file, line, column| {
                    self.places.find(file, line, column)
                })
            })
            .collect()
    }
}

/// The name that the compiler is given for a unit's file.
fn file_of(key: &str) -> String {
    format!("src/{key}.rs")
}

/// Has this cell and those after it run where they can wait.
fn wait(scope: &mut Scope) {
    if !scope.awaits {
        let given = scope.dependencies.remove("tokio");
        scope
            .dependencies
            .insert("tokio".to_owned(), with_runtime(given));
        scope.awaits = true;
    }
}

/// The closures of a cell that refer to its variables, which stay where they are: they are kept in boxes, since no other text can
/// make them.
fn closures_that_refer(body: &Body<'_>, library: &Library) -> BTreeMap<String, String> {
    let declares = body.declares();
    let closures = library.closures.iter();
    closures
        .filter(|(name, _)| body.attempt.stays && declares.contains(*name))
        .filter(|(name, _)| !library.types.contains_key(*name))
        .map(|(name, boxed)| (name.clone(), boxed.clone()))
        .collect()
}

/// What one message of the compiler's says of how the cell has to be.
enum Asked {
    /// Nothing: it is no error.
    Nothing,
    /// It moves a variable.
    Moves(String),
    /// It has moved a variable where it returns early.
    MovesToReturn(String),
    /// This variable, which others refer to, can be changed by them.
    Changes(String),
    /// The type of this variable is hidden where it is made once more.
    Hidden(String),
    /// Its variables have to stay where they are, since others refer to them: to this one, if it is known.
    Stays(Option<String>),
    /// The type of this variable cannot be written down here.
    Unnamed(String),
    /// It waits for something.
    Awaits,
    /// The cell is wrong.
    Wrong,
}

/// `stays` says whether the variables stay where they are already.
fn asked(message: &serde_json::Value, map: &SourceMap, key: &str, stays: bool) -> Asked {
    let is_error = message["level"]
        .as_str()
        .is_some_and(|level| level.starts_with("error"));
    let code = message["code"]["code"].as_str().unwrap_or_default();
    let spans = message["spans"].as_array().map_or(&[][..], Vec::as_slice);
    if !is_error || spans.is_empty() && code.is_empty() {
        // A warning, or a summary.
        return Asked::Nothing;
    }
    let file = file_of(key);
    let marks = spans.iter().filter_map(|span| {
        let line = u32::try_from(span["line_start"].as_u64()?).ok()?;
        let is_here = span["file_name"] == file.as_str();
        let mark = map.mark(line).filter(|_| is_here)?;
        Some((span["is_primary"] != true, mark))
    });
    match marks.min_by_key(|(is_secondary, _)| *is_secondary) {
        Some((_, Mark::Takes(name))) if !BORROWS.contains(&code) => Asked::Unnamed(name.clone()),
        // It is moved, or it is no variable after all: a constant in a pattern, or what a macro keeps to itself.
        Some((_, Mark::Keeps(name))) if ["E0382", "E0425", "E0745"].contains(&code) => {
            Asked::Moves(name.clone())
        }
        Some((_, Mark::Returns(name))) if code == "E0382" => Asked::MovesToReturn(name.clone()),
        Some((_, Mark::Keeps(name))) if BORROWS.contains(&code) && stays => {
            Asked::Moves(name.clone())
        }
        Some((_, Mark::Keeps(_))) if BORROWS.contains(&code) => stays_for(message),
        Some((_, Mark::Shares(name))) if BORROWS.contains(&code) => Asked::Changes(name.clone()),
        Some((_, Mark::Pins(name))) => Asked::Hidden(name.clone()),
        // Something is to last as long as what is kept.
        _ if !stays && BORROWS.contains(&code) && is_for_ever(message) => stays_for(message),
        _ if code == "E0728" => Asked::Awaits,
        _ => Asked::Wrong,
    }
}

/// Whether a message says that something must last for ever.
fn is_for_ever(message: &serde_json::Value) -> bool {
    let texts = |of: &serde_json::Value| {
        let spans = of["spans"].as_array().into_iter().flatten();
        let labels = spans.filter_map(|span| span["label"].as_str());
        let all = labels.chain(of["message"].as_str());
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    let children = message["children"].as_array().into_iter().flatten();
    let all = children.flat_map(texts).chain(texts(message));
    all.into_iter().any(|text| text.contains("`'static`"))
}

/// The variable that a message is about, which has to stay where it is.
fn stays_for(message: &serde_json::Value) -> Asked {
    let text = message["message"].as_str().unwrap_or_default();
    let name = text.split('`').nth(1);
    let name = name.map(|place| place.trim_start_matches(['*', '(']));
    let name = name.and_then(|place| place.split(['.', '[', ')']).next());
    Asked::Stays(name.map(str::to_owned))
}

/// Whether a message is about a place in the last expression of the cell.
fn is_in_last_expression(
    message: &serde_json::Value,
    map: &SourceMap,
    key: &str,
    body: &Body<'_>,
) -> bool {
    let Some(tail) = &body.code.tail else {
        return false;
    };
    let indented = tail.text.chars().take_while(|c| *c == ' ').count() as u32;
    let file = file_of(key);
    let spans = message["spans"].as_array().into_iter().flatten();
    spans
        .filter(|span| span["file_name"] == file.as_str())
        .any(|span| {
            let number = |name: &str| u32::try_from(span[name].as_u64()?).ok();
            let place = number("line_start").zip(number("column_start"));
            let place = place.and_then(|(line, column)| map.place(line, column));
            place.is_some_and(|at| {
                at.cell == body.number && (at.line, at.column) >= (tail.line, indented + 1)
            })
        })
}

/// What the compiler's refusal says of how the cell has to be; `None` if it is the cell that is wrong.
fn learn(
    messages: &[serde_json::Value],
    map: &SourceMap,
    key: &str,
    body: &Body<'_>,
    scope: &Scope,
) -> Option<Attempt> {
    let attempt = body.attempt;
    let (declares, takes) = (body.declares(), body.takes(scope));
    let takes: BTreeSet<&String> = takes.iter().map(|variable| &variable.name).collect();
    let mut next = attempt.clone();
    let mut is_wrong = false;
    for message in messages {
        match asked(message, map, key, attempt.stays) {
            Asked::Nothing => {}
            Asked::Moves(name) => {
                if is_in_last_expression(message, map, key, body) {
                    next.moves_to_show.insert(name.clone());
                }
                next.moves.insert(name);
            }
            Asked::MovesToReturn(name) => is_wrong |= !next.moves_to_return.insert(name),
            Asked::Stays(name) => {
                next.stays = true;
                let is_kept = |name: &String| declares.contains(name) || takes.contains(name);
                next.lends.extend(name.filter(is_kept));
            }
            Asked::Changes(name) => is_wrong |= !next.changed.insert(name),
            Asked::Hidden(name) => is_wrong |= !next.hidden.insert(name),
            Asked::Unnamed(name) => is_wrong |= !next.unnamed.insert(name),
            Asked::Awaits if !attempt.awaits => next.awaits = true,
            Asked::Awaits | Asked::Wrong => is_wrong = true,
        }
    }
    if !is_wrong {
        return Some(next);
    }
    // What the compiler misses may be there.
    (!attempt.sees_all).then(|| Attempt {
        sees_all: true,
        ..attempt.clone()
    })
}

/// Adds to errors about variables what is to be known of them.
fn explain(diagnostics: &mut [Diagnostic], scope: &Scope) {
    for diagnostic in diagnostics {
        let missing = diagnostic.message.strip_prefix("cannot find value `");
        let missing = missing.or_else(|| diagnostic.message.strip_prefix("cannot find function `"));
        let gone = missing.and_then(|rest| Some((rest.split('`').next()?, rest)));
        let gone = gone.and_then(|(name, _)| Some((name, scope.gone.get(name)?)));
        if let Some((name, gone)) = gone {
            let note = match gone {
                Gone::Moved(cell) => {
                    format!("cell {cell} has moved `{name}`: clone it there, or declare it again")
                }
                Gone::Changed(cell) => format!(
                    "what cell {cell} has made of `{name}` may change it: use that, or have it end in its cell"
                ),
                Gone::Ended(cell) => format!(
                    "`{name}` refers to something that ended with cell {cell}: keep that in a variable too"
                ),
            };
            diagnostic.notes.retain(|(level, _)| level != "help");
            diagnostic.notes.push(("note".to_owned(), note));
        }
        let lent = scope.variables.iter().find(|variable| {
            !variable.lent_to.is_empty()
                && diagnostic.message.contains(&format!("`{}`", variable.name))
        });
        if let Some(variable) = lent.filter(|_| gone.is_none()) {
            let note = format!(
                "`{}` of cell {} refers to it: until that is declared again, it can only be looked at",
                variable.lent_to.join("`, `"),
                variable.cell
            );
            diagnostic.notes.retain(|(level, _)| level != "help");
            diagnostic.notes.push(("note".to_owned(), note));
        }
    }
}

/// What there is after a cell that was compiled.
fn finish(
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
    let mut all: Vec<Arc<Variable>> = Vec::new();
    for variable in &scope.variables {
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
    scope.variables = all;
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
        scope,
        scope_after_failure,
        loads,
        library: Some(library.code.clone()),
        warnings: Vec::new(),
    }
}
