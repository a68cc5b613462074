//! A page as a PDF, printed by the Chromium that is on the machine.

use radio_document::error::{Error, Result};
use radio_document::interrupt::{self, Group};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How Chromium and its relatives are called.
const NAMES: [&str; 6] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
];
/// Where macOS keeps them.
const APPLICATIONS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
/// How long printing a page may take.
const MAX_TIME: Duration = Duration::from_secs(120);

/// The browser that prints: the one that `CHROME` names, or one that is found.
///
/// # Errors
/// [`Error::Tool`] where there is none.
pub fn browser() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("CHROME").filter(|named| !named.is_empty()) {
        return find(Path::new(&named)).ok_or_else(|| {
            Error::tool(
                "CHROME",
                format!(
                    "there is no program {}; let the variable name a Chromium or Chrome",
                    named.display()
                ),
            )
        });
    }
    let names = NAMES.iter().chain(&APPLICATIONS);
    names.map(Path::new).find_map(find).ok_or_else(|| Error::tool("chromium", "a PDF is printed by Chromium or \
        Chrome, and none is found here; install one (Debian, Ubuntu: apt install chromium), name one by \
                  the variable CHROME, or export --to html and print the page from a browser"))
}

/// The program of this name or path, if it is there.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.is_file().then(|| program.to_owned());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// The page, printed.
///
/// # Errors
/// [`Error::Tool`] if the browser does not do it, [`Error::Interrupted`] at Ctrl-C.
pub fn print(browser: &Path, page: &str) -> Result<Vec<u8>> {
    let refuse = |message: String| Error::tool(browser.display().to_string(), message);
    // Below the home folder where there is one: a Chromium in a sandbox of its own, a snap say, does not see /tmp.
    let place = dirs::cache_dir().map(|folder| folder.join("radio"));
    let place = place
        .filter(|folder| std::fs::create_dir_all(folder).is_ok())
        .unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::Builder::new()
        .prefix("print-")
        .tempdir_in(&place)
        .map_err(Error::io(&place, "writing"))?;
    let (from, to) = (
        folder.path().join("page.html"),
        folder.path().join("page.pdf"),
    );
    std::fs::write(&from, page).map_err(Error::io(&from, "writing"))?;
    let log = std::fs::File::create(folder.path().join("log"))
        .map_err(Error::io(folder.path(), "writing"))?;
    let mut command = Command::new(browser);
    command
        .args([
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-extensions",
        ])
        .args(["--no-pdf-header-footer", "--generate-pdf-document-outline"])
        .arg(joined("--user-data-dir=", &folder.path().join("profile")))
        .arg(joined("--print-to-pdf=", &to))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    if is_root(&from) {
        // Chromium refuses to start its own sandbox as root, in a container say. The page has no scripts but ours.
        command.arg("--no-sandbox");
    }
    command.arg(&from);
    let _answering = interrupt::answering();
    let mut group = Group::spawn_watched(&mut command)
        .map_err(|error| refuse(format!("it cannot be started: {error}")))?;
    let ended = group
        .wait(Some(Instant::now() + MAX_TIME))
        .map_err(|error| refuse(error.to_string()))?;
    let Some(status) = ended else {
        if interrupt::requested() {
            return Err(Error::Interrupted);
        }
        return Err(Error::TimedOut(format!(
            "{}: printing took longer than {} s, and was ended; export --to html, and print the page from a browser",
            browser.display(),
            MAX_TIME.as_secs()
        )));
    };
    // What it started ends before its folder is removed.
    drop(group);
    match std::fs::read(&to) {
        Ok(pdf) if pdf.starts_with(b"%PDF-") => Ok(pdf),
        _ => {
            let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            let last = log
                .lines()
                .rev()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("it said nothing");
            Err(refuse(format!(
                "it printed nothing ({status}): {}",
                last.trim()
            )))
        }
    }
}

fn joined(option: &str, path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from(option);
    argument.push(path);
    argument
}

/// Whether this is root, who owns the file that was just made.
fn is_root(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(file).is_ok_and(|file| file.uid() == 0)
}
