//! Moving change numbers behind the log: what an append must not wait for.
//!
//! An append writes one conversation, whatever its size, and marks it untold. Later, and once for many appends, each member's
//! membership gets a new change number, so that a sync reads only what changed for its account.

use std::collections::BTreeSet;

use sotto_proto::{AccountId, ConversationId};
use sqlx::AssertSqlSafe;

use super::connection::{Connection, Database, padded, placeholders};
use super::group::DECLINED;
use super::sync;
use super::value::{Arg, Row, args};
use crate::store::{AccountNotice, Notice, Refusal, StoreError};

/// Tells up to `limit` conversations and one account's contacts. Returns how many.
pub(super) async fn tell_members(database: &Database, limit: u32) -> Result<u64, StoreError> {
    let told = tell_grown(database, limit).await?;
    Ok(told + u64::from(tell_contacts(database).await?))
}

/// Tells up to `limit` conversations. Returns how many.
pub(super) async fn tell_grown(database: &Database, limit: u32) -> Result<u64, StoreError> {
    let sql = "SELECT id, (SELECT COUNT(*) FROM memberships WHERE conversation = conversations.id)
               FROM conversations WHERE untold = 1 LIMIT $1";
    let untold = database.read().await?.rows(sql, args![limit]).await?;
    tell_conversations(database, &sized(&untold)?).await
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
///
/// Appends do not wait for that: a conversation is held only to be marked as told, at the end. One that has changed since the
/// beginning, or is being changed, keeps its mark and is told again.
async fn tell_together(database: &Database, conversations: &[ConversationId]) -> Result<u64, StoreError> {
    let mut tx = database.write().await?;
    let list = placeholders(1, conversations.len());
    let wanted: Vec<_> = padded(conversations).collect();
    let sql = format!("SELECT id, last_seq, pruned_seq FROM conversations WHERE id IN {list} AND untold = 1");
    let seen = tx.rows(AssertSqlSafe(sql), &wanted).await?.iter().map(seen).collect::<Result<Vec<_>, _>>()?;
    let members = lock_members(&mut tx, conversations).await?;
    // Another node may have told them while this one waited for the locks.
    let sql = format!("SELECT id FROM conversations WHERE id IN {list} AND untold = 1");
    let untold = tx.rows(AssertSqlSafe(sql), &wanted).await?;
    let untold = untold.iter().map(|row| row.id(0)).collect::<Result<BTreeSet<ConversationId>, _>>()?;
    let seen: Vec<_> = seen.into_iter().filter(|seen| untold.contains(&seen.id)).collect();
    if seen.is_empty() {
        return Ok(0);
    }
    if !members.is_empty() {
        number_changes(&mut tx, &seen, &members).await?;
    }
    let told = mark_told(&mut tx, &seen).await?;
    tx.commit().await?;
    Ok(told)
}

/// A conversation as it was before its members were told.
struct Seen {
    id: ConversationId,
    last_seq: u64,
    pruned_seq: u64,
}

fn seen(row: &Row) -> Result<Seen, StoreError> {
    Ok(Seen { id: row.id(0)?, last_seq: row.number(1)?, pruned_seq: row.number(2)? })
}

/// In the order of their ids, as everybody does who locks more than one. Who joins from now on is not among them; the conversation
/// has changed then.
async fn lock_members(tx: &mut Connection, conversations: &[ConversationId]) -> Result<Vec<AccountId>, StoreError> {
    let told = told(&placeholders(1, conversations.len()));
    let sql = format!("SELECT id FROM accounts WHERE deleted_at IS NULL AND id IN (SELECT account {told}) ORDER BY id");
    let rows = tx.locked_rows(sql, &padded(conversations).collect::<Vec<_>>()).await?;
    rows.iter().map(|row| row.id(0)).collect()
}

async fn number_changes(tx: &mut Connection, seen: &[Seen], members: &[AccountId]) -> Result<(), StoreError> {
    let conversations: Vec<_> = seen.iter().map(|seen| seen.id).collect();
    let mut args: Vec<Arg<'_>> = padded(&conversations).collect();
    let told = told(&placeholders(1, conversations.len()));
    let among = placeholders(args.len() + 1, members.len());
    args.extend(padded(members));
    let told = format!("{told} AND account IN {among}");
    let sql = format!(
        "UPDATE memberships SET change = accounts.change + told.place
         FROM (SELECT account, conversation, ROW_NUMBER() OVER (PARTITION BY account ORDER BY conversation) AS place {told})
           AS told JOIN accounts ON accounts.id = told.account
         WHERE memberships.account = told.account AND memberships.conversation = told.conversation"
    );
    tx.run(AssertSqlSafe(sql), &args).await?;
    let sql = format!(
        "UPDATE accounts SET change = change + told.total
         FROM (SELECT account, COUNT(*) AS total {told} GROUP BY account) AS told
         WHERE accounts.id = told.account"
    );
    tx.run(AssertSqlSafe(sql), &args).await.map(drop)
}

/// Waits for nobody: whoever holds a conversation may be waiting for its members. Returns how many are marked.
async fn mark_told(tx: &mut Connection, seen: &[Seen]) -> Result<u64, StoreError> {
    let count = seen.len().next_power_of_two();
    let row = |row| format!("(${}, ${}, ${})", 3 * row + 1, 3 * row + 2, 3 * row + 3);
    // Both lists: the first finds the rows by their index, the second compares them.
    let unchanged = format!(
        "SELECT id FROM conversations WHERE id IN {}
           AND (id, last_seq, pruned_seq) IN (VALUES {}) ORDER BY id",
        placeholders(3 * count + 1, count),
        (0..count).map(row).collect::<Vec<_>>().join(", ")
    );
    let padded: Vec<_> = seen.iter().chain(seen.last().into_iter().cycle()).take(count).collect();
    let ends = padded.iter().flat_map(|seen| [(&seen.id).into(), seen.last_seq.into(), seen.pruned_seq.into()]);
    let args: Vec<Arg<'_>> = ends.chain(padded.iter().map(|seen| (&seen.id).into())).collect();
    let free = tx.only_free(unchanged);
    tx.run(AssertSqlSafe(format!("UPDATE conversations SET untold = 0 WHERE id IN ({free})")), &args).await
}

/// Memberships that get what is new.
fn told(conversations: &str) -> String {
    format!("FROM memberships WHERE conversation IN {conversations} AND until_seq IS NULL AND standing <> {DECLINED}")
}

/// Tells the contacts of one account that its keys changed. Says whether there was one.
pub(super) async fn tell_contacts(database: &Database) -> Result<bool, StoreError> {
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
