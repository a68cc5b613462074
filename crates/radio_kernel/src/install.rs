//! Kernelspecs: by which Jupyter, VS Code, nteract and papermill know a kernel. No Python is needed.
//!
//! The kernel goes by its own name, and by `rust` too where no other kernel does, so that notebooks that name that
//! kernel open without a question.

use crate::error::{Error, Result};
use radio_notebook::Error as FileError;
use radio_notebook::files::write_whole;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The kernel's name, unless another is asked for.
pub const NAME: &str = "radio";
/// What people see of it.
pub const DISPLAY_NAME: &str = "Rust (radio)";
/// The name that notebooks for the evcxr kernel have.
const COMMON_NAME: &str = "rust";
/// What people see of that one.
const COMMON_DISPLAY_NAME: &str = "Rust";
/// By this entry of its metadata a kernelspec is known to be of this program.
const MARK: &str = "radio_kernel";
const LOGO: &str = include_str!("../logo.svg");

/// For whom the kernel is installed.
#[derive(Clone, Debug, PartialEq)]
pub enum Location {
    /// For this user: where Jupyter looks in the home folder, or in `JUPYTER_DATA_DIR`.
    User,
    /// For the virtual environment that is active.
    Environment,
    /// Below this folder, in `share/jupyter/kernels`.
    Prefix(PathBuf),
}

/// What a kernelspec says.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The name by which front ends know the kernel: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What people see.
    pub display_name: String,
    /// The program.
    pub program: PathBuf,
    /// The folder of rustc and cargo, for a Jupyter that was started without it in `PATH`.
    pub tools: Option<PathBuf>,
}

/// What the installation has done.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// The kernelspec's folder.
    pub folder: PathBuf,
    /// The folder of the kernelspec `rust`, if it is this kernel too.
    pub common: Option<PathBuf>,
    /// The folder of the other kernel that is called `rust`.
    pub other: Option<PathBuf>,
}

impl Location {
    /// The folder of kernelspecs.
    ///
    /// # Errors
    /// [`Error::Install`] if there is no home folder, or no environment is active.
    pub fn kernels(&self) -> Result<PathBuf> {
        let data = match self {
            Location::User => user_data().ok_or_else(|| {
                Error::Install(
                    "there is no home folder; say where to install to with --prefix".into(),
                )
            })?,
            Location::Environment => active_environment().ok_or_else(|| {
                let hint = "activate it, or name its folder with --prefix";
                Error::Install(format!("no virtual environment is active: {hint}"))
            })?,
            Location::Prefix(folder) => std::path::absolute(folder)
                .map_err(FileError::io(folder, "finding the folder"))?
                .join("share/jupyter"),
        };
        Ok(data.join("kernels"))
    }
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Jupyter's folder of the user's data.
fn user_data() -> Option<PathBuf> {
    let usual = || {
        if cfg!(target_os = "macos") {
            return Some(dirs::home_dir()?.join("Library/Jupyter"));
        }
        Some(dirs::data_dir()?.join("jupyter"))
    };
    variable("JUPYTER_DATA_DIR").or_else(usual)
}

fn active_environment() -> Option<PathBuf> {
    let prefix = variable("VIRTUAL_ENV").or_else(|| variable("CONDA_PREFIX"))?;
    Some(prefix.join("share/jupyter"))
}

/// All folders of kernelspecs that a front end may look into.
fn all_kernels() -> Vec<PathBuf> {
    let listed = std::env::var_os("JUPYTER_PATH").unwrap_or_default();
    let listed: Vec<PathBuf> = std::env::split_paths(&listed).collect();
    let system = ["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from);
    let data = listed
        .into_iter()
        .chain(user_data())
        .chain(active_environment())
        .chain(system);
    data.map(|data| data.join("kernels")).collect()
}

/// Installs a kernelspec, and one that is called `rust` where no other kernel is.
///
/// # Errors
/// [`Error::Install`] if the name is none or another kernel has it, [`Error::File`] if a file cannot be written.
pub fn install(place: &Location, spec: &Spec) -> Result<Installed> {
    check_name(&spec.name)?;
    let kernels = place.kernels()?;
    let folder = kernels.join(&spec.name);
    if folder.exists() && !is_ours(&folder) {
        let path = folder.display();
        return Err(Error::Install(format!(
            "{path}: another kernel has this name; choose one with --name"
        )));
    }
    write(&folder, spec)?;
    let common = kernels.join(COMMON_NAME);
    let others = all_kernels()
        .into_iter()
        .map(|kernels| kernels.join(COMMON_NAME));
    let mut others = others
        .chain([common.clone()])
        .filter(|folder| folder.exists() && !is_ours(folder));
    let other = others.next();
    let takes_it = spec.name != COMMON_NAME && other.is_none();
    if takes_it {
        let spec = Spec {
            display_name: COMMON_DISPLAY_NAME.into(),
            ..spec.clone()
        };
        write(&common, &spec)?;
    }
    Ok(Installed {
        folder,
        common: takes_it.then_some(common),
        other,
    })
}

/// Removes the kernelspec of this name, and the one that is called `rust` if it is this kernel. Returns the folders
/// that are gone.
///
/// # Errors
/// [`Error::Install`] if it is not there or is another kernel, [`Error::File`] if it cannot be removed.
pub fn uninstall(place: &Location, name: &str) -> Result<Vec<PathBuf>> {
    check_name(name)?;
    let kernels = place.kernels()?;
    let folder = kernels.join(name);
    let path = folder.display();
    if !folder.exists() {
        return Err(Error::Install(format!("{path}: there is no such kernel")));
    }
    if !is_ours(&folder) {
        return Err(Error::Install(format!(
            "{path}: this is another kernel, so it stays"
        )));
    }
    let common = kernels.join(COMMON_NAME);
    let with_common = name != COMMON_NAME && is_ours(&common);
    let folders: Vec<PathBuf> = [folder]
        .into_iter()
        .chain(with_common.then_some(common))
        .collect();
    for folder in &folders {
        fs::remove_dir_all(folder).map_err(FileError::io(folder, "removing"))?;
    }
    Ok(folders)
}

fn check_name(name: &str) -> Result<()> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_fit) {
        let allowed = "has letters, digits, `-`, `_` and `.` only, and does not begin with a dot";
        return Err(Error::Install(format!(
            "{name:?} is no name for a kernel: it {allowed}"
        )));
    }
    Ok(())
}

