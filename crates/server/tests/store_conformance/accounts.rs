use sotto_proto::DeviceId;
use sotto_server::store::{CompletedReset, Counted, Done, FactorProof, NewAccount, NewLogin, Refusal, Reset, Store};

use crate::people::*;

crate::on_both!(
    registering_again_is_no_error_and_ids_and_names_are_taken_once,
    names_that_look_alike_are_refused_m21,
    an_old_name_is_held_for_its_owner_and_then_free,
    one_logs_in_by_name_or_address,
    the_second_factor_takes_each_code_once,
    keys_are_told_when_their_version_changed,
    devices_are_counted_named_and_revoked,
    a_reset_waits_and_replaces_everything,
    a_deleted_account_leaves_its_id_behind,
);

async fn registering_again_is_no_error_and_ids_and_names_are_taken_once(store: &dyn Store) {
    let racers = futures_util::future::join_all((0..10).map(|_| store.create_account(new_account(ANN, "ann")))).await;
    let now = racers.into_iter().filter(|done| *done.as_ref().unwrap() == Done::Now).count();
    assert_eq!(now, 1);
    let other = NewAccount { registration: [9; 32], ..new_account(ANN, "anna") };
    assert_eq!(refused(store.create_account(other).await), Refusal::IdTaken);
    assert_eq!(refused(store.create_account(new_account(BEN, "ann")).await), Refusal::NameTaken);
    let same_address = NewAccount { email: Some(name("ann@example.org")), ..new_account(BEN, "ben") };
    assert_eq!(refused(store.create_account(same_address).await), Refusal::NameTaken);
    let same_device = NewAccount { devices: vec![new_device(device_of(ANN), false)], ..new_account(BEN, "ben") };
    assert_eq!(refused(store.create_account(same_device).await), Refusal::IdTaken);
    assert_eq!(store.find_user("ben").await.unwrap(), None, "a refused registration leaves nothing");
    assert_eq!(refused(store.account_summary(BEN).await), Refusal::NotFound);
}

async fn names_that_look_alike_are_refused_m21(store: &dyn Store) {
    register(store, &[(ANN, "lola")]).await;
    assert_eq!(refused(store.create_account(new_account(BEN, "1o1a")).await), Refusal::NameLooksAlike);
    register(store, &[(BEN, "lula")]).await;
}

async fn an_old_name_is_held_for_its_owner_and_then_free(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    store.change_user_name(ANN, name("anna"), at(1000), at(1)).await.unwrap();
    assert_eq!(store.find_user("ann").await.unwrap(), None);
    assert_eq!(store.find_user("anna").await.unwrap(), Some(ANN));
    let take = |at_time| store.change_user_name(BEN, name("ann"), at(5000), at_time);
    assert_eq!(refused(take(at(999)).await), Refusal::NameTaken);
    assert_eq!(store.find_user("ben").await.unwrap(), Some(BEN), "a refused change changes nothing");
    // Her own she may take back; then the other one is held.
    store.change_user_name(ANN, name("ann"), at(2000), at(2)).await.unwrap();
    assert_eq!(refused(take(at(1500)).await), Refusal::NameTaken);
    store.change_user_name(ANN, name("annie"), at(3000), at(3)).await.unwrap();
    take(at(3000)).await.unwrap();
    assert_eq!(store.find_user("ann").await.unwrap(), Some(BEN));
}

async fn one_logs_in_by_name_or_address(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    let by_name = store.find_login("ann").await.unwrap().unwrap();
    assert_eq!((by_name.account, by_name.record.clone(), by_name.second_factor.clone()), (ANN, login(7), None));
    assert_eq!(store.find_login("ann@example.org").await.unwrap(), Some(by_name.clone()));
    assert_eq!(store.find_user("ann@example.org").await.unwrap(), None, "an address finds nobody");
    assert_eq!(store.find_login("ann'; DROP TABLE accounts; --").await.unwrap(), None);

    store.change_email(ANN, None, at(1)).await.unwrap();
    assert_eq!(store.find_login("ann@example.org").await.unwrap(), None);
    assert_eq!(
        refused(store.change_password(ANN, login(8), vault(3), None).await),
        Refusal::VersionConflict { stored: 1 }
    );
    assert_eq!(store.login_of(ANN).await.unwrap().record, login(7), "both or neither");
    store.change_password(ANN, login(8), vault(2), None).await.unwrap();
    store.change_password(ANN, login(8), vault(2), None).await.unwrap();
    assert_eq!(store.login_of(ANN).await.unwrap().record, login(8));
}

