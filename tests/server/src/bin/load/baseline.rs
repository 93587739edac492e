//! What the bare database does on this machine, in the same run: figures mean something only beside it.

use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::figures::{Report, Stretch};

/// Durable plain inserts of the same size a second, in several ways.
pub(crate) type Rates = Vec<(&'static str, f64)>;

/// What one flush of this disk takes: no durable message can be faster.
pub(crate) fn flush(report: &Report) -> Result<()> {
    let mut file = tempfile::tempfile()?;
    let (begin, mut took) = (Instant::now(), Vec::new());
    while begin.elapsed() < WHILE {
        let flushed = Instant::now();
        file.write_all(&[0x5a; PAGE])?;
        file.sync_data()?;
        took.push(flushed.elapsed());
        std::thread::sleep(PAUSE);
    }
    let stretch = Stretch::new(took, begin.elapsed());
    report.row("  bare disk, one page written and flushed, median", stretch.percentile(50), "ms", "");
    report.row("  bare disk, one page written and flushed, 99 of 100", stretch.percentile(99), "ms", "");
    Ok(())
}

pub(crate) async fn inserts_per_second(postgres: Option<&str>) -> Result<Rates> {
    match postgres {
        Some(url) => on_postgres(url).await,
        None => on_sqlite().await,
    }
}

/// Inserts in transactions of a size for a while; gives how many a second.
macro_rules! insert {
    ($connection:expr, $sql:literal, $size:expr) => {{
        let (begin, mut count) = (Instant::now(), 0.0);
        while begin.elapsed() < WHILE {
            let mut transaction = $connection.begin().await?;
            for _ in 0..$size {
                sqlx::query($sql).bind(&BODY[..]).execute(&mut *transaction).await?;
                count += 1.0;
            }
            transaction.commit().await?;
        }
        count / begin.elapsed().as_secs_f64()
    }};
}

async fn on_sqlite() -> Result<Rates> {
    let folder = TempDir::with_prefix("sotto-baseline-")?;
    let options = SqliteConnectOptions::new()
        .filename(folder.path().join("bare.sqlite"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection: SqliteConnection = options.connect().await?;
    connection.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB NOT NULL)").await?;
    let alone = insert!(connection, "INSERT INTO bare (body) VALUES ($1)", 1);
    let by_hundreds = insert!(connection, "INSERT INTO bare (body) VALUES ($1)", 100);
    connection.close().await?;
    Ok(vec![(ALONE, alone), (BY_HUNDREDS, by_hundreds)])
}

async fn on_postgres(url: &str) -> Result<Rates> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute("CREATE SCHEMA bare").await?;
    connection.execute("CREATE TABLE bare.bare (id bigserial PRIMARY KEY, body bytea NOT NULL)").await?;
    let alone = insert!(connection, "INSERT INTO bare.bare (body) VALUES ($1)", 1);
    let by_hundreds = insert!(connection, "INSERT INTO bare.bare (body) VALUES ($1)", 100);
    let clients = try_join_all((0..CLIENTS).map(|_| async {
        let mut connection = PgConnection::connect(url).await?;
        let rate = insert!(connection, "INSERT INTO bare.bare (body) VALUES ($1)", 1);
        connection.close().await?;
        anyhow::Ok(rate)
    }));
    let together = clients.await?.into_iter().sum();
    connection.execute("DROP SCHEMA bare CASCADE").await?;
    connection.close().await?;
    Ok(vec![(ALONE, alone), (BY_HUNDREDS, by_hundreds), ("16 clients, 1 insert a transaction", together)])
}

const ALONE: &str = "1 insert a transaction";
const BY_HUNDREDS: &str = "100 inserts a transaction";
const CLIENTS: usize = 16;
/// About the size of a sealed event with a body of 256 bytes.
const BODY: [u8; 480] = [0x5a; 480];
const WHILE: Duration = Duration::from_secs(2);
const PAGE: usize = 4_096;
/// As between the messages of a server that has little to do.
const PAUSE: Duration = Duration::from_millis(5);
