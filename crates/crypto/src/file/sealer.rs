//! Sealing a file, chunk by chunk.

use aead_stream::StreamPrimitive;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::layout::{CHUNK_LEN, FileLayout, HEADER_LEN};
use super::{FORMAT, FileDigest, FileError, FileKey, FileKeys};
use crate::codec::concat;
use crate::secret::Secret;

/// Seals one file, under a key that it draws itself.
///
/// Feed the content with [`push`](Self::push) in pieces of any size; each call gives back the sealed bytes that became ready.
#[derive(Debug)]
pub struct FileSealer {
    key: FileKey,
    keys: FileKeys,
    layout: FileLayout,
    buffer: Zeroizing<Vec<u8>>,
    next_chunk: u32,
    taken: u64,
    digest: Sha256,
}

/// What the event says of a sealed file.
#[derive(Debug)]
pub struct SealedFile {
    /// The key that opens it.
    pub key: FileKey,
    /// The digest over its sealed form.
    pub digest: FileDigest,
    /// Where its chunks lie, and how long its content is.
    pub layout: FileLayout,
}

impl FileSealer {
    /// Begins a file with a content of `content_len` bytes; the bytes returned are the sealed file's first ones.
    pub fn start(content_len: u64, rng: &mut impl CryptoRng) -> Result<(Self, [u8; HEADER_LEN]), FileError> {
        Ok(Self::under(FileKey::from_secret(Secret::generate(rng)), FileLayout::new(content_len)?))
    }

    /// Begins under a key that may have sealed before. Whoever calls this sees to it that no other content leaves under it.
    pub(super) fn under(key: FileKey, layout: FileLayout) -> (Self, [u8; HEADER_LEN]) {
        let keys = FileKeys::derive(&key, layout);
        let header = concat(&[&[FORMAT], &keys.commitment]);
        let buffer = Zeroizing::new(Vec::with_capacity(CHUNK_LEN));
        let digest = Sha256::new_with_prefix(header);
        (Self { key, keys, layout, buffer, next_chunk: 0, taken: 0, digest }, header)
    }

    /// The key, which the event is to carry.
    pub fn key(&self) -> &FileKey {
        &self.key
    }

    /// Takes more content. More than was announced is refused, and nothing of it is sealed.
    pub fn push(&mut self, mut content: &[u8]) -> Result<Vec<u8>, FileError> {
        let taken = self.taken.saturating_add(content.len() as u64);
        if taken > self.layout.content_len() {
            return Err(FileError::ContentLength);
        }
        self.taken = taken;
        let mut sealed = Vec::new();
        while !content.is_empty() {
            let (piece, rest) = content.split_at(content.len().min(CHUNK_LEN - self.buffer.len()));
            self.buffer.extend_from_slice(piece);
            content = rest;
            if self.buffer.len() == CHUNK_LEN {
                self.seal_chunk(&mut sealed)?;
            }
        }
        Ok(sealed)
    }

    /// Seals the padding behind the content a piece at a time; call it until it gives `None`, after all content was pushed.
    pub fn pad(&mut self) -> Result<Option<Vec<u8>>, FileError> {
        if self.taken != self.layout.content_len() {
            return Err(FileError::ContentLength);
        }
        if self.next_chunk == self.layout.chunk_count() {
            return Ok(None);
        }
        let padded_len = self.layout.padded_chunk_len(self.next_chunk)?;
        self.buffer.resize(padded_len, 0);
        let mut sealed = Vec::new();
        self.seal_chunk(&mut sealed)?;
        Ok(Some(sealed))
    }

    /// Ends the file, once everything was sealed.
    pub fn finish(self) -> Result<SealedFile, FileError> {
        if self.next_chunk != self.layout.chunk_count() {
            return Err(FileError::ContentLength);
        }
        Ok(SealedFile { key: self.key, digest: self.digest.finalize().into(), layout: self.layout })
    }

    fn seal_chunk(&mut self, sealed: &mut Vec<u8>) -> Result<(), FileError> {
        let chunk = self.next_chunk;
        let chunk_sealed = self
            .keys
            .stream
            .encrypt(chunk, self.layout.is_last(chunk), self.buffer.as_slice())
            .map_err(|_| FileError::TooLarge)?;
        self.digest.update(&chunk_sealed);
        sealed.extend_from_slice(&chunk_sealed);
        self.buffer.clear();
        self.next_chunk += 1;
        Ok(())
    }
}
