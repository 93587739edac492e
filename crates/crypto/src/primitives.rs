//! The primitives, thin and typed. Everything else in the crate is built from these.
//!
//! Lengths are part of the types wherever a specification fixes them. What could be used wrongly is only seen with the feature
//! `hazmat`: ciphers that take a nonce, signatures without a label. Other code seals through [`event`](crate::event),
//! [`vault`](crate::vault) and [`file`](crate::file), which choose nonces themselves.

mod aead;
#[cfg(feature = "server")]
mod token;
mod x25519;

use ed25519_dalek::{
    Signature as DalekSignature, Signer, SigningKey as DalekSigningKey, VerifyingKey as DalekVerifyingKey,
};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand_core::CryptoRng;
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::secret::Secret;

#[cfg(not(feature = "hazmat"))]
pub(crate) use {
    aead::AeadKey,
    x25519::{X25519PublicKey, X25519SecretKey},
};
#[cfg(feature = "hazmat")]
pub use {
    aead::AeadKey,
    x25519::{X25519PublicKey, X25519SecretKey},
};

/// Length of a ChaCha20-Poly1305 key (RFC 8439 §2.8).
pub const AEAD_KEY_LEN: usize = 32;
/// Length of a ChaCha20-Poly1305 nonce (RFC 8439 §2.8).
pub const AEAD_NONCE_LEN: usize = 12;
/// Length of a ChaCha20-Poly1305 tag (RFC 8439 §2.8).
pub const AEAD_TAG_LEN: usize = 16;
/// Length of a SHA-256 hash.
pub const HASH_LEN: usize = 32;
/// Length of an Ed25519 signature (RFC 8032 §5.1.6).
pub const SIGNATURE_LEN: usize = 64;

/// A primitive refused its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrimitiveError {
    /// The ciphertext, its associated data, key or nonce is not what was sealed.
    #[error("the ciphertext is not authentic")]
    NotAuthentic,
    /// The plaintext is longer than ChaCha20-Poly1305 can take (256 GiB).
    #[error("the plaintext is too long for one AEAD message")]
    PlaintextTooLong,
    /// HKDF yields at most 255 blocks (RFC 5869 §2.3).
    #[error("HKDF cannot yield that many bytes")]
    OutputTooLong,
    /// The pseudorandom key is shorter than the hash (RFC 5869 §2.3).
    #[error("an HKDF pseudorandom key is at least 32 bytes long")]
    PseudorandomKeyTooShort,
    /// The bytes are not an Ed25519 public key, or one of small order.
    #[error("not an acceptable Ed25519 public key")]
    BadVerifyingKey,
    /// The signature does not belong to the message and the key.
    #[error("the signature is wrong")]
    BadSignature,
    /// The X25519 public key is of low order: the shared secret would be zero (RFC 7748 §6.1).
    #[error("the X25519 public key is of low order")]
    LowOrderPublicKey,
}

/// SHA-256 over the concatenation of `parts`.
pub fn sha256(parts: &[&[u8]]) -> [u8; HASH_LEN] {
    parts.iter().fold(Sha256::new(), Digest::chain_update).finalize().into()
}

/// SHA-512 over the concatenation of `parts`.
pub fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    parts.iter().fold(Sha512::new(), Digest::chain_update).finalize().into()
}

/// HMAC-SHA-256 (RFC 2104) over the concatenation of `parts`.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Secret<HASH_LEN> {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    let tag = parts.iter().fold(mac, Mac::chain_update).finalize();
    Secret::fill(|bytes| bytes.copy_from_slice(tag.as_bytes()))
}

/// HKDF-Extract with SHA-256 (RFC 5869 §2.2).
pub fn hkdf_extract(salt: &[u8], input: &[u8]) -> Secret<HASH_LEN> {
    hmac_sha256(salt, &[input])
}

/// HKDF-Expand with SHA-256 (RFC 5869 §2.3); `info` is the concatenation of its parts.
pub fn hkdf_expand(pseudorandom_key: &[u8], info: &[&[u8]], output: &mut [u8]) -> Result<(), PrimitiveError> {
    Hkdf::<Sha256>::from_prk(pseudorandom_key)
        .map_err(|_| PrimitiveError::PseudorandomKeyTooShort)?
        .expand_multi_info(info, output)
        .map_err(|_| PrimitiveError::OutputTooLong)
}

