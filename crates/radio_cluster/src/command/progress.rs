//! What is told while plans run: to stderr, if a person looks at it.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::Instant;

use radio_cluster::session::{Event, Listener};

/// Who is told: plans go to stdout if they are asked for.
pub(super) fn listener(explain: bool) -> Listener {
    let is_seen = std::io::stderr().is_terminal();
    let began = Mutex::new(Instant::now());
    Box::new(move |event| match event {
        Event::Begins { stage, plan } => {
            if let Ok(mut began) = began.lock() {
                *began = Instant::now();
            }
            if explain {
                println!("== {stage}\n{plan}");
            }
        }
        Event::Working {
            stage,
            rows,
            spilled,
        } if is_seen => {
            let seconds = began.lock().map_or(0, |began| began.elapsed().as_secs());
            let spilled = match spilled {
                0 => String::new(),
                bytes => format!(", {} spilled", megabytes(bytes)),
            };
            show(&format!(
                "{stage}: {} rows, {seconds} s{spilled}",
                thousands(rows)
            ));
        }
        Event::Repeats { reason } => {
            if is_seen {
                show("");
            }
            eprintln!("{reason}; once more");
        }
        Event::Ends { .. } if is_seen => show(""),
        _ => {}
    })
}

/// A line that stays.
pub(super) fn note(text: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("{text}");
    }
}

/// Puts a text in the place of the line before.
fn show(text: &str) {
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "\r\x1b[K{text}");
    let _ = stderr.flush();
}

fn thousands(number: usize) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..10_000_000 => format!("{} thousand", number / 1000),
        _ => format!("{} million", number / 1_000_000),
    }
}

fn megabytes(bytes: usize) -> String {
    format!("{} MB", bytes / 1_000_000)
}
