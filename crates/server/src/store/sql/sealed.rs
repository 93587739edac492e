//! Sealed blobs with versions that only go up, and the bytes that they take from the quota.

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, Version, limits};
use sqlx::AssertSqlSafe;

use super::account::notice;
use super::connection::{Connection, padded, placeholders};
use super::conversation::visible_head;
use super::group::within;
use super::log::{self, Size};
use super::value::{Arg, Row, args, int};
use super::{SqlStore, next_change};
use crate::clock::Timestamp;
use crate::store::{
    Audience, Checkpoint, Counted, Marker, Notice, Refusal, Sealed, Setting, Standing, StoreError, VaultRecord,
};

#[async_trait]
impl Sealed for SqlStore {
    async fn vault(&self, account: AccountId) -> Result<VaultRecord, StoreError> {
        read_vault(&mut self.database.read().await?, account).await
    }

    async fn put_vault(&self, account: AccountId, new: VaultRecord) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let stored = tx.locked_row(VAULT, args![&account]).await?.ok_or(Refusal::NotFound)?;
        if vault(&stored)? == new {
            return stored.number(4);
        }
        let change = notice(&mut tx, account, Notice::Vault).await?;
        replace_vault(&mut tx, account, &new).await?;
        tx.commit().await?;
        Ok(change)
    }

    async fn put_checkpoint(&self, account: AccountId, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        next_change(&mut tx, &account).await?;
        visible_head(&mut tx, account, checkpoint.conversation).await?;
        if read_checkpoints(&mut tx, account, &[checkpoint.conversation]).await?.contains(&checkpoint) {
            return Ok(());
        }
        let sql = "SELECT version, CAST(LENGTH(sealed) AS BIGINT) FROM checkpoints
                   WHERE account = $1 AND conversation = $2";
        let stored = tx.maybe_row(sql, args![&account, &checkpoint.conversation]).await?;
        follow(checkpoint.version, stored.as_ref())?;
        charge(&mut tx, account, size_of(stored.as_ref())?, checkpoint.sealed.len()).await?;
        insert_checkpoint(&mut tx, account, &checkpoint).await?;
        tx.commit().await
    }

    async fn checkpoints(
        &self,
        account: AccountId,
        conversations: &[ConversationId],
        max_bytes: usize,
    ) -> Result<(Vec<Checkpoint>, Vec<ConversationId>), StoreError> {
        if conversations.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut tx = self.database.snapshot().await?;
        let columns = "conversation, CAST(LENGTH(sealed) AS BIGINT)";
        let sizes = checkpoint_rows(&mut tx, account, conversations, columns).await?;
        let sizes = sizes.iter().map(|row| Ok((row.id(0)?, row.number(1)?))).collect::<Result<Vec<_>, StoreError>>()?;
        let stored: Vec<(ConversationId, Size)> = conversations
            .iter()
            .filter_map(|wanted| sizes.iter().find(|(stored, _)| stored == wanted))
            .map(|&(conversation, bytes)| (conversation, Size { seq: 0, bytes }))
            .collect();
        let only_sizes: Vec<Size> = stored.iter().map(|(_, size)| *size).collect();
        let fitting = log::within(&only_sizes, u32::MAX, max_bytes).len();
        let ids: Vec<ConversationId> = stored.iter().map(|(conversation, _)| *conversation).collect();
        let (taken, remaining) = ids.split_at(fitting);
        let checkpoints = read_checkpoints(&mut tx, account, taken).await?;
        Ok((checkpoints, remaining.to_vec()))
    }

    async fn put_setting(&self, account: AccountId, setting: Setting) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let change = next_change(&mut tx, &account).await?;
        let sql = "SELECT change FROM settings WHERE account = $1 AND slot = $2 AND version = $3 AND sealed = $4";
        let args = args![&account, &setting.slot, setting.version, &setting.sealed];
        if let Some(same) = tx.maybe_row(sql, args).await? {
            return same.number(0);
        }
        let sql = "SELECT version, CAST(LENGTH(sealed) AS BIGINT) FROM settings WHERE account = $1 AND slot = $2";
        let stored = tx.maybe_row(sql, args![&account, &setting.slot]).await?;
        follow(setting.version, stored.as_ref())?;
        charge(&mut tx, account, size_of(stored.as_ref())?, setting.sealed.len()).await?;
        let sql = "INSERT INTO settings (account, slot, version, sealed, change) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (account, slot) DO UPDATE SET version = excluded.version, sealed = excluded.sealed,
                     change = excluded.change";
        tx.run(sql, args![&account, &setting.slot, setting.version, &setting.sealed, change]).await?;
        let sql = "SELECT COUNT(*) FROM settings WHERE account = $1";
        within(Counted::Settings, tx.row(sql, args![&account]).await?.number(0)?, limits::SETTINGS_MAX)?;
        tx.run("UPDATE accounts SET settings_change = $2 WHERE id = $1", args![&account, change]).await?;
        tx.commit().await?;
        Ok(change)
    }

    async fn settings_after(
        &self,
        account: AccountId,
        after: u64,
        limit: u32,
        max_bytes: usize,
    ) -> Result<(Vec<(u64, Setting)>, bool), StoreError> {
        let mut tx = self.database.snapshot().await?;
        let sql = "SELECT change, CAST(LENGTH(sealed) AS BIGINT) FROM settings WHERE account = $1 AND change > $2
                   ORDER BY change LIMIT $3";
        let rows = tx.rows(sql, args![&account, after, u64::from(limit.max(1)) + 1]).await?;
        let size = |row: &Row| Ok(Size { seq: row.number(0)?, bytes: row.number(1)? });
        let sizes = rows.iter().map(size).collect::<Result<Vec<_>, StoreError>>()?;
        let taken = log::within(&sizes, limit, max_bytes);
        let Some(last) = taken.last() else { return Ok((Vec::new(), false)) };
        let sql =
            "SELECT change, slot, version, sealed FROM settings WHERE account = $1 AND change > $2 AND change <= $3
                   ORDER BY change";
        let rows = tx.rows(sql, args![&account, after, last.seq]).await?;
        let setting = |row: &Row| {
            let setting = Setting { slot: row.id(1)?, version: row.version(2)?, sealed: row.bytes(3)? };
            Ok((row.number(0)?, setting))
        };
        Ok((rows.iter().map(setting).collect::<Result<_, StoreError>>()?, sizes.len() > taken.len()))
    }

    async fn put_marker(&self, marker: Marker, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        // Locks the conversation, and marks it: its members are told as of an entry.
        let sql = "UPDATE conversations SET untold = 1 WHERE id = $1";
        tx.run(sql, args![&marker.conversation]).await?;
        expect_member(&mut tx, marker.account, marker.conversation).await?;
        let audience = audience_code(marker.audience);
        // The reply of then was lost.
        let sql = "SELECT 1 FROM markers WHERE conversation = $1 AND account = $2 AND audience = $3
                   AND version = $4 AND generation = $5 AND epoch = $6 AND sealed = $7";
        let (generation, epoch) = (marker.generation, int(marker.epoch));
        let same =
            args![&marker.conversation, &marker.account, audience, marker.version, generation, epoch, &marker.sealed];
        if tx.maybe_row(sql, same).await?.is_some() {
            return Ok(());
        }
        let sql = "SELECT version FROM markers WHERE conversation = $1 AND account = $2 AND audience = $3";
        let stored = tx.maybe_row(sql, args![&marker.conversation, &marker.account, audience]).await?;
        follow(marker.version, stored.as_ref())?;
        insert_marker(&mut tx, &marker, at).await?;
        tx.commit().await
    }

    async fn markers_since(
        &self,
        account: AccountId,
        conversations: &[ConversationId],
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Marker>, StoreError> {
        if conversations.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT * FROM (
               SELECT k.conversation, k.account, k.audience, k.version, k.generation, k.epoch, k.sealed, k.put_at,
                 ROW_NUMBER() OVER (PARTITION BY k.conversation ORDER BY k.put_at DESC, k.account, k.audience) AS place
               FROM markers k
               JOIN memberships m ON m.account = k.account AND m.conversation = k.conversation AND m.standing = 1
               JOIN memberships own ON own.account = $1 AND own.conversation = k.conversation AND own.standing <= 2
               WHERE k.put_at >= $2 AND (k.audience = 1 OR k.account = $1) AND k.conversation IN {}
             ) AS placed WHERE place <= $3 ORDER BY put_at DESC",
            placeholders(4, conversations.len())
        );
        let mut args: Vec<Arg<'_>> = vec![(&account).into(), since.into(), limit.into()];
        args.extend(padded(conversations));
        self.database.read().await?.rows(AssertSqlSafe(sql), &args).await?.iter().map(marker).collect()
    }

    async fn markers(
        &self,
        account: AccountId,
        conversation: ConversationId,
        limit: u32,
    ) -> Result<Vec<Marker>, StoreError> {
        let mut tx = self.database.snapshot().await?;
        expect_member(&mut tx, account, conversation).await?;
        let sql = "SELECT k.conversation, k.account, k.audience, k.version, k.generation, k.epoch, k.sealed
                   FROM markers k JOIN memberships m ON m.account = k.account AND m.conversation = k.conversation
                   WHERE k.conversation = $1 AND m.standing = 1 AND (k.audience = 1 OR k.account = $2)
                   ORDER BY k.put_at DESC, k.account, k.audience LIMIT $3";
        tx.rows(sql, args![&conversation, &account, limit]).await?.iter().map(marker).collect()
    }
}

