//! What a cell writes, back in the order in which it was written, as notebook outputs.

use crate::document::Output;
use radio_runtime::protocol::boundary;
use std::collections::VecDeque;

/// The most text that a cell may write to stdout and stderr, in bytes; the rest is cut off with a notice.
pub const MAX_TEXT: usize = 8 << 20;
/// The most content (pictures, HTML) that a cell may show in blocks, in bytes; the rest is left out with a notice.
pub const MAX_CONTENT: usize = 64 << 20;

/// What an output costs beside its text, in bytes: a cell cannot fill the memory with a million empty ones either.
const OVERHEAD: usize = 128;
/// A longer line does not begin a block, whatever its first word is.
const MAX_OPENING: usize = 1 << 10;
/// The end of stderr that is remembered for what the runtime says before it aborts.
const TAIL: usize = 256;

const BEGIN: &str = "EVCXR_BEGIN_CONTENT";
const END: &str = "EVCXR_END_CONTENT";
/// The line that ends a bundle: the next block begins another one.
const FLUSH: &str = "EVCXR_FLUSH_OUTPUT";
/// What the crate `evcxr_input` writes to ask for a line of input: this, `_PASSWORD` or nothing, a colon, and a prompt.
const INPUT: &str = "EVCXR_INPUT_REQUEST";

/// One of the two streams of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a cell asks its user for, by the crate `evcxr_input`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What is wanted, in the cell's words.
    pub prompt: String,
    /// Whether nobody else is to read the answer.
    pub is_password: bool,
}

impl Request {
    /// A line that a cell waits for without a word.
    pub fn plain() -> Request {
        Request {
            prompt: String::new(),
            is_password: false,
        }
    }
}

/// A piece of what a cell gives, in its order.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'p> {
    /// Text.
    Text(Stream, &'p str),
    /// Something to show, once for each MIME type.
    Content(&'p [(String, String)]),
}

/// Hears every piece as soon as its place in the order is known. The last content of a cell is left out if nothing has
/// followed it.
pub type Live<'l> = dyn FnMut(Piece<'_>) + 'l;

/// A block that was begun and not ended.
#[derive(Debug)]
struct Block {
    mime: String,
    /// Its lines so far.
    content: String,
    /// Where the last of them starts.
    line_start: usize,
    /// Whether the cell has shown too much: the content is then not kept.
    is_left_out: bool,
}

/// Gathers the outputs of one cell after the other.
#[derive(Debug, Default)]
pub struct Collector {
    /// The phase that stdout and stderr have reached; see [`runtime`](radio_runtime::protocol).
    phases: [u32; 2],
    /// What one stream wrote in a phase that the other has not reached.
    early: VecDeque<(Stream, u32, Vec<u8>)>,
    /// The start of a character, or of a line that may begin a block.
    pending: [Vec<u8>; 2],
    block: Option<Block>,
    at_line_start: bool,
    /// How much text and how much content the cell has given.
    written: usize,
    shown: usize,
    /// The last bytes of stderr, of text that was cut off too.
    stderr_tail: Vec<u8>,
    /// How much waits in `early`.
    waiting: usize,
    outputs: Vec<(Output, u32)>,
    /// Whether the last bundle is not to be added to.
    is_flushed: bool,
    /// Whether the last bundle was passed on.
    is_passed: bool,
    /// Whether what a cell asks for is answered; otherwise, asking is the last that is heard of it.
    is_answered: bool,
    /// What the cell has asked for.
    requests: VecDeque<Request>,
    /// Whether the cell has asked for what it does not get.
    has_asked: bool,
}

impl Collector {
    /// A collector for a new program, whose requests for input are answered or not.
    pub fn new(is_answered: bool) -> Collector {
        Collector {
            at_line_start: true,
            is_answered,
            ..Collector::default()
        }
    }

