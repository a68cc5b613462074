//! `radio export`: notebooks for readers, as pages, slides, Markdown, PDF or a book.
//!
//! Files go where nbconvert puts them, beside the notebook, and are written whole or not at all. `html` and `slides`
//! are files that need nothing else; `markdown` and `book` have their figures as files.

use crate::arguments;
use crate::find::{self, Wanted};
use crate::report::execute_unseen;
use crate::terminal::{if_any, visible};
use radio_notebook::document::Notebook;
use radio_notebook::error::{Error, Result};
use radio_notebook::execute::Options;
use radio_notebook::files::{self, Staged};
use radio_notebook::interrupt;
use radio_notebook::nbgrader::regions::without_hidden_tests;
use radio_notebook::say;
use radio_pages::export::pictures::{others, stage_all};
use radio_pages::export::site::{Site, Source};
use radio_pages::export::{book, html, markdown, pdf, slides};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a notebook becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// One page, with all that it needs in it
    Html,
    /// Slides, by the `slideshow` metadata that RISE and nbconvert know, or else one a heading
    Slides,
    /// Markdown, and its figures in a folder
    Markdown,
    /// The page, printed by the Chromium that is on the machine
    Pdf,
    /// An mdBook of all the notebooks
    Book,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Format::Html => "html",
            Format::Slides => "slides.html",
            Format::Markdown => "md",
            Format::Pdf => "pdf",
            Format::Book => "",
        }
    }
}

/// The arguments of `radio export`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Notebooks, or folders of them
    #[arg(required = true, value_name = "NOTEBOOK")]
    paths: Vec<PathBuf>,
    /// What they become
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "html")]
    to: Format,
    /// The folder to write to, or for one notebook the file; beside the notebook if left out, and out/book for a book
    #[arg(long, value_name = "DIR/FILE")]
    output: Option<PathBuf>,
    /// Execute the notebooks first, and export what they give; the notebooks stay as they are
    #[arg(long)]
    execute: bool,
    /// The most time a cell may take
    #[arg(long, value_name = "SECONDS", value_parser = arguments::seconds, requires = "execute")]
    timeout: Option<Duration>,
    /// Leave the code out, and show what it gave
    #[arg(long)]
    no_code: bool,
}

impl Arguments {
    /// Where a book goes.
    fn book_folder(&self) -> &Path {
        self.output.as_deref().unwrap_or(Path::new("out/book"))
    }
}

/// Exports, and says what was written. False if a cell failed under `--execute`; then nothing is written.
///
/// # Errors
/// Trouble with files or arguments, as for `radio run`, or with the program that prints.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let wanted = match arguments.execute {
        true => Wanted::Scripts,
        false => Wanted::Notebooks,
    };
    let paths = match arguments.to {
        Format::Book => find::notebooks(&with_folders_below(&arguments.paths), wanted)?,
        _ => find::notebooks(&arguments.paths, wanted)?,
    };
    let names = names(&paths, arguments.to);
    let targets = targets(arguments, &paths, &names)?;
    let mut sources = Vec::new();
    for ((path, target), name) in paths.iter().zip(targets).zip(names) {
        let notebook = Notebook::read(path)?;
        for repair in &notebook.repairs {
            say!("{}: repaired: {repair}", path.display());
        }
        sources.push(Source {
            path: path.clone(),
            name,
            notebook,
            target,
        });
    }
    let browser = match arguments.to {
        // Said before anything runs.
        Format::Pdf => Some(pdf::browser()?),
        _ => None,
    };
    if arguments.execute && !execute_all(&mut sources, arguments.timeout)? {
        return Ok(false);
    }
    sources.iter_mut().for_each(leave_out_hidden_tests);
    let site = Site::of(&sources);
    let with_code = !arguments.no_code;
    if arguments.to == Format::Book {
        let folder = arguments.book_folder();
        return book::write(&sources, &site, with_code, folder).map(|()| true);
    }
    for source in &sources {
        let target = &source.target;
        let mut obsolete = Vec::new();
        let mut staged = match arguments.to {
            Format::Markdown => {
                let markdown = markdown::write(source, with_code);
                let folder = target.with_file_name(&markdown.picture_folder);
                obsolete = others(&folder, &source.name, &markdown.pictures);
                let mut staged = stage_all(&folder, &markdown.pictures)?;
                staged.push(Staged::write(target, markdown.text.as_bytes())?);
                staged
            }
            Format::Slides => {
                let slides = slides::write(source, &site, with_code);
                vec![Staged::write(target, slides.as_bytes())?]
            }
            Format::Pdf => {
                let page = html::write(source, &site, with_code);
                let browser = browser.as_deref().unwrap_or(Path::new("chromium"));
                vec![Staged::write(target, &pdf::print(browser, &page)?)?]
            }
            Format::Html | Format::Book => {
                let page = html::write(source, &site, with_code);
                vec![Staged::write(target, page.as_bytes())?]
            }
        };
        let last = staged.pop().map(Staged::on_disk).transpose()?;
        let pictures = staged.len();
        staged.extend(last);
        files::put_all_in_place(staged, &obsolete)?;
        say!(
            "{} -> {}{}",
            source.path.display(),
            target.display(),
            if_any(pictures, "figure file")
        );
    }
    Ok(true)
}

