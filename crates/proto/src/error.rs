//! What the codes of failed calls mean to a program.

use crate::wire::{ErrorCode, ErrorDetail, LimitDetail, PositionDetail};
use crate::{ConversationId, DecodeError, GroupPosition, Invalid, Seq, Version};

/// Who has to change something before a failed call can succeed: the hundreds of the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The caller's program.
    Program,
    /// Missing, stale or wrong proof of who calls.
    Authentication,
    /// Missing permission, or an object that is not the caller's to see.
    Permission,
    /// The caller acted on an old state.
    State,
    /// Key material that breaks the rules of key agreement.
    KeyMaterial,
    /// A limit.
    Limit,
    /// The server, or the time that a call took.
    Server,
}

impl ErrorCode {
    /// Reads the code of a detail. One that this version does not know counts as the first of its hundred.
    pub fn of(detail: &ErrorDetail) -> Self {
        Self::try_from(detail.code).unwrap_or(match detail.code / 100 {
            1 => Self::InvalidArgument,
            2 => Self::Unauthenticated,
            3 => Self::NotFound,
            4 => Self::EpochConflict,
            5 => Self::HandshakeInvalid,
            6 => Self::RateLimited,
            _ => Self::Internal,
        })
    }

    /// Who has to change something.
    pub fn fault(self) -> Fault {
        match self as i32 / 100 {
            1 => Fault::Program,
            2 => Fault::Authentication,
            3 => Fault::Permission,
            4 => Fault::State,
            5 => Fault::KeyMaterial,
            6 => Fault::Limit,
            _ => Fault::Server,
        }
    }

    /// The number of the gRPC status that carries the code.
    pub fn grpc_status(self) -> i32 {
        match self {
            Self::Cancelled => status::CANCELLED,
            Self::InvalidArgument
            | Self::Malformed
            | Self::TooLarge
            | Self::NameNotAllowed
            | Self::HandshakeInvalid
            | Self::SuiteNotAllowed
            | Self::KeyPackageInvalid
            | Self::CertificateInvalid => status::INVALID_ARGUMENT,
            Self::DeadlineExceeded => status::DEADLINE_EXCEEDED,
            Self::NotFound => status::NOT_FOUND,
            Self::IdTaken | Self::NameTaken | Self::ConversationExists => status::ALREADY_EXISTS,
            Self::Forbidden | Self::AccountSuspended | Self::RegistrationClosed | Self::HandshakeForbidden => {
                status::PERMISSION_DENIED
            }
            Self::RateLimited | Self::QuotaExceeded | Self::LimitReached | Self::SlowConsumer => {
                status::RESOURCE_EXHAUSTED
            }
            Self::VersionUnsupported
            | Self::NotApplicable
            | Self::DeviceNotCertified
            | Self::FileIncomplete
            | Self::KeyPackageAbsent => status::FAILED_PRECONDITION,
            Self::EpochConflict | Self::VersionConflict => status::ABORTED,
            Self::CursorExpired | Self::TreeGone => status::OUT_OF_RANGE,
            Self::UnknownMethod => status::UNIMPLEMENTED,
            Self::Unspecified | Self::Internal => status::INTERNAL,
            Self::Unavailable | Self::ReadOnly => status::UNAVAILABLE,
            Self::Unauthenticated
            | Self::TokenExpired
            | Self::SessionEnded
            | Self::LoginFailed
            | Self::SecondFactorRequired
            | Self::SecondFactorWrong
            | Self::FreshLoginRequired
            | Self::DeviceProofInvalid
            | Self::RefreshReused => status::UNAUTHENTICATED,
        }
    }

    /// A detail that says no more than the code.
    pub fn detail(self) -> ErrorDetail {
        ErrorDetail { code: self.into(), ..ErrorDetail::default() }
    }
}

impl ErrorDetail {
    /// A limit was met.
    pub fn limit(code: ErrorCode, name: &str, value: u64, actual: u64) -> Self {
        Self { limit: Some(LimitDetail { name: name.to_owned(), value, actual }), ..code.detail() }
    }

    /// The group has moved on.
    pub fn epoch_conflict(current: GroupPosition, last: Option<Seq>) -> Self {
        let position = PositionDetail {
            generation: current.generation.get(),
            epoch: current.epoch.get(),
            last_seq: last.map_or(0, Seq::get),
        };
        Self { position: Some(position), ..ErrorCode::EpochConflict.detail() }
    }

    /// Another version is stored, or none.
    pub fn version_conflict(stored: Option<Version>) -> Self {
        Self { version: stored.map_or(0, Version::get), ..ErrorCode::VersionConflict.detail() }
    }

