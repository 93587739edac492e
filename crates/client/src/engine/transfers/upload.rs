//! From a file of this machine to the server.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use sotto_crypto::file::{FileError, FileLayout, PartSealer, SealedPart};
use sotto_proto::{FileId, Method, wire};

use super::jobs::{FileAnswer, FileFailure, FileWork, JobNumber};
use super::rows::{Row, notes};
use super::{Obstacle, PIECE_LEN, TransferState, Turn, WINDOW};
use crate::engine::replies::reply;
use crate::engine::requests::{Kept, Ticket};
use crate::engine::step::{Mishap, Step};

/// An upload under way.
#[derive(Default)]
pub(super) struct Upload {
    stage: Stage,
    /// None before the reservation, and after everything was sealed.
    sealer: Option<PartSealer>,
    read_to: u64,
    missing: Missing,
    /// Sealed and noted, to be sent.
    ready: VecDeque<SealedPart>,
    flying: BTreeMap<Ticket, u64>,
    /// Bytes of the sealed file that the server has.
    stored: u64,
    /// How often the server had forgotten the file.
    begun_again: u32,
}

#[derive(Default, PartialEq, Eq)]
enum Stage {
    /// Nothing was asked.
    #[default]
    Fresh,
    /// The server was asked to reserve it, or where it stands.
    Reserving,
    /// Parts go out.
    Sending,
    /// All parts are there.
    Completing,
}

/// Parts that the server does not have. It lists only so many stretches; what lies beyond counts as missing, since a part that comes
/// twice is no error.
#[derive(Default)]
struct Missing {
    ranges: Vec<wire::PartRange>,
    beyond: Option<u32>,
}

impl Missing {
    fn of(status: &wire::FileStatus) -> Self {
        let is_full = status.missing.len() >= RANGES_LISTED;
        let beyond = status.missing.last().filter(|_| is_full).map(|last| last.first.saturating_add(last.count));
        Self { ranges: status.missing.clone(), beyond }
    }

    fn has(&self, part: u32) -> bool {
        let within = |range: &wire::PartRange| part >= range.first && part - range.first < range.count;
        self.beyond.is_some_and(|beyond| part >= beyond) || self.ranges.iter().any(within)
    }

    fn count(&self, parts: u32) -> u64 {
        let listed: u64 = self.ranges.iter().map(|range| u64::from(range.count)).sum();
        listed + self.beyond.map_or(0, |beyond| u64::from(parts.saturating_sub(beyond)))
    }
}

impl Upload {
    /// Of the content, as well as that can be said of a padded file.
    pub(super) fn done(&self, row: &Row) -> u64 {
        if self.stage == Stage::Fresh || self.stage == Stage::Reserving {
            row.done
        } else {
            self.stored.min(row.file.size)
        }
    }

    /// Whether nothing was asked yet, of the server or of the shell.
    pub(super) fn is_fresh(&self) -> bool {
        self.stage == Stage::Fresh
    }

    fn has_room(&self) -> bool {
        self.ready.len() + self.flying.len() < WINDOW
    }
}

impl Step<'_, '_> {
    pub(super) fn advance_upload(
        &mut self,
        row: &mut Row,
        job: &mut Option<JobNumber>,
        upload: &mut Upload,
    ) -> Result<Turn, Mishap> {
        match upload.stage {
            Stage::Fresh => {
                let request = wire::ReserveFileRequest {
                    file_id: row.file.file_id.clone(),
                    conversation_id: row.chat.to_wire(),
                    size: layout(row)?.sealed_len(),
                    part_size: row.part_len,
                };
                self.call_for(row.id, &request);
                upload.stage = Stage::Reserving;
                Ok(Turn::On)
            }
            Stage::Sending => self.send_parts(row, job, upload),
            Stage::Reserving | Stage::Completing => Ok(Turn::On),
        }
    }

