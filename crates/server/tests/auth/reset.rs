use std::time::Duration;

use sotto_crypto::certificate::Purpose;
use sotto_crypto::identity::IdentityKey;
use sotto_crypto::proof::Call as Proof;
use sotto_proto::wire::{self, ErrorCode};

use crate::on_sqlite;
use crate::people::{Handset, Member, PASSWORD, code, copied, refresh};
use crate::support::World;

on_sqlite!(
    a_device_resets_the_account_after_its_wait,
    every_device_can_cancel_and_a_login_does,
    a_reset_belongs_to_the_device_that_asked,
    a_reset_lapses,
);

const NEW_PASSWORD: &str = "a new beginning";
const WAIT: Duration = Duration::from_hours(72);

fn ask_for(world: &World, member: &Member) -> wire::RequestResetRequest {
    wire::RequestResetRequest { device: Some(member.phone.prove(world, member.account, Proof::RequestReset)) }
}

async fn completion(
    world: &World,
    member: &Member,
    session: &wire::Session,
    identity: &IdentityKey,
) -> wire::ResetFinishRequest {
    let (registration, opaque_request) = world.begin_password(NEW_PASSWORD);
    let reply = world.with(session, wire::ResetStartRequest { opaque_request }).await.unwrap();
    wire::ResetFinishRequest {
        record: Some(world.end_password(registration, &reply.opaque_response, member.account)),
        identity_key: copied(identity.public().as_bytes()),
        certificates: vec![
            member.phone.certificate(world, member.account, identity, Purpose::Device),
            Handset::new(world).certificate(world, member.account, identity, Purpose::Vault),
        ],
        vault: Some(member.vault(2)),
    }
}

async fn later(world: &World, member: &Member, session: &wire::Session, request: u8, by: Duration) -> wire::Session {
    world.clock.advance(by);
    world.ask(member.refresh(world, session, request)).await.unwrap().session.unwrap()
}

async fn a_device_resets_the_account_after_its_wait(world: &World) {
    let alice = world.join("alice").await;
    let (laptop, other) = world.another_device(&alice).await;
    let ready_at_ms = world.with(&alice.session, ask_for(world, &alice)).await.unwrap().ready_at_ms;
    assert_eq!(code(world.with(&alice.session, ask_for(world, &alice)).await), ErrorCode::NotApplicable);
    let start = || wire::ResetStartRequest { opaque_request: world.begin_password(NEW_PASSWORD).1 };
    assert_eq!(code(world.with(&alice.session, start()).await), ErrorCode::NotApplicable);

    let session = later(world, &alice, &alice.session, 1, WAIT - Duration::from_secs(1)).await;
    let own = world.with(&session, wire::GetOwnAccountRequest {}).await.unwrap();
    assert_eq!(own.reset_ready_at_ms, ready_at_ms);
    assert_eq!(code(world.with(&session, start()).await), ErrorCode::NotApplicable);
    world.clock.advance(Duration::from_secs(1));

    let identity = world.with_rng(IdentityKey::generate);
    let finish = completion(world, &alice, &session, &identity).await;
    let forged = vec![alice.phone.certificate(world, alice.account, &alice.identity, Purpose::Device)];
    let forged = wire::ResetFinishRequest { certificates: forged, ..finish.clone() };
    assert_eq!(code(world.with(&session, forged).await), ErrorCode::CertificateInvalid);
    world.with(&session, finish.clone()).await.unwrap();
    world.with(&session, finish).await.unwrap();

    assert_eq!(
        code(world.ask(refresh(world, alice.account, &laptop, &other, 9)).await),
        ErrorCode::SessionEnded,
        "all other sessions end"
    );
    assert!(world.exchange("alice", PASSWORD).await.is_none());
    let exchange = world.exchange("alice", NEW_PASSWORD).await.unwrap();
    world.ask(exchange.finish(world, &alice.phone, None)).await.unwrap();
    let known = wire::KnownAccount { account_id: alice.account.to_wire(), known_version: 0 };
    let keys = world.with(&session, wire::GetAccountKeysRequest { accounts: vec![known] }).await.unwrap();
    assert_eq!(&keys.accounts[0].identity_key[..], identity.public().as_bytes());
    assert_eq!(keys.accounts[0].certificates.len(), 2);
}

async fn every_device_can_cancel_and_a_login_does(world: &World) {
    let alice = world.join("alice").await;
    let (_, laptop) = world.another_device(&alice).await;
    world.with(&alice.session, ask_for(world, &alice)).await.unwrap();
    world.with(&laptop, wire::CancelResetRequest {}).await.unwrap();
    assert_eq!(code(world.with(&laptop, wire::CancelResetRequest {}).await), ErrorCode::NotFound);

    world.with(&alice.session, ask_for(world, &alice)).await.unwrap();
    world.session_on(&alice, &alice.phone).await;
    assert_eq!(code(world.with(&laptop, wire::CancelResetRequest {}).await), ErrorCode::NotFound);
}

async fn a_reset_belongs_to_the_device_that_asked(world: &World) {
    let alice = world.join("alice").await;
    let (laptop, other) = world.another_device(&alice).await;
    let mut foreign = ask_for(world, &alice);
    assert_eq!(code(world.with(&other, foreign.clone()).await), ErrorCode::DeviceProofInvalid);
    foreign.device = Some(laptop.prove(world, alice.account, Proof::DeleteAccount));
    assert_eq!(code(world.with(&other, foreign).await), ErrorCode::DeviceProofInvalid);

    world.with(&alice.session, ask_for(world, &alice)).await.unwrap();
    world.clock.advance(WAIT);
    let other = world.ask(refresh(world, alice.account, &laptop, &other, 1)).await.unwrap().session.unwrap();
    let start = wire::ResetStartRequest { opaque_request: world.begin_password(NEW_PASSWORD).1 };
    assert_eq!(code(world.with(&other, start.clone()).await), ErrorCode::NotFound);
    let session = later(world, &alice, &alice.session, 2, Duration::ZERO).await;
    world.with(&session, start).await.unwrap();
}

async fn a_reset_lapses(world: &World) {
    let alice = world.join("alice").await;
    world.with(&alice.session, ask_for(world, &alice)).await.unwrap();
    let session = later(world, &alice, &alice.session, 1, WAIT).await;
    let identity = world.with_rng(IdentityKey::generate);
    let finish = completion(world, &alice, &session, &identity).await;
    let session = later(world, &alice, &session, 2, Duration::from_hours(7 * 24) + Duration::from_secs(1)).await;
    assert_eq!(code(world.with(&session, finish).await), ErrorCode::NotFound);
    let start = wire::ResetStartRequest { opaque_request: world.begin_password(NEW_PASSWORD).1 };
    assert_eq!(code(world.with(&session, start).await), ErrorCode::NotFound);
    world.with(&session, ask_for(world, &alice)).await.unwrap();
}
