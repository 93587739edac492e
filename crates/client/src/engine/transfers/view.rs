//! Transfers as they are shown.

use prost::Message as _;
use rusqlite::Connection;
use sotto_proto::{ConversationId, EventId, wire};

use super::rows::{Row, row, rows};
use super::{Active, Course, TransferId, TransferState, Transfers, active_done, thumbnail};
use crate::store::StoreError;
use crate::timeline::{FileName, Look};

/// A transfer as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferView {
    /// Which.
    pub id: TransferId,
    /// Which way it goes.
    pub course: Course,
    /// The conversation of its message.
    pub chat: ConversationId,
    /// Its message.
    pub event: EventId,
    /// Which of the message's files it is, from 0.
    pub place: u32,
    /// Whether it is the thumbnail of that file.
    pub is_thumbnail: bool,
    /// What it is called.
    pub name: FileName,
    /// How it is shown.
    pub look: Look,
    /// Bytes of it.
    pub size: u64,
    /// Bytes of it that are through.
    pub done: u64,
    /// How it stands.
    pub state: TransferState,
    /// Bytes a second; none while it does not move.
    pub speed: Option<u64>,
    /// How long it will still take at this speed.
    pub left_ms: Option<u64>,
    /// Where it is on this machine, in the shell's words.
    pub location: String,
}

/// A message that waits for its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id, which it keeps.
    pub id: EventId,
    /// What it says; may be empty.
    pub text: String,
    /// When it was written, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// Its files, without their thumbnails.
    pub files: Vec<TransferView>,
}

impl Transfers {
    pub(in crate::engine) fn views(
        &self,
        db: &Connection,
        chat: Option<ConversationId>,
    ) -> Result<Vec<TransferView>, StoreError> {
        let rows = match chat {
            Some(chat) => rows(db, "conversations.id = ?1", [chat.as_bytes()])?,
            None => rows(db, "1 = 1", [])?,
        };
        Ok(rows.into_iter().map(|row| self.view(row)).collect())
    }

    pub(in crate::engine) fn view_of(
        &self,
        db: &Connection,
        id: TransferId,
    ) -> Result<Option<TransferView>, StoreError> {
        Ok(row(db, id)?.map(|row| self.view(row)))
    }

    /// The newest download of a file of a message, or of its thumbnail.
    pub(in crate::engine) fn download_of(
        &self,
        db: &Connection,
        event: EventId,
        place: usize,
    ) -> Result<Option<TransferView>, StoreError> {
        let condition = "transfers.event_id = ?1 AND place = ?2 AND course = 3";
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        Ok(rows(db, condition, rusqlite::params![event.as_bytes(), place])?.pop().map(|row| self.view(row)))
    }

    /// Messages of a conversation that wait for their files, in the order of writing.
    pub(in crate::engine) fn waiting(&self, db: &Connection, chat: ConversationId) -> Result<Vec<Waiting>, StoreError> {
        let parcels = db
            .prepare_cached(
                "SELECT parcels.number, event_id, caption, created_at_ms FROM parcels
                 JOIN conversations ON conversations.number = conversation WHERE id = ?1 ORDER BY parcels.number",
            )?
            .query_map([chat.as_bytes()], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, Vec<u8>>(2)?, row.get(3)?))
            })?
            .collect::<Result<Vec<_>, _>>()?;
        let waiting = |(number, event, caption, created_at_ms): (i64, _, Vec<u8>, _)| {
            let caption = wire::TextMessage::decode(caption.as_slice()).unwrap_or_default();
            let mut files = rows(db, "parcel = ?1", [number])?;
            files.retain(|row| !thumbnail::split(row.place).1);
            files.sort_by_key(|row| row.place);
            Ok(Waiting {
                id: EventId::from_bytes(event),
                text: caption.body.map(|body| body.text).unwrap_or_default(),
                created_at_ms,
                files: files.into_iter().map(|row| self.view(row)).collect(),
            })
        };
        parcels.into_iter().map(waiting).collect()
    }

    fn view(&self, row: Row) -> TransferView {
        let active = self.active.get(&row.id);
        let done = active.map_or(row.done, |Active { row, work, .. }| active_done(row, work));
        let speed = active.and_then(|active| active.pace.per_second());
        let left = row.file.size.saturating_sub(done);
        let (place, is_thumbnail) = thumbnail::split(row.place);
        TransferView {
            id: row.id,
            course: row.course,
            chat: row.chat,
            event: row.event,
            place,
            is_thumbnail,
            name: FileName::of(&row.file.name),
            look: Look::of(&row.file),
            size: row.file.size,
            done: if row.state == TransferState::Done { row.file.size } else { done },
            state: row.state,
            speed,
            left_ms: speed.map(|speed| left.saturating_mul(1_000) / speed),
            location: row.location,
        }
    }
}
