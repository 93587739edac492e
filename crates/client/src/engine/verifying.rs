//! Whether a contact's identity key is really theirs: what two people compare, what they said about it, and what happens when the key
//! changes. What was said is a setting of the account, and so holds on all its devices.

use prost::Message as _;
use rusqlite::{Connection, OptionalExtension as _, params};
use sotto_crypto::identity::IdentityPublicKey;
use sotto_crypto::safety::{Party, SafetyNumber, ScanError, Verdict, judge_qr_text, qr_text};
use sotto_proto::AccountId;

use super::account::Account;
use super::chat::Chat;
use super::settings::{Name, setting};
use super::step::{Mishap, Step};
use super::view::roster_at;
use super::{Change, Engine, EngineError, Moment};
use crate::store::StoreError;

/// Which of a contact's identity keys is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChoice {
    /// The one that the contact was first seen with, or that was accepted since.
    Known,
    /// Another one, that it was seen with later.
    New,
}

/// What two people compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Safety {
    /// Digits and words, the same for both.
    pub number: SafetyNumber,
    /// What the own screen shows for the contact to scan.
    pub qr_text: String,
}

/// What a person has said of a contact.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OfContact {
    /// The identity key that was compared and found to be theirs; empty if none.
    #[prost(bytes = "vec", tag = "1")]
    verified_key: Vec<u8>,
}

impl Engine {
    /// What this person and a contact compare. None for somebody whose key is not known, or who has no new one.
    pub fn safety(&self, account: AccountId, key: KeyChoice) -> Result<Option<Safety>, EngineError> {
        let parties = self.parties(account, key)?;
        Ok(parties.map(|(own, contact)| Safety {
            number: SafetyNumber::between(&own, &contact),
            qr_text: qr_text(&own, &contact),
        }))
    }

    /// Judges what was scanned from a contact's screen, by one of the keys that the contact was seen with. None for somebody whose key is
    /// not known, or who has no new one.
    pub fn judge_scan(
        &self,
        account: AccountId,
        key: KeyChoice,
        text: &str,
    ) -> Result<Option<Result<Verdict, ScanError>>, EngineError> {
        let parties = self.parties(account, key)?;
        Ok(parties.map(|(own, contact)| judge_qr_text(text, &own, &contact)))
    }

    /// The person has compared, and found the known key to be the contact's; or takes that back.
    pub fn set_verified(
        &mut self,
        account: AccountId,
        verified: bool,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        let contact = self.contact(account)?.and_then(|contact| contact.identity);
        let key = contact.ok_or(EngineError::Unusable("a contact whose key is not known"))?;
        self.signed_in_step(moment, |step| step.set_verified(account, verified.then_some(key)))
    }

    /// The person decides on a contact that was seen with another identity key: that key is the right one from now on, and is yet to be
    /// verified; or the known one stays, and the other was a lie. Until then nothing goes to a contact whose known key was verified.
    pub fn decide_on_key(
        &mut self,
        account: AccountId,
        choice: KeyChoice,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| step.decide_on_key(account, choice))
    }

    fn parties(&self, account: AccountId, key: KeyChoice) -> Result<Option<(Party, Party)>, EngineError> {
        let (Some(own), Some(contact)) = (self.memory.account.as_ref(), self.contact(account)?) else {
            return Ok(None);
        };
        let key = match key {
            KeyChoice::Known => contact.identity,
            KeyChoice::New => contact.new_identity,
        };
        let identity = key.and_then(|key| IdentityPublicKey::from_bytes(&key).ok());
        Ok(identity.map(|identity| (Party { account: own.id, identity: own.identity }, Party { account, identity })))
    }
}

impl Step<'_, '_> {
    fn set_verified(&mut self, account: AccountId, key: Option<[u8; 32]>) -> Result<(), Mishap> {
        let said = OfContact { verified_key: key.map(Vec::from).unwrap_or_default() };
        self.set(&Name::Contact(account), &said.encode_to_vec())?;
        self.tell(Change::Contact(account));
        self.revisit_shared(account)
    }

