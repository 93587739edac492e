//! Public messages: form, signature and membership tag.

use mls_rs::{CipherSuiteProvider, MlsMessage};
use serde::Deserialize;

use super::formulas::{opaque, suite, verify};
use super::{Failure, cases, same, vectors};
use crate::fixture::{Checked, Hex, ensure};

const TAG: usize = 33;
const SIGNATURE: usize = 66;

#[derive(Deserialize)]
struct Messages {
    mls_welcome: Hex,
    mls_group_info: Hex,
    mls_key_package: Hex,
    public_message_proposal: Hex,
    public_message_commit: Hex,
    private_message: Hex,
}

/// Messages are read and written back byte by byte.
pub(crate) fn encodings() -> Checked {
    let cases = cases::<Messages>(vectors!("messages"))?;
    for case in &cases {
        let kinds = [
            &case.mls_welcome,
            &case.mls_group_info,
            &case.mls_key_package,
            &case.public_message_proposal,
            &case.public_message_commit,
        ];
        for bytes in kinds {
            same("written back", &MlsMessage::from_bytes(bytes)?.to_bytes()?, bytes)?;
        }
        ensure!(MlsMessage::from_bytes(&case.private_message).is_err(), "the library is built without them");
    }
    Ok(cases.len())
}

#[derive(Deserialize)]
struct Protection {
    cipher_suite: u16,
    group_id: Hex,
    epoch: u64,
    tree_hash: Hex,
    confirmed_transcript_hash: Hex,
    signature_pub: Hex,
    membership_key: Hex,
    proposal: Hex,
    proposal_pub: Hex,
    commit: Hex,
    commit_pub: Hex,
}

/// Public messages are signed and tagged (§6.1, §6.2).
pub(crate) fn protection() -> Checked {
    let cases = cases::<Protection>(vectors!("message-protection"))?;
    for case in &cases {
        check_protection(case, &case.proposal_pub, &case.proposal, 0)?;
        check_protection(case, &case.commit_pub, &case.commit, TAG)?;
    }
    Ok(cases.len())
}

fn check_protection(case: &Protection, message: &[u8], content: &[u8], confirmation: usize) -> Result<(), Failure> {
    let group_context = [
        &1_u16.to_be_bytes()[..],
        &case.cipher_suite.to_be_bytes(),
        &opaque(&case.group_id),
        &case.epoch.to_be_bytes(),
        &opaque(&case.tree_hash),
        &opaque(&case.confirmed_transcript_hash),
        &opaque(b""),
    ]
    .concat();
    MlsMessage::from_bytes(message)?;
    let (tagged, membership_tag) = message.split_at(message.len() - TAG);
    let (framed, auth) = tagged.split_at(tagged.len() - SIGNATURE - confirmation);
    ensure!(framed.ends_with(content), "content");
    let signed = [framed, &group_context].concat();
    verify(&case.signature_pub, "FramedContentTBS", &signed, &auth[2..SIGNATURE])?;
    let mac = suite().mac(&case.membership_key, &[&signed, auth].concat())?;
    same("membership tag", &opaque(&mac), membership_tag)
}