    /// Takes what a stream wrote. `live` hears what comes of it.
    pub fn text(&mut self, stream: Stream, bytes: Vec<u8>, live: &mut Live<'_>) {
        let phase = self.phases[stream as usize];
        if self.phases[1 - stream as usize] >= phase {
            self.in_order(stream, phase, bytes, live);
        } else {
            self.waiting += bytes.len();
            self.early.push_back((stream, phase, bytes));
            if self.waiting > MAX_TEXT + MAX_CONTENT {
                // The other stream does not follow: order is worth less than memory.
                self.take_early(live);
            }
        }
    }

    /// Takes a mark: `stream` is now in `phase`. A stream that ended is in all phases, `u32::MAX`.
    pub fn mark(&mut self, stream: Stream, phase: u32, live: &mut Live<'_>) {
        let reached = &mut self.phases[stream as usize];
        // The last mark of a process that was ended may come after the first ones of that which took its place. (Phases
        // begin anew after the last one.)
        if phase != u32::MAX && phase.wrapping_sub(*reached).cast_signed() < 0 {
            return;
        }
        *reached = phase;
        while let Some((stream, phase, _)) = self.early.front()
            && self.phases[1 - *stream as usize] >= *phase
            && let Some((stream, phase, bytes)) = self.early.pop_front()
        {
            self.waiting -= bytes.len();
            self.in_order(stream, phase, bytes, live);
        }
    }

    /// Whether both streams have reached a phase.
    pub(crate) fn has_reached(&self, phase: u32) -> bool {
        self.phases.iter().all(|&reached| reached >= phase)
    }

    /// Adds an output that came by another way than the streams.
    pub fn push(&mut self, output: Output) {
        self.outputs.push((output, 0));
    }

    /// Ends the cell: what it gave. Content that was written from the phase `result_from` on is the cell's value.
    pub fn finish(&mut self, result_from: Option<u32>, live: &mut Live<'_>) -> Vec<Output> {
        self.take_early(live);
        for stream in [Stream::Stdout, Stream::Stderr] {
            let rest = std::mem::take(&mut self.pending[stream as usize]);
            self.emit(stream, 0, &String::from_utf8_lossy(&rest), live);
        }
        if let Some(block) = self.block.take()
            && !block.is_left_out
        {
            // A block that was never closed is text after all.
            let text = format!("{BEGIN} {}\n{}", block.mime, block.content);
            self.emit(Stream::Stdout, 0, &text, live);
        }
        self.at_line_start = true;
        self.written = 0;
        self.shown = 0;
        self.stderr_tail.clear();
        self.is_flushed = false;
        self.is_passed = false;
        self.requests.clear();
        self.has_asked = false;
        let outputs = std::mem::take(&mut self.outputs);
        let with_kind = outputs.into_iter().map(|(mut output, phase)| {
            if let Output::Data { is_result, .. } = &mut output {
                *is_result |= result_from.is_some_and(|from| phase >= from);
            }
            output
        });
        with_kind.collect()
    }

    /// Whether the cell has asked for input that it did not get so far.
    pub(crate) fn asks_for_input(&self) -> bool {
        !self.requests.is_empty()
    }

    /// Takes the next input that the cell has asked for, if it has.
    pub(crate) fn next_request(&mut self) -> Option<Request> {
        let mut request = self.requests.pop_front()?;
        // The end of the last line is `println!`'s.
        request
            .prompt
            .truncate(request.prompt.trim_end_matches(['\n', '\r']).len());
        Some(request)
    }

    /// Whether the last that the cell wrote to stderr is the Rust runtime's word on a stack that is used up.
    pub(crate) fn tells_of_stack_overflow(&self) -> bool {
        String::from_utf8_lossy(&self.stderr_tail).contains("has overflowed its stack")
    }

    fn take_early(&mut self, live: &mut Live<'_>) {
        self.waiting = 0;
        for (stream, phase, bytes) in std::mem::take(&mut self.early) {
            self.in_order(stream, phase, bytes, live);
        }
    }

