//! Secrets and content are followed to wherever they must not be (S28): the log, the database with its journal, the files.
//!
//! Everything that a person would not want the operator to read is put through the server once, with the log as talkative as it gets.
//! Then all that the server has written is searched for it, as it is, in hexadecimal and in Base64.

mod search;
mod secrets;

use sotto_server_tests::backing::{BusKind, StoreKind};
use sotto_server_tests::link::Transport;

use self::search::Written;
use self::secrets::live_a_little;
use crate::community::Community;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_written_on_sqlite_s28() {
    nothing_secret_is_written(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_written_on_postgres_s28() {
    nothing_secret_is_written(StoreKind::Postgres).await;
}

async fn nothing_secret_is_written(store: StoreKind) {
    let mut community = Community::start_with(store, BusKind::Local, &["--log", "info,sotto_server=trace"]).await;
    let mut secrets = Vec::new();
    for transport in Transport::ALL {
        secrets.extend(live_a_little(&community.town(transport).await).await.unwrap());
    }
    // As it is while the server runs, its journal among it, and again when it has ended.
    let mut written = Written::by(&community);
    community.program.stop().unwrap();
    written.add(&Written::by(&community));
    assert!(written.log.contains("stopping"), "the log is there: {}", written.log);

    let found: Vec<_> = secrets.iter().filter_map(|secret| written.find(secret)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    community.end().await;
}

/// The search finds what is there: names lie in the database, by design, and only there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_kept_is_found_by_the_search() {
    for store in [StoreKind::Sqlite, StoreKind::Postgres] {
        let community = Community::start(store, BusKind::Local).await;
        let alice = community.town(Transport::Frames).await.register("alice").await.unwrap();
        let written = Written::by(&community);
        assert!(written.kept_anywhere(alice.person.name.as_bytes()), "{store:?}");
        assert!(written.kept_anywhere(alice.account().as_bytes()), "{store:?}");
        community.end().await;
    }
}
