//! What a message about a cell adds that neither the compiler nor the program knows: the crates of the workspace, the
//! files beside the notebook.

use crate::build::lock::workspace_of;
use crate::diagnostics::Diagnostic;
use crate::dialect::texts;
use crate::near::{nearest, nearest_of_many};
use crate::run::session::Failure;
use std::path::{Component, Path, PathBuf};

/// Says of crates that cells name and do not have how they are added; `folder` is the notebook's.
pub(crate) fn about_crates(diagnostics: &mut [Diagnostic], folder: &Path) {
    for diagnostic in diagnostics {
        for (_, text) in &mut diagnostic.notes {
            if let Some(name) = missing_crate(text).map(str::to_owned) {
                *text = how_to_add(&name, folder);
            }
        }
        // Of a crate that is missing the compiler speaks in two ways at once.
        let mut seen: Vec<String> = Vec::new();
        diagnostic.notes.retain(|(_, text)| {
            let is_new = !seen.contains(text);
            seen.push(text.clone());
            is_new
        });
    }
}

/// The crate that the compiler's help takes to be missing.
fn missing_crate(help: &str) -> Option<&str> {
    let (_, rest) = help.split_once("crate named `")?;
    let (name, _) = rest.split_once('`')?;
    let is_advice = help.starts_with("you might be missing") || help.contains("`cargo add ");
    is_advice.then_some(name)
}

fn how_to_add(name: &str, folder: &Path) -> String {
    let crates = crates_of_workspace(folder);
    let is_called = |of: &WorkspaceCrate, name: &str| of.name.replace('-', "_") == name;
    let near = || {
        let names: Vec<String> = crates.iter().map(|of| of.name.replace('-', "_")).collect();
        nearest_of_many(name, names.iter().map(String::as_str)).map(str::to_owned)
    };
    if let Some(own) = crates.iter().find(|of| is_called(of, name)) {
        return format!("add it with `{}`", own.dep(folder));
    }
    match near().and_then(|near| crates.iter().find(|of| is_called(of, &near))) {
        Some(near) => format!(
            "add it with `:dep {name}`; or, if you meant `{}`, with `{}`",
            near.name.replace('-', "_"),
            near.dep(folder)
        ),
        None => format!("add it with `:dep {name}`"),
    }
}

/// A crate that the workspace's lock file knows.
struct WorkspaceCrate {
    name: String,
    /// The folder of one that is part of the workspace.
    folder: Option<PathBuf>,
}

impl WorkspaceCrate {
    /// The command that adds it.
    fn dep(&self, notebook: &Path) -> String {
        let name = &self.name;
        match &self.folder {
            None => format!(":dep {name}"),
            Some(folder) => format!(
                ":dep {name} = {{ path = \"{}\" }}",
                relative(folder, notebook).display()
            ),
        }
    }
}

/// The crates of the workspace that the notebook lies in, and those that they depend on.
fn crates_of_workspace(folder: &Path) -> Vec<WorkspaceCrate> {
    let Some(workspace) = workspace_of(folder) else {
        return Vec::new();
    };
    let table = |path: &Path| -> toml::Table {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.parse().unwrap_or_default()
    };
    let manifest = table(&workspace.join("Cargo.toml"));
    let members = manifest
        .get("workspace")
        .and_then(|of| of.get("members"))
        .and_then(toml::Value::as_array);
    let members = members
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_str);
    let mut own: Vec<WorkspaceCrate> = Vec::new();
    let folders = members.flat_map(|member| match member.strip_suffix("/*") {
        None => vec![workspace.join(member)],
        Some(above) => {
            let inside = std::fs::read_dir(workspace.join(above));
            inside
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.path())
                .collect()
        }
    });
    for folder in folders.chain([workspace.to_owned()]) {
        let manifest = table(&folder.join("Cargo.toml"));
        if let Some(name) = manifest
            .get("package")
            .and_then(|of| of.get("name")?.as_str())
        {
            own.push(WorkspaceCrate {
                name: name.to_owned(),
                folder: Some(folder),
            });
        }
    }
    let lock = table(&workspace.join("Cargo.lock"));
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let others = packages
        .into_iter()
        .flatten()
        .filter(|package| package.get("source").is_some());
    let others = others.filter_map(|package| package.get("name")?.as_str());
    own.extend(others.map(|name| WorkspaceCrate {
        name: name.to_owned(),
        folder: None,
    }));
    own
}

/// `path` as it is written in `folder`; both are whole.
fn relative(path: &Path, folder: &Path) -> PathBuf {
    let mut way = path.components().peekable();
    let mut from = folder.components().peekable();
    while way.peek().is_some() && way.peek() == from.peek() {
        way.next();
        from.next();
    }
    from.map(|_| Component::ParentDir).chain(way).collect()
}