    /// The conversation that was to be unique exists.
    pub fn conversation_exists(id: ConversationId) -> Self {
        Self { conversation_id: id.to_wire(), ..ErrorCode::ConversationExists.detail() }
    }

    /// Asks the caller to wait.
    pub fn retry_after(code: ErrorCode, milliseconds: u32) -> Self {
        Self { retry_after_ms: milliseconds.min(crate::limits::RETRY_AFTER_MAX_MS), ..code.detail() }
    }
}

impl From<&Invalid> for ErrorDetail {
    fn from(invalid: &Invalid) -> Self {
        Self { field: invalid.field.to_owned(), ..ErrorCode::InvalidArgument.detail() }
    }
}

impl From<&DecodeError> for ErrorDetail {
    fn from(error: &DecodeError) -> Self {
        match error {
            DecodeError::TooLarge { max, actual } => {
                Self::limit(ErrorCode::TooLarge, "MESSAGE_MAX", *max as u64, *actual as u64)
            }
            DecodeError::TooDeep | DecodeError::TooManyFields | DecodeError::Malformed | DecodeError::Mistyped(_) => {
                ErrorCode::Malformed.detail()
            }
        }
    }
}

/// Numbers of gRPC statuses.
mod status {
    pub(super) const CANCELLED: i32 = 1;
    pub(super) const INVALID_ARGUMENT: i32 = 3;
    pub(super) const DEADLINE_EXCEEDED: i32 = 4;
    pub(super) const NOT_FOUND: i32 = 5;
    pub(super) const ALREADY_EXISTS: i32 = 6;
    pub(super) const PERMISSION_DENIED: i32 = 7;
    pub(super) const RESOURCE_EXHAUSTED: i32 = 8;
    pub(super) const FAILED_PRECONDITION: i32 = 9;
    pub(super) const ABORTED: i32 = 10;
    pub(super) const OUT_OF_RANGE: i32 = 11;
    pub(super) const UNIMPLEMENTED: i32 = 12;
    pub(super) const INTERNAL: i32 = 13;
    pub(super) const UNAVAILABLE: i32 = 14;
    pub(super) const UNAUTHENTICATED: i32 = 16;
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = include_str!("../../../proto/sotto/v1/error.proto");
    const STATUS_NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];

    /// (status in the comment, name of the code), in the order of the table.
    fn documented() -> Vec<(String, String)> {
        let mut status = None;
        let mut rows = Vec::new();
        for line in TABLE.lines().map(str::trim) {
            if let Some((name, _)) = line.strip_prefix("// [").and_then(|rest| rest.split_once(']')) {
                status = Some(name.to_owned());
            } else if let (Some((name, _)), true) = (line.split_once(" = "), line.starts_with("ERROR_CODE_")) {
                rows.extend(status.take().map(|status| (status, name.to_owned())));
            }
        }
        rows
    }

    #[test]
    fn every_code_maps_to_the_status_that_its_comment_names() {
        let rows = documented();
        let codes = TABLE.lines().filter(|line| line.trim().starts_with("ERROR_CODE_")).count();
        assert_eq!(rows.len(), codes - 1, "every code but UNSPECIFIED names its status");
        for (status, name) in rows {
            let code = ErrorCode::from_str_name(&name).unwrap();
            let mapped = usize::try_from(code.grpc_status()).unwrap();
            assert_eq!(STATUS_NAMES[mapped], status, "{name}");
        }
    }

    #[test]
    fn the_hundreds_say_who_is_at_fault() {
        assert_eq!(ErrorCode::TooLarge.fault(), Fault::Program);
        assert_eq!(ErrorCode::TokenExpired.fault(), Fault::Authentication);
        assert_eq!(ErrorCode::NotFound.fault(), Fault::Permission);
        assert_eq!(ErrorCode::EpochConflict.fault(), Fault::State);
        assert_eq!(ErrorCode::KeyPackageInvalid.fault(), Fault::KeyMaterial);
        assert_eq!(ErrorCode::RateLimited.fault(), Fault::Limit);
        assert_eq!(ErrorCode::Unavailable.fault(), Fault::Server);
    }

    #[test]
    fn an_unknown_code_counts_as_the_first_of_its_hundred() {
        let read = |code| ErrorCode::of(&ErrorDetail { code, ..ErrorDetail::default() });
        assert_eq!(read(299), ErrorCode::Unauthenticated);
        assert_eq!(read(404), ErrorCode::NameNotAllowed);
        assert_eq!(read(499), ErrorCode::EpochConflict);
        assert_eq!(read(9_999), ErrorCode::Internal);
        assert_eq!(read(-5), ErrorCode::Internal);
    }
}
