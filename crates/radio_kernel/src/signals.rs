//! Signals: SIGINT ends the cell that runs, SIGTERM and SIGHUP end the kernel, and so does the death of the Jupyter
//! that has started it.

use crate::kernel::Handle;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::os::unix::process::parent_id;
use std::thread::Builder;
use std::time::Duration;

/// How often the kernel looks whether its Jupyter is still there.
const LOOKING: Duration = Duration::from_secs(1);

/// Begins to listen to signals, in threads of its own.
///
/// # Errors
/// If the system gives no thread or takes no handlers.
pub fn listen(kernel: Handle) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let told = kernel.clone();
    Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            match signal {
                SIGINT => told.interrupt(),
                _ => told.stop(),
            }
        }
    })?;
    // Set by Jupyter, so that a kernel that was started by hand may outlive its shell.
    if std::env::var_os("JPY_PARENT_PID").is_none() {
        return Ok(());
    }
    let parent = parent_id();
    Builder::new().name("parent".into()).spawn(move || {
        while parent_id() == parent {
            std::thread::sleep(LOOKING);
        }
        note!("the process that has started the kernel is gone, so it ends");
        kernel.stop();
    })?;
    Ok(())
}
