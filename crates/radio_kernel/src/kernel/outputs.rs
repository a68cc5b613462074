//! What a cell writes, on its way to the front ends.

use super::queue::Job;
use super::{Shared, lock};
use crate::language::{NoInput, Outputs};
use crate::wire::{
    Bundle, ClearOutput, DisplayData, ExecuteResult, Message, Stream, StreamName, Transient,
    UpdateDisplayData,
};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// How long text may wait for more of it, so that a flood of lines is few messages.
const MAX_DELAY: Duration = Duration::from_millis(20);
/// How much text may wait, in bytes.
const MAX_TEXT: usize = 1 << 16;
/// How much of a value is kept for the history, in characters.
const MAX_RESULT: usize = 1 << 12;

/// The outputs of one cell. They go to the front ends that listen, under the cell's name, even if what it left running
/// writes later.
pub(super) struct CellOutputs {
    kernel: Arc<Shared>,
    message: Arc<Message>,
    number: AtomicU32,
    is_silent: bool,
    takes_input: bool,
    text: Mutex<Text>,
    result: Mutex<Option<String>>,
    flusher: Sender<Weak<CellOutputs>>,
    this: Weak<CellOutputs>,
}

/// Text that waits for more of it.
struct Text {
    name: StreamName,
    waiting: String,
    /// When text was last sent.
    sent: Option<Instant>,
}

/// Starts the thread that sends text that has waited long enough. It ends with the last sender.
pub(super) fn flusher() -> Sender<Weak<CellOutputs>> {
    let (sender, receiver) = channel::<Weak<CellOutputs>>();
    let flush = move || {
        for outputs in receiver {
            std::thread::sleep(MAX_DELAY);
            if let Some(outputs) = outputs.upgrade() {
                outputs.flush();
            }
        }
    };
    // Without the thread, text waits until there is more of it or the cell ends.
    if let Err(error) = std::thread::Builder::new()
        .name("flusher".into())
        .spawn(flush)
    {
        note!("text comes late: {error}");
    }
    sender
}

impl CellOutputs {
    pub(super) fn new(
        kernel: &Arc<Shared>,
        job: &Job,
        flusher: &Sender<Weak<CellOutputs>>,
    ) -> Arc<CellOutputs> {
        Arc::new_cyclic(|this| CellOutputs {
            kernel: Arc::clone(kernel),
            message: Arc::clone(&job.message),
            number: AtomicU32::new(0),
            is_silent: job.request.silent,
            takes_input: job.request.allow_stdin,
            text: Mutex::new(Text {
                name: StreamName::Stdout,
                waiting: String::new(),
                sent: None,
            }),
            result: Mutex::default(),
            flusher: flusher.clone(),
            this: this.clone(),
        })
    }

    pub(super) fn set_number(&self, number: u32) {
        self.number.store(number, Ordering::Relaxed);
    }

    /// The value's text, for the history.
    pub(super) fn take_result(&self) -> Option<String> {
        lock(&self.result).take()
    }

    /// Sends the text that waits.
    pub(super) fn flush(&self) {
        self.send(&mut lock(&self.text));
    }

    fn send(&self, text: &mut Text) {
        if text.waiting.is_empty() {
            return;
        }
        let stream = Stream {
            name: text.name,
            text: std::mem::take(&mut text.waiting),
        };
        self.kernel
            .iopub
            .publish(&stream, Some(&self.message.raw_header));
        text.sent = Some(Instant::now());
    }

    /// Sends the text that waits, and then does something that must come after it, before more text.
    fn after_text(&self, publish: impl FnOnce(&Self)) {
        let mut text = lock(&self.text);
        self.send(&mut text);
        publish(self);
    }

    fn publish<C: crate::wire::Content>(&self, content: &C) {
        self.after_text(|this| {
            this.kernel
                .iopub
                .publish(content, Some(&this.message.raw_header))
        });
    }
}

impl Outputs for CellOutputs {
    fn stream(&self, name: StreamName, written: &str) {
        if written.is_empty() {
            return;
        }
        let mut text = lock(&self.text);
        if text.name != name {
            self.send(&mut text);
            text.name = name;
        }
        let was_empty = text.waiting.is_empty();
        text.waiting.push_str(written);
        let is_late = text.sent.is_none_or(|sent| sent.elapsed() >= MAX_DELAY);
        if is_late || text.waiting.len() >= MAX_TEXT {
            self.send(&mut text);
        } else if was_empty {
            // If there is no such thread, the next text or the end of the cell sends it.
            let _ = self.flusher.send(self.this.clone());
        }
    }

    fn result(&self, data: Bundle, metadata: Bundle) {
        if self.is_silent {
            return;
        }
        if let Some(text) = data.get("text/plain").and_then(|text| text.as_str()) {
            *lock(&self.result) = Some(text.chars().take(MAX_RESULT).collect());
        }
        let execution_count = self.number.load(Ordering::Relaxed);
        self.publish(&ExecuteResult {
            execution_count,
            data,
            metadata,
        });
    }

    fn display(&self, data: Bundle, metadata: Bundle, display_id: Option<String>) {
        self.publish(&DisplayData {
            data,
            metadata,
            transient: Transient { display_id },
        });
    }

    fn update(&self, data: Bundle, metadata: Bundle, display_id: String) {
        let transient = Transient {
            display_id: Some(display_id),
        };
        self.publish(&UpdateDisplayData {
            data,
            metadata,
            transient,
        });
    }

    fn clear(&self, wait: bool) {
        self.publish(&ClearOutput { wait });
    }

    fn input(&self, prompt: &str, password: bool) -> Result<String, NoInput> {
        if !self.takes_input {
            return Err(NoInput::NotPossible);
        }
        // What was written before the question is to be read before it.
        self.flush();
        self.kernel.stdin.ask(&self.message, prompt, password)
    }
}

/// Keeps a value, and nothing else.
#[derive(Default)]
pub(super) struct Collected(Mutex<(Bundle, Bundle)>);

impl Collected {
    /// The value and what is to be known of it.
    pub(super) fn take(&self) -> (Bundle, Bundle) {
        std::mem::take(&mut *lock(&self.0))
    }
}

impl Outputs for Collected {
    fn stream(&self, _name: StreamName, _text: &str) {}

    fn result(&self, data: Bundle, metadata: Bundle) {
        *lock(&self.0) = (data, metadata);
    }

    fn display(&self, _data: Bundle, _metadata: Bundle, _display_id: Option<String>) {}

    fn update(&self, _data: Bundle, _metadata: Bundle, _display_id: String) {}

    fn clear(&self, _wait: bool) {}

    fn input(&self, _prompt: &str, _password: bool) -> Result<String, NoInput> {
        Err(NoInput::NotPossible)
    }
}
