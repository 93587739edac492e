use std::time::Duration;

use sotto_proto::wire::{self, ErrorCode};

use crate::on_sqlite;
use crate::people::{Handset, code, copied};
use crate::support::World;

on_sqlite!(
    a_session_that_was_revoked_is_over_at_once_n8,
    sessions_of_others_are_absent_a1,
    logging_out_ends_one_session_n8,
    a_login_is_fresh_for_ten_minutes,
);

async fn a_session_that_was_revoked_is_over_at_once_n8(world: &World) {
    let alice = world.join("alice").await;
    let (_, laptop) = world.another_device(&alice).await;
    world.with(&laptop, wire::ListSessionsRequest {}).await.unwrap();
    let revoke = wire::RevokeSessionRequest { session_id: laptop.session_id.clone() };
    world.with(&alice.session, revoke.clone()).await.unwrap();
    assert_eq!(code(world.with(&laptop, wire::ListSessionsRequest {}).await), ErrorCode::SessionEnded);
    let token = world.services.verify_token(&laptop.access_token).unwrap();
    assert_eq!(world.services.session_alive(&token).await.unwrap_err().code(), ErrorCode::SessionEnded);
    assert_eq!(code(world.with(&alice.session, revoke).await), ErrorCode::NotFound);
}

async fn sessions_of_others_are_absent_a1(world: &World) {
    let (alice, bob) = (world.join("alice").await, world.join("bob").await);
    let revoke = |session_id| world.with(&bob.session, wire::RevokeSessionRequest { session_id });
    let foreign = revoke(alice.session.session_id.clone()).await.unwrap_err();
    let absent = revoke(copied(&[7; 16])).await.unwrap_err();
    assert_eq!((ErrorCode::of(&foreign), &foreign), (ErrorCode::NotFound, &absent));
    world.with(&alice.session, wire::ListSessionsRequest {}).await.unwrap();
}

async fn logging_out_ends_one_session_n8(world: &World) {
    let alice = world.join("alice").await;
    let second = world.session_on(&alice, &alice.phone).await;
    world.with(&second, wire::LogoutRequest {}).await.unwrap();
    assert_eq!(code(world.with(&second, wire::LogoutRequest {}).await), ErrorCode::SessionEnded);
    assert_eq!(code(world.ask(alice.refresh(world, &second, 1)).await), ErrorCode::SessionEnded);
    world.with(&alice.session, wire::ListSessionsRequest {}).await.unwrap();
    // An uncertified device can log out too.
    let laptop = world.session_on(&alice, &Handset::new(world)).await;
    world.with(&laptop, wire::LogoutRequest {}).await.unwrap();
}

async fn a_login_is_fresh_for_ten_minutes(world: &World) {
    let alice = world.join("alice").await;
    world.clock.advance(Duration::from_mins(10));
    let start = wire::EnableTotpStartRequest {};
    assert_eq!(code(world.with(&alice.session, start).await), ErrorCode::FreshLoginRequired);
    let again = world.session_on(&alice, &alice.phone).await;
    world.with(&again, start).await.unwrap();
}
