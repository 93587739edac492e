use serde::{Deserialize, Serialize};
use sotto_client::engine::{self, ChatView, MemberView};
use sotto_client::{history, timeline};
use sotto_crypto::mls::governance::Role;
use sotto_proto::wire;
use tsify::Tsify;

use super::{Item, hex};
use crate::failure::Failure;

/// A conversation as a list shows it.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    id: String,
    kind: Kind,
    stand: Stand,
    /// Who asked, if it is a request.
    requested_by: Option<String>,
    /// What it is called; for a chat of two the other's name.
    title: String,
    /// The other side of a chat of two.
    other: Option<String>,
    /// The newest thing in it.
    last: Option<Item>,
    /// How its author is called, where that is not clear: in a group, for what others said.
    last_by: Option<String>,
    /// When something last happened.
    at_ms: u64,
    /// Messages of others that are not read, counted to a thousand.
    unread: u32,
    /// Of these, those that mention the account.
    mentions: u32,
    /// Whether the device can open it yet.
    ready: bool,
    /// What does not add up.
    trouble: Option<Trouble>,
    /// Whether the person has verified the other side of a chat of two, and nothing has changed since.
    verified: bool,
    draft: String,
    preferences: Preferences,
}

impl From<ChatView> for Chat {
    fn from(chat: ChatView) -> Self {
        Self {
            id: hex(chat.id),
            kind: chat.kind.into(),
            stand: chat.stand.into(),
            requested_by: chat.requested_by.map(hex),
            title: chat.title,
            other: chat.other.map(hex),
            last: chat.last.map(Item::from),
            last_by: chat.last_by,
            at_ms: chat.at_ms,
            unread: chat.unread.messages,
            mentions: chat.unread.mentions,
            ready: chat.ready,
            trouble: chat.trouble.map(Trouble::from),
            verified: chat.verified,
            draft: chat.draft,
            preferences: chat.preferences.into(),
        }
    }
}

/// What a conversation is.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Direct,
    Group,
    Saved,
}

impl From<wire::ConversationKind> for Kind {
    fn from(kind: wire::ConversationKind) -> Self {
        match kind {
            wire::ConversationKind::Direct => Self::Direct,
            wire::ConversationKind::Saved => Self::Saved,
            wire::ConversationKind::Group | wire::ConversationKind::Unspecified => Self::Group,
        }
    }
}

/// How the account stands to a conversation.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    Member,
    /// Added by a stranger, and not decided yet.
    Requested,
    Left,
    Removed,
}

impl From<engine::Stand> for Stand {
    fn from(stand: engine::Stand) -> Self {
        match stand {
            engine::Stand::Member => Self::Member,
            engine::Stand::Requested => Self::Requested,
            engine::Stand::Left => Self::Left,
            engine::Stand::Removed => Self::Removed,
        }
    }
}

/// What does not add up in a conversation.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    BadCommit,
    LogContradicted,
    LogTruncated,
    DirectoryForked,
    DirectoryWentBack,
    DirectoryBadProof,
    DirectoryWithdrawn,
    KeysNotInDirectory,
    KeysTakenBack,
    PromiseBroken,
    ForeignKey,
}

impl From<engine::Trouble> for Trouble {
    fn from(trouble: engine::Trouble) -> Self {
        match trouble {
            engine::Trouble::BadCommit => Self::BadCommit,
            engine::Trouble::LogContradicted => Self::LogContradicted,
            engine::Trouble::LogTruncated => Self::LogTruncated,
            engine::Trouble::DirectoryForked => Self::DirectoryForked,
            engine::Trouble::DirectoryWentBack => Self::DirectoryWentBack,
            engine::Trouble::DirectoryBadProof => Self::DirectoryBadProof,
            engine::Trouble::DirectoryWithdrawn => Self::DirectoryWithdrawn,
            engine::Trouble::KeysNotInDirectory => Self::KeysNotInDirectory,
            engine::Trouble::KeysTakenBack => Self::KeysTakenBack,
            engine::Trouble::PromiseBroken => Self::PromiseBroken,
            engine::Trouble::ForeignKey => Self::ForeignKey,
        }
    }
}

/// What a person has set for a conversation, on all devices.
#[derive(Debug, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// Until when it makes no noise; 0 if it may.
    muted_until_ms: u64,
    archived: bool,
    /// Its place among those on top, from 1; 0 if it is not one of them.
    pinned: u32,
    folders: Vec<String>,
}

impl From<engine::Preferences> for Preferences {
    fn from(preferences: engine::Preferences) -> Self {
        let engine::Preferences { muted_until_ms, archived, pinned, folders } = preferences;
        Self { muted_until_ms, archived, pinned, folders }
    }
}

impl From<Preferences> for engine::Preferences {
    fn from(preferences: Preferences) -> Self {
        let Preferences { muted_until_ms, archived, pinned, folders } = preferences;
        Self { muted_until_ms, archived, pinned, folders }
    }
}

/// A member of a conversation.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    account: String,
    name: String,
    /// Empty while it is not known.
    user_name: String,
    /// Whether the person has compared its key.
    verified: bool,
    standing: Standing,
    /// Everything up to here it has read.
    read_seq: u64,
    /// Everything up to here has arrived at it.
    delivered_seq: u64,
}

