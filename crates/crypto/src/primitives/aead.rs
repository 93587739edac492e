//! ChaCha20-Poly1305 with a nonce of the caller's.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};

use super::{AEAD_NONCE_LEN, PrimitiveError};
use crate::secret::{SecretVec, secret_newtype};

secret_newtype! {
    /// A ChaCha20-Poly1305 key.
    AeadKey, 32
}

impl AeadKey {
    /// Encrypts and authenticates `plaintext`, and authenticates `associated_data` (RFC 8439 §2.8).
    ///
    /// The caller answers for never using a nonce twice with this key.
    pub fn seal_with_nonce(
        &self,
        nonce: &[u8; AEAD_NONCE_LEN],
        associated_data: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, PrimitiveError> {
        self.cipher()
            .encrypt(&Nonce::from(*nonce), Payload { msg: plaintext, aad: associated_data })
            .map_err(|_| PrimitiveError::PlaintextTooLong)
    }

    /// Checks and decrypts what [`seal_with_nonce`](Self::seal_with_nonce) made.
    pub fn open_with_nonce(
        &self,
        nonce: &[u8; AEAD_NONCE_LEN],
        associated_data: &[u8],
        ciphertext: &[u8],
    ) -> Result<SecretVec, PrimitiveError> {
        self.cipher()
            .decrypt(&Nonce::from(*nonce), Payload { msg: ciphertext, aad: associated_data })
            .map(SecretVec::new)
            .map_err(|_| PrimitiveError::NotAuthentic)
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(self.expose_secret().into())
    }
}
