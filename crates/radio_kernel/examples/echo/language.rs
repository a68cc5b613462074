//! A language of a dozen words, one command a line, which shows what a language has to bring.

use radio_kernel::language::{
    Assistant, Cell, Comm, Completions, Info, Language, Match, NoInput, Outcome, Outputs,
};
use radio_kernel::wire::{Bundle, IsCompleteReply, LanguageInfo, StreamName};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// The commands.
const WORDS: [&str; 16] = [
    "clear", "display", "eprint", "fail", "flood", "input", "later", "let", "named", "panic",
    "password", "print", "sleep", "update", "value", "write",
];

/// The language.
#[derive(Default)]
pub struct Echo(Arc<State>);

/// What the thread that executes shares with those that ask.
#[derive(Default)]
pub struct State {
    names: Mutex<BTreeSet<String>>,
    ahead: Mutex<usize>,
    running: Mutex<Running>,
    changed: Condvar,
}

#[derive(Default)]
struct Running {
    is_running: bool,
    is_interrupted: bool,
    is_stopped: bool,
}

fn plain(text: &str) -> Bundle {
    Bundle::from_iter([("text/plain".to_owned(), json!(text))])
}

fn error(ename: &str, evalue: &str) -> Outcome {
    Outcome::Error {
        ename: ename.into(),
        evalue: evalue.into(),
        traceback: vec![format!("{ename}: {evalue}")],
    }
}

impl State {
    /// Sleeps; returns false if it was interrupted.
    fn sleep(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut running = self.running.lock().unwrap();
        while !running.is_interrupted && !running.is_stopped {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            running = self.changed.wait_timeout(running, left).unwrap().0;
        }
        false
    }

    fn run(&self, line: &str, outputs: &Arc<dyn Outputs>) -> Result<(), Outcome> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let number = || rest.parse::<u64>().map_err(|_| error("NotANumber", rest));
        match word {
            "" => {}
            "print" => outputs.stream(StreamName::Stdout, &format!("{rest}\n")),
            "write" => outputs.stream(StreamName::Stdout, rest),
            "eprint" => outputs.stream(StreamName::Stderr, &format!("{rest}\n")),
            "value" => outputs.result(plain(rest), Bundle::new()),
            "display" => outputs.display(
                Bundle::from_iter([("text/html".to_owned(), json!(rest))]),
                Bundle::new(),
                None,
            ),
            "named" | "update" => {
                let (name, text) = rest
                    .split_once(' ')
                    .ok_or_else(|| error("Incomplete", rest))?;
                match word {
                    "named" => outputs.display(plain(text), Bundle::new(), Some(name.to_owned())),
                    _ => outputs.update(plain(text), Bundle::new(), name.to_owned()),
                }
            }
            "clear" => outputs.clear(rest == "wait"),
            "let" => drop(self.names.lock().unwrap().insert(rest.to_owned())),
            "sleep" => {
                if !self.sleep(Duration::from_millis(number()?)) {
                    return Err(error("Interrupted", "the cell was interrupted"));
                }
            }
            "flood" => {
                (0..number()?).for_each(|n| outputs.stream(StreamName::Stdout, &format!("{n}\n")))
            }
            "later" => {
                let outputs = Arc::clone(outputs);
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(100));
                    outputs.stream(StreamName::Stdout, "later\n");
                });
            }
            "input" | "password" => match outputs.input(rest, word == "password") {
                Ok(answer) => outputs.stream(StreamName::Stdout, &format!("<{answer}>\n")),
                Err(NoInput::Interrupted) => {
                    return Err(error("Interrupted", "the cell was interrupted"));
                }
                Err(none @ NoInput::NotPossible) => {
                    return Err(error("NoInput", &none.to_string()));
                }
            },
            "fail" => return Err(error("Failure", rest)),
            "panic" => panic!("{rest}"),
            "ahead" => outputs.result(
                plain(&self.ahead.lock().unwrap().to_string()),
                Bundle::new(),
            ),
            _ => return Err(error("UnknownWord", word)),
        }
        Ok(())
    }
}

