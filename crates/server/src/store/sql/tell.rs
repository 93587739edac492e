//! Moving change numbers behind the log: what an append must not wait for.
//!
//! An append writes one conversation, whatever its size, and marks it untold. Later, and once for many appends, each member's
//! membership gets a new change number, so that a sync reads only what changed for its account.

use std::collections::BTreeSet;

use sotto_proto::{AccountId, ConversationId};

use super::connection::{Connection, Database};
use super::group::DECLINED;
use super::value::args;
use super::{next_change, sync};
use crate::store::{AccountNotice, Notice, Refusal, StoreError};

/// Tells up to `limit` conversations and one account's contacts, each in its own transaction. Returns how many.
pub(super) async fn tell_members(database: &Database, limit: u32) -> Result<u64, StoreError> {
    let untold = untold(database, limit).await?;
    let mut told = 0;
    for conversation in untold {
        told += u64::from(tell_conversation(database, conversation).await?);
    }
    Ok(told + u64::from(tell_contacts(database).await?))
}

/// Tells all conversations of an account that are not told yet: after this, its change numbers are exact. On a full disk reading goes
/// on without: what is not told now is told later, under numbers beyond those that were read.
pub(super) async fn tell_account(database: &Database, account: AccountId) -> Result<(), StoreError> {
    // CROSS JOIN: SQLite begins with the untold, which are few, and not with the account's, which may be many.
    let sql = "SELECT c.id FROM conversations c CROSS JOIN memberships m
               WHERE c.untold = 1 AND m.account = $1 AND m.conversation = c.id AND m.until_seq IS NULL";
    let rows = database.read().await?.rows(sql, args![&account]).await?;
    for row in &rows {
        match tell_conversation(database, row.id(0)?).await {
            Err(StoreError::ReadOnly(_)) => break,
            told => drop(told?),
        }
    }
    Ok(())
}

async fn untold(database: &Database, limit: u32) -> Result<Vec<ConversationId>, StoreError> {
    let sql = "SELECT id FROM conversations WHERE untold = 1 LIMIT $1";
    database.read().await?.rows(sql, args![limit]).await?.iter().map(|row| row.id(0)).collect()
}

/// Whether there was something to tell.
async fn tell_conversation(database: &Database, conversation: ConversationId) -> Result<bool, StoreError> {
    let mut tx = database.write().await?;
    let sql = "SELECT untold FROM conversations WHERE id = $1";
    let row = tx.locked_row(sql, args![&conversation]).await?;
    if !row.map(|row| row.flag(0)).transpose()?.unwrap_or_default() {
        return Ok(false);
    }
    tx.run("UPDATE conversations SET untold = 0 WHERE id = $1", args![&conversation]).await?;
    for account in members(&mut tx, conversation).await? {
        let change = match next_change(&mut tx, &account).await {
            Err(StoreError::Refused(Refusal::NotFound)) => continue,
            change => change?,
        };
        let sql = "UPDATE memberships SET change = $3 WHERE account = $1 AND conversation = $2";
        tx.run(sql, args![&account, &conversation, change]).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Those who still get what is new, in the order in which accounts are locked.
async fn members(tx: &mut Connection, conversation: ConversationId) -> Result<Vec<AccountId>, StoreError> {
    let sql = "SELECT account FROM memberships WHERE conversation = $1 AND until_seq IS NULL AND standing <> $2
               ORDER BY account";
    tx.rows(sql, args![&conversation, DECLINED]).await?.iter().map(|row| row.id(0)).collect()
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
    let sql = "SELECT DISTINCT o.account FROM memberships m JOIN memberships o ON o.conversation = m.conversation
               WHERE m.account = $1 AND m.standing <= 2 AND o.standing <= 2";
    let rows = database.read().await?.rows(sql, args![&account]).await?;
    let contacts = rows.iter().map(|row| row.id(0)).collect::<Result<BTreeSet<_>, _>>()?;
    Ok(contacts.into_iter().chain([account]).collect())
}
