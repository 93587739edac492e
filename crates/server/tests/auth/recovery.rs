use std::time::Duration;

use bytes::Bytes;
use sotto_crypto::proof::Call as Proof;
use sotto_crypto::recovery::RecoveryCode;
use sotto_proto::AccountId;
use sotto_proto::wire::{self, ErrorCode};

use crate::on_sqlite;
use crate::people::{Handset, Member, PASSWORD, code, copied};
use crate::support::{World, on_both};

mod on_either_database {
    use super::*;

    on_both!(at 0 percent: the_recovery_code_sets_a_new_password);
}

on_sqlite!(
    a_challenge_allows_three_proofs_and_ten_minutes,
    one_recovery_opens_one_session,
    an_account_without_a_code_is_not_recovered,
);

const NEW_PASSWORD: &str = "not to be forgotten";

async fn challenge(world: &World, name: &str) -> wire::RecoverStartResponse {
    world.ask(wire::RecoverStartRequest { login_name: name.to_owned() }).await.unwrap()
}

fn proof(world: &World, asked: &wire::RecoverStartResponse, code: &RecoveryCode) -> wire::RecoverProveRequest {
    let account = AccountId::try_from(&asked.account_id[..]).unwrap();
    let signature = code.prove(account, &asked.challenge[..].try_into().unwrap());
    wire::RecoverProveRequest {
        recovery_state: asked.recovery_state.clone(),
        signature: copied(&signature.to_bytes()),
        opaque_request: world.begin_password(NEW_PASSWORD).1,
    }
}

/// The last step, on a device.
async fn recovery(world: &World, alice: &Member, device: &Handset) -> wire::RecoverFinishRequest {
    let asked = challenge(world, &alice.name).await;
    let (registration, opaque_request) = world.begin_password(NEW_PASSWORD);
    let prove = wire::RecoverProveRequest { opaque_request, ..proof(world, &asked, &alice.code) };
    let proved = world.ask(prove).await.unwrap();
    assert_eq!(proved.user_name, alice.name);
    let version = proved.vault.unwrap().version;
    finish(
        world,
        alice,
        device,
        proved.recovery_state,
        world.end_password(registration, &proved.opaque_response, alice.account),
        version + 1,
    )
}

fn finish(
    world: &World,
    alice: &Member,
    device: &Handset,
    recovery_state: Bytes,
    record: wire::LoginRecord,
    version: u64,
) -> wire::RecoverFinishRequest {
    wire::RecoverFinishRequest {
        device: Some(device.prove(world, alice.account, Proof::Recover(&recovery_state))),
        recovery_state,
        record: Some(record),
        vault: Some(alice.vault(version)),
    }
}

pub(super) async fn the_recovery_code_sets_a_new_password(world: &World) {
    let alice = world.join("alice").await;
    let new = Handset::new(world);
    let request = recovery(world, &alice, &new).await;
    let session = world.ask(request.clone()).await.unwrap().session.unwrap();
    assert!(!session.certified);
    let again = world.ask(request).await.unwrap().session.unwrap();
    assert_eq!(session.refresh_token, again.refresh_token, "a lost reply");

    assert_eq!(code(world.with(&alice.session, wire::ListSessionsRequest {}).await), ErrorCode::SessionEnded);
    assert!(world.exchange("alice", PASSWORD).await.is_none());
    assert!(world.exchange("alice", NEW_PASSWORD).await.is_some());
    let vault = world.with(&session, wire::GetVaultRequest {}).await.unwrap().vault.unwrap();
    assert_eq!(vault, alice.vault(2));
}

async fn a_challenge_allows_three_proofs_and_ten_minutes(world: &World) {
    let alice = world.join("alice").await;
    let wrong = world.with_rng(RecoveryCode::generate);
    let asked = challenge(world, "alice@example.org").await;
    for _ in 0..3 {
        assert_eq!(code(world.ask(proof(world, &asked, &wrong)).await), ErrorCode::LoginFailed);
    }
    assert_eq!(code(world.ask(proof(world, &asked, &alice.code)).await), ErrorCode::LoginFailed);

    let asked = challenge(world, "alice").await;
    let mut signed_elsewhere = proof(world, &challenge(world, "alice").await, &alice.code);
    signed_elsewhere.recovery_state = asked.recovery_state.clone();
    assert_eq!(code(world.ask(signed_elsewhere).await), ErrorCode::LoginFailed);
    world.clock.advance(Duration::from_mins(10));
    assert_eq!(code(world.ask(proof(world, &asked, &alice.code)).await), ErrorCode::LoginFailed);
    let asked = challenge(world, "alice").await;
    world.ask(proof(world, &asked, &alice.code)).await.unwrap();
}

async fn one_recovery_opens_one_session(world: &World) {
    let alice = world.join("alice").await;
    let (first, second) = (Handset::new(world), Handset::new(world));
    let one = recovery(world, &alice, &first).await;
    let two = recovery(world, &alice, &second).await;
    let mut stolen = one.clone();
    stolen.device = Some(second.prove(world, alice.account, Proof::Recover(&one.recovery_state)));
    let mut unproved = one.clone();
    unproved.device = Some(first.prove(world, alice.account, Proof::Recover(b"another state")));
    assert_eq!(code(world.ask(unproved).await), ErrorCode::DeviceProofInvalid);
    let skipping = wire::RecoverFinishRequest { vault: Some(alice.vault(3)), ..one.clone() };
    assert_eq!(code(world.ask(skipping).await), ErrorCode::VersionConflict);
    world.ask(one).await.unwrap();
    assert_eq!(code(world.ask(stolen).await), ErrorCode::LoginFailed);
    // It was proved against a password that is no longer the one.
    assert_eq!(code(world.ask(two).await), ErrorCode::LoginFailed);
    // A state of one step is none of another.
    let asked = challenge(world, "alice").await;
    let mixed = wire::RecoverFinishRequest {
        recovery_state: asked.recovery_state.clone(),
        device: Some(first.prove(world, alice.account, Proof::Recover(&asked.recovery_state))),
        ..recovery(world, &alice, &first).await
    };
    assert_eq!(code(world.ask(mixed).await), ErrorCode::LoginFailed);
}

async fn an_account_without_a_code_is_not_recovered(world: &World) {
    let (alice, mut request) = world.registration("alice").await;
    let without = wire::Vault { root_by_recovery_code: Bytes::new(), recovery_key: Bytes::new(), ..alice.vault(1) };
    request.vault = Some(without);
    world.ask(request).await.unwrap();
    let asked = challenge(world, "alice").await;
    assert_eq!(code(world.ask(proof(world, &asked, &alice.code)).await), ErrorCode::LoginFailed);
}
