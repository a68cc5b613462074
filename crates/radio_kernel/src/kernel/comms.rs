//! Conversations with the front end's objects.

use super::{Shared, lock};
use crate::language::Comm;
use crate::wire::{
    CommClose, CommInfoReply, CommInfoRequest, CommMsg, CommOpen, CommTarget, Message,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

/// The conversations that are open.
#[derive(Default)]
pub(super) struct Comms(Mutex<BTreeMap<String, Open>>);

struct Open {
    target: String,
    comm: Arc<dyn Comm>,
}

/// The kernel's end of a conversation.
struct Link {
    id: String,
    kernel: Weak<Shared>,
    /// The header of the message that opened it.
    parent: Box<RawValue>,
}

impl Comms {
    pub(super) fn info(&self, request: &CommInfoRequest) -> CommInfoReply {
        let open = lock(&self.0);
        let wanted = open
            .iter()
            .filter(|(_, o)| request.target_name.as_ref().is_none_or(|t| *t == o.target));
        let comms = wanted.map(|(id, o)| {
            (
                id.clone(),
                CommTarget {
                    target_name: o.target.clone(),
                },
            )
        });
        CommInfoReply {
            status: "ok",
            comms: comms.collect(),
        }
    }

    fn find(&self, id: &str) -> Option<Arc<dyn Comm>> {
        lock(&self.0).get(id).map(|open| Arc::clone(&open.comm))
    }
}

impl Shared {
    /// A front end begins a conversation; where nobody speaks for the target, it is told that it has ended.
    pub(super) fn comm_open(self: &Arc<Shared>, message: &Message, open: &CommOpen) {
        let comm: Arc<dyn Comm> = Arc::new(Link {
            id: open.comm_id.clone(),
            kernel: Arc::downgrade(self),
            parent: message.raw_header.clone(),
        });
        // It is there before the language hears of it, which may end it at once.
        let entry = Open {
            target: open.target_name.clone(),
            comm: Arc::clone(&comm),
        };
        lock(&self.comms.0).insert(open.comm_id.clone(), entry);
        if !self
            .assistant
            .comm_opened(&comm, &open.target_name, &open.data)
        {
            comm.close();
        }
    }

    /// A front end says something.
    pub(super) fn comm_said(&self, message: &Message, said: &CommMsg) {
        match self.comms.find(&said.comm_id) {
            Some(comm) => self
                .assistant
                .comm_said(&comm, &said.data, &message.buffers),
            None => note!(
                "a comm_msg to {:?} is ignored: there is no such comm",
                said.comm_id
            ),
        }
    }

    /// A front end ends a conversation.
    pub(super) fn comm_close(&self, close: &CommClose) {
        let gone = lock(&self.comms.0).remove(&close.comm_id);
        if let Some(open) = gone {
            self.assistant.comm_closed(&open.comm);
        }
    }
}

impl Comm for Link {
    fn id(&self) -> &str {
        &self.id
    }

    fn send(&self, data: Map<String, Value>, buffers: &[Vec<u8>]) {
        if let Some(kernel) = self.kernel.upgrade() {
            let said = CommMsg {
                comm_id: self.id.clone(),
                data,
            };
            kernel
                .iopub
                .publish_with(&said, Some(&self.parent), buffers);
        }
    }

    fn close(&self) {
        if let Some(kernel) = self.kernel.upgrade()
            && lock(&kernel.comms.0).remove(&self.id).is_some()
        {
            let close = CommClose {
                comm_id: self.id.clone(),
                data: Map::new(),
            };
            kernel.iopub.publish(&close, Some(&self.parent));
        }
    }
}
