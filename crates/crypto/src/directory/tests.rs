//! Alice, Bob and an auditor look at a directory that is honest, and at one that is not.

use std::collections::BTreeMap;

use super::audit::{self, Growth};
use super::*;
use crate::secret::Secret;

/// A server's directory with its whole past in memory.
struct Server {
    signer: DirectorySigner,
    trees: Vec<Tree>,
    heads: Vec<Head>,
    audits: Vec<Vec<u8>>,
    nodes: BTreeMap<log::Node, Hash>,
    log: log::Growing,
}

impl Server {
    fn new() -> Self {
        let signer = DirectorySigner::derive(&Secret::copy_from(&[5; 32]).unwrap());
        let (nodes, log) = (BTreeMap::new(), log::Growing::default());
        Self { signer, trees: vec![Tree::default()], heads: vec![], audits: vec![], nodes, log }
    }

    fn publish(&mut self, news: &[(AccountId, u64, EntryDigest)]) -> Head {
        let mut growths: BTreeMap<Position, Growth> = BTreeMap::new();
        for (account, revision, digest) in news {
            let growth = growths
                .entry(self.signer.place(*account).0)
                .or_insert(Growth { revision: *revision, digests: Vec::new() });
            growth.revision = *revision;
            growth.digests.push(*digest);
        }
        let before = self.trees.last().unwrap();
        let after = audit::grow(before, &growths).unwrap();
        let audit = audit::encode(before, &growths);
        self.audits.push(audit);
        self.push(after)
    }

    /// A head over a tree, whatever came before.
    fn push(&mut self, tree: Tree) -> Head {
        let index = self.heads.len() as u64;
        let left: Vec<Hash> = log::cover(0, index).iter().map(|node| self.nodes[node]).collect();
        assert_eq!(log::fold(&left), self.log.root());
        let head = Head { epoch: index + 1, time_ms: index, tree_root: tree.root(), log_root: self.log.root() };
        self.nodes.extend(self.log.push(head.hash()));
        self.trees.push(tree);
        self.heads.push(head);
        head
    }

    fn prove(&self, from: u64, to: u64) -> Vec<Hash> {
        let root = |(start, end): &(u64, u64)| {
            log::fold(&log::cover(*start, *end).iter().map(|node| self.nodes[node]).collect::<Vec<_>>())
        };
        log::inclusion(from - 1, to - 1).iter().map(root).collect()
    }

    fn show(&self, account: AccountId) -> Result<Option<State>, DirectoryError> {
        let (place, proof) = self.signer.place(account);
        let tree = self.trees.last().unwrap().encode_for(&[place]);
        Shown::verify(self.heads.last().unwrap(), &tree)?.standing(self.signer.public(), account, &proof)
    }
}

fn account(number: u32) -> AccountId {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    AccountId::from_bytes(bytes)
}

fn digest(account: AccountId, revision: u64) -> EntryDigest {
    EntryDigest::of(account, revision, b"keys")
}

fn first(number: u32) -> (AccountId, u64, EntryDigest) {
    (account(number), 1, digest(account(number), 1))
}

#[test]
fn everybody_is_shown_where_their_chain_stands_and_strangers_are_shown_to_be_none() {
    let mut server = Server::new();
    server.publish(&(0..50).map(first).collect::<Vec<_>>());
    let alice = account(7);
    server.publish(&[(alice, 2, digest(alice, 2)), (alice, 3, digest(alice, 3))]);
    let state = server.show(alice).unwrap().unwrap();
    let links = [1, 2, 3].map(|revision| digest(alice, revision));
    assert_eq!(state, State::before(1).extended_by_all(&links));
    assert_eq!(state.revision, 3);
    assert_eq!(server.show(account(99)), Ok(None));
}

