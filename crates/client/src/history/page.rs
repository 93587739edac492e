//! Reading a stretch of a conversation as it is shown.
//!
//! SQLite has no statistics here, and would rather walk through a whole conversation in its order than sort three rows. Each `CROSS
//! JOIN` says which table is looked at first, and each order is by a column of that table.

use std::collections::BTreeMap;

use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sotto_proto::wire::{self, edit, event};
use sotto_proto::{AccountId, ConversationId, EventId, FileId, ID_LEN, decode, limits};

use super::record::{content_of, row_of_time};
use super::{Item, Opened, Unread, What};
use crate::store::{Store, StoreError};
use crate::timeline::{
    Content, Entry, Message, Scene, Standing, State, fold_message, fold_poll, fold_scene, fold_task,
};

/// The columns of an entry, and whether anything acts on it: of most, nothing has to be looked for.
macro_rules! shown {
    () => {
        "entries.*, EXISTS (SELECT 1 FROM acts WHERE acts.conversation = entries.conversation AND target = event_id)"
    };
}
pub(super) use shown;

impl Store {
    /// The last items before a place of the log, or of all, oldest first.
    pub fn page(&self, conversation: ConversationId, before: Option<u64>, limit: u32) -> Result<Vec<Item>, StoreError> {
        let before = before.and_then(|seq| i64::try_from(seq).ok()).unwrap_or(i64::MAX);
        let mut shown = self
            .connection()
            .prepare_cached(concat!(
                "SELECT ",
                shown!(),
                " FROM conversations CROSS JOIN entries ON number = conversation
                     WHERE id = ?1 AND seq < ?2 AND shown = 1 ORDER BY seq DESC LIMIT ?3"
            ))?
            .query_map(params![conversation.as_bytes(), before, limit], Kept::read_shown)?
            .collect::<Result<Vec<_>, _>>()?;
        shown.reverse();
        items(self.connection(), &shown)
    }

    /// As [`message()`].
    pub(crate) fn message(&self, conversation: ConversationId, id: EventId) -> Result<Option<Said>, StoreError> {
        message(self.connection(), conversation, id)
    }

    /// The first items after a place of the log, oldest first.
    pub fn page_after(&self, conversation: ConversationId, after: u64, limit: u32) -> Result<Vec<Item>, StoreError> {
        let shown = self
            .connection()
            .prepare_cached(
                "SELECT entries.* FROM conversations CROSS JOIN entries ON number = conversation
                 WHERE id = ?1 AND seq > ?2 AND shown = 1 ORDER BY seq LIMIT ?3",
            )?
            .query_map(params![conversation.as_bytes(), after, limit], Kept::read)?
            .collect::<Result<Vec<_>, _>>()?;
        items(self.connection(), &shown)
    }

    /// One item, if it is here and takes a place on the screen.
    pub fn item(&self, conversation: ConversationId, event: EventId) -> Result<Option<Item>, StoreError> {
        let shown = self
            .connection()
            .prepare_cached(
                "SELECT entries.* FROM conversations CROSS JOIN entries ON number = conversation
                 WHERE id = ?1 AND event_id = ?2 AND shown = 1",
            )?
            .query_row(params![conversation.as_bytes(), event.as_bytes()], Kept::read)
            .optional()?;
        shown.map(|kept| item(self.connection(), &kept)).transpose()
    }

    /// The places of the first and the last item that are here.
    pub fn extent(&self, conversation: ConversationId) -> Result<Option<(u64, u64)>, StoreError> {
        let end = |order: &str| -> Result<Option<u64>, StoreError> {
            let sql = format!(
                "SELECT seq FROM conversations CROSS JOIN entries ON number = conversation
                 WHERE id = ?1 AND shown = 1 ORDER BY seq {order} LIMIT 1"
            );
            let mut statement = self.connection().prepare_cached(&sql)?;
            Ok(statement.query_row([conversation.as_bytes()], |row| row.get(0)).optional()?)
        };
        Ok(end("ASC")?.zip(end("DESC")?))
    }

