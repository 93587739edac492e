use std::time::Duration;

use sotto_crypto::certificate::Purpose;
use sotto_crypto::proof::Call as Proof;
use sotto_proto::wire::{self, ErrorCode};
use sotto_server::services::Settings;

use crate::on_sqlite;
use crate::people::{Handset, PASSWORD, code, copied};
use crate::support::{World, on_both};

mod on_either_database {
    use super::*;

    on_both!(at 0 percent:
        a_login_state_opens_one_session_on_all_nodes,
        a_login_that_began_before_the_password_changed_fails,
    );
}

on_sqlite!(
    a_new_device_reads_the_vault_and_certifies_itself,
    one_logs_in_by_address_as_well,
    a_wrong_password_and_a_forged_proof_of_it_fail,
    a_login_state_ends_after_two_minutes,
    a_login_is_bound_to_its_device,
    unknown_names_answer_like_known_ones_a3,
);

async fn a_new_device_reads_the_vault_and_certifies_itself(world: &World) {
    let alice = world.join("alice").await;
    world.clock.advance(Duration::from_secs(1));
    let laptop = Handset::new(world);
    let reply = world.enter(&alice, &laptop, None).await.unwrap();
    assert_eq!((reply.account_id, reply.user_name.as_str()), (alice.account.to_wire(), "alice"));
    assert_eq!(reply.vault.unwrap(), alice.vault(1));
    let session = reply.session.unwrap();
    assert!(!session.certified);

    world.with(&session, wire::GetVaultRequest {}).await.unwrap();
    assert_eq!(code(world.with(&session, wire::ListSessionsRequest {}).await), ErrorCode::DeviceNotCertified);
    let certificate = laptop.certificate(world, alice.account, &alice.identity, Purpose::Device);
    world.with(&session, wire::AddDeviceRequest { certificate, sealed_name: copied(b"") }).await.unwrap();
    world.clock.advance(Duration::from_secs(3));
    let sessions = world.with(&session, wire::ListSessionsRequest {}).await.unwrap().sessions;
    assert_eq!(sessions.len(), 2);
    assert!(sessions[0].current, "newest first");
}

async fn one_logs_in_by_address_as_well(world: &World) {
    let alice = world.join("alice").await;
    let exchange = world.exchange("Alice@Example.org", PASSWORD).await.unwrap();
    assert_eq!(exchange.account, alice.account);
    world.ask(exchange.finish(world, &alice.phone, None)).await.unwrap();
}

async fn a_wrong_password_and_a_forged_proof_of_it_fail(world: &World) {
    let alice = world.join("alice").await;
    assert!(world.exchange("alice", "correct horse battery stapler").await.is_none());
    let mut exchange = world.exchange("alice", PASSWORD).await.unwrap();
    let right = exchange.ke3.clone();
    exchange.ke3 = copied(&[7; 64]);
    assert_eq!(code(world.ask(exchange.finish(world, &alice.phone, None)).await), ErrorCode::LoginFailed);
    // A wrong try uses nothing up.
    exchange.ke3 = right;
    let request = exchange.finish(world, &alice.phone, None);
    let mut tampered = request.clone();
    let mut state = request.login_state.to_vec();
    state[60] ^= 1;
    tampered.login_state = state.into();
    assert_eq!(code(world.ask(tampered).await), ErrorCode::LoginFailed);
    world.ask(request).await.unwrap();
}

async fn a_login_state_ends_after_two_minutes(world: &World) {
    let alice = world.join("alice").await;
    let exchange = world.exchange("alice", PASSWORD).await.unwrap();
    world.clock.advance(Duration::from_mins(2));
    assert_eq!(code(world.ask(exchange.finish(world, &alice.phone, None)).await), ErrorCode::LoginFailed);
}

async fn a_login_is_bound_to_its_device(world: &World) {
    let (alice, bob) = (world.join("alice").await, world.join("bob").await);
    let exchange = world.exchange("alice", PASSWORD).await.unwrap();
    let right = exchange.finish(world, &alice.phone, None);
    let mut unproved = right.clone();
    unproved.device = Some(alice.phone.prove(world, alice.account, Proof::Login(b"another login")));
    assert_eq!(code(world.ask(unproved).await), ErrorCode::DeviceProofInvalid);
    let mut foreign = right.clone();
    foreign.device = Some(bob.phone.prove(world, alice.account, Proof::Login(&exchange.ke3)));
    assert_eq!(code(world.ask(foreign).await), ErrorCode::IdTaken);
    let impostor = Handset { id: alice.phone.id, key: Handset::new(world).key };
    assert_eq!(code(world.ask(exchange.finish(world, &impostor, None)).await), ErrorCode::IdTaken);
    world.ask(right).await.unwrap();
}