    fn send_parts(&mut self, row: &mut Row, job: &mut Option<JobNumber>, upload: &mut Upload) -> Result<Turn, Mishap> {
        while upload.flying.len() < WINDOW {
            let Some(part) = upload.ready.pop_front() else { break };
            let len = part.sealed.len() as u64;
            let request = wire::UploadPartRequest {
                file_id: row.file.file_id.clone(),
                index: part.index,
                data: part.sealed.into(),
            };
            upload.flying.insert(self.call_for(row.id, &request), len);
        }
        if job.is_some() {
            return Ok(Turn::On);
        }
        if upload.read_to < row.file.size {
            if upload.has_room() {
                let length =
                    usize::try_from(row.file.size - upload.read_to).map_or(PIECE_LEN, |left| left.min(PIECE_LEN));
                let work = FileWork::Read { mark: row.mark.clone(), offset: upload.read_to, length };
                *job = Some(self.job_for(row, work));
            }
            return Ok(Turn::On);
        }
        if !self.seal_the_end(row, upload)? {
            return self.stop_for(row, Obstacle::SourceChanged);
        }
        if !upload.ready.is_empty() && upload.flying.len() < WINDOW {
            return self.send_parts(row, job, upload);
        }
        if upload.sealer.is_none() && upload.ready.is_empty() && upload.flying.is_empty() {
            self.call_for(row.id, &wire::CompleteFileRequest { file_id: row.file.file_id.clone() });
            upload.stage = Stage::Completing;
        }
        Ok(Turn::On)
    }

