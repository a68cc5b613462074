//! A front end drives the real sockets of a kernel whose language has a dozen words.

mod bad_input;
mod ending;
mod execute;
mod front_end;
mod requests;
