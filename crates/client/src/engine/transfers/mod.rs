//! Files on their way to the server and back.
//!
//! The engine decides, seals and opens; what it sends and what comes back are calls like all others ([`Engine::outgoing`],
//! [`Engine::reply`]). The bytes of a file on this machine it asks its shell for, a piece at a time, and so it never holds more than a few
//! of them, whatever the size of the file:
//!
//! 1. After each step a shell takes [`Engine::file_jobs`], in addition to the calls and changes of the drain rule. Each names a *location*
//!    in the shell's own words (a path, a handle), as a command gave it, and says what is to be done there ([`FileWork`]).
//! 2. Jobs of one transfer are done one after the other in their order; those of different transfers as the shell likes.
//! 3. Each job is answered once by [`Engine::file_answer`]. An answer that nobody waits for any more changes nothing.
//!
//! A shell that ends answers nothing, and loses nothing: after [`Engine::open`] what was going goes on, from what the store knows. What
//! is sent is read again from its beginning and sealed again, which gives the same bytes or ends with [`Obstacle::SourceChanged`]; what the
//! server has is not sent again. What was received is read back and counted into the digest, and the rest is fetched.
//!
//! # What must stay true
//!
//! - A sealed part leaves only after its digest was noted in a transaction before, and leaves again only as it was
//!   ([`sotto_crypto::file::PartSealer`]).
//! - A received file gets its name only after the digest over all of it was compared.
//! - A message is said when all of its files are complete on the server, in the transaction in which the last one becomes so.

mod download;
mod forward;
mod jobs;
mod pace;
mod parcel;
mod retract;
mod rows;
mod thumbnail;
mod upload;
mod view;

use std::collections::BTreeMap;

use bytes::Bytes;
use sotto_crypto::file::CHUNK_LEN;
use sotto_proto::wire::ErrorCode;

pub use jobs::{FileAnswer, FileFailure, FileJob, FileWork, JobNumber};
pub use parcel::Source;
pub(super) use parcel::{Contents, fallback, message};
pub(super) use thumbnail::{PLACES as THUMBNAIL_PLACES, check as check_thumbnail, of as thumbnail_of};
pub use view::{TransferView, Waiting};

use download::Download;
use forward::Forward;
use pace::Pace;
use rows::{Row, rows};
use upload::Upload;

use super::change::Change;
use super::requests::{Failure, Kept, Ticket, Traffic};
use super::step::{Mishap, Step};

/// Names a transfer, on this device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(pub(super) i64);

impl TransferId {
    /// As a number, for programs that know no types.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// What [`TransferId::get`] gave.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }
}

/// Which way a file goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// From this device to the server.
    Upload,
    /// From one conversation to another. Its bytes stay where they are.
    Forward,
    /// From the server to this device.
    Download,
}

/// How a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferState {
    /// It goes on, or waits for its turn.
    Going,
    /// The person has halted it.
    Paused,
    /// Something is in its way. It goes on when the person says so, from where it was.
    Stopped(Obstacle),
    /// It is complete.
    Done,
}

/// What is in the way of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The file to be sent is gone.
    SourceMissing,
    /// The file to be sent is another one than it was.
    SourceChanged,
    /// There is no room here for what comes.
    NoRoom,
    /// The file cannot be read or written here.
    FileSystem,
    /// The server takes no file of this size.
    TooLarge {
        /// Largest that it takes, sealed.
        max: u64,
    },
    /// The account's room on the server is used up.
    QuotaExceeded {
        /// All of the room.
        max: u64,
    },
    /// The account may not send here.
    NotAllowed,
    /// The server has no such file, or not for this account.
    NotThere,
    /// What the server has is not the file that was sent.
    Damaged,
    /// The server says no for another reason.
    Refused(ErrorCode),
}

/// What is remembered of transfers while the program runs. All of it can be lost at any moment.
#[derive(Default)]
pub(super) struct Transfers {
    /// Whether everything that may go is under way.
    admitted: bool,
    active: BTreeMap<TransferId, Active>,
    calls: BTreeMap<Ticket, TransferId>,
    jobs: Vec<FileJob>,
    jobs_made: u64,
}

/// A transfer under way.
struct Active {
    row: Row,
    pace: Pace,
    /// The job that the shell has.
    job: Option<JobNumber>,
    work: Work,
}

enum Work {
    Upload(Box<Upload>),
    Forward(Forward),
    Download(Box<Download>),
}

/// Whether a transfer goes on.
#[derive(PartialEq, Eq)]
enum Turn {
    On,
    Over,
}

impl Transfers {
    pub(super) fn take_jobs(&mut self) -> Vec<FileJob> {
        std::mem::take(&mut self.jobs)
    }

    /// Whether a call belongs to a transfer.
    pub(super) fn has_asked(&self, ticket: Ticket) -> bool {
        self.calls.contains_key(&ticket)
    }

