//! Tests that compare compiled cells with stored snapshots.

mod messages;
mod programs;
