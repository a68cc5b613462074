//! `radio grade`: runs hand-ins with the tests of the solved notebook, and writes a table and a page of feedback for
//! each.
//!
//! | file | |
//! |---|---|
//! | `hand_ins` | finds the hand-ins, and whose each is |
//! | `assemble`, `align` | a hand-in with the cells that are not the student's put back |
//! | `policy` | what a cell of a hand-in may not do |
//! | `one` | one hand-in: put together, run, counted |
//! | `alike` | which hand-ins are alike |
//! | `table`, `feedback` | what is written |

mod align;
mod alike;
mod assemble;
mod feedback;
mod hand_ins;
mod one;
mod policy;
mod table;

use crate::arguments;
use crate::assign::source::Source;
use alike::{Alike, alike};
use clap::Args;
use hand_ins::HandIn;
use one::{Course, Sheet};
use radio_notebook::error::{Error, Result};
use radio_notebook::files::{self, Staged};
use radio_notebook::interrupt;
use radio_notebook::run::fence::{Limits, Strength};
use radio_notebook::{lock, say};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use table::Row;

/// How many processes a hand-in may have at a time; its host and the states that are kept are four of them.
const MAX_PROCESSES: usize = 64;
/// How much text a cell may write, in bytes: as much as is kept of it.
const MAX_TEXT: u64 = 8 << 20;
/// How much a hand-in may write to files, in bytes.
const MAX_DISK: u64 = 1 << 30;

/// The arguments of `radio grade`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The solved notebook, as `radio assign` takes it
    source: PathBuf,
    /// The notebooks that were handed in, or folders of them
    #[arg(required = true)]
    hand_ins: Vec<PathBuf>,
    /// Where grades.csv, grades.json and feedback/ go
    #[arg(long, value_name = "DIR", default_value = "grades")]
    output: PathBuf,
    /// Processor seconds that a cell may take, and four times as many by the clock; raised to four times what the
    /// slowest cell of the solved notebook takes
    #[arg(long, value_name = "SECONDS", value_parser = arguments::seconds, default_value = "5")]
    timeout: Duration,
    /// The most memory a hand-in may take: 500M, 2G
    #[arg(long, value_name = "SIZE", value_parser = bytes, default_value = "2G")]
    memory: u64,
    /// How many hand-ins are run at a time; as many as there are cores if left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
}

/// A size with its unit, in bytes.
fn bytes(text: &str) -> std::result::Result<u64, String> {
    let unit = |units: [char; 2]| text.strip_suffix(units);
    let (number, shift) = match (unit(['G', 'g']), unit(['M', 'm'])) {
        (Some(number), _) => (number, 30),
        (_, Some(number)) => (number, 20),
        _ => return Err("should be a number of megabytes or gigabytes: 500M, 2G".to_owned()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "not a number, and M or G".to_owned())?;
    // The stack of the cells takes half a gigabyte of what is counted.
    number
        .checked_shl(shift)
        .filter(|bytes| *bytes >= 1 << 30 && bytes >> shift == number)
        .ok_or_else(|| "should be 1G at least".to_owned())
}

/// Grades, and says whether all hand-ins could be graded.
///
/// # Errors
/// [`Error::Argument`] and [`Error::Document`] for what cannot be used, and a source that does not get all of its own
/// points.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let source = Source::read(&arguments.source)?;
    let output = std::path::absolute(&arguments.output);
    let output = output.map_err(Error::io(&arguments.output, "finding"))?;
    let own = std::fs::canonicalize(&source.path).map_err(Error::io(&source.path, "finding"))?;
    let hand_ins = hand_ins::find(&arguments.hand_ins, &[own.clone(), output.clone()])?;
    let strength = Strength::of_this_system()?;
    for gap in strength.gaps() {
        say!(
            "warning: hand-ins are not fenced in on this system: they can {gap}; grade what you trust, or in a \
             container"
        );
    }
    let limits = Limits {
        time: arguments.timeout,
        memory: arguments.memory,
        text: MAX_TEXT,
        disk: MAX_DISK,
        processes: MAX_PROCESSES,
    };
    let mut others: Vec<PathBuf> = hand_ins.iter().map(|of| files::real(&of.path)).collect();
    others.extend(arguments.hand_ins.iter().map(|path| files::real(path)));
    others.push(output.clone());
    // What holds the source holds its data.
    others.retain(|path| !own.starts_with(path));
    let _answering = interrupt::answering();
    let mut course = Course::new(source, &others, limits, strength)?;
    check_source(&mut course)?;
    let graded = grade_all(&hand_ins, &course, arguments.jobs)?;
    let (answers, handed_out) = answers(&hand_ins, &graded, &course.source);
    let alike = alike(&answers, &handed_out);
    let rows = rows(&hand_ins, &graded, &alike);
    write(&course.source, &rows, &alike, &output)?;
    Ok(conclude(&rows, &alike, &arguments.output))
}

