//! Numbering a batch of events: what each gets, decided in memory between two statements.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sotto_crypto::chain::{ChainHead, Entry, EntryHash};
use sotto_proto::{ConversationId, EventId, GroupPosition};

use super::connection::Database;
use super::value::Row;
use crate::clock::Timestamp;
use crate::store::{NewEvent, Receipt, Refusal, Stand, StoreError, postgres, sqlite};

/// Writes a batch in one transaction. The answers are in the order of the events.
pub(crate) async fn write_batch(
    database: &Database,
    events: &[NewEvent],
) -> Result<Vec<Result<Receipt, Refusal>>, StoreError> {
    match database {
        Database::Sqlite { .. } => sqlite::append_batch(database, events).await,
        Database::Postgres(_) => postgres::append_batch(database, events).await,
    }
}

/// Where the log of a conversation ends, read under its lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogEnd {
    pub(crate) position: GroupPosition,
    pub(crate) chain: ChainHead,
    pub(crate) last_at: Timestamp,
}

/// What is known of an event with the same id.
pub(crate) struct Known {
    seq: u64,
    position: GroupPosition,
    received_at: Timestamp,
    body: Vec<u8>,
}

pub(crate) type Ends = BTreeMap<ConversationId, LogEnd>;
pub(crate) type KnownEvents = HashMap<(ConversationId, EventId), Known>;

/// An event with its place.
pub(crate) struct Placed<'a> {
    pub(crate) event: &'a NewEvent,
    pub(crate) seq: u64,
    pub(crate) chain_before: [u8; 32],
}

/// What a batch comes to.
pub(crate) struct Numbered<'a> {
    pub(crate) placed: Vec<Placed<'a>>,
    /// Conversations that grew, in the order in which they are locked.
    pub(crate) grown: BTreeMap<ConversationId, LogEnd>,
    pub(crate) answers: Vec<Result<Receipt, Refusal>>,
}

/// The conversations of a batch, each once, in the order in which they are locked.
pub(crate) fn conversations(events: &[NewEvent]) -> Vec<ConversationId> {
    events.iter().map(|event| event.conversation).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Columns: id, generation, epoch, `last_seq`, chain, `last_at`.
pub(crate) fn ends(rows: &[Row]) -> Result<Ends, StoreError> {
    rows.iter().map(|row| Ok((row.id(0)?, end(row)?))).collect()
}

/// As [`ends`], of one row.
pub(crate) fn end(row: &Row) -> Result<LogEnd, StoreError> {
    let chain = ChainHead::from_parts(row.number(3)?, row.array(4)?);
    Ok(LogEnd { position: row.position(1)?, chain, last_at: row.time(5)? })
}

/// Columns: conversation, `event_id`, seq, generation, epoch, `received_at`, body.
pub(crate) fn known_events(rows: &[Row]) -> Result<KnownEvents, StoreError> {
    let known = rows.iter().map(|row| {
        let known =
            Known { seq: row.number(2)?, position: row.position(3)?, received_at: row.time(5)?, body: row.bytes(6)? };
        Ok(((row.id(0)?, row.id(1)?), known))
    });
    known.collect()
}

/// Gives every event its number, or the reason why it gets none.
pub(crate) fn number<'a>(events: &'a [NewEvent], ends: &Ends, known: &KnownEvents) -> Numbered<'a> {
    let mut batch = Numbered { placed: Vec::new(), grown: BTreeMap::new(), answers: Vec::with_capacity(events.len()) };
    let mut in_batch = HashMap::new();
    for event in events {
        let key = (event.conversation, event.id);
        let answer = if let Some(known) = known.get(&key) {
            again(event, known)
        } else if let Some(&index) = in_batch.get(&key) {
            same_in_batch(event, &batch.placed[index], ends)
        } else {
            in_batch.insert(key, batch.placed.len());
            let answer = batch.place(event, ends);
            if answer.is_err() {
                in_batch.remove(&key);
            }
            answer
        };
        batch.answers.push(answer);
    }
    batch
}

impl<'a> Numbered<'a> {
    fn place(&mut self, event: &'a NewEvent, ends: &Ends) -> Result<Receipt, Refusal> {
        let current = self.grown.get(&event.conversation).or_else(|| ends.get(&event.conversation));
        let end = current.copied().ok_or(Refusal::NotFound)?;
        if event.position != end.position {
            let last_seq = end.chain.seq();
            return Err(Refusal::EpochConflict(Stand { position: end.position, last_seq }));
        }
        let GroupPosition { generation, epoch } = event.position;
        let hash = EntryHash::of(generation.get(), epoch.get(), &Entry::Event(event.id, &event.sealed));
        let chain = end.chain.extended_by(&hash).ok_or(Refusal::NotApplicable)?;
        self.grown.insert(event.conversation, LogEnd { chain, last_at: event.at, ..end });
        self.placed.push(Placed { event, seq: chain.seq(), chain_before: *end.chain.hash() });
        Ok(Receipt { seq: chain.seq(), position: end.position, received_at: event.at })
    }
}

fn again(event: &NewEvent, known: &Known) -> Result<Receipt, Refusal> {
    if event.position == known.position && event.sealed == known.body {
        Ok(Receipt { seq: known.seq, position: known.position, received_at: known.received_at })
    } else {
        Err(Refusal::IdTaken)
    }
}

fn same_in_batch(event: &NewEvent, first: &Placed<'_>, ends: &Ends) -> Result<Receipt, Refusal> {
    let same = event.position == first.event.position && event.sealed == first.event.sealed;
    let position = ends.get(&event.conversation).ok_or(Refusal::NotFound)?.position;
    same.then_some(Receipt { seq: first.seq, position, received_at: first.event.at }).ok_or(Refusal::IdTaken)
}
