//! Where a conversation stands, as a type that keeps the contract's rules.

use crate::limits::NUMBER_MAX;
use crate::log::position;
use crate::wire::{self, ConversationKind, Role};
use crate::{AccountId, ConversationId, GroupPosition, Invalid, Reason, Seq};

/// Where a conversation stands, as one account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationHead {
    /// The conversation.
    pub id: ConversationId,
    /// What it is; never [`ConversationKind::Unspecified`].
    pub kind: ConversationKind,
    /// How the account stands to it.
    pub standing: Standing,
    /// Where its group stands, or stood when the account left.
    pub position: GroupPosition,
    /// First entry that the account may read.
    pub first_seq: Seq,
    /// Last entry that the account may read, if there is one.
    pub last_seq: Option<Seq>,
    /// Last entry with a handshake, if there is one.
    pub last_handshake_seq: Option<Seq>,
    /// When the last entry was taken, milliseconds since 1970.
    pub last_at_ms: u64,
}

/// How an account stands to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A member with this role; never [`Role::Unspecified`].
    Member(Role),
    /// Added by a stranger, and neither accepted nor declined.
    Requested {
        /// The role that it has; never [`Role::Unspecified`].
        role: Role,
        /// Who added it.
        by: AccountId,
    },
    /// It left.
    Left,
    /// It was removed.
    Removed,
}

impl TryFrom<wire::ConversationHead> for ConversationHead {
    type Error = Invalid;

    fn try_from(head: wire::ConversationHead) -> Result<Self, Invalid> {
        let standing = standing(&head)?;
        if head.last_at_ms > NUMBER_MAX {
            let reason = Reason::Range { min: 0, max: NUMBER_MAX, actual: head.last_at_ms };
            return Err(Invalid::new("last_at_ms", reason));
        }
        let kind = ConversationKind::try_from(head.kind).ok().filter(|kind| *kind != ConversationKind::Unspecified);
        Ok(Self {
            id: ConversationId::parse("conversation_id", &head.conversation_id)?,
            kind: kind.ok_or(Invalid::new("kind", Reason::UnknownValue(head.kind)))?,
            standing,
            position: position(head.generation, head.epoch)?,
            first_seq: Seq::parse("first_seq", head.first_seq)?,
            last_seq: Seq::parse_optional("last_seq", head.last_seq)?,
            last_handshake_seq: Seq::parse_optional("last_handshake_seq", head.last_handshake_seq)?,
            last_at_ms: head.last_at_ms,
        })
    }
}

impl From<ConversationHead> for wire::ConversationHead {
    fn from(head: ConversationHead) -> Self {
        let (standing, role, requested_by) = match head.standing {
            Standing::Member(role) => (wire::Standing::Member, role, bytes::Bytes::new()),
            Standing::Requested { role, by } => (wire::Standing::Requested, role, by.to_wire()),
            Standing::Left => (wire::Standing::Left, Role::Unspecified, bytes::Bytes::new()),
            Standing::Removed => (wire::Standing::Removed, Role::Unspecified, bytes::Bytes::new()),
        };
        Self {
            conversation_id: head.id.to_wire(),
            kind: head.kind.into(),
            standing: standing.into(),
            role: role.into(),
            generation: head.position.generation.get(),
            epoch: head.position.epoch.get(),
            first_seq: head.first_seq.get(),
            last_seq: head.last_seq.map_or(0, Seq::get),
            last_at_ms: head.last_at_ms,
            last_handshake_seq: head.last_handshake_seq.map_or(0, Seq::get),
            requested_by,
        }
    }
}

