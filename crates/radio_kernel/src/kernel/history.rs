//! The cells of this session and of earlier ones: a file a session, which is written whole after each cell.
//!
//! Two kernels at the same time have two files, so none of them loses what the other writes.

use crate::error::Result;
use crate::wire::Access;
use radio_notebook::Error as FileError;
use radio_notebook::files::Staged;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How many earlier sessions are kept.
const MAX_SESSIONS: usize = 100;
/// How many cells of a session are kept, the last ones.
const MAX_CELLS: usize = 1000;
/// How many bytes of a session's cells are kept.
const MAX_BYTES: usize = 1 << 20;

/// A cell that was executed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    number: u32,
    source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<String>,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.source.len() + self.output.as_ref().map_or(0, String::len)
    }
}

/// The cells of this session and of earlier ones.
pub(super) struct History {
    /// Where the files are; without it, earlier sessions are forgotten.
    folder: Option<PathBuf>,
    /// Earlier sessions by their numbers, once somebody has asked for them.
    earlier: Option<Vec<(u64, Vec<Entry>)>>,
    /// The number of this session, once it has a file.
    session: Option<u64>,
    cells: VecDeque<Entry>,
    bytes: usize,
}

impl History {
    pub(super) fn new(folder: Option<PathBuf>) -> History {
        History {
            folder,
            earlier: None,
            session: None,
            cells: VecDeque::new(),
            bytes: 0,
        }
    }

    /// Adds a cell of this session, in memory: [`save`](Self::save) writes it.
    pub(super) fn add(&mut self, number: u32, source: &str, output: Option<String>) {
        let entry = Entry {
            number,
            source: source.to_owned(),
            output,
        };
        self.bytes += entry.bytes();
        self.cells.push_back(entry);
        while self.cells.len() > MAX_CELLS || (self.bytes > MAX_BYTES && self.cells.len() > 1) {
            let gone = self.cells.pop_front();
            self.bytes -= gone.map_or(0, |entry| entry.bytes());
        }
    }

    /// Writes the cells of this session. If that cannot be done, it is noted once, and they are kept in memory.
    pub(super) fn save(&mut self) {
        if let Err(error) = self.write() {
            note!("the history of this session is not kept: {error}");
            self.earlier();
            self.folder = None;
        }
    }

    fn write(&mut self) -> Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let session = match self.session {
            Some(session) => session,
            None => {
                let session = begin(folder)?;
                // Those before it are read before any of them goes.
                self.earlier();
                *self.session.insert(session)
            }
        };
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let path = folder.join(file_name(session));
        let bytes = serde_json::to_vec(&self.cells)
            .map_err(|e| FileError::io(&path, "writing")(e.into()))?;
        // Not worth waiting for the disk.
        Staged::write(&path, &bytes)?.put_in_place()?;
        Ok(())
    }

    fn session(&mut self) -> u64 {
        match self.session {
            Some(session) => session,
            None => self.earlier().last().map_or(1, |(session, _)| session + 1),
        }
    }

    /// The earlier sessions, oldest first.
    fn earlier(&mut self) -> &[(u64, Vec<Entry>)] {
        let (folder, own) = (self.folder.as_deref(), self.session);
        self.earlier.get_or_insert_with(|| {
            let sessions = folder.map(sessions).unwrap_or_default();
            let others = sessions.into_iter().filter(|session| Some(*session) != own);
            others
                .filter_map(|session| Some((session, read(&folder?.join(file_name(session)))?)))
                .collect()
        })
    }

    /// The cells that are wanted, oldest first.
    pub(super) fn find(&mut self, access: &Access, with_output: bool) -> Vec<(u64, u32, Value)> {
        let own = self.session();
        self.earlier();
        let earlier = self.earlier.iter().flatten();
        let earlier =
            earlier.flat_map(|(session, cells)| cells.iter().map(|cell| (*session, cell)));
        let all = earlier.chain(self.cells.iter().map(|cell| (own, cell)));
        let (mut found, most): (Vec<_>, _) = match access {
            Access::Tail { n } => (all.collect(), *n),
            Access::Range {
                session,
                start,
                stop,
            } => {
                let wanted = match session {
                    ..=0 => own.checked_add_signed(*session),
                    _ => u64::try_from(*session).ok(),
                };
                let is_in = |number: u32| {
                    number >= start.unwrap_or(0) && stop.is_none_or(|stop| number < stop)
                };
                let cells =
                    all.filter(|(session, cell)| Some(*session) == wanted && is_in(cell.number));
                (cells.collect(), None)
            }
            Access::Search { pattern, unique, n } => {
                let pattern: Vec<char> = pattern.as_deref().unwrap_or("*").chars().collect();
                let mut cells: Vec<_> = all
                    .filter(|(_, cell)| matches(&pattern, &cell.source))
                    .collect();
                if *unique {
                    let mut seen = BTreeSet::new();
                    cells.reverse();
                    cells.retain(|(_, cell)| seen.insert(&cell.source));
                    cells.reverse();
                }
                (cells, *n)
            }
        };
        if let Some(most) = most {
            found.drain(..found.len().saturating_sub(most));
        }
        let shown = |cell: &Entry| match with_output {
            true => json!([cell.source, cell.output]),
            false => json!(cell.source),
        };
        found
            .into_iter()
            .map(|(session, cell)| (session, cell.number, shown(cell)))
            .collect()
    }
}

