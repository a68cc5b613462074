//! The text of the crate with the function of a cell: it takes the variables that the cell names, does what the cell
//! says, and keeps what it declares.

use super::scope::{Making, Question, Scope, Variable};
use super::text::{Attempt, FUNCTION, Mark, START, Text, begin, finish};
use super::writer::Writer;
use crate::dialect::{CellCode, Fragment};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

/// Where the runtime has what is done with variables.
const OWN: &str = "crate::__radio::variables::";

/// What the function of a cell does with variables.
#[derive(Clone, Copy, Debug)]
pub struct Body<'b> {
    /// The cell's number.
    pub number: u32,
    /// The cell.
    pub code: &'b CellCode,
    /// What its commands do when it runs, with their lines.
    pub commands: &'b [(u32, String)],
    /// How it has to be.
    pub attempt: &'b Attempt,
}

impl Body<'_> {
    /// The variables of earlier cells that it names.
    pub fn takes<'s>(&self, scope: &'s Scope) -> Vec<&'s Arc<Variable>> {
        let needs = |name: &String| match self.attempt.sees_all {
            true => self.code.mentions.contains(name) || self.code.needs.contains(name),
            false => self.code.needs.contains(name),
        };
        let named = scope.variables.iter().filter(|v| needs(&v.name));
        // What others change cannot be looked at while they do, nor when nobody knows where they are.
        let named = named.filter(|variable| {
            !variable.changes
                || variable.lent_to.iter().all(|other| {
                    let stands = scope
                        .variable(other)
                        .is_some_and(|o| o.cell == variable.lent_by);
                    stands && !self.code.mentions.contains(other)
                })
        });
        let named: Vec<&Arc<Variable>> = named.collect();
        let mut all = Vec::new();
        for variable in named {
            self.with_what_makes_it(scope, variable, &mut all);
        }
        all
    }

    /// Adds a variable, after those that are there of what its type depends on, if it has no name.
    fn with_what_makes_it<'s>(
        &self,
        scope: &'s Scope,
        variable: &'s Arc<Variable>,
        into: &mut Vec<&'s Arc<Variable>>,
    ) {
        if into.iter().any(|known| known.name == variable.name) {
            return;
        }
        let is_unnamed = variable.of.is_none() || self.attempt.unnamed.contains(&variable.name);
        if let Some(made) = variable.made.as_ref().filter(|_| is_unnamed) {
            for needed in made.needs.iter().filter(|needed| is_there(scope, needed)) {
                if let Some(needed) = scope.variable(&needed.name) {
                    self.with_what_makes_it(scope, needed, into);
                }
            }
        }
        into.push(variable);
    }

    /// The variables that it declares.
    pub fn declares(&self) -> BTreeSet<String> {
        let all = self.code.declares.union(&self.attempt.made_by_macros);
        all.filter(|name| !self.attempt.moves.contains(*name))
            .cloned()
            .collect()
    }

    /// Whether it runs where it can wait.
    fn waits(&self, scope: &Scope) -> bool {
        scope.awaits || self.code.awaits || self.attempt.awaits
    }

    /// Whether it may use something without naming it.
    fn is_open(&self) -> bool {
        // A value may be shown by a method of a trait.
        if self.code.tail.is_some() {
            return true;
        }
        const PLAIN: [&str; 12] = [
            "print",
            "println",
            "eprint",
            "eprintln",
            "format",
            "vec",
            "assert",
            "assert_eq",
            "assert_ne",
            "panic",
            "dbg",
            "matches",
        ];
        let fragments = [&self.code.body, &self.code.tail];
        fragments.into_iter().flatten().any(|fragment| {
            let text = &fragment.text;
            let calls_methods = text.match_indices('.').any(|(at, _)| {
                text[at + 1..]
                    .trim_start()
                    .starts_with(|c: char| c == '_' || c.is_alphabetic())
            });
            let macros = text
                .match_indices('!')
                .filter(|(at, _)| !text[at + 1..].starts_with('='));
            let mut macros = macros.map(|(at, _)| {
                let name = text[..at].trim_end();
                let start = name.rfind(|c: char| c != '_' && !c.is_alphanumeric());
                &name[start.map_or(0, |at| at + 1)..]
            });
            calls_methods
                || text.contains("::")
                || macros.any(|name| !name.is_empty() && !PLAIN.contains(&name))
        })
    }

    /// The text of the crate with the cell's function.
    pub fn write(&self, scope: &Scope) -> Text {
        let takes = self.takes(scope);
        let mut words = self.code.mentions.clone();
        let mut needed = BTreeSet::new();
        for variable in &takes {
            self.find_needs(scope, variable, &mut words, &mut needed);
        }
        let nothing = BTreeSet::new();
        // A word that nothing is known to stand for may be what a `*` brings.
        let is_strange = |word: &String| {
            scope.variable(word).is_none()
                && !self.code.declares.contains(word)
                && word.starts_with(char::is_alphabetic)
        };
        let has_globs = scope.imports.iter().any(|import| import.what.name == "*");
        let is_open = self.is_open() || has_globs && words.iter().any(is_strange);
        let mut selection = scope.select(Question {
            words,
            defines: &nothing,
            is_open,
            takes_all: self.attempt.sees_all,
        });
        selection.libraries.extend(scope.with_needs(needed));
        let mut writer = Writer::default();
        begin(scope, &selection, self.number, &mut writer);
        writer.own(START);
        writer.own(&format!("pub fn __radio_cell{FUNCTION}"));
        let waits = self.waits(scope);
        if waits && self.attempt.stays {
            writer.own("let __radio_runtime = crate::__radio::variables::once(|| ::tokio::runtime::Runtime::new())?;\n__radio_runtime.block_on(crate::__radio::stays::kept(async {\n");
        } else if waits {
            writer.own("let __radio_runtime = crate::__radio::variables::once(|| ::tokio::runtime::Runtime::new())?;\n__radio_runtime.block_on(async {\n");
        }
        for (line, command) in self.commands {
            writer.line(self.number, *line, command);
        }
        for variable in &takes {
            let (text, rest, pins) = self.take(scope, variable);
            writer.marked(&text, Mark::Takes(variable.name.clone()));
            let at = writer.lines.len() as u32;
            writer.own(&rest);
            let pins = pins.into_iter();
            let pins = pins.map(|(line, name)| (at + line, Mark::Pins(name)));
            writer.marks.extend(pins);
        }
        if self.code.returns {
            writer.own("let __radio_end: ::std::result::Result<(), crate::__radio::Raised> = '__radio: {\n");
        }
        if let Some(body) = &self.code.body {
            writer.fragment(self.number, body);
        }
        if let Some(tail) = &self.code.tail {
            let ((format, bound), types) = (&scope.settings.format, scope.settings.shows_types);
            let call = format!("crate::__radio::__radio_show!({bound}, {format:?}, {types},");
            match self.attempt.never_shows {
                true => writer.shown(self.number, tail, "("),
                false => writer.shown(self.number, tail, &call),
            }
        }
        self.keep(waits, &takes, &mut writer);
        if self.code.returns {
            // Who has returned early has declared nothing.
            writer.own("return ::std::result::Result::Ok(());\n};\n");
            self.give_back_early(&takes, &mut writer);
            writer.own("__radio_end\n");
        } else {
            writer.own("::std::result::Result::Ok(())\n");
        }
        if waits {
            writer.own(if self.attempt.stays { "}))\n" } else { "})\n" });
        }
        writer.own("}\n");
        finish(writer, selection.libraries)
    }

    /// Adds the words and libraries that taking a variable needs.
    fn find_needs(
        &self,
        scope: &Scope,
        variable: &Variable,
        words: &mut BTreeSet<String>,
        libraries: &mut BTreeSet<String>,
    ) {
        if let Some(of) = &variable.of {
            libraries.extend(scope.libraries_in(of));
            libraries.extend(
                scope
                    .as_now(of)
                    .iter()
                    .flat_map(|of| scope.libraries_in(of)),
            );
        }
        let is_unnamed = variable.of.is_none() || self.attempt.unnamed.contains(&variable.name);
        if let Some(made) = variable.made.as_ref().filter(|_| is_unnamed) {
            words.extend(made.words.iter().cloned());
            for of in made.types.values() {
                libraries.extend(scope.libraries_in(of));
            }
            for needed in &made.needs {
                self.find_needs(scope, needed, words, libraries);
            }
        }
    }

    /// The line that takes a variable, what follows it, and the lines of the latter that pin types of variables.
    fn take(&self, scope: &Scope, variable: &Variable) -> (String, String, Vec<(u32, String)>) {
        let name = &variable.name;
        let is_lent = !variable.lent_to.is_empty();
        let mutable = match variable.is_mutable && !is_lent {
            true => "mut ",
            false => "",
        };
        let named = variable
            .of
            .as_ref()
            .filter(|_| !self.attempt.unnamed.contains(name));
        let now = named.and_then(|of| scope.as_now(of));
        let how = match (is_lent, self.copies(scope, variable)) {
            (false, _) => "take",
            (true, true) => "look",
            (true, false) => "look_at",
        };
        match (named, &variable.made) {
            (Some(of), _) => {
                let call = match now {
                    Some(now) => format!("{how}_as::<{of}, {now}>"),
                    None => format!("{how}::<{of}>"),
                };
                let text = format!("let {mutable}{name} = {OWN}{call}({name:?})?;\n");
                let check = match how {
                    // Only if nothing in it can change by itself does the compiler let it stay for ever.
                    "look" => format!(
                        "let _: &'static ::core::mem::MaybeUninit<{of}> = &const {{ ::core::mem::MaybeUninit::<{of}>::uninit() }};\n"
                    ),
                    _ => String::new(),
                };
                (text, check, Vec::new())
            }
            (None, Some(made)) => {
                let (mut same, mut pins) = (String::new(), Vec::new());
                self.make_again(scope, made, name, &mut same, &mut pins);
                let (before, after) = match is_lent {
                    true => ("&*::std::boxed::Box::leak(::std::boxed::Box::new({", "}))"),
                    false => ("", ""),
                };
                (
                    format!(
                        "let {mutable}{name} = match {OWN}is_never() {{ false => {OWN}{how}_unnamed({name:?})?, true => {{ {before}\n"
                    ),
                    format!("{same}{after} }} }};\n"),
                    pins,
                )
            }
            (None, None) => (
                format!("let {mutable}{name} = {OWN}{how}({name:?})?;\n"),
                String::new(),
                Vec::new(),
            ),
        }
    }

    /// Whether the cell has a copy of a variable that others refer to, rather than a reference to it.
    fn copies(&self, scope: &Scope, variable: &Variable) -> bool {
        let of = variable.of.as_ref();
        let of = of.filter(|_| !self.attempt.unnamed.contains(&variable.name));
        of.is_some_and(|of| {
            is_plain(of)
                || self.attempt.copies && !of.contains("&mut ") && scope.as_now(of).is_none()
        })
    }

    /// The text that makes a variable once more, for its type alone.
    fn make_again(
        &self,
        scope: &Scope,
        made: &Making,
        name: &str,
        into: &mut String,
        pins: &mut Vec<(u32, String)>,
    ) {
        for needed in &made.needs {
            if is_there(scope, needed) {
                // It is taken before.
                continue;
            }
            let of = needed
                .of
                .as_ref()
                .filter(|_| !self.attempt.unnamed.contains(&needed.name));
            let mutable = if needed.is_mutable { "mut " } else { "" };
            let needed_name = &needed.name;
            match (of, &needed.made) {
                (Some(of), _) => {
                    let _ = writeln!(into, "let {mutable}{needed_name} = {OWN}never::<{of}>();");
                }
                (None, Some(inner)) => {
                    let _ = writeln!(into, "let {mutable}{needed_name} = {{");
                    self.make_again(scope, inner, needed_name, into, pins);
                    into.push_str("};\n");
                }
                (None, None) => {}
            }
        }
        // Where the cell returns, that leaves a block that has no value.
        if made.returns {
            into.push_str("'__radio_made: {\nlet _: ::std::result::Result<(), crate::__radio::Raised> = '__radio: {\n");
        }
        into.push_str(&made.body.text);
        into.push('\n');
        for (other, of) in &made.types {
            let is_known = !self.attempt.unnamed.contains(other);
            if other != name && is_known && !self.attempt.hidden.contains(other) {
                let _ = writeln!(into, "let _: *const {of} = &raw const {other};");
                pins.push((into.matches('\n').count() as u32, other.clone()));
            }
        }
        let _ = match made.returns {
            true => writeln!(into, "break '__radio_made {name};\n}};\nloop {{}}\n}}"),
            false => writeln!(into, "{name}"),
        };
    }

    /// What becomes of the variables at the cell's end.
    fn keep(&self, waits: bool, takes: &[&Arc<Variable>], writer: &mut Writer) {
        let declares = self.declares();
        let stays = self.attempt.stays;
        let attempt = self.attempt;
        for (name, boxed) in &attempt.boxes {
            let text = format!("let {name}: {boxed} = ::std::boxed::Box::new({name});\n");
            writer.marked(&text, Mark::Keeps(name.clone()));
        }
        self.share(takes, writer);
        // Where variables stay, what refers to something comes before that: it is not used any more when that is looked
        // at. Otherwise it comes after that, so that the compiler says of what it takes that something refers to it.
        if !stays {
            self.give_back(takes, writer);
        }
        let mut declared: Vec<&String> = declares.iter().collect();
        let order = |name: &&String| self.place_of(name);
        declared.sort_by_key(|name| std::cmp::Reverse(order(name)));
        if !stays {
            declared.reverse();
        }
        for name in declared {
            let text = match stays {
                // What drops something refers to it to the end of its scope.
                true if attempt.boxes.contains_key(name) && !attempt.lends.contains(name) => {
                    format!(
                        "{OWN}declare_away({name:?}, &raw const {name}); ::core::mem::forget({name});\n"
                    )
                }
                true => format!("{OWN}declare_here({name:?}, &raw const {name});\n"),
                false => format!(
                    "{OWN}declare({name:?}, &raw const {name}); ::core::mem::forget({name});\n"
                ),
            };
            writer.marked(&text, Mark::Keeps(name.clone()));
        }
        if stays {
            self.give_back(takes, writer);
        }
        for name in &self.attempt.lends {
            writer.own(&format!("{OWN}lend({name:?});\n"));
        }
        if stays {
            writer.own(match waits {
                true => "crate::__radio::stays::stay().await;\n",
                false => "crate::__radio::worker::stay(__radio_number);\n",
            });
        }
    }

    /// Has the compiler find out which of the variables that others refer to can be looked at meanwhile.
    fn share(&self, takes: &[&Arc<Variable>], writer: &mut Writer) {
        let lends = &self.attempt.lends;
        if lends.is_empty() {
            return;
        }
        let uses = |name: &String| format!("{OWN}uses(&{name});\n");
        for name in lends.difference(&self.attempt.changed) {
            writer.marked(&uses(name), Mark::Shares(name.clone()));
        }
        let kept = takes.iter().map(|taken| taken.name.clone());
        let kept: BTreeSet<String> = kept.chain(self.declares()).collect();
        for name in kept.iter().filter(|name| !lends.contains(*name)) {
            if !self.attempt.moves.contains(name) {
                writer.own(&uses(name));
            }
        }
    }

    /// What becomes of the variables of earlier cells at the cell's end.
    fn give_back(&self, takes: &[&Arc<Variable>], writer: &mut Writer) {
        let attempt = self.attempt;
        for variable in takes {
            let name = &variable.name;
            if self.code.declares.contains(name) || attempt.made_by_macros.contains(name) {
                continue;
            }
            let text = given_back(variable, attempt.moves.contains(name), attempt.stays);
            let mark = match variable.lent_to.is_empty() {
                true => Mark::Keeps(name.clone()),
                false => Mark::Leaves(name.clone()),
            };
            writer.marked(&text, mark);
        }
    }

    /// What becomes of the variables of earlier cells where the cell returned early.
    fn give_back_early(&self, takes: &[&Arc<Variable>], writer: &mut Writer) {
        for variable in takes {
            let name = &variable.name;
            let is_moved = self.attempt.moves_to_return.contains(name);
            let text = given_back(variable, is_moved, false);
            writer.marked(&text, Mark::Returns(name.clone()));
        }
    }

    /// Where a name stands first in the cell's statements.
    fn place_of(&self, name: &str) -> usize {
        let body = self.code.body.as_ref().map_or("", |body| &body.text);
        let is_word = |at: &usize| {
            let end = at + name.len();
            let is_part = |c: char| c == '_' || c.is_alphanumeric();
            !body[..*at].ends_with(is_part) && !body[end..].starts_with(is_part)
        };
        let mut places = body.match_indices(name).map(|(at, _)| at);
        places.find(is_word).unwrap_or(usize::MAX)
    }
}

