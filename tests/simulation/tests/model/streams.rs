//! What reaches devices by itself, and what they find when they ask.

use bytes::Bytes;
use sotto_crypto::mls::governance::Kind;
use sotto_proto::wire::subscribe_response::Item;
use sotto_proto::wire::{self, ErrorCode, MarkerAudience};
use sotto_proto::{Call as _, ConversationId, limits};
use sotto_simulation::model::Answer;

use crate::people::{Device, Town};

impl Device {
    fn sync(&self, town: &mut Town, cursor: Bytes) -> wire::SyncResponse {
        self.call(town, &wire::SyncRequest { cursor, limit: 10, entries_per_conversation: 10 }).unwrap()
    }

    fn listen(&self, town: &mut Town, cursor: Bytes) -> Result<Answer, ErrorCode> {
        let body = prost::Message::encode_to_vec(&wire::SubscribeRequest { cursor }).into();
        let token = Some(self.session.access_token.as_str());
        let answer = town.model.call(town.now, token, wire::SubscribeRequest::METHOD, body, &mut town.rng);
        answer.map_err(|fault| fault.code())
    }

    fn items(&self, town: &mut Town) -> Vec<wire::SubscribeResponse> {
        let items = town.model.items(town.now, &self.session.access_token).unwrap();
        items.into_iter().map(|item| sotto_proto::decode(item, limits::MESSAGE_MAX).unwrap()).collect()
    }

    pub(crate) fn commit_place(&self, chat: ConversationId) -> wire::StreamSignal {
        let (generation, epoch) = self.chats[&chat].place();
        wire::StreamSignal { generation, epoch, ..wire::StreamSignal::default() }
    }
}

fn entries(items: &[wire::SubscribeResponse]) -> Vec<u64> {
    let seq = |item: &wire::SubscribeResponse| match &item.item {
        Some(Item::Entry(entry)) => Some(entry.entry.as_ref().unwrap().seq),
        _ => None,
    };
    items.iter().filter_map(seq).collect()
}

#[test]
fn a_stream_goes_on_where_a_sync_ended() {
    let mut town = Town::new();
    let (mut ann, mut ben) = (town.register("ann"), town.register("ben"));
    let chat = ann.start(&mut town, Kind::Group, &[&ben]);
    let accept = wire::AcceptRequestRequest { conversation_id: chat.to_wire() };
    ben.call(&mut town, &accept).unwrap();
    ben.hears(&mut town, chat);
    // What is younger than a minute is told again.
    town.now += 120_000;
    let synced = ben.sync(&mut town, Bytes::new());
    assert!(!synced.more && synced.conversations.len() == 1);

    assert_eq!(ben.listen(&mut town, synced.next_cursor.clone()), Ok(Answer::Subscribed));
    let first = ben.items(&mut town);
    assert!(matches!(first.last().unwrap().item, Some(Item::Ready(_))));
    assert!(first.iter().any(|item| matches!(item.item, Some(Item::Refill(_)))), "there are few key packages");

    let seqs = [ann.says(&mut town, chat, "one"), ann.says(&mut town, chat, "two")];
    let items = ben.items(&mut town);
    assert_eq!(entries(&items), seqs);
    assert_eq!(ben.items(&mut town), []);
    let cursor = items.last().unwrap().cursor.clone();
    assert!(ben.sync(&mut town, cursor).conversations.is_empty());
    let missed = ben.sync(&mut town, synced.next_cursor);
    assert_eq!(missed.conversations[0].entries.last().unwrap().seq, seqs[1]);
}

#[test]
fn a_stream_ends_with_its_session_and_a_foreign_cursor_is_none() {
    let mut town = Town::new();
    let (ann, ben) = (town.register("ann"), town.register("ben"));
    let cursor = ann.sync(&mut town, Bytes::new()).next_cursor;
    assert_eq!(ben.listen(&mut town, cursor.clone()), Err(ErrorCode::CursorExpired));
    ann.listen(&mut town, cursor).unwrap();
    ann.call(&mut town, &wire::LogoutRequest {}).unwrap();
    let ended = town.model.items(town.now, &ann.session.access_token).unwrap_err();
    assert_eq!(ended.code(), ErrorCode::SessionEnded);
}

