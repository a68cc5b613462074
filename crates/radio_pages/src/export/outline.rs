//! The headings of an exported notebook and the ids by which its parts are linked.

use std::cell::RefCell;
use std::collections::HashSet;

/// A heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Heading {
    /// 1 for the largest.
    pub level: usize,
    pub text: String,
    pub id: String,
}

/// The ids of a page, each of them once, and its headings.
#[derive(Debug, Default)]
pub struct Ids {
    taken: RefCell<HashSet<String>>,
    headings: RefCell<Vec<Heading>>,
}

impl Ids {
    /// An id for a heading of this level, or for a footnote, whose level is 0.
    pub fn take(&self, level: usize, text: &str) -> String {
        let slug = match level {
            0 => format!("note-{}", slug(text)),
            _ => slug(text),
        };
        // The page's own parts are called so.
        let is_reserved = ["cell-", "text-", "slide-"]
            .iter()
            .any(|start| slug.starts_with(start));
        let stem = if slug.is_empty() || is_reserved {
            format!("section-{slug}")
        } else {
            slug
        };
        let mut taken = self.taken.borrow_mut();
        let numbered = (1..).map(|number| format!("{stem}-{number}"));
        let id = std::iter::once(stem.clone())
            .chain(numbered)
            .find(|id| !taken.contains(id));
        let id = id.unwrap_or(stem);
        taken.insert(id.clone());
        if level > 0 {
            let text = text.to_owned();
            self.headings.borrow_mut().push(Heading {
                level,
                text,
                id: id.clone(),
            });
        }
        id
    }

    /// The headings so far.
    pub fn headings(self) -> Vec<Heading> {
        self.headings.into_inner()
    }
}

/// A text as an id, as GitHub makes one: small letters and digits, with `-` between the words.
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.trim().chars() {
        match character {
            ' ' | '-' => slug.push('-'),
            '_' => slug.push('_'),
            character if character.is_alphanumeric() => slug.extend(character.to_lowercase()),
            _ => {}
        }
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_is_there_once_and_none_is_that_of_a_cell() {
        let ids = Ids::default();
        let texts = ["A: as printed", "A: as printed", "", "Cell 5", "ÜBER λ"];
        let got = texts.map(|text| ids.take(2, text));
        assert_eq!(
            got,
            [
                "a-as-printed",
                "a-as-printed-1",
                "section-",
                "section-cell-5",
                "über-λ"
            ]
        );
        assert_eq!(ids.take(0, "1"), "note-1");
        assert_eq!(ids.headings().len(), 5);
    }
}
