//! The texts that stand in a cell's code: files that it reads may be among them.

use proc_macro2::{TokenStream, TokenTree};

/// The texts that stand in a cell's code.
pub(crate) fn texts(source: &str) -> Vec<String> {
    fn gather(stream: TokenStream, depth: usize, found: &mut Vec<String>) {
        for token in stream {
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
    if let Ok(stream) = source.parse() {
        gather(stream, 0, &mut found);
    }
    found
}
