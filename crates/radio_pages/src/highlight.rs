//! Which stretches of Rust code are keywords, types, texts, comments: for colours in the terminal and on a page.

use ra_ap_rustc_lexer::{FrontmatterAllowed, LiteralKind, TokenKind, tokenize};

/// What a stretch of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A keyword of the language.
    Keyword,
    /// A type, a trait or a variant.
    Type,
    /// A function or method where it is called or defined.
    Function,
    /// A macro where it is called.
    Macro,
    /// A text, a byte string or a character.
    Text,
    /// A number, or a truth value.
    Number,
    /// A lifetime or a label.
    Lifetime,
    /// A comment, documentation included.
    Comment,
    /// Everything else.
    Plain,
}

/// Divides `source`, which need not be whole or right, into stretches. Put together, they are `source` again.
pub fn stretches(source: &str) -> Vec<(Class, &str)> {
    let mut parts: Vec<(Class, &str)> = Vec::new();
    let (mut rest, mut after_fn) = (source, false);
    for token in tokenize(source, FrontmatterAllowed::No) {
        let Some((text, after)) = rest.split_at_checked(token.len as usize) else {
            break;
        };
        rest = after;
        let class = class_of(token.kind, text, after, after_fn);
        if !matches!(token.kind, TokenKind::Whitespace) {
            after_fn = text == "fn";
        }
        parts.push((class, text));
    }
    if !rest.is_empty() {
        parts.push((Class::Plain, rest));
    }
    parts
}

fn class_of(kind: TokenKind, text: &str, after: &str, after_fn: bool) -> Class {
    const PRIMITIVES: [&str; 17] = [
        "bool", "char", "str", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8",
        "u16", "u32", "u64", "u128", "usize",
    ];
    match kind {
        TokenKind::LineComment { .. } | TokenKind::BlockComment { .. } => Class::Comment,
        TokenKind::Literal {
            kind: LiteralKind::Int { .. } | LiteralKind::Float { .. },
            ..
        } => Class::Number,
        TokenKind::Literal { .. } => Class::Text,
        TokenKind::Lifetime { .. } | TokenKind::RawLifetime => Class::Lifetime,
        TokenKind::Ident if after_fn => Class::Function,
        TokenKind::Ident if matches!(text, "true" | "false") => Class::Number,
        TokenKind::Ident if text.starts_with(char::is_uppercase) || PRIMITIVES.contains(&text) => {
            Class::Type
        }
        // What may not name a variable is a keyword.
        TokenKind::Ident if text != "_" && syn::parse_str::<syn::Ident>(text).is_err() => {
            Class::Keyword
        }
        TokenKind::Ident if after.starts_with('!') && !after.starts_with("!=") => Class::Macro,
        TokenKind::Ident if after.starts_with('(') => Class::Function,
        _ => Class::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_divided_into_its_words() {
        let source = "/// Doc λ\nfn f<'a>(x: &'a str) -> Vec<u8> { // why\n    println!(\"{x} // no\"); g(1.5, 'c') }";
        let parts = stretches(source);
        for expected in [
            (Class::Comment, "/// Doc λ"),
            (Class::Keyword, "fn"),
            (Class::Function, "f"),
            (Class::Lifetime, "'a"),
            (Class::Type, "str"),
            (Class::Type, "Vec"),
            (Class::Comment, "// why"),
            (Class::Macro, "println"),
            (Class::Text, "\"{x} // no\""),
            (Class::Function, "g"),
            (Class::Number, "1.5"),
            (Class::Text, "'c'"),
        ] {
            assert!(
                parts.contains(&expected),
                "{expected:?} is not in {parts:?}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn put_together_the_stretches_are_the_source(source in "[a-z<>&\"'/*\\n λ(){}!#:0-9]{0,40}|(?s).{0,40}") {
            let together: String = stretches(&source).into_iter().map(|(_, text)| text).collect();
            proptest::prop_assert_eq!(together, source);
        }
    }
}
