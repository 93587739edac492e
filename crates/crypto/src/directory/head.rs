//! Heads: what a server signs of its directory at one moment.

use sotto_proto::AccountId;

use super::position::{self, PROOF_LEN, PositionKey};
use super::{DirectoryError, Hash, Position, Promise, SignedPromise};
use crate::labels;
use crate::primitives::{Signature, SigningKey, VerifyingKey, hkdf, sha256};
use crate::secret::Secret;

/// The directory at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the head; the first one is 1.
    pub epoch: u64,
    /// Every change of before this time is in it; milliseconds since 1970 by the server's clock.
    pub time_ms: u64,
    /// Root of the tree over the states of all chains.
    pub tree_root: Hash,
    /// Root of the Merkle tree over the hashes of all heads before this one.
    pub log_root: Hash,
}

impl Head {
    /// What there is before the first head: an empty tree.
    pub const NONE: Self = Self { epoch: 0, time_ms: 0, tree_root: [0; 32], log_root: [0; 32] };

    fn encode(&self) -> Vec<u8> {
        let Self { epoch, time_ms, tree_root, log_root } = self;
        [&epoch.to_be_bytes()[..], &time_ms.to_be_bytes(), tree_root, log_root].concat()
    }

    /// What stands for the head in the Merkle tree of later ones, and in what people tell each other.
    pub fn hash(&self) -> Hash {
        sha256(&[labels::DIRECTORY_LOG_LEAF.as_bytes(), &self.encode()])
    }

    /// Whether it goes on from an earlier head, of which the hash is known.
    pub fn goes_on_from(&self, epoch: u64, hash: &Hash, proof: &[Hash]) -> Result<(), DirectoryError> {
        if epoch == self.epoch {
            return if *hash == self.hash() { Ok(()) } else { Err(DirectoryError::Forked) };
        }
        if epoch == 0 || epoch > self.epoch {
            return Err(DirectoryError::WentBack);
        }
        super::log::verify_inclusion(epoch - 1, self.epoch - 1, hash, &self.log_root, proof)
    }
}

/// A head with a signature that was not checked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// What it says.
    pub head: Head,
    /// By the directory's key.
    pub signature: [u8; 64],
}

/// The public keys of a directory. Who first sees them remembers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectoryKeys {
    /// Checks heads and promises; Ed25519.
    pub heads: [u8; 32],
    /// Checks places.
    pub positions: [u8; 32],
}

impl DirectoryKeys {
    /// The head, if the directory signed it.
    pub fn verify_head(&self, signed: &SignedHead) -> Result<Head, DirectoryError> {
        self.verify(labels::DIRECTORY_HEAD, &signed.head.encode(), signed.signature)?;
        Ok(signed.head)
    }

    /// The promise, if the directory gave it.
    pub fn verify_promise(&self, signed: &SignedPromise) -> Result<Promise, DirectoryError> {
        self.verify(labels::DIRECTORY_PROMISE, &signed.promise.encode(), signed.signature)?;
        Ok(signed.promise)
    }

    /// The place that a proof proves for an account.
    pub fn verify_position(&self, account: AccountId, proof: &[u8]) -> Result<Position, DirectoryError> {
        position::verify(&self.positions, account, proof)
    }

    fn verify(&self, label: &str, content: &[u8], signature: [u8; 64]) -> Result<(), DirectoryError> {
        let key = VerifyingKey::from_bytes(&self.heads).map_err(|_| DirectoryError::BadKey)?;
        key.verify_labelled(label, content, &Signature::from_bytes(signature)).map_err(|_| DirectoryError::BadSignature)
    }
}

/// The server's keys of its directory.
#[derive(Debug)]
pub struct DirectorySigner {
    heads: SigningKey,
    positions: PositionKey,
    public: DirectoryKeys,
}

impl DirectorySigner {
    /// From the one secret of a server.
    pub fn derive(secret: &Secret<32>) -> Self {
        let derive = |label: &str| hkdf::<32>(&[], secret.expose_secret(), &[label.as_bytes()]);
        let (heads, positions) = (derive(labels::SERVER_DIRECTORY_HEADS), derive(labels::SERVER_DIRECTORY_POSITIONS));
        let heads = SigningKey::from_seed(&heads);
        let public =
            DirectoryKeys { heads: *heads.verifying_key().as_bytes(), positions: PositionKey::public(&positions) };
        Self { heads, positions: PositionKey::from_seed(&positions), public }
    }

    /// What checks its signatures and proofs.
    pub const fn public(&self) -> &DirectoryKeys {
        &self.public
    }

    /// Signs a head. Never two of one number that may both be shown.
    pub fn sign_head(&self, head: Head) -> SignedHead {
        SignedHead { head, signature: self.heads.sign_labelled(labels::DIRECTORY_HEAD, &head.encode()).to_bytes() }
    }

    /// Gives a promise.
    pub fn sign_promise(&self, promise: Promise) -> SignedPromise {
        let signature = self.heads.sign_labelled(labels::DIRECTORY_PROMISE, &promise.encode()).to_bytes();
        SignedPromise { promise, signature }
    }

    /// The place of an account, and the proof that this is it.
    pub fn place(&self, account: AccountId) -> (Position, [u8; PROOF_LEN]) {
        self.positions.place(account)
    }
}
