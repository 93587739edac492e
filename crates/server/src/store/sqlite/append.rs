//! Appending a batch to SQLite: statements run in this process, so that rows, not round trips, are what counts.

use std::fmt::Write as _;

use sqlx::AssertSqlSafe;

use crate::store::sql::append::{
    Ends, KnownEvents, LogEnd, Numbered, Placed, conversations, ends, known_events, number,
};
use crate::store::sql::connection::{Connection, Database, padded, placeholders};
use crate::store::sql::log::EVENT;
use crate::store::sql::value::{Arg, args};
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
    for (conversation, LogEnd { chain, last_at, .. }) in &grown {
        tx.run(
            "UPDATE conversations SET last_seq = $2, chain = $3, last_at = $4, untold = 1 WHERE id = $1",
            args![conversation, chain.seq(), chain.hash(), *last_at],
        )
        .await?;
    }
    tx.commit().await?;
    Ok(answers)
}

async fn read_ends(tx: &mut Connection, events: &[NewEvent]) -> Result<Ends, StoreError> {
    let ids = conversations(events);
    let sql = format!(
        "SELECT id, generation, epoch, last_seq, chain, last_at FROM conversations WHERE id IN {}",
        placeholders(1, ids.len())
    );
    ends(&tx.rows(AssertSqlSafe(sql), &padded(&ids).collect::<Vec<_>>()).await?)
}

async fn read_known(tx: &mut Connection, events: &[NewEvent]) -> Result<KnownEvents, StoreError> {
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    let sql = format!(
        "SELECT conversation, event_id, seq, generation, epoch, received_at, body FROM log WHERE event_id IN {}",
        placeholders(1, ids.len())
    );
    known_events(&tx.rows(AssertSqlSafe(sql), &padded(&ids).collect::<Vec<_>>()).await?)
}

async fn insert(tx: &mut Connection, placed: &[Placed<'_>]) -> Result<(), StoreError> {
    let mut sql = String::from(
        "INSERT INTO log (conversation, seq, kind, generation, epoch, event_id, body, chain, received_at) VALUES ",
    );
    let mut args = Vec::with_capacity(placed.len() * COLUMNS);
    for (index, Placed { event, seq, chain_before }) in placed.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let columns: [String; COLUMNS] = std::array::from_fn(|column| format!("${}", index * COLUMNS + column + 1));
        write!(sql, "{comma}({})", columns.join(",")).expect("a string takes all that is written");
        args.extend([
            Arg::from(&event.conversation),
            (*seq).into(),
            EVENT.into(),
            event.position.generation.into(),
            event.position.epoch.into(),
            (&event.id).into(),
            (&event.sealed).into(),
            chain_before.into(),
            event.at.into(),
        ]);
    }
    tx.run(AssertSqlSafe(sql), &args).await.map(drop)
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

/// Columns of the log.
const COLUMNS: usize = 9;
/// At most 64 rows in one statement.
const CHUNK_LOG: u32 = 6;

#[cfg(test)]
mod tests {
    use super::chunks;

    #[test]
    fn chunks_cover_everything_in_order() {
        for length in [0, 1, 2, 7, 64, 100, 256] {
            let numbers: Vec<usize> = (0..length).collect();
            assert_eq!(chunks(&numbers).flatten().copied().collect::<Vec<_>>(), numbers);
            assert!(chunks(&numbers).all(|chunk| chunk.len().is_power_of_two() && chunk.len() <= 64));
        }
    }
}
