//! Opening a file: any chunk by itself, or all of it in order with its digest.

use aead_stream::StreamPrimitive;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::layout::{FileLayout, HEADER_LEN};
use super::{FORMAT, FileDigest, FileError, FileKey, FileKeys};
use crate::padding::is_zero_from;
use crate::primitives::AEAD_TAG_LEN;
use crate::secret::SecretVec;

/// Opens single chunks of a file, in any order.
///
/// Each is authentic: the sender sealed it under this key at this place. Only opening all of it, with [`SequentialOpener`], also
/// proves that it is the very file whose digest the event carries.
#[derive(Debug)]
pub struct FileOpener {
    keys: FileKeys,
    layout: FileLayout,
}

impl FileOpener {
    /// Reads the first [`HEADER_LEN`] bytes of the sealed file; `content_len` comes from the event, as the key does.
    pub fn new(key: &FileKey, content_len: u64, header: &[u8; HEADER_LEN]) -> Result<Self, FileError> {
        let layout = FileLayout::new(content_len)?;
        let [format, commitment @ ..] = header;
        if *format != FORMAT {
            return Err(FileError::UnknownFormat(*format));
        }
        let keys = FileKeys::derive(key, layout);
        if !bool::from(keys.commitment.ct_eq(commitment)) {
            return Err(FileError::WrongKey);
        }
        Ok(Self { keys, layout })
    }

    /// Where the chunks lie.
    pub fn layout(&self) -> FileLayout {
        self.layout
    }

    /// Opens one chunk; gives the content in it, without padding.
    pub fn open_chunk(&self, chunk: u32, sealed: &[u8]) -> Result<SecretVec, FileError> {
        let expected = self.layout.padded_chunk_len(chunk)? + AEAD_TAG_LEN;
        if sealed.len() != expected {
            return Err(FileError::ChunkLength { chunk, expected, actual: sealed.len() });
        }
        let opened = self.keys.stream.decrypt(chunk, self.layout.is_last(chunk), sealed);
        let mut opened = opened.map_err(|_| FileError::NotAuthentic(chunk))?;
        let content_len = self.layout.content_len_of(chunk)?;
        if !is_zero_from(&opened, content_len) {
            return Err(FileError::BadPadding);
        }
        opened.truncate(content_len);
        Ok(SecretVec::new(opened))
    }
}

/// Opens a whole file in order and checks its digest at the end.
///
/// Nothing may be presented as the file before [`finish`](Self::finish) has succeeded.
#[derive(Debug)]
pub struct SequentialOpener {
    opener: FileOpener,
    digest: Sha256,
    next_chunk: u32,
}

impl SequentialOpener {
    /// Begins like [`FileOpener::new`].
    pub fn new(key: &FileKey, content_len: u64, header: &[u8; HEADER_LEN]) -> Result<Self, FileError> {
        let opener = FileOpener::new(key, content_len, header)?;
        Ok(Self { opener, digest: Sha256::new_with_prefix(header), next_chunk: 0 })
    }

    /// Begins again where a part of the content was opened before and kept: [`take_opened`](Self::take_opened) takes it back. The
    /// digest sees to it that it is still the same.
    pub fn again(key: &FileKey, content_len: u64) -> Result<Self, FileError> {
        let layout = FileLayout::new(content_len)?;
        let keys = FileKeys::derive(key, layout);
        let digest = Sha256::new_with_prefix([FORMAT]).chain_update(keys.commitment);
        Ok(Self { opener: FileOpener { keys, layout }, digest, next_chunk: 0 })
    }

    /// Takes the content of the next chunk as it was opened before, in place of its sealed form.
    pub fn take_opened(&mut self, content: &[u8]) -> Result<(), FileError> {
        let chunk = self.next_chunk;
        let padded_len = self.opener.layout.padded_chunk_len(chunk).map_err(|_| FileError::Extended)?;
        if content.len() != self.opener.layout.content_len_of(chunk)? {
            return Err(FileError::ContentLength);
        }
        let mut padded = Zeroizing::new(Vec::with_capacity(padded_len));
        padded.extend_from_slice(content);
        padded.resize(padded_len, 0);
        let sealed = self.opener.keys.stream.encrypt(chunk, self.opener.layout.is_last(chunk), padded.as_slice());
        self.digest.update(sealed.map_err(|_| FileError::TooLarge)?);
        self.next_chunk += 1;
        Ok(())
    }

    /// The chunk that comes next.
    pub fn next_chunk(&self) -> u32 {
        self.next_chunk
    }

    /// How many bytes the next chunk has in the sealed file; `None` after the last.
    pub fn next_len(&self) -> Option<usize> {
        self.opener.layout.padded_chunk_len(self.next_chunk).ok().map(|len| len + AEAD_TAG_LEN)
    }

    /// Opens the next chunk.
    pub fn open_next(&mut self, sealed: &[u8]) -> Result<SecretVec, FileError> {
        if self.next_chunk == self.opener.layout.chunk_count() {
            return Err(FileError::Extended);
        }
        let content = self.opener.open_chunk(self.next_chunk, sealed)?;
        self.digest.update(sealed);
        self.next_chunk += 1;
        Ok(content)
    }

    /// Ends: every chunk was there, and together they are the file with this digest.
    pub fn finish(self, expected: &FileDigest) -> Result<(), FileError> {
        if self.next_chunk != self.opener.layout.chunk_count() {
            return Err(FileError::Truncated);
        }
        let digest: FileDigest = self.digest.finalize().into();
        if bool::from(digest.ct_eq(expected)) { Ok(()) } else { Err(FileError::WrongDigest) }
    }
}
