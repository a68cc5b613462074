//! `radio run`: executes notebooks and writes their executed copies and figures.

mod audience;

use crate::arguments;
use crate::figures;
use crate::find::{self, Wanted};
use crate::report::Report;
use crate::terminal::{if_any, visible};
pub(crate) use audience::{Audience, Both};
use clap::Args;
use radio_notebook::document::{CellKind, Notebook};
use radio_notebook::error::{Error, Result};
use radio_notebook::execute::batch::{self, Reporter as _};
use radio_notebook::execute::engine::Engine;
use radio_notebook::execute::parameters;
use radio_notebook::execute::{Live, Options, Summary, Watcher};
use radio_notebook::near::nearest;
use radio_notebook::say;
use radio_notebook::{execute, files, interrupt};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The arguments of `radio run`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Notebooks, scripts, or folders of them
    #[arg(default_value = "notebooks")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) given: arguments::CommonArgs,
    /// Write the outputs into the notebooks themselves; figures still go to the output folder
    #[arg(long)]
    pub(crate) inplace: bool,
    /// The most time that the whole run may take
    #[arg(long, value_name = "SECONDS", value_parser = arguments::seconds)]
    pub(crate) timeout_total: Option<Duration>,
    /// Stop after this cell: its number, its id, or its label
    #[arg(long, value_name = "CELL")]
    pub(crate) until: Option<String>,
    /// Go on after cells that fail
    #[arg(long)]
    pub(crate) allow_errors: bool,
    /// Say how long each cell took
    #[arg(long)]
    pub(crate) timings: bool,
    /// Show neither progress nor what the cells print
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// One notebook that runs again and again: who hears of it besides the terminal, and what its last run has left.
pub(crate) struct Watched<'w> {
    pub audience: &'w mut dyn Audience,
    pub live: &'w mut Live,
}

/// Runs notebooks; returns whether all went well.
pub(crate) fn run(arguments: &Arguments, watched: Option<Watched<'_>>) -> Result<bool> {
    // A script has no place for outputs.
    let wanted = match arguments.inplace {
        true => Wanted::Notebooks,
        false => Wanted::Scripts,
    };
    let paths = find::notebooks(&arguments.paths, wanted)?;
    execute::look_for_compiler(&paths, arguments.given.engine);
    let names = output_names(&paths)?;
    files::remove_leftovers_beside(&paths);
    let values = arguments.given.values();
    let mut notebooks = paths
        .iter()
        .map(|path| Notebook::read(path))
        .collect::<Result<Vec<_>>>()?;
    // What is written back must be what was read.
    let originals = arguments.inplace.then(|| notebooks.clone());
    if arguments.inplace {
        if let Some(script) = paths.iter().find(|path| files::ends_in(path, "rs")) {
            return Err(Error::Argument(format!(
                "--inplace: {} is a script, which has no place for outputs",
                script.display()
            )));
        }
        if !values.is_empty() {
            return Err(Error::Argument(
                "--inplace and --parameter together would write the values into the \
                notebook; leave one out"
                    .into(),
            ));
        }
    }
    inject_parameters(&mut notebooks, &paths, &values)?;
    let options = Options {
        engine: arguments.given.engine,
        timeout: arguments.given.timeout,
        deadline: arguments.timeout_total.map(|time| Instant::now() + time),
        until: arguments.until.clone(),
        allow_errors: arguments.allow_errors,
        record_timing: !arguments.inplace,
        fence: None,
    };
    for (notebook, path) in notebooks.iter_mut().zip(&paths) {
        for repair in &notebook.repairs {
            say!("{}: repaired: {repair}", path.display());
        }
        if !arguments.inplace {
            // The copy shows this run alone; in the notebook itself, cells that do not run keep what they have.
            notebook.clear_outputs();
        }
    }
    if !arguments.inplace {
        for (path, name) in paths.iter().zip(&names) {
            refuse_to_overwrite(path, &copy_of(&arguments.given.output, name))?;
        }
    }
    let mut conclusions = Conclusions {
        arguments,
        paths: &paths,
        names: &names,
        report: None,
        failed: Vec::new(),
        unusable: Vec::new(),
        originals,
    };
    if let Some(Watched { audience, live }) = watched {
        for (index, mut notebook) in notebooks.into_iter().enumerate() {
            audience.opens(&notebook);
            let begun = Instant::now();
            let mut both = Both(conclusions.watcher(index), audience);
            let path = &paths[index];
            let summary = execute::execute_again(live, &mut notebook, path, &options, &mut both);
            let executed = summary.map(|summary| batch::Executed {
                notebook,
                summary,
                took: begun.elapsed(),
            });
            if let Ok(executed) = &executed
                && !interrupt::superseded()
            {
                audience.closes(&executed.notebook, &executed.summary, executed.took);
            }
            conclusions.over(index, executed)?;
        }
        return Ok(conclusions.failed.is_empty());
    }
    // Times are taken from notebooks that have the machine to themselves.
    // With evcxr, each would compile the libraries for itself.
    let is_alone = arguments.timings || options.engine == Engine::Evcxr;
    let at_once = match is_alone {
        true => 1,
        false => std::thread::available_parallelism().map_or(1, usize::from),
    };
    batch::execute_all(notebooks, &paths, &options, at_once, &mut conclusions)?;
    let failed = &conclusions.failed;
    if paths.len() > 1 && !failed.is_empty() {
        say!(
            "error: {} of {} notebooks failed: {}",
            failed.len(),
            paths.len(),
            failed.join(", ")
        );
    }
    if !conclusions.unusable.is_empty() {
        return Err(Error::Argument(format!(
            "{} of {} notebooks could not be run or written: {}",
            conclusions.unusable.len(),
            paths.len(),
            conclusions.unusable.join(", ")
        )));
    }
    Ok(failed.is_empty())
}