    /// The place of the first item that the server took at a time or later; none if there is no later one.
    pub fn place_at(&self, conversation: ConversationId, at_ms: u64) -> Result<Option<u64>, StoreError> {
        let first = self
            .connection()
            .prepare_cached(
                "SELECT seq FROM entries WHERE row >= ?2 AND shown = 1
                 AND conversation = (SELECT number FROM conversations WHERE id = ?1) ORDER BY row LIMIT 1",
            )?
            .query_row(params![conversation.as_bytes(), row_of_time(at_ms)], |row| row.get(0))
            .optional()?;
        Ok(first)
    }

    /// What a conversation is called, how its people want to be seen, what is pinned.
    pub fn scene(&self, conversation: ConversationId) -> Result<Scene, StoreError> {
        scene(self.connection(), conversation)
    }

    /// What others wrote after a place of the log and still stands.
    pub fn unread(&self, conversation: ConversationId, after: u64, account: AccountId) -> Result<Unread, StoreError> {
        let kept = self
            .connection()
            .prepare_cached(concat!(
                "SELECT ",
                shown!(),
                " FROM conversations CROSS JOIN entries ON number = conversation
                     WHERE id = ?1 AND seq > ?2 AND shown = 1 AND author <> ?3 ORDER BY seq LIMIT ?4"
            ))?
            .query_map(params![conversation.as_bytes(), after, account.as_bytes(), UNREAD_MAX], Kept::read_shown)?
            .collect::<Result<Vec<_>, _>>()?;
        let mut unread = Unread::default();
        for item in items(self.connection(), &kept)? {
            if let Some(mentions) = item.calls_for(account) {
                unread.messages += 1;
                unread.mentions += u32::from(mentions);
            }
        }
        Ok(unread)
    }
}

