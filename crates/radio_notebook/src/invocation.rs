//! The compiler call that cargo made for a notebook, kept to be repeated without cargo while nothing but the cells changes.
//!
//! Cargo takes a while to find out that no library has changed, and lets only one notebook of a workspace compile at a
//! time. Whether its last call still holds is seen here from the sources of the path dependencies, the compiled libraries,
//! cargo's configuration and the environment; where any of them has changed, cargo is asked again.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The variables that change what cargo has the compiler do, by the beginnings of their names.
const SETTINGS: [&str; 8] = [
    "CARGO_BUILD_",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_HOME",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_UNSTABLE_",
    "RUSTC",
    "RUSTFLAGS",
];

/// What rustc says of libraries that are missing, or not what they were: a matter for cargo, and no cell's fault.
const LIBRARY_ERRORS: [&str; 9] = [
    "E0455", "E0457", "E0459", "E0460", "E0461", "E0462", "E0463", "E0514", "E0519",
];

/// A call of the compiler, and what has to be as it was for the call to hold.
#[derive(Debug, Serialize, Deserialize)]
pub struct Invocation {
    /// What the package was made of apart from the cells.
    key: String,
    /// The compiler and its arguments.
    arguments: Vec<String>,
    /// The sources and manifests of path dependencies, and hashes of what they hold.
    inputs: Vec<(PathBuf, String)>,
    /// The compiled libraries, their lengths and when they were written.
    libraries: Vec<(PathBuf, u64, SystemTime)>,
}

impl Invocation {
    /// The call that cargo announced in `line`, if it is one for `package` and can be repeated.
    pub fn announced(line: &str, package: &str) -> Option<Vec<String>> {
        // Elsewhere cargo quotes arguments in other ways.
        let call = line.trim().strip_prefix("Running `")?.strip_suffix('`')?;
        let arguments = shlex::split(call).filter(|_| cfg!(unix))?;
        let is_for_package = value_of(&arguments, "--crate-name") == Some(package);
        is_for_package.then_some(arguments)
    }

    /// A call that has just been made.
    pub fn new(
        key: String,
        arguments: Vec<String>,
        inputs: Vec<(PathBuf, String)>,
    ) -> Option<Self> {
        let libraries = arguments
            .windows(2)
            .filter(|pair| pair[0] == "--extern")
            .filter_map(|pair| pair[1].split_once('='))
            .map(|(_, path)| stamp(Path::new(path)))
            .collect::<Option<Vec<_>>>()?;
        Some(Invocation {
            key,
            arguments,
            inputs,
            libraries,
        })
    }

    /// The call kept in `path`, if it is one for `key` and all is as it was.
    pub fn read(path: &Path, key: &str, hash: impl Fn(&Path) -> Option<String>) -> Option<Self> {
        let kept: Invocation = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let inputs_hold = || {
            let mut inputs = kept.inputs.iter();
            inputs.all(|(path, was)| hash(path).as_ref() == Some(was))
        };
        (kept.key == key && kept.libraries_hold() && inputs_hold()).then_some(kept)
    }

    /// Keeps the call in `path`.
    pub fn write(&self, path: &Path) {
        // Without it, cargo is asked.
        if let Ok(text) = serde_json::to_vec(self) {
            let _ = std::fs::write(path, text);
        }
    }

    /// Whether the compiled libraries are those of the call.
    pub fn libraries_hold(&self) -> bool {
        let mut libraries = self.libraries.iter();
        libraries.all(|was| stamp(&was.0).as_ref() == Some(was))
    }

    /// The compiler and its arguments.
    pub fn arguments(&self) -> (&str, &[String]) {
        match self.arguments.split_first() {
            Some((compiler, arguments)) => (compiler, arguments),
            None => ("rustc", &[]),
        }
    }

    /// The sources and manifests of path dependencies.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        self.inputs.iter().map(|(path, _)| path.as_path())
    }

    /// Where the compiler puts the executable.
    pub fn executable(&self) -> Option<PathBuf> {
        let folder = value_of(&self.arguments, "--out-dir")?;
        let name = value_of(&self.arguments, "--crate-name")?;
        let mut options = self.arguments.iter();
        let suffix = options.find_map(|option| option.strip_prefix("extra-filename="));
        Some(Path::new(folder).join(format!("{name}{}", suffix.unwrap_or_default())))
    }
}

/// Whether an error of this code may come from a library that cargo would have built anew.
pub fn is_library_error(code: Option<&str>) -> bool {
    code.is_some_and(|code| LIBRARY_ERRORS.contains(&code))
}