/// Whether the kernelspec in this folder is of this program.
fn is_ours(folder: &Path) -> bool {
    let bytes = fs::read(folder.join("kernel.json")).unwrap_or_default();
    let spec: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    spec["metadata"].get(MARK).is_some()
}

fn write(folder: &Path, spec: &Spec) -> Result<()> {
    let mut argv = vec![json!(spec.program), json!("run")];
    if let Some(tools) = &spec.tools {
        argv.extend([json!("--tools"), json!(tools)]);
    }
    argv.push(json!("{connection_file}"));
    let kernel = json!({
        "argv": argv,
        "display_name": spec.display_name,
        "language": "rust",
        "interrupt_mode": "message",
        "kernel_protocol_version": crate::wire::PROTOCOL_VERSION,
        "metadata": {"debugger": false, MARK: {"version": env!("CARGO_PKG_VERSION")}},
    });
    let kernel = format!("{kernel:#}\n");
    fs::create_dir_all(folder).map_err(FileError::io(folder, "making the folder"))?;
    // By kernel.json it is a kernelspec, so that comes last.
    write_whole(&folder.join("logo-svg.svg"), LOGO.as_bytes())?;
    write_whole(&folder.join("kernel.json"), kernel.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: &str) -> Spec {
        Spec {
            name: name.into(),
            display_name: DISPLAY_NAME.into(),
            program: "/opt/a b/radio-kernel".into(),
            tools: Some("/opt/rust/bin".into()),
        }
    }

    fn kernel(folder: &Path) -> Value {
        serde_json::from_slice(&fs::read(folder.join("kernel.json")).unwrap()).unwrap()
    }

    #[test]
    fn a_prefix_gets_both_names_and_loses_them_again() {
        let prefix = tempfile::tempdir().unwrap();
        let place = Location::Prefix(prefix.path().into());
        let kernels = prefix.path().join("share/jupyter/kernels");
        // Once more changes nothing.
        for _ in 0..2 {
            let installed = install(&place, &spec("radio")).unwrap();
            assert_eq!(installed.folder, kernels.join("radio"));
            // Another kernel of this name on the machine keeps it.
            assert_eq!(installed.common.is_some(), installed.other.is_none());
        }
        let read = kernel(&kernels.join("radio"));
        let argv = [
            "/opt/a b/radio-kernel",
            "run",
            "--tools",
            "/opt/rust/bin",
            "{connection_file}",
        ];
        assert_eq!(
            (&read["argv"], &read["language"], &read["interrupt_mode"]),
            (&json!(argv), &json!("rust"), &json!("message"))
        );
        assert!(kernels.join("radio/logo-svg.svg").is_file());
        uninstall(&place, "radio").unwrap();
        assert_eq!(fs::read_dir(&kernels).unwrap().count(), 0);
        let error = uninstall(&place, "radio").unwrap_err().to_string();
        assert!(
            error.ends_with("kernels/radio: there is no such kernel"),
            "{error}"
        );
    }

    #[test]
    fn other_kernels_are_left_alone() {
        let prefix = tempfile::tempdir().unwrap();
        let place = Location::Prefix(prefix.path().into());
        let rust = prefix.path().join("share/jupyter/kernels/rust");
        fs::create_dir_all(&rust).unwrap();
        let evcxr = "{\"argv\": [\"evcxr_jupyter\"], \"display_name\": \"Rust\", \"metadata\": {}}";
        fs::write(rust.join("kernel.json"), evcxr).unwrap();
        let installed = install(&place, &spec("radio")).unwrap();
        assert_eq!((installed.common, installed.other.is_some()), (None, true));
        assert!(
            install(&place, &spec("rust"))
                .unwrap_err()
                .to_string()
                .contains("another kernel has this name")
        );
        assert!(
            uninstall(&place, "rust")
                .unwrap_err()
                .to_string()
                .contains("so it stays")
        );
        uninstall(&place, "radio").unwrap();
        assert_eq!(fs::read_to_string(rust.join("kernel.json")).unwrap(), evcxr);
    }

    #[test]
    fn names_that_are_none_are_refused() {
        let place = Location::Prefix("/nowhere".into());
        for name in ["", "a b", "../x", ".x", "é"] {
            let error = install(&place, &spec(name)).unwrap_err().to_string();
            assert!(error.contains("is no name for a kernel"), "{error}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let prefix = tempfile::tempdir().unwrap();
        let file = prefix.path().join("file");
        fs::write(&file, "").unwrap();
        let error = install(&Location::Prefix(file.clone()), &spec("radio"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("file/share/jupyter/kernels/radio: making the folder failed"),
            "{error}"
        );
    }
}
