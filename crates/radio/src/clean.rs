//! `radio clean`: removes what was compiled for notebooks, or what running them has left in them.

use crate::find::{self, Wanted};
use radio_notebook::build::cache;
use radio_notebook::error::{Error, Result};
use radio_notebook::files;
use radio_notebook::say;
use radio_notebook::strip::{Key, Strip, stripped};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The arguments of `radio clean`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// With --outputs or --metadata: notebooks, folders of them, or `-` to clean standard input to standard output.
    /// Without them: a folder; what was compiled for the notebooks of its workspace is removed, or, if it lies in none,
    /// what was compiled for all notebooks outside of workspaces
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Take the outputs and execution counts out of notebooks, and the metadata that --metadata takes. Cells with the
    /// tag `keep_output`, or with `keep_output` or `init_cell` in their metadata, keep their outputs
    #[arg(long, conflicts_with = "metadata")]
    outputs: bool,
    /// Remove the metadata that running a notebook and looking at it leave, and normalise the kernel's description of
    /// Rust
    #[arg(long)]
    metadata: bool,
    #[command(flatten)]
    options: Options,
}

/// What nbstripout can be told, too.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "With --outputs or --metadata")]
struct Options {
    /// Keep the execution counts
    #[arg(long, requires = "outputs")]
    keep_count: bool,
    /// Keep outputs up to this size, in characters
    #[arg(long, value_name = "SIZE", requires = "outputs", default_value_t = 0)]
    max_size: usize,
    /// Take out these metadata as well: metadata.NAME of the notebook, cell.metadata.NAME of its cells
    #[arg(long, value_name = "KEY", num_args = 1.., value_delimiter = ' ')]
    extra_keys: Vec<Key>,
    /// Take out cells with one of these tags
    #[arg(long, value_name = "TAG", num_args = 1.., value_delimiter = ' ')]
    drop_tagged_cells: Vec<String>,
    /// Take out cells without text
    #[arg(long)]
    strip_empty_cells: bool,
    /// Change nothing; exit with 1 if a notebook has something to take out
    #[arg(long)]
    verify: bool,
}

/// Cleans; returns `false` only if `--verify` found something to clean.
///
/// # Errors
/// [`Error::Io`] and [`Error::Document`] for what cannot be read, written, removed or understood.
pub fn run(arguments: &Arguments) -> Result<bool> {
    if !arguments.outputs && !arguments.metadata {
        return remove_compiled(arguments);
    }
    let options = &arguments.options;
    let strip = Strip {
        outputs: arguments.outputs,
        keep_count: options.keep_count,
        max_size: options.max_size,
        extra_keys: options.extra_keys.clone(),
        drop_tagged: options.drop_tagged_cells.clone(),
        drop_empty: options.strip_empty_cells,
    };
    if let [path] = &arguments.paths[..]
        && path.as_os_str() == "-"
    {
        return filter(&strip, options.verify);
    }
    if arguments.paths.is_empty() {
        return Err(Error::Argument(
            "name the notebooks, or folders of them, or `-` for standard input".into(),
        ));
    }
    let mut is_clean = true;
    let paths = find::notebooks(&arguments.paths, Wanted::Notebooks)?;
    for path in &paths {
        let text = files::read_text(path)?;
        let new = stripped(&text, &strip).map_err(|message| Error::document(path, message))?;
        if new == text {
            continue;
        }
        if options.verify {
            is_clean = false;
            say!("{}: there is something to take out", path.display());
        } else {
            files::write_whole(path, new.as_bytes())?;
            say!(
                "{}: cleaned, {} kB less",
                path.display(),
                text.len().saturating_sub(new.len()) / 1000
            );
        }
    }
    Ok(is_clean)
}

/// From standard input to standard output, as git's filters are asked.
fn filter(strip: &Strip, verify: bool) -> Result<bool> {
    let name = Path::new("-");
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(Error::io(name, "reading"))?;
    let text = files::text_of(bytes, name)?;
    // git asks for files that are empty, too.
    let new = match text.trim().is_empty() {
        true => text.clone(),
        false => stripped(&text, strip).map_err(|message| Error::document(name, message))?,
    };
    if verify {
        return Ok(new == text);
    }
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(new.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(Error::io(name, "writing"))?;
    Ok(true)
}

fn remove_compiled(arguments: &Arguments) -> Result<bool> {
    let options = &arguments.options;
    if !options.extra_keys.is_empty()
        || !options.drop_tagged_cells.is_empty()
        || options.strip_empty_cells
        || options.verify
    {
        return Err(Error::Argument(
            "this is for notebooks: say --outputs or --metadata as well".into(),
        ));
    }
    match &arguments.paths[..] {
        [] => cache::clean(Path::new(".")),
        [path] if files::ends_in(path, "ipynb") => Err(Error::Argument(format!(
            "{}: say what to take out of the notebook: --outputs or --metadata",
            path.display()
        ))),
        [folder] => cache::clean(folder),
        _ => Err(Error::Argument(
            "give one folder, or say --outputs or --metadata for notebooks".into(),
        )),
    }
}
