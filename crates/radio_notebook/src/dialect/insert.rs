//! Cuts pieces out of a cell, and inserts what `?`, `return` and the paths of included files need.

use super::Fragment;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::Visit;

/// The piece of `code` in `range`, with those of the insertions that belong into it.
pub(super) fn fragment(
    code: &str,
    range: Range<usize>,
    insertions: &[(usize, &'static str)],
) -> Fragment {
    let line_start = code[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let line = code[..range.start].matches('\n').count() as u32 + 1;
    let mut text = " ".repeat(code[line_start..range.start].chars().count());
    // Counted as the text grows: there may be thousands of insertions in a line.
    let mut place = (line, text.len() as u32 + 1);
    let mut push = |piece: &str| {
        for c in piece.chars() {
            place = match c {
                '\n' => (place.0 + 1, 1),
                _ => (place.0, place.1 + 1),
            };
        }
        text.push_str(piece);
        place
    };
    let mut inserted = Vec::new();
    let mut from = range.start;
    let mut insertions: Vec<_> = insertions
        .iter()
        .copied()
        .filter(|(at, text)| belongs(&range, *at, text))
        .collect();
    // What closes something comes before what opens something at the same place.
    insertions.sort_by_key(|(at, text)| (*at, opens(text)));
    for (at, insertion) in insertions {
        let (at_line, column) = push(&code[from..at]);
        inserted.push((at_line, column, insertion.chars().count() as u32));
        push(insertion);
        from = at;
    }
    push(&code[from..range.end]);
    Fragment {
        text,
        line,
        insertions: inserted,
    }
}

/// Whether an insertion stands before what it belongs to, rather than after it.
fn opens(insertion: &str) -> bool {
    insertion.ends_with(['(', ' '])
}

/// Whether an insertion at byte `at` belongs into the range.
pub(super) fn belongs(range: &Range<usize>, at: usize, insertion: &str) -> bool {
    if opens(insertion) {
        range.contains(&at)
    } else {
        range.start < at && at <= range.end
    }
}

/// `code` with the ranges replaced by spaces, line ends kept.
pub(super) fn blank(code: &str, ranges: &[Range<usize>]) -> String {
    let mut ranges = ranges.to_vec();
    ranges.sort_unstable_by_key(|range| range.start);
    let hidden = |at: usize| {
        let next = ranges.partition_point(|range| range.end <= at);
        ranges.get(next).is_some_and(|range| range.contains(&at))
    };
    // A space for each byte, not for each character: the offsets of what is left must stay as they are.
    code.char_indices()
        .flat_map(|(at, c)| {
            let (c, times) = if hidden(at) && c != '\n' {
                (' ', c.len_utf8())
            } else {
                (c, 1)
            };
            std::iter::repeat_n(c, times)
        })
        .collect()
}

/// Finds what leaves the cell early or has it wait: each `?`, `return` and `.await`, but not those inside closures,
/// async blocks and items. What is inserted makes the first two leave the function that the cell is a part of.
#[derive(Default)]
pub(super) struct Exits {
    /// Byte and text of each insertion.
    pub insertions: Vec<(usize, &'static str)>,
    pub found_return: bool,
    pub found_await: bool,
}

/// The environment variable that names the notebook's folder to the compiler.
pub const FOLDER_VARIABLE: &str = "RADIO_NOTEBOOK_FOLDER";

/// Finds `include_str!("path")` and the like, whose paths are relative to the notebook, wherever the program lies.
#[derive(Default)]
pub(super) struct Files {
    /// The bytes of each relative path's literal.
    literals: Vec<Range<usize>>,
}

impl Files {
    pub(crate) fn insertions(&self) -> Vec<(usize, &'static str)> {
        let before = "concat!(env!(\"RADIO_NOTEBOOK_FOLDER\"), \"/\", ";
        self.literals
            .iter()
            .flat_map(|range| [(range.start, before), (range.end, ")")])
            .collect()
    }
}

impl<'a> Visit<'a> for Files {
    fn visit_macro(&mut self, call: &'a syn::Macro) {
        let includes = call.path.segments.last().is_some_and(|name| {
            ["include", "include_str", "include_bytes"]
                .iter()
                .any(|known| name.ident == known)
        });
        if includes && let Ok(literal) = call.parse_body::<syn::LitStr>() {
            if std::path::Path::new(&literal.value()).is_relative() {
                self.literals.push(literal.span().byte_range());
            }
            return;
        }
        for argument in arguments(call) {
            self.visit_expr(&argument);
        }
    }
}

/// The arguments of a macro's call, if they are expressions.
fn arguments(call: &syn::Macro) -> Vec<syn::Expr> {
    let parser = syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
    let arguments = call.parse_body_with(parser).unwrap_or_default();
    arguments.into_iter().collect()
}

/// Macros whose arguments are expressions that belong to the cell.
pub(super) const EXPRESSION_MACROS: [&str; 14] = [
    "print",
    "println",
    "eprint",
    "eprintln",
    "format",
    "write",
    "writeln",
    "dbg",
    "vec",
    "assert",
    "assert_eq",
    "assert_ne",
    "panic",
    "matches",
];

impl<'a> Visit<'a> for Exits {
    fn visit_expr_try(&mut self, expression: &'a syn::ExprTry) {
        let start = start_of(&expression.expr);
        let end = expression.question_token.span().byte_range().start;
        self.insertions.push((start, "crate::__radio::Try("));
        self.insertions.push((end, ").__radio_question_mark()"));
        syn::visit::visit_expr_try(self, expression);
    }
    fn visit_expr_return(&mut self, expression: &'a syn::ExprReturn) {
        self.found_return = true;
        // It leaves the block that the cell is, so that the variables can be given back.
        let range = expression.return_token.span().byte_range();
        self.insertions.push((range.start, "/* "));
        self.insertions.push((
            range.end,
            match expression.expr {
                Some(_) => " */ break '__radio",
                None => " */ break '__radio ::std::result::Result::Ok(())",
            },
        ));
        syn::visit::visit_expr_return(self, expression);
    }
    fn visit_stmt_macro(&mut self, call: &'a syn::StmtMacro) {
        if returns_error(&call.mac) {
            self.mark_returning(&call.mac);
            return;
        }
        syn::visit::visit_stmt_macro(self, call);
    }
    fn visit_expr_macro(&mut self, call: &'a syn::ExprMacro) {
        if returns_error(&call.mac) {
            let range = call.mac.span().byte_range();
            // Only `bail!` stands for a value of any type: it has none.
            let name = call.mac.path.segments.last();
            if name.is_some_and(|name| name.ident != "bail") {
                self.mark_returning(&call.mac);
                return;
            }
            self.insertions.push((
                range.start,
                "crate::__radio::Try((|| -> ::std::result::Result<_, _> { ",
            ));
            self.insertions
                .push((range.end, " })()).__radio_question_mark()?"));
            return;
        }
        syn::visit::visit_expr_macro(self, call);
    }
    fn visit_expr_await(&mut self, expression: &'a syn::ExprAwait) {
        self.found_await = true;
        syn::visit::visit_expr_await(self, expression);
    }
    fn visit_macro(&mut self, call: &'a syn::Macro) {
        let takes_expressions = call
            .path
            .get_ident()
            .is_some_and(|name| EXPRESSION_MACROS.iter().any(|known| name == known));
        if takes_expressions {
            for argument in arguments(call) {
                self.visit_expr(&argument);
            }
        }
    }
    fn visit_expr_closure(&mut self, _: &'a syn::ExprClosure) {}
    fn visit_expr_async(&mut self, _: &'a syn::ExprAsync) {}
    fn visit_item(&mut self, _: &'a syn::Item) {}
}

impl Exits {
    /// Has a macro that may return an error, and has no value otherwise, do so as a `?`.
    fn mark_returning(&mut self, call: &syn::Macro) {
        let range = call.span().byte_range();
        self.insertions.push((
            range.start,
            "crate::__radio::Try((|| -> ::std::result::Result<(), _> { ",
        ));
        self.insertions.push((
            range.end,
            "; #[allow(unreachable_code)] ::std::result::Result::Ok(()) })()).__radio_question_mark()?",
        ));
    }
}

/// Where an expression begins. A chain of `?` is not looked at as a whole for each of them.
fn start_of(mut expression: &syn::Expr) -> usize {
    while let syn::Expr::Try(inner) = expression
        && inner.attrs.is_empty()
    {
        expression = &inner.expr;
    }
    expression.span().byte_range().start
}

/// Whether a macro returns an error from the function that calls it, as `anyhow::bail!` does.
fn returns_error(call: &syn::Macro) -> bool {
    let name = call.path.segments.last().map(|name| name.ident.to_string());
    name.is_some_and(|name| matches!(name.as_str(), "bail" | "ensure" | "ensure_eq"))
}
