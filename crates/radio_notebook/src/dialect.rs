//! What one evcxr cell means: its commands, items, `use`s, statements and trailing expression.
//!
//! Nothing is rewritten but what must be: the parts are cut out of the source where they stand, with their line and column,
//! so that whatever the compiler or a panic says can be said of the cell.

mod widen;

use crate::commands::{Command, split_commands};
use crate::comments::without_lone_docs;
use crate::items::Item;
use crate::nesting;
use proc_macro2::{Delimiter, Punct, Spacing, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::Visit;

/// A piece of a cell's source.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// The piece; what stands before it on its first line is replaced by spaces, so columns are the cell's.
    pub text: String,
    /// The cell's line on which it begins, from 1.
    pub line: u32,
    /// What was inserted into the piece, as (line in the cell, column from 1, number of characters).
    pub insertions: Vec<(u32, u32, u32)>,
}

/// One leaf of a `use`, as a statement of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// The whole statement, such as `use std::fmt::Write as _;`.
    pub text: String,
    /// The name it binds; `*` or `_` where it binds none that could clash.
    pub name: String,
    /// The first name of its path, apart from `crate`, `self` and `super`.
    pub head: String,
    /// The cell's line, from 1.
    pub line: u32,
}

/// `extern crate name;`
#[derive(Clone, Debug, PartialEq)]
pub struct ExternCrate {
    /// The crate.
    pub name: String,
    /// The name it is given here.
    pub bound: String,
    /// Whether it has attributes, such as `#[macro_use]`.
    pub has_attributes: bool,
    /// Its text where it stands.
    pub text: Chunk,
}

/// One cell, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CellCode {
    /// The commands with their lines.
    pub commands: Vec<(u32, Command)>,
    /// The `extern crate` items.
    pub extern_crates: Vec<ExternCrate>,
    /// `#![...]`.
    pub inner_attributes: Vec<Chunk>,
    /// The leaves of the `use` statements.
    pub imports: Vec<Import>,
    /// Functions, types, impls, macros: what becomes part of the crate.
    pub items: Vec<Item>,
    /// The statements, up to the trailing expression.
    pub body: Option<Chunk>,
    /// The trailing expression.
    pub tail: Option<Chunk>,
    /// The variables that the statements declare.
    pub declares: BTreeSet<String>,
    /// Those of them that can be changed.
    pub mutable: BTreeSet<String>,
    /// The macros that it calls as statements, apart from those of the standard library.
    pub statement_macros: BTreeSet<String>,
    /// Every name in such calls: they may be those of variables that the macros declare.
    pub macro_words: BTreeSet<String>,
    /// The macros that it defines which make items.
    pub item_macros: BTreeSet<String>,
    /// Every name that the cell mentions, in code or inside a format string.
    pub mentions: BTreeSet<String>,
    /// Those that its statements mention before they declare them: variables of earlier cells may be among them.
    pub needs: BTreeSet<String>,
    /// Whether the cell ends early by a `return` of its own.
    pub returns: bool,
    /// Whether it waits for something with `.await`.
    pub awaits: bool,
}

/// Why a cell could not be taken apart.
#[derive(Clone, Debug, PartialEq)]
pub enum CellError {
    /// A command that is not understood or not to be had here.
    Command {
        /// The cell's line, from 1.
        line: u32,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// The cell is not Rust. The compiler says it better than we do.
    Syntax {
        /// The source without its commands, line by line as in the cell.
        code: String,
        /// The parser's opinion.
        message: String,
        /// The cell's line, from 1.
        line: u32,
        /// The column, from 1.
        column: u32,
    },
}

impl CellCode {
    /// Takes a cell's source apart.
    ///
    /// # Errors
    /// [`CellError`] if a command is not understood or the rest is not Rust.
    pub fn parse(source: &str) -> Result<CellCode, CellError> {
        CellCode::parse_with(source, &BTreeSet::new())
    }

    /// As [`parse`](CellCode::parse), where macros of these names make items.
    ///
    /// # Errors
    /// As [`parse`](CellCode::parse).
    pub fn parse_with(source: &str, item_macros: &BTreeSet<String>) -> Result<CellCode, CellError> {
        let (commands, code) = split_commands(source)?;
        let of_rust = nesting::with_room(&code, || {
            CellCode::of_rust(&without_lone_docs(&code), item_macros)
        });
        let of_rust = of_rust.map_err(|(line, message)| CellError::Command { line, message })??;
        Ok(CellCode {
            commands,
            ..of_rust
        })
    }

