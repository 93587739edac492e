//! Files on record. Whether one is there for an account is decided in one place, [`visible`].

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, FileId, limits};
use sqlx::AssertSqlSafe;

use super::SqlStore;
use super::connection::{Connection, padded, placeholders};
use super::group::within;
use super::sealed::charge;
use super::value::{Arg, Row, args, int};
use crate::clock::Timestamp;
use crate::store::{Counted, FileRecord, Files, NewFile, PartRange, Refusal, StoreError};

/// What [`record()`] reads.
macro_rules! record {
    () => {
        "f.id, f.owner, f.size, f.part_size, f.state, f.created_at, f.due_at"
    };
}

#[async_trait]
impl Files for SqlStore {
    async fn reserve_file(&self, new: NewFile) -> Result<FileRecord, StoreError> {
        let mut tx = self.database.write().await?;
        lock_account(&mut tx, new.owner).await?;
        let sql = "INSERT INTO files (id, owner, reserved_for, size, part_size, state, due_at, created_at)
                   VALUES ($1, $2, $3, $4, $5, 1, $6, $7) ON CONFLICT DO NOTHING";
        let NewFile { id, owner, conversation, size, part_size, at, expires_at } = &new;
        let args = args![id, owner, conversation, *size, *part_size, *expires_at, *at];
        if tx.run(sql, args).await? == 0 {
            return reserved_before(&mut tx, &new).await;
        }
        let sql = "SELECT COUNT(*) FROM files WHERE owner = $1 AND state = 1";
        let count = tx.row(sql, args![owner]).await?.number(0)?;
        within(Counted::IncompleteFiles, count, limits::INCOMPLETE_FILES_MAX)?;
        charge(&mut tx, *owner, 0, bytes(*size)).await?;
        tx.run("INSERT INTO file_conversations (file, conversation) VALUES ($1, $2)", args![id, conversation]).await?;
        let record = reserved_before(&mut tx, &new).await?;
        tx.commit().await?;
        Ok(record)
    }

    async fn file(&self, account: AccountId, file: FileId) -> Result<FileRecord, StoreError> {
        visible(&mut self.database.read().await?, account, file).await
    }

    async fn own_file(&self, owner: AccountId, file: FileId, part: u32) -> Result<(FileRecord, bool), StoreError> {
        let sql = concat!(
            "SELECT ",
            record!(),
            ", (SELECT p.present FROM file_parts p WHERE p.file = f.id AND p.word = $3)
             FROM files f WHERE f.id = $1 AND f.owner = $2 AND f.state <= 2"
        );
        let (word, bit) = place(part);
        let row = self.database.read().await?.row(sql, args![&file, &owner, word]).await?;
        let present = row.maybe_int(RECORD_COLUMNS)?.unwrap_or_default().cast_unsigned();
        let record = record(&row)?;
        Ok((record, record.complete || present & bit != 0))
    }

    async fn missing_parts(&self, file: &FileRecord, limit: usize) -> Result<Vec<PartRange>, StoreError> {
        if file.complete {
            return Ok(Vec::new());
        }
        missing(&mut self.database.read().await?, file, limit).await
    }

    async fn note_part(&self, file: FileId, part: u32, expires_at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        let row = tx.locked_row("SELECT state FROM files WHERE id = $1", args![&file]).await?;
        match row.ok_or(Refusal::NotFound)?.int(0)? {
            INCOMPLETE => {}
            COMPLETE => return Err(Refusal::NotApplicable.into()),
            _ => return Err(Refusal::NotFound.into()),
        }
        let (word, bit) = place(part);
        let sql = "INSERT INTO file_parts (file, word, present) VALUES ($1, $2, $3)
                   ON CONFLICT (file, word) DO UPDATE SET present = file_parts.present | excluded.present";
        tx.run(sql, args![&file, word, bit.cast_signed()]).await?;
        let sql = "UPDATE files SET due_at = $2 WHERE id = $1 AND due_at < $2";
        tx.run(sql, args![&file, expires_at]).await?;
        tx.commit().await
    }