impl From<MemberView> for Member {
    fn from(member: MemberView) -> Self {
        let MemberView { account, name, user_name, standing, reading, verified } = member;
        Self {
            account: hex(account),
            name,
            user_name,
            verified,
            standing: standing.into(),
            read_seq: reading.read_seq,
            delivered_seq: reading.delivered_seq,
        }
    }
}

/// What a member may do.
#[derive(Debug, Serialize, Deserialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Member,
    Admin,
    Owner,
}

impl From<timeline::Standing> for Standing {
    fn from(standing: timeline::Standing) -> Self {
        match standing {
            timeline::Standing::Member => Self::Member,
            timeline::Standing::Admin => Self::Admin,
            timeline::Standing::Owner => Self::Owner,
        }
    }
}

impl From<Standing> for Role {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Member => Self::Member,
            Standing::Admin => Self::Admin,
            Standing::Owner => Self::Owner,
        }
    }
}

/// What a conversation is about, and what the account may do there.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_excessive_bools, reason = "an answer to each question")]
pub struct About {
    description: String,
    may_post: bool,
    may_pin: bool,
    /// Whether it may take back what others said.
    may_moderate: bool,
    may_add: bool,
    /// Whether it may remove those whose role is lower.
    may_remove: bool,
    may_rename: bool,
    /// Whether it may give roles to those who are no owners.
    may_give_roles: bool,
}

impl About {
    pub(crate) fn of(scene: timeline::Scene, abilities: engine::Abilities) -> Self {
        let engine::Abilities { post, pin, moderate, add, remove, rename, give_roles } = abilities;
        Self {
            description: scene.title.description,
            may_post: post,
            may_pin: pin,
            may_moderate: moderate,
            may_add: add,
            may_remove: remove,
            may_rename: rename,
            may_give_roles: give_roles,
        }
    }
}

/// A line of the timeline that nobody wrote.
#[derive(Debug, Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Placed {
    /// The entry of the log that it belongs to.
    seq: u64,
    received_at_ms: u64,
    line: Line,
}

impl From<engine::Placed> for Placed {
    fn from(placed: engine::Placed) -> Self {
        Self { seq: placed.seq, received_at_ms: placed.received_at_ms, line: placed.line.into() }
    }
}

/// What happened to a conversation.
#[derive(Debug, Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Line {
    Added {
        who: String,
        by: String,
    },
    Removed {
        who: String,
        by: String,
    },
    Left {
        who: String,
    },
    Role {
        who: String,
        by: String,
        to: Standing,
    },
    Policy {
        by: String,
    },
    /// The conversation has another title.
    Renamed {
        by: String,
    },
    DeviceAdded {
        who: String,
    },
    DeviceRemoved {
        who: String,
    },
    /// The identity key of an account is another one than before.
    KeyChanged {
        who: String,
    },
    Trouble {
        trouble: Trouble,
    },
    /// There is something that cannot be opened, by nobody's right.
    Unreadable,
}

impl From<engine::Line> for Line {
    fn from(line: engine::Line) -> Self {
        match line {
            engine::Line::Added { who, by } => Self::Added { who: hex(who), by: hex(by) },
            engine::Line::Removed { who, by } => Self::Removed { who: hex(who), by: hex(by) },
            engine::Line::Left(who) => Self::Left { who: hex(who) },
            engine::Line::Role { who, by, to } => Self::Role { who: hex(who), by: hex(by), to: to.into() },
            engine::Line::Policy { by } => Self::Policy { by: hex(by) },
            engine::Line::Renamed { by } => Self::Renamed { by: hex(by) },
            engine::Line::DeviceAdded(who) => Self::DeviceAdded { who: hex(who) },
            engine::Line::DeviceRemoved(who) => Self::DeviceRemoved { who: hex(who) },
            engine::Line::KeyChanged(who) => Self::KeyChanged { who: hex(who) },
            engine::Line::Trouble(trouble) => Self::Trouble { trouble: trouble.into() },
            engine::Line::Unreadable => Self::Unreadable,
        }
    }
}

/// What is looked for.
#[derive(Debug, Deserialize, Tsify)]
pub struct Search {
    /// Words, or beginnings of words, as somebody types them.
    query: String,
    /// Only in this conversation.
    #[tsify(optional)]
    #[serde(default)]
    chat: Option<String>,
    /// Only by this account.
    #[tsify(optional)]
    #[serde(default)]
    author: Option<String>,
    limit: u32,
}

impl Search {
    pub(crate) fn parse(self) -> Result<history::Wanted, Failure> {
        Ok(history::Wanted {
            query: self.query,
            conversation: self.chat.map(|chat| chat.parse()).transpose()?,
            author: self.author.map(|author| author.parse()).transpose()?,
            received_at_ms: None,
            limit: self.limit,
        })
    }
}

/// A message that was found.
#[derive(Debug, Serialize, Tsify)]
pub struct Found {
    chat: String,
    item: Item,
    /// What of its text fits, from where to where, as JavaScript counts characters.
    highlights: Vec<(usize, usize)>,
}

impl From<history::Found> for Found {
    fn from(found: history::Found) -> Self {
        let text = match &found.item.what {
            history::What::Message(timeline::Message { state: timeline::State::Standing { text, .. }, .. }) => {
                text.body.as_str()
            }
            _ => "",
        };
        let utf16 = |byte: usize| text.get(..byte).map_or(0, |before| before.encode_utf16().count());
        let highlights = found.highlights.iter().map(|range| (utf16(range.start), utf16(range.end))).collect();
        Self { chat: hex(found.conversation), highlights, item: found.item.into() }
    }
}
