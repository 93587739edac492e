//! What is known of encrypted files. Their bytes are in [`Blobs`](crate::blobs::Blobs), in parts of one size.

use async_trait::async_trait;
use sotto_proto::{AccountId, ConversationId, FileId};

use crate::clock::Timestamp;
use crate::store::StoreError;

/// A file to be reserved.
#[derive(Clone, Copy, Debug)]
pub struct NewFile {
    /// Drawn by the client.
    pub id: FileId,
    /// Whose quota it takes.
    pub owner: AccountId,
    /// The conversation that it is attached to first.
    pub conversation: ConversationId,
    /// Bytes.
    pub size: u64,
    /// Bytes of every part but the last.
    pub part_size: u32,
    /// Now.
    pub at: Timestamp,
    /// When the reservation ends without a part.
    pub expires_at: Timestamp,
}

/// A file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// Which.
    pub id: FileId,
    /// Whose quota it takes.
    pub owner: AccountId,
    /// Bytes.
    pub size: u64,
    /// Bytes of every part but the last.
    pub part_size: u32,
    /// Whether all parts are there, and stay as they are.
    pub complete: bool,
    /// When it was reserved.
    pub created_at: Timestamp,
    /// When the reservation ends without a further part.
    pub expires_at: Timestamp,
}

/// Parts that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartRange {
    /// Index of the first.
    pub first: u32,
    /// How many.
    pub count: u32,
}

impl FileRecord {
    /// How many parts it has.
    pub fn part_count(&self) -> u32 {
        let count = self.size.div_ceil(u64::from(self.part_size.max(1)));
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// How many bytes a part has; none of those beyond the end.
    pub fn part_len(&self, index: u32) -> u32 {
        let start = u64::from(index) * u64::from(self.part_size);
        let left = self.size.saturating_sub(start);
        u32::try_from(left.min(self.part_size.into())).unwrap_or(self.part_size)
    }
}

/// Reserving, completing, sharing and deleting files. A file is there for its owner and for those who may read the log of a
/// conversation that it is attached to; for all others it does not exist.
///
/// A file that is gone is remembered until its parts are removed, so that none is left behind, and a repetition is recognised.
#[async_trait]
pub trait Files: Send + Sync {
    /// Reserves a file, attaches it and charges its size. The same again is no error, and gives the file as it is now.
    async fn reserve_file(&self, new: NewFile) -> Result<FileRecord, StoreError>;

    /// A file that is there for an account.
    async fn file(&self, account: AccountId, file: FileId) -> Result<FileRecord, StoreError>;

    /// A file that an account owns, and whether it has a part.
    async fn own_file(&self, owner: AccountId, file: FileId, part: u32) -> Result<(FileRecord, bool), StoreError>;

    /// The first `limit` ranges of parts that an incomplete file lacks.
    async fn missing_parts(&self, file: &FileRecord, limit: usize) -> Result<Vec<PartRange>, StoreError>;

    /// Notes a part that is stored, and that the reservation lasts until `expires_at`. Noted already is no error.
    async fn note_part(&self, file: FileId, part: u32, expires_at: Timestamp) -> Result<(), StoreError>;

    /// Makes a file complete, if no part is missing. Complete already is no error.
    async fn complete_file(&self, owner: AccountId, file: FileId) -> Result<(), StoreError>;

    /// Attaches a complete file that is there for an account to a conversation. Attached already is no error.
    async fn attach_file(
        &self,
        account: AccountId,
        file: FileId,
        conversation: ConversationId,
    ) -> Result<(), StoreError>;

    /// Detaches a file, as its owner or as who manages the conversation. What is attached to none is gone.
    async fn detach_file(
        &self,
        account: AccountId,
        file: FileId,
        conversation: ConversationId,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Lets a file be gone, and gives its size back. Gone already is no error.
    async fn delete_file(&self, owner: AccountId, file: FileId, at: Timestamp) -> Result<(), StoreError>;

    /// Files of an account in byte order of their ids, each with the number of its conversations; and whether there are more.
    async fn own_files(
        &self,
        owner: AccountId,
        after: Option<FileId>,
        limit: u32,
    ) -> Result<(Vec<(FileRecord, u32)>, bool), StoreError>;

    /// Lets at most `limit` files be gone whose reservation has ended. Returns how many.
    async fn end_reservations(&self, now: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// At most `limit` files that are gone and whose parts are to be removed now.
    async fn files_to_remove(&self, now: Timestamp, limit: u32) -> Result<Vec<FileId>, StoreError>;

    /// The parts of a file that is gone were removed. The first time it is due once more at `again_at`, for parts that were on
    /// their way; then it is forgotten.
    async fn file_removed(&self, file: FileId, now: Timestamp, again_at: Timestamp) -> Result<(), StoreError>;

    /// Which of the files are on record, gone or not.
    async fn known_files(&self, files: &[FileId]) -> Result<Vec<FileId>, StoreError>;
}
