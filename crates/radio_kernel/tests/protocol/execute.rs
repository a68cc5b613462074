//! Cells: numbers, outputs in their order, errors, input.

use crate::front_end::{Channel, FrontEnd, kinds, message, stdout};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn cells_are_counted_from_1() {
    let mut front_end = FrontEnd::start();
    for number in 1..=3 {
        let (reply, heard) = front_end.run("value x");
        assert_eq!(reply["execution_count"], number);
        assert_eq!(reply["status"], "ok");
        assert_eq!(
            (reply["payload"].clone(), reply["user_expressions"].clone()),
            (json!([]), json!({}))
        );
        assert_eq!(kinds(&heard), ["execute_result"]);
        assert_eq!(heard[0].content["execution_count"], number);
        assert_eq!(heard[0].content["data"], json!({"text/plain": "x"}));
    }
    let (reply, _) = front_end.run("fail at the fourth");
    assert_eq!(reply["execution_count"], 4);
}

#[test]
fn a_silent_cell_takes_no_number_and_shows_no_value() {
    let mut front_end = FrontEnd::start();
    front_end.run("value 1");
    let id = front_end.send(
        "execute_request",
        json!({"code": "print a\nvalue 2", "silent": true}),
    );
    let heard = front_end.until_idle(&id);
    assert_eq!(kinds(&heard), ["stream"]);
    assert_eq!(front_end.shell.hear().content["execution_count"], 1);
    let id = front_end.send(
        "execute_request",
        json!({"code": "value 3", "store_history": false}),
    );
    assert_eq!(
        kinds(&front_end.until_idle(&id)),
        ["execute_input", "execute_result"]
    );
    front_end.shell.hear();
    assert_eq!(front_end.run("value 4").0["execution_count"], 2);
    let history = front_end.ask(
        "history_request",
        json!({"hist_access_type": "tail", "n": 9, "raw": true, "output": false}),
    );
    assert_eq!(
        history["history"],
        json!([[1, 1, "value 1"], [1, 2, "value 4"]])
    );
}

#[test]
fn outputs_keep_their_order() {
    let mut front_end = FrontEnd::start();
    let (_, heard) = front_end.run(
        "print 1\neprint 2\nwrite 3\ndisplay <b>4</b>\nnamed it 5\nprint 6\nupdate it 7\nclear wait\nprint 8\nvalue 9\nwrite 10",
    );
    let order = [
        "stream",
        "stream",
        "stream",
        "display_data",
        "display_data",
        "stream",
        "update_display_data",
    ];
    assert_eq!(kinds(&heard)[..7], order);
    assert_eq!(
        kinds(&heard)[7..],
        ["clear_output", "stream", "execute_result", "stream"]
    );
    assert_eq!(heard[1].content, json!({"name": "stderr", "text": "2\n"}));
    assert_eq!(heard[2].content, json!({"name": "stdout", "text": "3"}));
    assert_eq!(heard[3].content["transient"], json!({}));
    assert_eq!(heard[3].content["data"], json!({"text/html": "<b>4</b>"}));
    assert_eq!(heard[4].content["transient"], json!({"display_id": "it"}));
    assert_eq!(heard[6].content["transient"], json!({"display_id": "it"}));
    assert_eq!(heard[7].content, json!({"wait": true}));
    assert_eq!(heard[10].content["text"], "10");
}

#[test]
fn many_lines_are_few_messages() {
    let mut front_end = FrontEnd::start();
    let (_, heard) = front_end.run("flood 100000");
    let text: String = (0..100_000).map(|n| format!("{n}\n")).collect();
    assert_eq!(stdout(&heard), text);
    assert!(heard.len() < 1000, "{} messages", heard.len());
}

#[test]
fn text_is_not_held_back() {
    let mut front_end = FrontEnd::start();
    let id = front_end.execute("print 1\nprint 2\nsleep 60000");
    let mut seen = String::new();
    while seen != "1\n2\n" {
        let heard = front_end.iopub.hear();
        assert_eq!(heard.parent["msg_id"], json!(id));
        if heard.kind == "stream" {
            seen += heard.content["text"].as_str().unwrap();
        }
    }
    front_end.control("interrupt_request", json!({}));
    assert_eq!(front_end.shell.hear().content["ename"], "Interrupted");
}

#[test]
fn a_message_of_5_mb_is_whole() {
    let mut front_end = FrontEnd::start();
    let text = "é".repeat(5 << 19);
    assert_eq!(front_end.printed(&format!("write {text}")), text);
    let (_, heard) = front_end.run(&format!("display {text}"));
    assert_eq!(heard[0].content["data"]["text/html"], json!(text));
}

#[test]
fn what_a_cell_left_running_writes_under_its_name() {
    let mut front_end = FrontEnd::start();
    let id = front_end.execute("later");
    front_end.until_idle(&id);
    let heard = front_end.iopub.hear();
    assert_eq!(
        (heard.kind.as_str(), &heard.parent["msg_id"]),
        ("stream", &json!(id))
    );
}

#[test]
fn an_error_is_told_twice_and_aborts_what_waits() {
    let mut front_end = FrontEnd::start();
    let sleeping = front_end.execute("sleep 300\nfail no\nvalue 1");
    let waiting = [front_end.execute("value 2"), front_end.execute("value 3")];
    let heard = front_end.until_idle(&sleeping);
    assert_eq!(kinds(&heard), ["execute_input", "error"]);
    let error = json!({"ename": "Failure", "evalue": "no", "traceback": ["Failure: no"]});
    assert_eq!(heard[1].content, error);
    let reply = front_end.shell.hear().content;
    assert_eq!(reply["status"], "error");
    assert_eq!(
        (&reply["ename"], &reply["evalue"], &reply["traceback"]),
        (&error["ename"], &error["evalue"], &error["traceback"])
    );
    for id in waiting {
        let reply = front_end.shell.hear();
        assert_eq!(
            (&reply.parent["msg_id"], &reply.content["status"]),
            (&json!(id), &json!("aborted"))
        );
        assert_eq!(front_end.until_idle(&id).len(), 0);
    }
    assert_eq!(front_end.run("value 4").0["execution_count"], 2);
}

