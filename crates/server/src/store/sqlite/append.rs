//! Appending a batch to SQLite: statements run in this process, but on another thread, so that few of them count, whatever their
//! size.

use std::iter::repeat_n;

use sqlx::AssertSqlSafe;

use crate::store::sql::append::{Ends, KnownEvents, Numbered, Placed, conversations, ends, known_events, number};
use crate::store::sql::connection::{Connection, Database, padded};
use crate::store::sql::log::EVENT;
use crate::store::sql::value::Arg;
use crate::store::{NewEvent, Receipt, Refusal, StoreError};

/// One transaction for all events.
pub(crate) async fn append_batch(
    database: &Database,
    events: &[NewEvent],
) -> Result<Vec<Result<Receipt, Refusal>>, StoreError> {
    let mut tx = database.write().await?;
    let ends = read_ends(&mut tx, events).await?;
    let known = read_known(&mut tx, events).await?;
    let Numbered { placed, grown, answers } = number(events, &ends, &known);
    for chunk in chunks(&placed) {
        insert(&mut tx, chunk).await?;
    }
    if !grown.is_empty() {
        move_ends(&mut tx, &grown).await?;
    }
    tx.commit().await?;
    Ok(answers)
}

async fn read_ends(tx: &mut Connection, events: &[NewEvent]) -> Result<Ends, StoreError> {
    let ids = conversations(events);
    let args: Vec<_> = padded(&ids).collect();
    let ids = list("?", args.len());
    let sql = format!("SELECT id, generation, epoch, last_seq, chain, last_at FROM conversations WHERE id IN ({ids})");
    ends(&tx.rows(AssertSqlSafe(sql), &args).await?)
}

async fn read_known(tx: &mut Connection, events: &[NewEvent]) -> Result<KnownEvents, StoreError> {
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let args: Vec<_> = padded(&ids).collect();
    let ids = list("?", args.len());
    let sql = format!(
        "SELECT conversation, event_id, seq, generation, epoch, received_at, body FROM log WHERE event_id IN ({ids})"
    );
    known_events(&tx.rows(AssertSqlSafe(sql), &args).await?)
}

async fn insert(tx: &mut Connection, placed: &[Placed<'_>]) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO log (conversation, seq, kind, generation, epoch, event_id, body, chain, received_at) VALUES {}",
        list("(?,?,?,?,?,?,?,?,?)", placed.len())
    );
    let args: Vec<_> = placed.iter().flat_map(columns).collect();
    tx.run(AssertSqlSafe(sql), &args).await.map(drop)
}

fn columns<'a>(Placed { event, seq, chain_before }: &'a Placed<'_>) -> [Arg<'a>; 9] {
    [
        (&event.conversation).into(),
        (*seq).into(),
        EVENT.into(),
        event.position.generation.into(),
        event.position.epoch.into(),
        (&event.id).into(),
        (&event.sealed).into(),
        chain_before.into(),
        event.at.into(),
    ]
}

/// Rows are filled up as [`padded`] does: to move the same end twice does no harm.
async fn move_ends(tx: &mut Connection, grown: &Ends) -> Result<(), StoreError> {
    let count = grown.len().next_power_of_two();
    let sql = format!(
        "WITH new (id, seq, chain, at) AS (VALUES {})
         UPDATE conversations SET last_seq = new.seq, chain = new.chain, last_at = new.at, untold = 1
         FROM new WHERE conversations.id = new.id",
        list("(?,?,?,?)", count)
    );
    let rows = grown.iter().chain(grown.iter().next_back().into_iter().cycle()).take(count);
    let args: Vec<Arg<'_>> = rows
        .flat_map(|(id, end)| [id.into(), end.chain.seq().into(), end.chain.hash().into(), end.last_at.into()])
        .collect();
    tx.run(AssertSqlSafe(sql), &args).await.map(drop)
}

/// The same again and again, between commas. Parameters have no names: thousands of them would be looked for one by one.
fn list(what: &str, count: usize) -> String {
    repeat_n(what, count).collect::<Vec<_>>().join(",")
}

/// Parts whose lengths are powers of two, the longest first, so that few different statements have to be prepared.
fn chunks<T>(mut rest: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = rest.len().checked_ilog2().map(|log| 1 << log.min(CHUNK_LOG))?;
        let (chunk, after) = rest.split_at(length);
        rest = after;
        Some(chunk)
    })
}

/// At most 256 rows in one statement.
const CHUNK_LOG: u32 = 8;

#[cfg(test)]
mod tests {
    use super::chunks;

    #[test]
    fn chunks_cover_everything_in_order() {
        for length in [0, 1, 2, 7, 64, 100, 300] {
            let numbers: Vec<usize> = (0..length).collect();
            assert_eq!(chunks(&numbers).flatten().copied().collect::<Vec<_>>(), numbers);
            assert!(chunks(&numbers).all(|chunk| chunk.len().is_power_of_two() && chunk.len() <= 256));
        }
    }
}
