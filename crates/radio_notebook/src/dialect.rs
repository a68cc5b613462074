//! What one evcxr cell means: its commands, items, `use`s, statements and trailing expression.
//!
//! Nothing is rewritten but what must be: the parts are cut out of the source where they stand, with their line and
//! column, so that whatever the compiler or a panic says can be said of the cell.
//!
//! | file | |
//! |---|---|
//! | `commands` | lines that begin with `:`, `!` or `%` |
//! | `items` | functions, types, impls and the like, and the names by which they are known |
//! | `names` | the names that a cell declares, mentions and imports |
//! | `insert` | the pieces that are cut out, and what is inserted into them |
//! | `widen` | what makes an item visible to later cells |
//! | `comments` | doc comments that describe nothing |
//! | `nesting` | how deeply code may nest |

pub mod commands;
mod comments;
mod insert;
pub mod items;
mod names;
pub mod nesting;
mod widen;

use crate::dialect::commands::{Command, split_commands};
use crate::dialect::comments::without_lone_docs;
use crate::dialect::items::Item;
pub use insert::FOLDER_VARIABLE;
use insert::{EXPRESSION_MACROS, Exits, Files, belongs, blank, fragment};
pub(crate) use names::collect_names;
pub use names::texts;
use names::{declared_names, evaluated, flatten_use};
use proc_macro2::{Delimiter, Punct, Spacing, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::Visit;

/// A piece of a cell's source.
#[derive(Clone, Debug, PartialEq)]
pub struct Fragment {
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
    pub text: Fragment,
}

/// One cell, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CellCode {
    /// The commands with their lines.
    pub commands: Vec<(u32, Command)>,
    /// The `extern crate` items.
    pub extern_crates: Vec<ExternCrate>,
    /// `#![...]`.
    pub inner_attributes: Vec<Fragment>,
    /// The leaves of the `use` statements.
    pub imports: Vec<Import>,
    /// Functions, types, impls, macros: what becomes part of the crate.
    pub items: Vec<Item>,
    /// The statements, up to the trailing expression.
    pub body: Option<Fragment>,
    /// The trailing expression.
    pub tail: Option<Fragment>,
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
    /// A command that is not understood, or that radio does not have.
    Command {
        /// The cell's line, from 1.
        line: u32,
        /// What is wrong and how to fix it.
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
    pub(crate) fn parse_with(
        source: &str,
        item_macros: &BTreeSet<String>,
    ) -> Result<CellCode, CellError> {
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
            cell.inner_attributes
                .push(fragment(code, range.clone(), &[]));
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
                        text: fragment(code, range.clone(), &[]),
                    });
                    cut.push(range);
                }
                syn::Stmt::Item(item) => {
                    let mut files = Files::default();
                    files.visit_item(item);
                    let mut insertions = files.insertions();
                    insertions.extend(widen::widen(item));
                    let owner = cell.items.iter().rev().find_map(Item::owning_name);
                    let text = fragment(code, range.clone(), &insertions);
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
                        Some(_) => fragment(code, range.clone(), &insertions),
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
            cell.tail = Some(fragment(code, range.clone(), &marks.insertions));
            cut.push(range);
        }
        let rest = blank(code, &cut);
        if !is_blank_or_comment(&rest) {
            marks
                .insertions
                .retain(|(at, text)| !cut.iter().any(|range| belongs(range, *at, text)));
            cell.body = Some(fragment(&rest, 0..rest.len(), &marks.insertions));
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

/// The tokens with a semicolon after each `use` that has none; `None` if no semicolon is missing.
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
        // The tree of a `use` goes on after `::` and `as`, and ends with a name, `*` or braces.
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

/// The name of the macro, where a statement defines one that makes items.
fn item_macro(statement: &syn::Stmt) -> Option<String> {
    let syn::Stmt::Item(syn::Item::Macro(item)) = statement else {
        return None;
    };
    let name = item.ident.as_ref()?;
    let makes_items = widen::within_rules(item.mac.tokens.clone()).is_items;
    makes_items.then(|| name.to_string())
}

#[cfg(test)]
mod tests;
