use std::time::Duration;

use sotto_proto::{AccountId, ConversationId, FileId};
use sotto_server::clock::Timestamp;
use sotto_server::store::{Counted, FileRecord, Kind, MemberChange, NewFile, PartRange, Refusal, Store};

use crate::people::*;

crate::on_both!(
    a_reservation_is_made_once,
    the_quota_is_taken_when_reserved_a8,
    incomplete_files_are_few,
    parts_come_in_any_order_and_complete_a_file,
    parts_noted_at_once_are_all_kept,
    a_file_is_there_for_members_only_a1,
    a_file_goes_from_one_conversation_to_the_next,
    only_owner_and_admins_detach,
    what_is_gone_gives_back_its_quota_once,
    reservations_end_and_parts_prolong_them,
    parts_are_removed_twice_and_then_forgotten,
    deleting_an_account_lets_its_files_go,
    own_files_come_in_pages,
);

const FILE: FileId = FileId::from_bytes([0xf1; 16]);
const OTHER: FileId = FileId::from_bytes([0xf2; 16]);
const PART: u32 = 65_536;

fn new_file(id: FileId, size: u64) -> NewFile {
    NewFile { id, owner: ANN, conversation: CHAT, size, part_size: PART, at: at(0), expires_at: at(1_000) }
}

/// A complete file of one part.
async fn complete(store: &dyn Store, id: FileId) -> FileRecord {
    store.reserve_file(new_file(id, 10)).await.unwrap();
    store.note_part(id, 0, at(1_000)).await.unwrap();
    store.complete_file(ANN, id).await.unwrap();
    store.file(ANN, id).await.unwrap()
}

async fn used(store: &dyn Store) -> u64 {
    store.account_summary(ANN).await.unwrap().storage_used
}

async fn a_reservation_is_made_once(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    let file = store.reserve_file(new_file(FILE, 100)).await.unwrap();
    assert_eq!((file.owner, file.size, file.part_count(), file.complete), (ANN, 100, 1, false));
    let later = NewFile { at: at(5), expires_at: at(5_000), ..new_file(FILE, 100) };
    assert_eq!(store.reserve_file(later).await.unwrap(), file, "the same again");
    assert_eq!(used(store).await, 100);
    for other in [
        new_file(FILE, 101),
        NewFile { part_size: 2 * PART, ..new_file(FILE, 100) },
        NewFile { owner: BEN, ..new_file(FILE, 100) },
        NewFile { conversation: ConversationId::from_bytes([9; 16]), ..new_file(FILE, 100) },
    ] {
        assert_eq!(refused(store.reserve_file(other).await), Refusal::IdTaken);
    }
    store.note_part(FILE, 0, at(1_000)).await.unwrap();
    store.complete_file(ANN, FILE).await.unwrap();
    assert!(store.reserve_file(new_file(FILE, 100)).await.unwrap().complete, "the same again gets it as it is now");
    store.delete_file(ANN, FILE, at(1)).await.unwrap();
    assert_eq!(refused(store.reserve_file(new_file(FILE, 100)).await), Refusal::IdTaken);
}

async fn the_quota_is_taken_when_reserved_a8(store: &dyn Store) {
    group(store, &[]).await;
    let quota = store.account_summary(ANN).await.unwrap().storage_quota;
    store.reserve_file(new_file(FILE, quota)).await.unwrap();
    assert_eq!(refused(store.reserve_file(new_file(OTHER, 1)).await), Refusal::QuotaExceeded { quota });
    assert_eq!(refused(store.file(ANN, OTHER).await), Refusal::NotFound, "nothing of it stays");
    store.delete_file(ANN, FILE, at(1)).await.unwrap();
    store.reserve_file(new_file(OTHER, 1)).await.unwrap();
    assert_eq!(used(store).await, 1);
}

async fn incomplete_files_are_few(store: &dyn Store) {
    group(store, &[]).await;
    let number = |number: u8| FileId::from_bytes([number; 16]);
    for index in 0..100 {
        store.reserve_file(new_file(number(index), 1)).await.unwrap();
    }
    let limit = Refusal::LimitReached { what: Counted::IncompleteFiles, max: 100 };
    assert_eq!(refused(store.reserve_file(new_file(FILE, 1)).await), limit);
    assert_eq!(used(store).await, 100);
    store.note_part(number(7), 0, at(1_000)).await.unwrap();
    store.complete_file(ANN, number(7)).await.unwrap();
    store.reserve_file(new_file(FILE, 1)).await.unwrap();
}

