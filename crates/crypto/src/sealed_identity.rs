//! The identity key of an account that lives without a vault, sealed so that only its owner opens it.
//!
//! Such an account has no root that the key could come from. Its devices keep the sealed form, and the person may keep a copy of
//! it beside the words that open it; the server does not get it. It opens under the recovery code only, which nobody can guess,
//! and not under the password, which somebody who holds the server's login key could. `docs/PROTOCOL.md` §6.6 gives the bytes.

use rand_core::CryptoRng;
use sotto_proto::AccountId;

use crate::envelope::{self, Lock};
use crate::identity::{IdentityKey, IdentityPublicKey};
use crate::labels;
use crate::recovery::RecoveryCode;
use crate::vault::{VaultError, Version};

/// Follows the ways to unlock a vault's root.
const METHOD: u8 = 3;

/// A sealed [`IdentityKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedIdentity([u8; SealedIdentity::LEN]);

impl SealedIdentity {
    /// Length of the encoding.
    pub const LEN: usize = envelope::LEN;

    /// Seals the key of `account`. Sealing it again, under another code, takes the next version.
    pub fn seal(
        identity: &IdentityKey,
        code: &RecoveryCode,
        account: AccountId,
        version: Version,
        rng: &mut impl CryptoRng,
    ) -> Self {
        Self(lock(code).seal(identity.expose_seed().expose_secret(), account, version, rng))
    }

    /// Parses the encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, VaultError> {
        envelope::decode(bytes).map(Self)
    }

    /// The encoding.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Opens the key of `account`, which must be the one that it is known by. `seen` is the newest version that this client ever
    /// saw, or [`Version::NONE`]; the caller remembers the version that comes back.
    pub fn open(
        &self,
        code: &RecoveryCode,
        account: AccountId,
        known: &IdentityPublicKey,
        seen: Version,
    ) -> Result<(IdentityKey, Version), VaultError> {
        let (secret, version) = lock(code).open(&self.0, account, seen)?;
        let identity = IdentityKey::from_seed(&secret);
        if identity.public() == *known { Ok((identity, version)) } else { Err(VaultError::OtherIdentity) }
    }
}

fn lock(code: &RecoveryCode) -> Lock<'_> {
    Lock { method: METHOD, label: labels::IDENTITY_BY_RECOVERY_CODE, secret: code.expose_secret() }
}
