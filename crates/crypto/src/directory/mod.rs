//! The directory of keys: what a server publishes about the keys of its accounts, so that it cannot show one key to one person and
//! another key to another one without leaving proof (`docs/PROTOCOL.md` §14, `docs/adr/0015-key-transparency.md`).
//!
//! Three structures, each known from elsewhere:
//!
//! 1. Each account has a [`Chain`] over all the [`Content`]s that its keys ever had, as the signature chains of Keybase.
//! 2. A [`Tree`] holds the newest [`State`] of each chain at a place that a verifiable random function gives ([`position`]), so that
//!    the tree lists nobody: CONIKS, with the prefix tree of the IETF's key transparency.
//! 3. Each [`Head`] signs the root of the tree, and a Merkle tree over all heads before it ([`log`], RFC 9162 §2.1).
//!
//! Whoever has seen a head can be shown that a later one goes on from it; whoever has seen a chain can be shown that a later state
//! goes on from it; and an [`audit`] shows of each head that its tree only ever lets chains grow. All code here is used by the
//! server, by clients, and by whoever audits.

pub mod audit;
mod entry;
mod head;
pub mod log;
pub mod position;
mod promise;
mod tree;
mod wire_form;

pub use entry::{Chain, Content, EntryDigest, State};
pub use head::{DirectoryKeys, DirectorySigner, Head, SignedHead};
pub use position::Position;
pub use promise::{Promise, SignedPromise};
pub use tree::Tree;
pub use wire_form::hashes;

use sotto_proto::AccountId;

use crate::primitives::HASH_LEN;

/// A hash in the directory.
pub type Hash = [u8; HASH_LEN];

/// Why something that a server said of its directory was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The bytes are no encoding of what they should be.
    #[error("the bytes are malformed")]
    Malformed,
    /// A key is no acceptable public key.
    #[error("a key of the directory is not acceptable")]
    BadKey,
    /// The proof of the verifiable random function is wrong.
    #[error("the proof of the account's place is wrong")]
    BadPosition,
    /// The signature is not the directory's.
    #[error("the signature is wrong")]
    BadSignature,
    /// The tree shown is not the one that the head signs.
    #[error("the tree is not that of the head")]
    WrongTree,
    /// The part of the tree that matters was left out.
    #[error("the proof leaves out what it should show")]
    LeftOut,
    /// A head does not go on from another one.
    #[error("one head does not go on from another")]
    Forked,
    /// A chain does not go on from what was known of it.
    #[error("a chain of keys does not go on from what was known of it")]
    BrokenChain,
    /// Numbers or times go back.
    #[error("the directory went back")]
    WentBack,
}

/// The part of a tree that a server has shown, and that is the tree of a head.
#[derive(Clone, Debug)]
pub struct Shown(Tree);

impl Shown {
    /// Checks that it is that of the head.
    pub fn verify(head: &Head, tree: &[u8]) -> Result<Self, DirectoryError> {
        let tree = Tree::decode(tree)?;
        if tree.root() == head.tree_root { Ok(Self(tree)) } else { Err(DirectoryError::WrongTree) }
    }

    /// What the head says of an account: the state of its chain, or that it has none.
    pub fn standing(
        &self,
        keys: &DirectoryKeys,
        account: AccountId,
        position_proof: &[u8],
    ) -> Result<Option<State>, DirectoryError> {
        self.0.get(&keys.verify_position(account, position_proof)?)
    }
}

#[cfg(test)]
mod tests;