/// What may have been meant by a file that a cell did not find, where the program says so: the texts in the cells tell
/// its path. `sources` are those of the failed cell and of the cells before it, last first.
pub(crate) fn about_files<'s>(
    failure: &Failure,
    sources: impl IntoIterator<Item = &'s str>,
    folder: &Path,
) -> Option<String> {
    let told = &failure.evalue;
    let is_missing = ["No such file or directory", "kind: NotFound", "os error 2)"];
    if !is_missing.iter().any(|words| told.contains(words)) {
        return None;
    }
    let paths = sources.into_iter().map(|source| {
        let mut paths = texts(source);
        paths.retain(|path| is_path(path) && !folder.join(path).exists());
        paths
    });
    // The path may stand in an earlier cell, as a parameter does.
    let missing = paths.into_iter().find(|paths| !paths.is_empty());
    let missing = missing.unwrap_or_default();
    let Some(path) = missing.first() else {
        return Some(format!(
            "paths start at the notebook's folder, {}",
            folder.display()
        ));
    };
    if let Ok(rest) = Path::new(path).strip_prefix("~") {
        let home = dirs::home_dir().map(|home| home.join(rest).display().to_string());
        return Some(format!(
            "`~` means your home folder in a shell only: write `{}`",
            home.as_deref().unwrap_or("the whole path")
        ));
    }
    let is_whole = Path::new(path).is_absolute();
    let start = match is_whole {
        true => format!("there is no `{path}`"),
        false => format!(
            "there is no `{path}` in the notebook's folder, {}, where paths start",
            folder.display()
        ),
    };
    Some(match meant(path, folder) {
        Some(meant) => format!("{start}; did you mean `{meant}`?"),
        None => start,
    })
}

/// Whether a text looks like the path of a file: with folders, or with an ending.
fn is_path(text: &str) -> bool {
    let is_short = text.len() <= 200 && !text.contains(['\n', '{', '}']);
    let name = Path::new(text)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let has_ending = name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty()
            && (1..=8).contains(&ending.len())
            && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    is_short
        && !text.contains("://")
        && (has_ending && !text.ends_with('.') || text.contains('/') && !text.contains(' '))
}

/// A path near one that there is not: in a folder above, or with another name where it goes wrong.
fn meant(path: &str, folder: &Path) -> Option<String> {
    let given = Path::new(path);
    if given.is_relative() && !path.starts_with('.') {
        let above = ["..", "../.."].map(|up| Path::new(up).join(given));
        if let Some(above) = above.iter().find(|above| folder.join(above).exists()) {
            return Some(above.display().to_string());
        }
    }
    let mut way = PathBuf::new();
    let mut components = given.components();
    while let Some(component) = components.next() {
        if folder.join(way.join(component)).exists() {
            way.push(component);
            continue;
        }
        let entries = std::fs::read_dir(folder.join(&way)).ok()?.flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        let wrong = component.as_os_str().to_str()?;
        let near = nearest(wrong, names.iter().map(String::as_str))?;
        let whole = way.join(near).join(components.as_path());
        let shown = if folder.join(&whole).exists() {
            whole
        } else {
            way.join(near)
        };
        return Some(shown.display().to_string());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["notebooks/data", "crates/own_crate"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        for (name, text) in [
            ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
            (
                "crates/own_crate/Cargo.toml",
                "[package]\nname = \"own-crate\"\n",
            ),
            (
                "Cargo.lock",
                "[[package]]\nname = \"own-crate\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"ndarray\"\nversion = \"0.17.0\"\nsource = \"registry\"\n",
            ),
            ("notebooks/data/plays.csv", "a\n"),
            ("own.csv", "a\n"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_missing_crate_is_added_by_a_command_of_its_own() {
        let workspace = workspace();
        let folder = workspace.path().join("notebooks");
        let add = |name: &str| how_to_add(name, &folder);
        assert_eq!(add("pandas"), "add it with `:dep pandas`");
        assert_eq!(
            add("own_crate"),
            "add it with `:dep own-crate = { path = \"../crates/own_crate\" }`"
        );
        assert_eq!(
            add("own_crat"),
            "add it with `:dep own_crat`; or, if you meant `own_crate`, with `:dep own-crate = { path = \"../crates/own_crate\" }`"
        );
        assert_eq!(
            add("ndaray"),
            "add it with `:dep ndaray`; or, if you meant `ndarray`, with `:dep ndarray`"
        );
        assert_eq!(
            how_to_add("ndaray", Path::new("/")),
            "add it with `:dep ndaray`"
        );
        for help in [
            "you might be missing a crate named `numpy`",
            "if you wanted to use a crate named `numpy`, use `cargo add numpy` to add it to your `Cargo.toml`",
        ] {
            assert_eq!(missing_crate(help), Some("numpy"));
        }
        assert_eq!(
            missing_crate("there is a crate or module with a similar name: `ndarray`"),
            None
        );
    }

    #[test]
    fn a_file_that_is_missing_is_told_with_what_is_near() {
        let workspace = workspace();
        let folder = workspace.path().join("notebooks");
        let told = |source: &str| {
            let failure = Failure {
                ename: "Error".into(),
                evalue: "Os { code: 2, kind: NotFound, message: \"No such file or directory\" }"
                    .into(),
                place: None,
            };
            about_files(&failure, [source, "let data = \"dta/plays.csv\";"], &folder).unwrap()
        };
        let place = folder.display();
        assert_eq!(
            told("read(\"data/play.csv\")?"),
            format!(
                "there is no `data/play.csv` in the notebook's folder, {place}, where paths start; did you mean `data/plays.csv`?"
            )
        );
        assert!(told("read(\"own.csv\")?").ends_with("; did you mean `../own.csv`?"));
        assert!(told("read(data)?").ends_with("; did you mean `data/plays.csv`?"));
        assert!(
            told("read(\"~/x.csv\")?")
                .starts_with("`~` means your home folder in a shell only: write `")
        );
        assert!(told("read(\"zzz.txt\")?").ends_with("where paths start"));
        let other = Failure {
            ename: "Panic".into(),
            evalue: "index out of bounds".into(),
            place: None,
        };
        assert_eq!(about_files(&other, ["\"zzz.txt\""], &folder), None);
    }
}