async fn parts_come_in_any_order_and_complete_a_file(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    let size = 10 * u64::from(PART) + 5;
    let file = store.reserve_file(new_file(FILE, size)).await.unwrap();
    for part in [10, 3, 0, 3, 4] {
        store.note_part(FILE, part, at(1_000)).await.unwrap();
    }
    let ranges = [PartRange { first: 1, count: 2 }, PartRange { first: 5, count: 5 }];
    assert_eq!(store.missing_parts(&file, 256).await.unwrap(), ranges);
    assert_eq!(store.missing_parts(&file, 1).await.unwrap(), ranges[..1]);
    assert_eq!(store.own_file(ANN, FILE, 10).await.unwrap(), (file, true));
    assert_eq!(store.own_file(ANN, FILE, 9).await.unwrap(), (file, false));
    assert_eq!(store.own_file(ANN, FILE, 1_000_000).await.unwrap(), (file, false));
    assert_eq!(refused(store.own_file(BEN, FILE, 0).await), Refusal::NotFound, "only its owner adds to it");
    assert_eq!(refused(store.complete_file(ANN, FILE).await), Refusal::FileIncomplete);
    assert_eq!(refused(store.complete_file(BEN, FILE).await), Refusal::NotFound);
    for part in [1, 2, 5, 6, 7, 8, 9] {
        store.note_part(FILE, part, at(1_000)).await.unwrap();
    }
    store.complete_file(ANN, FILE).await.unwrap();
    store.complete_file(ANN, FILE).await.unwrap();
    let counts = store.counts(at(0)).await.unwrap();
    assert_eq!((counts.files, counts.file_bytes), (1, size));
    let file = store.file(BEN, FILE).await.unwrap();
    assert!(file.complete);
    assert_eq!(store.missing_parts(&file, 256).await.unwrap(), []);
    assert_eq!(refused(store.note_part(FILE, 1, at(1_000)).await), Refusal::NotApplicable);
    assert_eq!(refused(store.note_part(OTHER, 1, at(1_000)).await), Refusal::NotFound);
}

async fn parts_noted_at_once_are_all_kept(store: &dyn Store) {
    group(store, &[]).await;
    let file = store.reserve_file(new_file(FILE, 12 * u64::from(PART))).await.unwrap();
    let noted = (0..12).map(|part| store.note_part(FILE, part, at(1_000)));
    for done in futures_util::future::join_all(noted).await {
        done.unwrap();
    }
    assert_eq!(store.missing_parts(&file, 256).await.unwrap(), []);
    store.complete_file(ANN, FILE).await.unwrap();
}

async fn a_file_is_there_for_members_only_a1(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    register(store, &[(CAT, "cat")]).await;
    complete(store, FILE).await;
    store.file(BEN, FILE).await.unwrap();
    for (account, file) in [(CAT, FILE), (CAT, OTHER), (NOBODY, FILE), (BEN, OTHER)] {
        assert_eq!(refused(store.file(account, file).await), Refusal::NotFound);
        assert_eq!(refused(store.attach_file(account, file, CHAT).await), Refusal::NotFound);
        assert_eq!(refused(store.detach_file(account, file, CHAT, at(1)).await), Refusal::NotFound);
        assert_eq!(refused(store.delete_file(account, file, at(1)).await), Refusal::NotFound);
    }
    assert_eq!(refused(store.delete_file(BEN, FILE, at(1)).await), Refusal::NotFound, "members do not delete it");
    store.commit(commit(1, b"out", vec![MemberChange::Gone { account: BEN }])).await.unwrap();
    assert_eq!(refused(store.file(BEN, FILE).await), Refusal::NotFound, "no longer a member");
    store.file(ANN, FILE).await.unwrap();
}

async fn a_file_goes_from_one_conversation_to_the_next(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    register(store, &[(CAT, "cat")]).await;
    let second = ConversationId::from_bytes([0x22; 16]);
    store.create_conversation(BEN, new_conversation(second, Kind::Group, &[BEN, CAT])).await.unwrap();
    store.reserve_file(new_file(FILE, 10)).await.unwrap();
    assert_eq!(refused(store.attach_file(BEN, FILE, second).await), Refusal::FileIncomplete);
    store.note_part(FILE, 0, at(1_000)).await.unwrap();
    store.complete_file(ANN, FILE).await.unwrap();
    assert_eq!(refused(store.file(CAT, FILE).await), Refusal::NotFound);
    for _ in 0..2 {
        store.attach_file(BEN, FILE, second).await.unwrap();
    }
    store.file(CAT, FILE).await.unwrap();
    assert_eq!(store.own_files(ANN, None, 9).await.unwrap().0[0].1, 2);
    store.detach_file(ANN, FILE, CHAT, at(1)).await.unwrap();
    assert_eq!(refused(store.attach_file(ANN, OTHER, CHAT).await), Refusal::NotFound);
    store.file(BEN, FILE).await.unwrap();
    // Attached nowhere, it is gone, and its owner may say so again.
    for _ in 0..2 {
        store.detach_file(BEN, FILE, second, at(2)).await.unwrap();
        store.detach_file(ANN, FILE, second, at(2)).await.unwrap();
    }
    assert_eq!(refused(store.file(ANN, FILE).await), Refusal::NotFound);
    assert_eq!(used(store).await, 0);
}

