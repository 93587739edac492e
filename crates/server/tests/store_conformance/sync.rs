use sotto_proto::ConversationId;
use sotto_server::store::{
    AccountNotice, Changes, ChangesWanted, Kind, MemberChange, NewCommit, NewEvent, Notice, Refusal, Role, Store,
};

use crate::people::*;

crate::on_both!(
    what_was_acknowledged_is_in_the_next_sync,
    a_sync_tells_only_what_changed,
    pages_of_changes_miss_nothing_a15,
    newest_entries_come_along_as_far_as_they_fit,
    contacts_hear_of_changed_keys,
    a_beginner_gets_the_newest_first,
    a_cursor_from_another_time_is_refused,
    a_declined_request_is_told_as_gone,
);

fn wanted(after: u64) -> ChangesWanted {
    ChangesWanted { after, limit: 100, welcomes: 100, entries: 10, max_bytes: 1 << 20 }
}

fn chat(number: u8) -> ConversationId {
    ConversationId::from_bytes([number; 16])
}

async fn changes(store: &dyn Store, after: u64) -> Changes {
    store.changes(ANN, &[device_of(ANN), vault_device_of(ANN)], wanted(after)).await.unwrap()
}

/// Ann with ten conversations with Ben.
async fn ten_chats(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    for number in 1..=10 {
        let new = new_conversation(chat(number), Kind::Group, &[ANN, BEN]);
        store.create_conversation(ANN, new).await.unwrap();
    }
}

async fn say_in(store: &dyn Store, number: u8, id: u32) {
    store.append(NewEvent { conversation: chat(number), ..event(id, 1) }, None).await.unwrap();
}

async fn what_was_acknowledged_is_in_the_next_sync(store: &dyn Store) {
    group(store, &[]).await;
    let mut cursor = changes(store, 0).await.up_to;
    for id in 0..20 {
        let receipt = say(store, id).await;
        let told = changes(store, cursor).await;
        assert_eq!(told.conversations.len(), 1);
        let (head, entries) = &told.conversations[0];
        assert_eq!((head.last_seq, entries.last().unwrap().seq), (receipt.seq, receipt.seq));
        cursor = told.up_to;
    }
}

async fn a_sync_tells_only_what_changed(store: &dyn Store) {
    ten_chats(store).await;
    let cursor = changes(store, 0).await.up_to;
    let nothing = changes(store, cursor).await;
    assert!(nothing.conversations.is_empty() && nothing.welcomes.is_empty() && !nothing.more);
    assert_eq!(nothing.up_to, cursor, "asking changes nothing");

    say_in(store, 4, 1).await;
    say_in(store, 7, 2).await;
    say_in(store, 4, 3).await;
    while store.tell_members(10).await.unwrap() > 0 {}
    let told = changes(store, cursor).await;
    let mut ids: Vec<_> = told.conversations.iter().map(|(head, _)| head.conversation).collect();
    ids.sort_unstable();
    assert_eq!(ids, [chat(4), chat(7)]);
    assert!(changes(store, told.up_to).await.conversations.is_empty());
}

async fn pages_of_changes_miss_nothing_a15(store: &dyn Store) {
    ten_chats(store).await;
    let vault = vault_device_of(ANN);
    for number in 1..=10 {
        let welcomes = vec![welcome(ANN, device_of(ANN)), welcome(ANN, vault)];
        let added = vec![joined(ANN, Role::Member)];
        let commit = NewCommit { conversation: chat(number), welcomes, ..commit(1, b"adds devices", added) };
        store.commit(commit).await.unwrap();
        let notice = AccountNotice { notice: Notice::Keys, subject: device_owner(number), version: number.into() };
        store.notify(ANN, notice).await.unwrap();
    }
    for limit in [1, 2, 3, 7] {
        let (mut cursor, mut heads, mut welcomes, mut notices) = (0, vec![], vec![], 0);
        loop {
            let wanted = ChangesWanted { limit, welcomes: limit, ..wanted(cursor) };
            let page = store.changes(ANN, &[device_of(ANN), vault], wanted).await.unwrap();
            assert!(page.up_to > cursor || !page.more, "a page goes on");
            heads.extend(page.conversations.into_iter().map(|(head, _)| head.conversation));
            welcomes.extend(page.welcomes.into_iter().map(|welcome| welcome.id));
            notices += page.notices.len();
            cursor = page.up_to;
            if !page.more {
                break;
            }
        }
        heads.sort_unstable();
        welcomes.sort_unstable();
        welcomes.dedup();
        assert_eq!(heads, (1..=10).map(chat).collect::<Vec<_>>(), "limit {limit}");
        assert_eq!(welcomes.len(), 20, "limit {limit}");
        assert!(notices >= 10, "limit {limit}: {notices}");
    }
}

