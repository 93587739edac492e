//! Key packages: what a device publishes so that others can add it to groups.

#[cfg(feature = "groups")]
mod private;

use std::time::Duration;

use mls_rs::MlsMessage;
use mls_rs::extension::recommended::LastResortKeyPackageExt;
use mls_rs_core::crypto::CryptoProvider as _;

use super::credential::{leaf_of, verify_leaf};
use super::handshake::HandshakeError;
use super::provider::MlsCrypto;
use super::standing::Leaf;
use super::suite::Suite;
use crate::certificate::VerifiedDevice;
use crate::time::Time;

#[cfg(feature = "groups")]
pub use private::{KeyPackageSecret, generate};

/// Length of a key-package reference: that of the suites' hash.
pub const REFERENCE_LEN: usize = 32;

/// Longest key package that is looked at.
pub const MAX_KEY_PACKAGE_LEN: usize = 16 * 1024;

/// How long a device's key package is good for.
pub const DEVICE_LIFETIME: Duration = Duration::from_hours(90 * 24);

/// How long a vault device's key package is good for: the vault device may sleep for years.
pub const VAULT_LIFETIME: Duration = Duration::from_hours(20 * 365 * 24);

/// How far the clocks of devices and server may differ: leaves are good from this much earlier on.
pub const CLOCK_TOLERANCE: Duration = Duration::from_hours(24);

/// How often a key package may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Usage {
    /// Once.
    Once,
    /// Again and again, when there is no other left; marked as such (draft-ietf-mls-extensions, `last_resort`).
    LastResort,
}

/// A key package whose certificate was checked. Its signature, and the beginning of its
/// lifetime, are checked when it is added.
#[derive(Clone, Debug)]
pub struct KeyPackage {
    pub(super) message: MlsMessage,
    device: VerifiedDevice,
    leaf: Leaf,
    suite: Suite,
    usage: Usage,
    not_after: Time,
}

impl KeyPackage {
    /// Parses a key package, and refuses one whose certificate or lifetime is over at `now`.
    pub fn parse(bytes: &[u8], now: Time) -> Result<Self, HandshakeError> {
        if bytes.len() > MAX_KEY_PACKAGE_LEN {
            return Err(HandshakeError::TooLong(bytes.len()));
        }
        let message = MlsMessage::from_bytes(bytes).map_err(HandshakeError::Malformed)?;
        let content = message.as_key_package().ok_or(HandshakeError::NotAKeyPackage)?;
        if message.to_bytes()?.len() != bytes.len() {
            return Err(HandshakeError::NotAKeyPackage);
        }
        let suite = Suite::from_number(content.cipher_suite().into()).ok_or(HandshakeError::UnknownSuite)?;
        let device = verify_leaf(content.signing_identity(), Some(now))?;
        let not_after = Time::from_unix_seconds(content.expiration()?.seconds_since_epoch());
        if not_after < now {
            return Err(HandshakeError::KeyPackageExpired);
        }
        let last_resort = matches!(content.extensions.get_as::<LastResortKeyPackageExt>(), Ok(Some(_)));
        let usage = if last_resort { Usage::LastResort } else { Usage::Once };
        Ok(Self { message, device, leaf: leaf_of(&device), suite, usage, not_after })
    }

    /// The reference by which a Welcome names it (RFC 9420 §5.2).
    pub fn reference(&self) -> Result<[u8; REFERENCE_LEN], HandshakeError> {
        let suite =
            MlsCrypto::default().cipher_suite_provider(self.suite.into()).ok_or(HandshakeError::UnknownSuite)?;
        let reference = self.message.key_package_reference(&suite)?.ok_or(HandshakeError::NotAKeyPackage)?;
        reference.as_ref().try_into().map_err(|_| HandshakeError::NotAKeyPackage)
    }

    /// The certificate that it carries, verified under the identity key that the certificate names.
    pub fn device(&self) -> &VerifiedDevice {
        &self.device
    }

    /// The device that published it.
    pub fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// The suite that it is for.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// How often it may be used.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Until when it can be used.
    pub fn not_after(&self) -> Time {
        self.not_after
    }
}
