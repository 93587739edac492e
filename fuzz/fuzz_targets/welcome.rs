//! Welcomes, and commits that add, as the server takes them apart to deliver to each device what is for it. The first byte says
//! which.
//!
//! Held: the parts of a Welcome are Welcomes for the same key packages in the same order, and a part is its own only part. Whoever
//! adds splits her own Welcome, not a stranger's, so that only few parts are tried: each repeats the group info.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mls_rs::MlsMessage;
use sotto_crypto::mls::welcome::{additions, reference_of, split};
use sotto_fuzz as _;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    if which & 1 == 0 {
        take_apart(bytes);
    } else {
        let _ = additions(bytes);
    }
});

fn take_apart(welcome: &[u8]) {
    let only = reference_of(welcome).ok();
    let Ok(message) = MlsMessage::from_bytes(welcome) else {
        assert_eq!(only, None);
        return;
    };
    let references: Vec<_> = message.welcome_key_package_references().iter().map(|name| name.to_vec()).collect();
    if references.is_empty() || references.len() > FEW {
        return;
    }
    let parts = split(welcome).expect("a Welcome, as the group library reads it");
    let found: Vec<_> = parts.iter().map(|part| reference_of(part).ok()).collect();
    let expected: Vec<_> = references.iter().map(|name| name.as_slice().try_into().ok()).collect();
    assert_eq!(found, expected);
    assert!(parts.iter().all(|part| split(part).is_ok_and(|again| again == [part.as_slice()])));
    assert_eq!(only, if let [only] = found[..] { only } else { None });
}

const FEW: usize = 8;
