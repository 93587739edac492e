//! The running hash over a conversation's log.
//!
//! Every sender signs the head that it has seen. A server that drops, reorders, forks or truncates the log contradicts a
//! signed statement, because two logs that differ anywhere never have equal heads afterwards (`docs/PROTOCOL.md` §8.4).

use sotto_proto::{ConversationId, EventId};

use crate::labels;
use crate::primitives::{HASH_LEN, sha256};

/// An entry of a log, as `docs/PROTOCOL.md` §13.2 lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// An MLS commit.
    Commit(&'a [u8]),
    /// An MLS proposal.
    Proposal(&'a [u8]),
    /// A sealed event, with its id.
    Event(EventId, &'a [u8]),
    /// The group info of a new generation.
    Generation(&'a [u8]),
}

impl<'a> Entry<'a> {
    fn parts(&self) -> (u8, [u8; 16], &'a [u8]) {
        match self {
            Self::Commit(body) => (1, [0; 16], body),
            Self::Proposal(body) => (2, [0; 16], body),
            Self::Event(id, body) => (3, *id.as_bytes(), body),
            Self::Generation(body) => (4, [0; 16], body),
        }
    }
}

/// What one log entry contributes to the chain. It can stand in for an entry whose bytes were pruned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntryHash([u8; HASH_LEN]);

impl EntryHash {
    /// Of an entry made in this generation and epoch.
    pub fn of(generation: u32, epoch: u64, entry: &Entry<'_>) -> Self {
        let (kind, id, body) = entry.parts();
        let (generation, epoch) = (generation.to_be_bytes(), epoch.to_be_bytes());
        Self(sha256(&[labels::CHAIN_ENTRY.as_bytes(), &[kind], &generation, &epoch, &id, body]))
    }

    /// Of an entry that is no longer there.
    pub const fn from_bytes(bytes: [u8; HASH_LEN]) -> Self {
        Self(bytes)
    }

    /// The hash itself.
    pub const fn as_bytes(&self) -> &[u8; HASH_LEN] {
        &self.0
    }
}

/// The state of a log: how many entries it has, and the hash over all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChainHead {
    seq: u64,
    hash: [u8; HASH_LEN],
}

/// How a head that somebody signed compares with one's own head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same position and the same log.
    Same,
    /// Another position: compare with one's own head of that position.
    OtherPosition,
    /// The same position and a different log. Somebody was shown something else.
    Contradiction,
}

impl ChainHead {
    /// Length of the encoding.
    pub const LEN: usize = 8 + HASH_LEN;

    /// The head of the empty log of `conversation`.
    pub fn start(conversation: ConversationId) -> Self {
        Self { seq: 0, hash: sha256(&[labels::CHAIN_START.as_bytes(), conversation.as_bytes()]) }
    }

    /// A head from where it was kept, or as somebody stated it.
    pub const fn from_parts(seq: u64, hash: [u8; HASH_LEN]) -> Self {
        Self { seq, hash }
    }

    /// The head after one more entry. `None` when the log has 2⁶⁴ − 1 entries.
    pub fn extended_by(&self, entry: &EntryHash) -> Option<Self> {
        let seq = self.seq.checked_add(1)?;
        let fields = [labels::CHAIN_LINK.as_bytes(), &self.hash, &seq.to_be_bytes(), &entry.0];
        Some(Self { seq, hash: sha256(&fields) })
    }

    /// How many entries the head covers, which is the `seq` of the last of them.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The hash over all of them.
    pub const fn hash(&self) -> &[u8; HASH_LEN] {
        &self.hash
    }

    /// Compares with a head that somebody signed.
    pub fn compare(&self, stated: &Self) -> Comparison {
        match (self.seq == stated.seq, self.hash == stated.hash) {
            (true, true) => Comparison::Same,
            (true, false) => Comparison::Contradiction,
            (false, _) => Comparison::OtherPosition,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn log(entries: &[&[u8]]) -> ChainHead {
        let start = ChainHead::start(ConversationId::from_bytes([7; 16]));
        entries.iter().fold(start, |head, entry| head.extended_by(&EntryHash::of(1, 0, &Entry::Commit(entry))).unwrap())
    }

    #[test]
    fn dropped_swapped_and_forged_entries_contradict_s8_s16() {
        let honest = log(&[b"a", b"b", b"c"]);
        assert_eq!(honest.compare(&log(&[b"a", b"b", b"c"])), Comparison::Same);
        assert_eq!(honest.compare(&log(&[b"b", b"a", b"c"])), Comparison::Contradiction);
        assert_eq!(honest.compare(&log(&[b"a", b"c", b"d"])), Comparison::Contradiction);
        assert_eq!(honest.compare(&log(&[b"a", b"b"])), Comparison::OtherPosition);
    }

    #[test]
    fn conversations_and_kinds_have_their_own_chains_s10() {
        assert_ne!(ChainHead::start(ConversationId::from_bytes([8; 16])), log(&[]));
        let id = EventId::from_bytes([0; 16]);
        let entries = [Entry::Commit(b"x"), Entry::Proposal(b"x"), Entry::Event(id, b"x"), Entry::Generation(b"x")];
        let mut hashes = HashSet::new();
        for entry in entries {
            assert!(hashes.insert(EntryHash::of(1, 2, &entry)));
            assert!(hashes.insert(EntryHash::of(2, 2, &entry)));
            assert!(hashes.insert(EntryHash::of(1, 3, &entry)));
        }
        assert!(hashes.insert(EntryHash::of(1, 2, &Entry::Event(EventId::from_bytes([1; 16]), b"x"))));
    }

    #[test]
    fn a_full_log_does_not_wrap() {
        let full = ChainHead::from_parts(u64::MAX, [0; 32]);
        assert_eq!(full.extended_by(&EntryHash::of(1, 0, &Entry::Commit(b""))), None);
    }
}
