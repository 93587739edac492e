//! What reaches people by itself, and what they find when they come back.

use anyhow::{Result, ensure};
use bytes::Bytes;
use sotto_proto::wire;
use sotto_proto::wire::subscribe_response::Item;
use sotto_server_tests::people::Town;

use super::LIGHT;
use crate::community::{Scenario, scenarios};

pub(super) const SCENARIOS: &[Scenario] = scenarios![
    what_is_said_arrives_in_order,
    who_comes_back_pays_for_what_changed,
    a_welcome_arrives_live,
    typing_is_seen_and_not_kept,
    a_second_stream_ends_the_first,
];

async fn what_is_said_arrives_in_order(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_group(&[&bob]).await?;
    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    let mut live = bob.listen().await?;
    live.ready().await?;
    for number in 0..50 {
        alice.says(chat, &number.to_string()).await?;
    }
    for _ in 0..50 {
        let entry = live.entry(chat).await?;
        bob.take(chat, entry).await?;
    }
    let said: Vec<_> = (0..50).map(|number| number.to_string()).collect();
    assert_eq!(bob.chat(chat)?.texts(), said);

    let cursor = live.cursor.clone();
    drop(live);
    alice.says(chat, "while Bob was away").await?;
    let mut live = bob.listen_since(cursor).await?;
    // What came live may come again, and changes nothing then.
    while bob.chat(chat)?.heard.len() < 51 {
        let entry = live.entry(chat).await?;
        bob.take(chat, entry).await?;
    }
    assert_eq!(bob.chat(chat)?.texts().last(), Some(&"while Bob was away"));
    Ok(())
}

async fn who_comes_back_pays_for_what_changed(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let mut chats = Vec::new();
    for _ in 0..3 {
        let chat = alice.start_group(&[&bob]).await?;
        bob.hears(chat).await?;
        bob.accepts(chat).await?;
        chats.push(chat);
    }
    let (all, cursor) = bob.sync(Bytes::new()).await?;
    assert_eq!(all.len(), 3);
    assert_eq!(bob.sync(cursor.clone()).await?.0, [], "nothing has changed");
    alice.says(chats[1], "news").await?;
    let (changes, cursor) = bob.sync(cursor).await?;
    let ids: Vec<_> = changes.iter().map(|change| change.head.as_ref().unwrap().conversation_id.clone()).collect();
    assert_eq!(ids, [chats[1].to_wire()]);
    let news = bob.chat(chats[1])?.last_seq() + 1;
    assert_eq!(changes[0].entries.last().map(|entry| entry.seq), Some(news));
    assert_eq!(bob.sync(cursor).await?.0, []);
    Ok(())
}

async fn a_welcome_arrives_live(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let mut live = bob.listen().await?;
    live.ready().await?;
    let chat = alice.start_group(&[&bob]).await?;
    let own = bob.id.to_wire();
    let welcomed = live
        .find(|item| match item {
            Item::Welcome(welcome) if welcome.device_id == own => Some(welcome.conversation_id),
            _ => None,
        })
        .await?;
    assert_eq!(welcomed, chat.to_wire());
    alice.says(chat, "there you are").await?;
    assert_eq!(bob.hears(chat).await?, ["there you are"]);
    Ok(())
}

async fn typing_is_seen_and_not_kept(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_group(&[&bob]).await?;
    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    let mut live = bob.listen().await?;
    live.ready().await?;
    let signal =
        wire::StreamSignal { conversation_id: chat.to_wire(), generation: 1, epoch: 1, sealed: vec![9; 320].into() };
    // Signals may be lost: they are sent until one arrives.
    let typing = async {
        loop {
            alice.link.call(wire::SendSignalRequest { signal: Some(signal.clone()) }).await?;
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
    };
    let seen = live.find(|item| match item {
        Item::Signal(signal) => Some(signal),
        _ => None,
    });
    tokio::select! {
        seen = seen => assert_eq!(seen?, signal),
        failed = typing => return failed,
    }
    let head = bob.head(chat).await?;
    alice.says(chat, "kept").await?;
    ensure!(bob.head(chat).await?.last_seq == head.last_seq + 1, "the log has no signals");
    Ok(())
}

async fn a_second_stream_ends_the_first(town: Town) -> Result<()> {
    let bob = town.register("bob").await?;
    let mut first = bob.listen().await?;
    first.ready().await?;
    let mut second = bob.listen_since(first.cursor.clone()).await?;
    second.ready().await?;
    let ended = loop {
        if let Err(error) = first.next().await {
            break error;
        }
    };
    assert_eq!(sotto_server_tests::link::code_of(&ended), Some(wire::ErrorCode::SlowConsumer));
    Ok(())
}
