use sotto_server::store::{AccountNotice, ChangesWanted, NewSession, Notice, Refusal, Store, TokenHash, Trade};

use crate::people::*;

crate::on_both!(
    a_used_token_ends_its_family_and_tells_the_owner_n7,
    a_lost_reply_locks_nobody_out_n7,
    a_late_copy_of_a_request_changes_nothing_n7,
    a_request_that_is_signed_again_after_its_answer_was_used_ends_the_family_n7,
    of_two_thieves_at_once_one_is_caught_n7,
    sessions_end_with_their_time_their_device_and_their_account,
    the_first_of_too_many_sessions_makes_room,
    what_a_session_may_do_is_known_with_it,
);

fn trade(presented: u8, by: u8, successor: u8) -> Trade {
    Trade {
        presented: TokenHash([presented; 32]),
        request: request(by),
        successor: TokenHash([successor; 32]),
        expires_at: at(2_000_000),
        signed_at: at(400 + u64::from(presented)),
        at: at(500),
    }
}

async fn a_used_token_ends_its_family_and_tells_the_owner_n7(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    let session = new_session(ANN, 1);
    store.open_session(session.clone()).await.unwrap();
    for step in 1..6 {
        let traded = store.trade_token(trade(step, step, step + 1)).await.unwrap();
        assert_eq!((traded.id, traded.expires_at), (session.id, at(2_000_000)));
    }
    // A token from long ago, under another request.
    assert_eq!(refused(store.trade_token(trade(2, 99, 50)).await), Refusal::RefreshReused);
    assert_eq!(refused(store.session(session.id, at(500)).await), Refusal::SessionEnded);
    assert_eq!(refused(store.trade_token(trade(6, 7, 8)).await), Refusal::SessionEnded);

    let wanted = ChangesWanted { after: 0, limit: 10, welcomes: 10, entries: 0, max_bytes: 0 };
    let told = store.changes(ANN, &[], wanted).await.unwrap().notices;
    assert!(told.contains(&AccountNotice { notice: Notice::RefreshReused, subject: ANN, version: 0 }), "{told:?}");
}

async fn a_lost_reply_locks_nobody_out_n7(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    let session = new_session(ANN, 1);
    store.open_session(session.clone()).await.unwrap();
    let first = store.trade_token(trade(1, 1, 2)).await.unwrap();
    assert_eq!(store.trade_token(trade(1, 1, 2)).await.unwrap(), first);
    assert_eq!(store.session_of_token(TokenHash([1; 32]), at(500)).await.unwrap().id, session.id);
    // The server's key changed in between, and with it the successor.
    store.trade_token(trade(1, 1, 3)).await.unwrap();
    assert_eq!(refused(store.trade_token(trade(2, 2, 4)).await), Refusal::SessionEnded);
    store.trade_token(trade(3, 3, 4)).await.unwrap();
}

async fn a_late_copy_of_a_request_changes_nothing_n7(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    let session = new_session(ANN, 1);
    store.open_session(session.clone()).await.unwrap();
    // Signed a second time after a while, and both are on their way when the answer arrives.
    let signed_again = Trade { signed_at: at(402), ..trade(1, 1, 2) };
    store.trade_token(signed_again).await.unwrap();
    // The device's clock was put back since.
    store.trade_token(Trade { signed_at: at(300), ..trade(2, 2, 3) }).await.unwrap();
    store.trade_token(Trade { signed_at: at(301), ..trade(3, 3, 4) }).await.unwrap();
    let listed = store.sessions(ANN, at(500)).await.unwrap();

    for late in [trade(1, 1, 2), signed_again, Trade { signed_at: at(300), ..trade(2, 2, 3) }] {
        assert_eq!(refused(store.trade_token(late).await), Refusal::LateCopy);
    }
    assert_eq!(store.sessions(ANN, at(500)).await.unwrap(), listed);
    let wanted = ChangesWanted { after: 0, limit: 10, welcomes: 10, entries: 0, max_bytes: 0 };
    let told = store.changes(ANN, &[], wanted).await.unwrap().notices;
    assert!(told.iter().all(|told| told.notice != Notice::RefreshReused), "{told:?}");
    assert_eq!(store.trade_token(trade(4, 4, 5)).await.unwrap().id, session.id);
}