impl Language for Echo {
    fn execute(&mut self, cell: &Cell<'_>, outputs: &Arc<dyn Outputs>) -> Outcome {
        {
            let mut running = self.0.running.lock().unwrap();
            if running.is_stopped {
                return error("Stopped", "the kernel ends");
            }
            running.is_running = true;
            running.is_interrupted = false;
        }
        let ran = cell
            .source
            .lines()
            .try_for_each(|line| self.0.run(line, outputs));
        self.0.running.lock().unwrap().is_running = false;
        ran.err().unwrap_or(Outcome::Ok)
    }

    fn assistant(&self) -> Arc<dyn Assistant> {
        Arc::clone(&self.0) as Arc<dyn Assistant>
    }
}

/// The word that ends at the cursor: where it begins in code points, and the word.
fn word_before(source: &str, cursor: usize) -> (usize, String) {
    let before: Vec<char> = source.chars().take(cursor).collect();
    let start = before
        .iter()
        .rposition(|c| c.is_whitespace())
        .map_or(0, |at| at + 1);
    (start, before[start..].iter().collect())
}

impl Assistant for State {
    fn info(&self) -> Info {
        Info {
            implementation: "echo".into(),
            implementation_version: "1".into(),
            language: LanguageInfo {
                name: "echo".into(),
                version: "1".into(),
                mimetype: "text/plain".into(),
                file_extension: ".echo".into(),
                pygments_lexer: "text".into(),
                codemirror_mode: "null".into(),
            },
            banner: "A language of a dozen words".into(),
            help_links: Vec::new(),
        }
    }

    fn interrupt(&self) {
        let mut running = self.running.lock().unwrap();
        running.is_interrupted = running.is_running;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.running.lock().unwrap().is_stopped = true;
        self.changed.notify_all();
    }

    fn is_complete(&self, source: &str) -> IsCompleteReply {
        if source.ends_with('\\') {
            return IsCompleteReply::Incomplete {
                indent: "  ".into(),
            };
        }
        match source
            .lines()
            .all(|line| WORDS.contains(&line.split(' ').next().unwrap_or("")))
        {
            true => IsCompleteReply::Complete,
            false => IsCompleteReply::Invalid,
        }
    }

    fn complete(&self, source: &str, cursor: usize) -> Completions {
        let (start, word) = word_before(source, cursor);
        let names = self.names.lock().unwrap();
        let words = WORDS.iter().map(|word| (*word, "keyword"));
        let names = names.iter().map(|name| (name.as_str(), "variable"));
        let fitting = words
            .chain(names)
            .filter(|(text, _)| text.starts_with(&word));
        let matches = fitting.map(|(text, kind)| Match {
            text: text.into(),
            kind: kind.into(),
        });
        Completions {
            matches: matches.collect(),
            start,
            end: cursor,
        }
    }

    fn inspect(&self, source: &str, cursor: usize, detailed: bool) -> Option<Bundle> {
        let (_, word) = word_before(source, cursor);
        let is_known = self.names.lock().unwrap().contains(&word);
        is_known.then(|| plain(&format!("{word}{}", if detailed { ", a name" } else { "" })))
    }

    fn ahead(&self, sources: &[String]) {
        let mut ahead = self.ahead.lock().unwrap();
        *ahead = sources.len().max(*ahead);
    }

    fn comm_opened(&self, comm: &Arc<dyn Comm>, target: &str, data: &Map<String, Value>) -> bool {
        if target == "echo" {
            comm.send(data.clone(), &[]);
        }
        target == "echo"
    }

    fn comm_said(&self, comm: &Arc<dyn Comm>, data: &Map<String, Value>, buffers: &[Vec<u8>]) {
        comm.send(data.clone(), buffers);
        if data.contains_key("enough") {
            comm.close();
        }
    }
}
