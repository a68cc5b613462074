//! The names in a cell: those that it declares, mentions and imports.

use super::Import;
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::Visit;

/// The variables that a statement declares, and those of them that can be changed.
pub(super) fn declared_names(
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

/// The parts of a statement that are evaluated: all of it, or what a `let` says after its pattern.
pub(super) fn evaluated(statement: &syn::Stmt) -> Vec<Range<usize>> {
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

/// Every name in the tokens, in code or inside a format string.
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

/// The texts that stand in a cell's code: paths of files may be among them.
pub fn texts(source: &str) -> Vec<String> {
    fn gather(tokens: TokenStream, depth: usize, found: &mut Vec<String>) {
        for token in tokens {
            match token {
                TokenTree::Group(group) if depth < 200 => {
                    gather(group.stream(), depth + 1, found);
                }
                TokenTree::Literal(literal) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        found.push(text.value());
                    }
                }
                _ => {}
            }
        }
    }
    let mut found = Vec::new();
    gather(source.parse().unwrap_or_default(), 0, &mut found);
    found
}

/// The leaves of a `use`.
pub(super) fn flatten_use(item: &syn::ItemUse, code: &str, into: &mut Vec<Import>) {
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
