//! Transfers as they are stored.

use prost::Message as _;
use rusqlite::{Connection, OptionalExtension as _, Row as Columns, params};
use sotto_crypto::file::{FileDigest, FileKey, PartDigest};
use sotto_crypto::secret::Secret;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{ConversationId, EventId, FileId, wire};

use super::{Course, Obstacle, TransferId, TransferState};
use crate::engine::step::{Mishap, Step};
use crate::store::StoreError;

/// A transfer with everything that outlives the program.
pub(super) struct Row {
    pub(super) id: TransferId,
    pub(super) course: Course,
    pub(super) parcel: Option<i64>,
    pub(super) chat: ConversationId,
    pub(super) event: EventId,
    pub(super) place: u32,
    pub(super) file: wire::FileRef,
    pub(super) part_len: u32,
    pub(super) location: String,
    pub(super) mark: Vec<u8>,
    pub(super) state: TransferState,
    pub(super) done: u64,
}

/// What is needed for a new one.
pub(super) struct NewRow<'r> {
    pub(super) course: Course,
    pub(super) parcel: Option<i64>,
    pub(super) conversation: i64,
    pub(super) event: EventId,
    pub(super) place: usize,
    pub(super) file: &'r wire::FileRef,
    pub(super) part_len: u32,
    pub(super) location: &'r str,
    pub(super) mark: &'r [u8],
}

impl Row {
    pub(super) fn file_id(&self) -> Result<FileId, Mishap> {
        Ok(FileId::parse("file_id", &self.file.file_id)?)
    }

    pub(super) fn key(&self) -> Result<FileKey, Mishap> {
        Secret::copy_from(&self.file.key).map(FileKey::from_secret).ok_or(Mishap::Bad("the key of a file"))
    }

    /// Transfers of one lane wait for each other: by direction, and small ones apart.
    pub(super) fn lane(&self) -> (bool, bool) {
        (self.course == Course::Download, self.file.size <= super::PIECE_LEN as u64)
    }

    /// Of a file that comes, in the place of the mark that a source has.
    pub(super) fn tag(&self) -> u64 {
        let drawn = self.mark.as_slice().try_into().ok().filter(|_| self.course == Course::Download);
        drawn.map_or(0, u64::from_be_bytes)
    }

    /// None before everything was sealed.
    pub(super) fn digest(&self) -> Option<FileDigest> {
        self.file.digest.as_ref().try_into().ok()
    }

    fn read(columns: &Columns<'_>) -> rusqlite::Result<Self> {
        let course: u8 = columns.get("course")?;
        let (state, obstacle): (u8, u16) = (columns.get("state")?, columns.get("obstacle")?);
        let file: Vec<u8> = columns.get("file")?;
        Ok(Self {
            id: TransferId(columns.get("number")?),
            course: Course::from_number(course),
            parcel: columns.get("parcel")?,
            chat: ConversationId::from_bytes(columns.get("id")?),
            event: EventId::from_bytes(columns.get("event_id")?),
            place: columns.get("place")?,
            // What cannot be read has no key, and so nothing is done with it.
            file: wire::FileRef::decode(file.as_slice()).unwrap_or_default(),
            part_len: columns.get("part_len")?,
            location: columns.get("location")?,
            mark: columns.get("mark")?,
            state: match state {
                1 => TransferState::Going,
                2 => TransferState::Paused,
                3 => TransferState::Stopped(Obstacle::from_numbers(obstacle, columns.get("obstacle_of")?)),
                _ => TransferState::Done,
            },
            done: columns.get("done")?,
        })
    }
}

