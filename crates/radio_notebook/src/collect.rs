//! What a cell writes, back in the order in which it was written, as notebook outputs.

use crate::document::Output;
use std::collections::VecDeque;

/// The most text that a cell may write to stdout and stderr, in bytes; the rest is cut off with a notice.
pub const MOST_TEXT: usize = 8 << 20;

const BEGIN: &str = "EVCXR_BEGIN_CONTENT";
const END: &str = "EVCXR_END_CONTENT";

/// One of the two streams of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Gathers the outputs of one cell after the other.
#[derive(Debug, Default)]
pub struct Collector {
    /// The phase that stdout and stderr have reached; see [`runtime`](crate::runtime).
    phases: [u32; 2],
    /// What one stream wrote in a phase that the other has not reached.
    early: VecDeque<(Stream, u32, Vec<u8>)>,
    /// The start of a character, or of a line that may begin a block.
    pending: [Vec<u8>; 2],
    /// The open block: its MIME type and its lines so far.
    block: Option<(String, String)>,
    at_line_start: bool,
    written: usize,
    outputs: Vec<(Output, u32)>,
}

impl Collector {
    /// A collector for a new program.
    pub fn new() -> Collector {
        Collector {
            at_line_start: true,
            ..Collector::default()
        }
    }

    /// Takes what a stream wrote. `live` hears every piece of text as soon as its place in the order is known.
    pub fn text(&mut self, stream: Stream, bytes: Vec<u8>, live: &mut dyn FnMut(Stream, &str)) {
        let phase = self.phases[stream as usize];
        if self.phases[1 - stream as usize] >= phase {
            self.in_order(stream, phase, bytes, live);
        } else {
            self.early.push_back((stream, phase, bytes));
        }
    }

    /// Takes a mark: `stream` is now in `phase`. A stream that ended is in all phases, `u32::MAX`.
    pub fn mark(&mut self, stream: Stream, phase: u32, live: &mut dyn FnMut(Stream, &str)) {
        self.phases[stream as usize] = phase;
        while let Some((stream, phase, _)) = self.early.front()
            && self.phases[1 - *stream as usize] >= *phase
            && let Some((stream, phase, bytes)) = self.early.pop_front()
        {
            self.in_order(stream, phase, bytes, live);
        }
    }

    /// Whether both streams have reached a phase.
    pub fn has_reached(&self, phase: u32) -> bool {
        self.phases.iter().all(|&reached| reached >= phase)
    }

    /// Adds an output that came by another way than the streams.
    pub fn push(&mut self, output: Output) {
        self.outputs.push((output, 0));
    }

    /// Ends the cell: what it gave. Content that was written from the phase `result_from` on is the cell's value.
    pub fn finish(
        &mut self,
        result_from: Option<u32>,
        live: &mut dyn FnMut(Stream, &str),
    ) -> Vec<Output> {
        for (stream, phase, bytes) in std::mem::take(&mut self.early) {
            self.in_order(stream, phase, bytes, live);
        }
        for stream in [Stream::Stdout, Stream::Stderr] {
            let rest = std::mem::take(&mut self.pending[stream as usize]);
            self.emit(stream, 0, &String::from_utf8_lossy(&rest), live);
        }
        if let Some((mime, content)) = self.block.take() {
            // A block that was never closed is text after all.
            self.emit(
                Stream::Stdout,
                0,
                &format!("{BEGIN} {mime}\n{content}"),
                live,
            );
        }
        self.at_line_start = true;
        self.written = 0;
        let outputs = std::mem::take(&mut self.outputs);
        let with_kind = outputs.into_iter().map(|(mut output, phase)| {
            if let Output::Data { is_result, .. } = &mut output {
                *is_result |= result_from.is_some_and(|from| phase >= from);
            }
            output
        });
        with_kind.collect()
    }

