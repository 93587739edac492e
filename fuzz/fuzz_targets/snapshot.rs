//! Stored states. A member's lies sealed, so damage cannot reach it; it must still restore or fail. The server's lies open, and
//! only what the server wrote restores.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sotto_crypto::mls::group::Group;
use sotto_crypto::mls::observer::Observer;
use sotto_crypto::secret::SecretVec;
use sotto_fuzz::village::in_the_village;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    if which & 1 == 0 {
        if let Ok(group) = Group::restore(&SecretVec::new(bytes.to_vec())) {
            let _ = group.standing();
        }
    } else if Observer::restore(bytes).is_ok() {
        in_the_village(|village| {
            let written = [&village.calm, &village.revoked].map(|scene| scene.observer.snapshot().expect("a state"));
            assert!(written.iter().any(|state| state == bytes), "the server did not write this");
        });
    }
});