    fn decide_on_key(&mut self, account: AccountId, choice: KeyChoice) -> Result<(), Mishap> {
        if choice == KeyChoice::New {
            self.db.execute(
                "UPDATE contacts SET identity_key = new_key WHERE account_id = ?1 AND new_key IS NOT NULL",
                [account.as_bytes()],
            )?;
        }
        self.db.execute("UPDATE contacts SET new_key = NULL WHERE account_id = ?1", [account.as_bytes()])?;
        self.tell(Change::Contact(account));
        self.tell(Change::Chats);
        self.revisit_shared(account)
    }

    /// What waited for a decision goes on.
    fn revisit_shared(&mut self, account: AccountId) -> Result<(), Mishap> {
        for chat in Chat::all(self.db)? {
            let roster = roster_at(self.db, &chat)?;
            if roster.is_some_and(|roster| roster.has(account)) {
                self.revisit(chat.id);
            }
        }
        Ok(())
    }
}

/// The verified member of a conversation whose identity key has changed, if there is one: somebody has to decide before anything is said.
pub(super) fn undecided_member(
    db: &Connection,
    account: &Account,
    chat: &Chat,
) -> Result<Option<AccountId>, StoreError> {
    let undecided = undecided(db, account)?;
    if undecided.is_empty() {
        return Ok(None);
    }
    let roster = roster_at(db, chat)?;
    Ok(roster.and_then(|roster| undecided.into_iter().find(|member| roster.has(*member))))
}

/// Contacts whose identity key has changed after the person had verified it.
pub(super) fn undecided(db: &Connection, account: &Account) -> Result<Vec<AccountId>, StoreError> {
    let seen_with_another = db
        .prepare_cached("SELECT account_id, identity_key FROM contacts WHERE new_key IS NOT NULL")?
        .query_map([], |row| Ok((AccountId::from_bytes(row.get(0)?), row.get::<_, Option<[u8; 32]>>(1)?)))?
        .collect::<Result<Vec<_>, _>>()?;
    let mut undecided = Vec::new();
    for (contact, identity) in seen_with_another {
        if identity.is_some() && verified_key(db, account, contact)? == identity {
            undecided.push(contact);
        }
    }
    Ok(undecided)
}

/// The identity key of a contact that the person has verified.
pub(super) fn verified_key(
    db: &Connection,
    account: &Account,
    contact: AccountId,
) -> Result<Option<[u8; 32]>, StoreError> {
    let said: OfContact = setting(db, account, &Name::Contact(contact))?;
    Ok(said.verified_key.try_into().ok())
}

/// The same, of the setting as it is kept.
pub(super) fn kept_key(setting: &[u8]) -> Option<[u8; 32]> {
    OfContact::decode(setting).ok()?.verified_key.try_into().ok()
}

/// Remembers an identity key that an account was seen with. Says whether it is another one than was known, and new as such.
pub(super) fn remember_key(db: &Connection, account: AccountId, identity: &[u8; 32]) -> Result<bool, StoreError> {
    db.prepare_cached(
        "INSERT INTO contacts (account_id, identity_key) VALUES (?1, ?2)
         ON CONFLICT (account_id) DO UPDATE SET identity_key = coalesce(identity_key, ?2)",
    )?
    .execute(params![account.as_bytes(), identity])?;
    let changed = db
        .prepare_cached(
            "UPDATE contacts SET new_key = ?2 WHERE account_id = ?1 AND identity_key <> ?2 AND new_key IS NOT ?2",
        )?
        .execute(params![account.as_bytes(), identity])?;
    Ok(changed > 0)
}

/// The identity key by which an account is known.
pub(super) fn known_key(db: &Connection, account: AccountId) -> Result<Option<[u8; 32]>, StoreError> {
    let key = db
        .prepare_cached("SELECT identity_key FROM contacts WHERE account_id = ?1")?
        .query_row([account.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(key.flatten())
}
