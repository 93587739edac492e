//! Readers who do not read, and everybody coming back at once (O12, O13).

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use sotto_crypto::mls::Suite;
use sotto_proto::wire;
use sotto_server_tests::backing::{BusKind, StoreKind};
use sotto_server_tests::link::Transport;
use sotto_server_tests::people::{Device, Town};
use sotto_server_tests::process::Process;
use sotto_server_tests::program::Program;

use crate::community::Community;

/// They lose what comes live, and nothing else; the server keeps no queue for them that grows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_who_do_not_read_cost_little_and_lose_nothing_o12() {
    let community = Community::start(StoreKind::Sqlite, BusKind::Local).await;
    let town = community.town(Transport::Frames).await.with_suite(Suite::Classical);
    let mut alice = town.register("alice").await.unwrap();
    let mut sleepers = arrive(&town).await;
    let chat = alice.start_group(&sleepers.iter().collect::<Vec<_>>()).await.unwrap();
    let mut streams = Vec::new();
    for sleeper in &mut sleepers {
        sleeper.hears(chat).await.unwrap();
        sleeper.accepts(chat).await.unwrap();
        let mut live = sleeper.listen().await.unwrap();
        live.ready().await.unwrap();
        // Nobody takes anything from it any more.
        streams.push(live);
    }
    let before = resident_mib(&community.program);
    for number in 0..SAID {
        alice.says(chat, &format!("{number} {}", "x".repeat(BODY))).await.unwrap();
    }
    let grown = resident_mib(&community.program) - before;
    // Each entry takes the next bucket of padding.
    let all_kept = f64::from(SAID) * 2.0 / 1024.0 * f64::from(u32::try_from(sleepers.len()).unwrap());
    assert!(grown < all_kept / 2.0, "the server grew by {grown} MiB, where all queues would be {all_kept}");
    for (mut sleeper, live) in sleepers.into_iter().zip(streams) {
        let cursor = live.cursor.clone();
        drop(live);
        let (changes, _) = sleeper.sync(cursor).await.unwrap();
        assert!(!changes.is_empty(), "whoever wakes up is told that there is something");
        assert_eq!(sleeper.hears(chat).await.unwrap().len(), usize::try_from(SAID).unwrap());
    }
    community.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_comes_back_at_once_o13() {
    let mut community = Community::start(StoreKind::Sqlite, BusKind::Local).await;
    let town = community.town(Transport::Frames).await.with_suite(Suite::Classical);
    let mut alice = town.register("alice").await.unwrap();
    let mut people = arrive(&town).await;
    let chat = alice.start_group(&people.iter().collect::<Vec<_>>()).await.unwrap();
    for device in &mut people {
        device.hears(chat).await.unwrap();
        device.accepts(chat).await.unwrap();
    }
    alice.says(chat, "before").await.unwrap();
    community.program.kill().unwrap();
    community.program.start_again().unwrap();

    // Each of them with all the connections that their impatience opens.
    let town = town.moved_to(community.program.address());
    let returning = people.iter().flat_map(|device| (0..CONNECTIONS_EACH).map(|_| come_back(&town, device)));
    for outcome in join_all(returning).await {
        outcome.unwrap();
    }
    alice.reconnect(&town).await.unwrap();
    alice.says(chat, "after").await.unwrap();
    for device in &mut people {
        device.reconnect(&town).await.unwrap();
        assert_eq!(device.hears(chat).await.unwrap(), ["before", "after"]);
    }
    community.end().await;
}

async fn arrive(town: &Town) -> Vec<Device> {
    join_all((0..PEOPLE).map(|_| async { town.register("guest").await.unwrap() })).await
}

async fn come_back(town: &Town, device: &Device) -> anyhow::Result<()> {
    let link = town.link().await?;
    link.authenticate(&device.session.access_token).await?;
    let everything = wire::SyncRequest { cursor: Bytes::new(), limit: 500, entries_per_conversation: 20 };
    tokio::time::timeout(PATIENCE, link.call(everything)).await??;
    Ok(())
}

fn resident_mib(program: &Program) -> f64 {
    Process::of(program).unwrap().resident_kib().unwrap() / 1024.0
}

const PEOPLE: usize = 8;
const CONNECTIONS_EACH: usize = 50;
const SAID: u32 = 4_000;
const BODY: usize = 1_500;
const PATIENCE: Duration = Duration::from_mins(1);
