use indexed_db_futures::error::{Error as IndexedDbError, OpenDbError};
use serde::Serialize;
use sotto_client::engine::{ArchiveError, EngineError};
use sotto_client::store::StoreError;
use sotto_proto::Invalid;
use sqlite_wasm_vfs::sahpool::OpfsSAHError;
use tsify::Tsify;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::DomException;

use crate::files::is_room_left;

/// What the page is told when something fails: a code to act on, and a text for a report. Neither holds a secret.
#[derive(Debug, Serialize, Tsify)]
pub struct Failure {
    code: FailureCode,
    message: String,
}

/// Each code has a sentence in the catalogue of the page that tells a person what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Tsify)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCode {
    /// The browser has no private file system for this origin, as in some private windows.
    NoOpfs,
    /// Another tab or worker has the store.
    InUse,
    /// The store is there, and the key that opens it is not.
    KeyLost,
    /// The store contradicts itself.
    Damaged,
    /// The quota of this origin is used up.
    Full,
    /// A later version of Sotto has written the store.
    Newer,
    /// Nobody is signed in here.
    SignedOut,
    /// Somebody is signed in here already.
    SignedIn,
    /// There is no such chat here.
    NoSuchChat,
    /// What was written is longer than a message can be.
    TooLong,
    /// The recovery words are none.
    WrongWords,
    /// A file is no history, or one of a later version.
    NoHistory,
    /// A file is the history of another account.
    OthersHistory,
    /// A history file breaks off, or was changed.
    BrokenHistory,
    /// What was given cannot be used; the message says what.
    Unusable,
    /// Anything else; the message says what.
    Failed,
}

impl Failure {
    pub(crate) fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Whether the store as a whole is behind it: nothing else of what the engine does fails without a name.
    pub(crate) fn is_of_the_store(&self) -> bool {
        matches!(self.code, FailureCode::Full | FailureCode::Failed)
    }

    /// The same, or that there is no room left if that is behind it.
    pub(crate) async fn explained(self) -> Self {
        if matches!(self.code, FailureCode::Failed) && !is_room_left().await {
            return Self { code: FailureCode::Full, ..self };
        }
        self
    }

    /// Something that the browser's interface threw.
    pub(crate) fn from_js(doing: &str, thrown: &JsValue) -> Self {
        let Some(exception) = thrown.dyn_ref::<DomException>() else {
            return Self::new(FailureCode::Failed, format!("{doing}: {thrown:?}"));
        };
        let code = match exception.name().as_str() {
            "NoModificationAllowedError" | "InvalidStateError" => FailureCode::InUse,
            "QuotaExceededError" => FailureCode::Full,
            "SecurityError" | "NotAllowedError" => FailureCode::NoOpfs,
            _ => FailureCode::Failed,
        };
        Self::new(code, format!("{doing}: {}: {}", exception.name(), exception.message()))
    }
}

impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        failure.into_ts().map_or_else(|error| Self::from_str(&error.to_string()), |failure| failure.js_value())
    }
}

impl From<tsify::Error> for Failure {
    fn from(error: tsify::Error) -> Self {
        Self::new(FailureCode::Failed, format!("translating for the page: {error}"))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::WrongKeyOrDamaged | StoreError::Damaged(_) | StoreError::Contradiction(_) => {
                FailureCode::Damaged
            }
            StoreError::InUse => FailureCode::InUse,
            StoreError::Full => FailureCode::Full,
            StoreError::FromTheFuture { .. } => FailureCode::Newer,
            StoreError::Failed(_) => FailureCode::Failed,
        };
        Self::new(code, chain(&error))
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match error {
            EngineError::Store(error) => return error.into(),
            EngineError::SignedOut => FailureCode::SignedOut,
            EngineError::SignedIn => FailureCode::SignedIn,
            EngineError::NoSuchChat => FailureCode::NoSuchChat,
            EngineError::TooLong { .. } => FailureCode::TooLong,
            EngineError::FileTooLarge { .. } | EngineError::Unusable(_) => FailureCode::Unusable,
        };
        Self::new(code, error.to_string())
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let code = match error {
            ArchiveError::Store(error) => return error.into(),
            ArchiveError::SignedOut => FailureCode::SignedOut,
            ArchiveError::OtherFormat => FailureCode::NoHistory,
            ArchiveError::OtherAccount(_) => FailureCode::OthersHistory,
            ArchiveError::Damaged(_) => FailureCode::BrokenHistory,
            ArchiveError::File(_) => FailureCode::Failed,
        };
        Self::new(code, error.to_string())
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::new(FailureCode::Unusable, invalid.to_string())
    }
}

impl From<OpfsSAHError> for Failure {
    fn from(error: OpfsSAHError) -> Self {
        match &error {
            OpfsSAHError::NotSupported => Self::new(FailureCode::NoOpfs, error.to_string()),
            OpfsSAHError::GetDirHandle(thrown)
            | OpfsSAHError::GetFileHandle(thrown)
            | OpfsSAHError::CreateSyncAccessHandle(thrown)
            | OpfsSAHError::IterHandle(thrown)
            | OpfsSAHError::GetPath(thrown)
            | OpfsSAHError::RemoveEntity(thrown)
            | OpfsSAHError::GetSize(thrown)
            | OpfsSAHError::Read(thrown)
            | OpfsSAHError::Write(thrown)
            | OpfsSAHError::Flush(thrown)
            | OpfsSAHError::Truncate(thrown)
            | OpfsSAHError::Reflect(thrown) => Self::from_js(&error.to_string(), thrown),
            OpfsSAHError::Vfs(_) | OpfsSAHError::ImportDb(_) | OpfsSAHError::Generic(_) => {
                Self::new(FailureCode::Failed, error.to_string())
            }
        }
    }
}

impl From<OpenDbError> for Failure {
    fn from(error: OpenDbError) -> Self {
        match error {
            OpenDbError::Base(error) => error.into(),
            error => Self::new(FailureCode::Failed, format!("keeping the key: {}", chain(&error))),
        }
    }
}

impl From<IndexedDbError> for Failure {
    fn from(error: IndexedDbError) -> Self {
        match error {
            IndexedDbError::DomException(thrown) => Self::from_js("keeping the key", thrown.as_ref()),
            error => Self::new(FailureCode::Failed, format!("keeping the key: {}", chain(&error))),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
