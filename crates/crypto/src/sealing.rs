//! Sealing with a fresh key each time, from a secret that may be used any number of times.
//!
//! ```text
//! key ‖ nonce ‖ commitment = HKDF-SHA256(salt, secret, label ‖ context)
//! sealed = salt ‖ commitment ‖ ChaCha20-Poly1305(key, nonce, associated data, plaintext)
//! ```
//!
//! The salt is drawn here, 16 random bytes for each message, so no caller can make a key and nonce meet twice. The commitment
//! makes the encryption key-committing, which ChaCha20-Poly1305 alone is not: nobody can craft bytes that open under two
//! secrets, and a wrong secret is told apart from damaged bytes.

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;

use crate::codec::Reader;
use crate::primitives::{AEAD_KEY_LEN, AEAD_NONCE_LEN, AEAD_TAG_LEN, AeadKey, hkdf};
use crate::secret::{Secret, SecretVec};

pub(crate) const SALT_LEN: usize = 16;
pub(crate) const COMMITMENT_LEN: usize = 32;
/// How much longer the sealed form is than the plaintext.
pub(crate) const OVERHEAD: usize = SALT_LEN + COMMITMENT_LEN + AEAD_TAG_LEN;

const KEYS_LEN: usize = AEAD_KEY_LEN + AEAD_NONCE_LEN + COMMITMENT_LEN;

/// What sealing and opening must agree on.
#[derive(Clone, Copy)]
pub(crate) struct Sealing<'a> {
    pub(crate) label: &'a str,
    pub(crate) secret: &'a [u8],
    /// Fields of fixed length that separate the keys.
    pub(crate) context: &'a [&'a [u8]],
    pub(crate) associated_data: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealingError {
    TooShort,
    WrongSecret,
    NotAuthentic,
}

impl Sealing<'_> {
    pub(crate) fn seal(&self, plaintext: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
        let mut salt = [0; SALT_LEN];
        rng.fill_bytes(&mut salt);
        let keys = self.derive_keys(&salt);
        let sealed = keys.key.seal_with_nonce(&keys.nonce, self.associated_data, plaintext);
        let sealed = sealed.expect("nothing in memory comes near the 256 GiB that the AEAD allows");
        [salt.as_slice(), &keys.commitment, &sealed].concat()
    }

    pub(crate) fn open(&self, sealed: &[u8]) -> Result<SecretVec, SealingError> {
        let mut sealed = Reader::new(sealed);
        let salt = sealed.array().map_err(|_| SealingError::TooShort)?;
        let commitment: [u8; COMMITMENT_LEN] = sealed.array().map_err(|_| SealingError::TooShort)?;
        let ciphertext = sealed.rest();
        if ciphertext.len() < AEAD_TAG_LEN {
            return Err(SealingError::TooShort);
        }
        let keys = self.derive_keys(&salt);
        if !bool::from(keys.commitment.ct_eq(&commitment)) {
            return Err(SealingError::WrongSecret);
        }
        let opened = keys.key.open_with_nonce(&keys.nonce, self.associated_data, ciphertext);
        opened.map_err(|_| SealingError::NotAuthentic)
    }

    fn derive_keys(&self, salt: &[u8; SALT_LEN]) -> Keys {
        let info = [&[self.label.as_bytes()], self.context].concat();
        Keys::split(&hkdf(salt, self.secret, &info))
    }
}

pub(crate) struct Keys {
    pub(crate) key: AeadKey,
    pub(crate) nonce: [u8; AEAD_NONCE_LEN],
    pub(crate) commitment: [u8; COMMITMENT_LEN],
}

impl Keys {
    fn split(output: &Secret<KEYS_LEN>) -> Self {
        let (key, rest) = output.expose_secret().split_at(AEAD_KEY_LEN);
        let (nonce, commitment) = rest.split_at(AEAD_NONCE_LEN);
        Self {
            key: AeadKey::from_secret(Secret::fill(|bytes| bytes.copy_from_slice(key))),
            nonce: nonce.try_into().expect("the split leaves a nonce"),
            commitment: commitment.try_into().expect("the split leaves a commitment"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    const SEALING: Sealing<'_> =
        Sealing { label: "test", secret: &[1; 32], context: &[b"context"], associated_data: b"data" };

    #[test]
    fn no_key_and_nonce_meet_twice_in_a_recorded_run_i6() {
        let mut rng = StdRng::seed_from_u64(6);
        let mut seen = HashSet::new();
        for message in 0..20_000_u32 {
            let sealed = SEALING.seal(&(message % 3).to_be_bytes(), &mut rng);
            let keys = SEALING.derive_keys(&sealed[..SALT_LEN].try_into().unwrap());
            assert!(seen.insert((*keys.key.expose_secret(), keys.nonce)));
        }
    }

    #[test]
    fn nothing_at_all_can_be_sealed() {
        let sealed = SEALING.seal(b"", &mut StdRng::seed_from_u64(1));
        assert_eq!(SEALING.open(&sealed).unwrap().expose_secret(), b"");
    }

    #[test]
    fn each_wrong_input_has_its_own_error() {
        let mut rng = StdRng::seed_from_u64(1);
        let sealed = SEALING.seal(b"hello", &mut rng);
        assert_eq!(sealed.len(), 5 + OVERHEAD);
        assert_eq!(SEALING.open(&sealed).unwrap().expose_secret(), b"hello");

        let refusals = [
            (Sealing { label: "tess", ..SEALING }, SealingError::WrongSecret),
            (Sealing { secret: &[2; 32], ..SEALING }, SealingError::WrongSecret),
            (Sealing { context: &[b"contexu"], ..SEALING }, SealingError::WrongSecret),
            (Sealing { associated_data: b"datb", ..SEALING }, SealingError::NotAuthentic),
        ];
        for (other, error) in refusals {
            assert_eq!(other.open(&sealed).unwrap_err(), error);
        }
        for short in 0..OVERHEAD {
            assert_eq!(SEALING.open(&sealed[..short]).unwrap_err(), SealingError::TooShort);
        }
    }
}
