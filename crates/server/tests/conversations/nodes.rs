//! Several nodes serve one community.

use std::sync::Arc;

use sotto_crypto::mls::group::Changes;
use sotto_proto::wire::{self, ErrorCode, Standing, subscribe_response::Item};
use sotto_server::bus::{Bus, NatsBus};
use sotto_server::services::Services;
use sotto_test_services::Nats;

use crate::chat::{Chat, package};
use crate::community::{Community, code};
use crate::database::Postgres;
use crate::feed::{Feed, head};

/// What happens on one node reaches the devices of the other.
async fn both_serve(community: &mut Community, here: Arc<Services>, there: Arc<Services>) {
    let (ann, ben, cat) = (community.person("ann").await, community.person("ben").await, community.person("cat").await);
    let mut chat = Chat::group(community, &here, &ann, &[&ben]).await;
    let accept = wire::AcceptRequestRequest { conversation_id: chat.id.to_wire() };
    let mut feed = Feed::open(&there, &ben.device).await;
    ben.device.call(&there, accept).await.unwrap();
    let accepted = feed.until(head).await;
    assert_eq!(accepted.standing(), Standing::Member);
    for _ in 0..20 {
        let seq = chat.say(community, &ann.device).await.unwrap().seq;
        assert_eq!(feed.entry().await, seq);
    }

    let signal =
        wire::StreamSignal { conversation_id: chat.id.to_wire(), generation: 1, epoch: 1, sealed: vec![1; 300].into() };
    ann.device.call(&here, wire::SendSignalRequest { signal: Some(signal) }).await.unwrap();
    feed.until(|item| matches!(item, Item::Signal(_)).then_some(())).await;

    // Commits of both nodes for one epoch: one wins, wherever it was sent to.
    let of_ann = chat.prepare(community, &ann.device, Changes::new());
    let of_ben = chat.prepare(community, &ben.device, Changes::new());
    let (first, second) = tokio::join!(ann.device.call(&here, of_ann.clone()), ben.device.call(&there, of_ben.clone()));
    assert!(first.is_ok() != second.is_ok());
    let winner = if first.is_ok() { (&ann.device, of_ann) } else { (&ben.device, of_ben) };
    let lost = if first.is_ok() { &ben.device } else { &ann.device };
    assert_eq!(code(first.and(second)), ErrorCode::EpochConflict);
    chat.of(winner.0).apply_pending().unwrap();
    chat.of(lost).discard_pending();
    chat.follow(community, &winner.1.commit, Some(winner.0.id));

    // A node that did not take the commits goes on from them.
    let mut of_cat = Feed::open(&there, &cat.device).await;
    let (device, _) = package(community, &cat.device);
    let (vault, _) = package(community, &cat.vault);
    let changes = Changes::new().add_device(device).add_device(vault);
    chat.change(community, &ann.device, changes).await.unwrap();
    of_cat.until(|item| matches!(item, Item::Welcome(_)).then_some(())).await;
    let event = chat.event(community, &ben.device);
    let seq = ben.device.call(&there, event).await.unwrap().seq;
    while feed.entry().await != seq {}
    let stale = wire::AppendRequest { epoch: 2, ..chat.event(community, &ann.device) };
    assert_eq!(code(ann.device.call(&there, stale).await), ErrorCode::EpochConflict);

    chat.change(community, &ann.device, Changes::new().remove_account(ben.account)).await.unwrap();
    let removed = feed.until(|item| head(item).filter(|head| head.standing() != Standing::Member)).await;
    assert_eq!(removed.standing(), Standing::Removed);
    let event = chat.event(community, &ann.device);
    assert_eq!(code(ben.device.call(&there, event).await), ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_in_one_process() {
    let mut community = Community::new().await;
    let (here, there) = (community.node(), community.node());
    both_serve(&mut community, here, there).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_over_nats_o8() {
    let broker = Nats::start().unwrap();
    let mut community = Community::new().await;
    let mut nodes = Vec::new();
    for _ in 0..2 {
        let bus: Arc<dyn Bus> = Arc::new(NatsBus::connect(&broker.url(), "sotto").await.unwrap());
        nodes.push(community.node_on(bus));
    }
    let there = nodes.pop().unwrap();
    let here = nodes.pop().unwrap();
    both_serve(&mut community, here, there).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_over_postgres_and_nats_o8() {
    let (database, broker) = (Postgres::new().await, Nats::start().unwrap());
    let mut community = Community::on(database.open().await.unwrap());
    let other = database.open().await.unwrap();
    let mut nodes = Vec::new();
    for store in [community.store.clone(), other.clone()] {
        let bus: Arc<dyn Bus> = Arc::new(NatsBus::connect(&broker.url(), "sotto").await.unwrap());
        nodes.push(community.node_over(store, bus));
    }
    let there = nodes.pop().unwrap();
    let here = nodes.pop().unwrap();
    both_serve(&mut community, here, there).await;
    for store in [&community.store, &other] {
        store.close().await;
    }
    database.remove().await;
}
