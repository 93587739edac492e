//! What an account keeps sealed for itself: vault, checkpoints, settings, read markers. Versions only go up, by one.

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, GroupPosition, SlotId, Version};

use crate::clock::Timestamp;
use crate::store::StoreError;

/// The vault's root secret, sealed twice by the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultRecord {
    /// One more than the stored one's.
    pub version: Version,
    /// The root under the password's key; empty when the account opted out.
    pub root_by_password: Vec<u8>,
    /// The root under the recovery code; empty when there is none.
    pub root_by_recovery: Vec<u8>,
    /// Public key that proves the recovery code; empty when there is none.
    pub recovery_key: Vec<u8>,
}

/// Sealed state of the vault device in one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The conversation.
    pub conversation: ConversationId,
    /// One more than the stored one's.
    pub version: Version,
    /// Position of the state; its tree is kept.
    pub position: GroupPosition,
    /// The state.
    pub sealed: Vec<u8>,
}

/// One sealed setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its place.
    pub slot: SlotId,
    /// One more than the stored one's.
    pub version: Version,
    /// The value; empty deletes it.
    pub sealed: Vec<u8>,
}

/// Who a read marker is sealed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// All members, under the epoch.
    Members,
    /// The account's own devices.
    OwnDevices,
}

/// A sealed read marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The conversation.
    pub conversation: ConversationId,
    /// Whose it is.
    pub account: AccountId,
    /// Who can open it.
    pub audience: Audience,
    /// One more than the stored one's for this audience.
    pub version: Version,
    /// Generation of the epoch that it is sealed under; 0 for own devices.
    pub generation: u32,
    /// That epoch; 0 for own devices.
    pub epoch: u64,
    /// The marker.
    pub sealed: Vec<u8>,
}

/// Sealed blobs, each replaced only by the next version of itself.
#[async_trait]
pub trait Sealed: Send + Sync {
    /// Reads the vault.
    async fn vault(&self, account: AccountId) -> Result<VaultRecord, StoreError>;

    /// Replaces the vault; the stored one again changes nothing. Returns the account's change number.
    async fn put_vault(&self, account: AccountId, vault: VaultRecord) -> Result<u64, StoreError>;

    /// Stores a checkpoint of a conversation that the account is or was in, and drops the vault's Welcomes up to there. The stored one
    /// again changes nothing.
    async fn put_checkpoint(&self, account: AccountId, checkpoint: Checkpoint) -> Result<(), StoreError>;

    /// Reads checkpoints in the order asked for, until they exceed `max_bytes`; always at least one. Second: those not reached.
    async fn checkpoints(
        &self,
        account: AccountId,
        conversations: &[ConversationId],
        max_bytes: usize,
    ) -> Result<(Vec<Checkpoint>, Vec<ConversationId>), StoreError>;

    /// Stores a setting; the stored one again changes nothing. Returns its change number.
    async fn put_setting(&self, account: AccountId, setting: Setting) -> Result<u64, StoreError>;

    /// Settings that changed after a change number, in the order of their change, at most `limit` and about `max_bytes`; and whether
    /// there are more.
    async fn settings_after(
        &self,
        account: AccountId,
        after: u64,
        limit: u32,
        max_bytes: usize,
    ) -> Result<(Vec<(u64, Setting)>, bool), StoreError>;

    /// Replaces a member's read marker.
    async fn put_marker(&self, marker: Marker, at: Timestamp) -> Result<(), StoreError>;

    /// Markers of these conversations that were put at or after a time and that the account may see, most recent first, at most
    /// `limit` of each conversation.
    async fn markers_since(
        &self,
        account: AccountId,
        conversations: &[ConversationId],
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Marker>, StoreError>;

    /// The markers of a conversation's members and the account's own, most recent first.
    async fn markers(
        &self,
        account: AccountId,
        conversation: ConversationId,
        limit: u32,
    ) -> Result<Vec<Marker>, StoreError>;
}
