//! What turns one head into the next, for whoever wants to see that nothing was taken back.
//!
//! An audit shows the part of the tree before that changed, and what was added to which chain. It tells neither whose chains these
//! are nor what the keys are.

use std::collections::BTreeMap;

use sotto_proto::limits;

use super::{DirectoryError, EntryDigest, Head, Position, State, Tree};
use crate::codec::Reader;

/// What was added to one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Version of the account's keys afterwards.
    pub revision: u64,
    /// Its new links, oldest first; at least one.
    pub digests: Vec<EntryDigest>,
}

/// The tree with chains grown.
pub fn grow(tree: &Tree, growths: &BTreeMap<Position, Growth>) -> Result<Tree, DirectoryError> {
    let mut states = BTreeMap::new();
    for (position, growth) in growths {
        let count = u64::try_from(growth.digests.len()).unwrap_or(u64::MAX);
        let base = growth.revision.checked_sub(count).filter(|_| count > 0).ok_or(DirectoryError::BrokenChain)?;
        let before = tree.get(position)?.unwrap_or(State::before(base.saturating_add(1)));
        if before.revision != base {
            return Err(DirectoryError::BrokenChain);
        }
        states.insert(*position, before.extended_by_all(&growth.digests));
    }
    tree.with(&states)
}

/// Encodes the audit of the step that begins at `tree`.
pub fn encode(tree: &Tree, growths: &BTreeMap<Position, Growth>) -> Vec<u8> {
    let positions: Vec<Position> = growths.keys().copied().collect();
    let mut bytes = len(positions.len());
    for (position, growth) in growths {
        bytes.extend_from_slice(&position.0);
        bytes.extend_from_slice(&growth.revision.to_be_bytes());
        bytes.extend_from_slice(&len(growth.digests.len()));
        for digest in &growth.digests {
            bytes.extend_from_slice(&digest.0);
        }
    }
    bytes.extend_from_slice(&tree.encode_for(&positions));
    bytes
}

/// Checks that one head goes on from the one before it, and returns how many chains grew. `None` stands for the time before the
/// first head.
pub fn verify(before: Option<&Head>, after: &Head, audit: &[u8]) -> Result<usize, DirectoryError> {
    let (epoch, time, root) = before.map_or((0, 0, Tree::default().root()), |h| (h.epoch, h.time_ms, h.tree_root));
    if after.epoch != epoch + 1 || after.time_ms < time {
        return Err(DirectoryError::WentBack);
    }
    let (growths, tree) = decode(audit)?;
    if tree.root() != root || grow(&tree, &growths)?.root() != after.tree_root {
        return Err(DirectoryError::WrongTree);
    }
    Ok(growths.len())
}

fn decode(audit: &[u8]) -> Result<(BTreeMap<Position, Growth>, Tree), DirectoryError> {
    let mut reader = Reader::new(audit);
    let growths = read(&mut reader).ok_or(DirectoryError::Malformed)?;
    Ok((growths, Tree::decode(reader.rest())?))
}

fn read(reader: &mut Reader<'_>) -> Option<BTreeMap<Position, Growth>> {
    let count = count(reader)?;
    let mut growths = BTreeMap::new();
    for _ in 0..count {
        let position = Position(reader.array().ok()?);
        let revision = reader.u64().ok()?;
        let links = self::count(reader)?;
        let digests = (0..links).map(|_| reader.array().ok().map(EntryDigest)).collect::<Option<_>>()?;
        growths.insert(position, Growth { revision, digests });
    }
    // One place twice would let one growth hide another.
    (growths.len() == count).then_some(growths)
}

fn count(reader: &mut Reader<'_>) -> Option<usize> {
    let count = usize::try_from(reader.u32().ok()?).ok()?;
    (count <= limits::DIRECTORY_CHANGES_MAX).then_some(count)
}

fn len(count: usize) -> Vec<u8> {
    u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes().to_vec()
}
