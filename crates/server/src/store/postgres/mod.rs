//! PostgreSQL: for many nodes, and for those who want their database apart.

mod append;

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgPool};

pub(super) use append::append_batch;

use super::StoreError;
use super::sql::connection::Database;
use super::sql::failure::{failure, migration_failure};
use super::sql::migrations;

/// Connects and brings the tables up to date; nodes that start together wait for each other.
pub(super) async fn open(url: &str, connections: u32) -> Result<Database, StoreError> {
    let pool = connect(url, connections).await?;
    migrations::for_postgres().run(&pool).await.map_err(migration_failure)?;
    Ok(Database::Postgres(pool))
}

/// Connects, and leaves the tables as they are.
pub(super) async fn attach(url: &str) -> Result<Database, StoreError> {
    Ok(Database::Postgres(connect(url, 2).await?))
}

async fn connect(url: &str, connections: u32) -> Result<PgPool, StoreError> {
    let options: PgConnectOptions = url.parse().map_err(failure)?;
    let options = options
        .statement_cache_capacity(STATEMENTS)
        // Whatever the server's default is: what is acknowledged is on disk.
        .options([("synchronous_commit", "on"), ("idle_in_transaction_session_timeout", IDLE_MS)])
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        // Asking costs a round trip: not of a connection that has just been used.
        .test_before_acquire(false)
        .before_acquire(|connection, met| {
            Box::pin(async move { Ok(met.idle_for < FRESH || connection.ping().await.is_ok()) })
        });
    pool.connect_with(options).await.map_err(failure)
}

const STATEMENTS: usize = 256;
const FRESH: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(30);
/// A node that hangs must not hold its locks for ever.
const IDLE_MS: &str = "30000";
