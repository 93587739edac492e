//! Accounts: who they are, how they log in, and what their contacts see of them.

use std::fmt;

use async_trait::async_trait;
use sotto_proto::{AccountId, DeviceId, SessionId};

use super::{NewDevice, VaultRecord};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// An account to be made, with its first devices and its vault.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Drawn by the client.
    pub id: AccountId,
    /// Digest of the whole request: the same again is no error.
    pub registration: [u8; 32],
    /// How others find it.
    pub user_name: Name,
    /// Another name to log in by.
    pub email: Option<Name>,
    /// Ed25519 public key of its identity.
    pub identity_key: [u8; 32],
    /// What checks the password.
    pub login: LoginRecord,
    /// The vault, version 1.
    pub vault: VaultRecord,
    /// The first device, and the vault device if there is one.
    pub devices: Vec<NewDevice>,
    /// Bytes that it may store.
    pub storage_quota: u64,
    /// Now.
    pub at: Timestamp,
}

/// A name to log in by, and what it looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name in its one normal form.
    pub text: String,
    /// The same for all names that look alike; no two accounts share one.
    pub skeleton: String,
}

/// What the server keeps to check a password that it does not know (RFC 9807 §5.2).
#[derive(Clone, PartialEq, Eq)]
pub struct LoginRecord {
    /// The OPAQUE record.
    pub opaque: Vec<u8>,
    /// Memory of Argon2id in KiB.
    pub memory_kib: u32,
    /// Passes of Argon2id.
    pub passes: u32,
}

impl fmt::Debug for LoginRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { opaque: _, memory_kib, passes } = self;
        f.debug_struct("LoginRecord").field("memory_kib", memory_kib).field("passes", passes).finish_non_exhaustive()
    }
}

/// What a login needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The account.
    pub account: AccountId,
    /// Its user name.
    pub user_name: String,
    /// What checks the password.
    pub record: LoginRecord,
    /// Ed25519 public key of the recovery code; none without a code.
    pub recovery_key: Vec<u8>,
    /// The second factor, if it is on.
    pub second_factor: Option<SecondFactor>,
}

/// The second factor of an account.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// The shared secret, sealed by a key that is not in the database.
    pub sealed_secret: Vec<u8>,
    /// The last time step that was used.
    pub last_step: u64,
}

impl fmt::Debug for SecondFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sealed_secret: _, last_step } = self;
        f.debug_struct("SecondFactor").field("last_step", last_step).finish_non_exhaustive()
    }
}

/// The public keys of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountKeys {
    /// The account.
    pub account: AccountId,
    /// Its user name; empty once deleted.
    pub user_name: String,
    /// Its identity key; empty once deleted.
    pub identity_key: Vec<u8>,
    /// Goes up with every change.
    pub version: u64,
    /// Certificates of devices that are not revoked, oldest first.
    pub certificates: Vec<Vec<u8>>,
    /// Revocations, newest first.
    pub revocations: Vec<Vec<u8>>,
}

/// What the server knows of an account; also what its operator sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// The account.
    pub account: AccountId,
    /// Its user name.
    pub user_name: String,
    /// Its e-mail address.
    pub email: Option<String>,
    /// Version of its keys.
    pub keys_version: u64,
    /// Whether the second factor is on.
    pub second_factor: bool,
    /// Backup codes that are left.
    pub backup_codes: u32,
    /// Version of the vault; 0 when there is none.
    pub vault_version: u64,
    /// Bytes stored.
    pub storage_used: u64,
    /// Bytes allowed.
    pub storage_quota: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Last day with a connection.
    pub active_at: Timestamp,
    /// The reset that waits.
    pub reset: Option<Reset>,
    /// Whether the operator suspended it.
    pub suspended: bool,
    /// Whether it is an admin.
    pub admin: bool,
    /// Devices that are not revoked.
    pub devices: u32,
    /// Conversations that it is in.
    pub conversations: u32,
}

/// A reset without password that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Who asked for it.
    pub device: DeviceId,
    /// When it can be completed.
    pub ready_at: Timestamp,
}

/// An account under new keys.
#[derive(Clone, Debug)]
pub struct CompletedReset {
    /// The account.
    pub account: AccountId,
    /// The device that asked for the reset.
    pub device: DeviceId,
    /// That session.
    pub session: SessionId,
    /// The new identity key.
    pub identity_key: [u8; 32],
    /// What checks the new password.
    pub login: LoginRecord,
    /// The new vault.
    pub vault: VaultRecord,
    /// The asking device and a new vault device under the new identity; all others are gone.
    pub devices: Vec<NewDevice>,
    /// A reset that was ready before this has lapsed.
    pub lapsed_before: Timestamp,
    /// Now.
    pub at: Timestamp,
}

