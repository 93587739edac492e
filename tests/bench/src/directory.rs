//! Looking an account up in a directory of 100,000, as a client does, against the signature of the head alone.

use std::collections::BTreeMap;
use std::hint::black_box;

use sotto_crypto::directory::{Chain, DirectorySigner, Head, Position, Shown, State, Tree};
use sotto_crypto::primitives::sha256;
use sotto_crypto::secret::Secret;
use sotto_proto::AccountId;

use crate::pair::{Pair, Work};

const ACCOUNTS: u32 = 100_000;
const ALICE: AccountId = AccountId::from_bytes([1; 16]);

pub(crate) fn pairs() -> Vec<Pair> {
    vec![Pair::new("look an account up among 100,000", "check the head", looking_up(), checking_the_head())]
}

fn signer() -> DirectorySigner {
    DirectorySigner::derive(&Secret::fill(|secret| *secret = [7; 32]))
}

/// A head, and the size of what shows one account in its tree is asserted, since a phone downloads it.
fn looking_up() -> impl Work {
    let signer = signer();
    let (place, proof) = signer.place(ALICE);
    let others = (1..ACCOUNTS).map(|number| Position(sha256(&[&number.to_be_bytes()])));
    let state = State { revision: 7, chain: Chain([7; 32]) };
    let leaves: BTreeMap<Position, State> = others.chain([place]).map(|place| (place, state)).collect();
    let tree = Tree::default().with(&leaves).unwrap();
    let head = signer.sign_head(Head { epoch: 1, time_ms: 1, tree_root: tree.root(), log_root: [0; 32] });
    let shown = tree.encode_for(&[place]);
    assert!(shown.len() + proof.len() < 1_200, "{} bytes", shown.len() + proof.len());
    let keys = *signer.public();
    move || {
        let head = keys.verify_head(black_box(&head)).unwrap();
        let shown = Shown::verify(&head, black_box(&shown)).unwrap();
        assert_eq!(shown.standing(&keys, ALICE, black_box(&proof)), Ok(Some(state)));
    }
}

fn checking_the_head() -> impl Work {
    let signer = signer();
    let head = signer.sign_head(Head { epoch: 1, time_ms: 1, tree_root: [1; 32], log_root: [0; 32] });
    let keys = *signer.public();
    move || {
        black_box(keys.verify_head(black_box(&head)).unwrap());
    }
}
