//! Logs are read in both directions, synced by cursor, and pruned by policy.

use std::num::NonZeroU32;
use std::time::Duration;

use sotto_crypto::mls::governance::{Kind, Policy};
use sotto_proto::wire::{self, Direction, ErrorCode};

use crate::chat::Chat;
use crate::community::{Community, code, tree};
use crate::feed::sync_all;

#[tokio::test]
async fn a_log_is_read_both_ways_in_pages_a15() {
    let mut community = Community::new().await;
    let node = community.node();
    let ann = community.person("ann").await;
    let chat = Chat::group(&mut community, &node, &ann, &[]).await;
    for _ in 0..10 {
        chat.say(&mut community, &ann.device).await.unwrap();
    }
    let read = |from_seq, direction: Direction, limit, handshakes_only| wire::ReadRangeRequest {
        conversation_id: chat.id.to_wire(),
        from_seq,
        direction: direction.into(),
        limit,
        handshakes_only,
    };
    let forward = ann.device.call(&node, read(3, Direction::Forward, 4, false)).await.unwrap();
    assert_eq!(forward.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 4, 5, 6]);
    assert!(forward.more && forward.chain_before.len() == 32);
    let backward = ann.device.call(&node, read(999, Direction::Backward, 2, false)).await.unwrap();
    assert_eq!(backward.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [12, 11]);
    let handshakes = ann.device.call(&node, read(1, Direction::Forward, 500, true)).await.unwrap();
    assert_eq!(handshakes.entries.len(), 2);
    for bad in [read(0, Direction::Forward, 1, false), read(1, Direction::Forward, 0, false)] {
        assert_eq!(code(ann.device.call(&node, bad).await), ErrorCode::InvalidArgument);
    }
    assert_eq!(code(ann.device.call(&node, read(1, Direction::Forward, 501, false)).await), ErrorCode::InvalidArgument);
    assert_eq!(
        code(ann.device.call(&node, read(1, Direction::Unspecified, 1, false)).await),
        ErrorCode::InvalidArgument
    );

    let request = |epoch| wire::GetTreeRequest { conversation_id: chat.id.to_wire(), generation: 1, epoch };
    assert!(tree(&ann.device, &node, request(1)).await.unwrap().len() > 100);
    assert_eq!(tree(&ann.device, &node, request(0)).await.unwrap_err().code(), ErrorCode::TreeGone);
    let stranger = community.person("ben").await;
    assert_eq!(tree(&stranger.device, &node, request(1)).await.unwrap_err().code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn sync_tells_all_in_pages_and_then_what_changed() {
    let mut community = Community::new().await;
    let node = community.node();
    let ann = community.person("ann").await;
    let mut chats = Vec::new();
    for _ in 0..7 {
        chats.push(Chat::group(&mut community, &node, &ann, &[]).await);
    }
    let sync = |cursor, limit| wire::SyncRequest { cursor, limit, entries_per_conversation: 5 };
    let (mut cursor, mut seen) = (bytes::Bytes::new(), Vec::new());
    loop {
        let page = ann.device.call(&node, sync(cursor, 2)).await.unwrap();
        seen.extend(page.conversations.iter().map(|change| change.head.clone().unwrap().conversation_id));
        // What changes on the way is told in the end.
        if seen.len() == 4 {
            chats[0].say(&mut community, &ann.device).await.unwrap();
        }
        cursor = page.next_cursor;
        if !page.more {
            break;
        }
    }
    seen.sort_unstable();
    seen.dedup();
    let mut all: Vec<_> = chats.iter().map(|chat| chat.id.to_wire()).collect();
    all.sort_unstable();
    let further = ann.device.call(&node, sync(cursor.clone(), 100)).await.unwrap();
    let changed: Vec<_> =
        further.conversations.iter().map(|change| change.head.clone().unwrap().conversation_id).collect();
    assert!(all.iter().all(|id| seen.contains(id) || changed.contains(id)));
    assert_eq!(changed, [chats[0].id.to_wire()]);
    let nothing = ann.device.call(&node, sync(further.next_cursor, 100)).await.unwrap();
    assert!(nothing.conversations.is_empty() && !nothing.more);

    let seq = chats[3].say(&mut community, &ann.device).await.unwrap().seq;
    let news = ann.device.call(&node, sync(nothing.next_cursor, 100)).await.unwrap();
    assert_eq!(news.conversations.len(), 1);
    assert_eq!(news.conversations[0].entries.last().unwrap().seq, seq);
    assert_eq!(code(ann.device.call(&node, sync(vec![1; 41].into(), 1)).await), ErrorCode::CursorExpired);
    assert_eq!(code(ann.device.call(&node, sync(vec![1; 65].into(), 1)).await), ErrorCode::InvalidArgument);
    let other = community.person("ben").await;
    let foreign = sync_all(&node, &ann.device).await;
    assert_eq!(code(other.device.call(&node, sync(foreign, 1)).await), ErrorCode::CursorExpired);
}

#[tokio::test]
async fn events_go_when_the_members_agreed_and_handshakes_stay_m25() {
    let mut community = Community::new().await;
    let node = community.node();
    let ann = community.person("ann").await;
    let policy = Policy { retention: NonZeroU32::new(3_600), ..Policy::default_for(Kind::Group) };
    let chat = Chat::create(&mut community, &node, Kind::Group, policy, &ann, &[]).await;
    let kept = Chat::group(&mut community, &node, &ann, &[]).await;
    chat.say(&mut community, &ann.device).await.unwrap();
    kept.say(&mut community, &ann.device).await.unwrap();
    community.clock.advance(Duration::from_mins(50));
    let last = chat.say(&mut community, &ann.device).await.unwrap().seq;
    node.keep_up_once().await.unwrap();
    assert_eq!(chat.log(&ann.device).await.unwrap().entries.len(), 4);
    community.clock.advance(Duration::from_mins(11));
    node.keep_up_once().await.unwrap();
    let log = chat.log(&ann.device).await.unwrap();
    assert_eq!(log.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [last]);
    assert_eq!(log.head.unwrap().first_seq, last);
    assert_eq!(kept.log(&ann.device).await.unwrap().entries.len(), 3);
}

#[tokio::test]
async fn a_message_is_taken_once_whatever_is_repeated_s6() {
    let mut community = Community::new().await;
    let node = community.node();
    let ann = community.person("ann").await;
    let chat = Chat::group(&mut community, &node, &ann, &[]).await;
    let event = chat.event(&mut community, &ann.device);
    let receipt = ann.device.call(&node, event.clone()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(ann.device.call(&node, event.clone()).await.unwrap(), receipt);
    }
    let other = wire::AppendRequest { sealed: vec![1; 400].into(), ..event.clone() };
    assert_eq!(code(ann.device.call(&node, other).await), ErrorCode::IdTaken);
    let small = wire::AppendRequest { sealed: vec![1; 319].into(), ..event.clone() };
    assert_eq!(code(ann.device.call(&node, small).await), ErrorCode::InvalidArgument);
    let large = wire::AppendRequest { sealed: vec![1; (72 << 10) + 1].into(), ..event };
    assert_eq!(code(ann.device.call(&node, large).await), ErrorCode::InvalidArgument);
    assert_eq!(chat.head(&ann.device).await.last_seq, receipt.seq);
}
