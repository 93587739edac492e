use std::fmt;

use sotto_crypto::secret::SecretVec;

use super::TransferId;
use crate::timeline::FileName;

/// Names a job between the engine and its shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobNumber(pub(super) u64);

/// Something to be done with a file of this machine.
pub struct FileJob {
    /// By which the answer is handed in.
    pub number: JobNumber,
    /// Jobs of one transfer are done one after the other, in the order in which they came.
    pub transfer: TransferId,
    /// Drawn for each file that comes, so that what is not complete has a name that nothing else has; 0 for one that goes.
    pub tag: u64,
    /// The source, or where the file is to be, in the shell's own words: as the command gave it.
    pub location: String,
    /// What is to be done.
    pub work: FileWork,
}

/// What is to be done with a file.
pub enum FileWork {
    /// Read a stretch of the source. What has another mark than this is another file, and is not read.
    Read {
        /// By what the source is known, as the command gave it.
        mark: Vec<u8>,
        /// First byte.
        offset: u64,
        /// How many bytes: at most [`super::PIECE_LEN`].
        length: usize,
    },
    /// Read a stretch of what was written so far of a file that is not complete. As much as there is will do.
    ReadBack {
        /// First byte.
        offset: u64,
        /// How many bytes: at most [`super::PIECE_LEN`].
        length: usize,
    },
    /// Write a stretch of a file that is not complete, where nobody takes it for the file.
    Write {
        /// Where in the file.
        offset: u64,
        /// What.
        content: SecretVec,
        /// Whether the answer may come only when everything that was written so far is durable.
        durable: bool,
    },
    /// Everything is there and is the right file: it gets its place, without taking that of another.
    Finish {
        /// What it is called, where the location does not say.
        name: FileName,
    },
    /// Remove what was written so far.
    Discard,
}

/// What became of a job.
pub enum FileAnswer {
    /// What was read.
    Content(SecretVec),
    /// It is done.
    Done,
    /// The file has its place: this one.
    Finished(String),
    /// It cannot be done.
    Failed(FileFailure),
}

/// Why a file of this machine cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFailure {
    /// It is not there.
    Missing,
    /// It is not what it was.
    Changed,
    /// There is no room.
    NoRoom,
    /// It may not be done, or the device fails.
    Failed,
}

/// Neither paths nor contents belong into a log.
impl fmt::Debug for FileJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, transfer, tag: _, location: _, work } = self;
        f.debug_struct("FileJob").field("number", number).field("transfer", transfer).field("work", work).finish()
    }
}

impl fmt::Debug for FileWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { mark: _, offset, length } => write!(f, "Read({offset}, {length})"),
            Self::ReadBack { offset, length } => write!(f, "ReadBack({offset}, {length})"),
            Self::Write { offset, content: _, durable } => write!(f, "Write({offset}, durable: {durable})"),
            Self::Finish { name: _ } => f.write_str("Finish"),
            Self::Discard => f.write_str("Discard"),
        }
    }
}

impl fmt::Debug for FileAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(_) => f.write_str("Content(..)"),
            Self::Done => f.write_str("Done"),
            Self::Finished(_) => f.write_str("Finished(..)"),
            Self::Failed(failure) => write!(f, "Failed({failure:?})"),
        }
    }
}
