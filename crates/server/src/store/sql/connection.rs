//! Connections to either database, on which the same statements run.

use std::fmt::Write as _;

use sqlx::pool::PoolConnection;
use sqlx::{AssertSqlSafe, Executor as _, PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool, Transaction};

use super::failure::failure;
use super::value::{Arg, Row, for_postgres, for_sqlite};
use crate::store::sqlite::Checkpointer;
use crate::store::{Refusal, StoreError};

/// An open database.
pub(crate) enum Database {
    /// One writer, because SQLite has one; readers see the last commit and do not wait for it.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        /// Not started by those who are beside the server.
        checkpointer: Option<Checkpointer>,
        /// Not held by those who are beside the server.
        _lock: Option<std::fs::File>,
    },
    Postgres(PgPool),
}

/// A connection in use. A transaction that is not committed is as if it had never been.
pub(crate) struct Connection(Inner);

enum Inner {
    SqliteWrite(Transaction<'static, Sqlite>),
    SqliteRead(PoolConnection<Sqlite>),
    PostgresWrite(Transaction<'static, Postgres>),
    PostgresRead(PoolConnection<Postgres>),
}

impl Database {
    /// Begins a transaction that writes.
    pub(crate) async fn write(&self) -> Result<Connection, StoreError> {
        let inner = match self {
            Self::Sqlite { writer, .. } => writer.begin_with("BEGIN IMMEDIATE").await.map(Inner::SqliteWrite),
            Self::Postgres(pool) => begin(pool, "BEGIN").await.map(Inner::PostgresWrite),
        };
        inner.map(Connection).map_err(failure)
    }

    /// Takes a connection on which each statement sees the newest commit.
    pub(crate) async fn read(&self) -> Result<Connection, StoreError> {
        let inner = match self {
            Self::Sqlite { readers, .. } => readers.acquire().await.map(Inner::SqliteRead),
            Self::Postgres(pool) => pool.acquire().await.map(Inner::PostgresRead),
        };
        inner.map(Connection).map_err(failure)
    }

    /// Begins a transaction in which all statements see the same commit.
    pub(crate) async fn snapshot(&self) -> Result<Connection, StoreError> {
        let inner = match self {
            Self::Sqlite { readers, .. } => readers.begin().await.map(Inner::SqliteWrite),
            Self::Postgres(pool) => {
                begin(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(Inner::PostgresWrite)
            }
        };
        inner.map(Connection).map_err(failure)
    }

    /// How many batches are worth writing at once: SQLite has one writer; PostgreSQL can flush one batch while it takes another.
    pub(crate) fn lanes(&self) -> usize {
        match self {
            Self::Sqlite { .. } => 1,
            Self::Postgres(_) => 2,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, checkpointer, .. } => {
                if let Some(checkpointer) = checkpointer {
                    checkpointer.close().await;
                }
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Begins in a task of its own, to its end: when nobody waits any more for the answer to `BEGIN`, sqlx would put the connection back
/// with the transaction open, and whoever gets it next would read the past and write nothing.
async fn begin(pool: &PgPool, statement: &'static str) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(statement).await });
    begun.await.map_err(|_| sqlx::Error::WorkerCrashed)?
}

impl Connection {
    /// Runs a statement and returns how many rows it wrote.
    pub(crate) async fn run(&mut self, sql: impl SqlSafeStr, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        let sql = sql.into_sql_str();
        match &mut self.0 {
            Inner::SqliteWrite(on) => {
                on.execute(sqlx::query_with(sql, for_sqlite(args)?)).await.map(|done| done.rows_affected())
            }
            Inner::SqliteRead(on) => {
                on.execute(sqlx::query_with(sql, for_sqlite(args)?)).await.map(|done| done.rows_affected())
            }
            Inner::PostgresWrite(on) => {
                on.execute(sqlx::query_with(sql, for_postgres(args)?)).await.map(|done| done.rows_affected())
            }
            Inner::PostgresRead(on) => {
                on.execute(sqlx::query_with(sql, for_postgres(args)?)).await.map(|done| done.rows_affected())
            }
        }
        .map_err(failure)
    }

    /// Runs a statement and returns its rows.
    pub(crate) async fn rows(&mut self, sql: impl SqlSafeStr, args: &[Arg<'_>]) -> Result<Vec<Row>, StoreError> {
        let sql = sql.into_sql_str();
        match &mut self.0 {
            Inner::SqliteWrite(on) => sqlite_rows(on.fetch_all(sqlx::query_with(sql, for_sqlite(args)?)).await),
            Inner::SqliteRead(on) => sqlite_rows(on.fetch_all(sqlx::query_with(sql, for_sqlite(args)?)).await),
            Inner::PostgresWrite(on) => postgres_rows(on.fetch_all(sqlx::query_with(sql, for_postgres(args)?)).await),
            Inner::PostgresRead(on) => postgres_rows(on.fetch_all(sqlx::query_with(sql, for_postgres(args)?)).await),
        }
    }

    /// Runs a statement and returns its first row, if there is one.
    pub(crate) async fn maybe_row(
        &mut self,
        sql: impl SqlSafeStr,
        args: &[Arg<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// Runs a statement and returns its first row. None means that its object does not exist.
    pub(crate) async fn row(&mut self, sql: impl SqlSafeStr, args: &[Arg<'_>]) -> Result<Row, StoreError> {
        self.maybe_row(sql, args).await?.ok_or_else(|| Refusal::NotFound.into())
    }

    /// As [`Self::maybe_row`], and nobody else writes the row before this transaction ends. SQLite's writer is alone anyway.
    pub(crate) async fn locked_row(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<Option<Row>, StoreError> {
        match &self.0 {
            Inner::PostgresWrite(_) => self.maybe_row(AssertSqlSafe(format!("{sql} FOR NO KEY UPDATE")), args).await,
            _ => self.maybe_row(sql, args).await,
        }
    }

    /// As [`Self::rows`], and nobody else writes these rows before this transaction ends.
    pub(crate) async fn locked_rows(&mut self, sql: String, args: &[Arg<'_>]) -> Result<Vec<Row>, StoreError> {
        match &self.0 {
            Inner::PostgresWrite(_) => self.rows(AssertSqlSafe(format!("{sql} FOR NO KEY UPDATE")), args).await,
            _ => self.rows(AssertSqlSafe(sql), args).await,
        }
    }

    /// As [`Self::rows`], leaving out rows that others write at this moment.
    pub(crate) async fn free_rows(&mut self, sql: &'static str, args: &[Arg<'_>]) -> Result<Vec<Row>, StoreError> {
        let sql = self.only_free(sql.to_owned());
        self.rows(AssertSqlSafe(sql), args).await
    }

    /// The query without the rows that others write at this moment; nobody else writes what is left before this transaction ends.
    pub(crate) fn only_free(&self, query: String) -> String {
        match &self.0 {
            Inner::PostgresWrite(_) => query + " FOR NO KEY UPDATE SKIP LOCKED",
            _ => query,
        }
    }

    /// Joins a table by one look into its index for each row before it. PostgreSQL needs to be told: where it believes a few rows to be
    /// many it reads the whole table instead. SQLite always does it like that, and knows no `LATERAL`.
    pub(crate) fn looked_up(&self, table: &str, name: &str, condition: &str) -> String {
        match &self.0 {
            Inner::PostgresWrite(_) | Inner::PostgresRead(_) => format!(
                "CROSS JOIN LATERAL (SELECT {name}.* FROM {table} AS {name} WHERE {condition} OFFSET 0) AS {name}"
            ),
            Inner::SqliteWrite(_) | Inner::SqliteRead(_) => format!("JOIN {table} AS {name} ON {condition}"),
        }
    }

    /// Makes the transaction durable.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self.0 {
            Inner::SqliteWrite(transaction) => transaction.commit().await.map_err(failure),
            Inner::PostgresWrite(transaction) => transaction.commit().await.map_err(failure),
            Inner::SqliteRead(_) | Inner::PostgresRead(_) => Ok(()),
        }
    }
}

/// `($first, $first+1, …)` for at least `count` values. Lengths are rounded up, so that few different statements have to be
/// prepared; [`padded`] gives as many arguments.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let mut list = String::from("(");
    for number in first..first + count.next_power_of_two() {
        let comma = if number == first { "" } else { "," };
        write!(list, "{comma}${number}").expect("a string takes all that is written");
    }
    list.push(')');
    list
}

/// The values as arguments, the last one repeated up to a power of two. There must be at least one.
pub(crate) fn padded<'a, T>(values: &'a [T]) -> impl Iterator<Item = Arg<'a>>
where
    Arg<'a>: From<&'a T>,
{
    let last = values.last().into_iter().cycle();
    values.iter().chain(last).take(values.len().next_power_of_two()).map(Arg::from)
}

fn sqlite_rows(rows: sqlx::Result<Vec<sqlx::sqlite::SqliteRow>>) -> Result<Vec<Row>, StoreError> {
    rows.map(|rows| rows.into_iter().map(Row::Sqlite).collect()).map_err(failure)
}

fn postgres_rows(rows: sqlx::Result<Vec<sqlx::postgres::PgRow>>) -> Result<Vec<Row>, StoreError> {
    rows.map(|rows| rows.into_iter().map(Row::Postgres).collect()).map_err(failure)
}
