use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sotto_proto::wire::login_finish_request::SecondFactor;
use sotto_proto::wire::{self, ErrorCode};
use sotto_server::clock::Clock as _;

use crate::on_sqlite;
use crate::people::{Member, PASSWORD, code};
use crate::support::World;

on_sqlite!(
    the_second_factor_is_asked_for_and_each_code_is_good_once,
    backup_codes_are_good_once_and_can_be_renewed,
    a_login_allows_five_codes_a4,
    turning_it_on_needs_the_authenticator,
    a_lost_reply_gives_the_backup_codes_again,
    a_backup_code_is_not_spent_by_a_login_that_fails,
);

/// What an authenticator shows (RFC 6238), so many steps from now.
fn shown(world: &World, secret: &[u8], drift: i64) -> String {
    let step = (world.clock.now().unix_millis() / 30_000).checked_add_signed(drift).unwrap();
    let mac = Hmac::<Sha1>::new_from_slice(secret).unwrap().chain_update(step.to_be_bytes()).finalize().into_bytes();
    let offset = usize::from(mac[19] & 15);
    let number = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn totp(world: &World, secret: &[u8], drift: i64) -> Option<SecondFactor> {
    Some(SecondFactor::TotpCode(shown(world, secret, drift)))
}

fn backup(code: &str) -> Option<SecondFactor> {
    Some(SecondFactor::BackupCode(code.to_owned()))
}

async fn turn_on(world: &World, member: &Member) -> (Bytes, Vec<String>) {
    let secret = world.with(&member.session, wire::EnableTotpStartRequest {}).await.unwrap().secret;
    let finish = wire::EnableTotpFinishRequest { totp_code: shown(world, &secret, 0) };
    let codes = world.with(&member.session, finish).await.unwrap().backup_codes;
    assert!(codes.len() == 10 && codes.iter().all(|code| (8..=16).contains(&code.len())));
    (secret, codes)
}

async fn the_second_factor_is_asked_for_and_each_code_is_good_once(world: &World) {
    let alice = world.join("alice").await;
    let (secret, _) = turn_on(world, &alice).await;
    let enter = |factor| world.enter(&alice, &alice.phone, factor);
    assert_eq!(code(enter(None).await), ErrorCode::SecondFactorRequired);
    assert_eq!(code(enter(totp(world, &secret, 0)).await), ErrorCode::SecondFactorWrong, "it turned the factor on");
    assert_eq!(code(enter(totp(world, &secret, 2)).await), ErrorCode::SecondFactorWrong, "too far off");

    // After it was asked for, the same request is sent again with the code.
    let exchange = world.exchange("alice", PASSWORD).await.unwrap();
    assert_eq!(code(world.ask(exchange.finish(world, &alice.phone, None)).await), ErrorCode::SecondFactorRequired);
    let request = exchange.finish(world, &alice.phone, totp(world, &secret, 1));
    let session = world.ask(request.clone()).await.unwrap().session.unwrap();
    let again = world.ask(request).await.unwrap().session.unwrap();
    assert_eq!(session.refresh_token, again.refresh_token, "a lost reply");
    assert_eq!(code(enter(totp(world, &secret, 1)).await), ErrorCode::SecondFactorWrong, "a replay");
    assert_eq!(code(enter(totp(world, &secret, 0)).await), ErrorCode::SecondFactorWrong, "older than a used one");
    world.clock.advance(Duration::from_mins(2));
    enter(totp(world, &secret, -1)).await.unwrap();
    enter(totp(world, &secret, 0)).await.unwrap();

    world.with(&session, wire::DisableTotpRequest {}).await.unwrap();
    assert_eq!(code(world.with(&session, wire::DisableTotpRequest {}).await), ErrorCode::NotApplicable);
    enter(None).await.unwrap();
}

async fn backup_codes_are_good_once_and_can_be_renewed(world: &World) {
    let alice = world.join("alice").await;
    let (_, codes) = turn_on(world, &alice).await;
    let enter = |factor| world.enter(&alice, &alice.phone, factor);
    let session = enter(backup(&codes[0])).await.unwrap().session.unwrap();
    assert_eq!(code(enter(backup(&codes[0])).await), ErrorCode::SecondFactorWrong);
    // As people type them.
    enter(backup(&codes[1].to_uppercase().replace('-', ""))).await.unwrap();
    let own = world.with(&session, wire::GetOwnAccountRequest {}).await.unwrap();
    assert_eq!((own.totp_enabled, own.backup_codes_left), (true, 8));

    let renewed = world.with(&session, wire::RenewBackupCodesRequest {}).await.unwrap().backup_codes;
    assert_eq!(renewed.len(), 10);
    assert_eq!(code(enter(backup(&codes[2])).await), ErrorCode::SecondFactorWrong);
    enter(backup(&renewed[2])).await.unwrap();
    let bob = world.join("bob").await;
    turn_on(world, &bob).await;
    let foreign = world.enter(&bob, &bob.phone, backup(&renewed[3])).await;
    assert_eq!(code(foreign), ErrorCode::SecondFactorWrong);
}

async fn a_login_allows_five_codes_a4(world: &World) {
    let alice = world.join("alice").await;
    let (secret, codes) = turn_on(world, &alice).await;
    let exchange = world.exchange("alice", PASSWORD).await.unwrap();
    for _ in 0..5 {
        let wrong = exchange.finish(world, &alice.phone, backup("aaaa-bbbb-cccc"));
        assert_eq!(code(world.ask(wrong).await), ErrorCode::SecondFactorWrong);
    }
    let right = exchange.finish(world, &alice.phone, backup(&codes[0]));
    assert_eq!(code(world.ask(right).await), ErrorCode::LoginFailed);
    world.enter(&alice, &alice.phone, totp(world, &secret, 1)).await.unwrap();
}

async fn turning_it_on_needs_the_authenticator(world: &World) {
    let alice = world.join("alice").await;
    let finish = |totp_code: String| world.with(&alice.session, wire::EnableTotpFinishRequest { totp_code });
    assert_eq!(code(finish("123456".to_owned()).await), ErrorCode::NotApplicable);
    let start = || world.with(&alice.session, wire::EnableTotpStartRequest {});
    let first = start().await.unwrap().secret;
    let second = start().await.unwrap().secret;
    assert_eq!((first.len(), second.len()), (20, 20));
    assert_eq!(code(finish(shown(world, &first, 0)).await), ErrorCode::SecondFactorWrong, "it was replaced");
    for _ in 0..4 {
        assert_eq!(code(finish(shown(world, &second, 5)).await), ErrorCode::SecondFactorWrong);
    }
    assert_eq!(code(finish(shown(world, &second, 0)).await), ErrorCode::NotApplicable, "five codes for one secret");

    let third = start().await.unwrap().secret;
    world.clock.advance(Duration::from_mins(9) + Duration::from_secs(59));
    let fresh = world.session_on(&alice, &alice.phone).await;
    let in_time = wire::EnableTotpFinishRequest { totp_code: shown(world, &third, 0) };
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(code(world.with(&fresh, in_time).await), ErrorCode::NotApplicable, "ten minutes are over");
    world.enter(&alice, &alice.phone, None).await.unwrap();
}

async fn a_lost_reply_gives_the_backup_codes_again(world: &World) {
    let alice = world.join("alice").await;
    let secret = world.with(&alice.session, wire::EnableTotpStartRequest {}).await.unwrap().secret;
    let finish = wire::EnableTotpFinishRequest { totp_code: shown(world, &secret, 0) };
    let first = world.with(&alice.session, finish.clone()).await.unwrap();
    assert_eq!(world.with(&alice.session, finish).await.unwrap(), first);
    let other = wire::EnableTotpFinishRequest { totp_code: shown(world, &secret, 1) };
    assert_eq!(code(world.with(&alice.session, other).await), ErrorCode::NotApplicable);
    assert_eq!(
        code(world.with(&alice.session, wire::EnableTotpStartRequest {}).await),
        ErrorCode::NotApplicable,
        "it is on already"
    );
    world.enter(&alice, &alice.phone, backup(&first.backup_codes[0])).await.unwrap();
}

async fn a_backup_code_is_not_spent_by_a_login_that_fails(world: &World) {
    let (alice, bob) = (world.join("alice").await, world.join("bob").await);
    let (_, codes) = turn_on(world, &alice).await;
    let refused = world.enter(&alice, &bob.phone, backup(&codes[0])).await;
    assert_eq!(code(refused), ErrorCode::IdTaken);
    world.enter(&alice, &alice.phone, backup(&codes[0])).await.unwrap();
}
