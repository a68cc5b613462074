//! The embedded evcxr: the process in which it lives, and those that it starts.
//!
//! `radio` starts itself as a *host*, which executes the cells by the `evcxr` crate and speaks to the session as a compiled
//! notebook would (see [`runtime`](crate::runtime)). evcxr has the *cells'* code run in a child process and talks to it through
//! the child's stdin and stdout. A *relay* stands between the two: what the cells write goes straight to the session, as
//! from a compiled notebook, and evcxr gets only its own words. All three are the same program, and the environment says
//! which of them it is.

mod cells;
mod host;
mod places;
mod relay;

use crate::engine::HOST_VARIABLE;
use std::ffi::OsString;

/// The variable by which evcxr tells a child process that it stands before rustc.
const WRAPPER_VARIABLE: &str = "EVCXR_RUSTC_WRAPPER";
/// The variable by which evcxr tells a child process that it runs the cells' code. It reaches what a cell starts, a `radio` for one.
const EVCXRS_CELLS_VARIABLE: &str = "EVCXR_IS_RUNTIME";
/// The variable by which the relay tells it.
const CELLS_VARIABLE: &str = "RADIO_EVCXR_CELLS";
/// The variable that makes this process the relay, and names its descriptors.
const RELAY_VARIABLE: &str = "RADIO_EVCXR_RELAY";

/// If this process was started as a part of the embedded evcxr, does that part, and never returns.
pub fn take_part() {
    let given = |name: &str| std::env::var_os(name);
    if given(WRAPPER_VARIABLE).is_none()
        && let Some(descriptors) = given(RELAY_VARIABLE)
    {
        relay::run(&descriptors.to_string_lossy());
    }
    if take(CELLS_VARIABLE).is_some() {
        // Panics of cells are told by their hook; a backtrace would show evcxr's frames only.
        forget("RUST_BACKTRACE");
        cells::run();
    }
    if given(WRAPPER_VARIABLE).is_some() {
        evcxr::runtime_hook();
    }
    if let Some(build) = take(HOST_VARIABLE) {
        forget(EVCXRS_CELLS_VARIABLE);
        host::run(std::path::Path::new(&build));
    }
}

/// A variable that the processes which this one starts do not get.
fn take(name: &str) -> Option<OsString> {
    let value = std::env::var_os(name)?;
    forget(name);
    Some(value)
}

fn forget(name: &str) {
    // SAFETY: called before there is another thread.
    unsafe { std::env::remove_var(name) }
}
