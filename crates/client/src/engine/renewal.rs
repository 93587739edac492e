//! New keys of the vault after a device was revoked as lost (docs/PROTOCOL.md, 6.3; ADR 0038).
//!
//! A device keeps the store key and the vault device's key of its generation. So whoever has a lost one would go on reading as the vault
//! device would. The keys of the next generation come from the same root, which devices do not keep. What is needed for the whole course is
//! made while the password is at hand, and kept: from there on nothing but the server is needed, and every step can be done twice.
//!
//! The vault device before is revoked last. Until then a new device, or one that has not come into all conversations, comes in with it.

use bytes::Bytes;
use prost::Message as _;
use rusqlite::OptionalExtension as _;
use sotto_crypto::certificate::{DeviceCertificate, Purpose};
use sotto_crypto::identity::{DeviceKey, IdentityKey};
use sotto_crypto::revocation::DeviceRevocation;
use sotto_crypto::secret::Secret;
use sotto_crypto::vault::RootSecret;
use sotto_crypto::vault_store::StoreKey;
use sotto_proto::{DeviceId, wire};
use zeroize::Zeroize as _;

use super::account::Wants;
use super::change::{Attempt, Change, Why};
use super::requests::Lane;
use super::step::{Mishap, Step};
use super::vault::{Sleeper, Vault};
use super::{Engine, EngineError};
use crate::store::StoreError;

/// How the keys of the vault stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultStand {
    /// No device that was revoked has them.
    Good,
    /// New ones are taking over, and this many conversations are still to come.
    Renewing(u32),
    /// A revoked device may have them: new ones begin with the next password.
    Due,
    /// Another device has begun new ones that are not here. They come by themselves, or with the next password.
    Behind,
}

/// How far the course has come: what the server has not said yes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
enum Stage {
    /// The lost device is to be revoked.
    Revoking = 0,
    /// The next vault device is to be put on file.
    Filing = 1,
    /// It takes the place of the one before in every conversation.
    Replacing = 2,
    /// The one before is to be revoked.
    Ending = 3,
}

#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct Renewal {
    #[prost(enumeration = "Stage", tag = "1")]
    stage: i32,
    /// Empty if no device is lost, but new keys are due.
    #[prost(bytes = "bytes", tag = "2")]
    lost: Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    end_of_lost: Bytes,
    #[prost(bytes = "bytes", tag = "4")]
    end_of_former: Bytes,
    /// The next vault device. Empty when the keys are in use already.
    #[prost(bytes = "bytes", tag = "5")]
    certificate: Bytes,
    #[prost(bytes = "vec", tag = "6")]
    seed: Vec<u8>,
    #[prost(bytes = "vec", tag = "7")]
    store_key: Vec<u8>,
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.seed.zeroize();
        self.store_key.zeroize();
    }
}

impl std::fmt::Debug for Renewal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Renewal").field("stage", &self.stage()).finish_non_exhaustive()
    }
}

impl Engine {
    /// How the keys of the vault stand. [`Change::Account`] tells when that changes.
    pub fn vault_stand(&self) -> Result<VaultStand, EngineError> {
        let Some(account) = self.memory.account.as_ref() else { return Ok(VaultStand::Good) };
        let db = self.store.connection();
        if load(db)?.is_some() {
            let left = db.query_row(STILL_TO_COME, [], |row| row.get(0)).map_err(StoreError::from)?;
            return Ok(VaultStand::Renewing(left));
        }
        Ok(match (account.renewal_due, account.newer_vault) {
            (true, _) => VaultStand::Due,
            (false, Some(_)) => VaultStand::Behind,
            (false, None) => VaultStand::Good,
        })
    }
}

impl Step<'_, '_> {
    /// Revokes a device that is lost, and begins new keys, since it has the present ones.
    pub(super) fn revoke_lost(
        &mut self,
        lost: DeviceId,
        end_of_lost: &DeviceRevocation,
        root: &RootSecret,
    ) -> Result<(), Mishap> {
        let end_of_lost = Bytes::copy_from_slice(&end_of_lost.encode());
        if self.account()?.vault.is_none() || self.renewal()?.is_some() {
            // The keys that are just taking over may be known to it as well.
            self.memory.traffic.call(&wire::RevokeDeviceRequest { revocation: end_of_lost });
            let has_vault = self.account()?.vault.is_some();
            return self.update(|account| account.renewal_due = has_vault);
        }
        self.plan(root, Some((lost, end_of_lost)))
    }

