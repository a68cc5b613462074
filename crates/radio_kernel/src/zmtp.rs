//! ZeroMQ's wire protocol, as far as a kernel needs it: ZMTP 3.0 over TCP, no encryption, the bound side of ROUTER and
//! XPUB sockets.
//!
//! The specification is [23/ZMTP](https://rfc.zeromq.org/spec/23/). The crate `zeromq` is not used here because anybody
//! who can connect could end the kernel with nine bytes: it reserves the memory for as long a frame as a peer
//! announces, before a byte of it is there (zeromq 0.7.0), and its XPUB socket waits for one peer that has stopped
//! reading while others wait for their messages. Here a frame costs what has arrived of it, a peer that stops reading
//! loses messages after a while, and [`Socket::close`] says when everything is on its way.
//!
//! - `frame`: frames as bytes
//! - `handshake`: what two peers tell each other first
//! - `outbox`: the messages that wait to be written to one peer
//! - `socket`: a bound socket and its peers

mod frame;
mod handshake;
mod outbox;
mod socket;

pub use frame::{Frames, MAX_MESSAGE, encode, read_message};
pub use handshake::Kind;
pub use socket::{Event, Socket};
