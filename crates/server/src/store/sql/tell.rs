//! Moving change numbers behind the log: what an append must not wait for.
//!
//! An append writes one conversation, whatever its size, and marks it untold. Later, and once for many appends, each member's
//! membership gets a new change number, so that a sync reads only what changed for its account.

use std::collections::BTreeSet;

use sotto_proto::{AccountId, ConversationId};
use sqlx::AssertSqlSafe;

use super::connection::{Database, padded, placeholders};
use super::group::DECLINED;
use super::sync;
use super::value::{Row, args};
use crate::store::{AccountNotice, Notice, Refusal, StoreError};

/// Tells up to `limit` conversations and one account's contacts. Returns how many.
pub(super) async fn tell_members(database: &Database, limit: u32) -> Result<u64, StoreError> {
    let sql = "SELECT id, (SELECT COUNT(*) FROM memberships WHERE conversation = conversations.id)
               FROM conversations WHERE untold = 1 LIMIT $1";
    let untold = database.read().await?.rows(sql, args![limit]).await?;
    let told = tell_conversations(database, &sized(&untold)?).await?;
    Ok(told + u64::from(tell_contacts(database).await?))
}

/// Tells all conversations of an account that are not told yet: after this, its change numbers are exact. On a full disk reading goes
/// on without: what is not told now is told later, under numbers beyond those that were read.
pub(super) async fn tell_account(database: &Database, account: AccountId) -> Result<(), StoreError> {
    // CROSS JOIN: SQLite begins with the untold, which are few, and not with the account's, which may be many.
    let sql = "SELECT c.id, (SELECT COUNT(*) FROM memberships WHERE conversation = c.id)
               FROM conversations c CROSS JOIN memberships m
               WHERE c.untold = 1 AND m.account = $1 AND m.conversation = c.id AND m.until_seq IS NULL";
    let untold = database.read().await?.rows(sql, args![&account]).await?;
    match tell_conversations(database, &sized(&untold)?).await {
        Err(StoreError::ReadOnly(_)) => Ok(()),
        told => told.map(drop),
    }
}

/// Columns: conversation, memberships.
fn sized(rows: &[Row]) -> Result<Vec<(ConversationId, u64)>, StoreError> {
    rows.iter().map(|row| Ok((row.id(0)?, row.number(1)?))).collect()
}

/// In few transactions, since each is a flush, and each small, since others wait for it. Returns how many were told.
async fn tell_conversations(database: &Database, untold: &[(ConversationId, u64)]) -> Result<u64, StoreError> {
    let (mut told, mut together, mut members) = (0, Vec::new(), 0);
    for (index, (conversation, size)) in untold.iter().enumerate() {
        together.push(*conversation);
        members += size;
        if members >= MEMBERS_TOGETHER || index + 1 == untold.len() {
            told += tell_together(database, &together).await?;
            (together, members) = (Vec::new(), 0);
        }
    }
    Ok(told)
}

/// Gives the memberships of all who still get what is new in some conversations their next change numbers, each its own.
async fn tell_together(database: &Database, conversations: &[ConversationId]) -> Result<u64, StoreError> {
    let mut tx = database.write().await?;
    let list = placeholders(1, conversations.len());
    let sql = format!("SELECT id FROM conversations WHERE id IN {list} AND untold = 1 ORDER BY id");
    let untold = tx.locked_rows(sql, &padded(conversations).collect::<Vec<_>>()).await?;
    let untold = untold.iter().map(|row| row.id(0)).collect::<Result<Vec<ConversationId>, _>>()?;
    if untold.is_empty() {
        return Ok(0);
    }
    let args: Vec<_> = padded(&untold).collect();
    let list = placeholders(1, untold.len());
    tx.run(AssertSqlSafe(format!("UPDATE conversations SET untold = 0 WHERE id IN {list}")), &args).await?;
    let told =
        format!("FROM memberships WHERE conversation IN {list} AND until_seq IS NULL AND standing <> {DECLINED}");
    tx.lock(format!("SELECT id FROM accounts WHERE id IN (SELECT account {told}) ORDER BY id"), &args).await?;
    let sql = format!(
        "UPDATE memberships SET change = accounts.change + told.place
         FROM (SELECT account, conversation, ROW_NUMBER() OVER (PARTITION BY account ORDER BY conversation) AS place {told})
           AS told JOIN accounts ON accounts.id = told.account AND accounts.deleted_at IS NULL
         WHERE memberships.account = told.account AND memberships.conversation = told.conversation"
    );
    tx.run(AssertSqlSafe(sql), &args).await?;
    let sql = format!(
        "UPDATE accounts SET change = change + told.total
         FROM (SELECT account, COUNT(*) AS total {told} GROUP BY account) AS told
         WHERE accounts.id = told.account AND deleted_at IS NULL"
    );
    tx.run(AssertSqlSafe(sql), &args).await?;
    tx.commit().await?;
    Ok(untold.len() as u64)
}

/// Tells the contacts of one account that its keys changed.
async fn tell_contacts(database: &Database) -> Result<bool, StoreError> {
    let mut tx = database.write().await?;
    let sql = "SELECT id, keys_version FROM accounts WHERE keys_untold = 1 LIMIT 1";
    let Some(row) = tx.free_rows(sql, &[]).await?.into_iter().next() else { return Ok(false) };
    let (subject, version) = (row.id(0)?, row.number(1)?);
    tx.run("UPDATE accounts SET keys_untold = 0 WHERE id = $1", args![&subject]).await?;
    tx.commit().await?;
    // Each in its own transaction: thousands of accounts are never locked at once. A crash in between leaves contacts to find
    // the change in the handshakes, which they check anyway.
    for contact in contacts(database, subject).await? {
        let notice = AccountNotice { notice: Notice::Keys, subject, version };
        match sync::notify(database, contact, notice).await {
            Ok(_) | Err(StoreError::Refused(Refusal::NotFound)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

async fn contacts(database: &Database, account: AccountId) -> Result<BTreeSet<AccountId>, StoreError> {
    // A deleted account is nobody's member any more, and its leaves are still in the groups: their members are to hear of it.
    let sql = "SELECT DISTINCT o.account FROM memberships m JOIN memberships o ON o.conversation = m.conversation
               WHERE m.account = $1 AND o.standing <= 2
                 AND (m.standing <= 2 OR EXISTS (SELECT 1 FROM accounts WHERE id = $1 AND deleted_at IS NOT NULL))";
    let rows = database.read().await?.rows(sql, args![&account]).await?;
    let contacts = rows.iter().map(|row| row.id(0)).collect::<Result<BTreeSet<_>, _>>()?;
    Ok(contacts.into_iter().chain([account]).collect())
}

/// Memberships that are told in one transaction: no more, but for the last conversation's.
const MEMBERS_TOGETHER: u64 = 500;
