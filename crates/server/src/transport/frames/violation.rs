//! How a client breaks the protocol.

use sotto_proto::frame::{AssembleError, FrameError};
use sotto_proto::wire::CloseReason;
use thiserror::Error;

/// The client broke a rule of the protocol (12.9), and the connection is closed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Violation {
    #[error(transparent)]
    Frame(#[from] FrameError),
    #[error(transparent)]
    Pieces(#[from] AssembleError),
    #[error("the first frame was no Hello")]
    NotGreeted,
    #[error("a second Hello")]
    GreetedTwice,
    #[error("no common version")]
    NoCommonVersion,
    #[error("a frame that only servers send, or an answer to a call that was never made")]
    NotFromClients,
    #[error("a call id of the other side's parity, or not higher than those before")]
    CallIdNotNext,
    #[error("a frame for a call that was never opened")]
    CallNeverOpened,
    #[error("more than twice as many calls as allowed")]
    TooManyCalls,
    #[error("more credit than allowed")]
    TooMuchCredit,
    #[error("a token of another session")]
    OtherSession,
    #[error("too many pings")]
    PingFlood,
    #[error("a text message")]
    Text,
}

impl Violation {
    pub(super) fn close_reason(&self) -> CloseReason {
        match self {
            Self::Frame(error) => error.close_reason(),
            Self::Pieces(error) => error.close_reason(),
            Self::NoCommonVersion => CloseReason::Version,
            Self::NotGreeted
            | Self::GreetedTwice
            | Self::NotFromClients
            | Self::CallIdNotNext
            | Self::CallNeverOpened
            | Self::TooManyCalls
            | Self::TooMuchCredit
            | Self::OtherSession
            | Self::PingFlood
            | Self::Text => CloseReason::ProtocolError,
        }
    }
}
