//! What happens reaches whoever is connected, once and in order.

use std::time::Duration;

use futures_util::StreamExt as _;
use sotto_crypto::mls::group::Changes;
use sotto_proto::wire::{self, ErrorCode, Standing, subscribe_response::Item};

use crate::chat::{Chat, package};
use crate::community::{Community, Device, Person, code};
use crate::feed::{Feed, entry_seq, head, sync_all};

async fn accept(chat: &Chat, device: &Device) {
    device.call(&chat.node, wire::AcceptRequestRequest { conversation_id: chat.id.to_wire() }).await.unwrap();
}

/// Ann and Ben know each other and have a group.
async fn ann_and_ben(community: &mut Community) -> (Person, Person, Chat) {
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let chat = Chat::group(community, &node, &ann, &[&ben]).await;
    accept(&chat, &ben.device).await;
    (ann, ben, chat)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_arrive_in_order_on_all_devices_but_not_at_strangers() {
    let mut community = Community::new().await;
    let (ann, ben, chat) = ann_and_ben(&mut community).await;
    let stranger = community.person("cat").await;
    let mut feeds = Vec::new();
    for device in [&ann.device, &ben.device] {
        feeds.push(Feed::open(&chat.node, device).await);
    }
    let mut foreign = Feed::open(&chat.node, &stranger.device).await;
    let mut sent = Vec::new();
    for _ in 0..50 {
        sent.push(chat.say(&mut community, &ann.device).await.unwrap().seq);
    }
    for feed in &mut feeds {
        for seq in &sent {
            assert_eq!(feed.entry().await, *seq);
        }
    }
    assert!(foreign.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_what_was_and_what_happens_nothing_is_missing_and_nothing_comes_twice() {
    let mut community = Community::new().await;
    let (ann, ben, chat) = ann_and_ben(&mut community).await;
    for round in 0..10 {
        // What was told long before a cursor is not told again.
        community.clock.advance(Duration::from_hours(1));
        let known = chat.head(&ben.device).await.last_seq;
        let cursor = sync_all(&chat.node, &ben.device).await;
        let events: Vec<_> = (0..40).map(|_| chat.event(&mut community, &ann.device)).collect();
        let send = futures_util::stream::iter(events).map(|event| ann.device.call(&chat.node, event));
        let sending = async { send.buffer_unordered(8).map(Result::unwrap).collect::<Vec<_>>().await };
        let hearing = async {
            // Each round begins to listen at another moment.
            for _ in 0..round * 20 {
                tokio::task::yield_now().await;
            }
            let mut feed = Feed::from(&chat.node, &ben.device, cursor).await.unwrap();
            let mut heard = Vec::new();
            while heard.len() < 40 {
                heard.extend(feed.next().await.unwrap().and_then(entry_seq));
            }
            heard
        };
        let (sent, heard) = tokio::join!(sending, hearing);
        assert_eq!(sent.len(), 40);
        assert_eq!(heard, (known + 1..=known + 40).collect::<Vec<_>>(), "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_loses_its_stream_and_nothing_else_a9() {
    let mut community = Community::new().await;
    let (ann, ben, chat) = ann_and_ben(&mut community).await;
    let mut feed = Feed::open(&chat.node, &ben.device).await;
    let first = chat.say(&mut community, &ann.device).await.unwrap().seq;
    assert_eq!(feed.entry().await, first);
    let mut last = first;
    for _ in 0..600 {
        last = chat.say(&mut community, &ann.device).await.unwrap().seq;
    }
    let mut fast = Feed::open(&chat.node, &ann.device).await;
    let end = loop {
        match feed.next().await {
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(end, ErrorCode::SlowConsumer);
    let mut resumed = Feed::from(&chat.node, &ben.device, feed.cursor).await.unwrap();
    let news = resumed.until_ready().await;
    let heads: Vec<_> = news.into_iter().filter_map(head).map(|head| head.last_seq).collect();
    assert_eq!(heads, [last], "where to read on");
    last = chat.say(&mut community, &ann.device).await.unwrap().seq;
    assert_eq!((resumed.entry().await, fast.entry().await), (last, last));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_stream_of_a_session_ends_the_first_a18() {
    let mut community = Community::new().await;
    let (ann, _, chat) = ann_and_ben(&mut community).await;
    let mut first = Feed::open(&chat.node, &ann.device).await;
    let mut second = Feed::open(&chat.node, &ann.device).await;
    assert_eq!(first.next().await, Err(ErrorCode::SlowConsumer));
    assert!(first.items.next().await.is_none(), "it has ended");
    let seq = chat.say(&mut community, &ann.device).await.unwrap().seq;
    assert_eq!(second.entry().await, seq);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_added_or_removed_hears_of_it() {
    let mut community = Community::new().await;
    let (ann, ben, mut chat) = ann_and_ben(&mut community).await;
    let cat = community.person("cat").await;
    let mut of_cat = Feed::open(&chat.node, &cat.device).await;
    let mut of_ben = Feed::open(&chat.node, &ben.device).await;
    let (device, _) = package(&mut community, &cat.device);
    let (vault, _) = package(&mut community, &cat.vault);
    let changes = Changes::new().add_device(device).add_device(vault);
    let added = chat.change(&mut community, &ann.device, changes).await.unwrap();
    let welcome = |item| if let Item::Welcome(welcome) = item { Some(welcome) } else { None };
    let mut devices = [of_cat.until(welcome).await.device_id, of_cat.until(welcome).await.device_id];
    devices.sort_unstable();
    let mut expected = [cat.device.id.to_wire(), cat.vault.id.to_wire()];
    expected.sort_unstable();
    assert_eq!(devices, expected, "for the device and the vault device");
    assert_eq!(of_ben.entry().await, added.seq);

    let removed = chat.change(&mut community, &ann.device, Changes::new().remove_account(ben.account)).await.unwrap();
    let gone = of_ben.until(head).await;
    assert_eq!((gone.standing(), gone.last_seq), (Standing::Removed, removed.seq));
    chat.say(&mut community, &ann.device).await.unwrap();
    let mut again = Feed::open(&chat.node, &ben.device).await;
    assert!(again.is_silent().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_strangers_request_only_the_first_notice_is_live() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let mut feed = Feed::open(&node, &ben.device).await;
    let chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    let request = feed.until(head).await;
    assert_eq!((request.standing(), request.requested_by), (Standing::Requested, ann.account.to_wire()));
    chat.say(&mut community, &ann.device).await.unwrap();
    assert_eq!(code(chat.say(&mut community, &ben.device).await), ErrorCode::Forbidden, "accept first");
    accept(&chat, &ben.device).await;
    let accepted = feed.until(|item| entry_seq(item.clone()).map(|_| None).or(head(item).map(Some))).await;
    let Some(accepted) = accepted else { return };
    assert_eq!(accepted.standing(), Standing::Member);
    let seq = chat.say(&mut community, &ann.device).await.unwrap().seq;
    while feed.entry().await != seq {}
}

fn signal(chat: &Chat, by: &Device) -> wire::SendSignalRequest {
    wire::SendSignalRequest {
        signal: Some(wire::StreamSignal {
            conversation_id: chat.id.to_wire(),
            generation: 1,
            epoch: chat.epoch(by),
            sealed: vec![1; 300].into(),
        }),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_reach_members_who_are_connected_and_are_not_kept_m26() {
    let mut community = Community::new().await;
    let (ann, ben, mut chat) = ann_and_ben(&mut community).await;
    let cat = community.person("cat").await;
    chat.add(&mut community, &ann.device, &cat).await.unwrap();
    let mut of_ben = Feed::open(&chat.node, &ben.device).await;
    let mut of_cat = Feed::open(&chat.node, &cat.device).await;
    let before = chat.head(&ann.device).await.last_seq;
    ann.device.call(&chat.node, signal(&chat, &ann.device)).await.unwrap();
    let is_signal = |item| matches!(item, Item::Signal(_)).then_some(());
    of_ben.until(is_signal).await;
    assert!(of_cat.is_silent().await, "she has not accepted yet");
    assert_eq!(chat.head(&ann.device).await.last_seq, before);
    assert_eq!(
        code(community.person("dan").await.device.call(&chat.node, signal(&chat, &ann.device)).await),
        ErrorCode::NotFound
    );

    community.store.block(ben.account, ann.account).await.unwrap();
    ann.device.call(&chat.node, signal(&chat, &ann.device)).await.unwrap();
    let seq = chat.say(&mut community, &ann.device).await.unwrap().seq;
    loop {
        match of_ben.next().await.unwrap() {
            Some(Item::Signal(_)) => panic!("a signal of somebody who is blocked"),
            Some(item) if entry_seq(item.clone()) == Some(seq) => break,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_markers_and_notices_arrive_live_and_by_sync() {
    let mut community = Community::new().await;
    let (ann, ben, chat) = ann_and_ben(&mut community).await;
    let mut of_ben = Feed::open(&chat.node, &ben.device).await;
    let marker = |audience: wire::MarkerAudience, version| wire::PutReadMarkerRequest {
        marker: Some(wire::ReadMarker {
            conversation_id: chat.id.to_wire(),
            audience: audience.into(),
            version,
            generation: 1,
            epoch: 1,
            sealed: vec![7; 400].into(),
            ..wire::ReadMarker::default()
        }),
    };
    ann.device.call(&chat.node, marker(wire::MarkerAudience::OwnDevices, 1)).await.unwrap();
    ann.device.call(&chat.node, marker(wire::MarkerAudience::Members, 1)).await.unwrap();
    ann.device.call(&chat.node, marker(wire::MarkerAudience::Members, 1)).await.expect("a lost reply costs nothing");
    let mut other = marker(wire::MarkerAudience::Members, 1);
    other.marker.as_mut().unwrap().sealed = vec![8; 400].into();
    let refused = ann.device.call(&chat.node, other).await.unwrap_err();
    assert_eq!((refused.code(), refused.detail().version), (ErrorCode::VersionConflict, 1));
    let told = of_ben.until(|item| if let Item::Marker(marker) = item { Some(marker) } else { None }).await;
    assert_eq!((told.account_id.clone(), told.audience()), (ann.account.to_wire(), wire::MarkerAudience::Members));
    let request = wire::GetReadMarkersRequest { conversation_id: chat.id.to_wire() };
    assert_eq!(ben.device.call(&chat.node, request.clone()).await.unwrap().markers, [told.clone()]);
    assert_eq!(ann.device.call(&chat.node, request).await.unwrap().markers.len(), 2);

    let request = wire::SyncRequest { limit: 10, ..wire::SyncRequest::default() };
    let changes = ben.device.call(&chat.node, request).await.unwrap().conversations;
    assert_eq!(changes[0].markers, [told]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_to_catch_up_with_is_for_sync() {
    let mut community = Community::new().await;
    let node = community.node();
    let ann = community.person("ann").await;
    let request = wire::SyncRequest { limit: 1, ..wire::SyncRequest::default() };
    let beginning = ann.device.call(&node, request).await.unwrap();
    assert!(!beginning.more);
    let people: Vec<_> = {
        let mut people = Vec::new();
        for name in ["ben", "cat"] {
            people.push(community.person(name).await);
        }
        people
    };
    let mut chats = Vec::new();
    for person in &people {
        chats.push(Chat::group(&mut community, &node, person, &[&ann]).await);
    }
    // On the way through all conversations there is nothing to go on live from.
    let page = ann.device.call(&node, wire::SyncRequest { limit: 1, ..wire::SyncRequest::default() }).await.unwrap();
    assert!(page.more);
    let refused = Feed::from(&node, &ann.device, page.next_cursor).await;
    assert_eq!(refused.err().map(|failure| failure.code()), Some(ErrorCode::CursorExpired));
    let foreign = Feed::from(&node, &people[0].device, beginning.next_cursor).await;
    assert_eq!(foreign.err().map(|failure| failure.code()), Some(ErrorCode::CursorExpired));
}