/// The text and the files of a message as it stands, with what opens them. None for what is no message, and for what was taken back.
pub(crate) fn message(db: &Connection, conversation: ConversationId, id: EventId) -> Result<Option<Said>, StoreError> {
    let number = db
        .prepare_cached("SELECT number FROM conversations WHERE id = ?1")?
        .query_row([conversation.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(found) = number.map(|number| kept(db, number, id)).transpose()?.flatten() else { return Ok(None) };
    let mut said = said(&found.body);
    let edits = acting(db, found.conversation, id)?.into_iter().filter(|act| act.author == found.author);
    for (body, files) in edits.filter_map(|act| edited(&act.body, id)) {
        let before = said.take().map(|(_, files)| files).unwrap_or_default();
        said = Some((body, if files.is_empty() { before } else { files }));
    }
    let stands = matches!(item(db, &found)?.what, What::Message(Message { state: State::Standing { .. }, .. }));
    Ok(said.filter(|_| stands))
}

/// Whether another message of a conversation that stands has a file.
pub(crate) fn speaks_of(
    db: &Connection,
    conversation: ConversationId,
    file: FileId,
    but: EventId,
) -> Result<bool, StoreError> {
    let naming = db
        .prepare_cached(
            "SELECT event_id FROM conversations CROSS JOIN entries ON number = conversation
             WHERE id = ?1 AND shown = 1 AND event_id <> ?3 AND instr(body, ?2) > 0",
        )?
        .query_map(params![conversation.as_bytes(), file.as_bytes(), but.as_bytes()], |row| row.get(0))?
        .map(|id| id.map(EventId::from_bytes))
        .collect::<Result<Vec<_>, _>>()?;
    for id in naming {
        let files = message(db, conversation, id)?.map(|(_, files)| files).unwrap_or_default();
        if files.iter().any(|named| named.file_id[..] == file.as_bytes()[..]) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the events of a conversation say about it as a whole.
pub(crate) fn scene(db: &Connection, conversation: ConversationId) -> Result<Scene, StoreError> {
    let kept = db
        .prepare_cached(
            "SELECT entries.* FROM conversations CROSS JOIN scenes ON number = scenes.conversation
             CROSS JOIN entries USING (conversation, seq) WHERE id = ?1 ORDER BY scenes.seq",
        )?
        .query_map([conversation.as_bytes()], Kept::read)?
        .collect::<Result<Vec<_>, _>>()?;
    let entries: Vec<_> = kept.iter().filter_map(|kept| kept.open().0).collect();
    Ok(fold_scene(&entries))
}

/// The same of all conversations, by their numbers.
pub(crate) fn scenes(db: &Connection) -> Result<BTreeMap<i64, Scene>, StoreError> {
    let kept = db
        .prepare_cached(
            "SELECT entries.* FROM scenes CROSS JOIN entries USING (conversation, seq)
             ORDER BY scenes.conversation, scenes.seq",
        )?
        .query_map([], Kept::read)?
        .collect::<Result<Vec<_>, _>>()?;
    let of_one = kept.chunk_by(|one, next| one.conversation == next.conversation);
    let scene = |kept: &[Kept]| {
        let entries: Vec<_> = kept.iter().filter_map(|kept| kept.open().0).collect();
        (kept[0].conversation, fold_scene(&entries))
    };
    Ok(of_one.map(scene).collect())
}

/// Whether there is anything to see in a conversation.
pub(crate) fn has_items(db: &Connection, conversation: i64) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT 1 FROM entries WHERE conversation = ?1 AND shown = 1")?.exists([conversation])?)
}

/// The last item of each conversation, by its number.
pub(crate) fn newest(db: &Connection) -> Result<BTreeMap<i64, Item>, StoreError> {
    let kept = db
        .prepare_cached(concat!(
            "SELECT ",
            shown!(),
            " FROM chats CROSS JOIN entries ON row = (
               SELECT row FROM entries AS newest WHERE newest.conversation = chats.conversation AND newest.shown = 1
               ORDER BY newest.seq DESC LIMIT 1)"
        ))?
        .query_map([], Kept::read_shown)?
        .collect::<Result<Vec<_>, _>>()?;
    kept.iter().map(|kept| Ok((kept.conversation, item(db, kept)?))).collect()
}

impl Item {
    /// Whether it mentions the account; none for what was taken back, which nobody has to read.
    fn calls_for(&self, account: AccountId) -> Option<bool> {
        match &self.what {
            What::Message(Message { state: State::Deleted { .. }, .. }) => None,
            What::Message(Message { state: State::Standing { text, .. }, .. }) => {
                Some(text.body.mentions().any(|mentioned| mentioned == account))
            }
            What::Poll(_) | What::Task(_) | What::Unknown(_) => Some(false),
        }
    }
}

/// A row of entries.
pub(super) struct Kept {
    pub(super) row: i64,
    pub(super) conversation: i64,
    seq: u64,
    id: EventId,
    author: AccountId,
    standing: Standing,
    received_at_ms: u64,
    body: Vec<u8>,
    /// Whether something may act on it.
    acted_on: bool,
}

impl Kept {
    /// Columns of [`shown!`].
    pub(super) fn read_shown(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { acted_on: row.get(9)?, ..Self::read(row)? })
    }

    /// Columns in the order of the table.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let standing: u8 = row.get(5)?;
        let standing =
            Standing::from_number(standing).ok_or_else(|| strange(5, FromSqlError::OutOfRange(standing.into())))?;
        Ok(Self {
            row: row.get(0)?,
            conversation: row.get(1)?,
            seq: row.get(2)?,
            id: EventId::from_bytes(row.get::<_, [u8; ID_LEN]>(3)?),
            author: AccountId::from_bytes(row.get::<_, [u8; ID_LEN]>(4)?),
            standing,
            received_at_ms: row.get(6)?,
            body: row.get(8)?,
            acted_on: true,
        })
    }

    /// An event as it was kept just now.
    pub(super) fn of(row: i64, conversation: i64, opened: &Opened) -> Self {
        let Opened { seq, id, author, standing, received_at_ms, .. } = *opened;
        Self { row, conversation, seq, id, author, standing, received_at_ms, body: opened.body.clone(), acted_on: true }
    }

    /// The entry if its content is known, and its fallback.
    fn open(&self) -> (Option<Entry>, String) {
        let (event, content) = content_of(&self.body);
        let entry = content.map(|content| Entry {
            seq: self.seq,
            id: self.id,
            author: self.author,
            standing: self.standing,
            received_at_ms: self.received_at_ms,
            sent_at_ms: event.sent_at_ms,
            content,
        });
        (entry, event.fallback)
    }
}

