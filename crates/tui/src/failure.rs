//! What went wrong, sorted by what a script can do about it.

use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use sotto_client::engine::{EngineError, Why};
use sotto_client::store::StoreError;
use sotto_native_client::ClientError;
use sotto_proto::wire::ErrorCode;

use crate::words::Message;

/// Why a command did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) class: Class,
    pub(crate) message: Message,
}

/// The exit code of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Class {
    /// It did not work.
    Failed = 1,
    /// It was asked for in a way that makes no sense.
    Usage = 2,
    /// Nobody is signed in.
    SignedOut = 3,
    /// Doing it would not be safe.
    Unsafe = 4,
}

impl From<Class> for ExitCode {
    fn from(class: Class) -> Self {
        Self::from(class as u8)
    }
}

impl Message {
    pub(crate) fn failed(self) -> Failure {
        Failure { class: Class::Failed, message: self }
    }

    pub(crate) fn misused(self) -> Failure {
        Failure { class: Class::Usage, message: self }
    }

    pub(crate) fn signed_out(self) -> Failure {
        Failure { class: Class::SignedOut, message: self }
    }

    pub(crate) fn not_safe(self) -> Failure {
        Failure { class: Class::Unsafe, message: self }
    }
}

impl Failure {
    /// Why the engine could not do something for good. `whom` names who was asked for.
    pub(crate) fn of(why: Why, whom: &str) -> Self {
        match why {
            Why::Refused(code) => refusal(code),
            Why::WrongPassword => Message::WrongPassword.failed(),
            Why::OtherAccount => Message::OtherAccount.failed(),
            Why::NobodyThere => Message::NobodyThere { name: whom.to_owned() }.failed(),
            Why::NotAllowed => Message::NotAllowed.failed(),
            Why::OnlyOwner => Message::OnlyOwner.failed(),
            Why::WeakServer => Message::WeakServer.not_safe(),
            Why::OtherProtocol => Message::OtherProtocol.failed(),
            Why::BadVault => Message::BadVault.not_safe(),
            Why::KeyChanged(_) => Message::KeyChanged { name: format!("@{whom}") }.not_safe(),
        }
    }
}

fn refusal(code: ErrorCode) -> Failure {
    match code {
        ErrorCode::NameTaken | ErrorCode::NameNotAllowed => Message::NameTaken.failed(),
        ErrorCode::RegistrationClosed => Message::RegistrationClosed.failed(),
        ErrorCode::RateLimited => Message::TooOften.failed(),
        ErrorCode::SecondFactorWrong => Message::SecondFactorWrong.failed(),
        ErrorCode::SessionEnded => Message::SessionEnded.signed_out(),
        other => Message::Refused { code: other.as_str_name().to_owned() }.failed(),
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::SignedOut => Message::NotSignedIn.signed_out(),
            EngineError::SignedIn => Message::OtherAccount.failed(),
            EngineError::NoSuchChat => Message::NotYetOpen.failed(),
            EngineError::TooLong { max, actual } => {
                Message::TooLong { max: max.to_string(), actual: actual.to_string() }.misused()
            }
            EngineError::FileTooLarge { max, actual } => {
                Message::FileTooLong { max: max.to_string(), actual: actual.to_string() }.misused()
            }
            EngineError::Unusable(what) => Message::Unusable { what: what.to_owned() }.misused(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Message::StoreFailed { why: error.to_string() }.failed()
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Engine(error) => error.into(),
            ClientError::Address(server) => Message::BadServer { server }.misused(),
            ClientError::System(_) | ClientError::Ended => Message::SystemFailed { why: error.to_string() }.failed(),
        }
    }
}
