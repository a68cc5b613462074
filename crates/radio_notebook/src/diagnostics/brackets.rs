//! Finds the bracket of a cell that has no partner: rustc would name brackets of the generated function.

use crate::diagnostics::{Diagnostic, Span};
use crate::program::CellLocation;
use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};

/// A bracket of the code, and where it stands: line and column, from 1.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bracket {
    sign: char,
    line: u32,
    column: u32,
    /// How far its line is indented, and whether it is the first of it.
    indent: u32,
    is_first: bool,
}

impl Bracket {
    fn closes(&self, open: &Bracket) -> bool {
        matches!((open.sign, self.sign), ('(', ')') | ('[', ']') | ('{', '}'))
    }

    fn span(&self, cell: u32, is_primary: bool, label: impl Into<String>) -> Span {
        Span {
            start: CellLocation {
                cell,
                for_cell: cell,
                line: self.line,
                column: self.column,
            },
            end: (self.line, self.column + 1),
            is_primary,
            label: Some(label.into()),
        }
    }
}

/// What is wrong with the brackets of a cell that is no Rust; `None` if each has its partner.
pub fn problem(code: &str, cell: u32) -> Option<Diagnostic> {
    let mut open: Vec<Bracket> = Vec::new();
    // A pair that is indented as no pair is: one of them may belong to another.
    let mut askew: Option<(Bracket, Bracket)> = None;
    for bracket in brackets(code) {
        if matches!(bracket.sign, '(' | '[' | '{') {
            open.push(bracket);
            continue;
        }
        match open.pop() {
            Some(opened) if bracket.closes(&opened) => {
                if bracket.is_first
                    && bracket.indent != opened.indent
                    && bracket.line != opened.line
                {
                    askew.get_or_insert((opened, bracket));
                }
            }
            Some(opened) => {
                let sign = bracket.sign;
                return Some(told(
                    format!("mismatched closing delimiter: `{sign}`"),
                    vec![
                        bracket.span(
                            cell,
                            true,
                            format!("`{sign}` cannot close `{}`", opened.sign),
                        ),
                        opened.span(cell, false, "this is still open"),
                    ],
                ));
            }
            None => {
                let sign = bracket.sign;
                let mut spans =
                    vec![bracket.span(cell, true, "nothing is open here that this could close")];
                spans.extend(of_askew(askew, cell));
                return Some(told(
                    format!("unexpected closing delimiter: `{sign}`"),
                    spans,
                ));
            }
        }
    }
    let last = open.last()?;
    let mut spans = vec![last.span(cell, true, "this is never closed")];
    spans.extend(of_askew(askew, cell));
    Some(told(format!("unclosed delimiter: `{}`", last.sign), spans))
}

fn of_askew(askew: Option<(Bracket, Bracket)>, cell: u32) -> Vec<Span> {
    let Some((opened, closed)) = askew else {
        return Vec::new();
    };
    let label = format!(
        "this closes the `{}` of line {}, and is indented as if it closed another",
        opened.sign, opened.line
    );
    vec![closed.span(cell, false, label)]
}

fn told(message: String, spans: Vec<Span>) -> Diagnostic {
    Diagnostic {
        is_warning: false,
        code: None,
        message,
        spans,
        notes: Vec::new(),
    }
}

/// The brackets of Rust code, without those in texts and comments.
fn brackets(code: &str) -> Vec<Bracket> {
    let mut found = Vec::new();
    let (mut start, mut line, mut line_start) = (0, 1, 0);
    for token in tokenize(code, FrontmatterAllowed::No) {
        let text = &code[start..start + token.len as usize];
        let sign = match token.kind {
            TokenKind::OpenParen => Some('('),
            TokenKind::CloseParen => Some(')'),
            TokenKind::OpenBracket => Some('['),
            TokenKind::CloseBracket => Some(']'),
            TokenKind::OpenBrace => Some('{'),
            TokenKind::CloseBrace => Some('}'),
            _ => None,
        };
        if let Some(sign) = sign {
            let before = &code[line_start..start];
            let blank = before.len() - before.trim_start().len();
            found.push(Bracket {
                sign,
                line,
                column: before.chars().count() as u32 + 1,
                indent: before[..blank].chars().count() as u32,
                is_first: blank == before.len(),
            });
        }
        if let Some(last) = text.rfind('\n') {
            line += text.matches('\n').count() as u32;
            line_start = start + last + 1;
        }
        start += text.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_of(code: &str) -> Option<String> {
        problem(code, 3).map(|problem| problem.render("a.ipynb", |_| Some(code)))
    }

    #[test]
    fn a_bracket_without_a_partner_is_told_where_it_stands() {
        for (code, title, place) in [
            (
                "let v = vec![1, 2;\nv",
                "unclosed delimiter: `[`",
                "cell 3:1:13",
            ),
            (
                "fn f() {\n    g(\n",
                "unclosed delimiter: `(`",
                "cell 3:2:6",
            ),
            (
                "let x = 1;\n}",
                "unexpected closing delimiter: `}`",
                "cell 3:2:1",
            ),
            (
                "let x = (1, [2);",
                "mismatched closing delimiter: `)`",
                "cell 3:1:15",
            ),
        ] {
            let told = told_of(code).unwrap();
            assert!(
                told.starts_with(&format!("error: {title}")) && told.contains(place),
                "{told}"
            );
        }
    }

    #[test]
    fn a_bracket_that_is_missing_further_up_is_told_by_the_indentation() {
        let told = told_of("fn f() {\n    if a {\n        b();\n}\n").unwrap();
        assert!(told.contains("cell 3:1:8"), "{told}");
        assert!(
            told.contains("this closes the `{` of line 2, and is indented as if it closed another"),
            "{told}"
        );
    }

    #[test]
    fn brackets_in_texts_and_comments_do_not_count() {
        for code in [
            "let a = \"(\"; // [\n/* { /* ( */ */",
            "let a = r#\"(\"[\"#; let b = br\"{\"; let for_ = '{'; let q = '\\''; let n = '\\u{7b}';",
            "fn f<'a>(x: &'a str) -> &'a str { x }",
            "let s = \"\\\"(\";",
            "r#match(1)",
            "",
        ] {
            assert_eq!(told_of(code), None, "{code}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_text_it_ends(code in "[(){}\\[\\]a'\"/*#r\\\\ \n]{0,40}") {
            let _ = told_of(&code);
        }
    }
}