    fn in_order(&mut self, stream: Stream, phase: u32, bytes: Vec<u8>, live: &mut Live<'_>) {
        let mut all = std::mem::take(&mut self.pending[stream as usize]);
        all.extend(bytes);
        let rest = all.split_off(all.len() - unfinished_character(&all));
        let text = String::from_utf8_lossy(&all).into_owned();
        self.pending[stream as usize] = rest;
        match stream {
            Stream::Stderr => {
                self.stderr_tail
                    .extend(&all[all.len().saturating_sub(TAIL)..]);
                let surplus = self.stderr_tail.len().saturating_sub(TAIL);
                self.stderr_tail.drain(..surplus);
                self.emit(stream, phase, &text, live);
            }
            Stream::Stdout => {
                for line in text.split_inclusive('\n') {
                    self.stdout_line(phase, line, live);
                }
                if self.has_asked {
                    self.pending[Stream::Stdout as usize].clear();
                }
            }
        }
    }

    /// Takes a line of stdout, or a part of one.
    fn stdout_line(&mut self, phase: u32, line: &str, live: &mut Live<'_>) {
        if self.has_asked {
            // What the cell makes of an answer that nobody gave.
            return;
        }
        if self.block.is_some() {
            self.block_line(phase, line, live);
            return;
        }
        let is_whole = line.ends_with('\n');
        let text = line.trim_end_matches(['\n', '\r']);
        if let Some((before, request)) = split_request(line).filter(|_| is_whole) {
            self.emit(Stream::Stdout, phase, before, live);
            self.at_line_start = true;
            self.has_asked = !self.is_answered;
            self.requests.push_back(request);
            return;
        }
        if let Some(asked) = self
            .requests
            .back_mut()
            .filter(|_| !text.starts_with(BEGIN))
            && asked.prompt.len() <= MAX_OPENING
        {
            // A prompt of several lines: who asked waits for the answer.
            asked.prompt.push_str(line);
            return;
        }
        let may_begin = self.at_line_start
            && text.len() <= MAX_OPENING
            && [BEGIN, FLUSH, INPUT]
                .iter()
                .any(|word| word.starts_with(text) || text.starts_with(word));
        if may_begin && !is_whole && !text.is_empty() {
            // Wait for the rest.
            let mut start = line.as_bytes().to_vec();
            start.append(&mut self.pending[Stream::Stdout as usize]);
            self.pending[Stream::Stdout as usize] = start;
        } else if may_begin
            && let Some(mime) = text
                .strip_prefix(BEGIN)
                .filter(|rest| rest.starts_with(' '))
        {
            self.block = Some(Block {
                mime: mime.trim().to_owned(),
                content: String::new(),
                line_start: 0,
                is_left_out: self.shown > MAX_CONTENT,
            });
        } else if may_begin && text == FLUSH {
            self.is_flushed = true;
        } else {
            self.at_line_start = is_whole;
            self.emit(Stream::Stdout, phase, line, live);
        }
    }

    /// Takes a line of the open block, or a part of one.
    fn block_line(&mut self, phase: u32, line: &str, live: &mut Live<'_>) {
        let Some(block) = &mut self.block else { return };
        if block.is_left_out {
            // Only whether a line closes the block matters, and no long line does.
            if block.content.len() <= END.len() {
                block.content.push_str(line);
            }
        } else {
            block.content.push_str(line);
        }
        if line.ends_with('\n') {
            let last = block.content[block.line_start..].trim_end_matches(['\n', '\r']);
            if last == END {
                block.content.truncate(block.line_start);
                // The line end before the closing line belongs to the block's form.
                block.content.pop();
                if let Some(block) = self.block.take()
                    && !block.is_left_out
                {
                    self.shown += OVERHEAD;
                    self.add_content(phase, block.mime, block.content, live);
                }
                return;
            }
            if block.is_left_out {
                block.content.clear();
            }
            block.line_start = block.content.len();
        }
        if !block.is_left_out {
            self.shown += line.len();
            if self.shown > MAX_CONTENT {
                block.is_left_out = true;
                block.content = block.content.split_off(block.line_start);
                block.line_start = 0;
                let notice = content_notice(&block.mime);
                self.add_text(Stream::Stdout, phase, &notice, live);
            }
        }
    }

