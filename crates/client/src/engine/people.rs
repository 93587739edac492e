//! Other accounts: their names, and the identity keys that they were first seen with.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension as _, Row, params};
use sotto_crypto::identity::IdentityPublicKey;
use sotto_crypto::mls::group::Group;
use sotto_proto::wire::ConversationKind;
use sotto_proto::{AccountId, ConversationId, ID_LEN, UserName, wire};

use super::account::{State, Wants};
use super::change::{Attempt, Change, Why};
use super::chat::{Chat, Membership};
use super::intents::Intent;
use super::notices::Line;
use super::requests::{Failure, Lane, Ticket};
use super::step::{Mishap, Step};
use super::verifying::remember_key;
use super::view::roster_at;
use crate::store::StoreError;
use crate::timeline::Standing;

/// Another account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Which.
    pub account: AccountId,
    /// Its user name; empty while it is not known.
    pub user_name: String,
    /// The identity key that it was first seen with.
    pub identity: Option<[u8; 32]>,
    /// Another key, that it was seen with since, as long as the person has not decided on it ([`super::Engine::decide_on_key`]).
    pub new_identity: Option<[u8; 32]>,
    /// Whether the person has compared the known key and found it to be theirs.
    pub verified: bool,
    /// Whether it is blocked.
    pub blocked: bool,
}

/// What is done with an account once it was found by its name.
pub(super) enum Search {
    Direct { greeting: Option<Vec<u8>> },
    Add(ConversationId),
}

impl Step<'_, '_> {
    pub(super) fn search(&mut self, name: &UserName, search: Search) -> Ticket {
        let ticket = self.memory.traffic.call(&wire::LookUpUserRequest { user_name: name.as_str().to_owned() });
        self.memory.searches.insert(ticket, search);
        ticket
    }

