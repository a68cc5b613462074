//! `radio check`: executes notebooks and compares what they give with the outputs that are stored in them, as nbval
//! does.

pub mod compare;
pub mod marks;
pub mod numbers;
pub mod sanitize;
pub mod show;
pub mod update;

use crate::report::Report;
use crate::terminal::{print, visible};
use crate::{arguments, find};
use anstyle::{AnsiColor, Style};
use compare::{Comparison, Difference};
use marks::Marks;
use radio_notebook::document::{Cell, Notebook, Output, traceback};
use radio_notebook::error::{Error, Result};
use radio_notebook::execute::engine::Engine;
use radio_notebook::execute::portability::{self, Warning};
use radio_notebook::execute::{self, Options, Summary, Watcher};
use radio_notebook::files;
use radio_notebook::interrupt;
use radio_notebook::run::outputs::Stream;
use radio_notebook::say;
use sanitize::Rules;
use serde_json::Value;
use show::Sides;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default();

/// The arguments of `radio check`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Notebooks, or folders of notebooks
    #[arg(default_value = "notebooks")]
    paths: Vec<PathBuf>,
    /// Write the outputs that differ into the notebooks
    #[arg(long)]
    update: bool,
    /// Apply the `regex:` and `replace:` lines of a file, in nbval's form, to both sides before comparing
    #[arg(long, value_name = "FILE")]
    sanitize_with: Option<PathBuf>,
    /// Compare only the cells marked `nbval-check-output`; the others have to run
    #[arg(long)]
    lax: bool,
    /// Fail where a notebook does what the evcxr kernel in Jupyter refuses, instead of warning
    #[arg(long)]
    strict: bool,
    /// The most time a cell may take
    #[arg(long, value_name = "SECONDS", value_parser = arguments::seconds)]
    timeout: Option<Duration>,
    /// What executes the cells
    #[arg(long, value_parser = arguments::engine(), default_value = "compiled")]
    engine: Engine,
    /// The most time that the whole check may take
    #[arg(long, value_name = "SECONDS", value_parser = arguments::seconds)]
    timeout_total: Option<Duration>,
    /// Show neither progress nor diffs; name only the notebooks that are not equal
    #[arg(long)]
    quiet: bool,
}

/// A notebook that is to be checked.
struct Case {
    path: PathBuf,
    /// What it is called in the report.
    name: String,
    notebook: Notebook,
    rules: Rules,
    images_by_presence: bool,
}

/// What came of one code cell.
#[derive(Debug, PartialEq)]
enum Verdict {
    Equal,
    Differs(Vec<Difference>),
    /// It ran, and its outputs are not compared.
    Ignored,
    Skipped,
    /// It failed, and was not expected to; what a person reads about it.
    Failed(String),
    NotReached,
}

/// How many cells came to what.
#[derive(Debug, Default)]
struct Counts {
    equal: usize,
    differing: usize,
    ignored: usize,
    skipped: usize,
    failed: usize,
    not_reached: usize,
}

impl Counts {
    fn of<'v>(verdicts: impl IntoIterator<Item = &'v Verdict>) -> Counts {
        let mut counts = Counts::default();
        for verdict in verdicts {
            let count = match verdict {
                Verdict::Equal => &mut counts.equal,
                Verdict::Differs(_) => &mut counts.differing,
                Verdict::Ignored => &mut counts.ignored,
                Verdict::Skipped => &mut counts.skipped,
                Verdict::Failed(_) => &mut counts.failed,
                Verdict::NotReached => &mut counts.not_reached,
            };
            *count += 1;
        }
        counts
    }

    /// Whether every cell ran that should, and none failed that should not.
    fn ran_through(&self) -> bool {
        self.failed + self.not_reached == 0
    }
}

