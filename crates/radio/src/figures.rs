//! The pictures among a notebook's outputs, as files.

use crate::check::compare::decoded;
use radio_notebook::document::{Notebook, joined};
use radio_notebook::error::Result;
use radio_notebook::files::{Staged, safe_name};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// Writes every picture of `notebook` beside its place in `folder`, named by its cell's label or else its number; a
/// second picture of the same cell gets `-2` after the name, and so on. A picture that is there both as SVG and as PNG
/// becomes two files. Nothing that is there already changes before the pictures are put in their places.
///
/// # Errors
/// [`Error::Io`](radio_notebook::error::Error::Io) if a file cannot be written.
pub fn stage(notebook: &Notebook, folder: &Path) -> Result<Vec<Staged>> {
    let mut staged = Vec::new();
    let mut taken = HashSet::new();
    // For each name, the number that comes next.
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let code = notebook.cells.iter().zip(notebook.numbers());
    for (cell, number) in code.filter_map(|(cell, number)| Some((cell, number?))) {
        let name = safe_name(&cell.label().unwrap_or_else(|| number.to_string()));
        for data in cell
            .outputs()
            .iter()
            .filter_map(|output| output.get("data"))
        {
            let pictures = [("svg", svg(data)), ("png", png(data))];
            if pictures.iter().all(|(_, picture)| picture.is_none()) {
                continue;
            }
            let number = numbers.entry(name.clone()).or_insert(0);
            let stem = loop {
                *number += 1;
                let stem = match number {
                    1 => name.clone(),
                    _ => format!("{name}-{number}"),
                };
                if taken.insert(stem.clone()) {
                    break stem;
                }
            };
            for (extension, picture) in pictures {
                if let Some(bytes) = picture {
                    let path = folder.join(format!("{stem}.{extension}"));
                    staged.push(Staged::write(&path, &bytes)?);
                }
            }
        }
    }
    Ok(staged)
}

/// The figures of an earlier run in `folder` that are not among `new` ones.
pub fn others(folder: &Path, new: &[Staged]) -> Vec<PathBuf> {
    let new: HashSet<&Path> = new.iter().map(Staged::path).collect();
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_old = |path: &PathBuf| {
        let is_figure = path.extension().is_some_and(|e| e == "svg" || e == "png");
        is_figure && path.is_file() && !new.contains(path.as_path())
    };
    entries.map(|entry| entry.path()).filter(is_old).collect()
}

fn svg(data: &Value) -> Option<Vec<u8>> {
    joined(data.get("image/svg+xml")?).map(String::into_bytes)
}

fn png(data: &Value) -> Option<Vec<u8>> {
    decoded(data.get("image/png")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use radio_notebook::document::Output;
    use radio_notebook::files::put_all_in_place;

    #[test]
    fn figures_are_named_by_label_or_number_and_stay_in_their_folder() {
        let mut notebook =
            radio_notebook::percent::read("// %%\n//| label: ../../x\nplot()\n// %%\nplot()\n")
                .unwrap();
        let picture = |mime: &str, content: &str| Output::Data {
            bundle: vec![(mime.into(), content.into())],
            is_result: false,
        };
        notebook.cells[0].set_outputs(&[picture("image/svg+xml", "<svg>\n</svg>")], Some(1));
        notebook.cells[1].set_outputs(
            &[
                picture("image/png", "AAEC"),
                picture("text/html", "x"),
                picture("image/png", "AA=="),
            ],
            Some(2),
        );
        let outside = tempfile::tempdir().unwrap();
        let folder = outside.path().join("a").join("b");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("old.svg"), "").unwrap();
        std::fs::write(folder.join("mine.txt"), "").unwrap();
        let staged = stage(&notebook, &folder).unwrap();
        assert!(staged.iter().all(|file| !file.path().exists()));
        let others = others(&folder, &staged);
        assert_eq!(others, [folder.join("old.svg")]);
        put_all_in_place(staged, &others).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["2-2.png", "2.png", "_.._.._x.svg", "mine.txt"]);
        assert_eq!(std::fs::read(folder.join("2.png")).unwrap(), [0, 1, 2]);
        assert_eq!(
            std::fs::read(folder.join("_.._.._x.svg")).unwrap(),
            b"<svg>\n</svg>"
        );
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    }
}