    pub(super) fn found(&mut self, ticket: Ticket, reply: wire::LookUpUserResponse) -> Result<(), Mishap> {
        let Some(search) = self.memory.searches.remove(&ticket) else { return Ok(()) };
        let keys = reply.keys.ok_or(Mishap::Bad("keys"))?;
        let account = self.take_keys(&keys)?;
        match search {
            Search::Direct { greeting } => {
                let chat = self.direct_with(account)?;
                if let Some(body) = greeting {
                    self.enqueue(&chat, &body)?;
                }
                self.tell(Change::Started(chat.id));
            }
            Search::Add(chat) => {
                if let Some(chat) = self.chat(chat)? {
                    self.intend(&chat, &Intent::add(&[account]))?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn not_found(&mut self, ticket: Ticket, failure: &Failure) {
        self.memory.searches.remove(&ticket);
        let code = failure.code();
        let why = match code {
            Some(wire::ErrorCode::NotFound) | None => Why::NobodyThere,
            Some(code) => Why::Refused(code),
        };
        self.fail(Attempt::Find, why);
    }

    /// The chat with an account, begun if there is none.
    pub(super) fn direct_with(&mut self, account: AccountId) -> Result<Chat, Mishap> {
        let own = self.account()?.id;
        let kind = if account == own { ConversationKind::Saved } else { ConversationKind::Direct };
        for chat in Chat::all(self.db)? {
            if chat.kind == kind && self.is_with(&chat, account)? {
                return Ok(chat);
            }
        }
        self.begin_founding(kind, if account == own { &[] } else { std::slice::from_ref(&account) })
    }

    fn is_with(&mut self, chat: &Chat, account: AccountId) -> Result<bool, Mishap> {
        if chat.membership == Membership::Founding {
            let intent = self.first_intent(chat)?;
            return Ok(intent.is_some_and(|(_, intent)| {
                chat.kind == ConversationKind::Saved || intent.accounts().any(|founded| founded == account)
            }));
        }
        let Some(roster) = self.current_roster(chat)? else { return Ok(false) };
        Ok(roster.accounts().any(|(member, _)| member == account))
    }

    /// Remembers whom this device shares a group with, and by which identity keys.
    pub(super) fn meet(&mut self, group: &Group) -> Result<(), Mishap> {
        let standing = group.standing().map_err(|_| Mishap::Bad("the agreement on keys"))?;
        for (account, seat) in &standing.accounts {
            self.pin(*account, &seat.identity)?;
        }
        Ok(())
    }

    /// Remembers an identity key. One that is not the known one is a line in every conversation that is shared with the account.
    pub(super) fn pin(&mut self, account: AccountId, identity: &[u8; 32]) -> Result<(), StoreError> {
        if remember_key(self.db, account, identity)? {
            self.note_changed_key(account)?;
        }
        Ok(())
    }

    fn note_changed_key(&mut self, account: AccountId) -> Result<(), StoreError> {
        for chat in Chat::all(self.db)? {
            let roster = roster_at(self.db, &chat)?;
            if roster.is_some_and(|roster| roster.has(account)) {
                self.note(&chat, chat.high_seq(), chat.server_at_ms, Line::KeyChanged(account))?;
                self.tell(Change::Timeline(chat.id));
            }
        }
        self.tell(Change::Contact(account));
        Ok(())
    }

    /// Takes over what the server says of an account: nothing of it is believed but what its identity key vouches for.
    pub(super) fn take_keys(&mut self, keys: &wire::AccountKeys) -> Result<AccountId, Mishap> {
        let account = AccountId::parse("account_id", &keys.account_id)?;
        self.keys_were_shown(account, keys)?;
        if keys.identity_key.is_empty() {
            self.db
                .prepare_cached("UPDATE contacts SET stale = 0, user_name = '' WHERE account_id = ?1")?
                .execute([account.as_bytes()])?;
            self.let_go(account)?;
            return Ok(account);
        }
        let identity: [u8; 32] = keys.identity_key[..].try_into().map_err(|_| Mishap::Bad("identity_key"))?;
        IdentityPublicKey::from_bytes(&identity).map_err(|_| Mishap::Bad("identity_key"))?;
        self.pin(account, &identity)?;
        self.db
            .prepare_cached(
                "UPDATE contacts SET user_name = ?2, keys_version = ?3, stale = 0 WHERE account_id = ?1 AND keys_version <= ?3",
            )?
            .execute(params![account.as_bytes(), keys.user_name, keys.version])?;
        self.tell(Change::Contact(account));
        Ok(account)
    }

    /// A deleted account is nobody's member any more. Whoever may remove it from a group does; one of them is first.
    fn let_go(&mut self, account: AccountId) -> Result<(), Mishap> {
        let own = self.account()?.id;
        for chat in Chat::all(self.db)? {
            if chat.kind != ConversationKind::Group || chat.membership != Membership::Member {
                continue;
            }
            let Some(roster) = self.current_roster(&chat)? else { continue };
            let is_member = roster.accounts().any(|(member, _)| member == account);
            if is_member && roster.standing_of(own) >= Standing::Admin && account != own {
                self.intend(&chat, &Intent::remove(account))?;
            }
        }
        self.tell(Change::Contact(account));
        Ok(())
    }

    /// Asks for what is new of those whose keys changed or who were never looked at.
    pub(super) fn ask_for_keys(&mut self) -> Result<(), Mishap> {
        if self.is_busy(Lane::Keys)? {
            return Ok(());
        }
        let accounts = self
            .db
            .prepare_cached("SELECT account_id, keys_version FROM contacts WHERE stale = 1 LIMIT 100")?
            .query_map([], |row| {
                let account = AccountId::from_bytes(row.get::<_, [u8; ID_LEN]>(0)?);
                Ok(wire::KnownAccount { account_id: account.to_wire(), known_version: row.get(1)? })
            })?
            .collect::<Result<Vec<_>, _>>()?;
        if accounts.is_empty() {
            return Ok(());
        }
        Ok(self.call(Lane::Keys, &wire::GetAccountKeysRequest { accounts })?)
    }

    pub(super) fn keys_came(
        &mut self,
        asked: &wire::GetAccountKeysRequest,
        reply: &wire::GetAccountKeysResponse,
    ) -> Result<(), Mishap> {
        for keys in &reply.accounts {
            self.take_keys(keys)?;
        }
        // Who is left out has nothing new.
        for known in &asked.accounts {
            self.db
                .prepare_cached("UPDATE contacts SET stale = 0 WHERE account_id = ?1")?
                .execute([known.account_id.as_ref()])?;
        }
        self.tell(Change::Chats);
        Ok(())
    }

    pub(super) fn keys_changed(&mut self, account: AccountId) -> Result<(), Mishap> {
        if self.memory.account.as_ref().is_some_and(|own| own.id == account && own.state == State::InUse) {
            self.update(|own| own.wants.add(Wants::OWN_ACCOUNT))?;
        }
        self.db
            .prepare_cached(
                "INSERT INTO contacts (account_id) VALUES (?1) ON CONFLICT (account_id) DO UPDATE SET stale = 1",
            )?
            .execute([account.as_bytes()])?;
        Ok(())
    }

    /// There are newer keys than those of `version`, which were handed out last: after newer ones, if an old answer came late. So
    /// everything since that version is asked for.
    pub(super) fn keys_are_outdated(&mut self, account: AccountId, version: u64) -> Result<(), Mishap> {
        self.keys_changed(account)?;
        self.db
            .prepare_cached("UPDATE contacts SET keys_version = min(keys_version, ?2) WHERE account_id = ?1")?
            .execute(params![account.as_bytes(), version])?;
        Ok(())
    }

    /// Holds here at once, and on the server when it can be reached. A change of mind before that replaces what was to be sent.
    pub(super) fn set_blocked(&mut self, account: AccountId, blocked: bool) -> Result<(), Mishap> {
        self.keep_blocked(account, blocked)?;
        self.forget(Lane::Block(account))?;
        let account_id = account.to_wire();
        Ok(if blocked {
            self.call(Lane::Block(account), &wire::BlockAccountRequest { account_id })
        } else {
            self.call(Lane::Block(account), &wire::UnblockAccountRequest { account_id })
        }?)
    }

    pub(super) fn keep_blocked(&mut self, account: AccountId, blocked: bool) -> Result<(), Mishap> {
        self.db
            .prepare_cached(
                "INSERT INTO contacts (account_id, blocked) VALUES (?1, ?2)
                 ON CONFLICT (account_id) DO UPDATE SET blocked = ?2",
            )?
            .execute(params![account.as_bytes(), blocked])?;
        self.tell(Change::Contact(account));
        self.tell(Change::Chats);
        Ok(())
    }

    /// Whom the account had blocked before this device came.
    pub(super) fn blocked_came(&mut self, reply: &wire::ListBlockedResponse) -> Result<(), Mishap> {
        for account in &reply.account_ids {
            self.keep_blocked(AccountId::parse("account_ids", account)?, true)?;
        }
        self.update(|account| account.wants.remove(Wants::BLOCKED))?;
        match reply.account_ids.last().filter(|_| reply.more) {
            Some(last) => {
                self.forget(Lane::Blocked)?;
                let request = wire::ListBlockedRequest { after_account_id: last.clone() };
                Ok(self.call(Lane::Blocked, &request)?)
            }
            None => Ok(()),
        }
    }
}

pub(super) fn contact(db: &rusqlite::Connection, account: AccountId) -> Result<Option<Contact>, StoreError> {
    Ok(db
        .prepare_cached(
            "SELECT account_id, user_name, identity_key, new_key, blocked FROM contacts WHERE account_id = ?1",
        )?
        .query_row([account.as_bytes()], read_contact)
        .optional()?)
}

/// Everybody who is known.
pub(super) fn contacts(db: &rusqlite::Connection) -> Result<BTreeMap<AccountId, Contact>, StoreError> {
    db.prepare_cached("SELECT account_id, user_name, identity_key, new_key, blocked FROM contacts")?
        .query_map([], read_contact)?
        .map(|row| row.map(|contact| (contact.account, contact)).map_err(StoreError::from))
        .collect()
}

fn read_contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    Ok(Contact {
        account: AccountId::from_bytes(row.get(0)?),
        user_name: row.get(1)?,
        identity: row.get(2)?,
        new_identity: row.get(3)?,
        verified: false,
        blocked: row.get(4)?,
    })
}
