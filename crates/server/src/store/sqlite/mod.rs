//! The embedded database: one file, one process, nothing to install.

mod append;
mod checkpoint;

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlitePool};

pub(super) use append::append_batch;
pub(super) use checkpoint::Checkpointer;

use super::StoreError;
use super::sql::connection::Database;
use super::sql::failure::{failure, migration_failure};
use super::sql::migrations;

/// Opens `sotto.db` in a folder that exists.
pub(super) async fn open(folder: &Path) -> Result<Database, StoreError> {
    let lock = lock(folder)?;
    let options = options(folder).create_if_missing(true);
    let writer = writer(&options).await?;
    migrations::for_sqlite().run(&writer).await.map_err(migration_failure)?;
    let checkpointer = Some(Checkpointer::start(options.clone(), writer.clone()).await.map_err(failure)?);
    let readers = readers(options).await?;
    Ok(Database::Sqlite { writer, readers, checkpointer, _lock: Some(lock) })
}

/// Opens the same without the lock. SQLite itself keeps writers of several processes apart, and nothing that the owner of the lock
/// keeps in memory depends on what is written so.
pub(super) async fn attach(folder: &Path) -> Result<Database, StoreError> {
    let options = options(folder).create_if_missing(false);
    let (writer, readers) = (writer(&options).await?, readers(options).await?);
    Ok(Database::Sqlite { writer, readers, checkpointer: None, _lock: None })
}

/// Copies all that is committed: one reading transaction, which the write-ahead log lets others write beside.
pub(super) async fn copy(folder: &Path, file: &Path) -> Result<(), StoreError> {
    let mut connection = options(folder).create_if_missing(false).connect().await.map_err(failure)?;
    let copied = sqlx::query("VACUUM INTO ?1").bind(file.to_string_lossy()).execute(&mut connection).await;
    connection.close().await.map_err(failure)?;
    copied.map(drop).map_err(failure)
}

fn options(folder: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.join("sotto.db"))
        // Of a new database. Each event changes a page of the index of event ids, which are random, and half a page is written faster.
        .page_size(2048)
        .foreign_keys(true)
        // Readers see the last commit while the writer writes, and a commit is one sequential write and one fsync.
        .journal_mode(SqliteJournalMode::Wal)
        // What is acknowledged survives the loss of power, not only of the process.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
        .pragma("cache_size", CACHE_KIB)
        .pragma("temp_store", "memory")
        .pragma("wal_autocheckpoint", LOG_PAGES_MAX)
        .disable_statement_logging()
}

async fn writer(options: &SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    pool().max_connections(1).connect_with(options.clone()).await.map_err(failure)
}

async fn readers(options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    pool().max_connections(READERS).connect_with(options.pragma("query_only", "on")).await.map_err(failure)
}

fn pool() -> SqlitePoolOptions {
    // A connection is a thread of this process: there is no need to ask whether it is still there.
    let options = SqlitePoolOptions::new().test_before_acquire(false);
    options
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        // SQLite itself takes a transaction back when the disk is full or fails. The connection goes on believing that it is in one
        // and would refuse to begin the next: another one takes its place.
        .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))))
}

/// Two servers on one folder would each believe to be alone. The kernel lets go of the lock when the process ends, however it ends.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let file = File::create(folder.join("sotto.lock")).map_err(|error| StoreError::ReadOnly(Arc::new(error)))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let told = "another process has the folder open";
            Err(StoreError::Unavailable(Arc::new(std::io::Error::new(std::io::ErrorKind::ResourceBusy, told))))
        }
        Err(TryLockError::Error(error)) => Err(StoreError::ReadOnly(Arc::new(error))),
    }
}

const READERS: u32 = 4;
const STATEMENTS: usize = 256;
/// Negative: in KiB instead of pages.
const CACHE_KIB: &str = "-8192";
/// 256 MiB: the checkpointer comes much earlier, if it can.
const LOG_PAGES_MAX: &str = "131072";
const BUSY: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);
