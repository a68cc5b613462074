//! A host that loads and runs compiled cells, and their outputs as they happen.
//!
//! | file | |
//! |---|---|
//! | `session` | a running host: orders to it, and what it says |
//! | `running` | the host of a notebook, and the way back to the states that it had before cells |
//! | `outputs` | what a cell writes, in its order, as outputs |
//! | `displays` | outputs that are shown again under a name |
//! | `fence` | limits to what cells may read and use |

pub mod displays;
pub mod fence;
pub mod outputs;
pub mod running;
pub mod session;
