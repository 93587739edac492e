//! Device certificates: an account's identity key vouches for a device.
//!
//! `docs/PROTOCOL.md` §4.2 gives the encoding, which never changes: a new version is a new label and a new version byte.
//! Parsing yields a [`DeviceCertificate`], which says nothing yet; only verifying it against the identity key that the caller
//! holds for the account yields a [`VerifiedDevice`].

use sotto_proto::{AccountId, DeviceId};

use crate::codec::{Reader, Truncated, concat};
use crate::identity::{DeviceKey, DevicePublicKey, IdentityKey, IdentityPublicKey};
use crate::labels;
use crate::primitives::{PrimitiveError, SIGNATURE_LEN, Signature};
use crate::time::Time;

const VERSION: u8 = 1;
const NEVER: u64 = u64::MAX;
const BODY_LEN: usize = 114;

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A device that a person uses.
    Device,
    /// The sleeping vault device of the account.
    Vault,
}

impl Purpose {
    const fn code(self) -> u8 {
        match self {
            Self::Device => 1,
            Self::Vault => 2,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Device),
            2 => Some(Self::Vault),
            _ => None,
        }
    }
}

/// What a certificate states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceClaims {
    /// The account that the device belongs to.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The key that the device signs with.
    pub device_key: DevicePublicKey,
    /// What the device is for.
    pub purpose: Purpose,
    /// When the certificate was made, by its maker's clock. For people to read; nothing is decided by it.
    pub issued: Time,
    /// From when on it no longer holds, if ever.
    pub expires: Option<Time>,
}

/// Why a certificate was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The length is not that of a certificate.
    #[error("a device certificate is {expected} bytes long, not {actual}")]
    Length {
        /// The only length that a certificate has.
        expected: usize,
        /// The length found.
        actual: usize,
    },
    /// A version that this code does not know.
    #[error("unknown certificate version {0}")]
    UnknownVersion(u8),
    /// A purpose that this code does not know.
    #[error("unknown device purpose {0}")]
    UnknownPurpose(u8),
    /// The identity key is no valid public key.
    #[error("the identity key is not acceptable")]
    BadIdentityKey,
    /// The device key is no valid public key.
    #[error("the device key is not acceptable")]
    BadDeviceKey,
    /// It expires before it was made.
    #[error("the certificate expires before it was issued")]
    ExpiresBeforeIssued,
    /// It speaks of another account than expected.
    #[error("the certificate is for another account")]
    WrongAccount,
    /// It names another identity key than the one held for the account.
    #[error("the certificate is by another identity key")]
    WrongIdentity,
    /// The signature is not by the identity key.
    #[error("the certificate's signature is wrong")]
    BadSignature,
    /// It no longer holds.
    #[error("the certificate expired")]
    Expired,
}

/// A certificate as it travels. Nothing about it is checked beyond its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceCertificate {
    claims: DeviceClaims,
    identity: IdentityPublicKey,
    signature: Signature,
}

impl DeviceCertificate {
    /// Length of the encoding.
    pub const LEN: usize = BODY_LEN + SIGNATURE_LEN;

    /// Certifies a device.
    pub fn issue(identity: &IdentityKey, claims: DeviceClaims) -> Result<Self, CertificateError> {
        check_validity(&claims)?;
        let signature = identity.sign(labels::DEVICE_CERTIFICATE, &encode_body(&claims, &identity.public()));
        Ok(Self { claims, identity: identity.public(), signature })
    }

