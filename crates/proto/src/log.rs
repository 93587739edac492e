//! Entries of a conversation's log, and the calls that append them, as types that keep the contract's rules.

use bytes::Bytes;

use crate::limits::{COMMIT_MAX, GROUP_INFO_MAX, NUMBER_MAX, PROPOSAL_MAX, WELCOME_MAX, WELCOMES_MAX};
use crate::wire::{self, EntryKind};
use crate::{ConversationId, Epoch, EventId, Generation, GroupPosition, Invalid, Reason, SealedEvent, Seq};

/// One entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its place.
    pub seq: Seq,
    /// Where the group stood when it was made.
    pub position: GroupPosition,
    /// What it is.
    pub body: EntryBody,
    /// When the server took it, milliseconds since 1970. A hint to people.
    pub received_at_ms: u64,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryBody {
    /// An MLS commit, which ends the entry's epoch.
    Commit(Bytes),
    /// An MLS proposal, to be committed by the first member that sees it.
    Proposal(Bytes),
    /// A sealed event.
    Event {
        /// Its id, which the seal binds.
        id: EventId,
        /// The sealed bytes.
        sealed: SealedEvent,
    },
    /// The group info of a new generation.
    Generation(Bytes),
}

/// A sealed event on its way into a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The conversation.
    pub conversation: ConversationId,
    /// The event's id.
    pub event: EventId,
    /// The epoch it is sealed under.
    pub position: GroupPosition,
    /// The sealed bytes.
    pub sealed: SealedEvent,
}

/// A commit on its way into a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The conversation.
    pub conversation: ConversationId,
    /// The epoch that it ends.
    pub position: GroupPosition,
    /// The MLS message.
    pub commit: Bytes,
    /// A Welcome for each leaf that it adds.
    pub welcomes: Vec<Bytes>,
}

impl TryFrom<wire::LogEntry> for LogEntry {
    type Error = Invalid;

    fn try_from(entry: wire::LogEntry) -> Result<Self, Invalid> {
        let kind = EntryKind::try_from(entry.kind).unwrap_or_default();
        let body = match kind {
            EntryKind::Commit => EntryBody::Commit(sized("body", entry.body, COMMIT_MAX)?),
            EntryKind::Proposal => EntryBody::Proposal(sized("body", entry.body, PROPOSAL_MAX)?),
            EntryKind::Event => EntryBody::Event {
                id: EventId::parse("event_id", &entry.event_id)?,
                sealed: SealedEvent::parse("body", entry.body)?,
            },
            EntryKind::Generation => EntryBody::Generation(sized("body", entry.body, GROUP_INFO_MAX)?),
            EntryKind::Unspecified => return Err(Invalid::new("kind", Reason::UnknownValue(entry.kind))),
        };
        if kind != EntryKind::Event && !entry.event_id.is_empty() {
            return Err(Invalid::new("event_id", Reason::Malformed("only events have one")));
        }
        if entry.received_at_ms > NUMBER_MAX {
            let reason = Reason::Range { min: 0, max: NUMBER_MAX, actual: entry.received_at_ms };
            return Err(Invalid::new("received_at_ms", reason));
        }
        Ok(Self {
            seq: Seq::parse("seq", entry.seq)?,
            position: position(entry.generation, entry.epoch)?,
            body,
            received_at_ms: entry.received_at_ms,
        })
    }
}

impl From<LogEntry> for wire::LogEntry {
    fn from(entry: LogEntry) -> Self {
        let (kind, event_id, body) = match entry.body {
            EntryBody::Commit(body) => (EntryKind::Commit, Bytes::new(), body),
            EntryBody::Proposal(body) => (EntryKind::Proposal, Bytes::new(), body),
            EntryBody::Event { id, sealed } => (EntryKind::Event, id.to_wire(), sealed.into_bytes()),
            EntryBody::Generation(body) => (EntryKind::Generation, Bytes::new(), body),
        };
        Self {
            seq: entry.seq.get(),
            kind: kind.into(),
            generation: entry.position.generation.get(),
            epoch: entry.position.epoch.get(),
            event_id,
            body,
            received_at_ms: entry.received_at_ms,
        }
    }
}

impl TryFrom<wire::AppendRequest> for Append {
    type Error = Invalid;

    fn try_from(request: wire::AppendRequest) -> Result<Self, Invalid> {
        Ok(Self {
            conversation: ConversationId::parse("conversation_id", &request.conversation_id)?,
            event: EventId::parse("event_id", &request.event_id)?,
            position: position(request.generation, request.epoch)?,
            sealed: SealedEvent::parse("sealed", request.sealed)?,
        })
    }
}

impl From<Append> for wire::AppendRequest {
    fn from(append: Append) -> Self {
        Self {
            conversation_id: append.conversation.to_wire(),
            event_id: append.event.to_wire(),
            generation: append.position.generation.get(),
            epoch: append.position.epoch.get(),
            sealed: append.sealed.into_bytes(),
        }
    }
}

impl TryFrom<wire::CommitRequest> for Commit {
    type Error = Invalid;

    fn try_from(request: wire::CommitRequest) -> Result<Self, Invalid> {
        Ok(Self {
            conversation: ConversationId::parse("conversation_id", &request.conversation_id)?,
            position: position(request.generation, request.epoch)?,
            commit: sized("commit", request.commit, COMMIT_MAX)?,
            welcomes: welcomes(request.welcomes)?,
        })
    }
}

impl From<Commit> for wire::CommitRequest {
    fn from(commit: Commit) -> Self {
        Self {
            conversation_id: commit.conversation.to_wire(),
            generation: commit.position.generation.get(),
            epoch: commit.position.epoch.get(),
            commit: commit.commit,
            welcomes: commit.welcomes,
        }
    }
}

