//! Devices on file.

use async_trait::async_trait;
use sotto_proto::{AccountId, DeviceId, limits};
use sqlx::AssertSqlSafe;

use super::connection::{Connection, padded, placeholders};
use super::directory::queue_entry;
use super::group::within;
use super::removal::note_leaves;
use super::value::{Row, args};
use super::{SqlStore, next_change};
use crate::clock::Timestamp;
use crate::store::{Counted, Device, DeviceInForce, Devices, Done, NewDevice, Refusal, StoreError};

#[async_trait]
impl Devices for SqlStore {
    async fn add_device(&self, account: AccountId, device: NewDevice, at: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        next_change(&mut tx, &account).await?;
        let sql = "SELECT account, certificate, revoked_at FROM devices WHERE id = $1";
        if let Some(row) = tx.maybe_row(sql, args![&device.id]).await? {
            let same = row.id::<AccountId>(0)? == account && row.bytes(1)? == device.certificate;
            if !same || row.maybe_int(2)?.is_some() {
                return Err(Refusal::IdTaken.into());
            }
            return keys_version(&mut tx, account).await;
        }
        insert_device(&mut tx, account, &device, at).await?;
        check_count(&mut tx, account).await?;
        let version = keys_changed(&mut tx, account).await?;
        queue_entry(&mut tx, account, at).await?;
        tx.commit().await?;
        Ok(version)
    }

    async fn revoke_device(
        &self,
        account: AccountId,
        device: DeviceId,
        revocation: &[u8],
        at: Timestamp,
    ) -> Result<(u64, Done), StoreError> {
        let mut tx = self.database.write().await?;
        next_change(&mut tx, &account).await?;
        let sql = "SELECT revoked_at FROM devices WHERE id = $1 AND account = $2";
        if tx.row(sql, args![&device, &account]).await?.maybe_int(0)?.is_some() {
            return Ok((keys_version(&mut tx, account).await?, Done::Before));
        }
        let sql = "UPDATE devices SET revoked_at = $2, revocation = $3 WHERE id = $1";
        tx.run(sql, args![&device, at, revocation]).await?;
        tx.run("DELETE FROM sessions WHERE device = $1 AND account = $2", args![&device, &account]).await?;
        tx.run("DELETE FROM key_packages WHERE device = $1", args![&device]).await?;
        tx.run("DELETE FROM welcomes WHERE device = $1", args![&device]).await?;
        note_leaves(&mut tx, account, device, revocation).await?;
        let version = keys_changed(&mut tx, account).await?;
        queue_entry(&mut tx, account, at).await?;
        tx.commit().await?;
        Ok((version, Done::Now))
    }

    async fn devices(&self, account: AccountId) -> Result<Vec<Device>, StoreError> {
        let sql = "SELECT id, is_vault, device_key, certificate, sealed_name, account, added_at, last_used_at,
                     (SELECT COUNT(*) FROM key_packages k
                      WHERE k.device = d.id AND k.last_resort = 0 AND k.claimed_at IS NULL)
                   FROM devices d WHERE account = $1 AND revoked_at IS NULL ORDER BY added_at, id";
        self.database.read().await?.rows(sql, args![&account]).await?.iter().map(device).collect()
    }

    async fn devices_in_force(&self, devices: &[DeviceId]) -> Result<Vec<DeviceInForce>, StoreError> {
        if devices.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT d.id, d.account, d.is_vault, a.identity_key FROM devices d JOIN accounts a ON a.id = d.account
             WHERE d.revoked_at IS NULL AND a.deleted_at IS NULL AND d.id IN {}",
            placeholders(1, devices.len())
        );
        let args = padded(devices).collect::<Vec<_>>();
        let rows = self.database.read().await?.rows(AssertSqlSafe(sql), &args).await?;
        let device = |row: &Row| {
            Ok(DeviceInForce {
                device: row.id(0)?,
                account: row.id(1)?,
                is_vault: row.flag(2)?,
                identity_key: row.array(3)?,
            })
        };
        rows.iter().map(device).collect()
    }

    async fn name_device(&self, account: AccountId, device: DeviceId, sealed: &[u8]) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        let sql = "UPDATE devices SET sealed_name = $3 WHERE id = $1 AND account = $2 AND revoked_at IS NULL";
        if tx.run(sql, args![&device, &account, sealed]).await? == 0 {
            return Err(Refusal::NotFound.into());
        }
        tx.commit().await
    }
}

async fn check_count(tx: &mut Connection, account: AccountId) -> Result<(), StoreError> {
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN is_vault = 1 THEN 1 END) FROM devices
               WHERE account = $1 AND revoked_at IS NULL";
    let row = tx.row(sql, args![&account]).await?;
    within(Counted::Devices, row.number(0)?, limits::DEVICES_MAX)?;
    within(Counted::VaultDevices, row.number(1)?, limits::VAULT_DEVICES_MAX)
}

pub(super) async fn insert_device(
    tx: &mut Connection,
    account: AccountId,
    new: &NewDevice,
    at: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO devices
                 (id, account, is_vault, device_key, certificate, sealed_name, added_at, last_used_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, 0) ON CONFLICT DO NOTHING";
    let args = args![&new.id, &account, new.is_vault, &new.device_key, &new.certificate, &new.sealed_name, at];
    if tx.run(sql, args).await? == 1 { Ok(()) } else { Err(Refusal::IdTaken.into()) }
}

/// Moves the version of an account's keys. Its contacts are told later; they may be thousands.
pub(super) async fn keys_changed(tx: &mut Connection, account: AccountId) -> Result<u64, StoreError> {
    let sql = "UPDATE accounts SET keys_version = keys_version + 1, keys_untold = 1 WHERE id = $1
               RETURNING keys_version";
    tx.row(sql, args![&account]).await?.number(0)
}

async fn keys_version(tx: &mut Connection, account: AccountId) -> Result<u64, StoreError> {
    tx.row("SELECT keys_version FROM accounts WHERE id = $1", args![&account]).await?.number(0)
}

fn device(row: &Row) -> Result<Device, StoreError> {
    let filed = NewDevice {
        id: row.id(0)?,
        is_vault: row.flag(1)?,
        device_key: row.array(2)?,
        certificate: row.bytes(3)?,
        sealed_name: row.bytes(4)?,
    };
    Ok(Device {
        filed,
        account: row.id(5)?,
        added_at: row.time(6)?,
        last_used_at: row.time(7)?,
        key_packages: row.count(8)?,
    })
}