    /// Padding, and after it the digest, which is noted before the server hears that the file is complete. False if the content is not the
    /// one that was sealed before.
    fn seal_the_end(&mut self, row: &mut Row, upload: &mut Upload) -> Result<bool, Mishap> {
        while upload.has_room() {
            let Some(sealer) = &mut upload.sealer else { break };
            match sealer.pad() {
                Ok(Some(part)) => self.take_part(row, upload, part)?,
                Ok(None) => {
                    let Some(Ok(sealed)) = upload.sealer.take().map(PartSealer::finish) else { return Ok(false) };
                    row.file.digest = Bytes::copy_from_slice(&sealed.digest);
                    self.put_transfer_file(row.id, &row.file)?;
                }
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    fn take_part(&mut self, row: &Row, upload: &mut Upload, part: SealedPart) -> Result<(), Mishap> {
        if !part.was_noted {
            self.note_part(row.id, part.index, &part.digest)?;
            self.put_transfer_done(row.id, upload.done(row))?;
        }
        if upload.missing.has(part.index) {
            upload.ready.push_back(part);
        }
        Ok(())
    }

    /// A piece of the source was read.
    pub(super) fn source_came(
        &mut self,
        row: &mut Row,
        upload: &mut Upload,
        answer: FileAnswer,
    ) -> Result<Turn, Mishap> {
        let content = match answer {
            FileAnswer::Content(content) => content,
            FileAnswer::Failed(FileFailure::Missing) => return self.stop_for(row, Obstacle::SourceMissing),
            FileAnswer::Failed(FileFailure::Changed) => return self.stop_for(row, Obstacle::SourceChanged),
            FileAnswer::Failed(_) | FileAnswer::Done | FileAnswer::Finished(_) => {
                return self.stop_for(row, Obstacle::FileSystem);
            }
        };
        let content = content.expose_secret();
        let expected = (row.file.size - upload.read_to).min(PIECE_LEN as u64);
        let Some(sealer) = upload.sealer.as_mut().filter(|_| content.len() as u64 == expected) else {
            return self.stop_for(row, Obstacle::SourceChanged);
        };
        upload.read_to += expected;
        match sealer.push(content) {
            Ok(parts) => {
                for part in parts {
                    self.take_part(row, upload, part)?;
                }
                Ok(Turn::On)
            }
            Err(FileError::Changed(_)) => self.stop_for(row, Obstacle::SourceChanged),
            Err(_) => self.stop_for(row, Obstacle::FileSystem),
        }
    }

    pub(super) fn upload_answered(
        &mut self,
        row: &mut Row,
        upload: &mut Upload,
        ticket: Ticket,
        kept: &Kept,
        pieces: &[Bytes],
    ) -> Result<Turn, Mishap> {
        let whole = pieces.first().cloned().unwrap_or_default();
        match kept.method {
            Method::FileReserveFile => {
                let status = reply::<wire::ReserveFileRequest>(whole)?.status.ok_or(Mishap::Bad("status"))?;
                self.reserved(row, upload, &status)
            }
            Method::FileUploadPart => {
                upload.stored += upload.flying.remove(&ticket).unwrap_or_default();
                Ok(Turn::On)
            }
            _ => self.uploaded(row),
        }
    }

    /// The server has room for it, and says what it has already.
    fn reserved(&mut self, row: &mut Row, upload: &mut Upload, status: &wire::FileStatus) -> Result<Turn, Mishap> {
        let layout = layout(row)?;
        let part_count = layout.sealed_len().div_ceil(row.part_len.into());
        if status.size != layout.sealed_len() || u64::from(status.part_count) != part_count {
            return Err(Mishap::Bad("the status of a file"));
        }
        if status.complete && row.digest().is_some() {
            return self.uploaded(row);
        }
        upload.missing = Missing::of(status);
        let missing = upload.missing.count(status.part_count) * u64::from(row.part_len);
        upload.stored = if status.complete { status.size } else { status.size.saturating_sub(missing) };
        upload.stage = Stage::Sending;
        if missing > 0 || row.digest().is_none() {
            let part_len = usize::try_from(row.part_len).unwrap_or(usize::MAX);
            let sealer = PartSealer::again(row.key()?, row.file.size, part_len, notes(self.db, row.id)?);
            upload.sealer = Some(sealer.map_err(|_| Mishap::Bad("a stored file"))?);
            upload.read_to = 0;
        } else {
            upload.read_to = row.file.size;
        }
        Ok(Turn::On)
    }

    fn uploaded(&mut self, row: &mut Row) -> Result<Turn, Mishap> {
        self.put_transfer_done(row.id, row.file.size)?;
        let turn = self.end_turn(row, TransferState::Done)?;
        self.parcel_moved(row)?;
        Ok(turn)
    }

    /// A reservation that has ended is made again; the same parts go out again under another id.
    pub(super) fn upload_refused(
        &mut self,
        row: &mut Row,
        upload: &mut Upload,
        ticket: Ticket,
        kept: &Kept,
        why: Obstacle,
    ) -> Result<Turn, Mishap> {
        upload.flying.remove(&ticket);
        let is_gone = match (kept.method, why) {
            (Method::FileReserveFile, Obstacle::NotThere) => return self.stop_for(row, Obstacle::NotAllowed),
            (Method::FileReserveFile, Obstacle::Refused(code)) => code == wire::ErrorCode::IdTaken,
            (Method::FileUploadPart, Obstacle::Refused(wire::ErrorCode::NotApplicable)) => return Ok(Turn::On),
            (Method::FileUploadPart | Method::FileCompleteFile, Obstacle::NotThere)
            | (Method::FileCompleteFile, Obstacle::Refused(wire::ErrorCode::FileIncomplete)) => true,
            _ => false,
        };
        if !is_gone || upload.begun_again >= BEGINNINGS_MAX {
            return self.stop_for(row, why);
        }
        if !matches!(why, Obstacle::Refused(wire::ErrorCode::FileIncomplete)) {
            row.file.file_id = FileId::from_bytes(self.moment.random()).to_wire();
            self.put_transfer_file(row.id, &row.file)?;
        }
        self.release_transfer(row.id);
        *upload = Upload { begun_again: upload.begun_again + 1, ..Upload::default() };
        Ok(Turn::On)
    }
}

fn layout(row: &Row) -> Result<FileLayout, Mishap> {
    FileLayout::new(row.file.size).map_err(|_| Mishap::Bad("a stored file"))
}

/// The size of the parts of a file: small ones move sooner over a bad line, large ones are fewer.
pub(super) fn part_len(content_len: u64) -> u32 {
    if content_len < SMALL { sotto_proto::limits::PART_MAX / 4 } else { sotto_proto::limits::PART_MAX }
}

/// Ranges in which the server lists missing parts at most.
const RANGES_LISTED: usize = 256;
/// How often an upload begins again by itself.
const BEGINNINGS_MAX: u32 = 3;
const SMALL: u64 = 16 << 20;
