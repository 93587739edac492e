//! Logins and recoveries: what may be tried, and the one session that comes of it.

use std::fmt;

use async_trait::async_trait;
use sotto_proto::{AccountId, SessionId};

use super::{Done, LoginRecord, NewSession, VaultRecord};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// A login or recovery under way, a second factor that is being turned on: whatever allows few tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttemptId(pub [u8; 16]);

/// How the second factor was proved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FactorProof {
    /// By the code of a time step.
    TimeStep(u64),
    /// By a backup code with this hash.
    BackupCode([u8; 32]),
}

impl fmt::Debug for FactorProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimeStep(_) => "TimeStep(..)",
            Self::BackupCode(_) => "BackupCode(..)",
        })
    }
}

/// A login whose password was proved.
#[derive(Clone, Debug)]
pub struct NewLogin {
    /// The attempt, which ends in one session.
    pub attempt: AttemptId,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
    /// The session. The same in every repetition of the same request.
    pub session: NewSession,
    /// The OPAQUE record that the password was proved against.
    pub proved: Vec<u8>,
    /// The second factor, where one is on. It is used up in the same step.
    pub factor: Option<FactorProof>,
}

/// A recovery whose code was proved.
#[derive(Clone, Debug)]
pub struct NewRecovery {
    /// The attempt, which ends in one session.
    pub attempt: AttemptId,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
    /// The only session from now on.
    pub session: NewSession,
    /// The OPAQUE record that was in force when the code was proved.
    pub replaced: Vec<u8>,
    /// What checks the new password.
    pub login: LoginRecord,
    /// The vault under the new password.
    pub vault: VaultRecord,
}

/// What came of a login or a recovery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Whether the session was opened now, or by the same request before.
    pub done: Done,
    /// Sessions that ended for it.
    pub ended: Vec<SessionId>,
    /// The account's change number.
    pub change: u64,
}

/// Logging in, each attempt once.
#[async_trait]
pub trait Logins: Send + Sync {
    /// Counts a try. Refuses those beyond `max`.
    async fn count_try(&self, attempt: AttemptId, max: u32, expires_at: Timestamp) -> Result<(), StoreError>;

    /// The session that an attempt ended in.
    async fn session_of_attempt(&self, attempt: AttemptId) -> Result<Option<SessionId>, StoreError>;

    /// Opens the session of a login and cancels a reset that waits. Refuses an attempt that ended in another session or whose
    /// session is in use or over, a password that was replaced meanwhile, and devices that are another account's or revoked.
    async fn log_in(&self, login: NewLogin) -> Result<Opened, StoreError>;

    /// Replaces password and vault, ends all sessions, opens the one of the recovery. Refuses as [`Logins::log_in`] does.
    async fn recover(&self, recovery: NewRecovery) -> Result<Opened, StoreError>;

    /// The cost of the password of an account whose id follows the given one, for a name that does not exist: what is shown for such
    /// names is what is shown for others.
    async fn cost_near(&self, account: AccountId) -> Result<Option<(u32, u32)>, StoreError>;

    /// Notes which secret the accounts are made under. Refuses another one than was noted first.
    async fn belong_to(&self, fingerprint: &[u8; 32]) -> Result<(), StoreError>;
}
