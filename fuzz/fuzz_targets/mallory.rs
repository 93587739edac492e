//! An admin on the bare library commits any row of proposals: every signature and tag is right, only the content is hostile.
//! The input is the proposals as in a commit (RFC 9420 §12.4), one after the other.
//!
//! Held: the server and the members decide alike.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mls_rs::group::proposal::Proposal;
use mls_rs::mls_rs_codec::MlsDecode;
use sotto_fuzz::village::in_the_village;

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let mut proposals = Vec::new();
    while !rest.is_empty() {
        let Ok(proposal) = Proposal::mls_decode(&mut rest) else { return };
        proposals.push(proposal);
    }
    in_the_village(|village| {
        let Ok(commit) = village.mallory.borrow_mut().commit(|commit| commit.raw_proposals(proposals)) else { return };
        let verdicts = village.calm.judge(&commit);
        assert_eq!(verdicts.members, [verdicts.server; 2]);
    });
});