fn file_name(session: u64) -> String {
    format!("{session:06}.json")
}

/// The numbers of the sessions that have files, ascending.
fn sessions(folder: &Path) -> Vec<u64> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let number = |entry: fs::DirEntry| {
        entry
            .file_name()
            .to_str()?
            .strip_suffix(".json")?
            .parse()
            .ok()
    };
    let mut sessions: Vec<u64> = entries.filter_map(number).collect();
    sessions.sort_unstable();
    sessions
}

/// Makes the file of a new session, whose number is then its own, and removes those that are too old.
fn begin(folder: &Path) -> Result<u64> {
    fs::create_dir_all(folder).map_err(FileError::io(folder, "making the folder"))?;
    let old = sessions(folder);
    for session in old.iter().rev().skip(MAX_SESSIONS - 1) {
        // Another kernel may have removed it.
        let _ = fs::remove_file(folder.join(file_name(*session)));
    }
    let mut session = old.last().map_or(1, |last| last + 1);
    loop {
        let path = folder.join(file_name(session));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(_) => return Ok(session),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => session += 1,
            Err(error) => return Err(FileError::io(path, "writing")(error).into()),
        }
    }
}

/// The cells of one session; `None` if its file is gone, empty or damaged.
fn read(path: &Path) -> Option<Vec<Entry>> {
    let bytes = fs::read(path).ok().filter(|bytes| !bytes.is_empty())?;
    let read = serde_json::from_slice(&bytes);
    read.map_err(|error| {
        note!(
            "{}: the history of this session cannot be read: {error}",
            path.display()
        )
    })
    .ok()
}

