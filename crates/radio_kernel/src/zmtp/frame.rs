//! Frames as bytes: flags, length, body.

use std::io::{self, Read};

/// One message: its frames in order.
pub type Frames = Vec<Vec<u8>>;

/// How long a message may be in all, in bytes. A peer that sends a longer one is disconnected.
pub const MAX_MESSAGE: usize = 1 << 29;
/// How many frames a message may have.
const MAX_FRAMES: usize = 1 << 12;

const MORE: u8 = 1;
const LONG: u8 = 2;
const COMMAND: u8 = 4;

/// What arrives after the greeting.
#[derive(Debug, PartialEq)]
pub(super) enum Received {
    /// Something to read.
    Message(Frames),
    /// Something between the two sockets.
    Command(Vec<u8>),
}

/// Reads one message or command; `None` where the peer has closed the connection between two of them.
///
/// # Errors
/// What the connection says, `UnexpectedEof` if it ends within a message, and `InvalidData` if the bytes are no frames
/// or the message is too long.
pub(super) fn read(stream: &mut impl Read) -> io::Result<Option<Received>> {
    let mut frames = Frames::new();
    let mut left = MAX_MESSAGE;
    loop {
        let Some(flags) = read_flags(stream, frames.is_empty())? else {
            return Ok(None);
        };
        if flags & !(MORE | LONG | COMMAND) != 0 {
            return Err(invalid(format!("a frame has the flags {flags:#04x}")));
        }
        let length = read_length(stream, flags & LONG != 0)?;
        let length = usize::try_from(length)
            .ok()
            .filter(|length| *length <= left);
        let Some(length) = length else {
            return Err(invalid(format!(
                "a message is longer than {MAX_MESSAGE} bytes"
            )));
        };
        left -= length;
        let body = read_body(stream, length)?;
        if flags & COMMAND != 0 {
            if flags & MORE != 0 || !frames.is_empty() {
                return Err(invalid("a command is part of a message".into()));
            }
            return Ok(Some(Received::Command(body)));
        }
        frames.push(body);
        if flags & MORE == 0 {
            return Ok(Some(Received::Message(frames)));
        }
        if frames.len() == MAX_FRAMES {
            return Err(invalid(format!(
                "a message has more than {MAX_FRAMES} frames"
            )));
        }
    }
}

/// Reads one message, over commands; `None` at the end.
///
/// # Errors
/// As the connection says, and `InvalidData` if the bytes are no frames.
pub fn read_message(stream: &mut impl Read) -> io::Result<Option<Frames>> {
    loop {
        match read(stream)? {
            Some(Received::Message(frames)) => return Ok(Some(frames)),
            Some(Received::Command(_)) => {}
            None => return Ok(None),
        }
    }
}

fn read_flags(stream: &mut impl Read, is_first: bool) -> io::Result<Option<u8>> {
    let mut flags = [0];
    loop {
        match stream.read(&mut flags) {
            Ok(0) if is_first => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => return Ok(Some(flags[0])),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn read_length(stream: &mut impl Read, is_long: bool) -> io::Result<u64> {
    let mut bytes = [0; 8];
    let from = if is_long { 0 } else { 7 };
    stream.read_exact(&mut bytes[from..])?;
    Ok(u64::from_be_bytes(bytes))
}

/// The memory grows with what arrives, not with what is announced.
fn read_body(stream: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(length.min(1 << 16));
    stream.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// A message as bytes.
pub fn encode<F: AsRef<[u8]>>(frames: &[F]) -> Vec<u8> {
    let length = frames.iter().map(|frame| frame.as_ref().len() + 9).sum();
    let mut bytes = Vec::with_capacity(length);
    for (i, frame) in frames.iter().enumerate() {
        let more = if i + 1 < frames.len() { MORE } else { 0 };
        push(&mut bytes, more, frame.as_ref());
    }
    bytes
}

/// A command as bytes.
pub(super) fn encode_command(body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + 9);
    push(&mut bytes, COMMAND, body);
    bytes
}

fn push(bytes: &mut Vec<u8>, flags: u8, body: &[u8]) {
    match u8::try_from(body.len()) {
        Ok(length) => bytes.extend([flags, length]),
        Err(_) => {
            bytes.push(flags | LONG);
            bytes.extend((body.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(body);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_is_read(frames in vec(vec(any::<u8>(), 0..600), 1..6), rest in vec(any::<u8>(), 0..9)) {
            let mut bytes = encode(&frames);
            bytes.extend(&rest);
            let mut stream = bytes.as_slice();
            prop_assert_eq!(read(&mut stream).unwrap(), Some(Received::Message(frames)));
            prop_assert_eq!(stream, rest.as_slice());
        }

        #[test]
        fn a_command_is_read(body in vec(any::<u8>(), 0..600)) {
            let bytes = encode_command(&body);
            prop_assert_eq!(read(&mut bytes.as_slice()).unwrap(), Some(Received::Command(body)));
        }

        #[test]
        fn what_is_cut_short_is_an_error(frames in vec(vec(any::<u8>(), 0..300), 1..4), cut in any::<prop::sample::Index>()) {
            let bytes = encode(&frames);
            let cut = cut.index(bytes.len());
            match read(&mut &bytes[..cut]) {
                Ok(None) => prop_assert_eq!(cut, 0),
                Ok(Some(_)) => prop_assert!(false, "read a message from {} of {} bytes", cut, bytes.len()),
                Err(error) => prop_assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof),
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..2000)) {
            let mut stream = bytes.as_slice();
            while let Ok(Some(_)) = read(&mut stream) {}
        }
    }

    #[test]
    fn frames_have_the_bytes_of_the_specification() {
        assert_eq!(encode(&[b"ab".as_slice(), b""]), [1, 2, b'a', b'b', 0, 0]);
        let long = encode(&[[7; 256]]);
        assert_eq!(long[..9], [2, 0, 0, 0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn an_announced_length_costs_nothing() {
        let mut bytes = vec![LONG];
        bytes.extend((1_u64 << 45).to_be_bytes());
        let error = read(&mut bytes.as_slice()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a message is longer than 536870912 bytes"
        );
        let mut bytes = vec![LONG];
        bytes.extend((MAX_MESSAGE as u64).to_be_bytes());
        let error = read(&mut bytes.as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