/// Whether all is equal, or was updated.
///
/// # Errors
/// What cannot be used: the arguments, a file, a rule. All notebooks are read before the first one runs.
pub fn run(arguments: &Arguments) -> Result<bool> {
    if let Some(script) = arguments
        .paths
        .iter()
        .find(|path| files::ends_in(path, "rs"))
    {
        return Err(Error::Argument(format!(
            "{} is a script, which has no stored outputs to compare with; check a notebook (.ipynb)",
            script.display()
        )));
    }
    let paths = find::notebooks(&arguments.paths, find::Wanted::Notebooks)?;
    execute::look_for_compiler(&paths, arguments.engine);
    let rules = match &arguments.sanitize_with {
        Some(file) => Rules::read(file)?,
        None => Rules::default(),
    };
    let cases = paths
        .iter()
        .map(|path| Case::read(path, &paths, &rules))
        .collect::<Result<Vec<_>>>()?;
    // Without it, a check changes nothing.
    if arguments.update {
        files::remove_leftovers_beside(&paths);
    }
    let deadline = arguments.timeout_total.map(|time| Instant::now() + time);
    let mut unequal = Vec::new();
    let mut unusable = None;
    let _answering = interrupt::answering();
    for case in &cases {
        match case.check(arguments, deadline) {
            Ok(true) => {}
            Ok(false) => unequal.push(case.name.as_str()),
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            // The other notebooks are checked all the same; the last reason is told at the end.
            Err(error) => {
                unequal.push(&case.name);
                if let Some(error) = unusable.replace(error) {
                    say!("error: {error}");
                }
            }
        }
    }
    if cases.len() > 1 && !(arguments.quiet && unequal.is_empty()) {
        let count = cases.len();
        print(&match unequal.len() {
            0 => format!("{GOOD}all {count} notebooks are equal{GOOD:#}\n"),
            n => format!(
                "{BAD}{n} of {count} notebooks not equal:{BAD:#} {}\n",
                unequal.join(", ")
            ),
        });
    }
    match unusable {
        Some(error) => Err(error),
        None => Ok(unequal.is_empty()),
    }
}

impl Case {
    fn read(path: &Path, all: &[PathBuf], rules: &Rules) -> Result<Case> {
        let notebook = Notebook::read(path)?;
        let refuse = |message| Error::document(path, message);
        let setting = |key| {
            notebook
                .metadata()
                .and_then(|all| all.get("radio")?.get(key))
        };
        let own_rules = match setting("sanitize") {
            Some(rules) => Rules::from_metadata(rules).map_err(refuse)?,
            None => Rules::default(),
        };
        let images_by_presence = match setting("images").map(Value::as_str) {
            None | Some(Some("bytes")) => false,
            Some(Some("presence")) => true,
            Some(_) => {
                return Err(refuse(
                    "metadata.radio.images should be \"bytes\" or \"presence\"".into(),
                ));
            }
        };
        let stem = path.file_stem().unwrap_or_default();
        let is_ambiguous = all.iter().filter(|p| p.file_stem() == Some(stem)).count() > 1;
        Ok(Case {
            path: path.to_owned(),
            name: visible(&match is_ambiguous {
                true => path.to_string_lossy(),
                false => stem.to_string_lossy(),
            }),
            rules: rules.and(own_rules),
            images_by_presence,
            notebook,
        })
    }

    /// Executes a copy of the notebook and reports how it compares. Whether all is equal now.
    fn check(&self, arguments: &Arguments, deadline: Option<Instant>) -> Result<bool> {
        let options = Options {
            engine: arguments.engine,
            timeout: arguments.timeout,
            deadline,
            ..Options::default()
        };
        let mut fresh = self.notebook.clone();
        for cell in &mut fresh.cells {
            Marks::of(cell).apply(cell);
        }
        let mut progress = Progress(Report::new(&self.name, arguments.quiet));
        let executed = execute::execute(&mut fresh, &self.path, &options, &mut progress);
        progress.0.close();
        let summary = executed?.whole()?;
        let verdicts = self.verdicts(&fresh, &summary, arguments.lax);
        let counts = Counts::of(verdicts.iter().map(|(_, verdict)| verdict));
        let differs = counts.differing > 0;
        let unexecuted = differs && self.is_unexecuted();
        if !arguments.quiet {
            print(&self.report(&verdicts, unexecuted));
        }
        let updated = arguments.update && differs && counts.ran_through();
        if updated {
            self.update(&fresh, &verdicts, unexecuted)?;
        }
        let equal = counts.ran_through() && (updated || !differs);
        if !(arguments.quiet && equal) {
            print(&self.conclusion(&counts, arguments.update, unexecuted));
        }
        // What does not run cannot be asked what it would do elsewhere.
        let is_portable = !counts.ran_through() || self.is_portable(&fresh, &summary, arguments)?;
        Ok(equal && (is_portable || !arguments.strict))
    }

