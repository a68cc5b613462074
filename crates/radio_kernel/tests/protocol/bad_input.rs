//! What is no message, and messages that make no sense: an answer or a note, never a hang, never the end of the kernel.

use crate::front_end::{Channel, FrontEnd, connection_file, message, signer};
use radio_kernel::connection::Connection;
use radio_kernel::kernel::Kernel;
use radio_kernel::zmtp::{Kind, Socket};
use serde_json::{Value, json};
use std::time::Duration;

fn is_alive(front_end: &mut FrontEnd) {
    assert_eq!(front_end.printed("print alive"), "alive\n");
}

#[test]
fn a_message_that_is_not_signed_right_is_ignored() {
    let mut front_end = FrontEnd::start();
    let (good, _) = message(
        "execute_request",
        &json!({"code": "print no"}),
        Value::Null,
        &[],
    );
    for part in 1..good.len() {
        let mut frames = good.clone();
        if part == 1 {
            frames[1] = b"0".repeat(64);
        } else {
            frames[part].push(b' ');
        }
        front_end.shell.send(&frames);
        front_end.control.send(&frames);
        front_end.stdin.send(&frames);
    }
    assert!(front_end.shell.is_quiet(Duration::from_millis(50)));
    is_alive(&mut front_end);
}

#[test]
fn a_message_that_is_cut_short_is_ignored() {
    let mut front_end = FrontEnd::start();
    let (good, _) = message("kernel_info_request", &json!({}), Value::Null, &[]);
    for length in 1..good.len() {
        front_end.shell.send(&good[..length]);
        front_end.shell.send(&good[length..]);
    }
    assert!(front_end.shell.is_quiet(Duration::from_millis(50)));
    is_alive(&mut front_end);
}

#[test]
fn parts_that_are_not_json_are_named_where_there_is_somebody_to_tell() {
    let mut front_end = FrontEnd::start();
    let signed = |header: &str, content: &[u8]| {
        let parts = [header.as_bytes(), b"{}", b"{}", content].map(<[u8]>::to_vec);
        let mut frames = vec![b"<IDS|MSG>".to_vec(), signer().sign(&parts).into_bytes()];
        frames.extend(parts);
        frames
    };
    for header in [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "{\"msg_id\": 3, \"msg_type\": \"x\"}",
    ] {
        front_end.shell.send(&signed(header, b"{}"));
    }
    assert!(front_end.shell.is_quiet(Duration::from_millis(50)));
    let broken: [&[u8]; 6] = [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"{\"code\": \"\\ud800\", \"cursor_pos\": 0}",
    ];
    for kind in ["execute", "complete", "inspect", "is_complete", "history"] {
        for content in broken {
            let header = json!({"msg_id": "m", "msg_type": format!("{kind}_request")}).to_string();
            front_end.shell.send(&signed(&header, content));
            let reply = front_end.shell.hear();
            assert_eq!(reply.kind, format!("{kind}_reply"));
            assert_eq!(
                (&reply.content["status"], &reply.content["ename"]),
                (&json!("error"), &json!("BadRequest"))
            );
            let evalue = reply.content["evalue"].as_str().unwrap();
            assert!(
                evalue.starts_with("its content cannot be read: "),
                "{evalue}"
            );
        }
    }
    let header = json!({"msg_id": "m", "msg_type": "comm_open"}).to_string();
    front_end.shell.send(&signed(&header, b"[]"));
    is_alive(&mut front_end);
}

#[test]
fn requests_that_nobody_knows_are_answered() {
    let mut front_end = FrontEnd::start();
    let reply = front_end.ask("debug_request", json!({"command": "initialize"}));
    assert_eq!(
        (&reply["status"], &reply["ename"]),
        (&json!("error"), &json!("UnknownRequest"))
    );
    assert_eq!(
        front_end.control("usage_request", json!({}))["ename"],
        "UnknownRequest"
    );
    assert_eq!(
        front_end.control("delete_subshell_request", json!({}))["ename"],
        "BadRequest"
    );
    front_end.send("nonsense", json!({}));
    is_alive(&mut front_end);
}

#[test]
fn cursors_may_be_anywhere() {
    let mut front_end = FrontEnd::start();
    for cursor in [0, 1, 5, u64::from(u32::MAX)] {
        for kind in ["complete_request", "inspect_request"] {
            let reply = front_end.ask(kind, json!({"code": "é", "cursor_pos": cursor}));
            assert_eq!(reply["status"], "ok");
        }
    }
    let reply = front_end.ask("complete_request", json!({"code": "é", "cursor_pos": -1}));
    assert_eq!(reply["ename"], "BadRequest");
}

