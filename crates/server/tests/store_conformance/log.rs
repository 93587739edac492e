use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use sotto_crypto::chain::{self, ChainHead, EntryHash};
use sotto_server::store::{
    Direction, Entry, EntryKind, GroupState, NewCommit, NewEvent, Range, Receipt, Refusal, Stand, Store, Stretch,
    Witness,
};

use crate::people::*;

crate::on_both!(
    entries_are_numbered_without_holes_under_a_hundred_writers_s16,
    the_same_event_again_gets_the_number_that_it_has_s6,
    an_event_of_another_epoch_is_refused_with_where_the_group_stands,
    an_absent_conversation_takes_nothing_a1,
    pages_join_to_the_whole_log_in_both_directions_a15,
    sizes_clamp_a_page_but_never_to_nothing,
    the_chain_is_the_one_that_members_compute_s16,
    pruning_takes_old_events_and_leaves_handshakes,
    a_witness_hears_of_events_in_the_order_of_their_numbers,
    logs_are_read_together_for_those_who_deliver,
);

fn range(from: u64, direction: Direction, limit: u32) -> Range {
    Range { from, direction, limit, max_bytes: 1 << 20, handshakes_only: false }
}

async fn whole_log(store: &dyn Store) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let from = entries.last().map_or(1, |entry| entry.seq + 1);
        let page = store.read_range(ANN, CHAT, range(from, Direction::Forward, 500)).await.unwrap();
        entries.extend(page.entries);
        if !page.more {
            return entries;
        }
    }
}

