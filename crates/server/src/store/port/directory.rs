//! The directory of keys. Whatever changes an account's keys queues an entry in the same transaction; publishing takes the queue in.

use async_trait::async_trait;
use sotto_crypto::directory::{Chain, EntryDigest, Hash, Position, SignedHead, State, log};
use sotto_proto::AccountId;

use crate::clock::Timestamp;
use crate::store::StoreError;

/// What an account's keys were in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Whose.
    pub account: AccountId,
    /// The version.
    pub revision: u64,
    /// Stands for the content.
    pub digest: EntryDigest,
    /// The content; empty once the account was deleted.
    pub content: Vec<u8>,
    /// When the keys changed.
    pub queued_at: Timestamp,
    /// The chain with it, and the head that it came with.
    pub published: Option<(Chain, u64)>,
}

/// What there is beyond a head that a node knows, all of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryNews {
    /// The newest head.
    pub head: Option<SignedHead>,
    /// The leaves that changed.
    pub leaves: Vec<(Position, State)>,
}

/// A head to be published.
#[derive(Clone, Debug)]
pub struct NewHead {
    /// The head.
    pub head: SignedHead,
    /// What shows how it goes on from the one before.
    pub audit: Vec<u8>,
    /// The leaves that change.
    pub leaves: Vec<(Position, State)>,
    /// The entries that it takes in, with their chains.
    pub taken: Vec<(AccountId, u64, Chain)>,
    /// What the tree over all heads gains.
    pub nodes: Vec<(log::Node, Hash)>,
}

/// Queueing, publishing and reading.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Queues the keys of accounts that are in no entry, at most so many; says how many there were.
    async fn queue_unlisted(&self, limit: u32, at: Timestamp) -> Result<u64, StoreError>;

    /// Entries that are in no head, the oldest first, each account's in order.
    async fn queued_entries(&self, limit: u32) -> Result<Vec<DirectoryEntry>, StoreError>;

    /// Publishes a head, once: refuses one whose number is taken, with [`Refusal::VersionConflict`](crate::store::Refusal).
    async fn publish_head(&self, new: NewHead) -> Result<(), StoreError>;

    /// What there is beyond a head.
    async fn directory_since(&self, epoch: u64) -> Result<DirectoryNews, StoreError>;

    /// Hashes of complete subtrees of the tree over all heads, in the order asked for.
    async fn log_nodes(&self, nodes: &[log::Node]) -> Result<Vec<Hash>, StoreError>;

    /// Heads after one, in order, with their audits.
    async fn steps(&self, after_epoch: u64, limit: u32) -> Result<Vec<(SignedHead, Vec<u8>)>, StoreError>;

    /// Entries of an account with at least this version, in order.
    async fn key_entries(&self, account: AccountId, from: u64, limit: u32) -> Result<Vec<DirectoryEntry>, StoreError>;
}
