//! What two peers tell each other first: the version, and what kind of socket each is.

use super::frame::{self, Received};
use std::io::{self, Read, Write};

/// A kind of socket that is bound here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Takes messages from each peer and answers the one that asked.
    Router,
    /// Sends messages to all peers that have subscribed to them, and is told what they subscribe to.
    Publisher,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Router => "ROUTER",
            Kind::Publisher => "XPUB",
        }
    }

    /// The kinds of the other side that make sense.
    fn peers(self) -> &'static [&'static [u8]] {
        match self {
            Kind::Router => &[b"DEALER", b"REQ", b"ROUTER"],
            Kind::Publisher => &[b"SUB", b"XSUB"],
        }
    }
}

const GREETING: usize = 64;

/// Our greeting: signature, version 3.0, no security, not its server.
fn greeting() -> [u8; GREETING] {
    let mut greeting = [0; GREETING];
    greeting[0] = 0xff;
    greeting[9] = 0x7f;
    greeting[10] = 3;
    greeting[12..16].copy_from_slice(b"NULL");
    greeting
}

/// Greets the peer and reads its READY; returns the identity that it gives itself, which may be empty. Our own READY
/// is still to be sent: who has received it may count on being known.
///
/// # Errors
/// What the connection says, and `InvalidData` if the other side speaks something else.
pub(super) fn shake(stream: &mut (impl Read + Write), kind: Kind) -> io::Result<Vec<u8>> {
    stream.write_all(&greeting())?;
    let mut theirs = [0; GREETING];
    // An older or foreign peer may never send the rest, so the version is looked at before.
    stream.read_exact(&mut theirs[..11])?;
    if theirs[0] != 0xff || theirs[9] & 1 == 0 {
        return Err(refuse("the other side does not speak ZeroMQ's protocol"));
    }
    if theirs[10] < 3 {
        return Err(refuse(
            "the other side speaks a ZeroMQ protocol older than 3.0",
        ));
    }
    stream.read_exact(&mut theirs[11..])?;
    if theirs[12..32] != greeting()[12..32] {
        return Err(refuse(
            "the other side wants another security mechanism than NULL",
        ));
    }
    let body = match frame::read(stream)? {
        Some(Received::Command(body)) => body,
        Some(Received::Message(_)) => return Err(refuse("a message came before READY")),
        None => return Err(io::ErrorKind::UnexpectedEof.into()),
    };
    let properties = body.strip_prefix(b"\x05READY").and_then(properties);
    let properties = properties.ok_or_else(|| refuse("the first command is not a READY"))?;
    let property = |name: &[u8]| {
        let found = properties
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| *value)
    };
    if !kind
        .peers()
        .contains(&property(b"Socket-Type").unwrap_or_default())
    {
        let _ = stream.write_all(&frame::encode_command(b"\x05ERROR\x13Invalid socket type"));
        return Err(refuse(
            "the other side is a socket of a kind that does not go with this one",
        ));
    }
    Ok(property(b"Identity").unwrap_or_default().to_vec())
}

/// Our READY, as bytes.
pub(super) fn ready(kind: Kind) -> Vec<u8> {
    let mut ready = b"\x05READY".to_vec();
    push_property(&mut ready, b"Socket-Type", kind.name().as_bytes());
    if kind == Kind::Router {
        push_property(&mut ready, b"Identity", b"");
    }
    frame::encode_command(&ready)
}

fn push_property(bytes: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    bytes.push(name.len() as u8);
    bytes.extend(name);
    bytes.extend((value.len() as u32).to_be_bytes());
    bytes.extend(value);
}

/// The properties of a READY command, or `None` if it is malformed.
fn properties(mut bytes: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    let mut found = Vec::new();
    while let Some((&length, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at_checked(length.into())?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        found.push((name, value));
        bytes = rest;
    }
    Some(found)
}

fn refuse(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A peer that has said `input`, and what was said to it.
    struct Scripted<'a> {
        input: &'a [u8],
        output: Vec<u8>,
    }

    impl Read for Scripted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.input.read(buffer)
        }
    }

    impl Write for Scripted<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.output.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn hear(input: &[u8], kind: Kind) -> io::Result<Vec<u8>> {
        let output = Vec::new();
        shake(&mut Scripted { input, output }, kind)
    }

    fn dealer() -> Vec<u8> {
        let mut ready = b"\x05READY".to_vec();
        push_property(&mut ready, b"Socket-Type", b"DEALER");
        push_property(&mut ready, b"Identity", b"me");
        [greeting().as_slice(), &frame::encode_command(&ready)].concat()
    }

    #[test]
    fn a_dealer_is_known_by_its_identity() {
        assert_eq!(hear(&dealer(), Kind::Router).unwrap(), b"me");
    }

    #[test]
    fn other_peers_are_refused_by_what_they_are() {
        let says = |input: &[u8], kind| hear(input, kind).unwrap_err().to_string();
        assert!(says(&dealer(), Kind::Publisher).contains("of a kind"));
        assert!(says(b"GET / HTTP/1.1\r\n\r\n", Kind::Router).contains("does not speak"));
        let mut old = dealer();
        old[10] = 1;
        assert!(says(&old, Kind::Router).contains("older"));
        let mut curve = dealer();
        curve[12..17].copy_from_slice(b"CURVE");
        assert!(says(&curve, Kind::Router).contains("security"));
    }

    proptest! {
        #[test]
        fn no_bytes_end_it(damage in prop::collection::vec((0..200_usize, any::<u8>()), 0..8), cut in 0..200_usize) {
            let mut bytes = dealer();
            for (at, byte) in damage {
                let at = at % bytes.len();
                bytes[at] = byte;
            }
            bytes.truncate(cut);
            let _ = hear(&bytes, Kind::Router);
        }
    }
}
