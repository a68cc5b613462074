//! Turns doc comments that document nothing into plain comments, since rustc refuses them.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::borrow::Cow;

/// The code of a cell in which the doc comments after all else are plain ones: there is nothing in the cell that they
/// could describe. Every character stays where it is.
pub(crate) fn without_lone_docs(code: &str) -> Cow<'_, str> {
    let tokens: TokenStream = match code.parse() {
        Ok(tokens) => tokens,
        // It is not Rust, which is said elsewhere.
        Err(_) => return Cow::Borrowed(code),
    };
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut plain = Cow::Borrowed(code);
    let mut rest = &tokens[..];
    // A doc comment is read as an attribute, `#[doc = "..."]`, each part of which stands where the comment does.
    while let [before @ .., TokenTree::Punct(mark), TokenTree::Group(group)] = rest
        && mark.as_char() == '#'
        && group.delimiter() == Delimiter::Bracket
    {
        let start = group.span().byte_range().start;
        // The third character makes it a doc comment.
        if !["///", "/**"]
            .iter()
            .any(|begin| code[start..].starts_with(begin))
        {
            break;
        }
        plain.to_mut().replace_range(start + 2..start + 3, " ");
        rest = before;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_doc_comments_at_the_end_become_plain_ones() {
        for (code, expected) in [
            ("/// what comes next", "//  what comes next"),
            (
                "/// one\n/// two\n// three\n",
                "//  one\n//  two\n// three\n",
            ),
            (
                "let λ = 1; /** next\n * two */\n",
                "let λ = 1; /*  next\n * two */\n",
            ),
            ("/// f\nfn f() {}\n/// g\n", "/// f\nfn f() {}\n//  g\n"),
        ] {
            assert_eq!(without_lone_docs(code), expected);
        }
        for code in [
            "/// f\nfn f() {}",
            "#[doc = \"x\"]",
            "struct S { /// x\n}",
            "// \"/// x\"",
            "\"/// x\"",
            "//// x",
            "/***/",
            "f(",
            "",
        ] {
            assert!(
                matches!(without_lone_docs(code), Cow::Borrowed(_)),
                "{code}"
            );
        }
    }
}