/// HKDF with SHA-256 (RFC 5869 §2), extract and expand, for outputs whose length is known when compiling.
pub fn hkdf<const N: usize>(salt: &[u8], input: &[u8], info: &[&[u8]]) -> Secret<N> {
    const { assert!(N <= 255 * HASH_LEN, "HKDF yields at most 255 blocks") };
    let pseudorandom_key = hkdf_extract(salt, input);
    Secret::fill(|output| {
        hkdf_expand(pseudorandom_key.expose_secret(), info, output).expect("the lengths are checked above");
    })
}

/// An Ed25519 private key (RFC 8032 §5.1.5).
pub struct SigningKey(Box<DalekSigningKey>);

impl SigningKey {
    /// Draws a new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_seed(&Secret::generate(rng))
    }

    /// The key that RFC 8032 derives from this 32-byte private key.
    pub fn from_seed(seed: &Secret<32>) -> Self {
        Self(Box::new(DalekSigningKey::from_bytes(seed.expose_secret())))
    }

    /// The 32-byte private key, to be stored sealed.
    pub fn expose_seed(&self) -> Secret<32> {
        Secret::fill(|bytes| bytes.copy_from_slice(self.0.as_bytes()))
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// Signs `label ‖ content`, which keeps signatures for different purposes apart.
    pub(crate) fn sign_labelled(&self, label: &str, content: &[u8]) -> Signature {
        self.sign_as_it_is(&labelled(label, content))
    }

    /// Signs `message` as it is, for protocols that bring their own domain separation (MLS, RFC 9420 §5.1.2).
    pub(crate) fn sign_as_it_is(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }

    /// Signs `message` as it is, without separation of domains.
    #[cfg(feature = "hazmat")]
    pub fn sign_unlabelled(&self, message: &[u8]) -> Signature {
        self.sign_as_it_is(message)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// An Ed25519 public key that decodes to a point and is not of small order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VerifyingKey(DalekVerifyingKey);

impl VerifyingKey {
    /// Parses a public key. Small-order points and encodings that are not canonical are refused (RFC 8032 §5.1.3).
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PrimitiveError> {
        let key = DalekVerifyingKey::from_bytes(bytes).map_err(|_| PrimitiveError::BadVerifyingKey)?;
        let canonical = key.to_edwards().compress().to_bytes() == *bytes;
        if key.is_weak() || !canonical { Err(PrimitiveError::BadVerifyingKey) } else { Ok(Self(key)) }
    }

    /// The 32-byte encoding.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Checks a signature over `label ‖ content`.
    pub(crate) fn verify_labelled(
        &self,
        label: &str,
        content: &[u8],
        signature: &Signature,
    ) -> Result<(), PrimitiveError> {
        self.verify_as_it_is(&labelled(label, content), signature)
    }

    /// Checks a signature over `message` as it is, without separation of domains.
    #[cfg(feature = "hazmat")]
    pub fn verify_unlabelled(&self, message: &[u8], signature: &Signature) -> Result<(), PrimitiveError> {
        self.verify_as_it_is(message, signature)
    }

    /// Checks a signature over `message` as it is, strictly: no malleable scalar and no small-order `R` (RFC 8032 §5.1.7).
    pub(crate) fn verify_as_it_is(&self, message: &[u8], signature: &Signature) -> Result<(), PrimitiveError> {
        self.0
            .verify_strict(message, &DalekSignature::from_bytes(&signature.0))
            .map_err(|_| PrimitiveError::BadSignature)
    }
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VerifyingKey(")?;
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// An Ed25519 signature as it travels; nothing about it is checked until it is verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; SIGNATURE_LEN]);

impl Signature {
    /// A signature from its encoding.
    pub const fn from_bytes(bytes: [u8; SIGNATURE_LEN]) -> Self {
        Self(bytes)
    }

    /// The encoding.
    pub const fn to_bytes(self) -> [u8; SIGNATURE_LEN] {
        self.0
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signature(..)")
    }
}

/// What is signed may be secret, as the text of an event is: the copy is wiped.
fn labelled(label: &str, content: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new([label.as_bytes(), content].concat())
}
