//! The formulas of RFC 9420 §5 and §8, written down from the text on top of the provider.

use mls_rs::CipherSuiteProvider;
use mls_rs::crypto::{HpkeCiphertext, HpkePublicKey, HpkeSecretKey, SignaturePublicKey, SignatureSecretKey};
use serde::Deserialize;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::provider::{MlsCrypto, ProviderError, Randomness, SuiteCrypto};

use super::{Failure, cases, same, vectors};
use crate::fixture::{Checked, Hex, Replay, ensure};

pub(super) const HASH: usize = 32;

pub(super) fn suite() -> SuiteCrypto {
    MlsCrypto::default().suite(Suite::Classical)
}

/// `opaque value<V>` (§2.1.2).
pub(super) fn opaque(value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).expect("vectors are short");
    let prefix = match length.to_be_bytes() {
        [0, 0, 0, short @ 0..64] => vec![short],
        [0, 0, high @ 0..64, low] => vec![0x40 | high, low],
        [first, rest @ ..] => [&[0x80 | first][..], &rest].concat(),
    };
    [prefix.as_slice(), value].concat()
}

/// `label` and a value, as in `SignContent` and `EncryptContext` (§5.1.2, §5.1.3).
fn labelled(label: &str, value: &[u8]) -> Vec<u8> {
    [opaque(format!("MLS 1.0 {label}").as_bytes()), opaque(value)].concat()
}

/// `ExpandWithLabel` (§8).
pub(super) fn expand(secret: &[u8], label: &str, context: &[u8], length: usize) -> Result<Vec<u8>, ProviderError> {
    let short = u16::try_from(length).map_err(|_| ProviderError::BadLength)?;
    let info = [&short.to_be_bytes()[..], &labelled(label, context)].concat();
    suite().kdf_expand(secret, &info, length).map(|output| output.to_vec())
}

/// `DeriveSecret` (§8).
pub(super) fn derive(secret: &[u8], label: &str) -> Result<Vec<u8>, ProviderError> {
    expand(secret, label, b"", HASH)
}

/// `DeriveTreeSecret` (§9).
pub(super) fn derive_tree(
    secret: &[u8],
    label: &str,
    generation: u32,
    length: usize,
) -> Result<Vec<u8>, ProviderError> {
    expand(secret, label, &generation.to_be_bytes(), length)
}

/// `KDF.Extract`.
pub(super) fn extract(salt: &[u8], input: &[u8]) -> Result<Vec<u8>, ProviderError> {
    suite().kdf_extract(salt, input).map(|output| output.to_vec())
}

/// `VerifyWithLabel` (§5.1.2).
pub(super) fn verify(key: &[u8], label: &str, content: &[u8], signature: &[u8]) -> Result<(), ProviderError> {
    suite().verify(&SignaturePublicKey::new_slice(key), signature, &labelled(label, content))
}

#[derive(Deserialize)]
struct Basics {
    ref_hash: RefHash,
    expand_with_label: Expand,
    derive_secret: Derive,
    derive_tree_secret: DeriveTree,
    sign_with_label: Sign,
    encrypt_with_label: Encrypt,
}

#[derive(Deserialize)]
struct RefHash {
    label: String,
    value: Hex,
    out: Hex,
}

#[derive(Deserialize)]
struct Expand {
    secret: Hex,
    label: String,
    context: Hex,
    length: usize,
    out: Hex,
}

#[derive(Deserialize)]
struct Derive {
    secret: Hex,
    label: String,
    out: Hex,
}

#[derive(Deserialize)]
struct DeriveTree {
    secret: Hex,
    label: String,
    generation: u32,
    length: usize,
    out: Hex,
}

#[derive(Deserialize)]
struct Sign {
    #[serde(rename = "priv")]
    private: Hex,
    #[serde(rename = "pub")]
    public: Hex,
    content: Hex,
    label: String,
    signature: Hex,
}

#[derive(Deserialize)]
struct Encrypt {
    #[serde(rename = "priv")]
    private: Hex,
    #[serde(rename = "pub")]
    public: Hex,
    label: String,
    context: Hex,
    plaintext: Hex,
    kem_output: Hex,
    ciphertext: Hex,
}

pub(crate) fn crypto_basics() -> Checked {
    let cases = cases::<Basics>(vectors!("crypto-basics"))?;
    for case in &cases {
        let it = &case.ref_hash;
        same("RefHash", &suite().hash(&[opaque(it.label.as_bytes()), opaque(&it.value)].concat())?, &it.out)?;
        let it = &case.expand_with_label;
        same("ExpandWithLabel", &expand(&it.secret, &it.label, &it.context, it.length)?, &it.out)?;
        let it = &case.derive_secret;
        same("DeriveSecret", &derive(&it.secret, &it.label)?, &it.out)?;
        let it = &case.derive_tree_secret;
        same("DeriveTreeSecret", &derive_tree(&it.secret, &it.label, it.generation, it.length)?, &it.out)?;
        check_signature(&case.sign_with_label)?;
        check_encryption(&case.encrypt_with_label)?;
    }
    Ok(cases.len())
}

fn check_signature(it: &Sign) -> Result<(), Failure> {
    verify(&it.public, &it.label, &it.content, &it.signature)?;
    let secret = SignatureSecretKey::new_slice(&it.private);
    same("public key", suite().signature_key_derive_public(&secret)?.as_bytes(), &it.public)?;
    // Ed25519 is deterministic.
    same("SignWithLabel", &suite().sign(&secret, &labelled(&it.label, &it.content))?, &it.signature)
}

fn check_encryption(it: &Encrypt) -> Result<(), Failure> {
    let (secret, public) = (HpkeSecretKey::from(it.private.to_vec()), HpkePublicKey::from(it.public.to_vec()));
    let info = labelled(&it.label, &it.context);
    let open = |sealed| suite().hpke_open(sealed, &secret, &public, &info, None);
    let sealed = HpkeCiphertext { kem_output: it.kem_output.to_vec(), ciphertext: it.ciphertext.to_vec() };
    same("DecryptWithLabel", &open(&sealed)?, &it.plaintext)?;

    let randomness = Randomness::default();
    let sealing = MlsCrypto::new(randomness.clone()).suite(Suite::Classical);
    let mut seed = Replay::of(&[&it.private]);
    let again = randomness.lend(&mut seed, || sealing.hpke_seal(&public, &info, None, &it.plaintext))?;
    ensure!(again.kem_output != sealed.kem_output, "the ephemeral key is our own");
    same("EncryptWithLabel", &open(&again)?, &it.plaintext)
}
