//! Colours for Rust code: which stretches of a cell are keywords, types, texts, comments.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::ops::Range;

/// What a stretch of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A keyword of the language.
    Keyword,
    /// A type, a trait or a variant.
    Type,
    /// A function or method where it is called or defined.
    Function,
    /// A macro where it is called, with its `!`.
    Macro,
    /// A text, a byte string or a character.
    Text,
    /// A number.
    Number,
    /// A lifetime or a label.
    Lifetime,
    /// A comment, documentation included.
    Comment,
    /// Everything else.
    Plain,
}

/// Divides `source` into stretches. Put together, they are `source` again; code that is not made of Rust's tokens is one
/// plain stretch.
pub fn stretches(source: &str) -> Vec<(Class, &str)> {
    let Ok(stream) = source.parse::<TokenStream>() else {
        return vec![(Class::Plain, source)];
    };
    let mut tokens = Vec::new();
    if !flatten(stream, 0, &mut tokens) {
        return vec![(Class::Plain, source)];
    }
    let mut parts: Vec<(Class, &str)> = Vec::new();
    let mut end = 0;
    let mut after_fn = false;
    for at in 0..tokens.len() {
        let (class, range) = tokens[at].clone();
        // Documentation comments come as several tokens of one place.
        if range.start < end {
            continue;
        }
        let (Some(between), Some(text)) = (source.get(end..range.start), source.get(range.clone()))
        else {
            return vec![(Class::Plain, source)];
        };
        push(&mut parts, gap(between), between);
        end = range.end;
        let class = if text.starts_with("//") || text.starts_with("/*") {
            Class::Comment
        } else if class == Class::Plain && is_word(text) {
            let next = tokens[at + 1..]
                .iter()
                .find(|(_, next)| next.start >= range.end)
                .and_then(|(_, next)| source.get(next.clone()));
            if after_fn {
                Class::Function
            } else {
                word(text, next)
            }
        } else if text == "!" && matches!(parts.last(), Some((Class::Macro, _))) {
            Class::Macro
        } else {
            class
        };
        push(&mut parts, class, text);
        after_fn = text == "fn";
    }
    push(&mut parts, gap(&source[end..]), &source[end..]);
    parts
}

fn push<'s>(parts: &mut Vec<(Class, &'s str)>, class: Class, text: &'s str) {
    if !text.is_empty() {
        parts.push((class, text));
    }
}

/// Between two tokens stand blanks and comments alone.
fn gap(text: &str) -> Class {
    if text.trim().is_empty() {
        Class::Plain
    } else {
        Class::Comment
    }
}

/// Lists the tokens with their places; false if they are nested too deep to follow.
fn flatten(stream: TokenStream, depth: usize, into: &mut Vec<(Class, Range<usize>)>) -> bool {
    if depth > 200 {
        return false;
    }
    let mut opens_lifetime = false;
    for token in stream {
        let is_quote = matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '\'');
        match token {
            TokenTree::Group(group) => {
                let has_marks = group.delimiter() != Delimiter::None;
                if has_marks {
                    into.push((Class::Plain, group.span_open().byte_range()));
                }
                if !flatten(group.stream(), depth + 1, into) {
                    return false;
                }
                if has_marks {
                    into.push((Class::Plain, group.span_close().byte_range()));
                }
            }
            TokenTree::Ident(name) => {
                let class = if opens_lifetime {
                    Class::Lifetime
                } else {
                    Class::Plain
                };
                into.push((class, name.span().byte_range()));
            }
            TokenTree::Punct(mark) => {
                let class = if is_quote {
                    Class::Lifetime
                } else {
                    Class::Plain
                };
                into.push((class, mark.span().byte_range()));
            }
            TokenTree::Literal(literal) => {
                let is_number = literal
                    .to_string()
                    .starts_with(|c: char| c.is_ascii_digit() || c == '-');
                let class = if is_number {
                    Class::Number
                } else {
                    Class::Text
                };
                into.push((class, literal.span().byte_range()));
            }
        }
        opens_lifetime = is_quote;
    }
    true
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn word(text: &str, next: Option<&str>) -> Class {
    const KEYWORDS: [&str; 40] = [
        "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum",
        "extern", "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move",
        "mut", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
        "type", "unsafe", "use", "where", "while", "yield", "Self", "gen",
    ];
    const PRIMITIVES: [&str; 17] = [
        "bool", "char", "str", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8",
        "u16", "u32", "u64", "u128", "usize",
    ];
    if KEYWORDS.contains(&text) {
        Class::Keyword
    } else if PRIMITIVES.contains(&text) || text.starts_with(char::is_uppercase) {
        Class::Type
    } else {
        match next {
            Some("!") => Class::Macro,
            Some("(") => Class::Function,
            _ => Class::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_divided_into_its_words() {
        let source = "/// Doc λ\nfn f<'a>(x: &'a str) -> u8 { // why\n    println!(\"{x} // no\"); g(1.5, 'c') }";
        let parts = stretches(source);
        for expected in [
            (Class::Comment, "/// Doc λ"),
            (Class::Keyword, "fn"),
            (Class::Function, "f"),
            (Class::Lifetime, "'"),
            (Class::Type, "str"),
            (Class::Comment, " // why\n    "),
            (Class::Macro, "println"),
            (Class::Macro, "!"),
            (Class::Text, "\"{x} // no\""),
            (Class::Number, "1.5"),
            (Class::Text, "'c'"),
        ] {
            assert!(
                parts.contains(&expected),
                "{expected:?} is not in {parts:?}"
            );
        }
        assert_eq!(stretches("it's \""), [(Class::Plain, "it's \"")]);
    }

    proptest::proptest! {
        #[test]
        fn put_together_the_stretches_are_the_source(source in "[a-z<>&\"'/*\\n λ(){}!#:0-9]{0,40}|(?s).{0,40}") {
            let together: String = stretches(&source).into_iter().map(|(_, text)| text).collect();
            proptest::prop_assert_eq!(together, source);
        }
    }
}