#[test]
fn a_proof_of_another_account_or_another_tree_is_refused() {
    let mut server = Server::new();
    let old = server.publish(&(0..9).map(first).collect::<Vec<_>>());
    let head = server.publish(&[first(9)]);
    let (alice, bob) = (account(1), account(2));
    let ((place, proof), (bobs, _)) = (server.signer.place(alice), server.signer.place(bob));
    let tree = server.trees.last().unwrap();
    let keys = server.signer.public();
    let check = |head, who, tree: &[u8]| Shown::verify(head, tree)?.standing(keys, who, &proof);
    check(&head, alice, &tree.encode_for(&[place])).unwrap().unwrap();
    assert_eq!(check(&head, bob, &tree.encode_for(&[bobs])), Err(DirectoryError::BadPosition));
    assert_eq!(check(&head, alice, &tree.encode_for(&[bobs])), Err(DirectoryError::LeftOut));
    assert_eq!(check(&old, alice, &tree.encode_for(&[place])), Err(DirectoryError::WrongTree));
    let shown = tree.encode_for(&[place]);
    for at in 0..shown.len() {
        let mut damaged = shown.clone();
        damaged[at] ^= 1;
        check(&head, alice, &damaged).unwrap_err();
    }
    for end in 0..shown.len() {
        assert_eq!(check(&head, alice, &shown[..end]), Err(DirectoryError::Malformed));
    }
}

#[test]
fn a_head_goes_on_from_each_one_before_it_and_a_fork_does_not_s24_s25() {
    let mut server = Server::new();
    let mut other = Server::new();
    for number in 0..40 {
        server.publish(&[first(number)]);
        other.publish(&[first(if number == 20 { 1000 } else { number })]);
    }
    let newest = server.heads[39];
    for head in &server.heads {
        let proof = server.prove(head.epoch, 40);
        newest.goes_on_from(head.epoch, &head.hash(), &proof).unwrap();
        let fork = &other.heads[usize::try_from(head.epoch).unwrap() - 1];
        let compared = newest.goes_on_from(head.epoch, &fork.hash(), &proof);
        assert_eq!(compared.is_ok(), head.epoch <= 20, "epoch {}", head.epoch);
    }
    assert_eq!(server.heads[10].goes_on_from(40, &newest.hash(), &[]), Err(DirectoryError::WentBack));
    assert_eq!(newest.goes_on_from(3, &server.heads[2].hash(), &[]), Err(DirectoryError::Forked));
    assert_eq!(newest.goes_on_from(0, &[0; 32], &[]), Err(DirectoryError::WentBack));
    let endless = Head { epoch: u64::MAX, ..newest };
    assert_eq!(endless.goes_on_from(1, &newest.hash(), &[]), Err(DirectoryError::Forked));
}

#[test]
fn an_auditor_follows_every_step_and_notices_what_is_taken_back_s26() {
    let mut server = Server::new();
    server.publish(&(0..20).map(first).collect::<Vec<_>>());
    let alice = account(3);
    server.publish(&[(alice, 2, digest(alice, 2))]);
    server.publish(&[(alice, 3, digest(alice, 3)), first(30)]);
    let mut before = None;
    for (head, audit) in server.heads.iter().zip(&server.audits) {
        audit::verify(before.as_ref(), head, audit).unwrap();
        before = Some(*head);
    }
    // The key that was there for a moment is gone again, as if it had never been.
    let swapped = server.trees[1].clone();
    let honest = server.audits[1].clone();
    let head = server.push(swapped);
    assert_eq!(audit::verify(before.as_ref(), &head, &honest), Err(DirectoryError::WrongTree));
    let place = server.signer.place(alice).0;
    let back = BTreeMap::from([(place, Growth { revision: 2, digests: vec![digest(alice, 2)] })]);
    let tree = server.trees[3].clone();
    assert_eq!(audit::grow(&tree, &back).unwrap_err(), DirectoryError::BrokenChain);
    assert_eq!(audit::verify(before.as_ref(), &head, &audit::encode(&tree, &back)), Err(DirectoryError::BrokenChain));
    assert_eq!(audit::verify(None, &head, &honest), Err(DirectoryError::WentBack));
}