    /// Says what the evcxr kernel would refuse of the notebook, which was executed; returns whether there is nothing.
    fn is_portable(
        &self,
        executed: &Notebook,
        summary: &Summary,
        arguments: &Arguments,
    ) -> Result<bool> {
        // What evcxr has executed needs no further question.
        if arguments.engine == Engine::Evcxr || (arguments.quiet && !arguments.strict) {
            return Ok(true);
        }
        let warnings = portability::warnings(executed, &self.path, &summary.facts)?;
        let (style, word) = match arguments.strict {
            true => (BAD, "error"),
            false => (WARNING, "warning"),
        };
        for Warning { cell, message } in &warnings {
            let message = visible(message);
            print(&format!(
                "{style}{word}{style:#}: {} cell {cell} is not portable: {message}\n",
                self.name
            ));
        }
        Ok(warnings.is_empty())
    }

    /// The code cells that are numbered, with their places in the notebook.
    fn cells(&self) -> impl Iterator<Item = (usize, &Cell)> {
        let cells = self.notebook.cells.iter().enumerate();
        cells.filter(|(_, cell)| cell.is_numbered())
    }

    /// Whether the notebook was saved as if it had never run.
    fn is_unexecuted(&self) -> bool {
        self.cells()
            .all(|(_, cell)| cell.outputs().is_empty() && cell.execution_count().is_none())
    }

    /// A verdict for every code cell, and the cell's place in the notebook.
    fn verdicts(&self, fresh: &Notebook, summary: &Summary, lax: bool) -> Vec<(usize, Verdict)> {
        let verdicts = self.cells().zip(1..).map(|((index, stored), number)| {
            let fresh = &fresh.cells[index];
            let marks = Marks::of(stored);
            let verdict = if marks.skips {
                Verdict::Skipped
            } else if let Some((_, message)) = summary.failures.iter().find(|(n, _)| *n == number) {
                Verdict::Failed(failure(stored, fresh, message))
            } else if fresh.execution_count().is_none() {
                Verdict::NotReached
            } else if !marks.compares.unwrap_or(!lax) {
                Verdict::Ignored
            } else {
                let comparison = Comparison {
                    rules: &self.rules,
                    images_by_presence: self.images_by_presence || marks.images_by_presence,
                };
                let differences = comparison.differences(stored.outputs(), fresh.outputs());
                match differences.is_empty() {
                    true => Verdict::Equal,
                    false => Verdict::Differs(differences),
                }
            };
            (index, verdict)
        });
        verdicts.collect()
    }

    /// What differs and what failed, cell by cell.
    fn report(&self, verdicts: &[(usize, Verdict)], unexecuted: bool) -> String {
        let mut report = String::new();
        for ((index, verdict), number) in verdicts.iter().zip(1..) {
            let label = self.notebook.cells[*index].label();
            let label = label.map_or(String::new(), |label| format!(" ({})", visible(&label)));
            let cell = format!("{} cell {number}{label}", self.name);
            match verdict {
                Verdict::Differs(differences) if !unexecuted => {
                    report.push_str(&show::differences(&cell, differences, Sides::StoredAndNow));
                }
                Verdict::Failed(message) => {
                    report.push_str(&format!("{BAD}{cell} failed{BAD:#}\n{message}\n"));
                }
                _ => {}
            }
        }
        let shows_image = |difference: &Difference| {
            difference.part.starts_with("image/") && difference.fresh.is_some()
        };
        let differences = verdicts.iter().filter_map(|(_, verdict)| match verdict {
            Verdict::Differs(differences) => Some(differences),
            _ => None,
        });
        if !unexecuted && differences.flatten().any(shows_image) {
            let path = as_argument(&self.path);
            report.push_str(&format!(
                "To see the images of now: `radio run {path}` writes them into out/figures.\n"
            ));
        }
        report
    }

