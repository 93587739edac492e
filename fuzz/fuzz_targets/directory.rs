//! What a server says of its directory of keys: contents, places, trees, audits. What decodes must encode to the same bytes; nothing
//! that the fuzzer makes up is a proof.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sotto_crypto::directory::{Content, DirectorySigner, Head, Shown, Tree, audit, position};
use sotto_crypto::secret::Secret;
use sotto_fuzz as _;
use sotto_proto::AccountId;

fuzz_target!(|bytes: &[u8]| {
    let signer = DirectorySigner::derive(&Secret::fill(|secret| *secret = [7; 32]));
    let (keys, account) = (signer.public(), AccountId::from_bytes([1; 16]));
    if let Ok(content) = Content::decode(bytes) {
        assert_eq!(content.encode(), bytes);
    }
    let _ = Content::of(bytes, &[bytes], &[bytes]);
    if let Ok(tree) = Tree::decode(bytes) {
        let _ = tree.get(&signer.place(account).0);
    }
    let head = Head { epoch: 1, time_ms: 0, tree_root: [1; 32], log_root: [0; 32] };
    assert!(audit::verify(None, &head, bytes).is_err());
    let (place, proof) = signer.place(account);
    assert!(Shown::verify(&head, bytes).is_err());
    let empty = Head { tree_root: [0; 32], ..head };
    if let Ok(shown) = Shown::verify(&empty, &[0]) {
        assert_eq!(shown.standing(keys, account, &proof), Ok(None));
        let _ = shown.standing(keys, account, bytes);
    }
    if let Ok(proved) = keys.verify_position(account, bytes) {
        assert_eq!(proved, place);
    }
    if let Some((key, proof)) = bytes.split_first_chunk() {
        let _ = position::verify(key, account, proof);
    }
});
