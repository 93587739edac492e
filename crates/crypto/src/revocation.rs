//! Revocations: the signed end of a device.
//!
//! The account can revoke any of its devices, and a device can revoke itself when it signs out. `docs/PROTOCOL.md` §4.3 gives
//! the encoding. A revocation is final: a device id that was revoked is never certified again.

use sotto_proto::{AccountId, DeviceId};

use crate::certificate::VerifiedDevice;
use crate::codec::{Reader, Truncated, concat};
use crate::identity::{DeviceKey, DevicePublicKey, IdentityKey};
use crate::labels;
use crate::primitives::{SIGNATURE_LEN, Signature};
use crate::time::Time;

const VERSION: u8 = 1;
const BODY_LEN: usize = 74;

/// Who ended the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevokedBy {
    /// The account, with its identity key.
    Account,
    /// The device itself, with its own key.
    Device,
}

/// Why a revocation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevocationError {
    /// The length is not that of a revocation.
    #[error("a device revocation is {expected} bytes long, not {actual}")]
    Length {
        /// The only length that a revocation has.
        expected: usize,
        /// The length found.
        actual: usize,
    },
    /// A version that this code does not know.
    #[error("unknown revocation version {0}")]
    UnknownVersion(u8),
    /// A signer that this code does not know.
    #[error("unknown signer of a revocation {0}")]
    UnknownSigner(u8),
    /// The device key is no valid public key.
    #[error("the device key is not acceptable")]
    BadDeviceKey,
    /// It speaks of another device, or of another key of it.
    #[error("the revocation is for another device")]
    WrongDevice,
    /// The signature is by neither the account nor the device.
    #[error("the revocation's signature is wrong")]
    BadSignature,
}

/// A revocation as it travels. Nothing about it is checked beyond its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceRevocation {
    by: RevokedBy,
    account: AccountId,
    device: DeviceId,
    device_key: DevicePublicKey,
    at: Time,
    signature: Signature,
}

impl DeviceRevocation {
    /// Length of the encoding.
    pub const LEN: usize = BODY_LEN + SIGNATURE_LEN;

    /// Ends `device` in the name of its account. `None` when `identity` is not the key that vouches for it.
    pub fn by_account(identity: &IdentityKey, device: &VerifiedDevice, at: Time) -> Option<Self> {
        let sign = |body: &[u8]| identity.sign(labels::DEVICE_REVOCATION, body);
        (identity.public() == *device.identity()).then(|| Self::signed(RevokedBy::Account, device, at, sign))
    }

    /// A device signs out. `None` when `key` is not that of `device`.
    pub fn by_device(key: &DeviceKey, device: &VerifiedDevice, at: Time) -> Option<Self> {
        let sign = |body: &[u8]| key.sign(labels::DEVICE_REVOCATION, body);
        device.is_held_by(key).then(|| Self::signed(RevokedBy::Device, device, at, sign))
    }

    /// Parses the encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, RevocationError> {
        let wrong_length = RevocationError::Length { expected: Self::LEN, actual: bytes.len() };
        if bytes.len() != Self::LEN {
            return Err(wrong_length);
        }
        match Fields::read(&mut Reader::new(bytes)) {
            Ok(fields) => fields.check(),
            Err(Truncated) => Err(wrong_length),
        }
    }

    /// The encoding, equal for equal revocations.
    pub fn encode(&self) -> [u8; Self::LEN] {
        concat(&[&self.body(), &self.signature.to_bytes()])
    }

    /// The device that the revocation *claims* to end, to look up its certificate.
    pub fn claimed_device(&self) -> (AccountId, DeviceId) {
        (self.account, self.device)
    }

    /// Checks that it ends `device`; yields who ended it, and when by that signer's clock.
    pub fn verify(&self, device: &VerifiedDevice) -> Result<(RevokedBy, Time), RevocationError> {
        let claims = device.claims();
        if (self.account, self.device, self.device_key) != (claims.account, claims.device, claims.device_key) {
            return Err(RevocationError::WrongDevice);
        }
        match self.by {
            RevokedBy::Account => device.identity().verify(labels::DEVICE_REVOCATION, &self.body(), &self.signature),
            RevokedBy::Device => self.device_key.verify(labels::DEVICE_REVOCATION, &self.body(), &self.signature),
        }
        .map_err(|_| RevocationError::BadSignature)?;
        Ok((self.by, self.at))
    }

    fn signed(by: RevokedBy, device: &VerifiedDevice, at: Time, sign: impl FnOnce(&[u8]) -> Signature) -> Self {
        let claims = device.claims();
        let signature = sign(&encode_body(by, claims.account, claims.device, &claims.device_key, at));
        Self { by, account: claims.account, device: claims.device, device_key: claims.device_key, at, signature }
    }

    fn body(&self) -> [u8; BODY_LEN] {
        encode_body(self.by, self.account, self.device, &self.device_key, self.at)
    }
}

struct Fields {
    version: u8,
    signer: u8,
    account: [u8; 16],
    device: [u8; 16],
    device_key: [u8; 32],
    at: u64,
    signature: [u8; SIGNATURE_LEN],
}

impl Fields {
    fn read(bytes: &mut Reader<'_>) -> Result<Self, Truncated> {
        Ok(Self {
            version: bytes.u8()?,
            signer: bytes.u8()?,
            account: bytes.array()?,
            device: bytes.array()?,
            device_key: bytes.array()?,
            at: bytes.u64()?,
            signature: bytes.array()?,
        })
    }

    fn check(self) -> Result<DeviceRevocation, RevocationError> {
        if self.version != VERSION {
            return Err(RevocationError::UnknownVersion(self.version));
        }
        Ok(DeviceRevocation {
            by: signer(self.signer)?,
            account: AccountId::from_bytes(self.account),
            device: DeviceId::from_bytes(self.device),
            device_key: DevicePublicKey::from_bytes(&self.device_key).map_err(|_| RevocationError::BadDeviceKey)?,
            at: Time::from_unix_seconds(self.at),
            signature: Signature::from_bytes(self.signature),
        })
    }
}

fn signer(code: u8) -> Result<RevokedBy, RevocationError> {
    match code {
        1 => Ok(RevokedBy::Account),
        2 => Ok(RevokedBy::Device),
        _ => Err(RevocationError::UnknownSigner(code)),
    }
}

fn encode_body(by: RevokedBy, account: AccountId, device: DeviceId, key: &DevicePublicKey, at: Time) -> [u8; BODY_LEN] {
    let signer = match by {
        RevokedBy::Account => 1,
        RevokedBy::Device => 2,
    };
    concat(&[
        &[VERSION, signer],
        account.as_bytes(),
        device.as_bytes(),
        key.as_bytes(),
        &at.unix_seconds().to_be_bytes(),
    ])
}
