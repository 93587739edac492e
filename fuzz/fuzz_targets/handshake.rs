//! Handshakes from anybody, before the server and two members at once. The first byte says whether the forger renews the
//! signatures, as a hostile member, joiner or server could, and whether a removal is pending.
//!
//! Held: no panic, a refusal changes no byte of a member's state, and no member accepts what the server refuses or sees
//! something else happen.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sotto_fuzz::village::in_the_village;

fuzz_target!(|bytes: &[u8]| {
    let Some((how, message)) = bytes.split_first() else { return };
    in_the_village(|village| {
        let scene = if how & 2 == 0 { &village.calm } else { &village.revoked };
        let mended = if how & 1 == 0 { None } else { village.keys.mend(message) };
        scene.judge(mended.as_deref().unwrap_or(message));
    });
});
