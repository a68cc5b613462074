//! Compiles items so that others can be compiled against their metadata while their code is still being generated.

use super::call::Call;
use super::standby::Waiting;
use super::{CODE, CRATE, Compiler, Library, Outcome, RECORD, Record, Turn, Unit, length, write};
use crate::error::{Error, Result};
use crate::files::{self, Staged};
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;
use tempfile::TempDir;

/// What came of items.
#[derive(Debug)]
pub enum Early {
    /// All is done, or nothing can be.
    Done(Outcome),
    /// Units can be compiled against this library. It can be loaded when the rest is done.
    Metadata(Library, Rest),
}

/// The rest of compiling items, on a thread of its own.
#[derive(Debug)]
pub struct Rest(JoinHandle<Result<Outcome>>);

impl Rest {
    /// Waits for it.
    ///
    /// # Errors
    /// As [`compile`](Compiler::compile).
    pub fn wait(self) -> Result<Outcome> {
        self.0.join().unwrap_or(Err(Error::Interrupted))
    }
}

impl Compiler {
    /// Compiles a unit that others are compiled against, unless that was done before.
    ///
    /// # Errors
    /// As [`compile`](Compiler::compile).
    pub(crate) fn compile_early(&self, unit: &Unit<'_>) -> Result<Early> {
        let key = self.key(unit);
        let turn = self.under_way.begin(&key);
        if let Some(library) = self.kept(&key) {
            return Ok(Early::Done(Outcome::Library(library)));
        }
        let (fresh, waiting) = self.place_to_compile()?;
        let source = format!("src/{key}.rs");
        write(&fresh.path().join(&source), unit.source)?;
        let call = self.call_for(unit, &source, &key, "metadata,obj,dep-info");
        let settings = unit.settings.clone();
        let foreseen = Library {
            is_new: true,
            ..self.library(&key, Record::default())
        };
        let (sender, said) = mpsc::channel();
        let own = self.clone();
        let rest = std::thread::spawn(move || {
            let work = Work {
                compiler: &own,
                key: &key,
                turn,
                said: sender,
            };
            work.finish(&call, fresh, waiting, &settings)
        });
        // An error is an end without it.
        Ok(match said.recv() {
            Ok(()) => Early::Metadata(foreseen, Rest(rest)),
            Err(_) => Early::Done(Rest(rest).wait()?),
        })
    }
}

struct Work<'w> {
    compiler: &'w Compiler,
    key: &'w str,
    turn: Turn,
    /// Hears when the metadata can be read.
    said: Sender<()>,
}

impl Work<'_> {
    fn finish(
        self,
        call: &Call,
        fresh: TempDir,
        waiting: Option<Waiting>,
        settings: &crate::program::Build,
    ) -> Result<Outcome> {
        let (compiler, key, at) = (self.compiler, self.key, fresh.path());
        let folder = compiler.place.join(key);
        let metadata = format!("lib{CRATE}-{key}.rmeta");
        // The compiler still reads its own. What stands there is broken, or from another run, which says the same.
        let publish = || {
            let made = at.join(&metadata);
            let text = std::fs::read(&made).map_err(Error::io(made, "reading"))?;
            files::make_folder(&folder.join("src"))?;
            Staged::write(&folder.join(&metadata), &text)?.put_in_place()
        };
        let mut published = None;
        let mut hears = |said: &serde_json::Value| {
            if said["emit"] == "metadata" {
                let done = publish();
                if done.is_ok() {
                    let _ = self.said.send(());
                }
                published = Some(done);
            }
        };
        let warnings = match compiler.call(call, at, waiting, &mut hears)? {
            Ok(warnings) => warnings,
            Err(messages) => return Ok(Outcome::Refused(messages)),
        };
        let code = at.join(CODE);
        compiler.link(&at.join(format!("{CRATE}-{key}.o")), &code, settings)?;
        let inputs = super::inputs(at, key);
        published.unwrap_or_else(publish)?;
        for part in [CODE.to_owned(), format!("src/{key}.rs")] {
            let place = folder.join(&part);
            std::fs::rename(at.join(&part), &place).map_err(Error::io(&place, "writing"))?;
        }
        let record = Record {
            lengths: [length(&folder.join(CODE)), length(&folder.join(&metadata))],
            warnings,
            inputs,
            ..Record::default()
        };
        write_record(&folder, &record)?;
        drop(self.turn);
        let library = compiler.library(key, record);
        Ok(Outcome::Library(Library {
            is_new: true,
            ..library
        }))
    }
}

/// The last that is written: what has a record is whole.
fn write_record(folder: &Path, record: &Record) -> Result<()> {
    let text = serde_json::to_vec(record).unwrap_or_default();
    Staged::write(&folder.join(RECORD), &text)?.put_in_place()
}
