//! What one evcxr cell means: its commands, items, `use`s, statements and trailing expression.
//!
//! Nothing is rewritten but what must be: the parts are cut out of the source where they stand, with their line and column,
//! so that whatever the compiler or a panic says can be said of the cell.

use proc_macro2::{TokenStream, TokenTree};
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
    /// The cell's line, from 1.
    pub line: u32,
}

/// A command of evcxr's, such as `:dep`.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `:dep name = specification`.
    Dep {
        /// The name under which the crate is used.
        name: String,
        /// Cargo's specification: a version or a table.
        specification: toml::Value,
    },
    /// `:opt LEVEL`; bare `:opt` (`None`) toggles between 2 and 0.
    Opt(Option<String>),
    /// `:fmt FORMAT`: how a value without display becomes text.
    Format(String),
    /// A command without meaning here.
    Ignored,
}

/// One cell, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CellCode {
    /// The commands with their lines.
    pub commands: Vec<(u32, Command)>,
    /// `#![...]`.
    pub inner_attributes: Vec<Chunk>,
    /// The leaves of the `use` statements.
    pub imports: Vec<Import>,
    /// Functions, types, impls, macros: what becomes part of the crate.
    pub items: Vec<Chunk>,
    /// The statements, up to the trailing expression.
    pub body: Option<Chunk>,
    /// The trailing expression.
    pub tail: Option<Chunk>,
    /// The variables that the statements declare.
    pub declares: BTreeSet<String>,
    /// Every name that the cell mentions, in code or inside a format string.
    pub mentions: BTreeSet<String>,
    /// Whether the cell ends early by a `return` of its own.
    pub returns: bool,
    /// Whether one of its items is called `main`.
    pub defines_main: bool,
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
        let (commands, code) = split_commands(source)?;
        let parsed = parse_rust(&code).map_err(|error| {
            let at = error.span().start();
            CellError::Syntax {
                message: error.to_string(),
                line: at.line as u32,
                column: at.column as u32 + 1,
                code: code.clone(),
            }
        })?;
        let (tokens, attributes, statements) = parsed;
        let mut cell = CellCode {
            commands,
            ..CellCode::default()
        };
        collect_names(tokens, &mut cell.mentions);
        let mut cut: Vec<Range<usize>> = Vec::new();
        for attribute in &attributes {
            let range = attribute.span().byte_range();
            cell.inner_attributes.push(chunk(&code, range.clone(), &[]));
            cut.push(range);
        }
        let mut marks = Exits::default();
        let last = statements.len().saturating_sub(1);
        let mut tail = None;
        for (index, statement) in statements.iter().enumerate() {
            let range = statement.span().byte_range();
            match statement {
                syn::Stmt::Item(syn::Item::Use(item)) => {
                    flatten_use(item, &code, &mut cell.imports);
                    cut.push(range);
                }
                syn::Stmt::Item(item) => {
                    cell.defines_main |= matches!(item, syn::Item::Fn(f) if f.sig.ident == "main");
                    cell.items.push(chunk(&code, range.clone(), &[]));
                    cut.push(range);
                }
                other => {
                    marks.visit_stmt(other);
                    declared_names(other, &mut cell.declares);
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
        cell.returns = marks.found_return;
        if let Some(range) = tail {
            cell.tail = Some(chunk(&code, range.clone(), &marks.insertions));
            cut.push(range);
        }
        let rest = blank(&code, &cut);
        if !is_blank_or_comment(&rest) {
            marks.insertions.retain(|(at, _)| {
                !cut.iter()
                    .any(|range| range.start < *at && *at <= range.end)
            });
            cell.body = Some(chunk(&rest, 0..rest.len(), &marks.insertions));
        }
        Ok(cell)
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
    let (attributes, statements) = syn::parse::Parser::parse2(parser, tokens.clone())?;
    Ok((tokens, attributes, statements))
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
    let is_inside = |at: usize| range.start < at && at <= range.end;
    let mut insertions: Vec<_> = insertions
        .iter()
        .copied()
        .filter(|(at, _)| is_inside(*at))
        .collect();
    insertions.sort_unstable();
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

/// `code` with the ranges replaced by spaces, line ends kept.
fn blank(code: &str, ranges: &[Range<usize>]) -> String {
    let hidden = |at: usize| ranges.iter().any(|range| range.contains(&at));
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

/// Finds what leaves the cell early: each `?` and `return`, but not those inside closures, async blocks and items. What is
/// inserted makes both leave the function that the cell is a part of.
#[derive(Default)]
struct Exits {
    /// Byte and text of each insertion.
    insertions: Vec<(usize, &'static str)>,
    found_return: bool,
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
        let at = expression.question_token.span().byte_range().start;
        self.insertions.push((at, ".__radio_question_mark()"));
        syn::visit::visit_expr_try(self, expression);
    }
    fn visit_expr_return(&mut self, expression: &'a syn::ExprReturn) {
        self.found_return = true;
        if expression.expr.is_none() {
            let at = expression.return_token.span().byte_range().end;
            self.insertions.push((at, " ::std::result::Result::Ok(())"));
        }
        syn::visit::visit_expr_return(self, expression);
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

fn declared_names(statement: &syn::Stmt, into: &mut BTreeSet<String>) {
    struct Names<'n>(&'n mut BTreeSet<String>);
    impl<'a> Visit<'a> for Names<'_> {
        fn visit_pat_ident(&mut self, pattern: &'a syn::PatIdent) {
            self.0.insert(pattern.ident.to_string());
            syn::visit::visit_pat_ident(self, pattern);
        }
    }
    if let syn::Stmt::Local(local) = statement {
        Names(into).visit_pat(&local.pat);
    }
}

fn collect_names(tokens: TokenStream, into: &mut BTreeSet<String>) {
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
            Import {
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

/// Takes the commands off a cell's head; the code that is left has blank lines in their place.
pub fn split_commands(source: &str) -> Result<(Vec<(u32, Command)>, String), CellError> {
    let mut commands = Vec::new();
    let mut code = String::with_capacity(source.len());
    let mut in_head = true;
    for (index, line) in source.split_inclusive('\n').enumerate() {
        let number = index as u32 + 1;
        let text = line.trim();
        if in_head && (text.starts_with(':') || line.starts_with('!')) {
            let command = if text.starts_with('!') {
                Err(
                    "shell lines (`!command`) are not run by radio; use std::process::Command"
                        .to_owned(),
                )
            } else {
                parse_command(text)
            };
            let command = command.map_err(|message| CellError::Command {
                line: number,
                message,
            })?;
            commands.push((number, command));
            code.push('\n');
        } else {
            in_head &= text.is_empty() || line.starts_with("//");
            code.push_str(line);
        }
    }
    Ok((commands, code))
}

fn parse_command(text: &str) -> Result<Command, String> {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    match name {
        ":dep" => parse_dependency(rest),
        ":opt" => match rest {
            "" => Ok(Command::Opt(None)),
            "0" | "1" | "2" | "3" | "s" | "z" => Ok(Command::Opt(Some(rest.to_owned()))),
            other => Err(format!(
                "`:opt {other}`: the level should be 0, 1, 2, 3, s or z"
            )),
        },
        ":fmt" => match rest {
            "" => Ok(Command::Format("{:?}".to_owned())),
            format if format.starts_with("{:") && format.ends_with("?}") => {
                Ok(Command::Format(format.to_owned()))
            }
            other => Err(format!(
                "`:fmt {other}`: the format should be one of Debug's, such as {{:?}} or {{:#?}}"
            )),
        },
        ":cache"
        | ":clear_cache"
        | ":sccache"
        | ":internal_debug"
        | ":time_passes"
        | ":load_config"
        | ":timing"
        | ":efmt"
        | ":types"
        | ":offline"
        | ":linker"
        | ":preserve_vars_on_panic" => Ok(Command::Ignored),
        other => {
            let known = [":dep", ":opt", ":fmt"];
            Err(format!(
                "the command `{other}` is not supported by radio, which knows {}; in Jupyter the evcxr kernel may know it",
                known.join(", ")
            ))
        }
    }
}

fn parse_dependency(rest: &str) -> Result<Command, String> {
    if rest.is_empty() {
        return Err(
            "`:dep` wants a crate: `:dep name = \"version\"` or `:dep name = { path = \"..\" }`"
                .into(),
        );
    }
    if rest.contains('=') {
        let table: toml::Table = rest
            .parse()
            .map_err(|e: toml::de::Error| format!("`:dep {rest}` is not TOML: {}", e.message()))?;
        let mut entries = table.into_iter();
        let (Some((name, mut specification)), None) = (entries.next(), entries.next()) else {
            return Err(format!("`:dep {rest}` should name one crate"));
        };
        if let toml::Value::Table(options) = &mut specification
            && let Some(value) = options.remove("default_features")
        {
            options.insert("default-features".into(), value);
        }
        return Ok(Command::Dep {
            name,
            specification,
        });
    }
    if rest.starts_with('.') || rest.starts_with('/') {
        let name = std::path::Path::new(rest)
            .file_name()
            .and_then(|n| n.to_str());
        let name = name
            .ok_or_else(|| format!("`:dep {rest}` does not name a folder"))?
            .to_owned();
        let table =
            toml::Table::from_iter([("path".to_owned(), toml::Value::String(rest.to_owned()))]);
        return Ok(Command::Dep {
            name,
            specification: table.into(),
        });
    }
    if rest
        .chars()
        .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    {
        return Ok(Command::Dep {
            name: rest.to_owned(),
            specification: toml::Value::String("*".into()),
        });
    }
    Err(format!(
        "`:dep {rest}` is not understood: write `:dep name = \"version\"`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> CellCode {
        CellCode::parse(source).unwrap_or_else(|e| panic!("{source}: {e:?}"))
    }

    #[test]
    fn a_cell_is_taken_apart_where_it_stands() {
        let cell = parse(
            ":dep rand = \"0.10\"\n// head\nuse std::{fmt, collections::{HashMap as Map, *}};\nfn f() -> i32 { 1 }\nlet a = f(); struct S;\nlet b = a\n    + 1;\na + b",
        );
        assert_eq!(cell.commands.len(), 1);
        let imports: Vec<_> = cell.imports.iter().map(|i| i.text.as_str()).collect();
        assert_eq!(
            imports,
            [
                "use std::fmt;",
                "use std::collections::HashMap as Map;",
                "use std::collections::*;"
            ]
        );
        assert_eq!(
            cell.items
                .iter()
                .map(|i| (i.line, i.text.trim()))
                .collect::<Vec<_>>(),
            [(4, "fn f() -> i32 { 1 }"), (5, "struct S;")]
        );
        let body = cell.body.unwrap();
        assert_eq!(body.text.lines().nth(4).unwrap().trim_end(), "let a = f();");
        assert_eq!(body.text.lines().nth(6).unwrap(), "    + 1;");
        let tail = cell.tail.unwrap();
        assert_eq!((tail.line, tail.text.as_str()), (8, "a + b"));
        assert_eq!(cell.declares.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn only_question_marks_of_the_cell_itself_are_marked() {
        let cell = parse("let x = a()?;\nlet f = || -> Option<i32> { b()? };\nc()?");
        assert_eq!(
            cell.body
                .unwrap()
                .text
                .matches("__radio_question_mark")
                .count(),
            1
        );
        assert_eq!(cell.tail.unwrap().text, "c().__radio_question_mark()?");
    }

    #[test]
    fn what_is_shown_is_the_last_expression_without_semicolon() {
        for (source, shown) in [
            ("1", true),
            ("1;", false),
            ("let a = 1;", false),
            ("println!()", true),
            ("for _ in 0..1 {}", true),
            ("// c", false),
            ("", false),
            ("1 // c", true),
            ("fn f() {}", false),
        ] {
            assert_eq!(parse(source).tail.is_some(), shown, "{source}");
        }
    }

    #[test]
    fn commands_are_read_or_refused_with_the_reason() {
        let dep = |source: &str| match &parse(source).commands[0].1 {
            Command::Dep {
                name,
                specification,
            } => (name.clone(), specification.to_string()),
            other => panic!("{other:?}"),
        };
        assert_eq!(dep(":dep rand"), ("rand".into(), "\"*\"".into()));
        assert_eq!(
            dep("  :dep a-b = { version = \"1\", default_features = false } # why"),
            (
                "a-b".into(),
                "{ default-features = false, version = \"1\" }".into()
            )
        );
        assert_eq!(dep(":dep ./my_crate").1, "{ path = \"./my_crate\" }");
        for (source, reason) in [
            (":dep", "wants a crate"),
            (":dep a = \"1\" // no", "not TOML"),
            (":opt 9", "should be"),
            (":nonsense", ":nonsense"),
            ("!ls", "shell"),
        ] {
            match CellCode::parse(source) {
                Err(CellError::Command { line: 1, message }) => {
                    assert!(message.contains(reason), "{message}")
                }
                other => panic!("{source}: {other:?}"),
            }
        }
        assert!(matches!(
            CellCode::parse("let a = 1;\n:dep rand"),
            Err(CellError::Syntax { line: 2, .. })
        ));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(source in "(?s).{0,80}") {
            let _ = CellCode::parse(&source);
        }

        #[test]
        fn characters_of_any_width_keep_their_columns(text in "[äλ日a ]{0,8}") {
            let source = format!("/*{text}*/ fn f() {{}} let s = \"{text}\"; a()?; s");
            let cell = parse(&source);
            let tail = cell.tail.unwrap().text;
            proptest::prop_assert_eq!(tail.chars().count(), source.chars().count());
        }
    }
}
