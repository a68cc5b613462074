//! Whether a cell can be executed as it is, or goes on: by its brackets, texts and comments, by what its last line ends
//! with, and where those leave it open, by the parser.

use super::cursor::is_open;
use crate::wire::IsCompleteReply;
use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};
use radio_notebook::dialect::{CellCode, CellError};

/// One step of indentation, as rustfmt has it.
const STEP: &str = "    ";

/// Who asks waits: nothing is told of longer cells, in bytes.
const MAX_SOURCE: usize = 1 << 20;

/// Whether that is what the parser says when the source ends too early.
fn is_early_end(message: &str) -> bool {
    message.starts_with("unexpected end of input") || message == "expected `;`"
}

/// Whether a cell can be executed as it is; if it goes on, with the next line's indentation.
pub(super) fn is_complete(source: &str) -> IsCompleteReply {
    if source.len() > MAX_SOURCE {
        return IsCompleteReply::Unknown;
    }
    let code = without_commands(source);
    match scan(&code) {
        Scan::Open { indent } => IsCompleteReply::Incomplete { indent },
        Scan::Mismatched => IsCompleteReply::Invalid,
        Scan::Closed { goes_on } => match CellCode::parse(source) {
            Ok(_) => IsCompleteReply::Complete,
            // `a +` goes on; so does `fn f()`, but not at a deeper level.
            Err(CellError::Syntax { message, .. }) if is_early_end(&message) => {
                let indent = if goes_on { STEP } else { "" };
                IsCompleteReply::Incomplete {
                    indent: indent.into(),
                }
            }
            Err(_) => IsCompleteReply::Invalid,
        },
    }
}

/// The source with its head of commands blanked, whose brackets are not Rust's.
fn without_commands(source: &str) -> String {
    let mut in_head = true;
    let lines = source.split_inclusive('\n').map(|line| {
        let text = line.trim();
        if in_head && (text.starts_with(':') || line.starts_with('!')) {
            return "\n";
        }
        in_head &= text.is_empty() || line.starts_with("//");
        line
    });
    lines.collect()
}

enum Scan {
    /// A bracket, a text or a comment is open at the end.
    Open { indent: String },
    /// A bracket is closed that is not open.
    Mismatched,
    /// Nothing is open. `goes_on`: the last token wants something on its right.
    Closed { goes_on: bool },
}

fn scan(code: &str) -> Scan {
    // For each open bracket: what closes it, and its line.
    let mut open: Vec<(&str, usize)> = Vec::new();
    let (mut line, mut at) = (0, 0);
    let mut last = "";
    for token in tokenize(code, FrontmatterAllowed::No) {
        let text = &code[at..at + token.len as usize];
        at += token.len as usize;
        let is_open = match token.kind {
            TokenKind::BlockComment { terminated, .. } => !terminated,
            TokenKind::Literal { kind, .. } => is_open(kind),
            _ => false,
        };
        if is_open {
            // What is added belongs to the text.
            return Scan::Open {
                indent: String::new(),
            };
        }
        match token.kind {
            TokenKind::OpenBrace => open.push(("}", line)),
            TokenKind::OpenBracket => open.push(("]", line)),
            TokenKind::OpenParen => open.push((")", line)),
            TokenKind::CloseBrace | TokenKind::CloseBracket | TokenKind::CloseParen
                if open.pop().is_none_or(|(close, _)| text != close) =>
            {
                return Scan::Mismatched;
            }
            _ => {}
        }
        line += text.matches('\n').count();
        let is_silent = matches!(
            token.kind,
            TokenKind::Whitespace | TokenKind::LineComment { .. } | TokenKind::BlockComment { .. }
        );
        if !is_silent {
            last = text;
        }
    }
    let goes_on = matches!(
        last,
        "+" | "-" | "*" | "/" | "%" | "=" | "&" | "|" | "^" | "<" | ">" | "." | ":"
    );
    if open.is_empty() {
        return Scan::Closed { goes_on };
    }
    // Brackets that are opened in one line indent once.
    open.dedup_by_key(|(_, line)| *line);
    let steps = open.len() + usize::from(goes_on);
    Scan::Open {
        indent: STEP.repeat(steps),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn indent(source: &str) -> String {
        match is_complete(source) {
            IsCompleteReply::Incomplete { indent } => indent,
            other => panic!("{source:?} is {other:?}"),
        }
    }

    #[test]
    fn whole_cells_are_complete() {
        let whole = [
            "",
            "  \n// nothing\n",
            "1 + 1",
            "let x = 1;",
            "let x = \"{[(\"; // {",
            "fn f() -> u8 {\n    1\n}",
            "struct P;",
            "use std::fmt",
            ":dep rand = \"1\"",
            ":dep serde\n!ls (\nlet c = '{';",
            "r#\"a \" b\"#",
            "/* a /* b */ c */ 'a: loop { break 'a }",
        ];
        for source in whole {
            assert_eq!(is_complete(source), IsCompleteReply::Complete, "{source}");
        }
    }

    #[test]
    fn what_is_open_goes_on_with_its_indentation() {
        assert_eq!(indent("fn f() {"), "    ");
        assert_eq!(indent("fn f() {\n    if x {\n        1"), "        ");
        assert_eq!(indent("call(|x| {"), "    ");
        assert_eq!(indent("let v = vec![\n    1,"), "    ");
        assert_eq!(indent("let x = f(1 +"), "        ");
        assert_eq!(indent("let x = \"some"), "");
        assert_eq!(indent("r##\"a\"#"), "");
        assert_eq!(indent("/* a /* b */"), "");
    }

    #[test]
    fn what_wants_more_goes_on() {
        for source in ["1 +", "let x =", "a.b.", "x &&", "std::"] {
            assert_eq!(indent(source), "    ", "{source}");
        }
        let headers = [
            "fn f()",
            "struct P",
            "impl P",
            "if x",
            "for i in 0..3",
            "match x",
            "#[derive(Debug)]",
            "let x",
            "fn foo(",
        ];
        for source in headers {
            indent(source);
        }
    }

    #[test]
    fn what_cannot_become_right_is_invalid() {
        for source in ["fn fn", "let = 2;", "a)", "(a]", "1 2", ":nonsense"] {
            assert_eq!(is_complete(source), IsCompleteReply::Invalid, "{source}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(source in "(?s).{0,60}") {
            let _ = is_complete(&source);
        }

        // What is open after a part of a whole cell is never called invalid by its brackets.
        #[test]
        fn the_first_lines_of_a_whole_cell_are_not_mismatched(lines in 0..7_usize) {
            let whole = "fn f(x: u8) -> Vec<u8> {\n    let v = vec![\n        x,\n    ];\n    v\n}\nf(1)";
            let part: String = whole.split_inclusive('\n').take(lines).collect();
            prop_assert_ne!(is_complete(&part), IsCompleteReply::Invalid);
        }
    }
}