    /// The line, or two, that close the report of the notebook.
    fn conclusion(&self, counts: &Counts, update: bool, unexecuted: bool) -> String {
        let all = counts.equal
            + counts.differing
            + counts.ignored
            + counts.skipped
            + counts.failed
            + counts.not_reached;
        let mut said = match (counts.differing, all, counts.equal) {
            (0, _, 1) => "1 cell equal".to_owned(),
            (0, _, equal) => format!("{equal} cells equal"),
            (_, 1, _) => "1 of 1 cell differs".to_owned(),
            (differing, all, _) => format!("{differing} of {all} cells differ"),
        };
        for (count, what) in [
            (counts.failed, "failed"),
            (counts.not_reached, "not reached"),
            (counts.ignored, "ignored"),
            (counts.skipped, "skipped"),
        ] {
            if count > 0 {
                said.push_str(&format!(", {count} {what}"));
            }
        }
        let path = as_argument(&self.path);
        let asked = update && counts.differing > 0;
        let (style, written) = match (asked, counts.ran_through()) {
            (true, true) => (GOOD, format!("; {path} is updated")),
            (true, false) => (
                BAD,
                format!("; {path} is left as it is, because not all cells ran well"),
            ),
            (false, ran_through) if ran_through && counts.differing == 0 => (GOOD, String::new()),
            (false, _) => (BAD, String::new()),
        };
        let mut text = format!("{style}{}: {said}{style:#}{written}\n", self.name);
        if unexecuted && !update && counts.ran_through() {
            text.push_str(&format!(
                "{path} was saved without outputs, so there is nothing to compare with: `radio check --update \
                 {path}` or `radio run --inplace {path}` stores them\n"
            ));
        }
        text
    }

    /// Writes the outputs of the cells that differ into the notebook's file; of all cells that ran, where it was
    /// unexecuted.
    fn update(&self, fresh: &Notebook, verdicts: &[(usize, Verdict)], whole: bool) -> Result<()> {
        let text = std::fs::read_to_string(&self.path).map_err(Error::io(&self.path, "reading"))?;
        let refuse = |message: String| Error::document(&self.path, message);
        let now = Notebook::from_ipynb(text.trim_start_matches('\u{feff}'));
        if now.as_ref() != Ok(&self.notebook) {
            return Err(refuse(
                "the file changed while it was checked, so it was not updated; check it again"
                    .into(),
            ));
        }
        let is_new = |verdict: &Verdict| {
            matches!(verdict, Verdict::Differs(_)) || whole && matches!(verdict, Verdict::Equal)
        };
        let cells: Vec<_> = verdicts
            .iter()
            .filter(|(_, verdict)| is_new(verdict))
            .map(|(index, _)| (*index, &fresh.cells[*index]))
            .collect();
        let text =
            update::with_outputs(&text, &cells).map_err(|error| refuse(error.to_string()))?;
        files::write_whole(&self.path, text.as_bytes())
    }
}

/// A path as one would type it into a shell.
fn as_argument(path: &Path) -> String {
    let path = visible(&path.to_string_lossy());
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

/// What a person reads about a cell that failed.
fn failure(stored: &Cell, fresh: &Cell, message: &str) -> String {
    let is_error = |output: &&Value| {
        output
            .get("output_type")
            .is_some_and(|kind| kind == "error")
    };
    let error = fresh.outputs().iter().rfind(is_error);
    let traceback = error.map(traceback).unwrap_or_default();
    let lines = traceback.into_iter().flat_map(str::lines).map(visible);
    let mut text = lines.collect::<Vec<_>>().join("\n");
    if text.is_empty() {
        text = visible(message);
    }
    if stored.outputs().iter().any(|output| is_error(&output)) {
        text.push_str(
            "\nAn error is stored too: if it belongs there, tag the cell `raises-exception`.",
        );
    }
    text
}

/// Shows the progress of a check, and nothing of what the cells print.
struct Progress(Report);

impl Watcher for Progress {
    fn begins(&mut self, total: usize) {
        self.0.begins(total);
    }

    fn compiles(&mut self, line: &str) {
        self.0.compiles(line);
    }

    fn cell_begins(&mut self, number: usize, source: &str) {
        self.0.cell_begins(number, source);
    }

    fn writes(&mut self, _: Stream, _: &str) {}

    fn cell_ends(&mut self, number: usize, _: &[Output], took: Duration) {
        self.0.cell_ends(number, &[], took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_reached_is_not_equal() {
        let counts = Counts::of(&[Verdict::Equal, Verdict::NotReached]);
        assert!(!counts.ran_through());
        assert!(Counts::of(&[Verdict::Equal, Verdict::Ignored, Verdict::Skipped]).ran_through());
    }

    #[test]
    fn a_path_is_shown_as_one_types_it() {
        assert_eq!(as_argument(Path::new("a/b_1-λ.ipynb")), "a/b_1-λ.ipynb");
        assert_eq!(as_argument(Path::new("it's 1.ipynb")), "'it'\\''s 1.ipynb'");
    }
}
