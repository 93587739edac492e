//! What a person has set for a conversation: the same on all devices of the account, and sealed for them alone. The last choice counts.

use prost::Message;
use rusqlite::{Connection, OptionalExtension as _, params};
use sotto_crypto::vault::Version;
use sotto_crypto::vault_store::Item;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{AccountId, ConversationId, ID_LEN, SlotId, wire};

use super::account::{Account, Wants};
use super::change::Change;
use super::requests::{Failure, Lane};
use super::step::{Mishap, Step};
use super::vault::Vault;
use crate::store::StoreError;

/// What a person has set for a conversation.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Preferences {
    /// Until when it makes no noise, in milliseconds since 1970; 0 if it may.
    #[prost(uint64, tag = "1")]
    pub muted_until_ms: u64,
    /// Whether it is out of sight.
    #[prost(bool, tag = "2")]
    pub archived: bool,
    /// Its place among those that are always on top, from 1; 0 if it is not one of them.
    #[prost(uint32, tag = "3")]
    pub pinned: u32,
    /// The folders that it is in.
    #[prost(string, repeated, tag = "4")]
    pub folders: Vec<String>,
}

/// What is kept of a conversation.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OfChat {
    #[prost(message, required, tag = "1")]
    pub(super) preferences: Preferences,
    /// What was begun to be written.
    #[prost(string, tag = "2")]
    pub(super) draft: String,
}

impl Preferences {
    pub(super) fn is_too_large(&self) -> bool {
        self.folders.len() > FOLDERS_MAX || self.folders.iter().any(|folder| folder.len() > FOLDER_NAME_MAX)
    }
}

impl Step<'_, '_> {
    /// Holds here at once, and on the other devices when the server can be reached.
    pub(super) fn set(&mut self, name: &Name, body: &[u8]) -> Result<(), Mishap> {
        let Some(slot) = name.slot(self.account()?) else { return Ok(()) };
        self.db
            .prepare_cached(
                "INSERT INTO settings (slot, version, body, unsent) VALUES (?1, 0, ?2, 1)
                 ON CONFLICT (slot) DO UPDATE SET body = ?2, unsent = 1 WHERE body <> ?2",
            )?
            .execute(params![slot.as_bytes(), body])?;
        self.tell(Change::Chats);
        Ok(())
    }

    pub(super) fn change_setting_of(
        &mut self,
        chat: ConversationId,
        change: impl FnOnce(&mut OfChat),
    ) -> Result<(), Mishap> {
        let mut kept = of_chat(self.db, self.account()?, chat)?;
        change(&mut kept);
        self.set(&Name::Chat(chat), &kept.encode_to_vec())
    }

