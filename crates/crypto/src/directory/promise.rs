//! Promises: what is not in a head yet, and when it will be. As the signed timestamps of certificate transparency (RFC 9162 §4.8).

use sotto_proto::AccountId;

use super::EntryDigest;

/// That a version of an account's keys will be in every head of a certain time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Whose keys.
    pub account: AccountId,
    /// Their version.
    pub revision: u64,
    /// What they are.
    pub entry: EntryDigest,
    /// Heads of this time or later contain it; milliseconds since 1970.
    pub due_ms: u64,
}

impl Promise {
    pub(super) fn encode(&self) -> Vec<u8> {
        let Self { account, revision, entry, due_ms } = self;
        [&account.as_bytes()[..], &revision.to_be_bytes(), &entry.0, &due_ms.to_be_bytes()].concat()
    }
}

/// A promise with a signature that was not checked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedPromise {
    /// What it says.
    pub promise: Promise,
    /// By the directory's key.
    pub signature: [u8; 64],
}
