//! What there is to see of one conversation.

use rusqlite::{OptionalExtension as _, params};
use sotto_crypto::secret::SecretVec;
use sotto_proto::wire::ConversationKind;
use sotto_proto::{AccountId, ConversationId, EventId};

use super::chat::{Chat, Membership, Whose};
use super::epochs::Roster;
use super::markers::{Reading, readings};
use super::notices::{Line, Placed};
use super::people::{Contact, contact};
use super::sending::Queued;
use super::step::{Mishap, Step};
use super::verifying::verified_key;
use super::{Engine, EngineError};
use crate::history::{Found, Item, Wanted};
use crate::store::StoreError;
use crate::timeline::{Scene, Standing};

/// A member of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub account: AccountId,
    /// What it wants to be called here, or its user name.
    pub name: String,
    /// Its user name; empty while it is not known.
    pub user_name: String,
    /// What it may do.
    pub standing: Standing,
    /// Whether the person has verified its identity key.
    pub verified: bool,
    /// How far it has received and read.
    pub reading: Reading,
}

/// How far this device has come with the conversations of the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Conversations that can be read here.
    pub ready: u32,
    /// Conversations that the account is in.
    pub all: u32,
}

impl Engine {
    /// How many of the conversations can be read here already. A new device opens them one by one, the last active first.
    pub fn progress(&self) -> Result<Progress, EngineError> {
        let sql = "SELECT count(*) FILTER (WHERE membership > 1 OR high_hash IS NOT NULL), count(*) FROM chats WHERE standing < 3";
        let mut statement = self.store.connection().prepare_cached(sql).map_err(StoreError::from)?;
        let progress = statement.query_row([], |row| Ok(Progress { ready: row.get(0)?, all: row.get(1)? }));
        Ok(progress.map_err(StoreError::from)?)
    }

    fn name_in(&self, scene: &Scene, account: AccountId) -> Result<String, EngineError> {
        if let Some(name) = profile_name(scene, account) {
            return Ok(name);
        }
        Ok(contact(self.store.connection(), account)?.map(|contact| contact.user_name).unwrap_or_default())
    }

    pub(super) fn other_side(&self, chat: &Chat) -> Result<Option<AccountId>, EngineError> {
        if chat.kind != ConversationKind::Direct {
            return Ok(None);
        }
        let Some(roster) = roster_at(self.store.connection(), chat)? else { return Ok(chat.requested_by) };
        Ok(self.other_in(&roster))
    }

    pub(super) fn other_in(&self, roster: &Roster) -> Option<AccountId> {
        let own = self.own_account();
        roster.accounts().map(|(account, _)| account).find(|account| Some(*account) != own)
    }

    /// The members of a conversation.
    pub fn members(&self, id: ConversationId) -> Result<Vec<MemberView>, EngineError> {
        let db = self.store.connection();
        let Some(chat) = Chat::load(db, id)? else { return Ok(Vec::new()) };
        let Some(roster) = roster_at(db, &chat)? else { return Ok(Vec::new()) };
        let (scene, readings) = (self.store.scene(id)?, readings(db, &chat)?);
        let reading = |account| readings.iter().find(|(who, _)| *who == account).map(|(_, reading)| *reading);
        let view = |(account, standing)| -> Result<MemberView, EngineError> {
            let name = self.name_in(&scene, account)?;
            let contact = self.contact(account)?;
            let verified = contact.as_ref().is_some_and(|contact| contact.verified);
            let own = self.user_name().filter(|_| self.own_account() == Some(account)).map(str::to_owned);
            let user_name = own.or(contact.map(|contact| contact.user_name)).unwrap_or_default();
            let reading = reading(account).unwrap_or_default();
            Ok(MemberView { account, name, user_name, standing, verified, reading })
        };
        roster.accounts().map(view).collect()
    }

    /// The last items before a place of the log, or of all, oldest first.
    pub fn page(&self, id: ConversationId, before: Option<u64>, limit: u32) -> Result<Vec<Item>, EngineError> {
        let mut items = self.store.page(id, before, limit)?;
        let chat = Chat::load(self.store.connection(), id)?;
        if let Some(hidden) = chat.map(|chat| self.hidden_in(&chat)).transpose()?.flatten() {
            items.retain(|item| item.author != hidden);
        }
        Ok(items)
    }

    /// Whose words are not shown in a conversation: those of a blocked account in a chat of two.
    pub(super) fn hidden_in(&self, chat: &Chat) -> Result<Option<AccountId>, EngineError> {
        let Some(other) = self.other_side(chat)? else { return Ok(None) };
        let contact = contact(self.store.connection(), other)?;
        Ok(contact.filter(|contact| contact.blocked).map(|_| other))
    }

