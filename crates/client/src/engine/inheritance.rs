//! Keys of the vault's next generation on their way to the account's other devices: said in the account's conversation with itself, in an
//! epoch in which neither the lost device nor the vault device before has a leaf (docs/PROTOCOL.md, 6.3).

use prost::Message as _;
use rusqlite::{OptionalExtension as _, params};
use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::event::OpenedEvent;
use sotto_crypto::identity::DeviceKey;
use sotto_crypto::secret::Secret;
use sotto_crypto::vault::Generation;
use sotto_proto::wire::event::Content;
use sotto_proto::wire::{ConversationKind, VaultKeys};
use sotto_proto::{decode, limits, wire};
use zeroize::Zeroizing;

use super::change::Change;
use super::chat::Chat;
use super::step::{Mishap, Step};
use super::vault::vault_certificates;

impl Step<'_, '_> {
    /// Passes the keys on.
    pub(super) fn pass_vault_keys(&mut self, chat: &Chat) -> Result<(), Mishap> {
        let Some(vault) = self.account()?.vault.as_ref() else { return Ok(()) };
        let stores = vault.older.iter().chain([&vault.store]);
        let keys = VaultKeys {
            device_key: vault.key.expose_seed().expose_secret().to_vec().into(),
            store_keys: stores.map(|key| key.expose_secret().to_vec().into()).collect(),
        };
        let body = Zeroizing::new(self.event(Content::VaultKeys(keys), ""));
        self.enqueue_first(chat, &body)
    }

    /// Keeps what another own device passes on, and uses it if the account vouches for it.
    pub(super) fn take_vault_keys(&mut self, chat: &Chat, opened: &OpenedEvent) -> Result<(), Mishap> {
        if chat.kind != ConversationKind::Saved || opened.sender().account != self.account()?.id {
            return Ok(());
        }
        let Some(keys) = keys_in(opened.expose_body()) else { return Ok(()) };
        let Some(seed) = Secret::copy_from(&keys.device_key) else { return Ok(()) };
        let held: usize =
            self.db.prepare_cached("SELECT count(*) FROM vault_offers")?.query_row([], |row| row.get(0))?;
        if held >= OFFERS_MAX {
            self.db.execute("DELETE FROM vault_offers", [])?;
        }
        self.db
            .prepare_cached("INSERT OR REPLACE INTO vault_offers (device_key, body) VALUES (?1, ?2)")?
            .execute(params![DeviceKey::from_seed(&seed).public().as_bytes(), keys.encode_to_vec()])?;
        self.inherit()
    }

    /// Looks at who the vault devices of the account are.
    pub(super) fn meet_vaults(&mut self, certificates: &[DeviceCertificate]) -> Result<(), Mishap> {
        let now = self.now();
        let account = self.account()?;
        let (Some(vault), is_renewing) = (account.vault.as_ref(), self.is_renewing()?) else { return Ok(()) };
        let filed: Vec<_> = vault_certificates(certificates, account.id, &account.identity, now).collect();
        let present = filed.iter().copied().find(|certificate| *certificate.claimed_key() == vault.key.public());
        let is_gone = |former: &super::vault::Sleeper| !filed.contains(&former.certificate);
        let former_is_gone = vault.former.as_ref().is_some_and(is_gone);
        let is_former = |certificate: &DeviceCertificate| {
            vault.former.as_ref().is_some_and(|former| former.certificate == *certificate)
        };
        let newer = filed.iter().copied().rfind(|certificate| Some(*certificate) != present && !is_former(certificate));
        let newer = newer.filter(|_| !is_renewing);
        let is_news = newer != account.newer_vault;
        if let Some(certificate) = present.filter(|present| vault.certificate != Some(*present)) {
            self.update_vault(|vault| {
                vault.device = certificate.claimed_device();
                vault.certificate = Some(certificate);
            })?;
        }
        if former_is_gone && !is_renewing {
            self.update_vault(|vault| vault.former = None)?;
        }
        if is_news {
            self.update(|account| account.newer_vault = newer)?;
            self.tell(Change::Account);
        }
        self.inherit()
    }

    /// Uses keys that were passed on, if the account vouches for the vault device that they belong to.
    fn inherit(&mut self) -> Result<(), Mishap> {
        let account = self.account()?;
        let (Some(certificate), Some(vault)) = (account.newer_vault, account.vault.as_ref()) else { return Ok(()) };
        let present = vault.generation();
        let body: Option<Vec<u8>> = self
            .db
            .prepare_cached("SELECT body FROM vault_offers WHERE device_key = ?1")?
            .query_row([certificate.claimed_key().as_bytes()], |row| row.get(0))
            .optional()?;
        let Some(keys) = body.and_then(|body| VaultKeys::decode(body.as_slice()).ok()) else { return Ok(()) };
        let Some(seed) = Secret::copy_from(&keys.device_key) else { return Ok(()) };
        let known = usize::try_from(present.0).unwrap_or(usize::MAX);
        let stores: Vec<_> = keys.store_keys.iter().skip(known).filter_map(|key| Secret::copy_from(key)).collect();
        if stores.is_empty() {
            return Ok(());
        }
        self.take_over(&certificate, DeviceKey::from_seed(&seed), stores)
    }
}

fn keys_in(body: &[u8]) -> Option<VaultKeys> {
    let event: wire::Event = decode(body.to_vec().into(), limits::EVENT_MAX).ok()?;
    let Some(Content::VaultKeys(keys)) = event.content else { return None };
    let generations = 2..=usize::try_from(Generation::LAST.0).ok()?;
    let is_whole = generations.contains(&keys.store_keys.len())
        && keys.device_key.len() == KEY_LEN
        && keys.store_keys.iter().all(|key| key.len() == KEY_LEN);
    is_whole.then_some(keys)
}

const KEY_LEN: usize = 32;
/// Offers that nobody vouched for yet.
const OFFERS_MAX: usize = 8;
