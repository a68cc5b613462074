//! Which cell of a hand-in is which of the assignment, where its metadata do not say: by order and likeness.

use radio_notebook::document::Cell;
use similar::TextDiff;

/// What two cells of one kind that have nothing in common are worth as a pair: an answer may be anything.
const BY_PLACE: f32 = 0.05;
/// Longer texts are compared by their lines.
const MAX_WORDS: usize = 4000;

/// How like two texts are, from 0 to 1.
pub fn likeness(a: &str, b: &str) -> f32 {
    let (a, b) = (a.trim(), b.trim());
    match (a == b, a.is_empty() || b.is_empty()) {
        (true, _) => 1.0,
        (_, true) => 0.0,
        _ if a.len().max(b.len()) > MAX_WORDS => TextDiff::from_lines(a, b).ratio(),
        _ => TextDiff::from_words(a, b).ratio(),
    }
}

/// For each cell of the assignment, the cell of the hand-in that it became, so that order is kept and likeness is
/// greatest.
pub fn align(assignment: &[Cell], hand_in: &[Cell]) -> Vec<Option<usize>> {
    let (rows, columns) = (assignment.len(), hand_in.len());
    let pair = |row: usize, column: usize| {
        let (a, b) = (&assignment[row], &hand_in[column]);
        (a.kind == b.kind).then(|| likeness(&a.source, &b.source) + BY_PLACE)
    };
    // The best of what is left from a pair of places on.
    let mut best = vec![vec![0f32; columns + 1]; rows + 1];
    let mut pairs = vec![vec![None; columns]; rows];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let worth = pair(row, column);
            pairs[row][column] = worth;
            let together = worth.map_or(0.0, |worth| worth + best[row + 1][column + 1]);
            best[row][column] = together
                .max(best[row + 1][column])
                .max(best[row][column + 1]);
        }
    }
    let mut found = vec![None; rows];
    let (mut row, mut column) = (0, 0);
    while row < rows && column < columns {
        let is_pair = pairs[row][column]
            .is_some_and(|worth| worth + best[row + 1][column + 1] >= best[row][column]);
        if is_pair {
            found[row] = Some(column);
            (row, column) = (row + 1, column + 1);
        } else if best[row + 1][column] >= best[row][column + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    found
}

/// Which cells are not where the order of the others has them: all but those of a longest row of growing places.
pub fn moved(found: &[Option<usize>]) -> Vec<bool> {
    // For each cell, how long the longest row is that ends with it, and the cell before it there.
    let mut rows: Vec<(usize, Option<usize>)> = vec![(0, None); found.len()];
    for at in 0..found.len() {
        let Some(place) = found[at] else { continue };
        let before = (0..at).filter(|&before| found[before].is_some_and(|other| other < place));
        let before = before.max_by_key(|&before| (rows[before].0, std::cmp::Reverse(before)));
        rows[at] = (before.map_or(0, |before| rows[before].0) + 1, before);
    }
    let mut is_moved: Vec<bool> = found.iter().map(Option::is_some).collect();
    let mut next = (0..found.len()).max_by_key(|&at| (rows[at].0, std::cmp::Reverse(at)));
    while let Some(at) = next {
        is_moved[at] = false;
        next = rows[at].1;
    }
    is_moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use radio_notebook::document::CellKind;

    #[test]
    fn cells_are_found_again_though_some_are_new_gone_and_other() {
        let cells = |texts: &[&str]| -> Vec<Cell> {
            texts
                .iter()
                .map(|text| Cell::new(CellKind::Code, *text))
                .collect()
        };
        let assignment = cells(&[
            "let a = 1;",
            "fn f() -> i32 { todo!() }",
            "assert_eq!(f(), 2);",
            "last()",
        ]);
        let hand_in = cells(&[
            "let a = 1;",
            "println!(\"mine\")",
            "fn f() -> i32 { a + 1 }",
            "assert_eq!(f(), 2);",
        ]);
        assert_eq!(
            align(&assignment, &hand_in),
            [Some(0), Some(2), Some(3), None]
        );
        assert_eq!(align(&assignment, &[]), [None; 4]);
    }

    #[test]
    fn only_what_was_moved_is_said_to_be() {
        let of = |found: &[usize]| moved(&found.iter().map(|at| Some(*at)).collect::<Vec<_>>());
        assert_eq!(of(&[0, 1, 2]), [false; 3]);
        assert_eq!(of(&[9, 1, 2]), [true, false, false]);
        assert_eq!(of(&[2, 3, 4, 1]), [false, false, false, true]);
        assert_eq!(moved(&[None, Some(1)]), [false; 2]);
    }

    #[test]
    fn likeness_is_from_0_to_1() {
        assert_eq!(likeness(" a b\n", "a b"), 1.0);
        assert_eq!(likeness("a", ""), 0.0);
        assert!(likeness("let a = 1;", "let a = 2;") > 0.5);
    }
}
