//! From places in the code that evcxr made back to the cells.

/// A cell's number and its text.
pub type Cell<'c> = (u32, &'c str);

/// The cell, line and column, all from 1, of a place in the file that evcxr compiled last: evcxr copies the cells'
/// lines, so the line is looked for in the cells, the last one first. `None` where no cell has it, or the nearest one
/// has it twice.
pub fn in_cells(file: &str, line: u32, column: u32, cells: &[Cell<'_>]) -> Option<(u32, u32, u32)> {
    let generated = file.lines().nth(line.checked_sub(1)? as usize)?;
    let text = generated.trim();
    if text.is_empty() {
        return None;
    }
    let found_in = |source: &str| -> Vec<(u32, usize)> {
        let lines = (1..).zip(source.lines());
        lines
            .filter_map(|(at, own)| Some((at, own.find(text)?)))
            .collect()
    };
    let (number, source, found) = cells
        .iter()
        .rev()
        .map(|&(number, source)| (number, source, found_in(source)))
        .find(|(.., found)| !found.is_empty())?;
    let [(at, start)] = found[..] else {
        return None;
    };
    // A line of the cell may stand in the file behind code of evcxr's own, or without its indentation.
    let own = source.lines().nth(at as usize - 1)?;
    let shift = |line: &str, bytes: usize| line[..bytes].chars().count() as u32;
    let indentation = generated.len() - generated.trim_start().len();
    let behind = column.checked_sub(shift(generated, indentation))?;
    Some((number, at, behind + shift(own, start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_where_it_came_from() {
        let file = "#![allow(x)]\n    let a = f(0);\nfn f(n: i32) -> i32 { 1 / n }\nlet b = 1;\n";
        let cells = [
            (1, "fn f(n: i32) -> i32 { 1 / n }"),
            (3, "//\nlet b = 1; let a = f(0);\nlet c = 2;"),
        ];
        assert_eq!(in_cells(file, 2, 13, &cells), Some((3, 2, 20)));
        assert_eq!(in_cells(file, 3, 23, &cells), Some((1, 1, 23)));
        assert_eq!(in_cells(file, 4, 5, &cells), Some((3, 2, 5)));
        for line in [0, 1, 9] {
            assert_eq!(in_cells(file, line, 1, &cells), None);
        }
        assert_eq!(in_cells("x()\n", 1, 1, &[(1, "x();\nx()")]), None);
        assert_eq!(
            in_cells("x()\n", 1, 1, &[(1, "x()"), (2, "x();\nx()")]),
            None
        );
    }
}