fn numbers(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

async fn entries_are_numbered_without_holes_under_a_hundred_writers_s16(store: &dyn Store) {
    group(store, &[]).await;
    let sent = futures_util::future::join_all((0..100).map(|id| store.append(event(id, 1), None))).await;
    let given: BTreeSet<u64> = sent.into_iter().map(|receipt| receipt.unwrap().seq).collect();
    assert_eq!(given, (3..=102).collect());

    let log = whole_log(store).await;
    assert_eq!(numbers(&log), (1..=102).collect::<Vec<_>>());
    let events: BTreeSet<_> =
        log.iter().filter_map(|entry| if let EntryKind::Event(id) = entry.kind { Some(id) } else { None }).collect();
    assert_eq!(events, (0..100).map(|id| event(id, 1).id).collect());
}

async fn the_same_event_again_gets_the_number_that_it_has_s6(store: &dyn Store) {
    group(store, &[]).await;
    let first = say(store, 1).await;
    say(store, 2).await;
    assert_eq!(say(store, 1).await, first);

    let twins = futures_util::future::join_all((0..20).map(|_| store.append(event(3, 1), None))).await;
    let given: BTreeSet<u64> = twins.into_iter().map(|receipt| receipt.unwrap().seq).collect();
    assert_eq!(given.len(), 1);

    // Also after the epoch has moved, and not with other content.
    store.commit(commit(1, b"next", vec![])).await.unwrap();
    assert_eq!(say(store, 1).await, first);
    let mut forged = event(1, 1);
    forged.sealed = forged.sealed.iter().rev().copied().collect();
    assert_eq!(refused(store.append(forged, None).await), Refusal::IdTaken);
    assert_eq!(whole_log(store).await.len(), 6);
}

async fn an_event_of_another_epoch_is_refused_with_where_the_group_stands(store: &dyn Store) {
    group(store, &[]).await;
    let stand = Stand { position: position(1, 1), last_seq: 2 };
    assert_eq!(refused(store.append(event(1, 0), None).await), Refusal::EpochConflict(stand));
    assert_eq!(refused(store.append(event(1, 2), None).await), Refusal::EpochConflict(stand));
    let mut of_next_generation = event(1, 1);
    of_next_generation.position = position(2, 1);
    assert_eq!(refused(store.append(of_next_generation, None).await), Refusal::EpochConflict(stand));
}

async fn an_absent_conversation_takes_nothing_a1(store: &dyn Store) {
    assert_eq!(refused(store.append(event(1, 1), None).await), Refusal::NotFound);
    group(store, &[]).await;
    register(store, &[(BEN, "ben")]).await;
    let read = store.read_range(BEN, CHAT, range(1, Direction::Forward, 10)).await;
    assert_eq!(refused(read), Refusal::NotFound);
}

async fn pages_join_to_the_whole_log_in_both_directions_a15(store: &dyn Store) {
    group(store, &[]).await;
    for id in 0..8 {
        say(store, id).await;
    }
    let page = |from, direction, limit| store.read_range(ANN, CHAT, range(from, direction, limit));

    let forward = page(1, Direction::Forward, 4).await.unwrap();
    assert_eq!((numbers(&forward.entries), forward.more), (vec![1, 2, 3, 4], true));
    let rest = page(5, Direction::Forward, 6).await.unwrap();
    assert_eq!((numbers(&rest.entries), rest.more), (vec![5, 6, 7, 8, 9, 10], false));

    let backward = page(u64::MAX, Direction::Backward, 3).await.unwrap();
    assert_eq!((numbers(&backward.entries), backward.more), (vec![10, 9, 8], true));
    let rest = page(7, Direction::Backward, 500).await.unwrap();
    assert_eq!((numbers(&rest.entries), rest.more), (vec![7, 6, 5, 4, 3, 2, 1], false));

    // Beyond either end stands for that end; nothing is an overflow.
    assert_eq!(numbers(&page(0, Direction::Backward, 5).await.unwrap().entries), [1]);
    assert_eq!(numbers(&page(u64::MAX, Direction::Forward, 5).await.unwrap().entries), [10]);
    assert_eq!(numbers(&page(3, Direction::Forward, 0).await.unwrap().entries), [3]);
    assert_eq!(page(1, Direction::Forward, u32::MAX).await.unwrap().entries.len(), 10);
}

async fn sizes_clamp_a_page_but_never_to_nothing(store: &dyn Store) {
    group(store, &[]).await;
    for id in 0..8 {
        say(store, id).await;
    }
    let read = |max_bytes| {
        let range = Range { max_bytes, ..range(3, Direction::Forward, 500) };
        store.read_range(ANN, CHAT, range)
    };
    assert_eq!(read(104 * 3).await.unwrap().entries.len(), 3);
    assert_eq!(read(104 * 3 - 1).await.unwrap().entries.len(), 2);
    let one: Stretch = read(0).await.unwrap();
    assert_eq!((one.entries.len(), one.more), (1, true));
}

async fn the_chain_is_the_one_that_members_compute_s16(store: &dyn Store) {
    group(store, &[]).await;
    for id in 0..5 {
        say(store, id).await;
    }
    store.commit(commit(1, b"second commit", vec![])).await.unwrap();
    let mut head = ChainHead::start(CHAT);
    for entry in whole_log(store).await {
        let told = store.read_range(ANN, CHAT, range(entry.seq, Direction::Forward, 2)).await.unwrap().chain_before;
        assert_eq!(told.as_ref(), Some(head.hash()), "before entry {}", entry.seq);
        let as_chained = match entry.kind {
            EntryKind::Commit => chain::Entry::Commit(&entry.body),
            EntryKind::Proposal => chain::Entry::Proposal(&entry.body),
            EntryKind::Event(id) => chain::Entry::Event(id, &entry.body),
            EntryKind::Generation => chain::Entry::Generation(&entry.body),
        };
        let hash = EntryHash::of(entry.position.generation.get(), entry.position.epoch.get(), &as_chained);
        head = head.extended_by(&hash).unwrap();
    }
    assert_eq!(head.seq(), 8);
}

async fn pruning_takes_old_events_and_leaves_handshakes(store: &dyn Store) {
    group(store, &[]).await;
    for id in 10..15 {
        say(store, id).await;
    }
    assert_eq!(store.prune(CHAT, at(10), 100).await.unwrap(), 0);
    assert_eq!(store.prune(CHAT, at(14), 3).await.unwrap(), 3);
    assert_eq!(store.prune(CHAT, at(14), 3).await.unwrap(), 1);
    assert_eq!(store.prune(CHAT, at(14), 3).await.unwrap(), 0);

    let left = store.read_range(ANN, CHAT, range(1, Direction::Forward, 10)).await.unwrap();
    assert_eq!((numbers(&left.entries), left.head.first_seq), (vec![7], 7));
    let handshakes = Range { handshakes_only: true, ..range(1, Direction::Forward, 10) };
    let handshakes = store.read_range(ANN, CHAT, handshakes).await.unwrap();
    assert_eq!(numbers(&handshakes.entries), [1, 2]);
    assert_eq!(say(store, 20).await.seq, 8);
}

#[derive(Default)]
struct Heard(Mutex<Vec<u64>>);

impl Witness for Heard {
    fn appended(&self, _: NewEvent, receipt: Receipt) {
        self.0.lock().unwrap().push(receipt.seq);
    }
}

async fn a_witness_hears_of_events_in_the_order_of_their_numbers(store: &dyn Store) {
    group(store, &[]).await;
    let heard = Arc::new(Heard::default());
    let appends = (0..200).map(|id| store.append(event(id, 1), Some(heard.clone())));
    futures_util::future::join_all(appends).await;
    assert_eq!(*heard.0.lock().unwrap(), (3..=202).collect::<Vec<_>>());
    store.append(event(1, 2), Some(heard.clone())).await.unwrap_err();
    assert_eq!(heard.0.lock().unwrap().len(), 200, "not of what was refused");
}

async fn logs_are_read_together_for_those_who_deliver(store: &dyn Store) {
    group(store, &[]).await;
    for id in 0..5 {
        say(store, id).await;
    }
    let nowhere = sotto_proto::ConversationId::from_bytes([0x99; 16]);
    let read = store.entries(&[(CHAT, 2, 4), (nowhere, 1, 9)]).await.unwrap();
    assert!(read.iter().all(|(conversation, _)| *conversation == CHAT));
    assert_eq!(read.iter().map(|(_, entry)| entry.seq).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(store.entries(&[]).await.unwrap(), []);

    let generation = position(1, 0).generation;
    let handshakes = store.handshakes(CHAT, generation, 0, 10).await.unwrap();
    assert_eq!(numbers(&handshakes), [1, 2]);
    assert_eq!(numbers(&store.handshakes(CHAT, generation, 1, 10).await.unwrap()), [2]);
    assert_eq!(store.beginning(CHAT).await.unwrap(), (generation, b"observer of epoch 0".to_vec()));

    assert_eq!(store.overdue(at(1 << 40), None, 10).await.unwrap(), []);
    let state = GroupState { retention: 60, ..state(2) };
    store.commit(NewCommit { state, ..commit(1, b"events go after a minute", vec![]) }).await.unwrap();
    assert_eq!(store.overdue(at(60_000), None, 10).await.unwrap(), []);
    assert_eq!(store.overdue(at(60_001), None, 10).await.unwrap(), [(CHAT, 60)]);
    assert_eq!(store.overdue(at(60_001), Some(CHAT), 10).await.unwrap(), []);
    while store.prune(CHAT, at(1), 10).await.unwrap() > 0 {}
    assert_eq!(store.overdue(at(60_001), None, 10).await.unwrap(), []);
    assert_eq!(store.overdue(at(60_002), None, 10).await.unwrap(), [(CHAT, 60)]);
}