    /// Brings what was set here to the server, and asks for what was set elsewhere.
    pub(super) fn settle_settings(&mut self) -> Result<(), Mishap> {
        if self.account()?.wants.has(Wants::SETTINGS) {
            let request = wire::ListSettingsRequest { after_change: self.account()?.settings_change };
            self.call(Lane::Settings, &request)?;
        }
        let unsent = self
            .db
            .prepare_cached("SELECT slot, version, body FROM settings WHERE unsent = 1 LIMIT 16")?
            .query_map([], |row| {
                Ok((row.get::<_, [u8; ID_LEN]>(0)?, row.get::<_, u64>(1)?, row.get::<_, Vec<u8>>(2)?))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        for (slot, version, body) in unsent {
            let slot = SlotId::from_bytes(slot);
            if self.is_busy(Lane::Setting(slot))? {
                continue;
            }
            let account = self.memory.account.as_ref().ok_or(Mishap::Bad("nobody is signed in"))?;
            let Some(vault) = account.vault.as_ref() else { return Ok(()) };
            let (version, generation) = (Version::from_number(version).next(), vault.generation().0);
            let sealed = vault.store.seal(account.id, &Item::Setting(slot), version, &body, &mut self.moment.rng);
            let setting = wire::Setting {
                slot_id: slot.to_wire(),
                version: version.number(),
                sealed: sealed.map_err(|_| Mishap::Bad("a setting that is too long"))?.into(),
                change: 0,
            };
            self.call(Lane::Setting(slot), &wire::PutSettingRequest { setting: Some(setting) })?;
            // What is set from now on is another version.
            self.db
                .prepare_cached("UPDATE settings SET unsent = 0, version = ?2, generation = ?3 WHERE slot = ?1")?
                .execute(params![slot.as_bytes(), version.number(), generation])?;
        }
        Ok(())
    }

    /// Another device was first: what was set here is the later choice, and follows it.
    pub(super) fn setting_refused(&mut self, asked: &wire::PutSettingRequest, failure: &Failure) -> Result<(), Mishap> {
        let (Failure::Refused(detail), Some(setting)) = (failure, &asked.setting) else { return Ok(()) };
        if ErrorCode::of(detail) == ErrorCode::VersionConflict {
            self.db
                .prepare_cached("UPDATE settings SET unsent = 1, version = max(version, ?2) WHERE slot = ?1")?
                .execute(params![setting.slot_id.as_ref(), detail.version])?;
        }
        Ok(())
    }

    pub(super) fn settings_came(&mut self, reply: &wire::ListSettingsResponse) -> Result<(), Mishap> {
        for setting in &reply.settings {
            self.take_setting(setting)?;
        }
        let last = reply.settings.last().map(|setting| setting.change);
        self.update(|account| {
            account.settings_change = last.unwrap_or(account.settings_change);
            if !reply.more {
                account.wants.remove(Wants::SETTINGS);
            }
        })?;
        if !reply.more {
            self.seal_settings_anew()?;
        }
        self.forget(Lane::Settings)?;
        self.tell(Change::Chats);
        Ok(())
    }

    /// What is still sealed under keys that a revoked device may have follows under the present ones.
    fn seal_settings_anew(&mut self) -> Result<(), Mishap> {
        let Some(generation) = self.account()?.vault.as_ref().map(Vault::generation) else { return Ok(()) };
        self.db.prepare_cached("UPDATE settings SET unsent = 1 WHERE generation < ?1")?.execute([generation.0])?;
        Ok(())
    }

    /// One that does not open, or is older than what was seen, is none: also one under keys of a generation before, which a revoked device
    /// could have made. A choice made here that is still on its way stays.
    fn take_setting(&mut self, setting: &wire::Setting) -> Result<(), Mishap> {
        let slot = SlotId::parse("slot_id", &setting.slot_id)?;
        let seen: Option<(u64, bool)> = self
            .db
            .prepare_cached("SELECT version, unsent FROM settings WHERE slot = ?1")?
            .query_row([slot.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (seen, unsent) = seen.unwrap_or_default();
        let account = self.account()?;
        let Some(vault) = account.vault.as_ref().filter(|_| !unsent) else { return Ok(()) };
        let (seen, generation) = (Version::from_number(seen), vault.generation().0);
        let Ok((body, version)) = vault.store.open(account.id, &Item::Setting(slot), seen, &setting.sealed) else {
            return Ok(());
        };
        self.db
            .prepare_cached(
                "INSERT OR REPLACE INTO settings (slot, version, body, unsent, generation) VALUES (?1, ?2, ?3, 0, ?4)",
            )?
            .execute(params![slot.as_bytes(), version.number(), body.expose_secret(), generation])?;
        Ok(())
    }

    /// The server has settings up to this change.
    pub(super) fn settings_stand_at(&mut self, change: u64) -> Result<(), Mishap> {
        if change > self.account()?.settings_change {
            self.update(|account| account.wants.add(Wants::SETTINGS))?;
        }
        Ok(())
    }
}

/// What a setting is for.
pub(super) enum Name {
    Chat(ConversationId),
    /// What was said of a contact.
    Contact(AccountId),
    /// How the person wants to be seen.
    Profile,
}

impl Name {
    /// Where the server keeps it, without knowing what it is.
    pub(super) fn slot(&self, account: &Account) -> Option<SlotId> {
        let name = match self {
            Self::Chat(chat) => format!("chat {chat}"),
            Self::Contact(account) => format!("contact {account}"),
            Self::Profile => "profile".to_owned(),
        };
        account.vault.as_ref().map(|vault| vault.slots.derive_slot(&name))
    }
}

pub(super) fn setting<M: Message + Default>(db: &Connection, account: &Account, name: &Name) -> Result<M, StoreError> {
    let Some(slot) = name.slot(account) else { return Ok(M::default()) };
    let body: Option<Vec<u8>> = db
        .prepare_cached("SELECT body FROM settings WHERE slot = ?1")?
        .query_row([slot.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(body.and_then(|body| M::decode(body.as_slice()).ok()).unwrap_or_default())
}

pub(super) fn of_chat(db: &Connection, account: &Account, chat: ConversationId) -> Result<OfChat, StoreError> {
    setting(db, account, &Name::Chat(chat))
}

const FOLDERS_MAX: usize = 32;
const FOLDER_NAME_MAX: usize = 256;
/// Most bytes of a draft.
pub(super) const DRAFT_MAX: usize = 50_000;
