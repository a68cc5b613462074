//! Keeps the future of an async cell alive for ever where later variables refer to its locals.

use crate::question_mark::Raised;
use std::future::{Future, pending, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Poll;

/// Whether the cell that runs has come to its end.
static HAS_ENDED: AtomicBool = AtomicBool::new(false);

/// Runs the future that a cell is, to its end or to where it [`stay`]s; then it is kept for ever.
pub async fn kept(cell: impl Future<Output = Result<(), Raised>>) -> Result<(), Raised> {
    HAS_ENDED.store(false, SeqCst);
    let mut cell = std::mem::ManuallyDrop::new(Box::pin(cell));
    poll_fn(|context| {
        let polled = cell.as_mut().poll(context);
        match polled.is_pending() && HAS_ENDED.load(SeqCst) {
            true => Poll::Ready(Ok(())),
            false => polled,
        }
    })
    .await
}

/// Stays here for ever. What others refer to is still there then.
pub async fn stay() {
    HAS_ENDED.store(true, SeqCst);
    pending::<()>().await;
}
