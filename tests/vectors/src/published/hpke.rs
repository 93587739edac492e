//! HPKE (RFC 9180) and X-Wing, on the crates below the MLS provider.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::{X25519HkdfSha256, XWing};
use hpke::{Deserializable, Kem, OpModeR, Serializable, setup_receiver};
use serde::Deserialize;
use x_wing::{Decapsulate, DecapsulationKey, Decapsulator, KeyExport};

use crate::fixture::{Checked, Hex, ensure, vectors};

#[derive(Deserialize)]
#[allow(non_snake_case, reason = "the names of RFC 9180")]
struct HpkeVector {
    ikmR: Hex,
    skRm: Hex,
    pkRm: Hex,
    enc: Hex,
    info: Hex,
    encryptions: Vec<Encryption>,
    exports: Vec<Export>,
}

#[derive(Deserialize)]
struct Encryption {
    aad: Hex,
    pt: Hex,
    ct: Hex,
}

#[derive(Deserialize)]
struct Export {
    exporter_context: Hex,
    exported_value: Hex,
}

/// The receiver's side, which is deterministic; every vector fixes the sender's side by it.
pub(crate) fn rfc9180() -> Checked {
    check::<X25519HkdfSha256>(&vectors::<Vec<HpkeVector>>(include_str!("../../rfc9180.json"))?)
}

/// The same for X-Wing, `DeriveKeyPair` included.
pub(crate) fn xwing_hpke() -> Checked {
    check::<XWing>(&vectors::<Vec<HpkeVector>>(include_str!("../../xwing-hpke.json"))?)
}

fn check<K: Kem>(vectors: &[HpkeVector]) -> Checked {
    for vector in vectors {
        let (secret, public) = K::derive_keypair(&vector.ikmR.0);
        // Not `secret` itself: the crate clamps what RFC 9180 prints unclamped, and the two are the same key.
        let printed = K::PrivateKey::from_bytes(&vector.skRm.0)?;
        ensure!(K::sk_to_pk(&printed).to_bytes().as_slice() == vector.pkRm.0, "skRm");
        ensure!(public.to_bytes().as_slice() == vector.pkRm.0, "pkRm");
        let enc = K::EncappedKey::from_bytes(&vector.enc.0)?;
        let receiver = setup_receiver::<ChaCha20Poly1305, HkdfSha256, K>(&OpModeR::Base, &secret, &enc, &vector.info.0);
        let mut receiver = receiver?;
        for encryption in &vector.encryptions {
            ensure!(receiver.open(&encryption.ct.0, &encryption.aad.0)? == encryption.pt.0, "plaintext");
        }
        for export in &vector.exports {
            let mut value = vec![0; export.exported_value.0.len()];
            receiver.export(&export.exporter_context.0, &mut value)?;
            ensure!(value == export.exported_value.0, "export");
        }
    }
    Ok(vectors.len())
}

#[derive(Deserialize)]
struct XWingVector {
    eseed: Hex,
    ss: Hex,
    sk: Hex,
    pk: Hex,
    ct: Hex,
}

/// Key generation, encapsulation with the given seed, and decapsulation.
pub(crate) fn xwing() -> Checked {
    let vectors: Vec<XWingVector> = vectors(include_str!("../../xwing.json"))?;
    for (number, vector) in vectors.iter().enumerate() {
        let key = DecapsulationKey::from(vector.sk.array::<32>()?);
        let public = key.encapsulation_key();
        ensure!(public.to_bytes().as_slice() == vector.pk.0, "vector {number}: pk");
        let (ciphertext, shared) = public.encapsulate_deterministic((&vector.eseed.array::<64>()?).into());
        ensure!(ciphertext.as_slice() == vector.ct.0, "vector {number}: ct");
        ensure!(shared.as_slice() == vector.ss.0, "vector {number}: ss");
        ensure!(key.decapsulate(&ciphertext).as_slice() == vector.ss.0, "vector {number}: decapsulation");
    }
    Ok(vectors.len())
}