/// Rows that fit a condition, in the order of their beginning.
pub(super) fn rows(
    db: &Connection,
    condition: &'static str,
    values: impl rusqlite::Params,
) -> Result<Vec<Row>, StoreError> {
    let sql = format!(
        "SELECT transfers.*, conversations.id FROM transfers
         JOIN conversations ON conversations.number = transfers.conversation WHERE {condition} ORDER BY transfers.number"
    );
    let rows = db.prepare_cached(&sql)?.query_map(values, Row::read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

pub(super) fn row(db: &Connection, id: TransferId) -> Result<Option<Row>, StoreError> {
    Ok(rows(db, "transfers.number = ?1", [id.0])?.pop())
}

/// The digests of all parts that may have left.
pub(super) fn notes(db: &Connection, id: TransferId) -> Result<Vec<PartDigest>, StoreError> {
    let mut statement = db.prepare_cached("SELECT digest FROM transfer_parts WHERE transfer = ?1 ORDER BY part")?;
    Ok(statement.query_map([id.0], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

impl Step<'_, '_> {
    pub(super) fn insert_transfer(&mut self, new: &NewRow<'_>) -> Result<TransferId, Mishap> {
        self.db
            .prepare_cached(
                "INSERT INTO transfers
                     (course, parcel, conversation, event_id, place, file, part_len, location, mark, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1)",
            )?
            .execute(params![
                new.course.number(),
                new.parcel,
                new.conversation,
                new.event.as_bytes(),
                new.place,
                new.file.encode_to_vec(),
                new.part_len,
                new.location,
                new.mark,
            ])?;
        Ok(TransferId(self.db.last_insert_rowid()))
    }

    pub(super) fn put_transfer_state(&mut self, id: TransferId, state: TransferState) -> Result<(), StoreError> {
        let (number, obstacle, of) = match state {
            TransferState::Going => (1, 0, 0),
            TransferState::Paused => (2, 0, 0),
            TransferState::Stopped(obstacle) => {
                let (number, of) = obstacle.numbers();
                (3, number, of)
            }
            TransferState::Done => (4, 0, 0),
        };
        self.db
            .prepare_cached("UPDATE transfers SET state = ?2, obstacle = ?3, obstacle_of = ?4 WHERE number = ?1")?
            .execute(params![id.0, number, obstacle, of])?;
        Ok(())
    }

    pub(super) fn put_transfer_done(&mut self, id: TransferId, done: u64) -> Result<(), StoreError> {
        self.db.prepare_cached("UPDATE transfers SET done = ?2 WHERE number = ?1")?.execute(params![id.0, done])?;
        Ok(())
    }

    pub(super) fn put_transfer_file(&mut self, id: TransferId, file: &wire::FileRef) -> Result<(), StoreError> {
        self.db
            .prepare_cached("UPDATE transfers SET file = ?2 WHERE number = ?1")?
            .execute(params![id.0, file.encode_to_vec()])?;
        Ok(())
    }

    pub(super) fn put_transfer_location(&mut self, id: TransferId, location: &str) -> Result<(), StoreError> {
        self.db
            .prepare_cached("UPDATE transfers SET location = ?2 WHERE number = ?1")?
            .execute(params![id.0, location])?;
        Ok(())
    }

    pub(super) fn note_part(&mut self, id: TransferId, part: u32, digest: &PartDigest) -> Result<(), StoreError> {
        self.db
            .prepare_cached("INSERT INTO transfer_parts (transfer, part, digest) VALUES (?1, ?2, ?3)")?
            .execute(params![id.0, part, digest])?;
        Ok(())
    }

    pub(super) fn delete_transfer(&mut self, id: TransferId) -> Result<(), StoreError> {
        self.db.prepare_cached("DELETE FROM transfers WHERE number = ?1")?.execute([id.0])?;
        Ok(())
    }

    pub(super) fn transfer_row(&self, id: TransferId) -> Result<Option<Row>, StoreError> {
        row(self.db, id)
    }

    /// A parcel's transfers in the order of their places.
    pub(super) fn transfers_of_parcel(&self, parcel: i64) -> Result<Vec<Row>, StoreError> {
        let mut rows = rows(self.db, "parcel = ?1", [parcel])?;
        rows.sort_by_key(|row| row.place);
        Ok(rows)
    }

    pub(super) fn stored_transfer(&self, event: EventId, place: u32) -> Result<Option<Row>, StoreError> {
        let condition = "transfers.event_id = ?1 AND place = ?2 AND course = 3";
        Ok(rows(self.db, condition, params![event.as_bytes(), place])?.pop())
    }

    /// Of those that came and are done, the oldest beyond a number are forgotten.
    pub(super) fn forget_old_transfers(&mut self) -> Result<(), StoreError> {
        let _: Option<i64> = self
            .db
            .prepare_cached(
                "DELETE FROM transfers WHERE parcel IS NULL AND state = 4 AND number NOT IN
                     (SELECT number FROM transfers WHERE parcel IS NULL AND state = 4 ORDER BY number DESC LIMIT ?1)
                 RETURNING number",
            )?
            .query_row([FINISHED_KEPT], |row| row.get(0))
            .optional()?;
        Ok(())
    }
}

impl Course {
    const fn number(self) -> u8 {
        match self {
            Self::Upload => 1,
            Self::Forward => 2,
            Self::Download => 3,
        }
    }

    const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Upload,
            2 => Self::Forward,
            _ => Self::Download,
        }
    }
}

impl Obstacle {
    /// How it is stored. These numbers never change.
    fn numbers(self) -> (u16, u64) {
        match self {
            Self::SourceMissing => (1, 0),
            Self::SourceChanged => (2, 0),
            Self::NoRoom => (3, 0),
            Self::FileSystem => (4, 0),
            Self::TooLarge { max } => (5, max),
            Self::QuotaExceeded { max } => (6, max),
            Self::NotAllowed => (7, 0),
            Self::NotThere => (8, 0),
            Self::Damaged => (9, 0),
            Self::Refused(code) => (10, u64::from(i32::from(code).unsigned_abs())),
        }
    }

    fn from_numbers(number: u16, of: u64) -> Self {
        match number {
            1 => Self::SourceMissing,
            2 => Self::SourceChanged,
            3 => Self::NoRoom,
            4 => Self::FileSystem,
            5 => Self::TooLarge { max: of },
            6 => Self::QuotaExceeded { max: of },
            7 => Self::NotAllowed,
            8 => Self::NotThere,
            9 => Self::Damaged,
            _ => Self::Refused(i32::try_from(of).ok().and_then(|code| code.try_into().ok()).unwrap_or_default()),
        }
    }

    /// Why the server says no.
    pub(super) fn of(code: ErrorCode, max: u64) -> Self {
        match code {
            ErrorCode::TooLarge => Self::TooLarge { max },
            ErrorCode::QuotaExceeded => Self::QuotaExceeded { max },
            ErrorCode::Forbidden => Self::NotAllowed,
            ErrorCode::NotFound => Self::NotThere,
            other => Self::Refused(other),
        }
    }
}

const FINISHED_KEPT: u32 = 1_000;
