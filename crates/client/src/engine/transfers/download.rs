//! From the server to a file of this machine.

use std::collections::BTreeMap;

use bytes::Bytes;
use sotto_crypto::file::{CHUNK_LEN, FileError, FileLayout, HEADER_LEN, SequentialOpener};
use sotto_crypto::secret::SecretVec;
use sotto_proto::{Method, wire};
use zeroize::Zeroizing;

use super::jobs::{FileAnswer, FileFailure, FileWork, JobNumber};
use super::rows::Row;
use super::{CHUNKS_AT_ONCE, Obstacle, PIECE_LEN, TransferState, Turn, WINDOW};
use crate::engine::replies::reply;
use crate::engine::requests::{Kept, Ticket};
use crate::engine::step::{Mishap, Step};
use crate::timeline::FileName;

/// A download under way.
#[derive(Default)]
pub(super) struct Download {
    stage: Stage,
    /// Opens in order; none before the header came.
    opener: Option<SequentialOpener>,
    /// Content that is written, or was read back.
    written: u64,
    /// Content of the job that the shell has, and whether it makes all of it durable.
    writing: Option<(u64, bool)>,
    writes: u32,
    /// First chunk that was not asked for.
    next: u32,
    /// Stretches by their first chunk: on their way, and here before their turn.
    flying: BTreeMap<Ticket, u32>,
    arrived: BTreeMap<u32, Vec<u8>>,
    /// Whether a part of it was here from before.
    resumed: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing was asked.
    #[default]
    Fresh,
    /// The server was asked whether it has the file.
    Asking,
    /// What is here already is read back.
    ReadingBack,
    /// The rest comes.
    Fetching,
    /// The file gets its place.
    Finishing,
}

impl Download {
    /// None before it is known.
    pub(super) fn done(&self) -> Option<u64> {
        matches!(self.stage, Stage::Fetching | Stage::Finishing).then_some(self.written)
    }

    fn turn(&self) -> u32 {
        self.opener.as_ref().map_or(0, SequentialOpener::next_chunk)
    }
}

impl Step<'_, '_> {
    pub(super) fn advance_download(
        &mut self,
        row: &mut Row,
        job: &mut Option<JobNumber>,
        download: &mut Download,
    ) -> Result<Turn, Mishap> {
        match download.stage {
            Stage::Fresh => {
                self.call_for(row.id, &wire::GetFileStatusRequest { file_id: row.file.file_id.clone() });
                download.stage = Stage::Asking;
            }
            Stage::ReadingBack if job.is_none() => {
                let length = usize::try_from(row.done - download.written).map_or(PIECE_LEN, |left| left.min(PIECE_LEN));
                *job = Some(self.job_for(row, FileWork::ReadBack { offset: download.written, length }));
            }
            Stage::Fetching => return self.fetch(row, job, download),
            Stage::Finishing if job.is_none() => {
                let name = FileName::of(&row.file.name);
                *job = Some(self.job_for(row, FileWork::Finish { name }));
            }
            Stage::Asking | Stage::ReadingBack | Stage::Finishing => {}
        }
        Ok(Turn::On)
    }

    /// Asks for what comes next, and writes what came.
    fn fetch(&mut self, row: &mut Row, job: &mut Option<JobNumber>, download: &mut Download) -> Result<Turn, Mishap> {
        let layout = layout(row)?;
        while download.next < layout.chunk_count() && download.flying.len() + download.arrived.len() < WINDOW {
            let range = sealed_stretch(layout, download.next)?;
            let length = range.end - range.start;
            let request = wire::DownloadFileRequest { file_id: row.file.file_id.clone(), offset: range.start, length };
            download.flying.insert(self.call_for(row.id, &request), download.next);
            download.next = download.next.saturating_add(CHUNKS_AT_ONCE).min(layout.chunk_count());
        }
        while job.is_none() {
            let Some(sealed) = download.arrived.remove(&download.turn()) else { break };
            let Ok(content) = open_stretch(row, download, &sealed)? else {
                return self.came_damaged(row, job, download);
            };
            if !content.expose_secret().is_empty() {
                *job = Some(self.write(row, download, content));
            }
        }
        if job.is_some() || download.turn() < layout.chunk_count() {
            // There is room again for what comes after it.
            let may_ask =
                download.next < layout.chunk_count() && download.flying.len() + download.arrived.len() < WINDOW;
            return if may_ask { self.fetch(row, job, download) } else { Ok(Turn::On) };
        }
        if row.file.size == 0 && download.writes == 0 {
            // Nothing is written of an empty file, and yet it has to be there.
            *job = Some(self.write(row, download, SecretVec::new(Vec::new())));
            return Ok(Turn::On);
        }
        let (Some(opener), Some(digest)) = (download.opener.take(), row.digest()) else {
            return Err(Mishap::Bad("a stored file"));
        };
        if opener.finish(&digest).is_err() {
            return self.came_damaged(row, job, download);
        }
        download.stage = Stage::Finishing;
        self.advance_download(row, job, download)
    }