#[test]
fn a_request_is_told_once_and_nothing_of_it_live() {
    let mut town = Town::new();
    let (mut ann, ben) = (town.register("ann"), town.register("ben"));
    let cursor = ben.sync(&mut town, Bytes::new()).next_cursor;
    ben.listen(&mut town, cursor).unwrap();
    ben.items(&mut town);
    let chat = ann.start(&mut town, Kind::Direct, &[&ben]);
    let told = ben.items(&mut town);
    let heads = told.iter().filter(|item| matches!(item.item, Some(Item::Conversation(_)))).count();
    let welcomes = told.iter().filter(|item| matches!(item.item, Some(Item::Welcome(_)))).count();
    assert_eq!((heads, welcomes, entries(&told)), (1, 2, vec![]));
    ann.says(&mut town, chat, "hello?");
    assert!(ben.items(&mut town).iter().all(|item| item.item.is_none()), "only the cursor moves");
}

#[test]
fn markers_and_signals_reach_members_who_listen() {
    let mut town = Town::new();
    let (mut ann, mut ben) = (town.register("ann"), town.register("ben"));
    let chat = ann.start(&mut town, Kind::Group, &[&ben]);
    ben.call(&mut town, &wire::AcceptRequestRequest { conversation_id: chat.to_wire() }).unwrap();
    ben.hears(&mut town, chat);
    let cursor = ann.sync(&mut town, Bytes::new()).next_cursor;
    ann.listen(&mut town, cursor).unwrap();
    ann.items(&mut town);

    let (generation, epoch) = ben.chats[&chat].place();
    let marker = |version| wire::ReadMarker {
        conversation_id: chat.to_wire(),
        account_id: Bytes::new(),
        audience: MarkerAudience::Members.into(),
        version,
        generation,
        epoch,
        sealed: vec![9; 320].into(),
    };
    let put = |version| wire::PutReadMarkerRequest { marker: Some(marker(version)) };
    ben.call(&mut town, &put(1)).unwrap();
    ben.call(&mut town, &put(1)).unwrap();
    assert_eq!(ben.refusal(&mut town, &put(3)), ErrorCode::VersionConflict);
    let signal =
        wire::StreamSignal { conversation_id: chat.to_wire(), sealed: vec![8; 320].into(), ..ben.commit_place(chat) };
    ben.call(&mut town, &wire::SendSignalRequest { signal: Some(signal.clone()) }).unwrap();
    let items: Vec<_> = ann.items(&mut town).into_iter().filter_map(|item| item.item).collect();
    let shown = wire::ReadMarker { account_id: ben.account().to_wire(), ..marker(1) };
    assert!(items.contains(&Item::Marker(shown)) && items.contains(&Item::Signal(signal)));
}

#[test]
fn all_conversations_are_told_in_pages_and_changes_after_them() {
    let mut town = Town::new();
    let mut ann = town.register("ann");
    let chats: Vec<_> = (0..3).map(|_| ann.start(&mut town, Kind::Group, &[])).collect();
    let page = |cursor| wire::SyncRequest { cursor, limit: 2, entries_per_conversation: 0 };
    let ids = |page: &wire::SyncResponse| {
        let heads = page.conversations.iter().map(|change| change.head.clone().unwrap().conversation_id);
        heads.collect::<Vec<_>>()
    };
    let first = ann.call(&mut town, &page(Bytes::new())).unwrap();
    assert_eq!((ids(&first), first.more), (vec![chats[2].to_wire(), chats[1].to_wire()], true));
    ann.says(&mut town, chats[0], "meanwhile");
    let second = ann.call(&mut town, &page(first.next_cursor)).unwrap();
    assert!(!second.more);
    let last = ann.call(&mut town, &page(second.next_cursor)).unwrap();
    assert_eq!((ids(&last), last.more), (vec![chats[0].to_wire()], false), "moved while the pages were read");
}
