//! The files of this browser that are sent and received.
//!
//! A location is `kept:` with a number, which is a sealed file in the [`Drawer`], or `held:` with words that a page has drawn: a file that a
//! person chose, which is read where it lies. What is held is gone with this worker, and the page hands it in again.

mod drawer;
mod grasp;
mod room;
mod sources;
mod upkeep;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand::RngExt as _;
use rand::rngs::StdRng;
use sotto_client::engine::{FileAnswer, FileFailure, FileJob, FileWork, SecretVec, TransferId};
use sotto_crypto::kept::KeptKey;
use web_sys::Blob;

pub(crate) use drawer::Drawer;
pub(crate) use room::is_room_left;
pub(crate) use sources::mark_of;

use crate::failure::Failure;
use sources::Sources;

/// Does the jobs of an engine: those of one transfer one after the other.
pub(crate) struct Files {
    /// None in a browser without private storage.
    drawer: Option<Drawer>,
    sources: Sources,
    queues: RefCell<BTreeMap<TransferId, VecDeque<FileJob>>>,
    rng: RefCell<StdRng>,
    /// Copies that no transfer speaks of yet.
    in_the_making: RefCell<BTreeSet<u64>>,
    /// Whether somebody is about to tidy up.
    tidying: Cell<bool>,
}

impl Files {
    /// Without a key nothing is kept.
    pub(crate) async fn open(key: Option<KeptKey>, rng: StdRng) -> Result<Self, Failure> {
        let drawer = match key {
            Some(key) => Some(Drawer::open(key).await?),
            None => None,
        };
        Ok(Self {
            drawer,
            sources: Sources::default(),
            queues: RefCell::default(),
            rng: RefCell::new(rng),
            in_the_making: RefCell::default(),
            tidying: Cell::default(),
        })
    }

    pub(crate) fn drawer(&self) -> Option<&Drawer> {
        self.drawer.as_ref()
    }

    /// A place that nothing has yet.
    pub(crate) fn new_place(&self) -> String {
        kept_at(self.rng.borrow_mut().random())
    }

    /// Takes a source over: what is small is copied, so that it outlives this worker; what is large is read where it lies. Gives the location.
    pub(crate) async fn admit(&self, location: String, content: &Blob) -> String {
        if content.size() <= COPIED_MAX
            && let Some(drawer) = &self.drawer
        {
            let number = self.rng.borrow_mut().random();
            self.in_the_making.borrow_mut().insert(number);
            if self.copy(drawer, number, content).await.is_ok() {
                return kept_at(number);
            }
            self.in_the_making.borrow_mut().remove(&number);
        }
        self.sources.hold(location.clone(), content.clone());
        location
    }

    /// Transfers speak of these copies from now on, or nobody ever will.
    pub(crate) fn are_made(&self, locations: &[String]) {
        let mut making = self.in_the_making.borrow_mut();
        for number in locations.iter().filter_map(|location| number_of(location)) {
            making.remove(&number);
        }
    }

    pub(crate) fn is_in_the_making(&self, number: u64) -> bool {
        self.in_the_making.borrow().contains(&number)
    }

    /// A page hands in a file that is to be sent.
    pub(crate) fn hold(&self, location: String, content: Blob) {
        self.sources.hold(location, content);
    }

    /// Files that are not sent any more are let go.
    pub(crate) fn keep_sources(&self, wanted: &BTreeSet<String>) {
        self.sources.keep(wanted);
    }

    /// The job, if it can be begun; else its turn comes.
    pub(crate) fn line_up(&self, job: FileJob) -> Option<FileJob> {
        let mut queues = self.queues.borrow_mut();
        if let Some(queue) = queues.get_mut(&job.transfer) {
            queue.push_back(job);
            return None;
        }
        queues.insert(job.transfer, VecDeque::new());
        Some(job)
    }

    pub(crate) fn next_after(&self, transfer: TransferId) -> Option<FileJob> {
        let mut queues = self.queues.borrow_mut();
        let next = queues.get_mut(&transfer).and_then(VecDeque::pop_front);
        if next.is_none() {
            queues.remove(&transfer);
        }
        next
    }

    /// Does a job to its end.
    pub(crate) async fn perform(&self, job: &FileJob) -> FileAnswer {
        let done = match &job.work {
            FileWork::Read { mark, offset, length } => self.read(&job.location, mark, *offset, *length).await,
            work => match (number_of(&job.location), &self.drawer) {
                (Some(number), Some(drawer)) => write(drawer, number, &job.location, work).await,
                _ => Err(FileFailure::Failed),
            },
        };
        done.unwrap_or_else(FileAnswer::Failed)
    }

    /// What lies there goes, so that the rest has room.
    pub(crate) async fn make_room(&self, location: &str) {
        if let (Some(number), Some(drawer)) = (number_of(location), &self.drawer) {
            drawer.make_room(number).await;
        }
    }

    async fn read(&self, location: &str, mark: &[u8], offset: u64, length: usize) -> Result<FileAnswer, FileFailure> {
        if let Some(content) = self.sources.read(location, mark, offset, length).await {
            return Ok(FileAnswer::Content(content?));
        }
        let (Some(number), Some(drawer)) = (number_of(location), &self.drawer) else {
            return Err(FileFailure::Missing);
        };
        let content = drawer.read(number, offset, length).await?;
        if content.expose_secret().len() < length {
            Err(FileFailure::Missing)
        } else {
            Ok(FileAnswer::Content(content))
        }
    }

    async fn copy(&self, drawer: &Drawer, number: u64, content: &Blob) -> Result<(), FileFailure> {
        let mut offset = 0;
        loop {
            let piece = sources::read_blob(content, offset, sotto_client::engine::PIECE_LEN).await?;
            let len = piece.expose_secret().len();
            let is_last = len < sotto_client::engine::PIECE_LEN;
            drawer.write(number, offset, piece.expose_secret(), is_last).await?;
            if is_last {
                return Ok(());
            }
            offset += len as u64;
        }
    }
}

async fn write(drawer: &Drawer, number: u64, location: &str, work: &FileWork) -> Result<FileAnswer, FileFailure> {
    match work {
        FileWork::ReadBack { offset, length } => {
            return drawer.read(number, *offset, *length).await.map(FileAnswer::Content);
        }
        FileWork::Write { offset, content, durable } => {
            drawer.write(number, *offset, content.expose_secret(), *durable).await?;
        }
        FileWork::Finish { name: _ } => {
            drawer.settle(number).await?;
            return Ok(FileAnswer::Finished(location.to_owned()));
        }
        FileWork::Discard => drawer.remove(number).await?,
        FileWork::Read { .. } => return Err(FileFailure::Failed),
    }
    Ok(FileAnswer::Done)
}

/// The number in the drawer, if that is where it is.
pub(crate) fn number_of(location: &str) -> Option<u64> {
    u64::from_str_radix(location.strip_prefix(KEPT)?, 16).ok()
}

fn kept_at(number: u64) -> String {
    format!("{KEPT}{number:016x}")
}

fn secret(bytes: Vec<u8>) -> SecretVec {
    SecretVec::new(bytes)
}

const KEPT: &str = "kept:";
/// Larger files are not copied before they are sent: that would take their size a second time out of the quota.
const COPIED_MAX: f64 = 33_554_432.0;
