//! What a server seals for itself: states that it hands out and gets back, secrets that its database must not show.

use rand_core::CryptoRng;

use crate::labels;
use crate::primitives::hkdf;
use crate::sealing::Sealing;
use crate::secret::{Secret, SecretVec};

/// Bytes that are not what this server sealed for this use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not sealed by this server for this use")]
pub struct NotOurs;

/// A server's key for what it seals for itself.
pub struct ServerSeal(Secret<32>);

impl ServerSeal {
    /// The key that belongs to a server's one secret.
    pub fn derive(secret: &Secret<32>) -> Self {
        Self(hkdf(&[], secret.expose_secret(), &[labels::SERVER_SEAL.as_bytes()]))
    }

    /// Seals for one use, of one owner: nothing sealed opens as anything else.
    pub fn seal(&self, usage: Usage, owner: &[u8; 16], content: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
        self.with_sealing(usage, owner, |sealing| sealing.seal(content, rng))
    }

    /// Opens what [`seal`](Self::seal) gave for the same use and owner.
    pub fn open(&self, usage: Usage, owner: &[u8; 16], sealed: &[u8]) -> Result<SecretVec, NotOurs> {
        self.with_sealing(usage, owner, |sealing| sealing.open(sealed)).map_err(|_| NotOurs)
    }

    fn with_sealing<T>(&self, usage: Usage, owner: &[u8; 16], act: impl FnOnce(&Sealing<'_>) -> T) -> T {
        act(&Sealing {
            label: labels::SERVER_SEALED,
            secret: self.0.expose_secret(),
            context: &[&[usage as u8], owner],
            associated_data: &[],
        })
    }
}

impl std::fmt::Debug for ServerSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerSeal([redacted])")
    }
}

/// What something is sealed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Usage {
    /// The state of a login between its two halves.
    Login = 1,
    /// The challenge of a recovery.
    Challenge = 2,
    /// The state of a recovery that was proved.
    Recovery = 3,
    /// The secret of an account's second factor.
    SecondFactor = 4,
}

/// The owner of what belongs to nobody yet.
pub const NOBODY: [u8; 16] = [0; 16];

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn seal_of(secret: u8) -> ServerSeal {
        ServerSeal::derive(&Secret::fill(|bytes| *bytes = [secret; 32]))
    }

    #[test]
    fn what_is_sealed_opens_for_its_use_and_owner_only() {
        let sealed = seal_of(1).seal(Usage::Login, &[7; 16], b"state", &mut StdRng::seed_from_u64(1));
        assert_eq!(seal_of(1).open(Usage::Login, &[7; 16], &sealed).unwrap().expose_secret(), b"state");
        assert_eq!(seal_of(1).open(Usage::Recovery, &[7; 16], &sealed), Err(NotOurs));
        assert_eq!(seal_of(1).open(Usage::Login, &[8; 16], &sealed), Err(NotOurs));
        assert_eq!(seal_of(2).open(Usage::Login, &[7; 16], &sealed), Err(NotOurs));
    }

    #[test]
    fn every_changed_byte_is_found() {
        let sealed = seal_of(1).seal(Usage::Challenge, &NOBODY, b"state", &mut StdRng::seed_from_u64(1));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(seal_of(1).open(Usage::Challenge, &NOBODY, &changed), Err(NotOurs));
        }
        assert_eq!(seal_of(1).open(Usage::Challenge, &NOBODY, &[]), Err(NotOurs));
    }
}
