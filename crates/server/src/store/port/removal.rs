//! Leaves of revoked devices on their way out of the groups. Revoking a device notes them in the same transaction.

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, DeviceId, GroupPosition};

use crate::store::StoreError;

/// A leaf that has to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Whose device.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The signed revocation.
    pub revocation: Vec<u8>,
}

/// What is left to be done about them.
#[async_trait]
pub trait Removals: Send + Sync {
    /// Conversations in which a removal is not proposed for the current epoch, in byte order.
    async fn due_removals(&self, after: Option<ConversationId>, limit: u32) -> Result<Vec<ConversationId>, StoreError>;

    /// The leaves that have to go in a conversation.
    async fn removals(&self, conversation: ConversationId) -> Result<Vec<Removal>, StoreError>;

    /// Forgets the leaves that are gone, and notes for which position others are proposed.
    async fn settle_removals(
        &self,
        conversation: ConversationId,
        gone: &[DeviceId],
        proposed: &[DeviceId],
        position: GroupPosition,
    ) -> Result<(), StoreError>;
}
