//! Which columns of a table hold numbers: those are set to the right, and no number is broken in two.

use super::markup::{Token, is_numeric};

/// From so many columns on, a table is set smaller on paper.
const WIDE: usize = 9;
/// From so many on, its numbers may be broken there: all is better than whole.
const VERY_WIDE: usize = 16;

/// The columns of a table, each of which holds numbers alone or not.
#[derive(Debug, Default)]
pub(super) struct Columns {
    numeric: Vec<Option<bool>>,
    /// Whether a cell takes the room of several, so that the columns are not known.
    has_spans: bool,
}

impl Columns {
    /// The columns of each table in turn.
    pub(super) fn of(tokens: &[Token<'_>]) -> Vec<Columns> {
        let mut tables: Vec<Columns> = Vec::new();
        // The text of the cell that is open, if it is one of data.
        let mut cell: Option<String> = None;
        let mut column = 0;
        for token in tokens {
            match token {
                Token::Open(name, _) if name == "table" => tables.push(Columns::default()),
                Token::Open(name, _) if name == "tr" => column = 0,
                Token::Open(name, attributes) if name == "td" || name == "th" => {
                    let Some(table) = tables.last_mut() else {
                        continue;
                    };
                    table.has_spans |= attributes
                        .iter()
                        .any(|(key, _)| key == "colspan" || key == "rowspan");
                    if table.numeric.len() <= column {
                        table.numeric.push(None);
                    }
                    cell = (name == "td").then(String::new);
                    column += 1;
                }
                Token::Text(text) => {
                    if let Some(cell) = &mut cell {
                        cell.push_str(text);
                    }
                }
                Token::Close(name) if name == "td" => {
                    let (Some(table), Some(text)) = (tables.last_mut(), cell.take()) else {
                        continue;
                    };
                    let is_blank = matches!(text.trim(), "" | "..." | "…" | "-" | "–" | "—");
                    if let Some(numeric) = table
                        .numeric
                        .get_mut(column.wrapping_sub(1))
                        .filter(|_| !is_blank)
                    {
                        *numeric = Some(numeric.unwrap_or(true) && is_numeric(&text));
                    }
                }
                _ => {}
            }
        }
        tables
    }

    /// The class of a cell in this column.
    pub(super) fn cell(&self, column: usize) -> &'static str {
        match self.numeric.get(column) {
            Some(Some(true)) if !self.has_spans => "num",
            _ => "",
        }
    }

    /// The class of the table.
    pub(super) fn class(&self) -> &'static str {
        match self.numeric.len() {
            count if count >= VERY_WIDE => "very wide",
            count if count >= WIDE => "wide",
            _ => "",
        }
    }
}

/// Whether a text is a number as tables have it: `-1.5e-8`, `1,234`, `12 %`, `0.31 ± 0.02`, `3 ms`, `0.1 to 0.3`.
pub(super) fn is_number(text: &str) -> bool {
    let mut has_digit = false;
    for word in text.split_whitespace() {
        let bare = word.trim_start_matches(['+', '-', '−', '±', '(', '[', '<', '>', '~']);
        let bare = bare.trim_end_matches([',', ')', ']', '%', '*', ';']);
        let is_digits = bare.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && bare
                .chars()
                .all(|c| c.is_ascii_digit() || ".,_eE+-−–%/×x".contains(c))
            && bare.contains(|c: char| c.is_ascii_digit());
        let is_beside = matches!(
            bare,
            "" | "s"
                | "ms"
                | "µs"
                | "ns"
                | "NaN"
                | "inf"
                | "to"
                | "of"
                | "MB"
                | "KB"
                | "GB"
                | "·"
                | "–"
        );
        if !is_digits && !is_beside {
            return false;
        }
        has_digit |= is_digits || matches!(bare, "NaN" | "inf");
    }
    has_digit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_known_from_names() {
        for number in [
            "0",
            "-1.5e-8",
            "1,234",
            "12 %",
            "0.31 ± 0.02",
            "3 ms",
            "[0.1, 0.3]",
            "NaN",
            "−0.5",
            "1_000",
            "2/3",
            "<0.001",
        ] {
            assert!(is_number(number), "{number}");
        }
        for name in [
            "",
            "u2",
            "-",
            "...",
            "10 years after",
            "blink-182",
            "4 non blondes",
            "e5",
            "a 1",
            "s",
        ] {
            assert!(!is_number(name), "{name}");
        }
    }
}