/// Whether a text is of this form, in which `*` stands for any text and `?` for one character.
fn matches(pattern: &[char], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` was, and how much text it stands for so far.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p).is_some_and(|c| *c == '?' || *c == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((at, end)) = star {
            star = Some((at, end + 1));
            p = at + 1;
            t = end + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tail(n: usize) -> Access {
        Access::Tail { n: Some(n) }
    }

    fn search(pattern: &str, unique: bool, n: Option<usize>) -> Access {
        Access::Search {
            pattern: Some(pattern.into()),
            unique,
            n,
        }
    }

    fn add(history: &mut History, number: u32, source: &str, output: Option<String>) {
        history.add(number, source, output);
        history.save();
    }

    fn sources(found: &[(u64, u32, Value)]) -> Vec<&str> {
        found
            .iter()
            .filter_map(|(_, _, source)| source.as_str())
            .collect()
    }

    #[test]
    fn cells_are_found_again_in_the_next_session() {
        let folder = tempfile::tempdir().unwrap();
        let folder = || Some(folder.path().join("history"));
        let mut first = History::new(folder());
        add(&mut first, 1, "let a = 1;", None);
        add(&mut first, 2, "a", Some("1".into()));
        let mut second = History::new(folder());
        add(&mut second, 1, "let b = 2;", None);
        add(&mut second, 2, "a", None);
        let all = [
            (1, 1, json!("let a = 1;")),
            (1, 2, json!("a")),
            (2, 1, json!("let b = 2;")),
            (2, 2, json!("a")),
        ];
        assert_eq!(second.find(&tail(9), false), all);
        assert_eq!(second.find(&tail(2), false), all[2..]);
        assert_eq!(
            second.find(&search("let*", false, None), false),
            [all[0].clone(), all[2].clone()]
        );
        assert_eq!(second.find(&search("a", true, None), false), all[3..]);
        assert_eq!(second.find(&search("*", false, Some(1)), false), all[3..]);
        let range = |session, start, stop| Access::Range {
            session,
            start,
            stop,
        };
        assert_eq!(second.find(&range(0, Some(1), Some(2)), false), all[2..3]);
        assert_eq!(second.find(&range(-1, None, None), false), all[..2]);
        assert_eq!(
            second.find(&range(1, Some(2), None), true),
            [(1, 2, json!(["a", "1"]))]
        );
        assert_eq!(second.find(&range(-7, None, None), false), []);
        // The first one goes on beside it.
        add(&mut first, 3, "let c = 3;", None);
        assert_eq!(History::new(folder()).find(&tail(9), false).len(), 5);
    }

    #[test]
    fn it_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..MAX_SESSIONS + 5 {
            add(
                &mut History::new(Some(folder.path().to_owned())),
                1,
                &number.to_string(),
                None,
            );
        }
        assert_eq!(sessions(folder.path()).len(), MAX_SESSIONS);
        let mut long = History::new(Some(folder.path().to_owned()));
        let source = "x".repeat(MAX_BYTES / 4);
        for number in 1..=9 {
            add(&mut long, number, &source, None);
        }
        let numbers = |found: Vec<(u64, u32, Value)>| {
            found.into_iter().map(|cell| cell.1).collect::<Vec<_>>()
        };
        let own = Access::Range {
            session: 0,
            start: None,
            stop: None,
        };
        assert_eq!(numbers(long.find(&own, false)), [6, 7, 8, 9]);
        let length = fs::metadata(folder.path().join(file_name(long.session())))
            .unwrap()
            .len();
        assert!(length < 2 * MAX_BYTES as u64);
    }

    #[test]
    fn damaged_files_and_foreign_ones_do_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("000003.json"), "[{\"number\":").unwrap();
        fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        let mut history = History::new(Some(folder.path().to_owned()));
        add(&mut history, 1, "a", None);
        assert_eq!(history.find(&tail(5), false), [(4, 1, json!("a"))]);
        assert_eq!(
            fs::read_to_string(folder.path().join("notes.txt")).unwrap(),
            "mine"
        );
    }

    #[test]
    fn without_a_folder_that_can_be_written_it_stays_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for place in [None, Some(file.join("history"))] {
            let mut history = History::new(place);
            add(&mut history, 1, "a", None);
            add(&mut history, 2, "b", None);
            assert_eq!(sources(&history.find(&tail(1), false)), ["b"]);
            assert_eq!(sources(&history.find(&tail(5), false)), ["a", "b"]);
        }
    }

    /// The meaning of a pattern, written down.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|n| slow(rest, &text[n..])),
            Some((c, rest)) => text
                .split_first()
                .is_some_and(|(t, after)| (*c == '?' || c == t) && slow(rest, after)),
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_they_say(pattern in "[ab*?]{0,6}", text in "[abé]{0,8}") {
            let pattern: Vec<char> = pattern.chars().collect();
            let characters: Vec<char> = text.chars().collect();
            prop_assert_eq!(matches(&pattern, &text), slow(&pattern, &characters));
        }
    }
}