    /// Parses the encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, CertificateError> {
        let wrong_length = CertificateError::Length { expected: Self::LEN, actual: bytes.len() };
        if bytes.len() != Self::LEN {
            return Err(wrong_length);
        }
        match Fields::read(&mut Reader::new(bytes)) {
            Ok(fields) => fields.check(),
            Err(Truncated) => Err(wrong_length),
        }
    }

    /// The encoding, equal for equal certificates.
    pub fn encode(&self) -> [u8; Self::LEN] {
        concat(&[&encode_body(&self.claims, &self.identity), &self.signature.to_bytes()])
    }

    /// The account that the certificate *claims* to be for, to look up the identity key that must have signed it.
    pub fn claimed_account(&self) -> AccountId {
        self.claims.account
    }

    /// The device that the certificate *claims* to be for.
    pub fn claimed_device(&self) -> DeviceId {
        self.claims.device
    }

    /// The key that the device *claims* to sign with.
    pub fn claimed_key(&self) -> &DevicePublicKey {
        &self.claims.device_key
    }

    /// The identity key that the certificate *claims* to be signed by.
    pub fn claimed_identity(&self) -> &IdentityPublicKey {
        &self.identity
    }

    /// Checks the certificate against the identity key that the caller holds for `account`.
    pub fn verify(
        &self,
        account: AccountId,
        identity: &IdentityPublicKey,
        now: Time,
    ) -> Result<VerifiedDevice, CertificateError> {
        if self.claims.account != account {
            return Err(CertificateError::WrongAccount);
        }
        if self.identity != *identity {
            return Err(CertificateError::WrongIdentity);
        }
        self.verify_on_first_use(now)
    }

    /// Checks the certificate against the identity key *that it brings itself*, for an account seen for the first time.
    ///
    /// The caller must remember the identity key with the account, and call [`verify`](Self::verify) from then on.
    pub fn verify_on_first_use(&self, now: Time) -> Result<VerifiedDevice, CertificateError> {
        self.identity
            .verify(labels::DEVICE_CERTIFICATE, &encode_body(&self.claims, &self.identity), &self.signature)
            .map_err(|_: PrimitiveError| CertificateError::BadSignature)?;
        if self.claims.expires.is_some_and(|expires| expires <= now) {
            return Err(CertificateError::Expired);
        }
        Ok(VerifiedDevice { claims: self.claims, identity: self.identity })
    }
}

/// A device whose certificate was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedDevice {
    claims: DeviceClaims,
    identity: IdentityPublicKey,
}

impl VerifiedDevice {
    /// What the account states about the device.
    pub fn claims(&self) -> &DeviceClaims {
        &self.claims
    }

    /// The identity key that vouches for it.
    pub fn identity(&self) -> &IdentityPublicKey {
        &self.identity
    }

    /// Whether `key` is the private half of the certified device key.
    pub fn is_held_by(&self, key: &DeviceKey) -> bool {
        self.claims.device_key == key.public()
    }
}

struct Fields {
    version: u8,
    purpose: u8,
    account: [u8; 16],
    device: [u8; 16],
    identity: [u8; 32],
    device_key: [u8; 32],
    issued: u64,
    expires: u64,
    signature: [u8; SIGNATURE_LEN],
}

impl Fields {
    fn read(bytes: &mut Reader<'_>) -> Result<Self, Truncated> {
        Ok(Self {
            version: bytes.u8()?,
            purpose: bytes.u8()?,
            account: bytes.array()?,
            device: bytes.array()?,
            identity: bytes.array()?,
            device_key: bytes.array()?,
            issued: bytes.u64()?,
            expires: bytes.u64()?,
            signature: bytes.array()?,
        })
    }

    fn check(self) -> Result<DeviceCertificate, CertificateError> {
        if self.version != VERSION {
            return Err(CertificateError::UnknownVersion(self.version));
        }
        let claims = DeviceClaims {
            account: AccountId::from_bytes(self.account),
            device: DeviceId::from_bytes(self.device),
            device_key: DevicePublicKey::from_bytes(&self.device_key).map_err(|_| CertificateError::BadDeviceKey)?,
            purpose: Purpose::from_code(self.purpose).ok_or(CertificateError::UnknownPurpose(self.purpose))?,
            issued: Time::from_unix_seconds(self.issued),
            expires: (self.expires != NEVER).then(|| Time::from_unix_seconds(self.expires)),
        };
        check_validity(&claims)?;
        let identity = IdentityPublicKey::from_bytes(&self.identity).map_err(|_| CertificateError::BadIdentityKey)?;
        Ok(DeviceCertificate { claims, identity, signature: Signature::from_bytes(self.signature) })
    }
}

fn check_validity(claims: &DeviceClaims) -> Result<(), CertificateError> {
    let backwards = claims.expires.is_some_and(|expires| expires <= claims.issued);
    if backwards { Err(CertificateError::ExpiresBeforeIssued) } else { Ok(()) }
}

fn encode_body(claims: &DeviceClaims, identity: &IdentityPublicKey) -> [u8; BODY_LEN] {
    concat(&[
        &[VERSION, claims.purpose.code()],
        claims.account.as_bytes(),
        claims.device.as_bytes(),
        identity.as_bytes(),
        claims.device_key.as_bytes(),
        &claims.issued.unix_seconds().to_be_bytes(),
        &claims.expires.map_or(NEVER, Time::unix_seconds).to_be_bytes(),
    ])
}