    /// Takes the Rust of a cell apart.
    fn of_rust(code: &str, item_macros: &BTreeSet<String>) -> Result<CellCode, CellError> {
        let parsed = parse_rust(code).map_err(|error| {
            let at = error.span().start();
            CellError::Syntax {
                message: error.to_string(),
                line: at.line as u32,
                column: at.column as u32 + 1,
                code: code.to_owned(),
            }
        })?;
        let (tokens, attributes, statements) = parsed;
        let mut cell = CellCode::default();
        collect_names(tokens, &mut cell.mentions);
        let mut cut: Vec<Range<usize>> = Vec::new();
        for attribute in &attributes {
            let range = attribute.span().byte_range();
            cell.inner_attributes.push(chunk(code, range.clone(), &[]));
            cut.push(range);
        }
        let mut marks = Exits::default();
        let last = statements.len().saturating_sub(1);
        let mut tail = None;
        cell.item_macros = statements.iter().filter_map(item_macro).collect();
        let makes_items = |call: &syn::Macro| {
            let name = call.path.segments.last().map(|name| name.ident.to_string());
            let is_known = name.is_some_and(|name| {
                item_macros.contains(&name) || cell.item_macros.contains(&name)
            });
            is_known || widen::within_macro(call.tokens.clone()).is_items
        };
        let as_items = statements.iter().map(|statement| match statement {
            syn::Stmt::Macro(call) if makes_items(&call.mac) => {
                syn::Stmt::Item(syn::Item::Macro(syn::ItemMacro {
                    attrs: call.attrs.clone(),
                    ident: None,
                    mac: call.mac.clone(),
                    semi_token: call.semi_token,
                }))
            }
            other => other.clone(),
        });
        let statements: Vec<syn::Stmt> = as_items.collect();
        for (index, statement) in statements.iter().enumerate() {
            let range = statement.span().byte_range();
            match statement {
                syn::Stmt::Item(syn::Item::Use(item)) => {
                    flatten_use(item, code, &mut cell.imports);
                    cut.push(range);
                }
                syn::Stmt::Item(syn::Item::ExternCrate(item)) => {
                    let name = item.ident.to_string();
                    let bound = item.rename.as_ref().map(|(_, name)| name.to_string());
                    cell.extern_crates.push(ExternCrate {
                        bound: bound.unwrap_or_else(|| name.clone()),
                        name,
                        has_attributes: !item.attrs.is_empty(),
                        text: chunk(code, range.clone(), &[]),
                    });
                    cut.push(range);
                }
                syn::Stmt::Item(item) => {
                    let mut files = Files::default();
                    files.visit_item(item);
                    let mut insertions = files.insertions();
                    insertions.extend(widen::widen(item));
                    let owner = cell.items.iter().rev().find_map(Item::owning_name);
                    let text = chunk(code, range.clone(), &insertions);
                    let made = match item {
                        syn::Item::Macro(syn::ItemMacro {
                            ident: Some(_),
                            mac,
                            ..
                        }) => widen::within_rules(mac.tokens.clone()),
                        syn::Item::Macro(call) => widen::within_macro(call.mac.tokens.clone()),
                        _ => widen::Made::default(),
                    };
                    let narrow = (!made.insertions.is_empty()).then(|| text.clone());
                    insertions.extend(made.insertions);
                    let text = match &narrow {
                        Some(_) => chunk(code, range.clone(), &insertions),
                        None => text,
                    };
                    let mut item = Item::new(item, text, owner.map(str::to_owned));
                    item.narrow = narrow;
                    item.makes.extend(made.names);
                    cell.items.push(item);
                    cut.push(range);
                }
                other => {
                    marks.visit_stmt(other);
                    let mut files = Files::default();
                    files.visit_stmt(other);
                    marks.insertions.extend(files.insertions());
                    let mut needs = BTreeSet::new();
                    for range in evaluated(other) {
                        collect_names(code[range].parse().unwrap_or_default(), &mut needs);
                    }
                    cell.needs.extend(needs.difference(&cell.declares).cloned());
                    declared_names(other, &mut cell.declares, &mut cell.mutable);
                    if let syn::Stmt::Macro(call) = other
                        && let Some(name) = call.mac.path.segments.last()
                        && !EXPRESSION_MACROS.iter().any(|known| name.ident == known)
                    {
                        cell.statement_macros.insert(name.ident.to_string());
                        collect_names(call.mac.tokens.clone(), &mut cell.macro_words);
                    }
                    let is_expression = match other {
                        syn::Stmt::Expr(_, semicolon) => semicolon.is_none(),
                        syn::Stmt::Macro(call) => call.semi_token.is_none(),
                        _ => false,
                    };
                    if index == last && is_expression {
                        tail = Some(range);
                    }
                }
            }
        }
        if let Some((line, name)) = cell.reserved_name() {
            return Err(CellError::Command {
                line,
                message: format!(
                    "names that begin with `__radio` are radio's own: give `{name}` another one"
                ),
            });
        }
        cell.returns = marks.found_return;
        cell.awaits = marks.found_await;
        if let Some(range) = tail {
            cell.tail = Some(chunk(code, range.clone(), &marks.insertions));
            cut.push(range);
        }
        let rest = blank(code, &cut);
        if !is_blank_or_comment(&rest) {
            marks
                .insertions
                .retain(|(at, text)| !cut.iter().any(|range| belongs(range, *at, text)));
            cell.body = Some(chunk(&rest, 0..rest.len(), &marks.insertions));
        }
        Ok(cell)
    }
}

impl CellCode {
    /// The line and the name of an item that is called as something of radio's own is.
    fn reserved_name(&self) -> Option<(u32, String)> {
        let items = self.items.iter().flat_map(|item| {
            let names = item.key().into_iter().chain(item.makes.iter().cloned());
            // The item may begin with comments and attributes.
            let line = |name: &String| {
                let name = name.trim_end_matches('!');
                let before = item.text.text.find(name).map(|at| &item.text.text[..at]);
                item.text.line + before.map_or(0, |text| text.matches('\n').count()) as u32
            };
            names.map(move |name| (line(&name), name))
        });
        let imports = self
            .imports
            .iter()
            .map(|import| (import.line, import.name.clone()));
        let crates = self
            .extern_crates
            .iter()
            .map(|known| (known.text.line, known.bound.clone()));
        let mut all = items.chain(imports).chain(crates);
        all.find(|(_, name)| name.starts_with("__radio"))
    }
}

type Parsed = (TokenStream, Vec<syn::Attribute>, Vec<syn::Stmt>);

fn parse_rust(code: &str) -> syn::Result<Parsed> {
    let tokens: TokenStream = code
        .parse()
        .map_err(|e: proc_macro2::LexError| syn::Error::new(e.span(), "the text is not Rust"))?;
    let parser = |input: syn::parse::ParseStream<'_>| {
        Ok((
            syn::Attribute::parse_inner(input)?,
            syn::Block::parse_within(input)?,
        ))
    };
    let parse = |tokens: &TokenStream| syn::parse::Parser::parse2(parser, tokens.clone());
    // As evcxr has it, a `use` may lack its semicolon.
    let ended = |error| match end_uses(tokens.clone()) {
        Some(tokens) => parse(&tokens).map_err(|_| error),
        None => Err(error),
    };
    let (attributes, statements) = parse(&tokens).or_else(ended)?;
    Ok((tokens, attributes, statements))
}