/// Whether the verb did it, or found it done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Just now.
    Now,
    /// By the same request before.
    Before,
}

/// What a change of the account's keys or logins led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Sessions that ended.
    pub sessions: Vec<SessionId>,
    /// The account's change number.
    pub change: u64,
}

/// Making, finding, changing and deleting accounts.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes an account. Refuses taken ids and names.
    async fn create_account(&self, new: NewAccount) -> Result<Done, StoreError>;

    /// Refuses what [`Accounts::create_account`] would refuse now.
    async fn check_new_account(&self, account: AccountId, name: &Name, at: Timestamp) -> Result<(), StoreError>;

    /// Finds who logs in by a user name or an e-mail address.
    async fn find_login(&self, name: &str) -> Result<Option<Login>, StoreError>;

    /// Finds an account by its exact user name.
    async fn find_user(&self, user_name: &str) -> Result<Option<AccountId>, StoreError>;

    /// The login of an account that is known already.
    async fn login_of(&self, account: AccountId) -> Result<Login, StoreError>;

    /// The keys of those accounts that exist and whose version is not the known one, in the order asked for.
    async fn account_keys(&self, known: &[(AccountId, u64)]) -> Result<Vec<AccountKeys>, StoreError>;

    /// What the server knows of an account.
    async fn account_summary(&self, account: AccountId) -> Result<AccountSummary, StoreError>;

    /// Gives an account another user name; the old one stays reserved for it until `held_until`.
    async fn change_user_name(
        &self,
        account: AccountId,
        name: Name,
        held_until: Timestamp,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Sets or removes the e-mail address; the old one is free at once. Returns the account's change number.
    async fn change_email(&self, account: AccountId, email: Option<Name>, at: Timestamp) -> Result<u64, StoreError>;

    /// Replaces what checks the password together with the vault that it opens, if the vault is the version before; what is stored
    /// already, again, changes nothing. Ends all sessions but `keep_only`, if that is given.
    async fn change_password(
        &self,
        account: AccountId,
        login: LoginRecord,
        vault: VaultRecord,
        keep_only: Option<SessionId>,
    ) -> Result<Ended, StoreError>;

    /// Lets a reset wait. Refuses a second one, unless the first was ready before `lapsed_before`. Returns the account's change
    /// number.
    async fn request_reset(
        &self,
        account: AccountId,
        reset: Reset,
        lapsed_before: Timestamp,
    ) -> Result<u64, StoreError>;

    /// Forgets the reset that waits. Returns the account's change number, if there was one.
    async fn cancel_reset(&self, account: AccountId) -> Result<Option<u64>, StoreError>;

    /// Gives an account new keys after its reset has waited; ends all sessions but one. The same again changes nothing.
    async fn complete_reset(&self, reset: CompletedReset) -> Result<Ended, StoreError>;

    /// Deletes an account and everything that only it could open, and ends its memberships. Its names stay reserved until
    /// `held_until`, its id for good. Returns the sessions that ended.
    async fn delete_account(
        &self,
        account: AccountId,
        held_until: Timestamp,
        at: Timestamp,
    ) -> Result<Vec<SessionId>, StoreError>;
}

/// The second factor and its backup codes.
#[async_trait]
pub trait SecondFactors: Send + Sync {
    /// Keeps a secret that is not in force yet. Refuses when one is.
    async fn offer_second_factor(&self, account: AccountId, sealed_secret: &[u8]) -> Result<(), StoreError>;

    /// The secret that is offered or in force.
    async fn second_factor(&self, account: AccountId) -> Result<Option<SecondFactor>, StoreError>;

    /// Puts the offered secret in force, with the time step that proved it and the hashes of the backup codes. Refuses when another
    /// one is offered by now. Returns the account's change number, as do the next two.
    async fn enable_second_factor(
        &self,
        account: AccountId,
        sealed_secret: &[u8],
        step: u64,
        codes: &[[u8; 32]],
    ) -> Result<u64, StoreError>;

    /// Replaces all backup codes. Refuses when the factor is off.
    async fn renew_backup_codes(&self, account: AccountId, codes: &[[u8; 32]]) -> Result<u64, StoreError>;

    /// Turns the factor off. Refuses when it is.
    async fn disable_second_factor(&self, account: AccountId) -> Result<u64, StoreError>;
}