/// The source gets all points where hand-ins run; or else it would be them who lose what it lacks.
fn check_source(course: &mut Course) -> Result<()> {
    say!("running the solved notebook first, as hand-ins are run");
    let ran = std::thread::scope(|scope| scope.spawn(|| course.run_source()).join());
    let (marks, more) = ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    if let Some(time) = more {
        say!(
            "a cell of a hand-in may take {:.1} s of processor time: four times as much as the slowest of the \
             solved notebook does here",
            time.as_secs_f64()
        );
    }
    match marks.iter().find(|mark| !mark.is_full()) {
        None => Ok(()),
        Some(mark) => Err(Error::document(
            &course.source.path,
            format!(
                "the solved notebook itself does not get all points, where hand-ins run: {}",
                course.source.lost(mark)
            ),
        )),
    }
}

type Graded = std::result::Result<Sheet, String>;

/// Grades all hand-ins, several at a time, and tells of each as it is done.
fn grade_all(hand_ins: &[HandIn], course: &Course, jobs: Option<u16>) -> Result<Vec<Graded>> {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = jobs.map_or_else(cores, usize::from).min(hand_ins.len());
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let at = next.fetch_add(1, SeqCst);
            let Some(hand_in) = hand_ins.get(at).filter(|_| !interrupt::requested()) else {
                return Ok(());
            };
            let graded = course.grade(hand_in)?;
            let told = match &graded {
                Ok(sheet) => {
                    let (has, most) = crate::assign::score::sum(&sheet.marks);
                    let remarks = sheet.remarks.join("; ");
                    let remarks = if remarks.is_empty() {
                        remarks
                    } else {
                        format!(" ({remarks})")
                    };
                    format!("{has} of {most} points{remarks}")
                }
                Err(why) => format!("not graded: {why}"),
            };
            say!(
                "{}",
                crate::terminal::visible(&format!("{}: {told}", hand_in.student))
            );
            lock(&done).insert(at, graded);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })?;
    if interrupt::requested() {
        return Err(Error::Interrupted);
    }
    let done = std::mem::take(&mut *lock(&done));
    Ok(done.into_values().collect())
}

/// The answers by whose they are, and what everybody got.
fn answers(
    hand_ins: &[HandIn],
    graded: &[Graded],
    source: &Source,
) -> (BTreeMap<String, Vec<String>>, Vec<String>) {
    let all = hand_ins.iter().zip(graded).filter_map(|(hand_in, graded)| {
        let sheet = graded.as_ref().ok()?;
        Some((
            hand_in.student.clone(),
            sheet.answers.values().cloned().collect(),
        ))
    });
    let handed_out = source.released().cells.into_iter().map(|cell| cell.source);
    (all.collect(), handed_out.collect())
}

fn rows<'r>(hand_ins: &'r [HandIn], graded: &'r [Graded], alike: &'r [Alike]) -> Vec<Row<'r>> {
    let rows = hand_ins.iter().zip(graded).map(|(hand_in, graded)| {
        let student = hand_in.student.as_str();
        let safe = files::safe_name(student);
        let safe = match safe == student {
            true => safe,
            // Another name may become the same one.
            false => format!("{safe}-{:08x}", crc32fast::hash(student.as_bytes())),
        };
        Row {
            student,
            file: hand_in.path.display().to_string(),
            feedback: graded.is_ok().then(|| format!("feedback/{safe}.html")),
            graded: graded.as_ref().map_err(String::as_str),
            alike: alike
                .iter()
                .filter(|of| of.students.iter().any(|of| of == student))
                .collect(),
        }
    });
    rows.collect()
}

/// Writes the table and the pages, all or nothing; pages of those who are not graded any more go.
fn write(source: &Source, rows: &[Row<'_>], alike: &[Alike], output: &Path) -> Result<()> {
    files::make_folder(output)?;
    let _turn = files::take_turn(output);
    let folder = output.join("feedback");
    files::remove_leftovers(output);
    files::remove_leftovers(&folder);
    let mut staged = Vec::new();
    for row in rows {
        if let (Some(name), Some(page)) = (&row.feedback, feedback::feedback(source, row)) {
            staged.push(Staged::write(&output.join(name), page.as_bytes())?);
        }
    }
    let pages = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let pages = pages.map(|page| page.path());
    let obsolete = pages.filter(|page| {
        files::ends_in(page, "html") && !staged.iter().any(|staged| staged.path() == page)
    });
    let obsolete: Vec<PathBuf> = obsolete.collect();
    let tables = [
        ("grades.json", table::json(source, rows, alike)),
        ("grades.csv", table::csv(source, rows)),
    ];
    for (name, text) in tables {
        staged.push(Staged::write(&output.join(name), text.as_bytes())?.on_disk()?);
    }
    files::put_all_in_place(staged, &obsolete)
}

/// Says what came of it, and returns whether all could be graded.
fn conclude(rows: &[Row<'_>], alike: &[Alike], output: &Path) -> bool {
    for of in alike {
        say!(
            "alike, {:.0} % and more: {}",
            of.share * 100.0,
            of.students.join(", ")
        );
    }
    let graded = rows.iter().filter(|row| row.graded.is_ok()).count();
    say!(
        "{graded} of {} hand-ins graded -> {}",
        rows.len(),
        output.join("grades.csv").display()
    );
    graded == rows.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("2G"), Ok(2 << 30));
        assert_eq!(bytes("1500M"), Ok(1500 << 20));
        for wrong in ["", "2", "G", "10M", "-1G", "99999999999999G", "€"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
