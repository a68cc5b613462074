//! The process in which the cells' code runs.
//!
//! It does what `evcxr::runtime_hook` does in its place, but for two things. There, stdin is for what evcxr asks for,
//! and a cell that reads from it waits for ever; here it is at its end, as for a compiled notebook. There, a signal of
//! the system's is caught to write a backtrace, and the process then ends by another one; here it ends by the signal
//! itself.

use super::proxy::COMPLETE;
use libloading::{Library, Symbol};
use radio_notebook::say;
use std::ffi::c_void;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::exit;

/// What a cell is compiled to: takes the variables so far, and gives those after it.
type Cell = unsafe extern "C" fn(*mut c_void) -> *mut c_void;

/// Runs each cell that evcxr names on stdin, until there are no more. Never returns.
pub fn run() -> ! {
    let commands = commands().unwrap_or_else(|error| {
        say!("the cells of a notebook cannot be run: {error}");
        exit(2)
    });
    let mut variables = std::ptr::null_mut();
    for command in commands.lines().map_while(Result::ok) {
        match load_and_run(&command, variables) {
            Ok(after) => variables = after,
            Err(error) => {
                say!("`{command}` cannot be run: {error}");
                exit(99);
            }
        }
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{COMPLETE}").and_then(|()| out.flush());
    }
    exit(0)
}

/// What stands on stdin, which from now on is at its end.
fn commands() -> std::io::Result<BufReader<File>> {
    let commands: File = nix::unistd::dup(std::io::stdin())?.into();
    // Processes that a cell starts do not get it: `try_clone` closes at an `exec`.
    let commands = commands.try_clone()?;
    nix::unistd::dup2_stdin(File::open("/dev/null")?)?;
    Ok(BufReader::new(commands))
}

fn load_and_run(command: &str, variables: *mut c_void) -> Result<*mut c_void, String> {
    let mut words = command.split(' ');
    let (Some("LOAD_AND_RUN"), Some(library), Some(name)) =
        (words.next(), words.next(), words.next())
    else {
        return Err("it is not understood".to_owned());
    };
    // SAFETY: evcxr compiled the library and named the function, which takes the variables that the one before it gave,
    // or null.
    let after = unsafe {
        let library = Library::new(library).map_err(|error| error.to_string())?;
        let cell: Symbol<'_, Cell> = library
            .get(name.as_bytes())
            .map_err(|error| error.to_string())?;
        let after = cell(variables);
        // It stays: variables, threads and what runs at the end of a thread may be its code.
        std::mem::forget(library);
        after
    };
    Ok(after)
}
