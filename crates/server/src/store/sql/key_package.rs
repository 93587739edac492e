//! Key packages: each of single use goes to exactly one claimer.

use std::collections::HashMap;

use async_trait::async_trait;
use sotto_proto::{AccountId, DeviceId, RequestId, limits};
use sqlx::AssertSqlSafe;

use super::connection::{Connection, padded, placeholders};
use super::failure::broken;
use super::group::within;
use super::value::{Arg, Row, args};
use super::{SqlStore, next_change};
use crate::clock::Timestamp;
use crate::store::{
    Claim, Claimed, ClaimedKeyPackage, Counted, KeyPackageCount, KeyPackages, NewKeyPackage, Refusal, StoreError,
};

#[async_trait]
impl KeyPackages for SqlStore {
    async fn publish_key_packages(
        &self,
        account: AccountId,
        device: DeviceId,
        packages: &[NewKeyPackage],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        next_change(&mut tx, &account).await?;
        let sql = "SELECT 1 FROM devices WHERE id = $1 AND account = $2 AND revoked_at IS NULL";
        tx.row(sql, args![&device, &account]).await?;
        for package in packages {
            store(&mut tx, device, package, at).await?;
        }
        check_count(&mut tx, device, at).await?;
        tx.commit().await
    }

    async fn count_key_packages(
        &self,
        device: DeviceId,
        suite: u16,
        at: Timestamp,
    ) -> Result<KeyPackageCount, StoreError> {
        let sql = "SELECT last_resort, COUNT(*), MAX(expires_at) FROM key_packages
                   WHERE device = $1 AND suite = $2 AND claimed_at IS NULL AND expires_at > $3 GROUP BY last_resort";
        let rows = self.database.read().await?.rows(sql, args![&device, u32::from(suite), at]).await?;
        let mut count = KeyPackageCount::default();
        for row in &rows {
            if row.flag(0)? {
                count.last_resort_expires_at = Some(row.time(2)?);
            } else {
                count.single_use = row.count(1)?;
            }
        }
        Ok(count)
    }

    async fn claimed_before(
        &self,
        claimer: AccountId,
        request: RequestId,
        digest: &[u8; 32],
    ) -> Result<Option<Claimed>, StoreError> {
        remembered(&mut self.database.snapshot().await?, claimer, request, digest).await
    }

    async fn claim_key_packages(&self, claim: Claim) -> Result<Claimed, StoreError> {
        let mut tx = self.database.write().await?;
        if !begin_claim(&mut tx, &claim).await? {
            let before = remembered(&mut tx, claim.claimer, claim.request, &claim.digest).await?;
            return before.ok_or_else(|| broken("a claim is neither new nor known"));
        }
        let mut devices = devices(&mut tx, &claim).await?;
        let mut claimed = Claimed::default();
        let mut left = claim.max_bytes;
        for account in &claim.accounts {
            let found = find(&mut tx, &claim, *account, &devices.remove(account).unwrap_or_default()).await?;
            let bytes: usize = found.iter().map(|found| found.package.package.len()).sum();
            if bytes > left && claimed.reached > 0 {
                break;
            }
            left = left.saturating_sub(bytes);
            for found in found {
                take(&mut tx, &claim, &found).await?;
                if found.runs_low {
                    claimed.running_low.push((*account, found.package.device));
                }
                claimed.packages.push(found.package);
            }
            claimed.reached += 1;
        }
        end_claim(&mut tx, &claim, claimed.reached).await?;
        tx.commit().await?;
        Ok(claimed)
    }
}

/// A new package of last resort takes the place of the one before. One that was stored before changes nothing: a late repetition
/// must not bring back what was replaced or handed out.
async fn store(tx: &mut Connection, device: DeviceId, new: &NewKeyPackage, at: Timestamp) -> Result<(), StoreError> {
    let suite = u32::from(new.suite);
    let sql = "INSERT INTO key_packages
                 (device, reference, suite, number, package, last_resort, sealed_private, expires_at)
               SELECT $1, $2, $3, COALESCE(MAX(number), 0) + 1, $4, $5, $6, $7 FROM key_packages WHERE device = $1
               ON CONFLICT DO NOTHING";
    let args =
        args![&device, &new.reference, suite, &new.package, new.last_resort, &new.sealed_private, new.expires_at];
    let is_new = tx.run(sql, args).await? == 1;
    if is_new && new.last_resort {
        // Welcomes for the former may still be on their way: it stays as one that was claimed does.
        let sql = "UPDATE key_packages SET claimed_at = $3 WHERE device = $1 AND suite = $2 AND last_resort = 1
                   AND claimed_at IS NULL AND reference <> $4";
        tx.run(sql, args![&device, suite, at, &new.reference]).await?;
    }
    Ok(())
}

async fn check_count(tx: &mut Connection, device: DeviceId, at: Timestamp) -> Result<(), StoreError> {
    let sql = "SELECT COUNT(*) FROM key_packages WHERE device = $1 AND last_resort = 0 AND claimed_at IS NULL
               AND expires_at > $2 GROUP BY suite";
    for row in tx.rows(sql, args![&device, at]).await? {
        within(Counted::KeyPackages, row.number(0)?, limits::KEY_PACKAGES_MAX)?;
    }
    Ok(())
}

/// Whether the request is new.
async fn begin_claim(tx: &mut Connection, claim: &Claim) -> Result<bool, StoreError> {
    let sql = "INSERT INTO claims (claimer, request, digest, claimed_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT DO NOTHING";
    Ok(tx.run(sql, args![&claim.claimer, &claim.request, &claim.digest, claim.at]).await? == 1)
}

