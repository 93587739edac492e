//! Leaves of revoked devices, noted when a device is revoked and when one that was revoked meanwhile is added.

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, DeviceId, GroupPosition};
use sqlx::AssertSqlSafe;

use super::SqlStore;
use super::connection::{Connection, padded, placeholders};
use super::value::{Arg, args};
use crate::store::{Removal, Removals, StoreError};

#[async_trait]
impl Removals for SqlStore {
    async fn due_removals(&self, after: Option<ConversationId>, limit: u32) -> Result<Vec<ConversationId>, StoreError> {
        let sql = "SELECT DISTINCT r.conversation FROM removals r JOIN conversations c ON c.id = r.conversation
                   WHERE r.conversation > $1
                     AND (r.generation IS NULL OR r.generation <> c.generation OR r.epoch <> c.epoch)
                   ORDER BY r.conversation LIMIT $2";
        let after = after.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        self.database.read().await?.rows(sql, args![&after, limit]).await?.iter().map(|row| row.id(0)).collect()
    }

    async fn removals(&self, conversation: ConversationId) -> Result<Vec<Removal>, StoreError> {
        let sql = "SELECT account, device, revocation FROM removals WHERE conversation = $1 ORDER BY device";
        let rows = self.database.read().await?.rows(sql, args![&conversation]).await?;
        let removals =
            rows.iter().map(|row| Ok(Removal { account: row.id(0)?, device: row.id(1)?, revocation: row.bytes(2)? }));
        removals.collect()
    }

    async fn settle_removals(
        &self,
        conversation: ConversationId,
        gone: &[DeviceId],
        proposed: &[DeviceId],
        position: GroupPosition,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        if !gone.is_empty() {
            let list = placeholders(2, gone.len());
            let sql = format!("DELETE FROM removals WHERE conversation = $1 AND device IN {list}");
            let mut args: Vec<Arg<'_>> = vec![(&conversation).into()];
            args.extend(padded(gone));
            tx.run(AssertSqlSafe(sql), &args).await?;
        }
        if !proposed.is_empty() {
            let list = placeholders(4, proposed.len());
            let sql =
                format!("UPDATE removals SET generation = $2, epoch = $3 WHERE conversation = $1 AND device IN {list}");
            let mut args: Vec<Arg<'_>> =
                vec![(&conversation).into(), position.generation.into(), position.epoch.into()];
            args.extend(padded(proposed));
            tx.run(AssertSqlSafe(sql), &args).await?;
        }
        tx.commit().await
    }
}

/// Notes the leaves of a device that is being revoked, wherever its account is or was a member.
pub(super) async fn note_leaves(
    tx: &mut Connection,
    account: AccountId,
    device: DeviceId,
    revocation: &[u8],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO removals (conversation, device, account, revocation)
               SELECT conversation, $2, account, $3 FROM memberships WHERE account = $1
               ON CONFLICT DO NOTHING";
    tx.run(sql, args![&account, &device, revocation]).await.map(drop)
}

/// Notes those of the added devices that are revoked. Their rows are locked: a revocation at this very moment either is seen
/// here, or sees the membership.
pub(super) async fn note_revoked(
    tx: &mut Connection,
    conversation: ConversationId,
    added: &[DeviceId],
) -> Result<(), StoreError> {
    if added.is_empty() {
        return Ok(());
    }
    let list = placeholders(1, added.len());
    let sql = format!("SELECT account, id, revocation FROM devices WHERE id IN {list} ORDER BY id");
    for row in tx.locked_rows(sql, &padded(added).collect::<Vec<_>>()).await? {
        let Some(revocation) = row.maybe_bytes(2)? else { continue };
        let (account, device): (AccountId, DeviceId) = (row.id(0)?, row.id(1)?);
        let sql = "INSERT INTO removals (conversation, device, account, revocation) VALUES ($1, $2, $3, $4)
                   ON CONFLICT DO NOTHING";
        tx.run(sql, args![&conversation, &device, &account, &revocation]).await?;
    }
    Ok(())
}
