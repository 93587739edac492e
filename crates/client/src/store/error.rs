use rusqlite::ErrorCode;
use thiserror::Error;

/// Why the store could not do what was asked. No variant carries anything that is stored.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The file is not a database that this key opens: another key, or damage to the first page.
    #[error("the key does not open this database, or its file is damaged")]
    WrongKeyOrDamaged,

    /// The pages contradict each other.
    #[error("the database is damaged")]
    Damaged(#[source] rusqlite::Error),

    /// Another process or tab has the database.
    #[error("the database is in use")]
    InUse,

    /// The disk, or the browser's quota, is full. Nothing that was stored is lost.
    #[error("there is no room left for the database")]
    Full,

    /// A later version of Sotto has written this database.
    #[error("the database has schema version {found}, and this program knows versions up to {known}")]
    FromTheFuture {
        /// The version of the file.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },

    /// A row says what this program never writes.
    #[error("the database contradicts itself: {0}")]
    Contradiction(&'static str),

    /// Any other failure of the file system or of SQLite.
    #[error("the database failed")]
    Failed(#[source] rusqlite::Error),
}

impl StoreError {
    /// While a database opens, "not a database" is about the key; later it would be damage.
    pub(super) fn from_opening(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::WrongKeyOrDamaged,
            _ => error.into(),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Failed(error),
        }
    }
}