/// Whoever was a member is told what somebody is told who never was one.
async fn expect_member(
    tx: &mut Connection,
    account: AccountId,
    conversation: ConversationId,
) -> Result<(), StoreError> {
    let head = visible_head(tx, account, conversation).await?;
    match head.standing {
        Standing::Member | Standing::Requested => Ok(()),
        _ => Err(Refusal::NotFound.into()),
    }
}

/// The account's vault; the account may be locked.
pub(super) async fn read_vault(tx: &mut Connection, account: AccountId) -> Result<VaultRecord, StoreError> {
    vault(&tx.row(VAULT, args![&account]).await?)
}

const VAULT: &str = "SELECT vault_version, root_by_password, root_by_recovery, recovery_key, change FROM accounts
    WHERE id = $1 AND deleted_at IS NULL";

fn vault(row: &Row) -> Result<VaultRecord, StoreError> {
    Ok(VaultRecord {
        version: row.version(0)?,
        root_by_password: row.bytes(1)?,
        root_by_recovery: row.bytes(2)?,
        recovery_key: row.bytes(3)?,
    })
}

/// Only the version after the stored one. The account is locked.
pub(super) async fn replace_vault(
    tx: &mut Connection,
    account: AccountId,
    vault: &VaultRecord,
) -> Result<(), StoreError> {
    let sql = "SELECT vault_version FROM accounts WHERE id = $1";
    follow(vault.version, Some(&tx.row(sql, args![&account]).await?))?;
    let sql = "UPDATE accounts SET vault_version = $2, root_by_password = $3, root_by_recovery = $4, recovery_key = $5
               WHERE id = $1";
    let (password, recovery, key) = (&vault.root_by_password, &vault.root_by_recovery, &vault.recovery_key);
    tx.run(sql, args![&account, vault.version, password, recovery, key]).await.map(drop)
}

