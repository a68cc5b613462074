//! What is answered without waiting for cells, and what goes over the control and heartbeat sockets.

use crate::front_end::{Channel, FrontEnd, kinds, message};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn the_kernel_says_what_it_is() {
    let mut front_end = FrontEnd::start();
    let info = front_end.ask("kernel_info_request", json!({}));
    assert_eq!(
        (&info["status"], &info["protocol_version"]),
        (&json!("ok"), &json!("5.5"))
    );
    assert_eq!(info["language_info"]["file_extension"], ".echo");
    assert_eq!(info["supported_features"], json!(["kernel subshells"]));
    assert_eq!(front_end.control("kernel_info_request", json!({})), info);
}

#[test]
fn questions_are_answered_while_a_cell_runs() {
    let mut front_end = FrontEnd::start();
    front_end.run("let größe\nlet großes");
    front_end.execute("sleep 60000");
    // Cursors count code points, not bytes and not what one sees: 🦀 is one, and so is each half of é.
    let code = "🦀 e\u{301} groß";
    let found = front_end.ask("complete_request", json!({"code": code, "cursor_pos": 9}));
    assert_eq!(found["matches"], json!(["großes"]));
    assert_eq!(
        (&found["cursor_start"], &found["cursor_end"]),
        (&json!(5), &json!(9))
    );
    let kinds = json!([{"start": 5, "end": 9, "text": "großes", "type": "variable"}]);
    assert_eq!(found["metadata"]["_jupyter_types_experimental"], kinds);
    let told = front_end.ask(
        "inspect_request",
        json!({"code": "größe", "cursor_pos": 5, "detail_level": 1}),
    );
    assert_eq!(
        (&told["found"], &told["data"]),
        (&json!(true), &json!({"text/plain": "größe, a name"}))
    );
    let told = front_end.ask("inspect_request", json!({"code": "x", "cursor_pos": 1}));
    assert_eq!(
        (&told["status"], &told["found"], &told["data"]),
        (&json!("ok"), &json!(false), &json!({}))
    );
    let complete = |code: &str| json!({ "code": code });
    assert_eq!(
        front_end.ask("is_complete_request", complete("print a")),
        json!({"status": "complete"})
    );
    let open = json!({"status": "incomplete", "indent": "  "});
    assert_eq!(
        front_end.ask("is_complete_request", complete("print \\")),
        open
    );
    assert_eq!(
        front_end.ask("is_complete_request", complete("prrint")),
        json!({"status": "invalid"})
    );
    assert_eq!(
        front_end.ask("comm_info_request", json!({})),
        json!({"status": "ok", "comms": {}})
    );
    front_end.control("interrupt_request", json!({}));
    assert_eq!(front_end.shell.hear().content["ename"], "Interrupted");
}

#[test]
fn an_interrupt_between_cells_meets_none() {
    let mut front_end = FrontEnd::start();
    assert_eq!(
        front_end.control("interrupt_request", json!({})),
        json!({"status": "ok"})
    );
    assert_eq!(front_end.printed("sleep 50\nprint on"), "on\n");
}

#[test]
fn history_is_kept_over_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let history = || Some(folder.path().join("history"));
    let mut first = FrontEnd::start_with(history());
    first.run("value 1");
    first.run("let a");
    // What is heard last of a cell comes before it is kept.
    first.ask("kernel_info_request", json!({}));
    drop(first);
    let mut second = FrontEnd::start_with(history());
    second.run("value 2");
    let search = json!({"hist_access_type": "search", "pattern": "val*", "raw": true, "output": true, "unique": false});
    let found = second.ask("history_request", search);
    assert_eq!(
        found["history"],
        json!([[1, 1, ["value 1", "1"]], [2, 1, ["value 2", "2"]]])
    );
    let range = json!({"hist_access_type": "range", "session": 1, "start": 2, "stop": 3, "raw": true, "output": false});
    assert_eq!(
        second.ask("history_request", range)["history"],
        json!([[1, 2, "let a"]])
    );
}

