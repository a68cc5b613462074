//! How a kernel ends: everything that was said arrives, whatever runs.

use crate::front_end::{FrontEnd, stdout};
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn shutdown_is_answered_and_told_to_all() {
    let mut front_end = FrontEnd::start();
    let mut other = front_end.another(b"another");
    let reply = front_end.control("shutdown_request", json!({"restart": true}));
    assert_eq!(reply, json!({"status": "ok", "restart": true}));
    while other.iopub.hear().kind != "shutdown_reply" {}
    front_end.join();
}

#[test]
fn an_older_front_end_shuts_down_over_the_shell_socket() {
    let mut front_end = FrontEnd::start();
    front_end.send("shutdown_request", json!({"restart": false}));
    assert_eq!(
        front_end.shell.hear().content,
        json!({"status": "ok", "restart": false})
    );
    front_end.join();
}

#[test]
fn what_was_written_before_a_shutdown_arrives() {
    for _ in 0..5 {
        let mut front_end = FrontEnd::start();
        let text = "y".repeat(5_000_000);
        let id = front_end.execute(&format!("write {text}\ndisplay {text}\nsleep 60000"));
        // Until it is executed.
        while front_end.iopub.hear().kind != "execute_input" {}
        std::thread::sleep(Duration::from_millis(100));
        front_end.control("shutdown_request", json!({"restart": false}));
        // The front end reads only once the kernel is about to end.
        std::thread::sleep(Duration::from_millis(200));
        let (mut written, mut shown) = (0, 0);
        loop {
            let heard = front_end.iopub.hear();
            if heard.parent["msg_id"] != json!(id) {
                continue;
            }
            match heard.kind.as_str() {
                "stream" => written += heard.content["text"].as_str().unwrap().len(),
                "display_data" => {
                    shown += heard.content["data"]["text/html"].as_str().unwrap().len()
                }
                "status" if heard.content["execution_state"] == "idle" => break,
                _ => {}
            }
        }
        assert_eq!((written, shown), (text.len(), text.len()));
        assert_eq!(front_end.shell.hear().content["status"], "error");
        front_end.join();
    }
}

#[test]
fn cells_that_wait_are_answered() {
    let mut front_end = FrontEnd::start();
    front_end.execute("sleep 60000");
    while front_end.iopub.hear().kind != "execute_input" {}
    front_end.execute("print never");
    let begun = Instant::now();
    front_end.control("shutdown_request", json!({"restart": false}));
    let mut statuses = [front_end.shell.hear(), front_end.shell.hear()]
        .map(|reply| reply.content["status"].clone());
    statuses.sort_by_key(ToString::to_string);
    assert_eq!(statuses, ["aborted", "error"]);
    front_end.join();
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[test]
fn a_question_ends_with_the_kernel() {
    let mut front_end = FrontEnd::start();
    front_end.execute("input Name?");
    front_end.stdin.hear();
    front_end.kernel.stop();
    assert_eq!(front_end.shell.hear().content["ename"], "Interrupted");
    front_end.join();
}

#[test]
fn an_interrupt_ends_the_cell_and_keeps_what_it_wrote() {
    let mut front_end = FrontEnd::start();
    let id = front_end.execute("write before\nsleep 60000\nwrite after");
    while front_end.iopub.hear().kind != "stream" {}
    let begun = Instant::now();
    front_end.kernel.interrupt();
    let reply = front_end.shell.hear();
    assert_eq!(
        (&reply.parent["msg_id"], &reply.content["ename"]),
        (&json!(id), &json!("Interrupted"))
    );
    assert!(begun.elapsed() < Duration::from_secs(10));
    let (_, heard) = front_end.run("print on");
    assert_eq!(stdout(&heard), "on\n");
}