/// Compare-and-set. The stored version is in the row's first column.
fn follow(version: Version, stored: Option<&Row>) -> Result<(), StoreError> {
    let stored = stored.map(|row| row.version(0)).transpose()?;
    if version.follows(stored) {
        return Ok(());
    }
    Err(Refusal::VersionConflict { stored: stored.map_or(0, Version::get) }.into())
}

/// The size is in the row's second column.
fn size_of(stored: Option<&Row>) -> Result<i64, StoreError> {
    stored.map_or(Ok(0), |row| row.int(1))
}

/// Counts bytes against the quota. What takes no more than before always fits.
pub(super) async fn charge(
    tx: &mut Connection,
    account: AccountId,
    before: i64,
    after: usize,
) -> Result<(), StoreError> {
    let more = i64::try_from(after).unwrap_or(i64::MAX) - before;
    let sql = "UPDATE accounts SET storage_used = storage_used + $2
               WHERE id = $1 AND ($2 <= 0 OR storage_used + $2 <= storage_quota)";
    if tx.run(sql, args![&account, more]).await? == 1 {
        return Ok(());
    }
    let quota = tx.row("SELECT storage_quota FROM accounts WHERE id = $1", args![&account]).await?.number(0)?;
    Err(Refusal::QuotaExceeded { quota }.into())
}

