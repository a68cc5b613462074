//! The notebooks that are exported together, and where each of them goes, so that they can link to each other.

use super::cells;
use super::outline::{Heading, Ids, slug};
use radio_document::document::Notebook;
use radio_document::files;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// A notebook on its way out.
#[derive(Debug)]
pub struct Source {
    /// Where it was read from.
    pub path: PathBuf,
    /// The name of its file, without the ending.
    pub name: String,
    /// What it holds.
    pub notebook: Notebook,
    /// The file that it becomes.
    pub target: PathBuf,
}

impl Source {
    /// The folder that the notebook lies in.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }
}

/// All that is exported together.
#[derive(Debug, Default)]
pub struct Site {
    /// By the place that a notebook was read from: the file that it becomes, and its headings.
    pages: HashMap<PathBuf, (PathBuf, Vec<Heading>)>,
}

impl Site {
    /// Finds the headings of all notebooks.
    pub fn of(sources: &[Source]) -> Site {
        let alone = Site::default();
        let pages = sources.iter().map(|source| {
            let ids = Ids::default();
            cells::render(&cells::Page::new(source, &alone, &ids));
            (
                files::real(&source.path),
                (source.target.clone(), ids.headings()),
            )
        });
        Site {
            pages: pages.collect(),
        }
    }

    /// The headings of a notebook.
    pub(crate) fn headings(&self, source: &Source) -> &[Heading] {
        self.pages
            .get(&files::real(&source.path))
            .map_or(&[], |(_, headings)| headings)
    }

    /// What a notebook is called: its first heading, or its file.
    pub fn title(&self, source: &Source) -> String {
        let first = self
            .headings(source)
            .iter()
            .min_by_key(|heading| heading.level);
        let title = first
            .map(|heading| heading.text.trim())
            .filter(|title| !title.is_empty());
        title.unwrap_or(&source.name).to_owned()
    }

    /// Where a link of a notebook leads that is no address of the web: to one of its headings, or to a notebook that is
    /// exported with it. `None` where that is nowhere.
    pub fn link(&self, source: &Source, address: &str) -> Option<String> {
        let address = decoded(address);
        let (path, fragment) = address.split_once('#').unwrap_or((&address, ""));
        let place = match path {
            "" => files::real(&source.path),
            path => files::real(&source.folder().join(path)),
        };
        let (target, headings) = self.pages.get(&place)?;
        let wanted = slug(fragment);
        let known = headings
            .iter()
            .find(|heading| heading.id == wanted && !wanted.is_empty());
        let fragment = known
            .map(|heading| format!("#{}", encoded(&heading.id)))
            .unwrap_or_default();
        if path.is_empty() {
            return known.map(|_| fragment);
        }
        Some(format!("{}{fragment}", relative(&source.target, target)))
    }
}

/// The address of the file `to` from the file `from`.
pub fn relative(from: &Path, to: &Path) -> String {
    let whole = |path: &Path| -> Vec<OsString> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let folder = std::fs::canonicalize(folder)
            .or_else(|_| std::path::absolute(folder))
            .unwrap_or_else(|_| folder.to_owned());
        let names = folder
            .components()
            .filter(|part| !matches!(part, Component::CurDir));
        names.map(|part| part.as_os_str().to_owned()).collect()
    };
    let (from, folder) = (whole(from), whole(to));
    let common = from.iter().zip(&folder).take_while(|(a, b)| a == b).count();
    let mut parts = vec!["..".to_owned(); from.len() - common];
    let down = folder[common..]
        .iter()
        .map(OsString::as_os_str)
        .chain(to.file_name());
    parts.extend(down.map(|name| encoded(&name.to_string_lossy())));
    parts.join("/")
}

/// A name in an address.
pub(crate) fn encoded(name: &str) -> String {
    let mut written = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'~'
            | b'+'
            | b'('
            | b')' => written.push(byte as char),
            _ => written.push_str(&format!("%{byte:02X}")),
        }
    }
    written
}

/// An address with its `%20` read.
fn decoded(address: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = address.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        match (first, after.get(..2).and_then(hex)) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_what_is_exported_together_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let source = |name: &str, text: &str| {
            let path = folder.path().join(format!("{name}.rs"));
            std::fs::write(&path, text).unwrap();
            Source {
                notebook: Notebook::read(&path).unwrap(),
                target: folder.path().join("out/x").join(format!("{name}.html")),
                path,
                name: name.into(),
            }
        };
        let sources = [
            source("a", "// %% [markdown]\n// ## Part one\n"),
            source("b c", "// %% [markdown]\n// # B\n"),
        ];
        let site = Site::of(&sources);
        let link = |address| site.link(&sources[0], address);
        assert_eq!(link("#Part-one").as_deref(), Some("#part-one"));
        assert_eq!(link("b%20c.rs#b").as_deref(), Some("b%20c.html#b"));
        assert_eq!(link("./b%20c.rs#gone").as_deref(), Some("b%20c.html"));
        for nowhere in [
            "#gone",
            "#",
            "",
            "javascript:x",
            "../secret",
            "c.rs",
            "%",
            "/etc/passwd",
        ] {
            assert_eq!(link(nowhere), None, "{nowhere}");
        }
        assert_eq!(site.title(&sources[1]), "B");
        let from = folder.path().join("a.html");
        assert_eq!(relative(&from, &sources[0].target), "out/x/a.html");
        assert_eq!(relative(&sources[0].target, &from), "../../a.html");
    }
}
