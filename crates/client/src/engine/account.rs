//! Who this device is: the one row that everything else needs.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::event::Sender;
use sotto_crypto::identity::{DeviceKey, IdentityPublicKey};
use sotto_crypto::mls::Participant;
use sotto_crypto::primitives::VerifyingKey;
use sotto_crypto::secret::Secret;
use sotto_crypto::time::Time;
use sotto_crypto::vault::{Generation, SlotKey};
use sotto_crypto::vault_store::StoreKey;
use sotto_proto::{AccountId, DeviceId, ID_LEN, wire};
use zeroize::Zeroizing;

use super::step::{Mishap, Step};
use super::vault::Vault;
use crate::store::StoreError;

/// How this device stands to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is being registered, or its certificate is being filed.
    Entering,
    /// It may do everything.
    InUse,
    /// Its session has ended.
    SignedOut,
}

pub(super) struct Account {
    pub(super) state: State,
    pub(super) id: AccountId,
    pub(super) user_name: String,
    pub(super) identity: IdentityPublicKey,
    pub(super) device: DeviceId,
    pub(super) key: DeviceKey,
    pub(super) certificate: DeviceCertificate,
    pub(super) server_key: VerifyingKey,
    pub(super) vault: Option<Vault>,
    pub(super) vault_version: u64,
    /// Whether a device was revoked that may know the vault's keys, and new ones have not begun yet.
    pub(super) renewal_due: bool,
    /// The certificate of a vault device whose keys are not here.
    pub(super) newer_vault: Option<DeviceCertificate>,
    /// Until the person has written them down.
    pub(super) recovery_words: Option<Zeroizing<String>>,
    /// New ones that the server may have taken over or not.
    pub(super) next_words: Option<Zeroizing<String>>,
    pub(super) access_token: Zeroizing<String>,
    pub(super) refresh_token: Zeroizing<String>,
    pub(super) cursor: Vec<u8>,
    pub(super) wants: Wants,
    pub(super) settings_change: u64,
}

/// What still has to be brought to the server or fetched from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants(u32);

impl Wants {
    pub(super) const OWN_ACCOUNT: u32 = 1;
    pub(super) const PACKAGES: u32 = 2;
    pub(super) const VAULT_PACKAGE: u32 = 4;
    pub(super) const SYNC: u32 = 8;
    pub(super) const SAVED: u32 = 16;
    pub(super) const TOKEN: u32 = 32;
    pub(super) const BLOCKED: u32 = 64;
    pub(super) const SETTINGS: u32 = 128;

    pub(super) const fn of(bits: u32) -> Self {
        Self(bits)
    }

    pub(super) const fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    pub(super) fn add(&mut self, bits: u32) {
        self.0 |= bits;
    }

    pub(super) fn remove(&mut self, bits: u32) {
        self.0 &= !bits;
    }
}

impl Account {
    pub(super) fn load(db: &Connection) -> Result<Option<Self>, StoreError> {
        let row = db.prepare_cached("SELECT * FROM account")?.query_row([], Self::read).optional()?;
        let Some(row) = row else { return Ok(None) };
        let mut account = row.ok_or(StoreError::Contradiction("account"))?;
        if let Some(vault) = account.vault.as_mut() {
            vault.load_past(db)?;
        }
        Ok(Some(account))
    }

    /// None for a row that this program cannot have written.
    fn read(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let secret = |name: &str| -> rusqlite::Result<Option<Secret<32>>> {
            Ok(row.get::<_, Option<Vec<u8>>>(name)?.as_deref().and_then(Secret::copy_from))
        };
        let words = |name: &str| row.get::<_, Option<String>>(name).map(|words| words.map(Zeroizing::new));
        let Some(key) = secret("device_seed")?.as_ref().map(DeviceKey::from_seed) else { return Ok(None) };
        let Ok(certificate) = DeviceCertificate::decode(&row.get::<_, Vec<u8>>("certificate")?) else {
            return Ok(None);
        };
        let Ok(identity) = IdentityPublicKey::from_bytes(&row.get("identity_key")?) else { return Ok(None) };
        let Ok(server_key) = VerifyingKey::from_bytes(&row.get("server_key")?) else { return Ok(None) };
        let vault_device = row.get::<_, Option<[u8; ID_LEN]>>("vault_device_id")?.map(DeviceId::from_bytes);
        let vault_certificate = row.get::<_, Option<Vec<u8>>>("vault_certificate")?;
        let (seed, store, slots) = (secret("vault_seed")?, secret("store_key")?, secret("slot_key")?);
        let vault = match (vault_device, seed, store, slots) {
            (Some(device), Some(seed), Some(store), Some(slots)) => Some(Vault {
                device,
                key: DeviceKey::from_seed(&seed),
                certificate: vault_certificate.and_then(|bytes| DeviceCertificate::decode(&bytes).ok()),
                store: StoreKey::new(store, Generation(row.get("vault_generation")?)),
                slots: SlotKey::from_secret(slots),
                older: Vec::new(),
                former: None,
            }),
            _ => None,
        };
        let state = match row.get("state")? {
            1 => State::Entering,
            2 => State::InUse,
            _ => State::SignedOut,
        };
        Ok(Some(Self {
            state,
            id: AccountId::from_bytes(row.get("account_id")?),
            user_name: row.get("user_name")?,
            identity,
            device: DeviceId::from_bytes(row.get("device_id")?),
            key,
            certificate,
            server_key,
            vault,
            vault_version: row.get("vault_version")?,
            renewal_due: row.get("renewal_due")?,
            newer_vault: row
                .get::<_, Option<Vec<u8>>>("newer_vault")?
                .and_then(|bytes| DeviceCertificate::decode(&bytes).ok()),
            recovery_words: words("recovery_words")?,
            next_words: words("next_words")?,
            access_token: Zeroizing::new(row.get("access_token")?),
            refresh_token: Zeroizing::new(row.get("refresh_token")?),
            cursor: row.get("cursor")?,
            wants: Wants(row.get("wants")?),
            settings_change: row.get("settings_change")?,
        }))
    }