/// The tokens with a semicolon behind each `use` that has none; `None` if no semicolon is missing.
fn end_uses(tokens: TokenStream) -> Option<TokenStream> {
    let mut ended = Vec::new();
    let mut is_mended = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let is_use = matches!(&token, TokenTree::Ident(word) if word == "use");
        ended.push(token);
        if !is_use {
            continue;
        }
        // The tree of a `use` goes on behind `::` and `as`, and ends with a name, `*` or braces.
        let mut goes_on = true;
        while let Some(token) = tokens.next_if(|next| match next {
            TokenTree::Punct(mark) => mark.as_char() == ':' || (goes_on && mark.as_char() == '*'),
            TokenTree::Ident(word) => goes_on || word == "as",
            TokenTree::Group(group) => goes_on && group.delimiter() == Delimiter::Brace,
            TokenTree::Literal(_) => false,
        }) {
            goes_on = match &token {
                TokenTree::Punct(mark) => mark.as_char() == ':',
                TokenTree::Ident(word) => word == "as",
                _ => false,
            };
            ended.push(token);
        }
        let is_ended =
            matches!(tokens.peek(), Some(TokenTree::Punct(mark)) if mark.as_char() == ';');
        if let Some(last) = ended.last().filter(|_| !goes_on && !is_ended) {
            let mut semicolon = Punct::new(';', Spacing::Alone);
            semicolon.set_span(last.span());
            ended.push(semicolon.into());
            is_mended = true;
        }
    }
    is_mended.then(|| ended.into_iter().collect())
}

