//! Requests from strangers, acquaintance, blocks.

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, limits};
use sqlx::AssertSqlSafe;

use super::connection::{Connection, padded, placeholders};
use super::conversation::visible_head;
use super::group::{DECLINED, MEMBER, REQUESTED, within};
use super::value::{Arg, args};
use super::{SqlStore, next_change};
use crate::store::{Counted, Head, Refusal, Relations, Standing, StoreError};

#[async_trait]
impl Relations for SqlStore {
    async fn accept_request(&self, account: AccountId, conversation: ConversationId) -> Result<Head, StoreError> {
        let mut tx = self.database.write().await?;
        answer_request(&mut tx, account, conversation, MEMBER).await?;
        let head = visible_head(&mut tx, account, conversation).await?;
        tx.commit().await?;
        match head.standing {
            Standing::Member => Ok(head),
            _ => Err(Refusal::NotFound.into()),
        }
    }

    async fn decline_request(
        &self,
        account: AccountId,
        conversation: ConversationId,
        block: bool,
    ) -> Result<Option<AccountId>, StoreError> {
        let mut tx = self.database.write().await?;
        let head = visible_head(&mut tx, account, conversation).await?;
        if head.standing != Standing::Requested {
            return Err(Refusal::NotFound.into());
        }
        answer_request(&mut tx, account, conversation, DECLINED).await?;
        if let Some(stranger) = head.requested_by.filter(|_| block) {
            insert_block(&mut tx, account, stranger).await?;
        }
        tx.commit().await?;
        Ok(head.requested_by)
    }

    async fn acquainted(&self, account: AccountId, others: &[AccountId]) -> Result<Vec<AccountId>, StoreError> {
        let sql = "SELECT DISTINCT o.account FROM memberships o
                   JOIN memberships m ON m.conversation = o.conversation AND m.account = $1 AND m.standing = 1
                   WHERE o.standing = 1 AND o.account IN ";
        self.related(sql, account, others).await
    }

    async fn block(&self, account: AccountId, blocked: AccountId) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        insert_block(&mut tx, account, blocked).await?;
        tx.commit().await
    }

    async fn unblock(&self, account: AccountId, blocked: AccountId) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        tx.run("DELETE FROM blocks WHERE account = $1 AND blocked = $2", args![&account, &blocked]).await?;
        tx.commit().await
    }

    async fn blocked(
        &self,
        account: AccountId,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<(Vec<AccountId>, bool), StoreError> {
        let after = after.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        let sql = "SELECT blocked FROM blocks WHERE account = $1 AND blocked > $2 ORDER BY blocked LIMIT $3";
        let args = args![&account, &after, u64::from(limit) + 1];
        let rows = self.database.read().await?.rows(sql, args).await?;
        let shown = rows.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
        let ids = rows[..shown].iter().map(|row| row.id(0)).collect::<Result<_, _>>()?;
        Ok((ids, rows.len() > shown))
    }

    async fn blocked_by(&self, account: AccountId, others: &[AccountId]) -> Result<Vec<AccountId>, StoreError> {
        let sql = "SELECT account FROM blocks WHERE blocked = $1 AND account IN ";
        self.related(sql, account, others).await
    }
}

impl SqlStore {
    async fn related(&self, sql: &str, account: AccountId, others: &[AccountId]) -> Result<Vec<AccountId>, StoreError> {
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let mut args: Vec<Arg<'_>> = vec![(&account).into()];
        args.extend(padded(others));
        let sql = AssertSqlSafe(format!("{sql}{}", placeholders(2, others.len())));
        self.database.read().await?.rows(sql, &args).await?.iter().map(|row| row.id(0)).collect()
    }
}

async fn answer_request(
    tx: &mut Connection,
    account: AccountId,
    conversation: ConversationId,
    standing: i64,
) -> Result<(), StoreError> {
    let change = next_change(tx, &account).await?;
    let sql = "UPDATE memberships SET standing = $3, change = $4
               WHERE account = $1 AND conversation = $2 AND standing = $5";
    tx.run(sql, args![&account, &conversation, standing, change, REQUESTED]).await.map(drop)
}

async fn insert_block(tx: &mut Connection, account: AccountId, blocked: AccountId) -> Result<(), StoreError> {
    // Locked, so that two blocks at once cannot both be the last that fits.
    next_change(tx, &account).await?;
    let sql = "INSERT INTO blocks (account, blocked) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx.run(sql, args![&account, &blocked]).await?;
    let sql = "SELECT COUNT(*) FROM blocks WHERE account = $1";
    within(Counted::Blocked, tx.row(sql, args![&account]).await?.number(0)?, limits::BLOCKED_MAX)
}