async fn only_owner_and_admins_detach(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    let by_ben = NewFile { owner: BEN, ..new_file(FILE, 10) };
    store.reserve_file(by_ben).await.unwrap();
    complete(store, OTHER).await;
    assert_eq!(refused(store.detach_file(BEN, OTHER, CHAT, at(1)).await), Refusal::Forbidden);
    store.detach_file(ANN, FILE, CHAT, at(1)).await.unwrap();
    assert_eq!(refused(store.file(BEN, FILE).await), Refusal::NotFound);
    assert_eq!(store.account_summary(BEN).await.unwrap().storage_used, 0, "it is its owner's quota");
    let unknown = FileId::from_bytes([0xf9; 16]);
    store.detach_file(ANN, unknown, CHAT, at(1)).await.unwrap();
}

async fn what_is_gone_gives_back_its_quota_once(store: &dyn Store) {
    group(store, &[]).await;
    complete(store, FILE).await;
    complete(store, OTHER).await;
    assert_eq!(used(store).await, 20);
    for _ in 0..2 {
        store.delete_file(ANN, FILE, at(1)).await.unwrap();
        store.detach_file(ANN, FILE, CHAT, at(1)).await.unwrap();
    }
    assert_eq!(used(store).await, 10);
    assert_eq!(refused(store.complete_file(ANN, FILE).await), Refusal::NotFound);
    assert_eq!(refused(store.note_part(FILE, 0, at(9_000)).await), Refusal::NotFound);
}

async fn reservations_end_and_parts_prolong_them(store: &dyn Store) {
    group(store, &[]).await;
    store.reserve_file(new_file(FILE, 2 * u64::from(PART))).await.unwrap();
    complete(store, OTHER).await;
    assert_eq!(store.end_reservations(at(999), 9).await.unwrap(), 0);
    store.note_part(FILE, 0, at(2_000)).await.unwrap();
    store.note_part(FILE, 0, at(1_500)).await.unwrap();
    assert_eq!(store.file(ANN, FILE).await.unwrap().expires_at, at(2_000), "never brought forward");
    assert_eq!(store.end_reservations(at(1_999), 9).await.unwrap(), 0);
    assert_eq!(store.end_reservations(at(2_000), 9).await.unwrap(), 1);
    assert_eq!(store.end_reservations(at(2_000), 9).await.unwrap(), 0);
    assert_eq!(refused(store.file(ANN, FILE).await), Refusal::NotFound);
    assert_eq!(used(store).await, 10);
    store.file(ANN, OTHER).await.unwrap();
}

async fn parts_are_removed_twice_and_then_forgotten(store: &dyn Store) {
    group(store, &[]).await;
    complete(store, FILE).await;
    let (gone, again): (Timestamp, Timestamp) = (at(10), at(10).plus(Duration::from_hours(1)));
    assert_eq!(store.files_to_remove(gone, 9).await.unwrap(), []);
    store.delete_file(ANN, FILE, gone).await.unwrap();
    assert_eq!(store.files_to_remove(gone, 9).await.unwrap(), [FILE]);
    // Two nodes remove the parts at the same time.
    for _ in 0..2 {
        store.file_removed(FILE, gone, again).await.unwrap();
    }
    assert_eq!(store.files_to_remove(gone, 9).await.unwrap(), []);
    assert_eq!(store.known_files(&[FILE, OTHER]).await.unwrap(), [FILE]);
    assert_eq!(store.files_to_remove(again, 9).await.unwrap(), [FILE]);
    for _ in 0..2 {
        store.file_removed(FILE, again, again.plus(Duration::from_hours(1))).await.unwrap();
    }
    assert_eq!(store.known_files(&[FILE, OTHER]).await.unwrap(), []);
    assert_eq!(store.known_files(&[]).await.unwrap(), []);
}

async fn deleting_an_account_lets_its_files_go(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    complete(store, FILE).await;
    let by_ben = NewFile { owner: BEN, ..new_file(OTHER, 10) };
    store.reserve_file(by_ben).await.unwrap();
    store.delete_account(ANN, at(10), at(5)).await.unwrap();
    assert_eq!(refused(store.file(BEN, FILE).await), Refusal::NotFound);
    assert_eq!(store.files_to_remove(at(5), 9).await.unwrap(), [FILE]);
    store.file(BEN, OTHER).await.unwrap();
}

async fn own_files_come_in_pages(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    let id = |number: u8| FileId::from_bytes([number; 16]);
    for number in [5, 1, 4] {
        store.reserve_file(new_file(id(number), 10)).await.unwrap();
    }
    complete(store, id(3)).await;
    store.reserve_file(NewFile { owner: BEN, ..new_file(id(2), 10) }).await.unwrap();
    store.delete_file(ANN, id(4), at(1)).await.unwrap();
    let page = async |account: AccountId, after, limit| {
        let (files, more) = store.own_files(account, after, limit).await.unwrap();
        (files.into_iter().map(|(file, _)| (file.id, file.complete)).collect::<Vec<_>>(), more)
    };
    assert_eq!(page(ANN, None, 2).await, (vec![(id(1), false), (id(3), true)], true));
    assert_eq!(page(ANN, Some(id(3)), 2).await, (vec![(id(5), false)], false));
    assert_eq!(page(CAT, None, 2).await, (vec![], false));
}
