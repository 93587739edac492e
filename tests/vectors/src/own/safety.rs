use serde::Deserialize;
use sotto_crypto::identity::IdentityPublicKey;
use sotto_crypto::safety::{Party, SafetyNumber, Verdict, judge_qr_text, qr_text};
use sotto_proto::AccountId;

use crate::fixture::{Checked, Hex, ensure, vectors};

#[derive(Deserialize)]
struct Vector {
    mine: Hex,
    theirs: Hex,
    digits: String,
    words: String,
    qr: String,
}

pub(crate) fn check() -> Checked {
    let vectors: Vec<Vector> = vectors(include_str!("../../sotto-safety.json"))?;
    for (number, vector) in vectors.iter().enumerate() {
        let (me, contact) = (party(&vector.mine)?, party(&vector.theirs)?);
        for safety in [SafetyNumber::between(&me, &contact), SafetyNumber::between(&contact, &me)] {
            ensure!(safety.digits() == vector.digits, "vector {number}: digits");
            ensure!(safety.words().join(" ") == vector.words, "vector {number}: words");
        }
        ensure!(qr_text(&me, &contact) == vector.qr, "vector {number}: QR text");
        ensure!(judge_qr_text(&vector.qr, &contact, &me)? == Verdict::Verified, "vector {number}: scanning");
    }
    Ok(vectors.len())
}

fn party(bytes: &Hex) -> Result<Party, Box<dyn std::error::Error>> {
    let bytes: [u8; 48] = bytes.array()?;
    let (account, identity) = bytes.split_first_chunk().ok_or("too short")?;
    Ok(Party {
        account: AccountId::from_bytes(*account),
        identity: IdentityPublicKey::from_bytes(identity.try_into()?)?,
    })
}
