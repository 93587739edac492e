//! Writing what was opened.

use rusqlite::{OptionalExtension as _, Transaction, params};
use sotto_proto::wire;
use sotto_proto::{ConversationId, EventId, decode, limits};

use super::fold::fold;
use super::page::{Kept, items, kept};
use super::{Opened, What};
use crate::store::{Store, StoreError};
use crate::timeline::{Content, Message, State};

impl Store {
    /// Keeps opened events, all of them or none. What is known already stays as it is.
    pub fn record(&mut self, opened: &[Opened]) -> Result<(), StoreError> {
        self.transact(|transaction| opened.iter().try_for_each(|opened| record(transaction, opened)))
    }
}

/// What an event says, as far as this version knows and the rules allow, and the rest of it.
pub(super) fn content_of(body: &[u8]) -> (wire::Event, Option<Content>) {
    let mut event: wire::Event = decode(body.to_vec().into(), limits::EVENT_MAX).unwrap_or_default();
    let content = event.content.take().and_then(|content| Content::parse(content).ok().flatten());
    (event, content)
}

/// Keeps one opened event. What is known already stays as it is.
pub(crate) fn record(transaction: &Transaction<'_>, opened: &Opened) -> Result<(), StoreError> {
    let (event, content) = content_of(&opened.body);
    let conversation = number_of(transaction, opened.conversation)?;
    let Some(row) = insert_entry(transaction, conversation, opened, is_shown(&event, content.as_ref()))? else {
        return Ok(());
    };
    if content.as_ref().is_some_and(sets_the_scene) {
        transaction
            .prepare_cached("INSERT INTO scenes (conversation, seq) VALUES (?1, ?2)")?
            .execute(params![conversation, opened.seq])?;
    }
    let targets = content.as_ref().map(Content::targets).unwrap_or_default();
    for target in &targets {
        transaction
            .prepare_cached("INSERT INTO acts (conversation, target, seq) VALUES (?1, ?2, ?3)")?
            .execute(params![conversation, target.as_bytes(), opened.seq])?;
    }
    match content {
        Some(Content::Text(_)) => index(transaction, Kept::of(row, conversation, opened)),
        Some(Content::Edit(..) | Content::Delete(_)) => {
            targets.into_iter().try_for_each(|target| index_again(transaction, conversation, target))
        }
        _ => Ok(()),
    }
}

/// Whether it says something about the conversation as a whole.
fn sets_the_scene(content: &Content) -> bool {
    matches!(content, Content::Title(_) | Content::Profile(_) | Content::Policy(_) | Content::Pin(..))
}

/// Whether it takes a place on the screen.
fn is_shown(event: &wire::Event, content: Option<&Content>) -> bool {
    match content {
        Some(Content::Text(_) | Content::Poll(_) | Content::Task(_)) => true,
        Some(_) => false,
        None => !event.fallback.is_empty(),
    }
}

/// The number of a conversation in this store, given when it is first met.
pub(crate) fn number_of(transaction: &Transaction<'_>, conversation: ConversationId) -> Result<i64, StoreError> {
    let known = transaction
        .prepare_cached("SELECT number FROM conversations WHERE id = ?1")?
        .query_row([conversation.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(number) = known {
        return Ok(number);
    }
    transaction.execute("INSERT INTO conversations (id) VALUES (?1)", [conversation.as_bytes()])?;
    Ok(transaction.last_insert_rowid())
}

/// Its row; none when the entry is there already.
fn insert_entry(
    transaction: &Transaction<'_>,
    conversation: i64,
    opened: &Opened,
    shown: bool,
) -> Result<Option<i64>, StoreError> {
    let row = free_row(transaction, opened)?;
    let inserted = transaction
        .prepare_cached(
            "INSERT INTO entries (row, conversation, seq, event_id, author, standing, received_at_ms, shown, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (conversation, seq) DO NOTHING ON CONFLICT (conversation, event_id) DO NOTHING",
        )?
        .execute(params![
            row,
            conversation,
            opened.seq,
            opened.id.as_bytes(),
            opened.author.as_bytes(),
            opened.standing.number(),
            opened.received_at_ms,
            shown,
            opened.body,
        ])?;
    Ok((inserted > 0).then_some(row))
}

/// A row number that begins with the time. Which of the numbers of its millisecond it gets is up to its id, so that nearly every first
/// try is free.
fn free_row(transaction: &Transaction<'_>, opened: &Opened) -> Result<i64, StoreError> {
    let [first, second, third, ..] = *opened.id.as_bytes();
    let time = i64::try_from(opened.received_at_ms.min(TIME_MAX)).unwrap_or_default() << ROW_BITS;
    let mut row = time | i64::from(u32::from_be_bytes([0, first, second, third]) >> (24 - ROW_BITS));
    let mut taken = transaction.prepare_cached("SELECT 1 FROM entries WHERE row = ?1")?;
    while taken.exists([row])? {
        row += 1;
    }
    Ok(row)
}

/// The first row number of a time.
pub(super) fn row_of_time(at_ms: u64) -> i64 {
    i64::try_from(at_ms.min(TIME_MAX)).unwrap_or_default() << ROW_BITS
}

/// Brings the words of a message up to date. A message that is not there yet is indexed when it comes.
fn index_again(transaction: &Transaction<'_>, conversation: i64, id: EventId) -> Result<(), StoreError> {
    let Some(kept) = kept(transaction, conversation, id)? else { return Ok(()) };
    transaction.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([kept.row])?;
    index(transaction, kept)
}

/// Puts the words of a message into the index, in which it has none.
fn index(transaction: &Transaction<'_>, kept: Kept) -> Result<(), StoreError> {
    let row = kept.row;
    for item in items(transaction, &[kept])? {
        if let What::Message(Message { state: State::Standing { text, .. }, .. }) = item.what {
            let names = text.files.iter().map(|file| file.name.as_str());
            let all = std::iter::once(text.body.as_str()).chain(names).collect::<Vec<_>>().join("\n");
            let words = format!("{}{PADDING}", fold(&all));
            transaction
                .prepare_cached("INSERT INTO words (rowid, folded) VALUES (?1, ?2)")?
                .execute(params![row, words])?;
        }
    }
    Ok(())
}

/// Bits of a row number below the time: the time's 41 bits fit above.
const ROW_BITS: u32 = 20;
const TIME_MAX: u64 = (1 << 42) - 1;
/// Makes a part of three characters of the last one and of the last two.
const PADDING: &str = "\n\n";
