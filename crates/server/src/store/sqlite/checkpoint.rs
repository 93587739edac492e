//! Moves what was committed from the write-ahead log into the database, beside the writer: commits seldom wait for that, and a
//! page that many commits have changed moves once.

use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::task::AbortHandle;

use super::pool;

/// Ends when it is dropped.
pub(crate) struct Checkpointer {
    beside: SqlitePool,
    task: AbortHandle,
}

impl Checkpointer {
    pub(super) async fn start(options: SqliteConnectOptions, writer: SqlitePool) -> sqlx::Result<Self> {
        let beside = pool().max_connections(1).connect_with(options).await?;
        let task = tokio::spawn(work_for_ever(beside.clone(), writer)).abort_handle();
        Ok(Self { beside, task })
    }

    pub(crate) async fn close(&self) {
        self.task.abort();
        self.beside.close().await;
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A failure passes, or shows in the next commit; when the log has become too long, the writer moves it itself.
async fn work_for_ever(beside: SqlitePool, writer: SqlitePool) {
    loop {
        tokio::time::sleep(PAUSE).await;
        if run(&beside, LOOK).await.is_ok_and(|log| log.left() >= WORTH_MOVING) {
            let _ = shorten(&beside, &writer).await;
        }
    }
}

/// A log begins again at its start once all of it has moved, which while others write never happens by itself. So what has come
/// meanwhile is moved too, again and again, until so little is left that the writer can move it in a turn of its own.
async fn shorten(beside: &SqlitePool, writer: &SqlitePool) -> sqlx::Result<()> {
    if run(beside, MOVE).await?.pages < LONG {
        return Ok(());
    }
    for _ in 1..ROUNDS {
        if run(beside, LOOK).await?.left() < LITTLE {
            break;
        }
        run(beside, MOVE).await?;
    }
    run(writer, MOVE).await.map(drop)
}

struct LogPages {
    pages: i64,
    moved: i64,
}

impl LogPages {
    fn left(&self) -> i64 {
        self.pages - self.moved
    }
}

async fn run(connections: &SqlitePool, sql: &'static str) -> sqlx::Result<LogPages> {
    let (_busy, pages, moved) = sqlx::query_as::<_, (i64, i64, i64)>(sql).fetch_one(connections).await?;
    Ok(LogPages { pages, moved })
}

/// Tells how long the log is, and how much of it has moved.
const LOOK: &str = "PRAGMA wal_checkpoint(NOOP)";
/// Waits for nobody, neither for readers nor for writers.
const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";
const PAUSE: Duration = Duration::from_millis(250);
/// 16 MiB.
const WORTH_MOVING: i64 = 8_192;
/// 64 MiB.
const LONG: i64 = 32_768;
/// 1 MiB: about one commit at full speed.
const LITTLE: i64 = 512;
/// More do not bring the end nearer on a disk that is hardly faster than the writer.
const ROUNDS: usize = 6;