fn device_owner(number: u8) -> sotto_proto::AccountId {
    sotto_proto::AccountId::from_bytes([number; 16])
}

async fn newest_entries_come_along_as_far_as_they_fit(store: &dyn Store) {
    ten_chats(store).await;
    for id in 0..8 {
        say_in(store, 1, id).await;
        say_in(store, 2, 100 + id).await;
    }
    let read = |entries, max_bytes| async move {
        let wanted = ChangesWanted { entries, max_bytes, ..wanted(0) };
        let told = store.changes(ANN, &[], wanted).await.unwrap();
        let mut seen = Vec::new();
        for (head, entries) in told.conversations {
            let numbers: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
            let contiguous = (head.last_seq + 1 - numbers.len() as u64..=head.last_seq).collect::<Vec<_>>();
            assert_eq!(numbers, contiguous, "the newest, without holes");
            seen.push(numbers.len());
        }
        seen
    };
    assert_eq!(read(0, 1 << 20).await.iter().sum::<usize>(), 0);
    assert_eq!(read(3, 1 << 20).await.iter().sum::<usize>(), 8 * 2 + 2 * 3);
    assert_eq!(read(100, 1 << 20).await.iter().sum::<usize>(), 8 * 2 + 2 * 10);
    assert_eq!(read(100, 0).await.iter().sum::<usize>(), 0);
    let some = read(100, 104 * 4).await.iter().sum::<usize>();
    assert!((1..30).contains(&some), "{some}");
}

async fn contacts_hear_of_changed_keys(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    register(store, &[(CAT, "cat")]).await;
    let cursor = changes(store, 0).await.up_to;
    store.revoke_device(BEN, device_of(BEN), b"r", at(1)).await.unwrap();
    store.revoke_device(CAT, device_of(CAT), b"r", at(1)).await.unwrap();
    while store.tell_members(10).await.unwrap() > 0 {}
    let keys_of_ben = AccountNotice { notice: Notice::Keys, subject: BEN, version: 2 };
    // The store tells by itself as well; whichever was first, it is told soon.
    for _ in 0..100 {
        if changes(store, cursor).await.notices == [keys_of_ben] {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never told: {:?}", changes(store, cursor).await.notices);
}

async fn a_beginner_gets_the_newest_first(store: &dyn Store) {
    ten_chats(store).await;
    let _ = changes(store, 0).await;
    say_in(store, 3, 1).await;
    let first = store.overview(ANN, None, 4, 1, 1 << 20).await.unwrap();
    assert_eq!(first.conversations[0].0.conversation, chat(3));
    assert_eq!((first.conversations[0].1.len(), first.more), (1, true));
    let mut seen: Vec<_> = first.conversations.iter().map(|(head, _)| head.conversation).collect();
    let mut last = first.conversations.last().unwrap().0.change;
    loop {
        let page = store.overview(ANN, Some(last), 4, 0, 0).await.unwrap();
        seen.extend(page.conversations.iter().map(|(head, _)| head.conversation));
        if !page.more {
            break;
        }
        last = page.conversations.last().unwrap().0.change;
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=10).map(chat).collect::<Vec<_>>());
    assert_eq!(store.change_numbers(&[ANN, NOBODY]).await.unwrap(), [(ANN, first.change)]);
    assert!(changes(store, first.change).await.conversations.is_empty(), "sync goes on where the overview was taken");
}

async fn a_cursor_from_another_time_is_refused(store: &dyn Store) {
    group(store, &[]).await;
    assert_eq!(refused(store.changes(ANN, &[], wanted(u64::MAX)).await), Refusal::CursorUnknown);
    assert_eq!(refused(store.changes(NOBODY, &[], wanted(0)).await), Refusal::NotFound);
}

async fn a_declined_request_is_told_as_gone(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    let mut new = new_conversation(CHAT, Kind::Group, &[BEN]);
    let requested_by = Some(BEN);
    new.opening.members.push(MemberChange::Joined {
        account: ANN,
        role: Role::Member,
        whole_history: false,
        requested_by,
    });
    store.create_conversation(BEN, new).await.unwrap();
    let cursor = changes(store, 0).await.up_to;
    store.decline_request(ANN, CHAT, false).await.unwrap();
    store.append(event(1, 1), None).await.unwrap();
    let told = changes(store, cursor).await;
    assert_eq!((told.declined.len(), told.declined[0].conversation, told.conversations.len()), (1, CHAT, 0));
}
