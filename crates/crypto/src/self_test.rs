//! Known answers for the four primitives that everything rests on, quick enough to run whenever a program starts.
//!
//! A compiler or a runtime that miscompiles one of them would otherwise be noticed only when nobody else can read a message.

use data_encoding::HEXLOWER;

use crate::primitives::{AeadKey, Signature, SigningKey, VerifyingKey, X25519PublicKey, X25519SecretKey, hkdf};
use crate::secret::Secret;

/// The outcome for one primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrimitiveCheck {
    /// Which primitive.
    pub name: &'static str,
    /// Whether it gave the known answer.
    pub passed: bool,
}

/// Runs every primitive against a known answer, and lets it refuse one wrong input.
pub fn run() -> [PrimitiveCheck; 4] {
    [
        PrimitiveCheck { name: "x25519", passed: x25519(X25519_SHARED) },
        PrimitiveCheck { name: "ed25519", passed: ed25519(ED25519_SIGNATURE) == Some(true) },
        PrimitiveCheck { name: "chacha20-poly1305", passed: chacha20_poly1305(CHACHA20_POLY1305_SEALED) == Some(true) },
        PrimitiveCheck { name: "hkdf-sha256", passed: hkdf_sha256(HKDF_SHA256_OUTPUT) },
    ]
}

/// RFC 7748 §6.1.
fn x25519(expected: &str) -> bool {
    let bob = X25519SecretKey::from_secret(secret("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    let alice = unhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    let shared = X25519PublicKey::from_bytes(alice).and_then(|alice| bob.diffie_hellman(&alice));
    let public = unhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    let holds = [
        bob.public_key().to_bytes() == public,
        shared == Ok(secret(expected)),
        X25519PublicKey::from_bytes([0; 32]).is_err(),
    ];
    holds == [true; 3]
}

/// RFC 8032 §7.1, test 2.
fn ed25519(expected: &str) -> Option<bool> {
    let key = SigningKey::from_seed(&secret("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
    let public = VerifyingKey::from_bytes(&unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
    let (public, signature) = (public.ok()?, Signature::from_bytes(unhex(expected)));
    let holds = [
        key.verifying_key() == public,
        key.sign_as_it_is(&[0x72]) == signature,
        public.verify_as_it_is(&[0x72], &signature).is_ok(),
        public.verify_as_it_is(&[0x73], &signature).is_err(),
    ];
    Some(holds == [true; 4])
}

/// RFC 8439 §2.8.2.
fn chacha20_poly1305(expected: &str) -> Option<bool> {
    const PLAINTEXT: &[u8] =
        b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                               sunscreen would be it.";
    let key = AeadKey::from_secret(secret("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
    let nonce = unhex("070000004041424344454647");
    let (associated_data, expected) = (unhex::<12>("50515253c0c1c2c3c4c5c6c7"), unhex::<130>(expected));
    let sealed = key.seal_with_nonce(&nonce, &associated_data, PLAINTEXT).ok()?;
    let opened = key.open_with_nonce(&nonce, &associated_data, &sealed).ok()?;
    let forged = key.open_with_nonce(&nonce, b"", &sealed);
    Some([sealed == expected, opened.expose_secret() == PLAINTEXT, forged.is_err()] == [true; 3])
}

/// RFC 5869 §A.1.
fn hkdf_sha256(expected: &str) -> bool {
    let (salt, info) = (unhex::<13>("000102030405060708090a0b0c"), unhex::<10>("f0f1f2f3f4f5f6f7f8f9"));
    hkdf::<42>(&salt, &[0x0b; 22], &[&info]) == Secret::fill(|bytes| *bytes = unhex(expected))
}

fn secret(hex: &str) -> Secret<32> {
    Secret::fill(|bytes| *bytes = unhex(hex))
}

fn unhex<const N: usize>(hex: &str) -> [u8; N] {
    let bytes = HEXLOWER.decode(hex.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.expect("what is in this file is written in hexadecimal digits, in the right number")
}

const X25519_SHARED: &str = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
const ED25519_SIGNATURE: &str = concat!(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
);
const CHACHA20_POLY1305_SEALED: &str = concat!(
    "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6",
    "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36",
    "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc",
    "3ff4def08e4b7a9de576d26586cec64b6116",
    "1ae10b594f09e26a7e902ecbd0600691",
);
const HKDF_SHA256_OUTPUT: &str = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_primitive_gives_the_known_answer() {
        for check in run() {
            assert!(check.passed, "{}", check.name);
        }
    }

    /// A wrong answer to be compared with is as good as a primitive that gives one.
    #[test]
    fn another_answer_fails() {
        let other = |known: &str| known.replacen('4', "5", 1);
        assert!(!x25519(&other(X25519_SHARED)));
        assert_ne!(ed25519(&other(ED25519_SIGNATURE)), Some(true));
        assert_ne!(chacha20_poly1305(&other(CHACHA20_POLY1305_SEALED)), Some(true));
        assert!(!hkdf_sha256(&other(HKDF_SHA256_OUTPUT)));
    }
}
