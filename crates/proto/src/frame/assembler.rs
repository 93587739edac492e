//! Messages that do not fit one frame: cut into pieces on one side, joined on the other.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};

use super::{Body, CallId, Opening};
use crate::limits::{PIECE_MAX, UNDER_WAY_MAX};
use crate::wire::CloseReason;

/// Cuts a message: its opening, and the pieces that follow it.
pub fn split(mut message: Bytes) -> (Opening, impl Iterator<Item = Body>) {
    let total_size = message.len();
    let first = message.split_to(total_size.min(PIECE_MAX));
    let rest = std::iter::from_fn(move || {
        let piece = message.split_to(message.len().min(PIECE_MAX));
        (!piece.is_empty()).then_some(Body(piece))
    });
    (Opening::new(total_size, first), rest)
}

/// Joins the pieces of all messages that are under way in one direction of a connection.
///
/// Memory grows with the bytes that have arrived, not with those that were announced, and what may be announced is bounded.
#[derive(Debug)]
pub struct Assembler {
    message_max: usize,
    announced: usize,
    partial: BTreeMap<CallId, Partial>,
}

#[derive(Debug)]
struct Partial {
    total_size: usize,
    joined: BytesMut,
}

impl Assembler {
    /// Joins messages of at most so many bytes.
    pub fn new(message_max: usize) -> Self {
        Self { message_max, announced: 0, partial: BTreeMap::new() }
    }

    /// Takes the beginning of a message; gives the message if that is all of it.
    pub fn open(&mut self, call: CallId, opening: Opening) -> Result<Option<Bytes>, AssembleError> {
        let total_size = opening.total_size();
        if total_size > self.message_max {
            return Err(AssembleError::MessageTooLarge { max: self.message_max, actual: total_size });
        }
        if self.partial.contains_key(&call) {
            return Err(AssembleError::Interrupted(call));
        }
        if opening.is_whole() {
            return Ok(Some(opening.into_body()));
        }
        if self.announced + total_size > UNDER_WAY_MAX {
            return Err(AssembleError::TooMuchUnderWay);
        }
        self.announced += total_size;
        self.partial.insert(call, Partial { total_size, joined: BytesMut::from(opening.into_body()) });
        Ok(None)
    }

    /// Takes the next piece; gives the message if it was the last one.
    pub fn more(&mut self, call: CallId, body: &Body) -> Result<Option<Bytes>, AssembleError> {
        let partial = self.partial.get_mut(&call).ok_or(AssembleError::NothingUnderWay(call))?;
        let joined = partial.joined.len() + body.0.len();
        if joined > partial.total_size {
            return Err(AssembleError::Overrun(call));
        }
        partial.joined.extend_from_slice(&body.0);
        if joined < partial.total_size {
            return Ok(None);
        }
        Ok(self.remove(call).map(|partial| partial.joined.freeze()))
    }

    /// Drops what has arrived for a call that is cancelled or has failed.
    pub fn abort(&mut self, call: CallId) {
        self.remove(call);
    }

    fn remove(&mut self, call: CallId) -> Option<Partial> {
        let partial = self.partial.remove(&call)?;
        self.announced -= partial.total_size;
        Some(partial)
    }
}

/// How the other side broke the rules of pieces. The connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// A message is larger than was agreed.
    #[error("message of {actual} bytes was announced, allowed are {max}")]
    MessageTooLarge {
        /// Most bytes allowed.
        max: usize,
        /// Bytes announced.
        actual: usize,
    },
    /// More is under way than allowed.
    #[error("more than {UNDER_WAY_MAX} bytes are under way in pieces")]
    TooMuchUnderWay,
    /// A message began while another one was under way on the call.
    #[error("{0:?}: a message began within another")]
    Interrupted(CallId),
    /// A piece came without a message under way.
    #[error("{0:?}: a piece belongs to no message")]
    NothingUnderWay(CallId),
    /// The pieces are more than was announced.
    #[error("{0:?}: the pieces exceed their message")]
    Overrun(CallId),
}

impl AssembleError {
    /// The reason to give when closing the connection.
    pub fn close_reason(&self) -> CloseReason {
        match self {
            Self::MessageTooLarge { .. } | Self::TooMuchUnderWay => CloseReason::TooLarge,
            Self::Interrupted(_) | Self::NothingUnderWay(_) | Self::Overrun(_) => CloseReason::ProtocolError,
        }
    }
}
