//! The wire contract of Sotto as Rust types.
//!
//! [`wire`] holds the messages as they travel, generated from `proto/sotto/v1`. Everything else turns them into types that
//! cannot be wrong, or bounds what strangers send before memory is spent on it:
//!
//! - [`decode`] checks size, depth and number of fields before it decodes;
//! - ids, positions, names and sealed bytes parse into types of their own, and say what is wrong as [`Invalid`];
//! - [`Method`] lists all calls and who may make them, [`Call`] pairs each request with its reply;
//! - [`frame`] carries the calls over one connection;
//! - `grpc` (features `client` and `server`) carries them over gRPC with the same checks, and [`grpc_web`] is for clients that have only
//!   HTTP.
//!
//! ```
//! use sotto_proto::{ConversationId, LogEntry, decode, limits, wire};
//!
//! fn entries(reply: bytes::Bytes) -> Result<Vec<LogEntry>, Box<dyn std::error::Error>> {
//!     let reply: wire::ReadRangeResponse = decode(reply, limits::MESSAGE_MAX)?;
//!     Ok(reply.entries.into_iter().map(LogEntry::try_from).collect::<Result<_, _>>()?)
//! }
//!
//! assert_eq!(entries(bytes::Bytes::new()).unwrap(), []);
//! assert!(entries(bytes::Bytes::from_static(b"\x0a\x02\x08\x07")).is_err(), "an entry of no kind");
//! assert!(ConversationId::try_from(&b"too short"[..]).is_err());
//! ```

mod conversation;
mod decode;
mod error;
pub mod frame;
#[cfg(feature = "grpc")]
pub mod grpc;
pub mod grpc_web;
mod id;
mod invalid;
pub mod limits;
mod log;
mod method;
mod name;
mod position;
mod sealed;
mod status;
pub mod wire;

pub use conversation::{ConversationHead, Standing};
pub use decode::{DecodeError, Wire, decode};
pub use error::Fault;
pub use id::{
    AccountId, ConversationId, DeviceId, EventId, FileId, ID_LEN, ReportId, RequestId, SessionId, SlotId, WelcomeId,
};
pub use invalid::{Invalid, Reason};
pub use log::{Append, Commit, EntryBody, LogEntry};
pub use method::{Access, Call, Method};
pub use name::{DisplayName, Email, LoginName, UserName};
pub use position::{Cursor, Epoch, Generation, GroupPosition, Seq, Version};
pub use sealed::{SealedEvent, SealedMarker, SealedSignal};
pub use status::error_detail;

/// The version of the contract that this program speaks (`docs/PROTOCOL.md` §11).
pub const PROTOCOL_VERSION: u32 = 1;
