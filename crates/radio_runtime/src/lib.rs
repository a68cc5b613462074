//! What the cells of a notebook are linked to, and the host that loads and runs them. It uses nothing but the standard
//! library.
//!
//! `radio` compiles this crate as a dynamic library, once a toolchain, together with a small program that calls
//! [`host`]. Cells are libraries that find its functions, and its statics exist once. `radio` itself has it as an
//! ordinary dependency, for its half of the protocol.
//!
//! | module | |
//! |---|---|
//! | `protocol` | what passes between a session and a host |
//! | `keeper` | the process that a session starts: it keeps the processes that run cells |
//! | `worker` | the process that loads and runs cells, and the states before them that are kept |
//! | `connection` | a worker's side of the protocol: frames, phases of the two streams, panics |
//! | `variables` | the variables of the cells |
//! | `question_mark` | what `?` does in a cell |
//! | `shown` | how a cell's value is shown |
//! | `stays` | cells that wait, and whose variables stay where they are |
//! | `answers` | what commands of cells do |
//! | `display` | things to show from anywhere in a cell |
//! | `system` | the calls of the system that the standard library does not have |
#![deny(clippy::undocumented_unsafe_blocks)]

pub mod answers;
pub mod connection;
pub mod display;
pub mod keeper;
mod macros;
pub mod protocol;
pub mod question_mark;
pub mod shown;
pub mod stays;
mod system;
pub mod variables;
pub mod worker;

pub use display::{clear, display, display_as, update};
pub use keeper::host;
pub use question_mark::{QuestionMark, Raised, Try};

/// The sources of this crate, by the names of their files: `radio` compiles them for the cells.
pub const SOURCES: [(&str, &str); 13] = [
    ("lib.rs", include_str!("lib.rs")),
    ("answers.rs", include_str!("answers.rs")),
    ("connection.rs", include_str!("connection.rs")),
    ("display.rs", include_str!("display.rs")),
    ("keeper.rs", include_str!("keeper.rs")),
    ("macros.rs", include_str!("macros.rs")),
    ("protocol.rs", include_str!("protocol.rs")),
    ("question_mark.rs", include_str!("question_mark.rs")),
    ("shown.rs", include_str!("shown.rs")),
    ("stays.rs", include_str!("stays.rs")),
    ("system.rs", include_str!("system.rs")),
    ("variables.rs", include_str!("variables.rs")),
    ("worker.rs", include_str!("worker.rs")),
];
