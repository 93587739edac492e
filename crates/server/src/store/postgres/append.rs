//! Appending a batch to PostgreSQL: columns travel as arrays, so that a batch is four round trips whatever its size.

use crate::store::sql::append::{
    Ends, KnownEvents, LogEnd, Numbered, Placed, conversations, ends, known_events, number,
};
use crate::store::sql::connection::{Connection, Database};
use crate::store::sql::log::EVENT;
use crate::store::sql::value::{Arg, int};
use crate::store::{NewEvent, Receipt, Refusal, StoreError};

/// One transaction for all events. Conversations are locked in the order of their ids, on every node, so nobody waits in a circle.
pub(crate) async fn append_batch(
    database: &Database,
    events: &[NewEvent],
) -> Result<Vec<Result<Receipt, Refusal>>, StoreError> {
    let mut tx = database.write().await?;
    let ends = lock_ends(&mut tx, events).await?;
    let known = read_known(&mut tx, events).await?;
    let Numbered { placed, grown, answers } = number(events, &ends, &known);
    if !placed.is_empty() {
        insert(&mut tx, &placed).await?;
        move_ends(&mut tx, &grown).await?;
    }
    tx.commit().await?;
    Ok(answers)
}

async fn lock_ends(tx: &mut Connection, events: &[NewEvent]) -> Result<Ends, StoreError> {
    let ids = conversations(events);
    let ids = Arg::BytesColumn(ids.iter().map(|id| &id.as_bytes()[..]).collect());
    let sql = "SELECT id, generation, epoch, last_seq, chain, last_at FROM conversations WHERE id = ANY($1)
               ORDER BY id FOR NO KEY UPDATE";
    ends(&tx.rows(sql, &[ids]).await?)
}

/// By its own statement: under READ COMMITTED it sees what was committed while the locks were waited for.
async fn read_known(tx: &mut Connection, events: &[NewEvent]) -> Result<KnownEvents, StoreError> {
    let conversations = Arg::BytesColumn(events.iter().map(|event| &event.conversation.as_bytes()[..]).collect());
    let ids = Arg::BytesColumn(events.iter().map(|event| &event.id.as_bytes()[..]).collect());
    // LATERAL: one look into one index of one partition for each event, whatever the planner believes of the table's size.
    let sql = "SELECT wanted.conversation, wanted.id, stored.* FROM UNNEST($1, $2) AS wanted (conversation, id),
               LATERAL (SELECT seq, generation, epoch, received_at, body FROM log
                        WHERE log.conversation = wanted.conversation AND log.event_id = wanted.id LIMIT 1) AS stored";
    known_events(&tx.rows(sql, &[conversations, ids]).await?)
}

async fn insert(tx: &mut Connection, placed: &[Placed<'_>]) -> Result<(), StoreError> {
    let sql = "INSERT INTO log (conversation, seq, kind, generation, epoch, event_id, body, chain, received_at)
               SELECT conversation, seq, $9, generation, epoch, event_id, body, chain, received_at
               FROM UNNEST($1, $2, $3, $4, $5, $6, $7, $8)
                 AS new (conversation, seq, generation, epoch, event_id, body, chain, received_at)";
    let args = [
        Arg::BytesColumn(placed.iter().map(|new| &new.event.conversation.as_bytes()[..]).collect()),
        Arg::IntColumn(placed.iter().map(|new| int(new.seq)).collect()),
        Arg::IntColumn(placed.iter().map(|new| new.event.position.generation.get().into()).collect()),
        Arg::IntColumn(placed.iter().map(|new| int(new.event.position.epoch.get())).collect()),
        Arg::BytesColumn(placed.iter().map(|new| &new.event.id.as_bytes()[..]).collect()),
        Arg::BytesColumn(placed.iter().map(|new| &new.event.sealed[..]).collect()),
        Arg::BytesColumn(placed.iter().map(|new| &new.chain_before[..]).collect()),
        Arg::IntColumn(placed.iter().map(|new| int(new.event.at.unix_millis())).collect()),
        EVENT.into(),
    ];
    tx.run(sql, &args).await.map(drop)
}

async fn move_ends(tx: &mut Connection, grown: &Ends) -> Result<(), StoreError> {
    let sql = "UPDATE conversations SET last_seq = new.seq, chain = new.chain, last_at = new.at, untold = 1
               FROM UNNEST($1, $2, $3, $4) AS new (id, seq, chain, at) WHERE conversations.id = new.id";
    let ends: Vec<&LogEnd> = grown.values().collect();
    let args = [
        Arg::BytesColumn(grown.keys().map(|id| &id.as_bytes()[..]).collect()),
        Arg::IntColumn(ends.iter().map(|end| int(end.chain.seq())).collect()),
        Arg::BytesColumn(ends.iter().map(|end| &end.chain.hash()[..]).collect()),
        Arg::IntColumn(ends.iter().map(|end| int(end.last_at.unix_millis())).collect()),
    ];
    tx.run(sql, &args).await.map(drop)
}