/// The settings from outside that change what cargo has the compiler do: of the environment, and of cargo's configuration
/// files for a package in `folder`.
pub fn settings(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let of_environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| SETTINGS.iter().any(|setting| name.starts_with(setting)))
        .map(|(name, value)| (name, value.into_encoded_bytes()));
    let mut settings: Vec<_> = of_environment.collect();
    settings.sort();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(dirs::home_dir()?.join(".cargo")));
    let folders = folder.ancestors().map(|above| above.join(".cargo"));
    for folder in folders.chain(home) {
        for name in ["config.toml", "config"] {
            let path = folder.join(name);
            if let Ok(text) = std::fs::read(&path) {
                settings.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    settings
}

/// The variables that cargo sets for a compiler: macros look at them.
pub fn environment(package: &str, folder: &Path) -> Vec<(&'static str, std::ffi::OsString)> {
    let mut variables: Vec<(&str, std::ffi::OsString)> = vec![
        ("CARGO_BIN_NAME", package.into()),
        ("CARGO_CRATE_NAME", package.into()),
        ("CARGO_MANIFEST_DIR", folder.into()),
        ("CARGO_MANIFEST_PATH", folder.join("Cargo.toml").into()),
        ("CARGO_PKG_NAME", package.into()),
        ("CARGO_PKG_VERSION", "0.0.0".into()),
        ("CARGO_PKG_VERSION_MAJOR", "0".into()),
        ("CARGO_PKG_VERSION_MINOR", "0".into()),
        ("CARGO_PKG_VERSION_PATCH", "0".into()),
        ("CARGO_PRIMARY_PACKAGE", "1".into()),
    ];
    let empty = [
        "CARGO_PKG_AUTHORS",
        "CARGO_PKG_DESCRIPTION",
        "CARGO_PKG_HOMEPAGE",
        "CARGO_PKG_LICENSE",
        "CARGO_PKG_LICENSE_FILE",
        "CARGO_PKG_README",
        "CARGO_PKG_REPOSITORY",
        "CARGO_PKG_RUST_VERSION",
        "CARGO_PKG_VERSION_PRE",
    ];
    variables.extend(empty.map(|name| (name, "".into())));
    variables
}

/// What follows an option among the arguments.
fn value_of<'a>(arguments: &'a [String], option: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == option)?;
    arguments.get(at + 1).map(String::as_str)
}

fn stamp(path: &Path) -> Option<(PathBuf, u64, SystemTime)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((path.to_owned(), metadata.len(), metadata.modified().ok()?))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_from_what_cargo_says() {
        let line = "     Running `/x/rustc --crate-name nb --check-cfg 'cfg(a, values('\\''b c'\\''))' -C \
                    extra-filename=-1f --out-dir '/t d/deps' --extern a=/t/liba.rlib`";
        let call = Invocation::announced(line, "nb").unwrap();
        assert_eq!(call[4], "cfg(a, values('b c'))");
        assert!(Invocation::announced(line, "other").is_none());
        assert!(Invocation::announced("   Compiling nb v0.0.0", "nb").is_none());
        assert!(Invocation::announced("     Running `rustc --crate-name nb 'x`", "nb").is_none());
        let missing = Invocation::new(String::new(), call.clone(), Vec::new());
        assert!(missing.is_none(), "a library that is not there");

        let plain = Invocation::new(String::new(), call[..9].to_vec(), Vec::new()).unwrap();
        assert_eq!(plain.executable().unwrap(), Path::new("/t d/deps/nb-1f"));
    }

    #[test]
    fn a_call_holds_while_all_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("liba.rlib");
        let (kept, input) = (folder.path().join("kept"), folder.path().join("lib.rs"));
        std::fs::write(&library, "old").unwrap();
        let arguments = ["rustc", "--extern", &format!("a={}", library.display())];
        let arguments = arguments.map(str::to_owned).to_vec();
        let call = Invocation::new("k".into(), arguments, vec![(input.clone(), "h".into())]);
        call.unwrap().write(&kept);
        let hash = |path: &Path| (path == input).then(|| "h".to_owned());
        assert!(Invocation::read(&kept, "k", hash).is_some());
        assert!(Invocation::read(&kept, "other", hash).is_none());
        assert!(Invocation::read(&kept, "k", |_| None).is_none());
        std::fs::write(&library, "newer").unwrap();
        assert!(Invocation::read(&kept, "k", hash).is_none());
        std::fs::write(&kept, "{").unwrap();
        assert!(Invocation::read(&kept, "k", hash).is_none());
    }
}
