//! What Rust source defines: names, what they belong to, and how they are declared.

use super::names::ItemKind;
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, Signature, TraitItem, UseTree, Visibility};

/// Longer declarations are cut, in lines.
const MAX_LINES: usize = 60;

/// A name that source defines.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// The path of the module that it is in, from the crate's root: `plot::chart`; empty at the root.
    pub(super) module: String,
    /// The type or the trait that it belongs to, if it does.
    pub(super) owner: Option<String>,
    /// The name.
    pub(super) name: String,
    /// What it is, as front ends have pictures for it.
    pub(super) kind: &'static str,
    /// Whether it is a field, or a method that takes `self`.
    pub(super) is_member: bool,
    /// For an alias of a type, the type.
    pub(super) alias_of: Option<String>,
    /// Its comments and its declaration, without its body. Empty for what is passed on from elsewhere.
    pub(super) text: String,
}

/// A module, and the type or trait in it that something belongs to.
type Owner<'o> = (&'o str, Option<&'o str>);

/// What is read of a source, and where to.
struct Reader<'s> {
    source: &'s str,
    only_public: bool,
    found: Vec<Entry>,
}

/// The names that this source defines in this module; with `only_public`, those of them that others can use. What
/// cannot be parsed defines nothing.
pub(super) fn outline(source: &str, module: &str, only_public: bool) -> Vec<Entry> {
    let mut reader = Reader {
        source,
        only_public,
        found: Vec::new(),
    };
    if let Ok(file) = syn::parse_file(source) {
        reader.items(&file.items, module);
    }
    // The text of everything that is parsed is kept by this thread otherwise.
    proc_macro2::extra::invalidate_current_thread_spans();
    reader.found
}