    /// Adds a block: to the bundle before it, unless that has its type already.
    fn add_content(&mut self, phase: u32, mime: String, content: String, live: &mut Live<'_>) {
        if let Some((Output::Data { bundle, .. }, begun)) = self.outputs.last_mut()
            && *begun == phase
            && !self.is_flushed
            && !self.is_passed
            && bundle.iter().all(|(held, _)| *held != mime)
        {
            bundle.push((mime, content));
        } else {
            self.pass_content(live);
            self.is_flushed = false;
            self.is_passed = false;
            self.outputs.push((
                Output::Data {
                    bundle: vec![(mime, content)],
                    is_result: false,
                },
                phase,
            ));
        }
    }

    /// Passes on the last output if it is content that was not passed on: nothing is added to it any more.
    fn pass_content(&mut self, live: &mut Live<'_>) {
        if let Some((Output::Data { bundle, .. }, _)) = self.outputs.last()
            && !self.is_passed
        {
            live(Piece::Content(bundle));
            self.is_passed = true;
        }
    }

    /// Passes on the last content although nothing has followed it for a while, unless it is the cell's value, written
    /// from the phase `result_from` on.
    pub fn settle(&mut self, result_from: Option<u32>, live: &mut Live<'_>) {
        let is_value = |phase: &u32| result_from.is_some_and(|from| *phase >= from);
        if self
            .outputs
            .last()
            .is_some_and(|(_, phase)| !is_value(phase))
        {
            self.pass_content(live);
        }
    }

    fn emit(&mut self, stream: Stream, phase: u32, text: &str, live: &mut Live<'_>) {
        if text.is_empty() || self.written > MAX_TEXT {
            return;
        }
        let room = MAX_TEXT - self.written;
        if text.len() > room {
            let text = format!("{}{}", &text[..boundary(text, room)], cut_notice());
            self.add_text(stream, phase, &text, live);
            self.written = MAX_TEXT + 1;
        } else {
            self.written += text.len();
            self.add_text(stream, phase, text, live);
        }
    }

    fn add_text(&mut self, stream: Stream, phase: u32, text: &str, live: &mut Live<'_>) {
        self.pass_content(live);
        live(Piece::Text(stream, text));
        let is_stderr = stream == Stream::Stderr;
        match self.outputs.last_mut() {
            Some((Output::Stream { stderr, text: held }, _)) if *stderr == is_stderr => {
                held.push_str(text)
            }
            _ => {
                self.written += OVERHEAD.min(MAX_TEXT.saturating_sub(self.written));
                self.outputs.push((
                    Output::Stream {
                        stderr: is_stderr,
                        text: text.to_owned(),
                    },
                    phase,
                ))
            }
        }
    }
}

/// The request for input that a line ends with, and what stands before it: a cell may have begun the line itself.
fn split_request(line: &str) -> Option<(&str, Request)> {
    let (before, rest) = line.split_once(INPUT)?;
    let (kind, prompt) = rest.split_once(':')?;
    let is_password = match kind {
        "" => false,
        "_PASSWORD" => true,
        _ => return None,
    };
    let prompt = prompt.to_owned();
    Some((
        before,
        Request {
            prompt,
            is_password,
        },
    ))
}

/// How many bytes at the end of `bytes` are the start of a character whose rest is still to come.
fn unfinished_character(bytes: &[u8]) -> usize {
    let is_unfinished = |&length: &usize| {
        let end = &bytes[bytes.len() - length..];
        std::str::from_utf8(end).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
    };
    (1..=bytes.len().min(3)).find(is_unfinished).unwrap_or(0)
}

fn content_notice(mime: &str) -> String {
    let most = MAX_CONTENT >> 20;
    let mime = mime.get(..64).unwrap_or(mime);
    format!(
        "[radio: this cell showed more than {most} MiB of content; this {mime} and what follows are left out]\n"
    )
}

fn cut_notice() -> String {
    let most = MAX_TEXT >> 20;
    format!("\n[radio: this cell wrote more than {most} MiB of text; the rest is left out]\n")
}

/// A value's text, cut at the same length as what is printed.
pub fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(boundary(&text, MAX_TEXT));
        text.push_str(&cut_notice());
    }
    text
}

#[cfg(test)]
mod tests;
