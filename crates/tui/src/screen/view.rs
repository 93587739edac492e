//! What there is to see, as plain values: made on the engine's thread by [`super::look`], kept in the model, drawn. Every text that somebody
//! else wrote has come through [`crate::safe`].

use sotto_client::engine::Stand;
use sotto_client::timeline::Standing;
use sotto_proto::wire::ConversationKind;
use sotto_proto::{AccountId, ConversationId, DeviceId, EventId};

use super::text::Fragment;

/// The account that is signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Me {
    pub(super) account: Option<AccountId>,
    pub(super) user: String,
    /// What it wants to be called.
    pub(super) name: String,
    pub(super) about: String,
    pub(super) signed_in: bool,
}

/// A chat in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a thing of its own")]
pub(super) struct ChatRow {
    pub(super) id: ConversationId,
    pub(super) name: String,
    pub(super) kind: ConversationKind,
    pub(super) stand: Stand,
    /// The other side of a chat of two.
    pub(super) other: Option<AccountId>,
    /// The newest thing in it, in one line.
    pub(super) last: String,
    pub(super) at_ms: u64,
    pub(super) unread: u32,
    pub(super) mentions: u32,
    pub(super) pinned: bool,
    pub(super) muted: bool,
    pub(super) archived: bool,
    pub(super) ready: bool,
    pub(super) verified: bool,
    /// Whether the other side is blocked.
    pub(super) blocked: bool,
    /// Whose verified key has changed: nothing is sent before the person has decided.
    pub(super) undecided: Option<AccountId>,
    /// What does not add up, as a sentence.
    pub(super) trouble: Option<String>,
    pub(super) draft: String,
}

/// A chat that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) chat: ConversationId,
    /// A stretch of the timeline, oldest first, and then what is on its way.
    pub(super) pieces: Vec<Piece>,
    /// Whether the stretch ends with the newest.
    pub(super) is_newest: bool,
    /// Whether something lies before it, here or on the server.
    pub(super) has_earlier: Earlier,
    /// The last place of the log that is shown.
    pub(super) last_seq: u64,
    pub(super) members: Vec<Member>,
    /// Whether the other side of a chat of two has just said that it is there.
    pub(super) is_there: bool,
}

/// What lies before a stretch of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Earlier {
    Nothing,
    Here,
    OnServer,
}

/// Somebody in a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) account: AccountId,
    pub(super) name: String,
    /// User name, as it is typed.
    pub(super) user: String,
    pub(super) standing: Standing,
    pub(super) verified: bool,
    pub(super) own: bool,
}

/// Something in a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Bubble(Bubble),
    /// What no event says: somebody came, a role changed.
    Line {
        seq: u64,
        at_ms: u64,
        text: String,
    },
}

impl Piece {
    pub(super) fn at_ms(&self) -> u64 {
        match self {
            Self::Bubble(bubble) => bubble.at_ms,
            Self::Line { at_ms, .. } => *at_ms,
        }
    }

    /// Its place in the log; none while it is on its way.
    pub(super) fn seq(&self) -> Option<u64> {
        match self {
            Self::Bubble(bubble) => bubble.seq,
            Self::Line { seq, .. } => Some(*seq),
        }
    }
}

/// A message, or what takes the place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bubble {
    pub(super) id: EventId,
    /// Its place in the log; none while it is on its way.
    pub(super) seq: Option<u64>,
    pub(super) author: AccountId,
    pub(super) name: String,
    pub(super) own: bool,
    pub(super) at_ms: u64,
    pub(super) body: Body,
    /// How many files go with it that can be fetched.
    pub(super) files: usize,
    pub(super) quote: Option<Quote>,
    pub(super) edited: bool,
    pub(super) forwarded: bool,
    pub(super) reactions: Vec<Reaction>,
    pub(super) delivery: Delivery,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// As it is shown, and as it was written.
    Text(Vec<Fragment>, String),
    Deleted,
    /// Lines of their own making: a poll, a task, something that is not known.
    Other(Vec<Fragment>),
}

/// What a message answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quote {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) target: EventId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reaction {
    /// As it is shown.
    pub(super) emoji: String,
    /// As it was sent.
    pub(super) raw: String,
    pub(super) count: usize,
    pub(super) own: bool,
}

/// How far an own message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It is somebody else's.
    NotOwn,
    Queued,
    Sent,
    Delivered,
    Read,
    /// The server will not take it.
    Refused,
}

/// A message that a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) chat: ConversationId,
    pub(super) chat_name: String,
    pub(super) id: EventId,
    pub(super) seq: u64,
    pub(super) name: String,
    pub(super) at_ms: u64,
    /// One line, with what fits marked.
    pub(super) text: Vec<Fragment>,
}

/// What two people compare to be sure of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) account: AccountId,
    pub(super) name: String,
    /// 60 digits, in groups of five.
    pub(super) digits: Vec<String>,
    pub(super) words: String,
    /// A code to be scanned, as rows of half blocks; and the same with less around it.
    pub(super) code: Vec<String>,
    pub(super) narrow_code: Vec<String>,
    pub(super) verified: bool,
    /// Whether it is about another key than the one that was known, and the person has to decide.
    pub(super) is_new_key: bool,
}

/// A device of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) id: DeviceId,
    pub(super) name: String,
    pub(super) used_at_ms: u64,
    pub(super) this: bool,
}
