//! Builds the notebook that is run for a hand-in: the student's answers, and all other cells from the assignment.

use super::align::{align, likeness, moved};
use super::policy::Policy;
use crate::assign::source::{Source, is_answer};
use radio_notebook::document::{Cell, CellKind, Notebook};
use radio_notebook::nbgrader::{Part, Role};
use std::collections::BTreeMap;

/// How much of what the assignment gives has to be found in a hand-in for it to be one of this assignment.
const MIN_LIKENESS: f32 = 0.4;
/// How many cells a hand-in may have.
const MAX_CELLS: usize = 2000;

/// What is run of a hand-in.
#[derive(Debug)]
pub struct Assembled {
    /// The notebook.
    pub notebook: Notebook,
    /// The parts of its cells.
    pub parts: Vec<Option<Part>>,
    /// What is shown of each cell: the student's own, and what was handed out of the rest.
    pub shown: Vec<Cell>,
    /// The answers, by their names.
    pub answers: BTreeMap<String, String>,
    /// What was not as it should be, a clause each.
    pub remarks: Vec<String>,
}

/// Makes of a hand-in what is run.
///
/// # Errors
/// Why it is no hand-in of this assignment, a clause.
pub fn assemble(source: &Source, hand_in: &Notebook, policy: &Policy) -> Result<Assembled, String> {
    if !hand_in
        .cells
        .iter()
        .any(|cell| !cell.source.trim().is_empty())
    {
        return Err("the notebook is empty".to_owned());
    }
    if hand_in.cells.len() > MAX_CELLS {
        return Err(format!("the notebook has more than {MAX_CELLS} cells"));
    }
    let released = source.released();
    let mut remarks = Vec::new();
    let found = match by_id(source, &released, hand_in, &mut remarks) {
        Some(found) => found,
        None => {
            remarks.push(
                "its cells have lost their names, and were matched by their order and likeness"
                    .to_owned(),
            );
            align(&released.cells, &hand_in.cells)
        }
    };
    let given = source.parts.iter().enumerate().filter(|(_, part)| {
        part.as_ref()
            .is_some_and(|part| matches!(part.role, Role::Test | Role::Locked))
    });
    let likenesses: Vec<f32> = given
        .map(|(at, _)| {
            let own = found[at].map(|own| hand_in.cells[own].source.as_str());
            own.map_or(0.0, |own| likeness(&released.cells[at].source, own))
        })
        .collect();
    if likenesses.iter().sum::<f32>() < MIN_LIKENESS * likenesses.len() as f32 {
        return Err(
            "this is another notebook than the assignment: hardly any of its tests are in it"
                .to_owned(),
        );
    }
    let mut assembling = Assembling {
        policy,
        assembled: Assembled {
            notebook: source.notebook.clone(),
            parts: Vec::new(),
            shown: Vec::new(),
            answers: BTreeMap::new(),
            remarks,
        },
        cells: Vec::new(),
    };
    assembling.put_together(source, &released, hand_in, &found);
    let Assembling {
        mut assembled,
        cells,
        ..
    } = assembling;
    assembled.notebook.cells = cells;
    assembled.notebook.clear_outputs();
    if is_untouched(source, &released, &assembled) {
        assembled.remarks.push("nothing was answered".to_owned());
    }
    Ok(assembled)
}

fn is_untouched(source: &Source, released: &Notebook, assembled: &Assembled) -> bool {
    let answers = source.parts.iter().zip(&released.cells);
    let mut answers = answers.filter(|(part, _)| is_answer(part.as_ref()));
    answers.all(|(part, cell)| {
        let id = part
            .as_ref()
            .map(|part| part.id.as_str())
            .unwrap_or_default();
        let own = assembled.answers.get(id);
        own.is_none_or(|own| own.trim() == cell.source.trim())
    })
}

