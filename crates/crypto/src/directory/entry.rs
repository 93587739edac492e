//! What the directory says of an account: its keys at one moment, and the chain of all such moments.

use std::collections::BTreeSet;

use sotto_proto::{AccountId, limits};

use super::{DirectoryError, Hash};
use crate::codec::Reader;
use crate::labels;
use crate::primitives::sha256;

/// The keys of an account at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Of an account that exists.
    Keys {
        /// Its identity key.
        identity: [u8; 32],
        /// Hashes of the certificates of its devices that are not revoked.
        certificates: BTreeSet<Hash>,
        /// Hashes of its newest revocations.
        revocations: BTreeSet<Hash>,
    },
    /// The account was deleted.
    Deleted,
}

impl Content {
    /// Of keys as a server hands them out; an empty identity key stands for a deleted account.
    pub fn of<C: AsRef<[u8]>>(identity: &[u8], certificates: &[C], revocations: &[C]) -> Result<Self, DirectoryError> {
        if identity.is_empty() {
            return Ok(Self::Deleted);
        }
        let hashes = |list: &[C]| list.iter().map(|bytes| sha256(&[bytes.as_ref()])).collect();
        Ok(Self::Keys {
            identity: identity.try_into().map_err(|_| DirectoryError::Malformed)?,
            certificates: hashes(certificates),
            revocations: hashes(revocations),
        })
    }

    /// Its one encoding.
    pub fn encode(&self) -> Vec<u8> {
        let Self::Keys { identity, certificates, revocations } = self else { return vec![VERSION, DELETED] };
        let mut bytes = vec![VERSION, KEYS];
        bytes.extend_from_slice(identity);
        for list in [certificates, revocations] {
            bytes.push(u8::try_from(list.len()).unwrap_or(u8::MAX));
            for hash in list {
                bytes.extend_from_slice(hash);
            }
        }
        bytes
    }

    /// Reads the encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, DirectoryError> {
        let content = Self::read(bytes).ok_or(DirectoryError::Malformed)?;
        // Hashes out of order or twice would be a second encoding of the same content.
        if content.encode() == bytes { Ok(content) } else { Err(DirectoryError::Malformed) }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        if reader.u8().ok()? != VERSION {
            return None;
        }
        match reader.u8().ok()? {
            DELETED => Some(Self::Deleted),
            KEYS => Some(Self::Keys {
                identity: reader.array().ok()?,
                certificates: hashes(&mut reader, limits::DEVICES_MAX)?,
                revocations: hashes(&mut reader, limits::REVOCATIONS_MAX)?,
            }),
            _ => None,
        }
    }
}

fn hashes(reader: &mut Reader<'_>, max: usize) -> Option<BTreeSet<Hash>> {
    let count = usize::from(reader.u8().ok()?);
    if count > max { None } else { (0..count).map(|_| reader.array().ok()).collect() }
}

/// The hash of one link of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryDigest(pub Hash);

impl EntryDigest {
    /// Of what the keys of `account` were in their version `revision`.
    pub fn of(account: AccountId, revision: u64, content: &[u8]) -> Self {
        let label = labels::DIRECTORY_ENTRY.as_bytes();
        Self(sha256(&[label, account.as_bytes(), &revision.to_be_bytes(), content]))
    }
}

/// The running hash over everything that the keys of an account have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain(pub Hash);

impl Chain {
    /// Of nothing.
    pub const START: Self = Self([0; 32]);
}

/// Where the chain of an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Version of the account's keys.
    pub revision: u64,
    /// The chain up to and with it.
    pub chain: Chain,
}

impl State {
    /// Before the version `first`, which is the first one that is published.
    pub const fn before(first: u64) -> Self {
        Self { revision: first.saturating_sub(1), chain: Chain::START }
    }

    /// With one more version.
    #[must_use]
    pub fn extended_by(&self, digest: &EntryDigest) -> Self {
        let label = labels::DIRECTORY_CHAIN.as_bytes();
        let chain = Chain(sha256(&[label, &self.chain.0, &digest.0]));
        Self { revision: self.revision.saturating_add(1), chain }
    }

    /// With several more, oldest first.
    #[must_use]
    pub fn extended_by_all(&self, digests: &[EntryDigest]) -> Self {
        digests.iter().fold(*self, |state, digest| state.extended_by(digest))
    }
}

const VERSION: u8 = 1;
const DELETED: u8 = 0;
const KEYS: u8 = 1;