    /// What the members of an epoch have in common and nobody else has, with the generation and the epoch: where two of them hold different
    /// ones, they do not agree on what happened to the group (RFC 9420 §8.7). None while this device is no member.
    pub fn epoch_authenticator(&self, id: ConversationId) -> Result<Option<(u32, u64, SecretVec)>, EngineError> {
        let db = self.store.connection();
        let chat = Chat::load(db, id)?.filter(|chat| chat.membership == Membership::Member);
        let Some(group) = chat.map(|chat| chat.stored_group(db, Whose::Own)).transpose()?.flatten() else {
            return Ok(None);
        };
        let held = (group.standing().ok(), group.epoch_authenticator().ok());
        let (Some(standing), Some(authenticator)) = held else {
            return Err(StoreError::Contradiction("groups.state").into());
        };
        Ok(Some((standing.governance.generation, group.epoch(), authenticator)))
    }

    /// Lines that no event says, from a place of the log on.
    pub fn lines(&self, id: ConversationId, from: u64) -> Result<Vec<Placed>, EngineError> {
        let rows = self
            .store
            .connection()
            .prepare_cached(
                "SELECT seq, received_at_ms, body FROM notices JOIN conversations ON number = conversation
                 WHERE id = ?1 AND seq >= ?2 ORDER BY seq, place",
            )
            .map_err(StoreError::from)?
            .query_map(params![id.as_bytes(), from], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?)))
            .map_err(StoreError::from)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(StoreError::from)?;
        let placed = |(seq, received_at_ms, body): (u64, u64, Vec<u8>)| {
            Some(Placed { seq, received_at_ms, line: Line::decode(&body)? })
        };
        Ok(rows.into_iter().filter_map(placed).collect())
    }

    /// What was written in a conversation and is not in its log yet, in the order of writing.
    pub fn queued(&self, id: ConversationId) -> Result<Vec<Queued>, EngineError> {
        let rows = self
            .store
            .connection()
            .prepare_cached(
                "SELECT event_id, body, created_at_ms, seq IS NOT NULL, refusal
                 FROM outbox JOIN conversations ON conversations.number = conversation
                 WHERE id = ?1 ORDER BY outbox.number",
            )
            .map_err(StoreError::from)?
            .query_map([id.as_bytes()], |row| {
                let refusal = row.get::<_, Option<i32>>(4)?;
                Ok(Queued {
                    id: EventId::from_bytes(row.get(0)?),
                    body: row.get(1)?,
                    created_at_ms: row.get(2)?,
                    sent: row.get(3)?,
                    refusal: refusal.and_then(|code| code.try_into().ok()),
                })
            })
            .map_err(StoreError::from)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(StoreError::from)?;
        Ok(rows)
    }

    /// Title, profiles, pins and rules of a conversation.
    pub fn scene(&self, id: ConversationId) -> Result<Scene, EngineError> {
        Ok(self.store.scene(id)?)
    }

    /// Messages with certain words.
    pub fn search(&self, wanted: &Wanted) -> Result<Vec<Found>, EngineError> {
        Ok(self.store.search(wanted)?)
    }

    /// Whom the account has blocked.
    pub fn blocked(&self) -> Result<Vec<Contact>, EngineError> {
        let mut statement = self
            .store
            .connection()
            .prepare_cached("SELECT account_id FROM contacts WHERE blocked = 1 ORDER BY user_name, account_id")
            .map_err(StoreError::from)?;
        let accounts = statement
            .query_map([], |row| row.get(0).map(AccountId::from_bytes))
            .map_err(StoreError::from)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(StoreError::from)?;
        accounts.into_iter().filter_map(|account| self.contact(account).transpose()).collect()
    }

    /// What is known of another account.
    pub fn contact(&self, account: AccountId) -> Result<Option<Contact>, EngineError> {
        let db = self.store.connection();
        let Some(mut contact) = contact(db, account)? else { return Ok(None) };
        if let Some(own) = self.memory.account.as_ref() {
            contact.verified = contact.identity.is_some() && verified_key(db, own, account)? == contact.identity;
        }
        Ok(Some(contact))
    }
}

impl Step<'_, '_> {
    pub(super) fn current_roster(&self, chat: &Chat) -> Result<Option<Roster>, Mishap> {
        Ok(roster_at(self.db, chat)?)
    }
}

/// What an account wants to be called in a conversation.
pub(super) fn profile_name(scene: &Scene, account: AccountId) -> Option<String> {
    scene.profiles.get(&account).map(|profile| profile.name.as_str().to_owned())
}

/// The members in the newest epoch that is known.
pub(super) fn roster_at(db: &rusqlite::Connection, chat: &Chat) -> Result<Option<Roster>, StoreError> {
    let body: Option<Vec<u8>> = db
        .prepare_cached(
            "SELECT body FROM epochs JOIN rosters ON number = roster
             WHERE conversation = ?1 ORDER BY generation DESC, epoch DESC LIMIT 1",
        )?
        .query_row([chat.number], |row| row.get(0))
        .optional()?;
    Ok(body.and_then(|body| prost::Message::decode(body.as_slice()).ok()))
}
