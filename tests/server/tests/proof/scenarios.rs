//! What people do, over each transport, on each store, with each bus.

mod account;
mod files;
mod groups;
mod live;

use sotto_crypto::mls::Suite;
use sotto_proto::wire::ErrorCode;
use sotto_server_tests::backing::BusKind::{Local, Nats};
use sotto_server_tests::backing::StoreKind::{Postgres, Sqlite};
use sotto_server_tests::backing::{BusKind, StoreKind};
use sotto_server_tests::link::{Transport, code_of};

use crate::community::{Community, all_is_well, play};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_alone() {
    all(Sqlite, Local).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_with_nats() {
    all(Sqlite, Nats).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_alone() {
    all(Postgres, Local).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_with_nats() {
    all(Postgres, Nats).await;
}

/// The heart of it once more under the default suite; the rest does not depend on the suite, and is played under the lighter one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_the_post_quantum_suite() {
    let community = Community::start(Sqlite, Local).await;
    let town = community.town(Transport::Frames).await;
    groups::a_group_lives(town.clone()).await.unwrap();
    groups::a_new_device_reads_everything(town).await.unwrap();
    community.end().await;
}

async fn all(store: StoreKind, bus: BusKind) {
    let community = Community::start(store, bus).await;
    let scenarios = [account::SCENARIOS, files::SCENARIOS, groups::SCENARIOS, live::SCENARIOS];
    let mut wrong = Vec::new();
    for scenarios in scenarios {
        wrong.extend(play(&community, scenarios, &Transport::ALL).await);
    }
    all_is_well(&community, &wrong);
    community.end().await;
}

/// The code that something was refused with.
fn refusal<T: std::fmt::Debug>(outcome: anyhow::Result<T>) -> ErrorCode {
    let error = outcome.expect_err("it is to be refused");
    code_of(&error).unwrap_or_else(|| panic!("not the server refused: {error:?}"))
}

const LIGHT: Suite = Suite::Classical;