/// Reports on one notebook after the other, and writes what each of them gave.
struct Conclusions<'r> {
    arguments: &'r Arguments,
    paths: &'r [PathBuf],
    names: &'r [String],
    report: Option<Report>,
    /// The notebooks in which something failed.
    failed: Vec<&'r str>,
    /// Those of several that could not be run or written, which was said.
    unusable: Vec<&'r str>,
    /// With `--inplace`, the notebooks as they were read.
    originals: Option<Vec<Notebook>>,
}

impl batch::Reporter for Conclusions<'_> {
    fn watcher(&mut self, index: usize) -> &mut dyn Watcher {
        let new = || Report::new(&self.names[index], self.arguments.quiet);
        self.report.get_or_insert_with(new)
    }

    fn over(&mut self, index: usize, executed: Result<batch::Executed>) -> Result<bool> {
        if let Some(report) = self.report.take() {
            report.close();
        }
        match self.conclude(index, executed) {
            // The others can still be run.
            Err(error) if self.paths.len() > 1 && !matches!(error, Error::Interrupted) => {
                say!("error: {error}");
                self.unusable.push(&self.names[index]);
                Ok(true)
            }
            Err(error) => Err(error),
            Ok(()) => Ok(true),
        }
    }
}

impl Conclusions<'_> {
    /// Writes what a notebook gave, and reports.
    fn conclude(&mut self, index: usize, executed: Result<batch::Executed>) -> Result<()> {
        let mut executed = executed?;
        let cut_short = executed.summary.cut_short.take();
        let summary = &executed.summary;
        // What a newer run takes the place of is not worth keeping.
        if summary.interrupted && (summary.executed == 0 || interrupt::superseded()) {
            return Err(Error::Interrupted);
        }
        let (path, name) = (&self.paths[index], &self.names[index]);
        let Arguments {
            given,
            inplace,
            until,
            ..
        } = self.arguments;
        let is_whole = !summary.interrupted
            && summary.failures.is_empty()
            && cut_short.is_none()
            && until.is_none();
        // Somebody may have saved it while it ran.
        let original = self.originals.as_ref().map(|all| &all[index]);
        let has_changed =
            original.is_some_and(|original| Notebook::read(path).ok().as_ref() != Some(original));
        let mut target = match *inplace && !has_changed {
            true => path.clone(),
            false => copy_of(&given.output, name),
        };
        if has_changed && is_same(path, &target) {
            target = copy_of(&given.output, &format!("{name}.executed"));
        }
        let written = write(
            &mut executed.notebook,
            path,
            name,
            &given.output,
            &target,
            is_whole,
        )?;
        conclude(summary, path, name, &written, executed.took, self.arguments);
        if has_changed {
            return Err(Error::document(
                path,
                format!(
                    "the file changed while it ran, so it is left as it is; what this run gave is in {}",
                    written.0.display()
                ),
            ));
        }
        if let Some(error) = cut_short {
            return Err(error);
        }
        if !summary.failures.is_empty() || summary.interrupted {
            self.failed.push(name);
        }
        Ok(())
    }
}

