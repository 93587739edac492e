use sotto_proto::{DeviceId, SessionId};
use sotto_server::store::{
    AttemptId, Done, NewLogin, NewRecovery, NewSession, Opened, Refusal, Reset, Store, TokenHash, Trade,
};

use crate::people::*;

crate::on_both!(
    an_attempt_ends_in_one_session,
    of_two_devices_with_one_attempt_one_gets_in,
    a_login_needs_the_password_in_force_and_its_own_device,
    a_login_cancels_a_reset,
    a_recovery_replaces_everything_at_once,
    tries_are_counted_and_forgotten,
    a_name_that_does_not_exist_costs_what_others_do_a3,
    a_database_belongs_to_one_secret,
);

async fn an_attempt_ends_in_one_session(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    assert_eq!(store.session_of_attempt(AttemptId([1; 16])).await.unwrap(), None);
    let login = new_login(ANN, 1);
    let opened = store.log_in(login.clone()).await.unwrap();
    assert_eq!((opened.done, opened.ended), (Done::Now, vec![]));
    assert_eq!(store.session_of_attempt(AttemptId([1; 16])).await.unwrap(), Some(login.session.id));
    assert_eq!(store.log_in(login.clone()).await.unwrap().done, Done::Before, "the reply was lost");

    let other = NewSession { id: SessionId::from_bytes([9; 16]), ..new_session(ANN, 9) };
    let stolen = NewLogin { session: other, ..login.clone() };
    assert_eq!(refused(store.log_in(stolen.clone()).await), Refusal::AttemptOver);
    let trade = Trade {
        presented: login.session.token,
        request: request(1),
        successor: TokenHash([2; 32]),
        expires_at: at(2_000),
        signed_at: at(10),
        at: at(10),
    };
    store.trade_token(trade).await.unwrap();
    assert_eq!(refused(store.log_in(login.clone()).await), Refusal::AttemptOver, "the reply did arrive");
    store.end_session(ANN, login.session.id).await.unwrap();
    assert_eq!(refused(store.log_in(login).await), Refusal::AttemptOver);
    assert_eq!(refused(store.log_in(stolen).await), Refusal::AttemptOver);
}

async fn of_two_devices_with_one_attempt_one_gets_in(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    let login = |device: u8| NewLogin {
        session: NewSession {
            id: SessionId::from_bytes([device; 16]),
            device: DeviceId::from_bytes([device; 16]),
            ..new_session(ANN, device)
        },
        ..new_login(ANN, 1)
    };
    let all = futures_util::future::join_all((1..9).map(|device| store.log_in(login(device)))).await;
    assert_eq!(all.iter().filter(|opened| opened.is_ok()).count(), 1);
    assert_eq!(store.sessions(ANN, at(20)).await.unwrap().len(), 1);
}

async fn a_login_needs_the_password_in_force_and_its_own_device(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    let with = |attempt, device, key| {
        let login = new_login(ANN, attempt);
        NewLogin { session: NewSession { device, device_key: key, ..login.session }, ..login }
    };
    let key = new_session(ANN, 1).device_key;
    assert_eq!(refused(store.log_in(with(1, device_of(BEN), key)).await), Refusal::IdTaken);
    assert_eq!(refused(store.log_in(with(2, device_of(ANN), [9; 32])).await), Refusal::IdTaken);
    store.log_in(with(3, device_of(ANN), key)).await.unwrap();
    store.revoke_device(ANN, device_of(ANN), b"revocation", at(5)).await.unwrap();
    assert_eq!(refused(store.log_in(with(4, device_of(ANN), key)).await), Refusal::IdTaken);
    // What was refused left the attempt open.
    store.log_in(with(4, DeviceId::from_bytes([0x5a; 16]), [9; 32])).await.unwrap();

    store.change_password(ANN, login(8), vault(2), None).await.unwrap();
    assert_eq!(refused(store.log_in(with(5, DeviceId::from_bytes([0x5b; 16]), [9; 32])).await), Refusal::AttemptOver);
}

async fn a_login_cancels_a_reset(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    store.request_reset(ANN, Reset { device: device_of(ANN), ready_at: at(100) }, at(0)).await.unwrap();
    store.log_in(new_login(ANN, 1)).await.unwrap();
    assert_eq!(store.account_summary(ANN).await.unwrap().reset, None);
}

async fn a_recovery_replaces_everything_at_once(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    store.log_in(new_login(ANN, 1)).await.unwrap();
    store.log_in(new_login(ANN, 2)).await.unwrap();
    let begun = new_login(ANN, 3);
    let recovery = |version| NewRecovery {
        attempt: begun.attempt,
        expires_at: begun.expires_at,
        session: begun.session.clone(),
        replaced: login(7).opaque,
        login: login(8),
        vault: vault(version),
    };
    assert_eq!(refused(store.recover(recovery(3)).await), Refusal::VersionConflict { stored: 1 });
    assert_eq!(store.sessions(ANN, at(10)).await.unwrap().len(), 2, "all or nothing");
    let Opened { done, mut ended, .. } = store.recover(recovery(2)).await.unwrap();
    ended.sort();
    assert_eq!((done, ended), (Done::Now, vec![new_login(ANN, 1).session.id, new_login(ANN, 2).session.id]));
    assert_eq!(store.recover(recovery(2)).await.unwrap().done, Done::Before);
    assert_eq!(store.login_of(ANN).await.unwrap().record, login(8));
    let again = NewRecovery { attempt: AttemptId([4; 16]), ..recovery(3) };
    assert_eq!(refused(store.recover(again).await), Refusal::AttemptOver, "the password is another one by now");
}

async fn tries_are_counted_and_forgotten(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    for _ in 0..3 {
        store.count_try(AttemptId([1; 16]), 3, at(100)).await.unwrap();
    }
    assert_eq!(refused(store.count_try(AttemptId([1; 16]), 3, at(100)).await), Refusal::AttemptOver);
    store.log_in(new_login(ANN, 1)).await.unwrap();
    assert_eq!(store.purge_expired(at(99)).await.unwrap(), 0);
    assert_eq!(store.purge_expired(at(100)).await.unwrap(), 1);
}

async fn a_name_that_does_not_exist_costs_what_others_do_a3(store: &dyn Store) {
    assert_eq!(store.cost_near(ANN).await.unwrap(), None);
    register(store, &[(BEN, "ben")]).await;
    let cost = Some((login(7).memory_kib, login(7).passes));
    assert_eq!((store.cost_near(ANN).await.unwrap(), store.cost_near(CAT).await.unwrap()), (cost, cost));
}

async fn a_database_belongs_to_one_secret(store: &dyn Store) {
    store.belong_to(&[1; 32]).await.unwrap();
    store.belong_to(&[1; 32]).await.unwrap();
    assert_eq!(refused(store.belong_to(&[2; 32]).await), Refusal::NotApplicable);
}
