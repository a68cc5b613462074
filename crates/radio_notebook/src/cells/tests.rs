//! Cells against what was looked at once.

mod messages;
mod programs;
