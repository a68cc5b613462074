//! Plans against the library, and the command.

mod als;
#[cfg(feature = "ballista")]
mod cluster;
mod command;
mod evaluate;
mod neighbours;
mod reading;
mod recommend;
mod table;

use std::future::Future;
use std::path::Path;

use radio_cluster::Result;
use radio_cluster::plays::Plays;
use radio_cluster::session::{Session, Settings};
use radio_cluster::source::{Columns, Source};

/// Waits for what a plan gives.
fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // As the command's.
        .thread_stack_size(32 << 20)
        .build();
    runtime.unwrap().block_on(work)
}

fn session() -> Session {
    Session::new(&Settings::default(), None).unwrap()
}

async fn read<'s>(session: &'s Session, path: &Path) -> Result<Plays<'s>> {
    let source = Source::open(session, path, &Columns::default()).await?;
    Plays::read(session, &source).await
}
