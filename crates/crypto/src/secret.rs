//! Containers for bytes that must not leak.
//!
//! A secret lives on the heap, so that moving it copies a pointer and leaves no second copy of the bytes on the stack. It is
//! wiped when dropped, its `Debug` prints no content, equality takes constant time, and there is neither `Deref` nor `Clone`:
//! whoever needs the bytes asks for them by name.

use std::fmt;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// `N` secret bytes.
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Draws a new secret from `rng`.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::fill(|bytes| rng.fill_bytes(bytes))
    }

    /// Builds a secret in place: `write` receives the zeroed bytes at their final address.
    pub fn fill(write: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self(Box::new([0; N]));
        write(&mut secret.0);
        secret
    }

    /// Copies a secret out of `bytes`. Wiping the source is the caller's duty. `None` when the length is not `N`.
    pub fn copy_from(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == N).then(|| Self::fill(|own| own.copy_from_slice(bytes)))
    }

    /// The bytes themselves. Do not copy them anywhere that is not wiped.
    pub fn expose_secret(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_ref()).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>([redacted])")
    }
}

/// Secret bytes of any length, such as a decrypted plaintext.
pub struct SecretVec(Zeroizing<Vec<u8>>);

impl SecretVec {
    /// Takes over `bytes`, which must never have been reallocated while they were secret.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes themselves. Do not copy them anywhere that is not wiped.
    pub fn expose_secret(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for SecretVec {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for SecretVec {}

impl fmt::Debug for SecretVec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretVec({} bytes, [redacted])", self.0.len())
    }
}

/// Declares a named secret around [`Secret`], so that one key cannot be passed where another is meant.
macro_rules! secret_newtype {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(PartialEq, Eq)]
        pub struct $name($crate::secret::Secret<$len>);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes over secret bytes that were made or agreed upon elsewhere.
            pub fn from_secret(secret: $crate::secret::Secret<$len>) -> Self {
                Self(secret)
            }

            /// The bytes themselves. Do not copy them anywhere that is not wiped.
            pub fn expose_secret(&self) -> &[u8; $len] {
                self.0.expose_secret()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }
    };
}
pub(crate) use secret_newtype;

secret_newtype! {
    /// What all members of a conversation share during one epoch: the MLS exporter's output for
    /// [`labels::EPOCH`](crate::labels::EPOCH), with the conversation id as context (RFC 9420 §8.5).
    EpochSecret, 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_no_content() {
        let secret = Secret::<4>::fill(|b| *b = [0xAB; 4]);
        assert_eq!(format!("{secret:?}"), "Secret<4>([redacted])");
        assert_eq!(format!("{:?}", SecretVec::new(vec![0xAB; 3])), "SecretVec(3 bytes, [redacted])");
        let epoch = EpochSecret::from_secret(Secret::fill(|b| *b = [0xAB; 32]));
        assert_eq!(format!("{epoch:?}"), "EpochSecret([redacted])");
    }

    #[test]
    fn equality_looks_at_every_byte() {
        let base = Secret::<32>::fill(|b| *b = [7; 32]);
        assert_eq!(base, Secret::copy_from(&[7; 32]).unwrap());
        for i in 0..32 {
            assert_ne!(base, Secret::fill(|b| (*b = [7; 32], b[i] ^= 1).1));
        }
        assert_ne!(SecretVec::new(vec![1]), SecretVec::new(vec![1, 0]));
    }

    #[test]
    fn a_wrong_length_is_refused() {
        assert!(Secret::<32>::copy_from(&[0; 31]).is_none());
        assert!(Secret::<32>::copy_from(&[0; 33]).is_none());
    }
}
