//! What all front ends hear.

use crate::wire::{Bundle, Content, IopubWelcome, Session, State, Status};
use crate::zmtp::{Event, Socket};
use serde_json::value::RawValue;
use std::io;
use std::sync::Arc;

/// The socket that all front ends listen to.
pub(crate) struct IoPub {
    socket: Arc<Socket>,
    session: Arc<Session>,
}

impl IoPub {
    pub(crate) fn new(socket: Arc<Socket>, session: Arc<Session>) -> IoPub {
        IoPub { socket, session }
    }

    /// Welcomes everybody who subscribes.
    pub(crate) fn serve(&self) -> io::Result<()> {
        let (socket, session) = (Arc::clone(&self.socket), Arc::clone(&self.session));
        self.socket.serve(move |event| {
            let Event::Subscribed { by, topic } = event else {
                return;
            };
            let subscription = String::from_utf8_lossy(&topic).into_owned();
            let welcome = IopubWelcome { subscription };
            // It begins with the topic, or the subscriber would not see it.
            match session.write(&[topic], &welcome, None, &Bundle::new(), &[]) {
                Ok(frames) => drop(socket.send(&by, &frames)),
                Err(error) => note!("a welcome could not be written: {error}"),
            }
        })
    }

    /// Says something about the message with this header.
    pub(crate) fn publish<C: Content>(&self, content: &C, parent: Option<&RawValue>) {
        self.publish_with(content, parent, &[]);
    }

    /// Says something that has buffers.
    pub(crate) fn publish_with<C: Content>(
        &self,
        content: &C,
        parent: Option<&RawValue>,
        buffers: &[Vec<u8>],
    ) {
        let topic = format!("kernel.{}.{}", self.session.id, content.message_type());
        let written = self.session.write(
            &[topic.into_bytes()],
            content,
            parent,
            &Bundle::new(),
            buffers,
        );
        match written {
            Ok(frames) => self.socket.publish(&frames),
            Err(error) => note!("a message could not be written: {error}"),
        }
    }

    /// Says whether the kernel is at work on the message with this header.
    pub(crate) fn status(&self, state: State, parent: Option<&RawValue>) {
        self.publish(
            &Status {
                execution_state: state,
            },
            parent,
        );
    }
}
