//! Where everything lies in a sealed file, computed from the size of its content alone.

use std::ops::Range;

use super::{COMMITMENT_LEN, FileError};
use crate::padding::padded_len;
use crate::primitives::AEAD_TAG_LEN;

/// Content of each chunk but the last: 64 KiB.
pub const CHUNK_LEN: usize = 64 * 1024;
/// Sealed form of each chunk but the last.
pub const SEALED_CHUNK_LEN: usize = CHUNK_LEN + AEAD_TAG_LEN;
/// Format and commitment before the first chunk.
pub const HEADER_LEN: usize = 1 + COMMITMENT_LEN;
/// Largest content: 15 GiB, so that the sealed form stays below 16 GiB.
pub const MAX_FILE_LEN: u64 = 15 << 30;

/// The layout of a file with a content of a certain size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLayout {
    content_len: u64,
}

impl FileLayout {
    /// Of a content of `content_len` bytes.
    pub const fn new(content_len: u64) -> Result<Self, FileError> {
        if content_len > MAX_FILE_LEN { Err(FileError::TooLarge) } else { Ok(Self { content_len }) }
    }

    /// Size of the content.
    pub const fn content_len(self) -> u64 {
        self.content_len
    }

    /// Size of the sealed file. It tells the server a padded size only.
    pub const fn sealed_len(self) -> u64 {
        HEADER_LEN as u64 + padded_len(self.content_len) + self.chunk_count() as u64 * AEAD_TAG_LEN as u64
    }

    /// How many chunks there are, at least 1.
    #[expect(clippy::cast_possible_truncation, reason = "15 GiB are 245,760 chunks")]
    pub const fn chunk_count(self) -> u32 {
        padded_len(self.content_len).div_ceil(CHUNK_LEN as u64) as u32
    }

    /// Where a chunk lies in the sealed file.
    pub fn sealed_range(self, chunk: u32) -> Result<Range<u64>, FileError> {
        let len = self.padded_chunk_len(chunk)? + AEAD_TAG_LEN;
        let start = HEADER_LEN as u64 + u64::from(chunk) * SEALED_CHUNK_LEN as u64;
        Ok(start..start + len as u64)
    }

    /// Which chunk holds the byte at `offset` of the content.
    pub fn chunk_at(self, offset: u64) -> Option<u32> {
        (offset < self.content_len).then(|| u32::try_from(offset / CHUNK_LEN as u64).ok()).flatten()
    }

    /// How much content a chunk holds; the last ones may hold padding only.
    pub(super) fn content_len_of(self, chunk: u32) -> Result<usize, FileError> {
        let padded = self.padded_chunk_len(chunk)?;
        let left = self.content_len.saturating_sub(u64::from(chunk) * CHUNK_LEN as u64);
        Ok(usize::try_from(left).map_or(padded, |left| left.min(padded)))
    }

    pub(super) fn padded_chunk_len(self, chunk: u32) -> Result<usize, FileError> {
        let start = u64::from(chunk) * CHUNK_LEN as u64;
        match padded_len(self.content_len).checked_sub(start) {
            None | Some(0) => Err(FileError::NoSuchChunk(chunk)),
            Some(left) => Ok(usize::try_from(left).map_or(CHUNK_LEN, |left| left.min(CHUNK_LEN))),
        }
    }

    pub(super) fn is_last(self, chunk: u32) -> bool {
        chunk + 1 == self.chunk_count()
    }
}
