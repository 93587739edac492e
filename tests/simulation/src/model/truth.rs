//! What is true on the server, for those who check what devices show.

use sotto_proto::{AccountId, ConversationId, wire};

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

    /// Where a conversation stands for an account that is or was in it.
    pub fn head(&self, account: AccountId, id: ConversationId) -> Option<wire::ConversationHead> {
        let conversation = self.conversations.get(&id)?;
        conversation.members.get(&account).map(|member| conversation.head(member))
    }
}