pub(super) async fn a_login_state_opens_one_session_on_all_nodes(world: &World) {
    let alice = world.join("alice").await;
    // The same secret, another node.
    let other = World::over(world.store.clone(), Settings { rate_percent: 0, ..Settings::default() });
    let exchange = world.exchange("alice", PASSWORD).await.unwrap();
    let request = exchange.finish(world, &alice.phone, None);
    let first = other.ask(request.clone()).await.unwrap().session.unwrap();
    let again = world.ask(request.clone()).await.unwrap().session.unwrap();
    assert_eq!((&first.session_id, &first.refresh_token), (&again.session_id, &again.refresh_token), "a lost reply");

    let thief = exchange.finish(world, &Handset::new(world), None);
    assert_eq!(code(world.ask(thief.clone()).await), ErrorCode::LoginFailed);
    assert_eq!(code(other.ask(thief.clone()).await), ErrorCode::LoginFailed);
    other.with(&first, wire::LogoutRequest {}).await.unwrap();
    assert_eq!(code(world.ask(request).await), ErrorCode::LoginFailed);
    assert_eq!(code(world.ask(thief).await), ErrorCode::LoginFailed);

    // Of two devices with one state at once, one gets in.
    let exchange = world.exchange("alice", PASSWORD).await.unwrap();
    let (one, two) = (Handset::new(world), Handset::new(world));
    let both = futures_util::future::join(
        world.ask(exchange.finish(world, &one, None)),
        other.ask(exchange.finish(world, &two, None)),
    );
    let (one, two) = both.await;
    assert_ne!(one.is_ok(), two.is_ok());
}

pub(super) async fn a_login_that_began_before_the_password_changed_fails(world: &World) {
    let alice = world.join("alice").await;
    let begun = world.exchange("alice", PASSWORD).await.unwrap();
    let (registration, opaque_request) = world.begin_password("another password");
    let start = wire::ChangePasswordStartRequest { opaque_request };
    let reply = world.with(&alice.session, start).await.unwrap();
    let finish = wire::ChangePasswordFinishRequest {
        record: Some(world.end_password(registration, &reply.opaque_response, alice.account)),
        vault: Some(alice.vault(2)),
        end_other_sessions: false,
    };
    world.with(&alice.session, finish).await.unwrap();
    assert_eq!(code(world.ask(begun.finish(world, &Handset::new(world), None)).await), ErrorCode::LoginFailed);
}

async fn unknown_names_answer_like_known_ones_a3(world: &World) {
    world.join("alice").await;
    let ask = |name: &str| {
        let password = sotto_crypto::login::Password::new(PASSWORD).unwrap();
        let (_, ke1) = world.with_rng(|rng| sotto_crypto::login::Login::start(password, rng)).unwrap();
        world.ask(wire::LoginStartRequest { login_name: name.to_owned(), ke1: ke1.into() })
    };
    let known = ask("alice").await.unwrap();
    let unknown = ask("nobody").await.unwrap();
    assert_eq!((known.login_state.len(), known.ke2.len()), (unknown.login_state.len(), unknown.ke2.len()));
    assert_eq!(known.hardening, unknown.hardening);
    assert_eq!(unknown.account_id, ask("nobody").await.unwrap().account_id, "always the same");
    assert_ne!(unknown.account_id, ask("nobody_else").await.unwrap().account_id);
    assert_ne!(unknown.ke2, ask("nobody").await.unwrap().ke2);

    assert!(world.exchange("nobody", PASSWORD).await.is_none(), "as for a wrong password");
    let device = Handset::new(world);
    let finish = |state: bytes::Bytes, account| wire::LoginFinishRequest {
        login_state: state,
        ke3: copied(&[7; 64]),
        second_factor: None,
        device: Some(device.prove(world, account, Proof::Login(&[7; 64]))),
    };
    for reply in [known, unknown] {
        let account = sotto_proto::AccountId::try_from(&reply.account_id[..]).unwrap();
        let refused = world.ask(finish(reply.login_state, account)).await.unwrap_err();
        assert_eq!(refused, ErrorCode::LoginFailed.detail());
    }

    let recover = |name: &str| world.ask(wire::RecoverStartRequest { login_name: name.to_owned() });
    let (known, unknown) = (recover("alice").await.unwrap(), recover("nobody").await.unwrap());
    assert_eq!(known.recovery_state.len(), unknown.recovery_state.len());
    assert_eq!((known.challenge.len(), unknown.challenge.len()), (32, 32));
    assert_eq!(unknown.account_id, ask("nobody").await.unwrap().account_id, "as at login");
    for reply in [known, unknown] {
        let prove = wire::RecoverProveRequest {
            recovery_state: reply.recovery_state,
            signature: copied(&[7; 64]),
            opaque_request: world.begin_password(PASSWORD).1,
        };
        assert_eq!(world.ask(prove).await.unwrap_err(), ErrorCode::LoginFailed.detail());
    }
}
