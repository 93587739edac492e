//! Proofs that a device holds its key, for the calls by which it gets or uses up something: a stolen refresh token alone, or a
//! password alone, names no device.

use sotto_proto::{AccountId, DeviceId, RequestId};

use crate::codec::concat;
use crate::identity::{DeviceKey, DevicePublicKey};
use crate::labels;
use crate::primitives::{HASH_LEN, PrimitiveError, Signature, sha256};

/// The call that a proof belongs to, with what makes this one call unlike any other.
#[derive(Clone, Copy)]
pub enum Call<'a> {
    /// A registration, by the OPAQUE record that it stores.
    Register(&'a [u8]),
    /// A login, by OPAQUE's last message.
    Login(&'a [u8]),
    /// A refresh, by the token that it uses up and the attempt's id, which stays the same when it is sent again.
    Refresh {
        /// The attempt.
        request: RequestId,
        /// The refresh token.
        token: &'a [u8],
    },
    /// The last step of a recovery, by the state that the server gave.
    Recover(&'a [u8]),
    /// A request to reset the account.
    RequestReset,
    /// The deletion of the account.
    DeleteAccount,
}

impl Call<'_> {
    const fn code(&self) -> u8 {
        match self {
            Self::Register(_) => 1,
            Self::Login(_) => 2,
            Self::Refresh { .. } => 3,
            Self::Recover(_) => 4,
            Self::RequestReset => 5,
            Self::DeleteAccount => 6,
        }
    }

    fn digest(&self) -> [u8; HASH_LEN] {
        match self {
            Self::Register(bytes) | Self::Login(bytes) | Self::Recover(bytes) => sha256(&[bytes]),
            Self::Refresh { request, token } => sha256(&[request.as_bytes(), token]),
            Self::RequestReset | Self::DeleteAccount => sha256(&[]),
        }
    }
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({}, [redacted])", self.code())
    }
}

/// What the device signs. The time is checked by the server; clients take the server's, so a wrong clock locks nobody out.
#[derive(Clone, Copy, Debug)]
pub struct ProofStatement<'a> {
    /// The account.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// When it was signed, in milliseconds since the Unix epoch.
    pub signed_at_ms: u64,
    /// The call.
    pub call: Call<'a>,
}

impl ProofStatement<'_> {
    /// Signs with the device's key.
    pub fn sign(&self, key: &DeviceKey) -> Signature {
        key.sign(labels::DEVICE_PROOF, &self.encode())
    }

    /// Checks a proof against the key of the device.
    pub fn verify(&self, key: &DevicePublicKey, proof: &Signature) -> Result<(), PrimitiveError> {
        key.verify(labels::DEVICE_PROOF, &self.encode(), proof)
    }

    fn encode(&self) -> [u8; 73] {
        concat(&[
            &[self.call.code()],
            self.account.as_bytes(),
            self.device.as_bytes(),
            &self.signed_at_ms.to_be_bytes(),
            &self.call.digest(),
        ])
    }
}
