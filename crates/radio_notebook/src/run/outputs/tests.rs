//! Tests of the parent module.

use super::*;

fn stdout(pieces: &[&str]) -> Vec<Output> {
    let mut collector = Collector::new(false);
    pieces
        .iter()
        .for_each(|piece| collector.text(Stream::Stdout, piece.as_bytes().to_vec(), &mut |_| {}));
    collector.finish(None, &mut |_| {})
}

fn text(stderr: bool, text: &str) -> Output {
    Output::Stream {
        stderr,
        text: text.into(),
    }
}

fn data(bundle: &[(&str, &str)]) -> Output {
    Output::Data {
        bundle: bundle
            .iter()
            .map(|(m, c)| ((*m).into(), (*c).into()))
            .collect(),
        is_result: false,
    }
}

#[test]
fn a_mark_that_comes_late_takes_no_stream_back() {
    let mut collector = Collector::new(false);
    let mut mark = |phase| {
        for stream in [Stream::Stdout, Stream::Stderr] {
            collector.mark(stream, phase, &mut |_| {});
        }
        [5, 9, u32::MAX].map(|phase| collector.has_reached(phase))
    };
    assert_eq!(mark(9), [true, true, false]);
    assert_eq!(mark(4), [true, true, false]);
    assert_eq!(mark(u32::MAX), [true; 3]);
    // After the last phase comes the first one.
    assert_eq!(mark(5), [true, false, false]);
}

#[test]
fn blocks_of_different_types_are_one_bundle_and_of_equal_types_two() {
    let all = "a\nEVCXR_BEGIN_CONTENT text/html\n<b>x</b>\n<i>\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/plain\nx\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/plain\ny\nEVCXR_END_CONTENT\nb";
    let expected = vec![
        text(false, "a\n"),
        data(&[("text/html", "<b>x</b>\n<i>"), ("text/plain", "x")]),
        data(&[("text/plain", "y")]),
        text(false, "b"),
    ];
    assert_eq!(stdout(&[all]), expected);
    let characters: Vec<String> = all.chars().map(String::from).collect();
    assert_eq!(
        stdout(&characters.iter().map(String::as_str).collect::<Vec<_>>()),
        expected
    );
}

#[test]
fn a_flush_ends_a_bundle_and_a_request_for_input_is_noticed() {
    let block = |mime: &str| format!("{BEGIN} {mime}\nx\n{END}\n");
    let all = block("text/html") + "EVCXR_FLUSH_OUTPUT\n" + &block("text/plain");
    assert_eq!(
        stdout(&[&all]),
        [data(&[("text/html", "x")]), data(&[("text/plain", "x")])]
    );
    for (line, request) in [
        ("EVCXR_INPUT_REQUEST:Name: \n", Some(("Name: ", false))),
        ("EVCXR_INPUT_REQUEST_PASSWORD:p\n", Some(("p", true))),
        ("begun EVCXR_INPUT_REQUEST:p:q\n", Some(("p:q", false))),
        ("EVCXR_INPUT_REQUESTS:p\n", None),
    ] {
        let mut collector = Collector::new(false);
        collector.text(Stream::Stdout, line.into(), &mut |_| {});
        let request = request.map(|(prompt, is_password)| Request {
            prompt: prompt.to_owned(),
            is_password,
        });
        assert_eq!(collector.next_request(), request, "{line}");
    }
}

#[test]
fn requests_that_are_answered_come_one_after_the_other() {
    let mut collector = Collector::new(true);
    let all = "a\nEVCXR_INPUT_REQUEST:1\nEVCXR_INPUT_REQUEST:2) tea\n3) coffee\nwhat? \n";
    collector.text(Stream::Stdout, all.into(), &mut |_| {});
    assert!(collector.asks_for_input());
    let prompts: Vec<_> = std::iter::from_fn(|| collector.next_request())
        .map(|request| request.prompt)
        .collect();
    assert_eq!(prompts, ["1", "2) tea\n3) coffee\nwhat? "]);
    collector.text(Stream::Stdout, "b\n".into(), &mut |_| {});
    assert_eq!(collector.finish(None, &mut |_| {}), [text(false, "a\nb\n")]);
}

#[test]
fn what_comes_behind_a_request_for_input_is_dropped() {
    let all = "a\nEVCXR_INPUT_REQUEST:Name: \nEVCXR_BEGIN_CONTENT text/plain\n\"\"\nEVCXR_END_CONTENT\nEVCXR_BEG\u{3bb}";
    let all = &all.as_bytes()[..all.len() - 1];
    for at in 0..all.len() {
        let mut collector = Collector::new(false);
        for piece in [&all[..at], &all[at..]] {
            collector.text(Stream::Stdout, piece.to_vec(), &mut |_| {});
        }
        assert_eq!(collector.next_request().unwrap().prompt, "Name: ");
        assert_eq!(
            collector.finish(None, &mut |_| {}),
            [text(false, "a\n")],
            "cut at {at}"
        );
    }
}

