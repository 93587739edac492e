//! Lines of the timeline that no event says.

use prost::Message as _;
use rusqlite::params;
use sotto_crypto::certificate::Purpose;
use sotto_crypto::mls::effect::{Commit, Effect};
use sotto_proto::AccountId;

use super::chat::Chat;
use super::epochs::number_of;
use super::step::Step;
use super::trouble::Trouble;
use crate::store::StoreError;
use crate::timeline::Standing;

/// What happened to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// An account became a member.
    Added {
        /// Who came.
        who: AccountId,
        /// Who added it.
        by: AccountId,
    },
    /// An account is no longer a member.
    Removed {
        /// Who went.
        who: AccountId,
        /// Who removed it.
        by: AccountId,
    },
    /// An account left by itself.
    Left(AccountId),
    /// A role changed.
    Role {
        /// Whose.
        who: AccountId,
        /// Who changed it.
        by: AccountId,
        /// What it is now.
        to: Standing,
    },
    /// The rules changed.
    Policy {
        /// Who changed them.
        by: AccountId,
    },
    /// The conversation has another title.
    Renamed {
        /// Who gave it that.
        by: AccountId,
    },
    /// An account has a new device here.
    DeviceAdded(AccountId),
    /// A device of an account is gone.
    DeviceRemoved(AccountId),
    /// The identity key of an account is another one than before.
    KeyChanged(AccountId),
    /// Something does not add up.
    Trouble(Trouble),
    /// There is something that cannot be opened, by nobody's right.
    Unreadable,
}

/// A line with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The entry of the log that it belongs to.
    pub seq: u64,
    /// When the server took that entry, in milliseconds since 1970.
    pub received_at_ms: u64,
    /// What happened.
    pub line: Line,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Stored {
    #[prost(uint32, tag = "1")]
    kind: u32,
    #[prost(bytes = "vec", tag = "2")]
    who: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    by: Vec<u8>,
    #[prost(uint32, tag = "4")]
    value: u32,
}

impl Line {
    fn encode(self) -> Vec<u8> {
        let id = |account: AccountId| account.as_bytes().to_vec();
        let stored = |kind, who: Option<AccountId>, by: Option<AccountId>, value| Stored {
            kind,
            who: who.map(id).unwrap_or_default(),
            by: by.map(id).unwrap_or_default(),
            value,
        };
        match self {
            Self::Added { who, by } => stored(1, Some(who), Some(by), 0),
            Self::Removed { who, by } => stored(2, Some(who), Some(by), 0),
            Self::Left(who) => stored(3, Some(who), None, 0),
            Self::Role { who, by, to } => stored(4, Some(who), Some(by), to.number().into()),
            Self::Policy { by } => stored(5, None, Some(by), 0),
            Self::DeviceAdded(who) => stored(6, Some(who), None, 0),
            Self::DeviceRemoved(who) => stored(7, Some(who), None, 0),
            Self::KeyChanged(who) => stored(8, Some(who), None, 0),
            Self::Trouble(trouble) => stored(9, None, None, trouble.number().into()),
            Self::Unreadable => stored(10, None, None, 0),
            Self::Renamed { by } => stored(11, None, Some(by), 0),
        }
        .encode_to_vec()
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let Stored { kind, who, by, value } = Stored::decode(bytes).ok()?;
        let id = |bytes: Vec<u8>| bytes.try_into().ok().map(AccountId::from_bytes);
        let value = u8::try_from(value).ok()?;
        Some(match kind {
            1 => Self::Added { who: id(who)?, by: id(by)? },
            2 => Self::Removed { who: id(who)?, by: id(by)? },
            3 => Self::Left(id(who)?),
            4 => Self::Role { who: id(who)?, by: id(by)?, to: Standing::from_number(value)? },
            5 => Self::Policy { by: id(by)? },
            6 => Self::DeviceAdded(id(who)?),
            7 => Self::DeviceRemoved(id(who)?),
            8 => Self::KeyChanged(id(who)?),
            9 => Self::Trouble(Trouble::from_number(value)?),
            10 => Self::Unreadable,
            11 => Self::Renamed { by: id(by)? },
            _ => return None,
        })
    }
}

/// What a commit looks like to people. That a device came with its account, or went with it, is no line of its own; nor is anything of the
/// vault device, or of those devices with which a conversation was begun.
pub(super) fn lines_of(commit: &Commit, begins: bool) -> Vec<Line> {
    let by = commit.committer.account;
    let moved = |account: AccountId| {
        commit.effects.iter().any(|effect| match effect {
            Effect::AccountAdded(who) | Effect::AccountRemoved(who) => *who == account,
            _ => false,
        })
    };
    let line = |effect: &Effect| match *effect {
        Effect::AccountAdded(who) => Some(Line::Added { who, by }),
        Effect::AccountRemoved(who) => Some(Line::Removed { who, by }),
        Effect::DeviceAdded(leaf) | Effect::DeviceRemoved(leaf) if begins || leaf.purpose == Purpose::Vault => None,
        Effect::DeviceAdded(leaf) if !moved(leaf.account) => Some(Line::DeviceAdded(leaf.account)),
        Effect::DeviceRemoved(leaf) if !moved(leaf.account) => Some(Line::DeviceRemoved(leaf.account)),
        Effect::RoleChanged { account, .. } if moved(account) => None,
        Effect::RoleChanged { account, to, .. } => {
            let to = u8::try_from(number_of(to)).ok().and_then(Standing::from_number)?;
            Some(Line::Role { who: account, by, to })
        }
        Effect::PolicyChanged { .. } => Some(Line::Policy { by }),
        Effect::DeviceAdded(_) | Effect::DeviceRemoved(_) => None,
    };
    commit.effects.iter().filter_map(line).collect()
}

impl Step<'_, '_> {
    pub(super) fn note(&mut self, chat: &Chat, seq: u64, at_ms: u64, line: Line) -> Result<(), StoreError> {
        self.db
            .prepare_cached(
                "INSERT INTO notices (conversation, seq, place, received_at_ms, body)
                 SELECT ?1, ?2, count(*), ?3, ?4 FROM notices WHERE conversation = ?1 AND seq = ?2",
            )?
            .execute(params![chat.number, seq, at_ms, line.encode()])?;
        Ok(())
    }
}