async fn a_request_that_is_signed_again_after_its_answer_was_used_ends_the_family_n7(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    store.open_session(new_session(ANN, 1)).await.unwrap();
    store.trade_token(trade(1, 1, 2)).await.unwrap();
    store.trade_token(trade(2, 2, 3)).await.unwrap();
    // Who signs it has the key, and does not know what became of it: the device exists twice.
    let clone = Trade { signed_at: at(450), ..trade(1, 1, 2) };
    assert_eq!(refused(store.trade_token(clone).await), Refusal::RefreshReused);
    assert!(store.sessions(ANN, at(500)).await.unwrap().is_empty());
}

async fn of_two_thieves_at_once_one_is_caught_n7(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    store.open_session(new_session(ANN, 1)).await.unwrap();
    let both = futures_util::future::join(store.trade_token(trade(1, 1, 2)), store.trade_token(trade(1, 9, 3))).await;
    let (first, second) = both;
    assert_ne!(first.is_ok(), second.is_ok());
    let caught = if first.is_ok() { second } else { first };
    assert_eq!(refused(caught), Refusal::RefreshReused);
    assert!(store.sessions(ANN, at(500)).await.unwrap().is_empty());
}

async fn sessions_end_with_their_time_their_device_and_their_account(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    let mut ids = Vec::new();
    for token in 1..6 {
        let session = new_session(ANN, token);
        ids.push(session.id);
        store.open_session(session).await.unwrap();
    }
    let live: Vec<_> = store.sessions(ANN, at(9)).await.unwrap().into_iter().map(|session| session.id).collect();
    assert_eq!(live, ids.iter().rev().copied().collect::<Vec<_>>(), "newest first");
    assert!(store.sessions(ANN, at(1_000_000)).await.unwrap().is_empty());
    assert_eq!(refused(store.trade_token(Trade { at: at(1_000_000), ..trade(1, 1, 9) }).await), Refusal::SessionEnded);

    assert_eq!(refused(store.end_session(BEN, ids[0]).await), Refusal::NotFound);
    store.end_session(ANN, ids[0]).await.unwrap();
    assert_eq!(store.end_other_sessions(ANN, Some(ids[1])).await.unwrap().sessions.len(), 3);
    assert_eq!(store.session(ids[1], at(9)).await.unwrap().id, ids[1]);
    store.revoke_device(ANN, device_of(ANN), b"revoked", at(10)).await.unwrap();
    assert_eq!(refused(store.session(ids[1], at(11)).await), Refusal::SessionEnded);
}

async fn the_first_of_too_many_sessions_makes_room(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    let first = new_session(ANN, 1);
    assert_eq!(store.open_session(first.clone()).await.unwrap(), None);
    for token in 2..=64 {
        assert_eq!(store.open_session(new_session(ANN, token)).await.unwrap(), None);
    }
    assert_eq!(store.open_session(new_session(ANN, 65)).await.unwrap(), Some(first.id));
    assert_eq!(store.sessions(ANN, at(99)).await.unwrap().len(), 64);
}

async fn what_a_session_may_do_is_known_with_it(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    let certified = new_session(ANN, 1);
    let waiting = NewSession { device_key: [9; 32], ..new_session(ANN, 2) };
    store.open_session(certified.clone()).await.unwrap();
    store.open_session(waiting.clone()).await.unwrap();
    assert!(store.session(certified.id, at(3)).await.unwrap().certified);
    assert!(!store.session(waiting.id, at(3)).await.unwrap().certified, "another key under the device's name");

    store.set_suspended(ANN, true).await.unwrap();
    store.set_admin(ANN, true).await.unwrap();
    store.touch_session(certified.id, at(90_000_000)).await.unwrap();
    let session = store.session(certified.id, at(3)).await.unwrap();
    assert!(session.suspended && session.admin);
    assert_eq!(session.last_used_at.unix_millis() % 3_600_000, 0);
    assert!(session.last_used_at > session.opened_at);
}
