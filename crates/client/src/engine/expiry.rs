//! Messages that disappear: what has expired is taken out of the store, its words out of the index, and the secrets that opened it with
//! it. What a conversation is called, and who its people are, stays.
//!
//! What the vault device keeps on the server leads to every epoch since it got its place. So it gets its place anew, and its state is
//! sealed without what has expired: once a day at most, as it takes a commit.

use rusqlite::params;

use super::change::Change;
use super::chat::{Chat, Membership};
use super::step::{Mishap, Step};

impl Step<'_, '_> {
    /// Forgets everything that has expired by the server's time.
    pub(super) fn expire(&mut self) -> Result<(), Mishap> {
        let now_ms = self.memory.clock.now_ms(self.moment);
        for chat in Chat::all(self.db)? {
            let retention = self.current_roster(&chat)?.map_or(0, |roster| u64::from(roster.retention));
            if retention > 0 {
                let retention_ms = retention * 1_000;
                self.expire_in(&chat, now_ms.saturating_sub(retention_ms))?;
                self.seal_vault_anew(&chat, now_ms.saturating_sub(retention_ms.max(SEALED_ANEW_MS)))?;
            }
        }
        Ok(())
    }

    fn expire_in(&mut self, chat: &Chat, before_ms: u64) -> Result<(), Mishap> {
        let before = params![chat.number, i64::try_from(before_ms).unwrap_or(i64::MAX)];
        self.db.prepare_cached(STALE)?.execute(before)?;
        let mut gone = 0;
        for sql in [WORDS, ACTS, ENTRIES, EPOCHS] {
            gone += self.db.prepare_cached(sql)?.execute(before)?;
        }
        if gone > 0 {
            self.tell(Change::Timeline(chat.id));
            self.tell(Change::Chats);
        }
        Ok(())
    }

    /// The vault device's state on the server opens what has expired, and was not sealed for long enough.
    fn seal_vault_anew(&mut self, chat: &Chat, before_ms: u64) -> Result<(), Mishap> {
        if chat.membership == Membership::Member {
            let before = params![chat.number, i64::try_from(before_ms).unwrap_or(i64::MAX)];
            self.db.prepare_cached(ANEW)?.execute(before)?;
        }
        Ok(())
    }

    /// How old an epoch may be before a sender renews it: where messages disappear, no older than they.
    pub(super) fn epoch_max_ms(&self, chat: &Chat) -> Result<u64, Mishap> {
        let retention = self.current_roster(chat)?.map_or(0, |roster| u64::from(roster.retention));
        Ok(if retention > 0 { EPOCH_MAX_MS.min(retention * 1_000) } else { EPOCH_MAX_MS })
    }
}

const SEALED_ANEW_MS: u64 = 24 * 60 * 60 * 1_000;
const EPOCH_MAX_MS: u64 = 24 * 60 * 60 * 1_000;

const WORDS: &str = "
    DELETE FROM words WHERE rowid IN (SELECT row FROM entries WHERE conversation = ?1 AND received_at_ms < ?2 AND shown = 1)";
const ACTS: &str = "
    DELETE FROM acts WHERE conversation = ?1
      AND seq IN (SELECT seq FROM entries WHERE conversation = ?1 AND received_at_ms < ?2)";
const ENTRIES: &str = "
    DELETE FROM entries WHERE conversation = ?1 AND received_at_ms < ?2
      AND seq NOT IN (SELECT seq FROM scenes WHERE conversation = ?1)";
/// An epoch in which something was said goes.
const STALE: &str = "
    UPDATE chats SET vault_stale = 1 WHERE conversation = ?1 AND EXISTS (
      SELECT 1 FROM epochs WHERE conversation = ?1 AND ended_ms > 0 AND ended_ms < ?2 AND quiet = 0)";
const ANEW: &str =
    "UPDATE chats SET vault_due = 2 WHERE conversation = ?1 AND vault_stale = 1 AND vault_sealed_ms < ?2";
const EPOCHS: &str = "DELETE FROM epochs WHERE conversation = ?1 AND ended_ms > 0 AND ended_ms < ?2";