/// Readers of an exercise see what those who answer it see.
fn leave_out_hidden_tests(source: &mut Source) {
    for cell in &mut source.notebook.cells {
        if let Ok(Some(shown)) = without_hidden_tests(&cell.source) {
            cell.source = shown;
        }
    }
}

/// The folders that were named, and of each those below it that have notebooks: a course's exercises belong into its
/// book.
fn with_folders_below(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        found.push(path.clone());
        let below = std::fs::read_dir(path).into_iter().flatten().flatten();
        let mut below: Vec<PathBuf> = below
            .map(|entry| entry.path())
            .filter(|folder| {
                let name = folder.file_name().unwrap_or_default().as_encoded_bytes();
                let mut files = std::fs::read_dir(folder).into_iter().flatten().flatten();
                !name.starts_with(b".") && files.any(|file| files::ends_in(&file.path(), "ipynb"))
            })
            .collect();
        below.sort();
        found.extend(below);
    }
    found
}

/// What each notebook's files are called. In a book, where all lie in one folder, the second of a name has its folder's
/// before it.
fn names(paths: &[PathBuf], format: Format) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for path in paths {
        let stem = files::stem(path);
        let mut name = files::safe_name(&stem);
        let folder = path.parent().and_then(Path::file_name);
        if let (Format::Book, true, Some(folder)) = (format, names.contains(&name), folder) {
            name = files::safe_name(&format!("{}-{stem}", folder.to_string_lossy()));
        }
        names.push(name);
    }
    names
}

/// The file that each notebook becomes.
fn targets(arguments: &Arguments, paths: &[PathBuf], names: &[String]) -> Result<Vec<PathBuf>> {
    let format = arguments.to;
    let names = names.iter();
    let targets: Vec<PathBuf> = match &arguments.output {
        _ if format == Format::Book => {
            let folder = arguments.book_folder();
            // Pages of a book are found in the site by these names.
            names
                .map(|name| folder.join("src").join(format!("{name}.html")))
                .collect()
        }
        Some(output) if is_file_name(output, format) => {
            if paths.len() > 1 {
                return Err(Error::Argument(format!(
                    "--output {}: {} notebooks do not go into one file; name a folder",
                    output.display(),
                    paths.len()
                )));
            }
            vec![output.clone()]
        }
        Some(folder) => names
            .map(|name| folder.join(format!("{name}.{}", format.ending())))
            .collect(),
        None => paths
            .iter()
            .zip(names)
            .map(|(path, name)| path.with_file_name(format!("{name}.{}", format.ending())))
            .collect(),
    };
    for (at, target) in targets.iter().enumerate() {
        if let Some(other) = targets[..at].iter().position(|other| other == target) {
            return Err(Error::Argument(format!(
                "{} and {} would both become {}; export them one by one",
                paths[other].display(),
                paths[at].display(),
                target.display()
            )));
        }
    }
    files::remove_leftovers_beside(&targets);
    Ok(targets)
}

/// Whether `--output` names a file, by its ending.
fn is_file_name(output: &Path, format: Format) -> bool {
    let endings: &[&str] = match format {
        Format::Html | Format::Slides => &["html", "htm"],
        Format::Markdown => &["md", "markdown"],
        Format::Pdf => &["pdf"],
        Format::Book => &[],
    };
    let ending = output.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| endings.contains(&ending)) && !output.is_dir()
}

/// Executes the notebooks one after the other; returns whether no cell failed.
fn execute_all(sources: &mut [Source], timeout: Option<Duration>) -> Result<bool> {
    let _answering = interrupt::answering();
    let options = Options {
        timeout,
        ..Options::default()
    };
    for source in sources {
        source.notebook.clear_outputs();
        let summary = execute_unseen(&mut source.notebook, &source.path, &options)?;
        if let Some((number, failure)) = summary.failures.first() {
            say!(
                "error: {} cell {number}: {}",
                source.path.display(),
                visible(failure)
            );
            say!("nothing is exported");
            return Ok(false);
        }
    }
    Ok(true)
}