#[test]
fn what_only_looks_like_a_block_is_text() {
    for all in [
        "EVCXR_BEGIN_",
        "EVCXR_BEGIN_CONTENTx y\n",
        "x EVCXR_BEGIN_CONTENT text/html\n",
        "EVCXR_BEGIN_CONTENT text/html\nopen\n",
    ] {
        assert_eq!(stdout(&[all]), [text(false, all)]);
    }
}

#[test]
fn streams_are_put_into_the_order_of_their_phases() {
    let mut collector = Collector::new(false);
    let mut heard = String::new();
    let mut live = |piece: Piece<'_>| match piece {
        Piece::Text(_, text) => heard.push_str(text),
        Piece::Content(_) => heard.push('*'),
    };
    // Written: out "1", err "2", out "3"; stderr's pipe is read late.
    collector.text(Stream::Stdout, b"1".to_vec(), &mut live);
    collector.mark(Stream::Stdout, 1, &mut live);
    collector.mark(Stream::Stdout, 2, &mut live);
    collector.text(Stream::Stdout, b"3".to_vec(), &mut live);
    collector.mark(Stream::Stderr, 1, &mut live);
    collector.text(Stream::Stderr, b"2".to_vec(), &mut live);
    collector.mark(Stream::Stderr, 2, &mut live);
    assert_eq!(
        collector.finish(None, &mut live),
        [text(false, "1"), text(true, "2"), text(false, "3")]
    );
    assert_eq!(heard, "123");
}

#[test]
fn content_is_kept_up_to_its_own_limit() {
    let block = |size: usize| {
        let line = "x".repeat(size);
        format!("EVCXR_BEGIN_CONTENT image/png\n{line}\nEVCXR_END_CONTENT\n").into_bytes()
    };
    let mut collector = Collector::new(false);
    for size in [40 << 20, 1, 30 << 20, 1] {
        for piece in block(size).chunks(1 << 16) {
            collector.text(Stream::Stdout, piece.to_vec(), &mut |_| {});
        }
    }
    collector.text(Stream::Stdout, b"after\n".to_vec(), &mut |_| {});
    let outputs = collector.finish(None, &mut |_| {});
    let sizes: Vec<_> = outputs
        .iter()
        .map(|output| match output {
            Output::Data { bundle, .. } => bundle[0].1.len(),
            _ => 0,
        })
        .collect();
    assert_eq!(sizes, [40 << 20, 1, 0]);
    let Some(Output::Stream { text, .. }) = outputs.last() else {
        panic!()
    };
    assert!(
        text.contains("64 MiB") && text.ends_with("left out]\nafter\n"),
        "{text}"
    );
    // The next cell has all the room again.
    collector.text(Stream::Stdout, block(7), &mut |_| {});
    assert_eq!(
        collector.finish(None, &mut |_| {}),
        [data(&[("image/png", "xxxxxxx")])]
    );
}

#[test]
fn many_small_outputs_are_a_flood_too() {
    let mut collector = Collector::new(false);
    for phase in 1..200_000 {
        let stream = [Stream::Stdout, Stream::Stderr][phase as usize % 2];
        collector.mark(Stream::Stdout, phase, &mut |_| {});
        collector.mark(Stream::Stderr, phase, &mut |_| {});
        collector.text(stream, b"x".to_vec(), &mut |_| {});
    }
    let outputs = collector.finish(None, &mut |_| {});
    assert!(outputs.len() < 100_000, "{}", outputs.len());
    assert!(
        matches!(outputs.last(), Some(Output::Stream { text, .. }) if text.contains("left out"))
    );
}

#[test]
fn a_flood_is_cut_and_broken_utf8_is_replaced() {
    let mut collector = Collector::new(false);
    for _ in 0..20 {
        collector.text(Stream::Stdout, vec![b'x'; 1 << 20], &mut |_| {});
    }
    let outputs = collector.finish(None, &mut |_| {});
    assert!(
        matches!(&outputs[..], [Output::Stream { text, .. }] if text.len() < 10 << 20 && text.contains("left out"))
    );
    assert!(cut("λ".repeat(MAX_TEXT)).len() < MAX_TEXT + 100 && cut("λ".into()) == "λ");
    assert_eq!(stdout(&["λ"]), [text(false, "λ")]);
    for flood in ["x", "EVCXR_BEGIN_CONTENT ", "EVCXR_BEGIN_CONTENT a/b\n"] {
        let mut collector = Collector::new(false);
        collector.text(Stream::Stdout, flood.into(), &mut |_| {});
        for _ in 0..700 {
            collector.text(Stream::Stdout, vec![b'x'; 1 << 17], &mut |_| {});
        }
        let outputs = collector.finish(None, &mut |_| {});
        let [Output::Stream { text, .. }] = &outputs[..] else {
            panic!("{} outputs", outputs.len())
        };
        assert!(text.len() < MAX_TEXT + 200 && text.contains("left out"));
    }
    let mut collector = Collector::new(false);
    collector.text(Stream::Stdout, vec![0xce], &mut |_| {});
    collector.text(Stream::Stdout, vec![0xbb, 0xff, b'a'], &mut |_| {});
    assert_eq!(
        collector.finish(None, &mut |_| {}),
        [text(false, "λ\u{fffd}a")]
    );
}
