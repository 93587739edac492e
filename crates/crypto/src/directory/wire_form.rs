//! The directory as it travels. Reading checks the form alone; what is signed or proved is checked by who uses it.

use sotto_proto::{AccountId, limits, wire};

use super::{DirectoryError, DirectoryKeys, EntryDigest, Hash, Head, Promise, SignedHead, SignedPromise};

impl From<&DirectoryKeys> for wire::DirectoryKeys {
    fn from(keys: &DirectoryKeys) -> Self {
        Self { heads: keys.heads.to_vec().into(), positions: keys.positions.to_vec().into() }
    }
}

impl TryFrom<&wire::DirectoryKeys> for DirectoryKeys {
    type Error = DirectoryError;

    fn try_from(keys: &wire::DirectoryKeys) -> Result<Self, DirectoryError> {
        Ok(Self { heads: array(&keys.heads)?, positions: array(&keys.positions)? })
    }
}

impl From<&SignedHead> for wire::SignedHead {
    fn from(signed: &SignedHead) -> Self {
        let SignedHead { head: Head { epoch, time_ms, tree_root, log_root }, signature } = signed;
        Self {
            epoch: *epoch,
            time_ms: *time_ms,
            tree_root: tree_root.to_vec().into(),
            log_root: log_root.to_vec().into(),
            signature: signature.to_vec().into(),
        }
    }
}

impl TryFrom<&wire::SignedHead> for SignedHead {
    type Error = DirectoryError;

    fn try_from(signed: &wire::SignedHead) -> Result<Self, DirectoryError> {
        if !(1..=limits::NUMBER_MAX).contains(&signed.epoch) {
            return Err(DirectoryError::Malformed);
        }
        let head = Head {
            epoch: signed.epoch,
            time_ms: signed.time_ms,
            tree_root: array(&signed.tree_root)?,
            log_root: array(&signed.log_root)?,
        };
        Ok(Self { head, signature: array(&signed.signature)? })
    }
}

impl From<&SignedPromise> for wire::DirectoryPromise {
    fn from(signed: &SignedPromise) -> Self {
        let SignedPromise { promise: Promise { account: _, revision, entry, due_ms }, signature } = signed;
        Self {
            revision: *revision,
            entry: entry.0.to_vec().into(),
            due_ms: *due_ms,
            signature: signature.to_vec().into(),
        }
    }
}

impl SignedPromise {
    /// As it was given for an account.
    pub fn for_account(account: AccountId, promise: &wire::DirectoryPromise) -> Result<Self, DirectoryError> {
        let signature = array(&promise.signature)?;
        let entry = EntryDigest(array(&promise.entry)?);
        let promise = Promise { account, revision: promise.revision, entry, due_ms: promise.due_ms };
        Ok(Self { promise, signature })
    }
}

/// The hashes of a list.
pub fn hashes<B: AsRef<[u8]>>(list: &[B]) -> Result<Vec<Hash>, DirectoryError> {
    list.iter().map(|bytes| array(bytes.as_ref())).collect()
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], DirectoryError> {
    bytes.try_into().map_err(|_| DirectoryError::Malformed)
}