async fn the_second_factor_takes_each_code_once(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    assert_eq!(refused(store.enable_second_factor(ANN, b"sealed", 1, &[]).await), Refusal::NotApplicable);
    store.offer_second_factor(ANN, b"sealed").await.unwrap();
    assert_eq!(store.find_login("ann").await.unwrap().unwrap().second_factor, None, "offered is not in force");
    assert_eq!(refused(store.enable_second_factor(ANN, b"other", 5, &[]).await), Refusal::NotApplicable);
    store.enable_second_factor(ANN, b"sealed", 5, &[[1; 32], [2; 32]]).await.unwrap();
    assert_eq!(refused(store.offer_second_factor(ANN, b"other").await), Refusal::NotApplicable);

    let log_in = |attempt, factor| store.log_in(NewLogin { factor, ..new_login(ANN, attempt) });
    let step = |attempt, step| log_in(attempt, Some(FactorProof::TimeStep(step)));
    let code = |attempt, code| log_in(attempt, Some(FactorProof::BackupCode([code; 32])));
    assert_eq!(refused(log_in(1, None).await), Refusal::NotApplicable);
    let twice = futures_util::future::join_all((2..7).map(|attempt| step(attempt, 6))).await;
    assert_eq!(twice.iter().filter(|used| used.is_ok()).count(), 1);
    assert_eq!(refused(step(7, 5).await), Refusal::CodeRefused);
    code(8, 1).await.unwrap();
    assert_eq!(refused(code(9, 1).await), Refusal::CodeRefused);
    assert_eq!(store.account_summary(ANN).await.unwrap().backup_codes, 1);
    store.renew_backup_codes(ANN, &[[3; 32]]).await.unwrap();
    assert_eq!(refused(code(10, 2).await), Refusal::CodeRefused);
    store.disable_second_factor(ANN).await.unwrap();
    assert_eq!(refused(store.disable_second_factor(ANN).await), Refusal::NotApplicable);
    assert_eq!(store.second_factor(ANN).await.unwrap(), None);
}

async fn keys_are_told_when_their_version_changed(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    let keys = store.account_keys(&[(BEN, 0), (NOBODY, 0), (ANN, 1)]).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0].account, keys[0].version, keys[0].certificates.len()), (BEN, 1, 2));
    store.revoke_device(BEN, device_of(BEN), b"revocation", at(9)).await.unwrap();
    let keys = store.account_keys(&[(BEN, 1)]).await.unwrap();
    assert_eq!((keys[0].version, keys[0].certificates.len()), (2, 1));
    assert_eq!(keys[0].revocations, [b"revocation"]);
    assert!(store.account_keys(&[(BEN, 2), (ANN, 1)]).await.unwrap().is_empty());
}

async fn devices_are_counted_named_and_revoked(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    let phone = |number: u8| new_device(DeviceId::from_bytes([number; 16]), false);
    for number in 1..=18 {
        store.add_device(ANN, phone(number), at(u64::from(number))).await.unwrap();
    }
    assert_eq!(
        refused(store.add_device(ANN, phone(19), at(19)).await),
        Refusal::LimitReached { what: Counted::Devices, max: 20 }
    );
    assert_eq!(store.add_device(ANN, phone(3), at(20)).await.unwrap(), 19, "the same again");
    assert_eq!(refused(store.add_device(BEN, phone(3), at(20)).await), Refusal::IdTaken);

    let vault = |number: u8| new_device(DeviceId::from_bytes([number; 16]), true);
    store.add_device(BEN, vault(0x77), at(20)).await.unwrap();
    assert_eq!(
        refused(store.add_device(BEN, vault(0x78), at(20)).await),
        Refusal::LimitReached { what: Counted::VaultDevices, max: 2 }
    );

    store.name_device(ANN, phone(3).id, b"sealed name").await.unwrap();
    assert_eq!(refused(store.name_device(BEN, phone(3).id, b"mine").await), Refusal::NotFound);
    assert_eq!(refused(store.revoke_device(BEN, phone(3).id, b"r", at(21)).await), Refusal::NotFound);
    assert_eq!(store.revoke_device(ANN, phone(4).id, b"r", at(21)).await.unwrap(), (20, Done::Now));
    assert_eq!(store.revoke_device(ANN, phone(4).id, b"r", at(22)).await.unwrap(), (20, Done::Before));
    assert_eq!(refused(store.add_device(ANN, phone(4), at(23)).await), Refusal::IdTaken, "once revoked, for good");
    let devices = store.devices(ANN).await.unwrap();
    assert_eq!(devices.len(), 19);
    assert_eq!(devices.iter().find(|device| device.filed.id == phone(3).id).unwrap().filed.sealed_name, b"sealed name");
}

