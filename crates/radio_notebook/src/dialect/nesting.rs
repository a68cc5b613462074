//! How deeply Rust code may nest: parsing it takes a stack as deep as the code, so it is measured first.

use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};

/// The deepest nesting that is parsed: brackets, operators and keywords that can stand inside one another.
pub const MAX_NESTING: usize = 4_000;
/// The stack that a level of nesting takes at most, in bytes, in a parser that is not optimised.
const LEVEL: usize = 64 << 10;
/// The nesting for which any thread's stack suffices.
const SHALLOW: usize = 12;

/// Calls `parse`, which is going to parse `code`, on a stack that is large enough.
///
/// # Errors
/// Where the code nests too deeply: the line, from 1, and a sentence for the user.
pub(crate) fn with_room<R: Send>(
    code: &str,
    parse: impl FnOnce() -> R + Send,
) -> Result<R, (u32, String)> {
    let nesting = nesting(code)?;
    if nesting <= SHALLOW {
        return Ok(parse());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size((2 << 20) + nesting * LEVEL);
        let parsing = thread.spawn_scoped(scope, parse).map_err(|e| {
            let message = format!("there is no memory to parse this cell: {e}");
            (1, message)
        })?;
        Ok(match parsing.join() {
            Ok(parsed) => parsed,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

/// The inside of an open bracket.
#[derive(Default)]
struct Level {
    /// How many tokens of the current expression or item were seen, and the deepest nesting in its brackets.
    run: usize,
    inner: usize,
    /// The deepest nesting of what came before it.
    deepest: usize,
    after_braces: bool,
}

impl Level {
    /// Ends an expression or item.
    fn separate(&mut self) {
        self.deepest = self.deepest.max(self.run + self.inner);
        (self.run, self.inner) = (0, 0);
    }
}

/// An upper bound of how deeply code nests once it is parsed.
fn nesting(code: &str) -> Result<usize, (u32, String)> {
    let mut outer = Vec::new();
    let mut level = Level::default();
    let (mut line, mut at) = (1, 0);
    for token in tokenize(code, FrontmatterAllowed::No) {
        let text = &code[at..at + token.len as usize];
        at += text.len();
        let after_braces = std::mem::take(&mut level.after_braces);
        match token.kind {
            TokenKind::Whitespace
            | TokenKind::LineComment { .. }
            | TokenKind::BlockComment { .. } => level.after_braces = after_braces,
            TokenKind::Comma | TokenKind::Semi => level.separate(),
            TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace => {
                level.run += 1;
                outer.push(std::mem::take(&mut level));
            }
            TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => {
                level.separate();
                let inside = level.deepest + 1;
                // What closes nothing is no Rust.
                level = outer.pop().unwrap_or_default();
                level.inner = level.inner.max(inside);
                level.after_braces = token.kind == TokenKind::CloseBrace;
            }
            TokenKind::Ident if after_braces && text != "else" && text != "as" => {
                level.separate();
                level.run = 1;
            }
            _ => level.run += 1,
        }
        if level.run + level.inner > MAX_NESTING {
            let message = format!(
                "this nests too deeply, or is too long a chain: radio parses {MAX_NESTING} levels; divide it"
            );
            return Err((line, message));
        }
        line += text.matches('\n').count() as u32;
    }
    level.separate();
    Ok(level.deepest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{CellCode, CellError};

    /// Ways to nest, each `times` deep.
    fn nested(times: usize) -> Vec<String> {
        let around = |open: &str, close: &str| {
            format!("let x = {}1{};", open.repeat(times), close.repeat(times))
        };
        vec![
            around("(", ")"),
            around("[", "]"),
            around("{", "}"),
            around("-", ""),
            around("&mut ", ""),
            around("|a| ", ""),
            around("a = ", ""),
            around("return ", ""),
            around("f(", ")"),
            around("if a { 1 } else ", "{}"),
            around("match a { _ => ", "}"),
            around("vec![", "]"),
            around("1 + ", ""),
            around("async move { ", "}"),
            around("", ".f()"),
            around("", "?"),
            around("", "[0]"),
            around("", " as u8"),
            format!("let x: {}u8{};", "Option<".repeat(times), ">".repeat(times)),
            format!("let x: {}u8;", "&".repeat(times)),
            format!("let x: {}u8;", "fn() -> ".repeat(times)),
            format!("let {}x{} = 1;", "(".repeat(times), ")".repeat(times)),
            format!("let {}x = 1;", "a @ ".repeat(times)),
            format!("use {}b;", "a::".repeat(times)),
            format!("use {}b{};", "a::{".repeat(times), "}".repeat(times)),
            format!("{}{}", "mod a {".repeat(times), "}".repeat(times)),
            format!("{}{}", "fn a() {".repeat(times), "}".repeat(times)),
            format!("println!({}1{})", "(".repeat(times), ")".repeat(times)),
        ]
    }

    #[test]
    fn what_nests_too_deeply_is_refused_at_its_line_and_anything_less_is_parsed() {
        for source in nested(20_000) {
            let source = format!("let a = 1;\n{source}");
            match CellCode::parse(&source) {
                Err(CellError::Command { line: 2, message }) => {
                    assert!(message.contains("too deeply"), "{message}")
                }
                other => panic!("{:.40}: {:.200}", source, format!("{other:?}")),
            }
        }
        for times in [10, 100, MAX_NESTING / 8] {
            for source in nested(times) {
                let parsed = CellCode::parse(&source);
                let refused = matches!(parsed, Err(CellError::Command { .. }));
                assert!(!refused, "{source:.40}");
            }
        }
        // The deepest that is not refused, of each kind.
        for kind in 0..nested(1).len() {
            let deep = |times: usize| nesting(&nested(times)[kind]);
            let first = deep(10).unwrap();
            let step = deep(11).unwrap() - first;
            let fits = 9 + (MAX_NESTING - first) / step;
            assert!(deep(fits).is_ok() && deep(fits + 3).is_err());
            let _ = CellCode::parse(&nested(fits)[kind]);
        }
        for open in ["(", "[", "{", "\"", "/*"] {
            assert!(CellCode::parse(&open.repeat(100_001)).is_err());
        }
    }

    #[test]
    fn long_is_not_deep() {
        for part in [
            "fn f() { g() }\n",
            "let a = 1;\n",
            "f(1, 2);\n",
            "if a { b } else { c }\n",
        ] {
            let _ = CellCode::parse(&part.repeat(3_000)).unwrap();
        }
        let _ = CellCode::parse(&format!("vec![{}]", "1, ".repeat(50_000))).unwrap();
    }
}
