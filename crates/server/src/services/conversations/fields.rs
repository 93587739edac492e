//! Fields of requests, as types that keep the contract's rules.

use bytes::Bytes;
use sotto_proto::wire::ConversationKind;
use sotto_proto::{ConversationId, Epoch, Generation, GroupPosition, Invalid, Reason, limits};

pub(super) fn conversation(bytes: &[u8]) -> Result<ConversationId, Invalid> {
    ConversationId::parse("conversation_id", bytes)
}

pub(super) fn position(generation: u32, epoch: u64) -> Result<GroupPosition, Invalid> {
    Ok(GroupPosition { generation: Generation::parse("generation", generation)?, epoch: Epoch::parse("epoch", epoch)? })
}

pub(super) fn kind(value: i32) -> Result<ConversationKind, Invalid> {
    let kind = ConversationKind::try_from(value).ok().filter(|kind| *kind != ConversationKind::Unspecified);
    kind.ok_or(Invalid::new("kind", Reason::UnknownValue(value)))
}

/// The first handshakes of a group.
pub(super) struct FirstHandshakes {
    pub(super) group_info: Bytes,
    pub(super) ratchet_tree: Bytes,
    /// Empty when there is nobody to add.
    pub(super) commit: Bytes,
    pub(super) welcomes: Vec<Bytes>,
}

impl FirstHandshakes {
    pub(super) fn check(self) -> Result<Self, Invalid> {
        sized("group_info", &self.group_info, 1, limits::GROUP_INFO_MAX)?;
        sized("ratchet_tree", &self.ratchet_tree, 1, FIRST_TREE_MAX)?;
        sized("commit", &self.commit, 0, limits::COMMIT_MAX)?;
        counted("welcomes", self.welcomes.len(), 0, limits::WELCOMES_MAX)?;
        self.welcomes.iter().try_for_each(|welcome| sized("welcomes", welcome, 1, limits::WELCOME_MAX))?;
        Ok(self)
    }
}

pub(super) fn sized(field: &'static str, bytes: &[u8], min: usize, max: usize) -> Result<(), Invalid> {
    let actual = bytes.len();
    if (min..=max).contains(&actual) { Ok(()) } else { Err(Invalid::new(field, Reason::Size { min, max, actual })) }
}

pub(super) fn counted(field: &'static str, actual: usize, min: usize, max: usize) -> Result<(), Invalid> {
    if (min..=max).contains(&actual) { Ok(()) } else { Err(Invalid::new(field, Reason::Count { min, max, actual })) }
}

pub(super) fn ranged(field: &'static str, actual: u32, min: u32, max: u32) -> Result<u32, Invalid> {
    let reason = Reason::Range { min: min.into(), max: max.into(), actual: actual.into() };
    if (min..=max).contains(&actual) { Ok(actual) } else { Err(Invalid::new(field, reason)) }
}

/// Bytes of a tree with one leaf.
const FIRST_TREE_MAX: usize = 16 << 10;