    async fn complete_file(&self, owner: AccountId, file: FileId) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        let found = lock_file(&mut tx, file).await?.filter(|found| found.record.owner == owner && !found.gone);
        let Locked { record, .. } = found.ok_or(Refusal::NotFound)?;
        if record.complete {
            return Ok(());
        }
        if !missing(&mut tx, &record, 1).await?.is_empty() {
            return Err(Refusal::FileIncomplete.into());
        }
        tx.run("UPDATE files SET state = 2 WHERE id = $1", args![&file]).await?;
        tx.run("DELETE FROM file_parts WHERE file = $1", args![&file]).await?;
        tx.commit().await
    }

    async fn attach_file(
        &self,
        account: AccountId,
        file: FileId,
        conversation: ConversationId,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        lock_file(&mut tx, file).await?;
        if !visible(&mut tx, account, file).await?.complete {
            return Err(Refusal::FileIncomplete.into());
        }
        let sql = "INSERT INTO file_conversations (file, conversation) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        if tx.run(sql, args![&file, &conversation]).await? == 0 {
            return Ok(());
        }
        within(Counted::FileConversations, conversation_count(&mut tx, file).await?, limits::FILE_CONVERSATIONS_MAX)?;
        tx.commit().await
    }

    async fn detach_file(
        &self,
        account: AccountId,
        file: FileId,
        conversation: ConversationId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        let manages = manages(&mut tx, account, conversation).await?;
        let Some(row) = tx.maybe_row("SELECT owner FROM files WHERE id = $1", args![&file]).await? else {
            // Whoever manages a conversation learns only that a file is not attached to it.
            return if manages { Ok(()) } else { Err(Refusal::NotFound.into()) };
        };
        let owner: AccountId = row.id(0)?;
        if owner != account && !manages {
            visible(&mut tx, account, file).await?;
            return Err(Refusal::Forbidden.into());
        }
        lock_account(&mut tx, owner).await?;
        let Some(found) = lock_file(&mut tx, file).await?.filter(|found| !found.gone) else { return Ok(()) };
        let sql = "DELETE FROM file_conversations WHERE file = $1 AND conversation = $2";
        if tx.run(sql, args![&file, &conversation]).await? == 1 && conversation_count(&mut tx, file).await? == 0 {
            let_go(&mut tx, &found.record, at).await?;
        }
        tx.commit().await
    }

    async fn delete_file(&self, owner: AccountId, file: FileId, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        lock_account(&mut tx, owner).await?;
        let found = lock_file(&mut tx, file).await?.filter(|found| found.record.owner == owner);
        let found = found.ok_or(Refusal::NotFound)?;
        if found.gone {
            return Ok(());
        }
        let_go(&mut tx, &found.record, at).await?;
        tx.commit().await
    }

    async fn own_files(
        &self,
        owner: AccountId,
        after: Option<FileId>,
        limit: u32,
    ) -> Result<(Vec<(FileRecord, u32)>, bool), StoreError> {
        let sql = concat!(
            "SELECT ",
            record!(),
            ", (SELECT COUNT(*) FROM file_conversations a WHERE a.file = f.id)
             FROM files f WHERE f.owner = $1 AND f.id > $2 AND f.state <= 2 ORDER BY f.id LIMIT $3"
        );
        let after = after.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        let args = args![&owner, &after, u64::from(limit) + 1];
        let rows = self.database.read().await?.rows(sql, args).await?;
        let shown = rows.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
        let files = rows[..shown].iter().map(|row| Ok((record(row)?, row.count(RECORD_COLUMNS)?)));
        Ok((files.collect::<Result<_, StoreError>>()?, rows.len() > shown))
    }

    async fn end_reservations(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError> {
        let sql = "SELECT id, owner FROM files WHERE state = 1 AND due_at <= $1 ORDER BY due_at LIMIT $2";
        let rows = self.database.read().await?.rows(sql, args![now, limit]).await?;
        let mut ended = 0;
        for row in rows {
            let (file, owner) = (row.id(0)?, row.id(1)?);
            ended += u32::from(self.end_reservation(owner, file, now).await?);
        }
        Ok(ended)
    }

    async fn files_to_remove(&self, now: Timestamp, limit: u32) -> Result<Vec<FileId>, StoreError> {
        let sql = "SELECT id FROM files WHERE (state = 3 OR state = 4) AND due_at <= $1 ORDER BY due_at LIMIT $2";
        let rows = self.database.read().await?.rows(sql, args![now, limit]).await?;
        rows.iter().map(|row| row.id(0)).collect()
    }

    async fn file_removed(&self, file: FileId, now: Timestamp, again_at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.database.write().await?;
        tx.run("DELETE FROM files WHERE id = $1 AND state = 4 AND due_at <= $2", args![&file, now]).await?;
        tx.run("UPDATE files SET state = 4, due_at = $2 WHERE id = $1 AND state = 3", args![&file, again_at]).await?;
        tx.commit().await
    }

    async fn known_files(&self, files: &[FileId]) -> Result<Vec<FileId>, StoreError> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!("SELECT id FROM files WHERE id IN {}", placeholders(1, files.len()));
        let args: Vec<Arg<'_>> = padded(files).collect();
        let rows = self.database.read().await?.rows(AssertSqlSafe(sql), &args).await?;
        rows.iter().map(|row| row.id(0)).collect()
    }
}

