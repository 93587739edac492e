//! What went over connections, for those who look for where it has ended up.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sotto_proto::Method;

/// An encoded message that was sent or came.
#[derive(Clone, Debug)]
pub enum Message {
    /// A request, whether it was answered or not.
    Request(Method, Bytes),
    /// A reply, or one item of a stream.
    Reply(Method, Bytes),
}

/// Everything that connections have carried. Clones share it.
#[derive(Clone, Default)]
pub struct Recording(Arc<Mutex<Vec<Message>>>);

impl Recording {
    /// What was carried so far, in the order of its coming.
    pub fn messages(&self) -> Vec<Message> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn add(&self, message: Message) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording(..)")
    }
}
