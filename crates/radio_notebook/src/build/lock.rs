//! Finds the `Cargo.lock` that fixes the versions of a notebook's dependencies.

use std::path::{Path, PathBuf};

/// The lock file for notebooks in `folder` with these dependencies: that of the workspace in which the notebook lies,
/// or else of the workspace in which the first of its path dependencies lies. What was compiled and downloaded there
/// need not be again, and one crate means one version in both.
pub fn of<'d>(
    folder: &Path,
    dependencies: impl IntoIterator<Item = &'d toml::Value>,
) -> Option<PathBuf> {
    let paths = dependencies
        .into_iter()
        .filter_map(|dependency| dependency.get("path")?.as_str());
    let mut places = std::iter::once(folder).chain(paths.map(Path::new));
    places
        .find_map(workspace_of)
        .map(|workspace| workspace.join("Cargo.lock"))
}

/// The nearest folder above that has a lock file.
pub(crate) fn workspace_of(folder: &Path) -> Option<&Path> {
    folder
        .ancestors()
        .find(|above| above.join("Cargo.lock").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notebook_s_workspace_goes_before_that_of_its_path_crates() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["mine/crates/x", "other/y", "none"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        for name in ["mine/Cargo.lock", "other/Cargo.lock"] {
            std::fs::write(at(name), "").unwrap();
        }
        let path = |name: &str| {
            toml::Value::Table(
                [("path".to_owned(), at(name).to_str().unwrap().into())]
                    .into_iter()
                    .collect(),
            )
        };
        let version = toml::Value::String("1".to_owned());
        let (x, y, z) = (path("mine/crates/x"), path("other/y"), path("none"));
        for (notebook, dependencies, expected) in [
            ("mine", vec![&y], Some("mine")),
            ("mine/crates", vec![], Some("mine")),
            ("none", vec![&version, &x, &y], Some("mine")),
            ("none", vec![&z, &y, &x], Some("other")),
            ("none", vec![&z, &version], None),
        ] {
            let expected = expected.map(|name| at(name).join("Cargo.lock"));
            assert_eq!(of(&at(notebook), dependencies), expected, "{notebook}");
        }
    }
}