async fn a_reset_waits_and_replaces_everything(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    let asking = new_session(ANN, 1);
    store.open_session(asking.clone()).await.unwrap();
    let other = sotto_server::store::NewSession { device: vault_device_of(ANN), ..new_session(ANN, 2) };
    store.open_session(other).await.unwrap();
    let reset = Reset { device: device_of(ANN), ready_at: at(100) };
    store.request_reset(ANN, Reset { ready_at: at(50), ..reset }, at(0)).await.unwrap();
    assert_eq!(refused(store.request_reset(ANN, reset, at(50)).await), Refusal::NotApplicable);
    store.request_reset(ANN, reset, at(51)).await.unwrap();
    assert_eq!(store.account_summary(ANN).await.unwrap().reset, Some(reset));
    let completed = |at_time| CompletedReset {
        account: ANN,
        device: device_of(ANN),
        session: asking.id,
        identity_key: [0x77; 32],
        login: login(9),
        vault: vault(2),
        devices: vec![new_device(device_of(ANN), false)],
        lapsed_before: at(90),
        at: at_time,
    };
    assert_eq!(refused(store.complete_reset(completed(at(99))).await), Refusal::NotApplicable);
    let late = CompletedReset { lapsed_before: at(101), ..completed(at(110)) };
    assert_eq!(refused(store.complete_reset(late).await), Refusal::NotFound);
    assert_eq!(store.complete_reset(completed(at(100))).await.unwrap().sessions.len(), 1);
    assert_eq!(store.complete_reset(completed(at(101))).await.unwrap().sessions, [], "the same again");
    let another = CompletedReset { identity_key: [0x78; 32], ..completed(at(102)) };
    assert_eq!(refused(store.complete_reset(another).await), Refusal::NotFound);
    let keys = store.account_keys(&[(ANN, 0)]).await.unwrap();
    assert_eq!((keys[0].identity_key.clone(), keys[0].certificates.len()), (vec![0x77; 32], 1));
    assert_eq!(store.sessions(ANN, at(100)).await.unwrap().len(), 1);
    assert_eq!(store.cancel_reset(ANN).await.unwrap(), None);
}

async fn a_deleted_account_leaves_its_id_behind(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    store.open_session(new_session(BEN, 1)).await.unwrap();
    store.change_email(BEN, None, at(5)).await.unwrap();
    assert_eq!(store.members(CHAT).await.unwrap().len(), 2, "it is where it was");
    store.delete_account(BEN, at(1000), at(10)).await.unwrap();
    assert_eq!(refused(store.delete_account(BEN, at(1000), at(10)).await), Refusal::NotFound);
    assert_eq!(store.find_login("ben").await.unwrap(), None);
    assert!(store.sessions(BEN, at(11)).await.unwrap().is_empty());
    assert_eq!(refused(store.create_account(new_account(BEN, "benno")).await), Refusal::IdTaken);
    assert_eq!(refused(store.create_account(new_account(CAT, "ben")).await), Refusal::NameTaken);
    store.create_account(NewAccount { at: at(1000), ..new_account(CAT, "ben") }).await.unwrap();
    let keys = store.account_keys(&[(BEN, 1)]).await.unwrap();
    assert!(keys[0].user_name.is_empty() && keys[0].identity_key.is_empty() && keys[0].certificates.is_empty());

    assert_eq!(store.members(CHAT).await.unwrap().len(), 1, "it is in no conversation");
    // What it wrote stays, and the group goes on without it.
    say(store, 1).await;
    let gone = sotto_server::store::MemberChange::Gone { account: BEN };
    store.commit(commit(1, b"removes its leaf", vec![gone])).await.unwrap();
    assert_eq!(store.members(CHAT).await.unwrap().len(), 1);
}
