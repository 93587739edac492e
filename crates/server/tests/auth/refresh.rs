use std::time::Duration;

use sotto_proto::RequestId;
use sotto_proto::wire::{self, ErrorCode};
use sotto_server::store::{ChangesWanted, Notice};

use crate::on_sqlite;
use crate::people::{Handset, Member, code, refresh};
use crate::support::{World, on_both};

mod on_either_database {
    use super::*;

    on_both!(at 0 percent:
        a_lost_reply_of_a_refresh_repeats_alike_n7,
        a_late_copy_of_a_refresh_harms_nobody_n7,
        a_token_used_twice_ends_its_family_and_the_owner_is_told_n7,
    );
}

on_sqlite!(
    a_stolen_token_without_the_device_is_worth_nothing_n6,
    a_session_goes_on_for_as_long_as_it_is_refreshed,
    a_session_ends_after_thirty_days_of_silence,
    access_tokens_end_and_are_refused_when_altered_n6,
);

async fn trade(world: &World, alice: &Member, session: &wire::Session, request: u8) -> wire::Session {
    world.ask(alice.refresh(world, session, request)).await.unwrap().session.unwrap()
}

async fn told(world: &World, alice: &Member) -> Vec<Notice> {
    let wanted = ChangesWanted { after: 0, limit: 10, welcomes: 0, entries: 0, max_bytes: 0 };
    let changes = world.store.changes(alice.account, &[], wanted).await.unwrap();
    changes.notices.into_iter().map(|notice| notice.notice).collect()
}

pub(super) async fn a_lost_reply_of_a_refresh_repeats_alike_n7(world: &World) {
    let alice = world.join("alice").await;
    let request = alice.refresh(world, &alice.session, 1);
    let first = world.ask(request.clone()).await.unwrap().session.unwrap();
    assert_eq!(first.session_id, alice.session.session_id);
    assert_ne!(first.refresh_token, alice.session.refresh_token);
    world.clock.advance(Duration::from_mins(4));
    let again = world.ask(request.clone()).await.unwrap().session.unwrap();
    assert_eq!(first.refresh_token, again.refresh_token);
    world.with(&again, wire::ListSessionsRequest {}).await.unwrap();

    // Later, with a proof of that time.
    world.clock.advance(Duration::from_hours(48));
    let again = trade(world, &alice, &alice.session, 1).await;
    assert_eq!(first.refresh_token, again.refresh_token);
    trade(world, &alice, &again, 2).await;
    // Now the answer has arrived, and whoever signs the request again has a copy of the device.
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(code(world.ask(alice.refresh(world, &alice.session, 1)).await), ErrorCode::RefreshReused);
}

pub(super) async fn a_late_copy_of_a_refresh_harms_nobody_n7(world: &World) {
    let alice = world.join("alice").await;
    let request = alice.refresh(world, &alice.session, 1);
    let next = world.ask(request.clone()).await.unwrap().session.unwrap();
    world.clock.advance(Duration::from_secs(20));
    let last = trade(world, &alice, &next, 2).await;
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(20));
        assert_eq!(code(world.ask(request.clone()).await), ErrorCode::DeviceProofInvalid);
    }
    assert!(!told(world, &alice).await.contains(&Notice::RefreshReused));
    world.with(&last, wire::ListSessionsRequest {}).await.unwrap();
    trade(world, &alice, &last, 3).await;
}

pub(super) async fn a_token_used_twice_ends_its_family_and_the_owner_is_told_n7(world: &World) {
    let alice = world.join("alice").await;
    let next = trade(world, &alice, &alice.session, 1).await;
    let (laptop, other) = world.another_device(&alice).await;
    assert!(!told(world, &alice).await.contains(&Notice::RefreshReused));
    assert_eq!(code(world.ask(alice.refresh(world, &alice.session, 9)).await), ErrorCode::RefreshReused);
    assert!(told(world, &alice).await.contains(&Notice::RefreshReused));

    assert_eq!(code(world.with(&next, wire::ListSessionsRequest {}).await), ErrorCode::SessionEnded);
    assert_eq!(code(world.ask(alice.refresh(world, &next, 2)).await), ErrorCode::SessionEnded);
    world.ask(refresh(world, alice.account, &laptop, &other, 3)).await.unwrap();
}

async fn a_stolen_token_without_the_device_is_worth_nothing_n6(world: &World) {
    let alice = world.join("alice").await;
    let thief = Handset::new(world);
    let stolen = refresh(world, alice.account, &thief, &alice.session, 1);
    assert_eq!(code(world.ask(stolen).await), ErrorCode::DeviceProofInvalid);
    let named_alike = Handset { id: alice.phone.id, key: thief.key };
    let stolen = refresh(world, alice.account, &named_alike, &alice.session, 1);
    assert_eq!(code(world.ask(stolen).await), ErrorCode::DeviceProofInvalid);

    // A request that was seen on its way is good for itself only.
    let mut moved = alice.refresh(world, &alice.session, 1);
    moved.request_id = RequestId::from_bytes([2; 16]).to_wire();
    assert_eq!(code(world.ask(moved).await), ErrorCode::DeviceProofInvalid);
    let old = alice.refresh(world, &alice.session, 1);
    world.clock.advance(Duration::from_mins(6));
    assert_eq!(code(world.ask(old).await), ErrorCode::DeviceProofInvalid);
    // None of it harmed the owner.
    trade(world, &alice, &alice.session, 1).await;
}

async fn a_session_goes_on_for_as_long_as_it_is_refreshed(world: &World) {
    let alice = world.join("alice").await;
    let mut session = alice.session.clone();
    for day in 1..=40 {
        world.clock.advance(Duration::from_hours(24));
        assert_eq!(code(world.with(&session, wire::ListSessionsRequest {}).await), ErrorCode::TokenExpired);
        session = trade(world, &alice, &session, day).await;
        let listed = world.with(&session, wire::ListSessionsRequest {}).await.unwrap().sessions;
        assert_eq!((listed.len(), &listed[0].session_id), (1, &alice.session.session_id));
    }
}

async fn a_session_ends_after_thirty_days_of_silence(world: &World) {
    let alice = world.join("alice").await;
    world.clock.advance(Duration::from_hours(30 * 24));
    assert_eq!(code(world.ask(alice.refresh(world, &alice.session, 1)).await), ErrorCode::SessionEnded);
    let unknown = wire::Session { refresh_token: "never given".to_owned(), ..alice.session.clone() };
    assert_eq!(code(world.ask(alice.refresh(world, &unknown, 1)).await), ErrorCode::SessionEnded);
}

async fn access_tokens_end_and_are_refused_when_altered_n6(world: &World) {
    let alice = world.join("alice").await;
    let mut altered = alice.session.clone();
    altered.access_token.pop();
    assert_eq!(code(world.with(&altered, wire::ListSessionsRequest {}).await), ErrorCode::Unauthenticated);
    assert_eq!(code(world.ask(wire::ListSessionsRequest {}).await), ErrorCode::Unauthenticated);
    world.clock.advance(Duration::from_millis(alice.session.access_expires_in_ms.into()));
    assert_eq!(code(world.with(&alice.session, wire::ListSessionsRequest {}).await), ErrorCode::TokenExpired);
}