    fn write(&mut self, row: &Row, download: &mut Download, content: SecretVec) -> JobNumber {
        let length = content.expose_secret().len() as u64;
        download.writes += 1;
        let is_last = download.written + length == row.file.size;
        let durable = is_last || download.writes.is_multiple_of(DURABLE_EVERY);
        download.writing = Some((length, durable));
        self.job_for(row, FileWork::Write { offset: download.written, content, durable })
    }

    /// What was kept may have been altered here, and is fetched once more. What came altered stays so.
    fn came_damaged(
        &mut self,
        row: &mut Row,
        job: &mut Option<JobNumber>,
        download: &mut Download,
    ) -> Result<Turn, Mishap> {
        row.done = 0;
        self.put_transfer_done(row.id, 0)?;
        self.job_for(row, FileWork::Discard);
        if !download.resumed {
            return self.stop_for(row, Obstacle::Damaged);
        }
        self.release_transfer(row.id);
        *download = Download::default();
        *job = None;
        self.advance_download(row, job, download)
    }

    pub(super) fn download_answered(
        &mut self,
        row: &mut Row,
        download: &mut Download,
        ticket: Ticket,
        kept: &Kept,
        pieces: &[Bytes],
    ) -> Result<Turn, Mishap> {
        let layout = layout(row)?;
        if kept.method == Method::FileGetFileStatus {
            let whole = pieces.first().cloned().unwrap_or_default();
            let status = reply::<wire::GetFileStatusRequest>(whole)?.status.ok_or(Mishap::Bad("status"))?;
            if status.size != layout.sealed_len() {
                return self.stop_for(row, Obstacle::Damaged);
            }
            if !status.complete {
                return self.stop_for(row, Obstacle::NotThere);
            }
            download.stage = Stage::Fetching;
            if row.done > 0 {
                download.resumed = true;
                download.stage = Stage::ReadingBack;
                let opener = SequentialOpener::again(&row.key()?, row.file.size);
                download.opener = Some(opener.map_err(|_| Mishap::Bad("a stored file"))?);
            }
            return Ok(Turn::On);
        }
        let Some(first) = download.flying.remove(&ticket) else { return Ok(Turn::On) };
        let range = sealed_stretch(layout, first)?;
        let mut sealed = Vec::with_capacity(usize::try_from(range.end - range.start).unwrap_or_default());
        for piece in pieces {
            let piece = reply::<wire::DownloadFileRequest>(piece.clone())?.piece;
            if sealed.len() + piece.len() > sealed.capacity() {
                return self.stop_for(row, Obstacle::Damaged);
            }
            sealed.extend_from_slice(&piece);
        }
        if sealed.len() as u64 != range.end - range.start {
            return self.stop_for(row, Obstacle::Damaged);
        }
        download.arrived.insert(first, sealed);
        Ok(Turn::On)
    }

    pub(super) fn download_refused(&mut self, row: &mut Row, why: Obstacle) -> Result<Turn, Mishap> {
        let why = match why {
            // A file that is not complete is none yet; one that ends before the range was cut off.
            Obstacle::Refused(wire::ErrorCode::FileIncomplete) => Obstacle::NotThere,
            Obstacle::Refused(wire::ErrorCode::InvalidArgument) => Obstacle::Damaged,
            why => why,
        };
        self.stop_for(row, why)
    }

