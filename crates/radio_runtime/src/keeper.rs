//! The process that a session starts. It runs no cells itself: it starts the process that does, says how that ends, and
//! puts the process that has an earlier state in its place when the session asks for it.

use crate::protocol::{Frame, Order, PHASES, SESSION_VARIABLE, mark_prefix};
use crate::system;
use crate::worker::{self, Post};
use std::io::{PipeReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many earlier states can be kept at a time.
pub const MAX_SNAPSHOTS: usize = 1024;

/// What the keeper and the processes that it keeps know of each other.
#[derive(Debug)]
pub struct Board {
    /// The process that runs cells.
    pub active: AtomicU32,
    /// How often another process took its place.
    pub time: AtomicU32,
    /// The last process that has ended.
    pub ended: AtomicU32,
    /// The last process with an earlier state that went on.
    pub resumed: AtomicU32,
    /// The processes that have earlier states; 0 where there is none.
    pub snapshots: [AtomicU32; MAX_SNAPSHOTS],
}

/// Connects to the session and keeps the processes that run its cells, until the session is gone.
pub fn host() -> ! {
    let said = std::env::var(SESSION_VARIABLE).unwrap_or_default();
    let Some((port, token)) = said.split_once(':') else {
        give_up("this program is a part of a notebook: run it with `radio run`");
    };
    let connection = port
        .parse()
        .ok()
        .and_then(|port| Some((port, TcpStream::connect(("127.0.0.1", port)).ok()?)));
    let Some((port, mut channel)) = connection else {
        give_up("the notebook's runner does not answer");
    };
    // SAFETY: no other thread runs yet.
    unsafe { std::env::remove_var(SESSION_VARIABLE) };
    match keep(port, token, &mut channel) {
        Ok(()) => std::process::exit(0),
        Err(error) => give_up(&format!(
            "the notebook's processes cannot be started: {error}"
        )),
    }
}

fn give_up(why: &str) -> ! {
    std::eprintln!("{why}");
    std::process::exit(2)
}

fn keep(port: u16, token: &str, channel: &mut TcpStream) -> std::io::Result<()> {
    channel.set_nodelay(true)?;
    let board: &'static Board = system::shared_memory()?;
    let (orders, mut to_worker) = std::io::pipe()?;
    let mut unread = orders.try_clone()?;
    system::adopt_orphans();
    Frame::Hello {
        token: token.to_owned(),
        process: 0,
    }
    .write(channel)?;
    let worker = system::copy_process()?;
    if worker == 0 {
        drop((to_worker, unread));
        worker::work(Post {
            port,
            token: token.to_owned(),
            board,
            orders,
        });
    }
    // Said by both, so that it holds for whoever comes first.
    system::lead_group(worker);
    board.active.store(worker, SeqCst);
    drop(orders);
    let said = Arc::new(Mutex::new(channel.try_clone()?));
    let mut orders = channel.try_clone()?;
    std::thread::spawn(move || {
        while let Some(order) = Order::read(&mut orders) {
            match order {
                Order::Restore { process, time } => restore(board, process, time, &mut unread),
                Order::Forget { process } => forget(board, process),
                order => {
                    // A worker that is gone is told of otherwise.
                    let mut packet = Vec::new();
                    let _ = order.write(&mut packet);
                    let _ = to_worker.write_all(&packet);
                }
            }
        }
        end_all(board)
    });
    loop {
        let Some((process, status)) = system::wait_for_child() else {
            // Where orphans are not adopted, the process that took the place of the first is nobody's child here.
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        let phase = (board.time.load(SeqCst) + 1).wrapping_mul(PHASES) - 1;
        if process == board.active.load(SeqCst) {
            // What it wrote stands in the pipes before this.
            let mut text = mark_prefix(token);
            text.extend(format!("{phase}\0").bytes());
            let _ = std::io::stdout().write_all(&text);
            let _ = std::io::stdout().flush();
            let _ = std::io::stderr().write_all(&text);
        }
        board.ended.store(process, SeqCst);
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = Frame::Ended {
            process,
            status,
            phase,
        }
        .write(&mut *said);
    }
}

/// Ends the process that runs cells, with what it started, and lets the one that has an earlier state go on. What the
/// first was told to do and has not read is not for the other.
fn restore(board: &Board, process: u32, time: u32, unread: &mut PipeReader) {
    let active = board.active.load(SeqCst);
    system::end_group(active);
    let patience = Instant::now() + Duration::from_secs(2);
    while board.ended.load(SeqCst) != active && Instant::now() < patience {
        system::signal(active, system::SIGKILL);
        std::thread::sleep(Duration::from_micros(200));
    }
    let mut orders = [0; 4096];
    while system::is_readable(unread) && unread.read(&mut orders).is_ok_and(|read| read > 0) {}
    forget_entry(board, process);
    board.time.store(time, SeqCst);
    board.active.store(process, SeqCst);
    // It may be about to stop, having seen that its time has not come.
    let patience = Instant::now() + Duration::from_secs(2);
    while board.resumed.load(SeqCst) != process && Instant::now() < patience {
        system::signal(process, system::SIGCONT);
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn forget(board: &Board, process: u32) {
    if forget_entry(board, process) {
        system::signal(process, system::SIGKILL);
    }
}

fn forget_entry(board: &Board, process: u32) -> bool {
    let mut entries = board.snapshots.iter();
    entries.any(|entry| entry.compare_exchange(process, 0, SeqCst, SeqCst).is_ok())
}

/// The session is gone: nobody reads, so the cells and what they started end too.
fn end_all(board: &Board) -> ! {
    system::end_group(board.active.load(SeqCst));
    for snapshot in &board.snapshots {
        let process = snapshot.load(SeqCst);
        if process != 0 {
            system::signal(process, system::SIGKILL);
        }
    }
    std::process::exit(0)
}