    /// Jobs that outlive what is forgotten.
    pub(super) fn put_back(&mut self, jobs: Vec<FileJob>) {
        self.jobs = jobs;
    }

    /// What is in memory may be ahead of what was undone: everything is looked up again.
    pub(super) fn forget(&mut self, traffic: &mut Traffic) {
        self.calls.keys().for_each(|ticket| traffic.done(*ticket));
        *self = Self { jobs_made: self.jobs_made, ..Self::default() };
    }
}

impl Step<'_, '_> {
    /// Brings everything on that can go on.
    pub(super) fn settle_transfers(&mut self) -> Result<(), Mishap> {
        if !self.is_in_use() {
            return Ok(());
        }
        loop {
            self.admit_transfers()?;
            for (id, mut active) in std::mem::take(&mut self.memory.transfers.active) {
                if self.advance_transfer(&mut active)? == Turn::On {
                    self.memory.transfers.active.insert(id, active);
                } else {
                    self.release_transfer(id);
                }
            }
            if self.memory.transfers.admitted {
                return Ok(());
            }
        }
    }

    /// Begins with what waits for its turn, the oldest first.
    fn admit_transfers(&mut self) -> Result<(), Mishap> {
        if std::mem::replace(&mut self.memory.transfers.admitted, true) {
            return Ok(());
        }
        for row in rows(self.db, "state = 1", [])? {
            let active = &self.memory.transfers.active;
            let beside = active.values().filter(|other| other.row.lane() == row.lane()).count();
            if active.contains_key(&row.id) || beside >= AT_ONCE {
                continue;
            }
            let work = match row.course {
                Course::Upload => Work::Upload(Box::default()),
                Course::Forward => Work::Forward(Forward::of(&row.file)?),
                Course::Download => Work::Download(Box::default()),
            };
            let active = Active { pace: Pace::default(), job: None, work, row };
            self.memory.transfers.active.insert(active.row.id, active);
        }
        Ok(())
    }

    fn advance_transfer(&mut self, active: &mut Active) -> Result<Turn, Mishap> {
        let Active { row, job, work, .. } = active;
        match work {
            Work::Upload(upload) => self.advance_upload(row, job, upload),
            Work::Forward(forward) => self.advance_forward(row, forward),
            Work::Download(download) => self.advance_download(row, job, download),
        }
    }

    /// A transfer is not under way any more: what was asked for it is not waited for.
    fn release_transfer(&mut self, id: TransferId) {
        let transfers = &mut self.memory.transfers;
        transfers.active.remove(&id);
        transfers.admitted = false;
        transfers.jobs.retain(|job| job.transfer != id || matches!(job.work, FileWork::Discard));
        let over: Vec<_> = transfers.calls.iter().filter(|(_, of)| **of == id).map(|(ticket, _)| *ticket).collect();
        for ticket in over {
            transfers.calls.remove(&ticket);
            self.memory.traffic.done(ticket);
        }
    }

    /// The transfer with this state from now on, and nothing more of it under way.
    fn end_turn(&mut self, row: &mut Row, state: TransferState) -> Result<Turn, Mishap> {
        row.state = state;
        self.put_transfer_state(row.id, state)?;
        self.tell(Change::Transfer(row.id));
        if let TransferState::Stopped(why) = state {
            self.tell(Change::TransferStopped { transfer: row.id, why });
        }
        Ok(Turn::Over)
    }

    fn stop_for(&mut self, row: &mut Row, why: Obstacle) -> Result<Turn, Mishap> {
        self.end_turn(row, TransferState::Stopped(why))
    }

    fn call_for<C: sotto_proto::Call>(&mut self, id: TransferId, request: &C) -> Ticket {
        let ticket = self.memory.traffic.call(request);
        self.memory.transfers.calls.insert(ticket, id);
        ticket
    }

    fn job_for(&mut self, row: &Row, work: FileWork) -> JobNumber {
        let transfers = &mut self.memory.transfers;
        transfers.jobs_made += 1;
        let number = JobNumber(transfers.jobs_made);
        let (location, tag) = (row.location.clone(), row.tag());
        transfers.jobs.push(FileJob { number, transfer: row.id, tag, location, work });
        number
    }

    /// A call of a transfer was answered.
    pub(super) fn transfer_answered(&mut self, ticket: Ticket, kept: &Kept, pieces: &[Bytes]) -> Result<(), Mishap> {
        self.with_called(ticket, |step, active| {
            let Active { row, pace, work, .. } = active;
            let turn = match work {
                Work::Upload(upload) => step.upload_answered(row, upload, ticket, kept, pieces)?,
                Work::Forward(forward) => {
                    forward.answered();
                    Turn::On
                }
                Work::Download(download) => step.download_answered(row, download, ticket, kept, pieces)?,
            };
            let done = active_done(row, work);
            pace.note(done, step.moment.now_ms);
            step.tell(Change::Transfer(row.id));
            Ok(turn)
        })
    }

