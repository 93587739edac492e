//! Who an account and a device are: their signature keys.
//!
//! The account identity key is made with the vault's root and lives there, or lives sealed under the recovery code in an account
//! without a vault; it is in memory only at login, to certify a device.
//! A device key never leaves its device. Both are Ed25519, and distinct types keep one from doing the other's work.

use rand_core::CryptoRng;

use crate::primitives::{PrimitiveError, Signature, SigningKey, VerifyingKey};
use crate::secret::Secret;

/// The key that certifies an account's devices, and that contacts verify.
#[derive(Debug)]
pub struct IdentityKey(SigningKey);

impl IdentityKey {
    pub(crate) fn from_seed(seed: &Secret<32>) -> Self {
        Self(SigningKey::from_seed(seed))
    }

    /// Draws an identity key without a vault, for an account that opts out of it. It is kept as a
    /// [`SealedIdentity`](crate::sealed_identity::SealedIdentity).
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(SigningKey::generate(rng))
    }

    /// The public half.
    pub fn public(&self) -> IdentityPublicKey {
        IdentityPublicKey(self.0.verifying_key())
    }

    pub(crate) fn expose_seed(&self) -> Secret<32> {
        self.0.expose_seed()
    }

    pub(crate) fn sign(&self, label: &str, content: &[u8]) -> Signature {
        self.0.sign_labelled(label, content)
    }
}

/// The public half of an [`IdentityKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IdentityPublicKey(VerifyingKey);

impl IdentityPublicKey {
    /// Parses the 32-byte encoding.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PrimitiveError> {
        VerifyingKey::from_bytes(bytes).map(Self)
    }

    /// The 32-byte encoding.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub(crate) fn verify(&self, label: &str, content: &[u8], signature: &Signature) -> Result<(), PrimitiveError> {
        self.0.verify_labelled(label, content, signature)
    }
}

/// A device's own key: it signs events, and is the signature key of the device's MLS leaf.
#[derive(Debug)]
pub struct DeviceKey(SigningKey);

impl DeviceKey {
    /// Draws a new device key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(SigningKey::generate(rng))
    }

    /// Restores a device key from where it was stored sealed, or derives the vault device's.
    pub fn from_seed(seed: &Secret<32>) -> Self {
        Self(SigningKey::from_seed(seed))
    }

    /// The private key as bytes, for MLS and for sealed storage.
    pub fn expose_seed(&self) -> Secret<32> {
        self.0.expose_seed()
    }

    /// The public half.
    pub fn public(&self) -> DevicePublicKey {
        DevicePublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, label: &str, content: &[u8]) -> Signature {
        self.0.sign_labelled(label, content)
    }
}

/// The public half of a [`DeviceKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DevicePublicKey(VerifyingKey);

impl DevicePublicKey {
    /// Parses the 32-byte encoding.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PrimitiveError> {
        VerifyingKey::from_bytes(bytes).map(Self)
    }

    /// The 32-byte encoding.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub(crate) fn verify(&self, label: &str, content: &[u8], signature: &Signature) -> Result<(), PrimitiveError> {
        self.0.verify_labelled(label, content, signature)
    }
}