fn standing(head: &wire::ConversationHead) -> Result<Standing, Invalid> {
    let parsed = match wire::Standing::try_from(head.standing).unwrap_or_default() {
        wire::Standing::Member => Standing::Member(role(head.role)?),
        wire::Standing::Requested => {
            Standing::Requested { role: role(head.role)?, by: AccountId::parse("requested_by", &head.requested_by)? }
        }
        wire::Standing::Left => Standing::Left,
        wire::Standing::Removed => Standing::Removed,
        wire::Standing::Unspecified => {
            return Err(Invalid::new("standing", Reason::UnknownValue(head.standing)));
        }
    };
    let is_former = matches!(parsed, Standing::Left | Standing::Removed);
    if is_former && head.role != i32::from(Role::Unspecified) {
        return Err(Invalid::new("role", Reason::Malformed("former members have none")));
    }
    if !matches!(parsed, Standing::Requested { .. }) && !head.requested_by.is_empty() {
        return Err(Invalid::new("requested_by", Reason::Malformed("only requests have one")));
    }
    Ok(parsed)
}

fn role(value: i32) -> Result<Role, Invalid> {
    let role = Role::try_from(value).ok().filter(|role| *role != Role::Unspecified);
    role.ok_or(Invalid::new("role", Reason::UnknownValue(value)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn group() -> wire::ConversationHead {
        wire::ConversationHead {
            conversation_id: vec![1; 16].into(),
            kind: ConversationKind::Group.into(),
            standing: wire::Standing::Member.into(),
            role: Role::Admin.into(),
            generation: 1,
            epoch: 3,
            first_seq: 1,
            last_seq: 9,
            last_at_ms: 1_767_225_600_000,
            last_handshake_seq: 4,
            requested_by: Bytes::new(),
        }
    }

    fn refusal(change: impl FnOnce(&mut wire::ConversationHead)) -> String {
        let mut head = group();
        change(&mut head);
        ConversationHead::try_from(head).unwrap_err().to_string()
    }

    #[test]
    fn every_standing_goes_back_as_it_came() {
        let requested = wire::Standing::Requested.into();
        let left = wire::Standing::Left.into();
        let empty = Role::Unspecified.into();
        for head in [
            group(),
            wire::ConversationHead { standing: requested, requested_by: vec![2; 16].into(), ..group() },
            wire::ConversationHead { standing: left, role: empty, last_seq: 0, last_handshake_seq: 0, ..group() },
            wire::ConversationHead { standing: wire::Standing::Removed.into(), role: empty, ..group() },
        ] {
            let parsed = ConversationHead::try_from(head.clone()).unwrap();
            assert_eq!(wire::ConversationHead::from(parsed), head);
        }
    }

    #[test]
    fn each_rule_of_a_head_is_kept() {
        assert_eq!(refusal(|h| h.conversation_id = Bytes::new()), "conversation_id has 0 bytes instead of 16");
        assert_eq!(refusal(|h| h.kind = 0), "kind is the unknown value 0");
        assert_eq!(refusal(|h| h.kind = 9), "kind is the unknown value 9");
        assert_eq!(refusal(|h| h.standing = 0), "standing is the unknown value 0");
        assert_eq!(refusal(|h| h.role = 0), "role is the unknown value 0");
        assert_eq!(refusal(|h| h.role = -1), "role is the unknown value -1");
        assert_eq!(
            refusal(|h| h.standing = wire::Standing::Left.into()),
            "role is malformed: former members have none"
        );
        assert_eq!(
            refusal(|h| h.standing = wire::Standing::Requested.into()),
            "requested_by has 0 bytes instead of 16"
        );
        assert_eq!(
            refusal(|h| h.requested_by = vec![2; 16].into()),
            "requested_by is malformed: only requests have one"
        );
        assert_eq!(refusal(|h| h.first_seq = 0), "first_seq is 0, allowed is 1 to 9007199254740991");
        assert!(refusal(|h| h.last_seq = u64::MAX).starts_with("last_seq is"));
        assert!(refusal(|h| h.last_handshake_seq = u64::MAX).starts_with("last_handshake_seq is"));
        assert!(refusal(|h| h.last_at_ms = u64::MAX).starts_with("last_at_ms is"));
        assert_eq!(refusal(|h| h.generation = 0), "generation is 0, allowed is 1 to 4294967295");
    }
}
