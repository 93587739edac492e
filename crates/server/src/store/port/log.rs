//! The log: sealed events in, numbered entries out.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use sotto_proto::{AccountId, ConversationId, EventId, Generation, GroupPosition};

use super::Head;
use crate::clock::Timestamp;
use crate::store::StoreError;

/// A sealed event to be appended.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The conversation.
    pub conversation: ConversationId,
    /// Drawn by the sender: the same event again gets the number that it has.
    pub id: EventId,
    /// Position that it is sealed under.
    pub position: GroupPosition,
    /// The sealed event.
    pub sealed: Bytes,
    /// Now.
    pub at: Timestamp,
}

/// What a conversation gives back for what was written to it, durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Number of the (last) entry.
    pub seq: u64,
    /// Where the group stands after it.
    pub position: GroupPosition,
    /// When it was taken.
    pub received_at: Timestamp,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// An MLS commit.
    Commit,
    /// An MLS proposal.
    Proposal,
    /// A sealed event.
    Event(EventId),
    /// The group info that opens a generation.
    Generation,
}

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// What it is.
    pub kind: EntryKind,
    /// Position under which it was made.
    pub position: GroupPosition,
    /// Handshake or sealed event.
    pub body: Vec<u8>,
    /// When it was taken.
    pub received_at: Timestamp,
}

/// Hears of events in the order of their numbers, as soon as they are durable, also when their sender no longer waits. It must not
/// block.
pub trait Witness: Send + Sync {
    /// The event is in the log. The one with an id that is there already may come again.
    fn appended(&self, event: NewEvent, receipt: Receipt);
}

/// Entries of a conversation from a number to a number, both included.
pub type Between = (ConversationId, u64, u64);

/// Which stretch of a log is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Number to begin with; beyond either end stands for that end.
    pub from: u64,
    /// Which way.
    pub direction: Direction,
    /// Most entries wanted.
    pub limit: u32,
    /// About how many bytes of bodies; one entry is always given.
    pub max_bytes: usize,
    /// Without sealed events.
    pub handshakes_only: bool,
}

/// Which way a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Upwards.
    Forward,
    /// Downwards.
    Backward,
}

/// A stretch of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// In the order of the direction.
    pub entries: Vec<Entry>,
    /// Whether there is more in that direction.
    pub more: bool,
    /// Where the conversation stands.
    pub head: Head,
    /// Running hash before the lowest entry; none when no entry is given.
    pub chain_before: Option<[u8; 32]>,
}

/// Appending and reading.
#[async_trait]
pub trait Log: Send + Sync {
    /// Appends a sealed event, if it is sealed under the current position. Concurrent appends share a transaction; each is answered
    /// when that is durable.
    async fn append(&self, event: NewEvent, witness: Option<Arc<dyn Witness>>) -> Result<Receipt, StoreError>;

    /// Reads stretches of several logs at once, whoever may read them: for those who deliver. Ascending within each conversation.
    async fn entries(&self, stretches: &[Between]) -> Result<Vec<(ConversationId, Entry)>, StoreError>;

    /// The handshakes of a generation after a number, ascending, at most `limit`.
    async fn handshakes(
        &self,
        conversation: ConversationId,
        generation: Generation,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Reads what an account is entitled to.
    async fn read_range(
        &self,
        account: AccountId,
        conversation: ConversationId,
        range: Range,
    ) -> Result<Stretch, StoreError>;

    /// Deletes the oldest events that were taken before a time, at most `limit` in one step. Returns how many; call again until 0.
    /// Handshakes stay: who wakes up later has to go through them.
    /// The members are told of where the log begins then.
    async fn prune(&self, conversation: ConversationId, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Conversations whose oldest event has stayed for longer than the members agreed, in byte order, each with that many seconds.
    async fn overdue(
        &self,
        now: Timestamp,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<(ConversationId, u32)>, StoreError>;
}
