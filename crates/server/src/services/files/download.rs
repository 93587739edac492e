//! Reading a file in order, as fast as it is taken and no faster.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::try_unfold;
use sotto_proto::AccountId;
use sotto_proto::wire::{self, ErrorCode};

use super::slots::Slot;
use super::{Files, fields};
use crate::clock::Timestamp;
use crate::services::{Context, Failure, Items};
use crate::store::{FileRecord, Session};

impl Files {
    pub(super) async fn download(
        &self,
        caller: &Session,
        request: &wire::DownloadFileRequest,
    ) -> Result<Items<wire::DownloadFileResponse>, Failure> {
        let id = fields::file(&request.file_id)?;
        let slot = self.downloads.take(caller.account)?;
        let file = self.context.store.file(caller.account, id).await?;
        if !file.complete {
            return Err(ErrorCode::FileIncomplete.into());
        }
        let range = fields::range(&file, request.offset, request.length)?;
        let reader = Reader {
            context: self.context.clone(),
            account: caller.account,
            file,
            at: range.start,
            end: range.end,
            allowed_at: self.context.now(),
            read: Bytes::new(),
            _slot: slot,
        };
        Ok(try_unfold(reader, Reader::next).boxed())
    }
}

/// Reads when it is asked for more, and holds little.
struct Reader {
    context: Arc<Context>,
    account: AccountId,
    file: FileRecord,
    /// Offset of what comes after `read`.
    at: u64,
    end: u64,
    /// When the account was last found to be allowed to read the file.
    allowed_at: Timestamp,
    read: Bytes,
    _slot: Slot,
}

impl Reader {
    async fn next(mut self) -> Result<Option<(wire::DownloadFileResponse, Self)>, Failure> {
        if self.read.is_empty() {
            if self.at == self.end {
                return Ok(None);
            }
            self.check().await?;
            self.read_more().await?;
        }
        let piece = self.read.split_to(self.read.len().min(PIECE));
        Ok(Some((wire::DownloadFileResponse { piece }, self)))
    }

    /// Whoever is removed while it reads gets no further.
    async fn check(&mut self) -> Result<(), Failure> {
        let now = self.context.now();
        if now < self.allowed_at || now >= self.allowed_at.plus(BELIEVED) {
            self.context.store.file(self.account, self.file.id).await?;
            self.allowed_at = now;
        }
        Ok(())
    }

    async fn read_more(&mut self) -> Result<(), Failure> {
        let part_size = u64::from(self.file.part_size);
        let from = self.at % part_size;
        let to = part_size.min(from + READ).min(from + self.end - self.at);
        let index = |number| u32::try_from(number).unwrap_or(u32::MAX);
        let range = index(from)..index(to);
        self.read = self.context.blobs.get(self.file.id, index(self.at / part_size), range).await?;
        self.at += to - from;
        Ok(())
    }
}

/// Bytes that are read at once: enough that reading is not slower than sending, little enough for a thousand readers.
pub(super) const READ: u64 = 256 << 10;
const PIECE: usize = 64 << 10;
const BELIEVED: Duration = Duration::from_secs(2);