impl Reader<'_> {
    fn items(&mut self, items: &[Item], module: &str) {
        for item in items {
            self.item(item, module);
        }
    }

    fn sees(&self, visibility: &Visibility) -> bool {
        !self.only_public || matches!(visibility, Visibility::Public(_))
    }

    fn add(&mut self, (module, owner): Owner<'_>, name: String, kind: &'static str) -> &mut Entry {
        self.found.push(Entry {
            module: module.to_owned(),
            owner: owner.map(str::to_owned),
            name,
            kind,
            is_member: false,
            alias_of: None,
            text: String::new(),
        });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    /// Adds something with the text that declares it, up to `end`.
    fn declare(
        &mut self,
        owner: Owner<'_>,
        (name, kind): (&impl ToString, &'static str),
        (attributes, whole): (&[Attribute], Span),
        end: Option<Span>,
    ) -> &mut Entry {
        let text = self.text(attributes, whole, end);
        let entry = self.add(owner, name.to_string(), kind);
        entry.text = text;
        entry
    }

    /// The comments of something and what declares it.
    fn text(&self, attributes: &[Attribute], whole: Span, end: Option<Span>) -> String {
        let whole = whole.byte_range();
        let start = attributes.iter().map(|a| a.span().byte_range().end).max();
        let start = start.unwrap_or(whole.start).max(whole.start);
        let end = end.map_or(whole.end, |end| end.byte_range().start);
        let declaration = self.source.get(start..end).unwrap_or_default().trim();
        let comments = attributes.iter().filter_map(comment);
        let mut lines: Vec<String> = comments
            .flat_map(|text| {
                text.split('\n')
                    .map(|l| format!("///{l}"))
                    .collect::<Vec<_>>()
            })
            .collect();
        // The source may be indented.
        let indent = declaration.lines().skip(1).filter(|l| !l.trim().is_empty());
        let indent = indent.map(|l| l.len() - l.trim_start().len()).min();
        let plain = |(at, line): (usize, &str)| match at {
            0 => line.to_owned(),
            _ => line.get(indent.unwrap_or(0)..).unwrap_or("").to_owned(),
        };
        lines.extend(declaration.lines().enumerate().map(plain));
        if lines.len() > MAX_LINES {
            lines.truncate(MAX_LINES);
            lines.push("// ...".into());
        }
        lines.join("\n").trim_end().to_owned()
    }

    fn item(&mut self, item: &Item, module: &str) {
        let (attributes, visibility, name, kind, end) = match item {
            Item::Fn(f) => {
                let end = Some(f.block.span());
                (&f.attrs, &f.vis, &f.sig.ident, ItemKind::Function, end)
            }
            Item::Struct(s) => (&s.attrs, &s.vis, &s.ident, ItemKind::Type, None),
            Item::Enum(e) => (&e.attrs, &e.vis, &e.ident, ItemKind::Type, None),
            Item::Union(u) => (&u.attrs, &u.vis, &u.ident, ItemKind::Type, None),
            Item::Type(t) => (&t.attrs, &t.vis, &t.ident, ItemKind::Type, None),
            Item::Const(c) => (&c.attrs, &c.vis, &c.ident, ItemKind::Constant, None),
            Item::Static(s) => (&s.attrs, &s.vis, &s.ident, ItemKind::Constant, None),
            Item::Trait(t) => {
                let end = Some(t.brace_token.span.open());
                (&t.attrs, &t.vis, &t.ident, ItemKind::Trait, end)
            }
            Item::Mod(m) if self.sees(&m.vis) => return self.a_module(m, module),
            Item::Macro(m) => return self.a_macro(m, module),
            Item::Impl(i) => return self.an_impl(i, module),
            Item::Use(u) if self.sees(&u.vis) && self.only_public => {
                return self.passed_on(&u.tree, module);
            }
            _ => return,
        };
        if !self.sees(visibility) {
            return;
        }
        let declared = (attributes.as_slice(), item.span());
        let entry = self.declare((module, None), (name, kind.word()), declared, end);
        if let Item::Type(alias) = item {
            entry.alias_of = type_name(&alias.ty);
        }
        let name = name.to_string();
        let owner = (module, Some(name.as_str()));
        match item {
            Item::Struct(of) => {
                for field in &of.fields {
                    if let Some(name) = field.ident.as_ref().filter(|_| self.sees(&field.vis)) {
                        let declared = (field.attrs.as_slice(), field.span());
                        let entry = self.declare(owner, (name, "property"), declared, None);
                        entry.is_member = true;
                    }
                }
            }
            Item::Enum(of) => {
                for variant in &of.variants {
                    let declared = (variant.attrs.as_slice(), variant.span());
                    self.declare(owner, (&variant.ident, "enum"), declared, None);
                }
            }
            Item::Trait(of) => {
                for item in &of.items {
                    if let TraitItem::Fn(f) = item {
                        let end = f.default.as_ref().map(Spanned::span);
                        self.method(owner, &f.sig, (&f.attrs, f.span()), end);
                    }
                }
            }
            _ => {}
        }
    }

    fn method(
        &mut self,
        owner: Owner<'_>,
        of: &Signature,
        declared: (&[Attribute], Span),
        end: Option<Span>,
    ) {
        let entry = self.declare(owner, (&of.ident, "method"), declared, end);
        entry.is_member = of.receiver().is_some();
    }

    fn a_module(&mut self, of: &syn::ItemMod, module: &str) {
        let name = of.ident.to_string();
        self.add((module, None), name.clone(), ItemKind::Module.word());
        if let Some((_, items)) = &of.content {
            self.items(items, &below(module, &name));
        }
    }

    fn a_macro(&mut self, of: &syn::ItemMacro, module: &str) {
        let is_exported = of.attrs.iter().any(|a| a.path().is_ident("macro_export"));
        let Some(name) = &of.ident else { return };
        if !self.only_public || is_exported {
            let module = if self.only_public { "" } else { module };
            let named = (&format!("{name}!"), ItemKind::Macro.word());
            self.declare((module, None), named, (&of.attrs, of.span()), None);
        }
    }

    fn an_impl(&mut self, of: &syn::ItemImpl, module: &str) {
        let Some(name) = type_name(&of.self_ty) else {
            return;
        };
        let owner = (module, Some(name.as_str()));
        for item in &of.items {
            match item {
                ImplItem::Fn(f) if of.trait_.is_some() || self.sees(&f.vis) => {
                    self.method(owner, &f.sig, (&f.attrs, f.span()), Some(f.block.span()));
                }
                ImplItem::Const(c) if of.trait_.is_none() && self.sees(&c.vis) => {
                    let named = (&c.ident, ItemKind::Constant.word());
                    self.declare(owner, named, (&c.attrs, c.span()), None);
                }
                _ => {}
            }
        }
    }

    /// The names that `pub use` has here.
    fn passed_on(&mut self, tree: &UseTree, module: &str) {
        match tree {
            UseTree::Path(path) => self.passed_on(&path.tree, module),
            UseTree::Group(group) => group.items.iter().for_each(|t| self.passed_on(t, module)),
            UseTree::Name(name) => self.use_name(name.ident.to_string(), module),
            UseTree::Rename(name) => self.use_name(name.rename.to_string(), module),
            UseTree::Glob(_) => {}
        }
    }

    fn use_name(&mut self, name: String, module: &str) {
        let kind = match name.starts_with(char::is_uppercase) {
            true => ItemKind::Type,
            false => ItemKind::Function,
        };
        if name != "self" && name != "_" {
            self.add((module, None), name, kind.word());
        }
    }
}

/// The path of a module in a module.
pub(super) fn below(module: &str, name: &str) -> String {
    match module {
        "" => name.to_owned(),
        _ => format!("{module}::{name}"),
    }
}

/// The text of a comment that documents something.
fn comment(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    match &pair.value {
        Expr::Lit(literal) if pair.path.is_ident("doc") => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn type_name(of: &syn::Type) -> Option<String> {
    match of {
        syn::Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        syn::Type::Reference(reference) => type_name(&reference.elem),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
/// How far.
///
/// In metres.
pub struct Way { pub length: f64, steps: u32 }
impl Way {
    /// Makes one.
    pub fn new(length: f64) -> Self { Way { length, steps: 0 } }
    pub fn twice(
        &self,
    ) -> f64 {
        2.0 * self.length
    }
    fn hidden(&self) {}
}
impl Walk for Way { fn walk(&self) {} }
pub trait Walk { fn walk(&self); }
pub type Path = Way;
pub mod inner { pub fn deep() {} }
pub use other::{Thing, self as too};
#[macro_export]
macro_rules! go { () => {} }
fn private() {}
"#;

    fn find(name: &str) -> Entry {
        let found = outline(SOURCE, "m", true);
        let found = found.into_iter().find(|entry| entry.name == name);
        found.unwrap_or_else(|| panic!("{name} is not there"))
    }

    #[test]
    fn what_others_can_use_is_found() {
        let names: Vec<_> = outline(SOURCE, "m", true)
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        let expected = [
            "Way", "length", "new", "twice", "walk", "Walk", "walk", "Path", "inner", "deep",
            "Thing", "too", "go!",
        ];
        assert_eq!(names, expected);
        assert_eq!(find("deep").module, "m::inner");
        assert_eq!(find("go!").module, "");
        assert_eq!(find("Path").alias_of.as_deref(), Some("Way"));
    }

    #[test]
    fn it_says_how_it_is_declared() {
        assert_eq!(
            find("Way").text,
            "/// How far.\n///\n/// In metres.\npub struct Way { pub length: f64, steps: u32 }"
        );
        assert_eq!(
            find("new").text,
            "/// Makes one.\npub fn new(length: f64) -> Self"
        );
        assert_eq!(find("twice").text, "pub fn twice(\n    &self,\n) -> f64");
        assert!(find("twice").is_member && find("length").is_member && !find("new").is_member);
        assert_eq!(find("new").owner.as_deref(), Some("Way"));
    }

    #[test]
    fn what_is_no_rust_defines_nothing() {
        assert!(outline("fn (", "", false).is_empty());
        let all = outline("fn private() {}", "", false);
        assert_eq!(all[0].name, "private");
    }
}
