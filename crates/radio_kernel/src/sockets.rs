//! The kernel's sockets that are more than a queue of requests, a file each.
//!
//! - `iopub`: what all front ends hear
//! - `stdin`: questions to the front end
//! - `heartbeat`: an echo

mod heartbeat;
mod iopub;
mod stdin;

pub(crate) use heartbeat::serve as serve_heartbeat;
pub(crate) use iopub::IoPub;
pub(crate) use stdin::Stdin;
