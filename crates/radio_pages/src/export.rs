//! Notebooks as files for readers.
//!
//! | file | |
//! |---|---|
//! | `html`, `slides`, `markdown`, `pdf`, `book` | a format each |
//! | `cells` | cells as the parts of a page |
//! | `outline` | headings, and what they are linked by |
//! | `site` | the notebooks that are exported together, and the links between them |
//! | `pictures` | the files of pictures beside a page |

pub mod book;
mod cells;
pub mod html;
pub mod markdown;
mod outline;
pub mod pdf;
pub mod pictures;
pub mod site;
pub mod slides;
