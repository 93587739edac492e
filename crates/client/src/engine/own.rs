//! The own account: what its server keeps of it, and devices that came to it without this one's doing.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use rusqlite::params;
use sotto_crypto::certificate::{DeviceCertificate, Purpose};
use sotto_proto::{DeviceId, wire};

use super::account::Wants;
use super::change::Change;
use super::step::{Mishap, Step};
use super::{Engine, EngineError, Moment};
use crate::store::StoreError;

/// The own account as the server keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAccount {
    /// Its e-mail address; empty if it has none.
    pub email: String,
    /// Whether signing in takes a second factor.
    pub has_factor: bool,
    /// Backup codes of the second factor that are not used yet.
    pub backup_codes_left: u32,
    /// Bytes of files and of what is sealed for the account.
    pub storage_used: u64,
    /// Bytes that it may use.
    pub storage_quota: u64,
}

impl Engine {
    /// Asks what the server keeps of the own account. [`Change::Account`] tells when it came.
    pub fn ask_for_account(&mut self, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| step.update(|account| account.wants.add(Wants::OWN_ACCOUNT)))
    }

    /// The own account, as it was last asked for.
    pub fn own(&self) -> Option<&OwnAccount> {
        self.memory.own.as_ref()
    }

    /// Whether a device has come to the account of which the person has not said that it is theirs. Which one is in the list of
    /// [`Engine::devices`].
    pub fn has_new_device(&self) -> Result<bool, EngineError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM own_devices WHERE is_new = 1)";
        let mut statement = self.store.connection().prepare_cached(sql).map_err(StoreError::from)?;
        Ok(statement.query_row([], |row| row.get(0)).map_err(StoreError::from)?)
    }

    /// The person has said that a new device is theirs.
    pub fn device_is_mine(&mut self, device: DeviceId, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| {
            step.db
                .prepare_cached("UPDATE own_devices SET is_new = 0 WHERE device_id = ?1")?
                .execute([device.as_bytes()])?;
            for listed in step.memory.devices.iter_mut().filter(|listed| listed.id == device) {
                listed.is_new = false;
            }
            step.tell(Change::Devices);
            step.tell(Change::Account);
            Ok(())
        })
    }
}

impl Step<'_, '_> {
    /// The own account as the server has it. Which devices it has is believed by their certificates only.
    pub(super) fn take_own_account(&mut self, reply: wire::GetOwnAccountResponse) -> Result<(), Mishap> {
        let keys = reply.keys.ok_or(Mishap::Bad("keys"))?;
        let now = self.now();
        let account = self.account()?;
        let (own, identity) = (account.id, account.identity);
        let certificates: Vec<_> = decoded(&keys.certificates).collect();
        let is_device = |certificate: &&DeviceCertificate| {
            certificate.verify(own, &identity, now).is_ok_and(|device| device.claims().purpose == Purpose::Device)
        };
        let devices = certificates.iter().filter(is_device).map(DeviceCertificate::claimed_device).collect();
        self.update(|account| {
            account.wants.remove(Wants::OWN_ACCOUNT);
            account.user_name.clone_from(&keys.user_name);
        })?;
        self.meet_vaults(&certificates)?;
        self.memory.own = Some(OwnAccount {
            email: reply.email,
            has_factor: reply.totp_enabled,
            backup_codes_left: reply.backup_codes_left,
            storage_used: reply.storage_used,
            storage_quota: reply.storage_quota,
        });
        self.watch_own_devices(&devices)?;
        self.take_keys(&keys)?;
        self.tell(Change::Account);
        self.revisit_unfinished()
    }

    /// A device that only now joined its account takes all the others as they are. Later ones are news.
    fn watch_own_devices(&mut self, devices: &BTreeSet<DeviceId>) -> Result<(), Mishap> {
        let known = self.known_own_devices()?;
        let is_news = known.contains_key(&self.account()?.device);
        let mut came = false;
        for device in devices.iter().filter(|device| !known.contains_key(device)) {
            self.know_own_device(*device, is_news)?;
            came = is_news;
        }
        for gone in known.keys().filter(|device| !devices.contains(device)) {
            self.db.prepare_cached("DELETE FROM own_devices WHERE device_id = ?1")?.execute([gone.as_bytes()])?;
        }
        if came {
            self.memory.traffic.call(&wire::ListDevicesRequest {});
        }
        Ok(())
    }

    pub(super) fn know_own_device(&mut self, device: DeviceId, is_new: bool) -> Result<(), StoreError> {
        self.db
            .prepare_cached("INSERT OR REPLACE INTO own_devices (device_id, is_new) VALUES (?1, ?2)")?
            .execute(params![device.as_bytes(), is_new])?;
        Ok(())
    }

    /// The own devices that were heard of, and whether the person has yet to say that they are theirs.
    pub(super) fn known_own_devices(&self) -> Result<BTreeMap<DeviceId, bool>, StoreError> {
        let mut statement = self.db.prepare_cached("SELECT device_id, is_new FROM own_devices")?;
        let rows = statement.query_map([], |row| Ok((DeviceId::from_bytes(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Certificates as a server lists them. What is none is left out.
pub(super) fn decoded<'c>(
    certificates: impl IntoIterator<Item = &'c Bytes>,
) -> impl Iterator<Item = DeviceCertificate> {
    certificates.into_iter().filter_map(|bytes| DeviceCertificate::decode(bytes).ok())
}