#[test]
fn a_message_of_50_mb_is_taken() {
    let mut front_end = FrontEnd::start();
    let text = "x".repeat(50_000_000);
    let (reply, heard) = front_end.run(&format!("unknown {text}"));
    assert_eq!(
        (&reply["status"], &reply["ename"]),
        (&json!("error"), &json!("UnknownWord"))
    );
    assert_eq!(heard.len(), 1);
    assert_eq!(
        front_end.printed(&format!("write {text}")).len(),
        text.len()
    );
    is_alive(&mut front_end);
}

#[test]
fn bytes_that_are_no_frames_end_their_connection_only() {
    let mut front_end = FrontEnd::start();
    for bytes in [
        b"\xff\xff\xff".as_slice(),
        b"\x02\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x02\x00\x00\x20\x00\x00\x00\x00\x00",
    ] {
        for port in front_end.ports.clone() {
            let kind = if port == front_end.ports[1] {
                "SUB"
            } else {
                "DEALER"
            };
            let mut channel = Channel::connect(port, kind, b"");
            channel.send_bytes(bytes);
            assert!(channel.is_closed(), "{bytes:?} to {port}");
        }
    }
    // Somebody who is cut off within a message.
    let (frames, _) = message(
        "execute_request",
        &json!({"code": "print no"}),
        Value::Null,
        &[],
    );
    let bytes = radio_kernel::zmtp::encode(&frames);
    for cut in [1, 2, 40, bytes.len() - 1] {
        Channel::connect(front_end.ports[0], "DEALER", b"").send_bytes(&bytes[..cut]);
    }
    is_alive(&mut front_end);
}

#[test]
fn a_browser_is_shown_the_door() {
    use std::io::{Read, Write};
    let mut front_end = FrontEnd::start();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", front_end.ports[0])).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    stream
        .set_read_timeout(Some(crate::front_end::LONG))
        .unwrap();
    let mut said = Vec::new();
    // It may be closed with or without a word.
    let _ = stream.read_to_end(&mut said);
    assert!(said.len() <= 64);
    is_alive(&mut front_end);
}

#[test]
fn a_front_end_that_does_not_read_holds_up_nobody_for_long() {
    let mut front_end = FrontEnd::start();
    let mut deaf = Channel::connect(front_end.ports[1], "SUB", b"");
    deaf.send(&[vec![1]]);
    let text = "x".repeat(30_000_000);
    for _ in 0..6 {
        assert_eq!(
            front_end.printed(&format!("write {text}")).len(),
            text.len()
        );
    }
    is_alive(&mut front_end);
}

/// Else what is sent to a front end that has just come back goes to the connection that it has lost.
#[test]
fn a_peer_that_has_received_ready_is_known() {
    let address = "127.0.0.1:0".parse().unwrap();
    let socket = Socket::bind("a socket", Kind::Router, address).unwrap();
    socket.serve(|_| ()).unwrap();
    for number in 0..100 {
        let identity = format!("peer {number}").into_bytes();
        let _channel = Channel::connect(socket.address().port(), "DEALER", &identity);
        assert!(socket.has_peer(&identity));
    }
}

#[test]
fn a_front_end_that_comes_back_takes_its_place() {
    let mut front_end = FrontEnd::start();
    let mut again = front_end.another(b"front end");
    assert_eq!(again.printed("print back"), "back\n");
    let id = again.execute("input Name?");
    assert_eq!(again.stdin.hear().parent["msg_id"], json!(id));
    again.control("interrupt_request", json!({}));
    again.until_idle(&id);
    assert!(front_end.shell.is_closed());
}

#[test]
fn a_port_that_is_taken_is_named() {
    let front_end = FrontEnd::start();
    let connection =
        Connection::parse(connection_file(&front_end.ports).to_string().as_bytes()).unwrap();
    let started = Kernel::start(
        &connection,
        Box::new(crate::front_end::language::Echo::default()),
        None,
    );
    let error = started.err().unwrap().to_string();
    let expected = format!(
        "the shell socket cannot be bound to 127.0.0.1:{}: ",
        front_end.ports[0]
    );
    assert!(error.starts_with(&expected), "{error}");
}
