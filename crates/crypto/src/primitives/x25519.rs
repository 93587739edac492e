//! X25519 (RFC 7748).

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey as DalekPublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::PrimitiveError;
use crate::secret::{Secret, secret_newtype};

secret_newtype! {
    /// An X25519 private key (RFC 7748 §5), clamped when used.
    X25519SecretKey, 32
}

impl X25519SecretKey {
    /// Draws a new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_secret(Secret::generate(rng))
    }

    /// The public half.
    pub fn public_key(&self) -> X25519PublicKey {
        X25519PublicKey(DalekPublicKey::from(&self.scalar()).to_bytes())
    }

    /// The shared secret with `peer`. A peer key of low order, the all-zero one among them, is refused (RFC 7748 §6.1).
    pub fn diffie_hellman(&self, peer: &X25519PublicKey) -> Result<Secret<32>, PrimitiveError> {
        let shared = self.scalar().diffie_hellman(&DalekPublicKey::from(peer.0));
        let shared = Secret::fill(|bytes| bytes.copy_from_slice(shared.as_bytes()));
        let zero: bool = shared.expose_secret().ct_eq(&[0; 32]).into();
        if zero { Err(PrimitiveError::LowOrderPublicKey) } else { Ok(shared) }
    }

    fn scalar(&self) -> StaticSecret {
        let copy = Zeroizing::new(*self.expose_secret());
        StaticSecret::from(*copy)
    }
}

/// An X25519 public key as it travels (RFC 7748 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct X25519PublicKey([u8; 32]);

impl X25519PublicKey {
    /// Parses a public key; one of low order is refused at once, not only when it is used.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, PrimitiveError> {
        let key = Self(bytes);
        let any_scalar = X25519SecretKey::from_secret(Secret::fill(|bytes| bytes[0] = 8));
        any_scalar.diffie_hellman(&key).map(|_| key)
    }

    /// The 32-byte encoding.
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}
