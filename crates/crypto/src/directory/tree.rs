//! The tree over the states of all chains, and what can be shown of it.
//!
//! A leaf is where its path is its own: the prefix tree of the IETF's key transparency. Trees share what they have in common, so a
//! copy costs nothing and stays as it is while another one goes on. A proof is the same tree with subtrees replaced by their hashes,
//! so that reading a proof, finding a leaf in it and letting it grow are the same code as for the whole tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use sotto_proto::limits;

use super::{Chain, DirectoryError, Hash, Position, State};
use crate::codec::Reader;
use crate::labels;
use crate::primitives::sha256;

/// A tree, whole or in part.
#[derive(Clone, Debug, Default)]
pub struct Tree(Node);

#[derive(Clone, Debug, Default)]
enum Node {
    #[default]
    Empty,
    Leaf(Arc<Leaf>),
    Branch(Arc<Branch>),
    /// A subtree of which only the hash is known.
    Stub(Arc<Hash>),
}

#[derive(Debug)]
struct Leaf {
    position: Position,
    state: State,
}

#[derive(Debug)]
struct Branch {
    hash: Hash,
    left: Node,
    right: Node,
}

impl Tree {
    /// What the head signs.
    pub fn root(&self) -> Hash {
        self.0.hash()
    }

    /// The state at a place, or that there is none.
    pub fn get(&self, position: &Position) -> Result<Option<State>, DirectoryError> {
        let mut node = &self.0;
        for depth in 0..=Position::BITS {
            match node {
                Node::Empty => return Ok(None),
                Node::Leaf(leaf) => return Ok((leaf.position == *position).then_some(leaf.state)),
                Node::Branch(branch) if depth < Position::BITS => node = branch.towards(position, depth),
                Node::Branch(_) | Node::Stub(_) => break,
            }
        }
        Err(DirectoryError::LeftOut)
    }

    /// With these states in place of those that are there. Fails where the tree is known in part only.
    pub fn with(&self, states: &BTreeMap<Position, State>) -> Result<Self, DirectoryError> {
        let states: Vec<_> = states.iter().map(|(position, state)| (*position, *state)).collect();
        self.0.with(0, &states).map(Self)
    }

    /// As much of the tree as shows what is at these places, in order.
    pub fn encode_for(&self, positions: &[Position]) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.0.write(0, positions, &mut bytes);
        bytes
    }

    /// Reads a tree. Its hashes are what they are; whether the root is the right one is for the caller to ask.
    pub fn decode(bytes: &[u8]) -> Result<Self, DirectoryError> {
        if bytes.len() > limits::DIRECTORY_PROOF_MAX {
            return Err(DirectoryError::Malformed);
        }
        let mut reader = Reader::new(bytes);
        let node = Node::read(&mut reader, 0, &mut Position([0; 32])).ok_or(DirectoryError::Malformed)?;
        if reader.rest().is_empty() { Ok(Self(node)) } else { Err(DirectoryError::Malformed) }
    }
}

impl Node {
    fn leaf(position: Position, state: State) -> Self {
        Self::Leaf(Arc::new(Leaf { position, state }))
    }

    fn branch(left: Self, right: Self) -> Self {
        let hash = sha256(&[labels::DIRECTORY_BRANCH.as_bytes(), &left.hash(), &right.hash()]);
        Self::Branch(Arc::new(Branch { hash, left, right }))
    }

    fn hash(&self) -> Hash {
        match self {
            Self::Empty => [0; 32],
            Self::Leaf(leaf) => leaf.hash(),
            Self::Branch(branch) => branch.hash,
            Self::Stub(hash) => **hash,
        }
    }

    /// `news` are in order, each place once, and all below this node.
    fn with(&self, depth: usize, news: &[(Position, State)]) -> Result<Self, DirectoryError> {
        match (self, news) {
            (_, []) => return Ok(self.clone()),
            (Self::Stub(_), _) => return Err(DirectoryError::LeftOut),
            (Self::Empty, [(position, state)]) => return Ok(Self::leaf(*position, *state)),
            (Self::Leaf(leaf), [(position, state)]) if leaf.position == *position => {
                return Ok(Self::leaf(*position, *state));
            }
            _ => {}
        }
        let (left, right) = self.halves(depth);
        let (to_left, to_right) = news.split_at(news.partition_point(|(position, _)| !position.turns_right(depth)));
        Ok(Self::branch(left.with(depth + 1, to_left)?, right.with(depth + 1, to_right)?))
    }

    fn halves(&self, depth: usize) -> (Self, Self) {
        match self {
            Self::Branch(branch) => (branch.left.clone(), branch.right.clone()),
            Self::Leaf(leaf) if leaf.position.turns_right(depth) => (Self::Empty, self.clone()),
            Self::Leaf(_) => (self.clone(), Self::Empty),
            Self::Empty | Self::Stub(_) => (Self::Empty, Self::Empty),
        }
    }

    fn write(&self, depth: usize, wanted: &[Position], bytes: &mut Vec<u8>) {
        match self {
            Self::Empty => bytes.push(EMPTY),
            Self::Leaf(leaf) if !wanted.is_empty() => leaf.write(bytes),
            Self::Branch(branch) if !wanted.is_empty() => {
                bytes.push(BRANCH);
                let split = wanted.partition_point(|position| !position.turns_right(depth));
                branch.left.write(depth + 1, &wanted[..split], bytes);
                branch.right.write(depth + 1, &wanted[split..], bytes);
            }
            _ => {
                bytes.push(STUB);
                bytes.extend_from_slice(&self.hash());
            }
        }
    }

    /// `path` holds the bits of the way here, and zeros.
    fn read(reader: &mut Reader<'_>, depth: usize, path: &mut Position) -> Option<Self> {
        match reader.u8().ok()? {
            EMPTY => Some(Self::Empty),
            LEAF => {
                let position = Position(reader.array().ok()?);
                let state = State { revision: reader.u64().ok()?, chain: Chain(reader.array().ok()?) };
                let on_path = (0..depth).all(|bit| position.turns_right(bit) == path.turns_right(bit));
                on_path.then(|| Self::leaf(position, state))
            }
            BRANCH if depth < Position::BITS => {
                let left = Self::read(reader, depth + 1, path)?;
                path.0[depth / 8] |= 0x80 >> (depth % 8);
                let right = Self::read(reader, depth + 1, path)?;
                path.0[depth / 8] &= !(0x80 >> (depth % 8));
                // What one leaf at most is below has no branch: every set of leaves has one tree.
                let lonely = matches!(
                    (&left, &right),
                    (Self::Empty, Self::Empty | Self::Leaf(_)) | (Self::Leaf(_), Self::Empty)
                );
                (!lonely).then(|| Self::branch(left, right))
            }
            STUB => Some(Self::Stub(Arc::new(reader.array().ok()?))),
            _ => None,
        }
    }
}

impl Leaf {
    fn hash(&self) -> Hash {
        let Self { position, state } = self;
        let label = labels::DIRECTORY_LEAF.as_bytes();
        sha256(&[label, &position.0, &state.revision.to_be_bytes(), &state.chain.0])
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let Self { position, state } = self;
        bytes.push(LEAF);
        bytes.extend_from_slice(&position.0);
        bytes.extend_from_slice(&state.revision.to_be_bytes());
        bytes.extend_from_slice(&state.chain.0);
    }
}

impl Branch {
    fn towards(&self, position: &Position, depth: usize) -> &Node {
        if position.turns_right(depth) { &self.right } else { &self.left }
    }
}

const EMPTY: u8 = 0;
const LEAF: u8 = 1;
const BRANCH: u8 = 2;
const STUB: u8 = 3;