#[test]
fn one_set_of_leaves_has_one_tree_in_whatever_order_it_grew() {
    let mut together = Server::new();
    together.publish(&(0..200).map(first).collect::<Vec<_>>());
    let mut apart = Server::new();
    for number in (0..200).rev() {
        apart.publish(&[first(number)]);
    }
    assert_eq!(together.trees.last().unwrap().root(), apart.trees.last().unwrap().root());
}

#[test]
fn heads_and_promises_are_the_servers_own() {
    let server = Server::new();
    let mallory = DirectorySigner::derive(&Secret::copy_from(&[6; 32]).unwrap());
    let head = Head { epoch: 1, time_ms: 2, tree_root: [3; 32], log_root: [4; 32] };
    let promise = Promise { account: account(1), revision: 2, entry: digest(account(1), 2), due_ms: 3 };
    let keys = server.signer.public();
    assert_eq!(keys.verify_head(&server.signer.sign_head(head)), Ok(head));
    assert_eq!(keys.verify_promise(&server.signer.sign_promise(promise)), Ok(promise));
    assert_eq!(keys.verify_head(&mallory.sign_head(head)), Err(DirectoryError::BadSignature));
    assert_eq!(keys.verify_promise(&mallory.sign_promise(promise)), Err(DirectoryError::BadSignature));
    let altered = SignedHead { head: Head { epoch: 2, ..head }, ..server.signer.sign_head(head) };
    assert_eq!(keys.verify_head(&altered), Err(DirectoryError::BadSignature));
}

#[test]
fn contents_have_one_encoding() {
    let keys = Content::of(&[7; 32], &[b"phone".to_vec(), b"laptop".to_vec()], &[b"lost".to_vec()]).unwrap();
    let swapped = Content::of(&[7; 32], &[b"laptop".to_vec(), b"phone".to_vec()], &[b"lost".to_vec()]).unwrap();
    assert_eq!(keys.encode(), swapped.encode());
    for content in [keys.clone(), Content::of::<Vec<u8>>(&[], &[], &[]).unwrap()] {
        let bytes = content.encode();
        assert_eq!(Content::decode(&bytes), Ok(content));
        assert_eq!(Content::decode(&bytes[..bytes.len() - 1]), Err(DirectoryError::Malformed));
        assert_eq!(Content::decode(&[&bytes[..], &[0]].concat()), Err(DirectoryError::Malformed));
    }
    assert_eq!(Content::of::<Vec<u8>>(&[7; 31], &[], &[]), Err(DirectoryError::Malformed));
    let mut disordered = keys.encode();
    let (first, second) = (35..67, 67..99);
    let copy = disordered[first.clone()].to_vec();
    disordered.copy_within(second, 35);
    disordered[67..99].copy_from_slice(&copy);
    assert_eq!(Content::decode(&disordered), Err(DirectoryError::Malformed));
}

#[test]
fn a_proof_is_small_and_all_places_share_it() {
    let mut server = Server::new();
    let leaves: BTreeMap<Position, State> = (0..4_096_u32)
        .map(|number| (Position(crate::primitives::sha256(&[&number.to_be_bytes()])), State::before(1)))
        .collect();
    let tree = Tree::default().with(&leaves).unwrap();
    server.push(tree.clone());
    let places: Vec<Position> = leaves.keys().copied().collect();
    assert!(tree.encode_for(&places[..1]).len() < 1_000);
    let hundred = tree.encode_for(&places[..100]);
    let shown = Tree::decode(&hundred).unwrap();
    assert_eq!(shown.root(), tree.root());
    assert!(places[..100].iter().all(|place| shown.get(place).unwrap().is_some()));
    assert_eq!(shown.get(&places[2_000]), Err(DirectoryError::LeftOut));
}
