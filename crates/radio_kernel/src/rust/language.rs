//! Rust as a language of the kernel: cells are executed by the engine of `radio`.

use super::commands::{SessionCommand, doc, explain, take_commands};
use super::complete::complete;
use super::inspect::inspect;
use super::is_complete::is_complete;
use super::libraries::Libraries;
use super::names::{Item, ItemKind, Names, Variable};
use crate::kernel::lock;
use crate::language::{Assistant, Cell, Completions, Info, Language, Outcome, Outputs};
use crate::wire::{Bundle, HelpLink, IsCompleteReply, LanguageInfo, StreamName};
use radio_notebook::cells::Scope;
use radio_notebook::dialect::items;
use radio_notebook::document::{Output, is_json};
use radio_notebook::interactive::{Audience, Executed, Interactive, Upcoming};
use radio_notebook::interrupt;
use radio_notebook::run::displays::{self, Instruction};
use radio_notebook::run::outputs::{Request, Stream};
use radio_notebook::run::session::{Listener, Waker};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The first number of cells that take none of their own: they are not counted.
const UNCOUNTED: u32 = 1_000_000_000;
/// By this name a cell's line about what is being built is replaced by the next one.
const PROGRESS: &str = "radio-progress";

/// How long a cell may be, in bytes: a longer one is data, and takes minutes to compile.
const MAX_CELL: usize = 10 << 20;

/// Rust.
pub struct Rust {
    session: Interactive,
    shared: Arc<Shared>,
    /// The last number that a cell took.
    last: u32,
    uncounted: u32,
    folder: PathBuf,
    /// Where what is left running writes to.
    outputs: Option<Arc<dyn Outputs>>,
}

/// What can be asked while a cell runs.
struct Shared {
    names: Mutex<Arc<Names>>,
    libraries: Libraries,
    running: Mutex<Running>,
    upcoming: Upcoming,
    waker: Mutex<Option<Waker>>,
}

#[derive(Default)]
struct Running {
    is_running: bool,
    is_stopped: bool,
}

impl Rust {
    /// Rust for a notebook in `folder`.
    pub fn new(folder: &Path) -> Rust {
        let session = Interactive::start(folder);
        let shared = Shared {
            names: Mutex::default(),
            libraries: Libraries::default(),
            running: Mutex::default(),
            upcoming: session.upcoming(),
            waker: Mutex::default(),
        };
        Rust {
            session,
            shared: Arc::new(shared),
            last: 0,
            uncounted: UNCOUNTED,
            folder: folder.to_owned(),
            outputs: None,
        }
    }

    /// Does what a cell's head asks of the session. The error is a sentence for the user.
    fn obey(&mut self, command: SessionCommand, outputs: &dyn Outputs) -> Result<(), String> {
        let shown = match command {
            SessionCommand::Clear => {
                self.session.clear();
                return Ok(());
            }
            SessionCommand::Restart => {
                self.session.restart();
                return Ok(());
            }
            SessionCommand::Explain(code) => {
                let code = code.or_else(|| self.session.error_code().map(str::to_owned));
                let code = code
                    .ok_or("no cell has had an error with a code; `:explain E0308` explains one")?;
                explain(&code, &self.folder)?
            }
            SessionCommand::Doc(name) => {
                let names = self.shared.names();
                doc(&name, &names, &|| self.shared.libraries.of(&names.crates))?
            }
        };
        outputs.display(shown, Bundle::new(), None);
        Ok(())
    }

    /// A number that no other cell has.
    fn number_of(&mut self, cell: &Cell<'_>) -> u32 {
        if cell.number > self.last {
            self.last = cell.number;
            return cell.number;
        }
        self.uncounted += 1;
        self.uncounted
    }
}

