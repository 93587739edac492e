use sotto_proto::{ConversationId, SlotId};
use sotto_server::store::{Audience, Checkpoint, Counted, Marker, Refusal, Setting, Store, VaultRecord};

use crate::people::*;

crate::on_both!(
    versions_go_up_by_one_whoever_races_s19,
    checkpoints_are_read_as_far_as_they_fit,
    settings_are_read_in_the_order_of_their_change,
    settings_have_a_limit_and_count_against_the_quota,
    markers_belong_to_members,
    whoever_gives_up_reading_leaves_nothing_behind,
);

fn checkpoint(number: u64, size: usize) -> Checkpoint {
    let sealed = vec![u8::try_from(number).unwrap(); size];
    Checkpoint { conversation: CHAT, version: version(number), position: position(1, 1), sealed }
}

fn setting(slot: u8, number: u64, size: usize) -> Setting {
    Setting { slot: SlotId::from_bytes([slot; 16]), version: version(number), sealed: vec![slot; size] }
}

async fn versions_go_up_by_one_whoever_races_s19(store: &dyn Store) {
    group(store, &[]).await;
    let other = |number| VaultRecord { root_by_password: vec![number; 64], ..vault(2) };
    let racers = futures_util::future::join_all((1..=10).map(|number| store.put_vault(ANN, other(number)))).await;
    let (won, lost): (Vec<_>, Vec<_>) = racers.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for refusal in lost {
        assert_eq!(refused(refusal), Refusal::VersionConflict { stored: 2 });
    }
    assert_eq!(refused(store.put_vault(ANN, vault(1)).await), Refusal::VersionConflict { stored: 2 });
    let stored = store.vault(ANN).await.unwrap();
    let change = store.put_vault(ANN, stored.clone()).await.unwrap();
    assert_eq!(store.put_vault(ANN, stored).await.unwrap(), change, "a repetition changes nothing");

    assert_eq!(refused(store.put_checkpoint(ANN, checkpoint(2, 9)).await), Refusal::VersionConflict { stored: 0 });
    store.put_checkpoint(ANN, checkpoint(1, 9)).await.unwrap();
    store.put_checkpoint(ANN, checkpoint(1, 9)).await.unwrap();
    assert_eq!(refused(store.put_checkpoint(ANN, checkpoint(1, 8)).await), Refusal::VersionConflict { stored: 1 });
    store.put_checkpoint(ANN, checkpoint(2, 9)).await.unwrap();
    let foreign = Checkpoint { conversation: ConversationId::from_bytes([9; 16]), ..checkpoint(1, 9) };
    assert_eq!(refused(store.put_checkpoint(ANN, foreign).await), Refusal::NotFound);
}

async fn checkpoints_are_read_as_far_as_they_fit(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    let chats: Vec<_> = (1..=5).map(|byte| ConversationId::from_bytes([byte; 16])).collect();
    for chat in &chats {
        let new = new_conversation(*chat, sotto_server::store::Kind::Group, &[ANN]);
        store.create_conversation(ANN, new).await.unwrap();
        store.put_checkpoint(ANN, Checkpoint { conversation: *chat, ..checkpoint(1, 100) }).await.unwrap();
    }
    let wanted = [chats[4], ConversationId::from_bytes([9; 16]), chats[0], chats[2], chats[1]];
    let (fitting, remaining) = store.checkpoints(ANN, &wanted, 250).await.unwrap();
    let ids: Vec<_> = fitting.iter().map(|checkpoint| checkpoint.conversation).collect();
    assert_eq!((ids, remaining), (vec![chats[4], chats[0]], vec![chats[2], chats[1]]));
    assert_eq!(store.checkpoints(ANN, &wanted, 0).await.unwrap().0.len(), 1);
    assert_eq!(store.checkpoints(ANN, &[], 0).await.unwrap(), (vec![], vec![]));
}