/// Parses where a group stands.
pub(crate) fn position(generation: u32, epoch: u64) -> Result<GroupPosition, Invalid> {
    Ok(GroupPosition { generation: Generation::parse("generation", generation)?, epoch: Epoch::parse("epoch", epoch)? })
}

fn welcomes(welcomes: Vec<Bytes>) -> Result<Vec<Bytes>, Invalid> {
    if welcomes.len() > WELCOMES_MAX {
        let reason = Reason::Count { min: 0, max: WELCOMES_MAX, actual: welcomes.len() };
        return Err(Invalid::new("welcomes", reason));
    }
    welcomes.into_iter().map(|welcome| sized("welcomes", welcome, WELCOME_MAX)).collect()
}

fn sized(field: &'static str, bytes: Bytes, max: usize) -> Result<Bytes, Invalid> {
    if (1..=max).contains(&bytes.len()) {
        return Ok(bytes);
    }
    Err(Invalid::new(field, Reason::Size { min: 1, max, actual: bytes.len() }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::SEALED_EVENT_MIN;

    fn event() -> wire::LogEntry {
        wire::LogEntry {
            seq: 4,
            kind: EntryKind::Event.into(),
            generation: 1,
            epoch: 2,
            event_id: Bytes::from(vec![9; 16]),
            body: Bytes::from(vec![1; SEALED_EVENT_MIN]),
            received_at_ms: 1_767_225_600_000,
        }
    }

    fn refusal(change: impl FnOnce(&mut wire::LogEntry)) -> String {
        let mut entry = event();
        change(&mut entry);
        LogEntry::try_from(entry).unwrap_err().to_string()
    }

    #[test]
    fn an_event_is_parsed() {
        let entry = LogEntry::try_from(event()).unwrap();
        assert_eq!(entry.seq, Seq::new(4).unwrap());
        assert!(matches!(entry.body, EntryBody::Event { id, .. } if id == EventId::from_bytes([9; 16])));
    }

    #[test]
    fn each_rule_of_an_entry_is_kept() {
        assert_eq!(refusal(|e| e.seq = 0), "seq is 0, allowed is 1 to 9007199254740991");
        assert_eq!(refusal(|e| e.kind = 0), "kind is the unknown value 0");
        assert_eq!(refusal(|e| e.kind = 99), "kind is the unknown value 99");
        assert_eq!(refusal(|e| e.generation = 0), "generation is 0, allowed is 1 to 4294967295");
        assert_eq!(refusal(|e| e.epoch = u64::MAX), "epoch is 18446744073709551615, allowed is 0 to 9007199254740991");
        assert_eq!(refusal(|e| e.event_id = Bytes::new()), "event_id has 0 bytes instead of 16");
        assert_eq!(refusal(|e| e.body = Bytes::new()), "body has 0 bytes, allowed are 320 to 73728");
        assert_eq!(refusal(|e| e.kind = EntryKind::Commit.into()), "event_id is malformed: only events have one");
        assert!(refusal(|e| e.received_at_ms = u64::MAX).starts_with("received_at_ms is"));
    }

    #[test]
    fn handshakes_have_their_own_limits() {
        let handshake = |kind: EntryKind, size| {
            let entry =
                wire::LogEntry { kind: kind.into(), event_id: Bytes::new(), body: vec![1; size].into(), ..event() };
            LogEntry::try_from(entry)
        };
        for (kind, max) in [
            (EntryKind::Commit, COMMIT_MAX),
            (EntryKind::Proposal, PROPOSAL_MAX),
            (EntryKind::Generation, GROUP_INFO_MAX),
        ] {
            assert!(handshake(kind, max).is_ok());
            assert_eq!(handshake(kind, max + 1).unwrap_err().reason, Reason::Size { min: 1, max, actual: max + 1 });
            assert!(handshake(kind, 0).is_err());
        }
    }

    #[test]
    fn commits_bound_their_welcomes() {
        let request = |welcomes| wire::CommitRequest {
            conversation_id: vec![1; 16].into(),
            generation: 1,
            epoch: 0,
            commit: vec![1].into(),
            welcomes,
        };
        let commit = Commit::try_from(request(vec![Bytes::from_static(b"w"); WELCOMES_MAX])).unwrap();
        assert_eq!(wire::CommitRequest::from(commit.clone()), request(commit.welcomes));
        assert!(Commit::try_from(request(vec![Bytes::from_static(b"w"); WELCOMES_MAX + 1])).is_err());
        assert!(Commit::try_from(request(vec![Bytes::new()])).is_err());
        assert!(Commit::try_from(request(vec![vec![0; WELCOME_MAX + 1].into()])).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_goes_back_as_it_came(
            seq: u64, kind in 0..6_i32, generation: u32, epoch: u64, id in prop_oneof![Just(0_usize), Just(16)],
            size in 0..600_usize,
        ) {
            let entry = wire::LogEntry {
                seq, kind, generation, epoch, event_id: vec![3; id].into(), body: vec![5; size].into(), received_at_ms: 7,
            };
            if let Ok(parsed) = LogEntry::try_from(entry.clone()) {
                prop_assert_eq!(wire::LogEntry::from(parsed), entry);
            }
        }

        #[test]
        fn appends_round_trip(conversation: [u8; 16], event: [u8; 16], epoch in 0..NUMBER_MAX, size in SEALED_EVENT_MIN..600_usize) {
            let request = wire::AppendRequest {
                conversation_id: conversation.to_vec().into(),
                event_id: event.to_vec().into(),
                generation: 1,
                epoch,
                sealed: vec![1; size].into(),
            };
            let append = Append::try_from(request.clone()).unwrap();
            prop_assert_eq!(wire::AppendRequest::from(append), request);
        }
    }
}