fn strange(column: usize, error: FromSqlError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error))
}

/// The entry of an event.
pub(super) fn kept(connection: &Connection, conversation: i64, id: EventId) -> Result<Option<Kept>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT * FROM entries WHERE conversation = ?1 AND event_id = ?2")?
        .query_row(params![conversation, id.as_bytes()], Kept::read)
        .optional()?)
}

/// What rows look like after everything that acts on them.
pub(super) fn items(connection: &Connection, shown: &[Kept]) -> Result<Vec<Item>, StoreError> {
    shown.iter().map(|kept| item(connection, kept)).collect()
}

fn item(connection: &Connection, kept: &Kept) -> Result<Item, StoreError> {
    let (entry, fallback) = kept.open();
    let what = match entry {
        Some(entry) if kept.acted_on => what(&entry, &acts(connection, kept.conversation, kept.id)?),
        Some(entry) => what(&entry, &[]),
        None => None,
    };
    let what = what.unwrap_or(What::Unknown(fallback));
    Ok(Item { seq: kept.seq, id: kept.id, author: kept.author, received_at_ms: kept.received_at_ms, what })
}

fn what(entry: &Entry, acts: &[Entry]) -> Option<What> {
    match entry.content {
        Content::Text(_) => fold_message(entry, acts).map(What::Message),
        Content::Poll(_) => fold_poll(entry, acts).map(What::Poll),
        Content::Task(_) => fold_task(entry, acts).map(What::Task),
        _ => None,
    }
}

/// What acts on an event, in the order of the log.
fn acts(connection: &Connection, conversation: i64, target: EventId) -> Result<Vec<Entry>, StoreError> {
    Ok(acting(connection, conversation, target)?.iter().filter_map(|kept| kept.open().0).collect())
}

fn acting(connection: &Connection, conversation: i64, target: EventId) -> Result<Vec<Kept>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT entries.* FROM acts CROSS JOIN entries USING (conversation, seq)
             WHERE acts.conversation = ?1 AND target = ?2 ORDER BY acts.seq",
        )?
        .query_map(params![conversation, target.as_bytes()], Kept::read)?
        .collect::<Result<_, _>>()?)
}

/// The text and the files of a message as it was first said.
fn said(body: &[u8]) -> Option<Said> {
    match content(body)? {
        event::Content::Text(text) => Some((text.body, Vec::new())),
        event::Content::Files(files) => Some((files.caption.and_then(|caption| caption.body), files.files)),
        _ => None,
    }
}

/// What an edit of a message makes of it; none for what is no edit of it, or breaks a rule.
fn edited(body: &[u8], id: EventId) -> Option<Said> {
    let (_, parsed) = content_of(body);
    let (event::Content::Edit(edit), Some(Content::Edit(target, _))) = (content(body)?, parsed) else { return None };
    match edit.content.filter(|_| target == id)? {
        edit::Content::Text(text) => Some((text.body, Vec::new())),
        edit::Content::Files(files) => Some((files.caption.and_then(|caption| caption.body), files.files)),
    }
}

fn content(body: &[u8]) -> Option<event::Content> {
    let event: wire::Event = decode(body.to_vec().into(), limits::EVENT_MAX).ok()?;
    event.content
}

/// A text, and files with what opens them.
pub(crate) type Said = (Option<wire::RichText>, Vec<wire::FileRef>);

/// Beyond this nobody counts.
const UNREAD_MAX: u32 = 1_000;
