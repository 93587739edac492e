//! A device of a person: its keys, its session, its connection and its conversations.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use rand::rngs::StdRng;
use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::event::Sender;
use sotto_crypto::identity::{DeviceKey, DevicePublicKey, IdentityPublicKey};
use sotto_crypto::mls::Participant;
use sotto_crypto::mls::key_package::{self, DEVICE_LIFETIME, KeyPackageSecret, Usage, VAULT_LIFETIME};
use sotto_crypto::revocation::DeviceRevocation;
use sotto_crypto::vault::Version;
use sotto_crypto::vault_store::Item;
use sotto_proto::{AccountId, ConversationId, DeviceId, wire};

use super::person::FIRST;
use super::{Chat, Person, Town, now};
use crate::link::Link;

/// What a person holds in hand.
pub struct Device {
    /// Whose it is.
    pub person: Arc<Person>,
    /// Its id.
    pub id: DeviceId,
    /// Its connection.
    pub link: Link,
    /// Its session with both tokens.
    pub session: wire::Session,
    /// Its conversations.
    pub chats: BTreeMap<ConversationId, Chat>,
    pub(super) town: Town,
    pub(super) key: DeviceKey,
    pub(super) certificate: DeviceCertificate,
    pub(super) participant: Participant,
    pub(super) secrets: Vec<KeyPackageSecret>,
    pub(super) contacts: Contacts,
    pub(super) rng: StdRng,
}

/// The devices of people, by certificates that were checked.
pub(super) type Contacts = BTreeMap<(AccountId, DeviceId), DevicePublicKey>;

impl Device {
    pub(super) fn new(
        town: &Town,
        person: Arc<Person>,
        id: DeviceId,
        key: DeviceKey,
        certificate: &DeviceCertificate,
        link: Link,
        rng: StdRng,
    ) -> Result<Self> {
        let participant = Participant::new(certificate, &key, now())?;
        Ok(Self {
            person,
            id,
            link,
            session: wire::Session::default(),
            chats: BTreeMap::new(),
            town: town.clone(),
            key,
            certificate: *certificate,
            participant,
            secrets: Vec::new(),
            contacts: Contacts::new(),
            rng,
        })
    }

    /// The account that it belongs to.
    pub fn account(&self) -> AccountId {
        self.person.account
    }

    /// The server that it talks to.
    pub fn town(&self) -> &Town {
        &self.town
    }

    /// Another device of the same person arrives.
    pub async fn new_device(&self) -> Result<Self> {
        self.town.log_in(&self.person).await
    }

    /// Tells the server, and everybody, that the account vouches for this device.
    pub async fn file_certificate(&mut self) -> Result<()> {
        let certificate = Bytes::copy_from_slice(&self.certificate.encode());
        self.link.call(wire::AddDeviceRequest { certificate, sealed_name: Bytes::new() }).await?;
        self.refresh().await
    }

    /// Key packages by which others can add this device.
    pub async fn publish_key_packages(&mut self) -> Result<()> {
        let mut key_packages = Vec::new();
        for usage in [Usage::Once, Usage::Once, Usage::Once, Usage::LastResort] {
            let (key_package, secret) = key_package::generate(
                &self.participant,
                self.town.suite,
                usage,
                now(),
                DEVICE_LIFETIME,
                &mut self.rng,
            )?;
            self.secrets.push(secret);
            let last_resort = usage == Usage::LastResort;
            key_packages.push(wire::KeyPackageUpload {
                key_package: key_package.into(),
                last_resort,
                sealed_private: Bytes::new(),
            });
        }
        self.link.call(wire::PublishKeyPackagesRequest { device_id: self.id.to_wire(), key_packages }).await?;
        Ok(())
    }

    /// The one key package of the vault device, which sleeps for years.
    pub(super) async fn publish_for_the_vault(&mut self) -> Result<()> {
        let (person, suite) = (self.person.clone(), self.town.suite);
        let vault = person.vault_participant()?;
        let (key_package, secret) =
            key_package::generate(&vault, suite, Usage::LastResort, now(), VAULT_LIFETIME, &mut self.rng)?;
        let item = Item::KeyPackage(secret.reference().context("a key package has a reference")?);
        let store = person.root.derive_store_key(FIRST);
        let sealed = store.seal(person.account, &item, Version::FIRST, secret.expose_secret(), &mut self.rng)?;
        let upload = wire::KeyPackageUpload {
            key_package: key_package.into(),
            last_resort: true,
            sealed_private: sealed.into(),
        };
        let device_id = person.vault_device.to_wire();
        self.link.call(wire::PublishKeyPackagesRequest { device_id, key_packages: vec![upload] }).await?;
        Ok(())
    }

    /// The owner's word that a device is no longer theirs.
    pub fn revocation_of(&self, device: &Self) -> Result<DeviceRevocation> {
        let verified = device.certificate.verify_on_first_use(now())?;
        let identity = self.person.root.derive_identity_key();
        DeviceRevocation::by_account(&identity, &verified, now()).context("the device is of this account")
    }

    /// Takes a device out of the account.
    pub async fn revoke(&self, device: &Self) -> Result<()> {
        let revocation = Bytes::copy_from_slice(&self.revocation_of(device)?.encode());
        self.link.call(wire::RevokeDeviceRequest { revocation }).await?;
        Ok(())
    }

    /// Learns the devices of accounts that it does not know yet.
    pub(super) async fn meet(&mut self, accounts: impl IntoIterator<Item = AccountId>) -> Result<()> {
        let wanted =
            accounts.into_iter().map(|account| wire::KnownAccount { account_id: account.to_wire(), known_version: 0 });
        let accounts: Vec<_> = wanted.collect();
        if accounts.is_empty() {
            return Ok(());
        }
        let reply = self.link.call(wire::GetAccountKeysRequest { accounts }).await?;
        reply.accounts.iter().try_for_each(|keys| self.remember(keys))
    }

    pub(super) fn remember(&mut self, keys: &wire::AccountKeys) -> Result<()> {
        let account = AccountId::try_from(&keys.account_id[..])?;
        let identity = IdentityPublicKey::from_bytes(&keys.identity_key[..].try_into()?)?;
        for certificate in &keys.certificates {
            let device = DeviceCertificate::decode(certificate)?.verify(account, &identity, now())?;
            let claims = device.claims();
            self.contacts.insert((account, claims.device), claims.device_key);
        }
        Ok(())
    }

    pub(super) fn key_of(&self, sender: Sender) -> Option<DevicePublicKey> {
        self.contacts.get(&(sender.account, sender.device)).copied()
    }

    pub(super) fn as_sender(&self) -> Sender {
        Sender { account: self.account(), device: self.id }
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Device").field(&self.person.name).field(&self.id).finish()
    }
}
