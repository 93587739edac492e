//! Reading and pruning the log.

use std::sync::Arc;

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, EventId, Generation};

use super::SqlStore;
use super::connection::Connection;
use super::conversation::visible_head;
use super::failure::broken;
use super::sync::joined;
use super::value::{Row, args, int};
use crate::clock::Timestamp;
use crate::store::{
    Between, Direction, Entry, EntryKind, Head, Log, NewEvent, Range, Receipt, Refusal, StoreError, Stretch, Witness,
};

#[async_trait]
impl Log for SqlStore {
    async fn append(&self, event: NewEvent, witness: Option<Arc<dyn Witness>>) -> Result<Receipt, StoreError> {
        self.appender.append(event, witness).await
    }

    async fn entries(&self, stretches: &[Between]) -> Result<Vec<(ConversationId, Entry)>, StoreError> {
        let columns = "l.seq, l.kind, l.generation, l.epoch, l.event_id, l.body, l.received_at, l.conversation";
        let mut connection = self.database.read().await?;
        let rows = joined(&mut connection, stretches, columns).await?;
        rows.iter().map(|row| Ok((row.id(7)?, entry(row)?))).collect()
    }

    async fn handshakes(
        &self,
        conversation: ConversationId,
        generation: Generation,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT seq, kind, generation, epoch, event_id, body, received_at FROM log
                   WHERE conversation = $1 AND kind <> 3 AND generation = $2 AND seq > $3 ORDER BY seq LIMIT $4";
        let rows = self.database.read().await?.rows(sql, args![&conversation, generation, after, limit]).await?;
        rows.iter().map(entry).collect()
    }

    async fn read_range(
        &self,
        account: AccountId,
        conversation: ConversationId,
        range: Range,
    ) -> Result<Stretch, StoreError> {
        let mut tx = self.database.snapshot().await?;
        let head = visible_head(&mut tx, account, conversation).await?;
        let found = sizes(&mut tx, &head, &range).await?;
        let taken = within(&found, range.limit, range.max_bytes);
        let more = found.len() > taken.len();
        let bounds = taken.iter().map(|size| size.seq).min().zip(taken.iter().map(|size| size.seq).max());
        let Some((low, high)) = bounds else {
            return Ok(Stretch { entries: Vec::new(), more, head, chain_before: None });
        };
        let rows = entry_rows(&mut tx, conversation, low, high, range.handshakes_only).await?;
        let chain_before = rows.first().map(|row| row.array(CHAIN)).transpose()?;
        let mut entries = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        if range.direction == Direction::Backward {
            entries.reverse();
        }
        Ok(Stretch { entries, more, head, chain_before })
    }

    async fn prune(&self, conversation: ConversationId, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut tx = self.database.write().await?;
        let sql = "SELECT pruned_seq FROM conversations WHERE id = $1";
        let row = tx.locked_row(sql, args![&conversation]).await?.ok_or(Refusal::NotFound)?;
        let sql = "SELECT seq, received_at FROM log WHERE conversation = $1 AND kind = 3 AND seq > $2
                   ORDER BY seq LIMIT $3";
        let oldest = tx.rows(sql, args![&conversation, row.int(0)?, limit]).await?;
        let mut last = None;
        for row in &oldest {
            if row.time(1)? >= before {
                break;
            }
            last = Some(row.int(0)?);
        }
        let Some(last) = last else { return Ok(0) };
        let sql = "DELETE FROM log WHERE conversation = $1 AND kind = 3 AND seq > $2 AND seq <= $3";
        let pruned = tx.run(sql, args![&conversation, row.int(0)?, last]).await?;
        let sql = "UPDATE conversations SET pruned_seq = $2, untold = 1 WHERE id = $1";
        tx.run(sql, args![&conversation, last]).await?;
        // To those who left before, nothing is readable any more.
        let sql = "DELETE FROM welcomes WHERE conversation = $1 AND account IN
                     (SELECT account FROM memberships WHERE conversation = $1 AND until_seq <= $2)";
        tx.run(sql, args![&conversation, last]).await?;
        tx.commit().await?;
        Ok(pruned)
    }

    async fn overdue(
        &self,
        now: Timestamp,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<(ConversationId, u32)>, StoreError> {
        let sql = "SELECT id, retention FROM conversations WHERE retention > 0 AND id > $1
                     AND (SELECT received_at FROM log WHERE log.conversation = conversations.id AND log.kind = 3
                          AND log.seq > conversations.pruned_seq ORDER BY log.seq LIMIT 1) < $2 - retention * 1000
                   ORDER BY id LIMIT $3";
        let after = after.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        let rows = self.database.read().await?.rows(sql, args![&after, now, limit]).await?;
        rows.iter().map(|row| Ok((row.id(0)?, row.count(1)?))).collect()
    }
}

/// How large an entry is, known without reading it.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) seq: u64,
    pub(super) bytes: u64,
}

