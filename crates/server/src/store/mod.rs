//! What the server keeps, and nothing that it could read (`docs/adr/0018`).
//!
//! [`Store`] is the port: verbs of the domain, each one transaction that is durable when it returns. [`open_sqlite`] and [`open_postgres`]
//! give one each. The verbs are written once, in SQL that both understand; what only one of the
//! two can do stands in `sqlite` and `postgres`.

mod appender;
mod error;
mod port;
mod postgres;
mod sql;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

pub use error::{Cause, Counted, Refusal, Stand, StoreError};
pub use port::*;

/// Everything that services need kept.
pub trait Store:
    Accounts
    + SecondFactors
    + Logins
    + Devices
    + Sessions
    + KeyPackages
    + Sealed
    + Conversations
    + Relations
    + Log
    + Removals
    + ChangeFeed
    + Directory
    + Files
    + Admin
    + Lifecycle
{
}

impl<T> Store for T where
    T: Accounts
        + SecondFactors
        + Logins
        + Devices
        + Sessions
        + KeyPackages
        + Sealed
        + Conversations
        + Relations
        + Log
        + Removals
        + ChangeFeed
        + Directory
        + Files
        + Admin
        + Lifecycle
{
}

/// The end of a store.
#[async_trait::async_trait]
pub trait Lifecycle: Send + Sync {
    /// Answers whether the database does.
    async fn check(&self) -> Result<(), StoreError>;

    /// Takes no more appends, finishes those that wait, and closes the database.
    async fn close(&self);
}

/// Opens the SQLite store in a folder, makes it if there is none, and brings its tables up to date. One process at a time.
pub async fn open_sqlite(folder: &Path) -> Result<Arc<dyn Store>, StoreError> {
    let database = sqlite::open(folder).await?;
    Ok(Arc::new(sql::SqlStore::start(database)))
}

/// Opens the SQLite store in a folder beside a server that may have it open, for verbs on accounts and reports. Makes nothing, and
/// leaves the tables as they are: they must be of this version.
pub async fn attach_sqlite(folder: &Path) -> Result<Arc<dyn Store>, StoreError> {
    let database = sqlite::attach(folder).await?;
    Ok(Arc::new(sql::SqlStore::attach(database).await?))
}

/// Copies the SQLite store in a folder to an empty file, as it is at one moment, beside a server that may go on writing.
pub async fn copy_sqlite(folder: &Path, file: &Path) -> Result<(), StoreError> {
    sqlite::copy(folder, file).await
}

/// As [`attach_sqlite`], for PostgreSQL.
pub async fn attach_postgres(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    let database = postgres::attach(url).await?;
    Ok(Arc::new(sql::SqlStore::attach(database).await?))
}

/// Opens the PostgreSQL store at a URL and brings its tables up to date. Any number of processes at a time.
pub async fn open_postgres(url: &str, connections: u32) -> Result<Arc<dyn Store>, StoreError> {
    let database = postgres::open(url, connections).await?;
    Ok(Arc::new(sql::SqlStore::start(database)))
}
