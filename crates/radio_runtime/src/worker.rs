//! The process that loads and runs cells, and the copies of it that have earlier states.

use crate::connection::{attempt, connect, end, raise, report_panics, send};
use crate::keeper::Board;
use crate::protocol::{Frame, Order, PHASES, ProgramLocation};
use crate::question_mark::Raised;
use crate::system::{self, Library};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

/// The stack of the thread that runs the cells, in bytes. It is used only as needed.
const CELLS_STACK: usize = 512 << 20;
/// How many threads a process has that runs no cell.
static IDLE_THREADS: AtomicU32 = AtomicU32::new(2);
/// How many more there were when the state was kept last.
static KNOWN_THREADS: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// What the thread that runs the cells works with.
    static POST: RefCell<Option<Post>> = const { RefCell::new(None) };
    /// The copies of this process that may have to be taken notice of when they end.
    static COPIES: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// What a worker works with.
#[derive(Debug)]
pub(crate) struct Post {
    pub port: u16,
    pub token: String,
    pub board: &'static Board,
    pub orders: std::io::PipeReader,
}

/// Runs cells as it is told to, until nobody tells it anything.
pub(crate) fn work(post: Post) -> ! {
    system::lead_group(system::own_process());
    system::end_with_parent();
    let cells = std::thread::Builder::new()
        .name("main".to_owned())
        .stack_size(CELLS_STACK);
    let running = cells.spawn(move || {
        if connect(post.port, &post.token, 0).is_err() {
            std::process::exit(1);
        }
        report_panics();
        IDLE_THREADS.store(system::threads(), SeqCst);
        POST.set(Some(post));
        follow_orders()
    });
    if let Ok(thread) = running {
        let _ = thread.join();
    }
    std::process::exit(1)
}

/// Follows orders. A cell whose variables stay where they are calls this instead of returning.
fn follow_orders() -> ! {
    while let Some(order) = next_order() {
        match order {
            Order::Load { path } => {
                if let Err(why) = Library::load(&path, true) {
                    library_error(&path, &why);
                }
            }
            Order::Run {
                cell,
                keep,
                path,
                start,
            } => run(cell, keep, &path, &start),
            Order::Restore { .. } | Order::Forget { .. } => {}
        }
    }
    // The keeper is gone.
    std::process::exit(0)
}

fn next_order() -> Option<Order> {
    POST.with_borrow_mut(|post| Order::read(&mut post.as_mut()?.orders))
}

fn library_error(path: &str, why: &str) {
    raise(
        LIBRARY,
        format!("{path}: {why}; `radio clean` removes what was compiled"),
        ProgramLocation::default(),
    );
}

/// The `ename` of a failure that is no fault of the cell's: a library could not be loaded.
pub const LIBRARY: &str = "Library";

fn run(cell: u32, keep: bool, path: &str, start: &str) {
    if keep && keep_state() {
        // This is the copy, and its time has come: what the cell did is not.
        return;
    }
    let symbol = Library::load(path, false).and_then(|library| library.symbol(start));
    match symbol {
        Ok(symbol) => {
            // SAFETY: libraries of cells have a function of this name and type, compiled by the same compiler.
            let body: fn(u32) -> Result<(), Raised> = unsafe { std::mem::transmute(symbol) };
            attempt(|| body(cell));
        }
        Err(why) => library_error(path, &why),
    }
    end(cell);
}

/// Ends a cell whose variables stay where they are, since others refer to them: its function never returns.
pub fn stay(cell: u32) -> ! {
    end(cell);
    follow_orders()
}

/// How many threads a copy of this process would lack. Those of the last cell may be about to end.
fn threads_that_stay() -> u32 {
    const PATIENCE: u32 = 20;
    let count = || system::threads().saturating_sub(IDLE_THREADS.load(SeqCst));
    let known = KNOWN_THREADS.load(SeqCst);
    let mut threads = count();
    for _ in 0..PATIENCE {
        if threads <= known {
            break;
        }
        std::thread::sleep(Duration::from_micros(500));
        threads = count();
    }
    KNOWN_THREADS.store(threads, SeqCst);
    threads
}

/// Keeps the state of this process in a copy, which is stopped. Returns `true` in the copy, when it is to go on.
fn keep_state() -> bool {
    let Some((port, token, board)) = POST.with_borrow(|post| {
        let post = post.as_ref()?;
        Some((post.port, post.token.clone(), post.board))
    }) else {
        return false;
    };
    let threads = threads_that_stay();
    let free = |entry: &&AtomicU32| entry.load(SeqCst) == 0;
    let Some(entry) = board.snapshots.iter().find(free) else {
        return false;
    };
    let _ = std::io::Write::flush(&mut std::io::stdout());
    COPIES.with_borrow_mut(|copies| copies.retain(|process| !system::has_ended(*process)));
    match system::copy_process() {
        Ok(0) => {}
        Ok(process) => {
            // Said by both: the end of this group must not be that of the copy, however early it comes.
            system::lead_group(process);
            COPIES.with_borrow_mut(|copies| copies.push(process));
            entry.store(process, SeqCst);
            send(&Frame::Snapshot { process, threads });
            return false;
        }
        // Too little memory, or too many processes: the cell runs all the same.
        Err(_) => return false,
    }
    COPIES.set(Vec::new());
    let own = system::own_process();
    system::lead_group(own);
    while board.active.load(SeqCst) != own {
        system::stop();
    }
    board.resumed.store(own, SeqCst);
    system::end_with_parent();
    IDLE_THREADS.store(system::threads(), SeqCst);
    KNOWN_THREADS.store(0, SeqCst);
    if connect(port, &token, board.time.load(SeqCst).wrapping_mul(PHASES)).is_err() {
        std::process::exit(1);
    }
    true
}