/// The line by which a variable of an earlier cell goes back, if the cell has not moved it. `stays`: whether it stays
/// where it is.
fn given_back(variable: &Variable, is_moved: bool, stays: bool) -> String {
    let name = &variable.name;
    match (variable.lent_to.is_empty(), is_moved) {
        (false, _) => format!("::core::mem::forget({name});\n"),
        (true, true) => format!("{OWN}gone({name:?});\n"),
        (true, false) if stays => format!("{OWN}give_back_here({name:?}, &raw const {name});\n"),
        (true, false) => {
            format!("{OWN}give_back({name:?}, &raw const {name}); ::core::mem::forget({name});\n")
        }
    }
}

/// Whether a value of this type can be copied, and refers to nothing.
pub fn is_plain(of: &str) -> bool {
    const PLAIN: [&str; 16] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize",
    ];
    PLAIN.contains(&of)
}

/// Whether a variable is still the one that it was.
fn is_there(scope: &Scope, variable: &Variable) -> bool {
    let now = scope.variable(&variable.name);
    now.is_some_and(|now| now.cell == variable.cell && now.of == variable.of)
}

/// How a cell's statements make variables, for those whose types have no names.
pub fn making(
    code: &CellCode,
    takes: &[&Arc<Variable>],
    types: &std::collections::BTreeMap<String, String>,
) -> Option<Arc<Making>> {
    let body: Fragment = code.body.clone()?;
    Some(Arc::new(Making {
        body,
        needs: takes.iter().map(|&variable| variable.clone()).collect(),
        types: types.clone(),
        words: code.mentions.clone(),
        returns: code.returns,
    }))
}
