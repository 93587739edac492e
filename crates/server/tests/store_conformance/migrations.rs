//! Tables come up to date at every start, also when a start was interrupted.

use std::time::Duration;

use sotto_proto::DeviceId;
use sotto_server::store::{Store, StoreError};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

use crate::database::{Postgres, Sqlite};
use crate::people::*;

#[tokio::test]
async fn sqlite_opens_again_with_what_it_had_o9() {
    let home = Sqlite::new();
    let store = home.open().await.unwrap();
    group(&*store, &[]).await;
    let receipt = say(&*store, 1).await;
    store.close().await;
    drop(store);
    let store = home.open().await.unwrap();
    assert_eq!(say(&*store, 1).await, receipt);
    store.close().await;
}

#[tokio::test]
async fn sqlite_is_for_one_process_at_a_time() {
    let home = Sqlite::new();
    let store = home.open().await.unwrap();
    assert!(matches!(home.open().await, Err(StoreError::Unavailable(_))));
    store.close().await;
    drop(store);
    home.open().await.unwrap().close().await;
}

#[tokio::test]
async fn sqlite_goes_on_after_a_step_that_failed_o9() {
    let home = Sqlite::new();
    let file = format!("sqlite://{}?mode=rwc", home.folder().join("sotto.db").display());
    let mut by_hand = SqliteConnection::connect(&file).await.unwrap();
    // The fourth step fails at its second statement, after it has made the table.
    by_hand.execute("CREATE TABLE obstacle (x)").await.unwrap();
    by_hand.execute("CREATE INDEX log_events ON obstacle (x)").await.unwrap();
    assert!(matches!(home.open().await, Err(StoreError::Broken(..))));
    let log = by_hand.fetch_optional("SELECT 1 FROM sqlite_schema WHERE name = 'log'").await.unwrap();
    assert!(log.is_none(), "a step that failed leaves nothing");
    by_hand.execute("DROP TABLE obstacle").await.unwrap();
    by_hand.close().await.unwrap();

    let store = home.open().await.unwrap();
    group(&*store, &[]).await;
    store.close().await;
}

#[tokio::test]
async fn postgres_nodes_that_start_together_agree_o10() {
    let home = Postgres::new().await;
    let stores = futures_util::future::join_all((0..4).map(|_| home.open())).await;
    let stores: Vec<_> = stores.into_iter().map(Result::unwrap).collect();
    group(&*stores[0], &[]).await;
    for (id, store) in (1..).zip(&stores) {
        assert_eq!(say(&**store, id).await.seq, u64::from(id) + 2);
    }
    for store in stores {
        store.close().await;
    }
    home.remove().await;
}

#[tokio::test]
async fn postgres_goes_on_after_a_step_that_failed_o9() {
    let home = Postgres::new().await;
    let mut by_hand = PgConnection::connect(&home.url()).await.unwrap();
    // In the way of the fourth step, which then fails in its middle.
    by_hand.execute("CREATE TABLE log_events (x BIGINT)").await.unwrap();
    assert!(matches!(home.open().await, Err(StoreError::Unavailable(_) | StoreError::Broken(..))));
    by_hand.execute("DROP TABLE log_events").await.unwrap();
    let store = home.open().await.unwrap();
    group(&*store, &[]).await;
    store.close().await;
    by_hand.close().await.unwrap();
    home.remove().await;
}

/// Ann, who has changed her keys since, and Ben were there before the directory was.
async fn two_of_before(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    store.add_device(ANN, new_device(DeviceId::from_bytes(random()), false), at(1)).await.unwrap();
}

async fn lists_both_once(store: &dyn Store) {
    let queued = async || {
        let entries = store.queued_entries(10).await.unwrap();
        entries.iter().map(|entry| (entry.account, entry.revision)).collect::<Vec<_>>()
    };
    assert_eq!(queued().await, []);
    assert_eq!(store.queue_unlisted(1, at(5)).await.unwrap(), 1, "as many as were asked for");
    assert_eq!(store.queue_unlisted(10, at(6)).await.unwrap(), 1, "nobody a second time");
    assert_eq!(store.queue_unlisted(10, at(7)).await.unwrap(), 0, "everybody is listed");
    assert_eq!(queued().await, [(ANN, 2), (BEN, 1)], "as their keys are now");
}

const WITHOUT_DIRECTORY: &str = "DELETE FROM directory_entries";

#[tokio::test]
async fn sqlite_lists_accounts_of_before_there_was_a_directory() {
    let home = Sqlite::new();
    let store = home.open().await.unwrap();
    two_of_before(&*store).await;
    let file = format!("sqlite://{}", home.folder().join("sotto.db").display());
    let mut by_hand = SqliteConnection::connect(&file).await.unwrap();
    by_hand.execute(WITHOUT_DIRECTORY).await.unwrap();
    by_hand.close().await.unwrap();
    lists_both_once(&*store).await;
    store.close().await;
}

#[tokio::test]
async fn postgres_lists_accounts_of_before_there_was_a_directory() {
    let home = Postgres::new().await;
    let store = home.open().await.unwrap();
    two_of_before(&*store).await;
    let mut by_hand = PgConnection::connect(&home.url()).await.unwrap();
    by_hand.execute(WITHOUT_DIRECTORY).await.unwrap();
    by_hand.close().await.unwrap();
    lists_both_once(&*store).await;
    store.close().await;
    home.remove().await;
}

/// Nothing is applied twice, nothing is lost, when every connection is cut in the middle of the load.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_connections_cut_under_load_o4() {
    let home = Postgres::new().await;
    let store = home.open().await.unwrap();
    group(&*store, &[]).await;
    let cutter = async {
        let mut by_hand = PgConnection::connect(&home.url()).await.unwrap();
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            by_hand.execute(AssertSqlSafe(cut)).await.unwrap();
        }
        by_hand.close().await.unwrap();
    };
    let writers = futures_util::future::join_all((0..8_u32).map(|writer| {
        let store = &store;
        async move {
            for number in 0..60 {
                let event = event(writer * 1000 + number, 1);
                // As a client does: the same event until it is answered.
                while let Err(error) = store.append(event.clone(), None).await {
                    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }));
    futures_util::future::join(cutter, writers).await;
    assert_eq!(store.head(ANN, CHAT).await.unwrap().last_seq, 2 + 8 * 60);
    assert_eq!(store.counts(at(0)).await.unwrap().entries, 2 + 8 * 60);
    store.close().await;
    home.remove().await;
}
