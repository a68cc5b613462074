//! A kernel for a language of a dozen words, to test the protocol with: `echo CONNECTION_FILE [HISTORY_FOLDER]`.

mod language;

use language::Echo;
use radio_kernel::connection::Connection;
use radio_kernel::kernel::Kernel;

fn main() {
    let mut arguments = std::env::args_os().skip(1).map(std::path::PathBuf::from);
    let Some(file) = arguments.next() else {
        eprintln!("usage: echo CONNECTION_FILE [HISTORY_FOLDER]");
        std::process::exit(2);
    };
    let started = Connection::read(&file).and_then(|connection| {
        let kernel = Kernel::start(&connection, Box::new(Echo::default()), arguments.next())?;
        radio_kernel::signals::listen(kernel.handle())?;
        Ok(kernel)
    });
    match started {
        Ok(kernel) => kernel.wait(),
        Err(error) => {
            eprintln!("echo: {error}");
            std::process::exit(2);
        }
    }
}
