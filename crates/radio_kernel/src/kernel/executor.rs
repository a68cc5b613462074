//! One cell after the other.

use super::outputs::{CellOutputs, Collected, flusher};
use super::queue::Job;
use super::{Shared, lock};
use crate::language::{Cell, Language, Outcome, Outputs};
use crate::wire::{ErrorOutput, ExecuteInput, ExecuteReply, State};
use serde_json::{Map, Value, json};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a failing cell waits for cells that were sent after it and are still on their way, before it aborts them.
const ON_THE_WAY: Duration = Duration::from_millis(5);

/// Executes what is queued until the queue is closed.
pub(super) fn run(kernel: &Arc<Shared>, mut language: Box<dyn Language>) {
    let flusher = flusher();
    loop {
        while kernel.queue.is_idle() && language.idle() {}
        let Some(job) = kernel.queue.next() else {
            return;
        };
        let outputs = CellOutputs::new(kernel, &job, &flusher);
        execute(kernel, &mut *language, &job, outputs);
    }
}

fn execute(
    kernel: &Arc<Shared>,
    language: &mut dyn Language,
    job: &Job,
    outputs: Arc<CellOutputs>,
) {
    let (message, request) = (&job.message, &job.request);
    let parent = Some(&*message.raw_header);
    kernel.iopub.status(State::Busy, parent);
    let is_stored = request.store_history && !request.silent;
    let number = match is_stored {
        true => kernel.count.fetch_add(1, Ordering::SeqCst) + 1,
        false => kernel.count.load(Ordering::SeqCst),
    };
    outputs.set_number(number);
    if !request.silent {
        let code = request.code.clone();
        kernel.iopub.publish(
            &ExecuteInput {
                code,
                execution_count: number,
            },
            parent,
        );
    }
    let cell = Cell {
        source: &request.code,
        number,
        silent: request.silent,
    };
    let shown: Arc<dyn Outputs> = Arc::clone(&outputs) as Arc<dyn Outputs>;
    let outcome = attempt(language, &cell, &shown);
    outputs.flush();
    // Who asks for the history after the reply finds the cell in it.
    if is_stored {
        lock(&kernel.history).add(number, &request.code, outputs.take_result());
    }
    let mut aborted = Vec::new();
    let reply = match outcome {
        Outcome::Ok => ExecuteReply::Ok {
            execution_count: number,
            user_expressions: evaluate(language, request.user_expressions.as_ref(), number),
            payload: [],
        },
        Outcome::Error {
            ename,
            evalue,
            traceback,
        } => {
            let shown = ErrorOutput {
                ename,
                evalue,
                traceback,
            };
            kernel.iopub.publish(&shown, parent);
            if request.stop_on_error {
                std::thread::sleep(ON_THE_WAY);
                aborted = kernel.queue.take(message.header.subshell_id.as_deref());
            }
            let ErrorOutput {
                ename,
                evalue,
                traceback,
            } = shown;
            ExecuteReply::Error {
                execution_count: number,
                ename,
                evalue,
                traceback,
            }
        }
    };
    kernel.reply(&kernel.shell, message, &reply);
    kernel.iopub.status(State::Idle, parent);
    for job in aborted {
        abort(kernel, &job);
    }
    if is_stored {
        lock(&kernel.history).save();
    }
}

/// A fault of the language's own is the cell's, and does not end the kernel.
fn attempt(language: &mut dyn Language, cell: &Cell<'_>, outputs: &Arc<dyn Outputs>) -> Outcome {
    let executed = std::panic::catch_unwind(AssertUnwindSafe(|| language.execute(cell, outputs)));
    executed.unwrap_or_else(|_| Outcome::Error {
        ename: "KernelFault".into(),
        evalue: "the kernel itself has failed at this cell; what it said is in Jupyter's log"
            .into(),
        traceback: vec![
            "the kernel itself has failed at this cell; what it said is in Jupyter's log".into(),
        ],
    })
}

/// The values of the expressions that a front end wants besides.
fn evaluate(
    language: &mut dyn Language,
    expressions: Option<&Map<String, Value>>,
    number: u32,
) -> Map<String, Value> {
    let mut values = Map::new();
    for (name, expression) in expressions.into_iter().flatten() {
        let Some(source) = expression.as_str() else {
            let evalue = format!("an expression is text, and this is {expression}");
            values.insert(name.clone(), json!({"status": "error", "ename": "BadRequest", "evalue": evalue, "traceback": []}));
            continue;
        };
        let collected = Arc::new(Collected::default());
        let outputs: Arc<dyn Outputs> = Arc::clone(&collected) as Arc<dyn Outputs>;
        let cell = Cell {
            source,
            number,
            silent: true,
        };
        let value = match attempt(language, &cell, &outputs) {
            Outcome::Ok => {
                let (data, metadata) = collected.take();
                json!({"status": "ok", "data": data, "metadata": metadata})
            }
            Outcome::Error {
                ename,
                evalue,
                traceback,
            } => {
                json!({"status": "error", "ename": ename, "evalue": evalue, "traceback": traceback})
            }
        };
        values.insert(name.clone(), value);
    }
    values
}

/// Says of a cell that it is not executed.
pub(super) fn abort(kernel: &Shared, job: &Job) {
    let execution_count = kernel.count.load(Ordering::SeqCst);
    kernel.at_work(&job.message, || {
        kernel.reply(
            &kernel.shell,
            &job.message,
            &ExecuteReply::Aborted { execution_count },
        );
    });
}
