//! The vault: the account's root secret on the server, sealed so that only its owner opens it.
//!
//! From the root come the account identity key, the vault device's key and the keys of what the vault stores. A version is
//! bound into each sealed thing; it only goes up, and whoever opens one says the newest version that was ever seen.
//! `docs/PROTOCOL.md` §6 gives the bytes.

use rand_core::CryptoRng;
use sotto_proto::{AccountId, SlotId};

use crate::envelope::{self, Lock};
use crate::identity::{DeviceKey, DevicePublicKey, IdentityKey};
use crate::labels;
use crate::login::ExportKey;
use crate::primitives::{hkdf, hmac_sha256};
use crate::recovery::RecoveryCode;
use crate::sealing::SealingError;
use crate::secret::{Secret, secret_newtype};
use crate::vault_store::StoreKey;

secret_newtype! {
    /// The secret that the whole account grows from. In memory only while logging in or changing the account's keys.
    RootSecret, 32
}

secret_newtype! {
    /// Names the places of sealed settings, so that the server learns nothing from their names.
    SlotKey, 32
}

/// How often something sealed was replaced, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

impl Version {
    /// Before anything was seen.
    pub const NONE: Self = Self(0);
    /// Of the first thing sealed.
    pub const FIRST: Self = Self(1);

    /// From the number on the wire.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number on the wire.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The version of the replacement.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// How often the keys of the vault's store were renewed. A new generation follows the revocation of a device, so that the
/// keys which that device held open nothing newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);

impl Generation {
    /// Before any device was revoked.
    pub const FIRST: Self = Self(1);
    /// The last one that an account can reach.
    pub const LAST: Self = Self(1_000);

    /// The generation after this one, if there can be one.
    pub fn next(self) -> Option<Self> {
        (self < Self::LAST).then(|| Self(self.0.saturating_add(1)))
    }

    /// All generations from the first one to this one.
    pub fn up_to_this(self) -> impl Iterator<Item = Self> {
        (Self::FIRST.0..=self.0.min(Self::LAST.0)).map(Self)
    }
}

impl RootSecret {
    /// Draws the root of a new account.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::from_secret(Secret::generate(rng))
    }

    /// The account identity key.
    pub fn derive_identity_key(&self) -> IdentityKey {
        IdentityKey::from_seed(&self.derive(labels::IDENTITY_KEY, &[]))
    }

    /// The key that the vault device signs with.
    pub fn derive_vault_device_key(&self, generation: Generation) -> DeviceKey {
        DeviceKey::from_seed(&self.derive(labels::VAULT_DEVICE_KEY, &generation.0.to_be_bytes()))
    }

    /// The generation whose vault device has this key. A certificate of the account over the key is thus a statement of how far the
    /// generations have come, and nobody else can make it.
    pub fn find_generation(&self, vault_device_key: &DevicePublicKey) -> Option<Generation> {
        Generation::LAST.up_to_this().find(|number| self.derive_vault_device_key(*number).public() == *vault_device_key)
    }

    /// The key that seals checkpoints, settings and key packages. Devices keep it.
    pub fn derive_store_key(&self, generation: Generation) -> StoreKey {
        StoreKey::new(self.derive(labels::VAULT_STORE, &generation.0.to_be_bytes()), generation)
    }

    /// The key that names the places of settings. Devices keep it.
    pub fn derive_slot_key(&self) -> SlotKey {
        SlotKey::from_secret(self.derive(labels::VAULT_SLOTS, &[]))
    }

    fn derive(&self, label: &str, context: &[u8]) -> Secret<32> {
        hkdf(&[], self.expose_secret(), &[label.as_bytes(), context])
    }
}

impl SlotKey {
    /// The place of the setting `name`.
    pub fn derive_slot(&self, name: &str) -> SlotId {
        let mac = hmac_sha256(self.expose_secret(), &[name.as_bytes()]);
        let (id, _) = mac.expose_secret().split_first_chunk().expect("an HMAC is longer than an id");
        SlotId::from_bytes(*id)
    }
}

/// What opens the vault.
#[derive(Clone, Copy, Debug)]
pub enum Unlock<'a> {
    /// The key that OPAQUE yields for the right password.
    Password(&'a ExportKey),
    /// The words on paper.
    RecoveryCode(&'a RecoveryCode),
}

impl<'a> Unlock<'a> {
    fn lock(self) -> Lock<'a> {
        match self {
            Self::Password(key) => Lock { method: 1, label: labels::ROOT_BY_PASSWORD, secret: key.expose_secret() },
            Self::RecoveryCode(code) => {
                Lock { method: 2, label: labels::ROOT_BY_RECOVERY_CODE, secret: code.expose_secret() }
            }
        }
    }
}

/// Why the vault, or something in its store, did not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// No sealed form has this length.
    #[error("{0} bytes cannot be what was sealed")]
    Length(usize),
    /// A format that this code does not know.
    #[error("unknown vault format {0}")]
    UnknownFormat(u8),
    /// Sealed for another way to unlock, or for one that this code does not know.
    #[error("sealed for another way to unlock ({0})")]
    OtherMethod(u8),
    /// Older than what was already seen: somebody presents the past.
    #[error("version {} is older than version {}, which was already seen", offered.0, seen.0)]
    RolledBack {
        /// The newest version seen so far.
        seen: Version,
        /// The version offered.
        offered: Version,
    },
    /// Sealed under keys of another generation.
    #[error("sealed under keys of generation {}", .0.0)]
    OtherGeneration(Generation),
    /// Sealed under another key, or for another account, place or version.
    #[error("sealed under another key or for another place")]
    WrongKey,
    /// Changed after sealing.
    #[error("the sealed bytes were altered")]
    Altered,
    /// The identity key that was sealed is not the one that the account is known by.
    #[error("not the identity key that the account is known by")]
    OtherIdentity,
    /// What was sealed is not laid out as it must be.
    #[error("the sealed content's layout is wrong")]
    Malformed,
    /// More than may be sealed in one piece.
    #[error("{actual} bytes are too many, at most {max} are allowed")]
    TooLong {
        /// The length found.
        actual: usize,
        /// The largest length allowed.
        max: usize,
    },
}

impl VaultError {
    pub(crate) fn from_sealing(error: SealingError, len: usize) -> Self {
        match error {
            SealingError::TooShort => Self::Length(len),
            SealingError::WrongSecret => Self::WrongKey,
            SealingError::NotAuthentic => Self::Altered,
        }
    }
}

/// The root secret as the server keeps it, once under the password and once under the recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedRoot([u8; SealedRoot::LEN]);

impl SealedRoot {
    /// Length of the encoding.
    pub const LEN: usize = envelope::LEN;

    /// Seals the root. Each replacement under the same method takes the next version.
    pub fn seal(
        root: &RootSecret,
        unlock: Unlock<'_>,
        account: AccountId,
        version: Version,
        rng: &mut impl CryptoRng,
    ) -> Self {
        Self(unlock.lock().seal(root.expose_secret(), account, version, rng))
    }

    /// Parses the encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, VaultError> {
        envelope::decode(bytes).map(Self)
    }

    /// The encoding.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Opens the root. `seen` is the newest version of this sealed root that this client ever saw, or [`Version::NONE`]; the
    /// caller remembers the version that comes back.
    pub fn open(
        &self,
        unlock: Unlock<'_>,
        account: AccountId,
        seen: Version,
    ) -> Result<(RootSecret, Version), VaultError> {
        let (root, version) = unlock.lock().open(&self.0, account, seen)?;
        Ok((RootSecret::from_secret(root), version))
    }
}
