//! Finds the hand-ins, and whose each is.

use radio_notebook::error::{Error, Result};
use radio_notebook::files;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// How deep folders are searched: nbgrader's are `submitted/STUDENT/ASSIGNMENT/NOTEBOOK`.
const MAX_DEPTH: usize = 6;

/// What somebody handed in.
#[derive(Clone, Debug, PartialEq)]
pub struct HandIn {
    /// Whose it is: what tells its path from those of the others.
    pub student: String,
    /// Where it is: a notebook, or a folder that has none.
    pub path: PathBuf,
}

/// The hand-ins that the paths stand for: files as they are, and of folders the notebooks in them and below. A folder
/// below that has none is somebody's who handed in nothing. `others` are files and folders that are no hand-ins.
///
/// # Errors
/// [`Error::Document`] for a path at which there is nothing, and a folder in which there is none at all.
pub fn find(paths: &[PathBuf], others: &[PathBuf]) -> Result<Vec<HandIn>> {
    let mut found = Vec::new();
    for path in paths {
        let refuse = |message: &str| Error::document(path, message);
        if std::fs::symlink_metadata(path).is_err() {
            return Err(refuse(
                "there is no such hand-in: name notebooks, or folders of them",
            ));
        }
        if path.is_dir() {
            let before = found.len();
            search(path, others, 0, &mut found);
            if found.len() == before {
                return Err(refuse("there is no hand-in (.ipynb) in this folder"));
            }
        } else {
            found.push(path.clone());
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(files::real(path)));
    let students = students(&found);
    let all = students.into_iter().zip(found);
    let mut all: Vec<HandIn> = all
        .map(|(student, path)| HandIn { student, path })
        .collect();
    all.sort_by(|a, b| a.student.cmp(&b.student));
    Ok(all)
}

fn search(folder: &Path, others: &[PathBuf], depth: usize, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let whole = files::real(&path);
        if name.starts_with(b".") || others.iter().any(|other| whole.starts_with(other)) {
            continue;
        }
        if path.is_dir() && depth < MAX_DEPTH {
            let before = found.len();
            search(&path, others, depth + 1, found);
            if found.len() == before && depth == 0 {
                found.push(path);
            }
        } else if path.is_file() && files::ends_in(&path, "ipynb") {
            found.push(path);
        }
    }
}

/// What tells each path from the others: the parts that are not the same in all; the file's name if there is but one.
fn students(paths: &[PathBuf]) -> Vec<String> {
    let parts = |path: &PathBuf| -> Vec<String> {
        let whole = match files::real(path) {
            folder if folder.is_dir() => folder,
            file => file.with_extension(""),
        };
        let parts = whole.components();
        parts
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect()
    };
    let all: Vec<Vec<String>> = paths.iter().map(parts).collect();
    let last = |of: &Vec<String>| of.last().cloned().unwrap_or_default();
    let [first, others @ ..] = all.as_slice() else {
        return Vec::new();
    };
    if others.is_empty() {
        return vec![last(first)];
    }
    let common =
        (0..first.len()).take_while(|&at| others.iter().all(|o| o.get(at) == first.get(at)));
    let common = common.count();
    let is_even = others.iter().all(|other| other.len() == first.len());
    let names = all.iter().map(|of| {
        let own = of.iter().enumerate().skip(common);
        let own = own
            .filter(|(at, part)| !is_even || all.iter().any(|other| other.get(*at) != Some(part)));
        own.map(|(_, part)| part.as_str())
            .collect::<Vec<_>>()
            .join("/")
    });
    let names: Vec<String> = names.collect();
    let is_fit = names.iter().all(|name| !name.is_empty());
    match is_fit && names.iter().collect::<BTreeSet<_>>().len() == names.len() {
        true => names,
        false => all
            .iter()
            .map(|of| of[common.min(of.len() - 1)..].join("/"))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_are_told_apart_by_what_differs() {
        let of = |paths: &[&str]| students(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["/x/ann.ipynb", "/x/bob.ipynb"]), ["ann", "bob"]);
        assert_eq!(
            of(&["/x/ann/ps1/a.ipynb", "/x/bob/ps1/a.ipynb"]),
            ["ann", "bob"]
        );
        assert_eq!(of(&["/x/ann/a.ipynb", "/x/bob"]), ["ann/a", "bob"]);
        assert_eq!(
            of(&["/x/a/1.ipynb", "/x/a/2.ipynb", "/x/b/1.ipynb"]),
            ["a/1", "a/2", "b/1"]
        );
        assert_eq!(of(&["/x/ann.ipynb"]), ["ann"]);
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn folders_are_searched_and_who_handed_in_nothing_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        for name in [
            "ann/a.ipynb",
            "ann/.ipynb_checkpoints/a.ipynb",
            "bob/a.pdf",
            "grades/x.ipynb",
        ] {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let found = find(
            &[root.clone(), root.join("ann/a.ipynb")],
            &[root.join("grades")],
        )
        .unwrap();
        let paths: Vec<_> = found.iter().map(|of| of.path.clone()).collect();
        assert_eq!(paths, [root.join("ann/a.ipynb"), root.join("bob")]);
        let message = find(&[root.join("none")], &[]).unwrap_err().to_string();
        assert!(message.contains("there is no such hand-in"), "{message}");
    }
}
