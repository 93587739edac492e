//! Key packages: published by devices, each handed out once (RFC 9420 §10).

use async_trait::async_trait;
use sotto_proto::{AccountId, DeviceId, RequestId};

use crate::clock::Timestamp;
use crate::store::StoreError;

/// A key package that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKeyPackage {
    /// `KeyPackageRef` (RFC 9420 §5.2).
    pub reference: Vec<u8>,
    /// Cipher suite.
    pub suite: u16,
    /// The message.
    pub package: Vec<u8>,
    /// Whether it may be handed out more than once. It takes the place of the earlier one.
    pub last_resort: bool,
    /// For the vault device: its private half, sealed under the vault's keys.
    pub sealed_private: Vec<u8>,
    /// End of its lifetime.
    pub expires_at: Timestamp,
}

/// What a device has left of a suite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPackageCount {
    /// Packages of single use.
    pub single_use: u32,
    /// When the one of last resort ends, if there is one.
    pub last_resort_expires_at: Option<Timestamp>,
}

/// Asks for one package of every device of some accounts.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who asks.
    pub claimer: AccountId,
    /// The device that asks; it gets none of its own.
    pub device: DeviceId,
    /// The same in every repetition.
    pub request: RequestId,
    /// Digest of what is asked: the same request with another one is refused.
    pub digest: [u8; 32],
    /// Whose devices, no account twice.
    pub accounts: Vec<AccountId>,
    /// Cipher suite.
    pub suite: u16,
    /// Devices of which the claimer took too many: only the one of last resort.
    pub last_resort_only: Vec<DeviceId>,
    /// Single-use packages below which a device runs low.
    pub enough: u32,
    /// Bytes of packages after which no further account is reached; the first one always is.
    pub max_bytes: usize,
    /// Now.
    pub at: Timestamp,
}

/// A package that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedKeyPackage {
    /// Whose device.
    pub account: AccountId,
    /// The device.
    pub device: DeviceId,
    /// The message.
    pub package: Vec<u8>,
    /// Whether it is the one of last resort.
    pub last_resort: bool,
}

/// What a claim was answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The packages, in the order in which their accounts were asked for.
    pub packages: Vec<ClaimedKeyPackage>,
    /// How many of the accounts were reached, in the order asked for.
    pub reached: usize,
    /// Devices that run low now; none in a repetition.
    pub running_low: Vec<(AccountId, DeviceId)>,
}

/// Publishing, counting and claiming.
#[async_trait]
pub trait KeyPackages: Send + Sync {
    /// Stores packages of a device of the account; those stored before, and be it that they were handed out, are not stored again.
    async fn publish_key_packages(
        &self,
        account: AccountId,
        device: DeviceId,
        packages: &[NewKeyPackage],
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Counts what a device has left.
    async fn count_key_packages(
        &self,
        device: DeviceId,
        suite: u16,
        at: Timestamp,
    ) -> Result<KeyPackageCount, StoreError>;

    /// What a request was answered with before. Refuses a digest other than the one that came with it.
    async fn claimed_before(
        &self,
        claimer: AccountId,
        request: RequestId,
        digest: &[u8; 32],
    ) -> Result<Option<Claimed>, StoreError>;

    /// Hands out one package for each device: one of single use that nobody else ever gets, else the one of last resort.
    /// Accounts that block the claimer, and devices that have none, are left out alike. The same request again gets the same.
    async fn claim_key_packages(&self, claim: Claim) -> Result<Claimed, StoreError>;
}
