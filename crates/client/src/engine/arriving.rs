//! A device that is new to many conversations comes into some at a time: those that a person wants to see, and the last active first. So
//! the top of the list can be read after the work for the top of the list.

use rusqlite::params;
use sotto_proto::ConversationId;

use super::chat::Chat;
use super::requests::Lane;
use super::step::{Mishap, Step};
use crate::store::StoreError;

impl Step<'_, '_> {
    /// Whether it is the turn of a conversation.
    pub(super) fn may_come_in(&self, chat: &Chat) -> Result<bool, Mishap> {
        let own = self.account()?.device;
        let is_wanted = chat.wants_history || self.has_unsent(chat)? || self.waiting(chat, own)?.is_some();
        Ok(is_wanted || self.ahead_of(chat)? < WAYS_IN_MAX)
    }

    /// How many conversations come first, as far as it matters.
    fn ahead_of(&self, chat: &Chat) -> Result<u32, StoreError> {
        Ok(self
            .db
            .prepare_cached(
                "SELECT count(*) FROM (
                   SELECT 1 FROM chats WHERE membership = 0 AND server_at_ms >= ?1 AND vault_step <> 3
                     AND (server_at_ms > ?1 OR conversation > ?2) LIMIT ?3)",
            )?
            .query_row(params![chat.server_at_ms, chat.number, WAYS_IN_MAX], |row| row.get(0))?)
    }

    /// Those whose turn it is, and which are not on their way.
    pub(super) fn next_to_come_in(&self) -> Result<Vec<ConversationId>, Mishap> {
        if !self.is_in_use() || self.account()?.vault.as_ref().is_none_or(|vault| vault.certificate.is_none()) {
            return Ok(Vec::new());
        }
        let mut next = self
            .db
            .prepare_cached(
                "SELECT id FROM chats CROSS JOIN conversations ON number = conversation
                 WHERE membership = 0 AND vault_step <> 3 ORDER BY server_at_ms DESC, conversation DESC LIMIT ?1",
            )?
            .query_map([WAYS_IN_MAX], |row| Ok(ConversationId::from_bytes(row.get(0)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        let mut busy = next.iter().map(|id| self.is_busy(Lane::Log(*id))).collect::<Result<Vec<_>, _>>()?.into_iter();
        next.retain(|_| busy.next() == Some(false));
        Ok(next)
    }
}

/// As many as a screen shows.
const WAYS_IN_MAX: u32 = 20;
