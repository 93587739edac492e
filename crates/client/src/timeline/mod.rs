//! What people see of a conversation, as pure functions of its opened log.
//!
//! An event says one thing ([`Content`]). What is shown of a message, a poll or a task follows from the event that made it and
//! the events that act on it, in the order of the log ([`fold_message`], [`fold_poll`], [`fold_task`]); what is shown of the conversation, from the
//! events about it ([`fold_scene`]). The functions are given all events that are known and sort nothing out by arrival, so that
//! an edit which came before its original waits for it, and two devices with the same log show the same.

mod attachment;
mod content;
mod markdown;
mod markup;
mod message;
mod poll;
mod rules;
mod scene;
mod task;
mod writing;

use sotto_crypto::mls::governance::Role;
use sotto_proto::{AccountId, EventId};

pub use attachment::{Attachment, FILES_MAX, FileName, Look, Preview};
pub use content::{
    Change, Content, Emoji, MemberClass, PolicyChange, Poll, Profile, Quotation, Task, TaskChange, Text, Title,
};
pub use markdown::marked;
pub use markup::{LinkTarget, Node, RichText, Style};
pub use message::{Message, QuotationCheck, Reactions, State, fold_message};
pub use poll::{PollView, fold_poll};
pub use rules::Rule;
pub use scene::{ClientPolicy, Scene, fold_scene};
pub use task::{TaskView, fold_task};
pub use writing::written;

/// An opened event with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the log.
    pub seq: u64,
    /// Its id.
    pub id: EventId,
    /// Who sent it, as its signature proves.
    pub author: AccountId,
    /// What its author might do at this place of the log.
    pub standing: Standing,
    /// When the server took it, in milliseconds since 1970.
    pub received_at_ms: u64,
    /// When its author's clock says it was, in milliseconds since 1970. Shown, and nothing more.
    pub sent_at_ms: u64,
    /// What it says.
    pub content: Content,
}

/// What an account might do at a place of the log, as the group's agreement said there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// An ordinary member.
    Member,
    /// An admin.
    Admin,
    /// An owner.
    Owner,
}

impl Standing {
    /// How it is stored. These numbers never change.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Member => 0,
            Self::Admin => 1,
            Self::Owner => 2,
        }
    }

    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Member),
            1 => Some(Self::Admin),
            2 => Some(Self::Owner),
            _ => None,
        }
    }
}

impl From<Role> for Standing {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
            Role::Owner => Self::Owner,
        }
    }
}

impl MemberClass {
    /// Whether a standing is enough.
    pub fn allows(self, standing: Standing) -> bool {
        let least = match self {
            Self::Everyone => Standing::Member,
            Self::Admins => Standing::Admin,
            Self::Owners => Standing::Owner,
        };
        standing >= least
    }
}