/// The name of each notebook's outputs: its file's name without the ending.
fn output_names(paths: &[PathBuf]) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for path in paths {
        let name = files::stem(path);
        if names.contains(&name) {
            return Err(Error::Argument(format!(
                "{}: two notebooks called {name} would overwrite each other's outputs; run them one by one",
                path.display()
            )));
        }
        names.push(name);
    }
    Ok(names)
}

/// Puts the values into the notebooks.
///
/// # Errors
/// [`Error::Argument`] if none of them has a parameter of such a name, or a value does not fit.
pub(crate) fn inject_parameters(
    notebooks: &mut [Notebook],
    paths: &[PathBuf],
    values: &[(String, String)],
) -> Result<()> {
    let known: BTreeSet<String> = notebooks.iter().flat_map(parameters::names).collect();
    let mut everywhere_unknown: Vec<String> = values.iter().map(|(name, _)| name.clone()).collect();
    for (notebook, path) in notebooks.iter_mut().zip(paths) {
        let folder = path.parent().unwrap_or(Path::new("."));
        let unknown = parameters::inject(notebook, values, folder)?;
        everywhere_unknown.retain(|name| unknown.contains(name));
    }
    let Some(name) = everywhere_unknown.first() else {
        return Ok(());
    };
    let hint = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there are no parameters".to_owned(),
        None => format!("there are {}", listed(&known)),
    };
    Err(Error::Argument(format!(
        "-p {name}: no notebook here has a parameter `{name}` in a cell tagged `parameters`; {hint}"
    )))
}

fn listed(names: &BTreeSet<String>) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Where the executed copy of a notebook goes.
pub(crate) fn copy_of(output: &Path, name: &str) -> PathBuf {
    output.join(format!("{name}.ipynb"))
}

/// Where the figures of a notebook go.
pub(crate) fn figures_of(output: &Path, name: &str) -> PathBuf {
    let safe = files::safe_name(name);
    let folder = match safe == name {
        true => safe,
        // Another name may become the same one.
        false => format!("{safe}-{:08x}", crc32fast::hash(name.as_bytes())),
    };
    output.join("figures").join(folder)
}

/// Refuses an output folder in which the executed copy, `target`, would take the place of the notebook itself.
pub(crate) fn refuse_to_overwrite(path: &Path, target: &Path) -> Result<()> {
    if is_same(path, target) {
        return Err(Error::Argument(format!(
            "{} would be overwritten by its executed copy: choose another --output, or say `radio run --inplace`",
            path.display()
        )));
    }
    Ok(())
}

/// Whether both are one file that is there.
fn is_same(a: &Path, b: &Path) -> bool {
    std::fs::canonicalize(a).is_ok_and(|a| std::fs::canonicalize(b).is_ok_and(|b| a == b))
}

