//! Why a call failed, for the caller; and what the operator has to know, for the log.

use std::error::Error as StdError;

use sotto_proto::wire::{ErrorCode, ErrorDetail};
use sotto_proto::{DecodeError, Invalid, RequestId, Seq};

use super::random;
use crate::blobs::BlobError;
use crate::store::{Counted, Refusal, StoreError};

/// A call that had no effect that was not asked for. It tells a caller nothing about what is not theirs to see.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure(Box<ErrorDetail>);

impl Failure {
    /// What the caller gets.
    pub fn detail(&self) -> &ErrorDetail {
        &self.0
    }

    /// Gives it away.
    pub fn into_detail(self) -> ErrorDetail {
        *self.0
    }

    /// The code in it.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::of(&self.0)
    }

    /// A bug or damage: logged here, under a number that the caller can pass on.
    pub(crate) fn internal(what: &str, cause: Option<&(dyn StdError + 'static)>) -> Self {
        let incident = RequestId::from_bytes(random::bytes());
        tracing::error!(%incident, cause, "{what}");
        Self::from(ErrorDetail { incident_id: incident.to_wire(), ..ErrorCode::Internal.detail() })
    }

    /// A limit was met.
    pub(super) fn limit(code: ErrorCode, name: &str, value: u64, actual: u64) -> Self {
        Self::from(ErrorDetail::limit(code, name, value, actual))
    }
}

impl From<ErrorDetail> for Failure {
    fn from(detail: ErrorDetail) -> Self {
        Self(Box::new(detail))
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::from(code.detail())
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::from(ErrorDetail::from(&invalid))
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::from(ErrorDetail::from(&error))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::VersionConflict { stored } => {
                return Self::from(ErrorDetail { version: stored, ..ErrorCode::VersionConflict.detail() });
            }
            Refusal::EpochConflict(stand) => {
                return Self::from(ErrorDetail::epoch_conflict(stand.position, Seq::new(stand.last_seq)));
            }
            Refusal::ConversationExists(id) => return Self::from(ErrorDetail::conversation_exists(id)),
            Refusal::LimitReached { what, max } => {
                return Self::limit(ErrorCode::LimitReached, limit_name(what), max, 0);
            }
            Refusal::QuotaExceeded { quota } => {
                return Self::limit(ErrorCode::QuotaExceeded, "STORAGE_QUOTA", quota, 0);
            }
            Refusal::NotFound => ErrorCode::NotFound,
            Refusal::IdTaken => ErrorCode::IdTaken,
            Refusal::NameTaken => ErrorCode::NameTaken,
            Refusal::NameLooksAlike => ErrorCode::NameNotAllowed,
            Refusal::SessionEnded => ErrorCode::SessionEnded,
            Refusal::LateCopy => ErrorCode::DeviceProofInvalid,
            Refusal::RefreshReused => ErrorCode::RefreshReused,
            Refusal::AttemptOver => ErrorCode::LoginFailed,
            Refusal::CodeRefused => ErrorCode::SecondFactorWrong,
            Refusal::NotApplicable => ErrorCode::NotApplicable,
            Refusal::Forbidden => ErrorCode::Forbidden,
            Refusal::FileIncomplete => ErrorCode::FileIncomplete,
            Refusal::TreeGone => ErrorCode::TreeGone,
            Refusal::CursorUnknown => ErrorCode::CursorExpired,
        };
        Self::from(code)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Refused(refusal) => Self::from(*refusal),
            StoreError::Unavailable(cause) => {
                tracing::warn!(%cause, "the database does not answer");
                Self::from(ErrorCode::Unavailable)
            }
            StoreError::ReadOnly(cause) => {
                tracing::error!(%cause, "the database cannot be written");
                Self::from(ErrorCode::ReadOnly)
            }
            StoreError::Broken(..) => Self::internal("the database is not as it must be", Some(&error)),
        }
    }
}

impl From<BlobError> for Failure {
    fn from(error: BlobError) -> Self {
        match &error {
            BlobError::Away(cause) => {
                tracing::warn!(%cause, "the store of files does not answer");
                Self::from(ErrorCode::Unavailable)
            }
            BlobError::Full(cause) => {
                tracing::error!(%cause, "the store of files cannot be written");
                Self::from(ErrorCode::ReadOnly)
            }
            BlobError::Taken | BlobError::Missing | BlobError::Setting(..) | BlobError::Broken(_) => {
                Self::internal("the store of files is not as it must be", Some(&error))
            }
        }
    }
}

const fn limit_name(counted: Counted) -> &'static str {
    match counted {
        Counted::Devices => "DEVICES_MAX",
        Counted::VaultDevices => "VAULT_DEVICES_MAX",
        Counted::KeyPackages => "KEY_PACKAGES_MAX",
        Counted::Settings => "SETTINGS_MAX",
        Counted::Blocked => "BLOCKED_MAX",
        Counted::Conversations => "CONVERSATIONS_MAX",
        Counted::Members => "MEMBERS_MAX",
        Counted::IncompleteFiles => "INCOMPLETE_FILES_MAX",
        Counted::FileConversations => "FILE_CONVERSATIONS_MAX",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_named_is_one_of_the_contract() {
        let counted = [
            Counted::Devices,
            Counted::VaultDevices,
            Counted::KeyPackages,
            Counted::Settings,
            Counted::Blocked,
            Counted::Conversations,
            Counted::Members,
            Counted::IncompleteFiles,
            Counted::FileConversations,
        ];
        for name in counted.map(limit_name) {
            assert!(sotto_proto::limits::ALL.iter().any(|(known, _)| *known == name), "{name}");
        }
    }
}
