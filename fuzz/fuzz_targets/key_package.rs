//! Key packages as the server hands them out; an odd first byte lets the forger renew the signatures, as their device could.
//!
//! Held: what the server takes in, a member parses alike, and a commit that adds it is judged alike by all.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sotto_crypto::mls::group::Changes;
use sotto_crypto::mls::key_package::KeyPackage;
use sotto_crypto::mls::observer::check_key_package;
use sotto_fuzz::forge::mend_key_package;
use sotto_fuzz::village::{NOW, SUITE, in_the_village};

fuzz_target!(|bytes: &[u8]| {
    let Some((how, bytes)) = bytes.split_first() else { return };
    in_the_village(|village| {
        let mended = if how & 1 == 0 { None } else { mend_key_package(bytes, &village.carol.signing_key()) };
        let bytes = mended.as_deref().unwrap_or(bytes);
        let parsed = KeyPackage::parse(bytes, NOW);
        let Ok(checked) = check_key_package(bytes, NOW) else { return };
        let parsed = parsed.expect("the server takes in what a member cannot parse");
        assert_eq!(
            (parsed.leaf(), parsed.suite(), parsed.not_after()),
            (checked.leaf(), checked.suite(), checked.not_after())
        );
        if parsed.suite() == SUITE {
            let adding = Changes::new().add_device(parsed);
            let Ok(pending) = village.calm.alice.group().commit(adding, NOW, &mut StdRng::seed_from_u64(8)) else {
                return;
            };
            assert!(village.calm.judge(&pending.commit).server, "the server refuses what a member's own client made");
        }
    });
});
