//! Frames on their way to the client: pongs first, then the others in turn, one piece of each message at a time.

use std::collections::VecDeque;

use bytes::Bytes;
use sotto_proto::frame::{CallId, Close, Frame, split};
use sotto_proto::wire::ErrorDetail;

/// Above so many waiting bytes the connection takes nothing more from its client.
const FULL: usize = 256 * 1024;

/// What a frame costs beside its message.
const FRAME_COST: usize = 64;

#[derive(Default)]
pub(super) struct Outbox {
    urgent: VecDeque<Frame>,
    turns: VecDeque<Turn>,
    waiting_bytes: usize,
}

enum Turn {
    Frame { frame: Frame, cost: usize },
    Pieces { call: CallId, frames: VecDeque<Frame>, bytes_left: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reply,
    Item,
}

impl Outbox {
    pub(super) fn push_urgent(&mut self, frame: Frame) {
        self.waiting_bytes += FRAME_COST;
        self.urgent.push_back(frame);
    }

    pub(super) fn push(&mut self, frame: Frame) {
        self.push_frame(frame, FRAME_COST);
    }

    pub(super) fn push_message(&mut self, kind: Kind, call: CallId, message: Bytes) {
        let size = message.len();
        let (message, rest) = split(message);
        let first = match kind {
            Kind::Reply => Frame::Reply { call, message },
            Kind::Item => Frame::Item { call, message },
        };
        let mut frames: VecDeque<Frame> = rest.map(|body| Frame::More { call, body }).collect();
        if frames.is_empty() {
            return self.push_frame(first, FRAME_COST + size);
        }
        frames.push_front(first);
        self.waiting_bytes += size;
        self.turns.push_back(Turn::Pieces { call, frames, bytes_left: size });
    }

    /// Fails a call; the message that is under way for it is dropped.
    pub(super) fn push_failure(&mut self, call: CallId, error: ErrorDetail) {
        let waiting_bytes = &mut self.waiting_bytes;
        self.turns.retain(|turn| match turn {
            Turn::Pieces { call: other, bytes_left, .. } if *other == call => {
                *waiting_bytes -= bytes_left;
                false
            }
            Turn::Pieces { .. } | Turn::Frame { .. } => true,
        });
        self.push(Frame::Failure { call, error });
    }

    /// Drops all that waits: nothing follows a close.
    pub(super) fn close(&mut self, close: Close) {
        *self = Self::default();
        self.push(Frame::Close(close));
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The next frame, and the call whose item is complete with it.
    pub(super) fn next(&mut self) -> Option<(Frame, Option<CallId>)> {
        if let Some(frame) = self.urgent.pop_front() {
            self.waiting_bytes -= FRAME_COST;
            return Some((frame, None));
        }
        match self.turns.pop_front()? {
            Turn::Frame { frame, cost } => {
                self.waiting_bytes -= cost;
                let item = if let Frame::Item { call, .. } = &frame { Some(*call) } else { None };
                Some((frame, item))
            }
            Turn::Pieces { call, mut frames, bytes_left } => {
                let frame = frames.pop_front()?;
                let sent = bytes_left / (frames.len() + 1);
                self.waiting_bytes -= sent;
                if frames.is_empty() {
                    return Some((frame, Some(call)));
                }
                self.turns.push_back(Turn::Pieces { call, frames, bytes_left: bytes_left - sent });
                Some((frame, None))
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.turns.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting_bytes >= FULL
    }

    fn push_frame(&mut self, frame: Frame, cost: usize) {
        self.waiting_bytes += cost;
        self.turns.push_back(Turn::Frame { frame, cost });
    }
}
