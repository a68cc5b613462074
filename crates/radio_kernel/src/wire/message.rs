//! The envelope: `identities, "<IDS|MSG>", signature, header, parent header, metadata, content, buffers...`.

use super::{Content, Header, PROTOCOL_VERSION, Signer};
use crate::zmtp::Frames;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// What stands between the identities and the message.
pub const DELIMITER: &[u8] = b"<IDS|MSG>";

/// A message that was received.
#[derive(Clone, Debug)]
pub struct Message {
    /// The way back to who sent it.
    pub identities: Frames,
    /// Its header.
    pub header: Header,
    /// The header as it came: it becomes the parent header of all that is said about this message.
    pub raw_header: Box<RawValue>,
    /// Its content as it came.
    content: Vec<u8>,
    /// The binary buffers that belong to it.
    pub buffers: Frames,
}

/// Why a message is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// There is no delimiter, or too little follows it.
    #[error("it is cut short")]
    CutShort,
    /// The signature is not that of the message.
    #[error("its signature is wrong")]
    Signature,
    /// A part is not JSON, or not of the form that the protocol gives it.
    #[error("its {part} cannot be read: {reason}")]
    Part {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        reason: serde_json::Error,
    },
}

impl Message {
    /// Takes a message apart and checks its signature. `frames` begin with the identities.
    ///
    /// # Errors
    /// [`Problem`] if it is none.
    pub fn read(mut frames: Frames, signer: &Signer) -> Result<Message, Problem> {
        let at = frames.iter().position(|frame| frame == DELIMITER);
        let mut rest = frames.split_off(at.ok_or(Problem::CutShort)?);
        if rest.len() < 6 {
            return Err(Problem::CutShort);
        }
        let buffers = rest.split_off(6);
        if !signer.accepts(&rest[2..], &rest[1]) {
            return Err(Problem::Signature);
        }
        let content = rest.swap_remove(5);
        let raw_header: Box<RawValue> = json("header", &rest[2])?;
        let header = json("header", raw_header.get().as_bytes())?;
        Ok(Message {
            identities: frames,
            header,
            raw_header,
            content,
            buffers,
        })
    }

    /// Its content as one of the types of this module.
    ///
    /// # Errors
    /// [`Problem::Part`] if it is not of this form.
    pub fn content<C: DeserializeOwned>(&self) -> Result<C, Problem> {
        json("content", &self.content)
    }
}

fn json<T: DeserializeOwned>(part: &'static str, bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|reason| Problem::Part { part, reason })
}

/// What all messages of one kernel have in common.
pub struct Session {
    /// The kernel's own id.
    pub id: String,
    /// How they are signed.
    pub signer: Signer,
    username: String,
    sent: AtomicU64,
}

impl Session {
    /// A new session with an id that nobody else has.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn new(signer: Signer) -> std::io::Result<Session> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(std::io::Error::from)?;
        Ok(Session {
            id: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            signer,
            username: "kernel".into(),
            sent: AtomicU64::new(0),
        })
    }

    /// A message as frames. `to` are the identities or the topic that it begins with; `parent` is the header of the
    /// message that it is about.
    ///
    /// # Errors
    /// If the content cannot be written as JSON.
    pub fn write<C: Content + ?Sized>(
        &self,
        to: &[Vec<u8>],
        content: &C,
        parent: Option<&RawValue>,
        metadata: &serde_json::Map<String, serde_json::Value>,
        buffers: &[Vec<u8>],
    ) -> serde_json::Result<Frames> {
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        let header = Header {
            msg_id: format!("{}_{number}", self.id),
            session: self.id.clone(),
            username: self.username.clone(),
            date: humantime::format_rfc3339_micros(SystemTime::now()).to_string(),
            msg_type: content.message_type().to_owned(),
            version: PROTOCOL_VERSION.to_owned(),
            subshell_id: None,
        };
        let parent = parent.map_or("{}", RawValue::get).as_bytes().to_vec();
        let parts = [bytes(&header)?, parent, bytes(metadata)?, bytes(content)?];
        let mut frames = to.to_vec();
        frames.push(DELIMITER.to_vec());
        frames.push(self.signer.sign(&parts).into_bytes());
        frames.extend(parts);
        frames.extend_from_slice(buffers);
        Ok(frames)
    }
}

fn bytes(value: &(impl Serialize + ?Sized)) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Stream, StreamName};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    fn signer() -> Signer {
        Signer::new("hmac-sha256", "a key").unwrap()
    }

    fn stream(text: &str) -> Stream {
        Stream {
            name: StreamName::Stdout,
            text: text.to_owned(),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            identities in vec(vec(any::<u8>(), 1..20), 0..3),
            text in any::<String>(),
            buffers in vec(vec(any::<u8>(), 0..50), 0..3),
        ) {
            prop_assume!(!identities.iter().any(|identity| identity == DELIMITER));
            let session = Session::new(signer()).unwrap();
            let frames = session.write(&identities, &stream(&text), None, &Map::new(), &buffers).unwrap();
            let message = Message::read(frames, &signer()).unwrap();
            prop_assert_eq!(&message.identities, &identities);
            prop_assert_eq!(&message.buffers, &buffers);
            prop_assert_eq!(&message.header.msg_type, "stream");
            prop_assert_eq!(&message.header.session, &session.id);
            let content: Value = message.content().unwrap();
            prop_assert_eq!(content["text"].as_str(), Some(text.as_str()));
            // What is said about it has its header as it came.
            let raw = message.raw_header.get().to_owned();
            let about = session.write(&[], &stream(""), Some(&message.raw_header), &Map::new(), &[]).unwrap();
            prop_assert_eq!(&about[3], raw.as_bytes());
        }

        #[test]
        fn a_changed_byte_is_noticed(part in 1..6_usize, at in any::<prop::sample::Index>(), change in 1..=255_u8) {
            let session = Session::new(signer()).unwrap();
            let mut frames = session.write(&[], &stream("text"), None, &Map::new(), &[]).unwrap();
            let at = at.index(frames[part].len());
            frames[part][at] ^= change;
            let is_case = part == 1 && change == 0x20;
            let refused = matches!(Message::read(frames, &signer()), Err(Problem::Signature));
            prop_assert!(refused || is_case);
        }

        #[test]
        fn any_frames_are_read_or_refused(frames in vec(vec(any::<u8>(), 0..30), 0..9), at in 0..9_usize) {
            let mut frames = frames;
            frames.insert(at.min(frames.len()), DELIMITER.to_vec());
            let unsigned = Signer::new("", "").unwrap();
            let _ = Message::read(frames, &unsigned);
        }
    }

    #[test]
    fn what_is_no_message_is_refused_by_name() {
        let unsigned = Signer::new("", "").unwrap();
        let says = |parts: &[&str]| {
            let frames = parts.iter().map(|part| part.as_bytes().to_vec()).collect();
            Message::read(frames, &unsigned).unwrap_err().to_string()
        };
        assert_eq!(says(&[]), "it is cut short");
        assert_eq!(
            says(&["<IDS|MSG>", "", "{}", "{}", "{}"]),
            "it is cut short"
        );
        assert!(
            says(&["<IDS|MSG>", "", "{", "{}", "{}", "{}"])
                .starts_with("its header cannot be read: EOF")
        );
        assert!(
            says(&["<IDS|MSG>", "", "{}", "{}", "{}", "{}"]).contains("missing field `msg_id`")
        );
    }
}
