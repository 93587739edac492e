use std::time::Duration;

use sotto_crypto::proof::Call as Proof;
use sotto_proto::wire::{self, ErrorCode};

use crate::on_sqlite;
use crate::people::{Member, PASSWORD, code};
use crate::support::World;

on_sqlite!(a_deleted_account_is_gone_and_its_name_free_after_ninety_days, deletion_needs_the_device_and_a_fresh_login);

fn delete(world: &World, member: &Member) -> wire::DeleteAccountRequest {
    wire::DeleteAccountRequest { device: Some(member.phone.prove(world, member.account, Proof::DeleteAccount)) }
}

async fn a_deleted_account_is_gone_and_its_name_free_after_ninety_days(world: &World) {
    let (alice, request) = world.registration("alice").await;
    let session = world.ask(request.clone()).await.unwrap().session.unwrap();
    let (_, laptop) = world.another_device(&alice).await;
    world.with(&session, delete(world, &alice)).await.unwrap();

    for session in [&session, &laptop] {
        assert_eq!(code(world.with(session, wire::ListSessionsRequest {}).await), ErrorCode::SessionEnded);
    }
    assert!(world.exchange("alice", PASSWORD).await.is_none());
    assert_eq!(code(world.ask(alice.refresh(world, &session, 1)).await), ErrorCode::SessionEnded);
    assert_eq!(code(world.ask(request).await), ErrorCode::IdTaken);
    let start = || wire::RegisterStartRequest {
        account_id: sotto_proto::AccountId::from_bytes(world.random()).to_wire(),
        user_name: "alice".to_owned(),
        opaque_request: world.begin_password(PASSWORD).1,
    };
    assert_eq!(code(world.ask(start()).await), ErrorCode::NameTaken);
    world.clock.advance(Duration::from_hours(90 * 24));
    world.ask(start()).await.unwrap();
    world.join("alice").await;
}

async fn deletion_needs_the_device_and_a_fresh_login(world: &World) {
    let alice = world.join("alice").await;
    let mut unproved = delete(world, &alice);
    unproved.device = Some(alice.phone.prove(world, alice.account, Proof::RequestReset));
    assert_eq!(code(world.with(&alice.session, unproved).await), ErrorCode::DeviceProofInvalid);
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(code(world.with(&alice.session, delete(world, &alice)).await), ErrorCode::FreshLoginRequired);
    world.with(&world.session_on(&alice, &alice.phone).await, delete(world, &alice)).await.unwrap();
}
