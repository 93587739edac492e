//! Frames: the calls of all services over one connection (`docs/PROTOCOL.md` §12).
//!
//! A [`Frame`] that exists keeps the rules that one frame alone can break. What depends on the frames before it (who may open
//! which call, when, and with how much credit) is the connection's business; joining pieces is the [`Assembler`]'s.

mod assembler;
mod convert;
mod prefixed;

use core::fmt;
use core::num::{NonZeroU32, NonZeroU64};
use core::ops::RangeInclusive;

use bytes::Bytes;
use prost::Message as _;

pub use assembler::{AssembleError, Assembler, split};
pub use prefixed::{FrameReader, encode_prefixed};

use crate::limits::{FRAME_MAX, NUMBER_MAX};
use crate::wire::{CloseReason, ErrorDetail};
use crate::{DecodeError, Invalid, decode, wire};

/// The version of the frame protocol that this crate speaks.
pub const VERSION: u32 = 1;
/// The WebSocket subprotocol under which frames travel (RFC 6455 §1.9).
pub const SUBPROTOCOL: &str = "sotto.frames.v1";

/// One frame.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// The client's first frame.
    Hello(Hello),
    /// The server's answer to it.
    Accept(Accept),
    /// Opens a call.
    Request(Request),
    /// Completes a call of one reply, once the message is whole.
    Reply {
        /// The call.
        call: CallId,
        /// The reply.
        message: Opening,
    },
    /// A message of a stream.
    Item {
        /// The call.
        call: CallId,
        /// The message.
        message: Opening,
    },
    /// The next piece of the message under way.
    More {
        /// The call.
        call: CallId,
        /// The piece, never empty.
        body: Body,
    },
    /// Completes a stream.
    End(CallId),
    /// Completes a call with an error.
    Failure {
        /// The call.
        call: CallId,
        /// What went wrong.
        error: ErrorDetail,
    },
    /// The caller gives up.
    Cancel(CallId),
    /// The caller takes more of a stream.
    Credit {
        /// The stream.
        call: CallId,
        /// Bytes added.
        bytes: NonZeroU32,
    },
    /// Asks for a [`Frame::Pong`] with the same number.
    Ping(u64),
    /// Answers a [`Frame::Ping`].
    Pong(u64),
    /// The client says who it is.
    Authenticate(AccessToken),
    /// The server takes calls for so many milliseconds, or says why not.
    Authenticated(Result<NonZeroU32, ErrorDetail>),
    /// A side's last frame.
    Close(Close),
}

impl Frame {
    /// Decodes one frame.
    pub fn decode(bytes: Bytes) -> Result<Self, FrameError> {
        decode::<wire::Frame>(bytes, FRAME_MAX)?.try_into()
    }

    /// Encodes the frame: at most [`FRAME_MAX`] bytes if its method, program and error detail keep their limits.
    pub fn encode(self) -> Bytes {
        wire::Frame::from(self).encode_to_vec().into()
    }
}

/// Why bytes are no frame. The other side broke the protocol, and the connection is closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The bytes do not decode.
    #[error("frame cannot be decoded")]
    Decode(#[from] DecodeError),
    /// No kind is set, or one that this version does not know.
    #[error("frame has no kind")]
    NoKind,
    /// A field breaks its rule.
    #[error("frame is not valid")]
    Invalid(#[from] Invalid),
}

impl FrameError {
    /// The reason to give when closing the connection.
    pub fn close_reason(&self) -> CloseReason {
        match self {
            Self::Decode(DecodeError::TooLarge { .. }) => CloseReason::TooLarge,
            Self::Decode(_) | Self::NoKind | Self::Invalid(_) => CloseReason::ProtocolError,
        }
    }
}

/// A call on a connection. The client opens odd ones, the server even ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(NonZeroU64);

impl CallId {
    /// The first call that a client opens.
    pub const FIRST_OF_CLIENT: Self = Self(NonZeroU64::MIN);

    /// Checks the bounds.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) if number.get() <= NUMBER_MAX => Some(Self(number)),
            _ => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// Whether the client opens it.
    pub const fn is_of_client(self) -> bool {
        self.get() % 2 == 1
    }

    /// The next call of the same side; none when the numbers are used up, which takes a new connection.
    pub const fn next(self) -> Option<Self> {
        Self::new(self.get() + 2)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallId({})", self.0)
    }
}

/// Which versions the client speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// From the lowest to the highest.
    pub versions: RangeInclusive<u32>,
    /// Program and version, ASCII; may be empty.
    pub program: String,
}

/// Version and limits of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// The version spoken from now on.
    pub version: u32,
    /// Calls of the client that may be open at once.
    pub calls_max: u32,
    /// Most bytes of a message.
    pub message_max: u32,
    /// Silence after which a side sends a ping, in milliseconds.
    pub ping_interval_ms: u32,
    /// The server's time, milliseconds since 1970.
    pub time_ms: u64,
}

/// Opens a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The call.
    pub call: CallId,
    /// Path of the method. Not parsed yet: an unknown one fails the call, not the connection.
    pub method: String,
    /// Milliseconds after which the caller gives up; none for the method's own.
    pub deadline_ms: Option<NonZeroU32>,
    /// Bytes of stream messages that the server may send at first; none for the default.
    pub credit: Option<NonZeroU32>,
    /// The request.
    pub message: Opening,
}

/// The beginning of a message, or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    total_size: usize,
    body: Body,
}

impl Opening {
    /// Bytes of the whole message.
    pub fn total_size(&self) -> usize {
        self.total_size
    }

    /// Whether the message is complete with this.
    pub fn is_whole(&self) -> bool {
        self.body.0.len() == self.total_size
    }

    /// The bytes that are there.
    pub fn into_body(self) -> Bytes {
        self.body.0
    }
}

/// Bytes of a message in one frame. They may hold a secret, and are not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Body(Bytes);

impl Body {
    /// The bytes.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// An access token: ASCII, secret, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    /// Parses a wire field.
    pub fn parse(field: &'static str, token: String) -> Result<Self, Invalid> {
        convert::check_ascii(field, &token, 1, crate::limits::ACCESS_TOKEN_MAX)?;
        Ok(Self(token))
    }

    /// The token, to be sent or verified and nothing else.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// Why a side closes, and what the other may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close {
    /// Why.
    pub reason: CloseReason,
    /// Milliseconds to wait before connecting again.
    pub retry_after_ms: u32,
    /// The highest call of the other side that was taken up.
    pub last_call: Option<CallId>,
}

impl CloseReason {
    /// The status code with which the WebSocket is closed (RFC 6455 §7.4).
    pub fn websocket_status(self) -> u16 {
        match self {
            Self::Done => 1000,
            Self::Unspecified | Self::ProtocolError => 4001,
            Self::TooLarge => 4002,
            Self::Version => 4003,
            Self::SessionEnded => 4004,
            Self::GoingAway => 4005,
            Self::Timeout => 4006,
            Self::TooMany => 4007,
        }
    }
}
