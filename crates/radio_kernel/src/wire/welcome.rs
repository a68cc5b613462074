//! The first message to a subscriber: [JEP
//! 65](https://jupyter.org/enhancement-proposals/65-jupyter-xpub/jupyter-xpub.html). What was said before it has not
//! arrived, and everything after it will.

use serde::Serialize;

/// A subscription holds.
#[derive(Clone, Debug, Serialize)]
pub struct IopubWelcome {
    /// What the messages begin with that will come.
    pub subscription: String,
}
