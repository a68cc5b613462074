//! Reads from the compiler's messages how a cell has to be written, for example that it moves a variable.

use super::compile::file_of;
use crate::diagnostics::{Diagnostic, is_error};
use crate::program::body::Body;
use crate::program::compiled::Library;
use crate::program::scope::{Gone, Scope};
use crate::program::text::{Attempt, Mark, SourceMap};
use std::collections::BTreeSet;

/// The errors by which the compiler says that a variable is borrowed where it is kept.
const BORROWS: [&str; 10] = [
    "E0373", "E0499", "E0502", "E0503", "E0505", "E0506", "E0521", "E0597", "E0713", "E0716",
];

/// What one message of the compiler's says of how the cell has to be.
pub enum Asked {
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
pub fn asked(message: &serde_json::Value, map: &SourceMap, key: &str, stays: bool) -> Asked {
    let code = message["code"]["code"].as_str().unwrap_or_default();
    let spans = message["spans"].as_array().map_or(&[][..], Vec::as_slice);
    if !is_error(message) || spans.is_empty() && code.is_empty() {
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

/// A message with the places where macros are called, rather than those inside of them.
fn where_called(message: &serde_json::Value) -> serde_json::Value {
    let outermost = |mut span: &serde_json::Value| {
        while span["expansion"]["span"].is_object() {
            span = &span["expansion"]["span"];
        }
        span.clone()
    };
    let spans = message["spans"].as_array().into_iter().flatten();
    serde_json::json!({ "spans": spans.map(outermost).collect::<Vec<_>>() })
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
pub(crate) fn learn(
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
    // What never comes to an end has any type: as a statement it needs none. Whatever else is open is so there, too.
    let is_open = |message: &serde_json::Value| {
        message["code"]["code"] == "E0282"
            && is_in_last_expression(&where_called(message), map, key, body)
    };
    if !attempt.never_shows && messages.iter().any(is_open) {
        next.never_shows = true;
        return Some(next);
    }
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

/// Why a cell is wrong that the compiler takes: it drops a variable that others refer to, of which it has a reference.
/// Then nothing would be dropped.
pub fn drops_lent(body: &Body<'_>, scope: &Scope, library: &Library) -> Option<serde_json::Value> {
    let warnings = library.warnings.iter();
    let mut drops = warnings.filter(|warning| warning["code"]["code"] == "dropping_references");
    drops.find_map(|warning| {
        let spans = warning["spans"].as_array()?;
        let takes = body.takes(scope);
        let lent = takes.iter().filter(|variable| !variable.lent_to.is_empty());
        let dropped = spans.iter().find_map(|span| {
            let (line, place) = (span["text"][0]["text"].as_str()?, |name| {
                usize::try_from(span["text"][0][name].as_u64()?).ok()
            });
            let (start, end) = (place("highlight_start")?, place("highlight_end")?);
            let argument = line.chars().skip(start - 1).take(end - start);
            let argument = argument.collect::<String>();
            lent.clone().find(|variable| variable.name == argument)
        })?;
        let primary = spans.iter().filter(|span| span["is_primary"] == true);
        Some(serde_json::json!({
            "level": "error", "code": null, "children": [],
            "message": format!("`{}` cannot be dropped", dropped.name),
            "spans": primary.collect::<Vec<_>>(),
        }))
    })
}

/// Adds to errors about variables what is to be known of them.
pub fn explain(diagnostics: &mut [Diagnostic], scope: &Scope) {
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
                    "a value of cell {cell} may change `{name}`: use that value, or drop it at the end of its cell"
                ),
                Gone::Ended(cell) => format!(
                    "`{name}` refers to something that ended with cell {cell}: keep that in a variable too"
                ),
            };
            diagnostic.notes.retain(|(level, _)| level != "help");
            diagnostic.notes.push(("note".to_owned(), note));
        }
        // A type of a cell that was defined again is another type with the same name.
        const VERSIONS: &str = "multiple different versions of crate `ctx`";
        if diagnostic
            .notes
            .iter()
            .any(|(_, text)| text.contains(VERSIONS))
        {
            diagnostic
                .notes
                .retain(|(_, text)| !text.contains(VERSIONS) && !text.contains("cargo tree"));
            let note = "the value was made before the type, or something that it uses, was defined again: make it again";
            diagnostic.notes.push(("note".to_owned(), note.to_owned()));
        }
        let lent = scope.variables.iter().find(|variable| {
            let is_named = |name: String| diagnostic.message.contains(&name);
            let name = &variable.name;
            !variable.lent_to.is_empty()
                && (is_named(format!("`{name}`")) || is_named(format!("`*{name}`")))
        });
        if let Some(variable) = lent.filter(|_| gone.is_none()) {
            let note = format!(
                "`{}` of cell {} refers to it: until that is declared again, it can only be read, not changed or moved",
                variable.lent_to.join("`, `"),
                variable.cell
            );
            diagnostic.notes.retain(|(level, _)| level != "help");
            diagnostic.notes.push(("note".to_owned(), note));
        }
    }
}
