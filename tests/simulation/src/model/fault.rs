//! Why a call failed.

use sotto_crypto::mls::StandingError;
use sotto_crypto::mls::handshake::HandshakeError;
use sotto_crypto::mls::observer::ObserverError;
use sotto_crypto::mls::rules::Refusal;
use sotto_proto::wire::{ErrorCode, ErrorDetail};
use sotto_proto::{DecodeError, GroupPosition, Invalid, Seq, Version, limits};

/// A call that had no effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault(Box<ErrorDetail>);

impl Fault {
    /// What the caller gets.
    pub fn detail(&self) -> &ErrorDetail {
        &self.0
    }

    /// The code in it.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::of(&self.0)
    }

    pub(super) fn epoch_conflict(position: GroupPosition, last_seq: u64) -> Self {
        ErrorDetail::epoch_conflict(position, Seq::new(last_seq)).into()
    }

    pub(super) fn version_conflict(stored: u64) -> Self {
        ErrorDetail::version_conflict(Version::new(stored)).into()
    }

    pub(super) fn limit(name: &str, max: usize) -> Self {
        ErrorDetail::limit(ErrorCode::LimitReached, name, max as u64, 0).into()
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code().as_str_name())
    }
}

impl std::error::Error for Fault {}

impl From<ErrorDetail> for Fault {
    fn from(detail: ErrorDetail) -> Self {
        Self(Box::new(detail))
    }
}

impl From<ErrorCode> for Fault {
    fn from(code: ErrorCode) -> Self {
        code.detail().into()
    }
}

impl From<Invalid> for Fault {
    fn from(invalid: Invalid) -> Self {
        ErrorDetail::from(&invalid).into()
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        ErrorDetail::from(&error).into()
    }
}

impl From<HandshakeError> for Fault {
    fn from(error: HandshakeError) -> Self {
        match error {
            HandshakeError::Refused(refusal) => refusal.into(),
            HandshakeError::UnknownSuite => ErrorCode::SuiteNotAllowed.into(),
            HandshakeError::TooManyPending => ErrorCode::LimitReached.into(),
            _ => ErrorCode::HandshakeInvalid.into(),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooManyAccounts => Self::limit("MEMBERS_MAX", limits::MEMBERS_MAX),
            Refusal::TooManyDevices(_) => Self::limit("DEVICES_MAX", limits::DEVICES_MAX),
            Refusal::Seat(_) | Refusal::BadFounding | Refusal::TwoAgreements | Refusal::NoSuchLeaf => {
                ErrorCode::HandshakeInvalid.into()
            }
            _ => ErrorCode::HandshakeForbidden.into(),
        }
    }
}

impl From<StandingError> for Fault {
    fn from(error: StandingError) -> Self {
        HandshakeError::from(error).into()
    }
}

impl From<ObserverError> for Fault {
    fn from(error: ObserverError) -> Self {
        match error {
            ObserverError::Handshake(error) => error.into(),
            _ => ErrorCode::HandshakeInvalid.into(),
        }
    }
}
