//! What cells are built from and by: the toolchain, sets of dependencies, and the compiler itself. It knows sources and
//! libraries, and nothing of notebooks.
//!
//! | file | |
//! |---|---|
//! | `toolchain` | the compiler itself, and what it finds beside it; the host and the runtime, compiled once |
//! | `cargo` | what cargo is told from outside, and what it says of how it calls the compiler |
//! | `cache` | what is kept between runs, and how it is forgotten |
//! | `lock` | the versions of the workspace's lock file |
//! | `place` | where it is built and kept |
//! | `tools` | the processes of cargo, the compiler and the linker |
//! | `set` | the dependencies of cells, built by cargo once a set, as a library that cells share |
//! | `mir` | the types of variables, from what the compiler prints |
//! | `unit` | a source into a library that the host loads, by one call of the compiler; what was compiled before is kept |

pub mod cache;
mod cargo;
pub mod lock;
mod mir;
pub mod place;
pub mod set;
pub mod toolchain;
pub mod tools;
pub mod unit;
