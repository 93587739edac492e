//! What a device keeps ready on the server: key packages by which others can add it and the vault device.

use rusqlite::params;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::key_package::{DEVICE_LIFETIME, Usage, VAULT_LIFETIME, generate};
use sotto_crypto::vault::Version;
use sotto_crypto::vault_store::Item;
use sotto_proto::{DeviceId, wire};

use super::account::Wants;
use super::requests::Lane;
use super::step::{Mishap, Step};

impl Step<'_, '_> {
    pub(super) fn publish_packages(&mut self) -> Result<(), Mishap> {
        if self.is_busy(Lane::Packages)? {
            return Ok(());
        }
        let now = self.now();
        let participant = self.account()?.participant(now)?;
        let device_id = self.account()?.device.to_wire();
        let mut key_packages = Vec::with_capacity(PACKAGES + 1);
        for number in 0..=PACKAGES {
            let usage = if number == PACKAGES { Usage::LastResort } else { Usage::Once };
            let made = generate(&participant, Suite::PostQuantum, usage, now, DEVICE_LIFETIME, &mut self.moment.rng);
            let (key_package, secret) = made.map_err(|_| Mishap::Bad("a key package of our own"))?;
            let last_resort = usage == Usage::LastResort;
            self.db
                .prepare_cached("INSERT INTO key_packages (reference, secret, last_resort) VALUES (?1, ?2, ?3)")?
                .execute(params![secret.reference(), secret.expose_secret(), last_resort])?;
            key_packages.push(wire::KeyPackageUpload {
                key_package: key_package.into(),
                last_resort,
                sealed_private: bytes::Bytes::new(),
            });
        }
        Ok(self.call(Lane::Packages, &wire::PublishKeyPackagesRequest { device_id, key_packages })?)
    }

    /// The one key package of the vault device, which sleeps for years.
    pub(super) fn publish_vault_package(&mut self) -> Result<(), Mishap> {
        if self.is_busy(Lane::VaultPackages)? {
            return Ok(());
        }
        let now = self.now();
        let account = self.memory.account.as_ref().ok_or(Mishap::Bad("nobody is signed in"))?;
        let vault = account.vault.as_ref();
        let Some((vault, participant)) = vault.and_then(|vault| Some((vault, vault.participant(now)?))) else {
            return Ok(());
        };
        let made =
            generate(&participant, Suite::PostQuantum, Usage::LastResort, now, VAULT_LIFETIME, &mut self.moment.rng);
        let (key_package, secret) = made.map_err(|_| Mishap::Bad("a key package of our own"))?;
        let item = Item::KeyPackage(secret.reference().ok_or(Mishap::Bad("a key package of our own"))?);
        let sealed = vault.store.seal(account.id, &item, Version::FIRST, secret.expose_secret(), &mut self.moment.rng);
        self.db
            .prepare_cached(
                "INSERT OR REPLACE INTO vault_package (only_row, device_id, key_package, secret) VALUES (1, ?1, ?2, ?3)",
            )?
            .execute(params![vault.device.as_bytes(), key_package, secret.expose_secret()])?;
        let upload = wire::KeyPackageUpload {
            key_package: key_package.into(),
            last_resort: true,
            sealed_private: sealed.map_err(|_| Mishap::Bad("a key package of our own"))?.into(),
        };
        let request = wire::PublishKeyPackagesRequest { device_id: vault.device.to_wire(), key_packages: vec![upload] };
        Ok(self.call(Lane::VaultPackages, &request)?)
    }

    pub(super) fn published(&mut self, asked: &wire::PublishKeyPackagesRequest) -> Result<(), Mishap> {
        let own = self.account()?.device;
        let bit = if asked.device_id == own.to_wire() { Wants::PACKAGES } else { Wants::VAULT_PACKAGE };
        self.update(|account| account.wants.remove(bit))
    }

    /// Some device of the account runs low.
    pub(super) fn refill(&mut self, count: &wire::KeyPackageCount) -> Result<(), Mishap> {
        let device = DeviceId::parse("device_id", &count.device_id)?;
        if device == self.account()?.device {
            return self.update(|account| account.wants.add(Wants::PACKAGES));
        }
        if !count.last_resort && self.account()?.vault.as_ref().is_some_and(|vault| vault.device == device) {
            return self.update(|account| account.wants.add(Wants::VAULT_PACKAGE));
        }
        Ok(())
    }
}

/// Key packages of single use that are published at a time.
const PACKAGES: usize = 50;
