//! What the bare database does on this machine, in the same run: figures mean something only beside it.

use std::time::{Duration, Instant};

use anyhow::Result;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

/// Durable plain inserts of the same size, a second.
pub(crate) struct Baseline {
    /// One for each transaction.
    pub(crate) alone: f64,
    /// A hundred for each transaction.
    pub(crate) by_hundreds: f64,
}

pub(crate) async fn inserts_per_second(postgres: Option<&str>) -> Result<Baseline> {
    match postgres {
        Some(url) => on_postgres(url).await,
        None => on_sqlite().await,
    }
}

async fn on_sqlite() -> Result<Baseline> {
    let folder = TempDir::with_prefix("sotto-baseline-")?;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("bare.sqlite"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection: SqliteConnection = options.connect().await?;
    connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB NOT NULL)").await?;
    let mut rates = [0.0; 2];
    for (rate, size) in rates.iter_mut().zip([1, 100]) {
        let begin = Instant::now();
        let mut count = 0.0;
        while begin.elapsed() < WHILE {
            let mut transaction = connection.begin().await?;
            for _ in 0..size {
                sqlx::query("INSERT INTO bare (body) VALUES ($1)").bind(&BODY[..]).execute(&mut *transaction).await?;
                count += 1.0;
            }
            transaction.commit().await?;
        }
        *rate = count / begin.elapsed().as_secs_f64();
    }
    connection.close().await?;
    Ok(Baseline { alone: rates[0], by_hundreds: rates[1] })
}

async fn on_postgres(url: &str) -> Result<Baseline> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute("CREATE SCHEMA bare").await?;
    connection.execute("CREATE TABLE bare.bare (id bigserial PRIMARY KEY, body bytea NOT NULL)").await?;
    let mut rates = [0.0; 2];
    for (rate, size) in rates.iter_mut().zip([1, 100]) {
        let begin = Instant::now();
        let mut count = 0.0;
        while begin.elapsed() < WHILE {
            let mut transaction = connection.begin().await?;
            for _ in 0..size {
                let insert = sqlx::query("INSERT INTO bare.bare (body) VALUES ($1)").bind(&BODY[..]);
                insert.execute(&mut *transaction).await?;
                count += 1.0;
            }
            transaction.commit().await?;
        }
        *rate = count / begin.elapsed().as_secs_f64();
    }
    connection.execute("DROP SCHEMA bare CASCADE").await?;
    connection.close().await?;
    Ok(Baseline { alone: rates[0], by_hundreds: rates[1] })
}

/// About the size of a sealed event with a body of 256 bytes.
const BODY: [u8; 480] = [0x5a; 480];
const WHILE: Duration = Duration::from_secs(3);
