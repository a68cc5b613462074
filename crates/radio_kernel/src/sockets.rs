//! The kernel's five sockets, a file each.
//!
//! - `shell`: requests, of which only cells wait for each other
//! - `control`: requests that cannot wait
//! - `iopub`: what all front ends hear
//! - `stdin`: questions to the front end
//! - `heartbeat`: an echo

pub(crate) mod control;
mod heartbeat;
mod iopub;
pub(crate) mod shell;
mod stdin;

pub(crate) use heartbeat::serve as serve_heartbeat;
pub(crate) use iopub::IoPub;
pub(crate) use stdin::Stdin;