    /// Goes on with what another device did not end, or begins what is due, while the root is at hand.
    pub(super) fn renew_if_due(&mut self, root: &RootSecret) -> Result<(), Mishap> {
        let account = self.account()?;
        let is_open = account.vault.as_ref().is_some_and(|vault| vault.former.is_some());
        if (account.renewal_due || is_open) && self.renewal()?.is_none() {
            self.plan(root, None)?;
        }
        Ok(())
    }

    fn plan(&mut self, root: &RootSecret, lost: Option<(DeviceId, Bytes)>) -> Result<(), Mishap> {
        let identity = root.derive_identity_key();
        let is_lost = lost.is_some();
        let (lost, end_of_lost) = lost.map(|(id, end)| (id.to_wire(), end)).unwrap_or_default();
        let mut plan = Renewal::default();
        (plan.lost, plan.end_of_lost) = (lost, end_of_lost);
        let former = self.account()?.vault.as_ref().and_then(|vault| vault.former.as_ref());
        if let Some(certificate) = former.map(|former| former.certificate) {
            // An account has two vault devices at most. Those that are taking over do so first.
            plan.end_of_former = self.end_of(&identity, &certificate)?;
            plan.set_stage(if is_lost { Stage::Revoking } else { Stage::Replacing });
            self.update(|account| account.renewal_due |= is_lost)?;
            self.db.execute(EVERYWHERE_DUE, [])?;
        } else if !self.draw_next(root, &identity, &mut plan)? {
            // Without the vault's certificate, or after the last generation, the device is revoked nevertheless.
            if is_lost {
                self.memory.traffic.call(&wire::RevokeDeviceRequest { revocation: plan.end_of_lost.clone() });
            }
            return self.update(|account| account.renewal_due = true);
        } else {
            self.update(|account| account.renewal_due = false)?;
            plan.set_stage(if is_lost { Stage::Revoking } else { Stage::Filing });
        }
        self.keep_renewal(&plan)?;
        self.tell(Change::Account);
        Ok(())
    }

    /// Says whether there can be a next generation.
    fn draw_next(&mut self, root: &RootSecret, identity: &IdentityKey, plan: &mut Renewal) -> Result<bool, Mishap> {
        let device = DeviceId::from_bytes(self.moment.random());
        let account = self.account()?;
        let vault = account.vault.as_ref().ok_or(Mishap::Bad("an account without a vault"))?;
        let (Some(next), Some(present)) = (vault.generation().next(), vault.certificate) else { return Ok(false) };
        let key = root.derive_vault_device_key(next);
        let certificate = self.certify(identity, account.id, device, &key, Purpose::Vault)?;
        plan.end_of_former = self.end_of(identity, &present)?;
        plan.certificate = Bytes::copy_from_slice(&certificate.encode());
        plan.seed = key.expose_seed().expose_secret().to_vec();
        plan.store_key = root.derive_store_key(next).expose_secret().to_vec();
        Ok(true)
    }

    fn end_of(&self, identity: &IdentityKey, certificate: &DeviceCertificate) -> Result<Bytes, Mishap> {
        let (account, now) = (self.account()?.id, self.now());
        let verified = certificate.verify(account, &identity.public(), now).ok();
        let end = verified.and_then(|device| DeviceRevocation::by_account(identity, &device, now));
        let end = end.ok_or(Mishap::Bad("the certificate of the vault device"))?;
        Ok(Bytes::copy_from_slice(&end.encode()))
    }