#[test]
fn an_error_stops_nothing_if_so_asked() {
    let mut front_end = FrontEnd::start();
    front_end.send(
        "execute_request",
        json!({"code": "sleep 200\nfail no", "stop_on_error": false}),
    );
    front_end.execute("value 2");
    let statuses = [front_end.shell.hear(), front_end.shell.hear()]
        .map(|reply| reply.content["status"].clone());
    assert_eq!(statuses, ["error", "ok"]);
}

#[test]
fn a_fault_of_the_language_is_the_cells() {
    let mut front_end = FrontEnd::start();
    let (reply, heard) = front_end.run("panic on purpose");
    assert_eq!(
        (&reply["status"], &reply["ename"]),
        (&json!("error"), &json!("KernelFault"))
    );
    assert_eq!(kinds(&heard), ["error"]);
    assert_eq!(front_end.printed("print there"), "there\n");
}

#[test]
fn expressions_are_evaluated_after_the_cell() {
    let mut front_end = FrontEnd::start();
    let expressions = json!({"a": "print unheard\nvalue 1", "b": "fail no", "c": "let x", "d": 3});
    let id = front_end.send(
        "execute_request",
        json!({"code": "let y", "user_expressions": expressions}),
    );
    assert_eq!(kinds(&front_end.until_idle(&id)), ["execute_input"]);
    let values = &front_end.shell.hear().content["user_expressions"];
    assert_eq!(
        values["a"],
        json!({"status": "ok", "data": {"text/plain": "1"}, "metadata": {}})
    );
    assert_eq!(
        (&values["b"]["status"], &values["b"]["ename"]),
        (&json!("error"), &json!("Failure"))
    );
    assert_eq!(
        values["c"],
        json!({"status": "ok", "data": {}, "metadata": {}})
    );
    assert_eq!(values["d"]["status"], "error");
}

#[test]
fn the_front_end_that_sent_the_cell_is_asked_for_input() {
    let mut front_end = FrontEnd::start();
    let mut other = front_end.another(b"another");
    let id = front_end.execute("print first\ninput Name?\npassword Word?");
    for (prompt, is_secret, answer) in [("Name?", false, "Ada"), ("Word?", true, "é *")] {
        let asked = front_end.stdin.hear();
        assert_eq!(
            (asked.kind.as_str(), &asked.parent["msg_id"]),
            ("input_request", &json!(id))
        );
        assert_eq!(
            asked.content,
            json!({"prompt": prompt, "password": is_secret})
        );
        let (frames, _) = message("input_reply", &json!({"value": answer}), Value::Null, &[]);
        front_end.stdin.send(&frames);
    }
    assert_eq!(stdout(&front_end.until_idle(&id)), "first\n<Ada>\n<é *>\n");
    assert_eq!(front_end.shell.hear().content["status"], "ok");
    assert!(other.stdin.is_quiet(Duration::from_millis(50)));
    // An answer that nobody waits for is to no later question.
    let (frames, _) = message("input_reply", &json!({"value": "late"}), Value::Null, &[]);
    other.stdin.send(&frames);
    other.stdin.close();
    other.stdin = Channel::connect(other.ports[2], "DEALER", b"another");
    let id = other.execute("input Again?");
    other.stdin.hear();
    let (frames, _) = message("input_reply", &json!({"value": "now"}), Value::Null, &[]);
    other.stdin.send(&frames);
    assert_eq!(stdout(&other.until_idle(&id)), "<now>\n");
}

#[test]
fn input_that_will_not_come_is_an_error() {
    let mut front_end = FrontEnd::start();
    let id = front_end.send(
        "execute_request",
        json!({"code": "input Name?", "allow_stdin": false}),
    );
    front_end.until_idle(&id);
    assert_eq!(front_end.shell.hear().content["ename"], "NoInput");
    // Interrupted.
    let id = front_end.execute("input Name?");
    front_end.stdin.hear();
    front_end.control("interrupt_request", json!({}));
    front_end.until_idle(&id);
    assert_eq!(front_end.shell.hear().content["ename"], "Interrupted");
    // A front end that goes while it is asked.
    let mut other = front_end.another(b"another");
    let id = other.execute("input Name?");
    other.stdin.hear();
    drop(other);
    let heard = front_end.until_idle(&id);
    assert_eq!(heard.last().unwrap().content["ename"], "NoInput");
}

#[test]
fn all_front_ends_hear_every_cell() {
    let mut front_end = FrontEnd::start();
    let mut other = front_end.another(b"another");
    let id = front_end.execute("print here");
    assert_eq!(kinds(&other.until_idle(&id)), ["execute_input", "stream"]);
    assert!(other.shell.is_quiet(Duration::from_millis(50)));
}

#[test]
fn cells_that_wait_are_told_to_the_language() {
    let mut front_end = FrontEnd::start();
    front_end.execute("sleep 300");
    for code in ["value 1", "value 2"] {
        front_end.execute(code);
    }
    let id = front_end.execute("ahead");
    let heard = front_end.until_idle(&id);
    let waited: usize = heard[1].content["data"]["text/plain"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(waited >= 3);
}