async fn end_claim(tx: &mut Connection, claim: &Claim, reached: usize) -> Result<(), StoreError> {
    let sql = "UPDATE claims SET reached = $3 WHERE claimer = $1 AND request = $2";
    let reached = u64::try_from(reached).unwrap_or(u64::MAX);
    tx.run(sql, args![&claim.claimer, &claim.request, reached]).await.map(drop)
}

async fn remembered(
    tx: &mut Connection,
    claimer: AccountId,
    request: RequestId,
    digest: &[u8; 32],
) -> Result<Option<Claimed>, StoreError> {
    let sql = "SELECT digest, reached FROM claims WHERE claimer = $1 AND request = $2";
    let Some(claim) = tx.maybe_row(sql, args![&claimer, &request]).await? else { return Ok(None) };
    if claim.array::<32>(0)? != *digest {
        return Err(Refusal::IdTaken.into());
    }
    let sql = "SELECT account, device, package, last_resort FROM claimed_packages
               WHERE claimer = $1 AND request = $2 ORDER BY place, device";
    let package = |row: &Row| {
        Ok(ClaimedKeyPackage {
            account: row.id(0)?,
            device: row.id(1)?,
            package: row.bytes(2)?,
            last_resort: row.flag(3)?,
        })
    };
    let rows = tx.rows(sql, args![&claimer, &request]).await?;
    let packages = rows.iter().map(package).collect::<Result<Vec<_>, StoreError>>()?;
    let reached = usize::try_from(claim.number(1)?).unwrap_or(usize::MAX);
    Ok(Some(Claimed { packages, reached, running_low: Vec::new() }))
}

/// The devices asked for, by account. Blocked like absent.
async fn devices(tx: &mut Connection, claim: &Claim) -> Result<HashMap<AccountId, Vec<DeviceId>>, StoreError> {
    if claim.accounts.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT d.account, d.id FROM devices d WHERE d.id <> $1 AND d.revoked_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = d.account AND b.blocked = $2)
           AND d.account IN {} ORDER BY d.id",
        placeholders(3, claim.accounts.len())
    );
    let mut args: Vec<Arg<'_>> = vec![(&claim.device).into(), (&claim.claimer).into()];
    args.extend(padded(&claim.accounts));
    let mut devices: HashMap<AccountId, Vec<DeviceId>> = HashMap::new();
    for row in tx.rows(AssertSqlSafe(sql), &args).await? {
        devices.entry(row.id(0)?).or_default().push(row.id(1)?);
    }
    Ok(devices)
}

/// A package that this transaction may hand out.
struct Found {
    reference: Vec<u8>,
    package: ClaimedKeyPackage,
    runs_low: bool,
}

/// One package for each device of an account that has any.
async fn find(
    tx: &mut Connection,
    claim: &Claim,
    account: AccountId,
    devices: &[DeviceId],
) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::with_capacity(devices.len());
    for device in devices {
        let single =
            if claim.last_resort_only.contains(device) { None } else { single_use(tx, claim, *device).await? };
        let last_resort = single.is_none();
        let Some(row) = (if last_resort { of_last_resort(tx, claim, *device).await? } else { single }) else {
            continue;
        };
        let runs_low = last_resort || row.number(2)? <= claim.enough.into();
        let package = ClaimedKeyPackage { account, device: *device, package: row.bytes(1)?, last_resort };
        found.push(Found { reference: row.bytes(0)?, package, runs_low });
    }
    Ok(found)
}

/// The oldest package that nobody else is taking at this moment. It stays locked until the transaction ends.
async fn single_use(tx: &mut Connection, claim: &Claim, device: DeviceId) -> Result<Option<Row>, StoreError> {
    let sql = "SELECT reference, package,
                 (SELECT COUNT(*) FROM (SELECT 1 FROM key_packages WHERE device = $1 AND suite = $2 AND last_resort = 0
                    AND claimed_at IS NULL AND expires_at > $3 LIMIT $4) AS counted)
               FROM key_packages WHERE device = $1 AND suite = $2 AND last_resort = 0
                 AND claimed_at IS NULL AND expires_at > $3 ORDER BY number LIMIT 1";
    // Counted no further than it takes to know that there are enough without this one.
    let args = args![&device, u32::from(claim.suite), claim.at, u64::from(claim.enough) + 1];
    let rows = tx.free_rows(sql, args).await?;
    Ok(rows.into_iter().next())
}

async fn of_last_resort(tx: &mut Connection, claim: &Claim, device: DeviceId) -> Result<Option<Row>, StoreError> {
    let sql = "SELECT reference, package FROM key_packages WHERE device = $1 AND suite = $2 AND last_resort = 1
               AND claimed_at IS NULL AND expires_at > $3 ORDER BY number DESC LIMIT 1";
    tx.maybe_row(sql, args![&device, u32::from(claim.suite), claim.at]).await
}

async fn take(tx: &mut Connection, claim: &Claim, found: &Found) -> Result<(), StoreError> {
    let ClaimedKeyPackage { account, device, package, last_resort } = &found.package;
    if !last_resort {
        let sql = "UPDATE key_packages SET claimed_at = $3 WHERE device = $1 AND reference = $2";
        tx.run(sql, args![device, &found.reference, claim.at]).await?;
    }
    let place = claim.accounts.iter().position(|asked| asked == account).unwrap_or_default();
    let place = u64::try_from(place).unwrap_or_default();
    let sql = "INSERT INTO claimed_packages (claimer, request, device, account, package, last_resort, place)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let args = args![&claim.claimer, &claim.request, device, account, package, *last_resort, place];
    tx.run(sql, args).await.map(drop)
}
