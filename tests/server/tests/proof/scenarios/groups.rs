//! Conversations: who is in, what is said, who was first.

use anyhow::{Result, ensure};
use rand::RngExt as _;
use sotto_crypto::mls::governance::{Kind, Policy};
use sotto_crypto::mls::group::Changes;
use sotto_proto::wire::{Direction, ErrorCode};
use sotto_proto::{ConversationId, EventId, wire};
use sotto_server_tests::people::{Device, Town, lost_the_race, randomness};

use super::{LIGHT, refusal};
use crate::community::{Scenario, scenarios};

pub(super) const SCENARIOS: &[Scenario] = scenarios![
    two_people_talk,
    a_group_lives_lightly,
    what_is_sent_twice_is_there_once_s6,
    one_commit_wins_each_epoch_i4,
    a_new_device_reads_everything_lightly,
    a_revoked_device_is_out,
    who_leaves_is_not_told_more,
    a_long_event_travels_in_pieces,
    a_stranger_waits_at_the_door,
    a_blocked_person_notices_nothing,
    a_direct_chat_is_unique_also_when_both_start_it,
    a_conversation_survives_a_bad_commit,
    markers_move_forwards,
    hostile_bytes_are_refused_and_nothing_else_m1,
];

async fn two_people_talk(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_direct(&bob).await?;
    alice.says(chat, "Buon giorno").await?;
    assert_eq!(bob.hears(chat).await?, ["Buon giorno"]);
    bob.accepts(chat).await?;
    bob.says(chat, "Ciao").await?;
    assert_eq!(alice.hears(chat).await?, ["Buon giorno", "Ciao"]);
    assert_eq!(alice.chat(chat)?.heard[1].by, bob.account());
    Ok(())
}

async fn a_group_lives_lightly(town: Town) -> Result<()> {
    a_group_lives(town.with_suite(LIGHT)).await
}

pub(super) async fn a_group_lives(town: Town) -> Result<()> {
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let (mut carol, mallory) = (town.register("carol").await?, town.register("mallory").await?);
    let chat = alice.start_group(&[&bob]).await?;
    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    bob.says(chat, "only the two of us").await?;

    alice.catch_up(chat).await?;
    alice.add(chat, &[&carol]).await?;
    alice.says(chat, "welcome, Carol").await?;
    assert_eq!(carol.hears(chat).await?, ["welcome, Carol"], "a newcomer reads from its joining on");
    carol.accepts(chat).await?;
    bob.says(chat, "hello").await?;
    assert_eq!(carol.hears(chat).await?, ["welcome, Carol", "hello"]);

    alice.catch_up(chat).await?;
    alice.remove(chat, &bob).await?;
    alice.says(chat, "Bob has gone").await?;
    assert_eq!(bob.hears(chat).await?, ["only the two of us", "welcome, Carol", "hello"], "up to its end");
    assert_eq!(refusal(bob.says(chat, "I am still here").await), ErrorCode::NotFound);
    assert_eq!(carol.hears(chat).await?.last(), Some(&"Bob has gone"));
    assert_eq!(refusal(mallory.link.call(read(chat)).await.map_err(Into::into)), ErrorCode::NotFound);
    Ok(())
}

/// Each call that writes is made twice, byte by byte, as after a lost reply.
async fn what_is_sent_twice_is_there_once_s6(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, bob) = (town.register("alice").await?, town.register("bob").await?);
    let (creation, _) = alice.prepare(Kind::Group, &[bob.account()], Policy::default_for(Kind::Group)).await?;
    let first = alice.link.call(creation.clone()).await?;
    let again = alice.link.call(creation).await?;
    assert_eq!(first, again);

    let chat = alice.start_group(&[&bob]).await?;
    let event = alice.seal(chat, EventId::from_bytes(randomness().random()), "once")?;
    let first = alice.link.call(event.clone()).await?;
    let commit = alice.commit(chat, Changes::new())?;
    let second = alice.link.call(commit.clone()).await?;
    assert_eq!(alice.link.call(event.clone()).await?, first, "also in the epoch after it");
    assert_eq!(alice.link.call(commit).await?, second);
    assert_eq!(second.seq, first.seq + 1);
    alice.catch_up(chat).await?;
    assert_eq!(alice.chat(chat)?.texts(), ["once"]);

    let other = alice.seal(chat, EventId::try_from(&event.event_id[..])?, "another content")?;
    assert_eq!(refusal(alice.link.call(other).await.map_err(Into::into)), ErrorCode::IdTaken);
    Ok(())
}

async fn one_commit_wins_each_epoch_i4(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_group(&[&bob]).await?;
    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    for round in 0..4 {
        let (alices, bobs) = tokio::join!(alice.change(chat, Changes::new()), bob.change(chat, Changes::new()));
        let lost = [&alices, &bobs].into_iter().filter_map(|outcome| outcome.as_ref().err()).collect::<Vec<_>>();
        ensure!(lost.len() == 1 && lost_the_race(lost[0]), "round {round}: {lost:?}");
        alice.catch_up(chat).await?;
        bob.catch_up(chat).await?;
        let authenticators =
            [&alice, &bob].map(|device| device.chat(chat).unwrap().group.epoch_authenticator().unwrap());
        ensure!(authenticators[0] == authenticators[1], "they agree");
    }
    Ok(())
}

