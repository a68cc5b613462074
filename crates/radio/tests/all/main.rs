//! The tests of the program `radio`, which they start: one binary, so that it is linked once.

mod assignment;
mod check;
mod convert;
mod course;
mod engine;
mod engine_of_cells;
mod export;
#[cfg(target_os = "linux")]
mod faults;
mod files;
mod git;
mod invocation;
mod lock;
mod own_type;
mod rooms;
mod run;
mod sandbox;
mod step;
#[cfg(target_os = "linux")]
mod watch;