    fn save(&self, db: &Connection) -> Result<(), StoreError> {
        let state = match self.state {
            State::Entering => 1,
            State::InUse => 2,
            State::SignedOut => 3,
        };
        let vault = self.vault.as_ref();
        let certificate = vault.and_then(|vault| vault.certificate.as_ref()).map(DeviceCertificate::encode);
        db.prepare_cached(
            "INSERT OR REPLACE INTO account (only_row, state, account_id, user_name, identity_key, device_id, device_seed,
               certificate, server_key, vault_device_id, vault_seed, vault_certificate, store_key, slot_key, vault_version,
               recovery_words, next_words, access_token, refresh_token, cursor, wants, settings_change, vault_generation,
               renewal_due, newer_vault)
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
               ?23, ?24)",
        )?
        .execute(params![
            state,
            self.id.as_bytes(),
            self.user_name,
            self.identity.as_bytes(),
            self.device.as_bytes(),
            self.key.expose_seed().expose_secret(),
            self.certificate.encode(),
            self.server_key.as_bytes(),
            vault.map(|vault| *vault.device.as_bytes()),
            vault.map(|vault| *vault.key.expose_seed().expose_secret()),
            certificate,
            vault.map(|vault| *vault.store.expose_secret()),
            vault.map(|vault| *vault.slots.expose_secret()),
            self.vault_version,
            self.recovery_words.as_deref(),
            self.next_words.as_deref(),
            self.access_token.as_str(),
            self.refresh_token.as_str(),
            self.cursor,
            self.wants.0,
            self.settings_change,
            vault.map_or(Generation::FIRST, Vault::generation).0,
            self.renewal_due,
            self.newer_vault.as_ref().map(DeviceCertificate::encode),
        ])?;
        Ok(())
    }

    pub(super) fn sender(&self) -> Sender {
        Sender { account: self.id, device: self.device }
    }

    pub(super) fn participant(&self, now: Time) -> Result<Participant, Mishap> {
        Participant::new(&self.certificate, &self.key, now).map_err(|_| Mishap::Bad("the certificate of this device"))
    }

    pub(super) fn take(&mut self, session: &wire::Session) {
        self.access_token = Zeroizing::new(session.access_token.clone());
        self.refresh_token = Zeroizing::new(session.refresh_token.clone());
    }
}

impl Step<'_, '_> {
    /// Changes the account and keeps it.
    pub(super) fn update(&mut self, change: impl FnOnce(&mut Account)) -> Result<(), Mishap> {
        let account = self.memory.account.as_mut().ok_or(Mishap::Bad("nobody is signed in"))?;
        change(account);
        Ok(account.save(self.db)?)
    }

    pub(super) fn begin_account(&mut self, account: Account) -> Result<(), StoreError> {
        account.save(self.db)?;
        if let Some(vault) = &account.vault {
            vault.save_past(self.db)?;
        }
        self.memory.account = Some(account);
        Ok(())
    }

    /// Changes what is kept of the vault, and keeps it.
    pub(super) fn update_vault(&mut self, change: impl FnOnce(&mut Vault)) -> Result<(), Mishap> {
        self.update(|account| {
            if let Some(vault) = account.vault.as_mut() {
                change(vault);
            }
        })?;
        if let Some(vault) = &self.account()?.vault {
            vault.save_past(self.db)?;
        }
        Ok(())
    }

    pub(super) fn drop_account(&mut self) -> Result<(), StoreError> {
        self.db.execute("DELETE FROM account", [])?;
        self.memory.account = None;
        Ok(())
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("id", &self.id).field("device", &self.device).finish_non_exhaustive()
    }
}