/// As many as fit, and at least one.
pub(super) fn within(found: &[Size], limit: u32, max_bytes: usize) -> &[Size] {
    let mut left = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
    let fits = found.iter().take(limit).enumerate().take_while(|(index, size)| {
        let enough = size.bytes <= left;
        left = left.saturating_sub(size.bytes);
        enough || *index == 0
    });
    &found[..fits.count()]
}

/// One more than wanted, to know whether there is more. Handshakes outlive pruning: the front that it moved is not theirs.
async fn sizes(tx: &mut Connection, head: &Head, range: &Range) -> Result<Vec<Size>, StoreError> {
    let first = if range.handshakes_only { head.joined_seq } else { head.first_seq };
    let one_more = u64::from(range.limit.max(1)) + 1;
    let from = range.from.clamp(first, head.last_seq.max(first));
    // An account that may read nothing has a last entry below its first: both bounds must hold.
    let (low, high, order) = match range.direction {
        Direction::Forward => (from, head.last_seq, "ASC"),
        Direction::Backward => (first, from.min(head.last_seq), "DESC"),
    };
    let kinds = if range.handshakes_only { "AND kind <> 3" } else { "" };
    let sql = format!(
        "SELECT seq, CAST(LENGTH(body) AS BIGINT) FROM log WHERE conversation = $1 AND seq >= $2 AND seq <= $3 {kinds}
         ORDER BY seq {order} LIMIT $4"
    );
    let args = args![&head.conversation, low, high, one_more];
    tx.rows(sqlx::AssertSqlSafe(sql), args).await?.iter().map(size).collect()
}

fn size(row: &Row) -> Result<Size, StoreError> {
    Ok(Size { seq: row.number(0)?, bytes: row.number(1)? })
}

async fn entry_rows(
    tx: &mut Connection,
    conversation: ConversationId,
    low: u64,
    high: u64,
    handshakes_only: bool,
) -> Result<Vec<Row>, StoreError> {
    let (all, handshakes) = (
        "SELECT seq, kind, generation, epoch, event_id, body, received_at, chain FROM log
         WHERE conversation = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq",
        "SELECT seq, kind, generation, epoch, event_id, body, received_at, chain FROM log
         WHERE conversation = $1 AND seq >= $2 AND seq <= $3 AND kind <> 3 ORDER BY seq",
    );
    tx.rows(if handshakes_only { handshakes } else { all }, args![&conversation, low, high]).await
}

/// Columns: seq, kind, generation, epoch, `event_id`, body, `received_at`.
pub(super) fn entry(row: &Row) -> Result<Entry, StoreError> {
    let kind = match row.int(1)? {
        COMMIT => EntryKind::Commit,
        PROPOSAL => EntryKind::Proposal,
        EVENT => EntryKind::Event(row.id::<EventId>(4)?),
        GENERATION => EntryKind::Generation,
        _ => return Err(broken("an entry of the log is of no known kind")),
    };
    Ok(Entry { seq: row.number(0)?, kind, position: row.position(2)?, body: row.bytes(5)?, received_at: row.time(6)? })
}

/// A handshake with its place.
pub(super) struct NewHandshake<'a> {
    pub(super) conversation: ConversationId,
    pub(super) seq: u64,
    pub(super) kind: i64,
    pub(super) position: sotto_proto::GroupPosition,
    pub(super) body: &'a [u8],
    pub(super) chain_before: [u8; 32],
    pub(super) at: Timestamp,
}

pub(super) async fn insert_handshake(tx: &mut Connection, new: NewHandshake<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO log (conversation, seq, kind, generation, epoch, body, chain, received_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let (generation, epoch) = (new.position.generation, new.position.epoch);
    let args = args![&new.conversation, int(new.seq), new.kind, generation, epoch, new.body, &new.chain_before, new.at];
    tx.run(sql, args).await.map(drop)
}

pub(crate) const COMMIT: i64 = 1;
pub(crate) const PROPOSAL: i64 = 2;
pub(crate) const EVENT: i64 = 3;
pub(crate) const GENERATION: i64 = 4;
/// Where [`entry_rows`] puts the chain.
const CHAIN: usize = 7;
