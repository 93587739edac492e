//! The opened log of all conversations on this device: written once, read by the page, searched by word.
//!
//! Entries are kept as they came. What is shown is made of them when it is looked at ([`crate::timeline`]), so that a later version which
//! knows more shows more, and nothing has to be kept in step but the index over the words.

mod fold;
mod page;
mod record;
mod search;

use sotto_proto::{AccountId, ConversationId, EventId};

use crate::timeline::{Message, PollView, Standing, TaskView};

pub(crate) use page::{has_items, message, newest, scene, scenes, speaks_of};
pub(crate) use record::{number_of, record};
pub use search::{Found, Wanted};

/// An event of the log, opened and verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its number in the log.
    pub seq: u64,
    /// Its id.
    pub id: EventId,
    /// Who sent it.
    pub author: AccountId,
    /// What its author might do at this place of the log.
    pub standing: Standing,
    /// When the server took it, in milliseconds since 1970.
    pub received_at_ms: u64,
    /// The event as it came out of its seal.
    pub body: Vec<u8>,
}

/// Something that takes a place on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number in the log, which is its place.
    pub seq: u64,
    /// Its id.
    pub id: EventId,
    /// Who sent it.
    pub author: AccountId,
    /// When the server took it, in milliseconds since 1970.
    pub received_at_ms: u64,
    /// What it is.
    pub what: What,
}

/// What takes a place on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A message.
    Message(Message),
    /// A poll.
    Poll(PollView),
    /// A task.
    Task(TaskView),
    /// Something that this version does not know, or that breaks a rule: one line in its place.
    Unknown(String),
}

/// What is left to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Messages of others, counted to a thousand.
    pub messages: u32,
    /// Of these, those that mention the account.
    pub mentions: u32,
}
