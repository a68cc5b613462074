//! What stands at the cursor. Cursors are counted in code points, as Jupyter counts.

use ra_ap_rustc_lexer::{FrontmatterAllowed, LiteralKind, TokenKind, is_id_continue, tokenize};

/// What stands before the cursor.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cursor {
    /// The part of a name that ends at the cursor; may be empty.
    pub(super) prefix: String,
    /// Where it begins, in code points.
    pub(super) start: usize,
    /// What is before it.
    pub(super) before: Before,
}

/// What is before the name at the cursor.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Before {
    /// Nothing that it would belong to.
    Free,
    /// A dot; with the name before that, if it is one.
    Dot(Option<String>),
    /// A path, such as `std::fmt`.
    Path(String),
    /// The colon of a command, at the cell's head.
    Command,
    /// It is inside of a text, a comment or a number.
    NoName,
}

/// Looks at what stands before a cursor.
pub(super) fn look(source: &str, cursor: usize) -> Cursor {
    let before = upto(source, cursor);
    let prefix_at = before.trim_end_matches(is_id_continue).len();
    let (head, prefix) = before.split_at(prefix_at);
    let start = head.chars().count();
    let line = head.rsplit('\n').next().unwrap_or_default();
    let what = if line.trim() == ":" && is_head(&head[..head.len() - line.len()]) {
        Before::Command
    } else if (!prefix.is_empty() && !is_name(prefix)) || is_inside(before) {
        Before::NoName
    } else if let Some(path) = head.strip_suffix("::") {
        Before::Path(last_path(path).to_owned())
    } else if let Some(owner) = head.strip_suffix('.').filter(|owner| !owner.ends_with('.')) {
        let name = last_name(owner);
        Before::Dot((!name.is_empty()).then(|| name.to_owned()))
    } else {
        Before::Free
    };
    Cursor {
        prefix: prefix.to_owned(),
        start,
        before: what,
    }
}

/// The names that may be meant at the cursor: the one around it, then the one that is called there.
pub(super) fn names_at(source: &str, cursor: usize) -> Vec<&str> {
    let before = upto(source, cursor);
    let after = &source[before.len()..];
    let after = after.len() - after.trim_start_matches(is_id_continue).len();
    let start = before.trim_end_matches(is_id_continue).len();
    let around = &source[start..before.len() + after];
    let mut depth = 0;
    let open = before.char_indices().rev().find(|(_, c)| match c {
        ')' => {
            depth += 1;
            false
        }
        '(' => {
            depth -= 1;
            depth < 0
        }
        _ => false,
    });
    let called = open.map(|(at, _)| last_name(before[..at].trim_end_matches(['!', ' '])));
    let names = std::iter::once(around).chain(called);
    names.filter(|name| is_name(name)).collect()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| is_id_continue(c) && !c.is_ascii_digit())
}

/// The source before the cursor; all of it, if the cursor is behind its end.
fn upto(source: &str, cursor: usize) -> &str {
    let end = source
        .char_indices()
        .nth(cursor)
        .map_or(source.len(), |(at, _)| at);
    &source[..end]
}

/// Whether only commands, comments and empty lines stand here.
fn is_head(source: &str) -> bool {
    source.lines().all(|line| {
        let text = line.trim();
        text.is_empty() || text.starts_with([':', '!']) || text.starts_with("//")
    })
}

/// Whether the end of this source is inside of a text, a comment or a number.
fn is_inside(source: &str) -> bool {
    let last = tokenize(source, FrontmatterAllowed::No).last();
    last.is_some_and(|token| match token.kind {
        TokenKind::LineComment { .. } => true,
        TokenKind::BlockComment { terminated, .. } => !terminated,
        TokenKind::Literal { kind, .. } => match kind {
            LiteralKind::Int { .. } | LiteralKind::Float { .. } => true,
            LiteralKind::Char { terminated } | LiteralKind::Byte { terminated } => !terminated,
            kind => is_open(kind),
        },
        _ => false,
    })
}

/// Whether the end of a text is missing. A character ends in its line.
pub(super) fn is_open(kind: LiteralKind) -> bool {
    match kind {
        LiteralKind::Str { terminated }
        | LiteralKind::ByteStr { terminated }
        | LiteralKind::CStr { terminated } => !terminated,
        LiteralKind::RawStr { n_hashes }
        | LiteralKind::RawByteStr { n_hashes }
        | LiteralKind::RawCStr { n_hashes } => n_hashes.is_none(),
        _ => false,
    }
}

fn last_name(source: &str) -> &str {
    &source[source.trim_end_matches(is_id_continue).len()..]
}

fn last_path(source: &str) -> &str {
    &source[source
        .trim_end_matches(|c: char| is_id_continue(c) || c == ':')
        .len()..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at_end(source: &str) -> Cursor {
        look(source, source.chars().count())
    }

    #[test]
    fn the_part_of_a_name_is_found_in_code_points() {
        let cursor = at_end("let é = \"🦀\"; grö");
        assert_eq!((cursor.prefix.as_str(), cursor.start), ("grö", 13));
        assert_eq!(look("abc", 2).prefix, "ab");
        assert_eq!(look("abc", 99).prefix, "abc");
        assert_eq!(look("", 0).prefix, "");
    }

    #[test]
    fn what_is_before_it_is_told() {
        let before = |source: &str| at_end(source).before;
        assert_eq!(before("let x = y"), Before::Free);
        assert_eq!(before("x.le"), Before::Dot(Some("x".into())));
        assert_eq!(before("f().le"), Before::Dot(None));
        assert_eq!(before("0..le"), Before::Free);
        assert_eq!(
            before("use std::collections::Ha"),
            Before::Path("std::collections".into())
        );
        assert_eq!(before("// note\n:de"), Before::Command);
        assert_eq!(before("let x = 1;\n:de"), Before::Free);
        for source in ["// th", "\"th", "/* th", "12th", "r#\"th", "println!(\"{th"] {
            assert_eq!(before(source), Before::NoName, "{source}");
        }
    }

    #[test]
    fn the_name_around_the_cursor_is_found() {
        let source = "foo(bär)";
        let at = |cursor| names_at(source, cursor);
        assert_eq!((at(0), at(3)), (vec!["foo"], vec!["foo"]));
        assert_eq!((at(4), at(6)), (vec!["bär", "foo"], vec!["bär", "foo"]));
        assert_eq!(names_at("println!(a(1), 2", 16), ["println"]);
        assert_eq!(names_at("12", 1), Vec::<&str>::new());
        assert_eq!(names_at("", 3), Vec::<&str>::new());
    }

    proptest! {
        #[test]
        fn any_cursor_in_any_text(source in "(?s).{0,40}", cursor in 0..60_usize) {
            let found = look(&source, cursor);
            let length = source.chars().count();
            prop_assert_eq!(found.start + found.prefix.chars().count(), cursor.min(length));
            let _ = names_at(&source, cursor);
        }
    }
}
