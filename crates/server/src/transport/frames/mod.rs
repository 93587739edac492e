//! Frames: calls multiplexed over one connection (`docs/PROTOCOL.md` §12), as a state machine without sockets, clocks or tasks.
//!
//! [`Connection`] is fed with frames, answers and the time; it gives frames to send and [`Effect`]s to carry out. Whoever drives it
//! does, in a loop until nothing is left: send what [`Connection::next_frame`] gives as far as the transport takes it, carry out what
//! [`Connection::next_effect`] gives, pass on the results, and read on while [`Connection::takes_input`].

mod authentication;
mod calls;
mod connection;
mod liveness;
mod outbox;
#[cfg(test)]
mod tests;
mod violation;

use bytes::Bytes;
use sotto_proto::Method;
use sotto_proto::frame::{self, CallId};

pub(super) use connection::{Connection, limit_name};

use crate::services::AccessToken;

/// What the machine asks of whoever drives it.
#[derive(Debug)]
pub(super) enum Effect {
    /// Verify a token and answer with [`Connection::verified`], before the next frame is fed.
    Verify(frame::AccessToken),
    /// Make a call. What it gives goes to [`Connection::replied`], or item by item to [`Connection::item`] and [`Connection::ended`].
    Call {
        /// The call.
        call: CallId,
        /// What it calls.
        method: Method,
        /// The token under which it was sent.
        token: Option<AccessToken>,
        /// The request.
        body: Bytes,
    },
    /// Nobody waits for the call any more. A stream is dropped; a call of one reply runs to its end, so that its effect is whole.
    Abandon(CallId),
    /// Ask whether the token's session still lives, and answer with [`Connection::session_checked`].
    CheckSession(AccessToken),
}
