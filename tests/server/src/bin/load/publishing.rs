//! Many accounts change their keys at once, and the server publishes it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rand::Rng as _;
use sotto_crypto::directory::EntryDigest;
use sotto_proto::AccountId;
use sotto_server_tests::people::randomness;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};

use crate::figures::Report;

/// What is queued is put beside the server into its database: making so many accounts would take longer than what is measured.
pub(crate) async fn measure(report: &Report, postgres: Option<&str>, data: &Path) -> Result<()> {
    let rate = match postgres {
        Some(url) => on_postgres(url).await?,
        None => on_sqlite(&data.join("sotto.db")).await?,
    };
    report.row("changes of keys published a second", rate, "", "> 1000");
    Ok(())
}

/// Queues changes, each of another account, and gives how many a second were published from the first head on that took some in.
macro_rules! publish {
    ($connection:expr) => {{
        let mut transaction = $connection.begin().await?;
        for _ in 0..CHANGES {
            let mut account = [0; 16];
            randomness().fill_bytes(&mut account);
            let digest = EntryDigest::of(AccountId::from_bytes(account), 1, &CONTENT);
            let change = sqlx::query(QUEUE).bind(&account[..]).bind(&digest.0[..]).bind(&CONTENT[..]);
            change.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        let mut first = None;
        loop {
            let (left,): (i64,) = sqlx::query_as(LEFT).fetch_one(&mut $connection).await?;
            if left < CHANGES {
                let (begin, of) = *first.get_or_insert((Instant::now(), left));
                if left == 0 {
                    break f64::from(i32::try_from(of)?) / begin.elapsed().as_secs_f64();
                }
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }};
}

async fn on_sqlite(file: &Path) -> Result<f64> {
    // There are no such accounts.
    let options = SqliteConnectOptions::new().filename(file).foreign_keys(false).busy_timeout(Duration::from_secs(10));
    let mut connection = options.connect().await.context("cannot open the server's database")?;
    let rate = publish!(connection);
    connection.close().await?;
    Ok(rate)
}

async fn on_postgres(url: &str) -> Result<f64> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute("SET session_replication_role = replica").await?;
    let rate = publish!(connection);
    connection.close().await?;
    Ok(rate)
}

const QUEUE: &str =
    "INSERT INTO directory_entries (account, revision, digest, content, queued_at) VALUES ($1, 1, $2, $3, 1)";
const LEFT: &str = "SELECT count(*) FROM directory_entries WHERE epoch IS NULL";
const CHANGES: i64 = 40_000;
/// About what the identity key and the certificates of two devices take.
const CONTENT: [u8; 400] = [0x5a; 400];
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