#[test]
fn comms_are_spoken_in_both_directions() {
    let mut front_end = FrontEnd::start();
    let open = |target: &str| json!({"comm_id": "c", "target_name": target, "data": {"hello": 1}});
    // A target that nobody speaks for: the comm is closed.
    let id = front_end.send("comm_open", open("nobody"));
    let heard = front_end.until_idle(&id);
    assert_eq!(kinds(&heard), ["comm_close"]);
    assert_eq!(heard[0].content["comm_id"], "c");
    let id = front_end.send("comm_open", open("echo"));
    assert_eq!(
        front_end.until_idle(&id)[0].content,
        json!({"comm_id": "c", "data": {"hello": 1}})
    );
    let comms = json!({"c": {"target_name": "echo"}});
    assert_eq!(
        front_end.ask("comm_info_request", json!({"target_name": "echo"}))["comms"],
        comms
    );
    assert_eq!(
        front_end.ask("comm_info_request", json!({"target_name": "other"}))["comms"],
        json!({})
    );
    // While a cell runs, and with buffers.
    front_end.execute("sleep 60000");
    let said = json!({"comm_id": "c", "data": {"enough": true}});
    let (frames, _) = message("comm_msg", &said, Value::Null, &[vec![0, 255], vec![]]);
    front_end.shell.send(&frames);
    loop {
        let heard = front_end.iopub.hear();
        if heard.kind == "comm_msg" {
            assert_eq!(
                (heard.content, heard.buffers),
                (said, vec![vec![0, 255], vec![]])
            );
            break;
        }
    }
    while front_end.iopub.hear().kind != "comm_close" {}
    assert_eq!(
        front_end.ask("comm_info_request", json!({}))["comms"],
        json!({})
    );
}

#[test]
fn subshells_come_and_go() {
    let mut front_end = FrontEnd::start();
    let subshell = front_end.control("create_subshell_request", json!({}))["subshell_id"].clone();
    assert_eq!(
        front_end.control("list_subshell_request", json!({}))["subshell_id"],
        json!([subshell])
    );
    front_end.begin_sleep();
    let with =
        |kind: &str, content: Value| message(kind, &content, json!({"subshell_id": subshell}), &[]);
    let (frames, id) = with("complete_request", json!({"code": "slee", "cursor_pos": 4}));
    front_end.shell.send(&frames);
    let reply = front_end.shell.hear();
    assert_eq!(reply.content["matches"], json!(["sleep"]));
    assert_eq!(
        (&reply.parent["subshell_id"], &reply.parent["msg_id"]),
        (&subshell, &json!(id))
    );
    // A cell that fails aborts those of its own subshell.
    front_end.execute("value 1");
    let (frames, id) = with("execute_request", json!({"code": "value 2"}));
    front_end.shell.send(&frames);
    // Requests come over the shell socket in order: with this one answered, both cells wait.
    front_end.ask("kernel_info_request", json!({}));
    front_end.control("interrupt_request", json!({}));
    let replies = [
        front_end.shell.hear(),
        front_end.shell.hear(),
        front_end.shell.hear(),
    ];
    let statuses = replies
        .each_ref()
        .map(|reply| reply.content["status"].as_str().unwrap());
    assert_eq!(statuses, ["error", "aborted", "ok"]);
    assert_eq!(replies[2].parent["msg_id"], json!(id));
    let request = json!({"subshell_id": subshell});
    assert_eq!(
        front_end.control("delete_subshell_request", request.clone()),
        json!({"status": "ok"})
    );
    assert_eq!(
        front_end.control("delete_subshell_request", request)["ename"],
        "UnknownSubshell"
    );
    let (frames, _) = with("execute_request", json!({"code": "value 3"}));
    front_end.shell.send(&frames);
    assert_eq!(front_end.shell.hear().content["ename"], "UnknownSubshell");
}

#[test]
fn the_heartbeat_is_an_echo() {
    let front_end = FrontEnd::start();
    let mut heart = Channel::connect(front_end.ports[4], "REQ", b"");
    let beat = vec![Vec::new(), b"ping".to_vec()];
    heart.send(&beat);
    assert_eq!(heart.receive(), beat);
    // Several front ends at once.
    let mut other = Channel::connect(front_end.ports[4], "REQ", b"");
    other.send(&beat);
    assert_eq!(other.receive(), beat);
}

#[test]
fn a_subscriber_hears_what_it_has_subscribed_to() {
    let mut front_end = FrontEnd::start();
    let mut other = Channel::connect(front_end.ports[1], "SUB", b"");
    other.send(&[b"\x01nothing".to_vec()]);
    assert_eq!(other.hear().content, json!({"subscription": "nothing"}));
    front_end.run("print a");
    assert!(other.is_quiet(Duration::from_millis(50)));
    other.send(&[b"\x01kernel.".to_vec()]);
    assert_eq!(other.hear().kind, "iopub_welcome");
    front_end.run("print b");
    assert_eq!(other.hear().kind, "status");
    other.send(&[b"\x00kernel.".to_vec()]);
    while !other.is_quiet(Duration::from_millis(100)) {
        other.hear();
    }
    front_end.run("print c");
    assert!(other.is_quiet(Duration::from_millis(50)));
}
