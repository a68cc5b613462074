#![doc = include_str!("../README.md")]
/// Says a line to the user, on stderr. Nobody may be reading any more.
macro_rules! say {
    ($($text:tt)*) => {{
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("{}\n", format_args!($($text)*)),
        );
    }};
}

pub mod assign;
pub mod batch;
pub mod brackets;
pub mod build;
pub mod cache;
pub mod cells;
pub mod check;
pub mod clean;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod commands;
pub mod comments;
pub mod convert;
pub mod diagnostics;
pub mod dialect;
pub mod diff;
pub mod displays;
pub mod document;
pub mod engine;
pub mod error;
pub mod errors;
#[cfg(all(feature = "evcxr", unix))]
pub mod evcxr;
pub mod execute;
pub mod export;
pub mod fence;
pub mod figures;
pub mod files;
pub mod git;
pub mod grade;
pub mod highlight;
pub mod hints;
pub mod interactive;
pub mod interrupt;
pub mod items;
pub mod lock;
pub mod nbgrader;
pub mod near;
pub mod nesting;
pub mod new;
pub mod page;
pub mod parameters;
pub mod percent;
pub mod portability;
pub mod program;
pub mod report;
pub mod run;
pub mod running;
pub mod serve;
pub mod session;
pub mod startup;
pub mod step;
pub mod strip;
pub mod surrogates;
pub mod watch;

pub use error::{Error, Result};