/// Whether nothing but white space and comments is left.
fn is_blank_or_comment(text: &str) -> bool {
    text.parse::<TokenStream>()
        .is_ok_and(|tokens| tokens.is_empty())
}

/// The piece of `code` in `range`, with those of the insertions that belong into it.
fn chunk(code: &str, range: Range<usize>, insertions: &[(usize, &'static str)]) -> Chunk {
    let line_start = code[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let line = code[..range.start].matches('\n').count() as u32 + 1;
    let mut text = " ".repeat(code[line_start..range.start].chars().count());
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
        text.push_str(&code[from..at]);
        let at_line = line + text.matches('\n').count() as u32;
        let column = text.chars().rev().take_while(|&c| c != '\n').count() as u32 + 1;
        inserted.push((at_line, column, insertion.chars().count() as u32));
        text.push_str(insertion);
        from = at;
    }
    text.push_str(&code[from..range.end]);
    Chunk {
        text,
        line,
        insertions: inserted,
    }
}

/// Whether an insertion stands before what it belongs to, rather than behind it.
fn opens(insertion: &str) -> bool {
    insertion.ends_with(['(', ' '])
}

/// Whether an insertion at byte `at` belongs into the range.
fn belongs(range: &Range<usize>, at: usize, insertion: &str) -> bool {
    if opens(insertion) {
        range.contains(&at)
    } else {
        range.start < at && at <= range.end
    }
}

/// `code` with the ranges replaced by spaces, line ends kept.
fn blank(code: &str, ranges: &[Range<usize>]) -> String {
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

/// Finds what leaves the cell early or has it wait: each `?`, `return` and `.await`, but not those inside closures, async
/// blocks and items. What is inserted makes the first two leave the function that the cell is a part of.
#[derive(Default)]
struct Exits {
    /// Byte and text of each insertion.
    insertions: Vec<(usize, &'static str)>,
    found_return: bool,
    found_await: bool,
}

/// The environment variable that names the notebook's folder to the compiler.
pub const FOLDER_VARIABLE: &str = "RADIO_NOTEBOOK_FOLDER";

/// Finds `include_str!("path")` and the like, whose paths are relative to the notebook, wherever the program lies.
#[derive(Default)]
struct Files {
    /// The bytes of each relative path's literal.
    literals: Vec<Range<usize>>,
}

impl Files {
    fn insertions(&self) -> Vec<(usize, &'static str)> {
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
        let parser = syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if let Ok(arguments) = call.parse_body_with(parser) {
            for argument in &arguments {
                Visit::visit_expr(self, argument);
            }
        }
    }
}

/// Macros whose arguments are expressions that belong to the cell.
const EXPRESSION_MACROS: [&str; 14] = [
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
        let start = expression.expr.span().byte_range().start;
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
        let parser = syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if takes_expressions && let Ok(arguments) = call.parse_body_with(parser) {
            for argument in &arguments {
                Visit::visit_expr(self, argument);
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

/// Whether a macro returns an error from the function that calls it, as `anyhow::bail!` does.
fn returns_error(call: &syn::Macro) -> bool {
    let name = call.path.segments.last().map(|name| name.ident.to_string());
    name.is_some_and(|name| matches!(name.as_str(), "bail" | "ensure" | "ensure_eq"))
}

fn declared_names(
    statement: &syn::Stmt,
    into: &mut BTreeSet<String>,
    mutable: &mut BTreeSet<String>,
) {
    struct Names<'n>(&'n mut BTreeSet<String>, &'n mut BTreeSet<String>, bool);
    impl<'a> Visit<'a> for Names<'_> {
        fn visit_pat_ident(&mut self, pattern: &'a syn::PatIdent) {
            let name = pattern.ident.to_string();
            // Within a pattern, that is a constant, such as `None`.
            let is_constant = name.starts_with(char::is_uppercase) && !self.2;
            if is_constant && pattern.by_ref.is_none() && pattern.mutability.is_none() {
                return;
            }
            match pattern.mutability {
                Some(_) => self.1.insert(name.clone()),
                None => self.1.remove(&name),
            };
            self.0.insert(name);
            syn::visit::visit_pat_ident(self, pattern);
        }
    }
    if let syn::Stmt::Local(local) = statement {
        let is_whole = match &local.pat {
            syn::Pat::Type(typed) => matches!(*typed.pat, syn::Pat::Ident(_)),
            other => matches!(other, syn::Pat::Ident(_)),
        };
        Names(into, mutable, is_whole).visit_pat(&local.pat);
    }
}

/// The name of the macro, where a statement defines one that makes items.
fn item_macro(statement: &syn::Stmt) -> Option<String> {
    let syn::Stmt::Item(syn::Item::Macro(item)) = statement else {
        return None;
    };
    let name = item.ident.as_ref()?;
    let makes_items = widen::within_rules(item.mac.tokens.clone()).is_items;
    makes_items.then(|| name.to_string())
}

/// The parts of a statement that are evaluated: all of it, or what a `let` says behind its pattern.
fn evaluated(statement: &syn::Stmt) -> Vec<Range<usize>> {
    let syn::Stmt::Local(local) = statement else {
        return vec![statement.span().byte_range()];
    };
    let Some(init) = &local.init else {
        return Vec::new();
    };
    let diverging = init.diverge.iter().map(|(_, otherwise)| otherwise);
    std::iter::once(&init.expr)
        .chain(diverging)
        .map(|expression| expression.span().byte_range())
        .collect()
}

pub(crate) fn collect_names(tokens: TokenStream, into: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect_names(group.stream(), into),
            TokenTree::Ident(ident) => {
                into.insert(ident.to_string());
            }
            TokenTree::Literal(literal) => {
                // `println!("{count}")` mentions `count`.
                let text = literal.to_string();
                into.extend(
                    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
                        .map(str::to_owned),
                );
            }
            TokenTree::Punct(_) => {}
        }
    }
}

fn flatten_use(item: &syn::ItemUse, code: &str, into: &mut Vec<Import>) {
    fn walk(
        tree: &syn::UseTree,
        path: &str,
        item: &syn::ItemUse,
        head: &str,
        into: &mut Vec<Import>,
    ) {
        let leaf = |text: String, name: String| {
            let colons = if item.leading_colon.is_some() {
                "::"
            } else {
                ""
            };
            let mut names = text
                .split("::")
                .map(|part| part.trim_matches(['{', '}', ' ']));
            let first = names.find(|name| !matches!(*name, "crate" | "self" | "super"));
            let first = first.and_then(|name| name.split(' ').next());
            Import {
                head: first.unwrap_or_default().to_owned(),
                text: format!("{head}use {colons}{text};"),
                name,
                line: tree.span().start().line as u32,
            }
        };
        match tree {
            syn::UseTree::Path(part) => walk(
                &part.tree,
                &format!("{path}{}::", part.ident),
                item,
                head,
                into,
            ),
            syn::UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| walk(tree, path, item, head, into)),
            syn::UseTree::Name(name) if name.ident == "self" => {
                let module = path.trim_end_matches("::");
                let bound = module.rsplit("::").next().unwrap_or(module);
                into.push(leaf(format!("{path}{{self}}"), bound.to_owned()));
            }
            syn::UseTree::Name(name) => into.push(leaf(
                format!("{path}{}", name.ident),
                name.ident.to_string(),
            )),
            syn::UseTree::Rename(rename) if rename.ident == "self" => {
                into.push(leaf(
                    format!("{path}{{self as {}}}", rename.rename),
                    rename.rename.to_string(),
                ));
            }
            syn::UseTree::Rename(rename) => {
                into.push(leaf(
                    format!("{path}{} as {}", rename.ident, rename.rename),
                    rename.rename.to_string(),
                ));
            }
            syn::UseTree::Glob(_) => into.push(leaf(format!("{path}*"), "*".to_owned())),
        }
    }
    // Attributes and visibility belong to every leaf.
    let start = item.span().byte_range().start;
    let head = code[start..item.use_token.span().byte_range().start].replace('\n', " ");
    walk(&item.tree, "", item, &head, into);
}

#[cfg(test)]
mod tests;
