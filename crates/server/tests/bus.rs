//! Both buses carry words between nodes, and neither keeps anybody waiting.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use bytes::Bytes;
use sotto_proto::{AccountId, ConversationId};
use sotto_server::bus::{Bus, Heard, Listener, LocalBus, NatsBus, Word};
use sotto_test_services::Nats;
use tokio::time::timeout;

const CHAT: ConversationId = ConversationId::from_bytes([1; 16]);
/// The same bytes, another kind.
const ANN: AccountId = AccountId::from_bytes([1; 16]);

fn grown(up_to: u64) -> Word {
    Word::Grown { conversation: CHAT, up_to }
}

async fn heard(listener: &mut dyn Listener) -> Option<Heard> {
    timeout(Duration::from_secs(30), listener.next()).await.expect("a word within half a minute")
}

/// The next word; that some may be lost says nothing about this one.
async fn next_word(listener: &mut dyn Listener) -> Word {
    loop {
        match heard(listener).await {
            Some(Heard::Word(word)) => return word,
            Some(Heard::Missed) => {}
            None => panic!("the bus has closed"),
        }
    }
}

async fn words_reach_all_other_nodes_and_not_the_speaker(here: &dyn Bus, there: &dyn Bus) {
    let mut own = here.listen().await.unwrap();
    let mut first = there.listen().await.unwrap();
    let mut second = there.listen().await.unwrap();
    let item = Bytes::from_static(b"typing");
    let words = [
        grown(7),
        grown(u64::MAX),
        Word::Account { account: ANN, change: 3 },
        Word::Members(CHAT),
        Word::ToMembers { conversation: CHAT, except: vec![ANN], item: item.clone() },
        Word::ToAccount { account: ANN, item },
    ];
    for word in &words {
        here.publish(word.clone()).await.unwrap();
    }
    for listener in [&mut first, &mut second] {
        for word in &words {
            assert_eq!(next_word(&mut **listener).await, *word);
        }
    }
    there.publish(grown(8)).await.unwrap();
    assert_eq!(next_word(&mut *own).await, grown(8), "and nothing of its own before");
}

#[tokio::test]
async fn local_words_reach_all_other_nodes() {
    let bus = LocalBus::default();
    words_reach_all_other_nodes_and_not_the_speaker(&bus, &bus.another()).await;
}

#[tokio::test]
async fn a_slow_listener_is_told_that_it_missed_some_o12() {
    let bus = LocalBus::default();
    let other = bus.another();
    let _fast = other.listen().await.unwrap();
    let mut slow = bus.listen().await.unwrap();
    for up_to in 0..10_000 {
        other.publish(grown(up_to)).await.unwrap();
    }
    assert_eq!(heard(&mut *slow).await, Some(Heard::Missed));
    let mut last = None;
    while last != Some(grown(9_999)) {
        last = Some(next_word(&mut *slow).await);
    }
}

#[tokio::test]
async fn nats_words_cross_nodes_and_stay_in_their_community() {
    let server = Nats::start().unwrap();
    let here = NatsBus::connect(&server.url(), "sotto-a").await.unwrap();
    let there = NatsBus::connect(&server.url(), "sotto-a").await.unwrap();
    let stranger = NatsBus::connect(&server.url(), "sotto-b").await.unwrap();
    let other_stranger = NatsBus::connect(&server.url(), "sotto-b").await.unwrap();
    let mut foreign = stranger.listen().await.unwrap();
    words_reach_all_other_nodes_and_not_the_speaker(&here, &there).await;
    other_stranger.publish(grown(99)).await.unwrap();
    assert_eq!(next_word(&mut *foreign).await, grown(99), "and nothing before");
}

#[tokio::test]
async fn a_lost_broker_is_told_as_missed_words_o8() {
    let server = Nats::start().unwrap();
    let url = server.url();
    let bus = NatsBus::connect(&url, "sotto").await.unwrap();
    let other = NatsBus::connect(&url, "sotto").await.unwrap();
    let mut listener = bus.listen().await.unwrap();
    other.publish(grown(1)).await.unwrap();
    assert_eq!(next_word(&mut *listener).await, grown(1));
    drop(server);
    // Publishing to a broker that is away neither waits nor fails for long: it is a hint.
    timeout(Duration::from_secs(30), bus.publish(grown(2))).await.expect("nobody waits for a broker").ok();
    let silence = timeout(Duration::from_millis(200), listener.next()).await;
    assert!(!matches!(silence, Ok(None)), "a lost broker ends no listener");
}