/// Which cell of the hand-in each cell of the assignment became, by their names; `None` if no name is known.
fn by_id(
    source: &Source,
    released: &Notebook,
    hand_in: &Notebook,
    remarks: &mut Vec<String>,
) -> Option<Vec<Option<usize>>> {
    let name = |cell: &Cell| {
        let id = cell.metadata()?.get("nbgrader")?.get("grade_id")?;
        id.as_str().map(str::to_owned)
    };
    let names: Vec<Option<String>> = hand_in.cells.iter().map(name).collect();
    let mut taken = vec![false; names.len()];
    let mut found = vec![None; source.parts.len()];
    for (at, part) in source.parts.iter().enumerate() {
        let Some(part) = part else { continue };
        let mut all = (0..names.len()).filter(|own| names[*own].as_ref() == Some(&part.id));
        found[at] = all.next();
        if let Some(own) = found[at] {
            taken[own] = true;
        }
        if all.next().is_some() {
            remarks.push(format!(
                "`{}` is there twice, and the first counts",
                part.id
            ));
        }
    }
    if found.iter().all(Option::is_none) {
        return None;
    }
    // What has no part in the grading may have kept its place in the file, or its text.
    for (at, place) in found.iter_mut().enumerate() {
        if source.parts[at].is_some() {
            continue;
        }
        let cell = &released.cells[at];
        let is_it = |own: &usize| {
            let other = &hand_in.cells[*own];
            !taken[*own]
                && names[*own].is_none()
                && other.kind == cell.kind
                && (cell.id().is_some() && cell.id() == other.id()
                    || cell.source.trim() == other.source.trim())
        };
        *place = (0..names.len()).find(is_it);
        if let Some(own) = *place {
            taken[own] = true;
        }
    }
    Some(found)
}

struct Assembling<'p> {
    policy: &'p Policy,
    assembled: Assembled,
    cells: Vec<Cell>,
}

impl Assembling<'_> {
    /// Puts the cells in the assignment's order, each with the student's own that follow it.
    fn put_together(
        &mut self,
        source: &Source,
        released: &Notebook,
        hand_in: &Notebook,
        found: &[Option<usize>],
    ) {
        let is_known = |own: usize| found.contains(&Some(own));
        let own_from = |from: usize| -> Vec<usize> {
            let own = (from..hand_in.cells.len()).take_while(|own| !is_known(*own));
            own.collect()
        };
        self.add_own(hand_in, &own_from(0));
        let is_moved = moved(found);
        for (at, part) in source.parts.iter().enumerate() {
            let own = found[at].map(|own| &hand_in.cells[own]);
            let name = part.as_ref().map(|part| part.id.as_str());
            if let Some(name) = name.filter(|_| is_moved[at]) {
                self.remark(format!("`{name}` was moved, and is back at its place"));
            }
            let (fixed, handed_out) = (&source.notebook.cells[at], &released.cells[at]);
            match (part, own) {
                (None, None) => {}
                (None, Some(own)) => self.add(own.clone(), own, None),
                (Some(part), own) if is_answer(Some(part)) => {
                    if own.is_none() {
                        self.remark(format!("the answer `{}` is missing", part.id));
                    }
                    let own = own.unwrap_or(handed_out);
                    let source = own.source.clone();
                    self.assembled.answers.insert(part.id.clone(), source);
                    self.add(own.clone(), own, Some(part));
                }
                (Some(part), own) => {
                    match own {
                        None => self.remark(format!("`{}` was deleted, and is back", part.id)),
                        // A teacher may try the solved notebook itself.
                        Some(own)
                            if ![handed_out, fixed]
                                .iter()
                                .any(|of| is_same(&own.source, &of.source)) =>
                        {
                            self.remark(format!("`{}` was changed, and is as it was", part.id));
                        }
                        Some(_) => {}
                    }
                    self.cells.push(fixed.clone());
                    self.assembled.shown.push(handed_out.clone());
                    self.assembled.parts.push(Some(part.clone()));
                }
            }
            if let Some(own) = found[at] {
                self.add_own(hand_in, &own_from(own + 1));
            }
        }
    }

    fn add_own(&mut self, hand_in: &Notebook, extra: &[usize]) {
        for own in extra {
            let cell = &hand_in.cells[*own];
            self.add(cell.clone(), cell, None);
        }
    }

    /// Adds a cell of the student's, which does not run if that is objected to.
    fn add(&mut self, mut cell: Cell, shown: &Cell, part: Option<&Part>) {
        // Tags say how a cell runs, and that is not the student's to say.
        cell.replace_metadata(serde_json::Map::new());
        if cell.kind == CellKind::Code
            && let Some(objection) = self.policy.objection(&cell.source)
        {
            let numbered = self.cells.iter().filter(|cell| cell.is_numbered());
            let number = numbered.count() + 1;
            self.remark(format!("cell {number} did not run: {objection}"));
            cell.set_metadata("tags", serde_json::json!(["skip-execution"]));
        }
        self.cells.push(cell);
        self.assembled.shown.push(shown.clone());
        self.assembled.parts.push(part.cloned());
    }

    fn remark(&mut self, remark: String) {
        self.assembled.remarks.push(remark);
    }
}

/// Whether two texts are the same, but for blanks at the ends of their lines.
fn is_same(a: &str, b: &str) -> bool {
    let lines = |text: &str| -> Vec<String> {
        text.trim()
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    };
    lines(a) == lines(b)
}

#[cfg(test)]
mod tests;
