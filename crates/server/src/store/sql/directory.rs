//! The directory of keys.

use async_trait::async_trait;
use sotto_crypto::directory::{Chain, Content, EntryDigest, Hash, Head, Position, SignedHead, State, log};
use sotto_proto::AccountId;

use super::SqlStore;
use super::account::read_keys;
use super::connection::Connection;
use super::failure::broken;
use super::value::{Row, args};
use crate::clock::Timestamp;
use crate::store::{Directory, DirectoryEntry, DirectoryNews, NewHead, Refusal, StoreError};

#[async_trait]
impl Directory for SqlStore {
    async fn queue_unlisted(&self, limit: u32, at: Timestamp) -> Result<u64, StoreError> {
        let sql = "SELECT id FROM accounts a WHERE deleted_at IS NULL
                     AND NOT EXISTS (SELECT 1 FROM directory_entries e WHERE e.account = a.id)
                   ORDER BY id LIMIT $1";
        let rows = self.database.read().await?.rows(sql, args![limit]).await?;
        for row in &rows {
            let account = row.id(0)?;
            let mut tx = self.database.write().await?;
            let sql = "SELECT 1 FROM accounts WHERE id = $1 AND deleted_at IS NULL";
            if tx.locked_row(sql, args![&account]).await?.is_some() && !is_listed(&mut tx, account).await? {
                queue_entry(&mut tx, account, at).await?;
                tx.commit().await?;
            }
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    async fn queued_entries(&self, limit: u32) -> Result<Vec<DirectoryEntry>, StoreError> {
        let sql = "SELECT account, revision, digest, content, queued_at, chain, epoch FROM directory_entries
                   WHERE epoch IS NULL ORDER BY queued_at, account, revision LIMIT $1";
        self.database.read().await?.rows(sql, args![limit]).await?.iter().map(entry).collect()
    }

    async fn publish_head(&self, new: NewHead) -> Result<(), StoreError> {
        let SignedHead { head, signature } = &new.head;
        let mut tx = self.database.write().await?;
        let sql = "INSERT INTO directory_heads (epoch, published_at, tree_root, log_root, signature, audit)
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let args = args![head.epoch, head.time_ms, &head.tree_root, &head.log_root, signature, &new.audit];
        if tx.run(sql, args).await? == 0 {
            return Err(Refusal::VersionConflict { stored: head.epoch }.into());
        }
        for (position, State { revision, chain }) in &new.leaves {
            let sql = "INSERT INTO directory_leaves (position, revision, chain, epoch) VALUES ($1, $2, $3, $4)
                       ON CONFLICT (position) DO UPDATE
                       SET revision = excluded.revision, chain = excluded.chain, epoch = excluded.epoch";
            tx.run(sql, args![&position.0, *revision, &chain.0, head.epoch]).await?;
        }
        for (account, revision, chain) in &new.taken {
            let sql = "UPDATE directory_entries SET chain = $3, epoch = $4 WHERE account = $1 AND revision = $2";
            tx.run(sql, args![account, *revision, &chain.0, head.epoch]).await?;
        }
        for (log::Node { level, index }, hash) in &new.nodes {
            let sql = "INSERT INTO directory_log (level, number, hash) VALUES ($1, $2, $3)";
            tx.run(sql, args![u32::from(*level), *index, hash]).await?;
        }
        tx.commit().await
    }

    async fn directory_since(&self, epoch: u64) -> Result<DirectoryNews, StoreError> {
        let mut tx = self.database.snapshot().await?;
        let sql = "SELECT epoch, published_at, tree_root, log_root, signature FROM directory_heads
                   ORDER BY epoch DESC LIMIT 1";
        let head = tx.maybe_row(sql, &[]).await?.as_ref().map(head).transpose()?;
        if head.is_none_or(|signed| signed.head.epoch <= epoch) {
            return Ok(DirectoryNews { head, leaves: Vec::new() });
        }
        let sql = "SELECT position, revision, chain FROM directory_leaves WHERE epoch > $1";
        let leaves = tx.rows(sql, args![epoch]).await?;
        let leaf =
            |row: &Row| Ok((Position(row.array(0)?), State { revision: row.number(1)?, chain: Chain(row.array(2)?) }));
        Ok(DirectoryNews { head, leaves: leaves.iter().map(leaf).collect::<Result<_, StoreError>>()? })
    }

    async fn log_nodes(&self, nodes: &[log::Node]) -> Result<Vec<Hash>, StoreError> {
        let mut read = self.database.read().await?;
        let mut hashes = Vec::with_capacity(nodes.len());
        for log::Node { level, index } in nodes {
            let sql = "SELECT hash FROM directory_log WHERE level = $1 AND number = $2";
            hashes.push(read.row(sql, args![u32::from(*level), *index]).await?.array(0)?);
        }
        Ok(hashes)
    }

    async fn steps(&self, after_epoch: u64, limit: u32) -> Result<Vec<(SignedHead, Vec<u8>)>, StoreError> {
        let sql = "SELECT epoch, published_at, tree_root, log_root, signature, audit FROM directory_heads
                   WHERE epoch > $1 ORDER BY epoch LIMIT $2";
        let rows = self.database.read().await?.rows(sql, args![after_epoch, limit]).await?;
        rows.iter().map(|row| Ok((head(row)?, row.bytes(5)?))).collect()
    }

    async fn key_entries(&self, account: AccountId, from: u64, limit: u32) -> Result<Vec<DirectoryEntry>, StoreError> {
        let sql = "SELECT account, revision, digest, content, queued_at, chain, epoch FROM directory_entries
                   WHERE account = $1 AND revision >= $2 ORDER BY revision LIMIT $3";
        self.database.read().await?.rows(sql, args![&account, from, limit]).await?.iter().map(entry).collect()
    }
}

/// Queues what the account's keys are now, at the end of the transaction that changed them.
pub(super) async fn queue_entry(tx: &mut Connection, account: AccountId, at: Timestamp) -> Result<(), StoreError> {
    let Some(keys) = read_keys(tx, &[account]).await?.pop() else { return Ok(()) };
    let content = Content::of(&keys.identity_key, &keys.certificates, &keys.revocations)
        .map_err(|_| broken("an identity key has the wrong length"))?
        .encode();
    let digest = EntryDigest::of(account, keys.version, &content);
    let sql =
        "INSERT INTO directory_entries (account, revision, digest, content, queued_at) VALUES ($1, $2, $3, $4, $5)";
    tx.run(sql, args![&account, keys.version, &digest.0, &content, at]).await.map(drop)
}

/// Forgets what the keys of a deleted account were. The digests stay: chains are made of them.
pub(super) async fn forget_entries(tx: &mut Connection, account: AccountId) -> Result<(), StoreError> {
    let empty: &[u8] = &[];
    tx.run("UPDATE directory_entries SET content = $2 WHERE account = $1", args![&account, empty]).await.map(drop)
}

async fn is_listed(tx: &mut Connection, account: AccountId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM directory_entries WHERE account = $1 LIMIT 1";
    Ok(tx.maybe_row(sql, args![&account]).await?.is_some())
}

fn head(row: &Row) -> Result<SignedHead, StoreError> {
    let head =
        Head { epoch: row.number(0)?, time_ms: row.number(1)?, tree_root: row.array(2)?, log_root: row.array(3)? };
    Ok(SignedHead { head, signature: row.array(4)? })
}

fn entry(row: &Row) -> Result<DirectoryEntry, StoreError> {
    let chain = row.maybe_bytes(5)?.map(TryInto::try_into).transpose();
    let chain: Option<Hash> = chain.map_err(|_| broken("a chain has the wrong length"))?;
    Ok(DirectoryEntry {
        account: row.id(0)?,
        revision: row.number(1)?,
        digest: EntryDigest(row.array(2)?),
        content: row.bytes(3)?,
        queued_at: row.time(4)?,
        published: chain.map(Chain).zip(row.maybe_number(6)?),
    })
}
