//! How deeply Rust code may nest: parsing it takes a stack as deep as the code, so it is measured first.

use proc_macro2::{Delimiter, TokenStream, TokenTree, token_stream::IntoIter};

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
    let nesting = match code.parse::<TokenStream>() {
        Ok(tokens) => nesting(tokens)?,
        // It will not be parsed either.
        Err(_) => 0,
    };
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

/// The tokens between two brackets that are still to be looked at.
struct Level {
    tokens: IntoIter,
    /// The line on which the current expression or item begins.
    line: u32,
    /// How many tokens of it were seen, and the deepest nesting in its brackets.
    run: usize,
    inner: usize,
    /// The deepest nesting of what came before it.
    deepest: usize,
    after_braces: bool,
}

impl Level {
    fn new(tokens: TokenStream) -> Level {
        Level {
            tokens: tokens.into_iter(),
            line: 1,
            run: 0,
            inner: 0,
            deepest: 0,
            after_braces: false,
        }
    }

    /// Ends an expression or item.
    fn separate(&mut self) -> Result<(), (u32, String)> {
        let nesting = self.run + self.inner;
        if nesting > MAX_NESTING {
            let message = format!(
                "this nests too deeply, or is too long a chain: radio parses {MAX_NESTING} levels; divide it"
            );
            return Err((self.line, message));
        }
        self.deepest = self.deepest.max(nesting);
        (self.run, self.inner) = (0, 0);
        Ok(())
    }
}

/// An upper bound of how deeply tokens nest once they are parsed. It needs no deep stack itself.
fn nesting(tokens: TokenStream) -> Result<usize, (u32, String)> {
    let mut open = Vec::new();
    let mut level = Level::new(tokens);
    loop {
        let Some(token) = level.tokens.next() else {
            level.separate()?;
            let inside = level.deepest + 1;
            let Some(outer) = open.pop() else {
                return Ok(inside);
            };
            level = outer;
            level.inner = level.inner.max(inside);
            continue;
        };
        match &token {
            TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | ';') => {
                level.separate()?;
                continue;
            }
            TokenTree::Ident(name) if level.after_braces && name != "else" && name != "as" => {
                level.separate()?;
            }
            _ => {}
        }
        if level.run == 0 {
            level.line = token.span().start().line as u32;
        }
        level.run += 1;
        level.after_braces = false;
        if let TokenTree::Group(group) = token {
            level.after_braces = group.delimiter() == Delimiter::Brace;
            open.push(std::mem::replace(&mut level, Level::new(group.stream())));
        }
    }
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
            let (mut fits, mut not) = (1, MAX_NESTING + 1);
            while not - fits > 1 {
                let middle = usize::midpoint(fits, not);
                let tokens = nested(middle)[kind].parse().unwrap();
                *(if nesting(tokens).is_ok() {
                    &mut fits
                } else {
                    &mut not
                }) = middle;
            }
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
