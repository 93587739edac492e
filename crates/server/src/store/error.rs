//! How a verb of the store can fail.

use std::error::Error as StdError;
use std::sync::Arc;

use sotto_proto::{ConversationId, GroupPosition};
use thiserror::Error;

/// A verb had no effect.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// The rules say no. Asking again changes nothing.
    #[error(transparent)]
    Refused(#[from] Refusal),

    /// The database is away, or the verb's outcome is not known. The same verb may be tried again.
    #[error("the database does not answer")]
    Unavailable(#[source] Cause),

    /// The disk is full or broken: reads go on, writes do not.
    #[error("the database cannot be written")]
    ReadOnly(#[source] Cause),

    /// The database holds what this version cannot have written, or refuses what it must accept: a bug, or damage.
    #[error("the database is not as it must be: {0}")]
    Broken(&'static str, #[source] Option<Cause>),
}

/// What the database said, for the log.
pub type Cause = Arc<dyn StdError + Send + Sync>;

/// What the rules say no to. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The object does not exist, or is not the caller's to see.
    #[error("not found")]
    NotFound,

    /// The id was used before, with other content.
    #[error("the id was used before")]
    IdTaken,

    /// The name belongs to another account, or did until lately.
    #[error("the name is taken")]
    NameTaken,

    /// The name looks like one that exists.
    #[error("the name looks like another")]
    NameLooksAlike,

    /// Another version than the one before is stored; 0 is none.
    #[error("version {stored} is stored")]
    VersionConflict {
        /// The version that is stored.
        stored: u64,
    },

    /// The group has moved on.
    #[error("the group is at another position")]
    EpochConflict(Stand),

    /// The two accounts have a direct chat already, or the account its saved messages.
    #[error("the conversation exists as {0}")]
    ConversationExists(ConversationId),

    /// A count is at its limit.
    #[error("no more than {max} {what:?}")]
    LimitReached {
        /// What is counted.
        what: Counted,
        /// How many there may be.
        max: u64,
    },

    /// The account's storage is used up.
    #[error("the storage quota of {quota} bytes is used up")]
    QuotaExceeded {
        /// How many bytes the account may use.
        quota: u64,
    },

    /// The session has ended or never was.
    #[error("the session has ended")]
    SessionEnded,

    /// A copy of a request whose answer was put to use long ago.
    #[error("the request is a late copy")]
    LateCopy,

    /// A refresh token came a second time; its family is revoked.
    #[error("the refresh token was used before")]
    RefreshReused,

    /// A code of the second factor is wrong or was used before.
    #[error("the code is wrong or was used before")]
    CodeRefused,

    /// A login or recovery has ended, or allows no further try.
    #[error("the attempt is over")]
    AttemptOver,

    /// The verb does not fit the state of the object.
    #[error("not applicable")]
    NotApplicable,

    /// The caller's role does not allow it.
    #[error("not allowed")]
    Forbidden,

    /// Parts of the file are missing.
    #[error("the file is incomplete")]
    FileIncomplete,

    /// The tree of that epoch is no longer kept.
    #[error("the tree is no longer kept")]
    TreeGone,

    /// The cursor is none that this store can have given.
    #[error("the cursor is unknown")]
    CursorUnknown,
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Current generation and epoch of the group.
    pub position: GroupPosition,
    /// Number of the last entry of the log.
    pub last_seq: u64,
}

/// What has a limit that the store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Devices of an account, the vault device included.
    Devices,
    /// Vault devices of an account.
    VaultDevices,
    /// Key packages of single use of a device and suite.
    KeyPackages,
    /// Slots for settings of an account.
    Settings,
    /// Accounts that an account blocks.
    Blocked,
    /// Conversations of an account.
    Conversations,
    /// Accounts in a conversation.
    Members,
    /// Files of an account that are not complete.
    IncompleteFiles,
    /// Conversations that a file is attached to.
    FileConversations,
}
