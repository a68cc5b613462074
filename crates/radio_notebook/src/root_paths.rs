//! Paths that begin with `crate` in a generation's code: to a cell the crate's root is what holds at its place, which is the
//! module of its generation.

use crate::dialect::Chunk;
use crate::nesting;
use proc_macro2::{TokenStream, TokenTree};

/// The chunk with `root`, such as `::__radio_generation_1`, behind each `crate` with which a path into the notebook begins.
pub fn rooted(chunk: &Chunk, root: &str) -> Chunk {
    let mut places = Vec::new();
    if !root.is_empty()
        && chunk.text.contains("crate")
        && let Ok(found) = nesting::with_room(&chunk.text, || find_all(&chunk.text))
    {
        places = found;
    }
    if places.is_empty() {
        return chunk.clone();
    }
    let length = root.chars().count() as u32;
    let mut insertions = Vec::new();
    let mut lines = Vec::new();
    for (index, text) in chunk.text.split('\n').enumerate() {
        let line = chunk.line + index as u32;
        let here = || places.iter().filter(|(at, _)| *at == index + 1);
        let before = |column: u32| here().filter(|(_, at)| (*at as u32) < column).count() as u32;
        for &(_, column, length_there) in chunk.insertions.iter().filter(|(at, ..)| *at == line) {
            insertions.push((line, column + before(column) * length, length_there));
        }
        let mut rooted = String::with_capacity(text.len());
        for (column, c) in text.chars().enumerate() {
            if here().any(|(_, at)| *at == column) {
                let shifted = column as u32 + 1 + before(column as u32) * length;
                insertions.push((line, shifted, length));
                rooted.push_str(root);
            }
            rooted.push(c);
        }
        lines.push(rooted);
    }
    Chunk {
        text: lines.join("\n"),
        line: chunk.line,
        insertions,
    }
}

fn find_all(text: &str) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    if let Ok(tokens) = text.parse::<TokenStream>() {
        find(tokens, &mut places);
    }
    places
}

/// Line from 1 and column from 0 of what follows each `crate` of a path into the notebook. Exported macros stay at the root.
fn find(tokens: TokenStream, places: &mut Vec<(usize, usize)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_mark = |at: usize, mark: char| matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == mark);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => find(group.stream(), places),
            TokenTree::Ident(word) if word == "crate" => {
                let into_notebook = match tokens.get(at + 3) {
                    Some(TokenTree::Ident(next)) => {
                        next != "__radio" && next != "__radio_show" && !is_mark(at + 4, '!')
                    }
                    Some(TokenTree::Group(_)) => true,
                    _ => is_mark(at + 3, '*'),
                };
                if is_mark(at + 1, ':') && is_mark(at + 2, ':') && into_notebook {
                    let end = word.span().end();
                    places.push((end.line, end.column));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_into_the_notebook_are_rooted_and_their_columns_known() {
        let chunk = Chunk {
            text: "f(crate::a(), crate::__radio::Try(crate::b::c()));\nλ(crate::m!(crate::{d, e}))"
                .to_owned(),
            line: 4,
            insertions: vec![(4, 15, 20)],
        };
        let rooted = rooted(&chunk, "::g");
        assert_eq!(
            rooted.text,
            "f(crate::g::a(), crate::__radio::Try(crate::g::b::c()));\nλ(crate::m!(crate::g::{d, e}))"
        );
        let mut insertions = rooted.insertions;
        insertions.sort_unstable();
        assert_eq!(insertions, [(4, 8, 3), (4, 18, 20), (4, 43, 3), (5, 18, 3)]);
    }

    #[test]
    fn what_has_no_such_path_stays() {
        for text in [
            "pub(crate) fn f() {}",
            "let krate = 1;",
            "\"crate::a\"",
            ") crate::a",
        ] {
            let chunk = Chunk {
                text: text.to_owned(),
                line: 1,
                insertions: Vec::new(),
            };
            assert_eq!(rooted(&chunk, "::g"), chunk);
        }
        let chunk = Chunk {
            text: "crate::a()".to_owned(),
            line: 1,
            insertions: Vec::new(),
        };
        assert_eq!(rooted(&chunk, ""), chunk);
    }
}
