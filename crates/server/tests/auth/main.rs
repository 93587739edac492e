//! Registration, login, sessions, second factor and the ways back in, with the real client half of OPAQUE.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]
#![allow(clippy::unnecessary_wraps, clippy::unchecked_time_subtraction, reason = "scenarios read better so")]
#![allow(dead_code, reason = "what several suites share is not used whole by each")]

mod deletion;
mod factor;
mod guessing;
mod login;
mod password;
mod people;
mod recovery;
mod refresh;
mod registration;
mod reset;
mod sessions;
#[path = "../support/mod.rs"]
mod support;

/// Runs each scenario on a node over a fresh SQLite database, without rates. What depends on the database runs on both.
macro_rules! on_sqlite {
    ($($scenario:ident),* $(,)?) => {$(
        mod $scenario {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let home = $crate::support::database::Sqlite::new();
                let store = home.open().await.unwrap();
                super::$scenario(&$crate::support::world(store.clone(), 0)).await;
                store.close().await;
            }
        }
    )*};
}
pub(crate) use on_sqlite;