impl Language for Rust {
    fn execute(&mut self, cell: &Cell<'_>, outputs: &Arc<dyn Outputs>) -> Outcome {
        if cell.source.len() > MAX_CELL {
            let length = cell.source.len() >> 20;
            return error(
                "TooLong",
                &format!(
                    "this cell has {length} MB, and {} are the most: keep data in a file",
                    MAX_CELL >> 20
                ),
            );
        }
        {
            let mut running = lock(&self.shared.running);
            if running.is_stopped {
                return error("Stopped", "the kernel ends");
            }
            running.is_running = true;
            interrupt::supersede(false);
        }
        let number = self.number_of(cell);
        let mut audience = Shown {
            outputs,
            is_building: false,
        };
        let (commands, source) = take_commands(cell.source);
        let mut commands = commands.into_iter();
        let refused = commands.find_map(|command| {
            let obeyed = command.and_then(|command| self.obey(command, &**outputs));
            obeyed.err()
        });
        let executed = match &refused {
            None => self.session.execute(number, &source, &mut audience),
            Some(_) => Ok(Executed::default()),
        };
        audience.built();
        {
            let mut running = lock(&self.shared.running);
            running.is_running = false;
            interrupt::supersede(running.is_stopped);
        }
        *lock(&self.shared.waker) = self.session.waker();
        self.outputs = Some(Arc::clone(outputs));
        *lock(&self.shared.names) = Arc::new(names(self.session.scope()));
        if let Some(refused) = refused {
            return error("CommandError", &refused);
        }
        match executed {
            Ok(executed) => outcome(executed, &**outputs),
            Err(trouble) => error("Trouble", &trouble.to_string()),
        }
    }

    fn idle(&mut self) -> bool {
        let Some(outputs) = self.outputs.clone() else {
            return false;
        };
        self.session.idle(&mut Shown {
            outputs: &outputs,
            is_building: false,
        })
    }

    fn assistant(&self) -> Arc<dyn Assistant> {
        Arc::clone(&self.shared) as Arc<dyn Assistant>
    }
}

fn error(ename: &str, evalue: &str) -> Outcome {
    Outcome::Error {
        ename: ename.to_owned(),
        evalue: evalue.to_owned(),
        traceback: vec![format!("error: {evalue}")],
    }
}

fn outcome(executed: Executed, outputs: &dyn Outputs) -> Outcome {
    for output in executed.outputs {
        if let Output::Data { bundle, is_result } = output {
            match is_result && displays::instruction(&bundle).is_none() {
                true => outputs.result(data(&bundle), Bundle::new()),
                false => show(&bundle, outputs),
            }
        }
    }
    match executed.error {
        Some(Output::Error {
            ename,
            evalue,
            traceback,
        }) => Outcome::Error {
            ename,
            evalue,
            traceback,
        },
        _ => Outcome::Ok,
    }
}

/// Shows something, or does what a cell asks for instead.
fn show(bundle: &[(String, String)], outputs: &dyn Outputs) {
    let data = data(&displays::content(bundle));
    match displays::instruction(bundle) {
        None => outputs.display(data, Bundle::new(), None),
        Some(Instruction::Show(name)) => outputs.display(data, Bundle::new(), Some(name)),
        Some(Instruction::Update(name)) => outputs.update(data, Bundle::new(), name),
        Some(Instruction::Clear { wait }) => outputs.clear(wait),
    }
}

/// What is shown, as Jupyter has it: JSON as JSON, everything else as text.
fn data(bundle: &[(String, String)]) -> Bundle {
    let value = |mime: &str, content: &str| {
        let parsed = is_json(mime)
            .then(|| serde_json::from_str(content).ok())
            .flatten();
        parsed.unwrap_or_else(|| Value::String(content.to_owned()))
    };
    bundle
        .iter()
        .map(|(mime, content)| (mime.clone(), value(mime, content)))
        .collect()
}

/// Passes on to the front ends what a cell writes.
struct Shown<'o> {
    outputs: &'o Arc<dyn Outputs>,
    is_building: bool,
}

impl Shown<'_> {
    /// What was said of building is over.
    fn built(&mut self) {
        if std::mem::take(&mut self.is_building) {
            self.outputs.clear(false);
        }
    }
}

impl Listener for Shown<'_> {
    fn hears(&mut self, stream: Stream, text: &str) {
        self.built();
        let name = match stream {
            Stream::Stdout => StreamName::Stdout,
            Stream::Stderr => StreamName::Stderr,
        };
        self.outputs.stream(name, text);
    }

    fn shows(&mut self, bundle: &[(String, String)]) {
        self.built();
        show(bundle, &**self.outputs);
    }

    fn answers(&mut self, request: &Request) -> Option<String> {
        self.built();
        self.outputs
            .input(&request.prompt, request.is_password)
            .ok()
    }
}

