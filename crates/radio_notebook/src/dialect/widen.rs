//! Makes the items of a cell public: a notebook reads like one crate, and to the compiler each cell is a crate.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::ops::Range;
use syn::spanned::Spanned;

/// Bytes of an item's source, and what goes in there.
pub type Insertions = Vec<(usize, &'static str)>;

/// What makes an item visible. For what macros make, see [`within_macro`].
pub(crate) fn widen(item: &syn::Item) -> Insertions {
    let mut widen = Widen::default();
    widen.item(item, true);
    widen.insertions
}

#[derive(Default)]
struct Widen {
    insertions: Insertions,
}

impl Widen {
    /// Makes visible what begins at byte `start` after its visibility. Below the root, what is private stays private:
    /// it is so for other cells too.
    fn visibility(&mut self, visibility: &syn::Visibility, start: usize, is_root: bool) {
        match visibility {
            syn::Visibility::Public(_) => {}
            syn::Visibility::Inherited if is_root => self.insertions.push((start, "pub ")),
            syn::Visibility::Inherited => {}
            syn::Visibility::Restricted(restricted) => {
                if is_root || !restricted.path.is_ident("self") {
                    let Range { start, end } = visibility.span().byte_range();
                    self.insertions.push((start, "pub /* "));
                    self.insertions.push((end, " */"));
                }
            }
        }
    }

    fn fields(&mut self, fields: &syn::Fields, is_root: bool) {
        for field in fields {
            let start = match &field.ident {
                Some(name) => name.span().byte_range().start,
                None => field.ty.span().byte_range().start,
            };
            self.visibility(&field.vis, start, is_root);
        }
    }

    fn item(&mut self, item: &syn::Item, is_root: bool) {
        let mut whole = |vis: &syn::Visibility, start: proc_macro2::Span| {
            self.visibility(vis, start.byte_range().start, is_root);
        };
        match item {
            syn::Item::Const(item) if item.ident != "_" => whole(&item.vis, item.const_token.span),
            syn::Item::Enum(item) => whole(&item.vis, item.enum_token.span),
            syn::Item::Fn(item) => whole(&item.vis, item.sig.span()),
            syn::Item::Static(item) => whole(&item.vis, item.static_token.span),
            syn::Item::Type(item) => whole(&item.vis, item.type_token.span),
            syn::Item::TraitAlias(item) => whole(&item.vis, item.trait_token.span),
            syn::Item::Struct(item) => {
                whole(&item.vis, item.struct_token.span);
                self.fields(&item.fields, is_root);
            }
            syn::Item::Union(item) => {
                whole(&item.vis, item.union_token.span);
                self.fields(&syn::Fields::Named(item.fields.clone()), is_root);
            }
            syn::Item::Trait(item) => {
                let unsafety = item.unsafety.map(|token| token.span);
                let auto = item.modifiers.auto_token.map(|token| token.span);
                whole(
                    &item.vis,
                    unsafety.or(auto).unwrap_or(item.trait_token.span),
                );
            }
            syn::Item::Mod(item) => {
                let unsafety = item.unsafety.map(|token| token.span);
                whole(&item.vis, unsafety.unwrap_or(item.mod_token.span));
                for item in item.content.iter().flat_map(|(_, items)| items) {
                    self.item(item, false);
                }
            }
            syn::Item::ForeignMod(item) => {
                for item in &item.items {
                    let (vis, start) = match item {
                        syn::ForeignItem::Fn(item) => (&item.vis, item.sig.span()),
                        syn::ForeignItem::Static(item) => (&item.vis, item.static_token.span),
                        syn::ForeignItem::Type(item) => (&item.vis, item.type_token.span),
                        _ => continue,
                    };
                    self.visibility(vis, start.byte_range().start, is_root);
                }
            }
            syn::Item::Impl(item) if item.trait_.is_none() => {
                for item in &item.items {
                    let (vis, start) = match item {
                        syn::ImplItem::Fn(item) => (&item.vis, item.sig.span()),
                        syn::ImplItem::Const(item) => (&item.vis, item.const_token.span),
                        syn::ImplItem::Type(item) => (&item.vis, item.type_token.span),
                        _ => continue,
                    };
                    self.visibility(vis, start.byte_range().start, is_root);
                }
            }
            syn::Item::Macro(item) => {
                let is_exported = item.attrs.iter().any(|a| a.path().is_ident("macro_export"));
                if item.ident.is_some() && is_root && !is_exported {
                    let start = item.span().byte_range().start;
                    self.insertions.push((start, "#[macro_export] "));
                }
            }
            _ => {}
        }
    }
}

/// What a macro that is called as an item, or the bodies of one that is defined, would make.
#[derive(Debug, Default)]
pub struct Made {
    /// What makes it visible, if the macro allows it.
    pub insertions: Insertions,
    /// The names that it defines, as far as they stand there.
    pub names: BTreeSet<String>,
    /// Whether it makes items.
    pub is_items: bool,
}

/// What the tokens of a call make, by what they look like.
pub(crate) fn within_macro(tokens: TokenStream) -> Made {
    let mut made = Made::default();
    made.items(tokens);
    made
}

/// What the bodies of a `macro_rules!` make.
pub(crate) fn within_rules(tokens: TokenStream) -> Made {
    let mut made = Made::default();
    let mut before: Option<TokenTree> = None;
    for token in tokens {
        if let (TokenTree::Group(body), Some(TokenTree::Punct(arrow))) = (&token, &before)
            && arrow.as_char() == '>'
        {
            made.items(body.stream());
        }
        before = Some(token);
    }
    made
}

impl Made {
    /// Looks for items in tokens that may be items.
    fn items(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let word = |at: usize| match tokens.get(at) {
            Some(TokenTree::Ident(word)) => Some(word.to_string()),
            _ => None,
        };
        let is_mark = |at: usize, mark: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == mark);
        let mut may_begin = true;
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Punct(mark) if mark.as_char() == '#' && may_begin => {
                    // An attribute, which stands before an item.
                    at += 2;
                    continue;
                }
                TokenTree::Punct(mark) if mark.as_char() == '$' && may_begin => {
                    // What stands for attributes or a visibility: `$(#[$meta])*`, `$vis`.
                    at += 2;
                    while is_mark(at, '*') || is_mark(at, '+') || is_mark(at, ':') {
                        at += 1;
                    }
                    may_begin = false;
                    if let Some(keyword) = word(at) {
                        self.is_items |= is_keyword(&keyword);
                    }
                    continue;
                }
                TokenTree::Punct(mark) => may_begin = mark.as_char() == ';',
                TokenTree::Group(group) => may_begin = group.delimiter() == Delimiter::Brace,
                TokenTree::Literal(_) => may_begin = false,
                TokenTree::Ident(first) if may_begin => {
                    may_begin = false;
                    let is_public = first == "pub";
                    let start = first.span().byte_range().start;
                    let mut keyword = at + usize::from(is_public);
                    if is_public && matches!(tokens.get(keyword), Some(TokenTree::Group(_))) {
                        keyword += 1;
                    }
                    let qualifiers = ["unsafe", "async", "extern", "const"];
                    while word(keyword).is_some_and(|w| qualifiers.contains(&w.as_str()))
                        && (matches!(tokens.get(keyword + 1), Some(TokenTree::Literal(_)))
                            || word(keyword + 1).is_some_and(|w| {
                                qualifiers.contains(&w.as_str()) || w == "fn" || w == "trait"
                            }))
                    {
                        keyword += 1;
                        if matches!(tokens.get(keyword), Some(TokenTree::Literal(_))) {
                            keyword += 1;
                        }
                    }
                    let Some(kind) = word(keyword) else { continue };
                    if kind == "impl" {
                        self.is_items = true;
                        at = self.implementation(&tokens, keyword);
                        may_begin = true;
                        continue;
                    }
                    if !is_keyword(&kind) {
                        at = keyword.max(at) + 1;
                        continue;
                    }
                    let mut name = keyword + 1;
                    while word(name).is_some_and(|w| w == "ref" || w == "mut") {
                        name += 1;
                    }
                    let is_named = match tokens.get(name) {
                        Some(TokenTree::Ident(_)) => true,
                        Some(TokenTree::Punct(mark)) => mark.as_char() == '$',
                        _ => false,
                    };
                    if !is_named {
                        at = keyword + 1;
                        continue;
                    }
                    self.is_items = true;
                    self.names.extend(word(name));
                    if !is_public {
                        self.insertions.push((start, "pub "));
                    }
                    if kind == "struct" || kind == "union" {
                        let rest = tokens[name..].iter();
                        let end = |token: &&TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';');
                        let body =
                            rest.take_while(|token| !end(token))
                                .find_map(|token| match token {
                                    TokenTree::Group(group)
                                        if group.delimiter() == Delimiter::Brace =>
                                    {
                                        Some(group)
                                    }
                                    _ => None,
                                });
                        if let Some(body) = body {
                            self.fields(body.stream());
                        }
                    }
                    at = name + 1;
                    continue;
                }
                TokenTree::Ident(_) => {}
            }
            at += 1;
        }
    }

    /// Looks into an `impl` without a trait; returns where it is over.
    fn implementation(&mut self, tokens: &[TokenTree], from: usize) -> usize {
        let is_body = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        let Some(body) = tokens[from..].iter().position(is_body) else {
            return tokens.len();
        };
        let is_of_trait = tokens[from..from + body]
            .iter()
            .any(|token| matches!(token, TokenTree::Ident(word) if word == "for"));
        if let (false, TokenTree::Group(group)) = (is_of_trait, &tokens[from + body]) {
            let names = self.names.clone();
            self.items(group.stream());
            self.names = names;
        }
        from + body + 1
    }

    /// Makes the fields of a struct visible.
    fn fields(&mut self, tokens: TokenStream) {
        let mut depth = 0i32;
        let mut may_begin = true;
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Punct(mark) => match mark.as_char() {
                    '<' => depth += 1,
                    '>' if !is_arrow(&tokens, at) => depth -= 1,
                    ',' if depth == 0 => may_begin = true,
                    '#' => {}
                    _ => may_begin = false,
                },
                TokenTree::Ident(name) if may_begin => {
                    may_begin = false;
                    let is_field = matches!(tokens.get(at + 1), Some(TokenTree::Punct(mark))
                        if mark.as_char() == ':' && mark.spacing() == Spacing::Alone);
                    if name != "pub" && is_field {
                        self.insertions
                            .push((name.span().byte_range().start, "pub "));
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_arrow(tokens: &[TokenTree], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    matches!(before, Some(TokenTree::Punct(mark)) if mark.as_char() == '-' || mark.as_char() == '=')
}

fn is_keyword(word: &str) -> bool {
    const ITEMS: [&str; 10] = [
        "struct", "enum", "union", "fn", "trait", "type", "static", "mod", "const", "impl",
    ];
    ITEMS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inserted(source: &str, insertions: Insertions) -> String {
        let mut insertions = insertions;
        insertions.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let mut text = source.to_owned();
        for (at, insertion) in insertions {
            text.insert_str(at, insertion);
        }
        text
    }

    fn widened(source: &str) -> String {
        inserted(source, widen(&syn::parse_str(source).unwrap()))
    }

    #[test]
    fn items_become_visible() {
        for (source, expected) in [
            ("fn f() {}", "pub fn f() {}"),
            (
                "/// doc\nasync unsafe fn f() {}",
                "/// doc\npub async unsafe fn f() {}",
            ),
            (
                "struct P { x: i32, pub y: i32 }",
                "pub struct P { pub x: i32, pub y: i32 }",
            ),
            (
                "struct P(&'static str, (u8,));",
                "pub struct P(pub &'static str, pub (u8,));",
            ),
            ("pub(crate) struct P;", "pub /* pub(crate) */ struct P;"),
            (
                "impl P { fn new() -> P { P } const N: u8 = 1; }",
                "impl P { pub fn new() -> P { P } pub const N: u8 = 1; }",
            ),
            (
                "impl Show for P { fn show(&self) {} }",
                "impl Show for P { fn show(&self) {} }",
            ),
            (
                "mod m { fn private() {} pub(super) fn up() {} }",
                "pub mod m { fn private() {} pub /* pub(super) */ fn up() {} }",
            ),
            (
                "macro_rules! m { () => {} }",
                "#[macro_export] macro_rules! m { () => {} }",
            ),
            ("const _: () = ();", "const _: () = ();"),
            (
                "unsafe extern \"C\" { fn abs(n: i32) -> i32; }",
                "unsafe extern \"C\" { pub fn abs(n: i32) -> i32; }",
            ),
        ] {
            assert_eq!(widened(source), expected);
        }
    }

    #[test]
    fn what_macros_make_becomes_visible() {
        for (source, expected, names) in [
            (
                "static ref A: Vec<u64> = vec![1];",
                "pub static ref A: Vec<u64> = vec![1];",
                vec!["A"],
            ),
            (
                "static C: Cell<u8> = const { Cell::new(0) };",
                "pub static C: Cell<u8> = const { Cell::new(0) };",
                vec!["C"],
            ),
            (
                "#[derive(Debug)] struct Flags: u32 { const A = 1; const B = 2; }",
                "#[derive(Debug)] pub struct Flags: u32 { const A = 1; const B = 2; }",
                vec!["Flags"],
            ),
            (
                "struct P { x: HashMap<u8, u8>, y: u8 } impl P { fn f(&self) {} }",
                "pub struct P { pub x: HashMap<u8, u8>, pub y: u8 } impl P { pub fn f(&self) {} }",
                vec!["P"],
            ),
            ("a, b", "a, b", vec![]),
            ("let x = 1; static || 1", "let x = 1; static || 1", vec![]),
        ] {
            let made = within_macro(source.parse().unwrap());
            assert_eq!(made.is_items, !names.is_empty(), "{source}");
            assert_eq!(inserted(source, made.insertions), expected);
            assert_eq!(made.names.into_iter().collect::<Vec<_>>(), names);
        }
        let rules = "($n:ident) => { #[derive(Debug)] struct $n(u8); }; (2) => { pub fn two() {} }";
        let made = within_rules(rules.parse().unwrap());
        assert!(made.is_items);
        assert_eq!(
            inserted(rules, made.insertions),
            "($n:ident) => { #[derive(Debug)] pub struct $n(u8); }; (2) => { pub fn two() {} }"
        );
        assert!(!within_rules("() => { let $name = 5; }".parse().unwrap()).is_items);
    }
}