    /// The shell has read back, written or finished.
    pub(super) fn sink_answered(
        &mut self,
        row: &mut Row,
        download: &mut Download,
        answer: FileAnswer,
    ) -> Result<Turn, Mishap> {
        match (download.stage, answer) {
            (Stage::ReadingBack, answer) => self.came_back(row, download, answer),
            (Stage::Fetching, FileAnswer::Done) => {
                let (length, durable) = download.writing.take().unwrap_or_default();
                download.written += length;
                if durable {
                    row.done = download.written;
                    self.put_transfer_done(row.id, row.done)?;
                }
                self.tell(crate::engine::Change::Transfer(row.id));
                Ok(Turn::On)
            }
            (Stage::Finishing, FileAnswer::Finished(location)) => {
                self.put_transfer_location(row.id, &location)?;
                self.put_transfer_done(row.id, row.file.size)?;
                let turn = self.end_turn(row, TransferState::Done)?;
                self.forget_old_transfers()?;
                Ok(turn)
            }
            (_, FileAnswer::Failed(FileFailure::NoRoom)) => self.stop_for(row, Obstacle::NoRoom),
            (Stage::Finishing, FileAnswer::Failed(FileFailure::Missing)) => {
                // Somebody took away what was written: all of it comes again.
                self.put_transfer_done(row.id, 0)?;
                self.stop_for(row, Obstacle::FileSystem)
            }
            _ => self.stop_for(row, Obstacle::FileSystem),
        }
    }

    /// What is still there of what was written counts; from where it ends on the rest comes anew.
    fn came_back(&mut self, row: &mut Row, download: &mut Download, answer: FileAnswer) -> Result<Turn, Mishap> {
        let content = match answer {
            FileAnswer::Content(content) => content,
            FileAnswer::Failed(FileFailure::Missing) => SecretVec::new(Vec::new()),
            _ => return self.stop_for(row, Obstacle::FileSystem),
        };
        let Some(opener) = &mut download.opener else { return Ok(Turn::On) };
        let left = usize::try_from(row.done - download.written).unwrap_or(PIECE_LEN);
        let content = content.expose_secret();
        let content = &content[..content.len().min(left)];
        let mut is_short = content.len() < left.min(PIECE_LEN);
        for chunk in content.chunks(CHUNK_LEN) {
            if opener.take_opened(chunk).is_err() {
                is_short = true;
                break;
            }
            download.written += chunk.len() as u64;
        }
        if is_short {
            row.done = download.written;
            self.put_transfer_done(row.id, row.done)?;
        }
        if download.written == row.done {
            download.next = opener.next_chunk();
            download.stage = Stage::Fetching;
            if download.next == 0 {
                // Nothing is left of it: the header has to come as well.
                *download = Download { stage: Stage::Fetching, ..Download::default() };
            }
        }
        Ok(Turn::On)
    }
}

/// Opens what came in its turn.
fn open_stretch(row: &Row, download: &mut Download, sealed: &[u8]) -> Result<Result<SecretVec, FileError>, Mishap> {
    let mut rest = sealed;
    let opener = match &mut download.opener {
        Some(opener) => opener,
        none => {
            let Some((header, chunks)) = rest.split_first_chunk::<HEADER_LEN>() else {
                return Ok(Err(FileError::Truncated));
            };
            rest = chunks;
            match SequentialOpener::new(&row.key()?, row.file.size, header) {
                Ok(opener) => none.insert(opener),
                Err(error) => return Ok(Err(error)),
            }
        }
    };
    Ok(open_chunks(opener, rest))
}

fn open_chunks(opener: &mut SequentialOpener, mut rest: &[u8]) -> Result<SecretVec, FileError> {
    let mut content = Zeroizing::new(Vec::with_capacity(PIECE_LEN));
    while !rest.is_empty() {
        let len = opener.next_len().ok_or(FileError::Extended)?;
        let (chunk, after) = rest.split_at_checked(len).ok_or(FileError::Truncated)?;
        content.extend_from_slice(opener.open_next(chunk)?.expose_secret());
        rest = after;
    }
    Ok(SecretVec::new(std::mem::take(&mut *content)))
}

/// Where the stretch lies that begins with a chunk; the header is before the first.
fn sealed_stretch(layout: FileLayout, first: u32) -> Result<std::ops::Range<u64>, Mishap> {
    let range = |chunk| layout.sealed_range(chunk).map_err(|_| Mishap::Bad("a stored file"));
    let last = first.saturating_add(CHUNKS_AT_ONCE).min(layout.chunk_count()) - 1;
    let start = if first == 0 { 0 } else { range(first)?.start };
    Ok(start..range(last)?.end)
}

fn layout(row: &Row) -> Result<FileLayout, Mishap> {
    FileLayout::new(row.file.size).map_err(|_| Mishap::Bad("a stored file"))
}

/// Of the pieces that are written each of this number waits for the disk, so that a crash costs no more than so many.
const DURABLE_EVERY: u32 = 16;