impl Audience for Shown<'_> {
    fn builds(&mut self, line: &str) {
        let data = Bundle::from_iter([("text/plain".to_owned(), json!(line.trim()))]);
        match std::mem::replace(&mut self.is_building, true) {
            false => self
                .outputs
                .display(data, Bundle::new(), Some(PROGRESS.to_owned())),
            true => self
                .outputs
                .update(data, Bundle::new(), PROGRESS.to_owned()),
        }
    }

    fn warns(&mut self, text: &str) {
        self.built();
        let data = Bundle::from_iter([("text/plain".to_owned(), json!(text))]);
        // By this, `radio check` knows that it is none of the cell's outputs.
        let metadata = Bundle::from_iter([("radio".to_owned(), json!({"is": "warning"}))]);
        self.outputs.display(data, metadata, None);
    }
}

/// The names that a cell with this scope sees.
fn names(scope: &Scope) -> Names {
    let variables = scope.variables.iter().map(|variable| Variable {
        name: variable.name.clone(),
        type_name: variable.of.clone().unwrap_or_else(|| "_".to_owned()),
    });
    let items = scope.items.iter().map(|known| {
        let (of, source) = (&known.item.kind, known.item.text.text.trim());
        Item {
            name: of.name().unwrap_or_default().to_owned(),
            kind: match of {
                items::ItemKind::Trait(_) => ItemKind::Trait,
                items::ItemKind::Macro { .. } => ItemKind::Macro,
                items::ItemKind::Named(_) => kind_of(source),
                _ => ItemKind::Type,
            },
            source: source.to_owned(),
        }
    });
    let crates = scope.set.iter().flat_map(|set| set.externs.iter());
    Names {
        variables: variables.collect(),
        items: items.collect(),
        crates: crates.cloned().collect(),
    }
}

/// What an item is that has a name and is neither a type, a trait nor a macro.
fn kind_of(source: &str) -> ItemKind {
    let mut words = source.split_whitespace();
    let word = words.find(|word| matches!(*word, "fn" | "mod" | "const" | "static"));
    match word {
        Some("mod") => ItemKind::Module,
        Some("const") if words.next() != Some("fn") => ItemKind::Constant,
        Some("static") => ItemKind::Constant,
        _ => ItemKind::Function,
    }
}

impl Shared {
    /// What earlier cells have brought, as of the last one that ended.
    fn names(&self) -> Arc<Names> {
        Arc::clone(&lock(&self.names))
    }
}

impl Assistant for Shared {
    fn info(&self) -> Info {
        let link = |text: &str, url: &str| HelpLink {
            text: text.into(),
            url: url.into(),
        };
        Info {
            implementation: "radio-kernel".into(),
            implementation_version: env!("CARGO_PKG_VERSION").into(),
            // As in the committed notebooks: front ends write it into what they save.
            language: LanguageInfo {
                name: "rust".into(),
                version: String::new(),
                mimetype: "text/rust".into(),
                file_extension: ".rs".into(),
                pygments_lexer: "rust".into(),
                codemirror_mode: "rust".into(),
            },
            banner: "Rust. `:help` in a cell lists the commands.".into(),
            help_links: vec![
                link("The Rust book", "https://doc.rust-lang.org/book/"),
                link("The standard library", "https://doc.rust-lang.org/std/"),
                link("Crates", "https://docs.rs"),
            ],
        }
    }

    fn interrupt(&self) {
        let running = lock(&self.running);
        if running.is_running {
            interrupt::supersede(true);
        }
    }

    fn stop(&self) {
        let mut running = lock(&self.running);
        running.is_stopped = true;
        interrupt::supersede(true);
    }

    fn is_complete(&self, source: &str) -> IsCompleteReply {
        is_complete(source)
    }

    fn complete(&self, source: &str, cursor: usize) -> Completions {
        let names = self.names();
        complete(source, cursor, &names, &|| self.libraries.of(&names.crates))
    }

    fn inspect(&self, source: &str, cursor: usize, detailed: bool) -> Option<Bundle> {
        let names = self.names();
        let libraries = || self.libraries.of(&names.crates);
        inspect(source, cursor, detailed, &names, &libraries)
    }

    fn wake(&self) {
        if let Some(waker) = &*lock(&self.waker) {
            waker.wake();
        }
    }

    fn ahead(&self, sources: &[String]) {
        let fit = sources.iter().take_while(|source| source.len() <= MAX_CELL);
        self.upcoming.set(&fit.cloned().collect::<Vec<_>>());
    }
}
