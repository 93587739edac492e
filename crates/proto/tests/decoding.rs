//! Decoding what strangers send: limits hold before memory is taken, and nothing panics.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use sotto_proto::limits::{FIELDS_MAX, MESSAGE_MAX};
use sotto_proto::wire::{self, Event, ReadRangeResponse, SyncResponse};
use sotto_proto::{DecodeError, decode};

fn entry(seq: u64) -> wire::LogEntry {
    wire::LogEntry {
        seq,
        kind: wire::EntryKind::Event.into(),
        generation: 1,
        epoch: 3,
        event_id: Bytes::from(vec![7; 16]),
        body: Bytes::from(vec![0xff; 300]),
        received_at_ms: 1_767_225_600_000,
    }
}

#[test]
fn the_largest_honest_range_passes() {
    let range = ReadRangeResponse { entries: (1..=500).map(entry).collect(), ..ReadRangeResponse::default() };
    assert_eq!(decode(range.encode_to_vec().into(), MESSAGE_MAX), Ok(range));
}

#[test]
fn the_largest_honest_sync_passes() {
    let change = wire::ConversationChange {
        head: Some(wire::ConversationHead { first_seq: 1, last_seq: 9, ..wire::ConversationHead::default() }),
        entries: (1..=8).map(entry).collect(),
        markers: vec![wire::ReadMarker { version: 1, epoch: 1, generation: 1, ..wire::ReadMarker::default() }; 4],
    };
    let sync = SyncResponse { conversations: vec![change; 500], ..SyncResponse::default() };
    assert_eq!(decode(sync.encode_to_vec().into(), MESSAGE_MAX), Ok(sync));
}

#[test]
fn a_message_beyond_its_place_is_refused() {
    let bytes = Bytes::from(vec![0; 101]);
    assert_eq!(decode::<Event>(bytes, 100), Err(DecodeError::TooLarge { max: 100, actual: 101 }));
}

#[test]
fn a_flood_of_empty_messages_is_refused() {
    let flood = [0x0a, 0x00].repeat(FIELDS_MAX + 1);
    assert_eq!(decode::<ReadRangeResponse>(flood.into(), MESSAGE_MAX), Err(DecodeError::TooManyFields));
}

#[test]
fn a_flood_one_level_down_is_refused_too() {
    let mut change = vec![0x0a];
    let flood = [0x12, 0x00].repeat(FIELDS_MAX);
    prost::encoding::encode_varint(flood.len() as u64, &mut change);
    change.extend(flood);
    assert_eq!(decode::<SyncResponse>(change.into(), MESSAGE_MAX), Err(DecodeError::TooManyFields));
}

#[test]
fn a_flood_of_unknown_fields_is_refused_too() {
    let flood = [0xf8, 0x7f, 0x01].repeat(FIELDS_MAX + 1);
    assert_eq!(decode::<Event>(flood.into(), MESSAGE_MAX), Err(DecodeError::TooManyFields));
}

#[test]
fn bytes_within_a_field_of_bytes_are_not_walked() {
    let looks_like_a_flood = Bytes::from([0x0a, 0x00].repeat(30_000));
    let append = wire::AppendRequest { sealed: looks_like_a_flood, ..wire::AppendRequest::default() };
    assert_eq!(decode(append.encode_to_vec().into(), MESSAGE_MAX), Ok(append));
}

#[test]
fn an_unknown_content_leaves_an_event_without_content() {
    let mut bytes = Event { sent_at_ms: 5, fallback: "A poll: lunch?".to_owned(), content: None, ..Event::default() }
        .encode_to_vec();
    bytes.extend([0xa2, 0x06, 0x02, 0x08, 0x01]); // field 100, of a later version
    let event: Event = decode(bytes.into(), MESSAGE_MAX).unwrap();
    assert_eq!((event.sent_at_ms, event.content), (5, None));
}

#[test]
fn text_that_is_not_utf8_does_not_fit_its_type() {
    assert!(matches!(decode::<Event>(Bytes::from_static(&[0x12, 0x01, 0xff]), 100), Err(DecodeError::Mistyped(_))));
}

#[test]
fn content_and_secrets_are_not_printed() {
    let canary = "canary".to_owned();
    let title = wire::Title { title: canary.clone(), description: canary.clone(), again: false };
    let event =
        Event { fallback: canary.clone(), content: Some(wire::event::Content::Title(title)), ..Event::default() };
    let session = wire::Session { refresh_token: canary.clone(), access_token: canary.clone(), ..Default::default() };
    let login = wire::RefreshResponse { session: Some(session) };
    let report = wire::ReportRequest { shown: canary, ..Default::default() };
    let printed = format!("{event:?} {login:?} {report:?}");
    assert_eq!(printed, "Event { .. } RefreshResponse { session: Some(Session { .. }) } ReportRequest { .. }");
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        let bytes = Bytes::from(bytes);
        let _ = decode::<Event>(bytes.clone(), MESSAGE_MAX);
        let _ = decode::<SyncResponse>(bytes.clone(), MESSAGE_MAX);
        let _ = decode::<wire::CreateConversationRequest>(bytes, MESSAGE_MAX);
    }

    #[test]
    fn the_walk_refuses_nothing_that_decodes(change in any::<[u8; 2]>(), seq in any::<u64>()) {
        let mut range = ReadRangeResponse { entries: vec![entry(seq); 3], ..Default::default() }.encode_to_vec();
        let place = usize::from(change[0]) % range.len();
        range[place] = change[1];
        let walked = decode::<ReadRangeResponse>(range.clone().into(), MESSAGE_MAX);
        match ReadRangeResponse::decode(&range[..]) {
            Ok(decoded) if walked.is_ok() => prop_assert_eq!(walked, Ok(decoded)),
            Ok(_) => prop_assert_eq!(walked, Err(DecodeError::Malformed), "only groups are refused by the walk alone"),
            Err(_) => prop_assert!(walked.is_err()),
        }
    }
}