    /// Decides on the next call of a renewal.
    pub(super) fn settle_renewal(&mut self) -> Result<(), Mishap> {
        let Some(mut renewal) = self.renewal()? else { return Ok(()) };
        if renewal.stage() == Stage::Replacing && self.is_everywhere()? {
            renewal.set_stage(Stage::Ending);
            self.keep_renewal(&renewal)?;
        }
        match renewal.stage() {
            Stage::Revoking => {
                let revocation = renewal.end_of_lost.clone();
                self.call(Lane::Renewal, &wire::RevokeDeviceRequest { revocation })?;
            }
            Stage::Filing => {
                let certificate = renewal.certificate.clone();
                self.call(Lane::Certify, &wire::AddDeviceRequest { certificate, sealed_name: Bytes::new() })?;
            }
            Stage::Replacing => {}
            Stage::Ending => {
                let revocation = renewal.end_of_former.clone();
                self.call(Lane::Renewal, &wire::RevokeDeviceRequest { revocation })?;
            }
        }
        Ok(())
    }

    /// Whether every conversation that this device can come into has the new vault device.
    fn is_everywhere(&self) -> Result<bool, Mishap> {
        let left: u32 = self.db.prepare_cached(STILL_TO_COME)?.query_row([], |row| row.get(0))?;
        Ok(left == 0 && !self.account()?.wants.has(Wants::SYNC))
    }

    /// The server has taken a revocation. Says whether it was one of a renewal.
    pub(super) fn renewal_revoked(&mut self, asked: &wire::RevokeDeviceRequest) -> Result<bool, Mishap> {
        let Some(mut renewal) = self.renewal()? else { return Ok(false) };
        if renewal.stage() == Stage::Revoking && asked.revocation == renewal.end_of_lost {
            renewal.set_stage(if renewal.certificate.is_empty() { Stage::Replacing } else { Stage::Filing });
            self.keep_renewal(&renewal)?;
            self.revoked()?;
        } else if renewal.stage() == Stage::Ending && asked.revocation == renewal.end_of_former {
            self.end_renewal()?;
        } else {
            return Ok(false);
        }
        self.tell(Change::Account);
        Ok(true)
    }

    /// The server has not taken it. Says whether it was one of a renewal.
    pub(super) fn renewal_not_revoked(&mut self, asked: &wire::RevokeDeviceRequest, why: Why) -> Result<bool, Mishap> {
        let Some(renewal) = self.renewal()? else { return Ok(false) };
        if renewal.stage() == Stage::Revoking && asked.revocation == renewal.end_of_lost {
            self.db.execute("DELETE FROM renewal", [])?;
            self.fail(Attempt::Devices, why);
        } else if renewal.stage() == Stage::Ending && asked.revocation == renewal.end_of_former {
            // Another device has ended it.
            self.end_renewal()?;
        } else {
            return Ok(false);
        }
        self.tell(Change::Account);
        Ok(true)
    }

    fn end_renewal(&mut self) -> Result<(), Mishap> {
        self.db.execute("DELETE FROM renewal", [])?;
        self.update_vault(|vault| vault.former = None)?;
        self.update(|account| account.wants.add(Wants::OWN_ACCOUNT))
    }

    /// The next vault device is on file: its keys are the ones in use. Says whether it was that.
    pub(super) fn renewal_filed(&mut self, asked: &wire::AddDeviceRequest) -> Result<bool, Mishap> {
        let Some(mut renewal) = self.renewal()? else { return Ok(false) };
        let Ok(certificate) = DeviceCertificate::decode(&renewal.certificate) else { return Ok(false) };
        if renewal.stage() != Stage::Filing || asked.certificate != renewal.certificate {
            return Ok(false);
        }
        let (seed, store) = (Secret::copy_from(&renewal.seed), Secret::copy_from(&renewal.store_key));
        let (Some(seed), Some(store)) = (seed, store) else { return Err(Mishap::Bad("a stored renewal")) };
        self.take_over(&certificate, DeviceKey::from_seed(&seed), vec![store])?;
        renewal.set_stage(Stage::Replacing);
        self.keep_renewal(&renewal)?;
        Ok(true)
    }

    /// It cannot be put on file now. Says whether it was that.
    pub(super) fn renewal_not_filed(&mut self, asked: &wire::AddDeviceRequest) -> Result<bool, Mishap> {
        let Some(renewal) = self.renewal()? else { return Ok(false) };
        if renewal.stage() != Stage::Filing || asked.certificate != renewal.certificate {
            return Ok(false);
        }
        self.db.execute("DELETE FROM renewal", [])?;
        self.update(|account| account.renewal_due = true)?;
        self.tell(Change::Account);
        Ok(true)
    }

