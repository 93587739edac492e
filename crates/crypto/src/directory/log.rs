//! The Merkle tree over all heads (RFC 9162 §2.1), with hashes that begin with this project's labels instead of 0x00 and 0x01.
//!
//! A server keeps the hash of each complete subtree under its [`Node`] and needs about log₂ of them for anything.

use sotto_proto::limits;

use super::{DirectoryError, Hash};
use crate::labels;
use crate::primitives::sha256;

/// A complete subtree: it covers the leaves from `index · 2^level`, `2^level` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Its height.
    pub level: u8,
    /// Which of its height.
    pub index: u64,
}

/// The complete subtrees, from the left, of which the tree over the leaves from `start` to before `end` consists. `start` has to be
/// where such a tree can begin: 0, or a multiple of the smallest power of two that is not less than its size.
pub fn cover(start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut at = start;
    while at < end {
        let level = u8::try_from((end - at).ilog2()).expect("a logarithm of 64 bits is small");
        nodes.push(Node { level, index: at >> level });
        at += 1_u64 << level;
    }
    nodes
}

/// The root over what [`cover`] lists. Of nothing, 32 zeros.
pub fn fold(hashes: &[Hash]) -> Hash {
    let mut from_right = hashes.iter().rev();
    let last = from_right.next().copied().unwrap_or_default();
    from_right.fold(last, |right, left| branch(left, &right))
}

/// The nodes that come into being with the leaf number `index`, counted from 0. `before` are the hashes of what [`cover`] lists for
/// all leaves before it.
pub fn grow(index: u64, leaf: Hash, before: &[Hash]) -> Vec<(Node, Hash)> {
    let mut nodes = vec![(Node { level: 0, index }, leaf)];
    let mut hash = leaf;
    for (level, left) in (0_u8..).zip(before.iter().rev()).take(usize::try_from(index.trailing_ones()).unwrap_or(0)) {
        hash = branch(left, &hash);
        nodes.push((Node { level: level + 1, index: index >> (level + 1) }, hash));
    }
    nodes
}

/// The ranges of leaves whose roots are the proof that leaf `index` is in the tree over `size` leaves, from the leaf upwards
/// (RFC 9162 §2.1.3.1). Empty when it is in no such tree.
pub fn inclusion(index: u64, size: u64) -> Vec<(u64, u64)> {
    let (mut start, mut end) = (0, size);
    let mut ranges = Vec::new();
    while index < size && end - start > 1 {
        let middle = start + (end - start).next_power_of_two() / 2;
        if index < middle {
            ranges.push((middle, end));
            end = middle;
        } else {
            ranges.push((start, middle));
            start = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// Checks such a proof (RFC 9162 §2.1.3.2).
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, root: &Hash, proof: &[Hash]) -> Result<(), DirectoryError> {
    let ranges = inclusion(index, size.min(limits::NUMBER_MAX));
    if index >= size || size > limits::NUMBER_MAX || ranges.len() != proof.len() {
        return Err(DirectoryError::Forked);
    }
    let up = |hash: Hash, ((start, _), other): (&(u64, u64), &Hash)| {
        if *start > index { branch(&hash, other) } else { branch(other, &hash) }
    };
    if ranges.iter().zip(proof).fold(*leaf, up) == *root { Ok(()) } else { Err(DirectoryError::Forked) }
}

/// The tree over all heads as far as it has grown, for whoever follows it head by head.
#[derive(Clone, Debug, Default)]
pub struct Growing {
    size: u64,
    left: Vec<Hash>,
}

impl Growing {
    /// The root over all leaves so far.
    pub fn root(&self) -> Hash {
        fold(&self.left)
    }

    /// Takes in the next leaf, and says which nodes come into being with it.
    pub fn push(&mut self, leaf: Hash) -> Vec<(Node, Hash)> {
        let nodes = grow(self.size, leaf, &self.left);
        self.left.truncate(self.left.len() + 1 - nodes.len());
        self.left.extend(nodes.last().map(|(_, hash)| *hash));
        self.size += 1;
        nodes
    }
}

fn branch(left: &Hash, right: &Hash) -> Hash {
    sha256(&[labels::DIRECTORY_LOG_BRANCH.as_bytes(), left, right])
}
