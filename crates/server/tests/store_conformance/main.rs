//! What every store must do, run on SQLite and on a real PostgreSQL.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod accounts;
mod admin;
mod conversations;
#[path = "../support/database.rs"]
mod database;
mod directory;
mod files;
mod key_packages;
mod log;
mod logins;
mod migrations;
mod people;
mod sealed;
mod sessions;
mod sync;

/// Runs each scenario on a fresh database of either kind.
macro_rules! on_both {
    ($($scenario:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                let home = crate::database::Sqlite::new();
                let store = home.open().await.unwrap();
                super::$scenario(&*store).await;
                store.close().await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                let home = crate::database::Postgres::new().await;
                let store = home.open().await.unwrap();
                super::$scenario(&*store).await;
                store.close().await;
                home.remove().await;
            })*
        }
    };
}
pub(crate) use on_both;
