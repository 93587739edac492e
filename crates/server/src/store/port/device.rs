//! Devices and their sessions.

use std::fmt;

use async_trait::async_trait;
use sotto_proto::{AccountId, DeviceId, RequestId, SessionId};

use super::{Done, Ended};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// A device whose certificate was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// The device.
    pub id: DeviceId,
    /// Whether it is the sleeping one.
    pub is_vault: bool,
    /// Its Ed25519 public key.
    pub device_key: [u8; 32],
    /// Its certificate.
    pub certificate: Vec<u8>,
    /// Its name, sealed for the account.
    pub sealed_name: Vec<u8>,
}

/// A device that is on file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What was filed.
    pub filed: NewDevice,
    /// Whose it is.
    pub account: AccountId,
    /// When it was filed.
    pub added_at: Timestamp,
    /// Last refresh or connection, rounded down to the hour.
    pub last_used_at: Timestamp,
    /// Key packages of single use that are left.
    pub key_packages: u32,
}

/// What a leaf of a group must agree with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceInForce {
    /// The device.
    pub device: DeviceId,
    /// Whose it is.
    pub account: AccountId,
    /// Whether it is the sleeping one.
    pub is_vault: bool,
    /// The identity key of the account.
    pub identity_key: [u8; 32],
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The session.
    pub id: SessionId,
    /// Its account.
    pub account: AccountId,
    /// Its device; it may wait for its certificate.
    pub device: DeviceId,
    /// Key that the device proves with every refresh.
    pub device_key: [u8; 32],
    /// Hash of the first refresh token.
    pub token: TokenHash,
    /// When the token ends.
    pub expires_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// Hash of a refresh token; tokens themselves are not kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("TokenHash(..)")
    }
}

/// A live session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// Its account.
    pub account: AccountId,
    /// Its device.
    pub device: DeviceId,
    /// The device's key.
    pub device_key: [u8; 32],
    /// When it was opened: how fresh the login is.
    pub opened_at: Timestamp,
    /// Last refresh or connection, rounded down to the hour.
    pub last_used_at: Timestamp,
    /// When its last token ends.
    pub expires_at: Timestamp,
    /// Whether the device's certificate is on file.
    pub certified: bool,
    /// Whether the operator suspended the account.
    pub suspended: bool,
    /// Whether the account is an admin.
    pub admin: bool,
}

/// A refresh token to be traded. The proof of the device key was checked.
#[derive(Clone, Copy, Debug)]
pub struct Trade {
    /// The token presented.
    pub presented: TokenHash,
    /// The same in every repetition.
    pub request: RequestId,
    /// What is given for it. The same for the same token and request.
    pub successor: TokenHash,
    /// When the successor ends.
    pub expires_at: Timestamp,
    /// When the device made its proof, by its own clock.
    pub signed_at: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// The devices of an account.
#[async_trait]
pub trait Devices: Send + Sync {
    /// Files a device. Returns the version of the account's keys.
    async fn add_device(&self, account: AccountId, device: NewDevice, at: Timestamp) -> Result<u64, StoreError>;

    /// Files a revocation: ends the device's sessions, drops its key packages and Welcomes. Returns the version of the
    /// account's keys, and whether the device was in force until now.
    async fn revoke_device(
        &self,
        account: AccountId,
        device: DeviceId,
        revocation: &[u8],
        at: Timestamp,
    ) -> Result<(u64, Done), StoreError>;

    /// The devices of an account, oldest first, revoked ones not included.
    async fn devices(&self, account: AccountId) -> Result<Vec<Device>, StoreError>;

    /// Which of these devices are in force, of accounts that exist.
    async fn devices_in_force(&self, devices: &[DeviceId]) -> Result<Vec<DeviceInForce>, StoreError>;

    /// Replaces the sealed name.
    async fn name_device(&self, account: AccountId, device: DeviceId, sealed: &[u8]) -> Result<(), StoreError>;
}

/// Sessions and their families of refresh tokens.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Opens a session. Beyond the limit of an account the session that was opened first ends, and is returned.
    async fn open_session(&self, new: NewSession) -> Result<Option<SessionId>, StoreError>;

    /// The session of a refresh token, used or not: whose device key has to sign the trade.
    async fn session_of_token(&self, token: TokenHash, at: Timestamp) -> Result<Session, StoreError>;

    /// Trades a refresh token. The same request again is answered alike until the successor is used. After that, a proof that is not
    /// newer than those the session went on with belongs to a late copy, which is refused and changes nothing. A newer one, like
    /// another request for a used token, shows that two hold the session: it ends.
    async fn trade_token(&self, trade: Trade) -> Result<Session, StoreError>;

    /// A live session.
    async fn session(&self, session: SessionId, at: Timestamp) -> Result<Session, StoreError>;

    /// The live sessions of an account, newest first.
    async fn sessions(&self, account: AccountId, at: Timestamp) -> Result<Vec<Session>, StoreError>;

    /// Notes that a session's device and account are in use.
    async fn touch_session(&self, session: SessionId, at: Timestamp) -> Result<(), StoreError>;

    /// Ends a session. Refuses what is not the account's. Returns the account's change number.
    async fn end_session(&self, account: AccountId, session: SessionId) -> Result<u64, StoreError>;

    /// Ends all sessions of an account but one.
    async fn end_other_sessions(&self, account: AccountId, keep: Option<SessionId>) -> Result<Ended, StoreError>;
}