async fn insert_checkpoint(tx: &mut Connection, account: AccountId, new: &Checkpoint) -> Result<(), StoreError> {
    let (generation, epoch) = (new.position.generation, new.position.epoch);
    let sql = "INSERT INTO checkpoints (account, conversation, version, generation, epoch, sealed)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (account, conversation) DO UPDATE SET version = excluded.version,
                 generation = excluded.generation, epoch = excluded.epoch, sealed = excluded.sealed";
    let args = args![&account, &new.conversation, new.version, generation, epoch, &new.sealed];
    tx.run(sql, args).await?;
    let sql = "DELETE FROM welcomes WHERE conversation = $2 AND account = $1
               AND device IN (SELECT id FROM devices WHERE account = $1 AND is_vault = 1)
               AND (generation < $3 OR (generation = $3 AND epoch <= $4))";
    tx.run(sql, args![&account, &new.conversation, generation, epoch]).await.map(drop)
}

async fn checkpoint_rows(
    tx: &mut Connection,
    account: AccountId,
    conversations: &[ConversationId],
    columns: &str,
) -> Result<Vec<Row>, StoreError> {
    let list = placeholders(2, conversations.len());
    let sql = format!("SELECT {columns} FROM checkpoints WHERE account = $1 AND conversation IN {list}");
    let mut args: Vec<Arg<'_>> = vec![(&account).into()];
    args.extend(padded(conversations));
    tx.rows(AssertSqlSafe(sql), &args).await
}

async fn read_checkpoints(
    tx: &mut Connection,
    account: AccountId,
    conversations: &[ConversationId],
) -> Result<Vec<Checkpoint>, StoreError> {
    if conversations.is_empty() {
        return Ok(Vec::new());
    }
    let columns = "conversation, version, generation, epoch, sealed";
    let rows = checkpoint_rows(tx, account, conversations, columns).await?;
    let checkpoint = |row: &Row| {
        Ok(Checkpoint {
            conversation: row.id(0)?,
            version: row.version(1)?,
            position: row.position(2)?,
            sealed: row.bytes(4)?,
        })
    };
    let mut checkpoints = rows.iter().map(checkpoint).collect::<Result<Vec<_>, StoreError>>()?;
    checkpoints.sort_by_key(|stored| conversations.iter().position(|wanted| *wanted == stored.conversation));
    Ok(checkpoints)
}

async fn insert_marker(tx: &mut Connection, new: &Marker, at: Timestamp) -> Result<(), StoreError> {
    let sql = "INSERT INTO markers (conversation, account, audience, version, generation, epoch, sealed, put_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
               ON CONFLICT (conversation, account, audience) DO UPDATE SET version = excluded.version,
                 generation = excluded.generation, epoch = excluded.epoch, sealed = excluded.sealed,
                 put_at = excluded.put_at";
    let audience = audience_code(new.audience);
    let epoch = int(new.epoch);
    let args = args![&new.conversation, &new.account, audience, new.version, new.generation, epoch, &new.sealed, at];
    tx.run(sql, args).await.map(drop)
}

fn marker(row: &Row) -> Result<Marker, StoreError> {
    Ok(Marker {
        conversation: row.id(0)?,
        account: row.id(1)?,
        audience: if row.int(2)? == 1 { Audience::Members } else { Audience::OwnDevices },
        version: row.version(3)?,
        generation: row.count(4)?,
        epoch: row.number(5)?,
        sealed: row.bytes(6)?,
    })
}

fn audience_code(audience: Audience) -> i64 {
    match audience {
        Audience::Members => 1,
        Audience::OwnDevices => 2,
    }
}
