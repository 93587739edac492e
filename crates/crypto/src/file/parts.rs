//! Sealing for an upload that may be interrupted.
//!
//! One rule keeps a nonce from ever covering two contents: *a part leaves only after its digest was noted where no crash undoes it, and
//! a part that was noted leaves only as it was*. Whoever goes on hands in all notes; what was sealed and never noted has never left.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::layout::FileLayout;
use super::sealer::{FileSealer, SealedFile};
use super::{FileError, FileKey};

/// SHA-256 over one part of the sealed file.
pub type PartDigest = [u8; 32];

/// Seals one file, and cuts what it seals into the parts that are uploaded.
#[derive(Debug)]
pub struct PartSealer {
    sealer: FileSealer,
    part_len: usize,
    noted: Vec<PartDigest>,
    waiting: Vec<u8>,
    next_part: u32,
}

/// A part of a sealed file. It must not leave the device before its digest is noted durably.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPart {
    /// Which, from 0.
    pub index: u32,
    /// What is to be noted.
    pub digest: PartDigest,
    /// Whether it was noted before.
    pub was_noted: bool,
    /// Its bytes.
    pub sealed: Vec<u8>,
}

impl PartSealer {
    /// Begins a file under a key that is drawn for it.
    pub fn start(content_len: u64, part_len: usize, rng: &mut impl CryptoRng) -> Result<Self, FileError> {
        let (sealer, header) = FileSealer::start(content_len, rng)?;
        Ok(Self::with(sealer, &header, part_len, Vec::new()))
    }

    /// Begins the same file again. `noted` are the digests of all parts that may have left, in their order.
    pub fn again(key: FileKey, content_len: u64, part_len: usize, noted: Vec<PartDigest>) -> Result<Self, FileError> {
        let (sealer, header) = FileSealer::under(key, FileLayout::new(content_len)?);
        Ok(Self::with(sealer, &header, part_len, noted))
    }

    fn with(sealer: FileSealer, header: &[u8], part_len: usize, noted: Vec<PartDigest>) -> Self {
        Self { sealer, part_len, noted, waiting: header.to_vec(), next_part: 0 }
    }

    /// The key, which the event is to carry.
    pub fn key(&self) -> &FileKey {
        self.sealer.key()
    }

    /// Takes more content, and gives the parts that became whole.
    pub fn push(&mut self, content: &[u8]) -> Result<Vec<SealedPart>, FileError> {
        let sealed = self.sealer.push(content)?;
        self.waiting.extend_from_slice(&sealed);
        let mut parts = Vec::new();
        while self.waiting.len() >= self.part_len {
            parts.push(self.cut()?);
        }
        Ok(parts)
    }

    /// After all content: the next part of what is left, until there is none.
    pub fn pad(&mut self) -> Result<Option<SealedPart>, FileError> {
        while self.waiting.len() < self.part_len {
            match self.sealer.pad()? {
                Some(sealed) => self.waiting.extend_from_slice(&sealed),
                None if self.waiting.is_empty() => return Ok(None),
                None => break,
            }
        }
        self.cut().map(Some)
    }

    /// Ends, once every part was taken.
    pub fn finish(self) -> Result<SealedFile, FileError> {
        if self.waiting.is_empty() { self.sealer.finish() } else { Err(FileError::ContentLength) }
    }

    fn cut(&mut self) -> Result<SealedPart, FileError> {
        let rest = self.waiting.split_off(self.waiting.len().min(self.part_len));
        let sealed = std::mem::replace(&mut self.waiting, rest);
        let (index, digest) = (self.next_part, PartDigest::from(Sha256::digest(&sealed)));
        let noted = usize::try_from(index).ok().and_then(|index| self.noted.get(index));
        if noted.is_some_and(|noted| !bool::from(noted.ct_eq(&digest))) {
            return Err(FileError::Changed(index));
        }
        self.next_part += 1;
        Ok(SealedPart { index, digest, was_noted: noted.is_some(), sealed })
    }
}

impl std::fmt::Debug for SealedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedPart").field("index", &self.index).finish_non_exhaustive()
    }
}
