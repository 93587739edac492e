//! Going about in a timeline, and what the account may do there.

use sotto_crypto::mls::governance::{Kind, Role};
use sotto_proto::{ConversationId, EventId};

use super::chat::{Chat, Membership, Stand, Whose};
use super::{Engine, EngineError};
use crate::history::{Item, What};
use crate::store::StoreError;
use crate::timeline::{Message, State};

/// What the account may do in a conversation now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "an answer to each question")]
pub struct Abilities {
    /// Whether it may say something.
    pub post: bool,
    /// Whether it may pin messages.
    pub pin: bool,
    /// Whether it may take back what others said.
    pub moderate: bool,
    /// Whether it may add people.
    pub add: bool,
    /// Whether it may remove those whose role is lower.
    pub remove: bool,
    /// Whether it may change the title.
    pub rename: bool,
    /// Whether it may give roles to those who are no owners.
    pub give_roles: bool,
}

impl Engine {
    /// The first items after a place of the log, oldest first.
    pub fn page_after(&self, id: ConversationId, after: u64, limit: u32) -> Result<Vec<Item>, EngineError> {
        let mut items = self.store.page_after(id, after, limit)?;
        let chat = Chat::load(self.store.connection(), id)?;
        if let Some(hidden) = chat.map(|chat| self.hidden_in(&chat)).transpose()?.flatten() {
            items.retain(|item| item.author != hidden);
        }
        Ok(items)
    }

    /// The places of the first and the last item that are here.
    pub fn extent(&self, id: ConversationId) -> Result<Option<(u64, u64)>, EngineError> {
        Ok(self.store.extent(id)?)
    }

    /// One item, if it is here.
    pub fn message(&self, id: ConversationId, event: EventId) -> Result<Option<Item>, EngineError> {
        Ok(self.store.item(id, event)?)
    }

    /// The place of the first item that the server took at a time or later.
    pub fn place_at(&self, id: ConversationId, at_ms: u64) -> Result<Option<u64>, EngineError> {
        Ok(self.store.place_at(id, at_ms)?)
    }

    /// What is pinned and still stands, oldest pin first.
    pub fn pinned(&self, id: ConversationId) -> Result<Vec<Item>, EngineError> {
        let pins = self.store.scene(id)?.pins.into_iter();
        let items = pins.map(|event| self.store.item(id, event)).collect::<Result<Vec<_>, _>>()?;
        Ok(items.into_iter().flatten().filter(|item| !is_gone(item)).collect())
    }

    /// What the account may do in a conversation; nothing where it is no member, or this device is not yet.
    pub fn abilities(&self, id: ConversationId) -> Result<Abilities, EngineError> {
        let db = self.store.connection();
        let is_in = |chat: &Chat| {
            chat.membership == Membership::Member && matches!(chat.stand, Stand::Member | Stand::Requested)
        };
        let chat = Chat::load(db, id)?.filter(is_in);
        let Some((chat, own)) = chat.zip(self.own_account()) else { return Ok(Abilities::default()) };
        let Some(group) = chat.stored_group(db, Whose::Own)? else { return Ok(Abilities::default()) };
        let standing = group.standing().map_err(|_| StoreError::Contradiction("groups.state"))?;
        let Some(role) = standing.role(&own) else { return Ok(Abilities::default()) };
        let policy = standing.governance.policy;
        let is_open = standing.governance.kind == Kind::Group;
        Ok(Abilities {
            post: role >= policy.post,
            pin: role >= policy.post && self.store.scene(id)?.policy.may_pin.allows(role.into()),
            moderate: is_open && role >= policy.post && role >= Role::Admin,
            add: is_open && role >= policy.add,
            remove: is_open && role >= Role::Admin,
            rename: is_open && role >= policy.rename,
            give_roles: is_open && role == Role::Owner,
        })
    }
}

fn is_gone(item: &Item) -> bool {
    matches!(item.what, What::Message(Message { state: State::Deleted { .. }, .. }))
}
