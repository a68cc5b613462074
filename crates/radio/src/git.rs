//! `radio git`: a repository's settings for notebooks: what git stores of them, and how it shows their differences.

use radio_notebook::error::{Error, Result};
use radio_notebook::files;
use radio_notebook::say;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The arguments of `radio git`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Have this repository store notebooks without their outputs, and `git diff` show cells: a line in its
    /// .gitattributes, and settings in this clone's configuration
    Install {
        /// Store the outputs, but not the metadata that come of running and looking at notebooks
        #[arg(long)]
        metadata: bool,
    },
    /// Take back what `install` has done
    Uninstall,
}

/// What the line in `.gitattributes` says.
const ATTRIBUTES: &str = "*.ipynb filter=radio diff=radio";

/// Sets up the repository that the current folder lies in, or takes that back.
///
/// # Errors
/// [`Error::Tool`] if git is not there, or says no; [`Error::Io`] for its files.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let root = PathBuf::from(git(&["rev-parse", "--show-toplevel"])?);
    let attributes = root.join(".gitattributes");
    match arguments.command {
        Action::Install { metadata } => install(&attributes, metadata),
        Action::Uninstall => uninstall(&attributes),
    }?;
    Ok(true)
}

fn install(attributes: &Path, metadata: bool) -> Result<()> {
    let what = match metadata {
        true => "--metadata",
        false => "--outputs",
    };
    // git compares what is stored with the file as it lies there: what it does not store is not to be shown.
    let shown = if metadata { "" } else { " --sources" };
    let radio = program();
    for (name, value) in [
        ("filter.radio.clean", format!("{radio} clean {what} -")),
        // Without it git would store what it could not clean.
        ("filter.radio.required", "true".to_owned()),
        ("filter.radio.smudge", "cat".to_owned()),
        ("diff.radio.textconv", format!("{radio} diff{shown}")),
    ] {
        git(&["config", "--local", name, &value])?;
    }
    let text = read(attributes)?;
    if !text.lines().any(|line| line.trim() == ATTRIBUTES) {
        let line_end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        files::write_whole(
            attributes,
            format!("{text}{line_end}{ATTRIBUTES}\n").as_bytes(),
        )?;
    }
    say!(
        "git stores notebooks without {} now, and `git diff` shows their cells; commit {}",
        if metadata {
            "the metadata of running them"
        } else {
            "their outputs"
        },
        attributes.display()
    );
    say!(
        "`git add --renormalize .` does so with those that are stored already; others who clone run `radio git \
         install` once"
    );
    Ok(())
}

fn uninstall(attributes: &Path) -> Result<()> {
    for section in ["filter.radio", "diff.radio"] {
        // What is not there need not go.
        let _ = git(&["config", "--local", "--remove-section", section]);
    }
    let text = read(attributes)?;
    let kept: String = text
        .split_inclusive('\n')
        .filter(|line| line.trim() != ATTRIBUTES)
        .collect();
    if kept.is_empty() && !text.is_empty() {
        std::fs::remove_file(attributes).map_err(Error::io(attributes, "removing"))?;
    } else if kept != text {
        files::write_whole(attributes, kept.as_bytes())?;
    }
    say!("git stores notebooks as they are now");
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Error::io(path, "reading")(error)),
    }
}

/// How git's shell calls this program: by its name where that is the one on the path, and else by where it lies.
fn program() -> String {
    let own = std::env::current_exe().and_then(std::fs::canonicalize).ok();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let first = std::env::split_paths(&path)
        .map(|folder| folder.join("radio"))
        .find(|file| file.is_file());
    let is_first = first.and_then(|file| std::fs::canonicalize(file).ok()) == own;
    match own {
        Some(own) if !is_first => shlex::try_quote(&own.to_string_lossy())
            .map_or("radio".into(), |quoted| quoted.into_owned()),
        _ => "radio".to_owned(),
    }
}

/// What git says.
fn git(arguments: &[&str]) -> Result<String> {
    let failed = |message: String| Error::tool("git", message);
    let output = Command::new("git")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(format!("it could not be started: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(said.trim().trim_start_matches("fatal: ").to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end_matches('\n')
        .to_owned())
}