    fn in_order(
        &mut self,
        stream: Stream,
        phase: u32,
        bytes: Vec<u8>,
        live: &mut dyn FnMut(Stream, &str),
    ) {
        let mut all = std::mem::take(&mut self.pending[stream as usize]);
        all.extend(bytes);
        let whole = match std::str::from_utf8(&all) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => all.len(),
        };
        let rest = all.split_off(whole);
        let text = String::from_utf8_lossy(&all).into_owned();
        self.pending[stream as usize] = rest;
        match stream {
            Stream::Stderr => self.emit(stream, phase, &text, live),
            Stream::Stdout => {
                for line in text.split_inclusive('\n') {
                    self.stdout_line(phase, line, live);
                }
            }
        }
    }

    /// Takes a line of stdout, or a part of one.
    fn stdout_line(&mut self, phase: u32, line: &str, live: &mut dyn FnMut(Stream, &str)) {
        let is_whole = line.ends_with('\n');
        let text = line.trim_end_matches(['\n', '\r']);
        if let Some((mime, content)) = &mut self.block {
            if !is_whole {
                // Wait for the rest.
                let mut start = line.as_bytes().to_vec();
                start.append(&mut self.pending[Stream::Stdout as usize]);
                self.pending[Stream::Stdout as usize] = start;
            } else if text == END {
                let (mime, mut content) = (std::mem::take(mime), std::mem::take(content));
                // The line end before the closing line belongs to the block's form.
                content.pop();
                self.block = None;
                self.add_content(phase, mime, content);
            } else {
                content.push_str(line);
            }
            return;
        }
        let may_begin = self.at_line_start && (BEGIN.starts_with(text) || text.starts_with(BEGIN));
        if may_begin && !is_whole && !text.is_empty() {
            let mut start = line.as_bytes().to_vec();
            start.append(&mut self.pending[Stream::Stdout as usize]);
            self.pending[Stream::Stdout as usize] = start;
        } else if may_begin
            && let Some(mime) = text
                .strip_prefix(BEGIN)
                .filter(|rest| rest.starts_with(' '))
        {
            self.block = Some((mime.trim().to_owned(), String::new()));
        } else {
            self.at_line_start = is_whole;
            self.emit(Stream::Stdout, phase, line, live);
        }
    }

    /// Adds a block: to the bundle before it, unless that has its type already.
    fn add_content(&mut self, phase: u32, mime: String, content: String) {
        if let Some((Output::Data { bundle, .. }, begun)) = self.outputs.last_mut()
            && *begun == phase
            && bundle.iter().all(|(held, _)| *held != mime)
        {
            bundle.push((mime, content));
        } else {
            self.outputs.push((
                Output::Data {
                    bundle: vec![(mime, content)],
                    is_result: false,
                },
                phase,
            ));
        }
    }

    fn emit(&mut self, stream: Stream, phase: u32, text: &str, live: &mut dyn FnMut(Stream, &str)) {
        if text.is_empty() || self.written > MOST_TEXT {
            return;
        }
        self.written += text.len();
        let mut text = text.to_owned();
        if self.written > MOST_TEXT {
            text.push_str(&cut_notice());
        }
        live(stream, &text);
        let is_stderr = stream == Stream::Stderr;
        match self.outputs.last_mut() {
            Some((Output::Stream { stderr, text: held }, _)) if *stderr == is_stderr => {
                held.push_str(&text)
            }
            _ => self.outputs.push((
                Output::Stream {
                    stderr: is_stderr,
                    text,
                },
                phase,
            )),
        }
    }
}

fn cut_notice() -> String {
    let most = MOST_TEXT >> 20;
    format!("\n[radio: this cell wrote more than {most} MiB of text; the rest is left out]\n")
}

/// A value's text, cut at the same length as what is printed.
pub fn cut(mut text: String) -> String {
    if text.len() > MOST_TEXT {
        let end = (0..=MOST_TEXT).rev().find(|&at| text.is_char_boundary(at));
        text.truncate(end.unwrap_or(0));
        text.push_str(&cut_notice());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stdout(pieces: &[&str]) -> Vec<Output> {
        let mut collector = Collector::new();
        pieces.iter().for_each(|piece| {
            collector.text(Stream::Stdout, piece.as_bytes().to_vec(), &mut |_, _| {})
        });
        collector.finish(None, &mut |_, _| {})
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
        let mut collector = Collector::new();
        let mut heard = String::new();
        let mut live = |_: Stream, text: &str| heard.push_str(text);
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
    fn a_flood_is_cut_and_broken_utf8_is_replaced() {
        let mut collector = Collector::new();
        for _ in 0..20 {
            collector.text(Stream::Stdout, vec![b'x'; 1 << 20], &mut |_, _| {});
        }
        let outputs = collector.finish(None, &mut |_, _| {});
        assert!(
            matches!(&outputs[..], [Output::Stream { text, .. }] if text.len() < 10 << 20 && text.contains("left out"))
        );
        assert!(cut("λ".repeat(MOST_TEXT)).len() < MOST_TEXT + 100 && cut("λ".into()) == "λ");
        assert_eq!(stdout(&["λ"]), [text(false, "λ")]);
        let mut collector = Collector::new();
        collector.text(Stream::Stdout, vec![0xce], &mut |_, _| {});
        collector.text(Stream::Stdout, vec![0xbb, 0xff, b'a'], &mut |_, _| {});
        assert_eq!(
            collector.finish(None, &mut |_, _| {}),
            [text(false, "λ\u{fffd}a")]
        );
    }
}