/// As callers do that hang up: at any moment between the first statement and the last.
async fn whoever_gives_up_reading_leaves_nothing_behind(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    for number in 1..=300 {
        let mut reading = store.settings_after(ANN, 0, 200, 1 << 20);
        for _ in 0..number {
            if futures_util::poll!(&mut reading).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(reading);
        store.put_setting(ANN, Setting { version: version(number), ..setting(1, 1, 10) }).await.unwrap();
        let (now, _) = store.settings_after(ANN, 0, 200, 1 << 20).await.unwrap();
        assert_eq!(now[0].1.version, version(number), "what was written last is read");
    }
}

async fn settings_are_read_in_the_order_of_their_change(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    for slot in 1..=4 {
        store.put_setting(ANN, setting(slot, 1, 10)).await.unwrap();
    }
    let last = store.put_setting(ANN, setting(2, 2, 0)).await.unwrap();
    let (all, more) = store.settings_after(ANN, 0, 200, 1 << 20).await.unwrap();
    let slots: Vec<u8> = all.iter().map(|(_, setting)| setting.slot.as_bytes()[0]).collect();
    assert_eq!((slots, more), (vec![1, 3, 4, 2], false));
    assert_eq!(all[3], (last, setting(2, 2, 0)), "deleted ones are told");

    let (page, more) = store.settings_after(ANN, 0, 2, 1 << 20).await.unwrap();
    assert_eq!((page.len(), more), (2, true));
    let (rest, more) = store.settings_after(ANN, page[1].0, 2, 1 << 20).await.unwrap();
    assert_eq!((rest.len(), more), (2, false));
    assert_eq!(store.settings_after(ANN, 0, 200, 15).await.unwrap().0.len(), 1);
    assert_eq!(store.settings_after(ANN, u64::MAX, 200, 15).await.unwrap(), (vec![], false));
}

async fn settings_have_a_limit_and_count_against_the_quota(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    store.set_quota(ANN, 1000).await.unwrap();
    store.put_setting(ANN, setting(1, 1, 900)).await.unwrap();
    assert_eq!(refused(store.put_setting(ANN, setting(2, 1, 101)).await), Refusal::QuotaExceeded { quota: 1000 });
    store.put_setting(ANN, setting(2, 1, 100)).await.unwrap();
    assert_eq!(store.account_summary(ANN).await.unwrap().storage_used, 1000);
    store.set_quota(ANN, 10).await.unwrap();
    store.put_setting(ANN, setting(1, 2, 800)).await.unwrap();
    store.put_setting(ANN, setting(2, 2, 0)).await.unwrap();
    assert_eq!(store.account_summary(ANN).await.unwrap().storage_used, 800);

    for number in 2..1024_u32 {
        let mut slot = [0; 16];
        slot[..4].copy_from_slice(&number.to_be_bytes());
        let new = Setting { slot: SlotId::from_bytes(slot), version: version(1), sealed: vec![] };
        store.put_setting(ANN, new).await.unwrap();
    }
    let one_more = store.put_setting(ANN, setting(9, 1, 0)).await;
    assert_eq!(refused(one_more), Refusal::LimitReached { what: Counted::Settings, max: 1024 });
}

async fn markers_belong_to_members(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    register(store, &[(CAT, "cat")]).await;
    let marker = |account, audience, number| Marker {
        conversation: CHAT,
        account,
        audience,
        version: version(number),
        generation: 1,
        epoch: 1,
        sealed: vec![7; 20],
    };
    store.put_marker(marker(ANN, Audience::Members, 1), at(1)).await.unwrap();
    store.put_marker(marker(BEN, Audience::OwnDevices, 1), at(2)).await.unwrap();
    store.put_marker(marker(ANN, Audience::Members, 2), at(3)).await.unwrap();
    let stale = store.put_marker(Marker { sealed: vec![8; 20], ..marker(ANN, Audience::Members, 2) }, at(4)).await;
    assert_eq!(refused(stale), Refusal::VersionConflict { stored: 2 });
    assert_eq!(refused(store.put_marker(marker(CAT, Audience::Members, 1), at(5)).await), Refusal::NotFound);

    assert_eq!(store.markers(ANN, CHAT, 9).await.unwrap(), [marker(ANN, Audience::Members, 2)]);
    let seen_by_ben = store.markers(BEN, CHAT, 9).await.unwrap();
    assert_eq!(seen_by_ben, [marker(ANN, Audience::Members, 2), marker(BEN, Audience::OwnDevices, 1)]);
    assert_eq!(refused(store.markers(CAT, CHAT, 9).await), Refusal::NotFound);

    let since = |account, moment| store.markers_since(account, &[CHAT], at(moment), 9);
    assert_eq!(since(BEN, 0).await.unwrap(), seen_by_ben);
    assert_eq!(since(BEN, 3).await.unwrap(), seen_by_ben[..1]);
    assert_eq!(store.markers_since(BEN, &[CHAT], at(0), 1).await.unwrap(), seen_by_ben[..1]);
    assert_eq!(since(ANN, 4).await.unwrap(), []);
    assert_eq!(since(CAT, 0).await.unwrap(), [], "not her conversation");
}
