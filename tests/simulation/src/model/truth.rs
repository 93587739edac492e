//! What is true on the server, for those who check what devices show.

use bytes::Bytes;
use sotto_proto::{AccountId, ConversationId, DeviceId, wire};

use super::Model;

impl Model {
    /// All conversations.
    pub fn conversations(&self) -> Vec<ConversationId> {
        self.conversations.keys().copied().collect()
    }

    /// The whole log of a conversation.
    pub fn log(&self, id: ConversationId) -> Vec<wire::LogEntry> {
        let conversation = self.conversations.get(&id);
        conversation.into_iter().flat_map(|found| found.log.values().map(|logged| logged.entry.clone())).collect()
    }

    /// The devices in the group of a conversation.
    pub fn devices_in(&self, id: ConversationId) -> Vec<(AccountId, DeviceId)> {
        let conversation = self.conversations.get(&id);
        let leaves = conversation.into_iter().flat_map(|found| found.standing.leaves());
        leaves.map(|leaf| (leaf.account, leaf.device)).collect()
    }

    /// The devices that an account has certified and not revoked.
    pub fn devices_of(&self, account: AccountId) -> Vec<DeviceId> {
        let account = self.accounts.get(&account);
        account.into_iter().flat_map(|account| account.devices_in_force().map(|device| device.id)).collect()
    }

    /// The sealed states of the vault device that an account has stored.
    pub fn checkpoints_of(&self, account: AccountId) -> Vec<(ConversationId, Bytes)> {
        let account = self.accounts.get(&account);
        let all = account.into_iter().flat_map(|account| &account.checkpoints);
        all.map(|(id, checkpoint)| (*id, checkpoint.sealed.clone())).collect()
    }

    /// The sealed settings that an account has stored.
    pub fn settings_of(&self, account: AccountId) -> Vec<wire::Setting> {
        self.accounts.get(&account).into_iter().flat_map(|account| account.settings.values().cloned()).collect()
    }

    /// Where a conversation stands for an account that is or was in it.
    pub fn head(&self, account: AccountId, id: ConversationId) -> Option<wire::ConversationHead> {
        let conversation = self.conversations.get(&id)?;
        conversation.members.get(&account).map(|member| conversation.head(member))
    }
}
