//! `radio-evcxr`: the evcxr crate as an engine of `radio`, which starts it for `--engine evcxr`.
//!
//! `radio` starts it as a *host*, which executes the cells by the `evcxr` crate and speaks to the session as the host
//! of compiled cells does (see [`radio_runtime`]). evcxr has the *cells'* code run in a child process and talks to it
//! through the child's stdin and stdout. A *proxy* stands between the two: what the cells write goes straight to the
//! session, as from compiled cells, and evcxr gets only its own words. All three are this program, and the environment
//! says which of them it is.

mod cells;
mod host;
mod places;
mod proxy;

use radio_notebook::execute::engine::HOST_VARIABLE;
use radio_notebook::say;
use std::ffi::OsString;
use std::process::ExitCode;

/// The variable by which evcxr tells a child process that it stands before rustc.
const WRAPPER_VARIABLE: &str = "EVCXR_RUSTC_WRAPPER";
/// The variable by which evcxr tells a child process that it runs the cells' code. It reaches what a cell starts, a
/// `radio` for one.
const EVCXRS_CELLS_VARIABLE: &str = "EVCXR_IS_RUNTIME";
/// The variable by which the proxy tells it.
const CELLS_VARIABLE: &str = "RADIO_EVCXR_CELLS";
/// The variable that makes this process the proxy, and names its descriptors.
const PROXY_VARIABLE: &str = "RADIO_EVCXR_PROXY";

fn main() -> ExitCode {
    let given = |name: &str| std::env::var_os(name);
    if given(WRAPPER_VARIABLE).is_none()
        && let Some(descriptors) = given(PROXY_VARIABLE)
    {
        proxy::run(&descriptors.to_string_lossy());
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
    say!("this program is a part of `radio run --engine evcxr`, which starts it");
    ExitCode::from(2)
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