async fn a_new_device_reads_everything_lightly(town: Town) -> Result<()> {
    a_new_device_reads_everything(town.with_suite(LIGHT)).await
}

/// With the password and nobody's help: no other device does anything.
pub(super) async fn a_new_device_reads_everything(town: Town) -> Result<()> {
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_group(&[&bob]).await?;
    alice.says(chat, "in the first epoch").await?;
    alice.change(chat, Changes::new()).await?;
    alice.says(chat, "in the second").await?;

    let mut laptop = alice.new_device().await?;
    laptop.join_through_the_vault(chat).await?;
    assert_eq!(laptop.chat(chat)?.texts(), ["in the first epoch", "in the second"]);
    laptop.says(chat, "from the new one").await?;
    assert_eq!(bob.hears(chat).await?.last(), Some(&"from the new one"));
    assert_eq!(alice.hears(chat).await?.last(), Some(&"from the new one"));
    assert_eq!(bob.chat(chat)?.heard[2].by, alice.account());
    Ok(())
}

async fn a_revoked_device_is_out(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let mut laptop = alice.new_device().await?;
    let chat = alice.start_group(&[&bob]).await?;
    laptop.hears(chat).await?;
    laptop.says(chat, "from the laptop").await?;

    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    alice.hears(chat).await?;
    alice.revoke(&laptop).await?;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
    while refusal_or_none(laptop.link.call(read(chat)).await) != Some(ErrorCode::SessionEnded) {
        ensure!(tokio::time::Instant::now() < deadline, "the session of a revoked device ends");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    while bob.chat(chat)?.group.standing()?.leaves().any(|leaf| leaf.device == laptop.id) {
        ensure!(tokio::time::Instant::now() < deadline, "the server proposes that the leaf goes");
        bob.tidy(chat).await?;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    bob.says(chat, "among ourselves").await?;
    assert_eq!(alice.hears(chat).await?, ["from the laptop", "among ourselves"]);
    Ok(())
}

async fn who_leaves_is_not_told_more(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_group(&[&bob]).await?;
    alice.says(chat, "before").await?;
    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    let last = bob.leave(chat).await?;
    alice.tidy(chat).await?;
    alice.says(chat, "after").await?;
    assert_eq!(refusal(bob.says(chat, "nor may I speak").await), ErrorCode::NotFound);
    let page = bob.link.call(read(chat)).await?;
    ensure!(page.entries.iter().all(|entry| entry.seq <= last), "it reads up to its end");
    assert_eq!(page.head.unwrap().standing, i32::from(wire::Standing::Left));
    assert_eq!(alice.chat(chat)?.group.standing()?.accounts.len(), 1);
    Ok(())
}

/// Longer than a frame, in both directions.
async fn a_long_event_travels_in_pieces(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_group(&[&bob]).await?;
    let long = "x".repeat(65_000);
    for _ in 0..10 {
        alice.says(chat, &long).await?;
    }
    assert_eq!(bob.hears(chat).await?, vec![long.as_str(); 10]);
    Ok(())
}

async fn a_stranger_waits_at_the_door(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_direct(&bob).await?;
    alice.says(chat, "do you know me?").await?;
    let head = bob.head(chat).await?;
    assert_eq!(head.standing, i32::from(wire::Standing::Requested));
    assert_eq!(head.requested_by, alice.account().to_wire());
    assert_eq!(bob.hears(chat).await?, ["do you know me?"], "a request can be read before it is answered");
    bob.link.call(wire::DeclineRequestRequest { conversation_id: chat.to_wire(), block: false }).await?;
    assert_eq!(refusal(bob.head(chat).await), ErrorCode::NotFound, "the conversation has gone");

    let mut carol = town.register("carol").await?;
    let chat = alice.start_direct(&carol).await?;
    carol.hears(chat).await?;
    carol.accepts(chat).await?;
    carol.accepts(chat).await?;
    assert_eq!(carol.head(chat).await?.standing, i32::from(wire::Standing::Member));
    Ok(())
}

async fn a_blocked_person_notices_nothing(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut mallory, bob) = (town.register("mallory").await?, town.register("bob").await?);
    bob.link.call(wire::BlockAccountRequest { account_id: mallory.account().to_wire() }).await?;
    let known = mallory.link.call(wire::LookUpUserRequest { user_name: bob.person.name.clone() }).await?;
    assert_eq!(known.keys.unwrap().account_id, bob.account().to_wire());
    let added = mallory.start_direct(&bob).await;
    ensure!(added.is_err(), "without key packages nobody is added");
    bob.link.call(wire::UnblockAccountRequest { account_id: mallory.account().to_wire() }).await?;
    mallory.start_direct(&bob).await?;
    Ok(())
}

async fn a_direct_chat_is_unique_also_when_both_start_it(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let policy = Policy::default_for(Kind::Direct);
    let (alices, _) = alice.prepare(Kind::Direct, &[bob.account()], policy).await?;
    let (bobs, _) = bob.prepare(Kind::Direct, &[alice.account()], policy).await?;
    let (alices, bobs) = tokio::join!(alice.link.call(alices), bob.link.call(bobs));
    let (winner, loser) = match (alices, bobs) {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
        both => anyhow::bail!("one is first: {both:?}"),
    };
    assert_eq!(loser.code(), ErrorCode::ConversationExists);
    assert_eq!(loser.detail().conversation_id, winner.head.unwrap().conversation_id);
    Ok(())
}

/// Bob's commit is in the log, and the others take it for bad: a new generation goes on without him. (What makes a commit bad is
/// for members to see; the server cannot tell.)
async fn a_conversation_survives_a_bad_commit(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let carol = town.register("carol").await?;
    let chat = alice.start_group(&[&bob, &carol]).await?;
    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    carol.accepts(chat).await?;
    alice.says(chat, "before").await?;
    alice.catch_up(chat).await?;
    let before = alice.chat(chat)?.group.standing()?;
    let bad = bob.commit(chat, Changes::new())?;
    let refused = bob.link.call(bad).await?.seq;
    let with_bob = alice.open_generation(chat, &before, refused, &[&bob, &carol]).await;
    assert_eq!(refusal(with_bob), ErrorCode::HandshakeForbidden);
    alice.open_generation(chat, &before, refused, &[&carol]).await?;
    alice.says(chat, "and we go on").await?;
    let head = alice.head(chat).await?;
    assert_eq!((head.generation, head.epoch), (2, 1));
    assert_eq!(alice.hears(chat).await?, ["before", "and we go on"]);
    assert_eq!(carol.head(chat).await?.standing, i32::from(wire::Standing::Member));
    assert_eq!(bob.head(chat).await?.standing, i32::from(wire::Standing::Removed));
    Ok(())
}

async fn markers_move_forwards(town: Town) -> Result<()> {
    let town = town.with_suite(LIGHT);
    let (mut alice, mut bob) = (town.register("alice").await?, town.register("bob").await?);
    let chat = alice.start_group(&[&bob]).await?;
    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    let marker = |version: u64| wire::ReadMarker {
        conversation_id: chat.to_wire(),
        account_id: bytes::Bytes::new(),
        audience: wire::MarkerAudience::Members.into(),
        version,
        generation: 1,
        epoch: 1,
        sealed: vec![7; 400].into(),
    };
    let put = |device: &Device, version| {
        let link = device.link.clone();
        let marker = Some(marker(version));
        async move { link.call(wire::PutReadMarkerRequest { marker }).await }
    };
    put(&bob, 1).await?;
    put(&bob, 1).await?;
    put(&bob, 2).await?;
    let conflict = put(&bob, 5).await.expect_err("versions go up by one");
    assert_eq!((conflict.code(), conflict.detail().version), (ErrorCode::VersionConflict, 2));
    let markers = alice.link.call(wire::GetReadMarkersRequest { conversation_id: chat.to_wire() }).await?.markers;
    assert_eq!(markers.iter().map(|marker| marker.version).collect::<Vec<_>>(), [2]);
    assert_eq!(markers[0].account_id, bob.account().to_wire());
    Ok(())
}

async fn hostile_bytes_are_refused_and_nothing_else_m1(town: Town) -> Result<()> {
    let alice = town.register("alice").await?;
    let method = sotto_proto::Method::ConversationAppend;
    let hostile: [(&[u8], &[ErrorCode]); 4] = [
        (&[0xff; 40], &[ErrorCode::Malformed]),
        (&[0x0b, 0x0c], &[ErrorCode::Malformed]),
        (&[], &[ErrorCode::InvalidArgument]),
        (&vec![0; sotto_proto::limits::SMALL_REQUEST_MAX + 1], &[ErrorCode::TooLarge]),
    ];
    for (bytes, codes) in hostile {
        let refused = alice.link.call_raw(method, bytes.to_vec().into()).await.expect_err("it is no request");
        ensure!(codes.contains(&refused.code()), "{} bytes: {refused:?}", bytes.len());
    }
    alice.link.call(wire::GetOwnAccountRequest {}).await?;
    Ok(())
}

fn refusal_or_none<T>(outcome: Result<T, sotto_server_tests::link::Refused>) -> Option<ErrorCode> {
    outcome.err().map(|refused| refused.code())
}

fn read(chat: ConversationId) -> wire::ReadRangeRequest {
    wire::ReadRangeRequest {
        conversation_id: chat.to_wire(),
        from_seq: 1,
        direction: Direction::Forward.into(),
        limit: 500,
        handshakes_only: false,
    }
}