impl SqlStore {
    async fn end_reservation(&self, owner: AccountId, file: FileId, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.database.write().await?;
        lock_account(&mut tx, owner).await?;
        let found = lock_file(&mut tx, file).await?;
        // It may have got a part meanwhile, or all of them.
        let ended = |found: &Locked| !found.gone && !found.record.complete && found.record.expires_at <= now;
        let Some(found) = found.filter(ended) else { return Ok(false) };
        let_go(&mut tx, &found.record, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// A row that nobody else writes until the transaction ends.
struct Locked {
    record: FileRecord,
    gone: bool,
}

async fn lock_file(tx: &mut Connection, file: FileId) -> Result<Option<Locked>, StoreError> {
    let sql = concat!("SELECT ", record!(), " FROM files f WHERE f.id = $1");
    let row = tx.locked_row(sql, args![&file]).await?;
    row.map(|row| Ok(Locked { gone: row.int(STATE)? > COMPLETE, record: record(&row)? })).transpose()
}

/// Accounts before files: the order of locks.
async fn lock_account(tx: &mut Connection, account: AccountId) -> Result<(), StoreError> {
    tx.locked_row("SELECT 1 FROM accounts WHERE id = $1", args![&account]).await?.ok_or(Refusal::NotFound)?;
    Ok(())
}

/// The file of a reservation, if it is this one.
async fn reserved_before(tx: &mut Connection, new: &NewFile) -> Result<FileRecord, StoreError> {
    let sql = concat!("SELECT ", record!(), ", f.reserved_for FROM files f WHERE f.id = $1 AND f.state <= 2");
    let row = tx.maybe_row(sql, args![&new.id]).await?.ok_or(Refusal::IdTaken)?;
    let stored = record(&row)?;
    let same = (stored.owner, row.id(RECORD_COLUMNS)?, stored.size, stored.part_size)
        == (new.owner, new.conversation, new.size, new.part_size);
    if same { Ok(stored) } else { Err(Refusal::IdTaken.into()) }
}

/// A file of the account's own, or of a conversation whose log it may read.
async fn visible(tx: &mut Connection, account: AccountId, file: FileId) -> Result<FileRecord, StoreError> {
    let sql = concat!(
        "SELECT ",
        record!(),
        " FROM files f WHERE f.id = $1 AND f.state <= 2 AND (f.owner = $2 OR EXISTS (
            SELECT 1 FROM file_conversations a
            JOIN memberships m ON m.conversation = a.conversation AND m.account = $2
            WHERE a.file = f.id AND (m.standing = 1 OR m.standing = 2)))"
    );
    record(&tx.row(sql, args![&file, &account]).await?)
}

/// Whether an account is an admin or owner of a conversation.
async fn manages(tx: &mut Connection, account: AccountId, conversation: ConversationId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM memberships WHERE account = $1 AND conversation = $2 AND standing = 1 AND role >= 2";
    Ok(tx.maybe_row(sql, args![&account, &conversation]).await?.is_some())
}

async fn conversation_count(tx: &mut Connection, file: FileId) -> Result<u64, StoreError> {
    tx.row("SELECT COUNT(*) FROM file_conversations WHERE file = $1", args![&file]).await?.number(0)
}

/// From now on the file is there for nobody; its parts are removed later.
async fn let_go(tx: &mut Connection, file: &FileRecord, at: Timestamp) -> Result<(), StoreError> {
    charge(tx, file.owner, int(file.size), 0).await?;
    tx.run("DELETE FROM file_conversations WHERE file = $1", args![&file.id]).await?;
    tx.run("DELETE FROM file_parts WHERE file = $1", args![&file.id]).await?;
    tx.run("UPDATE files SET state = 3, due_at = $2 WHERE id = $1", args![&file.id, at]).await.map(drop)
}

/// Lets all files of an account be gone that is itself about to be. The caller holds its lock, and sets its use to nothing.
pub(super) async fn let_all_go(tx: &mut Connection, owner: AccountId, at: Timestamp) -> Result<(), StoreError> {
    for table in ["file_conversations", "file_parts"] {
        let sql = format!("DELETE FROM {table} WHERE file IN (SELECT id FROM files WHERE owner = $1)");
        tx.run(AssertSqlSafe(sql), args![&owner]).await?;
    }
    let sql = "UPDATE files SET state = 3, due_at = $2 WHERE owner = $1 AND state <= 2";
    tx.run(sql, args![&owner, at]).await.map(drop)
}

async fn missing(tx: &mut Connection, file: &FileRecord, limit: usize) -> Result<Vec<PartRange>, StoreError> {
    let rows = tx.rows("SELECT word, present FROM file_parts WHERE file = $1 ORDER BY word", args![&file.id]).await?;
    let words = rows.iter().map(|row| Ok((row.count(0)?, row.int(1)?.cast_unsigned())));
    Ok(gaps(&words.collect::<Result<Vec<_>, StoreError>>()?, file.part_count(), limit))
}

/// The first `limit` ranges below `count` whose bits are not set in any of the words, which ascend.
fn gaps(words: &[(u32, u64)], count: u32, limit: usize) -> Vec<PartRange> {
    let mut ranges: Vec<PartRange> = Vec::new();
    let mut words = words.iter().peekable();
    for word in 0..count.div_ceil(PARTS_IN_WORD) {
        let present = words.next_if(|(index, _)| *index == word).map_or(0, |(_, present)| *present);
        let first = word * PARTS_IN_WORD;
        for part in (first..count.min(first + PARTS_IN_WORD)).filter(|part| present & place(*part).1 == 0) {
            let full = ranges.len() == limit;
            match ranges.last_mut() {
                Some(range) if range.first + range.count == part => range.count += 1,
                _ if full => return ranges,
                _ => ranges.push(PartRange { first: part, count: 1 }),
            }
        }
    }
    ranges
}

/// In which word a part is, and its bit there.
fn place(part: u32) -> (u32, u64) {
    (part / PARTS_IN_WORD, 1 << (part % PARTS_IN_WORD))
}

const RECORD_COLUMNS: usize = 7;
const STATE: usize = 4;

fn record(row: &Row) -> Result<FileRecord, StoreError> {
    Ok(FileRecord {
        id: row.id(0)?,
        owner: row.id(1)?,
        size: row.number(2)?,
        part_size: row.count(3)?,
        complete: row.int(STATE)? == COMPLETE,
        created_at: row.time(5)?,
        expires_at: row.time(6)?,
    })
}

fn bytes(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

const INCOMPLETE: i64 = 1;
const COMPLETE: i64 = 2;
const PARTS_IN_WORD: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(words: &[(u32, u64)], count: u32, limit: usize) -> Vec<(u32, u32)> {
        gaps(words, count, limit).iter().map(|range| (range.first, range.count)).collect()
    }

    #[test]
    fn gaps_are_what_no_word_has() {
        assert_eq!(ranges(&[], 1, 9), [(0, 1)]);
        assert_eq!(ranges(&[], 262_144, 9), [(0, 262_144)]);
        assert_eq!(ranges(&[(0, u64::MAX)], 64, 9), []);
        assert_eq!(ranges(&[(0, u64::MAX)], 66, 9), [(64, 2)]);
        assert_eq!(ranges(&[(1, 1)], 130, 9), [(0, 64), (65, 65)], "words in between may be absent");
        assert_eq!(ranges(&[(0, 0b101_1010)], 7, 9), [(0, 1), (2, 1), (5, 1)]);
        assert_eq!(ranges(&[(0, 0b101_1010)], 7, 2), [(0, 1), (2, 1)]);
        assert_eq!(ranges(&[(0, !(1 << 63))], 65, 9), [(63, 2)], "ranges go on from word to word");
    }
}
