//! `radio new`: a notebook to begin with, in a folder of its own, or the assignment as a student gets it.

use crate::assign::source::Source;
use clap::Args;
use radio_notebook::document::Notebook;
use radio_notebook::error::{Error, Result};
use radio_notebook::say;
use radio_notebook::{files, percent};
use std::path::{Path, PathBuf};

/// How a notebook to begin with reads its data.
const BEGINNING: &str = include_str!("new/templates/data.rs");
/// The rest of a notebook that needs no crate, so that it runs at once wherever it lies.
const ALONE: &str = include_str!("new/templates/alone.rs");
/// The rest of one that uses the library of this workspace, and the cell that names it.
const WITH_RADIO_REC: &str = include_str!("new/templates/with_radio_rec.rs");
const IMPORTS: &str = r#"// %%
// :dep radio_rec = { path = "PATH" }
use radio_rec::display::Table;
use radio_rec::plot::Figure;

// %% tags"#;
/// Its data.
const DATA: (&str, &str) = ("songs.csv", include_str!("new/templates/songs.csv"));
/// The assignment, solved, and its data.
const ASSIGNMENT: &str = include_str!("../../../notebooks/assignment/assignment.ipynb");
const ASSIGNMENT_DATA: (&str, &str) = (
    "radio_songs.csv",
    include_str!("../../../data/radio_songs.csv"),
);

/// The arguments of `radio new`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A folder to make, or a notebook (.ipynb)
    name: PathBuf,
    /// The assignment on recommending and neural networks, to be answered
    #[arg(long)]
    assignment: bool,
}

/// Writes the notebook and its data, and says how to run it.
///
/// # Errors
/// [`Error::Argument`] if something is there already, [`Error::Io`] if it cannot be written.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let name = &arguments.name;
    let is_notebook = files::ends_in(name, "ipynb");
    let stem = match is_notebook {
        true => name.file_stem(),
        false => name.file_name(),
    };
    let stem = stem.and_then(|stem| stem.to_str()).ok_or_else(|| {
        Error::Argument(format!(
            "{}: name the folder to make, such as `radio new listening`",
            name.display()
        ))
    })?;
    let folder = match is_notebook {
        true => name.parent().unwrap_or(Path::new("")).to_owned(),
        false => name.clone(),
    };
    let notebook = folder.join(format!("{stem}.ipynb"));
    let (text, (data_name, data)) = match arguments.assignment {
        true => (assignment(&notebook)?, ASSIGNMENT_DATA),
        false => (first(stem, &folder)?, DATA),
    };
    let data_file = folder.join(data_name);
    let places = match is_notebook {
        true => vec![&notebook, &data_file],
        false => vec![&folder],
    };
    let taken = places
        .into_iter()
        .find(|place| std::fs::symlink_metadata(place).is_ok());
    if let Some(taken) = taken {
        return Err(Error::Argument(format!(
            "{} is there already, and nothing is overwritten: choose another name",
            taken.display()
        )));
    }
    files::write_whole(&data_file, data.as_bytes())?;
    files::write_whole(&notebook, text.as_bytes())?;
    // Whoever came by cargo has no `radio`.
    let radio = match std::env::var_os("CARGO") {
        Some(_) => "cargo run --",
        None => "radio",
    };
    let (own, script) = (notebook.display(), notebook.with_extension("rs"));
    let script = script.display();
    say!("{own} and {data_name}");
    say!("write into it:      in Jupyter or VS Code");
    say!("or in any editor:   into {script}, after {radio} convert {own}");
    say!("run it:             {radio} run {own} (or {script})");
    say!("or in the browser:  {radio} watch {own} --serve (or {script})");
    if arguments.assignment {
        say!(
            "hand it in:         {own}; where you wrote into the other, after {radio} convert {script} --update"
        );
    }
    Ok(true)
}

/// The notebook to begin with.
fn first(stem: &str, folder: &Path) -> Result<String> {
    let folder = std::path::absolute(folder).map_err(Error::io(folder, "finding"))?;
    let script = match path_to_radio_rec(&folder) {
        Some(path) => {
            let imports = IMPORTS.replace("PATH", &path);
            BEGINNING.replacen("// %% tags", &imports, 1) + "\n" + WITH_RADIO_REC
        }
        None => format!("{BEGINNING}\n{ALONE}"),
    };
    let script = script.replacen("# A notebook", &format!("# {}", title(stem)), 1);
    let mut notebook = percent::read(&script)
        .map_err(|message| Error::document("the notebook to begin with", message))?;
    notebook.upgrade();
    Ok(notebook.to_ipynb())
}

/// The name of a file as a heading.
fn title(stem: &str) -> String {
    let spaced = stem.replace(['_', '-'], " ");
    let mut letters = spaced.trim().chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// The way from a folder that need not be there yet to the library of the workspace around it.
fn path_to_radio_rec(folder: &Path) -> Option<String> {
    let ups = folder.ancestors().position(|above| {
        above.join("Cargo.toml").is_file() && above.join("crates/radio_rec/Cargo.toml").is_file()
    })?;
    Some(format!("{}crates/radio_rec", "../".repeat(ups)))
}

/// What is handed out of the assignment.
fn assignment(path: &Path) -> Result<String> {
    let refuse = |message: String| Error::document(path, message);
    let notebook = Notebook::from_ipynb(ASSIGNMENT).map_err(refuse)?;
    let mut released = Source::of(path, notebook)?.released();
    released.upgrade();
    Ok(released.to_ipynb())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_from_wherever_the_notebook_lies() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("crates/radio_rec")).unwrap();
        std::fs::write(root.join("Cargo.toml"), "").unwrap();
        assert_eq!(path_to_radio_rec(&root.join("a")), None);
        std::fs::write(root.join("crates/radio_rec/Cargo.toml"), "").unwrap();
        let path = |at: &str| path_to_radio_rec(&root.join(at));
        assert_eq!(path("a").as_deref(), Some("../crates/radio_rec"));
        assert_eq!(path("a/b").as_deref(), Some("../../crates/radio_rec"));
        assert_eq!(title("my_first-try"), "My first try");
    }
}