    /// The server said no to a call of a transfer.
    pub(super) fn transfer_refused(&mut self, ticket: Ticket, kept: &Kept, failure: &Failure) -> Result<(), Mishap> {
        let Failure::Refused(detail) = failure else { return Ok(()) };
        let max = detail.limit.as_ref().map_or(0, |limit| limit.value);
        let why = Obstacle::of(ErrorCode::of(detail), max);
        self.with_called(ticket, |step, active| match &mut active.work {
            Work::Upload(upload) => {
                let turn = step.upload_refused(&mut active.row, upload, ticket, kept, why)?;
                if upload.is_fresh() {
                    active.job = None;
                }
                Ok(turn)
            }
            Work::Forward(_) => step.stop_for(&mut active.row, why),
            Work::Download(_) => step.download_refused(&mut active.row, why),
        })
    }

    fn with_called(
        &mut self,
        ticket: Ticket,
        work: impl FnOnce(&mut Self, &mut Active) -> Result<Turn, Mishap>,
    ) -> Result<(), Mishap> {
        match self.memory.transfers.calls.remove(&ticket) {
            Some(id) => self.with_active(id, work),
            None => Ok(()),
        }
    }

    fn with_active(
        &mut self,
        id: TransferId,
        work: impl FnOnce(&mut Self, &mut Active) -> Result<Turn, Mishap>,
    ) -> Result<(), Mishap> {
        let Some(mut active) = self.memory.transfers.active.remove(&id) else { return Ok(()) };
        if work(self, &mut active)? == Turn::On {
            self.memory.transfers.active.insert(id, active);
        } else {
            self.release_transfer(id);
        }
        Ok(())
    }

    /// The shell has done a job, or could not.
    pub(super) fn job_answered(&mut self, number: JobNumber, answer: FileAnswer) -> Result<(), Mishap> {
        let active = self.memory.transfers.active.values();
        let Some(id) = active.filter(|one| one.job == Some(number)).map(|one| one.row.id).next() else {
            return Ok(());
        };
        self.with_active(id, |step, active| {
            active.job = None;
            let Active { row, work, pace, .. } = active;
            let turn = match work {
                Work::Upload(upload) => step.source_came(row, upload, answer),
                Work::Forward(_) => Ok(Turn::On),
                Work::Download(download) => step.sink_answered(row, download, answer),
            }?;
            pace.note(active_done(row, work), step.moment.now_ms);
            Ok(turn)
        })
    }

    /// A person halts a transfer, or lets it go on.
    pub(super) fn set_transfer_going(&mut self, id: TransferId, going: bool) -> Result<bool, Mishap> {
        let Some(mut row) = self.transfer_row(id)? else { return Ok(false) };
        let state = match (row.state, going) {
            (TransferState::Going, false) => TransferState::Paused,
            (TransferState::Paused | TransferState::Stopped(_), true) => TransferState::Going,
            _ => return Ok(false),
        };
        if let Some(active) = self.memory.transfers.active.get(&id).filter(|one| one.row.course == Course::Upload) {
            let done = active_done(&active.row, &active.work);
            self.put_transfer_done(id, done)?;
        }
        self.end_turn(&mut row, state)?;
        self.release_transfer(id);
        Ok(true)
    }

    pub(super) fn stop_for_room(&mut self, id: TransferId) -> Result<bool, Mishap> {
        let is_coming = |row: &Row| (row.state, row.course) == (TransferState::Going, Course::Download);
        let Some(mut row) = self.transfer_row(id)?.filter(is_coming) else { return Ok(false) };
        self.put_transfer_done(id, 0)?;
        self.stop_for(&mut row, Obstacle::NoRoom)?;
        self.release_transfer(id);
        Ok(true)
    }
}

/// Bytes that are through.
fn active_done(row: &Row, work: &Work) -> u64 {
    match work {
        Work::Upload(upload) => upload.done(row),
        Work::Forward(_) => 0,
        Work::Download(download) => download.done().unwrap_or(row.done),
    }
}

/// Content of what is read, written and fetched at once.
pub const PIECE_LEN: usize = CHUNKS_AT_ONCE as usize * CHUNK_LEN;
const CHUNKS_AT_ONCE: u32 = 16;
/// Parts on their way, or waiting for it. With two large transfers and two small ones this is what the server takes of one account at a
/// time.
const WINDOW: usize = 3;
/// Transfers of each direction that go on at a time: so many large ones, and beside them as many that are one piece, since nobody shall
/// wait for a thumbnail until a film is there.
const AT_ONCE: usize = 2;