    /// Begins to use the keys of a later generation. `stores` are the store keys that are not here yet, the new one last.
    pub(super) fn take_over(
        &mut self,
        certificate: &DeviceCertificate,
        key: DeviceKey,
        stores: Vec<Secret<32>>,
    ) -> Result<(), Mishap> {
        self.update_vault(|vault| vault.move_to(certificate, key, stores))?;
        self.generation_began()
    }

    /// As [`Step::take_over`], by the root itself: with the password every device has all keys.
    pub(super) fn take_over_from(
        &mut self,
        root: &RootSecret,
        certificates: &[DeviceCertificate],
    ) -> Result<(), Mishap> {
        let now = self.now();
        let account = self.account()?;
        let Some(present) = account.vault.as_ref().map(Vault::generation) else { return Ok(()) };
        let found = Vault::found_in(root, account.id, certificates, now);
        if found.generation() <= present {
            return Ok(());
        }
        self.update_vault(|vault| *vault = found)?;
        self.generation_began()
    }

    fn generation_began(&mut self) -> Result<(), Mishap> {
        self.update(|account| {
            account.newer_vault = None;
            // What was set under the keys before is looked at again, and sealed anew.
            account.settings_change = 0;
            account.wants.add(Wants::SETTINGS | Wants::VAULT_PACKAGE | Wants::OWN_ACCOUNT);
        })?;
        self.db.execute("DELETE FROM vault_offers", [])?;
        self.db.execute(EVERYWHERE_DUE, [])?;
        self.tell(Change::Account);
        self.revisit_unfinished()
    }

    /// The device whose loss led to this, as far as this device knows of one.
    pub(super) fn lost_device(&self) -> Result<Option<DeviceId>, Mishap> {
        let lost = self.renewal()?.and_then(|renewal| renewal.lost[..].try_into().ok());
        Ok(lost.map(DeviceId::from_bytes))
    }

    pub(super) fn is_renewing(&self) -> Result<bool, Mishap> {
        Ok(self.renewal()?.is_some())
    }

    fn renewal(&self) -> Result<Option<Renewal>, Mishap> {
        Ok(load(self.db)?)
    }

    fn keep_renewal(&mut self, renewal: &Renewal) -> Result<(), StoreError> {
        self.db
            .prepare_cached("INSERT OR REPLACE INTO renewal (only_row, body) VALUES (1, ?1)")?
            .execute([renewal.encode_to_vec()])?;
        Ok(())
    }
}

impl Vault {
    fn move_to(&mut self, certificate: &DeviceCertificate, key: DeviceKey, stores: Vec<Secret<32>>) {
        let before = Sleeper {
            device: std::mem::replace(&mut self.device, certificate.claimed_device()),
            key: std::mem::replace(&mut self.key, key),
            certificate: self.certificate.replace(*certificate).unwrap_or(*certificate),
        };
        self.former = Some(before).filter(|before| before.certificate != *certificate);
        for store in stores {
            let next = StoreKey::new(store, self.generation().next().unwrap_or(self.generation()));
            self.older.push(std::mem::replace(&mut self.store, next));
        }
    }
}

fn load(db: &rusqlite::Connection) -> Result<Option<Renewal>, StoreError> {
    let body: Option<Vec<u8>> =
        db.prepare_cached("SELECT body FROM renewal")?.query_row([], |row| row.get(0)).optional()?;
    let renewal = body.map(|body| Renewal::decode(body.as_slice())).transpose();
    renewal.map_err(|_| StoreError::Contradiction("renewal"))
}

/// A conversation that a person has not accepted, or whose group is broken, is not waited for.
const STILL_TO_COME: &str = "
    SELECT count(*) FROM chats WHERE vault_due > 0 AND trouble = 0
      AND ((membership = 2 AND standing = 1) OR (membership = 0 AND vault_step <> 3 AND standing <> 2))";
const EVERYWHERE_DUE: &str = "UPDATE chats SET vault_due = max(vault_due, 1)";