/// Writes the executed notebook to `target`, which is `path` if its outputs go into the notebook itself, and its
/// figures; returns `target` and the number of figures.
pub(crate) fn write(
    notebook: &mut Notebook,
    path: &Path,
    name: &str,
    output: &Path,
    target: &Path,
    is_whole: bool,
) -> Result<(PathBuf, usize)> {
    let figure_folder = figures_of(output, name);
    if target != path {
        refuse_to_overwrite(path, target)?;
        notebook.upgrade();
        for cell in notebook
            .cells
            .iter_mut()
            .filter(|cell| cell.kind == CellKind::Code && cell.has_tag("remove-input"))
        {
            cell.set_metadata("jupyter", serde_json::json!({"source_hidden": true}));
        }
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    files::make_folder(output)?;
    // Two runs into one folder take turns: the figures in it belong to the notebook in it.
    let turn = files::take_turn(output);
    if turn.is_some() {
        files::remove_leftovers(folder);
        files::remove_leftovers(&figure_folder);
    }
    // All is written beside its place first: where something cannot be written, all that was there before is still
    // there.
    let mut files = figures::stage(notebook, &figure_folder)?;
    let count = files.len();
    // What a whole run did not draw is out of date; what a part of one did not reach may not be.
    let obsolete = match is_whole {
        true => figures::others(&figure_folder, &files),
        false => Vec::new(),
    };
    files.push(files::Staged::write(target, notebook.to_ipynb().as_bytes())?.on_disk()?);
    files::put_all_in_place(files, &obsolete)?;
    Ok((target.to_owned(), count))
}

fn conclude(
    summary: &Summary,
    path: &Path,
    name: &str,
    (target, figures): &(PathBuf, usize),
    took: Duration,
    arguments: &Arguments,
) {
    if arguments.timings {
        say!("{name}: compiling {:.3} s", summary.compiling.as_secs_f64());
        for (number, took) in &summary.timings {
            say!("{name} [{number}] {:.3} s", took.as_secs_f64());
        }
    }
    for (number, failure) in &summary.failures {
        say!(
            "error: {} cell {number}: {}",
            path.display(),
            visible(failure)
        );
    }
    if !arguments.quiet {
        for file in &summary.startup_files {
            say!("{name}: started with {}", file.display());
        }
        let figures = if_any(*figures, "figure file");
        let stayed = match summary.stayed {
            0 => String::new(),
            n => format!(" ({n} stayed)"),
        };
        say!(
            "{name}: {} cells{stayed} in {:.2} s -> {}{figures}",
            summary.executed,
            took.as_secs_f64(),
            target.display()
        );
    }
    if summary.interrupted {
        say!("interrupted; what ran is kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn a_run_that_was_cut_short_keeps_the_figures_that_it_did_not_reach() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("out");
        let old = figures_of(&output, "a").join("2.svg");
        let arguments = ["run", "a.rs", "--quiet", "--output"].map(std::ffi::OsStr::new);
        let arguments = arguments.into_iter().chain([output.as_os_str()]);
        let arguments = Command::parse_from(arguments).arguments;
        for (is_cut_short, is_kept) in [(true, true), (false, false)] {
            files::write_whole(&old, b"<svg/>").unwrap();
            let mut conclusions = Conclusions {
                arguments: &arguments,
                paths: &[folder.path().join("a.rs")],
                names: &["a".to_owned()],
                report: None,
                failed: Vec::new(),
                unusable: Vec::new(),
                originals: None,
            };
            let cut_short = is_cut_short.then(|| Error::Argument("the disk is full".into()));
            let executed = batch::Executed {
                notebook: radio_notebook::percent::read("// %%\n1\n").unwrap(),
                summary: Summary {
                    executed: 1,
                    cut_short,
                    ..Summary::default()
                },
                took: Duration::ZERO,
            };
            let concluded = conclusions.conclude(0, Ok(executed));
            assert_eq!(concluded.is_err(), is_cut_short);
            assert!(copy_of(&output, "a").is_file());
            assert_eq!(old.exists(), is_kept);
        }
    }
}
